"""When ``proposal-state`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import ProposalState


def test_a_rejected_proposal_is_not_posted(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """Rejection is final."""
    proposal = ledger.propose(entry())
    ledger.proposals.reject(proposal.id, seen=proposal.digest, actor="controller")
    with refuses(
        ledger,
        ProposalState,
        "proposal-state",
        field="id",
        expected="an open proposal",
        found="'rejected'",
    ):
        ledger.proposals.post(proposal.id)


def test_a_vote_is_not_changed(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """Everybody votes once."""
    proposal = ledger.propose(entry())
    ledger.proposals.approve(proposal.id, seen=proposal.digest, actor="controller")
    with refuses(
        ledger,
        ProposalState,
        "proposal-state",
        field="actor",
        expected="approve",
        found="'reject'",
    ):
        ledger.proposals.reject(proposal.id, seen=proposal.digest, actor="controller")
