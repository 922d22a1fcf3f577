"""A book to break, in a folder where breaking is quick."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backoffice_ledger.testing.torture import _commands

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Return a folder in memory if there is one: these tests sync a lot."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, prefix="backoffice-ledger-") as name:
        yield Path(name)


@pytest.fixture
def place(folder: Path) -> Iterator[Path]:
    """Return a new folder in it."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def template(folder: Path) -> Path:
    """Return a book in which every command has something to do."""
    path = folder / "template.db"
    _commands.make_book(path)
    return path


@pytest.fixture
def fresh(template: Path, folder: Path) -> Iterator[Callable[[], Path]]:
    """Return a function that copies the template; copies go at the end."""
    copies = Path(tempfile.mkdtemp(dir=folder))
    numbers = iter(range(10**9))
    yield lambda: Path(shutil.copyfile(template, copies / f"{next(numbers)}.db"))
    shutil.rmtree(copies)
