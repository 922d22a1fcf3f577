"""A small book on each store, and keys that sign for it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import audit
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import ManualClock

ORIGIN = "example.com/books"
DAY = date(2026, 1, 31)


@attrs.define
class Books:
    """A book that can be closed and opened again."""

    open: Callable[..., bl.Ledger]
    ledger: bl.Ledger

    def post(self, id_: str, text: str = "") -> bl.Record:
        """Post an entry of one cent."""
        sides = [
            bl.debit("assets:bank", "0.01 EUR", memo=f"memo {text}" if text else None),
            bl.credit("equity:capital", "0.01 EUR"),
        ]
        return self.ledger.post(bl.Entry(id_, DAY, sides, description=text))

    def reopen(self) -> bl.Ledger:
        """Close the book and open it again."""
        self.ledger.close()
        self.ledger = self.open()
        return self.ledger


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    """Yield a book with two accounts and one entry."""
    clock = ManualClock(datetime(2026, 1, 31, 12, tzinfo=UTC))
    stores: list[PostgreSQLStore] = []

    def open_() -> bl.Ledger:
        where: Any = tmp_path / "books.db"
        if request.param == "postgresql":
            while stores:
                stores.pop().close()
            where = PostgreSQLStore(request.getfixturevalue("database"))
            stores.append(where)
        return bl.open_ledger(where, actor="clerk", create=True, clock=clock)

    found = Books(open_, open_())
    found.ledger.open_account("assets:bank", type="asset", label="Bank of Jane Roe")
    found.ledger.open_account("equity:capital", type="equity")
    found.post("first", "Jane Roe")
    yield found
    found.ledger.close()
    for store in stores:
        store.close()


@pytest.fixture
def memory() -> Books:
    """Return such a book in memory; it cannot be opened again."""
    store = bl.MemoryStore()

    def open_() -> bl.Ledger:
        return bl.open_ledger(store, actor="clerk")

    found = Books(open_, open_())
    found.ledger.open_account("assets:bank", type="asset", label="Bank of Jane Roe")
    found.ledger.open_account("equity:capital", type="equity")
    found.post("first", "Jane Roe")
    return found


@pytest.fixture
def signer() -> audit.Ed25519Signer:
    """Return the key of the log."""
    return audit.Ed25519Signer(ORIGIN, bytes(range(32)))
