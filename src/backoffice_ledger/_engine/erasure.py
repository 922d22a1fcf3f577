"""Erasure: a text goes, its commitment and the reason stay."""

from backoffice_ledger._engine.canonical import text_fields
from backoffice_ledger._engine.commands import Redact
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import Needs, Outcome, State
from backoffice_ledger.errors import UnknownRecord

ENTRY_TYPES = ("entry", "proposal", "refusal")
"""Types of records that hold the texts of an entry."""


def redact_needs(command: Redact, state: State) -> Needs:
    """Return what erasing still has to read."""
    if command.type == "entry":
        return state.missing(histories=[("proposal", command.id)], entries=[command.id])
    return state.missing(histories=[(command.type, command.id)])


def redact(state: State, command: Redact, stamp: Stamp) -> Outcome:
    """Erase one text of every record of a type and id."""
    texts = _texts(state, command)
    if command.field not in texts:
        raise UnknownRecord(
            f"the {command.type} has no such text",
            field="field",
            expected=" or ".join(texts) or "a text that can be erased",
            found=command.field,
        )
    outcome = Outcome()
    if texts[command.field]:
        content = {
            "basis": command.basis,
            "field": command.field,
            "record": command.id,
            "type": command.type,
        }
        record = stamp.record("redaction", command.id, content, [])
        record.erases = (command.type, command.id, command.field)
        outcome.add(record)
    return outcome


def _texts(state: State, command: Redact) -> dict[str, bool]:
    """Return the names of the texts, and whether they are still there.

    Raises:
        UnknownRecord: there is no such record.
    """
    texts: dict[str, bool] = {}
    if command.type == "entry":
        record = state.entries[command.id]
        revisions = state.histories["proposal", command.id]
        if record is not None:
            texts |= dict.fromkeys(record.redacted, False)
            texts |= {name: True for name, _ in text_fields(record.entry)}
        for revision in revisions:
            texts |= dict.fromkeys(revision.texts, True)
        is_known = record is not None or bool(revisions)
    else:
        history = state.histories[command.type, command.id]
        for fact in history:
            for name in fact.content.get("texts", ()):
                texts[name] = texts.get(name, False) or name in fact.texts
        is_known = bool(history)
    if not is_known:
        raise UnknownRecord(
            field="id",
            expected=f"the id of one of type {command.type}",
            found=command.id,
        )
    return texts
