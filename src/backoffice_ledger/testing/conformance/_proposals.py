"""Proposals: kept, voted on, released or not."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import final

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.protocols import Books
from backoffice_ledger.testing.conformance._entries import full_entry
from backoffice_ledger.testing.conformance._twins import StoreCase, Twins
from backoffice_ledger.testing.notation import ledger_text


def entry(id: str = "rent") -> bl.Entry:
    """Return an entry of an id."""
    return ledger_text(
        f"2026-01-31 * {id} | Rent"
        " / Dr expenses:rent 5000.00 EUR / Cr assets:bank 5000.00 EUR"
    )[0]


def propose(books: Twins, proposed: bl.Entry) -> bl.Proposal:
    """Propose the same to both books."""
    return books.do(lambda ledger: ledger.propose(proposed))


def approve(books: Twins, id: str, actor: str = "controller") -> bl.Proposal:
    """Approve what is proposed."""
    seen = books.tested.proposals.get(id).digest
    return books.do(lambda ledger: ledger.proposals.approve(id, seen=seen, actor=actor))


@final
class OneApproval:
    """A control that wants one approval of everything."""

    id = "one-approval"
    version = "1"

    def examine(
        self,
        proposal: bl.Proposal,  # noqa: ARG002
        books: Books,  # noqa: ARG002
    ) -> Sequence[bl.NeedApproval]:
        """Return that somebody else must have looked."""
        return [bl.NeedApproval(1, "large")]


class ProposalTests(StoreCase):
    """Four eyes."""

    def test_a_proposal_is_kept_and_moves_nothing(self, tmp_path: Path) -> None:
        """It comes back with its digest and maker, and proposing again is safe."""
        with self.books(tmp_path) as books:
            proposal = propose(books, full_entry())
            assert proposal.entry == full_entry()
            assert (proposal.maker, proposal.status.value) == ("clerk", "open")
            assert propose(books, full_entry()) == proposal
            assert not books.do(lambda ledger: ledger.balance("assets:bank"))
            books.refuse(
                errors.IdempotencyConflict,
                lambda ledger: ledger.propose(full_entry(rule=None)),
            )

    def test_a_released_proposal_is_the_entry_that_was_seen(
        self, tmp_path: Path
    ) -> None:
        """Entry, votes and record belong together; releasing again is safe."""
        with self.books(tmp_path) as books:
            propose(books, full_entry())
            voted = approve(books, "full")
            assert voted.approvers == ("controller",)
            record = books.do(lambda ledger: ledger.proposals.post("full"))
            assert record.entry == full_entry()
            assert record.proposal == "full"
            assert books.do(lambda ledger: ledger.proposals.post("full")) == record
            posted = books.do(lambda ledger: ledger.proposals.get("full"))
            assert posted.status is bl.ProposalStatus.POSTED
            books.refuse(
                errors.ProposalState,
                lambda ledger: ledger.proposals.withdraw("full"),
            )

    def test_a_vote_binds_to_what_was_seen(self, tmp_path: Path) -> None:
        """Another digest is refused; so is the maker; so is a second opinion."""
        with self.books(tmp_path) as books:
            seen = propose(books, entry()).digest
            for error, digest, actor in (
                (errors.DigestMismatch, "0" * 64, "controller"),
                (errors.NotPermitted, seen, "clerk"),
                (errors.NotPermitted, seen, "CLERK"),
            ):
                books.refuse(
                    error,
                    lambda ledger: ledger.proposals.approve(
                        "rent", seen=digest, actor=actor
                    ),
                )
            approve(books, "rent")
            before = books.snapshot()
            approve(books, "rent")
            assert books.snapshot() == before
            books.refuse(
                errors.ProposalState,
                lambda ledger: ledger.proposals.reject(
                    "rent", seen=seen, actor="controller"
                ),
            )
            books.refuse(
                errors.UnknownProposal,
                lambda ledger: ledger.proposals.approve(
                    "nothing", seen=seen, actor="controller"
                ),
            )

    def test_a_rejected_or_withdrawn_proposal_is_final(self, tmp_path: Path) -> None:
        """It is not posted any more."""
        with self.books(tmp_path) as books:
            for id_ in ("rejected", "withdrawn"):
                propose(books, entry(id_))
            seen = books.tested.proposals.get("rejected").digest
            books.do(
                lambda ledger: ledger.proposals.reject(
                    "rejected", seen=seen, actor="controller"
                )
            )
            books.do(lambda ledger: ledger.proposals.withdraw("withdrawn"))
            for id_ in ("rejected", "withdrawn"):
                books.refuse(
                    errors.ProposalState,
                    lambda ledger: ledger.proposals.post(id_),
                )
            for status in ("rejected", "withdrawn", "open"):
                found = books.do(lambda ledger: ledger.proposals.all(status=status))
                assert [p.id for p in found] == ([status] if status != "open" else [])

    def test_a_control_waits_for_approvals(self, tmp_path: Path) -> None:
        """Without them nothing is posted, neither at once nor by release."""
        with self.books(tmp_path, controls=[OneApproval()]) as books:
            books.refuse(errors.ApprovalRequired, lambda ledger: ledger.post(entry()))
            propose(books, entry())
            books.refuse(
                errors.ApprovalRequired, lambda ledger: ledger.proposals.post("rent")
            )
            approve(books, "rent")
            record = books.do(lambda ledger: ledger.proposals.post("rent"))
            assert record.controls == ("one-approval@1",)
            assert books.do(lambda ledger: ledger.record("rent")) == record

    def test_a_vote_counts_for_its_proposal_only(self, tmp_path: Path) -> None:
        """Whatever signs ids and names of actors hold."""
        ids, actors = ("a", "a/b", "a/b/c", "a%2Fb"), ("x", "b/x", "b%2Fx")
        with self.books(tmp_path, controls=[OneApproval()]) as books:
            for id_ in ids:
                propose(books, entry(id_))
            for index, id_ in enumerate(ids[1:]):
                approve(books, id_, actors[index])
            books.refuse(
                errors.ApprovalRequired, lambda ledger: ledger.proposals.post("a")
            )
            for index, id_ in enumerate(ids[1:]):
                votes = books.do(lambda ledger: ledger.proposals.get(id_)).votes
                assert [vote.actor for vote in votes] == [actors[index]]
            for actor in actors:
                approve(books, "a", actor)
            found = books.do(lambda ledger: ledger.proposals.get("a"))
            assert found.approvers == actors
            books.do(lambda ledger: ledger.proposals.post("a"))

    def test_a_release_is_decided_at_its_time(self, tmp_path: Path) -> None:
        """A period that closed in between refuses it."""
        with self.books(tmp_path) as books:
            propose(books, entry())
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            books.refuse(
                errors.PeriodNotOpen, lambda ledger: ledger.proposals.post("rent")
            )
            books.refuse(
                errors.PeriodNotOpen, lambda ledger: ledger.propose(entry("x"))
            )

    def test_an_entry_is_not_proposed_after_the_fact(self, tmp_path: Path) -> None:
        """An id that is posted cannot be proposed; a proposed one can be posted."""
        with self.books(tmp_path) as books:
            books.post(entry("posted"))
            books.refuse(
                errors.IdempotencyConflict,
                lambda ledger: ledger.propose(entry("posted")),
            )

    def test_a_long_entry_can_be_proposed(self, tmp_path: Path) -> None:
        """As long as an entry can be posted, it can be proposed."""
        lines = [
            bl.debit("expenses:rent", "1.00 EUR", memo=f"Line {i}") for i in range(900)
        ]
        long = bl.Entry(
            "long", date(2026, 1, 31), [*lines, bl.credit("assets:bank", "900.00 EUR")]
        )
        with self.books(tmp_path) as books:
            assert propose(books, long).entry == long
            assert books.do(lambda ledger: ledger.proposals.post("long")).entry == long
