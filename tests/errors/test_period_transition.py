"""When ``period-transition`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import PeriodTransition


def test_closing_past_an_open_period_with_entries(
    ledger: bl.Ledger, refuses: Any
) -> None:
    """Periods close in order."""
    with refuses(
        ledger,
        PeriodTransition,
        "period-transition",
        field="period",
        expected="the earliest open period first",
        found="'2026-03'",
    ):
        ledger.periods.close("2026-03")


def test_a_locked_period_stays_locked(ledger: bl.Ledger, refuses: Any) -> None:
    """Nothing follows ``locked``."""
    ledger.periods.lock("2026-01")
    with refuses(
        ledger,
        PeriodTransition,
        "period-transition",
        field="period",
        expected="future or adjusting or closed",
        found="'locked'",
    ):
        ledger.periods.reopen("2026-01", reason="a late invoice")
