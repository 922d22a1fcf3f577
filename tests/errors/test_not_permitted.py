"""When ``not-permitted`` is raised, and what it says."""

from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import NotPermitted


@pytest.mark.parametrize("actor", ["clerk", "Clerk"])
def test_makers_do_not_approve_their_own_work(
    ledger: bl.Ledger, entry: Any, refuses: Any, actor: str
) -> None:
    """Nor does somebody whose name may be the maker's."""
    proposal = ledger.propose(entry())
    with refuses(
        ledger,
        NotPermitted,
        "not-permitted",
        field="actor",
        expected="another person than the maker",
        found=repr(actor),
    ):
        ledger.proposals.approve(proposal.id, seen=proposal.digest, actor=actor)


def test_others_do_not_withdraw(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """Only the maker takes a proposal back."""
    proposal = ledger.propose(entry())
    with refuses(
        ledger,
        NotPermitted,
        "not-permitted",
        field="actor",
        expected="the maker",
        found="'controller'",
    ):
        ledger.proposals.withdraw(proposal.id, actor="controller")
