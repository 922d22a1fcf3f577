"""What one person may do at an instant, and which of the duties clash."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, final

import attrs

from backoffice_ledger.compliance._checks import folded
from backoffice_ledger.compliance.organisation._conflicts import (
    ConflictSet,
    Waiver,
    matches,
)
from backoffice_ledger.compliance.organisation._values import Actor, Grant, Role
from backoffice_ledger.errors import InvalidOption

NOTHING: Final[frozenset[str]] = frozenset()


@final
@attrs.frozen(order=False)
class Violation:
    """One conflict at one instant.

    Attributes:
        conflict: the set that is broken.
        actors: the person, or the two whose units are not separated.
        duties: those that clash.
        waiver: what allows it, if anything does.
    """

    conflict: ConflictSet
    actors: tuple[str, ...]
    duties: tuple[str, ...]
    waiver: Waiver | None = None


@attrs.frozen
class Rights:
    """What a person holds at an instant.

    *assigned* counts for conflicts; *roles* and *duties* may be used.
    """

    assigned: frozenset[str] = NOTHING
    roles: frozenset[str] = NOTHING
    duties: frozenset[str] = NOTHING
    violations: tuple[Violation, ...] = ()


@attrs.frozen
class Holder:
    """A person with all that the rights depend on, and nothing else."""

    actor: Actor
    grants: tuple[Grant, ...]
    waivers: tuple[Waiver, ...]
    roles: Mapping[str, Role]
    closures: Mapping[str, frozenset[str]]
    conflicts: tuple[ConflictSet, ...]

    def changes(self) -> Iterator[datetime]:
        """Yield the instants at which the rights or conflicts may change."""
        cooling = {0, *(each.cooling_off_days for each in self.conflicts)}
        for grant in self.grants:
            yield grant.valid_from
            yield grant.certified_until
            if grant.valid_to is not None:
                yield from (_later(grant.valid_to, days) for days in cooling)
        if self.actor.left is not None:
            yield self.actor.left
        for waiver in self.waivers:
            yield waiver.valid_from
            yield waiver.expires

    def rights(self, at: datetime) -> Rights:
        """Return what the person holds at an instant."""
        if self.actor.left is not None and at >= self.actor.left:
            return Rights()
        valid = [grant for grant in self.grants if grant.is_valid(at)]
        violations = tuple(self._violations(at))
        suspending = [each.conflict for each in violations if each.waiver is None]
        usable = [
            grant
            for grant in valid
            if at < grant.certified_until
            and not any(each.touched_by(self.duties([grant])) for each in suspending)
        ]
        roles = NOTHING.union(*(self.closures[grant.role] for grant in usable))
        return Rights(self.duties(valid), roles, self.duties(usable), violations)

    def duties(self, grants: Iterable[Grant]) -> frozenset[str]:
        """Return the duties of some grants, those of inherited roles too."""
        names = {name for grant in grants for name in self.closures[grant.role]}
        return frozenset(duty for name in names for duty in self.roles[name].duties)

    def waiver_of(self, conflict: str, at: datetime) -> Waiver | None:
        """Return what allows the person a conflict, if anything does."""
        name = self.actor.id
        found = (each for each in self.waivers if each.covers(conflict, name, at))
        return next(found, None)

    def _violations(self, at: datetime) -> Iterator[Violation]:
        for conflict in self.conflicts:
            if conflict.mode == "static":
                held = self.duties(
                    grant
                    for grant in self.grants
                    if grant.valid_from <= at and _counts(grant, conflict, at)
                )
                if conflict.is_broken_by(held):
                    yield Violation(
                        conflict,
                        (self.actor.id,),
                        clashing(conflict, held),
                        self.waiver_of(conflict.id, at),
                    )


def _later(instant: datetime, days: int) -> datetime:
    return instant + timedelta(days=days)


def _counts(grant: Grant, conflict: ConflictSet, at: datetime) -> bool:
    """Whether a grant that has begun still counts for a conflict."""
    return grant.valid_to is None or at < _later(
        grant.valid_to, conflict.cooling_off_days
    )


def clashing(conflict: ConflictSet, held: Iterable[str]) -> tuple[str, ...]:
    """Return the duties among *held* that the conflict is about."""
    patterns = [pattern for group in conflict.duties for pattern in group]
    return tuple(
        sorted(d for d in held if any(matches(pattern, d) for pattern in patterns))
    )


def check_known(key: str, among: Iterable[str], field: str) -> None:
    """Raise unless *key* is there.

    Raises:
        InvalidOption: it is not.
    """
    if key not in among:
        raise InvalidOption(
            field=field, expected="one that the organisation knows", found=key
        )


def closures_of(roles: Mapping[str, Role]) -> dict[str, frozenset[str]]:
    """Return each role with all that it inherits.

    Raises:
        InvalidOption: an unknown role, or a cycle.
    """
    closures: dict[str, frozenset[str]] = {}

    def close(name: str, path: tuple[str, ...]) -> frozenset[str]:
        check_known(name, roles, "roles.inherits")
        if name in path:
            raise InvalidOption(field="roles.inherits", expected="no cycle", found=name)
        if name not in closures:
            parts = (close(each, (*path, name)) for each in roles[name].inherits)
            closures[name] = frozenset({name}).union(*parts)
        return closures[name]

    for name in roles:
        close(name, ())
    return closures


def of_actor(items: Iterable[Waiver], actor: Actor) -> tuple[Waiver, ...]:
    """Return the waivers that are about somebody."""
    return tuple(each for each in items if folded(each.actor) == folded(actor.id))
