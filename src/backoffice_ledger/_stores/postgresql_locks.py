"""Which advisory locks a command takes before it reads anything.

They belong to the transaction: the database releases them when it ends.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from backoffice_ledger._engine.commands import (
    EXCLUSIVE,
    Command,
    OpenAccount,
    StoreDocument,
    StoreDocuments,
    acting,
)
from backoffice_ledger._engine.documents import document_key
from backoffice_ledger._engine.state import FactKey
from backoffice_ledger._model.account import ancestors
from backoffice_ledger._stores.sql_steps import Query

ACCOUNT_CLASS: Final = 0x626C_0003
"""First key of the lock of an account's path; the second is its hash."""

DOCUMENT_CLASS: Final = 0x626C_0004
"""First key of the lock of a document; the second is the hash of its key."""

_SHARED: Final = "SELECT pg_advisory_xact_lock_shared(?, ?)"
_EXCLUSIVE: Final = "SELECT pg_advisory_xact_lock(?, ?)"
_EXCLUSIVE_MANY: Final = (
    "SELECT count(pg_advisory_xact_lock(?, n)) FROM unnest(?::int[]) AS n"
)


def book_lock(book_id: int, command: Command | None) -> Query:
    """Return what takes the lock of the book and then asks what `Dialect.begin` asks.

    The answer comes from the database's function as it is once the lock is there.
    """
    return Query(
        "SELECT mark, placed, is_waiting FROM bl_enter(?, ?)",
        (book_id, type(acting(command)) in EXCLUSIVE),
    )


def name_locks(book_id: int, command: Command | None) -> list[Query]:
    """Return what takes the locks of names, in the order in which everybody does.

    An account that is opened depends on those above and below it: its own path is
    taken exclusively, those above it are shared.  A document that gets a version is
    taken exclusively; controls that look at it share it.
    """
    command = acting(command)
    if isinstance(command, (StoreDocument, StoreDocuments)):
        stored = (
            [command.document]
            if isinstance(command, StoreDocument)
            else command.documents
        )
        keys = {document_key(each.kind, each.id) for each in stored}
        numbers = sorted({path_key(book_id, key) for key in keys})
        return [Query(_EXCLUSIVE_MANY, (DOCUMENT_CLASS, numbers))]
    if not isinstance(command, OpenAccount):
        return []
    path = command.account.path
    strengths = {path_key(book_id, above): _SHARED for above in ancestors(path)}
    strengths[path_key(book_id, path)] = _EXCLUSIVE
    return [
        Query(strength, (ACCOUNT_CLASS, key))
        for key, strength in sorted(strengths.items())
    ]


def document_holds(book_id: int, keys: Iterable[FactKey]) -> list[Query]:
    """Return what keeps documents as they are, there or not, until the end."""
    numbers = sorted({path_key(book_id, key) for _, key in keys})
    return [Query(_SHARED, (DOCUMENT_CLASS, number)) for number in numbers]


def path_key(book_id: int, path: str) -> int:
    """Return the number that stands for a path or a key: 32 bits, with a sign."""
    digest = sha256(f"{book_id}/{path}".encode()).digest()
    return int.from_bytes(digest[:4], signed=True)
