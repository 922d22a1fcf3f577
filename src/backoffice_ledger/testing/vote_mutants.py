"""Votes that are broken on purpose, for `VoteMachine` to find (hypothesis).

Each mutant is one hole that a maker-checker principle may have: votes that are counted
and not looked at, an editor who is no maker, a stand-in who votes twice.  The state
machine must fail for each of them:

    python -m backoffice_ledger.testing.vote_mutants

A mutant that survives shows that the machine no longer comes to what it is about.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from backoffice_ledger._engine import approvals
from backoffice_ledger._model.proposal import Allow, Proposal, persons
from backoffice_ledger.compliance import _maker_checker, _policy
from backoffice_ledger.testing.mutants import Mutant, broken
from backoffice_ledger.testing.vote_machine import VoteMachine

__all__ = ["VOTE_MUTANTS", "finds", "main", "survivors"]

EXAMPLES: Final = 100
"""How many histories are tried for each mutant; most are found by the first few."""

STEPS: Final = 3


def _always(value: object) -> Callable[[Any], Any]:
    return lambda _: lambda *_args, **_kwargs: value


def _without_others(check: Any) -> Any:
    """Look at the makers only, not at those who have voted."""

    def check_voter(proposal: Proposal, *rest: Any) -> None:
        check(attrs.evolve(proposal, votes=()), *rest)

    return check_voter


def _without_makers(check: Any) -> Any:
    def check_voter(proposal: Proposal, *rest: Any) -> None:
        check(attrs.evolve(proposal, makers=("",)), *rest)

    return check_voter


def _in_spelling(check: Any) -> Any:
    """Take another spelling of a name for another person."""

    def check_voter(proposal: Proposal, command: Any, actor: str) -> None:
        if actor.islower():
            check(proposal, command, actor)

    return check_voter


def _voter_alone(_: Any) -> Any:
    return lambda actor, *_others: persons(actor)


def _believes_the_voter(cast: Any) -> Any:
    def cast_vote(state: Any, command: Any, stamp: Any) -> Any:
        digest = approvals.read_proposal(state, command.proposal).digest
        return cast(state, attrs.evolve(command, seen=digest), stamp)

    return cast_vote


def _keeps_the_content(propose: Any) -> Any:
    """Let a revision leave what was submitted as it was, votes and all."""

    def propose_entry(
        state: Any, entry: Any, original: Any, command: Any, *rest: Any
    ) -> Any:
        same = attrs.evolve(command, revises=False)
        if not command.revises:
            return propose(state, entry, original, same, *rest)
        old = approvals.read_proposal(state, entry.id).entry
        return propose(state, old, original, same, *rest)

    return propose_entry


def _status_with(**changes: Any) -> Callable[[Any], Any]:
    def weaken(status: Any) -> Any:
        def status_of(
            votes: Any, release: Any, escalations: Any, expires_at: Any, now: Any
        ) -> Any:
            given = {"escalations": escalations, "expires_at": expires_at, "now": now}
            return status(votes, release, **{**given, **changes})

        return status_of

    return weaken


def _a_microsecond_late(status: Any) -> Any:
    return lambda votes, release, escalations, expires_at, now: status(
        votes, release, escalations, expires_at, now - 1
    )


def _counts_only(_: Any) -> Any:
    def open_of(slots: Sequence[Any], voters: Sequence[Any]) -> list[str]:
        return [slot.name for slot in slots[len(voters) :]]

    return open_of


def _greedy(_: Any) -> Any:
    """Give each voter the first slot that fits, and never move one."""

    def open_of(slots: Sequence[Any], voters: Sequence[Any]) -> list[str]:
        left = list(slots)
        for voter in voters:
            fitting = [slot for slot in left if voter.may_fill(slot)]
            if fitting:
                left.remove(fitting[0])
        return [slot.name for slot in left]

    return open_of


def _one_fills_all(_: Any) -> Any:
    """Let one vote fill every slot that it fits."""

    def open_of(slots: Sequence[Any], voters: Sequence[Any]) -> list[str]:
        return [s.name for s in slots if not any(v.may_fill(s) for v in voters)]

    return open_of


def _fills(**ignored: Any) -> Callable[[Any], Any]:
    """Ignore a part of what a slot asks for."""
    return lambda fill: lambda voter, slot: fill(voter, attrs.evolve(slot, **ignored))


def _first_terms(missing: Any) -> Any:
    return lambda ballot, wanted: missing(ballot, wanted[:1])


def _last_terms(missing: Any) -> Any:
    return lambda ballot, wanted: missing(ballot, wanted[-1:])


def _at_the_vote(voter_of: Any) -> Any:
    return lambda ballot, vote: voter_of(
        attrs.evolve(ballot, revoked_votes_count=True), vote
    )


@attrs.frozen
class _AllHuman:
    """An authority that takes programs for people."""

    _right: Any

    def kind_of(self, actor: str) -> str:
        self._right.kind_of(actor)
        return "human"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._right, name)


def _programs_vote(voter_of: Any) -> Any:
    return lambda ballot, vote: voter_of(
        attrs.evolve(ballot, authority=_AllHuman(ballot.authority)), vote
    )


def _roles_of_now(voter_of: Any) -> Any:
    return lambda ballot, vote: attrs.evolve(
        voter_of(ballot, attrs.evolve(vote, at=ballot.books.at)) or _nobody(vote),
        vote=vote,
    )


def _nobody(vote: Any) -> Any:
    return _maker_checker._Voter(vote, vote.actor, frozenset(), (), -1)


def _delegate_alone(voter_of: Any) -> Any:
    """Look at the unit of the delegator only."""

    def voter(ballot: Any, vote: Any) -> Any:
        found = voter_of(ballot, vote)
        return found and attrs.evolve(found, units=found.units[-1:])

    return voter


def _level(change: int) -> Callable[[Any], Any]:
    return lambda level: lambda ballot, stage: level(ballot, stage) + change


def _any_stage(missing: Any) -> Any:
    """Let a vote decide an escalation that came after it."""

    def missing_of(ballot: Any, wanted: Any) -> Any:
        votes = ballot.proposal.votes
        stage = approvals.rejections_of(votes)
        late = tuple(
            attrs.evolve(vote, stage=stage)
            if vote.decision.value == "approve"
            else vote
            for vote in votes
        )
        return missing(
            attrs.evolve(ballot, proposal=attrs.evolve(ballot.proposal, votes=late)),
            wanted,
        )

    return missing_of


def _includes_its_amount(slots_of: Any) -> Any:
    """Let bands begin at their amount."""

    def slots(policy: Any, amount: Any) -> Any:
        return slots_of(policy, amount + type(amount).from_minor(1, amount.commodity))

    return slots


def _worthless(slots_of: Any) -> Any:
    """Let what has no rate pass without votes."""

    def slots(policy: Any, amount: Any) -> Any:
        return slots_of(policy, amount) if amount.commodity.code != "JPY" else ()

    return slots


def _anybody_overrides(override: Any) -> Any:
    return lambda ballot, roles: next(
        (v for v in ballot.proposal.votes if v.decision.value == "override"),
        override(ballot, roles),
    )


def _makers_release(examine: Any) -> Any:
    def examine_all(control: Any, proposal: Any, books: Any) -> Any:
        found = examine(control, proposal, books)
        return [
            Allow() if getattr(finding, "code", "") == "released-by-maker" else finding
            for finding in found
        ]

    return examine_all


_BALLOT: Final = _maker_checker._Ballot
_VOTER: Final = _maker_checker._Voter

_MUTANTS: Final[Mapping[str, tuple[Any, str, Callable[[Any], Any], str]]] = {
    # --- the twelve of the literature
    "votes are counted, not matched to slots": (
        _maker_checker,
        "open_of",
        _counts_only,
        "vote_in_pairs_and_release",
    ),
    "makers approve": (
        approvals,
        "_check_voter",
        _without_makers,
        "vote_under_another_spelling edit_and_vote_oneself",
    ),
    "editors are no makers": (
        approvals,
        "_makers",
        lambda _: lambda old, _editor: old.makers,
        "edit_and_vote_oneself",
    ),
    "stand-ins vote beside those they stand in for": (
        approvals,
        "persons",
        _voter_alone,
        "delegate_and_vote",
    ),
    "one person votes twice": (
        approvals,
        "_check_voter",
        _without_others,
        "delegate_and_vote",
    ),
    "votes bind to nothing": (
        approvals,
        "cast_vote",
        _believes_the_voter,
        "edit_and_vote_on_what_was",
    ),
    "an edit keeps the votes": (
        approvals,
        "_is_on",
        lambda _: lambda vote, id_, _revision: vote.content["proposal"] == id_,
        "vote_edit_and_release",
    ),
    "an edit keeps what was submitted": (
        approvals,
        "_propose_entry",
        _keeps_the_content,
        "edit",
    ),
    "nothing expires": (
        approvals,
        "_status",
        _status_with(expires_at=None),
        "vote_and_wait_until_it_expires",
    ),
    "rejections are ignored": (
        approvals,
        "rejections_of",
        _always(0),
        "reject_and_escalate",
    ),
    "a second release is another one": (
        approvals,
        "_posted",
        _always(None),
        "vote_in_threes",
    ),
    "roles are not looked at": (
        _VOTER,
        "may_fill",
        _fills(roles=()),
        "vote_in_pairs vote_around_a_change_of_roles",
    ),
    # --- more
    "another spelling is another person": (
        approvals,
        "_check_voter",
        _in_spelling,
        "vote_under_another_spelling",
    ),
    "expiry is a microsecond late": (
        approvals,
        "_status",
        _a_microsecond_late,
        "vote_and_wait_until_it_expires",
    ),
    "one rejection more is allowed": (
        approvals,
        "_status",
        _status_with(escalations=2),
        "reject_and_escalate vote",
    ),
    "one vote fills all slots": (
        _maker_checker,
        "open_of",
        _one_fills_all,
        "vote_in_threes",
    ),
    "the order of the votes matters": (
        _maker_checker,
        "open_of",
        _greedy,
        "vote_in_threes",
    ),
    "units are not looked at": (
        _VOTER,
        "may_fill",
        _fills(within=None, outside=()),
        "vote_in_pairs_and_release",
    ),
    "the unit of a stand-in is not looked at": (
        _BALLOT,
        "_voter",
        _delegate_alone,
        "delegate_and_vote",
    ),
    "programs vote": (_BALLOT, "_voter", _programs_vote, "let_a_program_vote"),
    "a role that was lost still counts": (
        _BALLOT,
        "_voter",
        _at_the_vote,
        "vote_around_a_change_of_roles",
    ),
    "a role that came later counts": (
        _BALLOT,
        "_voter",
        _roles_of_now,
        "vote_around_a_change_of_roles",
    ),
    "stand-ins need no delegation": (
        _BALLOT,
        "_delegated",
        lambda _: lambda _ballot, _vote, roles: roles,
        "stand_in_for_somebody_else",
    ),
    "the policy of the submission is forgotten": (
        _BALLOT,
        "missing",
        _last_terms,
        "vote_once_and_wait_for_another_policy",
    ),
    "the policy of the release is forgotten": (
        _BALLOT,
        "missing",
        _first_terms,
        "vote_once_and_wait_for_another_policy",
    ),
    "an equal level decides": (
        _BALLOT,
        "_highest_level",
        _level(-1),
        "reject_and_escalate",
    ),
    "a higher level is not high enough": (
        _BALLOT,
        "_highest_level",
        _level(1),
        "reject_and_escalate",
    ),
    "a vote from before decides an escalation": (
        _BALLOT,
        "missing",
        _any_stage,
        "reject_and_escalate",
    ),
    "bands begin at their amount": (
        _policy.Policy,
        "_slots_of",
        _includes_its_amount,
        "release",
    ),
    "what has no rate needs no votes": (
        _policy.Policy,
        "_slots_of",
        _worthless,
        "release",
    ),
    "anybody overrides": (
        _BALLOT,
        "override",
        _anybody_overrides,
        "override_and_release",
    ),
    "nobody overrides": (_BALLOT, "override", _always(None), "override_and_release"),
    "makers release": (
        _maker_checker.MakerChecker,
        "examine",
        _makers_release,
        "vote_in_pairs release",
    ),
}
"""What is wrong, where, how, and the rules of the machine that come to it."""

VOTE_MUTANTS: Final = tuple(
    Mutant(name, owner, attribute, change, tuple(rules.split()))
    for name, (owner, attribute, change, rules) in _MUTANTS.items()
)


def finds(mutant: Mutant, machine: type[VoteMachine] = VoteMachine) -> bool:
    """Whether the state machine fails for a mutant, with the rules that it names."""
    directed = _only(machine, mutant.found_by)
    with broken(mutant):
        try:
            run(directed, examples=EXAMPLES, steps=STEPS)
        except Exception:  # noqa: BLE001 - a broken engine may raise anything
            return True
    return False


def _only(machine: type[VoteMachine], rules: Sequence[str]) -> type[VoteMachine]:
    """Return the machine with some of its rules; the others are plain methods."""

    def plain(method: Any) -> Any:
        return lambda self, *given, **named: method(self, *given, **named)

    others = {
        name: plain(method)
        for name, method in vars(VoteMachine).items()
        if hasattr(method, "hypothesis_stateful_rule") and name not in rules
    }
    return type(machine.__name__, (machine,), others)


def run(machine: type[VoteMachine], *, examples: int, steps: int) -> None:
    """Run a state machine; it draws the same histories each time."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            report_multiple_bugs=False,
            phases=(Phase.generate,),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


def survivors(mutants: Sequence[Mutant] | None = None) -> list[str]:
    """Return the names of the mutants that the machine does not find."""
    mutants = VOTE_MUTANTS if mutants is None else mutants
    return [mutant.name for mutant in mutants if not finds(mutant)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every mutant; print which survive."""
    argparse.ArgumentParser(
        prog="python -m backoffice_ledger.testing.vote_mutants",
        description="Break votes on purpose; the state machine must find it.",
    ).parse_args(arguments)
    alive = survivors()
    for mutant in VOTE_MUTANTS:
        verdict = "SURVIVES" if mutant.name in alive else "found"
        sys.stdout.write(f"{verdict:8}  {mutant.name}\n")
    sys.stdout.write(f"{len(VOTE_MUTANTS) - len(alive)} of {len(VOTE_MUTANTS)} found\n")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
