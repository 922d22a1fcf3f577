"""When ``unknown-proposal`` is raised, and what it says."""

from functools import partial
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import UnknownProposal


def test_a_proposal_that_is_not_there(ledger: bl.Ledger, refuses: Any) -> None:
    """It can be neither read, nor voted on, nor posted."""
    proposals = ledger.proposals
    for ask in (
        proposals.get,
        proposals.post,
        proposals.withdraw,
        partial(proposals.approve, seen="0" * 64, actor="controller"),
    ):
        with refuses(
            ledger,
            UnknownProposal,
            "unknown-proposal",
            field="id",
            found="'rent-2026-03'",
        ):
            ask("rent-2026-03")
