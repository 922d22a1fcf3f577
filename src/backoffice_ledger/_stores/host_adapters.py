"""One small adapter for each kind of connection that a host may give us.

An adapter is chosen by the module that the type of the object, or a base of it, comes
from; nothing of a host is imported here.  What an adapter has to know is how the host
runs a statement, whether the database is in a transaction, and what happens after the
host's commit.
"""

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import attrs

from backoffice_ledger._stores.host_sql import to_format, with_format
from backoffice_ledger._stores.sql_steps import Rows
from backoffice_ledger.errors import InvalidOption, StoreError, TransactionRequired

EXPECTED = (
    "the path of a file, ':memory:', a store, or a connection of sqlite3, SQLAlchemy"
    " (or its Session) or Django"
)


class Host(Protocol):
    """A connection of the host, as the store needs it."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the host raises when a statement fails."""
        ...

    @property
    def text_factory(self) -> Any:
        """What SQLite's texts are read as."""
        ...

    @text_factory.setter
    def text_factory(self, factory: Any) -> None: ...

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        ...

    def enter(self) -> None:
        """Begin as the host's library does by itself before any statement."""
        ...

    def in_transaction(self) -> bool:
        """Whether the database is in a transaction."""
        ...

    def check_writable(self) -> None:
        """Check that what begins now is the host's to commit.

        Raises:
            TransactionRequired: the host commits each statement by itself.
        """
        ...

    def apart(self) -> Any:
        """Return a context manager that yields a host with a transaction of our own.

        It commits when the block ends and rolls back when it raises.
        """
        ...

    def after_commit(self, deliver: Callable[[], None]) -> bool:
        """Have *deliver* called after the host's commit; False if nobody will."""
        ...


@attrs.define
class _SQLiteHost:
    """What all connections to SQLite have in common.

    The host may read texts as it likes (``text_factory``); for the time of our own
    statements they are read as ours.
    """

    connection: Any
    text_factory: Any = str

    def raw(self) -> Any:
        """Return the connection of the driver beneath."""
        raise NotImplementedError

    def enter(self) -> None:
        self.raw()

    def in_transaction(self) -> bool:
        return bool(self.raw().in_transaction)

    @contextmanager
    def _as_ours(self) -> Iterator[None]:
        raw = self.raw()
        theirs = raw.text_factory
        if theirs is self.text_factory:
            yield
            return
        raw.text_factory = self.text_factory
        try:
            yield
        finally:
            raw.text_factory = theirs


@attrs.define
class SQLite3Host(_SQLiteHost):
    """A connection of the standard library's ``sqlite3``."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        return (sqlite3.Error,)

    def raw(self) -> Any:
        return self.connection

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        with self._as_ours():
            cursor = self.connection.cursor()
            cursor.row_factory = None
            rows: Rows = cursor.execute(sql, params).fetchall()
            return rows

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.connection.cursor().executemany(sql, rows)

    def check_writable(self) -> None:
        connection = self.connection
        # From Python 3.12; before, there is no such attribute.
        is_autocommit = getattr(connection, "autocommit", None) is True
        if is_autocommit and not connection.in_transaction:
            raise TransactionRequired(
                "commit() of a connection with autocommit=True does nothing",
                field="connection",
            )

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
class SQLAlchemyHost(_SQLiteHost):
    """A Connection of SQLAlchemy 2, or the one that a Session is using."""

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

    def raw(self) -> Any:
        return self._used().connection.driver_connection

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        with self._as_ours():
            result = self._used().exec_driver_sql(sql, tuple(params) or None)
            return [tuple(row) for row in result] if result.returns_rows else []

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        given = [tuple(row) for row in rows]
        if given:
            self._used().exec_driver_sql(sql, given)

    def in_transaction(self) -> bool:
        # An idle Session is not made to begin only to be asked.
        is_begun = self._owner().in_transaction()
        return is_begun and super().in_transaction()

    def check_writable(self) -> None:
        raw = self.raw()  # an event of the host may have begun by now
        if raw.isolation_level is None and not raw.in_transaction:
            raise TransactionRequired(
                "the isolation level of the connection is AUTOCOMMIT",
                field="connection",
            )

    @contextmanager
    def apart(self) -> Iterator[Host]:
        bind = self._owner()
        if hasattr(bind, "get_bind"):
            bind = bind.get_bind()
        with bind.engine.connect() as connection:
            if connection.connection.driver_connection.in_transaction:
                # The pool has no second connection to give.
                raise StoreError("a transaction of the host is open: deliver after it")
            with connection.begin():
                host = SQLAlchemyHost(connection)
                if not host.in_transaction():
                    host.execute("BEGIN IMMEDIATE")
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


@attrs.define
class DjangoHost(_SQLiteHost):
    """A connection of Django: ``django.db.connection`` or ``connections[...]``."""

    is_waiting: bool = False

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        return (sys.modules["django.db.utils"].Error, sqlite3.Error)

    def raw(self) -> Any:
        self.connection.ensure_connection()
        return self.connection.connection

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        text, given = with_format(sql, params) if params else (sql, None)
        with self._as_ours(), self.connection.cursor() as cursor:
            cursor.execute(text, given)
            return (
                [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            )

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        text, order = to_format(sql)
        with self.connection.cursor() as cursor:
            cursor.executemany(text, [[row[i] for i in order] for row in rows])

    def check_writable(self) -> None:
        self.check_atomic()

    def check_atomic(self) -> None:
        if not self.connection.in_atomic_block:
            raise TransactionRequired(
                field="connection", expected="a block of transaction.atomic()"
            )

    @contextmanager
    def apart(self) -> Iterator[Host]:
        atomic = sys.modules["django.db.transaction"].atomic
        with atomic(using=self.connection.alias):
            yield self

    def after_commit(self, deliver: Callable[[], None]) -> bool:
        def once() -> None:
            if self.is_waiting:
                self.is_waiting = False
                deliver()

        # With each command anew: a savepoint that is rolled back takes it along.
        self.is_waiting = True
        self.connection.on_commit(once)
        return True


def host_of(where: object) -> Host | None:
    """Return the adapter for a connection of a host; None if it is none.

    Raises:
        InvalidOption: it is a connection, but of a kind that cannot be used.
    """
    modules = {base.__module__ for base in type(where).__mro__}
    if isinstance(where, sqlite3.Connection):
        return SQLite3Host(where)
    if any(name.startswith("sqlalchemy.") for name in modules):
        return _sqlalchemy(where)
    if any(
        name.startswith(("django.db.", "django.utils.connection")) for name in modules
    ):
        return _known(DjangoHost(where), str(getattr(where, "vendor", "no database")))
    return None


def _sqlalchemy(where: Any) -> Host:
    if hasattr(where, "run_sync"):
        raise InvalidOption(
            "inside run_sync: await session.run_sync(lambda s: open_ledger(s, ...))",
            field="where",
            expected="a Session or Connection that is not asynchronous",
            found=type(where).__name__,
        )
    if hasattr(where, "get_bind"):
        return _known(SQLAlchemyHost(where), where.get_bind().dialect.name)
    if hasattr(where, "exec_driver_sql"):
        return _known(SQLAlchemyHost(where), where.dialect.name)
    raise InvalidOption(
        field="where", expected="a Connection or a Session", found=type(where).__name__
    )


def _known(host: Host, dialect: str) -> Host:
    if dialect != "sqlite":
        raise InvalidOption(
            field="where", expected="a connection to SQLite", found=dialect
        )
    return host
