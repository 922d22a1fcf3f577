"""Proposals: kept, revised, voted on, released.  Votes bind to the digest.

A proposal is the latest of its revisions (``proposal``), what was found when that was
submitted (``submission``; none where nothing had to be kept), the votes on it, and what
it has become (``release``).  An edit is a new revision, which is submitted at once: its
votes begin anew, and who wrote it is one of its makers for good.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import attrs

from backoffice_ledger._engine.actions import (
    EFFECT_TYPES,
    action_of,
    command_of,
    effect_content,
    effect_from_fact,
    effect_of,
    is_same,
)
from backoffice_ledger._engine.canonical import (
    SALT_BYTES,
    canonical_json,
    commitment,
    content_digest,
    entry_content,
    leaf_hash,
    record_bytes,
    text_fields,
)
from backoffice_ledger._engine.commands import (
    Action,
    CastVote,
    Propose,
    ProposeAction,
    ProposeReversal,
    Release,
)
from backoffice_ledger._engine.contents import (
    commitments_of,
    entry_from_content,
    text_field,
)
from backoffice_ledger._engine.controls import Examine, Verdict
from backoffice_ledger._engine.decisions import (
    NOTHING_ASKED,
    decision_record,
    terms_from_content,
)
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
    ENTRY_ACTION,
    Decision,
    Effect,
    Proposal,
    ProposalStatus,
    Vote,
    folded,
    persons,
)
from backoffice_ledger._model.record import Record
from backoffice_ledger.errors import (
    ApprovalRequired,
    DigestMismatch,
    IdempotencyConflict,
    InvalidOption,
    NotPermitted,
    ProposalState,
    UnknownProposal,
)

Texts = Sequence[tuple[str, bytes, str]]
"""Erasable texts: name, salt, value."""


def proposal_from_facts(
    id_: str,
    fact: Fact,
    votes: Mapping[str, Fact],
    release: Fact | None,
    submission: Fact | None,
    now: int,
) -> Proposal:
    """Return the proposal as it stands at an instant, after the votes on it.

    *votes* may hold others too: a prefix ``a/`` also finds those on ``a/b``.
    """
    bound: Mapping[str, Any] = {} if submission is None else submission.content
    revision = bound.get("revision", 1)
    cast = tuple(
        _vote(vote)
        for vote in sorted(votes.values(), key=lambda vote: vote.position)
        if _is_on(vote, id_, revision)
    )
    expires = bound.get("expires")
    expires_at = None if expires is None else datetime.fromisoformat(expires)
    action = fact.content.get("action", ENTRY_ACTION)
    entry = None
    if action == ENTRY_ACTION:
        texts = {name: text for name, (_, text) in fact.texts.items()}
        entry = entry_from_content(fact.content, texts)
    makers = tuple(bound.get("makers", (fact.actor,)))
    escalations = bound.get("escalations", 0)
    return Proposal(
        id_,
        entry,
        content_digest(canonical_json(fact.content)),
        makers[0],
        instant_from_microseconds(fact.at),
        cast,
        _status(cast, release, escalations, expires_at, now),
        reverses=fact.content.get("reverses"),
        position=fact.position if fact.position < PROVISIONAL else 0,
        action=action,
        effect=effect_from_fact(fact),
        revision=revision,
        makers=makers,
        expires_at=expires_at,
        escalations=escalations,
        terms=terms_from_content(bound),
    )


def _is_on(vote: Fact, id_: str, revision: int) -> bool:
    """Whether a vote is on a revision of a proposal."""
    content = vote.content
    return (content["proposal"], content.get("revision", 1)) == (id_, revision)


def _vote(fact: Fact) -> Vote:
    content = fact.content
    return Vote(
        fact.actor,
        Decision(content["decision"]),
        content["seen"],
        instant_from_microseconds(fact.at),
        content.get("on_behalf_of"),
        content.get("stage", 0),
        fact.texts.get("reason", (b"", ""))[1],
    )


def _status(
    votes: Sequence[Vote],
    release: Fact | None,
    escalations: int,
    expires_at: datetime | None,
    now: int,
) -> ProposalStatus:
    """Return where a proposal stands; nothing overtakes what is final."""
    if release is not None:
        return ProposalStatus.POSTED
    if any(vote.decision is Decision.WITHDRAW for vote in votes):
        return ProposalStatus.WITHDRAWN
    rejections = rejections_of(votes)
    if rejections > escalations:
        return ProposalStatus.REJECTED
    if expires_at is not None and expires_at <= instant_from_microseconds(now):
        return ProposalStatus.EXPIRED
    return ProposalStatus.ESCALATED if rejections else ProposalStatus.OPEN


def rejections_of(votes: Sequence[Vote]) -> int:
    """Return how many have rejected: so often was it escalated, or it has ended."""
    return sum(vote.decision is Decision.REJECT for vote in votes)


def read_proposal(state: State, id_: str) -> Proposal:
    """Return a proposal from the facts that were read.

    Raises:
        UnknownProposal: there is none of this id.
    """
    fact = state.fact("proposal", id_)
    if fact is None:
        raise UnknownProposal(field="id", found=id_)
    return proposal_from_facts(
        id_,
        fact,
        state.of_kind("vote", f"{id_}/"),
        state.fact("release", id_),
        state.fact("submission", id_),
        state.now,
    )


# --- proposing -----------------------------------------------------------------------


def propose(
    state: State, command: Propose, stamp: Stamp, examine: Examine | None
) -> Outcome:
    """Keep an entry that the book would take as a proposal."""
    return _propose_entry(state, command.entry, None, command, stamp, examine)


def propose_reversal(
    state: State, command: ProposeReversal, stamp: Stamp, examine: Examine | None
) -> Outcome:
    """Keep the reversal of an entry as a proposal."""
    original = known_original(state, command.reversal.id)
    entry = reversal_of(original, command.reversal)
    return _propose_entry(state, entry, original, command, stamp, examine)


Proposing = Propose | ProposeReversal | ProposeAction


def _old_proposal(state: State, id_: str, command: Proposing) -> Proposal | None:
    """Return the proposal that there is of an id; a revision needs an open one."""
    if state.fact("proposal", id_) is None:
        if command.revises:
            raise UnknownProposal(field="id", found=id_)
        return None
    return read_proposal(state, id_)


def _check_revisable(old: Proposal, action: str) -> None:
    if old.status.is_final:
        raise ProposalState(
            field="id", expected="an open proposal", found=old.status.value
        )
    if old.action != action:
        raise ProposalState(
            "a revision does the same with other contents",
            field="action",
            expected=old.action,
            found=action,
        )


def _propose_entry(
    state: State,
    entry: Entry,
    original: Record | None,
    command: Propose | ProposeReversal,
    stamp: Stamp,
    examine: Examine | None,
) -> Outcome:
    old = _old_proposal(state, entry.id, command)
    if old is not None:
        fact = state.known("proposal", entry.id)
        if not command.revises:
            if not old.is_entry:
                raise IdempotencyConflict(
                    f"is a proposal to {old.action}", field="id", found=entry.id
                )
            check_same_entry(entry, old.entry, erased_texts(fact))
            return Outcome(results=[fact])
        if old.is_entry and old.entry == entry:
            return Outcome(results=[fact])
        _check_revisable(old, ENTRY_ACTION)
    if original is not None:
        check_not_reversed(original)
    if state.entries.get(entry.id) is not None:
        raise IdempotencyConflict("is recorded as an entry", field="id", found=entry.id)
    check_state(state, entry)
    fields = text_fields(entry)
    texts = [
        (name, salt, text)
        for (name, text), salt in zip(fields, stamp.draw(len(fields)), strict=True)
    ]
    commitments = {name: commitment(salt, text) for name, salt, text in texts}
    reverses = None if original is None else original.id
    content = entry_content(entry, commitments, reverses)
    proposal = Proposal(
        entry.id,
        entry,
        content_digest(content),
        stamp.actor,
        instant_from_microseconds(stamp.at),
        reverses=reverses,
    )
    return _submit(proposal, old, content, texts, command.ttl, stamp, examine)


def _submit(
    proposal: Proposal,
    old: Proposal | None,
    content: str,
    texts: Texts,
    ttl: int | None,
    stamp: Stamp,
    examine: Examine | None,
) -> Outcome:
    """Record a new revision, and what the controls found and want kept."""
    if old is not None:
        proposal = attrs.evolve(
            proposal,
            revision=old.revision + 1,
            maker=old.maker,
            makers=_makers(old, stamp.actor),
        )
    is_examined = examine is not None and examine.wants(proposal.action)
    verdict = NOTHING_ASKED
    if examine is not None and is_examined:
        verdict = examine(proposal, "submit")
    data = record_bytes("proposal", stamp.actor, stamp.at_text, content)
    outcome = Outcome()
    outcome.add(
        NewRecord(
            "proposal",
            proposal.id,
            stamp.actor,
            stamp.at,
            content,
            leaf_hash(data),
            (("proposal", proposal.id),),
            list(texts),
        )
    )
    if is_examined or ttl is not None or old is not None:
        bound = _bound(proposal, verdict, ttl)
        outcome.records.append(decision_record(stamp, bound, "submit", verdict))
    return outcome


def _makers(old: Proposal, editor: str) -> tuple[str, ...]:
    """Return who has made a proposal once somebody has revised it."""
    return old.makers if old.is_maker(editor) else (*old.makers, editor)


def _bound(proposal: Proposal, verdict: Verdict, ttl: int | None) -> Proposal:
    """Return the proposal with what binds it from now on: the strictest of all."""
    demands = verdict.demands
    lives = [finding.ttl for _, finding in demands if finding.ttl is not None]
    lives += [] if ttl is None else [timedelta(microseconds=ttl)]
    return attrs.evolve(
        proposal,
        expires_at=proposal.proposed_at + min(lives) if lives else None,
        escalations=min((finding.escalations for _, finding in demands), default=0),
        terms={control: found.terms for control, found in demands if found.terms},
    )


def erased_texts(fact: Fact) -> list[str]:
    """Return the names of the texts of a proposal that were erased."""
    return [
        name
        for name in commitments_of("proposal", fact.content)
        if name not in fact.texts
    ]


DecideAction = Callable[[State, Action, Stamp], Outcome]
"""Decides an action as if it were given without a proposal."""


def propose_action(
    state: State,
    command: ProposeAction,
    stamp: Stamp,
    examine: Examine | None,
    decide_action: DecideAction,
) -> Outcome:
    """Keep what a command would do as a proposal."""
    name = action_of(command.action)
    old = _old_proposal(state, command.id, command)
    if old is not None:
        fact = state.known("proposal", command.id)
        has_all = old.action == name and not erased_texts(fact)
        if has_all and is_same(state, command.action, command_of(name, old.effect)):
            return Outcome(results=[fact])
        if not command.revises:
            raise IdempotencyConflict(
                "is a proposal of something else, or of what was erased",
                field="id",
                found=command.id,
            )
        _check_revisable(old, name)
    records = decide_action(state, command.action, stamp).records
    effect = effect_of(records)
    if not effect:
        raise InvalidOption(
            "it would change nothing",
            field="action",
            expected="a command that changes something",
            found=name,
        )
    content = _action_content(command.id, name, effect)
    texts = [
        (text_field(index, field), salt, text)
        for index, record in enumerate(r for r in records if r.type in EFFECT_TYPES)
        for field, salt, text in record.texts
    ]
    proposal = _action_proposal(command.id, name, effect, content, stamp)
    return _submit(proposal, old, content, texts, command.ttl, stamp, examine)


def _action_content(id_: str, name: str, effect: Sequence[Effect]) -> str:
    return canonical_json({"action": name, "effect": effect_content(effect), "id": id_})


def _action_proposal(
    id_: str, name: str, effect: tuple[Effect, ...], content: str, stamp: Stamp
) -> Proposal:
    return Proposal(
        id_,
        None,
        content_digest(content),
        stamp.actor,
        instant_from_microseconds(stamp.at),
        action=name,
        effect=effect,
    )


def examine_direct(
    outcome: Outcome, action: Action, stamp: Stamp, examine: Examine
) -> None:
    """Ask the controls about a command that is given without a proposal."""
    name, effect = action_of(action), effect_of(outcome.records)
    id_ = effect[0].id
    content = _action_content(id_, name, effect)
    proposal = _action_proposal(id_, name, effect, content, stamp)
    proposal = attrs.evolve(proposal, released_by=stamp.actor)
    verdict = examine(proposal, "direct")
    if not verdict.is_plain:
        outcome.records.append(decision_record(stamp, proposal, "direct", verdict))


# --- votes ---------------------------------------------------------------------------


def vote_key(proposal: str, actor: str, revision: int = 1) -> str:
    """Return the key of the fact about an actor's vote on a revision of a proposal."""
    key = f"{proposal}/{key_part(folded(actor))}"
    return key if revision == 1 else f"{key}*{revision}"


def cast_vote(state: State, command: CastVote, stamp: Stamp) -> Outcome:
    """Record a vote on the content that the voter has seen."""
    proposal = read_proposal(state, command.proposal)
    if command.on_behalf_of and folded(command.on_behalf_of) == folded(stamp.actor):
        raise InvalidOption(
            field="on_behalf_of", expected="another person", found=command.on_behalf_of
        )
    key = vote_key(proposal.id, stamp.actor, proposal.revision)
    own = state.fact("vote", key)
    if own is not None and _is_same_vote(own, command):
        return Outcome(results=[own])
    if proposal.status.is_final:
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
    _check_voter(proposal, command, stamp.actor)
    content: dict[str, Any] = {
        "decision": command.decision.value,
        "proposal": command.proposal,
        "seen": command.seen,
    }
    if command.on_behalf_of is not None:
        content["on_behalf_of"] = command.on_behalf_of
    if proposal.revision > 1:
        content["revision"] = proposal.revision
    if stage := rejections_of(proposal.votes):
        content["stage"] = stage
    texts = {"reason": command.reason} if command.reason else {}
    outcome = Outcome()
    outcome.add(stamp.record("vote", key, content, [("vote", key)], texts))
    return outcome


def _is_same_vote(own: Fact, command: CastVote) -> bool:
    return (
        own.content["decision"],
        own.content["seen"],
        own.content.get("on_behalf_of"),
    ) == (command.decision.value, command.seen, command.on_behalf_of)


def _check_voter(proposal: Proposal, command: CastVote, actor: str) -> None:
    """Refuse whoever made it, or has voted on it, as oneself or through another."""
    if command.decision is Decision.WITHDRAW:
        if not proposal.is_maker(actor):
            raise NotPermitted(
                "makers withdraw, others vote",
                field="actor",
                expected="the maker",
                found=actor,
            )
        return
    voters = persons(actor, command.on_behalf_of)
    if voters & persons(*proposal.makers):
        raise NotPermitted(
            "makers withdraw, others vote",
            field="actor",
            expected="another person than the maker",
            found=actor,
        )
    for vote in proposal.votes:
        if voters & vote.persons:
            raise NotPermitted(
                "one person, one vote, also through others",
                field="actor",
                expected=f"another person than those behind the vote of {vote.actor}",
                found=actor,
            )


# --- release -------------------------------------------------------------------------


def release(
    state: State,
    command: Release,
    stamp: Stamp,
    examine: Examine | None,
    decide_action: DecideAction,
) -> Outcome:
    """Do what is proposed; controls see the votes and decide again, now."""
    proposal = read_proposal(state, command.proposal)
    if not proposal.is_entry:
        return _release_action(state, command, proposal, stamp, examine, decide_action)
    posted = _posted(state, proposal)
    if posted is not None:
        return Outcome(results=[posted])
    texts = _check_releasable(state, proposal)
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
        proposal=proposal,
    )
    return outcome


def _posted(state: State, proposal: Proposal) -> Record | None:
    """Return the entry that a proposal has become."""
    posted = state.entries.get(proposal.id)
    if posted is not None and posted.proposal != proposal.id:
        raise IdempotencyConflict(
            "was posted without this proposal", field="id", found=proposal.id
        )
    return posted


def _check_releasable(state: State, proposal: Proposal) -> list[tuple[str, bytes, str]]:
    """Return the texts of a proposal that waits, with the salts that were voted on.

    They are used again, so that what is done is byte for byte what was seen.
    """
    if proposal.status.is_final:
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
    check_escalation(proposal)
    return [(name, salt, text) for name, (salt, text) in fact.texts.items()]


def check_escalation(proposal: Proposal) -> None:
    """Refuse what somebody rejected, unless it was decided again after that."""
    stage = rejections_of(proposal.votes)
    if stage and not any(
        vote.stage == stage and vote.decision in (Decision.APPROVE, Decision.OVERRIDE)
        for vote in proposal.votes
    ):
        raise ApprovalRequired(
            "it was rejected and waits for a higher level",
            field="id",
            expected="votes for the decision of a higher level",
            found=proposal.status.value,
        )


def _release_action(
    state: State,
    command: Release,
    proposal: Proposal,
    stamp: Stamp,
    examine: Examine | None,
    decide_action: DecideAction,
) -> Outcome:
    done = state.fact("release", proposal.id)
    if done is not None:
        return Outcome(results=[done])
    texts = _check_releasable(state, proposal)
    action = command_of(proposal.action, proposal.effect)
    if command.action != action:
        raise ProposalState(
            "it was revised meanwhile",
            field="id",
            expected="the revision that was seen",
            found=proposal.id,
        )
    order = commitments_of("proposal", state.known("proposal", proposal.id).content)
    by_name = {name: salt for name, salt, _ in texts}
    salts = iter([by_name[name] for name in order])
    outcome = decide_action(
        state, action, attrs.evolve(stamp, salts=lambda size: _take(salts, size))
    )
    effect = effect_of(outcome.records)
    if _action_content(proposal.id, proposal.action, effect) != _action_content(
        proposal.id, proposal.action, proposal.effect
    ):
        raise ProposalState(
            "what it would do is no longer what was proposed",
            field="id",
            expected="the same effect",
            found=proposal.id,
        )
    verdict = NOTHING_ASKED
    if examine is not None and examine.wants(proposal.action):
        verdict = examine(attrs.evolve(proposal, released_by=stamp.actor), "post")
    outcome.add(decision_record(stamp, proposal, "apply", verdict))
    return outcome


def _take(salts: Iterator[bytes], size: int) -> bytes:
    """Return the next salts of a proposal; others where it has no more."""
    return b"".join(islice(salts, size // SALT_BYTES)).ljust(size, b"\0")
