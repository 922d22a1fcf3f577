"""The seams: what a plug-in, a store or a host gives to the ledger.

All of these are structural: write a class with these methods, inherit from nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.checkpoint import Checkpoint
from backoffice_ledger._model.document import Document
from backoffice_ledger._model.entry import EntryDraft
from backoffice_ledger._model.proposal import (
    Alert,
    ControlDecision,
    Decision,
    Effect,
    Finding,
    Proposal,
    Vote,
)
from backoffice_ledger._model.record import Record

Event = TypeVar("Event", contravariant=True)

__all__ = [
    "Alert",
    "Anchor",
    "Books",
    "Calendar",
    "Clock",
    "Control",
    "ControlDecision",
    "Decision",
    "Effect",
    "Finding",
    "IdSource",
    "Listener",
    "PostingRule",
    "Progress",
    "SaltSource",
    "Signer",
    "VerifyingKey",
    "Vote",
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
    """What a control may look at: the book as it stands, read-only.

    What it has looked at of balances, documents and entries of accounts stays as it is
    until what is examined is committed, on every store.
    """

    @property
    def at(self) -> datetime:
        """The instant of the decision, in UTC; a control reads no other clock."""
        ...

    def balance(self, account: str) -> Balance:
        """Return the balance of an account, positive on its normal side.

        In a run of many entries it holds those before the one that is examined.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        ...

    def document(self, kind: str, id: str) -> Document:
        """Return the latest version of a document.

        Raises:
            UnknownRecord: there is none.
        """
        ...

    def entry(self, id: str) -> Record:
        """Return the record of an entry; others may reverse it meanwhile.

        Raises:
            UnknownRecord: there is no such entry.
        """
        ...

    def entries(self, account: str, first: date, last: date) -> Sequence[Record]:
        """Return the entries of an account booked from *first* to *last*, in order.

        Raises:
            UnknownAccount: the book does not have the account.
        """
        ...

    def proposal(self, id: str) -> Proposal:
        """Return a proposal as it stands at the instant of the decision.

        Raises:
            UnknownProposal: there is none of this id.
        """
        ...


class Control(Protocol):
    """Decides whether something may be done; never edits it.

    A control is pure: the same proposal and book give the same findings.  One that
    raises, or returns anything else than findings, denies (fail closed).

    It examines what posts entries.  One with an attribute ``actions``, a collection of
    names such as ``{"post-entry", "reopen-period"}``, examines those instead; it then
    looks at `Proposal.action` first.  With an attribute ``confidential_to``, the name
    of a duty, all that it finds and the errors that it raises are confidential.
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
        """Return what speaks for or against doing what is proposed, now."""
        ...


class Listener(Protocol):
    """Is told what has been recorded, once it is committed; never before.

    The log is its outbox: the book keeps, by the listener's name, how far it has come.
    It gets every record in the order of the log, at least once: again, if the process
    dies or the listener raises before that is noted.  One that is new to the book
    begins after the last record, or with the first if it has an attribute ``after``
    that is 0.

    It is called inside the transaction that notes how far it has come, so that two
    processes never give it the same records at the same time.  It should be quick
    (hand over to a queue), and must not use the ledger, which may be waiting for it.
    """

    @property
    def name(self) -> str:
        """Stable name, under which the book keeps how far the listener has come."""
        ...

    def __call__(self, records: Sequence[Record]) -> object:
        """Take some records; raise to get them again with the next delivery."""
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


class Signer(Protocol):
    """Signs checkpoints, in the form of C2SP's signed notes."""

    @property
    def name(self) -> str:
        """Name of the key; that of a log's own key is the log's origin."""
        ...

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        ...

    def sign(self, text: bytes) -> bytes:
        """Return the signature over *text*."""
        ...


class VerifyingKey(Protocol):
    """Verifies signatures of one key; whoever verifies has it from elsewhere."""

    @property
    def name(self) -> str:
        """Name of the key."""
        ...

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        ...

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether *signature* is this key's over *text*."""
        ...


class Anchor(Protocol):
    """Puts a checkpoint where whoever can write to the books cannot reach it.

    Any function does: one that sends a mail to the auditor, that writes to storage
    which cannot be overwritten, that asks a time-stamping authority.
    """

    def __call__(self, checkpoint: Checkpoint) -> object:
        """Publish *checkpoint*; ``str(checkpoint)`` is its text.

        It may get the same one again; raise if it could not be published.
        """
        ...
