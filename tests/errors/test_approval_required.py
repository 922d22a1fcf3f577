"""When ``approval-required`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import ApprovalRequired


def test_posting_without_the_approvals_that_a_control_wants(
    store: Any, entry: Any, refuses: Any, says: Any
) -> None:
    """Neither directly nor as a proposal, until somebody has approved."""
    control = says(bl.NeedApproval(1, "large"))
    ledger = bl.open_ledger(store, actor="clerk", controls=[control])
    expected = {"field": "id", "expected": "approvals by 1", "found": "0"}
    with refuses(ledger, ApprovalRequired, "approval-required", **expected):
        ledger.post(entry())
    proposal = ledger.propose(entry())
    with refuses(ledger, ApprovalRequired, "approval-required", **expected):
        ledger.proposals.post(proposal.id)
    ledger.proposals.approve(proposal.id, seen=proposal.digest, actor="controller")
    assert ledger.proposals.post(proposal.id).entry == entry()
