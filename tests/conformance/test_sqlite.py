"""The SQLite store answers as the memory store does."""

from pathlib import Path

from backoffice_ledger import SQLiteStore
from backoffice_ledger.testing.conformance import StoreConformance


class TestSQLiteStore(StoreConformance):
    """One file in a folder of its own."""

    def make_store(self, folder: Path) -> SQLiteStore:
        """Return a store on the file, which is made if there is none."""
        return SQLiteStore(folder / "books.db", create=True)
