"""The desk: keeps the organisation in a book and changes it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, final

import attrs
from dateutil.relativedelta import relativedelta

import backoffice_ledger as bl
from backoffice_ledger.checks import check_instant
from backoffice_ledger.compliance._checks import check_name, folded
from backoffice_ledger.compliance.organisation._conflicts import ConflictSet, Waiver
from backoffice_ledger.compliance.organisation._documents import (
    ADMINISTRATION,
    KINDS,
    from_documents,
    to_document,
)
from backoffice_ledger.compliance.organisation._organisation import Organisation
from backoffice_ledger.compliance.organisation._values import (
    Actor,
    Grant,
    RecertificationPeriod,
    Role,
    Unit,
)
from backoffice_ledger.errors import (
    InvalidOption,
    NotPermitted,
    UnknownRecord,
)


@final
@attrs.frozen
class OrganisationDesk:
    """The organisation of a firm, kept in a book.

    Every change is a new version of a small document, with its actor and its instant
    in the log.  Changes need somebody with the duty ``role.admin``.  As long as nobody
    has it they need ``founding=True`` instead, and such grants are marked for good.

    Args:
        ledger: the book; *at* is an argument of every change, as in
            ``datetime.now(UTC)``.
    """

    _ledger: bl.Ledger

    def load(self, *, known_at: datetime | None = None) -> Organisation:
        """Return the organisation as it is kept now.

        Args:
            known_at: as it was kept at an instant; this reads the whole log.

        Raises:
            InvalidDocument: a later release, or other hands, made a document.
        """
        if known_at is None:
            return from_documents(self._documents().values())
        check_instant(known_at, "known_at")
        return from_documents(self._known_at(known_at))

    def _documents(self) -> "_Documents":
        """Return the documents as they stand, by kind and id."""
        return {
            (kind, document.id): document
            for kind in KINDS
            for document in self._ledger.documents.all(kind)
        }

    def _known_at(self, instant: datetime) -> Iterator[bl.Document]:
        latest: dict[tuple[str, str], bl.Document] = {}
        for record in self._ledger.records():
            content = record.content
            if record.type != "document" or content["kind"] not in KINDS:
                continue
            if record.recorded_at <= instant:
                key = content["kind"], content["id"]
                latest[key] = bl.Document(
                    *key, content["content"], version=content["version"]
                )
        yield from latest.values()

    # --- changes ---------------------------------------------------------------------

    def store(
        self,
        *items: Unit | Actor | Role | ConflictSet | Waiver | RecertificationPeriod,
        by: str,
        at: datetime,
        founding: bool = False,
    ) -> Organisation:
        """Add or change units, actors, roles, conflicts, waivers; all or nothing.

        Storing what is kept already changes nothing.  Conflict sets and waivers are
        always taken, since stricter rules must not wait: who then holds duties that
        clash loses them, see ``violations`` of what is returned.

        Args:
            items: of any of these kinds, in any order.
            by: who changes it.
            at: when.
            founding: nobody has the duty ``role.admin`` yet.

        Raises:
            NotPermitted: *by* may not, or a role would give somebody duties that
                clash.
            InvalidOption: an item refers to what is not there.
            DocumentConflict: somebody else changed the same thing; try again.
        """
        for item in items:
            if isinstance(item, Grant):
                raise InvalidOption(
                    field="items", expected="no grants; see `grant`", found=item.id
                )

        def change() -> Organisation:
            kept = self._documents()
            before = from_documents(kept.values())
            after = before.revised(*items)
            if after == before:
                return after
            _check_administration(before, by, at, founding=founding)
            if any(isinstance(item, (Actor, Role)) for item in items):
                _check_conflicts(before, after, at)
            documents = [to_document(item, after) for item in items]
            for document in {(d.kind, d.id): d for d in documents}.values():
                self._keep(document, kept)
            return after

        return self._ledger.atomically(change)

    def grant(
        self,
        actor: str,
        role: str,
        *,
        by: str,
        at: datetime,
        valid_from: datetime | None = None,
        valid_to: datetime | None = None,
        id: str | None = None,
        founding: bool = False,
    ) -> Grant:
        """Give somebody a role; it is certified from now on.

        Args:
            actor: who gets it.
            role: its name.
            by: who gives it: somebody else.
            at: when it is given.
            valid_from: from when on it holds; *at* if not given.
            valid_to: until when; a role that a waiver allows must end with it.
            id: of the grant; the role's name if not given.
            founding: nobody has the duty ``role.admin`` yet; then people may give
                themselves a role.

        Raises:
            NotPermitted: *by* may not, or duties clash that no waiver allows.
            InvalidOption: an unknown role, or the id is taken by another grant.
            UnknownRecord: an unknown actor.
            DocumentConflict: somebody else changed the same actor; try again.
        """

        def change() -> Grant:
            check_name(by, "by")
            check_instant(at, "at")
            kept = self._documents()
            before = from_documents(kept.values())
            holder = before.actor(actor)
            months = before.months_certified(_criticality(before, role), at)
            new = Grant(
                id=role if id is None else id,
                actor=holder.id,
                role=role,
                valid_from=at if valid_from is None else valid_from,
                valid_to=valid_to,
                certified_until=at + relativedelta(months=months),
                granted_by=by,
                certified_by=by,
                is_founding=founding,
            )
            known = _find(before, actor, new.id)
            if known == new:
                return new
            _check_administration(before, by, at, founding=founding)
            if known is not None:
                raise InvalidOption(
                    field="id", expected="an id of its own", found=new.id
                )
            after = before.revised(new)
            _check_conflicts(before, after, at)
            self._keep(to_document(new, after), kept)
            return new

        return self._ledger.atomically(change)

    def certify(
        self, actor: str, id: str, *, by: str, at: datetime, founding: bool = False
    ) -> Grant:
        """Confirm that somebody still needs a role, for another period.

        Raises:
            NotPermitted: *by* may not, or is the actor.
            UnknownRecord: there is no such actor or grant.
        """

        def certified(grant: Grant, organisation: Organisation) -> Grant:
            if folded(by) == folded(grant.actor):
                raise NotPermitted(field="by", expected="somebody else", found=by)
            months = organisation.months_certified(
                _criticality(organisation, grant.role), at
            )
            return attrs.evolve(
                grant,
                certified_until=at + relativedelta(months=months),
                certified_by=by,
            )

        return self._change_grant(actor, id, certified, by, at, founding=founding)

    def revoke(
        self, actor: str, id: str, *, by: str, at: datetime, founding: bool = False
    ) -> Grant:
        """End a role at an instant; what was done with it stays.

        Raises:
            NotPermitted: *by* may not.
            UnknownRecord: there is no such actor or grant.
        """

        def revoked(grant: Grant, organisation: Organisation) -> Grant:  # noqa: ARG001
            end = max(at, grant.valid_from)
            if grant.valid_to is not None:
                end = min(end, grant.valid_to)
            return attrs.evolve(grant, valid_to=end)

        return self._change_grant(actor, id, revoked, by, at, founding=founding)

    def _change_grant(
        self,
        actor: str,
        id: str,
        changed: Callable[[Grant, Organisation], Grant],
        by: str,
        at: datetime,
        *,
        founding: bool,
    ) -> Grant:
        def change() -> Grant:
            kept = self._documents()
            before = from_documents(kept.values())
            known = _find(before, before.actor(actor).id, id)
            if known is None:
                raise UnknownRecord(
                    field="id", expected=f"a grant of {actor}", found=id
                )
            _check_administration(before, by, at, founding=founding)
            new = changed(known, before)
            after = before.revised(new)
            self._keep(to_document(new, after), kept)
            return new

        return self._ledger.atomically(change)

    def _keep(self, new: bl.Document, kept: "_Documents") -> None:
        """Store the next version of a document, unless it says the same.

        It follows the version that the change was decided on: where somebody else was
        quicker, that is a conflict.
        """
        latest = kept.get((new.kind, new.id))
        if latest is None:
            self._ledger.documents.store(new)
        elif latest.content != new.content:
            self._ledger.documents.store(latest.revise(new.content))


_Documents = dict[tuple[str, str], bl.Document]
"""Documents by kind and id."""


def _find(organisation: Organisation, actor: str, id: str) -> Grant | None:
    found = (
        grant
        for grant in organisation.grants
        if folded(grant.actor) == folded(actor) and grant.id == id
    )
    return next(found, None)


def _criticality(organisation: Organisation, role: str) -> Any:
    for each in organisation.roles:
        if each.id == role:
            return each.criticality
    raise InvalidOption(field="role", expected="a role of the organisation", found=role)


def _check_administration(
    organisation: Organisation, by: str, at: datetime, *, founding: bool
) -> None:
    """Raise unless *by* may change the organisation at an instant."""
    check_name(by, "by")
    check_instant(at, "at")
    allowed = {
        folded(actor.id)
        for actor in organisation.actors
        if ADMINISTRATION in organisation.duties_of(actor.id, at)
    }
    if founding and allowed:
        raise NotPermitted(
            f"somebody has the duty {ADMINISTRATION} already",
            field="founding",
            expected="False",
            found=founding,
        )
    if not founding and folded(by) not in allowed:
        raise NotPermitted(
            "" if allowed else "nobody has it; see founding=True",
            field="by",
            expected=f"somebody with the duty {ADMINISTRATION}",
            found=by,
        )


def _check_conflicts(before: Organisation, after: Organisation, at: datetime) -> None:
    """Raise if from *at* on duties clash that no waiver allows, and did not before."""
    known = set(_clashes(before, at))
    for conflict, actor, duties in _clashes(after, at):
        if not any(known_[:2] == (conflict, actor) for known_ in known):
            raise NotPermitted(
                f"{actor} would hold {', '.join(duties)}",
                field="role",
                expected=f"no conflict {conflict}, or a waiver as long as the role",
                found=actor,
            )


def _clashes(
    organisation: Organisation, at: datetime
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for actor in organisation.actors:
        changes = (each for each in organisation.changes_of(actor.id) if each > at)
        for instant in (at, *changes):
            for each in organisation.violations_of(actor.id, instant):
                if each.waiver is None:
                    yield each.conflict.id, actor.id, each.duties
