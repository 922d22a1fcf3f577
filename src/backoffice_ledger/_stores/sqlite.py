"""The SQLite store: opening safely, transactions, errors, and one choke point.

Durability is WAL with ``synchronous=FULL``, read back at open.  The file is never opened
by other means than SQLite (closing any other descriptor on it would drop SQLite's
locks), and checkpoints are only taken in the mode that excludes writers.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import quote

import attrs

from backoffice_ledger._engine.state import Fact, FactKey, Needs, NewRecord, State
from backoffice_ledger._engine.store import (
    EntryQuery,
    LogRow,
    PeriodTotals,
    Totals,
    TotalsQuery,
)
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger._stores.sql import Many, Query, Rows, SqlBook, Step
from backoffice_ledger._stores.sqlite_schema import (
    APPLICATION_ID,
    FORMAT,
    schema_statements,
)
from backoffice_ledger.errors import (
    BookExists,
    BookNotFound,
    Busy,
    Corrupt,
    ForeignFile,
    ForkedLedger,
    InvalidOption,
    LedgerClosed,
    NewerFormat,
    OutcomeUnknown,
    ReadOnlyBook,
    StorageFailure,
    StoreError,
    UnsafeSettings,
)

T = TypeVar("T")

VERSION_MIN: Final = (3, 38, 0)
BUSY_SECONDS: Final = 5.0
CHECKPOINT_BYTES: Final = 16 * 1024 * 1024
"""Size of the write-ahead log from which a commit is followed by a checkpoint."""

Intercept = Callable[[str, Sequence[Any]], None]
"""Sees every statement before it runs; may raise `sqlite3.Error` (fault injection)."""

_WRITABLE_PRAGMAS = {
    "application_id",
    "busy_timeout",
    "cell_size_check",
    "data_version",
    "foreign_key_check",
    "foreign_keys",
    "integrity_check",
    "journal_mode",
    "mmap_size",
    "page_count",
    "page_size",
    "query_only",
    "quick_check",
    "recursive_triggers",
    "synchronous",
    "trusted_schema",
    "user_version",
    "wal_autocheckpoint",
    "wal_checkpoint",
}
_UPDATABLE = {"bl_book", "bl_fact", "bl_current", "bl_period_total"}


def _authorize(
    action: int,
    first: str | None,
    second: str | None,
    database: str | None,
    trigger: str | None,
) -> int:
    """Deny what this library never does: schema changes, ATTACH, rewriting the log."""
    match action:
        case (
            sqlite3.SQLITE_SELECT
            | sqlite3.SQLITE_READ
            | sqlite3.SQLITE_TRANSACTION
            | sqlite3.SQLITE_SAVEPOINT
            | sqlite3.SQLITE_FUNCTION
            | sqlite3.SQLITE_RECURSIVE
        ):
            return sqlite3.SQLITE_OK
        case sqlite3.SQLITE_INSERT if (first or "").startswith("bl_"):
            return sqlite3.SQLITE_OK
        case sqlite3.SQLITE_UPDATE if first in _UPDATABLE:
            return sqlite3.SQLITE_OK
        case sqlite3.SQLITE_DELETE if first == "bl_opening":
            return sqlite3.SQLITE_OK
        case sqlite3.SQLITE_PRAGMA if first in _WRITABLE_PRAGMAS:
            return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


@cache
def schema_fingerprint() -> tuple[tuple[str, str], ...]:
    """Return the names and texts of everything in the schema of this format."""
    connection = sqlite3.connect(":memory:")
    try:
        for statement in schema_statements():
            connection.execute(statement)
        return _read_fingerprint(connection.execute)
    finally:
        connection.close()


def _read_fingerprint(execute: Callable[[str], Any]) -> tuple[tuple[str, str], ...]:
    rows = execute(
        "SELECT name, sql FROM sqlite_schema WHERE tbl_name LIKE 'bl\\_%' ESCAPE '\\'"
        " AND sql IS NOT NULL ORDER BY name"
    )
    return tuple((name, sql) for name, sql in rows)


class Driver:
    """One connection; every statement of the store goes through `execute`."""

    def __init__(self, path: Path, mode: str, intercept: Intercept | None) -> None:
        self._intercept = intercept
        self.is_poisoned = False
        uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
        try:
            self._connection = sqlite3.connect(
                uri,
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        except sqlite3.Error as error:
            self._raise(error)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows."""
        try:
            if self._intercept is not None:
                self._intercept(sql, params)
            return self._connection.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            self._raise(error)

    def execute_many(self, many: Many) -> None:
        """Run one statement for each row of parameters."""
        try:
            if self._intercept is not None:
                self._intercept(many.sql, ())
            self._connection.executemany(many.sql, many.rows)
        except sqlite3.Error as error:
            self._raise(error)

    def run(self, steps: Step[T]) -> T:
        """Run the SQL core's generator over this connection."""
        try:
            request = next(steps)
            while True:
                if type(request) is Query:
                    rows = self.execute(request.sql, request.params)
                    request = steps.send(rows)
                else:
                    self.execute_many(request)  # type: ignore[arg-type]
                    request = steps.send(None)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def commit(self) -> None:
        """Commit; an error leaves the outcome open unless it provably did not happen."""
        try:
            if self._intercept is not None:
                self._intercept("COMMIT", ())
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CONSTRAINT):
                self.rollback()
                self._raise(error)
            self.is_poisoned = True
            raise OutcomeUnknown(str(error)) from error

    def rollback(self) -> None:
        """Roll back; a connection that cannot is not used again."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.is_poisoned = True

    def set_authorizer(self) -> None:
        """From here on deny what the library never does."""
        # The first use of json_each declares it in the schema, which the authorizer
        # would deny.
        self.execute("SELECT value FROM json_each('[]')")
        self._connection.set_authorizer(_authorize)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)

    def copy_to(self, target: sqlite3.Connection) -> None:
        """Copy the database into another connection's."""
        self._connection.backup(target)

    def close(self) -> None:
        """Close the connection."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def _raise(self, error: sqlite3.Error) -> NoReturn:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        match code:
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise Busy(str(error)) from error
            case sqlite3.SQLITE_READONLY:
                raise ReadOnlyBook(str(error)) from error
            case sqlite3.SQLITE_NOTADB:
                raise ForeignFile(str(error)) from error
            case sqlite3.SQLITE_CORRUPT:
                self.is_poisoned = True
                raise Corrupt(str(error)) from error
            case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_FULL | sqlite3.SQLITE_CANTOPEN:
                self.is_poisoned = True
                raise StorageFailure(str(error)) from error
        raise StoreError(str(error)) from error


class SQLiteStore:
    """Keeps books in one SQLite file; safe across processes and power loss.

    Args:
        path: the database file.
        create: make the file if there is none.
        read_only: refuse to write; another process may be writing.
        intercept: sees every statement before it runs (for tests).

    Raises:
        BookNotFound: no such file or folder, and *create* is not set.
        ForeignFile: the file is no database, or not one of ours.
        NewerFormat: a newer version of this library wrote it.
        Corrupt: the file is damaged, or its schema was tampered with.
        ReadOnlyBook: the place cannot be written.
        UnsafeSettings: SQLite is too old, or refused WAL or full synchronisation.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        create: bool = False,
        read_only: bool = False,
        intercept: Intercept | None = None,
    ) -> None:
        if not os.fspath(path):
            raise InvalidOption(field="path", expected="the path of a file", found="''")
        self._path = Path(path)
        self._read_only = read_only
        self._intercept = intercept
        self._lock = threading.RLock()
        self._depth = 0
        self._is_writing = False
        self._books: dict[str, SqlBook] = {}
        self._pid = os.getpid()
        self._is_closed = False
        self._check_place(create=create and not read_only)
        self._driver: Driver | None = self._open(create=create and not read_only)

    @property
    def read_only(self) -> bool:
        """Whether the store refuses to write."""
        return self._read_only

    # --- opening ---------------------------------------------------------------------

    def _check_place(self, *, create: bool) -> None:
        if sqlite3.sqlite_version_info < VERSION_MIN:
            raise UnsafeSettings(
                expected=f"SQLite {'.'.join(map(str, VERSION_MIN))} or newer",
                found=sqlite3.sqlite_version,
            )
        path = self._path
        if path.is_dir():
            raise ForeignFile(field="path", expected="a file", found=f"folder {path}")
        if not path.parent.is_dir():
            raise BookNotFound(
                field="path", expected="an existing folder", found=path.parent
            )
        if not path.exists():
            if not create:
                raise BookNotFound(field="path", found=path)
            if not os.access(path.parent, os.W_OK):
                raise ReadOnlyBook(
                    field="path", expected="a folder to write in", found=path.parent
                )

    def _open(self, *, create: bool) -> Driver:
        mode = "ro" if self._read_only else "rwc" if create else "rw"
        driver = Driver(self._path, mode, self._intercept)
        try:
            self._prepare(driver, create=create)
        except StorageFailure as error:
            driver.close()
            if not os.access(self._path.parent, os.W_OK):
                raise ReadOnlyBook(
                    field="path", expected="a folder to write in", found=self._path
                ) from error
            raise
        except BaseException:
            driver.close()
            raise
        return driver

    def _prepare(self, driver: Driver, *, create: bool) -> None:
        [(application_id,)] = driver.execute("PRAGMA application_id")
        [(version,)] = driver.execute("PRAGMA user_version")
        [(tables,)] = driver.execute("SELECT count(*) FROM sqlite_schema")
        is_empty = not tables and not application_id and not version
        if not (is_empty and create):
            self._check_header(driver, application_id, version)
        self._configure(driver)
        if is_empty:
            self._create_schema(driver)
        if _read_fingerprint(driver.execute) != schema_fingerprint():
            raise Corrupt("the schema is not the one of this format", field="path")
        driver.set_authorizer()

    def _check_header(self, driver: Driver, application_id: int, version: int) -> None:
        if application_id != APPLICATION_ID:
            raise ForeignFile(
                field="path",
                expected="a database made by backoffice-ledger",
                found=self._path,
            )
        if version > FORMAT:
            raise NewerFormat(field="path", expected=f"format {FORMAT}", found=version)
        [(pages,)] = driver.execute("PRAGMA page_count")
        [(page_size,)] = driver.execute("PRAGMA page_size")
        log = self._log_path()
        has_log = log.exists() and log.stat().st_size > 0
        size = self._path.stat().st_size
        if not has_log and size < pages * page_size:
            raise Corrupt(
                "the file is truncated",
                field="path",
                expected=f"{pages * page_size} bytes",
                found=size,
            )

    def _configure(self, driver: Driver) -> None:
        for pragma in (
            f"busy_timeout={int(BUSY_SECONDS * 1000)}",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            "trusted_schema=OFF",
            "cell_size_check=ON",
            "mmap_size=0",
            "wal_autocheckpoint=0",
            "synchronous=FULL",
        ):
            driver.execute(f"PRAGMA {pragma}")
        if self._read_only:
            driver.execute("PRAGMA query_only=ON")
        else:
            driver.execute("PRAGMA journal_mode=WAL")
        for name, expected in (
            ("journal_mode", "wal"),
            ("synchronous", 2),
            ("foreign_keys", 1),
            ("recursive_triggers", 1),
        ):
            [(found,)] = driver.execute(f"PRAGMA {name}")
            if found != expected:
                raise UnsafeSettings(field=name, expected=str(expected), found=found)

    def _create_schema(self, driver: Driver) -> None:
        driver.execute("BEGIN IMMEDIATE")
        try:
            [(tables,)] = driver.execute("SELECT count(*) FROM sqlite_schema")
            if not tables:  # another process may have been first
                for statement in schema_statements():
                    driver.execute(statement)
                driver.execute(f"PRAGMA application_id={APPLICATION_ID}")
                driver.execute(f"PRAGMA user_version={FORMAT}")
            driver.commit()
        except BaseException:
            driver.rollback()
            raise

    def _log_path(self) -> Path:
        return self._path.with_name(self._path.name + "-wal")

    def _use(self) -> Driver:
        """Return the connection, a new one if the last one failed."""
        if self._is_closed:
            raise LedgerClosed
        if os.getpid() != self._pid:
            raise ForkedLedger(field="process", expected=str(self._pid), found=os.getpid())
        if self._driver is not None and self._driver.is_poisoned:
            self._driver.close()
            self._driver = None
            self._books.clear()
        if self._driver is None:
            self._driver = self._open(create=False)
        return self._driver

    # --- transactions ----------------------------------------------------------------

    def books(self) -> tuple[str, ...]:
        """Return the names of the books in the file."""
        with self._lock:
            rows = self._use().execute("SELECT name FROM bl_book ORDER BY name")
            return tuple(name for (name,) in rows)

    def create_book(self, book: str) -> None:
        """Make room for a book.

        Raises:
            BookExists: there is one of this name.
            ReadOnlyBook: the store was opened read-only.
        """
        check_identifier(book, "book")
        with self._lock, self._transaction(write=True) as driver:
            if driver.execute("SELECT 1 FROM bl_book WHERE name = ?", (book,)):
                raise BookExists(field="book", found=book)
            driver.execute(
                "INSERT INTO bl_book (book_id, name)"
                " SELECT coalesce(max(book_id), 0) + 1, ? FROM bl_book",
                (book,),
            )

    @contextmanager
    def transaction(self, book: str, *, write: bool) -> Iterator["SQLiteTransaction"]:
        """Begin a transaction on *book*; writers exclude each other from its start."""
        with self._lock, self._transaction(write=write) as driver:
            sql_book = self._books.get(book)
            if sql_book is None:
                rows = driver.execute(
                    "SELECT book_id FROM bl_book WHERE name = ?", (book,)
                )
                if not rows:
                    raise BookNotFound(field="book", found=book)
                sql_book = self._books[book] = SqlBook(rows[0][0], State())
            driver.run(sql_book.begin())
            yield SQLiteTransaction(driver, sql_book)

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Driver]:
        """Begin, or join the transaction of an outer block; see `Store.transaction`."""
        if self._depth:
            if write and not self._is_writing:
                raise StoreError("a read transaction cannot become a writing one")
            assert self._driver is not None
            yield self._driver
            return
        if write and self._read_only:
            raise ReadOnlyBook(field="read_only", expected="a ledger opened to write")
        driver = self._use()
        driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        self._depth, self._is_writing = 1, write
        try:
            yield driver
            driver.commit()
        except BaseException as error:
            driver.rollback()
            for book in self._books.values():
                book.forget()
            if isinstance(error, Corrupt) and self._is_sound():
                raise StorageFailure(error.message) from error
            raise
        finally:
            self._depth, self._is_writing = 0, False
        if write:
            self._checkpoint(driver)

    def _is_sound(self) -> bool:
        """Look again with a new connection: one failed read is not a corrupt file."""
        with suppress(StoreError):
            driver = self._open(create=False)
            try:
                return driver.execute("PRAGMA quick_check") == [("ok",)]
            finally:
                driver.close()
        return False

    def _checkpoint(self, driver: Driver, bytes_min: int = CHECKPOINT_BYTES) -> None:
        """Move a large write-ahead log into the file, unless somebody is reading."""
        try:
            if self._log_path().stat().st_size < bytes_min:
                return
        except OSError:
            return
        with suppress(StoreError):
            driver.execute("PRAGMA busy_timeout=0")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        driver.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")

    def backup(self, target: str | os.PathLike[str]) -> None:
        """Write a consistent copy to a new file, while others read and write.

        Raises:
            BookExists: the target exists.
            BookNotFound: its folder does not exist.
            StorageFailure: it could not be written; nothing is left behind.
        """
        path = Path(target)
        if path.exists():
            raise BookExists(field="target", found=path)
        if not path.parent.is_dir():
            raise BookNotFound(
                field="target", expected="an existing folder", found=path.parent
            )
        part = path.with_name(path.name + ".part")
        with self._lock:
            driver = self._use()
            try:
                copy = sqlite3.connect(part, isolation_level=None)
                try:
                    driver.copy_to(copy)
                    copy.execute("PRAGMA journal_mode=DELETE")
                finally:
                    copy.close()
                part.rename(path)
            except (sqlite3.Error, OSError) as error:
                part.unlink(missing_ok=True)
                raise StorageFailure(str(error), field="target") from error

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._lock:
            if self._driver is not None and os.getpid() == self._pid:
                if not self._read_only and not self._driver.is_poisoned:
                    self._checkpoint(self._driver, 1)
                self._driver.close()
            self._driver = None
            self._is_closed = True


@attrs.define
class SQLiteTransaction:
    """A transaction on a book in SQLite: runs the SQL core over the connection."""

    _driver: Driver
    _book: SqlBook

    @property
    def state(self) -> State:
        """What has been read of the book."""
        return self._book.state

    def size(self) -> int:
        """Return the number of records."""
        return self._driver.run(self._book.size())

    def load(self, needs: Needs) -> None:
        """Read what *needs* names."""
        self._driver.run(self._book.load(needs))

    def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int | None]]:
        """Append records; return the position and number of each."""
        return self._driver.run(self._book.append(records))

    def facts(self, kind: str, prefix: str = "") -> dict[str, Fact]:
        """Return facts by key."""
        return self._driver.run(self._book.facts(kind, prefix))

    def history(self, type_: str, id_: str) -> list[Fact]:
        """Return all records of a type and id."""
        return self._driver.run(self._book.history(type_, id_))

    def entry(self, id_: str) -> Record | None:
        """Return the record of an entry."""
        return self._driver.run(self._book.entry(id_))

    def entries(self, query: EntryQuery) -> list[Record]:
        """Return one page of entries."""
        return self._driver.run(self._book.entries(query))

    def totals(self, query: TotalsQuery) -> Totals:
        """Return gross totals."""
        return self._driver.run(self._book.totals(query))

    def log(self, after: int, limit: int) -> list[LogRow]:
        """Return rows of the log."""
        return self._driver.run(self._book.log(after, limit))

    def leaves(self, after: int, limit: int) -> list[bytes]:
        """Return leaf hashes."""
        return self._driver.run(self._book.leaves(after, limit))

    def stored_facts(self) -> Iterator[tuple[FactKey, int]]:
        """Yield the facts."""
        yield from self._driver.run(self._book.stored_facts())

    def stored_totals(self) -> tuple[Totals, PeriodTotals]:
        """Return the kept totals."""
        return self._driver.run(self._book.stored_totals())

    def physical_problems(self) -> list[str]:
        """Return what SQLite finds wrong with the file and its schema."""
        problems = [
            f"SQLite: {text}"
            for (text,) in self._driver.execute("PRAGMA integrity_check(10)")
            if text != "ok"
        ]
        if _read_fingerprint(self._driver.execute) != schema_fingerprint():
            problems.append("the schema is not the one of this format")
        if self._driver.execute("PRAGMA foreign_key_check"):
            problems.append("postings without a record")
        return problems
