"""A book in euros with a customer, a bank account and a loan in dollars."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import backoffice_ledger as bl
from backoffice_ledger.fx import (
    CurrencyDesk,
    LookUp,
    LossesOnly,
    MonetaryItem,
    Policy,
    ProfitAndLoss,
    Provision,
    Rate,
    RateBook,
)
from backoffice_ledger.testing import FrozenClock

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ACCOUNTS = {
    "assets:bank": "asset",
    "assets:usd": "asset",
    "assets:due": "asset",
    "assets:gbp": "asset",
    "assets:prepaid": "asset",
    "assets:deferred-losses": "asset",
    "liabilities:loan": "liability",
    "liabilities:deferred-gains": "liability",
    "liabilities:provision": "liability",
    "equity:capital": "equity",
    "equity:trading:usd": "equity",
    "equity:trading:due": "equity",
    "equity:trading:gbp": "equity",
    "equity:trading:loan": "equity",
    "equity:trading:prepaid": "equity",
    "equity:valuation:usd": "equity",
    "equity:valuation:due": "equity",
    "equity:valuation:gbp": "equity",
    "equity:valuation:loan": "equity",
    "income:sales": "income",
    "income:realised": "income",
    "income:unrealised": "income",
    "income:released": "income",
    "expenses:realised": "expense",
    "expenses:unrealised": "expense",
    "expenses:provision": "expense",
    "expenses:fees": "expense",
}
REALISED = ProfitAndLoss("income:realised", "expenses:realised")
POLICIES = {
    "profit-and-loss": ProfitAndLoss("income:unrealised", "expenses:unrealised"),
    "one-account": ProfitAndLoss("income:unrealised", "income:unrealised"),
    "losses-only": LossesOnly("income:unrealised", "expenses:unrealised"),
    "provision": Provision(
        "liabilities:deferred-gains",
        "assets:deferred-losses",
        "liabilities:provision",
        "expenses:provision",
        "income:released",
    ),
}


def item(name: str, commodity: str = "USD", **options: bool) -> MonetaryItem:
    """Return the item of an asset of the book, or of the loan."""
    side = "liabilities" if name == "loan" else "assets"
    return MonetaryItem(
        f"{side}:{name}",
        commodity,
        f"equity:trading:{name}",
        f"equity:valuation:{name}",
        **options,
    )


def open_accounts(ledger: bl.Ledger) -> bl.Ledger:
    """Open the accounts."""
    for path, type_ in ACCOUNTS.items():
        ledger.open_account(path, type=type_)
    return ledger


@pytest.fixture(scope="session")
def fill() -> Callable[[bl.Ledger], bl.Ledger]:
    """Return the function that opens the accounts."""
    return open_accounts


@pytest.fixture
def ledger() -> Iterator[bl.Ledger]:
    """Return a book in memory."""
    with bl.open_ledger(":memory:", actor="clerk", clock=FrozenClock(NOON)) as ledger:
        yield open_accounts(ledger)


@pytest.fixture(scope="session")
def make_item() -> Callable[..., MonetaryItem]:
    """Return the function that makes items."""
    return item


@pytest.fixture(scope="session")
def rate() -> Callable[..., Rate]:
    """Return a function that makes a dollar's rate in euros."""

    def make(day: date, value: str, base: str = "USD", kind: str = "closing") -> Rate:
        return Rate(base, "EUR", day, Decimal(value), "our bank", kind)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def make_desk() -> Callable[..., CurrencyDesk]:
    """Return a function that makes a desk, of one policy by its name."""

    def make(
        ledger: bl.Ledger,
        policy: Policy | str = "profit-and-loss",
        items: tuple[MonetaryItem, ...] | None = None,
        **options: object,
    ) -> CurrencyDesk:
        arguments: dict[str, object] = {
            "functional": "EUR",
            "items": (item("due"), item("usd"), item("loan"))
            if items is None
            else items,
            "policy": POLICIES[policy] if isinstance(policy, str) else policy,
            "realised": REALISED,
            "rates": RateBook(ledger),
            "look_up": LookUp("closing"),
        }
        return CurrencyDesk(ledger, **(arguments | options))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def take_up() -> Callable[..., bl.Record]:
    """Return a function that books an item at a cost."""

    def post(
        ledger: bl.Ledger,
        item: MonetaryItem,
        foreign: str,
        cost: str,
        day: date,
        id: str = "invoice",
        counter: str = "income:sales",
    ) -> bl.Record:
        draft = bl.EntryDraft(
            day, item.postings(foreign, cost), id=id, balance_to=counter
        )
        return ledger.post(draft.to_entry())

    return post
