"""When ``transition-refused`` is raised, and what it says."""

from datetime import UTC, date, datetime
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import TransitionRefused
from backoffice_ledger.settlement import RuleBooks, SettlementDesk, Trade
from backoffice_ledger.settlement.accounting import SettlementAccounts

PURCHASE = Trade(
    id="T-1",
    traded_at=datetime(2026, 10, 8, 9, tzinfo=UTC),
    trade_date=date(2026, 10, 8),
    settlement_date=date(2026, 10, 9),
    side="buy",
    quantity="1000 US0378331005",
    price="50.00",
    currency="USD",
    counterparty="BROKER",
)


def test_a_step_that_does_not_follow(ledger: bl.Ledger, refuses: Any) -> None:
    """A trade that was captured cannot be affirmed: two steps are missing."""
    SettlementAccounts(nostro="assets:nostro").open_in(ledger)
    desk = SettlementDesk(ledger, books=RuleBooks(ledger))
    desk.capture(PURCHASE)
    with refuses(
        ledger,
        TransitionRefused,
        "transition-refused",
        field="state",
        expected="confirmed",
        found="'captured'",
    ):
        desk.affirm("T-1")
