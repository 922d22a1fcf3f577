"""Short sales: an obligation to deliver, at fair value (IFRS 9 BA.7(b))."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import postgresql_server
import pytest
from booking_notation import ACME, SHORT, booked, eur, journal, trade, units
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption, LimitBreached, NotPermitted
from backoffice_ledger.settlement.accounting import (
    LotsTransferred,
    Marked,
    Netted,
    Obligation,
    PostingRules,
    Redeemed,
    SettlementAccounts,
    SettlementBooks,
    TradeCancelled,
    TradeExecuted,
    TradeFailing,
    TradeSettled,
    open_obligations,
    settlement_date_balances,
    stock_record,
)
from backoffice_ledger.settlement.corporate_actions import coupon, split
from backoffice_ledger.settlement.lots import Method, reconcile

T = date(2026, 10, 8)
S = date(2026, 10, 9)
ACCOUNTS = SettlementAccounts()
PROCEEDS = ACCOUNTS.securities_short
VALUE = ACCOUNTS.fair_value_short


def short(id: str, count: int, money: str, **more: Any) -> TradeExecuted:
    """Return a short sale."""
    return trade(
        trade_id=id,
        side="sell",
        quantity=units(count),
        consideration=eur(money),
        category="short",
        **({"fees": {}} | more),
    )


def back(id: str, count: int, money: str, **more: Any) -> TradeExecuted:
    """Return a purchase that buys back."""
    return attrs.evolve(short(id, count, money, **more), side="buy")


def lots(books: SettlementBooks) -> list[tuple[str, int, str, str]]:
    """Return the lots: id, units, what they brought, change of value."""
    return [
        (lot.id, lot.quantity.minor_units, lot.cost.number, lot.adjustment.number)
        for lot in books.positions()["firm", "ACME"].pool
    ]


def check(books: SettlementBooks) -> None:
    """Check that lots, stock record and money agree."""
    view = books.ledger.view()
    proof = reconcile(view, ACCOUNTS.lots, ACCOUNTS.house)
    assert not proof.total("difference")
    assert not proof.total("cost difference")
    position = books.positions().get(("firm", "ACME"))
    owed = view.balance(SHORT["owner"])[ACME]
    assert owed == (units(0) if position is None else position.quantity)


def test_from_short_sale_to_purchase(books: SettlementBooks) -> None:
    """1,000 sold at 50.00, valued at 50.80, bought back at 49.00: 1,000 earned."""
    sold = short("S-1", 1000, "50000.00", fees={"commission": eur("10.00")})
    records = [*books.post([sold]), *books.mark(T, {"ACME": "50.80"})]
    bought = back("B-1", 1000, "49000.00", date=S)
    records += books.post([bought])
    assert booked(records) == journal(
        """
        2026-10-08 * settlement/S-1/executed
            Cr liabilities:securities:short:proceeds   50000.00 EUR
            Dr commission                                 10.00 EUR
            Dr receivable                              49990.00 EUR
            Cr owner                                    1000 ACME
            Dr pending-deliver                          1000 ACME

        2026-10-08 * settlement/firm/ACME/marked/2026-10-08/1
            Cr liabilities:securities:short:fair-value   800.00 EUR
            Dr unrealised                                800.00 EUR

        2026-10-09 * settlement/B-1/executed
            Dr liabilities:securities:short:fair-value   800.00 EUR
            Cr unrealised                                800.00 EUR
            Dr liabilities:securities:short:proceeds   50000.00 EUR
            Cr realised                                 1000.00 EUR
            Cr payable                                 49000.00 EUR
            Dr owner                                    1000 ACME
            Cr pending-receive                          1000 ACME
        """
    )
    check(books)
    view = books.ledger.view()
    for path in (PROCEEDS, VALUE, SHORT["unrealised"], SHORT["owner"]):
        assert not view.balance(path)
    assert books.post([sold]) == (records[0],)
    assert books.post([bought]) == (records[2],)


def test_a_position_is_short_by_its_field_only(books: SettlementBooks) -> None:
    """Without it, a sale of more than there is stays refused; nothing is booked."""
    plain = attrs.evolve(short("S-1", 1, "50.00"), category="fvtpl")
    with pytest.raises(LimitBreached):
        books.post([plain])
    with pytest.raises(LimitBreached):
        books.post([back("B-1", 1, "50.00")])
    books.post([short("S-1", 10, "500.00")])
    with pytest.raises(LimitBreached):
        books.post([back("B-1", 11, "550.00")])
    assert lots(books) == [("S-1", 10, "500.00", "0.00")]


def test_long_and_short_are_not_mixed(books: SettlementBooks) -> None:
    """What is held is sold before; what is owed is bought back before."""
    books.post([trade()])
    with pytest.raises(InvalidOption) as error:
        books.post([short("S-1", 1, "50.00")])
    assert error.value.field == "category"
    gone = trade(trade_id="S-2", side="sell", fees={})
    books.post([gone, short("S-3", 5, "250.00")])
    with pytest.raises(InvalidOption):
        books.post([trade(trade_id="T-2")])
    books.post([back("B-1", 5, "240.00"), trade(trade_id="T-3", quantity=units(7))])
    assert lots(books) == [("T-3", 7, "50000.00", "0.00")]
    check(books)


@pytest.mark.parametrize(
    ("method", "cost"),
    [
        ("fifo", "19200.00"),
        ("lifo", "20000.00"),
        ("hifo", "20000.00"),
        ("average", "19771.43"),
    ],
)
def test_methods_pick_what_is_bought_back(
    books: SettlementBooks, method: Method, cost: str
) -> None:
    """400 that brought 19,200 and 1,000 that brought 50,000: 400 are bought back."""
    books.methods.choose(method, since=date(2026, 1, 1))
    books.post([short("S-1", 400, "19200.00"), short("S-2", 1000, "50000.00", date=S)])
    books.post([back("B-1", 400, "19000.00", date=S)])
    realised = eur(cost) - eur("19000.00")
    assert books.ledger.balance(SHORT["realised"])["EUR"] == realised
    check(books)


def test_lots_that_are_chosen(books: SettlementBooks) -> None:
    """By specific identification the trade names what it buys back."""
    books.methods.choose("specific", since=date(2026, 1, 1))
    books.post([short("S-1", 4, "40.00"), short("S-2", 4, "44.00")])
    books.post([back("B-1", 3, "30.00", chosen={"S-2": units(3)})])
    assert lots(books) == [("S-1", 4, "40.00", "0.00"), ("S-2", 1, "11.00", "0.00")]


def test_it_is_no_regular_way_trade(books: SettlementBooks) -> None:
    """By settlement date it is there from the trade date on, as by trade date."""
    books.post([short("S-1", 1000, "50000.00")])
    books.mark(T, {"ACME": "50.80"})
    books.post([back("B-1", 400, "19000.00")])
    table = settlement_date_balances(books.ledger.view(), ACCOUNTS)
    assert not any(row["open"] for row in table)
    [sale, purchase] = open_obligations(books.ledger.view(), ACCOUNTS).rows()
    assert str(sale["trade"]), str(purchase["trade"]) == ("B-1", "S-1")


def test_it_is_borrowed_and_delivered(books: SettlementBooks) -> None:
    """A delivery of what is not there is a break, until it is borrowed."""
    sold = short("S-1", 1000, "50000.00")
    books.post([sold, TradeFailing(obligation=sold.obligation, date=S)])
    done = TradeSettled(obligation=sold.obligation, date=S, failing=True)
    books.post([done])

    def breaks() -> list[str]:
        view = books.ledger.view()
        return [str(row["breaks"]) for row in stock_record(view, ACCOUNTS)]

    assert breaks() == ["depository below zero"]
    named = {"instrument": "ACME", "owner": "firm"}
    lent = [
        bl.debit(ACCOUNTS.location("borrowed"), units(1000), dimensions=named),
        bl.credit(ACCOUNTS.location("depository"), units(1000), dimensions=named),
    ]
    books.ledger.post(bl.Entry("borrowed", S, lent))
    assert breaks() == [""]
    books.ledger.reverse("borrowed", date=S, reason="given back twice")
    again = [bl.credit(lent[0].account, units(1), dimensions=named)]
    again.append(bl.debit(lent[1].account, units(1), dimensions=named))
    books.ledger.post(bl.Entry("too-much", S, again))
    assert breaks() == ["borrowed the wrong way; depository below zero"]


def test_it_is_netted(books: SettlementBooks) -> None:
    """A short sale and its purchase net like any two trades."""
    sold, bought = short("S-1", 10, "500.00"), back("B-1", 10, "480.00")
    books.post([sold])
    books.mark(T, {"ACME": "49.00"})
    books.post([bought])
    netting = Netted(
        netting_id="N",
        date=T,
        obligations=[sold.obligation, bought.obligation],
        counterparty="CCP",
    )
    left = Obligation("N", units(0), eur("20.00"), "CCP", "ccp")
    books.post([netting, TradeSettled(obligation=left, date=S)])
    view = books.ledger.view()
    assert open_obligations(view, ACCOUNTS).rows() == []
    assert view.balance(SHORT["realised"])["EUR"] == eur("20.00")
    check(books)


def test_a_short_sale_is_taken_back(books: SettlementBooks) -> None:
    """It goes with its change of value; what was bought back stands in the way."""
    sold = short("S-1", 1000, "50000.00")
    books.post([sold])
    books.mark(T, {"ACME": "50.80"})
    bought = back("B-1", 400, "19000.00")
    books.post([bought])
    with pytest.raises(NotPermitted):
        books.post([TradeCancelled(trade=sold, date=S)])
    books.post([TradeCancelled(trade=bought, date=S)])
    assert lots(books) == [("S-1", 1000, "50000.00", "800.00")]
    taken_back = TradeCancelled(trade=sold, date=S)
    [record] = books.post([taken_back])
    view = books.ledger.view()
    assert all(not view.balance(path) for path in view.accounts())
    assert books.post([taken_back]) == (record,)
    check(books)


def test_units_owed_are_split(books: SettlementBooks) -> None:
    """Twice as many are owed for the same money; fractions of a debt are refused."""
    sold = short("S-1", 15, "150.00")
    books.post([sold, short("S-2", 25, "275.00")])
    books.mark(T, {"ACME": "11.00"})
    books.post([TradeSettled(obligation=sold.obligation, date=S)])

    def by(ratio: Fraction | int, **more: Any) -> tuple[Any, ...]:
        return split(
            books.ledger.view(),
            ACCOUNTS,
            split_id=f"X-{ratio}".replace("/", "-"),
            instrument=ACME,
            ratio=ratio,
            date=S,
            **more,
        )

    books.post(by(2))
    assert lots(books) == [
        ("S-1", 30, "150.00", "15.00"),
        ("S-2", 50, "275.00", "0.00"),
    ]
    with pytest.raises(InvalidOption, match="fractions"):
        by(Fraction(1, 20), cash_in_lieu="200.00", currency="EUR")
    second = attrs.evolve(sold.obligation, id="S-2", quantity=units(-50))
    books.post(
        [TradeSettled(obligation=attrs.evolve(second, cash=eur("275.00")), date=S)]
    )
    books.post(by(Fraction(1, 20)))
    assert [(id_, n) for id_, n, _, _ in lots(books)] == [("S-1", 2), ("S-2", 2)]
    assert books.ledger.balance(PROCEEDS)["EUR"] == eur("425.00")
    assert not books.mark(S, {"ACME": "110.00"})
    check(books)


def test_the_obligation_moves_between_portfolios(books: SettlementBooks) -> None:
    """A transfer takes proceeds, change of value and units to the other owner."""
    accounts = SettlementAccounts(house=("firm", "desk"))
    accounts.open_in(books.ledger)
    books = SettlementBooks(books.ledger, PostingRules(accounts=accounts))
    books.post([short("S-1", 10, "500.00")])
    books.mark(T, {"ACME": "51.00"})
    parts = books.positions()["firm", "ACME"].pool.match(units(10), "fifo")
    event = LotsTransferred(
        transfer_id="M",
        date=S,
        lots=parts,
        from_owner="firm",
        to_owner="desk",
        category="short",
    )
    books.post([event])
    moved = books.positions()["desk", "ACME"]
    assert (moved.is_short, moved.quantity) == (True, units(-10))
    assert (moved.pool.cost, moved.pool.adjustment) == (eur("500.00"), eur("10.00"))
    proof = reconcile(books.ledger.view(), accounts.lots, accounts.house)
    assert not proof.total("difference")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capacity": "agent", "owner": "C-17"}, "category"),
        ({"accrued": eur("1.00")}, "accrued"),
    ],
)
def test_what_is_no_short_sale(changes: dict[str, Any], field: str) -> None:
    """Customers' short sales, and interest on what was sold, are not booked."""
    with pytest.raises(InvalidOption) as error:
        short("S-1", 1, "50.00", **changes)
    assert error.value.field == field


def test_what_is_owed_is_not_redeemed() -> None:
    """An issuer redeems what is held."""
    with pytest.raises(InvalidOption, match="category"):
        Redeemed(
            redemption_id="R",
            date=S,
            quantity=units(1),
            amount=eur("1.00"),
            category="short",
        )


def test_a_coupon_on_what_is_owed(books: SettlementBooks) -> None:
    """It is owed to the lender: the coupon is refused, and names the owner."""
    books.post([short("S-1", 1000, "1000.00")])
    with pytest.raises(InvalidOption, match="units of firm from zero"):
        coupon(
            books.ledger.view(),
            ACCOUNTS,
            coupon_id="K",
            instrument=ACME,
            per_unit="0.03",
            currency="EUR",
            ex_date=S,
            payment_date=S,
        )


def test_a_valuation_of_an_obligation(books: SettlementBooks) -> None:
    """Where it costs less to buy back, the firm has gained."""
    rules = PostingRules()
    event = Marked(
        date=T,
        instrument=ACME,
        value=eur("900.00"),
        change=eur("-100.00"),
        category="short",
    )
    [draft] = rules.entries(event)
    assert booked([draft])[1:] == [f"Dr {VALUE} 100.00 EUR", "Cr unrealised 100.00 EUR"]
    with pytest.raises(InvalidOption, match="to_be_received"):
        attrs.evolve(event, to_be_received={"T": eur("1.00")})


# --- stores, and what always holds ----------------------------------------------------


def live(open_ledger: Callable[[], bl.Ledger]) -> list[str]:
    """Sell short, value, buy back a part, in a ledger that is opened anew each time."""
    sold, bought = short("S-1", 1000, "50000.00"), back("B-1", 400, "19000.00", date=S)
    with open_ledger() as ledger:
        ACCOUNTS.open_in(ledger)
        SettlementBooks(ledger).post([sold])
    with open_ledger() as ledger:
        SettlementBooks(ledger).mark(T, {"ACME": "50.80"})
    for _ in range(2):
        with open_ledger() as ledger:
            SettlementBooks(ledger).post(
                [bought, TradeSettled(obligation=bought.obligation, date=S)]
            )
    with open_ledger() as ledger:
        ledger.verify()
        books = SettlementBooks(ledger)
        check(books)
        return [
            str(lots(books)),
            str(settlement_date_balances(ledger.view(), ACCOUNTS)),
        ]


def test_a_book_that_is_closed_in_between(tmp_path: Path) -> None:
    """What is owed is known from the file alone."""
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    found = live(lambda: bl.open_ledger(path, actor="clerk"))
    assert found[0] == "[('S-1', 600, '30000.00', '480.00')]"


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(tmp_path: Path) -> None:
    """The same on the server."""
    store = postgresql_server.store_of(tmp_path)
    bl.open_ledger(store, actor="clerk", create=True).close()
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    assert live(lambda: bl.open_ledger(store, actor="clerk")) == live(
        lambda: bl.open_ledger(path, actor="clerk")
    )


steps = st.lists(
    st.tuples(
        st.sampled_from(["open", "close", "mark", "cancel"]),
        st.integers(1, 400),
        st.integers(1, 10**6),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=8)
@given(plan=steps, method=st.sampled_from(["fifo", "lifo", "hifo", "average"]))
def test_a_short_position_mirrors_a_long_one(
    plan: list[tuple[str, int, int]], method: Method
) -> None:
    """Whoever is long what another is short gains what the other loses, every day.

    Lots, stock record and money agree, and all of it taken back is as if nothing was.
    """
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        accounts = SettlementAccounts(house=("firm", "desk"))
        accounts.open_in(ledger)
        books = SettlementBooks(ledger, PostingRules(accounts=accounts))
        for owner in accounts.house:
            books.methods.choose(method, since=date(2026, 1, 1), owner=owner)
        held, day = 0, T
        closing: list[TradeExecuted] = []
        for number, (action, count, money) in enumerate(plan):
            paid = bl.Amount.from_minor(money, "EUR")
            if action == "mark":
                if books.positions():
                    books.mark(day, {"ACME": paid.decimal})
            elif action == "cancel":
                if closing:
                    pair, closing = closing, []
                    books.post([TradeCancelled(trade=one, date=day) for one in pair])
                    held += pair[0].quantity.minor_units
            elif action == "open" or held:
                count = count if action == "open" else min(count, held)
                held += count if action == "open" else -count
                more = {"date": day, "settlement_date": day}
                one = short(f"S-{number}", count, paid.number, **more)
                if action == "close":
                    one = attrs.evolve(one, side="buy")
                other = attrs.evolve(
                    one,
                    trade_id=f"L-{number}",
                    side="buy" if one.side == "sell" else "sell",
                    owner="desk",
                    category="fvtpl",
                )
                books.post([one, other])
                closing = [one, other] if action == "close" else []
            day += timedelta(days=1)
            view = ledger.view()
            for path in (SHORT["realised"], SHORT["unrealised"]):
                assert not view.balance(path)
            proof = reconcile(view, accounts.lots, accounts.house)
            assert not proof.total("difference")
            assert not proof.total("cost difference")
            assert view.balance(SHORT["owner"])[ACME] == units(-held)
            found = books.positions()
            if ("firm", "ACME") in found:
                one_pool = found["firm", "ACME"].pool
                other_pool = found["desk", "ACME"].pool
                assert [
                    (lot.quantity, lot.cost, lot.adjustment) for lot in one_pool
                ] == [(lot.quantity, lot.cost, lot.adjustment) for lot in other_pool]
        ledger.verify()
        for record in sorted(ledger.view().entries(), key=lambda r: -r.position):
            ledger.reverse(record.id, date=day, reason="all of it")
        view = ledger.view()
        assert all(not view.balance(path) for path in view.accounts())
        assert all(not position.pool for position in books.positions().values())
