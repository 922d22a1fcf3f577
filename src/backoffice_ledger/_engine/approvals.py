"""Proposals: kept, voted on, released.  Votes bind to the digest of the content."""

from collections.abc import Mapping
from typing import Any

from backoffice_ledger._engine.canonical import (
    canonical_json,
    commitment,
    content_digest,
    entry_content,
    leaf_hash,
    memo_field,
    record_bytes,
    text_fields,
)
from backoffice_ledger._engine.commands import (
    CastVote,
    Propose,
    ProposeReversal,
    Release,
)
from backoffice_ledger._engine.contents import entry_from_content
from backoffice_ledger._engine.controls import Examine, Prepared
from backoffice_ledger._engine.entries import add_entry, check_same_entry, check_state
from backoffice_ledger._engine.reversal import (
    check_not_reversed,
    known_original,
    reversal_of,
)
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._engine.state import (
    PROVISIONAL,
    Fact,
    NewRecord,
    Outcome,
    State,
    key_part,
)
from backoffice_ledger._model.dates import instant_from_microseconds
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.proposal import (
    Decision,
    Proposal,
    ProposalStatus,
    Vote,
    folded,
)
from backoffice_ledger.errors import (
    DigestMismatch,
    IdempotencyConflict,
    NotPermitted,
    ProposalState,
    UnknownProposal,
)


def proposal_from_facts(
    id_: str, fact: Fact, votes: Mapping[str, Fact], release: Fact | None
) -> Proposal:
    """Return the proposal as it stands after the votes on it.

    *votes* may hold others too: a prefix ``a/`` also finds those on ``a/b``.
    """
    texts = {name: text for name, (_, text) in fact.texts.items()}
    cast = tuple(
        Vote(
            vote.actor,
            Decision(vote.content["decision"]),
            vote.content["seen"],
            instant_from_microseconds(vote.at),
        )
        for vote in sorted(votes.values(), key=lambda vote: vote.position)
        if vote.content["proposal"] == id_
    )
    decisions = {vote.decision for vote in cast}
    if release is not None:
        status = ProposalStatus.POSTED
    elif Decision.WITHDRAW in decisions:
        status = ProposalStatus.WITHDRAWN
    elif Decision.REJECT in decisions:
        status = ProposalStatus.REJECTED
    else:
        status = ProposalStatus.OPEN
    return Proposal(
        id_,
        entry_from_content(fact.content, texts),
        content_digest(canonical_json(fact.content)),
        fact.actor,
        instant_from_microseconds(fact.at),
        cast,
        status,
        reverses=fact.content.get("reverses"),
        position=fact.position if fact.position < PROVISIONAL else 0,
    )


def read_proposal(state: State, id_: str) -> Proposal:
    """Return a proposal from the facts that were read.

    Raises:
        UnknownProposal: there is none of this id.
    """
    fact = state.fact("proposal", id_)
    if fact is None:
        raise UnknownProposal(field="id", found=id_)
    votes = state.of_kind("vote", f"{id_}/")
    return proposal_from_facts(id_, fact, votes, state.fact("release", id_))


def propose(
    state: State, command: Propose, stamp: Stamp, examine: Examine | None
) -> Outcome:
    """Keep an entry that the book would take as a proposal."""
    entry = command.entry
    return _known(state, entry) or _keep(state, entry, None, stamp, examine)


def propose_reversal(
    state: State, command: ProposeReversal, stamp: Stamp, examine: Examine | None
) -> Outcome:
    """Keep the reversal of an entry as a proposal."""
    original = known_original(state, command.reversal.id)
    entry = reversal_of(original, command.reversal)
    known = _known(state, entry)
    if known is not None:
        return known
    check_not_reversed(original)
    return _keep(state, entry, original.id, stamp, examine)


def _known(state: State, entry: Entry) -> Outcome | None:
    """Return the proposal of the same entry, if there is one."""
    fact = state.fact("proposal", entry.id)
    if fact is None:
        return None
    check_same_entry(entry, read_proposal(state, entry.id).entry, erased_texts(fact))
    return Outcome(results=[fact])


def erased_texts(fact: Fact) -> list[str]:
    """Return the names of the texts of a proposal that were erased."""
    names = ["description"] if "description" in fact.content else []
    names += [
        memo_field(line)
        for line, posting in enumerate(fact.content["postings"])
        if "memo" in posting
    ]
    return [name for name in names if name not in fact.texts]


def _keep(
    state: State,
    entry: Entry,
    reverses: str | None,
    stamp: Stamp,
    examine: Examine | None,
) -> Outcome:
    if state.entries.get(entry.id) is not None:
        raise IdempotencyConflict("is recorded as an entry", field="id", found=entry.id)
    check_state(state, entry)
    fields = text_fields(entry)
    texts = [
        (name, salt, text)
        for (name, text), salt in zip(fields, stamp.draw(len(fields)), strict=True)
    ]
    commitments = {name: commitment(salt, text) for name, salt, text in texts}
    content = entry_content(entry, commitments, reverses)
    if examine is not None:
        examine(Prepared(entry, content_digest(content), reverses=reverses))
    data = record_bytes("proposal", stamp.actor, stamp.at_text, content)
    outcome = Outcome()
    outcome.add(
        NewRecord(
            "proposal",
            entry.id,
            stamp.actor,
            stamp.at,
            content,
            leaf_hash(data),
            (("proposal", entry.id),),
            texts,
        )
    )
    return outcome


def vote_key(proposal: str, actor: str) -> str:
    """Return the key of the fact about an actor's vote on a proposal."""
    return f"{proposal}/{key_part(folded(actor))}"


def cast_vote(state: State, command: CastVote, stamp: Stamp) -> Outcome:
    """Record a vote on the content that the voter has seen."""
    proposal = read_proposal(state, command.proposal)
    key = vote_key(proposal.id, stamp.actor)
    own = state.fact("vote", key)
    if own is not None and own.content == _vote_content(command):
        return Outcome(results=[own])
    if proposal.status is not ProposalStatus.OPEN:
        raise ProposalState(
            field="id", expected="an open proposal", found=proposal.status.value
        )
    if own is not None and own.content["decision"] != command.decision.value:
        raise ProposalState(
            "has voted already",
            field="actor",
            expected=own.content["decision"],
            found=command.decision.value,
        )
    if command.seen != proposal.digest:
        raise DigestMismatch(field="seen", expected=proposal.digest, found=command.seen)
    is_maker = proposal.is_maker(stamp.actor)
    if is_maker is not (command.decision is Decision.WITHDRAW):
        raise NotPermitted(
            "makers withdraw, others vote",
            field="actor",
            expected="the maker" if not is_maker else "another person than the maker",
            found=stamp.actor,
        )
    outcome = Outcome()
    content = _vote_content(command)
    outcome.add(stamp.record("vote", key, content, [("vote", key)]))
    return outcome


def _vote_content(command: CastVote) -> dict[str, Any]:
    return {
        "decision": command.decision.value,
        "proposal": command.proposal,
        "seen": command.seen,
    }


def release(
    state: State, command: Release, stamp: Stamp, examine: Examine | None
) -> Outcome:
    """Post a proposal; controls see its votes and decide again, now."""
    proposal = read_proposal(state, command.proposal)
    posted = state.entries.get(proposal.id)
    if posted is not None and posted.proposal == proposal.id:
        return Outcome(results=[posted])
    if posted is not None:
        raise IdempotencyConflict(
            "was posted without this proposal", field="id", found=proposal.id
        )
    if proposal.status is not ProposalStatus.OPEN:
        raise ProposalState(
            field="id", expected="an open proposal", found=proposal.status.value
        )
    fact = state.known("proposal", proposal.id)
    if erased_texts(fact):
        raise ProposalState(
            "a text of it was erased, so what was voted on is no longer known",
            field="id",
            expected="a proposal with all of its texts",
            found=proposal.id,
        )
    # The salts of the proposal are used again, so that the entry's canonical content
    # is byte for byte what was voted on.
    texts = [(name, salt, text) for name, (salt, text) in fact.texts.items()]
    phase = None
    if proposal.reverses is not None:
        original = known_original(state, proposal.reverses)
        check_not_reversed(original)
        phase = original.phase
    outcome = Outcome()
    add_entry(
        state,
        outcome,
        proposal.entry,
        texts,
        stamp,
        examine,
        phase=phase,
        reverses=proposal.reverses,
        proposal=proposal.id,
    )
    return outcome
