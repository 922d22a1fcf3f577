"""Payments are limited to what is open: of a trade, a claim, a customer, a penalty."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import attrs
import postgresql_server
import pytest
from booking_notation import ACME, eur, trade, units

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    IdempotencyConflict,
    InvalidOption,
    LimitBreached,
    NotPermitted,
)
from backoffice_ledger.settlement.accounting import (
    CustomerPaid,
    CustomerSettled,
    DividendClaim,
    DividendClaimPaid,
    DividendPaid,
    FxTradeExecuted,
    FxTradeSettled,
    Obligation,
    PenaltyAccrued,
    PenaltyPaid,
    SettlementAccounts,
    SettlementBooks,
    SettlementEvent,
    TradeCancelled,
    TradeExecuted,
)

T = date(2026, 10, 8)
S = date(2026, 10, 9)
PAID = date(2026, 10, 20)
OWES, OWED = "assets:customers", "liabilities:customers"


def customers(side: str = "buy", **more: object) -> TradeExecuted:
    """Return a trade of a customer: 600.00 for 60 units, without commission."""
    arguments: dict[str, object] = {
        "trade_id": "K",
        "side": side,
        "owner": "C-17",
        "capacity": "agent",
        "quantity": units(60),
        "consideration": eur("600.00"),
        "fees": {},
    }
    return trade(**(arguments | more))


def paid(event: TradeExecuted, cash: str | None, part: int = 1) -> CustomerSettled:
    """Return a customer's payment."""
    amount = None if cash is None else eur(cash)
    return CustomerSettled(trade=event, date=S, cash=amount, part=part)


@pytest.mark.parametrize(("side", "path"), [("buy", OWES), ("sell", OWED)])
def test_a_customer_pays_in_parts(books: SettlementBooks, side: str, path: str) -> None:
    """250.00 of 600.00, then what is left; no third payment, and retries do nothing."""
    event = customers(side)
    parts = [paid(event, "250.00"), paid(event, None, 2)]
    records = books.post([event, *parts])
    assert not books.ledger.balance(path)
    assert books.post([event, *parts]) == records
    assert books.post([parts[1]]) == records[2:]
    for third in (paid(event, None, 3), paid(event, "0.01", 3)):
        with pytest.raises(LimitBreached, match=path):
            books.post([third])
    with pytest.raises(IdempotencyConflict):
        books.post([paid(event, "250.01")])


def test_what_is_left_is_no_retry_of_a_part(books: SettlementBooks) -> None:
    """All of it under the number of a payment that was a part is a conflict."""
    event = customers()
    books.post([event, paid(event, "250.00")])
    with pytest.raises(IdempotencyConflict):
        books.post([paid(event, None)])
    assert books.ledger.balance(OWES) == bl.Balance([eur("350.00")])


def test_a_payment_that_was_reversed(books: SettlementBooks) -> None:
    """The same payment posts once; another one pays what is open again."""
    event = customers()
    [_, record] = books.post([event, paid(event, None)])
    books.ledger.reverse(record.id, date=S, reason="it bounced")
    [again] = books.post([paid(event, None)])
    assert again.position == record.position
    books.post([paid(event, None, 2)])
    assert not books.ledger.balance(OWES)


def test_more_than_is_left_is_refused_with_all_that_comes_with_it(
    books: SettlementBooks,
) -> None:
    """Payments of one call count together, and none of them is booked."""
    event = customers()
    books.post([event])
    with pytest.raises(LimitBreached, match=r"200\.00") as refused:
        books.post([paid(event, "400.00"), paid(event, "200.01", 2)])
    assert refused.value.field == "trade"
    assert books.ledger.balance(OWES) == bl.Balance([eur("600.00")])


def test_payments_for_trades_that_are_not_there(books: SettlementBooks) -> None:
    """A trade that was cancelled, or never captured, has nothing to pay."""
    event = customers()
    books.post([event, TradeCancelled(trade=event, date=S)])
    never = customers(trade_id="N")
    for payment in (paid(event, None), paid(event, "1.00"), paid(never, None)):
        with pytest.raises(LimitBreached):
            books.post([payment])
    assert not books.ledger.balance(OWES)


def test_a_trade_that_its_customer_paid_is_not_taken_back(
    books: SettlementBooks,
) -> None:
    """The payment is reversed first; then nothing of the trade is left."""
    event = customers()
    [_, record] = books.post([event, paid(event, "250.00")])
    cancel = TradeCancelled(trade=event, date=S)
    with pytest.raises(NotPermitted, match="customer's payment"):
        books.post([cancel])
    books.ledger.reverse(record.id, date=S, reason="the trade is taken back")
    books.post([cancel])
    assert not books.ledger.balance(OWES)


def test_no_payment_before_the_trade() -> None:
    """Its date is that of the trade, or of the claim, or later."""
    before = date(2026, 10, 7)
    bought, sold = eur("1.00"), bl.Amount("1.10", "USD")
    fx = FxTradeExecuted(
        trade_id="F", date=T, value_date=S, bought=bought, sold=sold, counterparty="B"
    )
    makers: list[Callable[[], SettlementEvent]] = [
        lambda: CustomerSettled(trade=customers(), date=before),
        lambda: FxTradeSettled(trade=fx, date=before),
        lambda: DividendClaimPaid(claim=claim("D"), date=before),
    ]
    for make in makers:
        with pytest.raises(InvalidOption, match="2026-10-08 or later"):
            make()


def claim(id: str, amount: str = "6.00", count: int = 60) -> DividendClaim:
    """Return a claim on the open trade T-1."""
    part = Obligation("T-1", units(count), eur("0.00"), "DEALER")
    return DividendClaim(claim_id=id, obligation=part, date=T, amount=eur(amount))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("is_paid", [True, False])
def test_a_claim_is_no_part_of_the_proceeds(
    books: SettlementBooks, *, together: bool, is_paid: bool
) -> None:
    """The seller gets 600.00, and owes 6.00 of a dividend that went to him."""
    event = customers("sell", trade_id="T-1")
    owed = attrs.evolve(
        claim("D"), obligation=attrs.evolve(event.obligation, cash=eur("0.00"))
    )
    steps: list[SettlementEvent] = [event, paid(event, "100.00"), owed]
    if is_paid:
        steps.append(DividendClaimPaid(claim=owed, date=S))
    steps.append(paid(event, None, 2))
    for some in [steps] if together else [[step] for step in steps]:
        books.post(some)
    record = books.ledger.record("settlement/T-1/customer/2")
    assert record.entry.postings[0].amount == eur("500.00")
    assert books.ledger.balance(OWED) == bl.Balance([eur("-6.00")])
    [again] = books.post([paid(event, None, 2)])
    assert again.id == record.id
    with pytest.raises(LimitBreached):
        books.post([paid(event, "0.01", 3)])


def test_a_claim_that_was_paid_does_not_hold_the_trade(books: SettlementBooks) -> None:
    """The customer's sale is taken back, and the claim is another matter."""
    event = customers("sell", trade_id="T-1")
    owed = attrs.evolve(
        claim("D"), obligation=attrs.evolve(event.obligation, cash=eur("0.00"))
    )
    books.post([event, owed, DividendClaimPaid(claim=owed, date=S)])
    books.post([TradeCancelled(trade=event, date=S)])
    assert books.ledger.balance(OWED) == bl.Balance([eur("-6.00")])


@pytest.mark.parametrize("count", [60, -60])
def test_a_claim_is_paid_once(books: SettlementBooks, count: int) -> None:
    """Neither an unknown one, nor more than is open of those on its trade."""
    one = claim("D", count=count)
    books.post([trade(), one, DividendClaimPaid(claim=one, date=S)])
    books.post([DividendClaimPaid(claim=one, date=S)])
    for wrong in (claim("X", count=count), claim("D-2", "0.01", count)):
        with pytest.raises(LimitBreached, match=r"at most 0.00 EUR of T-1"):
            books.post([DividendClaimPaid(claim=wrong, date=S)])
    two = claim("D-3", count=count)
    books.post([two])
    more = DividendClaimPaid(claim=attrs.evolve(two, amount=eur("6.01")), date=S)
    with pytest.raises(LimitBreached, match=r"at most 6.00 EUR"):
        books.post([more])


def test_customers_get_what_they_are_owed(books: SettlementBooks) -> None:
    """Neither more than that, nor by two payments of one call, nor somebody else."""
    came = DividendPaid(
        dividend_id="D", date=S, instrument=ACME, amount=eur("5.00"), owner="C-17"
    )

    def payment(id: str, amount: str, owner: str = "C-17") -> CustomerPaid:
        return CustomerPaid(
            payment_id=id, date=S, instrument=ACME, amount=eur(amount), owner=owner
        )

    books.post([came, payment("P", "4.00")])
    books.post([payment("P", "4.00")])
    with pytest.raises(LimitBreached, match=r"at most 1.00 EUR of C-17"):
        books.post([payment("Q", "1.01")])
    with pytest.raises(LimitBreached):
        books.post([payment("Q", "0.60"), payment("R", "0.60")])
    with pytest.raises(LimitBreached, match=r"at most 0.00 EUR of C-18"):
        books.post([payment("Q", "0.01", "C-18")])
    books.post([payment("Q", "1.00")])
    assert not books.ledger.balance(OWED)


def test_a_currency_trade_is_paid_once(books: SettlementBooks) -> None:
    """A side that was settled is not settled again with both."""
    fx = FxTradeExecuted(
        trade_id="F",
        date=T,
        value_date=S,
        bought=eur("100.00"),
        sold=bl.Amount("110.00", "USD"),
        counterparty="B",
    )
    books.post([fx, FxTradeSettled(trade=fx, date=S, paid="bought")])
    with pytest.raises(LimitBreached, match=r"at most 0.00 EUR of F"):
        books.post([FxTradeSettled(trade=fx, date=S)])
    books.post([FxTradeSettled(trade=fx, date=S, paid="sold")])
    other = attrs.evolve(fx, trade_id="never")
    with pytest.raises(LimitBreached):
        books.post([FxTradeSettled(trade=other, date=S)])


def test_penalties_are_paid_once(books: SettlementBooks) -> None:
    """Two days of one trade are paid together, and not again under another id."""
    days = [
        PenaltyAccrued(
            penalty_id=f"P-{number}",
            obligation_id="T-1",
            date=S,
            amount=eur("1.50"),
            counterparty="DEALER",
        )
        for number in (1, 2)
    ]
    books.post([*days, PenaltyPaid(payment_id="M", date=PAID, penalties=days)])
    with pytest.raises(LimitBreached, match=r"at most 0.00 EUR of T-1"):
        books.post([PenaltyPaid(payment_id="N", date=PAID, penalties=days[:1])])


def check_life(open_book: Callable[[], bl.Ledger]) -> None:
    """A customer pays in parts while the book is closed in between."""
    event = customers()
    with open_book() as ledger:
        SettlementAccounts().open_in(ledger, customers=["C-17"])
        SettlementBooks(ledger).post([event, paid(event, "250.00")])
    with open_book() as ledger:
        books = SettlementBooks(ledger)
        with pytest.raises(LimitBreached):
            books.post([paid(event, "350.01", 2)])
        [record] = books.post([paid(event, None, 2)])
        [again] = books.post([paid(event, None, 2)])
        assert again.entry == record.entry
        assert not ledger.balance(OWES)


def test_it_survives_a_restart(tmp_path: Path) -> None:
    """What is open is read from the book, and a retry finds its entry."""
    check_life(lambda: bl.open_ledger(tmp_path / "book.db", actor="clerk", create=True))


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(tmp_path: Path) -> None:
    """Where entries get their places in the log later."""
    store = postgresql_server.store_of(tmp_path)
    check_life(lambda: bl.open_ledger(store, actor="clerk", create=True))
