"""What a decision is made from, and what it is made of.

A *fact* is the latest record about something: the account ``assets:bank``, the period
``*/1993-01``.  Facts are the book's state, apart from entries and totals.
"""

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from datetime import date
from typing import Any, Final

import attrs

from backoffice_ledger._engine.canonical import instant_text
from backoffice_ledger._model.account import ChartOfAccounts
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.entry import Entry, Phase, Refusal
from backoffice_ledger._model.period import RESTRICTIVENESS, PeriodState
from backoffice_ledger._model.posting import Posting
from backoffice_ledger._model.record import Record
from backoffice_ledger.calendars import (
    BookCalendar,
    CalendarMonths,
    calendar_from_content,
)

FactKey = tuple[str, str]
"""Kind and key of a fact."""

Days = tuple[date, date]
"""First and last day of a span."""

MONTHS: Final = CalendarMonths()
"""The calendar of a book that has no other."""

CALENDAR_ID: Final = "calendar"
"""The id of all records about the calendar."""

LASTING: Final = frozenset(
    {
        "account",
        "book",
        "calendar",
        "commodity",
        "control",
        "dimension",
        "exception",
        "journal",
        "period",
    }
)
"""Kinds of facts that a state keeps between transactions.

They change seldom and every posting needs them; all others are read anew each time.
"""

_PERIOD_KINDS: Final = ("calendar", "journal", "period")
"""Kinds of facts on which the states of periods depend."""

PROVISIONAL: Final = 1 << 48
"""From here on a fact's position only says that it has none yet, and the order."""


@attrs.frozen
class Fact:
    """The latest record about something.

    Attributes:
        position: where it stands in the log; `PROVISIONAL` or more while it has no
            position, in the order of the positions to come.
        actor: who recorded it.
        at: when, in microseconds since 1970 UTC.
        content: its canonical content, as JSON gives it.
        texts: its erasable texts by name, with their salts.
    """

    position: int
    actor: str
    at: int
    content: Mapping[str, Any]
    texts: Mapping[str, tuple[bytes, str]] = attrs.field(factory=dict)

    @property
    def erased(self) -> tuple[str, ...]:
        """The names of its texts that were erased: committed to, but gone."""
        return tuple(
            name for name in self.content.get("texts", ()) if name not in self.texts
        )


@attrs.frozen
class AccountActivity:
    """What closing an account depends on."""

    balance: Balance
    last_date: date | None


@attrs.frozen
class Cell:
    """What an account holds of one commodity now, gross, in minor units.

    Attributes:
        debit: posted debits.
        credit: posted credits.
        pending_debit: debits of open holds.
        pending_credit: credits of open holds.
        version: how many postings and lines of holds have touched it; it only grows.
    """

    debit: int = 0
    credit: int = 0
    pending_debit: int = 0
    pending_credit: int = 0
    version: int = 0


EMPTY_CELL: Final = Cell()


@attrs.frozen
class HoldChange:
    """What a hold's record does to what is pending.

    Attributes:
        hold: id of the hold.
        before: what it held until now; nothing if it is new.
        after: what it holds from now on; nothing once it is resolved.
        expires_at: when it stops to count, in microseconds since 1970 UTC, or None.
    """

    hold: str
    before: tuple[Posting, ...]
    after: tuple[Posting, ...]
    expires_at: int | None


@attrs.frozen
class IndexChange:
    """What a version of a document changes of what the document is found by.

    Attributes:
        kind: of the document.
        id: of the document.
        before: what the version before declared, by name; nothing if there is none.
        after: what this version declares.
    """

    kind: str
    id: str
    before: Mapping[str, str]
    after: Mapping[str, str]


@attrs.frozen
class Needs:
    """What a command reads; a store loads it, `State` holds it.

    Attributes:
        facts: single facts.
        prefixes: all facts of a kind whose keys begin with a prefix.
        entries: entries, or refusals, by id.
        activity: what closing an account depends on, by path.
        histories: all records of a type and id.
        cells: current totals of accounts, by path, with the facts of the holds on
            them that are due: expired by `State.now` and not resolved.  In a
            transaction that writes nobody else may change them until it ends.
        months: the months that have entries.
        spans: first and last days of which is asked whether they have entries.
    """

    facts: frozenset[FactKey] = frozenset()
    prefixes: frozenset[FactKey] = frozenset()
    entries: frozenset[str] = frozenset()
    activity: frozenset[str] = frozenset()
    histories: frozenset[FactKey] = frozenset()
    cells: frozenset[str] = frozenset()
    months: bool = False
    spans: frozenset[Days] = frozenset()

    def __bool__(self) -> bool:
        return any(
            (
                self.facts,
                self.prefixes,
                self.entries,
                self.activity,
                self.histories,
                self.cells,
                self.months,
                self.spans,
            )
        )


NOTHING = Needs()


@attrs.frozen
class AccountTerms:
    """What the posting of one commodity to one account depends on."""

    opened: date
    closed: date
    memorandum: bool
    scale: int


@attrs.define
class NewRecord:
    """A record that has been decided and not yet been given its position.

    ``content`` is canonical, ``body`` the same as it was before it was encoded, where
    that is known.
    """

    type: str
    id: str
    actor: str
    at: int
    content: str
    leaf: bytes
    facts: tuple[FactKey, ...] = ()
    texts: list[tuple[str, bytes, str]] | tuple[()] = ()
    entry: Entry | None = None
    phase: Phase = Phase.NORMAL
    memorandum: tuple[bool, ...] | None = None
    reverses: str | None = None
    proposal: str | None = None
    controls: tuple[str, ...] = ()
    erases: tuple[str, str, str] | None = None
    hold: HoldChange | None = None
    index: IndexChange | None = None
    body: Mapping[str, Any] | None = None

    def parsed(self) -> Mapping[str, Any]:
        """Return the content of a record other than an entry as JSON gives it."""
        if self.body is not None:
            return self.body
        parsed: Mapping[str, Any] = json.loads(self.content)
        return parsed


@attrs.define
class Outcome:
    """What a command comes to.

    Attributes:
        records: what is to be appended, in order.
        results: for each thing that was asked for, the new record or the old one
            that already says the same.
        refusals: the entries that were refused while the others were decided.
    """

    records: list[NewRecord] = attrs.field(factory=list)
    results: list["NewRecord | Record | Fact"] = attrs.field(factory=list)
    refusals: list[Refusal] = attrs.field(factory=list)

    def add(self, record: NewRecord) -> None:
        """Append *record* and report it as a result."""
        self.records.append(record)
        self.results.append(record)


@attrs.define
class State:
    """The part of a book that has been read.

    ``facts`` maps keys to facts, by kind; ``absent`` names what was looked up and not
    there; ``prefixes`` the keys (or whole kinds, with an empty key) under which all
    were loaded.  ``cells`` has, by account path and commodity code, what an account
    holds; ``due`` the holds on it that have expired by ``now``, the instant of the
    command (microseconds since 1970 UTC), whose ``actor`` is known too.  ``months`` are
    those with entries; ``spans`` says of some spans of days whether they have any.  The
    derived look-ups (``limited``, the paths of accounts with limits; ``terms``,
    ``openings``, ``chart``) are caches of ``facts`` and go with them; ``has_passing``
    says whether anything is not LASTING.  ``cache`` holds what others have worked out
    from records that they read; it goes with the facts.
    """

    now: int = 0
    actor: str = ""
    facts: dict[str, dict[str, Fact]] = attrs.field(factory=lambda: defaultdict(dict))
    absent: set[FactKey] = attrs.field(factory=set)
    prefixes: set[FactKey] = attrs.field(factory=set)
    entries: dict[str, Record | None] = attrs.field(factory=dict)
    activity: dict[str, AccountActivity] = attrs.field(factory=dict)
    histories: dict[FactKey, list[Fact]] = attrs.field(factory=dict)
    cells: dict[str, dict[str, Cell]] = attrs.field(factory=dict)
    due: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    months: frozenset[date] | None = None
    spans: dict[Days, bool] = attrs.field(factory=dict)
    has_passing: bool = False
    limited: set[str] = attrs.field(factory=set)
    terms: dict[tuple[str, str], AccountTerms] = attrs.field(factory=dict)
    openings: dict[tuple[str, date], PeriodState] = attrs.field(factory=dict)
    chart: ChartOfAccounts | None = None
    cache: dict[Hashable, Any] = attrs.field(factory=dict)
    _calendar: BookCalendar | None = attrs.field(default=None, init=False)

    @property
    def calendar(self) -> BookCalendar:
        """The calendar of the book: calendar months, until it has another one."""
        if self._calendar is None:
            fact = self.fact("calendar", "")
            if fact is None:
                return MONTHS
            self._calendar = calendar_from_content(fact.content["calendar"])
        return self._calendar

    def kept(self) -> "State":
        """Return a state of its own that knows the periods, and nothing else."""
        facts = {kind: dict(self.facts[kind]) for kind in _PERIOD_KINDS}
        return State(facts=defaultdict(dict, facts))

    def forget_reads(self) -> None:
        """Drop what only one command may rely on; facts that last stay."""
        if self.has_passing:
            for kind in self.facts.keys() - LASTING:
                del self.facts[kind]
            self.prefixes = {key for key in self.prefixes if key[0] in LASTING}
            self.has_passing = False
        self.absent.clear()
        self.entries.clear()
        self.activity.clear()
        self.histories.clear()
        self.cells.clear()
        self.due.clear()
        self.months = None
        self.spans.clear()

    def forget_facts(self) -> None:
        """Drop everything."""
        self.forget_stale()
        self.cache.clear()

    def forget_stale(self) -> None:
        """Drop what others have changed; their records are news for a cache."""
        self.forget_reads()
        self.facts.clear()
        self.prefixes.clear()
        self.limited.clear()
        self._forget_derived()

    def put(self, key: FactKey, fact: Fact) -> None:
        """Take over a fact that has just been decided."""
        self.learn(key, fact)
        if key[0] in LASTING:
            self._forget_derived()

    def learn(self, key: FactKey, fact: Fact | None) -> None:
        """Take over a fact that has been read, or that there is none."""
        if fact is None:
            self.absent.add(key)
            return
        kind, name = key
        self.facts[kind][name] = fact
        if kind not in LASTING:
            self.has_passing = True
        if kind == "account":
            if fact.content.get("limits"):
                self.limited.add(name)
            else:
                self.limited.discard(name)

    def learn_prefix(self, prefix: FactKey) -> None:
        """Note that all facts whose keys begin with a prefix have been read."""
        self.prefixes.add(prefix)
        if prefix[0] not in LASTING:
            self.has_passing = True

    def _forget_derived(self) -> None:
        self.terms.clear()
        self.openings.clear()
        self.chart = None
        self._calendar = None

    def missing(
        self,
        facts: Iterable[FactKey] = (),
        prefixes: Iterable[FactKey] = (),
        entries: Iterable[str] = (),
        activity: Iterable[str] = (),
        histories: Iterable[FactKey] = (),
        cells: Iterable[str] = (),
        *,
        months: bool = False,
        spans: Iterable[Days] = (),
    ) -> Needs:
        """Return what of the named things has not been read yet."""
        whole = self.prefixes
        new_facts = [
            (kind, key)
            for kind, key in facts
            if key not in self.facts[kind]
            and (kind, key) not in self.absent
            and (kind, "") not in whole
        ]
        new_prefixes = [prefix for prefix in prefixes if prefix not in whole]
        new_entries = [id_ for id_ in entries if id_ not in self.entries]
        new_activity = [path for path in activity if path not in self.activity]
        new_histories = [key for key in histories if key not in self.histories]
        new_cells = [path for path in cells if path not in self.cells]
        months = months and self.months is None
        new_spans = [span for span in spans if span not in self.spans]
        if not (
            new_facts
            or new_prefixes
            or new_entries
            or new_activity
            or new_histories
            or new_cells
            or months
            or new_spans
        ):
            return NOTHING
        return Needs(
            frozenset(new_facts),
            frozenset(new_prefixes),
            frozenset(new_entries),
            frozenset(new_activity),
            frozenset(new_histories),
            frozenset(new_cells),
            months,
            frozenset(new_spans),
        )

    def fact(self, kind: str, key: str) -> Fact | None:
        """Return a fact that was read before, or None where the book has none."""
        return self.facts[kind].get(key)

    def known(self, kind: str, key: str) -> Fact:
        """Return a fact that the book is known to have.

        Raises:
            KeyError: the book does not have it.
        """
        return self.facts[kind][key]

    def of_kind(self, kind: str, prefix: str = "") -> dict[str, Fact]:
        """Return the facts of a kind whose keys begin with *prefix*."""
        return {
            key: fact
            for key, fact in self.facts[kind].items()
            if key.startswith(prefix)
        }

    def period_state(self, journal: str, day: date) -> PeriodState:
        """Return the state that *day* is in for *journal*: the strictest one."""
        if not self.facts["period"]:
            return PeriodState.OPEN
        found = self.openings.get((journal, day))
        if found is None:
            name = self.calendar.period_of(day)
            found = self.strictest(name, journal, self.class_of(journal))
            self.openings[journal, day] = found
        return found

    def class_of(self, journal: str) -> str | None:
        """Return the class of a journal, or None."""
        fact = self.fact("journal", journal)
        found: str | None = None if fact is None else fact.content.get("class")
        return found

    def has_class(self, journal_class: str) -> bool:
        """Whether a journal has this class."""
        facts = self.facts["journal"].values()
        return any(fact.content.get("class") == journal_class for fact in facts)

    def strictest(
        self, name: str, journal: str | None, journal_class: str | None
    ) -> PeriodState:
        """Return the strictest state of a period: of the book, a class, a journal."""
        states = [self.scope_state(None, name)]
        if journal_class is not None:
            states.append(self.scope_state(None, name, journal_class))
        if journal is not None:
            states.append(self.scope_state(journal, name))
        return max(states, key=RESTRICTIVENESS.__getitem__)

    def scope_state(
        self, journal: str | None, name: str, journal_class: str | None = None
    ) -> PeriodState:
        """Return the state of a period for a journal or a class, or for the book.

        A period without a state of its own is open; but one that lies before a
        closed period, had no entries and so was never closed itself, is closed.
        """
        own = self.fact("period", period_key(journal, name, journal_class))
        if own is not None:
            return PeriodState(own.content["state"])
        is_book = journal is None and journal_class is None
        if is_book and self.calendar.span(name)[1] < self._closed_through():
            return PeriodState.CLOSED
        return PeriodState.OPEN

    def exception_for(self, journal: str, day: date) -> str | None:
        """Return the id of an exception that lets the actor post now, or None.

        None opens a locked period, or one that is still to come.
        """
        state = self.period_state(journal, day)
        if state in (PeriodState.LOCKED, PeriodState.FUTURE):
            return None
        now, text = instant_text(self.now), day.isoformat()
        class_ = self.class_of(journal)
        for id_, fact in sorted(self.facts["exception"].items()):
            content = fact.content
            if (
                content["status"] == "granted"
                and self.actor in content["actors"]
                and now < content["until"]
                and content["first"] <= text <= content["last"]
                and content.get("journal", journal) == journal
                and content.get("journal_class", class_) == class_
            ):
                return id_
        return None

    def _closed_through(self) -> date:
        """Return the last day of the last period that is closed for all journals."""
        return max(
            (
                date.fromisoformat(fact.content["last"])
                for fact in self.of_kind("period", "*/").values()
                if fact.content["state"] in ("closed", "locked")
            ),
            default=date.min,
        )


def period_key(journal: str | None, name: str, journal_class: str | None = None) -> str:
    """Return the key of the fact about a period: of a journal, a class, or the book."""
    scope = "*" if journal is None else key_part(journal)
    if journal_class is not None:
        scope = f"*{key_part(journal_class)}"
    return f"{scope}/{name}"


def use_key(exception: str, entry: str) -> str:
    """Return the key of the fact that an entry was posted under an exception."""
    return f"{key_part(exception)}/{entry}"


def key_part(text: str) -> str:
    """Return *text* as a part of a key, without the signs that join its parts."""
    return text.replace("%", "%25").replace("/", "%2F").replace("*", "%2A")
