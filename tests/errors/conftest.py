"""A small book on each store, and what every refusal must be like."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.testing.faults import FaultInjector

Expect = Callable[..., AbstractContextManager[None]]


def rent(**changes: Any) -> bl.Entry:
    """Return the rent of March 2026, or a variation of it."""
    amount = changes.pop("amount", "1000.00 EUR")
    fields: dict[str, Any] = {
        "id": "rent-2026-03",
        "date": date(2026, 3, 31),
        "postings": [
            bl.debit(
                changes.pop("debited", "expenses:rent"),
                amount,
                dimensions=changes.pop("dimensions", None),
            ),
            bl.credit("assets:bank", amount),
        ],
    }
    return bl.Entry(**fields | changes)


def fill(ledger: bl.Ledger) -> None:
    """Open accounts, post the rent of February, and close what came before."""
    ledger.open_account("assets:bank", type="asset", commodities=["EUR", "USD"])
    ledger.open_account("assets:new", type="asset", opened=date(2027, 1, 1))
    ledger.open_account("expenses:rent", type="expense")
    ledger.open_account("expenses:euro", type="expense", commodities=["EUR"])
    ledger.open_account("memo:stock", type="memorandum")
    ledger.declare_dimension("cost_centre")
    february = rent(
        id="rent-2026-02", date=date(2026, 2, 28), description="Office, February"
    )
    ledger.post(february)
    ledger.periods.close("2026-01")


@pytest.fixture
def entry() -> Callable[..., bl.Entry]:
    """Return a function that makes the rent of March 2026, or a variation of it."""
    return rent


@pytest.fixture
def faults() -> FaultInjector:
    """Return what lets statements of the SQLite store fail."""
    return FaultInjector()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that is not there yet."""
    return tmp_path / "books.db"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the small book in a file that is only ever copied."""
    path = tmp_path_factory.mktemp("errors") / "template.db"
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        fill(ledger)
    return path


@pytest.fixture
def file_store(
    template: Path, path: Path, faults: FaultInjector
) -> Iterator[bl.SQLiteStore]:
    """Return the store of the small book in a file."""
    shutil.copyfile(template, path)
    store = bl.SQLiteStore(path, intercept=faults, busy_seconds=0.05)
    yield store
    store.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest) -> Any:
    """Return the store of the small book, of each kind."""
    if request.param == "sqlite":
        return request.getfixturevalue("file_store")
    memory = bl.MemoryStore()
    fill(bl.open_ledger(memory, actor="clerk"))
    return memory


@pytest.fixture
def ledger(store: Any) -> Iterator[bl.Ledger]:
    """Return the small book on each store."""
    with bl.open_ledger(store, actor="clerk") as ledger:
        yield ledger


@pytest.fixture
def card(ledger: bl.Ledger) -> bl.Ledger:
    """Return the small book with a prepaid card: 100 euros, 60 of them reserved."""
    ledger.open_account(
        "liabilities:card", type="liability", limits=[bl.Limit(minimum="0.00 EUR")]
    )
    top_up = [
        bl.debit("assets:bank", "100.00 EUR"),
        bl.credit("liabilities:card", "100.00 EUR"),
    ]
    ledger.post(bl.Entry("top-up", date(2026, 3, 1), top_up))
    ledger.holds.reserve(bl.Hold("auth", spent("60.00 EUR")))
    return ledger


def spent(amount: str) -> list[bl.Posting]:
    """Return the postings of a payment by card."""
    return [bl.debit("liabilities:card", amount), bl.credit("assets:bank", amount)]


@pytest.fixture
def spending() -> Callable[[str], list[bl.Posting]]:
    """Return a function that makes the postings of a payment by card."""
    return spent


@pytest.fixture
def file_ledger(file_store: bl.SQLiteStore) -> Iterator[bl.Ledger]:
    """Return the small book in a file only, for errors that memory cannot have."""
    with bl.open_ledger(file_store, actor="clerk") as ledger:
        yield ledger


@contextmanager
def expect_error(
    kind: type[bl.LedgerError],
    code: str,
    *,
    field: str | None = None,
    expected: str | None = None,
    found: str | None = None,
    transient: bool = False,
) -> Iterator[None]:
    """Expect exactly this error, with exactly these attributes."""
    with pytest.raises(bl.LedgerError) as caught:
        yield
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.transient) == (code, transient)
    assert (error.field, error.expected, error.found) == (field, expected, found)
    assert str(error).startswith(f"[{code}]")


@pytest.fixture
def raises() -> Expect:
    """Return what expects exactly one error."""
    return expect_error


@pytest.fixture
def refuses() -> Expect:
    """Return what expects an error of a book, which stays exactly as it was."""

    @contextmanager
    def expect(
        ledger: bl.Ledger, kind: type[bl.LedgerError], code: str, **attributes: Any
    ) -> Iterator[None]:
        before = ledger.verify()
        with expect_error(kind, code, **attributes):
            yield
        assert ledger.verify() == before

    return expect


class Says:
    """A control that finds what it is told to find."""

    id = "says"
    version = "1"

    def __init__(self, *findings: Any) -> None:
        self.findings = findings

    def examine(self, proposal: bl.Proposal, books: Any) -> Any:
        """Return the findings, or raise one."""
        if self.findings and isinstance(self.findings[0], Exception):
            raise self.findings[0]
        return self.findings


@pytest.fixture
def says() -> type[Says]:
    """Return the control that finds what a test tells it to find."""
    return Says
