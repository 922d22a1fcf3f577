"""The SQLite store: opening safely, transactions, errors, and one choke point.

Durability is WAL with ``synchronous=FULL``, read back at open.  The file is never
opened by other means than SQLite (closing any other descriptor on it would drop
SQLite's locks), and checkpoints are only taken in the mode that excludes writers.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import attrs

from backoffice_ledger._engine.commands import Command
from backoffice_ledger._engine.state import (
    FactKey,
    State,
)
from backoffice_ledger._engine.store import (
    AuditRow,
    Problem,
)
from backoffice_ledger._model.arguments import check_file, check_flag, check_seconds
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger._stores import sql_audit
from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_lanes import Lane, Lanes, OwnLane
from backoffice_ledger._stores.sql_transaction import SqlTransaction
from backoffice_ledger._stores.sqlite_dialect import SQLITE
from backoffice_ledger._stores.sqlite_driver import (
    Driver,
    Intercept,
    read_fingerprint,
    schema_fingerprint,
)
from backoffice_ledger._stores.sqlite_opening import (
    check_place,
    copy_database,
    log_of,
    open_driver,
    size_of,
)
from backoffice_ledger._stores.sqlite_queue import queue_of
from backoffice_ledger.errors import (
    BookExists,
    Corrupt,
    ForeignFile,
    InvalidOption,
    ReadOnlyBook,
    StorageFailure,
    StoreError,
)

BUSY_SECONDS: Final = 5.0
CHECKPOINT_BYTES: Final = 16 * 1024 * 1024
"""Size of the write-ahead log from which a commit is followed by a checkpoint."""

IDLE_MAX: Final = 4
"""How many connections are kept for the next transactions."""


class SQLiteStore:
    """Keeps books in one SQLite file; safe across processes and power loss.

    Args:
        path: the database file.
        create: make the file if there is none.
        read_only: refuse to write; another process may be writing.  SQLite still
            keeps a log beside the file: on read-only media, read a `backup`.
        busy_seconds: how long to wait for another writer before `Busy`.
        intercept: stands around every statement, for traces and for tests.

    Raises:
        BookNotFound: no such file or folder, and *create* is not set.
        ForeignFile: the file is no database, or not one of ours.
        OlderFormat: an older version of this library wrote it; see `stores.migrate`.
        NewerFormat: a newer version of this library wrote it.
        Corrupt: the file is damaged, or its schema was tampered with.
        ReadOnlyBook: the place cannot be written.
        UnsafeSettings: SQLite is too old, or refused WAL or full synchronisation.
        InvalidOption: an argument is not one of the allowed values.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        create: bool = False,
        read_only: bool = False,
        busy_seconds: float = BUSY_SECONDS,
        intercept: Intercept | None = None,
    ) -> None:
        self._path = check_file(path, "path")
        self._read_only = check_flag(read_only, "read_only")
        create = check_flag(create, "create") and not read_only
        self._busy_seconds = check_seconds(busy_seconds, "busy_seconds")
        if intercept is not None and not callable(intercept):
            raise InvalidOption(
                field="intercept", expected="a function", found=intercept
            )
        self._intercept = intercept
        self._has_erased = False
        check_place(self._path, create=create, read_only=self._read_only)
        self._lanes: Lanes[OwnLane[Driver]] = Lanes(
            seconds=self._busy_seconds,
            size=None,
            idle_max=IDLE_MAX,
        )
        self._lanes.keep(OwnLane(self._open(create=create)))
        self._queue = queue_of(self._path)

    @property
    def read_only(self) -> bool:
        """Whether the store refuses to write."""
        return self._read_only

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction of the store."""
        return self._lanes.own is not None

    # --- opening ---------------------------------------------------------------------

    def _open(self, *, create: bool = False) -> Driver:
        """Return a new connection, ready for use."""
        return open_driver(
            self._path,
            create=create,
            read_only=self._read_only,
            busy_seconds=self._busy_seconds,
            intercept=self._intercept,
        )

    def _open_lane(self) -> OwnLane[Driver]:
        return OwnLane(self._open())

    def _log_bytes(self) -> int:
        """Return the size of the write-ahead log."""
        return size_of(log_of(self._path))

    # --- transactions ----------------------------------------------------------------

    def books(self) -> tuple[str, ...]:
        """Return the names of the books in the file."""
        with self._transaction(write=False) as lane:
            return lane.names()

    def create_book(self, book: str) -> None:
        """Make room for a book.

        Raises:
            BookExists: there is one of this name.
            ReadOnlyBook: the store was opened read-only.
        """
        check_identifier(book, "book")
        with self._transaction(write=True) as lane:
            if lane.driver.execute("SELECT 1 FROM bl_book WHERE name = ?", (book,)):
                raise BookExists(field="book", found=book)
            lane.driver.execute(
                "INSERT INTO bl_book (book_id, name)"
                " SELECT coalesce(max(book_id), 0) + 1, ? FROM bl_book",
                (book,),
            )

    @contextmanager
    def transaction(self, book: str, *, write: bool) -> Iterator["SQLiteTransaction"]:
        """Begin a transaction on *book*; writers exclude each other from its start.

        Writers of this process take turns in the order in which they came; readers
        wait for nobody.
        """
        with self._transaction(write=write) as lane:
            sql_book = lane.book(book, lambda number: SqlBook(number, State(), SQLITE))
            lane.driver.run(sql_book.begin(write=write))
            yield SQLiteTransaction(lane.driver, sql_book)

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Lane[Driver]]:
        """Begin, or join the transaction of an outer block; see `Store.transaction`."""
        outer = self._lanes.own
        if outer is not None:
            self._lanes.check_process()
            with outer.joined(write=write):
                yield outer
            return
        self._lanes.check_usable()
        if write and self._read_only:
            raise ReadOnlyBook(field="read_only", expected="a ledger opened to write")
        if not write:
            with self._lanes.take(self._open_lane) as lane:
                yield from self._outermost(lane, write=False)
            return
        deadline = time.monotonic() + self._busy_seconds
        with self._queue.turn(deadline), self._lanes.take(self._open_lane) as lane:
            yield from self._outermost(lane, write=True, deadline=deadline)
            self._checkpoint(lane)

    def _outermost(
        self, lane: OwnLane[Driver], *, write: bool, deadline: float = 0.0
    ) -> Iterator[Lane[Driver]]:
        """Begin, commit or roll back a transaction that no other one surrounds."""
        lane.start(write=write)
        driver = lane.driver
        try:
            driver.begin(write=write, deadline=deadline)
            yield lane
            lane.end()
        except BaseException as error:
            driver.rollback()
            lane.books.clear()  # a book that was begun here may not exist
            is_misread = hasattr(error.__cause__, "sqlite_errorcode")
            if isinstance(error, Corrupt) and is_misread and not self._is_damaged():
                raise StorageFailure(error.message) from error
            raise

    def _checkpoint(self, lane: OwnLane[Driver]) -> None:
        """Empty the log if it is large, or holds pages with texts that were erased.

        After an erasure it is tried again with every commit until it succeeds.
        """
        for book in lane.books.values():
            self._has_erased |= book.has_erased
            book.has_erased = False
        driver = lane.driver
        is_large = driver.has_changed_much() and self._log_bytes() >= CHECKPOINT_BYTES
        if (self._has_erased or is_large) and driver.checkpoint():
            self._has_erased = False

    def _is_damaged(self) -> bool:
        """Look again with a new connection: one failed read is not a corrupt file."""
        try:
            driver = self._open()
        except StoreError as error:
            return isinstance(error, (Corrupt, ForeignFile))
        try:
            return driver.execute("PRAGMA integrity_check(1)") != [("ok",)]
        except StoreError as error:
            return isinstance(error, Corrupt)
        finally:
            driver.close()

    def backup(self, target: str | os.PathLike[str]) -> None:
        """Write a consistent copy to a new file, while others read and write.

        Raises:
            BookExists: the target exists.
            BookNotFound: its folder does not exist.
            StorageFailure: it could not be written; nothing is left behind.
        """
        self._lanes.check_usable()
        path = check_file(target, "target")
        # A connection of its own keeps neither threads nor an open transaction of
        # this store waiting.
        copy_database(self._path, path, self._busy_seconds, self._intercept)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards.

        It waits for the transactions of other threads.  In a child process it only
        marks the store as closed: the connections are the parent's.

        Raises:
            StoreError: a transaction of this thread is open.
        """
        drivers = [lane.driver for lane in self._lanes.close()]
        for driver in drivers[1:]:
            driver.close()
        for driver in drivers[:1]:
            if not self._read_only and self._log_bytes():
                driver.checkpoint()
            driver.close()


@attrs.define
class SQLiteTransaction(SqlTransaction[Driver]):
    """A transaction on a book in SQLite."""

    def enter(self, command: Command | None) -> None:
        """Do nothing: writers exclude each other from the start."""

    def audit(self, after: int, limit: int) -> list[AuditRow]:
        """Return what is found at the next positions."""
        with self._driver.tolerant():
            return super().audit(after, limit)

    def stored_facts(self) -> tuple[int, Mapping[FactKey, int]]:
        """Return the last position that gave a fact, and the facts' positions."""
        with self._driver.tolerant():
            return super().stored_facts()

    def physical_problems(self) -> list[Problem]:
        """Return what is wrong with the file, its schema, and rows beside the log."""
        driver = self._driver
        with driver.tolerant():
            problems = driver.run(sql_audit.book_problems(self._book))
            problems += sql_audit.orphan_problems(driver.execute)
            is_schema = read_fingerprint(driver.execute) == schema_fingerprint()
            texts = driver.execute("PRAGMA integrity_check(10)")
        problems += [
            Problem(None, f"SQLite: {text}") for (text,) in texts if text != "ok"
        ]
        if not is_schema:
            problems.append(Problem(None, "the schema is not the one of this format"))
        if driver.execute("PRAGMA foreign_key_check"):
            problems.append(Problem(None, "rows refer to others that do not exist"))
        return problems
