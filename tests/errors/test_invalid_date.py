"""When ``invalid-date`` is raised, and what it says."""

from datetime import UTC, datetime
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDate, excerpt


@pytest.mark.parametrize(
    "day", ["2026-03-31", datetime(2026, 3, 31, tzinfo=UTC), 20260331], ids=repr
)
def test_a_day_is_a_date(ledger: bl.Ledger, entry: Any, refuses: Any, day: Any) -> None:
    """Neither a text nor an instant says which day is meant."""
    with refuses(
        ledger,
        InvalidDate,
        "invalid-date",
        field="date",
        expected="datetime.date (a day, not an instant or a text)",
        found=excerpt(day),
    ):
        ledger.post(entry(date=day))


def test_a_clock_without_a_zone(store: Any, entry: Any, refuses: Any) -> None:
    """A naive instant may be any of twenty-four."""

    class Naive:
        def now(self) -> datetime:
            return datetime(2026, 3, 31)  # noqa: DTZ001

    ledger = bl.open_ledger(store, actor="clerk", clock=Naive())
    with refuses(
        ledger,
        InvalidDate,
        "invalid-date",
        field="clock",
        expected="a datetime with a time zone",
        found="2026-03-31 00:00:00",
    ):
        ledger.post(entry())
