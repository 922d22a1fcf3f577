"""Units, actors, roles and grants: who may do what, as frozen values.

All spans are half-open: a right begins with its first instant and ends just before its
last one.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Literal, final

import attrs

from backoffice_ledger.checks import (
    check_choice,
    check_count,
    check_date,
    check_instant,
)
from backoffice_ledger.compliance._checks import (
    check_name,
    check_names,
    check_optional_instant,
    check_unit,
)
from backoffice_ledger.errors import InvalidDate, InvalidOption

ActorKind = Literal["human", "service"]
"""A person, or a program that acts under a name of its own."""

Criticality = Literal["critical", "material", "normal"]
"""How soon a right must be certified again; see `RecertificationPeriod`."""


def _as_duties(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(check_names(values, "duties")))


def _as_roles(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(check_names(values, "inherits")))


@final
@attrs.frozen(order=False)
class Unit:
    """An organisational unit, named by its path in the tree: ``bank:credit:desk-2``.

    Args:
        path: names from the root down, joined by colons.
        head: the actor who leads it.
        is_management: whether it is the whole area of one member of the management
            board (*Geschäftsleiter*).  Units are separated up to management level only
            if they lie in two such areas.

    Raises:
        InvalidIdentifier: a malformed path or head.
    """

    path: str
    head: str | None = attrs.field(default=None, kw_only=True)
    is_management: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_unit(self.path, "path")
        if self.head is not None:
            check_name(self.head, "head")
        if type(self.is_management) is not bool:
            raise InvalidOption(
                field="is_management", expected="a bool", found=self.is_management
            )


@final
@attrs.frozen(order=False)
class Actor:
    """Somebody, or some program, who acts under a name.

    Args:
        id: the name that the ledger records as the actor; not the person's own name,
            which the log would keep for ever.  Upper and lower case are one.
        unit: path of the unit.
        kind: ``human`` or ``service``.
        level: competence; an escalation goes to somebody of a higher one.
        left: from when on the actor holds no right any more; None while here.

    Raises:
        InvalidIdentifier: a malformed id or unit.
        InvalidOption: an unknown kind, or a level that is no int from 0.
        InvalidDate: *left* is no instant.
    """

    id: str
    unit: str
    kind: ActorKind = attrs.field(default="human", kw_only=True)
    level: int = attrs.field(default=0, kw_only=True)
    left: datetime | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")
        check_unit(self.unit, "unit")
        check_choice(self.kind, ActorKind, "kind")
        check_count(self.level, "level")
        check_optional_instant(self.left, "left")


@final
@attrs.frozen(order=False)
class Role:
    """A set of duties that people hold together.

    A duty is the right to do one kind of thing, a name with dots such as
    ``journal.create``.  One that ends in ``.read`` changes nothing.

    Args:
        id: its name.
        duties: what it allows.
        inherits: roles whose duties it has too; who holds it holds them.
        criticality: how soon its grants must be certified again.

    Raises:
        InvalidIdentifier: a malformed name or duty.
        InvalidOption: an unknown criticality, or no list.
    """

    id: str
    duties: tuple[str, ...] = attrs.field(converter=_as_duties)
    inherits: tuple[str, ...] = attrs.field(
        default=(), converter=_as_roles, kw_only=True
    )
    criticality: Criticality = attrs.field(default="normal", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")
        check_choice(self.criticality, Criticality, "criticality")
        for duty in self.duties:
            if "*" in duty:
                raise InvalidOption(
                    field="duties", expected="a duty, not a pattern", found=duty
                )


@final
@attrs.frozen(order=False, kw_only=True)
class Grant:
    """A role in somebody's hands for a span of time.

    Args:
        id: unique among the grants of the actor.
        actor: who holds the role.
        role: its name.
        valid_from: from when on.
        valid_to: until just before; None for no end.
        certified_until: the right ends here unless it is certified again.
        granted_by: who gave it; never the actor.
        certified_by: who certified it last, the granter at first.
        is_founding: whether it was given while nobody could give rights yet.

    Raises:
        InvalidIdentifier: a malformed name.
        InvalidDate: an instant without a time zone, or a span that is empty.
    """

    id: str
    actor: str
    role: str
    valid_from: datetime
    valid_to: datetime | None = None
    certified_until: datetime
    granted_by: str
    certified_by: str
    is_founding: bool = False

    def __attrs_post_init__(self) -> None:
        for field in ("id", "actor", "role", "granted_by", "certified_by"):
            check_name(getattr(self, field), field)
        check_instant(self.valid_from, "valid_from")
        check_instant(self.certified_until, "certified_until")
        check_optional_instant(self.valid_to, "valid_to")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise InvalidDate(
                field="valid_to",
                expected=f"{self.valid_from} or later",
                found=self.valid_to,
            )

    def is_valid(self, at: datetime) -> bool:
        """Whether the role is assigned at an instant, certified or not."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@final
@attrs.frozen(order=False)
class RecertificationPeriod:
    """How long a certification of a right lasts, from a day on.

    Args:
        criticality: of the roles that it is about.
        months: calendar months.
        effective: the first day on which certifications last so long.

    Raises:
        InvalidOption: an unknown criticality, or no number of months.
        InvalidDate: *effective* is no day.
    """

    criticality: Criticality
    months: int
    effective: date

    def __attrs_post_init__(self) -> None:
        check_choice(self.criticality, Criticality, "criticality")
        check_count(self.months, "months", 1)
        check_date(self.effective, "effective")


_FIRST_DAY: Final = date(1900, 1, 1)

RECERTIFICATION_PERIODS: Final = (
    RecertificationPeriod("critical", 6, _FIRST_DAY),
    RecertificationPeriod("material", 12, _FIRST_DAY),
    RecertificationPeriod("normal", 36, _FIRST_DAY),
)
"""What holds unless a book has periods of its own.

An assumption after MaRisk AT 4.3.1, whose text was not at hand: critical rights at
least half-yearly, payment signatures and other material ones yearly, the rest within
three years.
"""
