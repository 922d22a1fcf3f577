"""A book with the accounts that deferrals need."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest

import backoffice_ledger as bl
from backoffice_ledger.accruals import Accrual, Accruals, Deferral, Span
from backoffice_ledger.testing import FrozenClock

ACCOUNTS = {
    "assets:bank": "asset",
    "assets:prepaid": "asset",
    "assets:unbilled": "asset",
    "assets:input-tax": "asset",
    "liabilities:unearned": "liability",
    "liabilities:accrued": "liability",
    "liabilities:payable": "liability",
    "equity:capital": "equity",
    "equity:trading": "equity",
    "income:fees": "income",
    "expenses:insurance": "expense",
}
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture
def ledger() -> Iterator[bl.Ledger]:
    """Return a book in memory."""
    with bl.open_ledger(":memory:", actor="clerk", clock=FrozenClock(NOON)) as ledger:
        for path, type_ in ACCOUNTS.items():
            ledger.open_account(path, type=type_)
        yield ledger


@pytest.fixture
def insurance() -> Callable[..., Deferral]:
    """Return a function that makes the deferral of a year's insurance."""

    def make(**changes: object) -> Deferral:
        arguments: dict[str, object] = {
            "id": "insurance-2026",
            "total": "360.00 EUR",
            "span": Span.inclusive(date(2026, 8, 1), date(2027, 7, 31)),
            "method": "full-months",
            "from_account": "assets:prepaid",
            "to_account": "expenses:insurance",
        }
        return Deferral(**(arguments | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def accruals(ledger: bl.Ledger) -> Accruals:
    """Return the accruals of the book."""
    return Accruals(ledger)


@pytest.fixture
def allowance() -> Callable[..., Accrual]:
    """Return a function that makes the accrual of a year's allowance."""

    def make(**changes: object) -> Accrual:
        arguments: dict[str, object] = {
            "id": "allowance",
            "total": "6000.00 EUR",
            "span": Span.months(date(2026, 1, 1), 12),
            "method": "equal",
            "from_account": "liabilities:accrued",
            "to_account": "expenses:insurance",
        }
        return Accrual(**(arguments | changes))  # type: ignore[arg-type]

    return make
