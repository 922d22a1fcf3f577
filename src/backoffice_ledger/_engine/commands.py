"""Everything that can be asked of a book, as values."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import attrs

from backoffice_ledger._model.account import Account
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.document import Document
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.hold import Hold
from backoffice_ledger._model.limit import Limit
from backoffice_ledger._model.period import PeriodState
from backoffice_ledger._model.posting import Posting
from backoffice_ledger._model.proposal import Decision
from backoffice_ledger._model.record import Journal
from backoffice_ledger._model.text import EMPTY_MAPPING
from backoffice_ledger.calendars import BookCalendar


@attrs.frozen
class OpenBook:
    """Begin a book: the first record of its log."""

    name: str
    uid: str


@attrs.frozen
class RequireControls:
    """Add controls to the manifest: the book opens only with them from now on."""

    controls: tuple[str, ...]


@attrs.frozen
class OpenAccount:
    """Add an account to the chart."""

    account: Account


@attrs.frozen
class ChangeAccount:
    """Replace the properties of an account, except its path and type."""

    account: Account


@attrs.frozen
class CloseAccount:
    """Let an account take nothing after a day; its balance must be zero."""

    path: str
    on: date


@attrs.frozen
class OpenJournal:
    """Begin a named series of entries."""

    journal: Journal


@attrs.frozen
class DeclareDimension:
    """Allow a dimension on postings."""

    name: str


@attrs.frozen
class SetPeriods:
    """Bring periods into a state; a name may stand for those of a year or a quarter."""

    names: tuple[str, ...]
    state: PeriodState
    journal: str | None = None
    journal_class: str | None = None
    reason: str = ""


@attrs.frozen
class UseCalendar:
    """Name the days by a calendar: all, or those from a day on."""

    calendar: BookCalendar
    since: date | None = None
    reason: str = ""


@attrs.frozen
class AllowException:
    """Let some actors post into closed periods until an instant."""

    id: str
    name: str
    actors: tuple[str, ...]
    until: int
    reason: str
    journal: str | None = None
    journal_class: str | None = None


@attrs.frozen
class RevokeException:
    """Take such a leave back."""

    id: str
    reason: str


@attrs.frozen
class StoreDocument:
    """Add a version of a document."""

    document: Document


@attrs.frozen
class StoreDocuments:
    """Add versions of documents, all of them or none, in this order."""

    documents: Sequence[Document]


@attrs.frozen
class Conditions:
    """What must hold of accounts after an entry, besides their own limits.

    Attributes:
        limits: by account path.
        versions: the versions of accounts, by path, before the entry.
    """

    limits: Mapping[str, Mapping[str, Limit]] = EMPTY_MAPPING
    versions: Mapping[str, int] = EMPTY_MAPPING


NO_CONDITIONS: Final = Conditions()


@attrs.frozen
class PostEntries:
    """Post entries, all of them or none.

    Attributes:
        entries: what to post.
        offset: how many entries of the same call came before, for error messages;
            None for a single entry that needs no number.
        conditions: for a single entry, or the first one that is new.
        balancing: path of the account that bounds the amount of a single entry to
            what is available on it, or None.
        on_refusal: ``raise``; ``record``, which makes a refusal consume the id; or
            ``collect``, which also goes on with the other entries.
    """

    entries: Sequence[Entry]
    offset: int | None = None
    conditions: Conditions = NO_CONDITIONS
    balancing: str | None = None
    on_refusal: str = "raise"


@attrs.frozen
class Reserve:
    """Reserve money: a hold."""

    hold: Hold


@attrs.frozen
class Capture:
    """Post what a hold reserves, or a part of it."""

    hold: str
    entry_id: str
    on: date
    amount: Amount | None
    postings: tuple[Posting, ...] | None
    remainder: str | None
    description: str | None
    journal: str


@attrs.frozen
class Void:
    """Release what a hold reserves."""

    hold: str


@attrs.frozen
class Expire:
    """Record that holds have expired: those of the given ids that are due."""

    holds: tuple[str, ...]


@attrs.frozen
class Reverse:
    """Post the reversal of an entry."""

    id: str
    on: date
    reason: str
    style: str
    reversal_id: str


@attrs.frozen
class Propose:
    """Keep an entry as a proposal to be voted on.

    Attributes:
        entry: what is proposed.
        ttl: how long it may wait at most, in microseconds, or None.
        revises: whether it is another revision of a proposal.
    """

    entry: Entry
    ttl: int | None = None
    revises: bool = False


@attrs.frozen
class ProposeReversal:
    """Keep the reversal of an entry as a proposal to be voted on; as `Propose`."""

    reversal: Reverse
    ttl: int | None = None
    revises: bool = False


@attrs.frozen
class CastVote:
    """Vote on a proposal, or withdraw it."""

    proposal: str
    decision: Decision
    seen: str
    on_behalf_of: str | None = None
    reason: str = ""


@attrs.frozen
class Redact:
    """Erase a text of all records of a type and id; the commitments stay."""

    type: str
    id: str
    field: str
    basis: str


Action = (
    OpenAccount
    | ChangeAccount
    | CloseAccount
    | OpenJournal
    | DeclareDimension
    | SetPeriods
    | UseCalendar
    | AllowException
    | RevokeException
    | StoreDocument
    | Redact
    | RequireControls
)
"""What can be proposed besides entries, and controls may examine."""


@attrs.frozen
class ProposeAction:
    """Keep a command as a proposal to be voted on; as `Propose`."""

    id: str
    action: Action
    ttl: int | None = None
    revises: bool = False


@attrs.frozen
class Release:
    """Do what is proposed; *action* is what it is if it is no entry."""

    proposal: str
    action: Action | None = None


Command = (
    OpenBook
    | RequireControls
    | OpenAccount
    | ChangeAccount
    | CloseAccount
    | OpenJournal
    | DeclareDimension
    | SetPeriods
    | UseCalendar
    | AllowException
    | RevokeException
    | StoreDocument
    | StoreDocuments
    | PostEntries
    | Reserve
    | Capture
    | Void
    | Expire
    | Reverse
    | Propose
    | ProposeReversal
    | ProposeAction
    | CastVote
    | Release
    | Redact
)

EXCLUSIVE: Final = frozenset(
    {
        AllowException,
        ChangeAccount,
        CloseAccount,
        DeclareDimension,
        OpenBook,
        OpenJournal,
        Redact,
        RequireControls,
        RevokeException,
        SetPeriods,
        UseCalendar,
    }
)
"""Commands that no other command of the book may run beside."""


def acting(command: Command | None) -> Command | None:
    """Return the command whose locks are needed: of a release, those of the action."""
    if isinstance(command, Release) and command.action is not None:
        return command.action
    return command
