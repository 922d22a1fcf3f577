"""The calendars that are built in: their rules, and the days that no rule gives."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple

from dateutil.easter import easter
from dateutil.relativedelta import MO, SA, SU, TH, relativedelta, weekday

from backoffice_ledger.calendars._business import HolidayCalendar
from backoffice_ledger.errors import InvalidOption

_LAST_YEAR: Final = 2030
_ONE_DAY: Final = timedelta(days=1)


def _by_weekday(year: int, month: int, which: weekday) -> date:
    """Return such a day of a month: ``MO(3)`` the third Monday, ``MO(-1)`` the last."""
    day = 31 if which.n < 0 else 1
    return date(year, month, 1) + relativedelta(day=day, weekday=which)


def _target(year: int) -> Iterator[date]:
    yield date(year, 1, 1)
    yield easter(year) - 2 * _ONE_DAY
    yield easter(year) + _ONE_DAY
    yield date(year, 5, 1)
    yield date(year, 12, 25)
    yield date(year, 12, 26)


def _after_sunday(day: date) -> date:
    """Return the Monday after a Sunday, or the day itself."""
    return day + _ONE_DAY if day.weekday() == SU.weekday else day


def _beside_weekend(day: date) -> date:
    """Return the Friday before a Saturday, the Monday after a Sunday, or the day."""
    return day - _ONE_DAY if day.weekday() == SA.weekday else _after_sunday(day)


def _us_common(year: int) -> Iterator[date]:
    """The Mondays and the Thursday that banks and exchanges both keep."""
    yield _by_weekday(year, 2, MO(3))
    yield _by_weekday(year, 5, MO(-1))
    yield _by_weekday(year, 9, MO(1))
    yield _by_weekday(year, 11, TH(4))


def _us_fed(year: int) -> Iterator[date]:
    yield from _us_common(year)
    yield _by_weekday(year, 1, MO(3))
    yield _by_weekday(year, 10, MO(2))
    fixed = [(1, 1), (7, 4), (11, 11), (12, 25)]
    if year >= 2021:
        fixed.append((6, 19))
    for month, day in fixed:
        yield _after_sunday(date(year, month, day))


def _us_exchanges(year: int) -> Iterator[date]:
    yield from _us_common(year)
    yield _after_sunday(date(year, 1, 1))  # no Friday of the year before
    yield easter(year) - 2 * _ONE_DAY
    if year >= 1998:
        yield _by_weekday(year, 1, MO(3))
    yield _beside_weekend(date(year, 7, 4))
    yield _beside_weekend(date(year, 12, 25))
    if year >= 2022:
        yield _beside_weekend(date(year, 6, 19))


def _on_weekdays(days: Iterable[date]) -> Iterator[date]:
    """Move days of rest to the next weekdays that are not taken."""
    taken: set[date] = set()
    for day in days:
        while day.weekday() >= SA.weekday or day in taken:
            day += _ONE_DAY
        taken.add(day)
        yield day


_MAY_DAY: Final = {1995: date(1995, 5, 8), 2020: date(2020, 5, 8)}
"""VE Day: the early May holiday fell on it instead."""
_SPRING: Final = {
    2002: date(2002, 6, 4),
    2012: date(2012, 6, 4),
    2022: date(2022, 6, 2),
}
"""Jubilees: the spring holiday was moved to them."""
_ROYAL_AND_MILLENNIUM: Final = (
    date(1999, 12, 31),
    date(2002, 6, 3),
    date(2011, 4, 29),
    date(2012, 6, 5),
    date(2022, 6, 3),
    date(2022, 9, 19),
    date(2023, 5, 8),
)


def _england(year: int) -> Iterator[date]:
    yield from _on_weekdays([date(year, 1, 1)])
    yield easter(year) - 2 * _ONE_DAY
    yield easter(year) + _ONE_DAY
    yield _MAY_DAY.get(year) or _by_weekday(year, 5, MO(1))
    yield _SPRING.get(year) or _by_weekday(year, 5, MO(-1))
    yield _by_weekday(year, 8, MO(-1))
    yield from _on_weekdays([date(year, 12, 25), date(year, 12, 26)])
    yield from (day for day in _ROYAL_AND_MILLENNIUM if day.year == year)


class _BuiltIn(NamedTuple):
    closures: Callable[[int], Iterator[date]]
    first_year: int
    source: str


_BUILT_IN: Final = {
    "TARGET": _BuiltIn(
        _target, 2002, "ECB, long-term calendar of the TARGET system from 2002 on"
    ),
    "US-FED": _BuiltIn(
        _us_fed, 1988, "holidays of the Federal Reserve Banks (Fedwire)"
    ),
    "US-EXCH": _BuiltIn(
        _us_exchanges,
        1988,
        "scheduled holidays of NYSE and Nasdaq; no days of mourning",
    ),
    "GB-EW": _BuiltIn(
        _england, 1988, "bank holidays of England and Wales, with royal proclamations"
    ),
}
_VERSION: Final = "2026.1"

BUSINESS_CALENDARS: Final = tuple(_BUILT_IN)
"""The names that `business_calendar` knows."""


@cache
def business_calendar(name: str) -> HolidayCalendar:
    """Return a calendar that is built in, by one of `BUSINESS_CALENDARS`.

    ======= ==== ==================================================================
    name    from what is open
    ======= ==== ==================================================================
    TARGET  2002 the payment system of the euro; FX and money markets in EUR
    US-FED  1988 Fedwire; FX and money markets in USD
    US-EXCH 1988 NYSE and Nasdaq as scheduled; days of mourning count as open
    GB-EW   1988 banks in England and Wales; London Stock Exchange; CREST in GBP
    ======= ==== ==================================================================

    All end with 2030, and raise beyond.  From 2015 on, every day agrees with QuantLib
    and with the package ``holidays``.  `known_at` and `changed` serve for what is
    announced later.

    Raises:
        InvalidOption: there is no such calendar.
    """
    built_in = _BUILT_IN.get(name)
    if built_in is None:
        raise InvalidOption(field="calendar", expected=", ".join(_BUILT_IN), found=name)
    years = range(built_in.first_year, _LAST_YEAR + 1)
    closures = {day for year in years for day in built_in.closures(year)}
    return HolidayCalendar(
        name,
        closures=closures,
        valid_from=date(built_in.first_year, 1, 1),
        valid_through=date(_LAST_YEAR, 12, 31),
        source=built_in.source,
        version=_VERSION,
    )
