"""Proposals of what is no entry; revisions, expiry, escalation; decisions."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.protocols import Alert, Books, Finding
from backoffice_ledger.testing.clocks import ManualClock
from backoffice_ledger.testing.conformance._proposals import approve, entry, propose
from backoffice_ledger.testing.conformance._twins import START, StoreCase, Twins

Work = Callable[[bl.Ledger], object]
DAY: Final = date(2026, 1, 31)

ACTIONS: Final[tuple[tuple[str, Work], ...]] = (
    (
        "open-account",
        lambda book: book.open_account("assets:drawer", type="asset", label="Cash"),
    ),
    (
        "change-account",
        lambda book: book.accounts.change("assets:drawer", label="Petty cash"),
    ),
    ("close-account", lambda book: book.accounts.close("assets:drawer", on=DAY)),
    ("open-journal", lambda book: book.open_journal("sales", description="Sales")),
    ("declare-dimension", lambda book: book.declare_dimension("region")),
    (
        "store-document",
        lambda book: book.documents.store(
            bl.Document("kyc", "ann", {"name": "Ann", "risk": 1}, personal=["name"])
        ),
    ),
    ("close-period", lambda book: book.periods.close("2026-01", reason="done")),
    ("reopen-period", lambda book: book.periods.reopen("2026-01", reason="late bill")),
    ("adjust-period", lambda book: book.periods.adjust("2026-01")),
    (
        "redact",
        lambda book: book.redact("rent", field="description", basis="GDPR Art. 17"),
    ),
)


@final
@attrs.frozen
class Asks:
    """A control that returns what it is given, about some actions."""

    findings: tuple[Finding, ...]
    actions: frozenset[str] = frozenset({"post-entry"})
    looks: Callable[[Books], object] = attrs.field(default=lambda _: None)
    id: str = "asks"
    version: str = "1"

    def examine(
        self,
        proposal: bl.Proposal,  # noqa: ARG002
        books: Books,
    ) -> Sequence[Finding]:
        """Look around, then say what it was told to say."""
        self.looks(books)
        return self.findings


def seen(books: Twins, id: str) -> str:
    """Return the digest of what is proposed."""
    return books.tested.proposals.get(id).digest


def propose_action(books: Twins, id: str, work: Work, **given: Any) -> bl.Proposal:
    """Propose a command in both books."""
    return books.do(lambda ledger: ledger.proposals.propose(work, id=id, **given))


def reject(books: Twins, id: str, actor: str) -> bl.Proposal:
    """Reject what is proposed."""
    digest = seen(books, id)
    return books.do(
        lambda ledger: ledger.proposals.reject(id, seen=digest, actor=actor)
    )


class ActionTests(StoreCase):
    """Everything that changes the book can wait for a second person."""

    def test_every_action_can_be_proposed(self, tmp_path: Path) -> None:
        """It waits, and is done once, as it was seen."""
        with self.books(tmp_path) as books:
            books.post(entry())
            for name, work in ACTIONS:
                proposal = propose_action(books, name, work)
                assert (proposal.action, proposal.status.value) == (name, "open")
                assert propose_action(books, name, work) == proposal
                books.do(lambda ledger: ledger.proposals.get(name))
                found = books.do(lambda ledger: ledger.proposals.release(name))
                assert found.status is bl.ProposalStatus.POSTED
                before = books.snapshot()
                assert books.do(lambda ledger: ledger.proposals.release(name)) == found
                assert propose_action(books, name, work) == found
                assert books.snapshot() == before
            books.check()

    def test_a_control_of_actions_wants_votes(self, tmp_path: Path) -> None:
        """Directly the command is refused; entries are no business of the control."""
        control = Asks((bl.NeedApproval(1, "alone"),), frozenset({"reopen-period"}))
        reopen: Work = lambda book: book.periods.reopen("2026-01", reason="late")  # noqa: E731
        with self.books(tmp_path, controls=[control]) as books:
            books.post(entry())
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            books.refuse(errors.ApprovalRequired, reopen)
            proposal = propose_action(books, "reopen", reopen)
            assert dict(proposal.effect[0].texts) == {"reason": "late"}
            books.refuse(
                errors.ApprovalRequired,
                lambda ledger: ledger.proposals.release("reopen"),
            )
            missing = books.do(lambda ledger: ledger.proposals.missing("reopen"))
            assert missing == "approvals by 1"
            approve(books, "reopen")
            assert books.do(lambda ledger: ledger.proposals.missing("reopen")) == ""
            books.do(lambda ledger: ledger.proposals.release("reopen", actor="boss"))
            state = books.do(lambda ledger: ledger.periods.get("2026-01")).state
            assert state is bl.PeriodState.OPEN
            [submitted, posted] = books.do(
                lambda ledger: ledger.proposals.decisions("reopen")
            )
            assert (submitted.step, posted.step) == ("submit", "post")
            assert submitted.controls == ("asks@1",)
            assert submitted.findings == (("asks", bl.NeedApproval(1, "alone")),)
            books.check()

    def test_what_would_have_another_effect_is_not_done(self, tmp_path: Path) -> None:
        """What was seen is done, or nothing."""
        close: Work = lambda book: book.periods.close("2026")  # noqa: E731
        with self.books(tmp_path) as books:
            books.post(entry())
            propose_action(books, "close", close)
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            books.refuse(
                errors.ProposalState, lambda ledger: ledger.proposals.release("close")
            )
            books.refuse(
                errors.InvalidOption, lambda ledger: ledger.proposals.post("close")
            )
            books.refuse(
                errors.InvalidOption,
                lambda ledger: ledger.proposals.propose(
                    lambda book: book.open_account("assets:bank", type="asset"), id="x"
                ),
            )

    def test_what_cannot_be_proposed(self, tmp_path: Path) -> None:
        """One command, that can be shown and decided again, under one id."""
        hold = bl.Hold(
            "hold",
            [
                bl.debit("expenses:rent", "1.00 EUR"),
                bl.credit("assets:bank", "1.00 EUR"),
            ],
        )
        limit = bl.Limit(minimum="0.00 EUR")
        with self.books(tmp_path) as books:
            books.post(entry("posted"))
            propose(books, entry())
            propose_action(books, "journal", lambda book: book.open_journal("sales"))
            refusals: list[tuple[type[errors.LedgerError], Work, str | None]] = [
                (errors.InvalidOption, lambda _: None, "x"),
                (errors.InvalidOption, lambda book: book.holds.reserve(hold), "x"),
                (
                    errors.InvalidOption,
                    lambda book: book.post(
                        entry("y"), conditions={"assets:bank": limit}
                    ),
                    None,
                ),
                (errors.InvalidOption, lambda book: book.post(entry("y")), "z"),
                (errors.InvalidIdentifier, lambda book: book.periods.close("2026"), ""),
                (
                    errors.IdempotencyConflict,
                    lambda book: book.open_journal("other"),
                    "journal",
                ),
                (
                    errors.IdempotencyConflict,
                    lambda book: book.open_journal("j"),
                    "rent",
                ),
                (
                    errors.IdempotencyConflict,
                    lambda book: book.post(entry("journal")),
                    None,
                ),
                (
                    errors.IdempotencyConflict,
                    lambda book: book.post(entry("posted")),
                    None,
                ),
            ]
            for error, work, id_ in refusals:
                books.refuse(
                    error, lambda ledger: ledger.proposals.propose(work, id=id_)
                )

    def test_verbs_of_entries_are_proposals_of_entries(self, tmp_path: Path) -> None:
        """Posting and reversing, given as functions, are what they are otherwise."""
        with self.books(tmp_path) as books:
            proposal = books.do(
                lambda ledger: ledger.proposals.propose(lambda b: b.post(entry()))
            )
            assert proposal == propose(books, entry())
            books.do(lambda ledger: ledger.proposals.release("rent"))
            books.do(
                lambda ledger: ledger.proposals.propose(
                    lambda b: b.reverse("rent", date=DAY, reason="twice")
                )
            )
            books.do(lambda ledger: ledger.proposals.post("reversal:rent"))
            record = books.do(lambda ledger: ledger.record("rent"))
            assert record.reversed_by == "reversal:rent"

    def test_texts_of_a_proposed_action_can_be_erased(self, tmp_path: Path) -> None:
        """In the proposal, under its id; what was voted on is then not known."""
        with self.books(tmp_path) as books:
            propose_action(
                books,
                "cash",
                lambda book: book.open_account(
                    "assets:drawer", type="asset", label="Ann"
                ),
            )
            books.do(
                lambda ledger: ledger.redact(
                    "cash", field="effect.0.label", basis="GDPR Art. 17"
                )
            )
            assert (
                not books.do(lambda ledger: ledger.proposals.get("cash"))
                .effect[0]
                .texts
            )
            books.refuse(
                errors.ProposalState, lambda ledger: ledger.proposals.release("cash")
            )
            books.check()


class RevisionTests(StoreCase):
    """A proposal that is edited, expires, is escalated, is voted on for others."""

    def test_a_revision_begins_anew(self, tmp_path: Path) -> None:
        """Votes on what was do not count, and its editor is a maker."""
        with self.books(tmp_path) as books:
            propose(books, entry())
            approve(books, "rent")
            changed = attrs.evolve(entry(), description="Rent, corrected")
            revised = books.do(
                lambda ledger: ledger.proposals.revise("rent", changed, actor="editor")
            )
            assert (revised.revision, revised.votes) == (2, ())
            assert revised.makers == ("clerk", "editor")
            before = books.snapshot()
            again = books.do(lambda ledger: ledger.proposals.revise("rent", changed))
            assert again == revised
            assert books.snapshot() == before
            books.refuse(
                errors.NotPermitted,
                lambda ledger: ledger.proposals.approve(
                    "rent", seen=revised.digest, actor="Editor"
                ),
            )
            approve(books, "rent")
            record = books.do(lambda ledger: ledger.proposals.post("rent"))
            assert record.entry == changed
            books.refuse(
                errors.ProposalState,
                lambda ledger: ledger.proposals.revise("rent", entry()),
            )
            books.refuse(
                errors.UnknownProposal,
                lambda ledger: ledger.proposals.revise("other", entry("other")),
            )
            books.do(
                lambda ledger: ledger.redact(
                    "rent", field="description", basis="GDPR Art. 17"
                )
            )
            books.check()

    def test_an_action_is_revised_to_the_same_action(self, tmp_path: Path) -> None:
        """A proposal to close does not turn into one to open."""
        with self.books(tmp_path) as books:
            propose_action(books, "new", lambda book: book.open_journal("sales"))
            books.do(
                lambda ledger: ledger.proposals.revise(
                    "new", lambda book: book.open_journal("purchases")
                )
            )
            books.refuse(
                errors.ProposalState,
                lambda ledger: ledger.proposals.revise(
                    "new", lambda book: book.declare_dimension("region")
                ),
            )
            books.refuse(
                errors.ProposalState,
                lambda ledger: ledger.proposals.revise("new", entry("new")),
            )
            found = books.do(lambda ledger: ledger.proposals.release("new"))
            assert found.effect[0].id == "purchases"
            books.check()

    def test_a_proposal_expires_at_its_instant(self, tmp_path: Path) -> None:
        """On reading, without anybody sweeping; what expires is final."""
        clock = ManualClock(START)
        with self.books(tmp_path, clock=clock) as books:
            proposal = books.do(
                lambda ledger: ledger.proposals.propose(entry(), ttl=timedelta(days=2))
            )
            assert proposal.expires_at == START + timedelta(days=2)
            clock.move(timedelta(days=2, microseconds=-1))
            approve(books, "rent")
            clock.move(timedelta(microseconds=1))
            [found] = books.do(lambda ledger: ledger.proposals.all(status="expired"))
            assert found.id == "rent"
            books.refuse(
                errors.ProposalState, lambda ledger: ledger.proposals.post("rent")
            )
            books.refuse(
                errors.ProposalState,
                lambda ledger: ledger.proposals.reject(
                    "rent", seen=found.digest, actor="boss"
                ),
            )
            wrong: tuple[Any, ...] = (timedelta(0), 5)
            for ttl in wrong:
                books.refuse(
                    errors.InvalidOption,
                    lambda ledger: ledger.proposals.propose(entry("x"), ttl=ttl),
                )

    def test_the_strictest_control_binds(self, tmp_path: Path) -> None:
        """The shortest life, and as few escalations as anybody wants."""
        strict = bl.NeedApproval(1, ttl=timedelta(days=1), terms={"policy": "2026"})
        lax = bl.NeedApproval(1, ttl=timedelta(days=9), escalations=1)
        controls = [Asks((strict,)), Asks((lax,), id="lax")]
        clock = ManualClock(START)
        with self.books(tmp_path, controls=controls, clock=clock) as books:
            proposal = propose(books, entry())
            assert proposal.escalations == 0
            assert proposal.expires_at == proposal.proposed_at + timedelta(days=1)
            assert proposal.terms == {"asks": {"policy": "2026"}}
            assert reject(books, "rent", "boss").status is bl.ProposalStatus.REJECTED

    def test_a_rejection_is_decided_higher_up(self, tmp_path: Path) -> None:
        """It stands until somebody else decides after it; a second one ends it."""
        need = bl.NeedApproval(1, escalations=1)
        with self.books(tmp_path, controls=[Asks((need,))]) as books:
            for id_ in ("rent", "other"):
                propose(books, entry(id_))
                approve(books, id_)
                escalated = reject(books, id_, "lender")
                assert escalated.status is bl.ProposalStatus.ESCALATED
            books.refuse(
                errors.ApprovalRequired, lambda ledger: ledger.proposals.post("rent")
            )
            approve(books, "rent", "boss")
            assert books.tested.proposals.get("rent").votes[-1].stage == 1
            books.do(lambda ledger: ledger.proposals.post("rent"))
            assert reject(books, "other", "boss").status is bl.ProposalStatus.REJECTED

    def test_one_person_has_one_vote(self, tmp_path: Path) -> None:
        """Also through others, and nobody stands in for a maker."""
        with self.books(tmp_path) as books:
            digest = propose(books, entry()).digest

            def vote(actor: str, principal: str | None, reason: str = "") -> Work:
                return lambda ledger: ledger.proposals.approve(
                    "rent",
                    seen=digest,
                    actor=actor,
                    on_behalf_of=principal,
                    reason=reason,
                )

            books.do(vote("anna", "bernd", "as agreed"))
            before = books.snapshot()
            books.do(vote("anna", "bernd"))
            assert books.snapshot() == before
            for actor, principal in (
                ("bernd", None),
                ("carl", "Anna"),
                ("carl", "BERND"),
                ("carl", "clerk"),
                ("clerk", "carl"),
            ):
                books.refuse(errors.NotPermitted, vote(actor, principal))
            books.refuse(errors.InvalidOption, vote("carl", "Carl"))
            [found] = books.do(lambda ledger: ledger.proposals.get("rent")).votes
            assert (found.on_behalf_of, found.reason) == ("bernd", "as agreed")
            books.do(
                lambda ledger: ledger.redact(
                    "rent/anna", field="reason", basis="GDPR Art. 17", type="vote"
                )
            )
            [found] = books.do(lambda ledger: ledger.proposals.get("rent")).votes
            assert found.reason == ""
            books.check()

    def test_an_override_has_a_reason(self, tmp_path: Path) -> None:
        """It is a vote; controls say whether it counts."""
        with self.books(tmp_path) as books:
            digest = propose(books, entry()).digest
            books.refuse(
                errors.InvalidOption,
                lambda ledger: ledger.proposals.override(
                    "rent", seen=digest, reason="", actor="boss"
                ),
            )
            found = books.do(
                lambda ledger: ledger.proposals.override(
                    "rent", seen=digest, reason="needed today", actor="boss"
                )
            )
            assert found.votes[0].reason == "needed today"
            assert found.approvers == ()


class DecisionTests(StoreCase):
    """What controls look at, and what the log keeps of what they found."""

    def test_a_control_looks_around(self, tmp_path: Path) -> None:
        """Balances, documents, entries, proposals, and the instant."""
        looked: list[Any] = []

        def look(books: Books) -> None:
            looked.append(books.at)
            looked.append(books.balance("assets:bank"))
            looked.append(books.document("kyc", "ann"))
            looked.append(books.entry("first"))
            looked.append(books.entries("assets:bank", DAY, DAY))
            looked.append(books.proposal("waiting").status)
            for question in (
                lambda: books.document("kyc", "bob"),
                lambda: books.entry("nothing"),
                lambda: books.proposal("nothing"),
                lambda: books.entries("assets:nothing", DAY, DAY),
                lambda: books.balance("assets:nothing"),
            ):
                try:
                    question()
                except errors.LedgerError as error:
                    looked.append(error.code)

        with self.books(tmp_path) as books:
            books.post(entry("first"))
            propose(books, entry("waiting"))
            books.do(
                lambda ledger: ledger.documents.store(
                    bl.Document("kyc", "ann", {"risk": 1})
                )
            )
            control = Asks((Alert("seen", "look at it"),), looks=look)
            for ledger in (books.tested, books.oracle):
                own = attrs.evolve(ledger._session, controls=[control])
                bl.Ledger(own).post(entry("second"))
            half = len(looked) // 2
            assert looked[:half] == looked[half:]
            assert looked[2].content == {"risk": 1}
            assert [record.id for record in looked[4]] == ["first"]
            assert looked[-5:] == [
                "unknown-record",
                "unknown-record",
                "unknown-proposal",
                "unknown-account",
                "unknown-account",
            ]
            [found] = books.do(lambda ledger: ledger.proposals.decisions("second"))
            assert found.findings == (("asks", Alert("seen", "look at it")),)
            assert "document kyc/ann: version 1" in found.reads
            assert "document kyc/bob: none" in found.reads
            books.check()

    def test_what_is_confidential_is_not_told(self, tmp_path: Path) -> None:
        """Not by the error, nor by the log; who holds the duty may read it."""
        secret = bl.Deny("listed", "Ann is listed", confidential_to="aml.review")
        with self.books(tmp_path, controls=[Asks((secret,))]) as books:
            for work in (
                lambda ledger: ledger.post(entry()),
                lambda ledger: ledger.propose(entry()),
                lambda ledger: ledger.post_many([entry()], on_refusal="collect"),
                lambda ledger: ledger.post(entry("kept"), on_refusal="record"),
            ):
                try:
                    books.do(work)
                except errors.ControlDenied as error:
                    assert "listed" not in str(error)
                    assert "asks" not in str(error)
            found = books.do(lambda ledger: ledger.proposals.decisions("rent"))
            assert [each.step for each in found] == ["denied"] * 3
            assert all(not each.findings and not each.reads for each in found)
            for duty, shown in (("aml.review", 1), ("sales", 0)):
                found = books.do(
                    lambda ledger: ledger.proposals.decisions(
                        "rent", duties=lambda _actor, _at: [duty]
                    )
                )
                assert [len(each.findings) for each in found] == [shown] * 3
            assert not [
                record
                for record in books.tested.records()
                if "listed" in repr(record.content)
            ]
            dry = books.snapshot()
            try:
                books.do(lambda ledger: ledger.post(entry(), dry_run=True))
            except errors.ControlDenied:
                assert books.snapshot() == dry
            books.do(
                lambda ledger: ledger.redact(
                    "rent", field="findings", basis="GwG 8(4)", type="decision"
                )
            )
            books.check()

    def test_another_version_of_a_control_is_noted(self, tmp_path: Path) -> None:
        """In the manifest; who writes with the one before is refused from then on."""
        with self.books(tmp_path, controls=[Asks((bl.Allow(),))]) as books:
            newer = Asks((bl.Allow(),), version="2")
            for ledger in (books.tested, books.oracle):
                store = ledger._session.store
                bl.open_ledger(
                    store, actor="clerk", controls=[newer], clock=ManualClock(START)
                )
            error = books.refuse(
                errors.ControlMissing, lambda ledger: ledger.post(entry())
            )
            assert (error.expected, error.found) == ("asks@2", "'asks@1'")
