"""What the ledger asks of a store.

A store keeps books.  All access goes through a `Transaction` on one book: reads see a
consistent state, and appending is all or nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Protocol

import attrs

from backoffice_ledger._engine.columns import DecidedColumns
from backoffice_ledger._engine.commands import Command
from backoffice_ledger._engine.documents import UNDECLARED
from backoffice_ledger._engine.hold_records import PendingLine
from backoffice_ledger._engine.state import (
    Cell,
    Fact,
    FactKey,
    Needs,
    NewRecord,
    State,
)
from backoffice_ledger._model.arguments import COUNT_MAX
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import EntryKind, Phase
from backoffice_ledger._model.record import Record
from backoffice_ledger.errors import LedgerError

Gross = tuple[int, int]
"""Gross debits and credits in minor units."""

Totals = Mapping[tuple[str, Commodity], Gross]
"""Gross totals by account path and commodity."""

TotalsByValue = Mapping[tuple[str, str, Commodity], Gross]
"""Gross totals by value of a dimension, account path and commodity."""

Place = tuple[int, int | None]
"""Position in the log and, for entries, the number in the journal.

``(0, None)`` until it is known: a store may place records only after the commit.
"""

DAMAGE = (
    ArithmeticError,
    AttributeError,
    LedgerError,
    LookupError,
    MemoryError,  # a text in the place of a number, times a million million
    TypeError,
    ValueError,
)
"""What reading a record may raise if somebody has tampered with it."""

PAGE_ROWS = 1000
"""Rows that a store reads at once while it streams."""


@attrs.frozen
class TotalsQuery:
    """Which postings to sum.

    Attributes:
        accounts: paths of accounts, or None for all.
        last: last booking date, or None for all dates.
        known_at: last log position, or None for all records.
        phases: report phases, or None for all.
    """

    accounts: frozenset[str] | None = None
    last: date | None = None
    known_at: int | None = None
    phases: frozenset[Phase] | None = None


@attrs.frozen
class EntryQuery:
    """Which entries to list, in the order of (date, position).

    Attributes:
        accounts: paths of which the entry touches at least one, or None.
        first: first booking date, or None.
        last: last booking date, or None.
        journal: name of a journal, or None.
        kind: kind of entry, or None.
        dimension: name and value that one of the postings carries, or None.
        known_after: log position after which the entry stands; 0 for none.
        known_at: last log position, or None.
        after: date and position after which to go on, or None for the beginning.
        limit: how many at most.
    """

    accounts: frozenset[str] | None = None
    first: date | None = None
    last: date | None = None
    journal: str | None = None
    kind: EntryKind | None = None
    dimension: tuple[str, str] | None = None
    known_after: int = 0
    known_at: int | None = None
    after: tuple[date, int] | None = None
    limit: int = PAGE_ROWS


@attrs.frozen
class DocumentQuery:
    """Which documents to find by what their latest versions declare, in order of id.

    Attributes:
        kind: of the documents.
        equal: names and the values that they must have; who is first should be the one
            that finds the fewest.
        spans: names with the first and the last value that they may have, or None.
        undeclared: whether those come too whose latest version declares nothing.
        after: the id after which to go on; an empty one is before all.
        limit: how many at most.
    """

    kind: str
    equal: tuple[tuple[str, str], ...] = ()
    spans: tuple[tuple[str, str | None, str | None], ...] = ()
    undeclared: bool = False
    after: str = ""
    limit: int = COUNT_MAX

    @property
    def asks(self) -> bool:
        """Whether it asks for any name."""
        return bool(self.equal or self.spans)

    def matches(self, declared: Mapping[str, str]) -> bool:
        """Whether a document that declares this is meant."""
        if UNDECLARED in declared:
            return self.undeclared or not self.asks
        return all(declared.get(name) == value for name, value in self.equal) and all(
            name in declared
            and (first is None or first <= declared[name])
            and (last is None or declared[name] <= last)
            for name, first, last in self.spans
        )


@attrs.frozen
class DimensionQuery:
    """Which postings to sum for each value of a dimension.

    Attributes:
        dimension: its name.
        values: the values, or None for all.
        accounts: paths of accounts, or None for all.
        last: last booking date, or None for all dates.
        known_at: last log position, or None for all records.
    """

    dimension: str
    values: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    last: date | None = None
    known_at: int | None = None


@attrs.frozen
class LogRow:
    """A row of the log as it stands in the store, for verification.

    Attributes:
        record: the record that the rows amount to.
        data: the canonical bytes that the rows rebuild.
        facts: the facts that the record establishes.
        texts: the openings of its commitments.
        erased: commitment of each text that was erased, and the position of the
            record that says so.
        memorandum: which postings of the entry count as memorandum ones.
    """

    record: Record
    data: bytes
    facts: tuple[FactKey, ...]
    texts: Mapping[str, tuple[bytes, str]]
    erased: Mapping[str, tuple[str, int]] = attrs.field(factory=dict)
    memorandum: tuple[bool, ...] = ()


@attrs.frozen
class AuditRow:
    """What verification finds at a position of the log.

    Attributes:
        position: where.
        row: what the stored rows amount to, or None where they cannot be read.
        problems: what is wrong with the rows as such.
    """

    position: int
    row: LogRow | None
    problems: tuple[str, ...] = ()


@attrs.frozen
class Problem:
    """Something that verification found.

    Attributes:
        position: the bad position of the log, or None where the log is not to blame.
        text: what is wrong there.
    """

    position: int | None
    text: str

    def __str__(self) -> str:
        where = "" if self.position is None else f"position {self.position}: "
        return where + self.text


class Transaction(Protocol):
    """Access to one book within one database transaction."""

    @property
    def state(self) -> State:
        """What has been read of the book; shared between transactions."""
        ...

    def size(self) -> int:
        """Return the number of records that have their position in the log."""
        ...

    def enter(self, command: Command | None) -> None:
        """Take the locks that *command* needs, before anything is read for it.

        Postings share the book; what changes the rules for them (`EXCLUSIVE`) waits
        for those that are under way and keeps new ones waiting.  None stands for
        postings in columns.
        """
        ...

    def load(self, needs: Needs) -> None:
        """Read into `state` what *needs* names."""
        ...

    def hold(self, keys: Sequence[FactKey]) -> None:
        """Read documents into `state`, or that there are none.

        In a transaction that writes nobody else may add a version until it ends; others
        may hold them too.
        """
        ...

    def append(self, records: Sequence[NewRecord]) -> list[Place]:
        """Append records and update every projection; return the place of each.

        The list is filled in, at the latest, when the outermost transaction ends.
        """
        ...

    def append_columns(self, decided: DecidedColumns) -> list[Place]:
        """Append entries in columns; return the first and the last place, likewise."""
        ...

    def current(self, path: str, at: int) -> Mapping[Commodity, Cell]:
        """Return what an account holds now; holds expired by *at* do not count."""
        ...

    def due_holds(self, at: int, limit: int) -> list[str]:
        """Return ids of open holds that have expired by *at*, the oldest first."""
        ...

    def listener_position(self, name: str, *, lock: bool = False) -> int | None:
        """Return the last position that a listener has taken, None if it is new.

        With *lock* nobody else may move it until the transaction ends.
        """
        ...

    def move_listener(self, name: str, position: int, *, is_new: bool = False) -> None:
        """Note the last position that a listener has taken.

        One that is new begins there, unless another process has noted it meanwhile.
        """
        ...

    def facts(self, kind: str, prefix: str = "") -> dict[str, Fact]:
        """Return the facts of a kind whose keys begin with *prefix*, by key."""
        ...

    def documents(self, query: DocumentQuery) -> list[Fact]:
        """Return the latest versions of the documents that are meant, by id.

        In a transaction that writes nobody else may add a version of one of them until
        it ends; another document may come to be meant.
        """
        ...

    def history(self, type_: str, id_: str) -> list[Fact]:
        """Return all records of a type (not entry) and id, oldest first."""
        ...

    def entry(self, id_: str) -> Record | None:
        """Return the record of an entry, or None."""
        ...

    def entries(self, query: EntryQuery) -> list[Record]:
        """Return one page of entries."""
        ...

    def unplaced(self, query: EntryQuery) -> tuple[int, list[Record]]:
        """Return the last position, and which entries match that have none yet.

        Both are of one instant.  The entries come as they were recorded; what the query
        says of positions does not count.
        """
        ...

    def totals(self, query: TotalsQuery) -> Totals:
        """Return gross totals."""
        ...

    def totals_by(self, query: DimensionQuery) -> TotalsByValue:
        """Return gross totals for each value of a dimension."""
        ...

    def records(self, after: int, limit: int) -> list[Record]:
        """Return the records of the log after a position, in order."""
        ...

    def log(self, after: int, limit: int) -> list[LogRow]:
        """Return rows of the log, rebuilt from what is stored, in order."""
        ...

    def leaves(self, after: int, last: int) -> list[bytes]:
        """Return the leaf hashes after a position, up to another one, in order."""
        ...

    def forget(self) -> None:
        """Drop everything that was read, so that the store is asked again."""
        ...

    def audit(self, after: int, limit: int) -> list[AuditRow]:
        """Return what is found at the next positions, in order; never raise for it."""
        ...

    def stored_facts(self) -> tuple[int, Mapping[FactKey, int]]:
        """Return the last position that gave a lasting fact or erased a text.

        And the position of every fact.
        """
        ...

    def stored_totals(self) -> tuple[Mapping[Any, Cell], Mapping[Any, Gross]]:
        """Return the projections of totals: by account, and by bucket and account.

        Keys are (path, commodity), and (bucket, path, commodity, phase) with YYYY or
        YYYYMM as the bucket, with something else in the place of what is not known
        to the book.
        """
        ...

    def stored_holds(self) -> Mapping[str, tuple[PendingLine, ...]]:
        """Return the lines that are kept of open holds, by hold."""
        ...

    def stored_index(self) -> Collection[tuple[str, str, str, str]]:
        """Return what documents are found by: kind, name, value and id."""
        ...

    def physical_problems(self) -> list[Problem]:
        """Return what is wrong with the storage itself, such as its schema."""
        ...


class Store(Protocol):
    """Keeps books and hands out transactions on them."""

    @property
    def read_only(self) -> bool:
        """Whether the store refuses to write."""
        ...

    def books(self) -> tuple[str, ...]:
        """Return the names of the books that the store keeps."""
        ...

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction, of the store or of its host."""
        ...

    def transaction(
        self, book: str, *, write: bool
    ) -> AbstractContextManager[Transaction]:
        """Begin a transaction on *book*.

        `Contention` from its outermost block means that nothing was written and that
        the same work may be tried again.

        It commits when the block ends and rolls back when it raises.  Transactions of
        one store may be nested; the outermost one commits.
        """
        ...

    def create_book(self, book: str) -> None:
        """Make room for a book, inside a transaction on it that follows."""
        ...

    def backup(self, target: str) -> None:
        """Write a consistent copy of the store to a new file."""
        ...

    def close(self) -> None:
        """Release everything; further use raises `LedgerClosed`."""
        ...
