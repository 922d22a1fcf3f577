"""Spans of days, kept half-open."""

from datetime import date, datetime, timedelta
from typing import Final, final

import attrs
from dateutil.relativedelta import relativedelta

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date
from backoffice_ledger.errors import InvalidDate, InvalidOption

ONE_DAY: Final = timedelta(days=1)


@final
@attrs.frozen(order=False)
class Span:
    """Days from *first* up to, but without, *end*.

    Two habits meet here: people name the last day of a service, and interest counts
    up to a day.  So build it by name: `Span.inclusive`, `Span.until` or `Span.months`.

    >>> Span.inclusive(date(2026, 8, 1), date(2027, 7, 31)).days
    365

    Attributes:
        first: the first day.
        end: the day after the last one.

    Raises:
        InvalidDate: not a date, or a datetime.
        InvalidOption: the span is reversed or empty.
        BoundExceeded: outside `Bounds.date_min` .. `Bounds.date_max`.
    """

    first: date
    end: date

    def __attrs_post_init__(self) -> None:
        check_date(self.first, "first")
        if not isinstance(self.end, date) or isinstance(self.end, datetime):
            raise InvalidDate(field="end", expected="datetime.date", found=self.end)
        if self.end <= self.first:
            raise InvalidOption(
                field="end", expected=f"a day after {self.first}", found=self.end
            )
        check_date(self.last, "last")

    @classmethod
    def inclusive(cls, first: date, last: date) -> "Span":
        """Return the days from *first* to *last*, both included.

        Raises:
            InvalidDate: not a date, or a datetime.
            InvalidOption: *last* is before *first*.
            BoundExceeded: a date out of range.
        """
        if check_date(last, "last") < check_date(first, "first"):
            raise InvalidOption(field="last", expected=f"{first} or later", found=last)
        return cls(first, last + ONE_DAY)

    @classmethod
    def until(cls, first: date, end: date) -> "Span":
        """Return the days from *first* up to, but without, *end*.

        Raises:
            InvalidDate: not a date, or a datetime.
            InvalidOption: *end* is not after *first*.
            BoundExceeded: a date out of range.
        """
        return cls(first, end)

    @classmethod
    def months(cls, first: date, count: int) -> "Span":
        """Return *count* months from *first* on.

        It ends before the same day of the last month, or before that month's last day
        where the month is too short: one month from 31 January ends on 27 February.

        Raises:
            InvalidDate: not a date, or a datetime.
            InvalidOption: *count* is no int from 1.
            BoundExceeded: a date out of range.
        """
        check_date(first, "first")
        months_max = 12 * (bl.BOUNDS.date_max.year - bl.BOUNDS.date_min.year)
        if type(count) is not int or not 1 <= count <= months_max:
            raise InvalidOption(
                field="count", expected=f"an int from 1 to {months_max}", found=count
            )
        return cls(first, first + relativedelta(months=count))

    @property
    def last(self) -> date:
        """The last day."""
        return self.end - ONE_DAY

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.first).days

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"
