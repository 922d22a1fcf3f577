"""Periods: their calendar, states and order, and exceptions from closed ones."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from backoffice_ledger._engine.canonical import instant_text
from backoffice_ledger._engine.commands import (
    AllowException,
    RevokeException,
    SetPeriods,
    UseCalendar,
)
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import (
    CALENDAR_ID,
    NOTHING,
    Days,
    Fact,
    Needs,
    NewRecord,
    Outcome,
    State,
    period_key,
    use_key,
)
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.period import TRANSITIONS, PeriodState
from backoffice_ledger._model.text import check_text
from backoffice_ledger.calendars import (
    FiscalYear,
    SuccessiveCalendars,
    calendar_content,
)
from backoffice_ledger.errors import (
    IdempotencyConflict,
    InvalidDate,
    InvalidOption,
    NotPermitted,
    PeriodTransition,
    UnknownJournal,
    UnknownRecord,
)

_ONE_DAY: Final = timedelta(1)


# --- the calendar --------------------------------------------------------------------


def use_calendar(state: State, command: UseCalendar, stamp: Stamp) -> Outcome:
    """Name days by another calendar; what names stand for already never changes.

    The record says all of the book's calendar, from the first day on.
    """
    check_text(command.reason, "reason")
    old, new, since = state.calendar, command.calendar, command.since
    if since is not None:
        if not isinstance(old, SuccessiveCalendars):
            old = SuccessiveCalendars(_endless(old))
        new = old.followed_by(new, since)
    content = calendar_content(new)
    _endless(new)
    if new == state.calendar:
        return Outcome()
    _check_unused(state, since)
    outcome = Outcome()
    texts = {"reason": command.reason} if command.reason else {}
    outcome.add(
        stamp.record(
            "calendar",
            CALENDAR_ID,
            {"calendar": content, "since": None if since is None else str(since)},
            [("calendar", "")],
            texts,
        )
    )
    return outcome


def _endless(calendar: Any) -> Any:
    """Return a calendar that names every day.

    Raises:
        InvalidOption: it begins with a single year.
    """
    first = calendar.first if isinstance(calendar, SuccessiveCalendars) else calendar
    if isinstance(first, FiscalYear):
        raise InvalidOption(
            field="calendar",
            expected="a calendar that names every day, see SuccessiveCalendars",
            found=first.name,
        )
    return calendar


def _check_unused(state: State, since: date | None) -> None:
    """Refuse to rename days of periods that have a record, and days before them."""
    taken = [fact.content["last"] for fact in state.of_kind("period").values()]
    if taken and (since is None or since.isoformat() <= max(taken)):
        day = date.fromisoformat(max(taken)) + _ONE_DAY
        raise PeriodTransition(
            "periods have states under the calendar that there is",
            field="since",
            expected=f"{day} or later",
            found=since,
        )


# --- which periods have entries ------------------------------------------------------


def periods_needs(state: State) -> Needs:
    """Return what naming the periods with entries has to read, once facts are there."""
    if state.months is None:
        return state.missing(months=True)
    return state.missing(spans=_touched(state)[1])


def periods_with_entries(state: State) -> set[str]:
    """Return the names of the periods that have entries."""
    names, doubtful = _touched(state)
    return names | {name for span, name in doubtful.items() if state.spans[span]}


def _touched(state: State) -> tuple[set[str], dict[Days, str]]:
    """Return the periods that have entries for certain, and those that may have some.

    Kept are the months that have entries: a period that holds such a month has some,
    one that holds a part of it may have.
    """
    calendar = state.calendar
    certain: set[str] = set()
    doubtful: dict[Days, str] = {}
    for month in state.months or ():
        month_end = (month + timedelta(31)).replace(day=1) - _ONE_DAY
        day = month
        while day <= month_end:
            name = calendar.period_of(day)
            first, last = calendar.span(name)
            if first <= month and month_end <= last:
                certain.add(name)
            else:
                doubtful[first, last] = name
            day = last + _ONE_DAY
    return certain, {
        span: name for span, name in doubtful.items() if name not in certain
    }


# --- states --------------------------------------------------------------------------


def set_periods_needs(state: State, command: SetPeriods) -> Needs:
    """Return what changing the state of periods still has to read."""
    is_ordered = command.journal is None and command.journal_class is None
    return periods_needs(state) if is_ordered and _is_shut(command.state) else NOTHING


def set_periods(state: State, command: SetPeriods, stamp: Stamp) -> Outcome:
    """Bring periods into a state, one record for each that changes."""
    target = command.state
    check_scope(state, command.journal, command.journal_class)
    check_text(command.reason, "reason")
    names = expanded(state, command)
    changes = [name for name in names if _is_change(state, command, names, name)]
    outcome = Outcome()
    for name in changes:
        _check_transition(state, command, name)
    is_book = command.journal is None and command.journal_class is None
    if _is_shut(target) and is_book and changes:
        _check_closing_order(state, names, changes[0])
    for name in changes:
        first, last = state.calendar.span(name)
        content = {
            "first": first.isoformat(),
            "journal": command.journal,
            "last": last.isoformat(),
            "name": name,
            "state": target.value,
        }
        if command.journal_class is not None:
            content["journal_class"] = command.journal_class
        key = period_key(command.journal, name, command.journal_class)
        texts = {"reason": command.reason} if command.reason else {}
        outcome.add(stamp.record("period", key, content, [("period", key)], texts))
    return outcome


def expanded(state: State, command: SetPeriods) -> tuple[str, ...]:
    """Return the periods that *command* names, those of years and quarters too."""
    expand = state.calendar.expand
    return tuple(name for names in command.names for name in expand(names))


def check_scope(state: State, journal: str | None, journal_class: str | None) -> None:
    """Refuse a journal, or a class of journals, that the book does not have.

    Raises:
        UnknownJournal: there is no such journal, or none of the class.
    """
    if journal is not None and state.fact("journal", journal) is None:
        raise UnknownJournal(field="journal", found=journal)
    if journal_class is not None and not state.has_class(journal_class):
        raise UnknownJournal(
            field="journal_class",
            expected="the class of a journal",
            found=journal_class,
        )


def _own_state(state: State, command: SetPeriods, name: str) -> PeriodState:
    return state.scope_state(command.journal, name, command.journal_class)


def _is_change(
    state: State, command: SetPeriods, names: Sequence[str], name: str
) -> bool:
    """Whether *name* has to be recorded: not if it is in the state already.

    Closing a year passes over its locked months; a period that only counts as closed
    because a later one is gets a record of its own.
    """
    current = _own_state(state, command, name)
    if current is PeriodState.LOCKED and command.state is PeriodState.CLOSED:
        return len(names) == 1
    key = period_key(command.journal, name, command.journal_class)
    has_record = state.fact("period", key) is not None
    return current is not command.state or (_is_shut(command.state) and not has_record)


def _check_transition(state: State, command: SetPeriods, name: str) -> None:
    current, target = _own_state(state, command, name), command.state
    if current is target:
        return
    if target not in TRANSITIONS[current]:
        raise PeriodTransition(
            f"{name} cannot become {target.value}",
            field="period",
            expected=_states(s for s in PeriodState if target in TRANSITIONS[s]),
            found=current.value,
        )
    is_reopened = current is PeriodState.CLOSED and target is not PeriodState.LOCKED
    if is_reopened and not command.reason:
        raise PeriodTransition(
            f"{name} is closed", field="reason", expected="why it is reopened"
        )
    if is_reopened:
        _check_not_before_locked(state, name)


def _states(states: Iterable[PeriodState]) -> str:
    return " or ".join(each.value for each in states)


def _check_closing_order(state: State, names: Sequence[str], first: str) -> None:
    """Refuse to close or lock a period while an earlier one can take entries."""
    begins = state.calendar.span(first)[0]
    earlier = periods_with_entries(state)
    earlier |= {fact.content["name"] for fact in _book_periods(state)}
    for name in sorted(earlier - set(names), key=state.calendar.span):
        current = state.scope_state(None, name)
        if state.calendar.span(name)[0] < begins and not _is_shut(current):
            raise PeriodTransition(
                f"{name} is {current.value}",
                field="period",
                expected="the earliest open period first",
                found=first,
            )


def _check_not_before_locked(state: State, name: str) -> None:
    """Refuse to reopen a period whose figures a later, locked one contains."""
    begins = state.calendar.span(name)[0].isoformat()
    for fact in _book_periods(state):
        if fact.content["state"] == "locked" and fact.content["first"] > begins:
            raise PeriodTransition(
                f"{fact.content['name']} after it is locked",
                field="period",
                expected="a period after the last locked one",
                found=name,
            )


def _book_periods(state: State) -> Iterable[Fact]:
    """Return the facts about periods of the whole book."""
    return state.of_kind("period", "*/").values()


def _is_shut(state: PeriodState) -> bool:
    return state in (PeriodState.CLOSED, PeriodState.LOCKED)


# --- exceptions ----------------------------------------------------------------------


def allow_exception(state: State, command: AllowException, stamp: Stamp) -> Outcome:
    """Let actors post into closed periods; nobody lets themselves."""
    check_scope(state, command.journal, command.journal_class)
    names = state.calendar.expand(command.name)
    content: dict[str, Any] = {
        "actors": list(command.actors),
        "first": state.calendar.span(names[0])[0].isoformat(),
        "id": command.id,
        "last": state.calendar.span(names[-1])[1].isoformat(),
        "name": command.name,
        "status": "granted",
        "until": instant_text(command.until),
    }
    for scope in ("journal", "journal_class"):
        if getattr(command, scope) is not None:
            content[scope] = getattr(command, scope)
    old = state.fact("exception", command.id)
    if old is not None:
        _check_same(old, content, command.id)
        return Outcome(results=[old])
    if stamp.actor in command.actors:
        raise NotPermitted(
            "nobody lets themselves post into a closed period",
            field="actors",
            expected="others than who grants it",
            found=stamp.actor,
        )
    if command.until <= stamp.at:
        raise InvalidDate(
            field="until",
            expected=f"an instant after {stamp.at_text}",
            found=content["until"],
        )
    for name in names:
        current = state.strictest(name, command.journal, command.journal_class)
        if current is PeriodState.LOCKED:
            raise PeriodTransition(
                f"{name} is locked", field="period", expected="a period not locked"
            )
    outcome = Outcome()
    key = ("exception", command.id)
    texts = {"reason": command.reason}
    outcome.add(stamp.record("exception", command.id, content, [key], texts))
    return outcome


def _check_same(old: Fact, content: dict[str, Any], id_: str) -> None:
    """Raise `IdempotencyConflict` unless *old* granted what *content* does.

    The reason is not compared: it may have been erased.
    """
    for field in ("name", "actors", "until", "journal", "journal_class"):
        known: Any = old.content.get(field)
        given: Any = content.get(field)
        if field == "actors":
            known, given = sorted(known), sorted(given)
        if known != given:
            raise IdempotencyConflict(
                f"exception {id_!r} is recorded with another {field}",
                field=field,
                expected=str(known),
                found=str(given),
            )


def revoke_exception(state: State, command: RevokeException, stamp: Stamp) -> Outcome:
    """Take an exception back, for good; a second time changes nothing."""
    old = state.fact("exception", command.id)
    if old is None:
        raise UnknownRecord(
            field="id", expected="the id of an exception", found=command.id
        )
    if old.content["status"] == "revoked":
        return Outcome(results=[old])
    content = {name: value for name, value in old.content.items() if name != "texts"}
    content |= {
        "granted_at": instant_text(old.at),
        "granted_by": old.actor,
        "status": "revoked",
    }
    texts = {name: text for name, (_, text) in old.texts.items()}
    texts["revocation"] = command.reason
    outcome = Outcome()
    key = ("exception", command.id)
    outcome.add(stamp.record("exception", command.id, content, [key], texts))
    return outcome


def use_of_exception(state: State, entry: Entry, stamp: Stamp) -> NewRecord | None:
    """Return the record that *entry* is posted under an exception, if it needs one."""
    day, journal = entry.date, entry.journal
    is_open = not state.facts["exception"] or (
        state.period_state(journal, day).accepts(entry.kind)
    )
    id_ = None if is_open else state.exception_for(journal, day)
    if id_ is None:
        return None
    return stamp.record(
        "exception-use",
        entry.id,
        {"entry": entry.id, "exception": id_},
        [("exception-use", use_key(id_, entry.id))],
    )
