"""What holds after any days of trading, settling, failing, netting and valuing."""

from datetime import UTC, date, datetime, timedelta

import attrs
import pytest
from booking_notation import ACME, SHORT, eur, trade, units
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting import (
    DividendClaim,
    FailResolved,
    Netted,
    Obligation,
    SettlementBooks,
    TradeCancelled,
    TradeExecuted,
    TradeFailing,
    TradeSettled,
    open_obligations,
    settlement_date_balances,
)
from backoffice_ledger.settlement.corporate_actions import dividend, split
from backoffice_ledger.settlement.lots import Method, reconcile
from backoffice_ledger.testing import FrozenClock

START = date(2026, 10, 1)
ACTIONS = (
    "buy",
    "buy",
    "sell",
    "settle",
    "settle",
    "part",
    "fail",
    "resolve",
    "net",
    "cancel",
    "mark",
    "dividend",
    "split",
)

days = st.lists(
    st.lists(
        st.tuples(st.sampled_from(ACTIONS), st.integers(0, 10**6)),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)


@attrs.define
class Desk:
    """Does what is possible, and knows what is open without asking the book."""

    books: SettlementBooks
    day: date = START
    number: int = 0
    held: int = 0
    open: dict[str, tuple[Obligation, bool, int]] = attrs.field(factory=dict)
    whole: dict[str, TradeExecuted] = attrs.field(factory=dict)

    def act(self, action: str, value: int) -> None:
        """Do an action; *value* decides how."""
        self.number += 1
        getattr(self, action)(value)

    def _trade(self, side: str, count: int, value: int) -> None:
        event = trade(
            trade_id=f"T-{self.number}",
            date=self.day,
            settlement_date=self.day + timedelta(days=2),
            side=side,
            quantity=units(count),
            consideration=bl.Amount.from_minor(1 + value * 7 % 99_991, "EUR"),
            fees={"commission": bl.Amount.from_minor(value % 3, "EUR")},
            counterparty=f"B-{value % 2}",
        )
        self.books.post([event])
        self.open[event.trade_id] = event.obligation, False, 1
        self.whole[event.trade_id] = event

    def buy(self, value: int) -> None:
        """Buy some units."""
        count = value % 1000 + 1
        self._trade("buy", count, value)
        self.held += count

    def sell(self, value: int) -> None:
        """Sell some of the units that are held."""
        if self.held:
            count = value % self.held + 1
            self._trade("sell", count, value)
            self.held -= count

    def _pick(self, value: int, *, failing: bool | None = None) -> str | None:
        names = [n for n, item in self.open.items() if failing in (None, item[1])]
        return sorted(names)[value % len(names)] if names else None

    def settle(self, value: int) -> None:
        """Settle an open obligation."""
        if name := self._pick(value):
            obligation, failing, part = self.open.pop(name)
            self._settled(obligation, part, failing=failing)

    def _settled(self, obligation: Obligation, part: int, *, failing: bool) -> None:
        self.whole.pop(obligation.id, None)
        event = TradeSettled(
            obligation=obligation, date=self.day, part=part, failing=failing
        )
        self.books.post([event])

    def part(self, value: int) -> None:
        """Settle a part of one."""
        if name := self._pick(value):
            whole, failing, part = self.open[name]
            count = value % (abs(whole.quantity.minor_units) + 1)
            total = abs(whole.quantity.minor_units) or 1
            cash = abs(whole.cash.minor_units) * count // total
            done = whole.share(units(count), bl.Amount.from_minor(cash, "EUR"))
            self._settled(done, part, failing=failing)
            left = attrs.evolve(
                whole,
                quantity=whole.quantity - done.quantity,
                cash=whole.cash - done.cash,
            )
            self.open[name] = left, failing, part + 1

    def fail(self, value: int) -> None:
        """Let one fail."""
        if name := self._pick(value, failing=False):
            obligation, _, part = self.open[name]
            self.books.post(
                [TradeFailing(obligation=obligation, date=self.day, part=self.number)]
            )
            self.open[name] = obligation, True, part

    def resolve(self, value: int) -> None:
        """Agree on a new date for one that fails."""
        if name := self._pick(value, failing=True):
            obligation, _, part = self.open[name]
            self.books.post(
                [FailResolved(obligation=obligation, date=self.day, part=self.number)]
            )
            self.open[name] = obligation, False, part

    def net(self, value: int) -> None:
        """Net up to three."""
        names = sorted(n for n, item in self.open.items() if not item[1])[: value % 4]
        if names:
            obligations = [self.open.pop(name)[0] for name in names]
            id_ = f"N-{self.number}"
            event = Netted(
                netting_id=id_,
                date=self.day,
                obligations=obligations,
                counterparty="CCP",
            )
            self.books.post([event])
            net_units, net_cash = event.net
            for name in names:
                self.whole.pop(name, None)
            self.open[id_] = (
                Obligation(id_, net_units[ACME], net_cash["EUR"], "CCP", "ccp"),
                False,
                1,
            )

    def cancel(self, value: int) -> None:
        """Take a sale back."""
        sold = [n for n, event in self.whole.items() if event.side == "sell"]
        if sold:
            name = sorted(sold)[value % len(sold)]
            event = self.whole.pop(name)
            self.books.post([TradeCancelled(trade=event, date=self.day)])
            self.held += event.quantity.minor_units
            del self.open[name]

    def mark(self, value: int) -> None:
        """Value the position, if there ever was one."""
        if not self.books.positions():
            return
        price = f"{value % 100}.{value % 1000:03}"
        self.books.mark(self.day, {"ACME": price}, part=self.number)

    def dividend(self, value: int) -> None:
        """Pay a dividend."""
        events = dividend(
            self.books.ledger.view(),
            self.books.accounts,
            dividend_id=f"D-{self.number}",
            instrument=ACME,
            per_unit=f"0.{value % 100:02}",
            currency="EUR",
            ex_date=self.day + timedelta(days=1),
            payment_date=self.day + timedelta(days=1),
        )
        self.books.post(events)
        for event in events:
            if isinstance(event, DividendClaim):  # its trade cannot be taken back
                self.whole.pop(event.obligation.id, None)

    def split(self, value: int) -> None:
        """Split the instrument."""
        if (
            sum(abs(item[0].quantity.minor_units) for item in self.open.values())
            < 10**9
        ):
            events = split(
                self.books.ledger.view(),
                self.books.accounts,
                split_id=f"X-{self.number}",
                instrument=ACME,
                ratio=value % 2 + 2,
                date=self.day,
            )
            self.books.post(events)
            ratio = value % 2 + 2
            self.held *= ratio
            self.whole.clear()
            self.open = {
                name: (
                    attrs.evolve(item[0], quantity=item[0].quantity * ratio),
                    *item[1:],
                )
                for name, item in self.open.items()
            }

    def settle_all(self) -> None:
        """Settle all that is open."""
        for obligation, failing, part in self.open.values():
            self._settled(obligation, part, failing=failing)
        self.open.clear()


def open_book(method: Method) -> SettlementBooks:
    """Return the books of settlement in a new book in memory."""
    noon = datetime(2026, 10, 8, 12, tzinfo=UTC)
    ledger = bl.open_ledger(":memory:", actor="clerk", clock=FrozenClock(noon))
    books = SettlementBooks(ledger)
    books.accounts.open_in(ledger)
    books.methods.choose(method, since=START)
    return books


def check(desk: Desk) -> None:
    """Check what must hold at the end of each day."""
    books = desk.books
    view, accounts = books.ledger.view(), books.accounts
    found = {row["trade"]: row for row in open_obligations(view, accounts)}
    for name, (obligation, failing, _) in desk.open.items():
        row = found.pop(name, None)
        quantity = bl.Balance() if row is None else row["units"]
        money = bl.Balance() if row is None else row["money"]
        assert quantity == bl.Balance([obligation.quantity])
        assert money == bl.Balance([obligation.cash])
        if row is not None and failing:
            assert row["failing"] == money
    assert not found
    proof = reconcile(view, accounts.lots, accounts.house)
    assert not proof.total("difference")
    assert not proof.total("cost difference")
    assert view.balance(SHORT["owner"])[ACME] == units(desk.held)
    pool = books.positions().get(("firm", "ACME"))
    adjustment = view.balance(SHORT["fair-value"])["EUR"]
    assert adjustment == (eur("0.00") if pool is None else pool.pool.adjustment)
    table = settlement_date_balances(view, accounts)
    for name in ("trade_date", "open", "settlement_date"):
        assert not sum((row[name] for row in table), bl.Balance()), name


def run(plan: list[list[tuple[str, int]]], method: Method) -> Desk:
    """Do the actions of some days, and check each evening."""
    desk = Desk(open_book(method))
    for actions in plan:
        for action, value in actions:
            desk.act(action, value)
        check(desk)
        desk.day += timedelta(days=1)
    return desk


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "average"])
@settings(max_examples=12)
@given(plan=days)
def test_any_days(method: Method, plan: list[list[tuple[str, int]]]) -> None:
    """Lots, stock record and money agree; at the end both ways of accounting do."""
    desk = run(plan, method)
    desk.settle_all()
    check(desk)
    table = settlement_date_balances(desk.books.ledger.view(), desk.books.accounts)
    assert [row for row in table if row["open"]] == []
    desk.books.ledger.verify()


@settings(max_examples=15)
@given(plan=days)
def test_all_is_taken_back(plan: list[list[tuple[str, int]]]) -> None:
    """Entries and their reversals together are as if nothing had been."""
    desk = run(plan, "fifo")
    ledger = desk.books.ledger
    for record in sorted(ledger.view().entries(), key=lambda r: -r.position):
        ledger.reverse(record.id, date=desk.day, reason="all of it")
    view, accounts = ledger.view(), desk.books.accounts
    assert all(not view.balance(path) for path in view.accounts())
    assert settlement_date_balances(view, accounts).rows() == []
    assert open_obligations(view, accounts).rows() == []
    assert all(not position.pool for position in desk.books.positions().values())


@pytest.mark.long
@settings(max_examples=400)
@given(plan=days, method=st.sampled_from(["fifo", "lifo", "hifo", "average"]))
def test_any_days_long(plan: list[list[tuple[str, int]]], method: Method) -> None:
    """The same, searched further."""
    run(plan, method).settle_all()
