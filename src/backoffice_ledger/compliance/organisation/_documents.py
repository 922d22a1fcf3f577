"""The organisation as documents, small ones: changes of different things do not meet.

All grants and waivers of a person are in one document, so that two grants to the same
person, which might clash, are never stored side by side.  The conflict sets are one
document, so that a control finds them all.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.compliance._checks import folded
from backoffice_ledger.compliance.organisation._conflicts import ConflictSet, Waiver
from backoffice_ledger.compliance.organisation._organisation import (
    Organisation,
    key_of,
)
from backoffice_ledger.compliance.organisation._values import (
    Actor,
    Grant,
    RecertificationPeriod,
    Role,
    Unit,
)
from backoffice_ledger.errors import InvalidDocument

ADMINISTRATION: Final = "role.admin"
"""The duty to change who may do what."""

ACTOR: Final = "organisation-actor"
CONFLICTS: Final = "organisation-conflicts"
PERIOD: Final = "organisation-recertification"
ROLE: Final = "organisation-role"
UNIT: Final = "organisation-unit"

KINDS: Final = (ACTOR, CONFLICTS, PERIOD, ROLE, UNIT)
"""Kinds of documents."""
MATRIX: Final = "matrix"
"""The id of the document that holds the conflict sets."""
_INSTANTS: Final = ("certified_until", "expires", "left", "valid_from", "valid_to")


def _plain(item: Any, *left_out: str) -> dict[str, Any]:
    """Return the fields of *item* as JSON holds them."""
    return {
        name: _plain_value(value)
        for name, value in attrs.asdict(item, recurse=False).items()
        if name not in left_out
    }


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value


def _read(type_: type[Any], content: Mapping[str, Any], **more: Any) -> Any:
    """Return the value whose fields *content* holds."""
    fields = {**content, **more}
    for name in _INSTANTS:
        if fields.get(name) is not None:
            fields[name] = datetime.fromisoformat(fields[name])
    if "effective" in fields:
        fields["effective"] = date.fromisoformat(fields["effective"])
    return type_(**fields)


def to_document(item: Any, organisation: Organisation) -> bl.Document:
    """Return the first version of the document that keeps *item*."""
    match item:
        case Actor() | Waiver() | Grant():
            name = item.id if isinstance(item, Actor) else item.actor
            return _actor_document(organisation.actor(name), organisation)
        case Unit():
            return bl.Document(UNIT, item.path, _plain(item, "path"))
        case Role():
            return bl.Document(ROLE, item.id, _plain(item, "id"))
        case ConflictSet():
            conflicts = [_plain(each) for each in organisation.conflicts]
            return bl.Document(CONFLICTS, MATRIX, {"conflicts": conflicts})
    return bl.Document(PERIOD, "/".join(key_of(item)), _plain(item))


def _actor_document(actor: Actor, organisation: Organisation) -> bl.Document:
    name = folded(actor.id)
    content = _plain(actor)
    content["grants"] = [
        _plain(each, "actor")
        for each in organisation.grants
        if folded(each.actor) == name
    ]
    content["waivers"] = [
        _plain(each, "actor")
        for each in organisation.waivers
        if folded(each.actor) == name
    ]
    return bl.Document(ACTOR, name, content)


def from_documents(documents: Iterable[bl.Document]) -> Organisation:
    """Return the organisation that documents of these `KINDS` keep.

    Raises:
        InvalidDocument: a later release, or other hands, made one.
    """
    parts = [part for document in documents for part in parts_of(document)]
    return Organisation().revised(*parts)


def parts_of(document: bl.Document) -> tuple[Any, ...]:
    """Return what a document keeps: a unit, or an actor with grants and waivers, ...

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    try:
        return tuple(_parts(document.kind, document.id, document.content))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidDocument(
            f"{document.kind} {document.id!r} is none that this release can read",
            field="document",
            expected="what an OrganisationDesk stores",
            found=error,
        ) from error


def _parts(kind: str, id_: str, content: Mapping[str, Any]) -> Iterable[Any]:
    if kind == ACTOR:
        own = {**content}
        grants, waivers = own.pop("grants"), own.pop("waivers")
        actor = _read(Actor, own)
        yield actor
        for grant in grants:
            yield _read(Grant, grant, actor=actor.id)
        for waiver in waivers:
            yield _read(Waiver, waiver, actor=actor.id)
    elif kind == CONFLICTS:
        for conflict in content["conflicts"]:
            yield _read(ConflictSet, conflict)
    elif kind == PERIOD:
        yield _read(RecertificationPeriod, content)
    elif kind == ROLE:
        yield _read(Role, content, id=id_)
    else:
        yield _read(Unit, content, path=id_)
