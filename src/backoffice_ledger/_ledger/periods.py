"""Periods: ``ledger.periods``."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

import attrs

from backoffice_ledger._engine.commands import (
    AllowException,
    RevokeException,
    SetPeriods,
    UseCalendar,
)
from backoffice_ledger._engine.entries import SMALL_KINDS
from backoffice_ledger._engine.periods import (
    check_scope,
    periods_needs,
    periods_with_entries,
)
from backoffice_ledger._engine.state import Fact, State
from backoffice_ledger._engine.store import Transaction
from backoffice_ledger._ledger.late import LatePolicy, PeriodStates, read_period
from backoffice_ledger._ledger.session import Session
from backoffice_ledger._model.arguments import check_list
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.dates import (
    check_optional_date,
    instant_from_microseconds,
    instant_to_microseconds,
)
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.period import (
    Period,
    PeriodException,
    PeriodState,
    check_period_name,
)
from backoffice_ledger._model.proposal import check_actor
from backoffice_ledger._model.text import check_identifier, check_text
from backoffice_ledger.calendars import BookCalendar
from backoffice_ledger.errors import BoundExceeded, InvalidOption


def load_small(transaction: Transaction) -> State:
    """Load journals, periods and other small things; return the state."""
    missing = transaction.state.missing(prefixes=SMALL_KINDS)
    if missing:
        transaction.load(missing)
    return transaction.state


def all_periods(transaction: Transaction) -> tuple[Period, ...]:
    """Return every period that has entries or a state of its own, in order."""
    state = load_small(transaction)
    while missing := periods_needs(state):
        transaction.load(missing)
    scopes = {(None, None, name) for name in periods_with_entries(state)}
    scopes |= {
        (content["journal"], content.get("journal_class"), content["name"])
        for content in (fact.content for fact in state.of_kind("period").values())
    }
    periods = [
        read_period(state, name, journal, journal_class)
        for journal, journal_class, name in scopes
    ]
    return tuple(sorted(periods, key=_order))


def _order(period: Period) -> tuple[date, date, str, str]:
    journal, journal_class = period.journal or "", period.journal_class or ""
    return period.first, period.last, journal, journal_class


@attrs.frozen
class Periods:
    """The calendar of a book, and opening and closing of its periods.

    A period is a calendar month such as ``1993-01``, and ``1993`` stands for its twelve
    months, unless the book uses another calendar.  A period is open until it is closed;
    one that lies before a closed period is closed too.  With *journal* only that
    journal is concerned, with *journal_class* all journals of a class; the strictest
    state applies.
    """

    _session: Session

    # --- the calendar ----------------------------------------------------------------

    @property
    def calendar(self) -> BookCalendar:
        """The calendar of the book: calendar months, unless it uses another one."""
        with self._session.transaction(write=False) as transaction:
            return load_small(transaction).calendar

    def use(
        self, calendar: BookCalendar, *, since: date | None = None, reason: str = ""
    ) -> BookCalendar:
        """Name the days of the book by another calendar, and return that of the book.

        The calendar is kept in the log.  What a name stands for never changes once a
        period has a state: a calendar can be replaced as a whole before that, and
        later from a day after all such periods on.  Using the same one again changes
        nothing.

        Args:
            calendar: one of `backoffice_ledger.calendars`.
            since: the first day of a period of the new calendar; None for all days.
            reason: why; it is recorded and can be erased.

        Raises:
            PeriodTransition: a period of these days, or a later one, has a state.
            InvalidOption: no such calendar, *since* is within a period of it, or a
                name would stand for days before and after *since*.
            InvalidDate, BoundExceeded: *since* is no day that an entry can have.
        """
        command = UseCalendar(
            calendar,
            check_optional_date(since, "since"),
            check_text(reason, "reason"),
        )
        return self._session.execute_and_read(command, lambda: self.calendar)

    # --- states ----------------------------------------------------------------------

    def close(
        self,
        name: str,
        *,
        journal: str | None = None,
        journal_class: str | None = None,
        reason: str = "",
    ) -> tuple[Period, ...]:
        """Let a period take nothing more, until it is reopened.

        Raises:
            PeriodTransition: an earlier period with entries is still open, or the
                period is locked.
        """
        return self._set(name, PeriodState.CLOSED, journal, journal_class, reason)

    def adjust(
        self,
        name: str,
        *,
        journal: str | None = None,
        journal_class: str | None = None,
        reason: str = "",
    ) -> tuple[Period, ...]:
        """Let a period take only entries that are not of kind normal.

        Raises:
            PeriodTransition: the period is locked or not open yet.
        """
        return self._set(name, PeriodState.ADJUSTING, journal, journal_class, reason)

    def reopen(
        self,
        name: str,
        *,
        reason: str,
        journal: str | None = None,
        journal_class: str | None = None,
    ) -> tuple[Period, ...]:
        """Open a closed period again; the reason is recorded.

        Raises:
            PeriodTransition: the period is locked.
            InvalidOption: no reason is given.
        """
        if reason == "":
            raise InvalidOption(field="reason", expected="why it is reopened")
        return self._set(name, PeriodState.OPEN, journal, journal_class, reason)

    def lock(
        self,
        name: str,
        *,
        journal: str | None = None,
        journal_class: str | None = None,
        reason: str = "",
    ) -> tuple[Period, ...]:
        """Close a closed period for ever.

        Raises:
            PeriodTransition: the period is not closed.
        """
        return self._set(name, PeriodState.LOCKED, journal, journal_class, reason)

    def postpone(
        self,
        name: str,
        *,
        journal: str | None = None,
        journal_class: str | None = None,
        reason: str = "",
    ) -> tuple[Period, ...]:
        """Let an open period take nothing yet (state ``future``).

        Raises:
            PeriodTransition: the period is not open.
        """
        return self._set(name, PeriodState.FUTURE, journal, journal_class, reason)

    def _set(
        self,
        name: str,
        state: PeriodState,
        journal: str | None,
        journal_class: str | None,
        reason: str,
    ) -> tuple[Period, ...]:
        check_text(reason, "reason")
        _check_scope(journal, journal_class)
        command = SetPeriods(
            (check_period_name(name),), state, journal, journal_class, reason
        )

        def read() -> tuple[Period, ...]:
            with self._session.transaction(write=False) as transaction:
                small = load_small(transaction)
                return tuple(
                    read_period(small, each, journal, journal_class)
                    for each in small.calendar.expand(name)
                )

        return self._session.execute_and_read(command, read)

    def get(
        self,
        name: str,
        *,
        journal: str | None = None,
        journal_class: str | None = None,
    ) -> Period:
        """Return one period with its state, the strictest that applies.

        Raises:
            InvalidOption: not the name of a period.
            UnknownJournal: there is no such journal, or none of the class.
        """
        check_period_name(name)
        _check_scope(journal, journal_class)
        with self._session.transaction(write=False) as transaction:
            state = load_small(transaction)
            check_scope(state, journal, journal_class)
            return read_period(state, name, journal, journal_class)

    def all(self) -> tuple[Period, ...]:
        """Return every period that has entries or a state of its own, in order."""
        with self._session.transaction(write=False) as transaction:
            return all_periods(transaction)

    # --- late entries ----------------------------------------------------------------

    def states(self) -> PeriodStates:
        """Return calendar and states as they are now, to ask about many days."""
        with self._session.transaction(write=False) as transaction:
            return PeriodStates(load_small(transaction).kept())

    def dated(self, entry: Entry, *, late: LatePolicy) -> Entry:
        """Return *entry*, dated where its journal takes it; post it afterwards.

        An entry that comes in time is returned as it is; a late one keeps its own date
        as its economic date.  Exceptions are not looked at: who has one posts the
        entry as it is.

        Args:
            entry: what is to be posted.
            late: ``reject``; ``first-open-day``, the first day of the first period
                that takes it; or ``first-open-period-end``, the last one.

        Raises:
            PeriodNotOpen: late ones are rejected, or there is no open period.
            InvalidInput: an argument is malformed.
        """
        return self.states().dated(entry, late=late)

    # --- exceptions ------------------------------------------------------------------

    def allow(
        self,
        name: str,
        *,
        actors: Iterable[str],
        until: datetime,
        reason: str,
        journal: str | None = None,
        journal_class: str | None = None,
        id: str | None = None,
    ) -> PeriodException:
        """Let some actors post into a closed period, or a year of them, for a while.

        It counts for entries decided before *until* by the ledger's clock, while it is
        not revoked, whatever closes the period: the book, a class, the journal.  A
        locked period stays locked.  Each entry posted under it says so in the log.

        Args:
            name: of the period, or of a year.
            actors: who may post; not who grants it.
            until: the instant from which it counts no more.
            reason: why; it is recorded and can be erased.
            journal: for this journal only.
            journal_class: for journals of this class only.
            id: what it is called; None takes one from the ledger's source of ids.

        Raises:
            NotPermitted: who grants it is among the actors.
            PeriodTransition: the period is locked.
            IdempotencyConflict: another exception has the id.
            InvalidDate: *until* is not after now.
            BoundExceeded: too many actors, or *until* is too far away.
            InvalidOption: no actors, or no reason is given.
            UnknownJournal: there is no such journal, or none of the class.
        """
        _check_scope(journal, journal_class)
        if check_text(reason, "reason") == "":
            raise InvalidOption(field="reason", expected="why it is allowed")
        names = tuple(check_actor(actor) for actor in check_list(actors, "actors"))
        if not names:
            raise InvalidOption(field="actors", expected="who may post")
        if len(names) > BOUNDS.mapping_items:
            raise BoundExceeded(
                field="actors", expected=f"at most {BOUNDS.mapping_items} actors"
            )
        end = instant_to_microseconds(until, "until")
        if until.year > BOUNDS.date_max.year:
            raise BoundExceeded(
                field="until", expected=f"until {BOUNDS.date_max}", found=until
            )
        id_ = self._session.ids() if id is None else id
        command = AllowException(
            check_identifier(id_, "id"),
            check_period_name(name),
            tuple(sorted(set(names))),
            end,
            reason,
            journal,
            journal_class,
        )
        return self._session.execute_and_read(command, lambda: self._exception(id_))

    def revoke(self, id: str, *, reason: str) -> PeriodException:
        """Take an exception back; what was posted under it stays.

        Raises:
            UnknownRecord: there is none of this id.
            InvalidOption: no reason is given.
        """
        if check_text(reason, "reason") == "":
            raise InvalidOption(field="reason", expected="why it is revoked")
        command = RevokeException(check_identifier(id, "id"), reason)
        return self._session.execute_and_read(command, lambda: self._exception(id))

    def exceptions(
        self, *, at: datetime | None = None, entry: str | None = None
    ) -> tuple[PeriodException, ...]:
        """Return exceptions by id: all, expired and revoked ones too, or some.

        Args:
            at: those that are in force at an instant.
            entry: the one under which an entry was posted, if it was under any.

        Raises:
            InvalidDate: *at* is no instant with a time zone.
        """
        if at is not None:
            instant_to_microseconds(at, "at")
        if entry is not None:
            check_identifier(entry, "entry")
        return tuple(
            found
            for found in self._exceptions()
            if (at is None or found.is_in_force(at))
            and (entry is None or entry in found.entries)
        )

    def _exception(self, id_: str) -> PeriodException:
        [found] = [each for each in self._exceptions() if each.id == id_]
        return found

    def _exceptions(self) -> Iterator[PeriodException]:
        with self._session.transaction(write=False) as transaction:
            facts = transaction.facts("exception")
            uses = transaction.facts("exception-use")
        entries: dict[str, list[str]] = {}
        for use in uses.values():
            entries.setdefault(use.content["exception"], []).append(
                use.content["entry"]
            )
        for id_, fact in sorted(facts.items()):
            yield _exception_of(fact, tuple(sorted(entries.get(id_, ()))))


def _exception_of(fact: Fact, entries: tuple[str, ...]) -> PeriodException:
    content = fact.content
    texts = {name: text for name, (_, text) in fact.texts.items()}
    at = instant_from_microseconds(fact.at)
    is_revoked = content["status"] == "revoked"
    granted_at = datetime.fromisoformat(content["granted_at"]) if is_revoked else at
    return PeriodException(
        content["id"],
        content["name"],
        date.fromisoformat(content["first"]),
        date.fromisoformat(content["last"]),
        tuple(content["actors"]),
        datetime.fromisoformat(content["until"]),
        texts.get("reason", ""),
        content["granted_by"] if is_revoked else fact.actor,
        granted_at,
        content.get("journal"),
        content.get("journal_class"),
        fact.actor if is_revoked else None,
        at if is_revoked else None,
        texts.get("revocation", ""),
        entries,
    )


def _check_scope(journal: object, journal_class: object) -> None:
    if journal is not None:
        check_identifier(journal, "journal")
    if journal_class is not None:
        check_identifier(journal_class, "journal_class")
        if journal is not None:
            raise InvalidOption(
                field="journal_class",
                expected="a journal or a class, not both",
                found=journal_class,
            )
