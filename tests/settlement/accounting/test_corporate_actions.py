"""Dividends, splits and coupons over positions and open trades."""

from datetime import date
from fractions import Fraction

import pytest
from booking_notation import ACME, BOND, SHORT, booked, eur, journal, trade, units

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest import AccruedInterest, DayCount
from backoffice_ledger.settlement.accounting import (
    DividendClaim,
    DividendPaid,
    Netted,
    Obligation,
    SettlementBooks,
    TradeFailing,
    TradeSettled,
)
from backoffice_ledger.settlement.corporate_actions import (
    accrued_interest,
    coupon,
    dividend,
    split,
)
from backoffice_ledger.settlement.lots import reconcile

T = date(2026, 10, 8)
S = date(2026, 10, 9)
PAID = date(2026, 10, 20)


def pay(books: SettlementBooks, ex_date: date, per_unit: str = "0.12") -> list[str]:
    """Return what a dividend books."""
    events = dividend(
        books.ledger.view(as_of=S),
        books.accounts,
        dividend_id="D",
        instrument=ACME,
        per_unit=per_unit,
        currency="EUR",
        ex_date=ex_date,
        payment_date=PAID,
    )
    return booked(books.post(events))


def test_a_dividend_over_settled_and_open_trades(books: SettlementBooks) -> None:
    """The issuer pays on what is settled; buyers claim, sellers owe; all is right.

    1,000 settled, 500 to be received, 200 to be delivered: 1,300 of the trade date.
    """
    first = trade()
    books.post([first, TradeSettled(obligation=first.obligation, date=T)])
    coming = trade(trade_id="T-2", quantity=units(500))
    going = trade(trade_id="S-1", side="sell", quantity=units(200), counterparty="C")
    books.post([coming, going, TradeFailing(obligation=going.obligation, date=S)])
    late = trade(trade_id="T-3", date=S)
    books.post([late])
    assert pay(books, S) == journal(
        """
        2026-10-20 * settlement/D-firm/dividend
            Dr nostro    120.00 EUR
            Cr dividends 120.00 EUR

        2026-10-09 * settlement/D-T-2/claimed
            Dr claims     60.00 EUR
            Cr dividends  60.00 EUR

        2026-10-09 * settlement/D-S-1/claimed
            Cr liabilities:market-claims 24.00 EUR
            Dr dividends                 24.00 EUR
        """
    )
    assert books.ledger.balance(SHORT["dividends"])["EUR"] == eur("156.00")


def test_a_dividend_of_customers(books: SettlementBooks) -> None:
    """Each owner gets his own; a netting keeps the day of its earliest trade."""
    bought = trade(capacity="agent", owner="C-17", quantity=units(100))
    netted = Netted(
        netting_id="N", date=S, obligations=[bought.obligation], counterparty="CCP"
    )
    books.post([bought, netted])
    events = dividend(
        books.ledger.view(),
        books.accounts,
        dividend_id="D",
        instrument=ACME,
        per_unit=Fraction(1, 3),
        currency=bl.Commodity("EUR"),
        ex_date=S,
        payment_date=PAID,
    )
    [claim] = events
    assert isinstance(claim, DividendClaim)
    assert (claim.amount, claim.obligation.owner) == (eur("33.33"), "C-17")
    assert claim.obligation.counterparty == "CCP"
    net = Obligation("N", units(100), eur("-50000.00"), "CCP", "ccp", "C-17")
    books.post([TradeSettled(obligation=net, date=S)])
    [paid] = dividend(
        books.ledger.view(),
        books.accounts,
        dividend_id="D",
        instrument=ACME,
        per_unit="0.50",
        currency="EUR",
        ex_date=S,
        payment_date=PAID,
    )
    assert isinstance(paid, DividendPaid)
    assert (paid.owner, paid.amount) == ("C-17", eur("50.00"))


def test_a_dividend_too_small_to_pay(books: SettlementBooks) -> None:
    """What rounds to nothing is no event."""
    bought = trade(quantity=units(1))
    books.post([bought])
    assert pay(books, S, "0.001") == []
    books.post([TradeSettled(obligation=bought.obligation, date=S)])
    assert pay(books, S, "0.001") == []


def test_a_split_of_lots_and_open_trades(books: SettlementBooks) -> None:
    """Two for one: lots re-based, no result, the open trade delivers twice as many."""
    first = trade()
    books.post([first, TradeSettled(obligation=first.obligation, date=T)])
    books.mark(T, {"ACME": "50.80"})
    going = trade(trade_id="S-1", side="sell", quantity=units(200), fees={})
    agent = trade(trade_id="A-1", capacity="agent", owner="C-17", quantity=units(30))
    books.post([going, agent, TradeFailing(obligation=agent.obligation, date=S)])
    money = bl.Balance([eur("0.00")])
    before = books.ledger.view().trial_balance().rows()
    events = split(
        books.ledger.view(),
        books.accounts,
        split_id="X",
        instrument=ACME,
        ratio=2,
        date=S,
    )
    assert booked(books.post(events)) == journal(
        """
        2026-10-09 * settlement/X/split/C-17
            Dr stock:owner:C-17  30 ACME
            Cr fail-receive      30 ACME

        2026-10-09 * settlement/X/split/firm
            Dr owner            800 ACME
            Cr depository      1000 ACME
            Dr pending-deliver  200 ACME
        """
    )
    assert books.ledger.view().trial_balance().rows() == before
    [lot] = books.positions()["firm", "ACME"].pool
    assert (lot.id, lot.acquired, lot.quantity) == ("T-1", T, units(1600))
    assert (lot.cost, lot.adjustment) == (eur("40000.00"), eur("640.00"))
    twice = Obligation("S-1", units(-400), eur("50000.00"), "DEALER")
    books.post([TradeSettled(obligation=twice, date=S)])
    assert not books.mark(S, {"ACME": "25.40"})
    proof = reconcile(books.ledger.view(), books.accounts.lots, books.accounts.house)
    assert proof.total("difference") == money


@pytest.mark.parametrize("ratio", [Fraction(1, 3), "0.15", 1, 0, -2])
def test_a_split_leaves_no_fractions(
    books: SettlementBooks, ratio: Fraction | str | int
) -> None:
    """A ratio that breaks a unit, or is none, is refused, and nothing is booked."""
    books.post([trade(quantity=units(10))])
    with pytest.raises(InvalidOption) as error:
        split(
            books.ledger.view(),
            books.accounts,
            split_id="X",
            instrument=ACME,
            ratio=ratio,
            date=S,
        )
    assert error.value.field == "ratio"


def test_units_are_joined(books: SettlementBooks) -> None:
    """One for ten: the same cost on fewer units."""
    books.post([trade()])
    [event] = split(
        books.ledger.view(),
        books.accounts,
        split_id="X",
        instrument=ACME,
        ratio=Fraction(1, 10),
        date=S,
    )
    books.post([event])
    assert books.positions()["firm", "ACME"].pool.quantity == units(100)


def test_a_bond_from_purchase_to_coupon(books: SettlementBooks) -> None:
    """JE-8, with an accrual on the way: 1,250 bought, 1,750 accrued, 3,000 paid."""
    interest = AccruedInterest(
        principal="100000.00 EUR",
        rate="0.06",
        start=date(2026, 7, 24),
        day_count=DayCount("30/360-BOND"),
    )
    bond = trade(
        quantity=bl.Amount(100_000, BOND),
        consideration=eur("101250.00"),
        accrued=interest.accrued(S),
        fees={},
    )
    books.post([bond, TradeSettled(obligation=bond.obligation, date=S)])
    day = date(2026, 12, 31)
    for _ in range(2):
        events = accrued_interest(
            books.ledger.view(),
            books.accounts,
            accrual_id="2026",
            instrument=BOND,
            accrued=interest.accrued(day),
            date=day,
        )
        books.post(events)
    assert events == ()
    assert books.ledger.balance(SHORT["interest"])["EUR"] == eur("1366.67")
    end = date(2027, 1, 24)
    events = coupon(
        books.ledger.view(),
        books.accounts,
        coupon_id="C-1",
        instrument=BOND,
        per_unit="0.03",
        currency="EUR",
        ex_date=end,
        payment_date=end,
    )
    assert booked(books.post(events)) == journal(
        """
        2027-01-24 * settlement/C-1-firm/interest-accrued
            Dr accrued    383.33 EUR
            Cr interest   383.33 EUR

        2027-01-24 * settlement/C-1-firm/coupon
            Dr nostro    3000.00 EUR
            Cr purchased 1250.00 EUR
            Cr accrued   1750.00 EUR
        """
    )
    for name in ("purchased", "accrued"):
        assert not books.ledger.balance(SHORT[name])


def test_a_coupon_pays_what_was_bought(books: SettlementBooks) -> None:
    """A coupon below the interest that was bought with the bond is no coupon."""
    bond = trade(
        quantity=bl.Amount(100_000, BOND),
        consideration=eur("101250.00"),
        accrued=eur("1250.00"),
    )
    books.post([bond])
    with pytest.raises(InvalidOption, match="at least 1250"):
        coupon(
            books.ledger.view(),
            books.accounts,
            coupon_id="C-1",
            instrument=BOND,
            per_unit="0.01",
            currency="EUR",
            ex_date=S,
            payment_date=S,
        )
