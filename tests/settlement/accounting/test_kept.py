"""What is kept from call to call is what the book says, whatever happens meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import postgresql_server
import pytest
from booking_notation import eur, trade
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    IdempotencyConflict,
    LimitBreached,
    PeriodNotOpen,
)
from backoffice_ledger.settlement.accounting import (
    Netted,
    SettlementAccounts,
    SettlementBooks,
    TradeExecuted,
    TradeSettled,
)
from backoffice_ledger.settlement.accounting._kept import Shelf
from backoffice_ledger.settlement.accounting._open import read_open_trades
from backoffice_ledger.settlement.lots import Method, Positions, read_positions

DAY = date(2026, 10, 8)
CODES = ("ACME", "BETA")
METHODS: tuple[Method, ...] = ("fifo", "lifo", "hifo")


class Interruption(Exception):
    """What ends a transaction in the middle."""


def trade_of(side: str, id: str, code: str, count: int, cents: int) -> TradeExecuted:
    """Return a trade in an instrument."""
    return trade(
        trade_id=id,
        date=DAY,
        side=side,
        quantity=bl.Amount(count, bl.Commodity(code, 0)),
        consideration=bl.Amount.from_minor(count * cents, "EUR"),
        fees={},
    )


def contents(positions: Positions) -> list[Any]:
    """Return what positions hold, and what sales of a half of them would take."""
    found: list[Any] = []
    for key, position in positions.items():
        pool = position.pool
        half = -(-pool.quantity.minor_units // 2)
        wanted = bl.Amount.from_minor(half, pool.instrument)
        found.append((key, position.account, pool.cost, pool.adjustment, list(pool)))
        if wanted:
            found += [pool.match(wanted, method) for method in METHODS]
    return found


def check(ledger: bl.Ledger) -> None:
    """Check that what is kept of a book is what a fresh reading gives."""
    accounts, view = SettlementAccounts(), ledger.view()

    def kept() -> tuple[list[Any], list[Any]]:
        shelf = Shelf(ledger, accounts, "half-up")
        return (
            [contents(shelf.holdings(code).positions) for code in CODES],
            sorted(row for code in CODES for row in shelf.open_trades(code).rows()),
        )

    positions, trades = ledger.atomically(kept)
    assert positions == [
        contents(read_positions(view, accounts.lots, instrument=code)) for code in CODES
    ]
    assert trades == list(read_open_trades(view, accounts).rows())


@attrs.define
class Firm:
    """Two programs that trade for one firm, each with books of its own."""

    books: tuple[SettlementBooks, SettlementBooks]
    number: int = 0
    open: dict[str, TradeExecuted] = attrs.field(factory=dict)

    def act(self, who: int, action: str, value: int) -> None:
        """Do something; what is not possible is refused."""
        self.number += 1
        books, code = self.books[who], CODES[value % 2]
        name = f"T-{self.number}"
        if action in ("buy", "sell"):
            event = trade_of(action, name, code, value % 40 + 1, value % 9999 + 1)
            books.post([event])
            self.open[name] = event
        elif action == "settle" and self.open:
            name = sorted(self.open)[value % len(self.open)]
            obligation = self.open[name].obligation
            books.post([TradeSettled(obligation=obligation, date=DAY)])
        elif action == "mark":
            price = f"{value % 50 + 1}.{value % 100:02}"
            books.mark(DAY, dict.fromkeys(CODES, price), part=self.number)
        elif action == "reverse":
            standing = [
                record
                for record in books.ledger.view().entries()
                if not (record.reverses or record.reversed_by)
            ]
            if standing:
                last = max(standing, key=lambda record: record.position)
                books.ledger.reverse(last.id, date=DAY, reason="by hand")

    def transact(self, who: int, actions: list[tuple[str, int]], end: str) -> None:
        """Do some actions in one transaction."""

        def work() -> None:
            for action, value in actions:
                with suppress(bl.LedgerError):
                    self.act(who, action, value)
            if end == "rolled back":
                raise Interruption

        with suppress(Interruption, bl.LedgerError):
            self.books[who].ledger.atomically(work)


actions = st.tuples(
    st.sampled_from(["buy", "buy", "sell", "settle", "mark", "reverse"]),
    st.integers(0, 10**6),
)
plans = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.lists(actions, min_size=1, max_size=4),
        st.sampled_from(["committed", "committed", "rolled back"]),
    ),
    min_size=2,
    max_size=8,
)
Plan = list[tuple[int, list[tuple[str, int]], str]]


def run(ledgers: tuple[bl.Ledger, bl.Ledger], plan: Plan) -> None:
    """Let both programs do their transactions in turn, and check after each."""
    SettlementAccounts().open_in(ledgers[0])
    firm = Firm((SettlementBooks(ledgers[0]), SettlementBooks(ledgers[1])))
    for who, steps, end in plan:
        firm.transact(who, steps, end)
        for ledger in ledgers:
            check(ledger)


@settings(max_examples=8)
@given(plan=plans)
def test_one_ledger(plan: Plan) -> None:
    """Two books of settlement on one ledger know the same."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        run((ledger, ledger), plan)


@settings(max_examples=4)
@given(plan=plans)
def test_two_programs(plan: Plan) -> None:
    """Each has a connection of its own to one file."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder, "books.db")
        ledgers = [
            stack.enter_context(bl.open_ledger(path, actor=name, create=True))
            for name in ("anna", "bert")
        ]
        run((ledgers[0], ledgers[1]), plan)


@pytest.mark.long
@settings(max_examples=300)
@given(plan=plans)
def test_one_ledger_long(plan: Plan) -> None:
    """The same, searched further."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        run((ledger, ledger), plan)


BUSY: Plan = [
    (0, [("buy", 6), ("buy", 38), ("mark", 4)], "committed"),
    (1, [("buy", 14), ("sell", 10), ("mark", 8)], "committed"),
    (0, [("sell", 4), ("mark", 2), ("sell", 2), ("settle", 1)], "rolled back"),
    (0, [("sell", 4), ("mark", 2), ("sell", 2), ("settle", 1)], "committed"),
    (1, [("buy", 7), ("mark", 3), ("settle", 0), ("reverse", 1)], "committed"),
    (0, [("buy", 5), ("mark", 9)], "rolled back"),
    (1, [("sell", 1), ("mark", 7), ("mark", 6)], "committed"),
    (0, [("sell", 0), ("settle", 2)], "committed"),
]


@pytest.mark.usefixtures("postgresql")
def test_entries_without_a_place(tmp_path: Path) -> None:
    """On PostgreSQL a transaction's entries get their positions after it."""
    with ExitStack() as stack:
        stores = [
            stack.enter_context(closing(postgresql_server.store_of(tmp_path)))
            for _ in range(2)
        ]
        ledgers = [bl.open_ledger(store, actor="a", create=True) for store in stores]
        run((ledgers[0], ledgers[1]), BUSY)


@pytest.mark.usefixtures("postgresql")
def test_many_calls_in_one_transaction(tmp_path: Path) -> None:
    """Each sees what the ones before it have booked, and the next transaction too."""
    with closing(postgresql_server.store_of(tmp_path)) as store:
        ledger = bl.open_ledger(store, actor="clerk", create=True)
        SettlementAccounts().open_in(ledger)
        books = SettlementBooks(ledger)

        def work() -> None:
            books.post([trade_of("buy", "A", "ACME", 10, 500)])
            books.mark(DAY, {"ACME": "6"})
            books.post([trade_of("sell", "B", "ACME", 4, 700)])
            books.mark(DAY, {"ACME": "7"}, part=2)
            books.mark(DAY, {"ACME": "8"}, part=3)
            check_inside()

        def check_inside() -> None:
            shelf = Shelf(ledger, books.accounts, "half-up")
            [lot] = shelf.holdings("ACME").positions["firm", "ACME"].pool
            assert (lot.quantity.minor_units, lot.adjustment) == (6, eur("18.00"))
            pending = shelf.open_trades("ACME").to_be_received(
                lot.quantity.commodity, "firm"
            )
            assert pending == {"A": (10, 5000, 1800)}

        ledger.atomically(work)
        check(ledger)
        ledger.atomically(check_inside)
        books.post([trade_of("sell", "C", "ACME", 6, 700)])
        check(ledger)


def test_the_host_rolls_back(tmp_path: Path) -> None:
    """Nothing that the host has taken back is known any more."""
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection:
        ledger = bl.open_ledger(connection, actor="clerk", create=True)
        SettlementAccounts().open_in(ledger)
        connection.commit()
        books = SettlementBooks(ledger)
        books.post([trade_of("buy", "A", "ACME", 10, 500)])
        connection.rollback()
        with pytest.raises(LimitBreached):
            books.post([trade_of("sell", "B", "ACME", 1, 500)])
        books.post([trade_of("buy", "C", "ACME", 10, 600)])
        books.post([trade_of("sell", "B", "ACME", 1, 500)])
        connection.commit()
        check(ledger)


# --- only what is new -----------------------------------------------------------------


def test_only_new_entries_are_read(
    books: SettlementBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sale costs the same, however many entries there were before it."""
    books.post([trade_of("buy", f"A-{n}", "ACME", 10, 500) for n in range(50)])
    taken: list[bl.Entry] = []
    apply = Positions.apply

    def counted(self: Positions, entry: bl.Entry) -> None:
        taken.append(entry)
        apply(self, entry)

    monkeypatch.setattr(Positions, "apply", counted)
    books.post([trade_of("sell", "B-1", "ACME", 15, 600)])
    assert [entry.id for entry in taken] == ["settlement/B-1/executed"]
    other = SettlementBooks(books.ledger)  # another one on the same ledger
    other.post([trade_of("sell", "B-2", "ACME", 15, 600)])
    assert len(taken) == 2
    with pytest.raises(LimitBreached):  # something was taken back: all is read anew
        books.post(
            [
                trade_of("sell", "B-3", "ACME", 1, 600),
                trade_of("sell", "B-4", "ACME", 999, 600),
            ]
        )
    books.post([trade_of("sell", "B-3", "ACME", 1, 600)])
    assert len(taken) == 2 + 1 + 52 + 1


# --- many events at once --------------------------------------------------------------


def one_by_one(books: SettlementBooks, events: list[Any]) -> list[bl.Entry]:
    """Return the entries of events, each booked in a call of its own."""
    return [record.entry for event in events for record in books.post([event])]


@pytest.fixture
def other() -> Iterator[SettlementBooks]:
    """Return the books of settlement in another book."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        SettlementAccounts().open_in(ledger)
        yield SettlementBooks(ledger)


@settings(max_examples=10)
@given(steps=st.lists(actions, min_size=1, max_size=12))
def test_together_as_one_by_one(steps: list[tuple[str, int]]) -> None:
    """Events make the same entries in one call as in many."""
    with (
        bl.open_ledger(":memory:", actor="clerk") as one,
        bl.open_ledger(":memory:", actor="clerk") as two,
    ):
        SettlementAccounts().open_in(one)
        SettlementAccounts().open_in(two)
        events: list[Any] = []
        books = SettlementBooks(one)
        entries: list[bl.Entry] = []
        for number, (action, value) in enumerate(steps):
            event: Any = trade_of(
                "buy" if action == "buy" else "sell",
                f"T-{number}",
                CODES[value % 2],
                value % 40 + 1,
                value % 999 + 1,
            )
            if action in ("settle", "mark") and events:
                event = events[value % len(events)]  # again, or settled
                if isinstance(event, TradeExecuted) and action == "settle":
                    event = TradeSettled(obligation=event.obligation, date=DAY)
            with suppress(LimitBreached):
                entries += one_by_one(books, [event])
                events.append(event)
        again = SettlementBooks(two)
        assert [record.entry for record in again.post(events)] == entries
        assert [record.entry for record in again.post(events)] == entries
        check(two)


def test_a_retry_may_be_part_of_more(books: SettlementBooks) -> None:
    """What the book has is not counted again; its first records come back."""
    bought = trade_of("buy", "A", "ACME", 10, 500)
    sold = trade_of("sell", "B", "ACME", 4, 600)
    first = books.post([bought, sold])
    settled = TradeSettled(obligation=bought.obligation, date=DAY)
    more = trade_of("sell", "C", "ACME", 6, 600)
    records = books.post([bought, settled, sold, more, settled])
    assert (records[0], records[2]) == first
    assert records[1] == records[4]
    assert not books.positions()["firm", "ACME"].pool
    with pytest.raises(IdempotencyConflict):
        books.post([attrs.evolve(sold, consideration=eur("1.00")), more])


def test_a_netting_of_many_comes_again(books: SettlementBooks) -> None:
    """All of its entries are known by then."""
    trades = [trade_of("buy", f"T-{n}", "ACME", 1, 100) for n in range(1001)]
    netted = Netted(
        netting_id="N",
        date=DAY,
        obligations=[event.obligation for event in trades],
        counterparty="CCP",
    )
    books.post(trades)
    first = books.post([netted])
    assert [record.id for record in first] == [
        "settlement/N/netted/1",
        "settlement/N/netted/2",
    ]
    assert books.post([netted]) == first
    with pytest.raises(LimitBreached):
        books.post([attrs.evolve(netted, netting_id="M")])


def test_what_comes_first_is_refused_first(books: SettlementBooks) -> None:
    """An event that cannot be completed does not hide one that cannot be posted."""
    books.ledger.periods.close("2026-09")
    early = trade(trade_id="E", date=date(2026, 9, 1), settlement_date=DAY)
    with pytest.raises(PeriodNotOpen):
        books.post([early, trade_of("sell", "B", "ACME", 1, 100)])
    assert list(books.ledger.view().entries()) == []


def test_what_is_netted_in_the_same_call(books: SettlementBooks) -> None:
    """A netting is open at once, and can be settled."""
    bought = trade_of("buy", "A", "ACME", 10, 500)
    netted = Netted(
        netting_id="N", date=DAY, obligations=[bought.obligation], counterparty="CCP"
    )
    net = attrs.evolve(bought.obligation, id="N", counterparty="CCP", clearing="ccp")
    done = TradeSettled(obligation=net, date=DAY)
    assert len(books.post([bought, netted, done])) == 3
    with pytest.raises(LimitBreached):
        books.post([attrs.evolve(done, part=2)])
