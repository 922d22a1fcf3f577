"""Opening a ledger, and the stores that it may be kept in."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from backoffice_ledger._engine.commands import OpenBook, RequireControls
from backoffice_ledger._engine.controls import control_name
from backoffice_ledger._engine.store import Store, Transaction
from backoffice_ledger._ledger.ledger import Ledger
from backoffice_ledger._ledger.session import Session, SystemClock, random_id
from backoffice_ledger._model.arguments import (
    check_callable,
    check_file,
    check_flag,
    check_list,
    check_methods,
)
from backoffice_ledger._model.proposal import check_actor
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger._stores.host import HostStore
from backoffice_ledger._stores.host_adapters import host_of
from backoffice_ledger._stores.memory import MemoryStore
from backoffice_ledger._stores.sqlite import SQLiteStore
from backoffice_ledger.errors import (
    BookExists,
    BookNotFound,
    ControlMissing,
    InvalidOption,
)
from backoffice_ledger.protocols import Clock, Control, IdSource, SaltSource

__all__ = ["MemoryStore", "SQLiteStore", "Store", "Transaction", "open_ledger"]

DEFAULT_BOOK = "main"


def open_ledger(
    where: Any,
    *,
    actor: str | None = None,
    book: str = DEFAULT_BOOK,
    create: bool = False,
    read_only: bool = False,
    controls: Sequence[Control] = (),
    clock: Clock | None = None,
    ids: IdSource | None = None,
    salts: SaltSource | None = None,
) -> Ledger:
    """Open a book.

    Args:
        where: path of a SQLite file, ``":memory:"`` for a book in memory, a store, or
            a connection of the application, in whose transactions the ledger then
            posts: of ``sqlite3``, SQLAlchemy (Connection or Session) or Django.
        actor: who acts; required unless *read_only*.
        book: which of the books in the database.
        create: make the database and the book if there are none.
        read_only: refuse to write; another process may be writing.
        controls: examined before every posting, from now on: the book's manifest
            names them, and it cannot be written without them again.
        clock: where the time comes from; the system's if None.
        ids: where new ids come from; random ones if None.
        salts: where salts come from; the system's randomness if None.

    Raises:
        BookNotFound: no such file or book, and *create* is not set.
        ControlMissing: the manifest names a control that is not among *controls*.
        InvalidOption: nobody is named as acting.
        StoreError: the file cannot be used; see `SQLiteStore`.
        TransactionRequired: *where* is a connection that commits each statement by
            itself, and the book is to be made.
    """
    if actor is not None:
        check_actor(actor)
    check_identifier(book, "book")
    check_flag(create, "create")
    check_flag(read_only, "read_only")
    if actor is None and not read_only:
        raise InvalidOption(field="actor", expected="who acts, or read_only=True")
    controls = tuple(check_list(controls, "controls"))
    names = tuple(control_name(control) for control in controls)
    if clock is not None:
        check_methods(clock, "clock", "now")
    for source, field in ((ids, "ids"), (salts, "salts")):
        if source is not None:
            check_callable(source, field)
    store = _store(where, create=create, read_only=read_only)
    session = Session(
        store,
        book,
        actor,
        controls,
        clock or SystemClock(),
        ids or random_id,
        salts or secrets.token_bytes,
        read_only,
        owns_store=store is not where,
    )
    try:
        _prepare(session, names, create=create, read_only=read_only)
    except BaseException:
        if store is not where:
            store.close()
        raise
    return Ledger(session)


def _store(where: Any, *, create: bool, read_only: bool) -> Store:
    if not isinstance(where, (str, os.PathLike)):
        host = host_of(where)
        if host is not None:
            return HostStore(host, create=create, read_only=read_only)
        check_methods(
            where, "where", "books", "transaction", "create_book", "backup", "close"
        )
        store: Store = where
        return store
    path = str(check_file(where, "where"))
    if path == ":memory:":
        return MemoryStore()
    if "://" in os.fspath(where):
        raise InvalidOption(
            field="where", expected="a file path or ':memory:'", found=where
        )
    return SQLiteStore(path, create=create, read_only=read_only)


def _prepare(
    session: Session, names: Sequence[str], *, create: bool, read_only: bool
) -> None:
    """Begin the book where it is new, and hold the controls to its manifest."""
    store, book = session.store, session.book
    if book not in store.books():
        if read_only or not (create or isinstance(store, MemoryStore)):
            raise BookNotFound(field="book", expected=_books(store), found=book)
        with suppress(BookExists):  # another process may be the first
            store.create_book(book)
    with store.transaction(book, write=False) as transaction:
        is_new = transaction.size() == 0
        manifest = transaction.facts("control")
    if read_only:
        return
    if is_new:
        uid = check_identifier(session.ids(), "ids")
        with session.transaction(write=True) as transaction:
            if transaction.size() == 0:
                session.execute(OpenBook(book, uid))
    given = {name.rpartition("@")[0] for name in names}
    missing = sorted(set(manifest) - given)
    if missing:
        raise ControlMissing(
            field="controls",
            expected=", ".join(missing),
            found=", ".join(sorted(given)) or "none",
        )
    if given - set(manifest):
        session.execute(RequireControls(tuple(names)))


def _books(store: Store) -> str:
    return "one of " + (", ".join(store.books()) or "no books")
