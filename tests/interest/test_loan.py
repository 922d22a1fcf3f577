"""Loans: instalments, due dates, rounding, and what is refused."""

from collections.abc import Callable
from datetime import date, datetime
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
    InvalidDate,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.interest import DayCount, Loan, LoanSchedule, year_fraction

Make = Callable[..., Loan]


@pytest.fixture
def loan() -> Make:
    """Return a function that makes a loan of 12,000 at 6 %, repaid within a year."""

    def make(**changes: Any) -> Loan:
        arguments: dict[str, Any] = {
            "principal": "12000.00 EUR",
            "rate": "0.06",
            "instalments": 12,
            "kind": "annuity",
            "start": date(2026, 1, 15),
            "frequency": 12,
        }
        return Loan(**(arguments | changes))

    return make


def check_lines(loan: Loan, schedule: LoanSchedule) -> None:
    """Every line rolls forward, the repayments sum exactly, the last closes at zero."""
    lines = schedule.instalments
    assert lines[0].opening == loan.principal
    assert lines[0].start == loan.start
    assert lines[-1].closing.minor_units == 0
    assert [line.number for line in lines] == [*range(1, len(lines) + 1)]
    assert [line.due for line in lines] == [*loan.due_dates()[: len(lines)]]
    for line in lines:
        assert line.interest + line.principal == line.payment
        assert line.opening - line.principal == line.closing
    for before, after in pairwise(lines):
        assert before.closing == after.opening
        assert before.due == after.start
    repaid = sum(line.principal.minor_units for line in lines)
    assert repaid == loan.principal.minor_units
    interest = sum(line.interest.minor_units for line in lines)
    assert schedule.interest.minor_units == interest


def column(schedule: LoanSchedule, name: str) -> list[str]:
    """Return the numbers of one column."""
    return [getattr(line, name).number for line in schedule.instalments]


# --- worked cases --------------------------------------------------------------------


def test_thirty_years_of_months(loan: Make) -> None:
    """100,000 at 6 % costs 599.55 a month; the last instalment takes the rest."""
    house = loan(principal="100000.00 EUR", instalments=360)
    schedule = house.schedule()
    assert schedule.payment == bl.Amount("599.55", "EUR")
    *regular, last = schedule.instalments
    assert {line.payment for line in regular} == {schedule.payment}
    assert last.payment == schedule.payment + schedule.final_difference
    assert schedule.final_difference == bl.Amount("0.53", "EUR")
    check_lines(house, schedule)


def test_an_annuity_of_a_year(loan: Make) -> None:
    """The payment stays, the interest falls."""
    schedule = loan(instalments=4).schedule()
    assert schedule.payment.number == "3037.59"
    assert column(schedule, "interest") == ["60.00", "45.11", "30.15", "15.11"]
    assert column(schedule, "closing") == ["9022.41", "6029.93", "3022.49", "0.00"]
    assert schedule.final_difference.number == "0.01"


def test_a_linear_loan(loan: Make) -> None:
    """The repayment stays; a cent wanders where it must."""
    schedule = loan(kind="linear", principal="1000.00 EUR", instalments=3).schedule()
    assert column(schedule, "principal") == ["333.33", "333.34", "333.33"]
    assert column(schedule, "interest") == ["5.00", "3.33", "1.67"]
    assert schedule.payment.minor_units == schedule.final_difference.minor_units == 0


def test_a_bullet_loan(loan: Make) -> None:
    """Interest only, and all at once at the end."""
    schedule = loan(kind="bullet", instalments=3).schedule()
    assert column(schedule, "payment") == ["60.00", "60.00", "12060.00"]
    assert column(schedule, "principal") == ["0.00", "0.00", "12000.00"]


@pytest.mark.parametrize("kind", ["annuity", "linear"])
def test_a_balloon_comes_on_top_of_the_last_instalment(loan: Make, kind: str) -> None:
    """The others repay the rest."""
    terms = loan(kind=kind, balloon="6000.00 EUR")
    schedule = terms.schedule()
    check_lines(terms, schedule)
    last = schedule.instalments[-1]
    if kind == "linear":
        assert last.principal.number == "6500.00"
    else:
        assert schedule.payment.number == "546.40"
        assert last.payment - schedule.final_difference == bl.Amount("6546.40", "EUR")
        assert abs(schedule.final_difference.minor_units) < 12


def test_a_balloon_of_everything_is_a_bullet(loan: Make) -> None:
    """The three kinds meet there."""
    plain = loan(kind="bullet").schedule()
    for kind in ("annuity", "linear"):
        schedule = loan(kind=kind, balloon="12000.00 EUR").schedule()
        assert schedule.instalments == plain.instalments


@pytest.mark.parametrize("kind", ["annuity", "linear"])
def test_the_first_instalments_may_be_interest_only(loan: Make, kind: str) -> None:
    """Then the rest is repaid in the rest of the time."""
    terms = loan(kind=kind, interest_only=3)
    schedule = terms.schedule()
    check_lines(terms, schedule)
    assert column(schedule, "payment")[:3] == ["60.00"] * 3
    assert all(line.principal.minor_units > 0 for line in schedule.instalments[3:])
    alone = loan(kind=kind, instalments=9).schedule()
    assert schedule.payment == alone.payment


def test_an_agreed_payment_may_end_the_loan_early(loan: Make) -> None:
    """The last payment is what is left."""
    terms = loan(payment="5000.00 EUR")
    schedule = terms.schedule()
    assert column(schedule, "payment") == ["5000.00", "5000.00", "2105.78"]
    assert schedule.payment.number == "5000.00"
    assert schedule.final_difference.number == "-2894.22"
    check_lines(terms, schedule)


def test_a_small_agreed_payment_leaves_the_rest_to_the_end(loan: Make) -> None:
    """It says by how much the last payment differs."""
    terms = loan(payment="1000.00 EUR")
    schedule = terms.schedule()
    check_lines(terms, schedule)
    assert schedule.instalments[-1].payment.number == "1404.57"
    assert schedule.final_difference.number == "404.57"


def test_unpaid_interest_is_added_only_if_allowed(loan: Make) -> None:
    """The principal part is negative then."""
    with pytest.raises(InvalidOption, match="instalment 1 ") as caught:
        loan(payment="50.00 EUR").schedule()
    assert caught.value.field == "negative_amortisation_ok"
    terms = loan(payment="50.00 EUR", negative_amortisation_ok=True)
    schedule = terms.schedule()
    check_lines(terms, schedule)
    assert column(schedule, "closing")[:2] == ["12010.00", "12020.05"]


def test_no_interest_at_all(loan: Make) -> None:
    """A rate of zero is a rate."""
    schedule = loan(principal="100.00 EUR", rate=0, instalments=3).schedule()
    assert column(schedule, "payment") == ["33.33", "33.33", "33.34"]
    assert schedule.interest.minor_units == 0


# --- rounding ------------------------------------------------------------------------


def test_interest_is_rounded_to_date(loan: Make) -> None:
    """1.25 cents a month are 15 cents a year; each by itself it would be 12."""
    terms = {"kind": "bullet", "principal": "2.50 EUR", "rate": "0.06"}
    to_date = loan(**terms).schedule()
    assert to_date.interest.number == "0.15"
    assert column(to_date, "interest")[:4] == ["0.01", "0.02", "0.01", "0.01"]
    each = loan(**terms, interest_rounding="each").schedule()
    assert each.interest.number == "0.12"


def test_the_payment_can_be_rounded_up(loan: Make) -> None:
    """Then the last one is smaller."""
    nearest = loan(principal="100000.00 EUR", instalments=360).schedule()
    above = loan(principal="100000.00 EUR", instalments=360, rounding="up").schedule()
    assert (nearest.payment.number, above.payment.number) == ("599.55", "599.56")
    assert above.final_difference.minor_units < 0 < nearest.final_difference.minor_units


# --- due dates and periods -----------------------------------------------------------


def test_a_short_month_moves_no_later_date(loan: Make) -> None:
    """All dates are stepped from the first."""
    dates = loan(start=date(2025, 12, 31), instalments=4).due_dates()
    assert dates == (
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    )


@pytest.mark.parametrize(
    ("end_of_month", "second"), [(True, date(2026, 3, 31)), (False, date(2026, 3, 28))]
)
def test_the_end_of_a_short_month_must_be_explained(
    loan: Make, end_of_month: bool, second: date
) -> None:
    """28 February may mean the 28th, or the end."""
    first = date(2026, 2, 28)
    with pytest.raises(InvalidOption) as caught:
        loan(first=first)
    assert caught.value.field == "end_of_month"
    terms = loan(first=first, end_of_month=end_of_month, start=date(2026, 1, 28))
    assert terms.due_dates()[:2] == (first, second)
    assert terms.schedule().instalments[0].interest.number == "60.00"


def test_a_quarterly_loan(loan: Make) -> None:
    """Each regular period is a quarter of a year, whatever its days."""
    terms = loan(kind="bullet", frequency=4, instalments=4)
    assert column(terms.schedule(), "interest") == ["180.00"] * 4
    assert terms.due_dates()[-1] == date(2027, 1, 15)


def test_stubs_need_a_day_count(loan: Make) -> None:
    """A first or last period that is no regular one is counted, not guessed."""
    for stub in ({"first": date(2026, 3, 1)}, {"last": date(2027, 1, 31)}):
        with pytest.raises(InvalidOption, match=f"the {next(iter(stub))} ") as caught:
            loan(**stub).schedule()
        assert caught.value.field == "day_count"
    terms = loan(
        kind="bullet",
        instalments=3,
        first=date(2026, 3, 1),
        last=date(2026, 5, 16),
        day_count=DayCount("30E/360"),
    )
    schedule = terms.schedule()
    assert [line.due for line in schedule.instalments] == [
        date(2026, 3, 1),
        date(2026, 4, 1),
        date(2026, 5, 16),
    ]
    assert column(schedule, "interest") == ["92.00", "60.00", "90.00"]


@pytest.mark.parametrize(
    ("start", "first"),
    [
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 31)),
        (date(2026, 2, 28), date(2026, 3, 28)),
    ],
)
def test_a_regular_first_period_is_recognised(
    loan: Make, start: date, first: date
) -> None:
    """A month is a month, at its end too."""
    schedule = loan(
        start=start, first=first, end_of_month=True, instalments=2
    ).schedule()
    assert schedule.instalments[0].interest.number == "60.00"


def test_a_single_instalment(loan: Make) -> None:
    """It is the first and the last."""
    for kind in ("annuity", "linear", "bullet"):
        schedule = loan(kind=kind, instalments=1).schedule()
        assert column(schedule, "payment") == ["12060.00"]
    ended = loan(instalments=1, last=date(2026, 2, 14), day_count=DayCount("ACT/360"))
    assert column(ended.schedule(), "payment") == ["12060.00"]


# --- properties ----------------------------------------------------------------------


@st.composite
def loans(draw: st.DrawFn) -> Loan:
    """Draw loans of all kinds, many of them small, where rounding shows."""
    kind = draw(st.sampled_from(["annuity", "linear", "bullet"]))
    instalments = draw(st.integers(1, 40))
    minor_units = draw(st.integers(1, 500) | st.integers(1, 10**12))
    options: dict[str, Any] = {}
    if kind != "bullet":
        options["interest_only"] = draw(st.integers(0, instalments - 1))
        balloon = draw(st.integers(0, minor_units))
        options["balloon"] = bl.Amount.from_minor(balloon, "EUR")
    if draw(st.booleans()):
        name = draw(st.sampled_from(["30E/360", "ACT/360", "ACT/ACT-ISDA"]))
        options["day_count"] = DayCount(name)
    return Loan(
        bl.Amount.from_minor(minor_units, "EUR"),
        draw(st.fractions(0, 1, max_denominator=10**4)),
        instalments,
        kind,
        draw(st.dates(date(2000, 1, 1), date(2030, 12, 31))),
        draw(st.sampled_from([1, 2, 3, 4, 6, 12])),
        end_of_month=draw(st.booleans()),
        interest_rounding=draw(st.sampled_from(["cumulative", "each"])),
        negative_amortisation_ok=True,
        **options,
    )


@given(loans())
def test_every_loan_ends_at_zero(loan: Loan) -> None:
    """And each of its lines rolls forward."""
    check_lines(loan, loan.schedule())


@given(loans())
def test_interest_to_date_is_exact_within_half_a_unit(loan: Loan) -> None:
    """On what was owed, by the plain sum; the single periods drift apart."""
    exact = Fraction(0)
    charged = 0
    for line in loan.schedule().instalments:
        years = Fraction(1, loan.frequency)
        if loan.day_count is not None:
            years = year_fraction(loan.day_count.convention, line.start, line.due)
        period = line.opening.minor_units * loan.rate * years
        exact += period
        charged += line.interest.minor_units
        if loan.interest_rounding == "cumulative":
            assert abs(charged - exact) <= Fraction(1, 2)
        else:
            assert abs(line.interest.minor_units - period) <= Fraction(1, 2)


@given(loans())
def test_the_last_payment_differs_by_roundings_only(loan: Loan) -> None:
    """Half a unit of each payment and of each interest, with interest on them."""
    schedule = loan.schedule()
    if loan.kind != "annuity" or len(schedule.instalments) < loan.instalments:
        return
    growth = Fraction(1)
    allowed = Fraction(1)
    for line in schedule.instalments:
        years = max(Fraction((line.due - line.start).days, 360), Fraction(1, 12))
        growth = 1 + loan.rate * (years + Fraction(1, 20))
        allowed = allowed * growth + 2
    assert abs(schedule.final_difference.minor_units) <= allowed


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"principal": "0.00 EUR"}, InvalidOption, "principal"),
        ({"principal": 12000}, InexactNumber, "principal"),
        ({"rate": 0.06}, InexactNumber, "rate"),
        ({"rate": "-0.01"}, InvalidOption, "rate"),
        ({"instalments": 0}, InvalidOption, "instalments"),
        ({"instalments": 12.0}, InvalidOption, "instalments"),
        ({"instalments": 1201}, BoundExceeded, "instalments"),
        ({"kind": "balloon"}, InvalidOption, "kind"),
        ({"frequency": 5}, InvalidOption, "frequency"),
        ({"start": "2026-01-15"}, InvalidDate, "start"),
        ({"start": date(2199, 6, 1)}, BoundExceeded, "last"),
        ({"first": datetime(2026, 2, 1)}, InvalidDate, "first"),  # noqa: DTZ001
        ({"first": date(2026, 1, 15)}, InvalidOption, "first"),
        ({"last": date(2026, 12, 15)}, InvalidOption, "last"),
        ({"last": "2027-01-31"}, InvalidDate, "last"),
        ({"end_of_month": "yes"}, InvalidOption, "end_of_month"),
        ({"day_count": "ACT/360"}, InvalidOption, "day_count"),
        ({"payment": 1000}, InexactNumber, "payment"),
        ({"payment": "0.00 EUR"}, InvalidOption, "payment"),
        ({"payment": "1000.00 USD"}, CommodityMismatch, "payment"),
        ({"payment": "1000.00 EUR", "kind": "linear"}, InvalidOption, "payment"),
        ({"balloon": "1000.00 USD"}, CommodityMismatch, "balloon"),
        ({"balloon": "-1.00 EUR"}, InvalidOption, "balloon"),
        ({"balloon": "12000.01 EUR"}, InvalidOption, "balloon"),
        ({"balloon": "1.00 EUR", "kind": "bullet"}, InvalidOption, "kind"),
        ({"interest_only": 1, "kind": "bullet"}, InvalidOption, "kind"),
        ({"interest_only": -1}, InvalidOption, "interest_only"),
        ({"interest_only": 12}, BoundExceeded, "interest_only"),
        ({"rounding": "bankers"}, InvalidOption, "rounding"),
        ({"interest_rounding": "none"}, InvalidOption, "interest_rounding"),
        ({"negative_amortisation_ok": 1}, InvalidOption, "negative_amortisation_ok"),
    ],
)
def test_impossible_terms_are_refused(
    loan: Make, changes: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """The argument is named."""
    with pytest.raises(error) as caught:
        loan(**changes)
    assert caught.value.field == field
