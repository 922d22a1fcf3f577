"""What cannot be is refused with the name of the field: lists, prices, claims, days."""

import itertools
from datetime import date
from typing import Any

import attrs
import pytest
from booking_notation import ACME, BOND, eur, trade, units

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.checks import check_amount
from backoffice_ledger.settlement import corporate_actions as actions
from backoffice_ledger.settlement.accounting import (
    CouponPaid,
    DividendClaim,
    DividendClaimPaid,
    Obligation,
    SettlementBooks,
    TradeCancelled,
    open_claims,
)

T = date(2026, 10, 8)
S = date(2026, 10, 9)
PAID = date(2026, 10, 20)


@pytest.mark.parametrize(
    ("events", "field"),
    [
        (trade(), "events"),
        ("trade", "events"),
        (None, "events"),
        ([trade(), "trade"], "events[1]"),
        (itertools.count(), "events[0]"),
    ],
)
def test_events_are_a_list(books: SettlementBooks, events: Any, field: str) -> None:
    """Also an endless one is refused at its first element; nothing is booked."""
    with pytest.raises(errors.InvalidOption) as refused:
        books.post(events)
    assert refused.value.field == field
    assert not books.positions()


def test_an_instrument_is_a_commodity(books: SettlementBooks) -> None:
    """Its code alone does not say how it is divided."""
    book: Any = (books.ledger.view(), books.accounts)
    named: dict[str, Any] = {"instrument": "DE0007164600"}
    paid: dict[str, Any] = {
        **named,
        "per_unit": "1",
        "currency": "EUR",
        "ex_date": S,
        "payment_date": PAID,
    }
    owed = {**named, "currency": "EUR", "date": S}
    for call in (
        lambda: actions.dividend(*book, dividend_id="D", **paid),
        lambda: actions.coupon(*book, coupon_id="K", **paid),
        lambda: actions.pay_customers(*book, payment_id="P", **owed),
        lambda: actions.split(*book, split_id="X", ratio=2, date=S, **named),
        lambda: actions.accrued_interest(
            *book, accrual_id="A", accrued=eur("1.00"), date=S, **named
        ),
    ):
        with pytest.raises(errors.InvalidOption) as refused:
            call()
        assert refused.value.field == "instrument"


def test_text_is_no_amount() -> None:
    """The message does not ask for the text that it refuses."""
    with pytest.raises(errors.InexactNumber) as refused:
        check_amount("1.00 EUR", "cash")
    assert "use str" not in str(refused.value)
    assert "Amount('360.00', 'EUR')" in str(refused.value)


def days(ex_date: date, payment_date: date) -> dict[str, Any]:
    """Return the arguments of a dividend, or of a coupon."""
    return {
        "per_unit": "0.10",
        "currency": "EUR",
        "ex_date": ex_date,
        "payment_date": payment_date,
    }


def test_no_issuer_pays_before_the_ex_date(books: SettlementBooks) -> None:
    """The days are in the wrong order; on the ex-date itself it may."""
    view, accounts = books.ledger.view(), books.accounts
    wrong = days(PAID, S)
    with pytest.raises(errors.InvalidOption, match="payment_date"):
        actions.dividend(view, accounts, dividend_id="D", instrument=ACME, **wrong)
    with pytest.raises(errors.InvalidOption, match="payment_date"):
        actions.coupon(view, accounts, coupon_id="K", instrument=BOND, **wrong)
    same = days(S, S)
    found = actions.dividend(view, accounts, dividend_id="D", instrument=ACME, **same)
    assert found == ()


def test_who_is_short_owes_the_dividend(books: SettlementBooks) -> None:
    """That is settled with the lender; what was sold later does not count."""
    books.post([trade(side="sell", category="short", fees={})])
    view = books.ledger.view()
    arguments: dict[str, Any] = {"dividend_id": "D", "instrument": ACME}
    with pytest.raises(errors.InvalidOption, match="lender"):
        actions.dividend(view, books.accounts, **arguments, **days(S, PAID))
    assert not actions.dividend(view, books.accounts, **arguments, **days(T, PAID))


def claim(id: str = "D", count: int = 1000) -> DividendClaim:
    """Return a claim on the purchase T-1, or a debt on it."""
    part = Obligation("T-1", units(count), eur("0.00"), "DEALER")
    return DividendClaim(claim_id=id, obligation=part, date=S, amount=eur("100.00"))


@pytest.mark.parametrize("count", [1000, -1000])
def test_a_trade_with_an_open_claim_is_not_taken_back(
    books: SettlementBooks, count: int
) -> None:
    """The claim is paid, or reversed, first; it is listed meanwhile."""
    event, sign = trade(), 1 if count > 0 else -1
    [_, record] = books.post([event, claim(count=count)])
    cancel = TradeCancelled(trade=event, date=PAID)
    with pytest.raises(errors.NotPermitted, match="open market claim"):
        books.post([cancel])
    table = open_claims(books.ledger.view(as_of=PAID), books.accounts)
    [row] = table
    assert row["trade"], row["owner"] == ("T-1", "firm")
    assert (row["counterparty"], row["instrument"]) == ("DEALER", "ACME")
    assert row["money"] == bl.Balance([sign * eur("100.00")])
    assert "as of 2026-10-20" in str(table)
    books.ledger.reverse(record.id, date=PAID, reason="the trade is taken back")
    assert not list(open_claims(books.ledger.view(), books.accounts))
    books.post([cancel])


def test_a_claim_that_was_paid_holds_nothing(books: SettlementBooks) -> None:
    """After the payment the trade can be taken back."""
    event = trade()
    books.post([event, claim(), DividendClaimPaid(claim=claim(), date=PAID)])
    assert not list(open_claims(books.ledger.view(), books.accounts))
    books.post([TradeCancelled(trade=event, date=PAID)])


def test_no_claim_on_a_trade_that_was_taken_back(books: SettlementBooks) -> None:
    """Neither by itself nor with a coupon; one from before comes again for nothing."""
    event = trade()
    [_, record] = books.post([event, claim()])
    books.ledger.reverse(record.id, date=S, reason="wrong")
    books.post([TradeCancelled(trade=event, date=S)])
    coupon = CouponPaid(
        coupon_id="K",
        date=PAID,
        instrument=ACME,
        purchased=eur("0.00"),
        accrued=eur("100.00"),
        claims=(claim(),),
    )
    for late in (claim("D-2"), coupon):
        with pytest.raises(errors.NotPermitted, match="taken back"):
            books.post([late])
    [again] = books.post([claim()])
    assert again.id == record.id


def test_a_price_of_an_unknown_instrument(books: SettlementBooks) -> None:
    """It is refused by name; that of something that is held no longer is not."""
    books.post([trade(fees={})])
    with pytest.raises(errors.InvalidOption, match="ACMF") as refused:
        books.mark(S, {"ACME": "51.00", "ACMF": "51.00"})
    assert refused.value.field == "prices"
    assert not books.ledger.balance(books.accounts.fair_value_fvtpl)
    sold = trade(trade_id="S", side="sell", fees={})
    books.post([sold])
    assert books.mark(S, {"ACME": "51.00"}) == ()


def test_what_has_no_price_is_said(books: SettlementBooks) -> None:
    """All that is held at fair value, short ones too; not what is sold, or at cost."""
    bond = trade(
        trade_id="B", quantity=bl.Amount(1000, BOND), category="amortised-cost"
    )
    books.post([trade(fees={}), bond])
    assert books.unpriced({}) == ("ACME",)
    assert books.unpriced({"ACME": "51.00", "MORE": "1"}) == ()
    books.post([trade(trade_id="S", side="sell", fees={})])
    assert books.unpriced(()) == ()
    short = attrs.evolve(trade(trade_id="X", side="sell", fees={}), category="short")
    books.post([short])
    assert books.unpriced(["BOND"]) == ("ACME",)
