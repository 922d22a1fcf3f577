"""Opening a ledger, and the stores that it may be kept in."""

import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from backoffice_ledger._engine.commands import OpenBook, RequireControls
from backoffice_ledger._engine.controls import control_name
from backoffice_ledger._engine.store import Store, Transaction
from backoffice_ledger._ledger.delivery import are_known, check_listeners, register
from backoffice_ledger._ledger.ledger import Ledger
from backoffice_ledger._ledger.maintenance import Restoration, examine, restore_file
from backoffice_ledger._ledger.session import Session, SystemClock, random_id
from backoffice_ledger._model.arguments import (
    check_callable,
    check_file,
    check_flag,
    check_list,
    check_methods,
    check_seconds,
)
from backoffice_ledger._model.proposal import check_actor
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger._stores.host import HostStore
from backoffice_ledger._stores.host_adapters import host_of
from backoffice_ledger._stores.memory import MemoryStore
from backoffice_ledger._stores.postgresql import PostgreSQLStore
from backoffice_ledger._stores.postgresql_migrations import migrate_database
from backoffice_ledger._stores.postgresql_schema import role_statements
from backoffice_ledger._stores.sqlite import BUSY_SECONDS, SQLiteStore
from backoffice_ledger._stores.sqlite_health import Check, Health
from backoffice_ledger._stores.sqlite_migrations import Migration, migrate_file
from backoffice_ledger.errors import (
    BookExists,
    BookNotFound,
    ControlMissing,
    InvalidOption,
)
from backoffice_ledger.protocols import Clock, Control, IdSource, Listener, SaltSource

__all__ = [
    "Check",
    "Health",
    "MemoryStore",
    "Migration",
    "PostgreSQLStore",
    "Restoration",
    "SQLiteStore",
    "Store",
    "Transaction",
    "doctor",
    "migrate",
    "open_ledger",
    "postgresql_roles",
    "restore",
]

DEFAULT_BOOK = "main"
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def open_ledger(
    where: Any,
    *,
    actor: str | None = None,
    book: str = DEFAULT_BOOK,
    create: bool = False,
    read_only: bool = False,
    controls: Sequence[Control] = (),
    listeners: Sequence[Listener] = (),
    clock: Clock | None = None,
    ids: IdSource | None = None,
    salts: SaltSource | None = None,
) -> Ledger:
    """Open a book.

    Args:
        where: path of a SQLite file, ``":memory:"`` for a book in memory,
            ``"postgresql://..."`` for a PostgreSQL database, a store, or a connection
            of the application, in whose transactions the ledger then posts: of
            ``sqlite3``, psycopg, SQLAlchemy (Connection or Session) or Django.
        actor: who acts; required unless *read_only*.
        book: which of the books in the database.
        create: make the database and the book if there are none.
        read_only: refuse to write; another process may be writing.
        controls: examined before every posting, from now on: the book's manifest
            names them, and it cannot be written without them again.
        listeners: told what has been recorded, once it is committed.
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
    listeners = check_listeners(check_list(listeners, "listeners"))
    if listeners and read_only:
        raise InvalidOption(
            field="listeners", expected="none: a reader cannot note what they have had"
        )
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
        listeners=listeners,
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
    address = os.fspath(where)
    if _is_server(address):
        return PostgreSQLStore(address, create=create, read_only=read_only)
    _check_no_url(where, "where", "a file path, ':memory:' or 'postgresql://...'")
    if "dbname=" in address:
        raise InvalidOption(
            field="where", expected="PostgreSQLStore(dsn) for such a dsn", found=where
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
        is_new = _is_empty(transaction)
        manifest = transaction.facts("control")
    if read_only:
        return
    if is_new:
        uid = check_identifier(session.ids(), "ids")
        session.retried(lambda: _begin_book(session, uid))
    given = {name.rpartition("@")[0] for name in names}
    missing = sorted(set(manifest) - given)
    if missing:
        raise ControlMissing(
            field="controls",
            expected=", ".join(missing),
            found=", ".join(sorted(given)) or "none",
        )
    required = {id_: fact.content["version"] for id_, fact in manifest.items()}
    if any(required.get(n.rpartition("@")[0]) != n.rpartition("@")[2] for n in names):
        session.execute(RequireControls(tuple(names)))
    if session.listeners and not isinstance(store, HostStore):
        _register(session)


def _register(session: Session) -> None:
    """Note where new listeners begin; a host's transaction does so with each write."""
    store, book, listeners = session.store, session.book, session.listeners
    with store.transaction(book, write=False) as transaction:
        is_noted = are_known(listeners, transaction)
    if not is_noted:
        with store.transaction(book, write=True) as transaction:
            register(listeners, transaction)


def postgresql_roles(
    *,
    owner: str = "backoffice_ledger_owner",
    application: str = "backoffice_ledger_app",
    auditor: str = "backoffice_ledger_auditor",
) -> str:
    """Return a script that divides the rights on a PostgreSQL database by roles.

    Run it once, as an administrator, after the schema was made (``create=True``).  The
    owner cannot log in; the application appends to the log but can neither change nor
    delete anything of it; the auditor only reads.  Grant the last two to those who log
    in.

    Raises:
        InvalidOption: a name is not a plain one: small letters, digits, ``_``.
    """
    for field, name in (
        ("owner", owner),
        ("application", application),
        ("auditor", auditor),
    ):
        if not isinstance(name, str) or not re.fullmatch(
            r"[a-z_][a-z0-9_]{0,62}", name
        ):
            raise InvalidOption(
                field=field, expected="small letters, digits and _", found=name
            )
    return ";\n".join(role_statements(owner, application, auditor)) + ";\n"


def _is_empty(transaction: Transaction) -> bool:
    """Whether a book has no record; its first one may still be without a position."""
    return transaction.size() == 0 and not transaction.facts("book")


def _begin_book(session: Session, uid: str) -> None:
    """Record the beginning of a book, unless another process was first."""
    with session.transaction(write=True) as transaction:
        if _is_empty(transaction):
            session.execute(OpenBook(session.book, uid))


def _books(store: Store) -> str:
    return "one of " + (", ".join(store.books()) or "no books")


def _is_server(address: str) -> bool:
    return address.startswith(("postgresql://", "postgres://"))


def _check_no_url(value: str | os.PathLike[str], field: str, expected: str) -> None:
    if "://" in os.fspath(value):
        raise InvalidOption(field=field, expected=expected, found=value)


def _database(value: str | os.PathLike[str], field: str) -> Path:
    path = check_file(value, field)
    _check_no_url(value, field, "the path of a SQLite file")
    return path


def doctor(
    where: str | os.PathLike[str], *, busy_seconds: float = BUSY_SECONDS
) -> Health:
    """Examine a SQLite file and every book in it; change nothing.

    It may run while others read and write.  What is wrong with the file is told, not
    raised.

    Args:
        where: path of the file.
        busy_seconds: how long to wait where SQLite is busy.

    Raises:
        InvalidOption: *where* is not the path of a file.
    """
    path = _database(where, "where")
    return examine(path, check_seconds(busy_seconds, "busy_seconds"))


def migrate(
    path: str | os.PathLike[str], *, busy_seconds: float = BUSY_SECONDS
) -> Migration:
    """Bring a database of an older format to the present one, once and for all.

    Of a SQLite file a copy is made first, ``books.db.format-1.backup`` beside
    ``books.db``; an existing one is never overwritten.  On a PostgreSQL server make a
    backup before.  The migration is one database transaction: whatever happens, the
    database has the old format or the new one.  Programs with an older release cannot
    use it afterwards; end them before.

    Args:
        path: the file, or where the database is (``postgresql://...``, or with
            ``dbname=``) for a role that owns the tables.
        busy_seconds: how long to wait for another writer before `Busy`.

    Raises:
        BookNotFound: there is no such file, or the database has no books.
        MissingExtra: psycopg is not installed.
        ForeignFile: the file is no database, or not one of ours.
        NewerFormat: a newer version of this library wrote it.
        Corrupt: the file is damaged, or its schema was tampered with.
        Busy: another process was writing; nothing was changed.
        StorageFailure: the copy or the change failed; nothing was changed.
        OutcomeUnknown: the same call again tells whether it happened.
    """
    checked = check_seconds(busy_seconds, "busy_seconds")
    if isinstance(path, str) and (_is_server(path) or "dbname=" in path):
        return migrate_database(path, checked)
    return migrate_file(_database(path, "path"), checked)


def restore(
    backup: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    replace: bool = False,
    busy_seconds: float = BUSY_SECONDS,
) -> Restoration:
    """Put a verified copy of a backup in the place of a SQLite file.

    The copy is verified, every book in it, before anything is changed; the backup stays
    as it is.  A file of before is not lost: it is kept as ``books.db.replaced``.

    Args:
        backup: the backup, or any other file of the present format.
        path: where the books belong; a place without a file, unless *replace* is set.
        replace: take the place of a file that nobody has open.
        busy_seconds: how long to wait until nobody has the file open.

    Raises:
        BookNotFound: there is no such backup, or no folder for *path*.
        BookExists: there is a file, and *replace* is not set.
        Busy: somebody has the file open.
        VerificationFailed: the backup is not sound.
        OlderFormat: the backup has an older format; migrate a copy of it.
        StorageFailure: it could not be written; the file of before is in its place.
    """
    return restore_file(
        _database(backup, "backup"),
        _database(path, "path"),
        replace=check_flag(replace, "replace"),
        busy_seconds=check_seconds(busy_seconds, "busy_seconds"),
    )
