"""The program that is killed: it posts batches, and says which it was told are in.

Each line that it says begins with a word: ``begun``; ``try N`` before batch N is
posted; ``done N`` when the ledger has returned for it; ``done backup`` and ``done
migration``; ``failed CODE``.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final, Literal, TypeVar

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import StoreError
from backoffice_ledger.stores import migrate

T = TypeVar("T")
Say = Callable[[str], None]

CHILD: Final = (
    "import os, sys;"
    "from backoffice_ledger.testing.torture import _writer;"
    "os._exit(_writer.main(sys.argv[1:]))"
)
"""What a child process runs; it leaves without closing anything."""

BACKED_UP: Final = "done backup"
MIGRATED: Final = "done migration"

GAVE_UP: Final = 3
"""Exit code of a writer whose call failed more often than it had patience."""


@attrs.frozen
class Task:
    """What a writer does.

    Attributes:
        path: of the book.
        first: number of the first batch.
        count: how many batches it posts.
        session: batches after which it closes the book and opens it again.
        acknowledges: after the commit, or too early: the control.
        patience: how often it repeats a call that failed.
        backup: if given, it backs the book up to this path in the end.
        migrates: whether it first brings the file to the present format.
    """

    path: str
    first: int = 0
    count: int = 10**9
    session: int = 10**9
    acknowledges: Literal["after", "early"] = "after"
    patience: int = 0
    backup: str = ""
    migrates: bool = False


class GivenUp(Exception):
    """A call failed more often than the writer had patience."""


def batch_of(number: int) -> list[bl.Entry]:
    """Return what is posted as the batch of this number: one to three entries."""
    return [
        bl.Entry(
            f"{number}-{part}",
            date(2026, 1 + number % 12, 1),
            [
                bl.debit("expenses:rent", f"{number + 1}.00 EUR", memo="floor 2"),
                bl.credit("assets:bank", f"{number + 1}.00 EUR"),
            ],
            description="Office",
        )
        for part in range(1 + number % 3)
    ]


def ids_of(number: int) -> set[str]:
    """Return the ids of the entries of a batch."""
    return {f"{number}-{part}" for part in range(1 + number % 3)}


def open_book(path: str | os.PathLike[str]) -> bl.Ledger:
    """Open the book, and make of it what is missing; it may be done again."""
    ledger = bl.open_ledger(path, actor="writer", create=True)
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    return ledger


def post_batch(ledger: bl.Ledger, number: int) -> None:
    """Post a batch in one transaction; it may be done again."""
    entries = batch_of(number)
    if len(entries) == 1:
        ledger.post(entries[0])
    else:
        ledger.post_many(entries)


def _insist(task: Task, say: Say, call: Callable[[], T]) -> T:
    left = task.patience
    while True:
        try:
            return call()
        except StoreError as error:
            say(f"failed {error.code}")
            if not left:
                raise GivenUp from error
            left -= 1


def write(task: Task, say: Say) -> None:
    """Post the batches of a task, session by session.

    Raises:
        GivenUp: a call failed more often than the task has patience.
    """
    say("begun")
    for first in range(task.first, task.first + task.count, task.session):
        ledger = _insist(task, say, partial(open_book, task.path))
        last = min(first + task.session, task.first + task.count)
        for number in range(first, last):
            say(f"try {number}")
            if task.acknowledges == "early":
                say(f"done {number}")
            _insist(task, say, partial(post_batch, ledger, number))
            if task.acknowledges == "after":
                say(f"done {number}")
        ledger.close()


def back_up(task: Task, say: Say) -> None:
    """Back the book up; a target that is there by then is the one that was wanted.

    Raises:
        GivenUp: it failed more often than the task has patience.
    """
    ledger = _insist(task, say, partial(bl.open_ledger, task.path, actor="writer"))
    _insist(task, say, partial(ledger.backup, task.backup))
    say(BACKED_UP)
    ledger.close()


def main(arguments: list[str]) -> int:
    """Carry out a task given as JSON; return the exit code."""
    (text,) = arguments
    task = Task(**json.loads(text))
    try:
        if task.migrates:
            _insist(task, _print, partial(migrate, task.path))
            _print(MIGRATED)
        write(task, _print)
        if task.backup:
            back_up(task, _print)
    except GivenUp:
        return GAVE_UP
    return 0


def command(task: Task) -> list[str]:
    """Return the command line of a process that carries out a task."""
    return [sys.executable, "-c", CHILD, json.dumps(attrs.asdict(task))]


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
