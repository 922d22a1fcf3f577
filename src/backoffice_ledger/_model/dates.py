"""Calendar dates and instants at the boundary."""

from datetime import UTC, date, datetime, timedelta

from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger.errors import BoundExceeded, InvalidDate

_MIN = BOUNDS.date_min
_MAX = BOUNDS.date_max
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_date(value: object, field: str) -> date:
    """Return *value* if it is a plain date in range.

    Raises:
        InvalidDate: not a date, or a datetime (an instant is not a day).
        BoundExceeded: outside `Bounds.date_min` .. `Bounds.date_max`.
    """
    if type(value) is not date:
        if isinstance(value, datetime) or not isinstance(value, date):
            raise InvalidDate(
                field=field,
                expected="datetime.date (a day, not an instant or a text)",
                found=value,
            )
        value = date(value.year, value.month, value.day)
    if not _MIN <= value <= _MAX:
        raise BoundExceeded(field=field, expected=f"{_MIN} to {_MAX}", found=value)
    return value


def check_optional_date(value: object, field: str) -> date | None:
    """Return *value* if it is None or a plain date in range."""
    return None if value is None else check_date(value, field)


def instant_to_microseconds(value: object, field: str) -> int:
    """Return an aware datetime as microseconds since 1970-01-01 UTC.

    Raises:
        InvalidDate: not a datetime, or without a time zone.
    """
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise InvalidDate(
            field=field,
            expected="a datetime with a time zone",
            found=value,
        )
    since = value - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant_from_microseconds(microseconds: int) -> datetime:
    """Return the UTC instant of *microseconds* since 1970-01-01."""
    return _EPOCH + timedelta(microseconds=microseconds)
