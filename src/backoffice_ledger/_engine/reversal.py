"""Reversals: an entry is taken back once, by an entry of its own."""

from collections.abc import Mapping

from backoffice_ledger._engine.commands import Reverse
from backoffice_ledger._engine.controls import Examine
from backoffice_ledger._engine.entries import add_entry, check_same_entry
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import Outcome, State
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.entry import Entry, EntryKind
from backoffice_ledger._model.posting import Posting
from backoffice_ledger._model.record import Record
from backoffice_ledger.errors import (
    AlreadyReversed,
    IdempotencyConflict,
    UnknownRecord,
)


def reverse(
    state: State, command: Reverse, stamp: Stamp, examine: Examine | None
) -> Outcome:
    """Decide the reversal of an entry on a day of its own."""
    existing = state.entries.get(command.reversal_id)
    if existing is not None and existing.reverses != command.id:
        raise IdempotencyConflict(
            "is recorded as something else",
            field="reversal_id",
            found=command.reversal_id,
        )
    original = known_original(state, command.id)
    entry = reversal_of(original, command)
    if existing is not None:
        check_same_entry(entry, existing.entry, existing.redacted)
        return Outcome(results=[existing])
    check_not_reversed(original)
    outcome = Outcome()
    [salt] = stamp.draw(1) if entry.description else [b""]
    texts = [("description", salt, entry.description)] if entry.description else []
    add_entry(
        state,
        outcome,
        entry,
        texts,
        stamp,
        examine,
        phase=original.phase,
        reverses=command.id,
    )
    return outcome


def known_original(state: State, id_: str) -> Record:
    """Return the entry that is to be reversed.

    Raises:
        UnknownRecord: there is no entry of this id.
    """
    original = state.entries[id_]
    if original is None or original.type != "entry":
        raise UnknownRecord(field="id", expected="the id of an entry", found=id_)
    return original


def check_not_reversed(original: Record) -> None:
    """Raise `AlreadyReversed` if another entry took *original* back."""
    if original.reversed_by is not None:
        raise AlreadyReversed(
            f"by {original.reversed_by!r}", field="id", found=original.id
        )


def reversal_of(original: Record, command: Reverse) -> Entry:
    """Return the entry that takes *original* back.

    ``opposite`` swaps the sides; ``same-side`` negates the amounts, so that turnover
    shrinks too (Generalumkehr).  Dimensions are kept; memos are not copied.
    """
    source = original.entry
    return Entry(
        command.reversal_id,
        command.on,
        [_reversed(posting, command.style) for posting in source.postings],
        description=command.reason,
        kind=EntryKind.REVERSING,
        journal=source.journal,
        document_number=source.document_number,
        document_date=source.document_date,
        references=source.references,
        rule=source.rule,
    )


def _reversed(posting: Posting, style: str) -> Posting:
    dimensions: Mapping[str, str] = posting.dimensions
    if style == "opposite":
        return Posting(
            posting.account,
            posting.side.opposite,
            posting.amount,
            dimensions=dimensions,
        )
    amount: Amount = -posting.amount
    return Posting(posting.account, posting.side, amount, dimensions=dimensions)
