"""When ``book-exists`` is raised, and what it says."""

from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import BookExists, excerpt


def test_making_a_book_twice(ledger: bl.Ledger, store: Any, refuses: Any) -> None:
    """A store makes room for a book once."""
    with refuses(ledger, BookExists, "book-exists", field="book", found="'main'"):
        store.create_book("main")


def test_a_backup_overwrites_nothing(
    file_ledger: bl.Ledger, path: Path, refuses: Any
) -> None:
    """Least of all the book itself."""
    with refuses(
        file_ledger, BookExists, "book-exists", field="target", found=excerpt(path)
    ):
        file_ledger.backup(path)
