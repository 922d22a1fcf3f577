"""When ``unknown-hold`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import UnknownHold

DAY = date(2026, 3, 31)


def test_a_hold_that_is_not_there(card: bl.Ledger, refuses: Any) -> None:
    """It can neither be read nor captured nor voided."""
    for use in (
        lambda: card.holds.get("nothing"),
        lambda: card.holds.capture("nothing", date=DAY),
        lambda: card.holds.void("nothing"),
    ):
        with refuses(card, UnknownHold, "unknown-hold", field="id", found="'nothing'"):
            use()
