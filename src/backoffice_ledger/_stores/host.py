"""The store over a connection of the host: postings inside the host's transaction.

We never commit what the host began, and every command stands in a savepoint of its own:
a refusal leaves nothing, and the host goes on.  Whether the postings last is decided by
the host's commit alone.  Nothing is remembered from one command to the next, because
the host may have rolled back in between, to a savepoint of its own too.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from backoffice_ledger._engine.store import Transaction
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger._stores.host_adapters import Host
from backoffice_ledger._stores.host_databases import (
    HostDriver,
    database_of,
    host_error,
)
from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_lanes import Lane
from backoffice_ledger.errors import (
    BookExists,
    BookNotFound,
    ForkedLedger,
    InvalidOption,
    LedgerClosed,
    ReadOnlyBook,
    StorageFailure,
    StoreError,
)

SAVEPOINT: Final = "bl_command"

ENDED: Final = "the host ended its transaction in the middle of a command"


class HostStore:
    """Keeps books beside the host's own tables, inside the host's transactions.

    Args:
        host: the adapter of its connection.
        create: install the tables if there are none, inside the host's transaction.
        read_only: refuse to write.

    Raises:
        BookNotFound: the tables are not there, and *create* is not set.
        Corrupt: they are not those of this format.
        UnsafeSettings: the database is too old, or loses what it acknowledges.
    """

    def __init__(
        self, host: Host, *, create: bool = False, read_only: bool = False
    ) -> None:
        self._host = host
        self._database = database_of(host)
        self._driver = self._database.driver(host)
        self._lane = Lane(self._driver)
        self._read_only = read_only
        self._lock = threading.RLock()
        self._depth = 0
        self._has_begun_reading = False
        self._is_closed = False
        self._pid = os.getpid()
        with self._transaction(write=False) as driver:
            is_new = self._database.is_new(driver)
        if is_new and not (create and not read_only):
            raise BookNotFound(
                field="where", expected="a database with the tables of a ledger"
            )
        if is_new:
            with self._transaction(write=True, take_lock=False) as driver:
                self._database.install(driver)

    @property
    def read_only(self) -> bool:
        """Whether the store refuses to write."""
        return self._read_only

    @property
    def in_transaction(self) -> bool:
        """Whether the connection is inside a transaction, of the host or of ours."""
        if self._depth:
            return True
        with self._driver.translating():
            return self._host.in_transaction()

    @property
    def is_in_command(self) -> bool:
        """Whether a command of this store is under way."""
        return self._depth > 0

    # --- transactions ----------------------------------------------------------------

    def books(self) -> tuple[str, ...]:
        """Return the names of the books in the database."""
        with self._transaction(write=False):
            return self._lane.names()

    def create_book(self, book: str) -> None:
        """Make room for a book.

        Raises:
            BookExists: there is one of this name.
            ReadOnlyBook: the store was opened read-only.
        """
        check_identifier(book, "book")
        with self._transaction(write=True) as driver:
            if driver.execute("SELECT 1 FROM bl_book WHERE name = ?", (book,)):
                raise BookExists(field="book", found=book)
            driver.execute(self._database.add_book, (book,))

    @contextmanager
    def transaction(self, book: str, *, write: bool) -> Iterator[Transaction]:
        """Begin a command on *book* within the host's transaction."""
        with self._transaction(write=write) as driver:
            lane = self._lane
            sql_book = lane.book(book, self._database.book)
            driver.run(sql_book.begin(write=lane.is_writing))
            is_outermost = self._has_begun_reading and not lane.is_inside
            if sql_book.has_unplaced and is_outermost:
                self._seal_first(sql_book, book)
            yield self._database.transaction(driver, sql_book)

    def seal(self, book: str) -> None:
        """Give committed records their positions, where the database does so later.

        Raises:
            StoreError: a transaction of the host is open on the connection.
        """
        if self._database.seals_later:
            self._check_idle()
            with self._apart() as store:
                self._database.seal(store._driver, book)

    def _seal_first(self, sql_book: SqlBook, book: str) -> None:
        """Seal what writers could not, and begin to read again."""
        self._driver.native("COMMIT")
        with suppress(StoreError), self._apart() as store:
            self._database.seal(store._driver, book)
        self._begin(write=False)
        self._driver.run(sql_book.begin(write=False))

    @contextmanager
    def own_transaction(self, book: str) -> Iterator[Transaction]:
        """Begin a transaction of our own, which we commit; for deliveries.

        Raises:
            StoreError: a transaction of the host is open on the connection.
        """
        self._check_idle()
        with self._apart() as store, store.transaction(book, write=True) as transaction:
            yield transaction

    def _check_idle(self) -> None:
        self._check_usable()
        with self._driver.translating():
            is_idle = not self._depth and self._host.can_step_apart()
        if not is_idle:
            raise StoreError("a transaction of the host is open: deliver after it")

    @contextmanager
    def _apart(self) -> Iterator["HostStore"]:
        """Return a store in a transaction that is ours; translate only its errors."""
        is_inside = False
        try:
            with self._host.apart() as host:
                store = HostStore(host)
                is_inside = True
                yield store
                is_inside = False
        except self._host.errors as error:
            if is_inside:  # it is the listener's own
                raise
            raise host_error(error) from error

    def after_commit(self, deliver: Callable[[], None]) -> bool:
        """Have *deliver* called after the host's commit; False if nobody will."""
        return self._host.after_commit(deliver)

    def _check_usable(self) -> None:
        if self._is_closed:
            raise LedgerClosed
        if os.getpid() != self._pid:
            raise ForkedLedger(
                field="process", expected=str(self._pid), found=os.getpid()
            )

    @contextmanager
    def _transaction(
        self, *, write: bool, take_lock: bool = True
    ) -> Iterator[HostDriver]:
        """Begin a command, or join the one that this thread is in."""
        self._check_usable()
        with self._lock:
            if self._depth:
                yield from self._join(write=write)
                return
            if write and self._read_only:
                raise ReadOnlyBook(
                    field="read_only", expected="a ledger opened to write"
                )
            self._depth = 1
            self._lane.start(write=write)
            try:
                yield from self._command(write=write, take_lock=take_lock)
            finally:
                self._lane.books.clear()
                self._depth = 0

    def _command(self, *, write: bool, take_lock: bool) -> Iterator[HostDriver]:
        driver = self._driver
        is_joined = self._begin(write=write)
        self._has_begun_reading = not (is_joined or write or self._read_only)
        has_savepoint = write or (is_joined and self._database.reads_in_savepoints)
        try:
            if has_savepoint:
                driver.native(f"SAVEPOINT {SAVEPOINT}")
            if write and take_lock:
                self._database.lock(driver)
            yield driver
            self._lane.check_not_doomed()
            if has_savepoint:
                self._release()
        except BaseException as error:
            if not is_joined:
                self._end("ROLLBACK")
            elif has_savepoint:
                self._undo(error)
            raise
        if not (is_joined or write):
            driver.native("COMMIT")

    def _release(self) -> None:
        """Keep what the command did; the savepoint is gone if its transaction is."""
        try:
            self._driver.native(f"RELEASE {SAVEPOINT}")
        except StoreError as error:
            raise StorageFailure(ENDED) from error

    def _begin(self, *, write: bool) -> bool:
        """Begin; return whether the host's transaction is open already.

        A savepoint of an idle connection to SQLite would commit when it is released.
        What was begun to write is left to the host's commit.
        """
        driver, host = self._driver, self._host
        with driver.translating():
            host.enter()
            if write:
                host.check_writable()
            is_joined = host.in_transaction()
            begin = None if is_joined else host.begin_statement(write=write)
        if begin is not None:
            driver.native(begin)
        return is_joined

    def _end(self, statement: str) -> None:
        """End what was begun for a command that failed."""
        with suppress(StoreError), self._driver.translating():
            if self._host.in_transaction():
                self._host.execute(statement)

    def _undo(self, error: BaseException) -> None:
        """Take the command back; the host's own work before it stays.

        Raises:
            StorageFailure: that failed; the host must roll everything back.
        """
        failures: tuple[type[Exception], ...] = (StoreError, *self._host.errors)
        try:
            if self._host.in_transaction():
                self._driver.native(f"ROLLBACK TO {SAVEPOINT}")
                self._driver.native(f"RELEASE {SAVEPOINT}")
                return
        except failures:
            pass
        raise StorageFailure(
            f"the host's transaction is lost with this command: roll it back ({error})"
        ) from error

    def _join(self, *, write: bool) -> Iterator[HostDriver]:
        """Take part in the outer command, as `Store.transaction` says."""
        lane = self._lane
        with self._driver.translating():
            if not self._host.in_transaction():
                lane.is_doomed = True
                raise StorageFailure(ENDED)
        with lane.joined(write=write):
            yield self._driver

    def backup(self, target: str | os.PathLike[str]) -> None:
        """Refuse: the database is the host's, and so is its backup.

        Raises:
            InvalidOption: always.
        """
        raise InvalidOption(
            field="target",
            expected="a ledger opened on a file; the host backs its database up",
            found=target,
        )

    def close(self) -> None:
        """Use the connection no more; it stays open, and so does its transaction."""
        self._is_closed = True
