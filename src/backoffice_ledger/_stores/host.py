"""The store over a connection of the host: postings inside the host's transaction.

We never commit what the host began, and every command stands in a savepoint of its own:
a refusal leaves nothing, and the host goes on.  Whether the postings last is decided by
the host's commit alone.  Nothing is remembered from one command to the next, because
the host may have rolled back in between, to a savepoint of its own too.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from backoffice_ledger._engine.state import State
from backoffice_ledger._engine.store import Problem, Transaction
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger._stores import sql_audit
from backoffice_ledger._stores.host_adapters import Host
from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_steps import Many, Query, Rows, Step
from backoffice_ledger._stores.sqlite import SQLiteTransaction
from backoffice_ledger._stores.sqlite_dialect import SQLITE
from backoffice_ledger._stores.sqlite_driver import (
    read_fingerprint,
    schema_fingerprint,
    tolerant_text,
    translated,
)
from backoffice_ledger._stores.sqlite_opening import VERSION_MIN
from backoffice_ledger._stores.sqlite_schema import schema_statements
from backoffice_ledger.errors import (
    BookExists,
    BookNotFound,
    Busy,
    Contention,
    Corrupt,
    ForkedLedger,
    InvalidInput,
    InvalidOption,
    LedgerClosed,
    ReadOnlyBook,
    Refused,
    StorageFailure,
    StoreError,
    UnsafeSettings,
)

SAVEPOINT: Final = "bl_command"
TAKE_LOCK: Final = "UPDATE bl_book SET facts_position = facts_position WHERE 0"
"""Changes nothing; but SQLite lets only one connection at a time begin to change."""

SNAPSHOT_OLD: Final = 517
"""``SQLITE_BUSY_SNAPSHOT``."""

_WRITES: Final = ("INSERT", "UPDATE", "DELETE", "CREATE")

T = TypeVar("T")


class HostDriver:
    """Runs our statements on the host's connection; translates what goes wrong."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.changes = 0
        """How many statements that change something were run."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows."""
        self.changes += sql.startswith(_WRITES)
        try:
            return self.host.execute(sql, params)
        except self.host.errors as error:
            raise host_error(error) from error

    def execute_many(self, many: Many) -> None:
        """Run one statement for each row of parameters."""
        self.changes += 1
        try:
            self.host.execute_many(many.sql, many.rows)
        except self.host.errors as error:
            raise host_error(error) from error

    def run(self, steps: Step[T]) -> T:
        """Run the SQL core's generator over this connection."""
        try:
            request = next(steps)
            while True:
                if isinstance(request, Query):
                    request = steps.send(self.execute(request.sql, request.params))
                else:
                    self.execute_many(request)  # type: ignore[arg-type]
                    request = steps.send(None)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    @contextmanager
    def tolerant(self) -> Iterator[None]:
        """Read texts that are no UTF-8 too, with surrogates, for verification."""
        self.host.text_factory = tolerant_text
        try:
            yield
        finally:
            self.host.text_factory = str


def host_error(error: BaseException) -> StoreError:
    """Return what an error of the host's library means, by the driver's own error."""
    beneath: BaseException | None = error
    while beneath is not None and not hasattr(beneath, "sqlite_errorcode"):
        beneath = getattr(beneath, "orig", None) or beneath.__cause__
    if beneath is None:
        return StoreError(str(error))
    if beneath.sqlite_errorcode == SNAPSHOT_OLD:
        return Contention(
            "others have written since the host's transaction first read: roll it back"
            " and run it again; BEGIN IMMEDIATE keeps it from happening"
        )
    if str(beneath).startswith("no such table: bl_"):
        return BookNotFound("its tables are not there, or no longer", field="where")
    return translated(beneath)  # type: ignore[arg-type]


class HostTransaction(SQLiteTransaction):
    """A transaction on a book in the host's database."""

    def physical_problems(self) -> list[Problem]:
        """Return what is wrong with our tables; those of the host are its own."""
        driver = self._driver
        with driver.tolerant():
            problems = driver.run(sql_audit.book_problems(self._book))
            problems += sql_audit.orphan_problems(driver.execute)
            is_schema = read_fingerprint(driver.execute) == schema_fingerprint()
            texts = driver.execute("PRAGMA integrity_check(10)")
            names = driver.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"
                " AND name LIKE 'bl\\_%' ESCAPE '\\' ORDER BY name"
            )
        problems += [
            Problem(None, f"SQLite: {text}") for (text,) in texts if text != "ok"
        ]
        if not is_schema:
            problems.append(Problem(None, "the schema is not the one of this format"))
        if any(
            driver.execute(f"PRAGMA foreign_key_check({name})") for (name,) in names
        ):
            problems.append(Problem(None, "rows refer to others that do not exist"))
        return problems


class HostStore:
    """Keeps books beside the host's own tables, inside the host's transactions.

    Args:
        host: the adapter of its connection.
        create: install the tables if there are none, inside the host's transaction.
        read_only: refuse to write.

    Raises:
        BookNotFound: the tables are not there, and *create* is not set.
        Corrupt: they are not those of this format.
        UnsafeSettings: SQLite is too old.
    """

    def __init__(
        self, host: Host, *, create: bool = False, read_only: bool = False
    ) -> None:
        self._host = host
        self._driver = HostDriver(host)
        self._read_only = read_only
        self._lock = threading.RLock()
        self._depth = 0
        self._is_writing = False
        self._is_doomed = False
        self._is_closed = False
        self._pid = os.getpid()
        self._books: dict[str, SqlBook] = {}
        with self._transaction(write=False) as driver:
            is_new = _check_database(driver)
        if is_new and not (create and not read_only):
            raise BookNotFound(
                field="where", expected="a database with the tables of a ledger"
            )
        if is_new:
            self._install()

    @property
    def read_only(self) -> bool:
        """Whether the store refuses to write."""
        return self._read_only

    @property
    def in_transaction(self) -> bool:
        """Whether the connection is inside a transaction, of the host or of ours."""
        if self._depth:
            return True
        try:
            return self._host.in_transaction()
        except self._host.errors as error:
            raise host_error(error) from error

    def _install(self) -> None:
        with self._transaction(write=True, take_lock=False) as driver:
            if _check_database(driver):  # another process may have been first
                for statement in schema_statements():
                    driver.execute(statement)

    # --- transactions ----------------------------------------------------------------

    def books(self) -> tuple[str, ...]:
        """Return the names of the books in the database."""
        with self._transaction(write=False) as driver:
            rows = driver.execute("SELECT name FROM bl_book ORDER BY name")
            return tuple(name for (name,) in rows)

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
            driver.execute(
                "INSERT INTO bl_book (book_id, name)"
                " SELECT coalesce(max(book_id), 0) + 1, ? FROM bl_book",
                (book,),
            )

    @contextmanager
    def transaction(self, book: str, *, write: bool) -> Iterator[Transaction]:
        """Begin a command on *book* within the host's transaction."""
        with self._transaction(write=write) as driver:
            sql_book = self._books.get(book)
            if sql_book is None:
                rows = driver.execute(
                    "SELECT book_id FROM bl_book WHERE name = ?", (book,)
                )
                if not rows:
                    raise BookNotFound(field="book", found=book)
                sql_book = self._books[book] = SqlBook(rows[0][0], State(), SQLITE)
            driver.run(sql_book.begin(write=write))
            yield HostTransaction(driver, sql_book)  # type: ignore[arg-type]

    @contextmanager
    def own_transaction(self, book: str) -> Iterator[Transaction]:
        """Begin a transaction of our own, which we commit; for deliveries.

        Raises:
            StoreError: a transaction of the host is open on the connection.
        """
        self._check_usable()
        if self.in_transaction:
            raise StoreError("a transaction of the host is open: deliver after it")
        is_inside = False
        try:
            with self._host.apart() as host:
                store = HostStore(host)
                with store.transaction(book, write=True) as transaction:
                    is_inside = True
                    yield transaction
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
            self._depth, self._is_writing, self._is_doomed = 1, write, False
            try:
                yield from self._command(write=write, take_lock=take_lock)
            finally:
                self._books.clear()
                self._depth, self._is_writing = 0, False

    def _command(self, *, write: bool, take_lock: bool) -> Iterator[HostDriver]:
        driver = self._driver
        is_joined = self._begin(write=write)
        try:
            if is_joined and write and take_lock:
                self._take_lock()
            yield driver
            self._check_not_doomed()
            if is_joined and write:
                driver.execute(f"RELEASE {SAVEPOINT}")
        except BaseException as error:
            if write and is_joined:
                self._undo(error)
            elif self._host.in_transaction() and not is_joined:
                with suppress(StoreError):
                    driver.execute("ROLLBACK")
            raise
        if not is_joined and not write:
            driver.execute("COMMIT")

    def _begin(self, *, write: bool) -> bool:
        """Begin; return whether the host's transaction is open already.

        A savepoint of an idle connection to SQLite would commit when it is released.
        What was begun to write is left to the host's commit.
        """
        driver = self._driver
        try:
            self._host.enter()
            if write:
                self._host.check_writable()
            is_joined = self._host.in_transaction()
        except self._host.errors as error:
            raise host_error(error) from error
        if not is_joined:
            driver.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        elif write:
            driver.execute(f"SAVEPOINT {SAVEPOINT}")
        return is_joined

    def _take_lock(self) -> None:
        """Become the one writer, before anything is read."""
        try:
            self._driver.execute(TAKE_LOCK)
        except Contention:
            raise
        except Busy as error:
            raise Busy(
                "another connection is writing; if this does not help, roll the host's"
                f" transaction back and run it again ({error.message})"
            ) from error

    def _undo(self, error: BaseException) -> None:
        """Take the command back; the host's own work before it stays.

        Raises:
            StorageFailure: that failed; the host must roll everything back.
        """
        failures: tuple[type[Exception], ...] = (StoreError, *self._host.errors)
        try:
            if self._host.in_transaction():
                self._driver.execute(f"ROLLBACK TO {SAVEPOINT}")
                self._driver.execute(f"RELEASE {SAVEPOINT}")
                return
        except failures:
            pass
        raise StorageFailure(
            f"the host's transaction is lost with this command: roll it back ({error})"
        ) from error

    def _join(self, *, write: bool) -> Iterator[HostDriver]:
        """Take part in the outer command, as `Store.transaction` says."""
        driver = self._driver
        if write and not self._is_writing:
            raise StoreError("a read transaction cannot become a writing one")
        self._check_not_doomed()
        changes = driver.changes
        try:
            yield driver
        except BaseException as error:
            is_refusal = isinstance(error, (InvalidInput, Refused))
            if not is_refusal or driver.changes != changes:
                self._is_doomed = True
            for book in self._books.values():  # what was decided is not recorded
                book.state.forget_facts()
            raise

    def _check_not_doomed(self) -> None:
        if self._is_doomed:
            raise StorageFailure("an error inside was swallowed; nothing was written")

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


def _check_database(driver: HostDriver) -> bool:
    """Return whether our tables are still to be made.

    Raises:
        Corrupt: there are some, and not those of this format.
        UnsafeSettings: SQLite is too old.
    """
    [(version,)] = driver.execute("SELECT sqlite_version()")
    if tuple(map(int, version.split("."))) < VERSION_MIN:
        raise UnsafeSettings(
            field="SQLite",
            expected=f"{'.'.join(map(str, VERSION_MIN))} or newer",
            found=version,
        )
    found = read_fingerprint(driver.execute)
    if found and found != schema_fingerprint():
        raise Corrupt(field="where", expected="the schema of this format")
    return not found
