"""The organisation as a control finds it: in the book, within the transaction."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.compliance._checks import folded
from backoffice_ledger.compliance.organisation._conflicts import ConflictSet, Waiver
from backoffice_ledger.compliance.organisation._documents import (
    ACTOR,
    ADMINISTRATION,
    CONFLICTS,
    KINDS,
    MATRIX,
    ROLE,
    parts_of,
)
from backoffice_ledger.compliance.organisation._rights import Holder, closures_of
from backoffice_ledger.compliance.organisation._values import (
    Actor,
    ActorKind,
    Grant,
    Role,
)
from backoffice_ledger.errors import InvalidOption, UnknownRecord
from backoffice_ledger.protocols import Books, Control, Finding


@final
@attrs.frozen(order=False, eq=False)
class BookOrganisation:
    """What the book that a control looks at says about actors: never out of date.

    It reads no more than the documents about the actors that it is asked about, and
    their roles.  They stay as they are until what is examined is committed, so that a
    role is not revoked while it is being used.

    Args:
        books: what `Control.examine` is given.
    """

    _books: Books
    _holders: dict[str, Holder] = attrs.field(init=False, factory=dict, repr=False)

    @property
    def conflicts(self) -> tuple[ConflictSet, ...]:
        """The conflict sets that the book keeps."""
        try:
            document = self._books.document(CONFLICTS, MATRIX)
        except UnknownRecord:
            return ()
        return parts_of(document)

    def roles_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the roles that somebody may use at an instant.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._holder(actor).rights(at).roles

    def duties_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the duties that somebody may use at an instant.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._holder(actor).rights(at).duties

    def unit_of(self, actor: str) -> str:
        """Return the path of somebody's unit.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._holder(actor).actor.unit

    def level_of(self, actor: str) -> int:
        """Return somebody's level of competence.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._holder(actor).actor.level

    def kind_of(self, actor: str) -> ActorKind:
        """Return whether the actor is ``human`` or a ``service``.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._holder(actor).actor.kind

    def waiver_of(self, conflict: str, actor: str, at: datetime) -> Waiver | None:
        """Return what allows somebody a conflict, if anything does.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._holder(actor).waiver_of(conflict, at)

    def _holder(self, name: str) -> Holder:
        key = folded(name)
        if key not in self._holders:
            parts = parts_of(self._books.document(ACTOR, key))
            grants = tuple(each for each in parts if isinstance(each, Grant))
            roles = self._roles({grant.role for grant in grants})
            self._holders[key] = Holder(
                next(each for each in parts if isinstance(each, Actor)),
                grants,
                tuple(each for each in parts if isinstance(each, Waiver)),
                roles,
                closures_of(roles),
                self.conflicts,
            )
        return self._holders[key]

    def _roles(self, wanted: Collection[str]) -> dict[str, Role]:
        """Return roles, with those that they inherit."""
        found: dict[str, Role] = {}
        missing = sorted(wanted)
        while missing:
            name = missing.pop()
            [found[name]] = parts_of(self._books.document(ROLE, name))
            missing += [each for each in found[name].inherits if each not in found]
        return found


_ACTIONS: Final = frozenset({"post-entry"})


@final
@attrs.frozen(order=False, eq=False)
class WithOrganisation:
    """A control that asks the organisation in the book itself.

    A control that is handed an `Organisation` knows it as it was then.  This one makes
    its control anew for every decision, with what the book says at that moment::

        WithOrganisation(lambda organisation: SeparationOfDuties(organisation))

    Args:
        make: returns a control for a `BookOrganisation`; it must always return one of
            the same id and version, and not ask the organisation.

    Raises:
        InvalidOption: *make* cannot be called.
    """

    _make: Callable[[BookOrganisation], Control]
    _like: Control = attrs.field(
        init=False, default=attrs.Factory(lambda self: self._made(_NoBooks()), True)
    )

    def _made(self, books: Any) -> Control:
        if not callable(self._make):
            raise InvalidOption(
                field="make", expected="a function", found=type(self._make).__name__
            )
        return self._make(BookOrganisation(books))

    @property
    def id(self) -> str:
        """The id of the control."""
        return self._like.id

    @property
    def version(self) -> str:
        """The version of the control."""
        return self._like.version

    @property
    def actions(self) -> Collection[str]:
        """What the control examines."""
        actions: Collection[str] = getattr(self._like, "actions", _ACTIONS)
        return actions

    @property
    def confidential_to(self) -> str | None:
        """The duty whose holders alone may read what it finds, or None."""
        duty: str | None = getattr(self._like, "confidential_to", None)
        return duty

    def examine(self, proposal: bl.Proposal, books: Books) -> Sequence[Finding]:
        """Return what the control finds."""
        return self._made(books).examine(proposal, books)


@final
@attrs.frozen(order=False)
class OrganisationGuard:
    """Denies changes of the organisation by others than its administrators.

    `OrganisationDesk` checks who changes what; the documents themselves can be stored
    without it.  With this control the ledger's actor must hold the duty ``role.admin``
    by what the book says at that moment.  Found the organisation first, then open the
    book with the control.

    Args:
        id: the name under which the book's manifest requires the control.
        version: recorded with every decision.
    """

    id: str = attrs.field(default="organisation-guard", kw_only=True)
    version: str = attrs.field(default="1", kw_only=True)

    @property
    def actions(self) -> Collection[str]:
        """Documents are what it examines."""
        return frozenset({"store-document"})

    def examine(self, proposal: bl.Proposal, books: Books) -> list[bl.Allow | bl.Deny]:
        """Deny what somebody else changes."""
        if not any(each.content.get("kind") in KINDS for each in proposal.effect):
            return [bl.Allow()]
        organisation = BookOrganisation(books)
        for maker in proposal.makers:
            if ADMINISTRATION not in organisation.duties_of(maker, books.at):
                return [bl.Deny("not-an-administrator", maker)]
        return [bl.Allow()]


class _NoBooks:
    """Stands for the book while a control is only asked for its name."""

    def __getattr__(self, name: str) -> Any:
        raise InvalidOption(
            field="make", expected="a function that does not ask yet", found=name
        )
