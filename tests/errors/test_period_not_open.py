"""When ``period-not-open`` is raised, and what it says."""

from datetime import date
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import PeriodNotOpen


@pytest.mark.parametrize("day", [date(2026, 1, 31), date(2025, 6, 30)], ids=str)
def test_posting_into_what_is_closed(
    ledger: bl.Ledger, entry: Any, refuses: Any, day: date
) -> None:
    """A closed period takes nothing, nor does what lies before it."""
    with refuses(
        ledger,
        PeriodNotOpen,
        "period-not-open",
        field="date",
        expected="an open period for an entry of kind normal",
        found=str(day),
    ):
        ledger.post(entry(date=day))
