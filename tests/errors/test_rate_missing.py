"""When ``rate-missing`` is raised, and what it says."""

from datetime import date
from decimal import Decimal
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import RateMissing
from backoffice_ledger.fx import LookUp, Rate, RateBook


def test_a_day_without_a_rate(ledger: bl.Ledger, refuses: Any) -> None:
    """The pair, the day and the latest rate before it are named."""
    book = RateBook(ledger)
    book.store([Rate("USD", "EUR", date(2026, 1, 2), Decimal("0.92"), "our bank")])
    with refuses(
        ledger,
        RateMissing,
        "rate-missing",
        field="rate",
        expected="a closing rate of USD/EUR on 2026-01-31 or up to 3 days before",
        found="'one of 2026-01-02'",
    ):
        look_up = LookUp(days_back_max=3)
        book.table().quote("USD", "EUR", date(2026, 1, 31), look_up)
