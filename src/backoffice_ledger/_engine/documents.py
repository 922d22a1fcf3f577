"""Documents: versions, each a record of its own."""

from collections.abc import Sequence
from typing import Any

from backoffice_ledger._engine.commands import StoreDocument
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import Fact, Outcome, State, key_part
from backoffice_ledger._model.document import Document, plain_json
from backoffice_ledger.errors import DocumentConflict

PERSONAL = "personal."
"""Prefix of the names under which personal fields are committed."""


def document_key(kind: str, id_: str) -> str:
    """Return the key of the fact about a document."""
    return f"{key_part(kind)}/{id_}"


def document_from_fact(fact: Fact) -> Document:
    """Return the document that a fact records; erased fields are missing."""
    body = dict(fact.content["content"])
    names = []
    for name in fact.content.get("personal", ()):
        text = fact.texts.get(PERSONAL + name)
        if text is not None:
            body[name] = text[1]
            names.append(name)
    return Document(
        fact.content["kind"],
        fact.content["id"],
        body,
        personal=names,
        version=fact.content["version"],
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
    )


def store_document(state: State, command: StoreDocument, stamp: Stamp) -> Outcome:
    """Add the next version; storing the latest one again changes nothing."""
    document = command.document
    key = document_key(document.kind, document.id)
    fact = state.fact("document", key)
    latest = 0 if fact is None else fact.content["version"]
    if fact is not None and document.version == latest:
        if document_from_fact(fact) != without(document, fact.erased):
            raise DocumentConflict(
                f"version {latest} of {key} has other content",
                field="version",
                expected=str(latest + 1),
                found=document.version,
            )
        return Outcome(results=[fact])
    if document.version != latest + 1:
        raise DocumentConflict(
            f"the latest version of {key} is {latest}",
            field="version",
            expected=str(latest + 1),
            found=document.version,
        )
    body = plain_json(document.content)
    texts = {PERSONAL + name: body.pop(name) for name in document.personal}
    content: dict[str, Any] = {
        "content": body,
        "id": document.id,
        "kind": document.kind,
        "version": document.version,
    }
    if document.personal:
        content["personal"] = list(document.personal)
    outcome = Outcome()
    outcome.add(stamp.record("document", key, content, [("document", key)], texts))
    return outcome
