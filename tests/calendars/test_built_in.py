"""The calendars that are built in, against QuantLib and the package ``holidays``."""

from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import holidays
import pytest

from backoffice_ledger.calendars import (
    BUSINESS_CALENDARS,
    HolidayCalendar,
    business_calendar,
)
from backoffice_ledger.errors import InvalidOption

QuantLib = pytest.importorskip("QuantLib", reason="no wheel of QuantLib here")
FIRST, END = date(2015, 1, 1), date(2031, 1, 1)
YEARS = range(2015, 2031)

QUANTLIB: dict[str, Any] = {
    "TARGET": QuantLib.TARGET(),
    "US-FED": QuantLib.UnitedStates(QuantLib.UnitedStates.FederalReserve),
    "US-EXCH": QuantLib.UnitedStates(QuantLib.UnitedStates.NYSE),
    "GB-EW": QuantLib.UnitedKingdom(QuantLib.UnitedKingdom.Exchange),
}
UNSCHEDULED = {
    date(1994, 4, 27),
    date(2001, 9, 11),
    date(2001, 9, 12),
    date(2001, 9, 13),
    date(2001, 9, 14),
    date(2004, 6, 11),
    date(2007, 1, 2),
    date(2012, 10, 29),
    date(2012, 10, 30),
    date(2018, 12, 5),
    date(2025, 1, 9),
}
"""The exchanges were closed, the banks were open: mourning, attack and storm."""


@cache
def weekdays(first: date, end: date) -> tuple[date, ...]:
    """Return the days from Monday to Friday."""
    days = map(date.fromordinal, range(first.toordinal(), end.toordinal()))
    return tuple(day for day in days if day.weekday() < 5)


def quantlib_closures(calendar: Any, first: date, end: date) -> set[date]:
    """Return the weekdays that QuantLib takes for closed."""
    return {
        day
        for day in weekdays(first, end)
        if not calendar.isBusinessDay(QuantLib.Date(day.day, day.month, day.year))
    }


def holidays_closures(days: Any) -> set[date]:
    """Return the weekdays of 2015 to 2030 that the package holidays knows."""
    return {day for day in weekdays(FIRST, END) if day in days}


def closures(calendar: HolidayCalendar, first: date = FIRST) -> set[date]:
    """Return our closed weekdays."""
    return set(calendar.closed_weekdays(first, END))


def test_there_are_four_and_each_says_what_it_is() -> None:
    """Name, horizon, source and version go with what was computed."""
    assert BUSINESS_CALENDARS == ("TARGET", "US-FED", "US-EXCH", "GB-EW")
    for name in BUSINESS_CALENDARS:
        calendar = business_calendar(name)
        assert calendar.name == name
        assert calendar.valid_through == date(2030, 12, 31)
        assert calendar.source
        assert calendar.version
        assert calendar is business_calendar(name)
    with pytest.raises(InvalidOption) as caught:
        business_calendar("XETR")
    assert caught.value.field == "calendar"


def test_target_closures_of_each_year() -> None:
    """Three libraries agree on 79 closures from 2015 to 2030, year by year."""
    found = Counter(day.year for day in closures(business_calendar("TARGET")))
    assert [found[year] for year in YEARS] == [
        5, 4, 5, 6, 6, 5, 3, 3, 5, 6, 6, 5, 3, 5, 6, 6,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "count"),
    [("TARGET", 79), ("US-FED", 158), ("US-EXCH", 151), ("GB-EW", 131)],
)
def test_how_many_closures(name: str, count: int) -> None:
    """NYSE has 153 with the two days of mourning, which we leave open."""
    assert len(closures(business_calendar(name))) == count


@pytest.mark.parametrize("name", BUSINESS_CALENDARS)
def test_every_day_agrees_with_quantlib(name: str) -> None:
    """From the first day that we know to the last, but for unscheduled closures."""
    calendar = business_calendar(name)
    theirs = quantlib_closures(QUANTLIB[name], calendar.valid_from, END)
    ours = closures(calendar, calendar.valid_from)
    assert ours - theirs == set()
    assert theirs - ours == (UNSCHEDULED if name == "US-EXCH" else set())


@pytest.mark.parametrize(
    ("name", "days", "unscheduled"),
    [
        ("TARGET", holidays.financial_holidays("XECB"), set()),
        ("US-FED", holidays.financial_holidays("XFED"), set()),
        (
            "US-EXCH",
            holidays.financial_holidays("XNYS"),
            {date(2018, 12, 5), date(2025, 1, 9)},
        ),
        ("GB-EW", holidays.country_holidays("GB", subdiv="ENG"), set()),
    ],
    ids=BUSINESS_CALENDARS,
)
def test_every_day_agrees_with_holidays(
    name: str, days: Any, unscheduled: set[date]
) -> None:
    """From 2015 to 2030, but for the days of mourning."""
    assert holidays_closures(days) - closures(business_calendar(name)) == unscheduled
    assert closures(business_calendar(name)) - holidays_closures(days) == set()


def test_quantlib_settlement_is_not_the_settlement_of_shares() -> None:
    """It closes the Friday before a Saturday holiday, on which the Fed is open."""
    theirs = quantlib_closures(
        QuantLib.UnitedStates(QuantLib.UnitedStates.Settlement), FIRST, END
    )
    assert len(theirs) == 169
    assert theirs - closures(business_calendar("US-FED")) == {
        date(2015, 7, 3),
        date(2017, 11, 10),
        date(2020, 7, 3),
        date(2021, 12, 24),
        date(2021, 12, 31),
        date(2023, 11, 10),
        date(2026, 7, 3),
        date(2027, 6, 18),
        date(2027, 12, 24),
        date(2027, 12, 31),
        date(2028, 11, 10),
    }


def test_where_exchanges_and_banks_part() -> None:
    """The coming days on which either is closed alone."""
    fed = closures(business_calendar("US-FED"), date(2026, 1, 1))
    exchanges = closures(business_calendar("US-EXCH"), date(2026, 1, 1))
    end = date(2029, 1, 1)
    assert sorted(day for day in exchanges - fed if day < end) == [
        date(2026, 4, 3),
        date(2026, 7, 3),
        date(2027, 3, 26),
        date(2027, 6, 18),
        date(2027, 12, 24),
        date(2028, 4, 14),
    ]
    assert sorted(day for day in fed - exchanges if day < end) == [
        date(2026, 10, 12),
        date(2026, 11, 11),
        date(2027, 10, 11),
        date(2027, 11, 11),
        date(2028, 10, 9),
    ]


def test_a_library_that_knows_no_horizon() -> None:
    """QuantLib says that Shanghai hardly closes in 2027 and never in 2028."""
    shanghai = QuantLib.China(QuantLib.China.SSE)
    found = Counter(
        day.year
        for day in quantlib_closures(shanghai, date(2026, 1, 1), date(2029, 1, 1))
    )
    assert (found[2027], found[2028]) == (1, 0)
