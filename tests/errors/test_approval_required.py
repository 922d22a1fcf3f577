"""When ``approval-required`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import ApprovalRequired


class Says:
    """A control that finds what it is told to find."""

    id = "says"
    version = "1"

    def __init__(self, *findings: Any) -> None:
        self.findings = findings

    def examine(self, proposal: bl.Proposal, books: Any) -> Any:
        """Return the findings, or raise one."""
        if self.findings and isinstance(self.findings[0], Exception):
            raise self.findings[0]
        return self.findings


def test_posting_without_the_approvals_that_a_control_wants(
    store: Any, entry: Any, refuses: Any
) -> None:
    """Neither directly nor as a proposal, until somebody has approved."""
    control = Says(bl.NeedApproval(1, "large"))
    ledger = bl.open_ledger(store, actor="clerk", controls=[control])
    expected = {"field": "id", "expected": "approvals by 1", "found": "0"}
    with refuses(ledger, ApprovalRequired, "approval-required", **expected):
        ledger.post(entry())
    proposal = ledger.propose(entry())
    with refuses(ledger, ApprovalRequired, "approval-required", **expected):
        ledger.proposals.post(proposal.id)
    ledger.proposals.approve(proposal.id, seen=proposal.digest, actor="controller")
    assert ledger.proposals.post(proposal.id).entry == entry()
