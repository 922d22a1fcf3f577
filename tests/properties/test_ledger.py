"""Random histories: SQLite does what memory does, and the book keeps its promises."""

from pathlib import Path

from hypothesis import settings

from backoffice_ledger import SQLiteStore
from backoffice_ledger.testing.machine import StoreMachine


class SQLiteMachine(StoreMachine):
    """SQLite against the reference."""

    def make_store(self, folder: Path) -> SQLiteStore:
        """Return a store on a file, made if there is none."""
        return SQLiteStore(folder / "books.db", create=True)


SQLiteMachine.TestCase.settings = settings(
    max_examples=settings().max_examples * 2 // 5, stateful_step_count=30
)
TestSQLiteAgainstMemory = SQLiteMachine.TestCase
