"""The reference against itself: what the suite expects is what it does."""

from pathlib import Path

from backoffice_ledger import MemoryStore
from backoffice_ledger.testing.conformance import StoreConformance


class TestMemoryStore(StoreConformance):
    """The memory store is the oracle; here its answers are compared with the tests'."""

    is_durable = False

    def make_store(self, folder: Path) -> MemoryStore:
        """Return a new store."""
        return MemoryStore()
