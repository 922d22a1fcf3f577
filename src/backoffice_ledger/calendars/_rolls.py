"""Dates that fall on no business day, and steps of months from an anchor."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, Literal, get_args

from dateutil.relativedelta import relativedelta

from backoffice_ledger._model.dates import check_date
from backoffice_ledger.calendars._business import (
    BusinessCalendar,
    HolidayCalendar,
    check_calendar,
)
from backoffice_ledger.errors import InvalidOption

RollConvention = Literal[
    "no-adjust",
    "following",
    "modified-following",
    "modified-following-bi-monthly",
    "preceding",
    "modified-preceding",
    "nearest",
]
"""What becomes of a date that is no business day."""

MonthEnd = Literal["none", "last-day", "last-business-day"]
"""Whether steps of months stay at ends of months."""

_ONE_DAY: Final = timedelta(days=1)
_MONTHS_MAX: Final = 12_000


def _same(day: date, calendar: BusinessCalendar) -> date:
    del calendar
    return day


def _following(day: date, calendar: BusinessCalendar) -> date:
    if isinstance(calendar, HolidayCalendar):
        return calendar.next(day, or_same=True)
    while not calendar.is_business_day(day):
        day += _ONE_DAY
    return day


def _preceding(day: date, calendar: BusinessCalendar) -> date:
    if isinstance(calendar, HolidayCalendar):
        return calendar.previous(day, or_same=True)
    while not calendar.is_business_day(day):
        day -= _ONE_DAY
    return day


def _modified_following(day: date, calendar: BusinessCalendar) -> date:
    rolled = _following(day, calendar)
    return rolled if rolled.month == day.month else _preceding(day, calendar)


def _modified_following_bi_monthly(day: date, calendar: BusinessCalendar) -> date:
    rolled = _following(day, calendar)
    crosses = rolled.month != day.month or day.day <= 15 < rolled.day
    return _preceding(day, calendar) if crosses else rolled


def _modified_preceding(day: date, calendar: BusinessCalendar) -> date:
    rolled = _preceding(day, calendar)
    return rolled if rolled.month == day.month else _following(day, calendar)


def _nearest(day: date, calendar: BusinessCalendar) -> date:
    late = day.weekday() in (6, 0)
    return _following(day, calendar) if late else _preceding(day, calendar)


_ROLLS: Final[dict[str, Callable[[date, BusinessCalendar], date]]] = dict(
    zip(
        get_args(RollConvention),
        (
            _same,
            _following,
            _modified_following,
            _modified_following_bi_monthly,
            _preceding,
            _modified_preceding,
            _nearest,
        ),
        strict=True,
    )
)


def roll(day: date, convention: RollConvention, calendar: BusinessCalendar) -> date:
    """Return *day*, or the business day that stands for it by *convention*.

    ``no-adjust``
        *day* itself, whatever it is.
    ``following``, ``preceding``
        the next business day; the one before.
    ``modified-following``, ``modified-preceding``
        the same, but the other direction where it would leave the month.
    ``modified-following-bi-monthly``
        the next business day, but the one before where it would leave the half of the
        month: it crosses neither the 15th nor the end.
    ``nearest``
        the next business day from a Sunday or a Monday, else the one before.

    Source: the conventions and names of ISDA 2006 4.12 and of OpenGamma Strata.

    Raises:
        InvalidOption: there is no such convention.
        CalendarHorizon: the calendar does not know the days.
        InvalidDate, BoundExceeded: *day* is no date, or too far off.
    """
    check_date(day, "day")
    rule = _ROLLS.get(convention) if isinstance(convention, str) else None
    if rule is None:
        raise InvalidOption(
            field="convention", expected=", ".join(_ROLLS), found=convention
        )
    return rule(day, check_calendar(calendar, "calendar"))


def add_months(
    day: date,
    months: int,
    *,
    month_end: MonthEnd = "none",
    calendar: BusinessCalendar | None = None,
) -> date:
    """Return the same day of the month, *months* later or earlier.

    Where the month is too short it is the month's last day.  Add always to the anchor
    of a series: from 31 January, one month and one month more is 28 March.

    Args:
        day: the anchor.
        months: how many, negative for earlier.
        month_end: ``last-day``: from the last day of a month to the last day of
            another.  ``last-business-day``: from the last business day of a month to
            the last business day of another.  ``none``: neither.
        calendar: knows the business days, for ``last-business-day``.

    The result may be no business day: see `roll`.

    Source: the period additions of OpenGamma Strata.

    Raises:
        InvalidOption: no such *month_end*, or a calendar is missing or too much.
        CalendarHorizon: the calendar does not know the days.
        InvalidDate, BoundExceeded: *day* or the result is no date, or too far off.
    """
    check_date(day, "day")
    if type(months) is not int or abs(months) > _MONTHS_MAX:
        raise InvalidOption(
            field="months",
            expected=f"an int from {-_MONTHS_MAX} to {_MONTHS_MAX}",
            found=months,
        )
    if not isinstance(month_end, str) or month_end not in get_args(MonthEnd):
        raise InvalidOption(
            field="month_end", expected=", ".join(get_args(MonthEnd)), found=month_end
        )
    if (calendar is not None) is not (month_end == "last-business-day"):
        raise InvalidOption(
            field="calendar",
            expected="one for last-business-day, none else",
            found=calendar,
        )
    if calendar is not None:
        check_calendar(calendar, "calendar")
    later = _months_later(day, months)
    if month_end == "last-day" and day == _month_end(day):
        return _month_end(later)
    if calendar is not None and day == _preceding(_month_end(day), calendar):
        return _preceding(_month_end(later), calendar)
    return later


def _months_later(day: date, months: int) -> date:
    try:
        return check_date(day + relativedelta(months=months), "day")
    except (ValueError, OverflowError):
        raise InvalidOption(
            field="months", expected="a result from year 1 to 9999", found=months
        ) from None


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
