"""Erasure: a text goes, its commitment and the reason stay."""

from backoffice_ledger._engine.commands import Redact
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import Outcome, State
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger.errors import UnknownRecord


def redact(state: State, command: Redact, stamp: Stamp) -> Outcome:
    """Erase one text of an entry, and of the proposal that it came from."""
    record = state.entries[command.id]
    if record is None:
        raise UnknownRecord(field="id", expected="the id of an entry", found=command.id)
    if command.field in record.redacted:
        return Outcome(results=[record])
    names = ["description"] if record.entry.description else []
    names += [
        f"postings.{line}.memo"
        for line, posting in enumerate(record.entry.postings)
        if posting.memo is not None
    ]
    if command.field not in names:
        raise UnknownRecord(
            field="field", expected=" or ".join(names) or "a text", found=command.field
        )
    content = {
        "basis": check_identifier(command.basis, "basis"),
        "field": command.field,
        "record": command.id,
    }
    outcome = Outcome()
    record_ = stamp.record("redaction", command.id, content, [])
    record_.erases = ("entry", command.id, command.field)
    outcome.add(record_)
    return outcome
