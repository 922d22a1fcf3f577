"""The organisation as a whole: who holds which duties, and which of them clash."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import combinations, pairwise
from typing import Any, Final, TypeVar, final

import attrs

from backoffice_ledger.checks import check_instances, check_instant
from backoffice_ledger.compliance._checks import folded, in_force
from backoffice_ledger.compliance.organisation._conflicts import ConflictSet, Waiver
from backoffice_ledger.compliance.organisation._rights import (
    Holder,
    Rights,
    Violation,
    check_known,
    clashing,
    closures_of,
    of_actor,
)
from backoffice_ledger.compliance.organisation._values import (
    RECERTIFICATION_PERIODS,
    Actor,
    ActorKind,
    Criticality,
    Grant,
    RecertificationPeriod,
    Role,
    Unit,
)
from backoffice_ledger.errors import InvalidOption, UnknownRecord

T = TypeVar("T")

FIELDS: Final[dict[type, str]] = {
    Unit: "units",
    Actor: "actors",
    Role: "roles",
    Grant: "grants",
    ConflictSet: "conflicts",
    Waiver: "waivers",
    RecertificationPeriod: "periods",
}
"""Where each kind of thing stands in an organisation."""


def key_of(item: Any) -> tuple[str, ...]:
    """Return what names a thing among its kind."""
    if isinstance(item, Unit):
        return (item.path,)
    if isinstance(item, Grant):
        return (folded(item.actor), item.id)
    if isinstance(item, RecertificationPeriod):
        return (item.criticality, item.effective.isoformat())
    if isinstance(item, Actor):
        return (folded(item.id),)
    return (item.id,)


def _parts(kind: type[T], items: Iterable[T]) -> tuple[T, ...]:
    """Return things of a kind in order, each once.

    Raises:
        InvalidOption: a name occurs twice, or one is of another kind.
    """
    field = FIELDS[kind]
    parts = sorted(check_instances(items, kind, field), key=key_of)
    for one, other in pairwise(parts):
        if key_of(one) == key_of(other):
            name = "/".join(key_of(one))
            raise InvalidOption(field=field, expected="each once", found=name)
    return tuple(parts)


def _as_units(items: Iterable[Unit]) -> tuple[Unit, ...]:
    return _parts(Unit, items)


def _as_actors(items: Iterable[Actor]) -> tuple[Actor, ...]:
    return _parts(Actor, items)


def _as_roles(items: Iterable[Role]) -> tuple[Role, ...]:
    return _parts(Role, items)


def _as_grants(items: Iterable[Grant]) -> tuple[Grant, ...]:
    return _parts(Grant, items)


def _as_conflicts(items: Iterable[ConflictSet]) -> tuple[ConflictSet, ...]:
    return _parts(ConflictSet, items)


def _as_waivers(items: Iterable[Waiver]) -> tuple[Waiver, ...]:
    return _parts(Waiver, items)


def _as_periods(
    items: Iterable[RecertificationPeriod],
) -> tuple[RecertificationPeriod, ...]:
    return _parts(RecertificationPeriod, items)


def _units_of(self: "Organisation") -> dict[str, Unit]:
    return {unit.path: unit for unit in self.units}


def _actors_of(self: "Organisation") -> dict[str, Actor]:
    return {folded(actor.id): actor for actor in self.actors}


def _roles_of(self: "Organisation") -> dict[str, Role]:
    return {role.id: role for role in self.roles}


def _closures_of(self: "Organisation") -> dict[str, frozenset[str]]:
    return closures_of(_roles_of(self))


def _grants_of(self: "Organisation") -> dict[str, tuple[Grant, ...]]:
    found: dict[str, tuple[Grant, ...]] = {}
    for each in self.grants:
        found[folded(each.actor)] = (*found.get(folded(each.actor), ()), each)
    return found


@final
@attrs.frozen(order=False, kw_only=True)
class Organisation:
    """Units, actors, roles and grants of a firm; a value that nothing changes.

    It answers what `compliance.Authority` asks.  A right counts if its grant is valid
    and certified and the actor has not left.  Roles that stand in a static conflict
    without a waiver give no right at all: neither an expired waiver nor two
    changes at the same time leave somebody with duties that must be apart.

    Args:
        units: each path once.
        actors: each name once, upper and lower case alike; of known units.
        roles: without cycles.
        grants: of known roles to known actors, by others.
        conflicts: sets of duties that do not go together.
        waivers: of known conflicts, for known actors, by known approvers.
        periods: how long certifications last.

    Raises:
        InvalidOption: a name that occurs twice, a cycle, or something that refers to
            what is not there.
    """

    units: tuple[Unit, ...] = attrs.field(default=(), converter=_as_units)
    actors: tuple[Actor, ...] = attrs.field(default=(), converter=_as_actors)
    roles: tuple[Role, ...] = attrs.field(default=(), converter=_as_roles)
    grants: tuple[Grant, ...] = attrs.field(default=(), converter=_as_grants)
    conflicts: tuple[ConflictSet, ...] = attrs.field(
        default=(), converter=_as_conflicts
    )
    waivers: tuple[Waiver, ...] = attrs.field(default=(), converter=_as_waivers)
    periods: tuple[RecertificationPeriod, ...] = attrs.field(
        default=RECERTIFICATION_PERIODS,
        converter=_as_periods,
    )
    _units: Mapping[str, Unit] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_units_of, True)
    )
    _actors: Mapping[str, Actor] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_actors_of, True)
    )
    _roles: Mapping[str, Role] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_roles_of, True)
    )
    _closures: Mapping[str, frozenset[str]] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_closures_of, True)
    )
    _grants: Mapping[str, tuple[Grant, ...]] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_grants_of, True)
    )
    _timelines: dict[str, tuple[list[datetime], list[Rights]]] = attrs.field(
        init=False, eq=False, repr=False, factory=dict
    )

    def __attrs_post_init__(self) -> None:
        conflicts = {conflict.id for conflict in self.conflicts}
        for actor in self.actors:
            check_known(actor.unit, self._units, "actors.unit")
        for unit in self.units:
            parent = unit.path.rpartition(":")[0]
            if parent:
                check_known(parent, self._units, "units.path")
            if unit.head is not None:
                check_known(folded(unit.head), self._actors, "units.head")
        for grant in self.grants:
            check_known(folded(grant.actor), self._actors, "grants.actor")
            check_known(grant.role, self._closures, "grants.role")
            for field in ("granted_by", "certified_by"):
                by = folded(getattr(grant, field))
                check_known(by, self._actors, f"grants.{field}")
                if by == folded(grant.actor) and not grant.is_founding:
                    raise InvalidOption(
                        field=f"grants.{field}",
                        expected="somebody else than who holds it",
                        found=grant.actor,
                    )
        for waiver in self.waivers:
            check_known(waiver.conflict, conflicts, "waivers.conflict")
            check_known(folded(waiver.actor), self._actors, "waivers.actor")
            check_known(folded(waiver.approver), self._actors, "waivers.approver")

    # --- what an authority answers ---------------------------------------------------

    def actor(self, name: str) -> Actor:
        """Return an actor by name, upper and lower case alike.

        Raises:
            UnknownRecord: there is none.
        """
        found = self._actors.get(folded(name)) if isinstance(name, str) else None
        if found is None:
            raise UnknownRecord(
                field="actor", expected="an actor of the organisation", found=name
            )
        return found

    def roles_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the roles that somebody may use at an instant, inherited ones too.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._rights(actor, at).roles

    def duties_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the duties that somebody may use at an instant.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._rights(actor, at).duties

    def unit_of(self, actor: str) -> str:
        """Return the path of somebody's unit.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self.actor(actor).unit

    def level_of(self, actor: str) -> int:
        """Return somebody's level of competence.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self.actor(actor).level

    def kind_of(self, actor: str) -> ActorKind:
        """Return whether the actor is ``human`` or a ``service``.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self.actor(actor).kind

    # --- units -----------------------------------------------------------------------

    def is_in_unit(self, actor: str, path: str) -> bool:
        """Whether somebody belongs to a unit, or to one below it."""
        return f"{self.unit_of(actor)}:".startswith(f"{path}:")

    def are_separated(self, one: str, other: str) -> bool:
        """Whether two persons are separated up to and including management level.

        Raises:
            UnknownRecord: there is no such actor.
        """
        units = [self.unit_of(name) for name in (one, other)]
        return self.are_units_separated(*units)

    def are_units_separated(self, one: str, other: str) -> bool:
        """Whether two units are separated up to and including management level.

        They lie in the areas of two members of the management board, under nothing in
        common but what stands above both, and nobody leads units on both sides (MaRisk
        BTO 1.1 Tz. 1, BTO 2.1 Tz. 1: *Markt* and *Marktfolge*, *Handel* and
        *Abwicklung*).

        Raises:
            UnknownRecord: there is no such unit.
        """
        sides = [self._line_of(path) for path in (one, other)]
        shared = {unit.path for unit in sides[0]} & {unit.path for unit in sides[1]}
        heads = []
        for side in sides:
            own = [unit for unit in side if unit.path not in shared]
            if not any(unit.is_management and unit.head is not None for unit in own):
                return False
            heads.append({folded(unit.head) for unit in own if unit.head is not None})
        return not heads[0] & heads[1]

    def _line_of(self, path: str) -> list[Unit]:
        """Return the units from the root down to *path*."""
        if path not in self._units:
            raise UnknownRecord(
                field="unit", expected="a unit of the organisation", found=path
            )
        parts = path.split(":")
        paths = (":".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return [self._units[each] for each in paths]

    # --- conflicts -------------------------------------------------------------------

    def violations(self, at: datetime) -> tuple[Violation, ...]:
        """Return every conflict in force at an instant, waived ones too.

        Those of mode ``static``, by person, and of mode ``unit``, by pairs of persons.
        """
        own = [each for a in self.actors for each in self.violations_of(a.id, at)]
        return (*own, *self._unit_violations(at))

    def violations_of(self, actor: str, at: datetime) -> tuple[Violation, ...]:
        """Return somebody's own conflicts, of mode ``static``, waived ones too.

        Raises:
            UnknownRecord: there is no such actor.
        """
        return self._rights(actor, at).violations

    def session_conflicts(self, duties: Iterable[str]) -> tuple[ConflictSet, ...]:
        """Return the sets of mode ``dynamic`` that one session would break.

        Args:
            duties: all that the session makes use of.
        """
        used = tuple(duties)
        sets = (each for each in self.conflicts if each.mode == "dynamic")
        return tuple(each for each in sets if each.is_broken_by(used))

    def waiver_of(self, conflict: str, actor: str, at: datetime) -> Waiver | None:
        """Return what allows somebody a conflict at an instant, if anything does."""
        found = (each for each in self.waivers if each.covers(conflict, actor, at))
        return next(found, None)

    def changes_of(self, actor: str) -> tuple[datetime, ...]:
        """Return the instants at which somebody's rights or conflicts may change."""
        return tuple(self._timeline(actor)[0])

    def months_certified(self, criticality: Criticality, at: datetime) -> int:
        """Return how many months a certification given at an instant lasts."""
        own = (each for each in self.periods if each.criticality == criticality)
        return in_force(own, at.date(), "periods").months

    def revised(
        self,
        *items: Unit
        | Actor
        | Role
        | Grant
        | ConflictSet
        | Waiver
        | RecertificationPeriod,
    ) -> "Organisation":
        """Return the organisation with some things added, or in place of their kind.

        Raises:
            InvalidOption: as for the constructor.
        """
        changed: dict[str, dict[Any, Any]] = {}
        for item in items:
            if type(item) not in FIELDS:
                raise InvalidOption(
                    field="items",
                    expected="a part of an organisation",
                    found=type(item).__name__,
                )
            field = FIELDS[type(item)]
            present = changed.setdefault(
                field, {key_of(each): each for each in getattr(self, field)}
            )
            present[key_of(item)] = item
        return attrs.evolve(
            self, **{field: tuple(each.values()) for field, each in changed.items()}
        )

    # --- inside ----------------------------------------------------------------------

    def _rights(self, name: str, at: datetime) -> Rights:
        starts, rights = self._timeline(name)
        return rights[bisect_right(starts, check_instant(at, "at"))]

    def _timeline(self, name: str) -> tuple[list[datetime], list[Rights]]:
        """Return when something changes for a person, and what holds in between."""
        actor = self.actor(name)
        key = folded(actor.id)
        if key not in self._timelines:
            holder = Holder(
                actor,
                self._grants.get(key, ()),
                of_actor(self.waivers, actor),
                self._roles,
                self._closures,
                self.conflicts,
            )
            starts = sorted(set(holder.changes()))
            rights = [Rights(), *(holder.rights(start) for start in starts)]
            self._timelines[key] = (starts, rights)
        return self._timelines[key]

    def _unit_violations(self, at: datetime) -> Iterator[Violation]:
        held = {actor.id: self._rights(actor.id, at).assigned for actor in self.actors}
        for conflict in self.conflicts:
            if conflict.mode != "unit":
                continue
            touched = {name: conflict.touched_by(held[name]) for name in held}
            for pair in combinations((name for name in held if touched[name]), 2):
                items = touched[pair[0]] + touched[pair[1]]
                if len(set(items)) < 2 or self.are_separated(*pair):
                    continue
                waivers = (self.waiver_of(conflict.id, name, at) for name in pair)
                yield Violation(
                    conflict,
                    pair,
                    clashing(conflict, held[pair[0]] | held[pair[1]]),
                    next((each for each in waivers if each is not None), None),
                )
