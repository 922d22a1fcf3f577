"""Reports for those who review rights: conflicts, and what must be certified again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from backoffice_ledger.checks import check_count, check_instant
from backoffice_ledger.compliance._checks import folded
from backoffice_ledger.compliance.organisation._organisation import Organisation
from backoffice_ledger.compliance.organisation._values import Grant
from backoffice_ledger.reports import Column, Row, Table

_FINDINGS: Final = ("violation", "waived", "expiring", "uncertified", "orphaned")
_CONFLICT_COLUMNS: Final = (
    Column("finding", "Finding"),
    Column("severity", "Severity", shown="filled"),
    Column("actor", "Actor"),
    Column("subject", "Conflict, role or unit"),
    Column("duties", "Duties", shown="filled"),
    Column("until", "Until", "date", shown="filled"),
    Column("detail", "Detail", shown="filled"),
)
_CERTIFICATION_COLUMNS: Final = (
    Column("state", "State"),
    Column("until", "Certified until", "date"),
    Column("actor", "Actor"),
    Column("unit", "Unit"),
    Column("granted", "Role"),
    Column("criticality", "Criticality"),
    Column("reviewer", "Reviewer"),
    Column("certified_by", "Certified by"),
    Column("grant", "Grant", shown="export"),
)


def conflict_report(
    organisation: Organisation, *, at: datetime, horizon_days: int = 30
) -> Table:
    """Return what is wrong with rights at an instant, or will be soon.

    ``violation``
       duties that clash; the rights that they come from are suspended (mode
       ``static``), or persons whose units are not separated (mode ``unit``).
    ``waived``
       duties that clash with a waiver, until it expires.
    ``expiring``
       a waiver, a grant or its certification that ends within *horizon_days*.
    ``uncertified``
       a grant whose certification is over; it gives no right.
    ``orphaned``
       a grant of somebody who has left, or a unit without a head.

    Args:
        organisation: whose.
        at: the instant.
        horizon_days: how far to look ahead.

    Raises:
        InvalidDate: no instant.
        InvalidOption: no number of days.
    """
    check_instant(at, "at")
    horizon = at + timedelta(days=check_count(horizon_days, "horizon_days"))
    rows = [
        *_conflict_rows(organisation, at),
        *_expiring_rows(organisation, at, horizon),
        *_grant_rows(organisation, at),
        *_unit_rows(organisation, at),
    ]
    rows.sort(key=lambda row: (_FINDINGS.index(str(row.cells[0])), str(row.cells[2])))
    return Table("Conflicts of duties", _CONFLICT_COLUMNS, rows, subtitle=_subtitle(at))


def _subtitle(at: datetime) -> str:
    return f"at {at.isoformat(' ', 'minutes')}"


def _conflict_rows(organisation: Organisation, at: datetime) -> Iterator[Row]:
    for each in organisation.violations(at):
        waiver = each.waiver
        yield Row(
            [
                "violation" if waiver is None else "waived",
                each.conflict.severity,
                ", ".join(each.actors),
                each.conflict.id,
                ", ".join(each.duties),
                None if waiver is None else waiver.expires.date(),
                each.conflict.source
                if waiver is None
                else f"{waiver.compensating_control} ({waiver.approver})",
            ]
        )


def _expiring_rows(
    organisation: Organisation, at: datetime, horizon: datetime
) -> Iterator[Row]:
    def row(actor: str, subject: str, until: datetime, detail: str) -> Row:
        return Row(["expiring", "", actor, subject, "", until.date(), detail])

    for waiver in organisation.waivers:
        if waiver.valid_from <= at < waiver.expires <= horizon:
            yield row(waiver.actor, waiver.conflict, waiver.expires, "waiver")
    for grant in _standing(organisation, at):
        if at < grant.certified_until <= horizon:
            yield row(grant.actor, grant.role, grant.certified_until, "certification")
        if grant.valid_to is not None and grant.valid_to <= horizon:
            yield row(grant.actor, grant.role, grant.valid_to, "grant")


def _has_left(organisation: Organisation, actor: str, at: datetime) -> bool:
    left = organisation.actor(actor).left
    return left is not None and left <= at


def _standing(organisation: Organisation, at: datetime) -> Iterator[Grant]:
    """Yield the grants that are valid, of those who are here."""
    for grant in organisation.grants:
        if grant.is_valid(at) and not _has_left(organisation, grant.actor, at):
            yield grant


def _grant_rows(organisation: Organisation, at: datetime) -> Iterator[Row]:
    for grant in organisation.grants:
        if not grant.is_valid(at):
            continue
        if _has_left(organisation, grant.actor, at):
            yield Row(["orphaned", "", grant.actor, grant.role, "", None, "has left"])
        elif grant.certified_until <= at:
            until = grant.certified_until.date()
            yield Row(["uncertified", "", grant.actor, grant.role, "", until, ""])


def _unit_rows(organisation: Organisation, at: datetime) -> Iterator[Row]:
    for unit in organisation.units:
        if unit.head is None:
            yield Row(["orphaned", "", "", unit.path, "", None, "no head"])
        elif _has_left(organisation, unit.head, at):
            yield Row(["orphaned", "", unit.head, unit.path, "", None, "head has left"])


def recertification_report(
    organisation: Organisation, *, at: datetime, horizon_days: int = 30
) -> Table:
    """Return every grant that is valid, with who must certify it again and when.

    The state is ``expired`` (it gives no right any more), ``due`` within
    *horizon_days*, or ``certified``.  The reviewer is the head of the unit; of a head,
    the nearest other one above.

    Args:
        organisation: whose.
        at: the instant.
        horizon_days: how far to look ahead.

    Raises:
        InvalidDate: no instant.
        InvalidOption: no number of days.
    """
    check_instant(at, "at")
    horizon = at + timedelta(days=check_count(horizon_days, "horizon_days"))
    criticality = {role.id: role.criticality for role in organisation.roles}
    rows = [
        Row(
            [
                _state(grant, at, horizon),
                grant.certified_until.date(),
                grant.actor,
                organisation.unit_of(grant.actor),
                grant.role,
                criticality[grant.role],
                _reviewer(organisation, grant.actor),
                grant.certified_by,
                grant.id,
            ]
        )
        for grant in sorted(
            _standing(organisation, at),
            key=lambda grant: (grant.certified_until, grant.actor, grant.id),
        )
    ]
    return Table(
        "Access recertification", _CERTIFICATION_COLUMNS, rows, subtitle=_subtitle(at)
    )


def _state(grant: Grant, at: datetime, horizon: datetime) -> str:
    if grant.certified_until <= at:
        return "expired"
    return "due" if grant.certified_until <= horizon else "certified"


def _reviewer(organisation: Organisation, actor: str) -> str:
    heads = {unit.path: unit.head for unit in organisation.units}
    path = organisation.unit_of(actor)
    while path:
        head = heads[path]
        if head is not None and folded(head) != folded(actor):
            return head
        path = path.rpartition(":")[0]
    return ""
