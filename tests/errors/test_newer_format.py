"""When ``newer-format`` is raised, and what it says."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import NewerFormat


def test_a_file_of_a_newer_version(
    file_ledger: bl.Ledger, path: Path, raises: Any
) -> None:
    """What we cannot understand we do not touch."""
    file_ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with raises(
        NewerFormat, "newer-format", field="path", expected="format 3", found="99"
    ):
        bl.open_ledger(path, actor="clerk")
