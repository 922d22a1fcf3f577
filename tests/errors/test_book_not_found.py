"""When ``book-not-found`` is raised, and what it says."""

from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import BookNotFound, excerpt


def test_a_file_that_is_not_there(path: Path, raises: Any) -> None:
    """A misspelt name does not make a new book."""
    with raises(BookNotFound, "book-not-found", field="path", found=excerpt(path)):
        bl.open_ledger(path, actor="clerk")
    assert not path.exists()


def test_a_book_that_is_not_in_the_file(
    file_ledger: bl.Ledger, path: Path, refuses: Any
) -> None:
    """The error lists the books that are there."""
    with refuses(
        file_ledger,
        BookNotFound,
        "book-not-found",
        field="book",
        expected="one of main",
        found="'mian'",
    ):
        bl.open_ledger(path, actor="clerk", book="mian")


def test_a_book_that_is_not_in_memory(raises: Any) -> None:
    """Reading does not begin a book."""
    with raises(
        BookNotFound,
        "book-not-found",
        field="book",
        expected="one of no books",
        found="'main'",
    ):
        bl.open_ledger(":memory:", read_only=True)
