"""Days and instants at the boundary."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from backoffice_ledger._model.dates import (
    check_date,
    check_optional_date,
    instant_from_microseconds,
    instant_to_microseconds,
)
from backoffice_ledger.errors import BoundExceeded, InvalidDate


class Holiday(date):
    """A day of one's own."""


NO_DAYS = [
    "2025-01-31",
    "01/02/2025",
    "13/02/2025",
    "10:36",
    "20250131",
    "2025-W05-5",
    "today",
    "",
    20250131,
    1738281600.0,
    None,
    datetime(2025, 1, 31),  # noqa: DTZ001
    datetime(2025, 1, 31, tzinfo=UTC),
    time(10, 36),
    1 << 3_400_000,
    "1" * 10**6,
]


@pytest.mark.parametrize("value", NO_DAYS, ids=range(len(NO_DAYS)))
def test_only_a_day_is_a_day(value: object) -> None:
    """No text is guessed at, and an instant is not a day."""
    with pytest.raises(InvalidDate) as caught:
        check_date(value, "date")
    assert caught.value.field == "date"
    assert caught.value.code == "invalid-date"
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "day", [date(1900, 1, 1), date(2024, 2, 29), date(2199, 12, 31)]
)
def test_days_in_range_are_kept(day: date) -> None:
    """The bounds themselves are in range."""
    assert check_date(day, "date") is day


@pytest.mark.parametrize(
    "day", [date.min, date(1899, 12, 31), date(2200, 1, 1), date.max]
)
def test_days_out_of_range_are_refused(day: date) -> None:
    """A year 0202 is a slip of the pen."""
    with pytest.raises(BoundExceeded) as caught:
        check_date(day, "value_date")
    assert caught.value.field == "value_date"
    assert caught.value.found == str(day)


def test_subclasses_of_date_become_plain() -> None:
    """What is kept has no behaviour of its own."""
    kept = check_date(Holiday(2025, 12, 25), "date")
    assert type(kept) is date
    assert kept == date(2025, 12, 25)


def test_an_optional_day_may_be_missing() -> None:
    """None stays None; anything else is checked."""
    assert check_optional_date(None, "opened") is None
    assert check_optional_date(date(2025, 1, 1), "opened") == date(2025, 1, 1)
    with pytest.raises(InvalidDate):
        check_optional_date("2025-01-01", "opened")


@pytest.mark.parametrize(
    "value",
    [
        datetime(2025, 1, 31, 10, 36),  # noqa: DTZ001
        date(2025, 1, 31),
        "2025-01-31T10:36:00Z",
        1738281600,
        None,
    ],
    ids=repr,
)
def test_an_instant_has_a_zone(value: object) -> None:
    """A naive datetime is refused where it comes in, not compared late."""
    with pytest.raises(InvalidDate) as caught:
        instant_to_microseconds(value, "now")
    assert caught.value.field == "now"
    assert caught.value.expected == "a datetime with a time zone"


@pytest.mark.parametrize(
    ("instant", "microseconds"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), 1),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 0),
        (datetime(2199, 12, 31, tzinfo=UTC), 7_258_032_000_000_000),
    ],
)
def test_instants_are_exact(instant: datetime, microseconds: int) -> None:
    """Microseconds since 1970 UTC, there and back."""
    assert instant_to_microseconds(instant, "now") == microseconds
    again = instant_from_microseconds(microseconds)
    assert again == instant
    assert again.tzinfo is UTC
