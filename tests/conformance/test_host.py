"""A store over a connection of the host answers as the memory store does."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import django
import pytest
import sqlalchemy as sa
from django.conf import settings
from django.db import connections, transaction

from backoffice_ledger._stores.host import HostStore
from backoffice_ledger._stores.host_adapters import host_of
from backoffice_ledger.testing.conformance import StoreConformance


class HostConformance(StoreConformance):
    """All that a test does is in one transaction of the host."""

    is_durable = False

    @pytest.fixture(autouse=True)
    def opened(self) -> Iterator[None]:
        """Close the connections of a test after it."""
        with ExitStack() as self.stack:
            yield

    def store_over(self, connection: object) -> HostStore:
        """Return a new store over a connection."""
        host = host_of(connection)
        assert host is not None
        return HostStore(host, create=True)


class TestSQLite3(HostConformance):
    """A connection of the standard library."""

    def make_store(self, folder: Path) -> HostStore:
        """Return a new store."""
        connection = sqlite3.connect(folder / "app.db")
        self.stack.enter_context(closing(connection))
        return self.store_over(connection)


@pytest.mark.long
class TestSQLAlchemy(HostConformance):
    """A Connection of SQLAlchemy; `tests/hosts` tries its transactions every time."""

    def make_store(self, folder: Path) -> HostStore:
        """Return a new store."""
        engine = sa.create_engine(f"sqlite:///{folder / 'app.db'}")
        self.stack.callback(engine.dispose)
        return self.store_over(self.stack.enter_context(engine.connect()))


@pytest.mark.long
class TestDjango(HostConformance):
    """A connection of Django, where parameters have other marks."""

    def make_store(self, folder: Path) -> HostStore:
        """Return a new store."""
        if not settings.configured:
            settings.configure(
                DATABASES={
                    "default": {
                        "ENGINE": "django.db.backends.sqlite3",
                        "NAME": "app.db",
                    }
                }
            )
            django.setup()
        self.stack.close()
        connection = connections["default"]
        connection.settings_dict["NAME"] = str(folder / "app.db")
        self.stack.callback(connection.settings_dict.update, NAME="app.db")
        self.stack.callback(connection.close)
        self.stack.enter_context(transaction.atomic())
        self.stack.callback(connection.set_rollback, True)
        return self.store_over(connection)
