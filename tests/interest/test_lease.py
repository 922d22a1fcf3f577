"""Leases: the liability and the right of use."""

from collections.abc import Callable
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
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.interest import (
    LeaseSchedule,
    lease_schedule,
    present_value,
)

Units = Callable[[str, int], bl.Amount]


def check_lines(schedule: LeaseSchedule) -> None:
    """Every line rolls forward, and both values end at zero."""
    lines = schedule.lines
    assert lines[0].opening == schedule.liability
    assert lines[0].right_of_use + lines[0].depreciation == schedule.right_of_use
    assert lines[-1].closing.minor_units == lines[-1].right_of_use.minor_units == 0
    assert [line.period for line in lines] == [*range(1, len(lines) + 1)]
    for line in lines:
        assert line.opening - line.payment + line.interest == line.closing
    for before, after in pairwise(lines):
        assert before.closing == after.opening
        assert before.right_of_use - after.depreciation == after.right_of_use


def test_ifrs_16_example_13(published: dict[str, Any], units: Units) -> None:
    """Ten payments in advance, the first one at the commencement.

    The right of use at the end of year 6 is printed as 168,157, which is six times
    42,039 off the cost: each year rounded.  We round what is written off to date.
    """
    (case,) = published["lease"]
    expected = case["expected"]
    payment = units(case["annual_advance_payment"], 0)
    schedule = lease_schedule(
        [payment] * (1 + case["payments_remaining"]),
        rate=case["rate"],
        in_advance=True,
        direct_costs=units(case["initial_direct_cost"], 0),
        incentives=units(case["incentive"], 0),
    )
    assert schedule.liability.number == expected["liability"]
    assert schedule.right_of_use.number == expected["right_of_use"]
    year_6 = schedule.lines[5]
    assert year_6.closing.number == expected["liability_end_year_6"]
    exact = Fraction(schedule.right_of_use.minor_units * 4, 10)
    assert year_6.right_of_use.number == str(round(exact)) == "168156"
    assert expected["right_of_use_end_year_6"].startswith("168157")
    check_lines(schedule)


def test_ifrs_16_example_13_reassessed(published: dict[str, Any], units: Units) -> None:
    """At 6 %, four payments of 50,000 and five of 55,000 are still to come."""
    (case,) = published["lease"]
    payments = [units("50000", 0)] * 4 + [units("55000", 0)] * 5
    worth = present_value(payments, rate="0.06", in_advance=True)
    assert worth.number == case["expected"]["reassessed_liability_6pct"]


def test_a_lease_in_arrears() -> None:
    """Interest first, then the payment; all costs are part of the right of use."""
    schedule = lease_schedule(
        ["1000.00 EUR"] * 3,
        rate="0.10",
        in_advance=False,
        prepaid="100.00 EUR",
        direct_costs="50.00 EUR",
        restoration="25.00 EUR",
        incentives="10.00 EUR",
    )
    assert schedule.liability.number == "2486.85"
    assert schedule.right_of_use.number == "2651.85"
    assert [line.interest.number for line in schedule.lines] == [
        "248.69",
        "173.55",
        "90.91",
    ]
    check_lines(schedule)


@pytest.mark.parametrize(("useful", "lines"), [(1, 3), (3, 3), (5, 5)])
def test_the_right_of_use_has_its_own_life(useful: int, lines: int) -> None:
    """Shorter than the lease, or longer where the thing is bought at the end."""
    schedule = lease_schedule(
        ["1000.00 EUR"] * 3, rate="0.10", in_advance=False, useful_periods=useful
    )
    assert len(schedule.lines) == lines
    written = [line.depreciation.minor_units for line in schedule.lines]
    assert all(written[:useful])
    assert not any(written[useful:])
    check_lines(schedule)


@given(
    payments=st.lists(st.integers(0, 10**8), min_size=1, max_size=40),
    rate=st.fractions(Fraction(-1, 2), Fraction(1), max_denominator=10**6),
    in_advance=st.booleans(),
    useful=st.none() | st.integers(1, 50),
)
def test_every_lease_sums_exactly(
    payments: list[int], rate: Fraction, in_advance: bool, useful: int | None
) -> None:
    """The interest is what is paid off the liability, less the liability."""
    amounts = [bl.Amount.from_minor(payment, "EUR") for payment in payments]
    schedule = lease_schedule(
        amounts, rate=rate, in_advance=in_advance, useful_periods=useful
    )
    check_lines(schedule)
    first = payments[0] if in_advance else 0
    paid = sum(line.payment.minor_units for line in schedule.lines)
    interest = sum(line.interest.minor_units for line in schedule.lines)
    assert paid + first == sum(payments)
    assert interest == paid - schedule.liability.minor_units
    assert schedule.right_of_use.minor_units == schedule.liability.minor_units + first
    worth = present_value(amounts, rate=rate, in_advance=in_advance)
    assert worth.minor_units == schedule.right_of_use.minor_units


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"payments": []}, InvalidOption, "payments"),
        ({"payments": ["-1.00 EUR"]}, InvalidOption, "payments"),
        ({"payments": [1000]}, InexactNumber, "payments"),
        ({"payments": ["1.00 EUR", "1.00 USD"]}, CommodityMismatch, "payments"),
        ({"payments": ["1.00 EUR"] * 1201}, BoundExceeded, "payments"),
        ({"rate": 0.1}, InexactNumber, "rate"),
        ({"rate": -1}, InvalidOption, "rate"),
        ({"in_advance": "yes"}, InvalidOption, "in_advance"),
        ({"prepaid": "-1.00 EUR"}, InvalidOption, "prepaid"),
        ({"direct_costs": "1.00 USD"}, CommodityMismatch, "direct_costs"),
        ({"restoration": 1}, InexactNumber, "restoration"),
        ({"incentives": "5000.00 EUR"}, InvalidOption, "incentives"),
        ({"useful_periods": 0}, InvalidOption, "useful_periods"),
        ({"useful_periods": 2.0}, InvalidOption, "useful_periods"),
        ({"useful_periods": 1201}, BoundExceeded, "useful_periods"),
    ],
)
def test_an_impossible_lease_is_refused(
    changes: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """The argument is named."""
    arguments: dict[str, Any] = {
        "payments": ["1000.00 EUR"] * 3,
        "rate": "0.10",
        "in_advance": True,
    }
    with pytest.raises(error) as caught:
        lease_schedule(**(arguments | changes))
    assert caught.value.field == field
