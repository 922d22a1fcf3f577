"""The seams: what a plug-in, a store or a host gives to the ledger.

All of these are structural: write a class with these methods, inherit from nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.entry import EntryDraft
from backoffice_ledger._model.proposal import Finding, Proposal

Event = TypeVar("Event", contravariant=True)

__all__ = [
    "Books",
    "Calendar",
    "Clock",
    "Control",
    "IdSource",
    "PostingRule",
    "Progress",
    "SaltSource",
]

Progress = Callable[..., Iterable[Any]]
"""Wraps an iterable, as ``tqdm.tqdm`` and ``rich.progress.track`` do.

It is called as ``progress(iterable, total=n)``; *n* is None where it is not known.
"""

SaltSource = Callable[[int], bytes]
"""Returns that many unpredictable bytes; the default is ``secrets.token_bytes``."""

IdSource = Callable[[], str]
"""Returns an id that was never returned before; the default is a random UUID."""


class Clock(Protocol):
    """Where the ledger learns what time it is; nothing else reads a clock."""

    def now(self) -> datetime:
        """Return the present instant, with a time zone."""
        ...


class Books(Protocol):
    """What a control may look at: the book as it stands, read-only."""

    def balance(self, account: str) -> Balance:
        """Return the balance of an account, positive on its normal side.

        In a run of many entries it holds those before the one that is examined.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        ...


class Control(Protocol):
    """Decides whether something may be posted; never edits it.

    A control is pure: the same proposal and book give the same findings.  One that
    raises, or returns anything else than findings, denies (fail closed).
    """

    @property
    def id(self) -> str:
        """Stable name, recorded with every decision."""
        ...

    @property
    def version(self) -> str:
        """Version of the rule, recorded with every decision."""
        ...

    def examine(self, proposal: Proposal, books: Books) -> Sequence[Finding]:
        """Return what speaks for or against posting *proposal* now."""
        ...


class PostingRule(Protocol[Event]):
    """Turns an event into the entries that follow from it; never vetoes."""

    @property
    def id(self) -> str:
        """Stable name, recorded in the entries that it makes."""
        ...

    @property
    def version(self) -> str:
        """Version of the rule, recorded in the entries that it makes."""
        ...

    def entries(self, event: Event) -> Iterable[EntryDraft]:
        """Return the entry drafts that follow from *event*, in order."""
        ...


class Calendar(Protocol):
    """Names the periods of a book and says which days they hold."""

    def period_of(self, day: date) -> str:
        """Return the name of the period that holds *day*."""
        ...

    def span(self, name: str) -> tuple[date, date]:
        """Return the first and the last day of the period *name*."""
        ...

    def expand(self, name: str) -> tuple[str, ...]:
        """Return the periods that *name* stands for: itself, or those of a year."""
        ...
