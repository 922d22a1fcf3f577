"""Depreciation: methods, first years, published tables, and what is refused."""

from collections.abc import Callable, Sequence
from datetime import date
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
    Depreciation,
    DepreciationLine,
    UsageLine,
    depreciation_by_units,
)

Units = Callable[[str, int], bl.Amount]
Make = Callable[..., Depreciation]
FIRST_YEARS = (
    "full-year",
    "full-month",
    "half-month",
    "half-year",
    "mid-quarter",
    "days",
)


@pytest.fixture
def machine() -> Make:
    """Return a function that makes a machine of 100,000, good for five years."""

    def make(**changes: Any) -> Depreciation:
        arguments: dict[str, Any] = {
            "cost": "100000.00 EUR",
            "life_months": 60,
            "in_use": date(2025, 7, 1),
            "method": "straight-line",
            "first_year": "full-month",
        }
        return Depreciation(**(arguments | changes))

    return make


def written(lines: Sequence[DepreciationLine | UsageLine]) -> list[str]:
    """Return what is written off in each period."""
    return [line.amount.number for line in lines]


def check_lines(depreciation: Depreciation) -> None:
    """Every line rolls forward, years meet, the last closes at the residual."""
    lines = depreciation.schedule()
    residual = depreciation.residual
    rest = residual.minor_units if residual else 0
    assert lines[0].opening == depreciation.cost
    assert lines[0].first == depreciation.in_use
    assert lines[-1].closing.minor_units == rest
    assert sum(line.months for line in lines) == depreciation.life_months
    assert [line.year for line in lines] == [*range(1, len(lines) + 1)]
    for line in lines:
        assert line.opening - line.amount == line.closing
        assert line.amount.minor_units >= 0
        assert line.first <= line.last
    for before, after in pairwise(lines):
        assert before.closing == after.opening
        assert (after.first - before.last).days == 1
        assert after.first.day == 1
        assert after.first.month == depreciation.fiscal_year_start


# --- published cases -----------------------------------------------------------------


def macrs(years: int, factor: str, scale: int, units: Units) -> list[str]:
    """Return the percentages of a property class, half-year convention."""
    lines = Depreciation(
        cost=units("100", scale),
        life_months=12 * years,
        in_use=date(2024, 5, 1),
        method="declining",
        first_year="half-year",
        yearly_rate=Fraction(factor) / years,
        switch=True,
    ).schedule()
    return written(lines)


@pytest.mark.parametrize(
    ("years", "factor", "scale"), [(3, "2", 2), (5, "2", 2), (20, "1.5", 3)]
)
def test_macrs(
    published: dict[str, Any], units: Units, years: int, factor: str, scale: int
) -> None:
    """IRS Publication 946, table A-1, digit for digit."""
    table = published["depreciation_macrs_half_year_percent"]
    assert macrs(years, factor, scale, units) == table[str(years)]


@pytest.mark.parametrize(("years", "factor"), [(10, "2"), (15, "1.5")])
def test_macrs_where_a_hundredth_is_elsewhere(
    published: dict[str, Any], units: Units, years: int, factor: str
) -> None:
    """In these columns the table has a hundredth in a neighbouring year."""
    table = published["depreciation_macrs_half_year_percent"]
    printed = [Fraction(text) for text in table[f"{years}_within_0.01"]]
    found = [Fraction(text) for text in macrs(years, factor, 2, units)]
    differences = [mine - theirs for mine, theirs in zip(found, printed, strict=True)]
    assert {*differences} == {0, Fraction(1, 100), Fraction(-1, 100)}
    assert sum(1 for difference in differences if difference) == 2
    assert sum(found) == 100


def test_estg(published: dict[str, Any], machine: Make) -> None:
    """30 % of a machine of July 2025, by months, with and without a switch."""
    declining = {"method": "declining", "yearly_rate": "0.30"}
    schedules = [
        machine(**declining, switch=False).schedule()[:5],
        machine().schedule(),
        machine(**declining, switch=True).schedule(),
    ]
    for case, lines in zip(published["depreciation_estg"], schedules, strict=True):
        expected = [bl.Amount(number, "EUR").number for number in case["expected"]]
        assert written(lines) == expected


def test_without_a_switch_the_last_year_takes_the_rest(machine: Make) -> None:
    """Declining never reaches zero by itself."""
    terms = machine(method="declining", yearly_rate="0.30", switch=False)
    assert written(terms.schedule())[-1] == "20408.50"
    check_lines(terms)


def test_sum_of_digits(machine: Make) -> None:
    """10,000 less 1,000 over five years."""
    terms = machine(
        cost="10000.00 EUR",
        residual="1000.00 EUR",
        method="sum-of-digits",
        first_year="full-year",
    )
    assert written(terms.schedule()) == [
        "3000.00",
        "2400.00",
        "1800.00",
        "1200.00",
        "600.00",
    ]


def test_sum_of_digits_from_the_middle_of_a_year(machine: Make) -> None:
    """Each year of the life is divided between two fiscal years."""
    terms = machine(cost="9000.00 EUR", method="sum-of-digits")
    assert written(terms.schedule()) == [
        "1500.00",
        "2700.00",
        "2100.00",
        "1500.00",
        "900.00",
        "300.00",
    ]


# --- first years ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first_year", "in_use", "months"),
    [
        ("full-year", date(2025, 7, 15), Fraction(12)),
        ("half-year", date(2025, 11, 30), Fraction(6)),
        ("full-month", date(2025, 1, 31), Fraction(12)),
        ("full-month", date(2025, 12, 31), Fraction(1)),
        ("half-month", date(2025, 7, 1), Fraction(11, 2)),
        ("mid-quarter", date(2025, 3, 31), Fraction(21, 2)),
        ("mid-quarter", date(2025, 4, 1), Fraction(15, 2)),
        ("mid-quarter", date(2025, 9, 1), Fraction(9, 2)),
        ("mid-quarter", date(2025, 12, 1), Fraction(3, 2)),
        ("days", date(2025, 7, 1), 12 * Fraction(184, 365)),
        ("days", date(2024, 1, 1), Fraction(12)),
        ("days", date(2024, 2, 29), 12 * Fraction(307, 366)),
    ],
)
def test_the_first_year(
    machine: Make, first_year: str, in_use: date, months: Fraction
) -> None:
    """How much of it counts."""
    terms = machine(first_year=first_year, in_use=in_use)
    assert terms.schedule()[0].months == months
    check_lines(terms)


@pytest.mark.parametrize(
    ("in_use", "last", "months"),
    [
        (date(2025, 3, 31), date(2025, 3, 31), 1),
        (date(2025, 4, 1), date(2026, 3, 31), 12),
        (date(2025, 12, 1), date(2026, 3, 31), 4),
    ],
)
def test_another_fiscal_year(
    machine: Make, in_use: date, last: date, months: int
) -> None:
    """From April to March."""
    terms = machine(in_use=in_use, fiscal_year_start=4)
    first = terms.schedule()[0]
    assert (first.last, first.months) == (last, months)
    check_lines(terms)


def test_a_life_may_end_in_its_first_year(machine: Make) -> None:
    """Everything is written off at once."""
    assert written(machine(life_months=3).schedule()) == ["100000.00"]


def test_years_can_be_divided_into_months(machine: Make) -> None:
    """An amount allocated to months sums to its year."""
    first = machine().schedule()[0]
    months = first.amount.allocate([1] * 6)
    assert [amount.number for amount in months[:3]] == ["1666.67", "1666.66", "1666.67"]
    assert sum(amount.minor_units for amount in months) == first.amount.minor_units


# --- properties ----------------------------------------------------------------------


@st.composite
def depreciations(draw: st.DrawFn) -> Depreciation:
    """Draw depreciations of all kinds, many of them of small cost."""
    cost = draw(st.integers(1, 500) | st.integers(1, 10**12))
    method = draw(st.sampled_from(["straight-line", "declining", "sum-of-digits"]))
    options: dict[str, Any] = {}
    if method == "declining":
        options["yearly_rate"] = draw(st.fractions(Fraction(1, 100), 1))
        options["switch"] = draw(st.booleans())
    years = draw(st.integers(1, 30))
    life = 12 * years if method == "sum-of-digits" else draw(st.integers(1, 360))
    return Depreciation(
        bl.Amount.from_minor(cost, "EUR"),
        life,
        draw(st.dates(date(1990, 1, 1), date(2040, 12, 31))),
        method,
        draw(st.sampled_from(FIRST_YEARS)),  # type: ignore[arg-type]
        residual=bl.Amount.from_minor(draw(st.integers(0, cost - 1)), "EUR"),
        fiscal_year_start=draw(st.integers(1, 12)),
        **options,
    )


@given(depreciations())
def test_every_depreciation_ends_at_its_residual(depreciation: Depreciation) -> None:
    """No year is negative, and the years meet."""
    check_lines(depreciation)


@given(depreciations())
def test_straight_line_is_exact_to_date(depreciation: Depreciation) -> None:
    """Within half a unit at the end of each year."""
    if depreciation.method != "straight-line":
        return
    residual = depreciation.residual
    base = depreciation.cost.minor_units - (residual.minor_units if residual else 0)
    elapsed = Fraction(0)
    for line in depreciation.schedule():
        elapsed += line.months
        exact = base * elapsed / depreciation.life_months
        found = (depreciation.cost - line.closing).minor_units
        assert abs(found - exact) <= Fraction(1, 2)


@given(depreciations())
def test_a_switch_never_writes_off_less_to_date(depreciation: Depreciation) -> None:
    """It is made when straight-line is more, and not before."""
    if depreciation.method != "declining":
        return
    schedules = [
        Depreciation(
            depreciation.cost,
            depreciation.life_months,
            depreciation.in_use,
            "declining",
            depreciation.first_year,
            residual=depreciation.residual,
            yearly_rate=depreciation.yearly_rate,
            switch=switch,
            fiscal_year_start=depreciation.fiscal_year_start,
        ).schedule()
        for switch in (False, True)
    ]
    for without, with_switch in zip(*schedules, strict=True):
        assert with_switch.closing <= without.closing


# --- by units ------------------------------------------------------------------------


def test_kilometres() -> None:
    """What is driven is written off; the last kilometre leaves the residual."""
    lines = depreciation_by_units(
        "30000.00 EUR",
        units=[10_000, "12500.5", Fraction(1, 2), 0, 27_499],
        life_units=50_000,
        residual="5000.00 EUR",
    )
    assert written(lines) == ["5000.00", "6250.25", "0.25", "0.00", "13749.50"]
    assert lines[-1].closing == bl.Amount("5000.00", "EUR")
    assert [line.period for line in lines] == [1, 2, 3, 4, 5]
    assert lines[1].units == Fraction("12500.5")
    assert lines[1].opening == lines[0].closing


@given(
    cost=st.integers(1, 10**9),
    units=st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any),
    spare=st.integers(0, 100),
)
def test_usage_is_exact_to_date(cost: int, units: list[int], spare: int) -> None:
    """Any number of periods taken together gets what it would get as one."""
    amount = bl.Amount.from_minor(cost, "EUR")
    life = sum(units) + spare
    lines = depreciation_by_units(amount, units=units, life_units=life)
    (whole,) = depreciation_by_units(amount, units=[sum(units)], life_units=life)
    assert lines[-1].closing == whole.closing
    assert spare or not whole.closing
    assert all(line.amount.minor_units >= 0 for line in lines)


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"cost": "0.00 EUR"}, InvalidOption, "cost"),
        ({"cost": 9000}, InexactNumber, "cost"),
        ({"residual": "9000.00 EUR"}, InvalidOption, "residual"),
        ({"residual": "1.00 USD"}, CommodityMismatch, "residual"),
        ({"units": []}, InvalidOption, "units"),
        ({"units": [-1]}, InvalidOption, "units"),
        ({"units": [1.5]}, InexactNumber, "units"),
        ({"units": ["many"]}, InvalidAmount, "units"),
        ({"units": [900, 1]}, InvalidOption, "units"),
        ({"units": [1] * 1201}, BoundExceeded, "units"),
        ({"life_units": 0}, InvalidOption, "life_units"),
        ({"life_units": None}, InexactNumber, "life_units"),
    ],
)
def test_impossible_usage_is_refused(
    changes: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """The argument is named."""
    arguments: dict[str, Any] = {"cost": "9000.00 EUR", "units": [1], "life_units": 900}
    with pytest.raises(error) as caught:
        depreciation_by_units(**(arguments | changes))
    assert caught.value.field == field


# --- what is refused -----------------------------------------------------------------

DECLINING = {"method": "declining", "yearly_rate": "0.30", "switch": True}


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"cost": "-1.00 EUR"}, InvalidOption, "cost"),
        ({"cost": 1.0}, InexactNumber, "cost"),
        ({"residual": "100000.00 EUR"}, InvalidOption, "residual"),
        ({"residual": "-0.01 EUR"}, InvalidOption, "residual"),
        ({"residual": "1.00 USD"}, CommodityMismatch, "residual"),
        ({"life_months": 0}, InvalidOption, "life_months"),
        ({"life_months": "60"}, InvalidOption, "life_months"),
        ({"life_months": 1201}, BoundExceeded, "life_months"),
        ({"in_use": 2025}, InvalidDate, "in_use"),
        ({"method": "linear"}, InvalidOption, "method"),
        ({"first_year": "half"}, InvalidOption, "first_year"),
        ({"fiscal_year_start": 0}, InvalidOption, "fiscal_year_start"),
        ({"fiscal_year_start": 13}, BoundExceeded, "fiscal_year_start"),
        ({"yearly_rate": "0.30"}, InvalidOption, "yearly_rate"),
        ({"switch": True}, InvalidOption, "switch"),
        (DECLINING | {"yearly_rate": None}, InvalidOption, "yearly_rate"),
        (DECLINING | {"yearly_rate": 0}, InvalidOption, "yearly_rate"),
        (DECLINING | {"yearly_rate": "1.01"}, InvalidOption, "yearly_rate"),
        (DECLINING | {"yearly_rate": 0.3}, InexactNumber, "yearly_rate"),
        (DECLINING | {"switch": None}, InvalidOption, "switch"),
        (
            {"method": "sum-of-digits", "life_months": 61},
            InvalidOption,
            "life_months",
        ),
    ],
)
def test_impossible_terms_are_refused(
    machine: Make, changes: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """The argument is named."""
    with pytest.raises(error) as caught:
        machine(**changes)
    assert caught.value.field == field


def test_a_life_must_end_within_time(machine: Make) -> None:
    """No ledger takes a booking after 2199."""
    with pytest.raises(BoundExceeded) as caught:
        machine(in_use=date(2150, 1, 1), life_months=1200).schedule()
    assert caught.value.field == "life_months"
