"""What a record establishes: shared by stores and by verification."""

from collections.abc import Mapping
from typing import Any

from backoffice_ledger._engine.approvals import vote_key
from backoffice_ledger._engine.decisions import decision_facts
from backoffice_ledger._engine.documents import document_key
from backoffice_ledger._engine.state import (
    CALENDAR_ID,
    FactKey,
    period_key,
    use_key,
)


def facts_of(
    type_: str,
    id_: str,
    content: Mapping[str, Any],
    reverses: str | None = None,
    proposal: str | None = None,
) -> tuple[FactKey, ...]:
    """Return the keys of the facts that a record of this content establishes."""
    match type_:
        case "entry":
            links = (("reversal", reverses), ("release", proposal))
            return tuple((kind, key) for kind, key in links if key is not None)
        case "book":
            return (("book", ""),)
        case "account":
            return (("account", content["path"]),)
        case "journal" | "dimension":
            return ((type_, content["name"]),)
        case "commodity":
            return ((type_, content["code"]),)
        case "control":
            return ((type_, content["id"]),)
        case "period":
            return (("period", _period_id(content)),)
        case "calendar":
            return (("calendar", ""),)
        case "exception":
            return (("exception", content["id"]),)
        case "exception-use":
            return (("exception-use", use_key(content["exception"], id_)),)
        case "document":
            return (("document", document_key(content["kind"], content["id"])),)
        case "proposal" | "hold":
            return ((type_, content["id"]),)
        case "vote":
            return (("vote", id_),)
        case "decision":
            return decision_facts(content)
    return ()


def id_of(type_: str, actor: str, content: Mapping[str, Any]) -> str:
    """Return the id that a record of this content, other than an entry, must have."""
    match type_:
        case "book" | "journal" | "dimension":
            id_ = content["name"]
        case "account":
            id_ = content["path"]
        case "commodity":
            id_ = content["code"]
        case "period":
            id_ = _period_id(content)
        case "calendar":
            id_ = CALENDAR_ID
        case "exception-use":
            id_ = content["entry"]
        case "document":
            id_ = document_key(content["kind"], content["id"])
        case "vote":
            id_ = vote_key(content["proposal"], actor, content.get("revision", 1))
        case "redaction":
            id_ = content["record"]
        case "refusal":
            id_ = content["entry"]["id"]
        case _:
            id_ = content["id"]
    return str(id_)


def _period_id(content: Mapping[str, Any]) -> str:
    return period_key(content["journal"], content["name"], content.get("journal_class"))
