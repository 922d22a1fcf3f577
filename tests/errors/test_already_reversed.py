"""When ``already-reversed`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import AlreadyReversed


def test_an_entry_is_reversed_once(ledger: bl.Ledger, refuses: Any) -> None:
    """A second reversal would invent money."""
    ledger.reverse("rent-2026-02", date=date(2026, 3, 1), reason="twice")
    with refuses(
        ledger, AlreadyReversed, "already-reversed", field="id", found="'rent-2026-02'"
    ):
        ledger.reverse(
            "rent-2026-02",
            date=date(2026, 3, 2),
            reason="twice",
            reversal_id="once-more",
        )
