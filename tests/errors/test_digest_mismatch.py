"""When ``digest-mismatch`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import DigestMismatch


def test_a_vote_on_other_content(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """A vote binds to what the voter has seen."""
    proposal = ledger.propose(entry())
    with refuses(
        ledger,
        DigestMismatch,
        "digest-mismatch",
        field="seen",
        expected=proposal.digest,
        found=repr("0" * 64),
    ):
        ledger.proposals.approve(proposal.id, seen="0" * 64, actor="controller")
