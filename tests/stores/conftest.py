"""A small book in a file, and Python processes beside this one."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl


def rent(number: int) -> bl.Entry:
    """Return the rent of one day."""
    return bl.Entry(
        f"rent-{number}",
        date(2026, 3, 1 + number % 28),
        [bl.debit("expenses:rent", "10.00 EUR"), bl.credit("assets:bank", "10.00 EUR")],
        description="Office",
    )


@pytest.fixture
def entry() -> Callable[[int], bl.Entry]:
    """Return the function that makes entries."""
    return rent


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a book of three entries that is only ever copied."""
    path = tmp_path_factory.mktemp("stores") / "template.db"
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("expenses:rent", type="expense")
        for number in range(3):
            ledger.post(rent(number))
    return path


@pytest.fixture
def path(tmp_path: Path, template: Path) -> Path:
    """Return the path of a small book of one's own."""
    return Path(shutil.copyfile(template, tmp_path / "books.db"))


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts a script beside this process, with pipes."""
    running: list[subprocess.Popen[str]] = []

    def begin(script: str, *arguments: Any, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()
