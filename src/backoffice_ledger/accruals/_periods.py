"""Which periods of a book take an entry, and where late ones go."""

from datetime import date
from typing import Final, Literal

import backoffice_ledger as bl
from backoffice_ledger.accruals._methods import CALENDAR
from backoffice_ledger.accruals._span import ONE_DAY
from backoffice_ledger.errors import PeriodNotOpen, UnknownJournal

OnClosed = Literal["reject", "first-open-day", "first-open-period-end"]
"""What becomes of an entry whose period is closed; its economic date is kept."""

_ADJUSTING: Final = bl.EntryKind.ADJUSTING


class Periods:
    """The states of a book's periods, read once."""

    def __init__(self, ledger: bl.Ledger) -> None:
        self._ledger = ledger
        self._all_open = all(
            period.state is bl.PeriodState.OPEN for period in ledger.periods.all()
        )
        self._known: dict[tuple[str, str], bl.Period] = {}

    def get(self, day: date, journal: str) -> bl.Period:
        """Return the period of a day, as the book and the journal have it."""
        name = CALENDAR.period_of(day)
        found = self._known.get((name, journal))
        if found is None:
            try:
                found = self._ledger.periods.get(name, journal=journal)
            except UnknownJournal:  # posting will say so
                found = self._ledger.periods.get(name)
            self._known[name, journal] = found
        return found

    def accepts(self, day: date, journal: str, kind: bl.EntryKind = _ADJUSTING) -> bool:
        """Whether an entry can be dated *day*."""
        return self._all_open or self.get(day, journal).state.accepts(kind)

    def first_open(
        self, day: date, journal: str, kind: bl.EntryKind = _ADJUSTING
    ) -> bl.Period:
        """Return the first period from *day* on that takes entries of a kind.

        Raises:
            PeriodNotOpen: there is none.
        """
        while day <= bl.BOUNDS.date_max:
            period = self.get(day, journal)
            if period.state.accepts(kind):
                return period
            day = period.last + ONE_DAY
        raise PeriodNotOpen(field="date", expected="an open period", found=day)

    def late_date(
        self,
        day: date,
        journal: str,
        on_closed: OnClosed,
        kind: bl.EntryKind = _ADJUSTING,
    ) -> date:
        """Return where an entry goes whose own period does not take it.

        Raises:
            PeriodNotOpen: nowhere, since late ones are rejected.
        """
        if on_closed == "reject":
            period = self.get(day, journal)
            raise PeriodNotOpen(
                field="date",
                expected="a day in an open period",
                found=f"{day}, {period.name} is {period.state.value}",
            )
        period = self.first_open(day, journal, kind)
        return period.first if on_closed == "first-open-day" else period.last
