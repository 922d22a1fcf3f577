"""Interest on a bond from its purchase to its sale: a flat position leaves nothing."""

from datetime import date

import attrs
import pytest
from booking_notation import BOND, SHORT, booked, eur, journal, trade
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import IdempotencyConflict
from backoffice_ledger.settlement.accounting import (
    CouponAccrued,
    CouponPaid,
    SettlementAccounts,
    SettlementBooks,
    TradeCancelled,
    TradeExecuted,
    TradeSettled,
)
from backoffice_ledger.settlement.corporate_actions import coupon

T = date(2026, 10, 8)
S = date(2026, 10, 9)
EX = date(2026, 10, 12)
PAID = date(2026, 10, 20)
PURCHASED, ACCRUED = SHORT["purchased"], SHORT["accrued"]


def bond(
    id: str, side: str, accrued: str | None, face: int = 1000, day: date = T
) -> TradeExecuted:
    """Return a trade in a bond at par, without commission."""
    return trade(
        trade_id=id,
        date=day,
        settlement_date=max(day, S),
        side=side,
        quantity=bl.Amount(face, BOND),
        consideration=eur(f"{face}.00"),
        accrued=None if accrued is None else eur(accrued),
        fees={},
    )


def accrual(amount: str, id: str = "A") -> CouponAccrued:
    """Return interest that has accrued."""
    return CouponAccrued(accrual_id=id, date=S, instrument=BOND, amount=eur(amount))


def balances(books: SettlementBooks) -> tuple[str, ...]:
    """Return what is booked as bought, as accrued, and as income."""
    paths = PURCHASED, ACCRUED, SHORT["interest"]
    return tuple(str(books.ledger.balance(path)["EUR"]) for path in paths)


@pytest.mark.parametrize(
    ("accrued", "sold", "income"),
    [
        ("0.00", "25.00", "15.00"),
        ("12.00", "25.00", "15.00"),
        ("15.00", "25.00", "15.00"),
        ("20.00", "25.00", "15.00"),
        ("0.00", "5.00", "-5.00"),
        ("0.00", None, "-10.00"),
    ],
)
def test_a_flat_position_leaves_nothing(
    books: SettlementBooks, accrued: str, sold: str | None, income: str
) -> None:
    """Bought with 10.00: income is what was sold above it, accrued before or not."""
    books.post([bond("B", "buy", "10.00")])
    books.post([accrual(accrued)])
    books.post([bond("S", "sell", sold)])
    assert balances(books) == ("0.00 EUR", "0.00 EUR", f"{income} EUR")


def test_a_sale_books_what_is_missing(books: SettlementBooks) -> None:
    """Bought with 10.00, 12.00 accrued, sold with 25.00: 3.00 accrue with the sale."""
    books.post([bond("B", "buy", "10.00"), accrual("12.00")])
    sale = books.post([bond("S", "sell", "25.00")])
    assert booked(sale) == journal(
        """
        2026-10-08 * settlement/S/executed
            Cr trading     1000.00 EUR
            Cr purchased     10.00 EUR
            Cr accrued       12.00 EUR
            Cr interest       3.00 EUR
            Dr receivable  1025.00 EUR
            Cr owner 1000 BOND
            Dr pending-deliver 1000 BOND
        """
    )
    assert books.post([bond("S", "sell", "25.00")]) == sale


def test_a_part_takes_its_share(books: SettlementBooks) -> None:
    """A quarter takes a quarter of both; the rest takes what is left, to the cent."""
    books.post([bond("B", "buy", "10.01"), accrual("4.01")])
    books.post([bond("S", "sell", "6.00", 250)])
    assert balances(books) == ("7.51 EUR", "3.01 EUR", "6.51 EUR")
    books.post([bond("R", "sell", "18.00", 750)])
    assert balances(books) == ("0.00 EUR", "0.00 EUR", "13.99 EUR")


def test_a_sale_is_taken_back(books: SettlementBooks) -> None:
    """With its interest, as its entry says, whatever has accrued since."""
    sale = bond("S", "sell", "25.00")
    books.post([bond("B", "buy", "10.00"), sale, accrual("1.00")])
    books.post([TradeCancelled(trade=sale, date=S)])
    assert balances(books) == ("10.00 EUR", "1.00 EUR", "1.00 EUR")
    with pytest.raises(IdempotencyConflict):
        books.post([attrs.evolve(sale, accrued_purchased=eur("1.00"))])


def test_a_sale_of_an_earlier_release(books: SettlementBooks) -> None:
    """What was not bought came off the accrued interest: a retry finds it as it was."""
    sale = bond("S", "sell", "25.00")
    old = attrs.evolve(sale, accrued_purchased=eur("10.00"))
    [_, record] = books.post([bond("B", "buy", "10.00"), old])
    assert balances(books) == ("0.00 EUR", "-15.00 EUR", "0.00 EUR")
    assert books.post([sale]) == (record,)
    books.post([TradeCancelled(trade=sale, date=S)])
    assert balances(books) == ("10.00 EUR", "0.00 EUR", "0.00 EUR")


def coupons(books: SettlementBooks) -> tuple[CouponAccrued | CouponPaid, ...]:
    """Return what a coupon of 3 % brings."""
    return coupon(
        books.ledger.view(),
        books.accounts,
        coupon_id="K",
        instrument=BOND,
        per_unit="0.03",
        currency="EUR",
        ex_date=EX,
        payment_date=PAID,
    )


@pytest.mark.parametrize("sold", [None, "1.00"])
def test_a_sale_between_ex_date_and_coupon(
    books: SettlementBooks, sold: str | None
) -> None:
    """The coupon stays with the seller: 30.00 less 10.00, and what the sale brings."""
    first = bond("B", "buy", "10.00")
    books.post([first, TradeSettled(obligation=first.obligation, date=S)])
    books.post([accrual("20.00"), bond("S", "sell", sold, day=EX)])
    books.post(coupons(books))
    income = "20.00" if sold is None else "21.00"
    assert balances(books) == ("0.00 EUR", "0.00 EUR", f"{income} EUR")


def test_a_purchase_and_a_sale_between_ex_date_and_coupon(
    books: SettlementBooks,
) -> None:
    """What was bought for the next coupon stays; a purchase taken back does not count.

    Paid 11.00, got 30.00 and 1.00, and 1.00 is still held as interest that was bought.
    """
    first, wrong = bond("B", "buy", "10.00"), bond("W", "buy", "1.00", day=EX)
    books.post([first, TradeSettled(obligation=first.obligation, date=S)])
    books.post([accrual("20.00"), wrong, TradeCancelled(trade=wrong, date=EX)])
    books.post([bond("L", "buy", "1.00", day=EX), bond("S", "sell", "1.00", day=EX)])
    books.post(coupons(books))
    assert balances(books) == ("1.00 EUR", "0.00 EUR", "21.00 EUR")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell", "accrue"]),
            st.integers(1, 50),
            st.integers(0, 9_999),
        ),
        max_size=8,
    )
)
def test_whatever_happens(plan: list[tuple[str, int, int]]) -> None:
    """Once all is sold nothing is left, and income is what was sold less bought."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        books = SettlementBooks(ledger)
        books.accounts.open_in(ledger)
        held = income = 0
        for number, (what, face, cents) in enumerate([*plan, ("sell", 10**6, 7)]):
            amount = str(bl.Amount.from_minor(cents, bl.Commodity.of("EUR")).number)
            if what == "accrue" and held:
                books.post([accrual(amount, f"A-{number}")])
            elif what == "buy":
                books.post([bond(f"B-{number}", "buy", amount, face)])
                held, income = held + face, income - cents
            elif what == "sell" and held:
                count = min(face, held)
                books.post([bond(f"S-{number}", "sell", amount, count)])
                held, income = held - count, income + cents
        assert not ledger.balance(PURCHASED)
        assert not ledger.balance(ACCRUED)
        found = ledger.balance(SettlementAccounts().interest_income)
        assert found["EUR"].minor_units == income
