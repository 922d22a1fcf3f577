"""One SQLite connection: the choke point of every statement and of every error."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import quote

from backoffice_ledger._stores.sql_steps import Many, Query, Rows, Step
from backoffice_ledger._stores.sqlite_queue import insist
from backoffice_ledger._stores.sqlite_schema import schema_statements
from backoffice_ledger.errors import (
    Busy,
    Corrupt,
    ForeignFile,
    OutcomeUnknown,
    ReadOnlyBook,
    StorageFailure,
    StoreError,
)

CHANGES_MANY: Final = 5_000
"""Rows after whose change it is worth asking how large the write-ahead log is."""

CHECKPOINT_MILLISECONDS: Final = 50
"""How long a checkpoint waits for writers of other processes, and for readers."""

T = TypeVar("T")

Intercept = Callable[[str, Callable[[], Rows]], Rows]
"""Stands around every statement: gets its text and what runs it, returns its rows.

It serves tracing and fault injection, and may raise `sqlite3.Error` before or after.
"""

_PRAGMAS: Final = frozenset(
    {
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
        "secure_delete",
        "synchronous",
        "trusted_schema",
        "user_version",
        "wal_autocheckpoint",
        "wal_checkpoint",
    }
)
_UPDATABLE: Final = frozenset(
    {"bl_book", "bl_fact", "bl_current", "bl_listener", "bl_period_total"}
)
_DELETABLE: Final = frozenset({"bl_document_index", "bl_opening", "bl_pending"})


def _authorize(
    action: int,
    first: str | None,
    second: str | None,  # noqa: ARG001 - SQLite gives all five
    database: str | None,  # noqa: ARG001
    trigger: str | None,  # noqa: ARG001
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
        case sqlite3.SQLITE_DELETE if first in _DELETABLE:
            return sqlite3.SQLITE_OK
        case sqlite3.SQLITE_PRAGMA if first in _PRAGMAS:
            return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


@cache
def schema_fingerprint() -> tuple[tuple[str, str], ...]:
    """Return the names and texts of everything in the schema of this format."""
    connection = sqlite3.connect(":memory:")
    try:
        for statement in schema_statements():
            connection.execute(statement)
        return read_fingerprint(connection.execute)
    finally:
        connection.close()


def read_fingerprint(execute: Callable[[str], Any]) -> tuple[tuple[str, str], ...]:
    """Return the names and texts of everything of ours in a database's schema."""
    rows = execute(
        "SELECT name, sql FROM sqlite_schema WHERE tbl_name LIKE 'bl\\_%' ESCAPE '\\'"
        " AND sql IS NOT NULL ORDER BY name"
    )
    return tuple((name, sql) for name, sql in rows)


class Driver:
    """One connection; every statement of the store goes through `execute`.

    A connection on which reading or writing failed is closed at once, which rolls its
    transaction back; it is *poisoned* and never used again.
    """

    def __init__(
        self, path: Path, mode: str, busy_seconds: float, intercept: Intercept | None
    ) -> None:
        self._intercept = intercept
        self._busy_timeout = f"PRAGMA busy_timeout={int(busy_seconds * 1000)}"
        self._does_wait = True
        self._changes_seen = 0
        self.is_poisoned = False
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}",
                uri=True,
                timeout=busy_seconds,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        except sqlite3.Error as error:
            raise translated(error) from error

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows."""
        try:
            if self._intercept is None:
                return self._connection.execute(sql, params).fetchall()
            return self._intercept(
                sql, lambda: self._connection.execute(sql, params).fetchall()
            )
        except sqlite3.Error as error:
            self._raise(error)

    def begin(self, *, write: bool, deadline: float = 0.0) -> None:
        """Begin a transaction; to write, with SQLite's lock for it.

        Args:
            write: whether it will write.
            deadline: until when to ask for the lock, on the monotonic clock.

        Raises:
            Busy: another process held the lock until then.
        """
        try:
            self._wait_for_locks(not write)
            if not write:
                self.execute("BEGIN")
            elif self._intercept is None:
                self._begin_to_write(deadline)
            else:
                self._intercept(
                    "BEGIN IMMEDIATE", lambda: self._begin_to_write(deadline)
                )
        except sqlite3.Error as error:
            self._raise(error)

    def _begin_to_write(self, deadline: float) -> Rows:
        """Ask again and again: SQLite itself would sleep longer and longer."""
        return insist(
            lambda: self._connection.execute("BEGIN IMMEDIATE").fetchall(),
            lambda error: _code(error) == sqlite3.SQLITE_BUSY,
            deadline,
        )

    def _wait_for_locks(self, does_wait: bool) -> None:  # noqa: FBT001 - private
        """Choose whether SQLite itself waits for a lock, or says at once it is busy."""
        if does_wait is not self._does_wait:
            timeout = self._busy_timeout if does_wait else "PRAGMA busy_timeout=0"
            self._connection.execute(timeout)
            self._does_wait = does_wait

    def execute_many(self, many: Many) -> None:
        """Run one statement for each row of parameters."""
        try:
            if self._intercept is None:
                self._connection.executemany(many.sql, many.rows)
            else:
                self._intercept(
                    many.sql,
                    lambda: self._connection.executemany(
                        many.sql, many.rows
                    ).fetchall(),
                )
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
        """Commit; an error leaves the outcome open unless it provably did not happen.

        Raises:
            OutcomeUnknown: it may or may not have happened.
            StoreError: it did not happen.
        """
        if self.is_poisoned or not self._connection.in_transaction:
            raise StorageFailure("an error before has rolled the transaction back")
        try:
            if self._intercept is None:
                self._connection.execute("COMMIT")
            else:
                self._intercept(
                    "COMMIT", lambda: self._connection.execute("COMMIT").fetchall()
                )
        except sqlite3.Error as error:
            if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CONSTRAINT):
                self.rollback()
                raise translated(error) from error
            self._poison()
            raise OutcomeUnknown(str(error)) from error

    def rollback(self) -> None:
        """Roll back; a connection that cannot is closed, which does the same."""
        if self.is_poisoned or not self._connection.in_transaction:
            return
        try:
            self.execute("ROLLBACK")
        except StoreError:
            self._poison()
        except BaseException:  # an interruption: nobody may use it with its locks
            self._poison()
            raise

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the file, unless somebody is in the way.

        It excludes writers: a passive one beside them can corrupt the file (SQLite
        before 3.51.3).  Without patience SQLite would make a passive one of it where a
        writer is in the way, so it waits a moment for other processes; writers of this
        one are excluded already.  Whether it succeeds changes nothing that was
        committed.  Returns whether nothing is left in the log.
        """
        with suppress(StoreError):
            self.execute(f"PRAGMA busy_timeout={CHECKPOINT_MILLISECONDS}")
            try:
                [(busy, *_)] = self.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return int(busy) == 0
            finally:
                self.execute(self._busy_timeout)
                self._does_wait = True
        return False

    @contextmanager
    def tolerant(self) -> Iterator[None]:
        """Read texts that are no UTF-8 too, with surrogates, for verification."""
        self._connection.text_factory = tolerant_text
        try:
            yield
        finally:
            self._connection.text_factory = str

    @property
    def changes(self) -> int:
        """How many rows this connection has changed."""
        return self._connection.total_changes

    def has_changed_much(self) -> bool:
        """Whether many rows have changed since this was last true."""
        changes = self.changes
        if changes - self._changes_seen < CHANGES_MANY:
            return False
        self._changes_seen = changes
        return True

    def set_authorizer(self) -> None:
        """From here on deny what the library never does."""
        # The first use of json_each declares it in the schema, which the authorizer
        # would deny.
        self.execute("SELECT value FROM json_each('[]')")
        self._connection.set_authorizer(_authorize)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)

    def copy_to(self, target: Path) -> None:
        """Write a copy of the database, as it is now, to a new file."""
        try:
            copy = sqlite3.connect(target, isolation_level=None)
            try:
                self._connection.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
            finally:
                copy.close()
        except sqlite3.Error as error:
            raise StorageFailure(str(error), field="target") from error

    def close(self) -> None:
        """Close the connection; what was not committed is rolled back."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def _poison(self) -> None:
        self.is_poisoned = True
        self.close()

    def _raise(self, error: sqlite3.Error) -> NoReturn:
        if self.is_poisoned:
            raise StorageFailure("the connection failed before") from error
        meaning = translated(error)
        if isinstance(meaning, (Corrupt, StorageFailure)):
            self._poison()
        raise meaning from error


def tolerant_text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _code(error: Exception) -> int:
    """Return the primary result code; 0 if the error is not one of SQLite's own."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def translated(error: sqlite3.Error) -> StoreError:
    """Return what an error of SQLite means to the caller."""
    message = str(error)
    match _code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return Busy(message)
        case sqlite3.SQLITE_READONLY:
            return ReadOnlyBook(message)
        case sqlite3.SQLITE_NOTADB:
            return ForeignFile(message)
        case sqlite3.SQLITE_CORRUPT:
            return Corrupt(message)
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_FULL | sqlite3.SQLITE_CANTOPEN:
            return StorageFailure(message)
    if message.startswith("Could not decode to UTF-8"):
        return Corrupt(message)
    return StoreError(message)
