"""Which advisory locks a command takes before it reads anything.

They belong to the transaction: the database releases them when it ends.
"""

from hashlib import sha256
from typing import Final

from backoffice_ledger._engine.commands import EXCLUSIVE, Command, OpenAccount
from backoffice_ledger._model.account import ancestors
from backoffice_ledger._stores.sql_steps import Query

BOOK_CLASS: Final = 0x626C_0002
"""First key of the lock of a book; the second is the book."""
ACCOUNT_CLASS: Final = 0x626C_0003
"""First key of the lock of an account's path; the second is its hash."""

_SHARED: Final = "SELECT pg_advisory_xact_lock_shared(?, ?)"
_EXCLUSIVE: Final = "SELECT pg_advisory_xact_lock(?, ?)"


def locks_of(book_id: int, command: Command | None) -> list[Query]:
    """Return what takes the locks, in the order in which everybody takes them.

    An account that is opened depends on those above and below it: its own path is
    taken exclusively, those above it are shared.
    """
    is_alone = type(command) in EXCLUSIVE
    book = Query(_EXCLUSIVE if is_alone else _SHARED, (BOOK_CLASS, book_id))
    if not isinstance(command, OpenAccount):
        return [book]
    path = command.account.path
    strengths = {path_key(book_id, above): _SHARED for above in ancestors(path)}
    strengths[path_key(book_id, path)] = _EXCLUSIVE
    return [
        book,
        *(
            Query(strength, (ACCOUNT_CLASS, key))
            for key, strength in sorted(strengths.items())
        ),
    ]


def path_key(book_id: int, path: str) -> int:
    """Return the number that stands for a path: 32 bits, with a sign."""
    digest = sha256(f"{book_id}/{path}".encode()).digest()
    return int.from_bytes(digest[:4], signed=True)
