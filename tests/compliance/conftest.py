"""A book on each store, which can be opened again with other controls."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import backoffice_ledger as bl
from backoffice_ledger.testing import FrozenClock

ACCOUNTS = {"assets:bank": "asset", "expenses:rent": "expense"}
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite"])
def reopen(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., bl.Ledger]]:
    """Return a function that opens the book, and first closes it if it is open.

    Its arguments are the controls; the actor is the clerk unless another is named.
    """
    memory = bl.MemoryStore()
    open_now: list[bl.Ledger] = []

    def reopen_(*controls: object, actor: str = "clerk") -> bl.Ledger:
        where: object = memory
        if request.param == "sqlite":
            where = tmp_path / "books.db"
            while open_now:
                open_now.pop().close()
        ledger = bl.open_ledger(
            where,  # type: ignore[arg-type]
            actor=actor,
            create=True,
            clock=FrozenClock(NOON),
            controls=controls,  # type: ignore[arg-type]
        )
        open_now.append(ledger)
        for path, type_ in ACCOUNTS.items():
            ledger.open_account(path, type=type_)
        return ledger

    yield reopen_
    while open_now:
        open_now.pop().close()
