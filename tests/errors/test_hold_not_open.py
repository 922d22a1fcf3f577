"""When ``hold-not-open`` is raised, and what it says."""

from datetime import date, timedelta
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import HoldNotOpen

DAY = date(2026, 3, 31)


@pytest.mark.parametrize("status", ["captured", "voided"])
def test_a_hold_is_resolved_once(card: bl.Ledger, refuses: Any, status: str) -> None:
    """What was captured or released is not there to be captured."""
    if status == "captured":
        card.holds.capture("auth", date=DAY)
    else:
        card.holds.void("auth")
    with refuses(
        card,
        HoldNotOpen,
        "hold-not-open",
        field="id",
        expected="an open hold",
        found=f"'{status}'",
    ):
        card.holds.capture("auth", date=DAY, entry_id="again")


def test_an_expired_hold(card: bl.Ledger, spending: Any, refuses: Any) -> None:
    """It is over at its instant, whether somebody has recorded that or not."""
    short = timedelta(microseconds=1)
    card.holds.reserve(bl.Hold("short", spending("1.00 EUR"), expires=short))
    with refuses(
        card,
        HoldNotOpen,
        "hold-not-open",
        field="id",
        expected="an open hold",
        found="'expired'",
    ):
        card.holds.void("short")
