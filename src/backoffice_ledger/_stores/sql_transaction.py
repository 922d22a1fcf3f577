"""A transaction on a book in any SQL database, as the ledger asks for it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import attrs

from backoffice_ledger._engine.columns import DecidedColumns
from backoffice_ledger._engine.hold_records import PendingLine
from backoffice_ledger._engine.state import (
    Cell,
    Fact,
    FactKey,
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
    Totals,
    TotalsByValue,
    TotalsQuery,
)
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.record import Record
from backoffice_ledger._stores import sql_audit, sql_documents, sql_pending
from backoffice_ledger._stores.sql import SqlBook, totals_by
from backoffice_ledger._stores.sql_entries import entries, entries_without_place
from backoffice_ledger._stores.sql_log import log_row, record_of
from backoffice_ledger._stores.sql_steps import Step

T = TypeVar("T")


class Runner(Protocol):
    """Runs the steps of the SQL core over a connection."""

    def run(self, steps: Step[T]) -> T:
        """Run the generator; return what it returns."""
        ...


D = TypeVar("D", bound=Runner)


@attrs.define
class SqlTransaction(Generic[D]):
    """A transaction on a book in a SQL database: runs the core over a connection."""

    _driver: D
    _book: SqlBook

    @property
    def state(self) -> State:
        """What has been read of the book."""
        return self._book.state

    def size(self) -> int:
        """Return the number of records."""
        return self._book.size

    def load(self, needs: Needs) -> None:
        """Read what *needs* names."""
        self._driver.run(self._book.load(needs))

    def hold(self, keys: Sequence[FactKey]) -> None:
        """Read documents that were not read; nobody else writes meanwhile."""
        keys = sorted(self.state.missing(facts=keys).facts)
        self._driver.run(self._book.hold(keys))

    def append(self, records: Sequence[NewRecord]) -> list[Place]:
        """Append records; return the place of each."""
        return self._driver.run(self._book.append(records))

    def append_columns(self, decided: DecidedColumns) -> list[Place]:
        """Append entries in columns; return the first and the last place."""
        return self._driver.run(self._book.append_columns(decided))

    def current(self, path: str, at: int) -> Mapping[Commodity, Cell]:
        """Return what an account holds now, expired holds taken off."""
        return self._driver.run(sql_pending.current(self._book, path, at))

    def due_holds(self, at: int, limit: int) -> list[str]:
        """Return ids of open holds that have expired, the oldest first."""
        return self._driver.run(sql_pending.due_holds(self._book, at, limit))

    def listener_position(self, name: str, *, lock: bool = False) -> int | None:
        """Return the last position that a listener has taken."""
        return self._driver.run(self._book.listener_position(name, lock=lock))

    def move_listener(self, name: str, position: int, *, is_new: bool = False) -> None:
        """Note the last position that a listener has taken."""
        self._driver.run(self._book.move_listener(name, position, is_new=is_new))

    def facts(self, kind: str, prefix: str = "") -> dict[str, Fact]:
        """Return facts by key."""
        return self._driver.run(self._book.facts(kind, prefix))

    def documents(self, query: DocumentQuery) -> list[Fact]:
        """Return the latest versions of the documents that are meant, by id."""
        return self._driver.run(sql_documents.find(self._book, query))

    def history(self, type_: str, id_: str) -> list[Fact]:
        """Return all records of a type and id."""
        return self._driver.run(self._book.history(type_, id_))

    def entry(self, id_: str) -> Record | None:
        """Return the record of an entry."""
        return self._driver.run(self._book.entry(id_))

    def entries(self, query: EntryQuery) -> list[Record]:
        """Return one page of entries."""
        return self._driver.run(entries(self._book, query))

    def unplaced(self, query: EntryQuery) -> tuple[int, list[Record]]:
        """Return the last position, and which entries match that have none yet."""
        if self._book.dialect.places_at_once:
            return self.size(), []
        return self._driver.run(entries_without_place(self._book, query))

    def totals(self, query: TotalsQuery) -> Totals:
        """Return gross totals."""
        return self._driver.run(self._book.totals(query))

    def totals_by(self, query: DimensionQuery) -> TotalsByValue:
        """Return gross totals for each value of a dimension."""
        return self._driver.run(totals_by(self._book, query))

    def records(self, after: int, limit: int) -> list[Record]:
        """Return the records of the log."""
        return self._driver.run(self._book.log(after, limit, record_of))

    def log(self, after: int, limit: int) -> list[LogRow]:
        """Return rows of the log."""
        return self._driver.run(self._book.log(after, limit, log_row))

    def leaves(self, after: int, last: int) -> list[bytes]:
        """Return leaf hashes of the log."""
        return self._driver.run(self._book.leaves(after, last))

    def forget(self) -> None:
        """Drop everything that was read."""
        self._book.forget()

    def audit(self, after: int, limit: int) -> list[AuditRow]:
        """Return what is found at the next positions."""
        return self._driver.run(sql_audit.audit(self._book, after, limit))

    def stored_facts(self) -> tuple[int, Mapping[FactKey, int]]:
        """Return the last position that gave a fact, and the facts' positions."""
        return self._driver.run(sql_audit.stored_facts(self._book))

    def stored_totals(self) -> tuple[Mapping[Any, Cell], Mapping[Any, Gross]]:
        """Return the kept totals."""
        return self._driver.run(sql_audit.stored_totals(self._book))

    def stored_holds(self) -> Mapping[str, tuple[PendingLine, ...]]:
        """Return the lines that are kept of open holds."""
        return self._driver.run(sql_pending.stored_holds(self._book))

    def stored_index(self) -> Collection[tuple[str, str, str, str]]:
        """Return what documents are found by."""
        return self._driver.run(sql_documents.stored_index(self._book))
