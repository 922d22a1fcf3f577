"""On PostgreSQL: what others do at the same time, and what has no position yet."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from threading import Thread
from typing import Any

import pytest
from booking_notation import eur, trade, units

import backoffice_ledger as bl
from backoffice_ledger._stores import postgresql
from backoffice_ledger.errors import LimitBreached
from backoffice_ledger.settlement.accounting import (
    SettlementAccounts,
    SettlementBooks,
    TradeExecuted,
    TradeSettled,
)
from backoffice_ledger.settlement.accounting._run import Run
from backoffice_ledger.stores import PostgreSQLStore

T, S = date(2026, 10, 8), date(2026, 10, 9)
ADJUSTMENT = "assets:securities:fvtpl:fair-value"
Open = Callable[[], SettlementBooks]


@pytest.fixture
def connect(database: str) -> Iterator[Open]:
    """Return a function that opens the same book over a connection of its own."""
    with ExitStack() as stack:

        def open_books() -> SettlementBooks:
            store = PostgreSQLStore(database)
            stack.callback(store.close)
            ledger = bl.open_ledger(store, actor="clerk", create=True)
            SettlementAccounts().open_in(ledger)
            return SettlementBooks(ledger)

        yield open_books


def sale(quantity: int = 1000) -> TradeExecuted:
    """Return a sale at 60.00."""
    return trade(
        trade_id="S-1",
        side="sell",
        quantity=units(quantity),
        consideration=eur(f"{quantity * 60}.00"),
        fees={},
    )


def test_a_trade_is_settled_once(
    connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two parts of the whole, reported by two processes: one of them is refused."""
    books, others = connect(), connect()
    bought = trade(fees={})
    books.post([bought])
    post, rivals = Run._post, [Thread(target=lambda: settle(others, 2))]

    def settle(which: SettlementBooks, part: int) -> None:
        which.post([TradeSettled(obligation=bought.obligation, date=S, part=part)])

    def interrupted(run: Run) -> Any:
        while rivals:
            rival = rivals.pop()
            rival.start()
            rival.join()
        return post(run)

    monkeypatch.setattr(Run, "_post", interrupted)
    with pytest.raises(LimitBreached):
        settle(books, 1)
    assert books.ledger.balance("assets:nostro") == -bl.Balance([eur("50000.00")])
    books.ledger.verify()


def test_a_valuation_that_has_no_position_yet(
    connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sale takes it along, though whoever booked it died before it was placed."""
    books, others = connect(), connect()
    books.post([trade(fees={})])
    with monkeypatch.context() as patch:
        patch.setattr(postgresql._Lane, "seal", lambda *_: None)
        others.mark(T, {"ACME": "55.00"})
    books.post([sale()])
    assert not books.ledger.balance(ADJUSTMENT)
    assert str(books.ledger.balance("income:securities:realised")) == "10000.00 EUR"
    books.ledger.verify()


def test_a_refusal_inside_forgets_nothing(connect: Open) -> None:
    """A valuation of the same transaction stays known after a sale was refused."""
    books = connect()
    books.post([trade(fees={})])

    def work() -> None:
        books.mark(T, {"ACME": "55.00"})
        with pytest.raises(LimitBreached):
            books.post([sale(2000)])
        books.post([sale()])

    books.ledger.atomically(work)
    assert not books.ledger.balance(ADJUSTMENT)
    assert books.positions()["firm", "ACME"].quantity == units(0)
    books.ledger.verify()
