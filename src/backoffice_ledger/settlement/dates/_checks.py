"""What the arguments may be."""

from datetime import UTC, date, datetime
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.calendars import HolidayCalendar
from backoffice_ledger.errors import BoundExceeded, InvalidDate, InvalidOption


def check_day(value: object, field: str) -> date:
    """Return *value* if it is a plain date that a ledger takes.

    Raises:
        InvalidDate: not a date, or a datetime.
        BoundExceeded: outside `Bounds.date_min` .. `Bounds.date_max`.
    """
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidDate(field=field, expected="datetime.date", found=value)
    if not bl.BOUNDS.date_min <= value <= bl.BOUNDS.date_max:
        raise BoundExceeded(
            field=field,
            expected=f"{bl.BOUNDS.date_min} to {bl.BOUNDS.date_max}",
            found=value,
        )
    return value


def check_instant(value: object, field: str) -> datetime:
    """Return *value*, a datetime with a time zone, in UTC.

    Raises:
        InvalidDate: not a datetime, without a time zone, or too far off.
    """
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise InvalidDate(
            field=field, expected="a datetime with a time zone", found=value
        )
    if not bl.BOUNDS.date_min.year < value.year < bl.BOUNDS.date_max.year:
        raise InvalidDate(field=field, expected="an instant of our time", found=value)
    return value.astimezone(UTC)


def check_lag(value: object, field: str, lag_days_max: int) -> int:
    """Return *value* if it is a number of business days.

    Raises:
        InvalidOption: not an int from 0 to *lag_days_max*.
    """
    if type(value) is not int or not 0 <= value <= lag_days_max:
        raise InvalidOption(
            field=field, expected=f"an int from 0 to {lag_days_max}", found=value
        )
    return value


def check_calendar(value: Any, field: str) -> HolidayCalendar:
    """Return *value* if it is a `HolidayCalendar`.

    Raises:
        InvalidOption: it is something else.
    """
    if not isinstance(value, HolidayCalendar):
        raise InvalidOption(field=field, expected="a HolidayCalendar", found=value)
    return value
