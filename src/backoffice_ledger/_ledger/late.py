"""Where entries go that come too late for their periods."""

from datetime import date, timedelta
from typing import Final, Literal, final

import attrs

from backoffice_ledger._engine.state import State
from backoffice_ledger._model.arguments import check_choice, check_entry, check_member
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.entry import DEFAULT_JOURNAL, Entry, EntryKind
from backoffice_ledger._model.period import Period
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger.calendars import BookCalendar
from backoffice_ledger.errors import PeriodNotOpen

LatePolicy = Literal["reject", "first-open-day", "first-open-period-end"]
"""What becomes of an entry whose period takes it no more."""

_ONE_DAY: Final = timedelta(1)


def read_period(
    state: State, name: str, journal: str | None, journal_class: str | None = None
) -> Period:
    """Return the period *name* as *state* has it; the strictest state counts."""
    first, last = state.calendar.span(name)
    if journal is not None:
        found = state.strictest(name, journal, state.class_of(journal))
    else:
        found = state.strictest(name, None, journal_class)
    return Period(name, first, last, found, journal, journal_class)


@final
@attrs.frozen(eq=False, repr=False)
class PeriodStates:
    """The calendar and the states of a book's periods, read once.

    It answers for many entries without asking the book again.  What is posted
    afterwards is checked anew, so that a period that was closed meanwhile refuses it.
    """

    _state: State

    @property
    def calendar(self) -> BookCalendar:
        """The calendar of the book."""
        return self._state.calendar

    def at(self, day: date, *, journal: str = DEFAULT_JOURNAL) -> Period:
        """Return the period of a day in the strictest state for a journal.

        A journal that the book does not have is as the book is.

        Raises:
            InvalidDate, BoundExceeded: no day that an entry can have.
        """
        check_date(day, "day")
        check_identifier(journal, "journal")
        return read_period(self._state, self.calendar.period_of(day), journal)

    def accepts(
        self,
        day: date,
        *,
        journal: str = DEFAULT_JOURNAL,
        kind: EntryKind | str = EntryKind.NORMAL,
    ) -> bool:
        """Whether an entry of a journal and a kind can be dated *day*.

        Raises:
            InvalidInput: an argument is malformed.
        """
        kind = check_member(kind, "kind", EntryKind)
        check_date(day, "day")
        check_identifier(journal, "journal")
        return self._state.period_state(journal, day).accepts(kind)

    def first_open(
        self,
        day: date,
        *,
        journal: str = DEFAULT_JOURNAL,
        kind: EntryKind | str = EntryKind.NORMAL,
    ) -> Period:
        """Return the first period from that of *day* on that takes such an entry.

        Raises:
            PeriodNotOpen: there is none.
            InvalidInput: an argument is malformed.
        """
        kind = check_member(kind, "kind", EntryKind)
        while day <= BOUNDS.date_max:
            period = self.at(day, journal=journal)
            if period.state.accepts(kind):
                return period
            day = period.last + _ONE_DAY
        raise PeriodNotOpen(field="date", expected="an open period", found=day)

    def day_for(
        self,
        day: date,
        *,
        late: LatePolicy,
        journal: str = DEFAULT_JOURNAL,
        kind: EntryKind | str = EntryKind.NORMAL,
    ) -> date:
        """Return *day* if its period takes such an entry, else where it goes.

        Args:
            day: the day on which it should be booked.
            late: ``reject``; ``first-open-day``, the first day of the first period
                that takes it; or ``first-open-period-end``, the last one.
            journal: of the entry.
            kind: of the entry.

        Raises:
            PeriodNotOpen: late ones are rejected, or there is no open period.
            InvalidInput: an argument is malformed.
        """
        check_choice(late, LatePolicy, "late")
        if self.accepts(day, journal=journal, kind=kind):
            return day
        if late == "reject":
            period = self.at(day, journal=journal)
            raise PeriodNotOpen(
                field="date",
                expected="a day in an open period",
                found=f"{day}, {period.name} is {period.state.value}",
            )
        period = self.first_open(day, journal=journal, kind=kind)
        return (
            period.first
            if late == "first-open-day"
            else min(period.last, BOUNDS.date_max)
        )

    def dated(self, entry: Entry, *, late: LatePolicy) -> Entry:
        """Return *entry*, dated where its journal takes it.

        An entry that comes in time is returned as it is.  A late one keeps its own
        date as its economic date, unless it has one already.

        Args:
            entry: what is to be posted.
            late: as for `day_for`.

        Raises:
            PeriodNotOpen: late ones are rejected, or there is no open period.
            InvalidInput: an argument is malformed.
        """
        check_entry(entry, "entry")
        day = self.day_for(
            entry.date, late=late, journal=entry.journal, kind=entry.kind
        )
        if day == entry.date:
            return entry
        return attrs.evolve(
            entry, date=day, economic_date=entry.economic_date or entry.date
        )
