"""One small adapter for each kind of connection that a host may give us.

An adapter is chosen by the module that the type of the object, or a base of it, comes
from; nothing of a host is imported here.  What an adapter has to know is how the host
runs a statement, whether the database is in a transaction, and what happens after the
host's commit.
"""

import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, Final, Literal, Protocol

import attrs

from backoffice_ledger._stores.sql_steps import Rows
from backoffice_ledger.errors import InvalidOption, StoreError, TransactionRequired

Vendor = Literal["sqlite", "postgresql"]

IDLE: Final = 0
"""``TransactionStatus.IDLE`` of psycopg."""

_READ_ONLY: Final = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SUPPORTED: Final = {
    "sqlite": ("pysqlite", "aiosqlite"),
    "postgresql": ("psycopg", "psycopg_async"),
}
"""Drivers of SQLAlchemy, by database."""


class Host(Protocol):
    """A connection of the host, as the store needs it."""

    @property
    def vendor(self) -> Vendor:
        """Which database it leads to."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the host raises when a statement fails."""
        ...

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows."""
        ...

    def enter(self) -> None:
        """Begin as the host's library does by itself before any statement."""
        ...

    def in_transaction(self) -> bool:
        """Whether the database is in a transaction."""
        ...

    def can_step_apart(self) -> bool:
        """Whether a transaction of our own could begin now, beside the host's."""
        ...

    def check_writable(self) -> None:
        """Check that what begins now is the host's to commit.

        Raises:
            TransactionRequired: the host commits each statement by itself.
        """
        ...

    def begin_statement(self, *, write: bool) -> str | None:
        """Return what begins a transaction on an idle connection, if it takes that."""
        ...

    def apart(self) -> AbstractContextManager["Host"]:
        """Return a context that yields a host with a transaction of our own.

        It commits when the block ends and rolls back when it raises.
        """
        ...

    def after_commit(self, deliver: Callable[[], None]) -> bool:
        """Have *deliver* called after the host's commit; False if nobody will."""
        ...


class SQLiteHost(Host, Protocol):
    """A connection that leads to SQLite."""

    @property
    def has_marks(self) -> bool:
        """Whether statements are written with ``?``; otherwise with ``%s``."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        ...

    def reading_texts(self, factory: Any) -> AbstractContextManager[None]:
        """Return a context in which SQLite's texts are read by *factory*."""
        ...


# --- the connections of the drivers --------------------------------------------------


def _is_in_transaction(raw: Any, vendor: Vendor) -> bool:
    if vendor == "sqlite":
        return bool(raw.in_transaction)
    return bool(raw.info.transaction_status != IDLE)


@contextmanager
def _texts_read(raw: Any, factory: Any) -> Iterator[None]:
    """Let a connection of ``sqlite3`` read texts by *factory* for a while."""
    theirs = raw.text_factory
    if theirs is factory:
        yield
        return
    raw.text_factory = factory
    try:
        yield
    finally:
        raw.text_factory = theirs


def _begin_statement(vendor: Vendor, *, write: bool) -> str:
    if vendor == "sqlite":
        return "BEGIN IMMEDIATE" if write else "BEGIN"
    return "BEGIN" if write else f"BEGIN {_READ_ONLY}"


@attrs.define
class SQLite3Host:
    """A connection of the standard library's ``sqlite3``.

    The host may read rows and texts as it likes (``row_factory``, ``text_factory``);
    for the time of our own statements they are read as ours.
    """

    connection: Any
    factory: Any = str

    vendor: Vendor = "sqlite"
    has_marks: bool = True
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        with _texts_read(self.connection, self.factory):
            cursor = self.connection.cursor()
            cursor.row_factory = None
            rows: Rows = cursor.execute(sql, params).fetchall()
            return rows

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.connection.cursor().executemany(sql, rows)

    @contextmanager
    def reading_texts(self, factory: Any) -> Iterator[None]:
        self.factory = factory
        try:
            yield
        finally:
            self.factory = str

    def enter(self) -> None:
        pass

    def in_transaction(self) -> bool:
        return _is_in_transaction(self.connection, "sqlite")

    def can_step_apart(self) -> bool:
        return not self.in_transaction()

    def check_writable(self) -> None:
        connection = self.connection
        # From Python 3.12; before, there is no such attribute.
        is_autocommit = getattr(connection, "autocommit", None) is True
        if is_autocommit and not connection.in_transaction:
            raise TransactionRequired(
                "commit() of a connection with autocommit=True does nothing",
                field="connection",
            )

    def begin_statement(self, *, write: bool) -> str | None:
        return _begin_statement("sqlite", write=write)

    @contextmanager
    def apart(self) -> Iterator[Host]:
        self.execute("BEGIN IMMEDIATE")
        try:
            yield self
            self.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self.execute("ROLLBACK")
            raise

    def after_commit(self, deliver: Callable[[], None]) -> bool:  # noqa: ARG002
        return False


@attrs.define
class PsycopgHost:
    """A connection of psycopg 3, whatever its row factory is."""

    connection: Any

    vendor: Vendor = "postgresql"

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        return (sys.modules["psycopg"].Error,)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        row_factory = sys.modules["psycopg.rows"].tuple_row
        with self.connection.cursor(row_factory=row_factory) as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else []

    def enter(self) -> None:
        pass

    def in_transaction(self) -> bool:
        return _is_in_transaction(self.connection, "postgresql")

    def can_step_apart(self) -> bool:
        return not self.in_transaction()

    def check_writable(self) -> None:
        if self.connection.autocommit and not self.in_transaction():
            raise TransactionRequired(
                field="connection", expected="a block of connection.transaction()"
            )

    def begin_statement(self, *, write: bool) -> str | None:
        if self.connection.autocommit:
            return _begin_statement("postgresql", write=write)
        return None if write else f"SET TRANSACTION {_READ_ONLY}"

    @contextmanager
    def apart(self) -> Iterator[Host]:
        with self.connection.transaction():
            yield self

    def after_commit(self, deliver: Callable[[], None]) -> bool:  # noqa: ARG002
        return False


# --- SQLAlchemy ----------------------------------------------------------------------


@attrs.define
class SQLAlchemyHost:
    """A Connection of SQLAlchemy 2, or the one that a Session is using."""

    connection: Any
    vendor: Vendor
    factory: Any = str

    @property
    def has_marks(self) -> bool:
        return self.vendor == "sqlite"

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        return (sys.modules["sqlalchemy.exc"].SQLAlchemyError, sqlite3.Error)

    def _owner(self) -> Any:
        """Return the Connection or Session; the current one of a scoped session."""
        given = self.connection
        return given.registry() if hasattr(given, "session_factory") else given

    def _used(self) -> Any:
        """Return the Connection, within its transaction, which begins by itself."""
        connection = self._owner()
        if hasattr(connection, "get_bind"):  # a Session
            connection = connection.connection()
        if not connection.in_transaction():
            connection.exec_driver_sql("SELECT 1")
        return connection

    def _raw(self) -> Any:
        return self._used().connection.driver_connection

    def _run(self, sql: str, params: Any) -> Any:
        if self.vendor != "sqlite":
            return self._used().exec_driver_sql(sql, params)
        with _texts_read(self._raw(), self.factory):
            return self._used().exec_driver_sql(sql, params)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        result = self._run(sql, tuple(params) or None)
        return [tuple(row) for row in result] if result.returns_rows else []

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._run(sql, [tuple(row) for row in rows])

    @contextmanager
    def reading_texts(self, factory: Any) -> Iterator[None]:
        self.factory = factory
        try:
            yield
        finally:
            self.factory = str

    def enter(self) -> None:
        self._used()

    def in_transaction(self) -> bool:
        # An idle Session is not made to begin only to be asked.
        is_begun = self._owner().in_transaction()
        return is_begun and _is_in_transaction(self._raw(), self.vendor)

    def can_step_apart(self) -> bool:
        # It takes another connection, but SQLite lets only one of them write.
        return self.vendor != "sqlite" or not self.in_transaction()

    def check_writable(self) -> None:
        raw = self._raw()
        is_autocommit = (
            raw.isolation_level is None if self.vendor == "sqlite" else raw.autocommit
        )
        # An event of the host may have begun by now.
        if is_autocommit and not _is_in_transaction(raw, self.vendor):
            raise TransactionRequired(
                "the isolation level of the connection is AUTOCOMMIT",
                field="connection",
            )

    def begin_statement(self, *, write: bool) -> str | None:
        return _begin_statement(self.vendor, write=write)

    @contextmanager
    def apart(self) -> Iterator[Host]:
        bind = self._owner()
        if hasattr(bind, "get_bind"):
            bind = bind.get_bind()
        with bind.engine.connect() as connection:
            raw = connection.connection.driver_connection
            if _is_in_transaction(raw, self.vendor):
                # The pool has no second connection to give.
                raise StoreError("a transaction of the host is open: deliver after it")
            with connection.begin():
                host = SQLAlchemyHost(connection, self.vendor)
                if not host.in_transaction():
                    host.execute(_begin_statement(self.vendor, write=True))
                yield host

    def after_commit(self, deliver: Callable[[], None]) -> bool:
        session = self._owner()
        if not hasattr(session, "get_bind"):
            return False
        pending = session.info.get("backoffice_ledger")
        if pending is None:
            pending = session.info["backoffice_ledger"] = _Pending()
            listen = sys.modules["sqlalchemy.event"].listen
            listen(session, "after_commit", pending.note_commit)
            listen(session, "after_transaction_end", pending.note_end)
        pending.add(deliver)
        return True


@attrs.define
class _Pending:
    """What is to be called once the outermost transaction of a Session has ended.

    ``after_commit`` comes before the connection is given back, and for savepoints too.
    """

    deliveries: list[Callable[[], None]] = attrs.field(factory=list)
    is_committed: bool = False

    def add(self, deliver: Callable[[], None]) -> None:
        if deliver not in self.deliveries:
            self.deliveries.append(deliver)

    def note_commit(self, session: Any) -> None:
        self.is_committed = not session.in_nested_transaction()

    def note_end(self, _session: Any, transaction: Any) -> None:
        if transaction.parent is not None:
            return
        deliveries, self.deliveries = self.deliveries, []
        is_committed, self.is_committed = self.is_committed, False
        if is_committed:
            for deliver in deliveries:
                deliver()


# --- Django --------------------------------------------------------------------------


@attrs.define
class DjangoHost:
    """A connection of Django: ``django.db.connection`` or ``connections[...]``."""

    connection: Any
    vendor: Vendor
    factory: Any = str
    waiting: set[tuple[int, Callable[[], None]]] = attrs.field(factory=set)

    has_marks: bool = False

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        return (sys.modules["django.db.utils"].Error, sqlite3.Error)

    def _raw(self) -> Any:
        self.connection.ensure_connection()
        return self.connection.connection

    def _texts(self) -> AbstractContextManager[None]:
        if self.vendor != "sqlite":
            return nullcontext()
        return _texts_read(self._raw(), self.factory)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        with self._texts(), self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            has_rows = cursor.description is not None
            return [tuple(row) for row in cursor.fetchall()] if has_rows else []

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, rows)

    @contextmanager
    def reading_texts(self, factory: Any) -> Iterator[None]:
        self.factory = factory
        try:
            yield
        finally:
            self.factory = str

    def enter(self) -> None:
        self._raw()

    def in_transaction(self) -> bool:
        return _is_in_transaction(self._raw(), self.vendor)

    def can_step_apart(self) -> bool:
        return not self.in_transaction()

    def check_writable(self) -> None:
        if not self.connection.in_atomic_block:
            raise TransactionRequired(
                field="connection", expected="a block of transaction.atomic()"
            )

    def begin_statement(self, *, write: bool) -> str | None:
        return _begin_statement(self.vendor, write=write)

    @contextmanager
    def apart(self) -> Iterator[Host]:
        atomic = sys.modules["django.db.transaction"].atomic
        with atomic(using=self.connection.alias):
            yield self

    def after_commit(self, deliver: Callable[[], None]) -> bool:
        mine = (threading.get_ident(), deliver)  # each thread has a connection

        def once() -> None:
            if mine in self.waiting:
                self.waiting.remove(mine)
                deliver()

        # With each command anew: a savepoint that is rolled back takes it along.
        self.waiting.add(mine)
        self.connection.on_commit(once)
        return True


# --- which one -----------------------------------------------------------------------


def host_of(where: object) -> Host | None:
    """Return the adapter for a connection of a host; None if it is none.

    Raises:
        InvalidOption: it is a connection, but of a kind that cannot be used.
    """
    modules = {base.__module__ for base in type(where).__mro__}
    if isinstance(where, sqlite3.Connection):
        return SQLite3Host(where)
    if "psycopg" in modules:
        return _psycopg(where)
    if any(name.startswith("sqlalchemy.") for name in modules):
        return _sqlalchemy(where)
    if any(name.startswith(("django.db.", "django.utils.connec")) for name in modules):
        vendor = getattr(where, "vendor", "no database")
        if vendor == "postgresql" and "psycopg" not in sys.modules:
            vendor = "postgresql with psycopg2"
        return DjangoHost(where, _known(vendor))
    return None


def _known(vendor: Any) -> Vendor:
    if vendor == "sqlite" or vendor == "postgresql":
        return vendor  # type: ignore[no-any-return]
    raise InvalidOption(
        field="where",
        expected="a connection to SQLite, or to PostgreSQL with psycopg",
        found=vendor,
    )


def _psycopg(where: Any) -> Host:
    if hasattr(where, "__aenter__") or not hasattr(where, "transaction"):
        raise InvalidOption(
            field="where", expected="a psycopg.Connection", found=type(where).__name__
        )
    return PsycopgHost(where)


def _sqlalchemy(where: Any) -> Host:
    if hasattr(where, "run_sync"):
        raise InvalidOption(
            "inside run_sync: await session.run_sync(lambda s: open_ledger(s, ...))",
            field="where",
            expected="a Session or Connection that is not asynchronous",
            found=type(where).__name__,
        )
    if hasattr(where, "get_bind"):
        dialect = where.get_bind().dialect
    elif hasattr(where, "exec_driver_sql"):
        dialect = where.dialect
    else:
        raise InvalidOption(
            field="where",
            expected="a Connection or a Session",
            found=type(where).__name__,
        )
    is_supported = dialect.driver in _SUPPORTED.get(dialect.name, ())
    return SQLAlchemyHost(
        where,
        _known(dialect.name if is_supported else f"{dialect.name}+{dialect.driver}"),
    )
