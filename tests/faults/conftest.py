"""A book to break, in a folder where breaking is quick."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one


def move(id_: str, **fields: Any) -> bl.Entry:
    """Return an entry with all that an entry can carry."""
    return bl.Entry(
        id_,
        date(2026, 3, 31),
        [
            bl.debit(
                "expenses:rent",
                "10.00 EUR",
                memo="floor 2",
                dimensions={"cost_centre": "B7"},
            ),
            bl.credit("assets:bank", "10.00 EUR"),
        ],
        **{"description": "Office"} | fields,
    )


@pytest.fixture
def entry() -> Callable[..., bl.Entry]:
    """Return the function that makes entries."""
    return move


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Return a folder in memory if there is one: these tests sync a lot."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, prefix="backoffice-ledger-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def template(folder: Path) -> Path:
    """Return a book in which every command has something to do."""
    path = folder / "template.db"
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("assets:empty", type="asset")
        ledger.open_account("expenses:rent", type="expense")
        ledger.declare_dimension("cost_centre")
        for id_ in ("old", "twice", "personal"):
            ledger.post(move(id_))
        ledger.documents.store(bl.Document("trade", "t-1", {"price": "99.50"}))
        for id_ in ("proposed", "approved"):
            ledger.propose(move(id_))
        digest = ledger.proposals.get("approved").digest
        ledger.proposals.approve("approved", seen=digest, actor="controller")
    return path


@pytest.fixture
def fresh(template: Path, folder: Path) -> Iterator[Callable[[], Path]]:
    """Return a function that copies the template; copies go at the end."""
    copies = Path(tempfile.mkdtemp(dir=folder))
    numbers = iter(range(10**9))
    yield lambda: Path(shutil.copyfile(template, copies / f"{next(numbers)}.db"))
    shutil.rmtree(copies)
