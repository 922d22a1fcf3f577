"""Units that the issuer takes back: fractions at a split, and bonds at maturity."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import postgresql_server
import pytest
from booking_notation import (
    ACME,
    BOND,
    SHORT,
    booked,
    eur,
    journal,
    trade,
    units,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    CommodityMismatch,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
)
from backoffice_ledger.settlement import Price
from backoffice_ledger.settlement.accounting import (
    Category,
    LocationUnits,
    Redeemed,
    SettlementAccounts,
    SettlementBooks,
    SettlementEvent,
    Split,
    TradeSettled,
    settlement_date_balances,
    stock_record,
)
from backoffice_ledger.settlement.corporate_actions import redemption, split
from backoffice_ledger.settlement.lots import LotPart, Method, reconcile

T = date(2026, 10, 8)
S = date(2026, 10, 9)
ACCOUNTS = SettlementAccounts()
ONE = eur("1.00")


def buy(books: SettlementBooks, id: str, count: int, money: str, **more: Any) -> None:
    """Buy units and settle them."""
    event = trade(
        trade_id=id,
        quantity=units(count),
        consideration=eur(money),
        **({"fees": {}} | more),
    )
    books.post([event, TradeSettled(obligation=event.obligation, date=S)])


def joined(
    books: SettlementBooks,
    ratio: Fraction | int = Fraction(1, 10),
    price: str | None = "52.00",
) -> tuple[Split, ...]:
    """Return what a split does, one for ten unless told otherwise."""
    return split(
        books.ledger.view(),
        books.accounts,
        split_id="X",
        instrument=ACME,
        ratio=ratio,
        date=S,
        cash_in_lieu=price,
        currency=None if price is None else "EUR",
    )


def lots(books: SettlementBooks) -> list[tuple[str, int, str]]:
    """Return the lots of the firm: id, units, cost."""
    return [
        (lot.id, lot.quantity.minor_units, lot.cost.number)
        for lot in books.positions()["firm", "ACME"].pool
    ]


# --- fractions ------------------------------------------------------------------------


def test_a_fraction_is_paid_in_cash(books: SettlementBooks) -> None:
    """1,005 at 5.00 become 100 at 50.00, and half a new unit is paid at 52.00.

    Half a unit cost 25.00 and brings 26.00: 1.00 is realised, and what was booked of
    its value, 0.25, is taken back.
    """
    buy(books, "L", 1005, "5025.00")
    books.mark(S, {"ACME": "5.05"})
    assert booked(books.post(joined(books))) == journal(
        """
        2026-10-09 * settlement/X/split/firm
            Cr owner        905 ACME
            Dr depository   905 ACME
            Dr nostro       26.00 EUR
            Cr fair-value    0.25 EUR
            Dr unrealised    0.25 EUR
            Cr trading      25.00 EUR
            Cr realised      1.00 EUR
        """
    )
    assert lots(books) == [("L", 100, "5000.00")]
    proof = reconcile(books.ledger.view(), books.accounts.lots, books.accounts.house)
    assert not proof.total("difference")
    assert not proof.total("cost difference")
    assert not any(
        row["breaks"] for row in stock_record(books.ledger.view(), books.accounts)
    )


def test_lots_are_cut_into_new_units(books: SettlementBooks) -> None:
    """15 at 1.00 and 25 at 2.00, four for 40: the middle unit is made of both lots.

    The newest come first: two and a half units of the second lot, one and a half of the
    first.  The third unit ends in the first lot, and costs 10.00 and 5.00.
    """
    buy(books, "L1", 15, "15.00")
    buy(books, "L2", 25, "50.00")
    assert booked(books.post(joined(books, price=None))) == journal(
        """
        2026-10-09 * settlement/X/split/firm
            Cr owner        13 ACME
            Cr owner        23 ACME
            Dr depository   36 ACME
            Dr trading      10.00 EUR
            Cr trading      10.00 EUR
        """
    )
    assert lots(books) == [("L1", 2, "25.00"), ("L2", 2, "40.00")]


def test_small_lots_go_into_the_next_one(books: SettlementBooks) -> None:
    """Lots of less than a new unit have none of their own; their cost goes on.

    Seven lots of 3 units cost 1.00 to 7.00: the first ten units from the newest cost
    7 + 6 + 5 + 1.33, the next ten 2.67 + 3 + 2 + 0.67, and the last one 0.33.
    """
    for number in range(1, 8):
        buy(books, f"L{number}", 3, f"{number}.00")
    [event] = joined(books)
    assert event.cash == eur("5.20")
    assert sum((cost.minor_units for cost in event.costs.values()), 0) == -33
    books.post([event])
    assert lots(books) == [("L1", 1, "8.34"), ("L4", 1, "19.33")]


@pytest.mark.parametrize(
    ("ratio", "count", "cash", "left"),
    [
        (Fraction(3, 2), 5, "26.00", 7),
        (Fraction(11, 10), 105, "26.00", 115),
        (Fraction(1, 10), 3, "15.60", 0),
        (2, 5, None, 10),
    ],
)
def test_ratios(
    books: SettlementBooks, ratio: Fraction, count: int, cash: str | None, left: int
) -> None:
    """Three for two, a bonus of one for ten, less than one unit, and no fraction."""
    buy(books, "L", count, "600.00")
    [event] = joined(books, ratio)
    assert event.cash == (None if cash is None else eur(cash))
    books.post([event])
    assert books.ledger.balance(SHORT["owner"])[ACME] == units(left)
    pool = books.positions()["firm", "ACME"].pool
    assert pool.quantity == units(left)
    assert books.ledger.balance(SHORT["trading"])["EUR"] == pool.cost


def test_equity_at_fvoci_keeps_fractions_out_of_the_result(
    books: SettlementBooks,
) -> None:
    """What fractions bring above their cost goes to retained earnings."""
    buy(books, "L", 1005, "5025.00", category="fvoci-equity")
    books.post(joined(books))
    assert books.ledger.balance(ACCOUNTS.retained_earnings)["EUR"] == eur("1.00")
    assert not books.ledger.balance(SHORT["realised"])


def test_fractions_of_customers_are_owed_to_them(books: SettlementBooks) -> None:
    """The firm's and each customer's fractions are paid by themselves."""
    event = trade(
        trade_id="A", capacity="agent", owner="C-17", quantity=units(14), fees={}
    )
    books.post([event, TradeSettled(obligation=event.obligation, date=S)])
    assert booked(books.post(joined(books))) == journal(
        """
        2026-10-09 * settlement/X/split/C-17
            Cr stock:owner:C-17      13 ACME
            Dr depository            13 ACME
            Dr nostro                20.80 EUR
            Cr liabilities:customers 20.80 EUR
        """
    )


def test_open_trades_have_no_fractions(books: SettlementBooks) -> None:
    """What is pending is settled before; at a location fractions need a price."""
    buy(books, "L", 1005, "5025.00")
    with pytest.raises(InvalidOption, match="cash_in_lieu"):
        joined(books, price=None)
    books.post([trade(trade_id="T-2", quantity=units(5))])
    with pytest.raises(InvalidOption) as error:
        joined(books)
    assert error.value.expected == "whole units of T-2"


def test_a_price_has_a_currency(books: SettlementBooks) -> None:
    """A price without a currency, a currency without a price, and another currency."""
    buy(books, "L", 1005, "5025.00")
    view = books.ledger.view()
    arguments: dict[str, Any] = {
        "split_id": "X",
        "instrument": ACME,
        "ratio": Fraction(1, 10),
        "date": S,
    }
    for wrong in ({"cash_in_lieu": "52.00"}, {"currency": "EUR"}):
        with pytest.raises(InvalidOption, match="cash_in_lieu"):
            split(view, ACCOUNTS, **arguments, **wrong)
    with pytest.raises(CommodityMismatch):
        split(view, ACCOUNTS, **arguments, cash_in_lieu="52.00", currency="USD")
    with pytest.raises(InexactNumber, match="cash_in_lieu"):
        split(view, ACCOUNTS, **arguments, cash_in_lieu=52.0, currency="EUR")  # type: ignore[arg-type]
    for ratio, error in ((0.5, InexactNumber), ("1,5", InvalidAmount)):
        with pytest.raises(error, match="ratio"):
            split(view, ACCOUNTS, **(arguments | {"ratio": ratio}))
    with pytest.raises(InvalidOption, match="rounding"):
        split(view, ACCOUNTS, **arguments, rounding="best")  # type: ignore[arg-type]


def test_average_cost(ledger: bl.Ledger) -> None:
    """At average cost there is one lot, and a fraction of its cost goes."""
    books = SettlementBooks(ledger)
    books.methods.choose("average", since=T)
    buy(books, "L1", 500, "2400.00")
    buy(books, "L2", 505, "2625.00")
    books.post(joined(books))
    assert lots(books) == [("average", 100, "5000.00")]


def test_the_next_sale_takes_the_lots_of_now(books: SettlementBooks) -> None:
    """After a split another lot may cost most for a unit; a batch of events knows it.

    Before, the third lot costs most, and the second least.  Joined, a unit of the third
    is a part of the one of the second, 5.00 and 9 times 1.00, and six units of the
    second are a part of the first: 50.00, then 14.00, then 10.35 for a unit.
    """
    first = trade(trade_id="S-1", date=S, side="sell", quantity=units(1), fees={})
    days: list[SettlementEvent] = []
    for id_, count, money in (
        ("L1", 14, "14.70"),
        ("L2", 15, "15.00"),
        ("L3", 12, "60.00"),
    ):
        event = trade(
            trade_id=id_, quantity=units(count), consideration=eur(money), fees={}
        )
        days += [event, TradeSettled(obligation=event.obligation, date=S)]
    days += [first, TradeSettled(obligation=first.obligation, date=S)]
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        ACCOUNTS.open_in(ledger)
        other = SettlementBooks(ledger)
        other.methods.choose("hifo", since=date(2026, 1, 1))
        other.post(days)
        days += joined(other, price=None)
    books.methods.choose("hifo", since=date(2026, 1, 1))
    second = attrs.evolve(first, trade_id="S-2", quantity=units(2))
    *_, record = books.post([*days, second])
    assert booked([record])[1:3] == ["Cr trading 50.00 EUR", "Cr trading 14.00 EUR"]
    assert lots(books) == [("L1", 2, "20.70")]


SPLIT = Split(
    split_id="X", date=S, instrument=ACME, locations=[LocationUnits("vault", units(1))]
)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"cash": eur("-1.00")}, InvalidOption),
        ({"cash": 1}, InexactNumber),
        ({"category": "best"}, InvalidOption),
        ({"costs": {"L": 1}}, InexactNumber),
        ({"costs": {"L": ONE}, "cash": bl.Amount("1.00", "USD")}, CommodityMismatch),
        (
            {"costs": {"L": ONE}, "adjustments": {"L": bl.Amount("1.00", "USD")}},
            CommodityMismatch,
        ),
        ({"adjustments": {"a/b": ONE}}, InvalidIdentifier),
        ({"costs": [ONE]}, InvalidOption),
    ],
)
def test_what_is_no_split(changes: dict[str, Any], error: type[Exception]) -> None:
    """Money of a split is of one currency, by lot, and what is paid is not negative."""
    with pytest.raises(error):
        attrs.evolve(SPLIT, **changes)


# --- redemption -----------------------------------------------------------------------


PAR = Price(100, "percent")


def redeem(
    books: SettlementBooks, price: Price | str = PAR, **more: Any
) -> tuple[Redeemed, ...]:
    """Return what the redemption of the bond brings."""
    arguments: dict[str, Any] = {
        "redemption_id": "R",
        "instrument": BOND,
        "price": price,
        "currency": "EUR",
        "date": S,
    }
    view = books.ledger.view()
    return redemption(view, books.accounts, **(arguments | more))


def bond(id: str, nominal: int, money: str, **more: Any) -> list[Any]:
    """Return a purchase of a bond that is settled."""
    event = trade(
        trade_id=id,
        quantity=bl.Amount(nominal, BOND),
        consideration=eur(money),
        **({"fees": {}} | more),
    )
    return [event, TradeSettled(obligation=event.obligation, date=S)]


@pytest.mark.parametrize(
    ("category", "account"),
    [
        ("amortised-cost", "assets:securities:amortised-cost"),
        ("fvtpl", "assets:securities:fvtpl:cost"),
        ("fvoci", "assets:securities:fvoci:cost"),
    ],
)
def test_a_bond_at_maturity(
    books: SettlementBooks, category: Category, account: str
) -> None:
    """100,000 that cost 98,750 are paid at par: 1,250 are realised, nothing is left."""
    books.post(bond("B", 100_000, "98750.00", category=category))
    books.mark(T, {"BOND": Price("99.50", "percent")})
    [record] = books.post(redeem(books))
    lines = booked([record])
    assert lines[:2] == ["2026-10-09 settlement/R-firm/redeemed", lines[1]]
    assert "Dr nostro 100000.00 EUR" in lines
    assert "Cr realised 1250.00 EUR" in lines
    assert lines[-2:] == ["Cr owner 100000 BOND", "Dr depository 100000 BOND"]
    view = books.ledger.view()
    left = {path for path in view.accounts() if view.balance(path)}
    assert left == {SHORT["nostro"], SHORT["realised"]}
    assert not view.balance(account)
    assert len(books.positions()["firm", "BOND"].pool) == 0


def test_units_of_all_owners_and_places(books: SettlementBooks) -> None:
    """Each owner gets what lies at each place; lots go in their order."""
    books.post([*bond("B1", 600, "600.00"), *bond("B2", 400, "300.00")])
    books.post(bond("A", 50, "50.00", capacity="agent", owner="C-17"))
    named = {"instrument": "BOND", "owner": "firm"}
    some = bl.Amount(700, BOND)
    move = [
        bl.debit(SHORT["depository"], some, dimensions=named),
        bl.credit("stock:location:vault", some, dimensions=named),
    ]
    books.ledger.post(bl.Entry("move", S, move))
    found = redeem(books, "0.50")
    assert [
        (event.redemption_id, event.location, event.amount.number, len(event.lots))
        for event in found
    ] == [
        ("R-C-17", "depository", "25.00", 0),
        ("R-firm", "depository", "150.00", 1),
        ("R-firm-vault", "vault", "350.00", 2),
    ]
    books.post(found)
    view = books.ledger.view()
    assert view.balance(ACCOUNTS.customer_payable)["EUR"] == eur("25.00")
    assert view.balance(SHORT["realised"])["EUR"] == eur("-400.00")
    assert stock_record(view, books.accounts).rows() == []


def test_average_cost_and_no_money(ledger: bl.Ledger) -> None:
    """An instrument that is worth nothing is taken off the books at its whole cost."""
    books = SettlementBooks(ledger)
    books.methods.choose("average", since=T)
    books.post([*bond("B1", 600, "600.00"), *bond("B2", 400, "300.00")])
    books.post(redeem(books, "0"))
    assert ledger.balance(SHORT["realised"])["EUR"] == eur("-900.00")
    assert not ledger.balance(SHORT["trading"])


def test_what_cannot_be_redeemed(books: SettlementBooks) -> None:
    """Open trades, units below nothing, and what is no argument."""
    bought, done = bond("B", 100, "100.00")
    books.post([bought])
    with pytest.raises(InvalidOption) as error:
        redeem(books)
    assert "'B'" in str(error.value)
    books.post([done])
    wrong: dict[str, Any]
    for wrong, kind in (
        ({"redemption_id": "a/b"}, InvalidIdentifier),
        ({"date": "today"}, InvalidDate),
        ({"rounding": "best"}, InvalidOption),
        ({"price": 1.0}, InexactNumber),
        ({"currency": "USD"}, CommodityMismatch),
    ):
        with pytest.raises(kind):
            books.post(redeem(books, **wrong))
    named = {"instrument": "BOND", "owner": "firm"}
    some = bl.Amount(101, BOND)
    move = [
        bl.debit(SHORT["depository"], some, dimensions=named),
        bl.credit("stock:location:vault", some, dimensions=named),
    ]
    books.ledger.post(bl.Entry("move", S, move))
    with pytest.raises(InvalidOption, match="from zero"):
        redeem(books)


PART = LotPart("L", units(1), ONE, ONE)
OTHER = attrs.evolve(PART, quantity=bl.Amount(1, BOND))
REDEEMED = Redeemed(redemption_id="R", date=S, quantity=units(1), amount=ONE)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redemption_id": ""}, InvalidIdentifier),
        ({"date": "today"}, InvalidDate),
        ({"quantity": units(0)}, InvalidOption),
        ({"amount": eur("-1.00")}, InvalidOption),
        ({"owner": "a:b"}, InvalidIdentifier),
        ({"location": ""}, InvalidIdentifier),
        ({"category": "best"}, InvalidOption),
        ({"lots": ["L"]}, InvalidOption),
        (
            {"lots": [attrs.evolve(PART, quantity=bl.Amount(1, BOND))]},
            CommodityMismatch,
        ),
        ({"amount": bl.Amount("1.00", "USD"), "lots": [PART]}, CommodityMismatch),
    ],
)
def test_what_is_no_redemption(changes: dict[str, Any], error: type[Exception]) -> None:
    """It says what goes, from whom and where, and what is paid."""
    with pytest.raises(error):
        attrs.evolve(REDEEMED, **changes)


@pytest.mark.parametrize(
    "event",
    [REDEEMED, attrs.evolve(REDEEMED, owner="C-17", lots=[PART])],
)
def test_lots_are_the_firms(books: SettlementBooks, event: Redeemed) -> None:
    """The firm's units go with their lots; a customer has none."""
    with pytest.raises(InvalidOption, match="lots"):
        books.post([event])


# --- stores, and what always holds ----------------------------------------------------


def live(open_ledger: Callable[[], bl.Ledger]) -> list[str]:
    """Split and redeem, in a ledger that is opened anew for each step."""
    with open_ledger() as ledger:
        ACCOUNTS.open_in(ledger)
        books = SettlementBooks(ledger)
        buy(books, "L1", 15, "15.00")
        buy(books, "L2", 30, "60.00")
        books.post(bond("B", 1000, "990.00"))
    with open_ledger() as ledger:
        books = SettlementBooks(ledger)
        books.mark(S, {"ACME": "2.00"})
        events = [*joined(books), *redeem(books)]
    for _ in range(2):
        with open_ledger() as ledger:
            SettlementBooks(ledger).post(events)
    with open_ledger() as ledger:
        ledger.verify()
        view = ledger.view()
        return [
            str(reconcile(view, ACCOUNTS.lots, ACCOUNTS.house)),
            str(stock_record(view, ACCOUNTS)),
            str(settlement_date_balances(view, ACCOUNTS)),
        ]


def in_memory() -> list[str]:
    """Return what the same makes in memory."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        return live(lambda: _Open(ledger))  # type: ignore[arg-type,return-value]


@attrs.frozen
class _Open:
    """A ledger that stays open."""

    ledger: bl.Ledger

    def __enter__(self) -> bl.Ledger:
        return self.ledger

    def __exit__(self, *_: object) -> None:
        """Leave it open."""


def test_a_book_that_is_closed_in_between(tmp_path: Path) -> None:
    """Each step in another process makes what one process makes."""
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    assert live(lambda: bl.open_ledger(path, actor="clerk")) == in_memory()


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(tmp_path: Path) -> None:
    """The same on the server."""
    store = postgresql_server.store_of(tmp_path)
    bl.open_ledger(store, actor="clerk", create=True).close()
    assert live(lambda: bl.open_ledger(store, actor="clerk")) == in_memory()


@settings(max_examples=10)
@given(
    bought=st.lists(
        st.tuples(st.integers(1, 60), st.integers(1, 10**5)), min_size=1, max_size=6
    ),
    ratio=st.fractions(Fraction(1, 30), 4, max_denominator=30).filter(lambda r: r != 1),
    prices=st.tuples(st.integers(0, 5000), st.integers(0, 5000)),
    method=st.sampled_from(["fifo", "lifo", "hifo", "average"]),
    category=st.sampled_from(["fvtpl", "fvoci", "fvoci-equity"]),
)
def test_money_and_units_are_conserved(
    bought: list[tuple[int, int]],
    ratio: Fraction,
    prices: tuple[int, int],
    method: Method,
    category: Category,
) -> None:
    """Units are cut down to whole ones, and no cent of cost is lost or made.

    The cost that is left and the cost of the fraction sum to what was paid; lots and
    stock record agree; all of it taken back is as if nothing had been.
    """
    close, in_lieu = (bl.Amount.from_minor(price, "EUR").decimal for price in prices)
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        ACCOUNTS.open_in(ledger)
        books = SettlementBooks(ledger)
        books.methods.choose(method, since=date(2026, 1, 1))
        for number, (count, money) in enumerate(bought):
            paid = bl.Amount.from_minor(money, "EUR").number
            day = T + timedelta(days=number)
            more = {"date": day, "settlement_date": day, "category": category}
            buy(books, f"L{number}", count, paid, **more)
        books.mark(S, {"ACME": close})
        before = {path: ledger.balance(path) for path in ledger.view().accounts()}
        pool = list(books.positions()["firm", "ACME"].pool)
        [event] = joined(books, ratio, str(in_lieu))
        records = books.post([event])
        exact = sum(count for count, _ in bought) * ratio
        left = books.positions()["firm", "ACME"].pool
        assert left.quantity.minor_units == exact.__floor__()
        assert all(lot.quantity.minor_units > 0 for lot in left)
        proof = reconcile(ledger.view(), ACCOUNTS.lots, ACCOUNTS.house)
        assert not proof.total("difference")
        assert not proof.total("cost difference")
        booked_change = ledger.balance(ACCOUNTS.fair_value(category))["EUR"]
        assert booked_change == left.adjustment
        if exact.denominator == 1:
            assert event.cash is None
            assert left.cost.minor_units == sum(money for _, money in bought)
        for record in reversed(records):
            ledger.reverse(record.id, date=S, reason="no split")
        after = {path: ledger.balance(path) for path in ledger.view().accounts()}
        assert after == before
        again = list(books.positions()["firm", "ACME"].pool)
        assert [(lot.id, lot.quantity, lot.cost) for lot in again] == [
            (lot.id, lot.quantity, lot.cost) for lot in pool
        ]
        ledger.verify()
