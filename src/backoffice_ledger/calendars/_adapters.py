"""Calendars out of the packages ``holidays`` and ``exchange_calendars``.

Neither is imported here: whoever has an object of theirs has the package.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from backoffice_ledger._model.dates import check_date
from backoffice_ledger.calendars._business import HolidayCalendar
from backoffice_ledger.calendars._weekend import NAMES, SATURDAY_SUNDAY, Weekend
from backoffice_ledger.errors import CalendarHorizon, InvalidOption


def _span(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(index) for index in range((end - start).days + 1))


def from_holidays(
    days: Any,
    *,
    name: str,
    valid_from: date,
    valid_through: date,
    weekend: Weekend = SATURDAY_SUNDAY,
    version: str = "",
) -> HolidayCalendar:
    """Return the closures of an object of the package ``holidays`` as a calendar.

    Such an object says that every day outside its years is open, without a word: XETR
    begins with 2016, XPAR with 2019.  Here such days are refused.  Take care what the
    object is about: the holidays of a country are not those of its banks.

    Args:
        days: ``holidays.financial_holidays("XETR")`` or alike (extra ``calendars``).
        name: stable name, to be stored with what was computed.
        valid_from: first day that the calendar will know.
        valid_through: last day that it will know.
        weekend: days of rest; the object's own are not asked for.
        version: version of the data, such as ``holidays.__version__``.

    Raises:
        CalendarHorizon: the object does not cover the days asked for.
        InvalidOption: *days* is no such object, or the dates are reversed.
        InvalidDate, BoundExceeded: a day is none, or too far off.
    """
    first = getattr(days, "start_year", None)
    last = getattr(days, "end_year", None)
    if type(first) is not int or type(last) is not int:
        raise InvalidOption(
            field="days",
            expected="an object of the package holidays",
            found=type(days).__name__,
        )
    start = check_date(valid_from, "valid_from")
    end = check_date(valid_through, "valid_through")
    closures = [day for day in _span(start, end) if day in days]
    for field, day in (("valid_from", start), ("valid_through", end)):
        if not first <= day.year <= last or day.year not in days.years:
            raise CalendarHorizon(
                f"{name}: the package holidays takes all other years for open",
                field=field,
                expected=f"a year from {first} to {last} that the object holds",
                found=day,
            )
    return HolidayCalendar(
        name,
        closures=closures,
        valid_from=start,
        valid_through=end,
        weekend=weekend,
        source=f"package holidays, {type(days).__name__}",
        version=version,
    )


def from_exchange_calendar(calendar: Any, *, version: str = "") -> HolidayCalendar:
    """Return the trading days of a calendar of the package ``exchange_calendars``.

    It knows the days from the first to the last session of *calendar*.  Trading days
    are not settlement days.

    Args:
        calendar: ``exchange_calendars.get_calendar("XPAR", start="2020-01-01",
            end="2026-12-31")`` or alike (extra ``exchanges``).
        version: version of the data, such as ``exchange_calendars.__version__``.

    Raises:
        InvalidOption: *calendar* is no such object.
    """
    sessions: Iterable[Any] | None = getattr(calendar, "sessions", None)
    if sessions is None or not isinstance(getattr(calendar, "weekmask", None), str):
        raise InvalidOption(
            field="calendar",
            expected="a calendar of the package exchange_calendars",
            found=type(calendar).__name__,
        )
    trading = {date(session.year, session.month, session.day) for session in sessions}
    start, end = min(trading), max(trading)
    mask = zip(NAMES, calendar.weekmask, strict=True)
    return HolidayCalendar(
        calendar.name,
        closures=[day for day in _span(start, end) if day not in trading],
        valid_from=start,
        valid_through=end,
        weekend=Weekend(name for name, works in mask if works == "0"),
        source="package exchange_calendars",
        version=version,
    )
