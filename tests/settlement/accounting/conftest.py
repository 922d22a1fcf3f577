"""A book of settlement."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting import SettlementAccounts, SettlementBooks
from backoffice_ledger.testing import FrozenClock

NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)


@pytest.fixture
def ledger() -> Iterator[bl.Ledger]:
    """Return a book in memory with the accounts of settlement."""
    with bl.open_ledger(":memory:", actor="clerk", clock=FrozenClock(NOON)) as ledger:
        SettlementAccounts().open_in(ledger, customers=["C-17"])
        yield ledger


@pytest.fixture
def books(ledger: bl.Ledger) -> SettlementBooks:
    """Return the books of settlement in it."""
    return SettlementBooks(ledger)
