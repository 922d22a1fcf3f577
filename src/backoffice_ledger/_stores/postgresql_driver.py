"""One PostgreSQL connection: the choke point of every statement and of every error.

psycopg is an extra; it is imported when the first store is opened.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from backoffice_ledger._stores.postgresql_schema import SCHEMA
from backoffice_ledger._stores.sql_steps import Insert, Query, Rows, Step
from backoffice_ledger.errors import (
    Busy,
    Contention,
    Corrupt,
    MissingExtra,
    OutcomeUnknown,
    ReadOnlyBook,
    StorageFailure,
    StoreError,
)

if TYPE_CHECKING:
    from types import ModuleType

T = TypeVar("T")

VALUES_ROWS: Final = 8
"""Rows up to which values are parameters one by one."""

COPY_ROWS: Final = 200
"""Rows from which COPY is quicker than arrays: two postings of a hundred entries."""

Intercept = Callable[[str, Callable[[], Rows]], Rows]
"""Stands around every statement: gets its text and what runs it, returns its rows.

It serves tracing and fault injection, and may raise `psycopg.Error` before or after.
"""

_TRANSIENT: Final = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock, and somebody else inserted the same key first."""
_BUSY: Final = frozenset({"55P03", "57014", "53300"})
"""A lock or a statement took too long, or there are too many connections."""
_LOST: Final = ("08", "57P", "53", "58", "F0")
"""Beginnings of codes after which the connection or the server is not to be trusted."""


def psycopg() -> "ModuleType":
    """Return the driver.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import psycopg as module
    except ImportError as error:
        raise MissingExtra(
            "PostgreSQL needs psycopg",
            field="where",
            expected="pip install 'backoffice-ledger[postgres]'",
        ) from error
    return module


@cache
def adapted(sql: str) -> str:
    """Return SQL of the core as psycopg takes it: ``%s``, names with their schema."""
    text = sql.replace("%", "%%").replace("?", "%s")
    return re.sub(r"\bbl_", f"{SCHEMA}.bl_", text)


@cache
def _arrays_sql(table: str, columns: str, types: tuple[str, ...], then: str) -> str:
    arrays = ", ".join(f"%s::{type_}[]" for type_ in types)
    return (
        f"INSERT INTO {SCHEMA}.{table} AS t ({columns})"
        f" SELECT * FROM unnest({arrays}){then}"
    )


@cache
def _values_sql(
    table: str, columns: str, types: tuple[str, ...], count: int, then: str
) -> str:
    values = ", ".join(f"%s::{type_}" for type_ in types)
    rows = ", ".join([f"({values})"] * count)
    return f"INSERT INTO {SCHEMA}.{table} AS t ({columns}) VALUES {rows}{then}"


def insert_statement(insert: Insert) -> tuple[str, list[Any]]:
    """Return one statement for all rows, and its parameters.

    A parameter for each column costs psycopg more than one for each value of few rows.
    """
    table, columns, types = insert.table, insert.columns, tuple(insert.types)
    count = len(insert.rows)
    if count <= VALUES_ROWS:
        sql = _values_sql(table, columns, types, count, insert.then)
        return sql, [value for row in insert.rows for value in row]
    sql = _arrays_sql(table, columns, types, insert.then)
    return sql, [list(column) for column in zip(*insert.rows, strict=True)]


class Driver:
    """One connection; every statement of the store goes through `execute`.

    A connection that failed is closed at once, which rolls its transaction back; it is
    *poisoned* and never used again.
    """

    def __init__(
        self,
        dsn: str,
        intercept: Intercept | None,
        busy_seconds: float,
        settings: Mapping[str, str],
    ) -> None:
        self._intercept = intercept
        self._errors = psycopg()
        self.changes = 0
        self.is_poisoned = False
        try:
            self._connection = self._errors.connect(
                dsn,
                autocommit=True,
                connect_timeout=max(1, round(busy_seconds)),
                fallback_application_name="backoffice_ledger",
                client_encoding="utf8",
            )
        except self._errors.Error as error:
            raise StorageFailure(str(error).strip(), field="where") from error
        self._cursor = self._connection.cursor()
        for name, value in settings.items():
            self.execute("SELECT set_config(?, ?, false)", (name, value))

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows."""
        return self._run(sql, lambda: self._fetch(adapted(sql), params or None))

    def define(self, sql: str) -> None:
        """Run a statement that defines something, as it stands."""
        self._run(sql, lambda: self._fetch(sql, None))

    def insert(self, insert: Insert) -> None:
        """Insert rows: with COPY if they are many, else in one statement."""
        if len(insert.rows) < COPY_ROWS or insert.then:
            sql, params = insert_statement(insert)
            self._run(sql, lambda: self._fetch(sql, params))
        else:
            sql = f"COPY {SCHEMA}.{insert.table} ({insert.columns}) FROM STDIN"
            self._run(sql, lambda: self._copy(sql, insert.rows))

    def run(self, steps: Step[T]) -> T:
        """Run the SQL core's generator over this connection."""
        try:
            request = next(steps)
            while True:
                if type(request) is Query:
                    request = steps.send(self.execute(request.sql, request.params))
                else:
                    self.insert(request)  # type: ignore[arg-type]
                    request = steps.send(None)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def _fetch(self, sql: str, params: Sequence[Any] | None) -> Rows:
        cursor = self._cursor.execute(sql, params)
        if not sql.startswith("SELECT"):
            self.changes += 1
        return cursor.fetchall() if cursor.description else []

    def _copy(self, sql: str, rows: Sequence[Sequence[Any]]) -> Rows:
        self.changes += 1
        with self._connection.cursor() as cursor, cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
        return []

    def _run(self, sql: str, work: Callable[[], Rows]) -> Rows:
        try:
            return work() if self._intercept is None else self._intercept(sql, work)
        except self._errors.Error as error:
            self._raise(error)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, whatever state it is in."""
        status = self._errors.pq.TransactionStatus
        return bool(
            not self.is_poisoned
            and self._connection.info.transaction_status
            in (status.ACTIVE, status.INTRANS, status.INERROR)
        )

    def commit(self) -> None:
        """Commit; an error leaves the outcome open unless it provably did not happen.

        Raises:
            OutcomeUnknown: it may or may not have happened.
            StoreError: it did not happen.
        """
        status = self._errors.pq.TransactionStatus
        info = None if self.is_poisoned else self._connection.info
        if info is None or info.transaction_status != status.INTRANS:
            raise StorageFailure("an error before has rolled the transaction back")

        def work() -> Rows:
            self._cursor.execute("COMMIT")
            return []

        try:
            work() if self._intercept is None else self._intercept("COMMIT", work)
        except self._errors.Error as error:
            if (error.sqlstate or "").startswith(("23", "40")):
                self.rollback()
                raise self.translated(error) from error
            self.poison()
            raise OutcomeUnknown(str(error).strip()) from error

    def rollback(self) -> None:
        """Roll back; a connection that cannot is closed, which does the same."""
        if not self.in_transaction:
            return
        try:
            self.execute("ROLLBACK")
        except StoreError:
            self.poison()

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back."""
        with suppress(self._errors.Error):
            self._connection.close()

    def poison(self) -> None:
        """Close the connection for good."""
        self.is_poisoned = True
        self.close()

    def _raise(self, error: Any) -> NoReturn:
        if self.is_poisoned:
            raise StorageFailure("the connection failed before") from error
        translated = self.translated(error)
        if isinstance(translated, (Corrupt, StorageFailure)):
            self.poison()
        raise translated from error

    def translated(self, error: Any) -> StoreError:
        """Return what an error of psycopg means to the caller."""
        return translated(error, is_lost=self._connection.closed)


def translated(error: Any, *, is_lost: bool = False) -> StoreError:
    """Return what an error of psycopg means to the caller."""
    message = str(error).strip()
    code = getattr(error, "sqlstate", None) or ""
    if code in _TRANSIENT:
        return Contention(message)
    if code in _BUSY:
        return Busy(message)
    if code in ("25006", "42501"):
        return ReadOnlyBook(message)
    if code.startswith("XX"):
        return Corrupt(message)
    if is_lost or code.startswith(_LOST):
        return StorageFailure(message)
    return StoreError(message)
