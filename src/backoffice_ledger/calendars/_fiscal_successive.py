"""Calendars that follow one another in the same books."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, final

import attrs

from backoffice_ledger._model.fields import set_field
from backoffice_ledger.calendars._fiscal import FiscalMonths, FiscalWeeks, FiscalYear
from backoffice_ledger.calendars._months import CalendarMonths
from backoffice_ledger.errors import InvalidOption

Endless = CalendarMonths | FiscalMonths | FiscalWeeks
"""Calendars that name every day."""

_ENDLESS: Final = (CalendarMonths, FiscalMonths, FiscalWeeks)

_ONE_DAY: Final = timedelta(1)
_SAMPLE_DAYS: Final = 3 * 366
"""After so many days names have other numbers than any before a change."""


@attrs.frozen
class _Part:
    """A calendar and the days for which it is used."""

    calendar: Endless | FiscalYear
    first: date
    last: date

    def has(self, name: str) -> bool:
        """Whether *name* stands for some of its days."""
        try:
            first, last = self.calendar.days_of(name)
        except InvalidOption:
            return False
        return first <= self.last and last >= self.first

    def names(self) -> Iterator[str]:
        """Yield the names of its first periods and years."""
        day = self.first
        until = min(self.last, self.first + timedelta(_SAMPLE_DAYS))
        while day <= until:
            name = self.calendar.period_of(day)
            yield name
            yield self.calendar.year_of(day)
            day = self.calendar.span(name)[1] + _ONE_DAY


@final
@attrs.frozen(init=False)
class SuccessiveCalendars:
    """A calendar until a day, and another one from that day on.

    The change makes a short year: of the year and the period in which it falls the
    days before it are left.  For a long year, or one with other periods, put a
    `FiscalYear` between two calendars.

    >>> changed = SuccessiveCalendars(
    ...     FiscalMonths(first_month=7),
    ...     [(date(2026, 7, 1), FiscalMonths(prefix="CY"))],
    ... )
    >>> changed.expand("CY2026")[0], len(changed.expand("CY2026"))
    ('CY2026-P07', 6)

    Args:
        first: the calendar to begin with.
        changes: days and the calendars from these days on, in order.

    Raises:
        InvalidOption: the days are not in order, a period of the new calendar does not
            begin on its day, a `FiscalYear` does not meet what is beside it, or a name
            would stand for other days than before.
    """

    first: Endless | FiscalYear
    changes: tuple[tuple[date, Endless | FiscalYear], ...]
    _parts: tuple[_Part, ...] = attrs.field(eq=False, repr=False)

    def __init__(
        self,
        first: Endless | FiscalYear,
        changes: Iterable[tuple[date, Endless | FiscalYear]] = (),
    ) -> None:
        pairs = tuple((day, calendar) for day, calendar in changes)
        parts = tuple(_parts(first, pairs))
        _check_names(parts)
        set_field(self, "first", first)
        set_field(self, "changes", pairs)
        set_field(self, "_parts", parts)

    def followed_by(
        self, calendar: "Endless | FiscalYear | SuccessiveCalendars", since: date
    ) -> "SuccessiveCalendars":
        """Return this calendar until a day, and another one from *since* on.

        Raises:
            InvalidOption: they do not fit together, see `SuccessiveCalendars`.
        """
        kept = [change for change in self.changes if change[0] < since]
        if isinstance(calendar, SuccessiveCalendars):
            begun = [part.calendar for part in calendar._parts if part.first <= since]
            if not begun:
                raise InvalidOption(
                    field="since",
                    expected=f"{calendar._parts[0].first}, where it begins",
                    found=since,
                )
            later = [change for change in calendar.changes if change[0] > since]
            return SuccessiveCalendars(self.first, [*kept, (since, begun[-1]), *later])
        return SuccessiveCalendars(self.first, [*kept, (since, calendar)])

    def _part_at(self, day: date) -> _Part:
        return self._parts[bisect_right([day_ for day_, _ in self.changes], day)]

    def _part_of(self, name: str) -> _Part:
        for part in self._parts:
            if part.has(name):
                return part
        last = self._parts[-1]
        last.calendar.days_of(name)  # says what a name looks like
        raise InvalidOption(
            field="period", expected=f"a period from {last.first} on", found=name
        )

    def period_of(self, day: date) -> str:
        """Return the name of the period that holds *day*."""
        return self._part_at(day).calendar.period_of(day)

    def year_of(self, day: date) -> str:
        """Return the name of the year that holds *day*."""
        return self._part_at(day).calendar.year_of(day)

    def span(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of the period *name*.

        Raises:
            InvalidOption: not the name of a period.
        """
        part = self._part_of(name)
        first, last = part.calendar.span(name)
        return max(first, part.first), min(last, part.last)

    def days_of(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of a period, a quarter or a year.

        Raises:
            InvalidOption: not such a name.
        """
        part = self._part_of(name)
        first, last = part.calendar.days_of(name)
        return max(first, part.first), min(last, part.last)

    def expand(self, name: str) -> tuple[str, ...]:
        """Return the periods of a year or a quarter, or the period itself.

        Raises:
            InvalidOption: not such a name.
        """
        part = self._part_of(name)
        return tuple(each for each in part.calendar.expand(name) if part.has(each))


def _parts(
    first: Endless | FiscalYear, changes: tuple[tuple[date, Endless | FiscalYear], ...]
) -> Iterator[_Part]:
    """Yield the calendars with their days.

    Raises:
        InvalidOption: they do not follow one another.
    """
    start = first.first if isinstance(first, FiscalYear) else date.min
    calendar = first
    for day, following in changes:
        if type(day) is not date or day <= start:
            raise InvalidOption(
                field="since", expected=f"a day after {start}", found=day
            )
        yield _part(calendar, start, day - _ONE_DAY)
        start, calendar = day, following
    yield _part(calendar, start, date.max)


def _part(calendar: Endless | FiscalYear, first: date, last: date) -> _Part:
    """Return a calendar with its days, if it begins and ends with them."""
    if not isinstance(calendar, (*_ENDLESS, FiscalYear)):
        raise InvalidOption(
            field="calendar",
            expected="a calendar of this library",
            found=type(calendar).__name__,
        )
    if isinstance(calendar, FiscalYear):
        start = calendar.first
    else:
        start = calendar.span(calendar.period_of(first))[0]
    if first > date.min and start != first:
        raise InvalidOption(
            field="since",
            expected=f"the first day of a period, such as {start}",
            found=first,
        )
    if isinstance(calendar, FiscalYear) and calendar.last != last:
        raise InvalidOption(
            field="calendar",
            expected=f"another calendar from {calendar.last + _ONE_DAY} on",
            found=calendar.name,
        )
    return _Part(calendar, first, last)


def _check_names(parts: tuple[_Part, ...]) -> None:
    """Refuse names that would stand for days of two calendars.

    Names grow with the days: only those after the beginning of a calendar can be taken.
    """
    for part in parts:
        if part.first == date.min:
            continue
        for name in part.names():
            for other in parts:
                if other is not part and other.has(name):
                    raise InvalidOption(
                        field="calendar",
                        expected=f"another prefix: {name} would stand for days before "
                        f"and after {max(part.first, other.first)}",
                        found=name,
                    )
