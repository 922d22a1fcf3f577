"""A book with the accounts of settlement, a desk, and trades to give to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.settlement import Instruction, SettlementDesk, Trade
from backoffice_ledger.settlement.accounting import SettlementAccounts
from backoffice_ledger.testing import FrozenClock

NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)
TRADED, DUE = date(2026, 10, 8), date(2026, 10, 9)
ACME = "US0378331005"

Make = Callable[..., Trade]


def trade_of(**changes: Any) -> Trade:
    """Return a purchase of 1 000 units at 50.00, commission 10.00, or a variation."""
    fields: dict[str, Any] = {
        "id": "T-1",
        "traded_at": datetime(2026, 10, 8, 9, tzinfo=UTC),
        "trade_date": TRADED,
        "settlement_date": DUE,
        "side": "buy",
        "quantity": f"1000 {ACME}",
        "price": "50.00",
        "currency": "USD",
        "counterparty": "BROKER",
        "fees": {"commission": "10.00 USD"},
        "own_ssi": "SSI-US",
        "counterparty_ssi": "SSI-BROKER",
    }
    return Trade(**fields | changes)


def instruction_of(**changes: Any) -> Instruction:
    """Return our receipt of 1 000 units against EUR 100 000.00, or a variation."""
    fields: dict[str, Any] = {
        "id": "I-1",
        "kind": "RVP",
        "trade_date": TRADED,
        "settlement_date": DUE,
        "quantity": f"1000 {ACME}",
        "cash": "100000.00 EUR",
        "participant": "US",
        "counterparty": "THEM",
        "depository": "CSD",
    }
    return Instruction(**fields | changes)


def open_accounts(ledger: bl.Ledger) -> None:
    """Open the accounts of settlement, with two customers."""
    SettlementAccounts().open_in(ledger, customers=["C-1", "C-2", "C-3"])


def advance_to_instruction(desk: SettlementDesk, id: str) -> str:
    """Bring a captured trade to an accepted and matched instruction; return its id."""
    desk.enrich(id)
    desk.confirm(id)
    desk.match(id)
    desk.route(id)
    instruction = desk.instruct(id).id
    desk.accept(instruction)
    desk.report_matched({instruction: f"THEIRS-{instruction}"})
    return instruction


@pytest.fixture
def make() -> Make:
    """Return a function that makes trades."""
    return trade_of


@pytest.fixture
def order() -> Callable[..., Instruction]:
    """Return a function that makes instructions."""
    return instruction_of


@pytest.fixture
def ledger() -> Iterator[bl.Ledger]:
    """Return a book in memory."""
    with bl.open_ledger(":memory:", actor="anna", clock=FrozenClock(NOON)) as ledger:
        open_accounts(ledger)
        yield ledger


@pytest.fixture
def desk(ledger: bl.Ledger) -> SettlementDesk:
    """Return the desk of the book."""
    return SettlementDesk(ledger, market="XNYS")


@pytest.fixture
def ready() -> Callable[[SettlementDesk, str], str]:
    """Return a function that brings a captured trade to a matched instruction."""
    return advance_to_instruction


@pytest.fixture
def accounts() -> Callable[[bl.Ledger], None]:
    """Return a function that opens the accounts of settlement."""
    return open_accounts
