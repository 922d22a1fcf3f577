"""Faults on purpose: statements of a `SQLiteStore` that fail when they are told to.

See how a program takes a busy book, a full disk or a commit of unknown outcome:

    faults = FaultInjector()
    store = SQLiteStore("books.db", create=True, intercept=faults)
    faults.arm("SQLITE_FULL", matching="COMMIT")
"""

import sqlite3
from collections.abc import Callable
from typing import Any, final

import attrs

__all__ = ["FaultInjector"]

Rows = list[tuple[Any, ...]]


@attrs.frozen
class _Plan:
    code: str
    statement: int
    matching: str
    after: bool


@final
class FaultInjector:
    """The *intercept* of a `SQLiteStore`: records its statements and lets some fail.

    Attributes:
        statements: the texts of all statements since the last `arm` or `disarm`.
    """

    def __init__(self) -> None:
        self.statements: list[str] = []
        self._plan: _Plan | None = None
        self._times = 0

    def arm(
        self,
        code: str,
        *,
        statement: int = 0,
        matching: str = "",
        after: bool = False,
        times: int = 1,
    ) -> None:
        """Let the next statements that fit fail.

        Args:
            code: name of an SQLite result code, such as ``SQLITE_BUSY``.
            statement: the first that may fail, counted from 0 from now on.
            matching: how its text begins.
            after: fail after the statement was carried out, not before.
            times: how many of them fail.
        """
        self.statements.clear()
        self._plan, self._times = _Plan(code, statement, matching, after), times

    @property
    def left(self) -> int:
        """How many statements are still to fail."""
        return self._times

    def disarm(self) -> bool:
        """Let no more statements fail; return whether all planned ones have."""
        self.statements.clear()
        self._plan, left, self._times = None, self._times, 0
        return left == 0

    def __call__(self, sql: str, run: Callable[[], Rows]) -> Rows:
        """Run a statement, or let it fail; `SQLiteStore` calls this."""
        plan, index = self._plan, len(self.statements)
        self.statements.append(sql)
        if (
            plan is None
            or not self._times
            or index < plan.statement
            or not sql.startswith(plan.matching)
        ):
            return run()
        self._times -= 1
        if plan.after:
            run()
        raise sqlite_error(plan.code)


def sqlite_error(code: str) -> sqlite3.Error:
    """Return an error as SQLite itself would raise it."""
    damaged = code in ("SQLITE_CORRUPT", "SQLITE_NOTADB")
    kind = sqlite3.DatabaseError if damaged else sqlite3.OperationalError
    error = kind(f"injected {code}")
    error.sqlite_errorcode = getattr(sqlite3, code)
    error.sqlite_errorname = code
    return error
