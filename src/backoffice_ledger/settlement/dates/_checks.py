"""What the arguments may be."""

from typing import Any

from backoffice_ledger.calendars import HolidayCalendar
from backoffice_ledger.errors import InvalidOption


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
