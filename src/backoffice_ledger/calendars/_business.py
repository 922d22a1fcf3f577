"""Business days: a calendar that knows how far it knows, and raises beyond."""

from array import array
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import accumulate, compress, pairwise
from typing import Any, Final, Literal, NamedTuple, NoReturn, Protocol, final

import attrs

from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.text import check_identifier, check_text
from backoffice_ledger.calendars._weekend import NAMES, SATURDAY_SUNDAY, Weekend, union
from backoffice_ledger.errors import CalendarHorizon, InvalidOption

_ONE_DAY: Final = timedelta(days=1)


class BusinessCalendar(Protocol):
    """Knows on which days business is done.

    A `HolidayCalendar` is one; so is any object of yours with this method.
    """

    def is_business_day(self, day: date) -> bool:
        """Tell whether *day* is a business day."""
        ...


@final
@attrs.frozen
class CalendarChange:
    """A day that was closed or opened at short notice, and when that became known.

    Attributes:
        day: the day.
        becomes: ``"closed"`` or ``"open"``.
        announced: the day from which on computations know of it.
        source: who said so.
    """

    day: date = attrs.field()
    becomes: Literal["closed", "open"] = attrs.field()
    announced: date = attrs.field(kw_only=True)
    source: str = attrs.field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_date(self.day, "day")
        check_date(self.announced, "announced")
        check_text(self.source, "source")
        if self.becomes not in ("closed", "open"):
            raise InvalidOption(
                field="becomes", expected="closed, open", found=self.becomes
            )


class _Table(NamedTuple):
    """What every question is answered from."""

    first: int
    """Ordinal of the first day that is known."""
    before: Sequence[int]
    """How many business days lie before each day, and before the day after the last."""
    open: Sequence[int]
    """The ordinals of the business days."""


def _to_days(value: object) -> tuple[date, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidOption(field="closures", expected="dates", found=value)
    days = {check_date(day, f"closures[{index}]") for index, day in enumerate(value)}
    return tuple(sorted(days))


def _to_changes(value: object) -> tuple[CalendarChange, ...]:
    given = tuple(value) if isinstance(value, Iterable) else (value,)
    changes: list[CalendarChange] = []
    for index, change in enumerate(given):
        if not isinstance(change, CalendarChange):
            raise InvalidOption(
                field=f"changes[{index}]", expected="a CalendarChange", found=change
            )
        changes.append(change)
    return tuple(sorted(changes, key=lambda change: (change.announced, change.day)))


@final
@attrs.frozen(order=False)
class HolidayCalendar:
    """Business days from one day to another; beyond, it raises instead of guessing.

    >>> calendar = HolidayCalendar(
    ...     "Office",
    ...     closures=[date(2026, 12, 24)],
    ...     valid_from=date(2026, 1, 1),
    ...     valid_through=date(2026, 12, 31),
    ... )
    >>> calendar.add(date(2026, 12, 23), 1)
    datetime.date(2026, 12, 25)

    All questions are answered in constant time from a table that the first one makes.
    Equality is by what is stated, not by what follows from it.

    Args:
        name: stable name, to be stored with what was computed.
        closures: closed days; those that are days of rest anyway do no harm.
        valid_from: first day that is known.
        valid_through: last day that is known.
        weekend: days of rest.
        changes: what was announced at short notice; a later one overrides.
        source: where the closures are from.
        version: version of the data or of the rule.

    Raises:
        InvalidOption: the last day is before the first, a closure or a change lies
            outside them, or an argument is of another type.
        InvalidDate, BoundExceeded: a day is none, or too far off.
        InvalidText: the name, source or version is no printable text.
    """

    name: str = attrs.field()
    closures: tuple[date, ...] = attrs.field(converter=_to_days, kw_only=True)
    valid_from: date = attrs.field(kw_only=True)
    valid_through: date = attrs.field(kw_only=True)
    weekend: Weekend = attrs.field(default=SATURDAY_SUNDAY, kw_only=True)
    changes: tuple[CalendarChange, ...] = attrs.field(
        default=(), converter=_to_changes, kw_only=True
    )
    source: str = attrs.field(default="", kw_only=True)
    version: str = attrs.field(default="", kw_only=True)
    members: "tuple[HolidayCalendar, ...]" = attrs.field(default=(), init=False)
    """The calendars that a joint one was made of."""
    _table: _Table | None = attrs.field(default=None, init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        check_identifier(self.name, "name")
        check_text(self.source, "source")
        check_text(self.version, "version")
        check_date(self.valid_from, "valid_from")
        check_date(self.valid_through, "valid_through")
        if self.valid_through < self.valid_from:
            raise InvalidOption(
                field="valid_through",
                expected=f"{self.valid_from} or later",
                found=self.valid_through,
            )
        if not isinstance(self.weekend, Weekend):
            raise InvalidOption(
                field="weekend", expected="a Weekend", found=self.weekend
            )
        known = f"{self.valid_from} to {self.valid_through}"
        for field, days in (
            ("closures", self.closures),
            ("changes", tuple(change.day for change in self.changes)),
        ):
            for day in days:
                if not self.valid_from <= day <= self.valid_through:
                    raise InvalidOption(field=field, expected=known, found=day)

    def is_business_day(self, day: date) -> bool:
        """Tell whether *day* is a business day.

        Raises:
            CalendarHorizon: *day* is not between `valid_from` and `valid_through`.
            InvalidDate: not a date.
        """
        table = self._table or self._tabulate()
        index = self._index(day, table)
        return table.before[index + 1] > table.before[index]

    def next(self, day: date, *, or_same: bool = False) -> date:
        """Return the first business day after *day*, or *day* itself with *or_same*.

        Raises:
            CalendarHorizon: *day*, or what is sought, is not known.
            InvalidDate: not a date.
        """
        table = self._table or self._tabulate()
        index = self._index(day, table)
        return self._open(table.before[index if or_same else index + 1], day, table)

    def previous(self, day: date, *, or_same: bool = False) -> date:
        """Return the last business day before *day*, or *day* itself with *or_same*.

        Raises:
            CalendarHorizon: *day*, or what is sought, is not known.
            InvalidDate: not a date.
        """
        table = self._table or self._tabulate()
        index = self._index(day, table)
        return self._open(table.before[index + or_same] - 1, day, table)

    def add(self, day: date, business_days: int) -> date:
        """Return the day that many business days after *day*, or before it.

        Counting begins on the next day, whether *day* is a business day or not; zero
        returns *day* itself, and asks that it be one.

        Raises:
            InvalidOption: zero, and *day* is no business day.
            CalendarHorizon: *day*, or what is sought, is not known.
            InvalidDate: not a date.
        """
        if type(business_days) is not int:
            raise InvalidOption(
                field="business_days", expected="an int", found=business_days
            )
        table = self._table or self._tabulate()
        index = self._index(day, table)
        if business_days > 0:
            return self._open(table.before[index + 1] + business_days - 1, day, table)
        if business_days < 0:
            return self._open(table.before[index] + business_days, day, table)
        if not self.is_business_day(day):
            raise InvalidOption(field="day", expected="a business day", found=day)
        return day

    def between(self, start: date, end: date) -> int:
        """Count the business days from *start*, it included, to *end*, not included.

        Reversed dates count below zero.

        Raises:
            CalendarHorizon: a day is not known; the day after `valid_through` may be
                an *end*.
            InvalidDate: not a date.
        """
        table = self._table or self._tabulate()
        return (
            table.before[self._end(end, table)] - table.before[self._end(start, table)]
        )

    def business_days(self, start: date, end: date) -> tuple[date, ...]:
        """Return the business days from *start*, it included, to *end*, not included.

        Raises:
            CalendarHorizon: a day is not known; the day after `valid_through` may be
                an *end*.
            InvalidDate: not a date.
        """
        table = self._table or self._tabulate()
        low = table.before[self._end(start, table)]
        high = table.before[self._end(end, table)]
        return tuple(map(date.fromordinal, table.open[low:high]))

    def closed_weekdays(self, start: date, end: date) -> tuple[date, ...]:
        """Return the closed days from *start* to before *end* that are no weekend.

        Raises:
            CalendarHorizon: a day is not known; the day after `valid_through` may be
                an *end*.
            InvalidDate: not a date.
        """
        open_days = set(self.business_days(start, end))
        days = (start + index * _ONE_DAY for index in range((end - start).days))
        return tuple(
            day for day in days if day not in open_days and not self.weekend.holds(day)
        )

    def changed(self, *changes: CalendarChange) -> "HolidayCalendar":
        """Return the calendar with more *changes*; those it has are kept.

        Raises:
            InvalidOption: not a change, outside the days that are known, or the
                calendar is a joint one: change its members.
        """
        if self.members:
            raise InvalidOption(
                field="calendar", expected="one that is not joint", found=self.name
            )
        return attrs.evolve(self, changes=(*self.changes, *changes))

    def known_at(self, day: date) -> "HolidayCalendar":
        """Return the calendar as it was known at the end of *day*.

        What was computed then can be computed again: pass the day on which it was.

        Raises:
            InvalidDate, BoundExceeded: not a date, or too far off.
        """
        check_date(day, "day")
        if self.members:
            return joint(*(member.known_at(day) for member in self.members))
        known = [change for change in self.changes if change.announced <= day]
        return attrs.evolve(self, changes=known)

    def _index(self, day: date, table: _Table) -> int:
        if type(day) is not date:
            day = check_date(day, "day")
        index = day.toordinal() - table.first
        if not 0 <= index < len(table.before) - 1:
            self._refuse(day)
        return index

    def _end(self, day: date, table: _Table) -> int:
        if type(day) is not date:
            day = check_date(day, "day")
        index = day.toordinal() - table.first
        if not 0 <= index < len(table.before):
            self._refuse(day)
        return index

    def _open(self, index: int, day: date, table: _Table) -> date:
        if not 0 <= index < len(table.open):
            self._refuse(day, "a day from which the sought one is within ")
        return date.fromordinal(table.open[index])

    def _refuse(self, day: date, what: str = "") -> NoReturn:
        raise CalendarHorizon(
            f"calendar {self.name}",
            field="day",
            expected=f"{what}{self.valid_from} to {self.valid_through}",
            found=day,
        )

    def _tabulate(self) -> _Table:
        """Make the table; two threads make the same one."""
        first = self.valid_from.toordinal()
        ordinals = range(first, self.valid_through.toordinal() + 1)
        flags = bytearray(len(ordinals))
        if not self.members:
            self._close(flags, first)
        for member in self.members:
            theirs = member._table or member._tabulate()
            offset = first - theirs.first
            for index, (before, after) in enumerate(
                pairwise(theirs.before[offset : offset + len(flags) + 1])
            ):
                flags[index] |= before == after
        is_open = bytes(not flag for flag in flags)
        table = _Table(
            first,
            array("l", accumulate(is_open, initial=0)),
            array("l", compress(ordinals, is_open)),
        )
        object.__setattr__(self, "_table", table)
        return table

    def _close(self, flags: bytearray, first: int) -> None:
        for since, days in (
            (self.valid_from, self.weekend.days),
            *self.weekend.changes,
        ):
            rests = [name in days for name in NAMES]
            begin = max(since.toordinal() - first, 0)
            for index in range(begin, len(flags)):
                flags[index] = rests[(first + index - 1) % 7]
        for day in self.closures:
            flags[day.toordinal() - first] = True
        for change in self.changes:
            flags[change.day.toordinal() - first] = change.becomes == "closed"


def joint(*calendars: HolidayCalendar) -> HolidayCalendar:
    """Return the calendar of the days on which all *calendars* are open.

    It knows the days that all of them know.  The order of the calendars is nothing to
    it, and calendars that are joint themselves are taken apart.

    Raises:
        InvalidOption: not a `HolidayCalendar`, none at all, two that differ under one
            name, or no day that all of them know.
    """
    members: dict[str, HolidayCalendar] = {}
    for index, calendar in enumerate(calendars):
        if not isinstance(calendar, HolidayCalendar):
            raise InvalidOption(
                field=f"calendars[{index}]",
                expected="a HolidayCalendar",
                found=type(calendar).__name__,
            )
        for member in calendar.members or (calendar,):
            if members.setdefault(member.name, member) != member:
                raise InvalidOption(
                    field=f"calendars[{index}]",
                    expected="one calendar of each name",
                    found=member.name,
                )
    if not members:
        raise InvalidOption(field="calendars", expected="one or more", found="none")
    parts = tuple(members[name] for name in sorted(members))
    if len(parts) == 1:
        return parts[0]
    return _together(parts)


def _together(parts: tuple[HolidayCalendar, ...]) -> HolidayCalendar:
    valid_from = max(part.valid_from for part in parts)
    valid_through = min(part.valid_through for part in parts)
    if valid_through < valid_from:
        raise InvalidOption(
            field="calendars",
            expected="some days that all of them know",
            found=", ".join(part.name for part in parts),
        )
    closures = {
        day
        for part in parts
        for day in part.closures
        if valid_from <= day <= valid_through
    }
    whole = HolidayCalendar(
        "+".join(part.name for part in parts),
        closures=closures,
        valid_from=valid_from,
        valid_through=valid_through,
        weekend=union(part.weekend for part in parts),
        source="; ".join(part.source for part in parts if part.source),
        version="; ".join(part.version for part in parts if part.version),
    )
    object.__setattr__(whole, "members", parts)
    return whole


def check_calendar(value: Any, field: str) -> BusinessCalendar:
    """Return *value* if it can be asked for business days.

    Raises:
        InvalidOption: it cannot.
    """
    if isinstance(value, type) or not callable(getattr(value, "is_business_day", None)):
        raise InvalidOption(
            field=field, expected="an object with is_business_day()", found=value
        )
    return value  # type: ignore[no-any-return]
