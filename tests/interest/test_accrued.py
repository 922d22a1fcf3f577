"""Accrued interest: to date, less what is booked."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityMismatch,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.interest import (
    AccruedInterest,
    DayCount,
    InterestPart,
    year_fraction,
)

Make = Callable[..., AccruedInterest]
CONVENTIONS = ("30/360-BOND", "30E/360", "ACT/360", "ACT/ACT-ISDA", "ACT/ACT-AFB")
MONTH_ENDS = [
    date(2024, month, day)
    for month, day in ((1, 31), (2, 29), (3, 31), (4, 30), (5, 31), (6, 30), (7, 15))
]


@pytest.fixture
def loan() -> Make:
    """Return a function that makes a loan of 100,000 at 6 %."""

    def make(**changes: Any) -> AccruedInterest:
        arguments: dict[str, Any] = {
            "principal": "100000.00 EUR",
            "rate": "0.06",
            "start": date(2024, 9, 30),
            "day_count": DayCount("30/360-BOND"),
        }
        return AccruedInterest(**(arguments | changes))

    return make


@pytest.mark.parametrize(
    ("convention", "expected"),
    [
        ("30/360-BOND", "1500.00"),
        ("ACT/360", "1533.33"),
        ("ACT/365F", "1512.33"),
        ("ACT/ACT-ISDA", "1508.20"),
    ],
)
def test_a_quarter_by_convention(loan: Make, convention: str, expected: str) -> None:
    """100,000 at 6 % from 30 September to 31 December 2024."""
    terms = loan(day_count=DayCount(convention))
    assert terms.accrued(date(2024, 12, 31)) == bl.Amount(expected, "EUR")


def test_month_ends_do_not_change_the_sum(loan: Make) -> None:
    """Half a year is 3,000.00, however often it is booked."""
    terms = loan(start=date(2024, 1, 15))
    parts = terms.plan(MONTH_ENDS)
    assert parts[-1].accrued == bl.Amount("3000.00", "EUR")
    assert sum(part.amount.minor_units for part in parts) == 300_000
    assert [part.amount.number for part in parts] == [
        "266.67",
        "466.66",
        "533.34",
        "483.33",
        "516.67",
        "483.33",
        "250.00",
    ]


def test_the_sum_of_periods_would_be_wrong() -> None:
    """What we do not do: the fractions of the periods sum to two days more."""
    days = [date(2024, 1, 15), *MONTH_ENDS]
    parts = [
        bl.Amount.rounded(
            6000 * year_fraction("30/360-BOND", start, end), "EUR", rounding="half-up"
        )
        for start, end in pairwise(days)
    ]
    assert sum(part.minor_units for part in parts) == 303_333


def test_what_is_booked_is_taken_off(loan: Make) -> None:
    """Whatever it was; too much comes back."""
    terms = loan()
    day = date(2024, 12, 31)
    assert terms.due(day) == bl.Amount("1500.00", "EUR")
    assert terms.due(day, booked="1000.01 EUR") == bl.Amount("499.99", "EUR")
    assert terms.due(day, booked=bl.Amount("1500.01", "EUR")) == bl.Amount(
        "-0.01", "EUR"
    )


def test_interest_begins_and_ends(loan: Make) -> None:
    """Nothing accrues before the start or after the end."""
    terms = loan(end=date(2024, 12, 30))
    zero = bl.Amount("0.00", "EUR")
    assert terms.accrued(date(2024, 1, 1)) == terms.accrued(date(2024, 9, 30)) == zero
    assert terms.accrued(date(2024, 12, 30)) == bl.Amount("1500.00", "EUR")
    assert terms.accrued(date(2044, 12, 30)) == bl.Amount("1500.00", "EUR")


def test_a_changed_rate_is_summed_before_rounding(loan: Make) -> None:
    """Two pieces of a third of a cent are rounded as one."""
    piece = loan(principal="0.20 EUR", day_count=DayCount("ACT/360"))
    exact = piece.exact(date(2024, 10, 30))
    assert exact == Fraction(1, 1000)
    both = loan(principal="1.00 EUR").exact(date(2024, 10, 30)) + exact
    assert both == Fraction(6, 1000)
    assert bl.Amount.rounded(both, "EUR", rounding="half-up").number == "0.01"


@pytest.mark.parametrize(
    ("rounding", "positive", "negative"),
    [
        ("half-up", 3, -3),
        ("half-even", 2, -2),
        ("down", 2, -2),
        ("up", 3, -3),
        ("floor", 2, -3),
        ("ceiling", 3, -2),
    ],
)
def test_rounding_is_chosen(
    loan: Make, rounding: str, positive: int, negative: int
) -> None:
    """Two cents and a half, owed or owing."""
    for principal, expected in (("5.00 EUR", positive), ("-5.00 EUR", negative)):
        terms = loan(principal=principal, rate=Decimal("0.06"), rounding=rounding)
        assert terms.accrued(date(2024, 10, 30)).minor_units == expected


@pytest.mark.parametrize(
    ("rounding", "nearest"),
    [("half-up", [2, 3]), ("half-even", [2, 3]), ("down", [2, 2]), ("ceiling", [3, 3])],
)
def test_the_nearest_is_the_nearest(
    loan: Make, rounding: str, nearest: list[int]
) -> None:
    """Below and above the half."""
    found = [
        loan(principal=principal, rounding=rounding).accrued(date(2024, 10, 30))
        for principal in ("4.98 EUR", "5.02 EUR")
    ]
    assert [amount.minor_units for amount in found] == nearest


@given(
    minor_units=st.integers(-(10**12), 10**12),
    rate=st.fractions(Fraction(-1, 2), Fraction(3)),
    convention=st.sampled_from(CONVENTIONS),
    steps=st.lists(st.integers(1, 200), min_size=1, max_size=12),
)
def test_any_booking_dates_give_the_same_sum(
    minor_units: int, rate: Fraction, convention: str, steps: list[int]
) -> None:
    """The parts sum to what has accrued, within half a unit, and never turn back."""
    start = date(2023, 12, 31)
    terms = AccruedInterest(
        bl.Amount.from_minor(minor_units, "EUR"), rate, start, DayCount(convention)
    )
    days = [start + timedelta(sum(steps[: i + 1])) for i in range(len(steps))]
    parts = terms.plan(days)
    total = sum(part.amount.minor_units for part in parts)
    assert total == terms.accrued(days[-1]).minor_units
    exact = minor_units * rate * year_fraction(convention, start, days[-1])
    assert abs(total - exact) <= Fraction(1, 2)
    sign = 1 if minor_units * rate >= 0 else -1
    assert all(part.amount.minor_units * sign >= 0 for part in parts)


def test_a_part_says_what_it_is(loan: Make) -> None:
    """The day, what has accrued, what is booked."""
    amount = bl.Amount("1500.00", "EUR")
    assert loan().plan((date(2024, 12, 31),)) == (
        InterestPart(date(2024, 12, 31), amount, amount),
    )


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"principal": 100000}, InexactNumber, "principal"),
        ({"principal": 1.5}, InexactNumber, "principal"),
        ({"principal": "much EUR"}, InvalidAmount, "amount"),
        (
            {"principal": bl.Amount.from_minor(10**27, "EUR")},
            BoundExceeded,
            "principal",
        ),
        ({"rate": 0.06}, InexactNumber, "rate"),
        ({"rate": True}, InexactNumber, "rate"),
        ({"rate": None}, InexactNumber, "rate"),
        ({"rate": "6 %"}, InvalidAmount, "rate"),
        ({"rate": "0.06" + "0" * 200}, BoundExceeded, "rate"),
        ({"rate": Decimal("NaN")}, InvalidAmount, "rate"),
        ({"rate": Decimal("1e1000000")}, BoundExceeded, "rate"),
        ({"rate": Fraction(1, 2**300)}, BoundExceeded, "rate"),
        ({"rate": -1}, InvalidOption, "rate"),
        ({"start": "2024-09-30"}, InvalidDate, "start"),
        ({"end": "2024-09-30"}, InvalidDate, "end"),
        ({"end": date(2024, 9, 29)}, InvalidOption, "end"),
        ({"day_count": "ACT/360"}, InvalidOption, "day_count"),
        ({"rounding": "half-down"}, InvalidOption, "rounding"),
        ({"rounding": None}, InvalidOption, "rounding"),
    ],
)
def test_impossible_terms_are_refused(
    loan: Make, changes: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """Before anything is calculated."""
    with pytest.raises(error) as caught:
        loan(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("days", "error"),
    [
        ([], InvalidOption),
        ("2024-12-31", InvalidOption),
        (date(2024, 12, 31), InvalidOption),
        ([date(2024, 12, 31)] * 2, InvalidOption),
        ([date(2024, 12, 31), date(2024, 12, 30)], InvalidOption),
        ([date(2024, 12, 31), None], InvalidDate),
        ([date(2024, 12, 31)] * 1201, BoundExceeded),
    ],
)
def test_booking_dates_must_rise(
    loan: Make, days: Any, error: type[LedgerError]
) -> None:
    """A day twice, or an earlier one after it, is a mistake."""
    with pytest.raises(error) as caught:
        loan().plan(days)
    assert caught.value.field == "days"


def test_what_is_booked_is_of_the_same_commodity(loan: Make) -> None:
    """Nothing is converted."""
    with pytest.raises(CommodityMismatch) as caught:
        loan().due(date(2024, 12, 31), booked="1.00 USD")
    assert caught.value.field == "booked"
