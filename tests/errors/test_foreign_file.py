"""When ``foreign-file`` is raised, and what it says."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import ForeignFile, excerpt


def test_a_file_of_somebody_else(path: Path, raises: Any) -> None:
    """A text is no database."""
    path.write_text("not a database, however long it may be\n" * 1000)
    with raises(ForeignFile, "foreign-file"):
        bl.open_ledger(path, actor="clerk", create=True)
    assert path.read_text().startswith("not a database")


def test_a_database_of_somebody_else(path: Path, raises: Any) -> None:
    """It is left as it is."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
    before = path.read_bytes()
    with raises(
        ForeignFile,
        "foreign-file",
        field="path",
        expected="a database made by backoffice-ledger",
        found=excerpt(path),
    ):
        bl.open_ledger(path, actor="clerk", create=True)
    assert path.read_bytes() == before


def test_a_folder(tmp_path: Path, raises: Any) -> None:
    """A folder is no file."""
    with raises(
        ForeignFile,
        "foreign-file",
        field="path",
        expected="a file",
        found=excerpt(tmp_path),
    ):
        bl.open_ledger(tmp_path, actor="clerk", create=True)
