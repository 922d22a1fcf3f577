"""Fiscal years of months and of weeks.

Years of 52 or 53 weeks end on the same day of the week, by one of the two rules of
section 441(f) of the United States Internal Revenue Code: the last one in a month, or
the one nearest to a date.  Retailers in the United States use the second one with the
Saturday nearest to 31 January and the pattern 4-5-4.
"""

import re
from bisect import bisect_right
from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal, final, get_args

import attrs

from backoffice_ledger.checks import check_choice
from backoffice_ledger.errors import InvalidOption

NamedBy = Literal["end", "start"]
"""Whether a fiscal year has the number of the year in which it ends, or begins."""

Pattern = Literal["4-4-5", "4-5-4", "5-4-4"]
"""How many weeks the three periods of a quarter have."""

WeekRule = Literal["last", "nearest"]
"""Whether a year ends on the last such day of the week in a month, or on the nearest
to a date."""

Weekday = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]

_WEEKDAYS: Final[tuple[str, ...]] = get_args(Weekday)
_PREFIX: Final = re.compile(r"[A-Za-z]{1,16}", re.ASCII)
_PART: Final = re.compile(r"([0-9]{4,5})(?:-(?:P(0[1-9]|1[0-2])|Q([1-4])))?", re.ASCII)
_CYCLE_YEARS: Final = 400
_CYCLE_DAYS: Final = 146_097
"""After 400 years the Gregorian calendar begins again, on the same day of the week."""


def check_number(value: object, first: int, last: int, field: str) -> None:
    """Refuse what is no integer from *first* to *last*."""
    if type(value) is not int or not first <= value <= last:
        raise InvalidOption(
            field=field, expected=f"a number from {first} to {last}", found=value
        )


def check_prefix(value: object, field: str) -> None:
    """Refuse what cannot stand before the number of a year."""
    if not isinstance(value, str) or not _PREFIX.fullmatch(value):
        raise InvalidOption(
            field=field, expected="1 to 16 letters from A to Z", found=value
        )


def year_number(year: int) -> str:
    """Return the number of a year as names have it."""
    return f"{year:04}"


def _ordinal(year: int, month: int, day: int | None) -> int:
    """Return the number of a day, None for the last of its month, of any year."""
    cycles, rest = divmod(year - 1, _CYCLE_YEARS)
    last = monthrange(rest + 1, month)[1]
    within = date(rest + 1, month, last if day is None else day).toordinal()
    return cycles * _CYCLE_DAYS + within


def _day(ordinal: int) -> date:
    """Return the day of a number; before the first and after the last there is none."""
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


@attrs.frozen
class _Fiscal:
    """Fiscal years of twelve periods and four quarters, and their names."""

    prefix: str

    def _bounds(self, year: int) -> tuple[int, ...]:
        """Return the first day of each period of a year, and of the next year."""
        raise NotImplementedError  # pragma: no cover - each calendar has its own

    def _year(self, ordinal: int) -> int:
        """Return the year that holds a day."""
        raise NotImplementedError  # pragma: no cover - each calendar has its own

    def _name(self, year: int) -> str:
        return f"{self.prefix}{year_number(year)}"

    def _parts(self, name: object) -> tuple[int, int, int]:
        """Return the year of a name, and its first and last period."""
        match = None
        if isinstance(name, str) and name.startswith(self.prefix):
            match = _PART.fullmatch(name, len(self.prefix))
        if match is None or match[1] != year_number(int(match[1])):
            example = self._name(1993)
            raise InvalidOption(
                field="period",
                expected=f"a period such as {example}-P01, a quarter such as "
                f"{example}-Q1 or a year such as {example}",
                found=name,
            )
        first, last = 1, 12
        if match[2]:
            first = last = int(match[2])
        elif match[3]:
            last = 3 * int(match[3])
            first = last - 2
        return int(match[1]), first, last

    def period_of(self, day: date) -> str:
        """Return the name of the period that holds *day*, such as ``FY1993-P01``."""
        ordinal = day.toordinal()
        year = self._year(ordinal)
        number = bisect_right(_bounds(self, year), ordinal)
        return f"{self._name(year)}-P{number:02}"

    def year_of(self, day: date) -> str:
        """Return the name of the fiscal year that holds *day*, such as ``FY1993``."""
        return self._name(self._year(day.toordinal()))

    def days_of(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of a period, a quarter or a year.

        Raises:
            InvalidOption: not such a name, or one of days that no date can express.
        """
        return self._days(name, *self._parts(name))

    def _days(self, name: str, year: int, first: int, last: int) -> tuple[date, date]:
        bounds = _bounds(self, year)
        if bounds[last] <= 1 or bounds[first - 1] > date.max.toordinal():
            raise InvalidOption(
                field="period", expected="a year from 1 to 9999", found=name
            )
        return _day(bounds[first - 1]), _day(bounds[last] - 1)

    def span(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of the period *name*.

        Raises:
            InvalidOption: not the name of a period.
        """
        year, first, last = self._parts(name)
        if first != last:
            raise InvalidOption(
                field="period",
                expected=f"one period, such as {self._name(year)}-P{first:02}",
                found=name,
            )
        return self._days(name, year, first, last)

    def expand(self, name: str) -> tuple[str, ...]:
        """Return the periods of a year or a quarter, or the period itself.

        Raises:
            InvalidOption: not such a name.
        """
        year, first, last = self._parts(name)
        self._days(name, year, first, last)
        return tuple(
            f"{self._name(year)}-P{number:02}" for number in range(first, last + 1)
        )


@lru_cache(maxsize=1024)
def _bounds(calendar: _Fiscal, year: int) -> tuple[int, ...]:
    return calendar._bounds(year)


@final
@attrs.frozen(cache_hash=True)
class FiscalMonths(_Fiscal):
    """Fiscal years of twelve calendar months, from any month on.

    ``FY2026-P01`` is the first month of the year ``FY2026``, ``FY2026-Q1`` its first
    quarter.

    >>> FiscalMonths(first_month=7).period_of(date(2025, 7, 1))
    'FY2026-P01'

    Args:
        first_month: the month with which a year begins, 1 to 12.
        named_by: which calendar year gives it its number, see `NamedBy`.
        prefix: letters before the number.

    Raises:
        InvalidOption: not such a month, word or prefix.
    """

    first_month: int = attrs.field(default=1)
    named_by: NamedBy = attrs.field(default="end")
    prefix: str = attrs.field(default="FY")

    def __attrs_post_init__(self) -> None:
        check_number(self.first_month, 1, 12, "first_month")
        check_choice(self.named_by, NamedBy, "named_by")
        check_prefix(self.prefix, "prefix")

    @property
    def _lead(self) -> int:
        """How many calendar years a year begins before that of its number."""
        return int(self.named_by == "end" and self.first_month > 1)

    def _bounds(self, year: int) -> tuple[int, ...]:
        start = 12 * (year - self._lead) + self.first_month - 1
        months = (divmod(start + offset, 12) for offset in range(13))
        return tuple(_ordinal(each, month + 1, 1) for each, month in months)

    def _year(self, ordinal: int) -> int:
        day = date.fromordinal(ordinal)
        return day.year - (day.month < self.first_month) + self._lead


@final
@attrs.frozen(cache_hash=True)
class FiscalWeeks(_Fiscal):
    """Fiscal years of 52 or 53 whole weeks.

    >>> nrf = FiscalWeeks("saturday", rule="nearest", month=1, named_by="start")
    >>> [str(day) for day in nrf.days_of("FY2023")]
    ['2023-01-29', '2024-02-03']

    Args:
        ends: the day of the week on which every week, period and year ends.
        rule: whether a year ends on the last such day in *month*, or on the one
            nearest to *day* of it.
        month: 1 to 12.
        day: for ``nearest``: of the month; None for its last day.
        pattern: the weeks of the periods of each quarter.
        extra_week: number of the period that has a week more in a year of 53 weeks:
            12 is the last one, 3 the last one of the first quarter.
        named_by: whether a year has the number of the calendar year that holds the
            date about which it ends, or of the one that holds the day after the date
            about which it begins.
        prefix: letters before the number.

    Raises:
        InvalidOption: not such a number, word or prefix.
    """

    ends: Weekday
    rule: WeekRule = attrs.field(kw_only=True)
    month: int = attrs.field(kw_only=True)
    day: int | None = attrs.field(default=None, kw_only=True)
    pattern: Pattern = attrs.field(default="4-5-4", kw_only=True)
    extra_week: int = attrs.field(default=12, kw_only=True)
    named_by: NamedBy = attrs.field(default="end", kw_only=True)
    prefix: str = attrs.field(default="FY", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_choice(self.ends, Weekday, "ends")
        check_choice(self.rule, WeekRule, "rule")
        check_number(self.month, 1, 12, "month")
        if self.day is not None:
            last = monthrange(1999, self.month)[1]
            check_number(self.day, 1, last, "day")
            if self.rule == "last":
                raise InvalidOption(
                    field="day", expected="None with the rule last", found=self.day
                )
        check_choice(self.pattern, Pattern, "pattern")
        check_number(self.extra_week, 1, 12, "extra_week")
        check_choice(self.named_by, NamedBy, "named_by")
        check_prefix(self.prefix, "prefix")

    @property
    def _lead(self) -> int:
        """How many calendar years a year begins before that of its number."""
        is_new_year = self.month == 12 and self.day in (None, 31)
        return int(self.named_by == "end" or is_new_year)

    def _end(self, year: int) -> int:
        """Return the last day of the year that ends about a date of *year*."""
        latest = _ordinal(year, self.month, self.day)
        if self.rule == "nearest":
            latest += 3
        # Day 1 was a Monday.
        return latest - (latest - 1 - _WEEKDAYS.index(self.ends)) % 7

    def _bounds(self, year: int) -> tuple[int, ...]:
        ending = year + 1 - self._lead
        start, after = self._end(ending - 1) + 1, self._end(ending) + 1
        weeks = [int(number) for number in self.pattern.split("-")] * 4
        weeks[self.extra_week - 1] += (after - start) // 7 - 52
        return tuple(accumulate((7 * count for count in weeks), initial=start))

    def _year(self, ordinal: int) -> int:
        # A year may end some days before or after the calendar year of its date.
        year = date.fromordinal(ordinal).year - 2 + self._lead
        while ordinal >= _bounds(self, year)[12]:
            year += 1
        return year

    def weeks_of(self, name: str) -> int:
        """Return how many weeks a period, a quarter or a year has.

        Raises:
            InvalidOption: not such a name.
        """
        year, first, last = self._parts(name)
        bounds = _bounds(self, year)
        return (bounds[last] - bounds[first - 1]) // 7

    def compared(self, name: str, *, restated: bool) -> tuple[date, date]:
        """Return the days of the year before with which a period is compared.

        After a year of 53 weeks its first week is left out to compare like with like:
        the figures of that year are *restated*, each week beside the one of 364 days
        before.  Not restated, weeks of the same number are compared, and the 53rd one
        of the year before with nothing.  A 53rd week of *name* itself has nothing to
        be compared with.

        Args:
            name: of a period, a quarter or a year.
            restated: whether to leave out the first of 53 weeks.

        Raises:
            InvalidOption: not such a name.
        """
        year, first, last = self._parts(name)
        bounds, before = _bounds(self, year), _bounds(self, year - 1)
        skipped = before[12] - before[0] - 364 if restated else 0
        shift = bounds[0] - before[0] - skipped
        end = min(bounds[last] - shift, before[12])
        return _day(bounds[first - 1] - shift), _day(end - 1)


@final
@attrs.frozen
class FiscalYear:
    """A fiscal year of its own: short, long, or cut into periods like no other.

    Its periods are named after it: ``SY2026-P01`` is the first one of ``SY2026``.

    Args:
        name: letters and a number of four digits, such as ``SY2026``.
        starts: the first day of each period, in order.
        last: the last day of the last period.

    Raises:
        InvalidOption: no such name, no periods or more than 99, or not in order.
    """

    name: str
    starts: tuple[date, ...]
    last: date

    def __attrs_post_init__(self) -> None:
        is_name = isinstance(self.name, str) and len(self.name) > 4
        if not is_name or not re.fullmatch("[0-9]{4}", self.name[-4:], re.ASCII):
            raise InvalidOption(
                field="name", expected="a name such as SY2026", found=self.name
            )
        check_prefix(self.name[:-4], "name")
        if not isinstance(self.starts, tuple):
            raise InvalidOption(
                field="starts", expected="a tuple of dates", found=self.starts
            )
        days = (*self.starts, self.last)
        if not all(type(day) is date for day in days):
            raise InvalidOption(field="starts", expected="dates", found=days)
        check_number(len(self.starts), 1, 99, "starts")
        for before, after in zip(self.starts, self.starts[1:], strict=False):
            if before >= after:
                raise InvalidOption(
                    field="starts", expected=f"days after {before}", found=after
                )
        if self.last < self.starts[-1]:
            raise InvalidOption(
                field="last", expected=f"{self.starts[-1]} or later", found=self.last
            )

    @classmethod
    def of_months(cls, name: str, first: date, last: date) -> "FiscalYear":
        """Return a year whose periods are calendar months, or what it has of them.

        Raises:
            InvalidOption: no such name, no dates, or more than 99 months.
        """
        if type(first) is not date or type(last) is not date:
            raise InvalidOption(field="first", expected="dates", found=(first, last))
        start, end = (12 * day.year + day.month - 1 for day in (first, last))
        months = (divmod(number, 12) for number in range(start + 1, end + 1))
        return cls(name, (first, *(date(y, m + 1, 1) for y, m in months)), last)

    @property
    def first(self) -> date:
        """The first day."""
        return self.starts[0]

    @property
    def periods(self) -> tuple[str, ...]:
        """The names of its periods, in order."""
        return tuple(f"{self.name}-P{i:02}" for i in range(1, len(self.starts) + 1))

    def period_of(self, day: date) -> str:
        """Return the name of the period that holds a day of the year."""
        return self.periods[bisect_right(self.starts, day) - 1]

    def year_of(self, day: date) -> str:  # noqa: ARG002 - any day of it
        """Return the name of the year."""
        return self.name

    def days_of(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of a period or of the year.

        Raises:
            InvalidOption: not such a name.
        """
        if name == self.name:
            return self.first, self.last
        if name not in self.periods:
            raise InvalidOption(
                field="period", expected=f"one of {self.name}", found=name
            )
        index = self.periods.index(name)
        ends = [start - timedelta(1) for start in self.starts[1:]]
        return self.starts[index], [*ends, self.last][index]

    def span(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of the period *name*.

        Raises:
            InvalidOption: not the name of a period.
        """
        if name == self.name:
            raise InvalidOption(
                field="period",
                expected=f"one period, such as {self.periods[0]}",
                found=name,
            )
        return self.days_of(name)

    def expand(self, name: str) -> tuple[str, ...]:
        """Return the periods of the year, or the period itself.

        Raises:
            InvalidOption: not such a name.
        """
        self.days_of(name)
        return self.periods if name == self.name else (name,)
