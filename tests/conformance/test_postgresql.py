"""The PostgreSQL store answers as the memory store does."""

from pathlib import Path

import postgresql_server
import pytest
from hypothesis import settings

from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing.conformance import StoreConformance
from backoffice_ledger.testing.machine import StoreMachine


@pytest.mark.usefixtures("postgresql")
class TestPostgreSQLStore(StoreConformance):
    """One database for each test; the folder stands for it."""

    def make_store(self, folder: Path) -> PostgreSQLStore:
        """Return a store on the folder's database."""
        return postgresql_server.store_of(folder)


class PostgreSQLMachine(StoreMachine):
    """PostgreSQL against the reference."""

    def make_store(self, folder: Path) -> PostgreSQLStore:
        """Return a store on the folder's database."""
        return postgresql_server.store_of(folder)


PostgreSQLMachine.TestCase.settings = settings(
    max_examples=max(1, settings().max_examples // 16), stateful_step_count=25
)
TestPostgreSQLAgainstMemory = pytest.mark.usefixtures("postgresql")(
    PostgreSQLMachine.TestCase
)
