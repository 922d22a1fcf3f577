"""Fiscal calendars: years of months and of weeks, years of their own, successions."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice_ledger.calendars import (
    BookCalendar,
    CalendarMonths,
    FiscalMonths,
    FiscalWeeks,
    FiscalYear,
    SuccessiveCalendars,
    calendar_content,
    calendar_from_content,
)
from backoffice_ledger.errors import InvalidDocument, InvalidOption
from backoffice_ledger.testing.strategies import calendars, dates

ONE_DAY = timedelta(1)
NRF = FiscalWeeks("saturday", rule="nearest", month=1, named_by="start")
APPLE = FiscalWeeks("saturday", rule="last", month=9, pattern="4-4-5", extra_week=3)


def span_of_weeks(calendar: FiscalWeeks, name: str, first: int, last: int) -> Any:
    """Return the days of some weeks of a year, counted from 1."""
    start = calendar.days_of(name)[0]
    return start + timedelta(7 * first - 7), start + timedelta(7 * last - 1)


# --- published facts -----------------------------------------------------------------


def test_retail_years_of_53_weeks() -> None:
    """National Retail Federation, 4-5-4 calendar: the years that have a 53rd week.

    Published are 2000, 2006, 2012, 2017 and 2023; the rule (the Saturday nearest to 31
    January) gives the years beside them.
    """
    long = [year for year in range(1995, 2035) if NRF.weeks_of(f"FY{year}") == 53]
    assert long == [1995, 2000, 2006, 2012, 2017, 2023, 2028, 2034]


def test_retail_years_begin_and_end() -> None:
    """National Retail Federation: FY2023 is 2023-01-29 to 2024-02-03.

    And week 52 of FY2012 ends on 2013-01-26.
    """
    assert NRF.days_of("FY2023") == (date(2023, 1, 29), date(2024, 2, 3))
    assert span_of_weeks(NRF, "FY2012", 52, 52)[1] == date(2013, 1, 26)


def test_retail_months_are_4_5_4_and_the_extra_week_is_the_last() -> None:
    """February 2023 has four weeks, March five; January 2024 has five, not four."""
    assert NRF.span("FY2023-P01") == (date(2023, 1, 29), date(2023, 2, 25))
    assert NRF.span("FY2023-P02") == (date(2023, 2, 26), date(2023, 4, 1))
    assert NRF.span("FY2023-P12") == (date(2023, 12, 31), date(2024, 2, 3))
    weeks = [NRF.weeks_of(name) for name in NRF.expand("FY2023")]
    assert weeks == [4, 5, 4] * 3 + [4, 5, 5]


def test_an_extra_week_in_the_first_quarter() -> None:
    """The last Saturday of September, 4-4-5, the extra week in the first quarter.

    So Apple Inc. describes its fiscal year; by the rule FY2023 has 53 weeks and ends
    on 30 September 2023.
    """
    assert APPLE.days_of("FY2023") == (date(2022, 9, 25), date(2023, 9, 30))
    assert [APPLE.weeks_of(f"FY2023-Q{quarter}") for quarter in range(1, 5)] == [
        14,
        13,
        13,
        13,
    ]
    assert [APPLE.weeks_of(name) for name in APPLE.expand("FY2023-Q1")] == [4, 4, 6]


def test_the_two_rules_differ() -> None:
    """The last Saturday of a month is not always the one nearest to its end."""
    last = FiscalWeeks("saturday", rule="last", month=8)
    nearest = FiscalWeeks("saturday", rule="nearest", month=8)
    assert last.days_of("FY2021")[1] == date(2021, 8, 28)
    assert nearest.days_of("FY2021")[1] == date(2021, 8, 28)
    assert last.days_of("FY2022")[1] == date(2022, 8, 27)
    assert nearest.days_of("FY2022")[1] == date(2022, 9, 3)


def test_nearest_to_any_date() -> None:
    """A Friday nearest to 15 June is at most three days away from it."""
    calendar = FiscalWeeks("friday", rule="nearest", month=6, day=15)
    for year in range(1990, 2050):
        end = calendar.days_of(f"FY{year}")[1]
        assert end.weekday() == 4
        assert abs((end - date(year, 6, 15)).days) <= 3


# --- names ---------------------------------------------------------------------------


def test_a_year_has_the_number_of_its_end_or_its_start() -> None:
    """Of months and of weeks; a calendar year has its own number by both."""
    end, start = FiscalMonths(7), FiscalMonths(7, named_by="start")
    assert end.year_of(date(2025, 7, 1)) == "FY2026"
    assert start.year_of(date(2026, 6, 30)) == "FY2025"
    assert FiscalMonths(named_by="start").year_of(date(2026, 6, 30)) == "FY2026"
    assert FiscalMonths(prefix="GJ").period_of(date(2026, 6, 30)) == "GJ2026-P06"
    december = [
        FiscalWeeks("sunday", rule="nearest", month=12, named_by=named_by)
        for named_by in ("end", "start")
    ]
    # 2020-12-31 is a Thursday: the year ends on 2021-01-03 and is still 2020
    assert [each.year_of(date(2021, 1, 3)) for each in december] == ["FY2020"] * 2
    early = FiscalWeeks("sunday", rule="nearest", month=12, day=25, named_by="start")
    assert early.year_of(date(2020, 12, 20)) == "FY2019"


def test_a_quarter_is_three_periods() -> None:
    """And a year is four quarters."""
    calendar = FiscalMonths(4)
    assert calendar.expand("FY2026-Q4") == ("FY2026-P10", "FY2026-P11", "FY2026-P12")
    assert calendar.days_of("FY2026-Q4") == (date(2026, 1, 1), date(2026, 3, 31))
    assert calendar.days_of("FY2026") == (date(2025, 4, 1), date(2026, 3, 31))
    assert calendar.expand("FY2026-P02") == ("FY2026-P02",)


def test_calendar_months_know_their_years() -> None:
    """As the other calendars do."""
    months = CalendarMonths()
    assert months.year_of(date(1993, 5, 1)) == "1993"
    assert months.days_of("1993") == (date(1993, 1, 1), date(1993, 12, 31))
    assert months.days_of("1993-02") == (date(1993, 2, 1), date(1993, 2, 28))


@pytest.mark.parametrize(
    "name",
    [
        *("", "2026", "FY26", "FY2026-P00", "FY2026-P13", "FY2026-P1", "FY2026-Q0"),
        *(
            "FY2026-Q5",
            "FY2026-P01 ",
            "FY02026",
            "fy2026",
            "CY2026",
            "FY2026-",
            None,
            7,
        ),
        *("FY0000-P01", "FY10001", "FY99999"),
    ],
)
def test_no_names_of_periods(name: Any) -> None:
    """Names are exact."""
    for calendar in (FiscalMonths(), NRF):
        for question in (calendar.span, calendar.expand, calendar.days_of):
            with pytest.raises(InvalidOption) as caught:
                question(name)
            assert caught.value.field == "period"


def test_a_year_is_not_a_period() -> None:
    """It stands for some."""
    for calendar, name in ((NRF, "FY2026"), (NRF, "FY2026-Q1"), (SHORT, "SY2026")):
        with pytest.raises(InvalidOption, match=r"one period, such as .*-P01"):
            calendar.span(name)


def test_a_year_may_end_in_another_calendar_year_than_its_date() -> None:
    """Nearest to 1 January: the year of 2001 ends on Saturday, 30 December 2000."""
    calendar = FiscalWeeks("saturday", rule="nearest", month=1, day=1)
    assert calendar.days_of("FY2001")[1] == date(2000, 12, 30)
    assert calendar.period_of(date(2000, 12, 31)) == "FY2002-P01"


# --- the year before -----------------------------------------------------------------


def test_comparing_with_a_year_of_53_weeks() -> None:
    """NRF: restated, the year after one of 53 weeks is compared without its week 1."""
    assert NRF.compared("FY2024", restated=True) == span_of_weeks(NRF, "FY2023", 2, 53)
    assert NRF.compared("FY2024", restated=False) == span_of_weeks(NRF, "FY2023", 1, 52)
    assert NRF.compared("FY2024-P01", restated=True) == span_of_weeks(
        NRF, "FY2023", 2, 5
    )
    assert NRF.compared("FY2024-Q1", restated=False) == NRF.days_of("FY2023-Q1")


def test_comparing_with_a_year_of_52_weeks() -> None:
    """There is nothing to restate; a 53rd week has nothing to be compared with."""
    for restated in (True, False):
        assert NRF.compared("FY2022", restated=restated) == NRF.days_of("FY2021")
        assert NRF.compared("FY2023", restated=restated) == NRF.days_of("FY2022")
        assert NRF.compared("FY2023-P12", restated=restated) == span_of_weeks(
            NRF, "FY2022", 49, 52
        )


# --- years of their own --------------------------------------------------------------

SHORT = FiscalYear("SY2026", (date(2026, 7, 1), date(2026, 10, 1)), date(2026, 12, 31))


def test_a_year_of_its_own() -> None:
    """It has the periods that it is given."""
    assert SHORT.first == date(2026, 7, 1)
    assert SHORT.periods == ("SY2026-P01", "SY2026-P02")
    assert SHORT.period_of(date(2026, 9, 30)) == "SY2026-P01"
    assert SHORT.span("SY2026-P02") == (date(2026, 10, 1), date(2026, 12, 31))
    assert SHORT.days_of("SY2026") == (date(2026, 7, 1), date(2026, 12, 31))
    assert SHORT.expand("SY2026-P01") == ("SY2026-P01",)
    assert SHORT.year_of(date(2026, 7, 1)) == "SY2026"
    with pytest.raises(InvalidOption):
        SHORT.span("SY2026-P03")


def test_a_long_year_of_months() -> None:
    """Eighteen months, the first of which is cut."""
    year = FiscalYear.of_months("LY2027", date(2026, 7, 15), date(2027, 12, 31))
    assert len(year.periods) == 18
    assert year.span("LY2027-P01") == (date(2026, 7, 15), date(2026, 7, 31))
    assert year.span("LY2027-P18") == (date(2027, 12, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("name", "starts", "last", "field"),
    [
        ("2026", SHORT.starts, SHORT.last, "name"),
        ("SY26", SHORT.starts, SHORT.last, "name"),
        ("S-2026", SHORT.starts, SHORT.last, "name"),
        (None, SHORT.starts, SHORT.last, "name"),
        ("SY2026", (), SHORT.last, "starts"),
        ("SY2026", [SHORT.first], SHORT.last, "starts"),
        ("SY2026", ("2026-07-01",), SHORT.last, "starts"),
        ("SY2026", (SHORT.first, SHORT.first), SHORT.last, "starts"),
        ("SY2026", SHORT.starts, SHORT.first, "last"),
    ],
)
def test_no_years(name: Any, starts: Any, last: Any, field: str) -> None:
    """A name, and days in order."""
    with pytest.raises(InvalidOption) as caught:
        FiscalYear(name, starts, last)
    assert caught.value.field == field


def test_no_months_of_a_year() -> None:
    """Texts are no dates."""
    with pytest.raises(InvalidOption):
        FiscalYear.of_months("SY2026", "2026-07-01", SHORT.last)  # type: ignore[arg-type]


# --- one after the other -------------------------------------------------------------

JULY = FiscalMonths(7)
NEW_YEAR = FiscalMonths(prefix="CY")


def test_a_short_year_by_a_change() -> None:
    """What is left of the new calendar's year is short."""
    changed = SuccessiveCalendars(JULY, [(date(2026, 7, 1), NEW_YEAR)])
    assert changed.period_of(date(2026, 6, 30)) == "FY2026-P12"
    assert changed.period_of(date(2026, 7, 1)) == "CY2026-P07"
    assert changed.year_of(date(2026, 7, 1)) == "CY2026"
    assert changed.days_of("CY2026") == (date(2026, 7, 1), date(2026, 12, 31))
    assert changed.days_of("FY2026") == (date(2025, 7, 1), date(2026, 6, 30))
    assert len(changed.expand("CY2026")) == 6
    assert changed.expand("CY2027-Q1") == ("CY2027-P01", "CY2027-P02", "CY2027-P03")
    for gone in ("FY2027", "CY2026-P06", "CY2026-Q2"):
        with pytest.raises(InvalidOption):
            changed.span(gone)


def test_a_period_is_cut_by_a_change() -> None:
    """The last month before years of weeks begin is shorter."""
    changed = SuccessiveCalendars(CalendarMonths(), [(date(2027, 1, 31), NRF)])
    assert changed.span("2027-01") == (date(2027, 1, 1), date(2027, 1, 30))
    assert changed.span("FY2027-P01")[0] == date(2027, 1, 31)
    assert changed.expand("2027") == ("2027-01",)


def test_a_year_between_two_calendars() -> None:
    """It begins where one ends and ends where the other begins."""
    year = FiscalYear.of_months("LY2026", date(2026, 7, 1), date(2027, 12, 31))
    later = SuccessiveCalendars(year, [(date(2028, 1, 1), NEW_YEAR)])
    whole = SuccessiveCalendars(JULY, []).followed_by(later, year.first)
    assert whole == SuccessiveCalendars(
        JULY, [(year.first, year), (date(2028, 1, 1), NEW_YEAR)]
    )
    assert whole.period_of(date(2027, 12, 31)) == "LY2026-P18"
    assert whole.expand("LY2026") == year.periods
    again = whole.followed_by(FiscalMonths(7, prefix="NY"), date(2026, 7, 1))
    assert len(again.changes) == 1


def test_a_change_to_a_change_already_under_way() -> None:
    """Of a succession what counts on the day is taken, and what comes later."""
    later = SuccessiveCalendars(
        FiscalMonths(prefix="A"), [(date(2020, 1, 1), NEW_YEAR)]
    )
    changed = SuccessiveCalendars(JULY).followed_by(later, date(2026, 7, 1))
    assert changed.changes == ((date(2026, 7, 1), NEW_YEAR),)


def test_a_change_to_what_has_not_begun() -> None:
    """A year of its own names no day before its first."""
    later = SuccessiveCalendars(SHORT, [(date(2027, 1, 1), NEW_YEAR)])
    with pytest.raises(InvalidOption, match="where it begins"):
        SuccessiveCalendars(JULY).followed_by(later, date(2026, 6, 1))


@pytest.mark.parametrize(
    ("first", "changes", "field"),
    [
        (JULY, [(date(2026, 7, 1), FiscalMonths())], "calendar"),  # FY2026-P07 twice
        (JULY, [(date(2026, 7, 2), NEW_YEAR)], "since"),  # within a period
        (JULY, [(date(2026, 7, 1), SHORT)], "calendar"),  # nothing after it
        (JULY, [(date(2026, 8, 1), SHORT), (date(2027, 1, 1), NEW_YEAR)], "since"),
        (JULY, [(date(2026, 7, 1), SHORT), (date(2027, 2, 1), NEW_YEAR)], "calendar"),
        (JULY, [(date(2027, 1, 1), NEW_YEAR), (date(2026, 7, 1), NEW_YEAR)], "since"),
        (JULY, [("2026-07-01", NEW_YEAR)], "since"),
        (JULY, [(date(2026, 7, 1), "months")], "calendar"),
        (SHORT, [], "calendar"),
        (SHORT, [(SHORT.first, NEW_YEAR)], "since"),
    ],
)
def test_no_successions(first: Any, changes: Any, field: str) -> None:
    """Calendars meet, and no name stands for days before and after a change."""
    with pytest.raises(InvalidOption) as caught:
        SuccessiveCalendars(first, changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("type_", "changed"),
    [
        *((FiscalMonths, {"first_month": bad}) for bad in (0, 13, True, "7")),
        *((FiscalMonths, {"named_by": bad}) for bad in ("middle", None)),
        *((FiscalMonths, {"prefix": bad}) for bad in ("", "FY-", 7, "A" * 17)),
        (FiscalWeeks, {"ends": "Saturday"}),
        (FiscalWeeks, {"rule": "first"}),
        (FiscalWeeks, {"month": 0}),
        (FiscalWeeks, {"day": 31, "rule": "last"}),
        (FiscalWeeks, {"day": 29, "month": 2}),
        (FiscalWeeks, {"pattern": "5-5-3"}),
        (FiscalWeeks, {"extra_week": 13}),
        (FiscalWeeks, {"named_by": None}),
        (FiscalWeeks, {"prefix": "\u00e9"}),
    ],
    ids=repr,
)
def test_no_calendars(type_: Any, changed: dict[str, Any]) -> None:
    """The error names the argument."""
    usual = {"ends": "saturday", "rule": "nearest", "month": 1}
    with pytest.raises(InvalidOption) as caught:
        type_(**{**(usual if type_ is FiscalWeeks else {}), **changed})
    assert caught.value.field == next(iter(changed))


# --- as content ----------------------------------------------------------------------


def test_the_content_of_a_calendar() -> None:
    """What a book keeps: plain JSON with a kind and a version."""
    assert calendar_content(CalendarMonths()) == {
        "kind": "calendar-months",
        "version": 1,
    }
    assert calendar_content(NRF) == {
        "day": None,
        "ends": "saturday",
        "extra_week": 12,
        "kind": "fiscal-weeks",
        "month": 1,
        "named_by": "start",
        "pattern": "4-5-4",
        "prefix": "FY",
        "rule": "nearest",
        "version": 1,
    }


@pytest.mark.parametrize(
    "content", [{}, {"kind": "moons", "version": 1}, {"kind": "calendar-months"}]
)
def test_content_that_is_no_calendar(content: dict[str, Any]) -> None:
    """A later release may have made it."""
    with pytest.raises(InvalidDocument):
        calendar_from_content(content)


def test_a_calendar_of_ones_own_cannot_be_kept() -> None:
    """Nobody else could rebuild it."""
    with pytest.raises(InvalidOption):
        calendar_content(object())


# --- properties ----------------------------------------------------------------------


@given(calendars(), dates())
def test_spans_partition_the_days(calendar: BookCalendar, day: date) -> None:
    """Each day is in its period; the next day begins another one or goes on in it."""
    name = calendar.period_of(day)
    first, last = calendar.span(name)
    assert first <= day <= last
    assert calendar.period_of(first) == calendar.period_of(last) == name
    following = calendar.period_of(last + ONE_DAY)
    assert following != name
    assert calendar.span(following)[0] == last + ONE_DAY


@given(calendars(), dates())
def test_a_year_is_its_periods(calendar: BookCalendar, day: date) -> None:
    """In order, without gaps, and the day is in one of them."""
    year = calendar.year_of(day)
    names = calendar.expand(year)
    assert calendar.period_of(day) in names
    spans = [calendar.span(name) for name in names]
    assert (spans[0][0], spans[-1][1]) == calendar.days_of(year)
    for (_, last), (first, _) in pairwise(spans):
        assert first == last + ONE_DAY


@given(calendars())
def test_a_calendar_is_what_its_content_says(calendar: BookCalendar) -> None:
    """Content and back, and it is hashable."""
    assert calendar_from_content(calendar_content(calendar)) == calendar
    assert hash(calendar_from_content(calendar_content(calendar))) == hash(calendar)


@settings(max_examples=max(20, settings().max_examples // 3))
@given(calendars().filter(lambda each: isinstance(each, FiscalWeeks)), dates())
def test_a_year_of_weeks_has_52_or_53(calendar: FiscalWeeks, day: date) -> None:
    """It ends on its day of the week, and every comparison has as many whole weeks."""
    year = calendar.year_of(day)
    assert calendar.weeks_of(year) in (52, 53)
    assert sum(map(calendar.weeks_of, calendar.expand(year))) == calendar.weeks_of(year)
    end = calendar.days_of(year)[1]
    assert f"{end:%A}".lower() == calendar.ends
    for restated in (True, False):
        first, last = calendar.compared(year, restated=restated)
        assert (last - first).days + 1 == 364
        assert last < calendar.days_of(year)[0]


@given(st.sampled_from([date.min, date.max]))
def test_the_first_and_the_last_day_of_all(day: date) -> None:
    """They are in a period too, of which only some days exist."""
    for calendar in (FiscalMonths(7), FiscalMonths(7, named_by="start"), NRF, APPLE):
        first, last = calendar.span(calendar.period_of(day))
        assert first <= day <= last
