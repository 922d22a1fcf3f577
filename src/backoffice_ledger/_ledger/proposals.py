"""Proposals: ``ledger.proposals``."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from backoffice_ledger._engine.actions import command_of
from backoffice_ledger._engine.approvals import proposal_from_facts
from backoffice_ledger._engine.commands import (
    Action,
    CastVote,
    Command,
    PostEntries,
    Propose,
    ProposeAction,
    ProposeReversal,
    Release,
    Reverse,
)
from backoffice_ledger._engine.decisions import decision_from_fact
from backoffice_ledger._engine.state import Fact
from backoffice_ledger._ledger.session import Session, captured
from backoffice_ledger._ledger.topics import ReversalStyle, reversal_command
from backoffice_ledger._model.arguments import check_entry, check_member, check_methods
from backoffice_ledger._model.dates import instant_from_microseconds
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.proposal import (
    TTL_MAX,
    ControlDecision,
    Decision,
    Proposal,
    ProposalStatus,
)
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import check_identifier, check_text
from backoffice_ledger.errors import (
    ApprovalRequired,
    InvalidOption,
    StoreError,
    UnknownProposal,
)

if TYPE_CHECKING:
    from backoffice_ledger._ledger.ledger import Ledger


@attrs.frozen
class Proposals:
    """What waits for votes; each revision and each vote is a record.

    Entries are proposed, and other commands too: period changes, accounts, journals,
    documents, redactions.  A proposal names what it will do (`Proposal.action`) and
    shows it (`Proposal.entry`, `Proposal.effect`).
    """

    _session: Session
    _face: Callable[[Session], "Ledger"]

    def propose(
        self,
        what: "Entry | Callable[[Ledger], object]",
        *,
        id: str | None = None,
        ttl: timedelta | None = None,
        actor: str | None = None,
    ) -> Proposal:
        """Keep something as a proposal.

        Args:
            what: an entry; or a function that gives one command to the ledger that it
                gets, such as ``lambda book: book.periods.reopen("2026-01", reason=r)``.
                The command is not carried out but kept.
            id: of the proposal; an entry's own id, and needed for other commands.
            ttl: how long it may wait at most; controls may want less.
            actor: who proposes it, if not the ledger's actor.

        Raises:
            InvalidOption: the command cannot be proposed, or would change nothing.
            IdempotencyConflict: the id stands for something else.
            Refused: the book would not take it, or a control denies it.
        """
        return self._propose(what, id, ttl, actor, revises=False)

    def revise(
        self,
        id: str,
        what: "Entry | Callable[[Ledger], object]",
        *,
        ttl: timedelta | None = None,
        actor: str | None = None,
    ) -> Proposal:
        """Replace what is proposed by another revision, which is submitted at once.

        The votes on it no longer count, and who revised it is one of its makers.
        Arguments as for `propose`.

        Raises:
            ProposalState: it is not open, or its action is another one.
            UnknownProposal: there is none of this id.
            Refused: the book would not take it, or a control denies it.
        """
        check_identifier(id, "id")
        return self._propose(what, id, ttl, actor, revises=True)

    def propose_reversal(
        self,
        id: str,
        *,
        date: date,
        reason: str,
        style: ReversalStyle = "opposite",
        reversal_id: str | None = None,
        ttl: timedelta | None = None,
        actor: str | None = None,
    ) -> Proposal:
        """Keep the reversal of an entry as a proposal; arguments as for `reverse`.

        Raises:
            UnknownRecord: there is no such entry.
            AlreadyReversed: another reversal took it back.
            Refused: the book would not take the reversal, or a control denies it.
        """
        command = reversal_command(id, date, reason, style, reversal_id)
        return self._kept(
            command.reversal_id, ProposeReversal(command, _microseconds(ttl)), actor
        )

    def _propose(
        self,
        what: "Entry | Callable[[Ledger], object]",
        id: str | None,
        ttl: timedelta | None,
        actor: str | None,
        *,
        revises: bool,
    ) -> Proposal:
        command: Command
        if isinstance(what, Entry) or not callable(what):
            command = PostEntries((check_entry(what, "entry"),))
        else:
            command = captured(self._session, lambda session: what(self._face(session)))
        life = _microseconds(ttl)
        propose: Propose | ProposeReversal | ProposeAction
        match command:
            case PostEntries(entries=(entry,)) if command == PostEntries((entry,)):
                own, propose = entry.id, Propose(entry, life, revises)
            case Reverse():
                own = command.reversal_id
                propose = ProposeReversal(command, life, revises)
            case _ if isinstance(command, Action):
                own = check_identifier(id, "id")
                propose = ProposeAction(own, command, life, revises)
            case _:
                raise InvalidOption(
                    "only what can be shown and decided again can be proposed",
                    field="what",
                    expected="an entry as it is, a reversal or another command",
                    found=type(command).__name__,
                )
        if id is not None and id != own:
            raise InvalidOption(
                "the proposal of an entry has its id",
                field="id",
                expected=own,
                found=id,
            )
        return self._kept(own, propose, actor)

    def _kept(self, id: str, command: Command, actor: str | None) -> Proposal:
        """Return a new proposal with its position, where the commit came first."""
        proposal = self._session.execute_and_read(
            command, lambda: self.get(id), actor=actor
        )
        if not proposal.position:
            with suppress(StoreError):  # it is recorded, whatever happens here
                return self.get(id)
        return proposal

    def approve(
        self,
        id: str,
        *,
        seen: str,
        on_behalf_of: str | None = None,
        reason: str = "",
        actor: str | None = None,
    ) -> Proposal:
        """Approve the content whose digest is *seen*.

        Args:
            id: of the proposal.
            seen: the digest of what the voter has looked at.
            on_behalf_of: whom the voter stands in for; whether that counts is for
                controls to say.
            reason: erasable free text.
            actor: who votes, if not the ledger's actor.

        Raises:
            DigestMismatch: the proposal holds other content than was seen.
            NotPermitted: one of the two is a maker, or stands behind another vote.
            ProposalState: the proposal is not open, or the actor voted otherwise.
            UnknownProposal: there is none of this id.
        """
        return self._vote(id, Decision.APPROVE, seen, actor, on_behalf_of, reason)

    def reject(
        self,
        id: str,
        *,
        seen: str,
        on_behalf_of: str | None = None,
        reason: str = "",
        actor: str | None = None,
    ) -> Proposal:
        """Reject the proposal; arguments and errors as for `approve`.

        That ends it, unless a control wants a higher level to decide: then it is
        ``escalated``.
        """
        return self._vote(id, Decision.REJECT, seen, actor, on_behalf_of, reason)

    def override(
        self, id: str, *, seen: str, reason: str, actor: str | None = None
    ) -> Proposal:
        """Decide for it in one's own competence, against or without other votes.

        It counts where a control says that the actor may; see
        `compliance.MakerChecker`.  Arguments and errors as for `approve`.

        Raises:
            InvalidOption: no reason is given.
        """
        if check_text(reason, "reason") == "":
            raise InvalidOption(field="reason", expected="why it is overridden")
        return self._vote(id, Decision.OVERRIDE, seen, actor, None, reason)

    def withdraw(self, id: str, *, actor: str | None = None) -> Proposal:
        """Withdraw one's own proposal.

        Raises:
            NotPermitted: the actor is not a maker of it.
            ProposalState: the proposal is not open.
        """
        return self._vote(id, Decision.WITHDRAW, self.get(id).digest, actor, None, "")

    def _vote(
        self,
        id: str,
        decision: Decision,
        seen: str,
        actor: str | None,
        on_behalf_of: str | None,
        reason: str,
    ) -> Proposal:
        if on_behalf_of is not None:
            check_identifier(on_behalf_of, "on_behalf_of")
        command = CastVote(
            check_identifier(id, "id"),
            decision,
            check_identifier(seen, "seen"),
            on_behalf_of,
            check_text(reason, "reason"),
        )
        return self._session.execute_and_read(
            command, lambda: self.get(id), actor=actor
        )

    def post(self, id: str, *, actor: str | None = None) -> Record:
        """Post the proposed entry; every control is asked again, now.

        Raises:
            ApprovalRequired: votes are missing.
            ControlDenied: a control denies it.
            ProposalState: the proposal was rejected or withdrawn, or has expired.
            InvalidOption: it proposes something else than an entry; see `release`.
            Refused: the book does not take the entry any more.
        """
        command = self._release(id)
        if command.action is not None:
            raise InvalidOption(
                "ledger.proposals.release() does what is no entry",
                field="id",
                expected="the proposal of an entry",
                found=id,
            )
        return self._session.execute_one(command, actor=actor)

    def release(self, id: str, *, actor: str | None = None) -> Proposal:
        """Do what is proposed, an entry or anything else; controls are asked again.

        It is done as it was seen, or not at all.

        Raises:
            ProposalState: the proposal is not open, or would have another effect now.
            ApprovalRequired, ControlDenied, Refused: as for `post`.
        """
        return self._session.execute_and_read(
            self._release(id), lambda: self.get(id), actor=actor
        )

    def missing(self, id: str, *, actor: str | None = None) -> str:
        """Return which votes a release by *actor* would lack; empty if none.

        Such as ``votes for Marktfolge``, or ``approvals by 2``.

        Raises:
            ControlDenied, ProposalState, Refused: it could not be released anyway.
        """
        try:
            self._session.execute(self._release(id), actor=actor, dry_run=True)
        except ApprovalRequired as error:
            return error.expected or ""
        return ""

    def _release(self, id: str) -> Release:
        """Return the command that does what is proposed."""
        proposal = self.get(id)
        if proposal.is_entry:
            return Release(id)
        return Release(id, command_of(proposal.action, proposal.effect))

    def get(self, id: str) -> Proposal:
        """Return a proposal with the votes on it, as it stands now.

        Raises:
            UnknownProposal: there is none of this id.
        """
        check_identifier(id, "id")
        found = [proposal for proposal in self._read(id) if proposal.id == id]
        if not found:
            raise UnknownProposal(field="id", found=id)
        return found[0]

    def all(
        self, *, status: ProposalStatus | str | None = None
    ) -> tuple[Proposal, ...]:
        """Return all proposals, or those in one status, in the order of the log."""
        if status is not None:
            status = check_member(status, "status", ProposalStatus)
        return tuple(
            sorted(
                (p for p in self._read("") if status in (None, p.status)),
                key=lambda proposal: proposal.position,
            )
        )

    def _read(self, prefix: str) -> Iterator[Proposal]:
        with self._session.transaction(write=False) as transaction:
            proposals = transaction.facts("proposal", prefix)
            votes = transaction.facts("vote", prefix)
            releases = transaction.facts("release", prefix)
            submissions = transaction.facts("submission", prefix)
        may_expire = any("expires" in each.content for each in submissions.values())
        now = self._session.instant() if may_expire else 0
        own: dict[str, dict[str, Fact]] = {}
        for key, vote in votes.items():
            own.setdefault(vote.content["proposal"], {})[key] = vote
        for id_, fact in proposals.items():
            yield proposal_from_facts(
                id_,
                fact,
                own.get(id_, {}),
                releases.get(id_),
                submissions.get(id_),
                now,
            )

    def decisions(
        self, id: str, *, duties: Callable[[str, datetime], Iterable[str]] | None = None
    ) -> tuple[ControlDecision, ...]:
        """Return what controls found about a proposal, an entry or a record, in order.

        What is confidential is shown to those only who hold the duty that it names.

        Args:
            id: of the proposal, the entry, or the record that was to be made.
            duties: says which duties an actor holds at an instant, such as the method
                `compliance.Authority.duties_of`; the ledger's actor is asked for.
        """
        held: Iterable[str] = ()
        if duties is not None:
            check_methods(duties, "duties", "__call__")
            stamp = self._session.stamp()
            held = duties(stamp.actor, instant_from_microseconds(stamp.at))
        with self._session.transaction(write=False) as transaction:
            facts = transaction.history("decision", check_identifier(id, "id"))
        return tuple(decision_from_fact(fact, frozenset(held)) for fact in facts)


def _microseconds(ttl: timedelta | None) -> int | None:
    if ttl is None:
        return None
    if not isinstance(ttl, timedelta) or not timedelta(0) < ttl <= TTL_MAX:
        raise InvalidOption(
            field="ttl", expected=f"a timedelta above zero, up to {TTL_MAX}", found=ttl
        )
    return ttl // timedelta(microseconds=1)
