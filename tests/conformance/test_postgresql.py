"""The PostgreSQL store answers as the memory store does."""

from pathlib import Path

import postgresql_server
import pytest

from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing.conformance import StoreConformance


@pytest.mark.usefixtures("postgresql")
class TestPostgreSQLStore(StoreConformance):
    """One database for each test; the folder stands for it."""

    def make_store(self, folder: Path) -> PostgreSQLStore:
        """Return a store on the folder's database."""
        return postgresql_server.store_of(folder)
