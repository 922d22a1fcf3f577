"""The PostgreSQL store: opening safely, connections, transactions, sealing.

Each outermost transaction has a connection of its own.  A writing one is READ
COMMITTED and locks what it relies on; a reading one is REPEATABLE READ, so that all of
its answers are of one moment.  Right after a commit the records are sealed: they get
their positions and numbers (`postgresql_schema`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import attrs

from backoffice_ledger._engine.commands import Command
from backoffice_ledger._engine.state import (
    FactKey,
    State,
)
from backoffice_ledger._engine.store import (
    Problem,
)
from backoffice_ledger._model.arguments import check_flag, check_seconds
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger._stores import sql_audit
from backoffice_ledger._stores.postgresql_dialect import POSTGRESQL
from backoffice_ledger._stores.postgresql_driver import Driver, Intercept
from backoffice_ledger._stores.postgresql_locks import (
    book_lock,
    document_holds,
    name_locks,
)
from backoffice_ledger._stores.postgresql_open import prepare, schema_problems
from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_lanes import Lanes, OwnLane
from backoffice_ledger._stores.sql_transaction import SqlTransaction
from backoffice_ledger.errors import (
    BookExists,
    InvalidOption,
    ReadOnlyBook,
    StorageFailure,
    StoreError,
)

BUSY_SECONDS: Final = 5.0
POOL_SIZE: Final = 10
STATEMENT_SECONDS: Final = 600
IDLE_SECONDS: Final = 600
"""How long a transaction may be idle, with what it has locked, before it is ended."""

_BEGIN: Final = {
    True: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    False: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}
_SEAL: Final = "SELECT ordinal, position, number FROM bl_seal(?, ?)"


class PostgreSQLStore:
    """Keeps books in a PostgreSQL database; many processes may write at once.

    Args:
        dsn: where the database is, as libpq takes it: ``postgresql://...`` or
            ``host=... dbname=...``.
        create: make the schema ``backoffice_ledger`` if there is none.
        read_only: refuse to write.
        busy_seconds: how long to wait for a lock or a connection before `Busy`.
        pool_size: how many connections at most; each open transaction needs one.
        synchronous_commit: False accepts that a crash of the server loses the last
            commits, which it has acknowledged.
        intercept: stands around every statement, for traces and for tests.

    Raises:
        MissingExtra: psycopg is not installed.
        BookNotFound: there is no such schema, and *create* is not set.
        NewerFormat, OlderFormat: another version of this library made it.
        Corrupt: the schema was tampered with.
        UnsafeSettings: the server is too old, or would lose what it acknowledged.
        StorageFailure: the server cannot be reached.
        InvalidOption: an argument is not one of the allowed values.
    """

    def __init__(
        self,
        dsn: str,
        *,
        create: bool = False,
        read_only: bool = False,
        busy_seconds: float = BUSY_SECONDS,
        pool_size: int = POOL_SIZE,
        synchronous_commit: bool = True,
        intercept: Intercept | None = None,
    ) -> None:
        if not isinstance(dsn, str) or not dsn.strip():
            raise InvalidOption(
                field="dsn", expected="a connection string", found=type(dsn).__name__
            )
        if type(pool_size) is not int or pool_size < 1:
            raise InvalidOption(
                field="pool_size", expected="a number from 1", found=pool_size
            )
        if intercept is not None and not callable(intercept):
            raise InvalidOption(
                field="intercept", expected="a function", found=intercept
            )
        self._dsn = dsn
        self._read_only = check_flag(read_only, "read_only")
        self._busy_seconds = check_seconds(busy_seconds, "busy_seconds")
        self._is_synchronous = check_flag(synchronous_commit, "synchronous_commit")
        self._intercept = intercept
        self._lanes: Lanes[_Lane] = Lanes(
            seconds=self._busy_seconds,
            size=pool_size,
            idle_max=pool_size,
        )
        create = check_flag(create, "create") and not read_only
        driver = self._connect()
        try:
            prepare(driver, create=create, is_synchronous=self._is_synchronous)
        except BaseException:
            driver.close()
            raise
        self._lanes.keep(_Lane(driver))

    @property
    def read_only(self) -> bool:
        """Whether the store refuses to write."""
        return self._read_only

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction of the store."""
        return self._lanes.own is not None

    # --- connections -----------------------------------------------------------------

    def _connect(self) -> Driver:
        milliseconds = max(1, round(self._busy_seconds * 1000))
        settings = {
            "search_path": "backoffice_ledger, pg_temp",
            "lock_timeout": f"{milliseconds}ms",
            "statement_timeout": f"{STATEMENT_SECONDS}s",
            "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
            # Sealing waits for others, and then has to see what they have done.
            "default_transaction_isolation": "read committed",
            "default_transaction_read_only": "on" if self._read_only else "off",
            "plan_cache_mode": "force_custom_plan",
            "jit": "off",
        }
        if not self._is_synchronous:
            settings["synchronous_commit"] = "off"
        return Driver(self._dsn, self._intercept, self._busy_seconds, settings)

    def _open_lane(self) -> "_Lane":
        return _Lane(self._connect())

    def _begin(self, lane: "_Lane", *, write: bool) -> None:
        """Begin on a connection, on a new one if the server has dropped it."""
        try:
            lane.driver.execute(_BEGIN[write])
        except StorageFailure:
            self._lanes.drop_idle()  # what one has lost, all are likely to have lost
            lane.books.clear()
            lane.driver = self._connect()
            lane.driver.execute(_BEGIN[write])

    # --- transactions ----------------------------------------------------------------

    def books(self) -> tuple[str, ...]:
        """Return the names of the books in the database."""
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
            made = lane.driver.execute(
                "INSERT INTO bl_book (name) VALUES (?) ON CONFLICT DO NOTHING"
                " RETURNING book_id",
                (book,),
            )
            if not made:
                raise BookExists(field="book", found=book)

    @contextmanager
    def transaction(
        self, book: str, *, write: bool
    ) -> Iterator["PostgreSQLTransaction"]:
        """Begin a transaction on *book*; writers of one book work side by side."""
        with self._transaction(write=write) as lane:
            sql_book = lane.book(
                book, lambda number: SqlBook(number, State(), POSTGRESQL)
            )
            lane.driver.run(sql_book.begin(write=lane.is_writing))
            if sql_book.has_unplaced and self._may_seal(lane):
                self._seal_first(lane, sql_book)
            yield PostgreSQLTransaction(lane.driver, sql_book)

    def _may_seal(self, lane: "_Lane") -> bool:
        """Whether a reader that has only just begun may seal what others left."""
        return not (lane.is_writing or lane.is_inside or self._read_only)

    def _seal_first(self, lane: "_Lane", book: SqlBook) -> None:
        """Seal what a writer could not, and begin to read again."""
        lane.driver.execute("COMMIT")
        lane.seal(book)
        self._begin(lane, write=False)
        lane.driver.run(book.begin(write=False))

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator["_Lane"]:
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
        with self._lanes.take(self._open_lane) as lane:
            yield from self._outermost(lane, write=write)

    def _outermost(self, lane: "_Lane", *, write: bool) -> Iterator["_Lane"]:
        """Begin, commit or roll back a transaction that no other one surrounds."""
        lane.start(write=write)
        self._begin(lane, write=write)
        try:
            yield lane
            lane.end()
        except BaseException:
            lane.driver.rollback()
            lane.books.clear()  # what was read may never have been committed
            raise
        lane.seal_all()

    def backup(self, target: str) -> None:  # noqa: ARG002
        """Refuse: a server has tools of its own for that.

        Raises:
            InvalidOption: always.
        """
        raise InvalidOption(
            "pg_dump --schema=backoffice_ledger writes a consistent copy",
            field="target",
            expected="a book in a file",
            found="a book on a server",
        )

    def close(self) -> None:
        """Close the connections; the store cannot be used afterwards.

        It waits for the transactions of other threads.  In a child process it only
        marks the store as closed: the connections are the parent's.

        Raises:
            StoreError: a transaction of this thread is open.
        """
        for lane in self._lanes.close():
            lane.driver.close()


@attrs.define
class _Lane(OwnLane[Driver]):
    """A lane whose records get their places after the commit."""

    def seal_all(self) -> None:
        """Seal what was committed; what fails here is made up for by the next one."""
        for book in sorted(self.books.values(), key=lambda book: book.book_id):
            if book.unplaced:
                self.seal(book)

    def seal(self, book: SqlBook) -> None:
        """Give records their places, and tell those who wait for them."""
        waiting, book.unplaced = book.unplaced, []
        wanted = [ordinal for unplaced in waiting for ordinal in unplaced.ordinals]
        with suppress(StoreError):
            rows = self.driver.execute(_SEAL, (book.book_id, wanted))
            places = {ordinal: (position, number) for ordinal, position, number in rows}
            for unplaced in waiting:
                found = [
                    places.get(ordinal, (0, None)) for ordinal in unplaced.ordinals
                ]
                unplaced.places[:] = found


@attrs.define
class PostgreSQLTransaction(SqlTransaction[Driver]):
    """A transaction on a book in PostgreSQL; records get their places at its end."""

    def size(self) -> int:
        """Return the number of records that have their position."""
        if not self._book.is_fresh:
            self._driver.run(self._book.refresh())
        return self._book.size

    def enter(self, command: Command | None) -> None:
        """Take the locks of *command*; what was read before them may be stale."""
        book = self._book
        if book.is_locking:
            self._driver.run(book.refresh(book_lock(book.book_id, command)))
            for query in name_locks(book.book_id, command):
                self._driver.execute(*query)

    def hold(self, keys: Sequence[FactKey]) -> None:
        """Read documents under shared locks of their keys, also those not there yet."""
        if self._book.is_locking:
            new = self.state.missing(facts=keys).facts
            for query in document_holds(self._book.book_id, new):
                self._driver.execute(*query)
        super().hold(keys)

    def physical_problems(self) -> list[Problem]:
        """Return what is wrong with the schema, and rows beside the log."""
        driver = self._driver
        problems = driver.run(sql_audit.book_problems(self._book))
        problems += sql_audit.orphan_problems(driver.execute)
        return problems + [Problem(None, text) for text in schema_problems(driver)]
