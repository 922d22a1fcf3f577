"""When ``read-only-book`` is raised, and what it says."""

from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import ReadOnlyBook


def test_writing_to_what_was_opened_to_read(
    ledger: bl.Ledger, entry: Any, refuses: Any, store: Any
) -> None:
    """It holds on every store, with or without an actor."""
    for actor in ("clerk", None):
        reader = bl.open_ledger(store, actor=actor, read_only=True)
        with refuses(
            ledger,
            ReadOnlyBook,
            "read-only-book",
            field="read_only",
            expected="a ledger opened to write",
        ):
            reader.post(entry())


def test_a_store_opened_to_read(
    file_ledger: bl.Ledger, path: Path, entry: Any, refuses: Any
) -> None:
    """SQLite itself would refuse too."""
    with (
        bl.open_ledger(path, actor="clerk", read_only=True) as reader,
        refuses(
            file_ledger,
            ReadOnlyBook,
            "read-only-book",
            field="read_only",
            expected="a ledger opened to write",
        ),
    ):
        reader.post(entry())
    with refuses(
        file_ledger,
        ReadOnlyBook,
        "read-only-book",
        field="read_only",
        expected="a ledger opened to write",
    ):
        bl.SQLiteStore(path, read_only=True).create_book("second")
