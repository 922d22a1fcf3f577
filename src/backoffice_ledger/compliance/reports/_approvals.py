"""Who made, approved and released each entry, and which controls saw it."""

from collections.abc import Iterable
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.reports import Column, Row, Table

_VOTES: Final = (
    Column("position", "Position", "integer"),
    Column("id", "Id"),
    Column("date", "Date", "date"),
    Column("kind", "Kind"),
    Column("maker", "Maker"),
    Column("approvals", "Approvals", "integer"),
    Column("approvers", "Approved by"),
    Column("rejecters", "Rejected by", shown="filled"),
    Column("releaser", "Posted by"),
    Column("four_eyes", "Four eyes"),
)
_CONTROLS: Final = (
    Column("position", "Position", "integer"),
    Column("recorded", "Recorded"),
    Column("id", "Id"),
    Column("actor", "Actor"),
    Column("kind", "Rule"),
    Column("rule", "Rule id"),
    Column("version", "Version"),
)


def entry_votes(records: Iterable[bl.Record]) -> Table:
    """Return every entry with its maker, the votes on it, and who posted it.

    The complete population of entries, in the order of the log: one without a proposal
    was made and posted by one actor.  Of a proposal that was revised all makers are
    named, and only votes on its last revision count.  ``four_eyes`` says whether
    somebody else approved it; upper and lower case are one actor.

    Source: MaRisk AT 4.3.1 (separation of duties); SOX section 404 (who initiates,
    authorises and records).
    """
    makers: dict[str, list[str]] = {}
    votes: dict[str, dict[str, list[str]]] = {}
    lines = []
    for record in records:
        if record.type == "proposal":
            makers.setdefault(record.id, []).append(record.actor)
            votes.pop(record.id, None)  # a revision begins without votes
        elif record.type == "vote":
            content = record.content
            cast = votes.setdefault(content["proposal"], {})
            cast.setdefault(content["decision"], []).append(record.actor)
        elif record.type == "entry":
            lines.append(_vote_row(record, makers, votes))
    return Table("Entries and their approvals", _VOTES, lines)


def _vote_row(
    record: bl.Record,
    makers: dict[str, list[str]],
    votes: dict[str, dict[str, list[str]]],
) -> Row:
    proposal = record.proposal
    made = makers.get(proposal or "", [record.actor])
    known = {name.casefold() for name in made}
    cast = votes.get(proposal or "", {})
    approvers = cast.get("approve", [])
    others = [name for name in approvers if name.casefold() not in known]
    return Row(
        [
            record.position,
            record.id,
            record.entry.date,
            record.entry.kind.value,
            ", ".join(dict.fromkeys(made)),
            len(approvers),
            ", ".join(approvers) or None,
            ", ".join(cast.get("reject", [])) or None,
            record.actor,
            "yes" if others else "no",
        ]
    )


def control_journal(records: Iterable[bl.Record]) -> Table:
    """Return which rules ran on which entry, with their versions.

    One row for each control that examined an entry, and one for the posting rule that
    made it, if one did.  An entry without any has no row.
    """
    lines = []
    for record in records:
        if record.type != "entry":
            continue
        rules = [("control", name) for name in record.controls]
        if record.entry.rule is not None:
            rules.append(("posting rule", record.entry.rule))
        for kind, name in rules:
            id_, version = split_version(name)
            lines.append(
                Row(
                    [
                        record.position,
                        record.recorded_at.isoformat(timespec="seconds"),
                        record.id,
                        record.actor,
                        kind,
                        id_,
                        version,
                    ]
                )
            )
    return Table("Journal of controls", _CONTROLS, lines)


def split_version(name: str) -> tuple[str, str]:
    """Return id and version of ``id@version``; the version may be empty."""
    id_, at, version = name.rpartition("@")
    return (id_, version) if at else (name, "")
