"""A state machine of votes, against a model that tries every way to fill the slots.

Makers and editors, two areas with votes, heads and managing directors, stand-ins, a
program, people who gain and lose roles, policies that become tighter and looser, a
clock (needs hypothesis).  The model knows the rules of the maker-checker principle and
nothing of the engine; what may be voted, what may be released and what then stands in
the book must be what it says.

    class Machine(VoteMachine):
        def make_store(self, folder):
            return MyStore(folder / "books.my")

    TestMyVotes = Machine.TestCase
"""

# ruff: noqa: S101 - tests assert

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Final, Literal, final

import attrs
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import backoffice_ledger as bl
from backoffice_ledger.compliance import (
    Delegation,
    Delegations,
    MakerChecker,
    Policy,
    Slot,
    VotingBand,
)
from backoffice_ledger.errors import (
    ApprovalRequired,
    ControlDenied,
    DigestMismatch,
    InvalidOption,
    LedgerError,
    NotPermitted,
    ProposalState,
)
from backoffice_ledger.testing.clocks import ManualClock
from backoffice_ledger.testing.sources import SeededSalts, SequentialIds

__all__ = ["Roster", "VoteMachine"]

START: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
DAY: Final = date(2026, 1, 5)
FRONT: Final = "management:front"
BACK: Final = "management:back"


@final
class Roster:
    """An `Authority` for tests: people with units, levels, and roles over time.

    Args:
        people: by name: unit, level and roles; the roles are held from the beginning.
        services: those of the names that are programs.
    """

    def __init__(
        self,
        people: Mapping[str, tuple[str, int, Iterable[str]]],
        services: Iterable[str] = (),
    ) -> None:
        self._people = {
            name: (unit, level) for name, (unit, level, _) in people.items()
        }
        self._services = frozenset(services)
        self._changes: dict[str, list[tuple[datetime, frozenset[str]]]] = {
            name: [(datetime.min.replace(tzinfo=UTC), frozenset(roles))]
            for name, (_, _, roles) in people.items()
        }

    def assign(self, actor: str, roles: Iterable[str], at: datetime) -> None:
        """Let an actor have these roles, and no others, from an instant on."""
        self._changes[actor].append((at, frozenset(roles)))

    def roles_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the roles that an actor had at an instant.

        Raises:
            KeyError: nobody of this name is known; so for every question.
        """
        return [roles for since, roles in self._changes[actor] if since <= at][-1]

    def duties_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return the same names: a role is one duty here."""
        return self.roles_of(actor, at)

    def unit_of(self, actor: str) -> str:
        """Return the path of the actor's unit."""
        return self._people[actor][0]

    def level_of(self, actor: str) -> int:
        """Return the actor's level of competence."""
        return self._people[actor][1]

    def kind_of(self, actor: str) -> Literal["human", "service"]:
        """Return whether the actor is a person or a program."""
        self._people[actor]
        return "service" if actor in self._services else "human"


PEOPLE: Final = {
    "clerk": (FRONT, 1, {"markt"}),
    "editor": (FRONT, 1, {"markt"}),
    "mara": (FRONT, 1, {"markt"}),
    "max": (FRONT, 1, {"markt"}),
    "fritz": (BACK, 1, {"marktfolge"}),
    "frida": (BACK, 1, {"marktfolge"}),
    "spare": (BACK, 1, set[str]()),
    "mixed": (FRONT, 1, {"marktfolge"}),
    "head": (FRONT, 2, {"markt"}),
    "chief": (BACK, 2, {"marktfolge", "markt"}),
    "director": ("management", 3, {"director"}),
    "robot": (BACK, 3, {"markt", "marktfolge", "director"}),
}
VOTERS: Final = (*sorted(PEOPLE), "Mara", "nobody")
STAND_INS: Final = {
    ("fritz", "spare"): (DAY, DAY + timedelta(days=4), frozenset[str]()),
    ("frida", "max"): (DAY, DAY + timedelta(days=30), frozenset[str]()),
    ("max", "clerk"): (DAY, DAY + timedelta(days=30), frozenset[str]()),
    ("chief", "frida"): (
        DAY,
        DAY + timedelta(days=30),
        frozenset({"marktfolge"}),
    ),
}
"""First day, last day and roles, by delegator and delegate."""

ANY: Final = Slot(name="one vote", roles={"markt", "marktfolge"})
MARKT: Final = Slot(name="Markt", roles={"markt"}, within=FRONT)
FOLGE: Final = Slot(name="Marktfolge", roles={"marktfolge"}, outside={FRONT})


def _policy(version: str, days: int, one: str, two: str) -> Policy:
    return Policy(
        version=version,
        effective_from=DAY + timedelta(days=days),
        bands=[
            VotingBand(above=one, slots=[ANY]),
            VotingBand(above=two, slots=[MARKT, FOLGE]),
            VotingBand(above="5000.00 EUR", slots=[ANY, MARKT, FOLGE]),
        ],
        rates={"USD": "0.5"},
        ttl=timedelta(days=6),
        escalation=[Slot(name="higher level")],
        override_roles={"director"},
    )


POLICIES: Final = (
    _policy("1", 0, "100.00 EUR", "1000.00 EUR"),
    _policy("2", 2, "50.00 EUR", "500.00 EUR"),
    _policy("3", 5, "100.00 EUR", "2000.00 EUR"),
)
AMOUNTS: Final = (
    "50.00 EUR",
    "100.00 EUR",
    "100.01 EUR",
    "700.00 EUR",
    "1000.00 EUR",
    "1500.00 EUR",
    "1400.00 USD",
    "6000.00 EUR",
    "1 JPY",
)


@attrs.frozen
class _Ballot:
    """A vote as the model keeps it."""

    actor: str
    decision: str
    at: datetime
    principal: str
    stage: int

    @property
    def persons(self) -> set[str]:
        return {self.actor.lower(), self.principal.lower()}


@attrs.define
class _Model:
    """What the principle says of one proposal."""

    roster: Roster
    amount: str
    makers: list[str]
    submitted_at: datetime
    revision: int = 1
    digest: str = ""
    votes: list[_Ballot] = attrs.field(factory=list)
    outcome: str = ""

    # --- states ----------------------------------------------------------------------

    def status(self, now: datetime) -> str:
        """Return where it stands."""
        rejections = self.rejections
        if self.outcome:
            return self.outcome
        if rejections > (1 if self.wanted(self.submitted_at) else 0):
            return "rejected"
        age = now - self.submitted_at
        if self.wanted(self.submitted_at) and age >= timedelta(days=6):
            return "expired"
        return "escalated" if rejections else "open"

    @property
    def rejections(self) -> int:
        """How many have rejected it."""
        return sum(vote.decision == "reject" for vote in self.votes)

    def wanted(self, at: datetime) -> tuple[str, ...]:
        """Return the slots that the policy of a time wants, written out by hand."""
        number, unit = self.amount.split()
        if unit == "JPY":
            return ("one vote", "Markt", "Marktfolge")
        cents = int(number.replace(".", "")) // (2 if unit == "USD" else 1)
        age = (at.date() - DAY).days
        one, two = (100_00, 1000_00) if age < 2 else (50_00, 500_00)
        if age >= 5:
            one, two = 100_00, 2000_00
        if cents > 5000_00:
            return ("one vote", "Markt", "Marktfolge")
        if cents > two:
            return ("Markt", "Marktfolge")
        return ("one vote",) if cents > one else ()

    # --- votes -----------------------------------------------------------------------

    def refuses_vote(
        self, actor: str, decision: str, principal: str, seen: str, now: datetime
    ) -> type[LedgerError] | None:
        """Return how a vote is refused, or None."""
        own = [vote for vote in self.votes if vote.actor.lower() == actor.lower()]
        for vote in own:
            if (vote.decision, vote.principal.lower(), seen) == (
                decision,
                principal.lower(),
                self.digest,
            ):
                return None
        if self.status(now) not in ("open", "escalated"):
            return ProposalState
        if own and own[0].decision != decision:
            return ProposalState
        if seen != self.digest:
            return DigestMismatch
        persons = {actor.lower(), principal.lower()}
        if persons & {maker.lower() for maker in self.makers}:
            return NotPermitted
        if any(persons & vote.persons for vote in self.votes):
            return NotPermitted
        return None

    def take_vote(
        self, actor: str, decision: str, principal: str, now: datetime
    ) -> None:
        """Keep a vote, the first time."""
        if all(vote.actor.lower() != actor.lower() for vote in self.votes):
            self.votes.append(_Ballot(actor, decision, now, principal, self.rejections))

    def _counts(self, vote: _Ballot, now: datetime) -> frozenset[str] | None:
        """Return the roles that a vote stands for, or None if it does not count."""
        if "robot" in (vote.actor, vote.principal):
            return None
        if {vote.actor, vote.principal} - PEOPLE.keys():
            return None
        roles = self.roster.roles_of(vote.principal, vote.at)
        roles &= self.roster.roles_of(vote.principal, now)
        if vote.principal != vote.actor:
            found = STAND_INS.get((vote.principal, vote.actor))
            if found is None or not found[0] <= vote.at.date() <= found[1]:
                return None
            roles = roles & found[2] if found[2] else roles
        return roles

    def _fills(self, vote: _Ballot, slot: str, now: datetime) -> bool:
        roles = self._counts(vote, now)
        if roles is None or vote.decision != "approve":
            return False
        in_front = [PEOPLE[name][0] == FRONT for name in (vote.actor, vote.principal)]
        if slot == "Markt":
            return "markt" in roles and all(in_front)
        if slot == "Marktfolge":
            return "marktfolge" in roles and not any(in_front)
        if slot == "one vote":
            return bool(roles & {"markt", "marktfolge"})
        earlier = [
            PEOPLE[v.principal][1] for v in self.votes if v.stage < self.rejections
        ]
        return vote.stage == self.rejections and PEOPLE[vote.principal][1] > max(
            earlier
        )

    def _can_fill(self, slots: tuple[str, ...], now: datetime) -> bool:
        """Whether distinct votes fill all slots: every way is tried."""
        if len(slots) > len(self.votes):
            return False
        return any(
            all(
                self._fills(vote, slot, now)
                for vote, slot in zip(chosen, slots, strict=True)
            )
            for chosen in permutations(self.votes, len(slots))
        )

    def refuses_release(self, actor: str, now: datetime) -> type[LedgerError] | None:
        """Return how a release is refused, or None."""
        if self.outcome == "posted":
            return None
        if self.status(now) not in ("open", "escalated"):
            return ProposalState
        if self.rejections and not any(
            vote.stage == self.rejections and vote.decision in ("approve", "override")
            for vote in self.votes
        ):
            return ApprovalRequired
        wanted = [self.wanted(self.submitted_at), self.wanted(now)]
        if not any(wanted):
            return None
        if not self._is_overridden(now):
            unknown = [v for v in self.votes if v.principal not in PEOPLE]
            if self.rejections and any(v.stage < self.rejections for v in unknown):
                return ControlDenied
            if self.rejections:
                wanted = [("higher level",)]
            if not all(self._can_fill(slots, now) for slots in wanted):
                return ApprovalRequired
        if actor.lower() in {maker.lower() for maker in self.makers}:
            return ControlDenied
        return None

    def _is_overridden(self, now: datetime) -> bool:
        return any(
            vote.decision == "override"
            and "director" in (self._counts(vote, now) or ())
            for vote in self.votes
        )


class VoteMachine(RuleBasedStateMachine):
    """One proposal, its makers, its voters; subclass it with a store of your own."""

    def make_store(self, folder: Path) -> Any:  # noqa: ARG002
        """Return a new store; the memory store unless you say otherwise."""
        return bl.MemoryStore()

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(mkdtemp())
        self._clock = ManualClock(START)
        self._roster = Roster(PEOPLE, ["robot"])
        self._store = self.make_store(self._folder)
        self._controls = [MakerChecker(policies=POLICIES, authority=self._roster)]
        self._ledger = bl.open_ledger(
            self._store,
            actor="clerk",
            create=True,
            clock=self._clock,
            ids=SequentialIds(),
            salts=SeededSalts(b"votes"),
            controls=self._controls,
        )
        for path in ("assets:loans", "assets:bank"):
            self._ledger.open_account(path, type="asset")
        for (delegator, delegate), (first, last, roles) in STAND_INS.items():
            self._delegate(delegator, delegate, first, last, roles)
        self._seen: list[str] = []

    def _delegate(
        self,
        delegator: str,
        delegate: str,
        first: date,
        last: date,
        roles: frozenset[str],
    ) -> None:
        own = bl.open_ledger(
            self._store,
            actor=delegator,
            clock=self._clock,
            controls=self._controls,
        )
        Delegations(own).grant(
            Delegation(
                delegator=delegator,
                delegate=delegate,
                first=first,
                last=last,
                roles=roles,
            )
        )

    @property
    def _now(self) -> datetime:
        return self._clock.now()

    def teardown(self) -> None:
        """The log alone leads to all that is kept (17 CFR 240.17a-4: re-creation)."""
        try:
            if self._seen:
                self._check_the_log()
        finally:
            self._ledger.close()
            rmtree(self._folder)

    def _check_the_log(self) -> None:
        model = self._model
        assert self._ledger.verify().entries == (model.outcome == "posted")
        for record in self._ledger.view().entries():
            assert record.entry == _loan(model.amount)
        event(f"ends {model.status(self._now)}")

    # --- rules -----------------------------------------------------------------------

    @initialize(amount=st.sampled_from(AMOUNTS))
    def submit(self, amount: str) -> None:
        """There is a proposal from the beginning on."""
        self._model = _Model(self._roster, amount, ["clerk"], self._now)
        proposal = self._ledger.propose(_loan(amount))
        self._note(proposal)

    def _note(self, proposal: bl.Proposal) -> None:
        self._model.digest = proposal.digest
        self._seen.append(proposal.digest)

    def _attempt(
        self, expected: type[LedgerError] | None, command: Callable[[], Any]
    ) -> Any:
        """Do something; it must be refused exactly as the model says."""
        try:
            result = command()
        except LedgerError as error:
            assert type(error) is expected, (error, expected)
            return None
        assert expected is None, f"{expected} was expected"
        return result

    @rule(
        actor=st.sampled_from(VOTERS),
        decision=st.sampled_from(["approve", "approve", "approve", "reject"]),
        principal=st.none() | st.sampled_from(VOTERS),
        is_stale=st.integers(0, 7),
    )
    def vote(
        self, actor: str, decision: str, principal: str | None, is_stale: int
    ) -> None:
        """Anybody votes, for anybody, having seen this or an older revision."""
        seen = self._seen[0] if is_stale == 0 else self._model.digest
        self._vote(actor, decision, principal, seen)

    def _vote(
        self, actor: str, decision: str, principal: str | None, seen: str
    ) -> None:
        now, model = self._now, self._model
        expected: type[LedgerError] | None = InvalidOption
        if principal is None or principal.lower() != actor.lower():
            expected = model.refuses_vote(
                actor, decision, principal or actor, seen, now
            )
        verb = getattr(self._ledger.proposals, decision)
        self._attempt(
            expected,
            lambda: verb("loan", seen=seen, actor=actor, on_behalf_of=principal),
        )
        if expected is None:
            model.take_vote(actor, decision, principal or actor, now)

    @rule(actor=st.sampled_from(["director", "head", "robot", "clerk", "nobody"]))
    def override(self, actor: str) -> None:
        """Somebody decides alone, whether or not it counts."""
        now, model = self._now, self._model
        expected = model.refuses_vote(actor, "override", actor, model.digest, now)
        self._attempt(
            expected,
            lambda: self._ledger.proposals.override(
                "loan", seen=model.digest, reason="needed today", actor=actor
            ),
        )
        if expected is None:
            model.take_vote(actor, "override", actor, now)

    @rule(
        pair=st.sampled_from(
            [("mara", "fritz"), ("frida", "head"), ("mara", "mixed"), ("max", "head")]
        )
    )
    def vote_in_pairs(self, pair: tuple[str, str]) -> None:
        """Two who should, or should not, be enough."""
        for actor in pair:
            self._vote(actor, "approve", None, self._model.digest)

    @rule(pair=st.sampled_from([("mara", "mixed"), ("frida", "head"), ("mara", "max")]))
    def vote_in_pairs_and_release(self, pair: tuple[str, str]) -> None:
        """Two of one area are not enough, whatever their roles."""
        self.vote_in_pairs(pair)
        self.release("chief")

    @rule(
        first=st.sampled_from(["mara", "fritz"]),
        third=st.sampled_from(["frida", "max", "mara"]),
    )
    def vote_in_threes(self, first: str, third: str) -> None:
        """Whoever fits several slots is moved to where nobody else fits."""
        for actor in (first, "fritz" if first == "mara" else "mara", third):
            self._vote(actor, "approve", None, self._model.digest)
        self.release("head")

    @rule(other=st.sampled_from(["mara", "fritz"]))
    def let_a_program_vote(self, other: str) -> None:
        """It has every role, and no vote."""
        self._vote("robot", "approve", None, self._model.digest)
        self.release("head")
        self._vote(other, "approve", None, self._model.digest)
        self.release("head")

    @rule(stand_in=st.sampled_from(sorted(STAND_INS)))
    def delegate_and_vote(self, stand_in: tuple[str, str]) -> None:
        """Somebody votes for somebody, and that one tries to vote as well."""
        delegator, delegate = stand_in
        self._vote(delegate, "approve", delegator, self._model.digest)
        self._vote(delegator, "approve", None, self._model.digest)
        self._vote("mara", "approve", None, self._model.digest)
        self.release("head")

    @rule(
        delegator=st.sampled_from(["frida", "chief", "clerk"]),
        delegate=st.sampled_from(["spare", "fritz"]),
    )
    def stand_in_for_somebody_else(self, delegator: str, delegate: str) -> None:
        """Nobody has asked for that, or a maker has."""
        self._vote(delegate, "approve", delegator, self._model.digest)
        self._vote("mara", "approve", None, self._model.digest)
        self.release("head")

    @rule(actor=st.sampled_from(["CLERK", "Clerk", "MARA"]))
    def vote_under_another_spelling(self, actor: str) -> None:
        """A name in capitals is no other person."""
        self._vote("mara", "approve", None, self._model.digest)
        self._vote(actor, "approve", None, self._model.digest)

    @rule(actor=st.sampled_from(["director", "head"]))
    def override_and_release(self, actor: str) -> None:
        """A managing director decides alone; a head does not."""
        self.override(actor)
        self.release("chief")

    @rule(
        first=st.sampled_from(["mara", "fritz", "head"]),
        then=st.sampled_from(["head", "chief", "director", "mara"]),
        is_early=st.booleans(),
    )
    def reject_and_escalate(self, first: str, then: str, is_early: bool) -> None:  # noqa: FBT001
        """One says no; another says yes, before or after."""
        votes = [(then, "approve"), (first, "reject")]
        for actor, decision in votes if is_early else reversed(votes):
            self._vote(actor, decision, None, self._model.digest)
        self.release("clerk")
        self._vote("max", "approve", None, self._model.digest)
        self.release("chief")

    @rule(
        amount=st.sampled_from(AMOUNTS),
        editor=st.sampled_from(["clerk", "editor", "mara"]),
    )
    def edit(self, amount: str, editor: str) -> None:
        """A revision begins anew, and its editor is a maker."""
        now, model = self._now, self._model
        expected = None
        if amount != model.amount and model.status(now) not in ("open", "escalated"):
            expected = ProposalState
        proposal = self._attempt(
            expected,
            lambda: self._ledger.proposals.revise("loan", _loan(amount), actor=editor),
        )
        if expected is None and amount != model.amount:
            model.amount, model.submitted_at, model.votes = amount, now, []
            model.revision += 1
            if editor not in model.makers:
                model.makers.append(editor)
            self._note(proposal)

    @rule(amount=st.sampled_from(AMOUNTS[4:6]))
    def edit_and_vote_on_what_was(self, amount: str) -> None:
        """A vote on another revision than the present one is refused."""
        self.edit(amount, "clerk")
        self._vote("fritz", "approve", None, self._seen[0])

    @rule(amount=st.sampled_from(AMOUNTS[5:]), back=st.booleans())
    def vote_edit_and_release(self, amount: str, back: bool) -> None:  # noqa: FBT001
        """What was voted on is changed afterwards, and perhaps changed back."""
        before = self._model.amount
        self.vote_in_pairs(("mara", "fritz"))
        self.edit(amount, "editor")
        if back:
            self.edit(before, "editor")
        self.release("head")

    @rule(editor=st.sampled_from(["mara", "editor"]))
    def edit_and_vote_oneself(self, editor: str) -> None:
        """Whoever edits tries to be the second pair of eyes."""
        other = AMOUNTS[5] if self._model.amount != AMOUNTS[5] else AMOUNTS[7]
        self.edit(other, editor)
        self._vote(editor, "approve", None, self._model.digest)
        self._vote("fritz", "approve", None, self._model.digest)
        self.release("head")

    @rule(days=st.sampled_from([0, 1, 2, 3]), hours=st.integers(0, 23))
    def wait(self, days: int, hours: int) -> None:
        """Time passes: policies begin, delegations end, proposals expire."""
        self._clock.move(timedelta(days=days, hours=hours))

    @rule(short=st.integers(0, 1))
    def vote_and_wait_until_it_expires(self, short: int) -> None:
        """The last microsecond counts, the instant itself does not."""
        self.vote_in_pairs(("mara", "fritz"))
        until = self._model.submitted_at + timedelta(days=6, microseconds=-short)
        if until > self._now:
            self._clock.move(until - self._now)
        self.release("head")

    @rule(
        actor=st.sampled_from(["fritz", "mara", "spare"]),
        roles=st.sampled_from([(), ("markt",), ("marktfolge",)]),
    )
    def reassign(self, actor: str, roles: tuple[str, ...]) -> None:
        """Somebody gets other roles."""
        self._clock.move(timedelta(minutes=1))
        self._roster.assign(actor, roles, self._now)

    @rule(gains=st.booleans())
    def vote_around_a_change_of_roles(self, gains: bool) -> None:  # noqa: FBT001
        """A role that is lost before the release, or gained after the vote."""
        actor = "spare" if gains else "fritz"
        self._vote("mara", "approve", None, self._model.digest)
        self._vote(actor, "approve", None, self._model.digest)
        self.reassign(actor, ("marktfolge",) if gains else ())
        self.release("head")
        self.reassign(actor, () if gains else ("marktfolge",))

    @rule(days=st.sampled_from([2, 3, 5]))
    def vote_once_and_wait_for_another_policy(self, days: int) -> None:
        """What was enough is not, or was not and is."""
        self._vote("fritz", "approve", None, self._model.digest)
        self._clock.move(timedelta(days=days))
        self.release("head")

    @rule(actor=st.sampled_from(["clerk", "editor", "CLERK", "head", "chief", "robot"]))
    def release(self, actor: str) -> None:
        """It is posted if, and only if, the model says so; again is the same."""
        now, model = self._now, self._model
        expected = model.refuses_release(actor, now)
        record = self._attempt(
            expected, lambda: self._ledger.proposals.post("loan", actor=actor)
        )
        if expected is None:
            model.outcome = "posted"
            assert record.entry == _loan(model.amount)
            assert record == self._ledger.record("loan")
            assert record == self._ledger.proposals.post("loan", actor=actor)

    @rule()
    def withdraw(self) -> None:
        """A maker takes it back, if it is still there to be taken back."""
        is_open = self._model.status(self._now) in ("open", "escalated")
        if len(self._model.votes) > 2:
            return
        known = self._model.outcome == "withdrawn"
        self._attempt(
            None if is_open or known else ProposalState,
            lambda: self._ledger.proposals.withdraw("loan", actor="clerk"),
        )
        if is_open:
            self._model.outcome = "withdrawn"

    @rule()
    def post_directly(self) -> None:
        """Without a proposal nothing passes that needs votes."""
        other = _loan("2500.00 EUR", "other loan")
        self._attempt(ApprovalRequired, lambda: self._ledger.post(other))

    # --- what always holds -----------------------------------------------------------

    @invariant()
    def the_book_says_what_the_model_says(self) -> None:
        """State, revision, makers, content, votes."""
        if not self._seen:
            return
        model = self._model
        proposal = self._ledger.proposals.get("loan")
        assert proposal.status.value == model.status(self._now)
        assert proposal.revision == model.revision
        assert list(proposal.makers) == model.makers
        assert proposal.entry == _loan(model.amount)
        found = [
            (vote.actor, vote.decision.value, vote.stage)
            for vote in proposal.votes
            if vote.decision.value != "withdraw"
        ]
        assert found == [(v.actor, v.decision, v.stage) for v in model.votes]


def _loan(amount: str, id: str = "loan") -> bl.Entry:
    return bl.Entry(
        id,
        DAY,
        [bl.debit("assets:loans", amount), bl.credit("assets:bank", amount)],
    )
