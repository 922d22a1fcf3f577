"""What controls say, and what is made of it: fail closed, deny overrides, all run."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.compliance import MakerChecker, Policy, Slot, VotingBand
from backoffice_ledger.errors import (
    ApprovalRequired,
    ControlDenied,
    InvalidOption,
    LedgerError,
    ProposalState,
)
from backoffice_ledger.protocols import Alert, Books, Decision, Vote
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import FrozenClock, SeededSalts, SequentialIds
from backoffice_ledger.testing.vote_machine import Roster

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = date(2026, 1, 31)
ROOT = "108846b9c4fee040c25d824b7e76ab17bcf3097caad9064b33d0f521da4909c2"


@attrs.frozen
class Says:
    """A control that says what it is told to, or does it."""

    says: Any
    id: str = "says"
    version: str = "1"

    def examine(self, proposal: bl.Proposal, books: Books) -> Any:
        """Return it, or what it returns."""
        return self.says(proposal, books) if callable(self.says) else self.says


def book(*controls: Any, store: Any = ":memory:", actor: str = "clerk") -> bl.Ledger:
    """Open a book with two accounts."""
    ledger = bl.open_ledger(
        store,
        actor=actor,
        create=True,
        clock=FrozenClock(NOON),
        ids=SequentialIds(),
        salts=SeededSalts(b"controls"),
        controls=controls,
    )
    for path in ("assets:bank", "assets:drawer"):
        ledger.open_account(path, type="asset")
    return ledger


def transfer(id: str = "transfer") -> bl.Entry:
    """Return a transfer."""
    return bl.Entry(
        id,
        DAY,
        [bl.debit("assets:drawer", "9.00 EUR"), bl.credit("assets:bank", "9.00 EUR")],
    )


def _raise(*_: Any) -> Any:
    raise KeyError("amount")


@pytest.mark.parametrize(
    "says",
    [
        _raise,
        None,
        [],
        [None],
        ["allow"],
        [True],
        [bl.Allow(), "deny"],
        [bl.NeedApproval(-1)],
        [bl.NeedApproval(True)],
        [bl.NeedApproval(0, escalations=-1)],
        [bl.NeedApproval(0, slots=[1])],
        [bl.NeedApproval(0, ttl=timedelta(0))],
        [bl.NeedApproval(0, terms={"rate": 0.5})],
        [bl.NeedApproval(0, terms="a")],
        [bl.NeedApproval(0, confidential_to="")],
        [Alert(1)],
        [Alert("a", confidential_to=1)],
        [bl.Deny(None)],
    ],
    ids=map(str, range(18)),
)
def test_what_is_no_finding_denies(says: Any) -> None:
    """A control that raises, returns nothing or nonsense: not posted, not proposed."""
    with book(Says(says)) as ledger:
        for command in (ledger.post, ledger.propose):
            with pytest.raises(ControlDenied, match="control-error"):
                command(transfer())
        assert ledger.verify().entries == 0


def test_an_unknown_source_of_refusals_denies() -> None:
    """One that only adds denials, and fails: Cedar's answer would be allow."""

    def ask(proposal: bl.Proposal, books: Books) -> Any:
        raise ConnectionError("policy engine is down")

    ledger = book(Says([bl.Allow()], "a"), Says(ask, "b"))
    with pytest.raises(ControlDenied, match="b denies: control-error"):
        ledger.post(transfer())


def test_every_control_runs_in_the_order_of_ids() -> None:
    """Also after a denial; the first denial that may be told is."""
    ran: list[str] = []

    def say(name: str, finding: Any) -> Callable[..., Any]:
        def run(*_: Any) -> Any:
            ran.append(name)
            return [finding]

        return run

    secret = bl.Deny("listed", confidential_to="aml.review")
    controls = [
        Says(say("c", Alert("odd")), "c"),
        Says(say("b", bl.Deny("no", "because")), "b"),
        Says(say("a", secret), "a"),
    ]
    with book(*controls) as ledger:
        with pytest.raises(ControlDenied, match=r"b denies: no \(because\)"):
            ledger.post(transfer())
        assert ran == ["a", "b", "c"]
        [decision] = ledger.proposals.decisions("transfer")
        assert [control for control, _ in decision.findings] == ["b", "c"]
        assert decision.reads == ()


@pytest.mark.parametrize("actions", ["post-entry", 5])
def test_actions_are_a_collection(actions: Any) -> None:
    """Not one name, nor anything else."""

    class Wrong(Says):
        pass

    Wrong.actions = actions  # type: ignore[attr-defined]
    with pytest.raises(InvalidOption, match=r"controls\.actions"):
        book(Wrong([bl.Allow()]))


def test_confidential_needs_are_not_explained() -> None:
    """How many approvals, but not why; what names another duty keeps it."""

    class Aml(Says):
        confidential_to = "aml.review"

    found = [
        bl.NeedApproval(1, "Ann is odd"),
        Alert("odd", "Ann", confidential_to="audit.read"),
        bl.Allow(),
    ]
    with book(Aml(found)) as ledger:
        with pytest.raises(ApprovalRequired) as caught:
            ledger.post(transfer())
        assert "Ann" not in str(caught.value)
        for duties, shown in (({"aml.review"}, 2), ({"audit.read"}, 2), (set(), 1)):
            [decision] = ledger.proposals.decisions(
                "transfer", duties=lambda *_, held=duties: held
            )
            assert len(decision.findings) == shown


def test_a_manifest_is_changed_by_those_who_are_in_it() -> None:
    """The first control comes freely; then it decides on others and on versions."""
    store = bl.MemoryStore()

    @attrs.frozen
    class Guard(Says):
        actions = frozenset({"require-controls"})

    guard = Guard([bl.NeedApproval(1)], "guard")
    book(guard, store=store)
    book(guard, store=store)
    for more in ([guard, Says([bl.Allow()])], [attrs.evolve(guard, version="2")]):
        with pytest.raises(ApprovalRequired):
            book(*more, store=store)
    assert book(guard, store=store).post(transfer()).id == "transfer"


def test_the_new_records_keep_their_bytes() -> None:
    """Proposals of actions, revisions, votes and decisions, for ever (format 2)."""
    need = bl.NeedApproval(
        1, "small", ttl=timedelta(days=3), escalations=1, terms={"policy": "1"}
    )
    guard = Says([need, Alert("odd", "Ann", confidential_to="aml.review")])
    with book(guard) as ledger:
        digest = ledger.propose(transfer()).digest
        ledger.proposals.reject("transfer", seen=digest, actor="anna", reason="no")
        changed = attrs.evolve(transfer(), description="again")
        digest = ledger.proposals.revise("transfer", changed, actor="bert").digest
        ledger.proposals.approve(
            "transfer", seen=digest, actor="anna", on_behalf_of="cara"
        )
        ledger.proposals.post("transfer", actor="dora")
        ledger.proposals.propose(
            lambda b: b.periods.close("2026-01", reason="done"), id="close"
        )
        ledger.proposals.release("close", actor="dora")
        assert ledger.verify().root == ROOT


def test_an_alert_about_a_direct_command_is_kept() -> None:
    """What is no entry carries no names of controls; the decision does."""

    @attrs.frozen
    class Watch(Says):
        actions = frozenset({"open-journal"})

    with book(Watch([Alert("new-journal")])) as ledger:
        ledger.open_journal("sales")
        [decision] = ledger.proposals.decisions("sales")
        assert (decision.step, decision.action) == ("direct", "open-journal")
        assert ledger.verify().records == decision.position


def test_a_release_of_what_was_revised_meanwhile() -> None:
    """Between reading the proposal and locking for its command."""
    with book() as ledger:
        ledger.proposals.propose(lambda b: b.open_journal("sales"), id="new")
        stale = ledger.proposals._release("new")
        ledger.proposals.revise("new", lambda b: b.open_journal("purchases"))
        with pytest.raises(ProposalState, match="revised meanwhile"):
            ledger._session.execute(stale)


# --- properties of the competence order ----------------------------------------------

PEOPLE = {
    "mara": ("front", 1, {"markt"}),
    "max": ("front", 1, {"markt"}),
    "fritz": ("back", 1, {"marktfolge"}),
    "frida": ("back", 2, {"marktfolge"}),
    "both": ("back", 2, {"marktfolge", "markt"}),
}
ROSTER = Roster(PEOPLE)
SLOTS = (
    Slot(name="Markt", roles={"markt"}),
    Slot(name="Marktfolge", roles={"marktfolge"}),
    Slot(name="head", level_min=2),
)
VOTES = st.lists(st.sampled_from(sorted(PEOPLE)), unique=True, max_size=5)


def examined(slots: Any, voters: list[str], *more: Policy) -> Any:
    """Return what a control says of a proposal with these approvals."""
    policy = Policy(
        version="1",
        effective_from=date(2026, 1, 1),
        bands=[VotingBand(above="0.00 EUR", slots=slots)],
    )
    votes = tuple(Vote(v, Decision.APPROVE, "d", NOON) for v in voters)
    proposal = bl.Proposal(
        "x", transfer(), "d", "clerk", NOON, votes, released_by="spare"
    )

    class Now:
        at = NOON

    control = MakerChecker(policies=[policy, *more], authority=ROSTER)
    [finding] = control.examine(proposal, Now())  # type: ignore[arg-type]
    return finding


@given(VOTES, st.randoms(use_true_random=False))
def test_no_order_of_votes_matters(voters: list[str], random: Any) -> None:
    """Approval is a matching (P16)."""
    other = random.sample(voters, len(voters))
    one, two = examined(SLOTS, voters), examined(SLOTS, other)
    assert isinstance(one, bl.Allow) is isinstance(two, bl.Allow)


@given(VOTES, st.integers(0, 2))
def test_a_tighter_order_lets_nothing_more_pass(voters: list[str], left: int) -> None:
    """What lacks votes under fewer slots lacks them under more (P11)."""
    fewer = SLOTS[:left]
    if isinstance(examined(SLOTS, voters), bl.Allow):
        assert isinstance(examined(fewer, voters), bl.Allow)


# --- PostgreSQL ----------------------------------------------------------------------


def test_a_document_that_was_looked_at_stays(database: str) -> None:
    """Also one that is not there yet: who stores it waits for the commit."""
    looked, stored = threading.Event(), threading.Event()
    order: list[str] = []

    def look(proposal: bl.Proposal, books: Books) -> Any:
        try:
            books.document("kyc", "ann")
        except LedgerError:
            looked.set()
            stored.wait(0.5)
            order.append("looked")
            return [bl.Allow()]
        return [bl.Deny("known")]

    store = PostgreSQLStore(database, create=True)
    with book(Says(look), store=store) as ledger:

        def write() -> None:
            looked.wait(20)
            ledger.documents.store(bl.Document("kyc", "ann", {"state": "pending"}))
            order.append("stored")
            stored.set()

        writer = threading.Thread(target=write)
        writer.start()
        ledger.post(transfer())
        writer.join(20)
        assert order == ["looked", "stored"]
        with pytest.raises(ControlDenied, match="known"):
            ledger.post(transfer("second"))
        assert ledger.verify().entries == 1
    store.close()


def test_a_control_looks_at_so_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than it can look at in time is an error, and an error is a denial."""
    monkeypatch.setattr("backoffice_ledger._ledger.session.ENTRIES_MAX", 1)
    seen: list[list[str]] = []

    def look(_: bl.Proposal, books: Books) -> Any:
        found = books.entries("assets:bank", DAY, DAY)
        seen.append([record.id for record in found])
        return [bl.Allow()]

    ledger = book(Says(look))
    for name in ("a", "b"):
        ledger.post(transfer(name))
    with pytest.raises(ControlDenied):
        ledger.post(transfer("c"))
    assert seen == [[], ["a"]]


def test_a_control_asks_twice_about_a_proposal() -> None:
    """The second answer is the first one."""
    asked: list[bl.Proposal] = []

    def look(proposal: bl.Proposal, books: Books) -> Any:
        if proposal.id == "b":
            asked.extend(books.proposal("a") for _ in range(2))
        return [bl.Allow()]

    ledger = book(Says(look))
    for name in ("a", "b"):
        ledger.propose(transfer(name))
    assert asked[0] == asked[1] == ledger.proposals.get("a")
