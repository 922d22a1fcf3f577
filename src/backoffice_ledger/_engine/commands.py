"""Everything that can be asked of a book, as values."""

from collections.abc import Sequence
from datetime import date

import attrs

from backoffice_ledger._model.account import Account
from backoffice_ledger._model.document import Document
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.period import PeriodState
from backoffice_ledger._model.proposal import Decision
from backoffice_ledger._model.record import Journal


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
    """Bring periods into a state."""

    names: tuple[str, ...]
    state: PeriodState
    journal: str | None = None
    reason: str = ""


@attrs.frozen
class StoreDocument:
    """Add a version of a document."""

    document: Document


@attrs.frozen
class PostEntries:
    """Post entries, all of them or none.

    *offset* is how many entries of the same call came before, for error messages;
    None for a single entry that needs no number.
    """

    entries: Sequence[Entry]
    offset: int | None = None


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
    """Keep an entry as a proposal to be voted on."""

    entry: Entry


@attrs.frozen
class ProposeReversal:
    """Keep the reversal of an entry as a proposal to be voted on."""

    reversal: Reverse


@attrs.frozen
class CastVote:
    """Vote on a proposal, or withdraw it."""

    proposal: str
    decision: Decision
    seen: str


@attrs.frozen
class Release:
    """Post a proposal."""

    proposal: str


@attrs.frozen
class Redact:
    """Erase a text of all records of a type and id; the commitments stay."""

    type: str
    id: str
    field: str
    basis: str


Command = (
    OpenBook
    | RequireControls
    | OpenAccount
    | ChangeAccount
    | CloseAccount
    | OpenJournal
    | DeclareDimension
    | SetPeriods
    | StoreDocument
    | PostEntries
    | Reverse
    | Propose
    | ProposeReversal
    | CastVote
    | Release
    | Redact
)
