"""The effective rate, present values, and schedules at amortised cost."""

from collections.abc import Callable
from decimal import Decimal, localcontext
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
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.interest import (
    RATE_PLACES,
    AmortisedCost,
    amortised_cost,
    effective_rate,
    present_value,
)

Units = Callable[[str, int], bl.Amount]
LAST_PLACE = Fraction(1, 10**RATE_PLACES)
NEARLY_NOTHING = Fraction(1, 10**20)


def cents(*numbers: int) -> list[bl.Amount]:
    """Return amounts of so many cents."""
    return [bl.Amount.from_minor(number, "EUR") for number in numbers]


def worth(initial: int, flows: list[int], rate: Fraction) -> Fraction:
    """Return what *flows* are worth, less *initial*, by the plain sum."""
    discounted = (
        flow / (1 + rate) ** period for period, flow in enumerate(flows, start=1)
    )
    return sum(discounted, Fraction(0)) - initial


def check_schedule(schedule: AmortisedCost, initial: int, flows: list[int]) -> None:
    """Every line rolls forward, the whole sums exactly and ends at zero."""
    assert schedule.lines[0].opening.minor_units == initial
    assert schedule.lines[-1].closing.minor_units == 0
    assert [line.cash_flow.minor_units for line in schedule.lines] == flows
    assert [line.period for line in schedule.lines] == [*range(1, len(flows) + 1)]
    for line in schedule.lines:
        assert line.opening + line.interest - line.cash_flow == line.closing
    for before, after in pairwise(schedule.lines):
        assert before.closing == after.opening
    interest = sum(line.interest.minor_units for line in schedule.lines)
    assert interest == sum(flows) - initial


# --- published cases -----------------------------------------------------------------


def published_schedule(case: dict[str, Any], units: Units, scale: int) -> AmortisedCost:
    """Return the schedule of a published case."""
    return amortised_cost(
        units(case["initial"], scale),
        [units(flow, scale) for flow in case["cash_flows"]],
    )


def closings(schedule: AmortisedCost, redemption: str) -> list[str]:
    """Return the carrying amounts as printed: the last one before the redemption."""
    *others, last = [line.closing for line in schedule.lines]
    repaid = bl.Amount(redemption, last.commodity)
    return [amount.number for amount in (*others, last + repaid)]


def test_ifrs_for_smes(published: dict[str, Any], units: Units) -> None:
    """11.20: the carrying amounts to the cent.

    The printed interest was calculated with the printed rate, 6.9583 %, and does not
    roll forward: the exact rate is 6.958446 %, and gives 66.11 and 74.17 at the ends.
    """
    case = published["amortised_cost"][0]
    flows = [f"{flow} EUR" for flow in case["cash_flows"]]
    schedule = published_schedule(case, units, 2)
    assert closings(schedule, "1100.00") == case["expected_closing"]
    assert format(100 * effective_rate("950 EUR", flows), ".6f") == "6.958446"
    interest = [line.interest.number for line in schedule.lines]
    printed = case["published_interest"]
    assert interest[1:4] == printed[1:4]
    assert (interest[0], interest[4]) == ("66.11", "74.17")
    rate = Fraction("0.069583")
    assert round(950 * rate, 2) == Fraction(printed[0])


def test_ifrs_9_b26(published: dict[str, Any], units: Units) -> None:
    """Whole units: interest is the difference of rounded balances, plus the coupon.

    Rounding the interest of year 4 by itself gives 114, and the column does not add up.
    """
    case = published["amortised_cost"][1]
    schedule = published_schedule(case, units, 0)
    assert closings(schedule, "1250") == case["expected_closing"]
    interest = [line.interest.number for line in schedule.lines]
    assert interest == case["expected_interest"]
    assert round(1136 * schedule.rate) == 114


def test_ifrs_9_b26_revised(units: Units) -> None:
    """Half is prepaid in year 3: the revised flows at the original rate of 10 %."""
    flows = [units(number, 2) for number in ("684", "30", "655")]
    revised = present_value(flows, rate="0.10", in_advance=False)
    assert revised.number == "1138.72"
    assert (
        amortised_cost(revised, flows, rate="0.10").lines[-1].closing.number == "0.00"
    )


def test_ifrs_9_b27(published: dict[str, Any], units: Units) -> None:
    """Stepped coupons at the exact rate; at 10 % flat, a unit is missing at the end."""
    case = published["amortised_cost"][2]
    schedule = published_schedule(case, units, 2)
    assert closings(schedule, "1250.00") == case["expected_closing_exact_rate"]
    assert format(100 * float(schedule.rate), ".4f") == "10.0128"
    flows = [units(flow, 0) for flow in case["cash_flows"]]
    with pytest.raises(InvalidOption, match="at least 1 UNITS") as caught:
        amortised_cost(units("1250", 0), flows, rate="0.10")
    assert caught.value.field == "residual_max"
    flat = amortised_cost(
        units("1250", 0), flows, rate="0.10", residual_max=units("1", 0)
    )
    assert flat.residual == units("-1", 0)
    check_schedule(flat, 1250, [75, 100, 125, 150, 1455])


def test_a_discount_at_a_stated_rate() -> None:
    """What a rounded rate leaves goes into the last interest, and is reported."""
    schedule = amortised_cost(
        "950.00 EUR",
        ["40.00 EUR"] * 4 + ["1140.00 EUR"],
        rate="0.069583",
        residual_max="0.01 EUR",
    )
    assert schedule.rate == Fraction(69583, 10**6)
    assert abs(schedule.residual.minor_units) <= 1
    check_schedule(schedule, 95_000, [4_000] * 4 + [114_000])


# --- properties ----------------------------------------------------------------------

receipts = st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any)
payments = st.lists(st.integers(-(10**9), 0), max_size=3)


@given(initial=st.integers(1, 10**10), paid=payments, received=receipts)
def test_the_rate_is_exact_to_the_last_place(
    initial: int, paid: list[int], received: list[int]
) -> None:
    """The worth changes its sign within one of the last place, by exact fractions."""
    flows = paid + received
    try:
        rate = Fraction(effective_rate(*cents(initial), cents(*flows)))
    except BoundExceeded:
        assert (
            worth(initial, flows, Fraction(-999_998, 10**6)) < 0
            or worth(initial, flows, Fraction(499_999)) > 0
        )
        return
    assert worth(initial, flows, rate - LAST_PLACE) > 0
    assert worth(initial, flows, rate + LAST_PLACE) < 0


@given(initial=st.integers(1, 10**8), received=receipts)
def test_a_schedule_sums_exactly(initial: int, received: list[int]) -> None:
    """Whatever the rate is, below zero too; each balance is the exact one, rounded."""
    try:
        schedule = amortised_cost(*cents(initial), cents(*received))
    except BoundExceeded:
        return
    check_schedule(schedule, initial, received)
    assert schedule.residual.minor_units == 0
    for line in schedule.lines[:-1]:
        rest = worth(0, received[line.period :], schedule.rate)
        assert abs(line.closing.minor_units - rest) <= Fraction(1, 2) + NEARLY_NOTHING


@given(
    flows=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30),
    rate=st.fractions(Fraction(-1, 2), Fraction(2), max_denominator=10**6),
    in_advance=st.booleans(),
)
def test_a_present_value_is_rounded_once(
    flows: list[int], rate: Fraction, in_advance: bool
) -> None:
    """The plain sum of exact fractions, and nothing else."""
    exact = worth(0, flows, rate) * (1 + rate if in_advance else 1)
    found = present_value(cents(*flows), rate=rate, in_advance=in_advance)
    assert abs(found.minor_units - exact) <= Fraction(1, 2)


def test_a_rate_of_zero_has_no_sign() -> None:
    """What comes back is what was given."""
    assert str(effective_rate("3.00 EUR", ["1.00 EUR"] * 3)) == "0E-40"
    assert present_value(["1.00 EUR"] * 3, rate=0, in_advance=True).number == "3.00"


def test_the_context_of_the_caller_does_not_matter() -> None:
    """Nobody's precision of three digits gets into the rate."""
    expected = effective_rate("950.00 EUR", ["40.00 EUR"] * 4 + ["1140.00 EUR"])
    with localcontext() as context:
        context.prec = 3
        found = effective_rate("950.00 EUR", ["40.00 EUR"] * 4 + ["1140.00 EUR"])
    assert found == expected
    assert expected.as_tuple().exponent == -RATE_PLACES


@pytest.mark.parametrize("received", ["30.00 EUR", "300.00 EUR"])
def test_a_hundred_years_of_months(received: str) -> None:
    """The largest schedule closes at zero, with a low rate and with a high one."""
    flows = [received] * 1200
    schedule = amortised_cost("20000.00 EUR", flows)
    assert len(schedule.lines) == 1200
    assert schedule.lines[-1].closing.minor_units == 0
    assert schedule.lines[-1].opening < bl.Amount(received.split()[0], "EUR")


def test_a_negative_rate_loses_no_digits() -> None:
    """Less comes back than was given, for a hundred years."""
    flows = cents(*[10] * 1199, 1)
    schedule = amortised_cost("1000.00 EUR", flows)
    assert schedule.rate < 0
    check_schedule(schedule, 100_000, [10] * 1199 + [1])


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("initial", "flows", "error", "field"),
    [
        ("0.00 EUR", ["1.00 EUR"], InvalidOption, "initial"),
        ("-1.00 EUR", ["1.00 EUR"], InvalidOption, "initial"),
        (950, ["1.00 EUR"], InexactNumber, "initial"),
        ("1.00 EUR", [], InvalidOption, "cash_flows"),
        ("1.00 EUR", "1.00 EUR", InvalidOption, "cash_flows"),
        ("1.00 EUR", [1.0], InexactNumber, "cash_flows"),
        ("1.00 EUR", ["x EUR"], InvalidAmount, "amount"),
        ("1.00 EUR", ["1.00 USD"], CommodityMismatch, "cash_flows"),
        ("1.00 EUR", ["0.00 EUR"], InvalidOption, "cash_flows"),
        ("1.00 EUR", ["-1.00 EUR"], InvalidOption, "cash_flows"),
        ("1.00 EUR", ["2.00 EUR", "-0.50 EUR"], InvalidOption, "cash_flows"),
        (
            "1.00 EUR",
            ["2.00 EUR", "-0.50 EUR", "1.00 EUR"],
            InvalidOption,
            "cash_flows",
        ),
        ("0.01 EUR", ["1000000.00 EUR"], BoundExceeded, "cash_flows"),
        ("1000000.00 EUR", ["0.01 EUR"], BoundExceeded, "cash_flows"),
        ("1.00 EUR", ["1.00 EUR"] * 1201, BoundExceeded, "cash_flows"),
        (bl.Amount.from_minor(10**27, "EUR"), ["1.00 EUR"], BoundExceeded, "initial"),
    ],
)
def test_flows_without_a_unique_rate_are_refused(
    initial: Any, flows: Any, error: type[LedgerError], field: str
) -> None:
    """And amounts that are none; the schedule says the same."""
    for function in (effective_rate, amortised_cost):
        with pytest.raises(error) as caught:
            function(initial, flows)  # type: ignore[operator]
        assert caught.value.field == field


@pytest.mark.parametrize(
    ("options", "error", "field"),
    [
        ({"rate": 0.1}, InexactNumber, "rate"),
        ({"rate": "-1"}, InvalidOption, "rate"),
        ({"rate": Decimal("Infinity")}, InvalidAmount, "rate"),
        ({"rate": "0.5"}, InvalidOption, "residual_max"),
        ({"rate": 2**200}, InvalidOption, "residual_max"),
        (
            {"rate": "0.5", "residual_max": "1.00 USD"},
            CommodityMismatch,
            "residual_max",
        ),
    ],
)
def test_a_rate_that_does_not_fit_is_refused(
    options: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """How much it leaves is said, if a number can say it."""
    with pytest.raises(error) as caught:
        amortised_cost("950.00 EUR", ["40.00 EUR"] * 4 + ["1140.00 EUR"], **options)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"cash_flows": []}, InvalidOption, "cash_flows"),
        ({"cash_flows": ["1.00 EUR", "1.00 USD"]}, CommodityMismatch, "cash_flows"),
        ({"rate": 0.1}, InexactNumber, "rate"),
        ({"rate": -1}, InvalidOption, "rate"),
        ({"in_advance": None}, InvalidOption, "in_advance"),
        ({"in_advance": 1}, InvalidOption, "in_advance"),
        ({"rounding": "nearest"}, InvalidOption, "rounding"),
    ],
)
def test_an_impossible_present_value_is_refused(
    changes: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """Most of all one that does not say when the flows fall."""
    arguments: dict[str, Any] = {
        "cash_flows": ["1.00 EUR"],
        "rate": "0.1",
        "in_advance": False,
    }
    with pytest.raises(error) as caught:
        present_value(**(arguments | changes))
    assert caught.value.field == field
