"""When ``unsafe-settings`` is raised, and what it says."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import UnsafeSettings


def test_a_database_that_refuses_the_write_ahead_log(path: Path, raises: Any) -> None:
    """Settings are read back, not believed: a file system may not support them."""

    def stubborn(sql: str, run: Any) -> Any:
        return [("delete",)] if sql == "PRAGMA journal_mode" else run()

    with raises(
        UnsafeSettings,
        "unsafe-settings",
        field="journal_mode",
        expected="wal",
        found="'delete'",
    ):
        bl.SQLiteStore(path, create=True, intercept=stubborn)


def test_an_old_sqlite(
    path: Path, raises: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strict tables need SQLite 3.38."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.37.2")
    with raises(
        UnsafeSettings,
        "unsafe-settings",
        field="SQLite",
        expected="3.38.0 or newer",
        found="'3.37.2'",
    ):
        bl.SQLiteStore(path, create=True)
