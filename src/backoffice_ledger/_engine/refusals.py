"""Refusals: a book's no to an entry, kept so that a retry gets the same answer."""

import json
from typing import Final, TypeGuard

from backoffice_ledger import errors
from backoffice_ledger._engine.canonical import (
    canonical_json,
    commitment,
    entry_content,
    leaf_hash,
    record_bytes,
)
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import NewRecord
from backoffice_ledger._model.entry import Refusal
from backoffice_ledger._model.record import Record
from backoffice_ledger.errors import (
    ApprovalRequired,
    IdempotencyConflict,
    LedgerError,
    Refused,
)

_BY_CODE: Final = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, Refused)
}


def is_final(error: LedgerError) -> TypeGuard[Refused]:
    """Whether this is a refusal, and recording it consumes the id.

    An id that another entry has is not this one's to consume, and an approval may
    still come.
    """
    return isinstance(error, Refused) and not isinstance(
        error, (IdempotencyConflict, ApprovalRequired)
    )


def refusal_record(
    stamp: Stamp, refusal: Refusal, texts: list[tuple[str, bytes, str]]
) -> NewRecord:
    """Return the record of a refusal."""
    error, entry = refusal.error, refusal.entry
    commitments = {name: commitment(salt, text) for name, salt, text in texts}
    content = canonical_json(
        {
            "code": error.code,
            "entry": json.loads(entry_content(entry, commitments)),
            "expected": error.expected,
            "field": error.field,
            "found": error.found,
        }
    )
    data = record_bytes("refusal", stamp.actor, stamp.at_text, content)
    return NewRecord(
        "refusal",
        entry.id,
        stamp.actor,
        stamp.at,
        content,
        leaf_hash(data),
        texts=texts,
    )


def recorded_refusal(record: Record) -> Refused:
    """Return the error that a recorded refusal raises again."""
    content = record.content
    error = _BY_CODE[content["code"]](
        "refused before", field=content["field"], expected=content["expected"]
    )
    error.found = content["found"]
    return error
