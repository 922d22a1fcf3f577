"""When ``corrupt`` is raised, and what it says."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import Corrupt, excerpt


def test_a_schema_that_was_tampered_with(
    file_ledger: bl.Ledger, path: Path, raises: Any
) -> None:
    """A book without its seals is not opened."""
    file_ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER bl_record_seal")
    with raises(
        Corrupt,
        "corrupt",
        field="path",
        expected="the schema of this format",
        found=excerpt(path),
    ):
        bl.open_ledger(path, actor="clerk")


def test_a_file_that_is_damaged(
    file_ledger: bl.Ledger, path: Path, raises: Any
) -> None:
    """Half a file is not half a book."""
    file_ledger.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with raises(Corrupt, "corrupt"):
        bl.open_ledger(path, actor="clerk")
