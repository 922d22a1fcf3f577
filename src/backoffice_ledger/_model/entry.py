"""Entries: dated, balanced sets of postings; drafts: those still to be completed."""

import datetime
from collections.abc import Iterable
from enum import Enum
from itertools import islice
from types import MappingProxyType
from typing import Any, Final, final

import attrs

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance, in_code_order
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import check_date
from backoffice_ledger._model.fields import set_field
from backoffice_ledger._model.posting import Posting, Side
from backoffice_ledger._model.text import check_identifier, check_path, check_text
from backoffice_ledger.errors import (
    BoundExceeded,
    InvalidEntry,
    InvalidOption,
    LedgerError,
    Refused,
    Unbalanced,
)

DEFAULT_JOURNAL: Final = "general"
_DEBIT: Final = Side.DEBIT
_POSTINGS_MAX: Final = BOUNDS.postings


class EntryKind(Enum):
    """What an entry is for; decides the report phase in which it counts."""

    NORMAL = "normal"
    ADJUSTING = "adjusting"
    REVERSING = "reversing"
    CLOSING = "closing"
    OPENING = "opening"
    RESTATEMENT = "restatement"
    REVALUATION = "revaluation"


class Phase(Enum):
    """When in the closing of a period an entry counts.

    Unadjusted reports show `NORMAL`, adjusted ones also `ADJUSTING`, post-closing
    ones also `CLOSING`.  A reversal counts in the phase of what it reverses.
    """

    NORMAL = "normal"
    ADJUSTING = "adjusting"
    CLOSING = "closing"


PHASE_OF_KIND: Final = MappingProxyType(
    {
        EntryKind.NORMAL: Phase.NORMAL,
        EntryKind.OPENING: Phase.NORMAL,
        EntryKind.REVERSING: Phase.NORMAL,
        EntryKind.ADJUSTING: Phase.ADJUSTING,
        EntryKind.REVALUATION: Phase.ADJUSTING,
        EntryKind.RESTATEMENT: Phase.ADJUSTING,
        EntryKind.CLOSING: Phase.CLOSING,
    }
)


def _bounded(value: object, count_max: int, field: str) -> tuple[Any, ...]:
    """Return the items of *value*, which may be endless, if they are not too many.

    The order of a set differs from run to run, so that a retry would differ too.
    """
    if isinstance(value, (str, bytes, set, frozenset)) or not isinstance(
        value,
        (list, tuple, Iterable),  # the first two are quick to tell
    ):
        raise InvalidEntry(field=field, expected=f"a list of {field}", found=value)
    items = tuple(islice(value, count_max + 1))
    if len(items) > count_max:
        raise BoundExceeded(
            field=field, expected=f"at most {count_max}", found=f"more than {count_max}"
        )
    return items


def check_postings(postings: object, count_min: int = 2) -> tuple[Posting, ...]:
    """Return *postings* as a tuple.

    Raises:
        InvalidEntry: they are something else than postings, or too few.
        BoundExceeded: they are too many.
    """
    items = _bounded(postings, _POSTINGS_MAX, "postings")
    for index, posting in enumerate(items):
        if type(posting) is not Posting:
            raise InvalidEntry(
                field=f"postings[{index}]",
                expected="debit(...) or credit(...)",
                found=type(posting).__name__,
            )
    if len(items) < count_min:
        raise InvalidEntry(
            field="postings",
            expected=f"at least {count_min} postings",
            found=len(items),
        )
    return items


def _sums(postings: Iterable[Posting]) -> dict[Commodity, int]:
    """Return debits less credits of every commodity that occurs."""
    totals: dict[Commodity, int] = {}
    for posting in postings:
        amount = posting.amount
        unit = amount.commodity
        if posting.side is _DEBIT:
            totals[unit] = totals.get(unit, 0) + amount.minor_units
        else:
            totals[unit] = totals.get(unit, 0) - amount.minor_units
    return totals


def residual(postings: Iterable[Posting]) -> dict[Commodity, int]:
    """Return debits less credits by commodity, zero ones left out."""
    return {unit: total for unit, total in _sums(postings).items() if total}


def check_balanced(postings: Iterable[Posting], field: str = "postings") -> None:
    """Check that *postings* sum to zero in every commodity.

    Raises:
        Unbalanced: they do not.
        CommodityConflict: a code occurs with different scales.
    """
    sums = _sums(postings)
    if any(sums.values()):
        raise Unbalanced(
            "debits less credits must be zero",
            field=field,
            found=str(Balance.from_minor(sums)),
        )
    if len(sums) > 1:
        in_code_order(sums)


def _check_moves(postings: Iterable[Posting]) -> None:
    for posting in postings:
        if posting.amount.minor_units:
            return
    raise InvalidEntry(
        field="postings", expected="an amount that is not zero", found="only zeros"
    )


def _check_references(value: object) -> tuple[str, ...]:
    items = _bounded(value, BOUNDS.mapping_items, "references")
    return tuple(check_identifier(item, "references") for item in items)


def _check_kind(value: object) -> EntryKind:
    try:
        return EntryKind(value)
    except ValueError:
        raise InvalidOption(
            field="kind", expected=", ".join(k.value for k in EntryKind), found=value
        ) from None


def _set_header(
    value: "Entry | EntryDraft",
    description: str,
    kind: "EntryKind | str",
    journal: str,
    document_number: str | None,
    document_date: datetime.date | None,
    economic_date: datetime.date | None,
    references: Iterable[str],
    rule: str | None,
) -> None:
    """Check and set the fields that entries and drafts share, in their order."""
    if description != "":
        description = check_text(description, "description")
    if type(kind) is not EntryKind:
        kind = _check_kind(kind)
    if journal is not DEFAULT_JOURNAL:
        journal = check_identifier(journal, "journal")
    if document_number is not None:
        document_number = check_identifier(document_number, "document_number")
    if document_date is not None:
        document_date = check_date(document_date, "document_date")
    if economic_date is not None:
        economic_date = check_date(economic_date, "economic_date")
    if references != ():
        references = _check_references(references)
    if rule is not None:
        rule = check_identifier(rule, "rule")
    set_field(value, "description", description)
    set_field(value, "kind", kind)
    set_field(value, "journal", journal)
    set_field(value, "document_number", document_number)
    set_field(value, "document_date", document_date)
    set_field(value, "economic_date", economic_date)
    set_field(value, "references", references)
    set_field(value, "rule", rule)


@final
@attrs.frozen(init=False, order=False)
class Entry:
    """A dated set of postings that balances to zero in every commodity.

    Args:
        id: your own id, unique in the book, kept for ever: posting the same content
            under it again is safe.
        date: booking date; decides the period.
        postings: two or more, from `debit` and `credit`.
        description: erasable free text.
        kind: an `EntryKind` or its name.
        journal: the named series that numbers the entry.
        document_number: number of the voucher or invoice.
        document_date: date of the voucher.
        economic_date: what day it is about, where that differs from *date* (late
            business goes to an open period and keeps its economic date).
        references: ids of related things.
        rule: id and version of the posting rule that made it.

    Raises:
        InvalidEntry: fewer than two postings, or all of them zero.
        Unbalanced: debits and credits differ in a commodity.
        CommodityConflict: a code occurs with different scales.
        InvalidIdentifier, InvalidDate, InvalidText, InvalidOption, BoundExceeded:
            the field named in the error is wrong.
    """

    id: str
    date: datetime.date
    postings: tuple[Posting, ...]
    description: str = ""
    kind: EntryKind = EntryKind.NORMAL
    journal: str = DEFAULT_JOURNAL
    document_number: str | None = None
    document_date: datetime.date | None = None
    economic_date: datetime.date | None = None
    references: tuple[str, ...] = ()
    rule: str | None = None

    def __init__(
        self,
        id: str,
        date: datetime.date,
        postings: Iterable[Posting],
        *,
        description: str = "",
        kind: "EntryKind | str" = EntryKind.NORMAL,
        journal: str = DEFAULT_JOURNAL,
        document_number: str | None = None,
        document_date: datetime.date | None = None,
        economic_date: datetime.date | None = None,
        references: Iterable[str] = (),
        rule: str | None = None,
    ) -> None:
        set_field(self, "id", check_identifier(id, "id"))
        set_field(self, "date", check_date(date, "date"))
        items = check_postings(postings, 2)
        set_field(self, "postings", items)
        _set_header(
            self,
            description,
            kind,
            journal,
            document_number,
            document_date,
            economic_date,
            references,
            rule,
        )
        check_balanced(items)
        _check_moves(items)

    @property
    def phase(self) -> Phase:
        """The report phase of the entry's kind."""
        return PHASE_OF_KIND[self.kind]


@final
@attrs.frozen(init=False, order=False)
class EntryDraft:
    """An entry still to be completed: it may have no id and need not balance.

    *balance_to* names the account that takes the difference of every commodity.
    `to_entry` completes the draft; the other fields are those of `Entry`.
    """

    date: datetime.date
    postings: tuple[Posting, ...]
    id: str | None = None
    balance_to: str | None = None
    description: str = ""
    kind: EntryKind = EntryKind.NORMAL
    journal: str = DEFAULT_JOURNAL
    document_number: str | None = None
    document_date: datetime.date | None = None
    economic_date: datetime.date | None = None
    references: tuple[str, ...] = ()
    rule: str | None = None

    def __init__(
        self,
        date: datetime.date,
        postings: Iterable[Posting],
        *,
        id: str | None = None,
        balance_to: str | None = None,
        description: str = "",
        kind: "EntryKind | str" = EntryKind.NORMAL,
        journal: str = DEFAULT_JOURNAL,
        document_number: str | None = None,
        document_date: datetime.date | None = None,
        economic_date: datetime.date | None = None,
        references: Iterable[str] = (),
        rule: str | None = None,
    ) -> None:
        set_field(self, "date", check_date(date, "date"))
        items = check_postings(postings, 1)
        in_code_order(_sums(items))
        set_field(self, "postings", items)
        set_field(self, "id", None if id is None else check_identifier(id, "id"))
        if balance_to is not None:
            balance_to = check_path(balance_to, "balance_to")
        set_field(self, "balance_to", balance_to)
        _set_header(
            self,
            description,
            kind,
            journal,
            document_number,
            document_date,
            economic_date,
            references,
            rule,
        )

    @property
    def residual(self) -> Balance:
        """Debits less credits of the postings so far."""
        return Balance.from_minor(residual(self.postings))

    def to_entry(self, id: str | None = None) -> Entry:
        """Return the balanced entry.

        Raises:
            InvalidEntry: neither the draft nor the call gives an id, or two do.
            Unbalanced: a difference remains and no *balance_to* takes it.
        """
        if id is not None and self.id is not None and id != self.id:
            raise InvalidEntry(field="id", expected=repr(self.id), found=id)
        entry_id = self.id if id is None else id
        if entry_id is None:
            raise InvalidEntry(field="id", expected="an id, here or in the draft")
        postings = self.postings
        if self.balance_to is not None:
            postings += tuple(
                _balancing_posting(self.balance_to, amount) for amount in self.residual
            )
        return Entry(
            entry_id,
            self.date,
            postings,
            description=self.description,
            kind=self.kind,
            journal=self.journal,
            document_number=self.document_number,
            document_date=self.document_date,
            economic_date=self.economic_date,
            references=self.references,
            rule=self.rule,
        )


def _balancing_posting(account: str, amount: Amount) -> Posting:
    side = Side.CREDIT if amount.minor_units > 0 else Side.DEBIT
    return Posting(account, side, abs(amount))


def stored_entry(*fields: Any) -> Entry:
    """Build an entry from fields that a store has checked before."""
    self = Entry.__new__(Entry)
    for name, value in zip(_ENTRY_FIELDS, fields, strict=True):
        set_field(self, name, value)
    return self


_ENTRY_FIELDS: Final = tuple(field.name for field in attrs.fields(Entry))


@final
@attrs.frozen
class Refusal:
    """An entry that the book did not take.

    Attributes:
        index: its place among the entries of the call, from 0.
        entry: what was to be posted.
        error: why it was not posted; its ``code`` is stable.
    """

    index: int
    entry: Entry
    error: Refused = attrs.field(eq=str)  # equal errors are those that say the same

    @property
    def id(self) -> str:
        """The id of the entry."""
        return self.entry.id


@final
@attrs.frozen
class PostSummary:
    """What `Ledger.post_many` did; every entry is posted, repeated or refused.

    Attributes:
        posted: entries written by this call.
        repeated: entries that the book already held with the same content.
        batches: committed batches.
        first_position: log position of the first entry written, or None where there
            is none, or where it is not known before a host's commit.
        last_position: log position of the last entry written, or None likewise.
        refusals: the entries that the book did not take, with the reasons, where
            *on_refusal* lets the others be posted.
    """

    posted: int = 0
    repeated: int = 0
    batches: int = 0
    first_position: int | None = None
    last_position: int | None = None
    refusals: tuple[Refusal, ...] = ()


def at_index(error: LedgerError, index: int, id: str) -> None:
    """Name in *error* which entry of a batch it is about."""
    where = f"entries[{index}] (id {id!r})"
    error.field = f"{where}.{error.field}" if error.field else where
