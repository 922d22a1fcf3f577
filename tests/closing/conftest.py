"""A book with a year of business."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import backoffice_ledger as bl
from backoffice_ledger.testing import FrozenClock, ledger_text

ACCOUNTS = {
    "assets:bank": "asset",
    "assets:office": "asset",
    "liabilities:loan": "liability",
    "equity:capital": "equity",
    "equity:retained": "equity",
    "equity:summary": "equity",
    "equity:trading": "equity",
    "income:fees": "income",
    "income:interest": "income",
    "expenses:rent": "expense",
    "expenses:wages": "expense",
    "stock:vault": "memorandum",
    "stock:customers": "memorandum",
}
YEAR = """
    2025-01-02 * capital / Dr assets:bank 9000.00 EUR / Cr equity:capital 9000.00 EUR
    2025-03-01 * rent / Dr expenses:rent 1200.00 EUR / Cr assets:bank 1200.00 EUR
    2025-06-01 * fee / Dr assets:bank 5000.00 EUR / Cr income:fees 5000.00 EUR
    2025-09-01 * wages / Dr expenses:wages 2500.00 EUR / Cr assets:bank 2500.00 EUR
    2026-02-01 * next / Dr assets:bank 70.00 EUR / Cr income:fees 70.00 EUR
"""


def open_chart(ledger: bl.Ledger) -> None:
    """Open the accounts and the dimension."""
    for path, type_ in ACCOUNTS.items():
        ledger.open_account(path, type=type_)
    ledger.declare_dimension("cost_centre")


@pytest.fixture
def empty() -> Iterator[bl.Ledger]:
    """Return a book with accounts and nothing on them."""
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    with bl.open_ledger(":memory:", actor="clerk", clock=FrozenClock(noon)) as ledger:
        open_chart(ledger)
        yield ledger


@pytest.fixture
def ledger(empty: bl.Ledger) -> bl.Ledger:
    """Return a book with a year of business and a first entry of the next."""
    for entry in ledger_text(YEAR):
        empty.post(entry)
    return empty
