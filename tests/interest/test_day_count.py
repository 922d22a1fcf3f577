"""Day counts: worked cases, algebra, and what is refused."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice_ledger.calendars import BusinessCalendar
from backoffice_ledger.errors import (
    BoundExceeded,
    InvalidDate,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.interest import (
    CONVENTIONS,
    DayCount,
    year_fraction,
)


class Weekdays:
    """A calendar without holidays."""

    def is_business_day(self, day: date) -> bool:
        """Tell Monday to Friday from the weekend."""
        return day.weekday() < 5


REFERENCE = (date(2020, 2, 29), date(2020, 8, 31))
FAR = date(2150, 12, 31)
OPTIONS: dict[str, dict[str, Any]] = {
    "30E/360-ISDA": {"termination": FAR},
    "ACT/365L": {"frequency": 1, "coupon_end": FAR},
    "ACT/ACT-ICMA": {"frequency": 2, "reference": REFERENCE, "end_of_month": True},
    "BUS/252": {"calendar": Weekdays()},
}
ADDITIVE = sorted(name for name, entry in CONVENTIONS.items() if entry.additive)
NOT_ADDITIVE = {
    "30/360-BOND": (date(2024, 1, 15), date(2024, 1, 31), date(2024, 7, 15)),
    "30/360-US": (date(2024, 1, 15), date(2024, 1, 31), date(2024, 7, 15)),
    "30/360-PSA": (date(2024, 1, 15), date(2024, 1, 31), date(2024, 7, 15)),
    "30/360-NASD": (date(2024, 1, 15), date(2024, 1, 31), date(2024, 7, 15)),
    "30E+/360": (date(2024, 1, 15), date(2024, 1, 31), date(2024, 7, 15)),
    "ACT/365L": (date(2024, 1, 15), date(2149, 1, 31), date(2149, 7, 15)),
    "ACT/ACT-AFB": (date(2024, 1, 15), date(2024, 3, 31), date(2024, 7, 15)),
    "ACT/ACT-AFB-ISDA": (date(2024, 1, 15), date(2024, 3, 31), date(2024, 7, 15)),
    "1/1": (date(2024, 1, 15), date(2024, 1, 31), date(2024, 7, 15)),
}
"""A start, a day between and an end for which the parts do not sum to the whole."""


def fraction(name: str, start: date, end: date) -> Fraction:
    """Count with the options that the convention needs."""
    return year_fraction(name, start, end, **OPTIONS.get(name, {}))


@st.composite
def days(draw: st.DrawFn) -> date:
    """Draw days, many of them at the end of a month."""
    day = draw(st.dates(date(1990, 1, 1), date(2040, 12, 31)))
    return day + relativedelta(day=31) if draw(st.booleans()) else day


# --- worked cases --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "isda", "afb"),
    [
        # 2003-11-01 to 2004-05-01
        (
            date(2003, 11, 1),
            date(2004, 5, 1),
            Fraction(61, 365) + Fraction(121, 366),
            Fraction(182, 366),
        ),
        (date(1999, 2, 1), date(1999, 7, 1), Fraction(150, 365), Fraction(150, 365)),
        (
            date(1999, 7, 1),
            date(2000, 7, 1),
            Fraction(184, 365) + Fraction(182, 366),
            Fraction(1),
        ),
        (date(2002, 8, 15), date(2003, 7, 15), Fraction(334, 365), Fraction(334, 365)),
        # where the paper of 1998 had an error, corrected in 1999
        (
            date(2003, 7, 15),
            date(2004, 1, 15),
            Fraction(170, 365) + Fraction(14, 366),
            Fraction(184, 365),
        ),
        (
            date(1999, 7, 30),
            date(2000, 1, 30),
            Fraction(155, 365) + Fraction(29, 366),
            Fraction(184, 365),
        ),
        (date(2000, 1, 30), date(2000, 6, 30), Fraction(152, 366), Fraction(152, 366)),
        (
            date(1999, 11, 30),
            date(2000, 4, 30),
            Fraction(32, 365) + Fraction(120, 366),
            Fraction(152, 366),
        ),
    ],
)
def test_emu_and_market_conventions(
    start: date, end: date, isda: Fraction, afb: Fraction
) -> None:
    """ISDA, "EMU and market conventions", in its corrected version of 1999."""
    assert year_fraction("ACT/ACT-ISDA", start, end) == isda
    assert year_fraction("ACT/ACT-AFB", start, end) == afb
    assert year_fraction("ACT/ACT-AFB-ISDA", start, end) == afb


@pytest.mark.parametrize(
    ("end_of_month", "expected"),
    [
        (True, Fraction(91, 364) + Fraction(61, 368)),
        (False, Fraction(91, 364) + Fraction(61, 360)),
    ],
)
def test_a_long_last_coupon(end_of_month: bool, expected: Fraction) -> None:
    """The second notional period ends on 31 or on 29 May."""
    found = year_fraction(
        "ACT/ACT-ICMA",
        date(1999, 11, 30),
        date(2000, 4, 30),
        frequency=4,
        reference=(date(1999, 8, 31), date(1999, 11, 30)),
        end_of_month=end_of_month,
    )
    assert found == expected


def test_the_original_example_of_afb() -> None:
    """Three years and 140 days, counted back from the end."""
    found = year_fraction("ACT/ACT-AFB", date(1994, 2, 10), date(1997, 6, 30))
    assert found == 3 + Fraction(140, 365)


def test_two_readings_of_afb() -> None:
    """For one of them 28 and 29 February 2008 earn the same."""
    start, one_day = date(2004, 2, 28), Fraction(1, 365)
    days = date(2008, 2, 28), date(2008, 2, 29)
    assert [year_fraction("ACT/ACT-AFB", start, day) for day in days] == [
        4,
        4 + one_day,
    ]
    assert [year_fraction("ACT/ACT-AFB-ISDA", start, day) for day in days] == [
        4 + one_day,
        4 + one_day,
    ]


@pytest.mark.parametrize(
    ("start", "end", "bond", "european", "us"),
    [
        (date(2007, 2, 28), date(2007, 8, 31), 183, 182, 180),
        (date(2008, 2, 29), date(2009, 2, 28), 359, 359, 360),
    ],
)
def test_the_ends_of_february(
    start: date, end: date, bond: int, european: int, us: int
) -> None:
    """ISDA's workbook "30/360 day count conventions"."""
    assert year_fraction("30/360-BOND", start, end) == Fraction(bond, 360)
    assert year_fraction("30E/360", start, end) == Fraction(european, 360)
    assert year_fraction("30/360-US", start, end) == Fraction(us, 360)


def test_the_termination_in_february_keeps_its_days() -> None:
    """The contract ends before its last period is full."""
    start, end = date(2011, 8, 31), date(2012, 2, 29)
    ending = year_fraction("30E/360-ISDA", start, end, termination=end)
    going_on = year_fraction("30E/360-ISDA", start, end, termination=FAR)
    assert (ending, going_on) == (Fraction(179, 360), Fraction(1, 2))


# --- algebra -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ADDITIVE)
@settings(max_examples=50)
@given(dates=st.tuples(days(), days(), days()).map(sorted))
def test_parts_sum_to_the_whole(name: str, dates: list[date]) -> None:
    """What meets in the middle counts no day twice, and forgets none."""
    start, middle, end = dates
    parts = fraction(name, start, middle) + fraction(name, middle, end)
    assert parts == fraction(name, start, end)


def test_every_convention_is_additive_or_shown_not_to_be() -> None:
    """The counterexamples below are complete."""
    assert {*ADDITIVE, *NOT_ADDITIVE} == set(CONVENTIONS)
    assert not {*ADDITIVE} & {*NOT_ADDITIVE}


@pytest.mark.parametrize("name", NOT_ADDITIVE)
def test_parts_do_not_sum_to_the_whole(name: str) -> None:
    """So nothing may ever sum the fractions of periods."""
    start, middle, end = NOT_ADDITIVE[name]
    parts = fraction(name, start, middle) + fraction(name, middle, end)
    assert parts != fraction(name, start, end)


@pytest.mark.parametrize("name", CONVENTIONS)
@settings(max_examples=50)
@given(start=days(), length=st.integers(0, 3000))
def test_a_day_more_never_counts_less(name: str, start: date, length: int) -> None:
    """And nothing counts below zero."""
    end = start + timedelta(length)
    shorter = fraction(name, start, end)
    assert 0 <= shorter <= fraction(name, start, end + timedelta(1))


@pytest.mark.parametrize("name", sorted({*CONVENTIONS} - {"1/1"}))
@given(day=days())
def test_no_day_counts_nothing(name: str, day: date) -> None:
    """From a day to itself."""
    assert fraction(name, day, day) == 0


@given(
    start=days(),
    count=st.integers(1, 60),
    frequency=st.sampled_from([1, 2, 3, 4, 6, 12]),
    end_of_month=st.booleans(),
)
def test_whole_coupons_are_parts_of_a_year(
    start: date, count: int, frequency: int, end_of_month: bool
) -> None:
    """However long their months are."""
    months = 12 // frequency
    at_end = end_of_month and (start + timedelta(1)).day == 1
    dates = [start]
    for _ in range(count):
        after = dates[-1] + relativedelta(months=months)
        dates.append(after + relativedelta(day=31) if at_end else after)
    found = year_fraction(
        "ACT/ACT-ICMA",
        start,
        dates[-1],
        frequency=frequency,  # type: ignore[arg-type]
        reference=(dates[0], dates[1]),
        end_of_month=at_end,
    )
    assert found == Fraction(count, frequency)


def test_leap_days_are_counted_as_a_calendar_does() -> None:
    """1900 and 2100 have none, 2000 has one."""
    for start, end in ((1900, 1901), (2000, 2001), (2100, 2101), (1999, 2005)):
        first, last = date(start, 1, 1), date(end, 1, 1)
        days_between = [first + timedelta(i) for i in range(1, (last - first).days + 1)]
        counted = sum(1 for day in days_between if (day.month, day.day) != (2, 29))
        assert year_fraction("NL/365", first, last) == Fraction(counted, 365)


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIONS)
def test_a_missing_option_is_named(name: str) -> None:
    """Nothing is guessed."""
    assert set(CONVENTIONS[name].needs) == set(OPTIONS[name])
    for missing in OPTIONS[name]:
        options = {key: value for key, value in OPTIONS[name].items() if key != missing}
        with pytest.raises(InvalidOption) as caught:
            DayCount(name, **options)
        assert caught.value.field == missing
        assert f"{name} needs it" in str(caught.value)


@pytest.mark.parametrize(
    "name", sorted({option for n in OPTIONS for option in OPTIONS[n]})
)
def test_an_option_that_means_nothing_is_refused(name: str) -> None:
    """Whoever gives it expects it to count."""
    value = next(options[name] for options in OPTIONS.values() if name in options)
    with pytest.raises(InvalidOption) as caught:
        DayCount("ACT/360", **{name: value})
    assert caught.value.field == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("30/360", "30/360-BOND"),
        ("30/360 ISDA", "30E/360-ISDA"),
        ("30U/360", "30/360-US"),
        ("act/365", "ACT/365F"),
        ("Actual/365", "ACT/365F"),
        ("Act/Act", "ACT/ACT-ICMA"),
        ("ACT/367", "ACT/366"),
        (None, "ACT/360"),
        (360, "ACT/360"),
        (["ACT/360"], "ACT/360"),
    ],
)
def test_a_name_that_is_not_ours_is_refused(name: Any, hint: str) -> None:
    """Most of all one that means opposite things elsewhere."""
    with pytest.raises(InvalidOption, match=hint) as caught:
        DayCount(name)
    assert caught.value.field == "convention"


@pytest.mark.parametrize(
    ("name", "changes", "error", "field"),
    [
        ("ACT/ACT-ICMA", {"frequency": 5}, InvalidOption, "frequency"),
        ("ACT/ACT-ICMA", {"frequency": True}, InvalidOption, "frequency"),
        ("ACT/ACT-ICMA", {"frequency": 2.0}, InvalidOption, "frequency"),
        ("ACT/ACT-ICMA", {"end_of_month": 1}, InvalidOption, "end_of_month"),
        ("ACT/ACT-ICMA", {"reference": FAR}, InvalidOption, "reference"),
        ("ACT/ACT-ICMA", {"reference": (FAR,)}, InvalidOption, "reference"),
        ("ACT/ACT-ICMA", {"reference": (FAR, "x")}, InvalidDate, "reference"),
        ("ACT/ACT-ICMA", {"reference": (FAR, FAR)}, InvalidOption, "reference"),
        ("ACT/ACT-ICMA", {"reference": REFERENCE[::-1]}, InvalidOption, "reference"),
        ("ACT/ACT-ICMA", {"frequency": 4}, InvalidOption, "reference"),
        ("ACT/365L", {"frequency": 0}, InvalidOption, "frequency"),
        ("ACT/365L", {"coupon_end": "2026-01-01"}, InvalidDate, "coupon_end"),
        ("30E/360-ISDA", {"termination": 2026}, InvalidDate, "termination"),
        ("30E/360-ISDA", {"termination": date.max}, BoundExceeded, "termination"),
        ("BUS/252", {"calendar": "Brazil"}, InvalidOption, "calendar"),
        ("BUS/252", {"calendar": Weekdays}, InvalidOption, "calendar"),
    ],
)
def test_a_wrong_option_is_named(
    name: str, changes: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """A wrong type, a number out of range, a period that is no regular one."""
    with pytest.raises(error) as caught:
        DayCount(name, **(OPTIONS[name] | changes))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("start", "end", "error", "field"),
    [
        (date(2026, 2, 1), date(2026, 1, 31), InvalidOption, "end"),
        ("2026-01-01", date(2026, 1, 31), InvalidDate, "start"),
        (date(2026, 1, 1), None, InvalidDate, "end"),
        (datetime(2026, 1, 1), date(2026, 1, 31), InvalidDate, "start"),  # noqa: DTZ001
        (date(1899, 12, 31), date(2026, 1, 31), BoundExceeded, "start"),
        (date(2026, 1, 1), date(2200, 1, 1), BoundExceeded, "end"),
    ],
)
def test_impossible_dates_are_refused(
    start: Any, end: Any, error: type[LedgerError], field: str
) -> None:
    """Reversed, no dates, or outside of time."""
    for name in CONVENTIONS:
        with pytest.raises(error) as caught:
            fraction(name, start, end)
        assert caught.value.field == field


def test_interest_beyond_the_coupon_is_refused() -> None:
    """The rule of ACT/365L is about one coupon."""
    terms = DayCount("ACT/365L", frequency=2, coupon_end=date(2026, 7, 1))
    assert terms.fraction(date(2026, 1, 1), date(2026, 7, 1)) == Fraction(181, 365)
    with pytest.raises(InvalidOption) as caught:
        terms.fraction(date(2026, 1, 1), date(2026, 7, 2))
    assert caught.value.field == "coupon_end"


def test_a_day_count_is_a_value() -> None:
    """Equal terms are equal, and can be kept in a set."""
    terms = DayCount("ACT/ACT-ICMA", **OPTIONS["ACT/ACT-ICMA"])
    assert terms == DayCount("ACT/ACT-ICMA", **OPTIONS["ACT/ACT-ICMA"])
    assert len({terms, DayCount("ACT/360"), DayCount("ACT/360")}) == 2


def test_any_object_that_knows_business_days_is_a_calendar() -> None:
    """No base class is needed."""
    calendar: BusinessCalendar = Weekdays()
    found = year_fraction(
        "BUS/252", date(2026, 11, 20), date(2026, 11, 24), calendar=calendar
    )
    assert found == Fraction(2, 252)
