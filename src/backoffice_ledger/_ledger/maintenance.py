"""Looking after a book's file: its health, and putting a backup in its place."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from backoffice_ledger._ledger.verify import Verification, verify
from backoffice_ledger._model.text import FrozenMapping
from backoffice_ledger._stores.sqlite import SQLiteStore
from backoffice_ledger._stores.sqlite_health import Check, Health, failed, file_checks
from backoffice_ledger._stores.sqlite_opening import check_place, partial_copy
from backoffice_ledger._stores.sqlite_replacing import put_in_place
from backoffice_ledger.errors import BookExists, InvalidOption, LedgerError


def examine(path: Path, busy_seconds: float) -> Health:
    """Examine a file and every book in it; see `stores.doctor`."""
    checks = list(file_checks(path, busy_seconds))
    if all(check.level != "problem" for check in checks):
        checks += _book_checks(path, busy_seconds)
    return Health(str(path), tuple(checks))


def _book_checks(path: Path, busy_seconds: float) -> Iterator[Check]:
    try:
        store = SQLiteStore(path, read_only=True, busy_seconds=busy_seconds)
    except LedgerError as error:
        yield failed("books", error)
        return
    try:
        for book in store.books():
            yield _book_check(store, book)
    except LedgerError as error:
        yield failed("books", error)
    finally:
        store.close()


def _book_check(store: SQLiteStore, book: str) -> Check:
    name = f"book {book}"
    try:
        with store.transaction(book, write=False) as transaction:
            if transaction.size() == 0:  # made, and not begun: somebody was interrupted
                return Check(name, "ok", "no records yet")
        return Check(name, "ok", str(verify(store, book)))
    except LedgerError as error:
        return failed(name, error)


@attrs.frozen
class Restoration:
    """What `restore` did.

    Attributes:
        path: the file that was restored.
        books: what verification found in each of its books.
        replaced: where the file is now that was there before, or None if none was.
    """

    path: Path
    books: Mapping[str, Verification]
    replaced: Path | None

    def __str__(self) -> str:
        lines = [f"{self.path} was restored"]
        lines += [f"book {name}: {found}" for name, found in self.books.items()]
        if self.replaced is not None:
            lines.append(f"the file of before is {self.replaced}")
        return "\n".join(lines)


def restore_file(
    backup: Path, path: Path, *, replace: bool, busy_seconds: float
) -> Restoration:
    """Put a verified copy of a backup in the place of a book; see `stores.restore`."""
    check_place(backup, create=False, read_only=True)
    check_place(path, create=True, read_only=False)
    if path.exists():
        if path.samefile(backup):
            raise InvalidOption(
                field="path", expected="another file than the backup", found=path
            )
        if not replace:
            raise BookExists(field="path", found=path)
    SQLiteStore(backup, read_only=True, busy_seconds=busy_seconds).close()
    with partial_copy(backup, path, busy_seconds, may_exist=True) as part:
        books = _verified(part, busy_seconds)
        replaced = put_in_place(part, path, busy_seconds)
    return Restoration(path, books, replaced)


def _verified(path: Path, busy_seconds: float) -> Mapping[str, Verification]:
    store = SQLiteStore(path, read_only=True, busy_seconds=busy_seconds)
    try:
        return FrozenMapping((book, verify(store, book)) for book in store.books())
    finally:
        store.close()
