"""When ``hold-exceeded`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import HoldExceeded

DAY = date(2026, 3, 31)


def test_more_than_is_reserved(card: bl.Ledger, refuses: Any) -> None:
    """The rest is an entry of its own, which limits can refuse."""
    with refuses(
        card,
        HoldExceeded,
        "hold-exceeded",
        field="postings[0].amount",
        expected="a positive amount of what the hold reserves",
        found="Dr liabilities:card 60.01 EUR",
    ):
        card.holds.capture("auth", date=DAY, amount="60.01 EUR", remainder="release")


def test_something_else_than_is_reserved(
    card: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """Another account is none of the hold's business."""
    with refuses(
        card,
        HoldExceeded,
        "hold-exceeded",
        field="postings[0].amount",
        expected="a positive amount of what the hold reserves",
        found="Dr expenses:rent 1.00 EUR",
    ):
        postings = entry(amount="1.00 EUR").postings
        card.holds.capture("auth", date=DAY, postings=postings, remainder="keep")
