"""Calendar months, the calendar of a book that has no other."""

import re
from calendar import monthrange
from datetime import date
from typing import Final, final

import attrs

from backoffice_ledger.errors import InvalidOption

_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_YEAR: Final = re.compile(r"[0-9]{4}", re.ASCII)


@final
@attrs.frozen
class CalendarMonths:
    """Calendar months, named ``1993-01``; ``1993`` stands for its twelve months."""

    def period_of(self, day: date) -> str:
        """Return the name of the month that holds *day*."""
        return f"{day.year:04}-{day.month:02}"

    def year_of(self, day: date) -> str:
        """Return the name of the year that holds *day*."""
        return f"{day.year:04}"

    def days_of(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of a month or a year.

        Raises:
            InvalidOption: neither a month nor a year.
        """
        months = self.expand(name)
        return self.span(months[0])[0], self.span(months[-1])[1]

    def span(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of the month *name*.

        Raises:
            InvalidOption: not the name of a month.
        """
        match = _MONTH.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            raise InvalidOption(
                field="period", expected="a month such as 1993-01", found=name
            )
        year, month = int(match[1]), int(match[2])
        if year == 0:
            raise InvalidOption(field="period", expected="a year from 1", found=name)
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])

    def expand(self, name: str) -> tuple[str, ...]:
        """Return the months of a year such as ``1993``, or the month itself.

        Raises:
            InvalidOption: neither a year nor a month.
        """
        if isinstance(name, str) and _YEAR.fullmatch(name):
            return tuple(f"{name}-{month:02}" for month in range(1, 13))
        self.span(name)
        return (name,)
