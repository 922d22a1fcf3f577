"""Documents: versions, each a record of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backoffice_ledger._engine.commands import StoreDocument, StoreDocuments
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import (
    Fact,
    FactKey,
    IndexChange,
    NewRecord,
    Outcome,
    State,
    key_part,
)
from backoffice_ledger._model.document import Document, stored_document
from backoffice_ledger._model.text import EMPTY_MAPPING
from backoffice_ledger.errors import DocumentConflict

PERSONAL = "personal."
"""Prefix of the names under which personal fields are committed."""

UNDECLARED: Final = ""
"""What stands in the index in the place of a name where a document declares none."""

_NOTHING: Final[Mapping[str, str]] = {UNDECLARED: ""}


def document_key(kind: str, id_: str) -> str:
    """Return the key of the fact about a document."""
    return f"{key_part(kind)}/{id_}"


def declared(content: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a document is found by, from the content of its record.

    One that declares nothing has an entry that says so: it can still be listed.
    """
    index: Mapping[str, str] = content.get("index", _NOTHING)
    return index


def document_from_fact(fact: Fact) -> Document:
    """Return the document that a fact records; erased fields are missing."""
    body = dict(fact.content["content"])
    names = []
    for name in fact.content.get("personal", ()):
        text = fact.texts.get(PERSONAL + name)
        if text is not None:
            body[name] = text[1]
            names.append(name)
    return stored_document(
        fact.content["kind"],
        fact.content["id"],
        body,
        names,
        fact.content["version"],
        fact.content.get("index", EMPTY_MAPPING),
    )


def without(document: Document, erased: Sequence[str]) -> Document:
    """Return *document* without the personal fields that were erased."""
    names = [name for name in document.personal if PERSONAL + name in erased]
    if not names:
        return document
    return Document(
        document.kind,
        document.id,
        {key: item for key, item in document.content.items() if key not in names},
        personal=[name for name in document.personal if name not in names],
        version=document.version,
        index=document.index,
    )


def document_fact(document: Document) -> FactKey:
    """Return the key of the fact that *document* is the latest version."""
    return "document", document_key(document.kind, document.id)


def store_document(state: State, command: StoreDocument, stamp: Stamp) -> Outcome:
    """Add the next version; storing the latest one again changes nothing."""
    outcome = Outcome()
    _store(state, command.document, stamp, outcome, {})
    return outcome


def store_documents(state: State, command: StoreDocuments, stamp: Stamp) -> Outcome:
    """Add versions; storing the latest one again changes nothing.

    A document may come more than once, with one version after the other.
    """
    outcome = Outcome()
    added: dict[FactKey, tuple[Document, NewRecord]] = {}
    for index, document in enumerate(command.documents):
        try:
            _store(state, document, stamp, outcome, added)
        except DocumentConflict as error:
            error.field = f"documents[{index}].{error.field}"
            raise
    return outcome


def _store(
    state: State,
    document: Document,
    stamp: Stamp,
    outcome: Outcome,
    added: dict[FactKey, tuple[Document, NewRecord]],
) -> None:
    key = document_fact(document)
    fact = state.fact(*key)
    number = 0
    before: Mapping[str, str] = {}
    if key in added:
        latest, record = added[key]
        number, before = latest.version, latest.index or _NOTHING
        if latest == document:
            outcome.results.append(record)
            return
    elif fact is not None:
        number, before = fact.content["version"], declared(fact.content)
        is_same = number == document.version and (
            document_from_fact(fact) == without(document, fact.erased)
        )
        if is_same:
            outcome.results.append(fact)
            return
    if document.version != number + 1:
        raise DocumentConflict(
            f"version {number} of {key[1]} has other content"
            if document.version == number
            else f"the latest version of {key[1]} is {number}",
            field="version",
            expected=str(number + 1),
            found=document.version,
        )
    record = _record(document, key, stamp)
    after = document.index or _NOTHING
    if after != before:
        record.index = IndexChange(document.kind, document.id, before, after)
    added[key] = document, record
    outcome.add(record)


def _record(document: Document, key: FactKey, stamp: Stamp) -> NewRecord:
    body = dict(document.content.items())
    texts = {PERSONAL + name: body.pop(name) for name in document.personal}
    content: dict[str, Any] = {
        "content": body,
        "id": document.id,
        "kind": document.kind,
        "version": document.version,
    }
    if document.personal:
        content["personal"] = list(document.personal)
    if document.index:
        content["index"] = dict(document.index)
    return stamp.record("document", key[1], content, [key], texts)
