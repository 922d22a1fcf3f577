"""Duties that do not go together, and the conflict matrix that is shipped."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal, final

import attrs

from backoffice_ledger.checks import check_choice, check_count, check_instant
from backoffice_ledger.compliance._checks import check_name, check_names, folded
from backoffice_ledger.errors import InvalidDate, InvalidOption

Mode = Literal["static", "dynamic", "object", "unit"]
"""Where duties must be kept apart.

``static``
   nobody is assigned them together (ANSI INCITS 359, SSD; inherited roles count).
``dynamic``
   nobody uses them together in one session (DSD).
``object``
   nobody has used them on one object or its lineage.
``unit``
   two persons who hold them belong to units that are separated up to management
   level; a set of mode ``static`` beside it keeps them apart for each person.
"""

Severity = Literal["high", "medium", "low"]
"""How bad it is."""


def matches(pattern: str, duty: str) -> bool:
    """Whether a duty is meant by a pattern.

    A pattern is a duty, or ends in ``*``: ``settle.*`` means all that begin with
    ``settle.``, ``*`` all.  A star never means a duty that ends in ``.read``.
    """
    if not pattern.endswith("*"):
        return pattern == duty
    return duty.startswith(pattern[:-1]) and not duty.endswith(".read")


def _as_groups(duties: Iterable[str | Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    if isinstance(duties, str) or not isinstance(duties, Iterable):
        raise InvalidOption(field="duties", expected="a list", found=duties)
    groups = (
        (check_name(each, "duties"),)
        if isinstance(each, str)
        else tuple(sorted(check_names(each, "duties")))
        for each in duties
    )
    return tuple(groups)


def _as_mitigations(values: Iterable[str]) -> tuple[str, ...]:
    return check_names(values, "mitigations")


@final
@attrs.frozen(order=False)
class ConflictSet:
    """Duties of which nobody may have *n* or more.

    Each item of *duties* is a duty, a pattern such as ``settle.*``, or several of them
    that count as one:

    >>> pair = ConflictSet("pair", ["trade.capture", ["confirm.*", "settle.release"]])
    >>> pair.is_broken_by({"confirm.match", "settle.release"})
    False
    >>> pair.is_broken_by({"confirm.match", "trade.capture"})
    True

    Args:
        id: its name.
        duties: two items or more.  A duty that fits two items counts in both.
        n: from how many on it is a conflict.
        mode: where they must be kept apart, see `Mode`.
        severity: ``high``, ``medium`` or ``low``.
        mitigations: controls that a waiver may build on; for the reports.
        cooling_off_days: a role counts for so many days after it has ended.
        source: the rule that it comes from; for the reports.

    Raises:
        InvalidOption: fewer than two items, *n* out of range, an unknown mode.
        InvalidIdentifier: a malformed name.
    """

    id: str
    duties: tuple[tuple[str, ...], ...] = attrs.field(converter=_as_groups)
    n: int = attrs.field(default=2, kw_only=True)
    mode: Mode = attrs.field(default="static", kw_only=True)
    severity: Severity = attrs.field(default="high", kw_only=True)
    mitigations: tuple[str, ...] = attrs.field(
        default=(), converter=_as_mitigations, kw_only=True
    )
    cooling_off_days: int = attrs.field(default=0, kw_only=True)
    source: str = attrs.field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")
        check_choice(self.mode, Mode, "mode")
        check_choice(self.severity, Severity, "severity")
        check_count(self.cooling_off_days, "cooling_off_days")
        check_count(self.n, "n", 2)
        if self.mode == "unit" and self.n > 2:
            raise InvalidOption(
                field="n", expected="2, for units are compared in pairs", found=self.n
            )
        if len(self.duties) < self.n or not all(self.duties):
            raise InvalidOption(
                field="duties",
                expected=f"{self.n} items or more, none of them empty",
                found=len(self.duties),
            )

    def touched_by(self, duties: Iterable[str]) -> tuple[int, ...]:
        """Return the places of the items that some of *duties* fit."""
        held = tuple(duties)
        return tuple(
            place
            for place, patterns in enumerate(self.duties)
            if any(matches(pattern, duty) for pattern in patterns for duty in held)
        )

    def is_broken_by(self, duties: Iterable[str]) -> bool:
        """Whether *duties* together are too many."""
        return len(self.touched_by(duties)) >= self.n


@final
@attrs.frozen(order=False, kw_only=True)
class Waiver:
    """Lets one person keep conflicting duties for a time, with a reason.

    Small institutions may combine trading and settlement if they say why and the
    management checks samples (WpI-MaRisk BTO 1.2.2).

    Args:
        id: its name.
        conflict: id of the `ConflictSet`.
        actor: whose duties.
        reason: why it cannot be otherwise.
        approver: who has allowed it; never the actor.
        compensating_control: what is done instead.
        valid_from: from when on.
        expires: until just before; a waiver always ends.

    Raises:
        InvalidIdentifier: a malformed name, or no reason or compensating control.
        InvalidDate: no instants, or an empty span.
        InvalidOption: the approver is the actor.
    """

    id: str
    conflict: str
    actor: str
    reason: str
    approver: str
    compensating_control: str
    valid_from: datetime
    expires: datetime

    def __attrs_post_init__(self) -> None:
        texts = ("id", "conflict", "actor", "reason", "approver")
        for field in (*texts, "compensating_control"):
            check_name(getattr(self, field), field)
        check_instant(self.valid_from, "valid_from")
        check_instant(self.expires, "expires")
        if self.expires <= self.valid_from:
            raise InvalidDate(
                field="expires",
                expected=f"later than {self.valid_from}",
                found=self.expires,
            )
        if folded(self.approver) == folded(self.actor):
            raise InvalidOption(
                field="approver", expected="somebody else", found=self.approver
            )

    def covers(self, conflict: str, actor: str, at: datetime) -> bool:
        """Whether it is about this conflict of this person, at an instant."""
        return (
            self.conflict == conflict
            and folded(self.actor) == folded(actor)
            and self.valid_from <= at < self.expires
        )


def _set(id: str, *duties: str | Iterable[str], **options: Any) -> ConflictSet:
    return ConflictSet(id, duties, **options)


_MAKE: Final = ("journal.create", "journal.edit")
_CERTIFY: Final = ("coa.maintain", "role.admin", "rules.maintain")
_CONTROL: Final = (
    "confirm.*",
    "price.maintain",
    "recon.signoff",
    "riskctrl.*",
    "settle.release",
)

CONFLICT_MATRIX: Final = (
    _set(
        "make-approve",
        _MAKE,
        ("journal.approve", "reverse.approve"),
        mode="object",
        source="MaRisk AT 4.3.1 Tz. 1",
    ),
    _set("make-post", _MAKE, "journal.post", mode="object", severity="medium"),
    _set("request-approve", "reverse.request", "reverse.approve", mode="object"),
    _set("approve-reverse", "journal.approve", "reverse.approve", mode="object"),
    _set("prepare-release", "settle.prepare", "settle.release", mode="object"),
    _set("close-make", ("period.close", "period.open"), _MAKE, severity="medium"),
    _set(
        "certify-execute",
        _CERTIFY,
        ("approve.*", "journal.*", "reverse.*", "settle.*"),
        source="Clark and Wilson, E4",
    ),
    _set(
        "front-rules",
        ("market.*", "trade.*"),
        ("coa.maintain", "rules.maintain"),
        source="MaRisk BTO (assumed)",
    ),
    _set("trade-control", "trade.capture", _CONTROL, source="MaRisk BTO 2.1 Tz. 1"),
    _set(
        "trade-control-units",
        "trade.capture",
        _CONTROL,
        mode="unit",
        source="MaRisk BTO 2.1 Tz. 1",
    ),
    _set("portfolio-risk", "portfolio.*", "riskctrl.*", source="KAGB 29(1)"),
    _set(
        "portfolio-risk-units",
        "portfolio.*",
        "riskctrl.*",
        mode="unit",
        source="KAGB 29(1)",
    ),
    _set(
        "master-data-payment",
        ("counterparty.maintain", "ssi.maintain"),
        "settle.release",
    ),
    _set("monitoring-sale", "aml.review", "sales.*", severity="medium"),
    _set("audit-write", "audit.read", "*"),
)
"""A conflict matrix to begin with, as data: copy it, leave sets out, add your own.

What MaRisk demands of units stands in modes ``static`` and ``unit``.  The set
``front-rules`` is an assumption: its text was not at hand.
"""
