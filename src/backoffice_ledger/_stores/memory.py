"""The reference store: everything in memory, nothing clever.

Every other store must answer as this one does; it is the oracle of the conformance
tests.  It keeps the log as a list and answers most questions by reading it.
"""

import threading
from bisect import bisect, bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import attrs

from backoffice_ledger._engine.canonical import (
    canonical_json,
    commitment,
    date_number,
    entry_content,
    instant_text,
    record_bytes,
)
from backoffice_ledger._engine.columns import DecidedColumns
from backoffice_ledger._engine.commands import Command
from backoffice_ledger._engine.contents import entry_from_content
from backoffice_ledger._engine.documents import declared, document_key
from backoffice_ledger._engine.erasure import ENTRY_TYPES
from backoffice_ledger._engine.hold_records import PendingLine, pending_lines
from backoffice_ledger._engine.limits import Moves, moves_of, sum_of
from backoffice_ledger._engine.replay import facts_of
from backoffice_ledger._engine.state import (
    EMPTY_CELL,
    LASTING,
    AccountActivity,
    Cell,
    Fact,
    FactKey,
    HoldChange,
    Needs,
    NewRecord,
    State,
)
from backoffice_ledger._engine.store import (
    AuditRow,
    DimensionQuery,
    DocumentQuery,
    EntryQuery,
    Gross,
    LogRow,
    Place,
    Problem,
    Totals,
    TotalsByValue,
    TotalsQuery,
)
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import instant_from_microseconds
from backoffice_ledger._model.document import stored_json
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.posting import Side
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import FrozenMapping
from backoffice_ledger.errors import (
    BookExists,
    BookNotFound,
    InvalidInput,
    InvalidOption,
    LedgerClosed,
    Refused,
    StorageFailure,
    StoreError,
)

Totalled = dict[Any, list[int]]


@attrs.define
class _Row:
    """A record as it is kept."""

    new: NewRecord
    position: int
    number: int | None
    content: Mapping[str, Any]
    texts: dict[str, tuple[bytes, str]]
    erased: dict[str, tuple[str, int]] = attrs.field(factory=dict)


@attrs.define
class _Book:
    """The log of one book and what is kept beside it.

    ``ids`` has the positions of entries and refusals; ``replaced`` holds rows as they
    were before a text was erased, for undoing it.
    """

    rows: list[_Row] = attrs.field(factory=list)
    ids: dict[str, int] = attrs.field(factory=dict)
    facts: dict[FactKey, int] = attrs.field(factory=dict)
    numbers: dict[str, int] = attrs.field(factory=dict)
    current: dict[tuple[str, Commodity], Cell] = attrs.field(factory=dict)
    periods: Totalled = attrs.field(factory=dict)
    holds: dict[str, HoldChange] = attrs.field(factory=dict)
    index: dict[tuple[str, str], Mapping[str, str]] = attrs.field(factory=dict)
    listeners: dict[str, int] = attrs.field(factory=dict)
    replaced: list[_Row] = attrs.field(factory=list)


class MemoryStore:
    """Keeps books in memory, for tests, for trying things, and as the reference."""

    read_only = False

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}
        self._states: dict[str, State] = {}
        self._lock = threading.RLock()
        self._owner: int | None = None
        self._depth = 0
        self._is_writing = False
        self._is_doomed = False
        self._undo: dict[str, _Undo | None] = {}
        self._is_closed = False

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction."""
        return self._depth > 0 and self._owner == threading.get_ident()

    def books(self) -> tuple[str, ...]:
        """Return the names of the books, in order."""
        self._check_open()
        return tuple(sorted(self._books))

    def _check_open(self) -> None:
        if self._is_closed:
            raise LedgerClosed

    def create_book(self, book: str) -> None:
        """Make room for a book.

        Raises:
            BookExists: there is one of this name.
        """
        with self._lock:
            self._check_open()
            if book in self._books:
                raise BookExists(field="book", found=book)
            self._books[book] = _Book()
            if self._depth:
                self._undo[book] = None

    @contextmanager
    def transaction(self, book: str, *, write: bool) -> Iterator["MemoryTransaction"]:
        """Begin a transaction; an exception undoes what was appended in it.

        Blocks may be nested; an error after a first write dooms the outermost one,
        even if somebody between here and there swallows the error.
        """
        with self._lock:
            self._check_open()
            self._enter(book, write=write)
            state = self._states.setdefault(book, State())
            state.forget_reads()
            size = len(self._books[book].rows)
            self._depth += 1
            try:
                yield MemoryTransaction(self._books[book], state)
                if self._depth == 1:
                    self._check_not_doomed()
            except BaseException as error:
                is_refusal = isinstance(error, (InvalidInput, Refused))
                if not is_refusal or len(self._books[book].rows) != size:
                    self._is_doomed = True
                self._forget()
                raise
            finally:
                self._depth -= 1

    def _enter(self, book: str, *, write: bool) -> None:
        if book not in self._books:
            raise BookNotFound(field="book", found=book)
        if not self._depth:
            self._owner = threading.get_ident()
            self._is_writing, self._is_doomed = write, False
            self._undo.clear()
        elif write and not self._is_writing:
            raise StoreError("a read transaction cannot become a writing one")
        self._check_not_doomed()
        if write and book not in self._undo:
            self._undo[book] = _Undo(self._books[book])

    def _check_not_doomed(self) -> None:
        if self._is_doomed:
            raise StorageFailure("an error inside was swallowed; nothing was written")

    def _forget(self) -> None:
        """Drop what was read and, at the outermost level, what was written."""
        for state in self._states.values():
            state.forget_facts()
        if self._depth > 1:
            return
        for book, undo in self._undo.items():
            if undo is None:
                del self._books[book]
            else:
                self._books[book] = undo.restore()

    def backup(self, target: str) -> None:  # noqa: ARG002
        """Refuse: a book in memory has no file.

        Raises:
            InvalidOption: always.
        """
        raise InvalidOption(
            field="target", expected="a book in a file", found="a book in memory"
        )

    def close(self) -> None:
        """Forget the books.

        Raises:
            StoreError: a transaction is open.
        """
        with self._lock:
            if self._depth:
                raise StoreError("close it after the transaction")
            self._is_closed = True
            self._books.clear()


class _Undo:
    """Restores a book by replaying the log up to where it was."""

    def __init__(self, book: _Book) -> None:
        self._book = book
        self._size = len(book.rows)
        self._replaced = len(book.replaced)
        self._listeners = dict(book.listeners)

    def restore(self) -> _Book:
        rows, replaced = self._book.rows[: self._size], self._book.replaced
        for row in reversed(replaced[self._replaced :]):
            rows[row.position - 1] = row
        book = _Book(replaced=replaced[: self._replaced], listeners=self._listeners)
        for row in rows:
            _take(book, row)
        return book


def _take(book: _Book, row: _Row) -> None:
    """Append a row and carry it into everything that is kept beside the log."""
    new = row.new
    book.rows.append(row)
    for key in new.facts:
        book.facts[key] = row.position
    if new.type in ("entry", "refusal"):
        book.ids[new.id] = row.position
    if new.index is not None:
        book.index[new.index.kind, new.index.id] = declared(row.content)
    if new.hold is not None:
        _take_hold(book, new.hold)
    if new.entry is None or row.number is None:
        return
    book.numbers[new.entry.journal] = row.number
    _add_moves(book, moves_of(new.entry.postings))
    month = date_number(new.entry.date) // 100
    for posting in new.entry.postings:
        unit = posting.amount.commodity
        side = 0 if posting.side is Side.DEBIT else 1
        for bucket in (month, month // 100):
            cell = book.periods.setdefault(
                (bucket, posting.account, unit, new.phase), [0, 0]
            )
            cell[side] += posting.amount.minor_units


def _take_hold(book: _Book, change: HoldChange) -> None:
    _add_moves(book, moves_of((), change.after, change.before))
    book.holds.pop(change.hold, None)
    if change.after:
        book.holds[change.hold] = attrs.evolve(change, before=())


def _add_moves(book: _Book, moves: Moves) -> None:
    for key, change in moves.items():
        book.current[key] = sum_of(book.current.get(key, EMPTY_CELL), change)


@attrs.define
class MemoryTransaction:
    """A transaction on a book in memory."""

    _book: _Book
    state: State

    def size(self) -> int:
        """Return the number of records."""
        return len(self._book.rows)

    def enter(self, command: Command | None) -> None:
        """Do nothing: the whole store is ours until the transaction ends."""

    def load(self, needs: Needs) -> None:
        """Read what *needs* names."""
        state = self.state
        for kind, key in needs.facts:
            position = self._book.facts.get((kind, key))
            fact = None if position is None else self._fact(position)
            state.learn((kind, key), fact)
        for kind, prefix in needs.prefixes:
            for key, found in self.facts(kind, prefix).items():
                state.learn((kind, key), found)
            state.learn_prefix((kind, prefix))
        for id_ in needs.entries:
            position = self._book.ids.get(id_)
            state.entries[id_] = None if position is None else self._record(position)
        for path in needs.activity:
            state.activity[path] = self._activity(path)
        for subject in needs.histories:
            state.histories[subject] = self.history(*subject)
        for path in needs.cells:
            self._load_cells(path)
        if needs.months:
            state.months = frozenset(
                date(bucket // 100, bucket % 100, 1)
                for bucket, *_ in self._book.periods
                if bucket > 9999
            )
        if needs.spans:
            days = sorted({entry.date for entry in self._entries()})
            for first, last in needs.spans:
                state.spans[first, last] = bisect_left(days, first) < bisect(days, last)

    def hold(self, keys: Sequence[FactKey]) -> None:
        """Read documents: the whole store is ours until the transaction ends."""
        self.load(self.state.missing(facts=keys))

    def _load_cells(self, path: str) -> None:
        state = self.state
        state.cells[path] = {
            unit.code: cell
            for (account, unit), cell in self._book.current.items()
            if account == path
        }
        due = tuple(
            hold
            for hold in self._due(state.now)
            if any(line.account == path for line in self._book.holds[hold].after)
        )
        if due:
            state.due[path] = due
            for hold in due:
                position = self._book.facts["hold", hold]
                state.learn(("hold", hold), self._fact(position))

    def _due(self, at: int) -> list[str]:
        """Return ids of holds that have expired, the oldest first."""
        due = [
            (change.expires_at, id_)
            for id_, change in self._book.holds.items()
            if change.expires_at is not None and change.expires_at <= at
        ]
        return [id_ for _, id_ in sorted(due)]

    def due_holds(self, at: int, limit: int) -> list[str]:
        """Return ids of open holds that have expired, the oldest first."""
        return self._due(at)[:limit]

    def current(self, path: str, at: int) -> Mapping[Commodity, Cell]:
        """Return what an account holds now, expired holds taken off.

        That changes the version, as recording the expiry will.
        """
        cells = {
            unit: cell
            for (account, unit), cell in self._book.current.items()
            if account == path
        }
        for id_ in self._due(at):
            expired = moves_of(released=self._book.holds[id_].after)
            for (account, unit), change in expired.items():
                if account == path:
                    cells[unit] = sum_of(cells[unit], change)
        return cells

    def listener_position(
        self,
        name: str,
        *,
        lock: bool = False,  # noqa: ARG002 - one transaction at a time
    ) -> int | None:
        """Return the last position that a listener has taken."""
        return self._book.listeners.get(name)

    def move_listener(self, name: str, position: int, *, is_new: bool = False) -> None:
        """Note the last position that a listener has taken."""
        if not (is_new and name in self._book.listeners):
            self._book.listeners[name] = position

    def _activity(self, path: str) -> AccountActivity:
        balance = Balance.from_minor(
            {
                unit: cell.debit - cell.credit
                for (account, unit), cell in self._book.current.items()
                if account == path
            }
        )
        days = [
            entry.date
            for entry in self._entries()
            if any(posting.account == path for posting in entry.postings)
        ]
        return AccountActivity(balance, max(days, default=None))

    def _entries(self) -> Iterator[Entry]:
        return (r.new.entry for r in self._book.rows if r.new.entry is not None)

    def append(self, records: Sequence[NewRecord]) -> list[Place]:
        """Append records in order; return the place of each."""
        book = self._book
        placed: list[Place] = []
        for new in records:
            position = len(book.rows) + 1
            number = None
            if new.entry is not None:
                number = book.numbers.get(new.entry.journal, 0) + 1
            content = FrozenMapping()
            if new.entry is None:
                content = stored_json(new.parsed())
            texts = {name: (salt, text) for name, salt, text in new.texts}
            _take(book, _Row(new, position, number, content, texts))
            if new.erases is not None:
                self._erase(*new.erases, position)
                self.state.forget_facts()
            for key in new.facts:
                self.state.put(key, self._fact(position))
            placed.append((position, number))
        return placed

    def append_columns(self, decided: DecidedColumns) -> list[Place]:
        """Append entries in columns, as entries."""
        columns, stamp, salts = decided.columns, decided.stamp, iter(decided.salts)
        places = self.append(
            [
                NewRecord(
                    "entry",
                    entry.id,
                    stamp.actor,
                    stamp.at,
                    "",
                    leaf,
                    texts=[("description", next(salts), entry.description)]
                    if entry.description
                    else [],
                    entry=entry,
                )
                for entry, leaf in zip(columns.entries(), decided.leaves, strict=True)
            ]
        )
        return [places[0], places[-1]]

    def _erase(self, type_: str, id_: str, field: str, redacted_at: int) -> None:
        book = self._book
        types = ENTRY_TYPES if type_ == "entry" else (type_,)
        for row in list(book.rows):
            is_meant = row.new.id == id_ and row.new.type in types
            if is_meant and field in row.texts:
                texts = dict(row.texts)
                erased = {field: (commitment(*texts.pop(field)), redacted_at)}
                book.replaced.append(row)
                book.rows[row.position - 1] = attrs.evolve(
                    row, texts=texts, erased=row.erased | erased
                )

    def _fact(self, position: int) -> Fact:
        row = self._book.rows[position - 1]
        return Fact(position, row.new.actor, row.new.at, row.content, dict(row.texts))

    def facts(self, kind: str, prefix: str = "") -> dict[str, Fact]:
        """Return facts by key."""
        return {
            key: self._fact(position)
            for (its_kind, key), position in sorted(self._book.facts.items())
            if its_kind == kind and key.startswith(prefix)
        }

    def documents(self, query: DocumentQuery) -> list[Fact]:
        """Return the latest versions of the documents that are meant, by id."""
        ids = sorted(
            id_
            for (kind, id_), index in self._book.index.items()
            if kind == query.kind and id_ > query.after and query.matches(index)
        )
        facts = self._book.facts
        return [
            self._fact(facts["document", document_key(query.kind, id_)])
            for id_ in ids[: query.limit]
        ]

    def history(self, type_: str, id_: str) -> list[Fact]:
        """Return all records of a type and id."""
        return [
            self._fact(row.position)
            for row in self._book.rows
            if row.new.type == type_ and row.new.id == id_
        ]

    def entry(self, id_: str) -> Record | None:
        """Return the record of an entry."""
        position = self._book.ids.get(id_)
        if position is None or self._book.rows[position - 1].new.entry is None:
            return None
        return self._record(position)

    def _entry_of(self, row: _Row) -> Entry | None:
        """Return the entry, or the refused one, without texts that were erased."""
        if row.new.type == "refusal":
            texts = {name: text for name, (_, text) in row.texts.items()}
            return entry_from_content(row.content["entry"], texts)
        entry = row.new.entry
        if entry is None or not row.erased:
            return entry
        postings = tuple(
            attrs.evolve(posting, memo=None)
            if f"postings.{line}.memo" in row.erased
            else posting
            for line, posting in enumerate(entry.postings)
        )
        description = "" if "description" in row.erased else entry.description
        return attrs.evolve(entry, description=description, postings=postings)

    def _record(self, position: int) -> Record:
        row = self._book.rows[position - 1]
        new = row.new
        reversal = self._book.facts.get(("reversal", new.id))
        is_entry = new.entry is not None
        return Record(
            position,
            new.type,
            new.id,
            instant_from_microseconds(new.at),
            new.actor,
            new.leaf,
            row.content,
            self._entry_of(row),
            row.number,
            new.phase,
            new.reverses,
            self._book.rows[reversal - 1].new.id if reversal and is_entry else None,
            new.proposal,
            new.controls,
            tuple(sorted(row.erased)),
        )

    def entries(self, query: EntryQuery) -> list[Record]:
        """Return one page of entries."""
        hits = sorted(
            (row.new.entry.date, row.position)
            for row in self._book.rows[query.known_after : query.known_at]
            if row.new.entry is not None and _matches(row.new.entry, query)
        )
        if query.after is not None:
            hits = [hit for hit in hits if hit > query.after]
        return [self._record(position) for _, position in hits[: query.limit]]

    def unplaced(self, query: EntryQuery) -> tuple[int, list[Record]]:  # noqa: ARG002
        """Return the last position; every entry has one."""
        return self.size(), []

    def totals(self, query: TotalsQuery) -> Totals:
        """Return gross totals."""
        if query == TotalsQuery(query.accounts):
            totals = {
                key: (cell.debit, cell.credit)
                for key, cell in self._book.current.items()
            }
        else:
            totals = {key: (cell[0], cell[1]) for key, cell in self._sum(query).items()}
        return {
            key: gross
            for key, gross in totals.items()
            if query.accounts is None or key[0] in query.accounts
        }

    def _sum(self, query: TotalsQuery) -> Totalled:
        cells: Totalled = {}
        for row in self._book.rows[: query.known_at]:
            entry = row.new.entry
            if entry is None or (query.last is not None and entry.date > query.last):
                continue
            if query.phases is not None and row.new.phase not in query.phases:
                continue
            for posting in entry.postings:
                key = (posting.account, posting.amount.commodity)
                side = 0 if posting.side is Side.DEBIT else 1
                cells.setdefault(key, [0, 0])[side] += posting.amount.minor_units
        return cells

    def totals_by(self, query: DimensionQuery) -> TotalsByValue:
        """Return gross totals for each value of a dimension."""
        cells: Totalled = {}
        for row in self._book.rows[: query.known_at]:
            entry = row.new.entry
            if entry is None or (query.last is not None and entry.date > query.last):
                continue
            for posting in entry.postings:
                value = posting.dimensions.get(query.dimension)
                if (
                    value is not None
                    and (query.values is None or value in query.values)
                    and (query.accounts is None or posting.account in query.accounts)
                ):
                    key = (value, posting.account, posting.amount.commodity)
                    side = 0 if posting.side is Side.DEBIT else 1
                    cells.setdefault(key, [0, 0])[side] += posting.amount.minor_units
        return {key: (cell[0], cell[1]) for key, cell in cells.items()}

    def records(self, after: int, limit: int) -> list[Record]:
        """Return the records of the log."""
        rows = self._book.rows[after : after + limit]
        return [self._record(row.position) for row in rows]

    def log(self, after: int, limit: int) -> list[LogRow]:
        """Return rows of the log."""
        return [self._log_row(row) for row in self._book.rows[after : after + limit]]

    def leaves(self, after: int, last: int) -> list[bytes]:
        """Return leaf hashes of the log."""
        return [row.new.leaf for row in self._book.rows[after:last]]

    def _log_row(self, row: _Row) -> LogRow:
        new = row.new
        if new.entry is None:
            content = canonical_json(row.content)
        else:
            commitments = {
                name: commitment(*opening) for name, opening in row.texts.items()
            }
            commitments |= {name: hash_ for name, (hash_, _) in row.erased.items()}
            content = entry_content(new.entry, commitments, new.reverses)
        data = record_bytes(
            new.type,
            new.actor,
            instant_text(new.at),
            content,
            new.proposal,
            new.controls,
        )
        facts = facts_of(new.type, new.id, row.content, new.reverses, new.proposal)
        flags = () if new.entry is None else (False,) * len(new.entry.postings)
        return LogRow(
            self._record(row.position),
            data,
            facts,
            dict(row.texts),
            dict(row.erased),
            flags if new.memorandum is None else new.memorandum,
        )

    def forget(self) -> None:
        """Drop everything that was read."""
        self.state.forget_facts()

    def audit(self, after: int, limit: int) -> list[AuditRow]:
        """Return what is found at the next positions."""
        return [AuditRow(row.record.position, row) for row in self.log(after, limit)]

    def stored_facts(self) -> tuple[int, Mapping[FactKey, int]]:
        """Return the last position that gave a lasting fact, and all positions."""
        erasing = [r.position for r in self._book.rows if r.new.erases is not None]
        facts = self._book.facts
        lasting = [at for (kind, _), at in facts.items() if kind in LASTING]
        return max((*lasting, *erasing), default=0), facts

    def stored_totals(self) -> tuple[Mapping[Any, Cell], Mapping[Any, Gross]]:
        """Return the kept totals."""
        periods = self._book.periods
        return (
            self._book.current,
            {key: (cell[0], cell[1]) for key, cell in periods.items()},
        )

    def stored_holds(self) -> Mapping[str, tuple[PendingLine, ...]]:
        """Return the lines that are kept of open holds."""
        return {
            id_: pending_lines(change.after, change.expires_at)
            for id_, change in self._book.holds.items()
        }

    def stored_index(self) -> Collection[tuple[str, str, str, str]]:
        """Return what documents are found by."""
        return {
            (kind, name, value, id_)
            for (kind, id_), index in self._book.index.items()
            for name, value in index.items()
        }

    def physical_problems(self) -> list[Problem]:
        """Return nothing: memory has no schema."""
        return []


def _in_span(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _matches(entry: Entry, query: EntryQuery) -> bool:
    return (
        _in_span(entry.date, query.first, query.last)
        and query.journal in (None, entry.journal)
        and query.kind in (None, entry.kind)
        and (
            query.accounts is None
            or any(posting.account in query.accounts for posting in entry.postings)
        )
        and (
            query.dimension is None
            or any(query.dimension in p.dimensions.items() for p in entry.postings)
        )
    )
