"""The report on decisions against or without the votes."""

import backoffice_ledger as bl
from backoffice_ledger.protocols import Decision
from backoffice_ledger.reports import Column, Row, Table

_COLUMNS = (
    Column("proposal", "Proposal"),
    Column("action", "Action"),
    Column("decided_on", "Decided on", "date"),
    Column("decided_by", "Decided by"),
    Column("reason", "Reason"),
    Column("approved", "Approved"),
    Column("rejected", "Rejected"),
    Column("status", "Status"),
)


def overrides(ledger: bl.Ledger) -> Table:
    """Return every decision that somebody took alone, with the votes of the others.

    Such decisions of a managing director are to be highlighted in the risk report
    (MaRisk BTO 1.1).  The reason is missing where it was erased.
    """
    rows = [
        Row(
            [
                proposal.id,
                proposal.action,
                vote.at.date(),
                vote.actor,
                vote.reason or None,
                _names(proposal, Decision.APPROVE),
                _names(proposal, Decision.REJECT),
                proposal.status.value,
            ]
        )
        for proposal in ledger.proposals.all()
        for vote in proposal.votes
        if vote.decision is Decision.OVERRIDE
    ]
    return Table("Overrides", _COLUMNS, rows)


def _names(proposal: bl.Proposal, decision: Decision) -> str | None:
    names = [vote.actor for vote in proposal.votes if vote.decision is decision]
    return ", ".join(names) or None
