"""Which days of the week are days of rest, as data with dates."""

from collections.abc import Iterable
from datetime import date
from typing import Final, final

import attrs

from backoffice_ledger._model.dates import check_date
from backoffice_ledger.errors import InvalidOption

NAMES: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


def _check_days(value: object, field: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidOption(field=field, expected="names of days", found=value)
    days = tuple(value)
    if not all(day in NAMES for day in days) or set(days) == set(NAMES):
        raise InvalidOption(
            field=field, expected=f"some of {', '.join(NAMES)}, not all", found=days
        )
    return tuple(name for name in NAMES if name in days)


def _to_rests(value: object) -> tuple[tuple[date, tuple[str, ...]], ...]:
    if not isinstance(value, Iterable) or isinstance(value, str):
        raise InvalidOption(
            field="changes", expected="pairs of a date and days", found=value
        )
    rests = []
    for index, pair in enumerate(value):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise InvalidOption(
                field=f"changes[{index}]", expected="a date and days", found=pair
            )
        first = check_date(pair[0], f"changes[{index}]")
        rests.append((first, _check_days(pair[1], f"changes[{index}]")))
    return tuple(sorted(rests))


def _to_days(value: object) -> tuple[str, ...]:
    return _check_days(value, "days")


@final
@attrs.frozen(order=False)
class Weekend:
    """The days of rest of each week, and from when on they were others.

    >>> emirates = Weekend(
    ...     ["friday", "saturday"],
    ...     changes=[(date(2022, 1, 1), ["saturday", "sunday"])],
    ... )
    >>> emirates.days_on(date(2021, 12, 31)), emirates.days_on(date(2022, 1, 1))
    (('friday', 'saturday'), ('saturday', 'sunday'))

    Args:
        days: names of days, ``"monday"`` to ``"sunday"``; none for a calendar that
            has no weekend.
        changes: pairs of the first day on which it is another weekend, and its days.

    Raises:
        InvalidOption: no name of a day, or all seven.
        InvalidDate, BoundExceeded: a change begins on no date of a ledger.
    """

    days: tuple[str, ...] = attrs.field(converter=_to_days)
    changes: tuple[tuple[date, tuple[str, ...]], ...] = attrs.field(
        default=(), kw_only=True, converter=_to_rests
    )

    def days_on(self, day: date) -> tuple[str, ...]:
        """Return the names of the days of rest in force on *day*."""
        days = self.days
        for first, then in self.changes:
            if first <= day:
                days = then
        return days

    def holds(self, day: date) -> bool:
        """Tell whether *day* is a day of rest."""
        return NAMES[day.weekday()] in self.days_on(day)


def union(weekends: Iterable[Weekend]) -> Weekend:
    """Return the weekend of what rests whenever one of *weekends* does."""
    weekends = tuple(weekends)
    firsts = sorted({first for weekend in weekends for first, _ in weekend.changes})

    def together(day: date) -> set[str]:
        return {name for weekend in weekends for name in weekend.days_on(day)}

    days = {name for weekend in weekends for name in weekend.days}
    return Weekend(days, changes=[(first, together(first)) for first in firsts])


SATURDAY_SUNDAY: Final = Weekend(["saturday", "sunday"])
"""The weekend of most calendars."""

FRIDAY_SATURDAY: Final = Weekend(["friday", "saturday"])
"""The weekend of many calendars of the Middle East."""
