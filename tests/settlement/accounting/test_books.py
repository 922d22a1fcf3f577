"""The books of settlement: events in, entries posted, each of them once."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import attrs
import postgresql_server
import pytest
from booking_notation import SHORT, booked, eur, journal, trade, units

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    ConditionFailed,
    IdempotencyConflict,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidOption,
    LimitBreached,
    NotPermitted,
    UnknownRecord,
)
from backoffice_ledger.settlement.accounting import (
    FailResolved,
    LotsTransferred,
    Netted,
    Obligation,
    PostingRules,
    SettlementAccounts,
    SettlementBooks,
    SettlementEvent,
    TradeCancelled,
    TradeFailing,
    TradeSettled,
    open_obligations,
    settlement_date_balances,
)
from backoffice_ledger.settlement.lots import LotMethods, reconcile

T = date(2026, 10, 8)
S = date(2026, 10, 9)

SALE = {
    "trade_id": "S-1",
    "side": "sell",
    "quantity": units(600),
    "consideration": eur("31200.00"),
    "fees": {"commission": eur("6.00")},
}


def stock(books: SettlementBooks) -> None:
    """Buy the lots of JE-4: 400 at 48.00, and 1,000 at 50.00 a day later."""
    books.post(
        [
            trade(
                trade_id="L1",
                date=date(2026, 10, 6),
                quantity=units(400),
                consideration=eur("19200.00"),
                fees={},
            ),
            trade(trade_id="L2", date=date(2026, 10, 7), fees={}),
        ]
    )


def test_interest_that_was_bought_is_sold_with_the_bond(
    books: SettlementBooks,
) -> None:
    """By the share of the position that is sold; with the last units nothing is left.

    What accrued between is income, once it is accrued: 12.00 less the 10.00 bought.
    """
    accounts = books.accounts
    bought = trade(trade_id="B", fees={}, accrued=eur("10.01"))
    half = {"quantity": units(500), "consideration": eur("25000.00"), "fees": {}}
    first = trade(trade_id="S-1", side="sell", accrued=eur("6.00"), **half)
    rest = trade(trade_id="S-2", side="sell", accrued=eur("6.00"), **half)
    books.post([bought, first])
    purchased = books.ledger.balance(accounts.purchased_interest)
    assert purchased == bl.Balance([eur("5.00")])
    assert books.post([first]) == (books.ledger.record("settlement/S-1/executed"),)
    books.post([rest])
    assert not books.ledger.balance(accounts.purchased_interest)
    assert not books.ledger.balance(accounts.accrued_interest)
    income = books.ledger.balance(accounts.interest_income)
    assert income == bl.Balance([eur("1.99")])
    conflict = attrs.evolve(first, accrued_purchased=eur("1.00"))
    with pytest.raises(IdempotencyConflict):
        books.post([conflict])


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("fifo", "2000.00"),
        ("lifo", "1200.00"),
        ("hifo", "1200.00"),
        ("average", "1542.86"),
    ],
)
def test_a_sale_gets_its_lots_from_the_book(
    books: SettlementBooks, method: str, result: str
) -> None:
    """JE-4 by each method, as it was chosen and recorded."""
    books.methods.choose(method, since=date(2026, 1, 1))  # type: ignore[arg-type]
    stock(books)
    sold = trade(**SALE)
    first = books.post([sold])
    assert f"Cr realised {result} EUR" in booked(first)
    assert books.post([sold]) == first
    proof = reconcile(books.ledger.view(), books.accounts.lots, books.accounts.house)
    assert not proof.total("difference")
    assert not proof.total("cost difference")


def test_specific_lots_are_chosen_by_the_seller(books: SettlementBooks) -> None:
    """The trade names the units; without the method it may not."""
    stock(books)
    chosen = trade(**SALE, chosen={"L1": units(100), "L2": units(500)})
    with pytest.raises(InvalidOption, match="specific"):
        books.post([chosen])
    books.methods.choose("specific", since=T)
    assert "Cr realised 1400.00 EUR" in booked(books.post([chosen]))


def test_a_purchase_that_comes_again_changes_nothing(books: SettlementBooks) -> None:
    """The same trade posts once, other content of the same id is a conflict."""
    books.methods.choose("average", since=date(2026, 1, 1))
    [record] = books.post([trade()])
    assert books.post([trade(), trade()]) == (record, record)
    with pytest.raises(IdempotencyConflict):
        books.post([trade(consideration=eur("50001.00"))])


def test_all_events_or_none(books: SettlementBooks) -> None:
    """What cannot be booked takes what came before it back."""
    with pytest.raises(LimitBreached, match="short sale"):
        books.post([trade(), trade(**SALE | {"quantity": units(1001)})])
    with pytest.raises(UnknownRecord):
        books.ledger.record("settlement/T-1/executed")
    with pytest.raises(LimitBreached, match="at most 0 ACME"):
        books.post([trade(**SALE)])


def test_lots_of_one_run_see_one_another(books: SettlementBooks) -> None:
    """A purchase and two sales of it in one call."""
    more = SALE | {"trade_id": "S-2", "quantity": units(400)}
    records = books.post([trade(), trade(**SALE), trade(**more)])
    assert [record.id for record in records] == [
        "settlement/T-1/executed",
        "settlement/S-1/executed",
        "settlement/S-2/executed",
    ]
    assert not books.positions()["firm", "ACME"].pool


def test_a_position_is_measured_in_one_way(books: SettlementBooks) -> None:
    """Another category, or another currency, is another owner."""
    books.post([trade()])
    with pytest.raises(InvalidOption, match="portfolio of its own"):
        books.post([trade(trade_id="T-2", category="fvoci")])


def test_average_cost_begins_with_an_empty_position(books: SettlementBooks) -> None:
    """Lots that were bought one by one are not averaged afterwards."""
    books.post([trade()])
    books.methods.choose("average", since=S)
    late = {"date": S, "settlement_date": S}
    with pytest.raises(InvalidOption, match="while it is empty"):
        books.post([trade(**SALE | late)])
    books.post([trade(**SALE | {"quantity": units(1000)})])
    books.post([trade(trade_id="T-2", **late)])
    assert [lot.id for lot in books.positions()["firm", "ACME"].pool] == ["average"]


def test_a_lot_that_is_named_is_taken_as_it_is(books: SettlementBooks) -> None:
    """Who names the lots himself is not asked again."""
    books.post([trade(lot="block")])
    [lot] = books.positions(as_of=T, instrument="ACME")["firm", "ACME"].pool
    assert lot.id == "block"


# --- more than is open ----------------------------------------------------------------


def test_no_more_is_settled_than_is_open(books: SettlementBooks) -> None:
    """Money and units of a trade never go beyond what was booked for it."""
    bought = trade()
    books.post([bought])
    whole = TradeSettled(obligation=bought.obligation, date=S)
    records = books.post([whole])
    assert books.post([whole]) == records
    for event in (
        attrs.evolve(whole, part=2),
        TradeFailing(obligation=bought.obligation, date=S),
        FailResolved(obligation=bought.obligation, date=S),
        Netted(
            netting_id="N-1",
            date=S,
            obligations=[bought.obligation],
            counterparty="CCP",
        ),
        TradeSettled(obligation=attrs.evolve(bought.obligation, id="T-9"), date=S),
    ):
        with pytest.raises(LimitBreached, match="at most 0"):
            books.post([event])


def test_an_obligation_is_failing_or_not(books: SettlementBooks) -> None:
    """What is failing is settled as such; a netting that comes again is the same."""
    bought = trade()
    fails = TradeFailing(obligation=bought.obligation, date=S)
    books.post([bought, fails])
    with pytest.raises(LimitBreached):
        books.post([TradeSettled(obligation=bought.obligation, date=S)])
    resolved = FailResolved(obligation=bought.obligation, date=S)
    netted = Netted(
        netting_id="N-1", date=S, obligations=[bought.obligation], counterparty="CCP"
    )
    first = books.post([resolved, netted])
    assert books.post([fails, resolved, netted])[1:] == first


def test_many_trades_are_netted(books: SettlementBooks) -> None:
    """A netting of more than a thousand trades is several entries, all or none."""
    obligations = [
        Obligation(f"T-{number}", units(1), eur("-1.00"), "B") for number in range(1001)
    ]
    netted = Netted(netting_id="N-1", date=S, obligations=obligations, counterparty="C")
    drafts = [draft.to_entry() for draft in books.rules.entries(netted)]
    assert [len(entry.postings) for entry in drafts] == [2002, 4]
    assert booked(drafts[1:]) == journal(
        """
        2026-10-09 * settlement/N-1/netted/2
            Dr payable            1.00 EUR
            Dr pending-receive       1 ACME
            Cr payable-ccp        1.00 EUR
            Cr pending-receive       1 ACME
        """
    )


# --- taking back ----------------------------------------------------------------------


def test_a_purchase_is_taken_back(books: SettlementBooks) -> None:
    """With its change of value, once; then nothing is left of it."""
    bought = trade()
    books.post([bought])
    books.mark(T, {"ACME": "50.80"})
    cancelled = TradeCancelled(trade=bought, date=S, reason="twice")
    [record] = books.post([cancelled])
    assert record.entry.description == "twice"
    assert booked([record]) == journal(
        """
        2026-10-09 * settlement/T-1/cancelled
            Cr trading          50000.00 EUR
            Cr commission          10.00 EUR
            Dr payable          50010.00 EUR
            Cr owner                1000 ACME
            Dr pending-receive      1000 ACME
            Cr fair-value         800.00 EUR
            Dr unrealised         800.00 EUR
        """
    )
    assert books.post([cancelled]) == (record,)
    assert books.mark(S, {"ACME": "60.00"}) == ()


def test_a_failing_sale_is_taken_back(books: SettlementBooks) -> None:
    """The lots come back, and the failed accounts are cleared."""
    stock(books)
    books.mark(T, {"ACME": "50.80"})
    sold = trade(**SALE)
    books.post([sold, TradeFailing(obligation=sold.obligation, date=S)])
    before = books.post([TradeCancelled(trade=sold, date=S)])
    assert "Cr failed-to-deliver 31194.00 EUR" in booked(before)
    assert books.post([TradeCancelled(trade=sold, date=S)]) == before
    assert [lot.adjustment for lot in books.positions()["firm", "ACME"].pool] == [
        eur("1120.00"),
        eur("800.00"),
    ]


def test_a_purchase_at_average_cost_is_taken_back(books: SettlementBooks) -> None:
    """It leaves with its own cost and its share of the change of value."""
    books.methods.choose("average", since=date(2026, 1, 1))
    stock(books)
    books.mark(T, {"ACME": "50.80"})
    again = trade(
        trade_id="L1",
        date=date(2026, 10, 6),
        quantity=units(400),
        consideration=eur("19200.00"),
        fees={},
    )
    books.post([TradeCancelled(trade=again, date=S)])
    pool = books.positions()["firm", "ACME"].pool
    assert (pool.quantity, pool.cost) == (units(1000), eur("50000.00"))
    assert pool.adjustment == eur("1371.43")  # 1,920.00 less 400 / 1,400 of it


def test_a_customers_trade_is_taken_back(books: SettlementBooks) -> None:
    """There are no lots to look after."""
    bought = trade(capacity="agent", owner="C-17")
    books.post([bought, TradeCancelled(trade=bought, date=S)])
    assert not books.ledger.balance("stock:owner:C-17")


def test_what_cannot_be_taken_back(books: SettlementBooks) -> None:
    """A trade that is settled in part, sold, unknown, or another than was executed."""
    bought = trade()
    with pytest.raises(UnknownRecord):
        books.post([TradeCancelled(trade=bought, date=S)])
    books.post([bought])
    other = trade(consideration=eur("50001.00"))
    with pytest.raises(InvalidOption, match="as it was executed"):
        books.post([TradeCancelled(trade=other, date=S)])
    books.post([trade(**SALE)])
    with pytest.raises(NotPermitted, match="take the sale back first"):
        books.post([TradeCancelled(trade=bought, date=S)])
    more = trade(**SALE | {"trade_id": "S-2", "quantity": units(400)})
    books.post([more])
    with pytest.raises(NotPermitted, match="take the sale back first"):
        books.post([TradeCancelled(trade=bought, date=S)])
    part = more.obligation.share(units(1), eur("1.00"))
    books.post([TradeSettled(obligation=part, date=S)])
    with pytest.raises(NotPermitted, match="wholly open"):
        books.post([TradeCancelled(trade=more, date=S)])


# --- valuation ------------------------------------------------------------------------


def test_prices_are_exact(books: SettlementBooks) -> None:
    """Text, int, Decimal or Fraction; never a float."""
    books.post([trade()])
    with pytest.raises(InexactNumber):
        books.mark(T, {"ACME": 50.8})  # type: ignore[dict-item]
    with pytest.raises(InvalidAmount):
        books.mark(T, {"ACME": "50,80"})
    with pytest.raises(InvalidDate):
        books.mark("today", {"ACME": "50.80"})  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match=r"prices: expected a mapping"):
        books.mark(T, [("ACME", "50.80")])  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="OTHER"):
        books.mark(T, {"OTHER": "1.00"})
    assert len(books.mark(T, {"ACME": 51})) == 1
    assert books.mark(T, {"ACME": 51}) == ()
    with pytest.raises(IdempotencyConflict):
        books.mark(T, {"ACME": 52})
    assert len(books.mark(T, {"ACME": 52}, part=2)) == 1


def test_a_purchase_that_is_sold_before_it_comes(books: SettlementBooks) -> None:
    """Only what is left of it is valued as to be received."""
    books.post([trade(), trade(**SALE)])
    [record] = books.mark(T, {"ACME": "51.00"})
    assert booked([record])[1:] == [
        "Dr fair-value 400.00 EUR",
        "Cr unrealised 400.00 EUR",
    ]
    books.post([trade(**SALE | {"trade_id": "S-2", "quantity": units(400)})])
    books.post([trade(trade_id="T-2", quantity=units(1), consideration=eur("50.00"))])
    [record] = books.mark(T, {"ACME": "52.00"}, part=2)
    assert booked([record])[1:] == [
        "Dr fair-value 400.00 EUR",
        "Cr fair-value 400.00 EUR",
        "Dr fair-value 2.00 EUR",
        "Cr unrealised 2.00 EUR",
    ]


def test_lots_keep_what_they_are_when_they_move(books: SettlementBooks) -> None:
    """A transfer changes the owner, and neither the day nor the cost."""
    accounts = SettlementAccounts(house=("firm", "bank"))
    accounts.open_in(books.ledger)
    books = SettlementBooks(books.ledger, PostingRules(accounts=accounts))
    books.post([trade()])
    books.mark(T, {"ACME": "50.80"})
    parts = books.positions()["firm", "ACME"].pool.match(units(250), "fifo")
    moved = LotsTransferred(
        transfer_id="M-1",
        date=S,
        lots=parts,
        from_owner="firm",
        to_owner="bank",
    )
    books.post([moved])
    [lot] = books.positions()["bank", "ACME"].pool
    assert (lot.id, lot.acquired) == ("T-1", T)
    assert (lot.cost, lot.adjustment) == (eur("12500.00"), eur("200.00"))
    proof = reconcile(books.ledger.view(), accounts.lots, accounts.house)
    assert not proof.total("difference")
    assert not proof.total("cost difference")


# --- stores ---------------------------------------------------------------------------


def life() -> list[list[SettlementEvent]]:
    """Return the events of some days."""
    bought, sold = trade(), trade(**SALE)
    first = bought.obligation.share(units(400), eur("20004.00"))
    rest = bought.obligation.share(units(600), eur("30006.00"))
    return [
        [bought],
        [sold, TradeSettled(obligation=first, date=S)],
        [TradeFailing(obligation=rest, date=S)],
        [
            TradeSettled(obligation=rest, date=S, part=2, failing=True),
            TradeSettled(obligation=sold.obligation, date=S),
        ],
    ]


def state_of(ledger: bl.Ledger) -> list[str]:
    """Return what the book says at the end."""
    ledger.verify()
    view, accounts = ledger.view(), SettlementAccounts()
    assert open_obligations(view, accounts).rows() == []
    return [
        str(settlement_date_balances(view, accounts)),
        str(reconcile(view, accounts.lots, accounts.house)),
    ]


def live(open_ledger: Callable[[], bl.Ledger]) -> list[str]:
    """Book each day's events in a ledger that is opened anew for it, twice."""
    with open_ledger() as ledger:
        SettlementAccounts().open_in(ledger)
        LotMethods(ledger).choose("fifo", since=date(2026, 1, 1))
    for events in life():
        for _ in range(2):
            with open_ledger() as ledger:
                SettlementBooks(ledger).post(events)
    with open_ledger() as ledger:
        return state_of(ledger)


def in_memory(ledger: bl.Ledger) -> list[str]:
    """Return what the same events make in one book in memory."""
    SettlementBooks(ledger).post(event for events in life() for event in events)
    return state_of(ledger)


def test_a_book_that_is_closed_in_between(tmp_path: Path, ledger: bl.Ledger) -> None:
    """All that is known is in the file: each day another process goes on."""
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    assert live(lambda: bl.open_ledger(path, actor="clerk")) == in_memory(ledger)


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(tmp_path: Path, ledger: bl.Ledger) -> None:
    """The same events make the same books, and one run of all of them as well."""
    store = postgresql_server.store_of(tmp_path)
    bl.open_ledger(store, actor="clerk", create=True).close()
    assert live(lambda: bl.open_ledger(store, actor="clerk")) == in_memory(ledger)
    with bl.open_ledger(store, book="other", actor="clerk", create=True) as other:
        SettlementAccounts().open_in(other)
        books = SettlementBooks(other)
        other.atomically(lambda: [books.post(events) for events in life()])
        books.post([])
        assert state_of(other) == state_of(ledger)


@pytest.mark.parametrize(("collisions", "tries"), [(2, 3), (9, 5)])
def test_somebody_else_sells_the_same_lots(
    books: SettlementBooks,
    monkeypatch: pytest.MonkeyPatch,
    collisions: int,
    tries: int,
) -> None:
    """What was read of the lots is checked when it is posted; then it is read anew."""
    books.post([trade()])
    post = bl.Ledger.post_all
    seen: list[object] = []

    def post_late(
        self: bl.Ledger, entries: list[bl.Entry], *, versions: dict[str, int]
    ) -> tuple[bl.Record, ...]:
        seen.append(versions)
        if len(seen) <= collisions:
            versions = dict.fromkeys(versions, 0)
        return post(self, entries, versions=versions)

    monkeypatch.setattr(bl.Ledger, "post_all", post_late)
    if collisions < tries:
        [record] = books.post([trade(**SALE)])
        assert booked([record])[1] == "Cr trading 30000.00 EUR"
    else:
        with pytest.raises(ConditionFailed):
            books.post([trade(**SALE)])
    assert len(seen) == tries


def test_units_without_lots_stop_sales(books: SettlementBooks) -> None:
    """Nothing is sold out of lots that are not those of the stock record."""
    books.post([trade()])
    depository = "stock:location:depository"
    extra = [bl.debit(SHORT["owner"], units(1)), bl.credit(depository, units(1))]
    books.ledger.post(bl.Entry("by-hand", S, extra))
    with pytest.raises(ConditionFailed, match="reconcile"):
        books.post([trade(**SALE)])


def test_bad_arguments(ledger: bl.Ledger) -> None:
    """A ledger, rules and a rounding are what they must be."""
    with pytest.raises(InvalidOption):
        SettlementBooks("books.db")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption):
        SettlementBooks(ledger, SettlementAccounts())  # type: ignore[arg-type]
    with pytest.raises(InvalidOption):
        SettlementBooks(ledger, rounding="best")  # type: ignore[arg-type]
