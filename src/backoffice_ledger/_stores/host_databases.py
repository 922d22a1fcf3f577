"""What a store over a host's connection has to know of SQLite and of PostgreSQL."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, Final, Protocol, TypeVar, cast

from backoffice_ledger._engine.state import State
from backoffice_ledger._engine.store import Problem, Transaction
from backoffice_ledger._stores import sql_audit
from backoffice_ledger._stores.host_adapters import Host, SQLiteHost
from backoffice_ledger._stores.host_sql import to_format, with_format
from backoffice_ledger._stores.postgresql import PostgreSQLTransaction
from backoffice_ledger._stores.postgresql_dialect import POSTGRESQL
from backoffice_ledger._stores.postgresql_driver import adapted, insert_statement
from backoffice_ledger._stores.postgresql_driver import (
    translated as translated_by_postgresql,
)
from backoffice_ledger._stores.postgresql_open import (
    check_schema,
    check_settings,
    has_schema,
)
from backoffice_ledger._stores.postgresql_schema import SCHEMA, SEAL_CLASS
from backoffice_ledger._stores.postgresql_schema import (
    schema_statements as postgresql_statements,
)
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
    BookNotFound,
    Busy,
    Contention,
    Corrupt,
    StoreError,
    UnsafeSettings,
)

SNAPSHOT_OLD: Final = 517
"""``SQLITE_BUSY_SNAPSHOT``."""

TAKE_LOCK: Final = "UPDATE bl_book SET facts_position = facts_position WHERE 0"
"""Changes nothing; but SQLite lets only one connection at a time begin to change."""

NO_TABLE: Final = "its tables are not there, or no longer"

_READS: Final = ("SELECT", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")

T = TypeVar("T")


class HostDriver(ABC):
    """Runs our statements on the host's connection; translates what goes wrong."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.changes = 0
        """How many statements that change something were run."""

    @abstractmethod
    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement of ours and return its rows."""
        ...

    @abstractmethod
    def write(self, request: Any) -> None:
        """Carry out a request for many rows."""
        ...

    def run(self, steps: Step[T]) -> T:
        """Run the SQL core's generator over this connection."""
        try:
            request = next(steps)
            while True:
                if isinstance(request, Query):
                    request = steps.send(self.execute(request.sql, request.params))
                else:
                    self.write(request)
                    request = steps.send(None)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def native(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run a statement that is written as the host's library takes it."""
        self.changes += not sql.startswith(_READS)
        with self.translating():
            return self.host.execute(sql, params)

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Raise errors of the host's library as ours."""
        errors = self.host.errors
        try:
            yield
        except errors as error:
            raise host_error(error) from error


class SQLiteHostDriver(HostDriver):
    """Speaks SQLite, with the host's marks for parameters."""

    host: SQLiteHost

    def __init__(self, host: SQLiteHost) -> None:
        super().__init__(host)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement of ours and return its rows."""
        if self.host.has_marks:
            return self.native(sql, params)
        return self.native(*with_format(sql, params))

    def write(self, request: Many) -> None:
        """Run one statement for each row of parameters."""
        sql, rows = request.sql, request.rows
        if not self.host.has_marks:
            sql, order = to_format(sql)
            rows = [[row[index] for index in order] for row in rows]
        self.changes += 1
        with self.translating():
            self.host.execute_many(sql, rows)

    def tolerant(self) -> AbstractContextManager[None]:
        """Read texts that are no UTF-8 too, with surrogates, for verification."""
        return self.host.reading_texts(tolerant_text)


class PostgreSQLHostDriver(HostDriver):
    """Speaks PostgreSQL: names carry their schema, whatever the search path is."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement of ours and return its rows."""
        return self.native(adapted(sql), params)

    def write(self, request: Any) -> None:
        """Insert rows, all in one statement."""
        self.native(*insert_statement(request))

    def define(self, sql: str) -> None:
        """Run a statement that defines something, as it stands."""
        self.native(sql.replace("%", "%%"))


def host_error(error: BaseException) -> StoreError:
    """Return what an error of the host's library means, by the driver's own error."""
    beneath: BaseException | None = error
    while beneath is not None:
        if hasattr(beneath, "sqlite_errorcode"):
            return _sqlite_error(beneath)
        if hasattr(beneath, "sqlstate"):
            return _postgresql_error(beneath)
        beneath = getattr(beneath, "orig", None) or beneath.__cause__
    return StoreError(str(error))


def _sqlite_error(error: Any) -> StoreError:
    if error.sqlite_errorcode == SNAPSHOT_OLD:
        return Contention(
            "others have written since the host's transaction first read: roll it back"
            " and run it again; BEGIN IMMEDIATE keeps it from happening"
        )
    if str(error).startswith("no such table: bl_"):
        return BookNotFound(NO_TABLE, field="where")
    return translated(error)


def _postgresql_error(error: Any) -> StoreError:
    if error.sqlstate in ("42P01", "3F000"):
        return BookNotFound(NO_TABLE, field="where")
    return translated_by_postgresql(error, is_lost=error.sqlstate is None)


class Database(Protocol):
    """A kind of database.

    Attributes:
        seals_later: whether records get their positions after the commit.
        reads_in_savepoints: whether a question that fails spoils the transaction.
        add_book: the statement that makes room for a book.
    """

    seals_later: ClassVar[bool]
    reads_in_savepoints: ClassVar[bool]
    add_book: ClassVar[str]

    def driver(self, host: Host) -> HostDriver:
        """Return the driver for a connection."""
        ...

    def is_new(self, driver: Any) -> bool:
        """Return whether our tables are still to be made.

        Raises:
            Corrupt: there are some, and not those of this format.
            UnsafeSettings: the database is too old, or loses what it acknowledges.
        """
        ...

    def install(self, driver: Any) -> None:
        """Make our tables, inside a transaction, unless another was first."""
        ...

    def lock(self, driver: Any) -> None:
        """Prepare to write, before anything is read."""
        ...

    def seal(self, driver: Any, book: str) -> None:
        """Give committed records their positions, if `seals_later`."""
        ...

    def book(self, book_id: int) -> SqlBook:
        """Return a book of which nothing is known."""
        ...

    def transaction(self, driver: Any, book: SqlBook) -> Transaction:
        """Return a transaction on a book."""
        ...


class SQLiteDatabase:
    """SQLite: one writer at a time."""

    seals_later: ClassVar[bool] = False
    reads_in_savepoints: ClassVar[bool] = False
    add_book: ClassVar[str] = (
        "INSERT INTO bl_book (book_id, name)"
        " SELECT coalesce(max(book_id), 0) + 1, ? FROM bl_book"
    )

    def driver(self, host: Host) -> HostDriver:
        """Return the driver for a connection."""
        return SQLiteHostDriver(cast("SQLiteHost", host))

    def is_new(self, driver: SQLiteHostDriver) -> bool:
        """Return whether our tables are still to be made."""
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

    def install(self, driver: SQLiteHostDriver) -> None:
        """Make our tables."""
        if self.is_new(driver):
            for statement in schema_statements():
                driver.execute(statement)

    def lock(self, driver: SQLiteHostDriver) -> None:
        """Become the one writer, before anything is read."""
        try:
            driver.execute(TAKE_LOCK)
        except Contention:
            raise
        except Busy as error:
            raise Busy(
                "another connection is writing; if this does not help, roll the host's"
                f" transaction back and run it again ({error.message})"
            ) from error

    def seal(self, driver: SQLiteHostDriver, book: str) -> None:
        """Do nothing: records have their positions from the start."""

    def book(self, book_id: int) -> SqlBook:
        """Return a book of which nothing is known."""
        return SqlBook(book_id, State(), SQLITE)

    def transaction(self, driver: SQLiteHostDriver, book: SqlBook) -> Transaction:
        """Return a transaction on a book."""
        return SQLiteHostTransaction(driver, book)  # type: ignore[arg-type]


class SQLiteHostTransaction(SQLiteTransaction):
    """A transaction on a book in a host's SQLite database."""

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
        if any(driver.execute(f"PRAGMA foreign_key_check({n})") for (n,) in names):
            problems.append(Problem(None, "rows refer to others that do not exist"))
        return problems


class PostgreSQLDatabase:
    """PostgreSQL: writers side by side; positions come after the commit."""

    seals_later: ClassVar[bool] = True
    reads_in_savepoints: ClassVar[bool] = True
    add_book: ClassVar[str] = "INSERT INTO bl_book (name) VALUES (?)"

    def driver(self, host: Host) -> HostDriver:
        """Return the driver for a connection."""
        return PostgreSQLHostDriver(host)

    def is_new(self, driver: Any) -> bool:
        """Return whether our tables are still to be made."""
        check_settings(driver, is_synchronous=True)
        if not has_schema(driver):
            return True
        check_schema(driver)
        return False

    def install(self, driver: Any) -> None:
        """Make our tables; the host's search path is as before."""
        driver.execute("SELECT pg_advisory_xact_lock(?, 0)", (SEAL_CLASS,))
        if has_schema(driver):
            return
        [(path,)] = driver.execute("SELECT current_setting('search_path')")
        driver.define(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        driver.define(f"SET LOCAL search_path = {SCHEMA}, pg_temp")
        for statement in postgresql_statements():
            driver.define(statement)
        driver.execute("SELECT set_config('search_path', ?, true)", (path,))

    def lock(self, driver: Any) -> None:
        """Check that what others commit meanwhile is seen once a lock was taken."""
        [(level,)] = driver.execute("SELECT current_setting('transaction_isolation')")
        if level != "read committed":
            raise UnsafeSettings(
                "an older state would be read after waiting for a lock",
                field="transaction_isolation",
                expected="read committed",
                found=level,
            )

    def seal(self, driver: Any, book: str) -> None:
        """Give committed records their positions."""
        driver.execute(
            "SELECT count(*) FROM bl_book b, LATERAL bl_seal(b.book_id, '{}') s"
            " WHERE b.name = ?",
            (book,),
        )

    def book(self, book_id: int) -> SqlBook:
        """Return a book of which nothing is known."""
        return SqlBook(book_id, State(), POSTGRESQL)

    def transaction(self, driver: Any, book: SqlBook) -> Transaction:
        """Return a transaction on a book."""
        return PostgreSQLTransaction(driver, book)


def database_of(host: Host) -> Database:
    """Return the kind of database that a connection leads to."""
    return SQLiteDatabase() if host.vendor == "sqlite" else PostgreSQLDatabase()
