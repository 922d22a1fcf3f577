"""What is booked for events, for ever: a repeated event must find its own entry.

Nothing here may ever be changed to make a test pass: books hold such entries.
"""

import json
import runpy
from pathlib import Path

FOLDER = Path(__file__).parent


def test_the_same_events_make_the_same_entries() -> None:
    """Accounts, amounts, dimensions and their order are those of then."""
    kept = json.loads((FOLDER / "settlement_entries.json").read_text(encoding="utf-8"))
    assert runpy.run_path(str(FOLDER / "make_settlement_entries.py"))["make"]() == kept
