"""Votes by a competence order: MaRisk BTO 1.1, delegations, policies, overrides."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.compliance import (
    Delegation,
    Delegations,
    FourEyes,
    MakerChecker,
    Policy,
    Slot,
    VotingBand,
    in_force,
    overrides,
)
from backoffice_ledger.errors import (
    ApprovalRequired,
    ControlDenied,
    InexactNumber,
    InvalidDate,
    InvalidOption,
    LedgerError,
    UnknownRecord,
)
from backoffice_ledger.protocols import Alert, Decision, Effect, Vote
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import ManualClock
from backoffice_ledger.testing.vote_machine import Roster

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = date(2026, 1, 31)
FRONT, BACK = "management:front", "management:back"
PEOPLE = {
    "clerk": (FRONT, 1, {"markt"}),
    "mara": (FRONT, 1, {"markt"}),
    "max": (FRONT, 1, {"markt"}),
    "moritz": (FRONT, 1, {"markt"}),
    "marta": (FRONT, 1, {"markt"}),
    "fritz": (BACK, 1, {"marktfolge"}),
    "frida": (BACK, 1, {"marktfolge"}),
    "spare": (BACK, 1, set[str]()),
    "chief": (BACK, 2, {"marktfolge"}),
    "director": ("management", 3, {"director"}),
    "robot": (BACK, 9, {"markt", "marktfolge", "director"}),
}
ONE = Slot(name="one vote", roles={"markt", "marktfolge"})
MARKT = Slot(name="Markt", roles={"markt"}, within=FRONT)
FOLGE = Slot(name="Marktfolge", roles={"marktfolge"}, outside={FRONT})


def policy(**changes: Any) -> Policy:
    """Return a competence order: one vote above 1,000, two above 10,000."""
    given: dict[str, Any] = {
        "version": "2026",
        "effective_from": date(2026, 1, 1),
        "bands": [
            VotingBand(above="1000.00 EUR", slots=[ONE]),
            VotingBand(above="10000.00 EUR", slots=[MARKT, FOLGE]),
        ],
        "escalation": [Slot(name="higher level")],
        "override_roles": {"director"},
    }
    return Policy(**{**given, **changes})


def loan(amount: str = "50000.00 EUR", id: str = "loan", day: date = DAY) -> bl.Entry:
    """Return the pay-out of a loan."""
    return bl.Entry(
        id, day, [bl.debit("assets:loans", amount), bl.credit("assets:bank", amount)]
    )


@attrs.define
class Bank:
    """A book with its control, clock and people."""

    ledger: bl.Ledger
    clock: ManualClock
    roster: Roster
    control: MakerChecker

    def propose(self, entry: bl.Entry | None = None) -> bl.Proposal:
        """Propose an entry as the clerk."""
        return self.ledger.propose(entry or loan())

    def vote(self, actor: str, verb: str = "approve", **given: Any) -> bl.Proposal:
        """Vote on the loan as it stands."""
        seen = self.ledger.proposals.get("loan").digest
        return getattr(self.ledger.proposals, verb)(
            "loan", seen=seen, actor=actor, **given
        )

    def post(self, actor: str = "spare") -> bl.Record:
        """Post the loan."""
        return self.ledger.proposals.post("loan", actor=actor)

    def refuses(self, code: str = "approval", actor: str = "spare") -> str:
        """Return what the refusal of a release says was missing."""
        with pytest.raises((ApprovalRequired, ControlDenied), match=code) as caught:
            self.post(actor)
        return str(caught.value.expected)


def open_bank(store: Any, *policies: Policy, roster: Roster | None = None) -> Bank:
    """Open a book under competence orders."""
    clock = ManualClock(NOON)
    roster = roster or Roster(PEOPLE, ["robot"])
    control = MakerChecker(policies=policies or (policy(),), authority=roster)
    ledger = bl.open_ledger(
        store, actor="clerk", create=True, clock=clock, controls=[control]
    )
    for path in ("assets:loans", "assets:bank", "assets:nostro"):
        ledger.open_account(path, type="asset")
    return Bank(ledger, clock, roster, control)


@pytest.fixture
def bank() -> Bank:
    """Return a bank in memory."""
    return open_bank(bl.MemoryStore())


# --- MaRisk BTO 1.1 ------------------------------------------------------------------


def test_two_votes_of_two_areas_on_the_same_content(bank: Bank) -> None:
    """Tz. 2: Markt and Marktfolge, two persons; not two of one area."""
    bank.propose()
    assert bank.refuses() == "votes for Markt, Marktfolge"
    bank.vote("mara")
    bank.vote("max")
    assert bank.refuses() == "votes for Marktfolge"
    assert bank.ledger.proposals.missing("loan") == "votes for Marktfolge"
    bank.vote("fritz")
    record = bank.post()
    assert record.controls == ("maker-checker@2026",)
    assert bank.ledger.verify().entries == 1


def test_without_a_proposal_nothing_above_the_bands_is_posted(bank: Bank) -> None:
    """Up to and including the lowest amount no vote is needed."""
    bank.ledger.post(loan("1000.00 EUR", "small"))
    with pytest.raises(ApprovalRequired, match="one vote"):
        bank.ledger.post(loan("1000.01 EUR", "larger"))


def test_one_vote_suffices_below(bank: Bank) -> None:
    """Tz. 4: business that is not risk-relevant, by bands of the management."""
    bank.propose(loan("10000.00 EUR"))
    bank.vote("fritz")
    assert bank.post().id == "loan"


def test_diverging_votes_escalate(bank: Bank) -> None:
    """Markt yes, Marktfolge no: not approved, but decided at a higher level."""
    bank.propose()
    bank.vote("mara")
    found = bank.vote("fritz", "reject", reason="too little collateral")
    assert found.status is bl.ProposalStatus.ESCALATED
    assert bank.refuses() == "votes for the decision of a higher level"
    bank.vote("max")
    assert bank.refuses() == "votes for higher level"
    bank.vote("chief")
    assert bank.post().id == "loan"


def test_the_market_cannot_outvote_the_other_side(bank: Bank) -> None:
    """A committee of four against one: not approved."""
    bank.propose()
    for actor in ("mara", "max", "moritz", "marta"):
        bank.vote(actor)
    found = bank.vote("fritz", "reject")
    assert found.status is bl.ProposalStatus.ESCALATED
    bank.refuses()
    assert bank.vote("chief", "reject").status is bl.ProposalStatus.REJECTED


def test_without_an_escalation_a_rejection_ends_it() -> None:
    """The competence order says which of the two it is."""
    bank = open_bank(bl.MemoryStore(), policy(escalation=()))
    bank.propose()
    assert bank.vote("fritz", "reject").status is bl.ProposalStatus.REJECTED


def test_a_director_decides_alone_and_it_is_reported(bank: Bank) -> None:
    """In own competence, even against the votes; highlighted in the risk report."""
    bank.propose()
    bank.vote("mara")
    bank.vote("fritz", "reject")
    bank.vote("director", "override", reason="group exposure falls")
    bank.post()
    [row] = overrides(bank.ledger)
    assert row == {
        "proposal": "loan",
        "action": "post-entry",
        "decided_on": DAY,
        "decided_by": "director",
        "reason": "group exposure falls",
        "approved": "mara",
        "rejected": "fritz",
        "status": "posted",
    }
    decision = bank.ledger.proposals.decisions("loan")[-1]
    assert [type(finding) for _, finding in decision.findings] == [Alert]


def test_nobody_else_overrides(bank: Bank) -> None:
    """It needs the role, and a human who has it."""
    bank.propose()
    bank.vote("chief", "override", reason="because")
    bank.vote("robot", "override", reason="because")
    assert bank.refuses() == "votes for Markt, Marktfolge"


def test_makers_do_not_release(bank: Bank) -> None:
    """Once it is approved, somebody else presses the button."""
    bank.propose()
    bank.vote("mara")
    bank.vote("fritz")
    bank.refuses("released-by-maker", actor="Clerk")
    bank.post()


def test_an_approver_of_everything_does_not_approve_oneself(bank: Bank) -> None:
    """Apache Fineract's super-checker; and what is withdrawn stays in the log."""
    bank.roster.assign("clerk", {"markt", "marktfolge", "director"}, NOON)
    bank.propose()
    for verb, more in (("approve", {}), ("override", {"reason": "I may"})):
        with pytest.raises(LedgerError, match="not-permitted"):
            bank.vote("clerk", verb, **more)
    bank.ledger.proposals.withdraw("loan")
    assert bank.ledger.proposals.get("loan").status.value == "withdrawn"
    assert [r.type for r in bank.ledger.records() if r.id == "loan"] == [
        "proposal",
        "decision",
    ]


@pytest.mark.parametrize("order", list(permutations(["mara", "fritz", "spare"])))
def test_the_order_of_votes_is_irrelevant(bank: Bank, order: tuple[str, ...]) -> None:
    """Whoever comes first; a vote that does not count spoils nothing."""
    bank.propose()
    for actor in order:
        bank.vote(actor)
    assert bank.post().id == "loan"


def test_programs_and_strangers_count_for_nothing(bank: Bank) -> None:
    """They spoil nothing either."""
    bank.propose()
    for actor in ("robot", "stranger", "mara"):
        bank.vote(actor)
    assert bank.refuses() == "votes for Marktfolge"
    bank.vote("fritz")
    assert bank.post("robot").actor == "robot"


def test_an_authority_that_fails_denies(bank: Bank, monkeypatch: Any) -> None:
    """Not the voter is unknown, but nobody can be asked (Cedar would allow)."""
    bank.propose()
    bank.vote("mara")
    bank.vote("fritz")

    def fail(*_: Any) -> Any:
        raise ConnectionError("directory is down")

    monkeypatch.setattr(bank.roster, "roles_of", fail)
    bank.refuses("control-error")


# --- roles over time -----------------------------------------------------------------


@pytest.mark.parametrize("counts", [False, True])
def test_a_role_that_was_lost(counts: bool) -> None:
    """The order says whether the vote of back then still counts."""
    bank = open_bank(bl.MemoryStore(), policy(revoked_votes_count=counts))
    bank.propose()
    bank.vote("mara")
    bank.vote("fritz")
    bank.clock.move(timedelta(hours=1))
    bank.roster.assign("fritz", (), bank.clock.now())
    if counts:
        assert bank.post().id == "loan"
    else:
        assert bank.refuses() == "votes for Marktfolge"


# --- policies over time --------------------------------------------------------------


def test_the_stricter_of_two_orders_wins() -> None:
    """The order of the submission and that of the release must both be satisfied."""
    lax = policy(
        version="lax",
        effective_from=date(2026, 2, 2),
        bands=[VotingBand(above="90000.00 EUR", slots=[ONE])],
    )
    bank = open_bank(bl.MemoryStore(), policy(), lax)
    bank.propose()
    bank.clock.move(timedelta(days=3))
    assert bank.refuses() == "votes for Markt, Marktfolge"
    bank.ledger.proposals.propose(loan(id="other"))
    assert bank.ledger.proposals.post("other").id == "other"
    assert bank.ledger.proposals.get("loan").terms["maker-checker"]["policy"] == "2026"
    assert bank.control.version == "lax"


def test_an_escalation_that_is_no_longer_provided_for() -> None:
    """What was escalated under the order before cannot be decided any more."""
    strict = policy(version="2", effective_from=date(2026, 2, 2), escalation=())
    bank = open_bank(bl.MemoryStore(), policy(), strict)
    bank.propose()
    bank.vote("fritz", "reject")
    bank.vote("chief")
    bank.clock.move(timedelta(days=3))
    assert bank.refuses() == "votes for a higher level"


def test_before_the_first_order_everything_is_denied() -> None:
    """No order, no posting."""
    bank = open_bank(bl.MemoryStore(), policy(effective_from=date(2026, 2, 1)))
    with pytest.raises(ControlDenied, match="control-error"):
        bank.propose()


def test_a_proposal_lives_as_long_as_the_order_says() -> None:
    """From its submission on."""
    bank = open_bank(bl.MemoryStore(), policy(ttl=timedelta(days=2)))
    assert bank.propose().expires_at == NOON + timedelta(days=2)


def test_what_is_no_entry_needs_the_votes_of_its_action() -> None:
    """Four eyes on reopening a period; what the order does not name needs none."""
    bank = open_bank(bl.MemoryStore(), policy(actions={"reopen-period": [FOLGE]}))
    bank.ledger.periods.close("2026-01")
    with pytest.raises(ApprovalRequired, match="Marktfolge"):
        bank.ledger.periods.reopen("2026-01", reason="late bill")
    proposal = bank.ledger.proposals.propose(
        lambda book: book.periods.reopen("2026-01", reason="late bill"), id="reopen"
    )
    bank.ledger.proposals.approve("reopen", seen=proposal.digest, actor="fritz")
    bank.ledger.proposals.release("reopen", actor="spare")
    assert bank.ledger.periods.get("2026-01").state is bl.PeriodState.OPEN
    bank.ledger.documents.store(bl.Document("note", "1", {"text": "free"}))


# --- bands ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "slots"),
    [
        ("1000.00 EUR", 0),
        ("1000.01 EUR", 1),
        ("10000.01 EUR", 2),
        ("2000.00 USD", 0),
        ("2000.01 USD", 1),
        ("1 JPY", 2),
    ],
)
def test_bands_are_half_open(amount: str, slots: int) -> None:
    """Converted exactly; what has no rate is in the highest band."""
    order = policy(rates={"USD": "0.5"})
    assert len(order.slots_for(bl.Balance([bl.Amount.parse(amount)]))) == slots


def test_a_commodity_of_another_scale_has_no_rate() -> None:
    """Its amounts mean something else."""
    points = bl.Amount("5", bl.Commodity("POINTS", 2))
    bands = [
        VotingBand(above=points, slots=[]),
        VotingBand(above=points + points, slots=[ONE]),
    ]
    odd = bl.Amount("5", bl.Commodity("POINTS", 0))
    assert policy(bands=bands).slots_for(bl.Balance([points])) == ()
    assert policy(bands=bands).slots_for(bl.Balance([odd])) == (ONE,)


@given(st.integers(0, 2_000_000), st.integers(0, 2_000_000))
def test_more_money_never_needs_fewer_votes(one: int, other: int) -> None:
    """Bands are monotone."""
    less, more = (
        len(
            policy().slots_for(
                bl.Balance([bl.Amount.from_minor(n, bl.Commodity("EUR"))])
            )
        )
        for n in sorted((one, other))
    )
    assert less <= more


def test_parts_of_a_whole_count_together() -> None:
    """Whoever splits needs the votes of the whole for the last part at the latest."""
    bank = open_bank(bl.MemoryStore(), policy(window_days=7))
    bank.ledger.post(loan("1000.00 EUR", "part 1"))
    with pytest.raises(ApprovalRequired, match="one vote"):
        bank.ledger.post(loan("0.01 EUR", "part 2"))
    far = loan("1000.00 EUR", "part 3", DAY + timedelta(days=8))
    assert bank.ledger.post(far).id == "part 3"
    elsewhere = bl.Entry(
        "elsewhere",
        DAY,
        [
            bl.debit("assets:loans", "1000.00 EUR"),
            bl.credit("assets:nostro", "1000.00 EUR"),
        ],
    )
    assert bank.ledger.post(elsewhere).id == "elsewhere"


# --- delegation ----------------------------------------------------------------------


def stand_in(**changes: Any) -> Delegation:
    """Return the delegation of Fritz to the spare man."""
    given = {
        "delegator": "fritz",
        "delegate": "spare",
        "first": DAY,
        "last": DAY + timedelta(days=7),
    }
    return Delegation(**{**given, **changes})


def as_actor(bank: Bank, actor: str) -> bl.Ledger:
    """Open the same book for somebody else."""
    return bl.open_ledger(
        bank.ledger._session.store,
        actor=actor,
        clock=bank.clock,
        controls=[bank.control],
    )


def test_a_stand_in_votes_with_the_roles_of_the_other(bank: Bank) -> None:
    """While it holds, once, and not beside the one whom it is for."""
    Delegations(as_actor(bank, "fritz")).grant(stand_in())
    bank.propose()
    bank.vote("mara")
    bank.vote("spare", on_behalf_of="fritz")
    with pytest.raises(LedgerError, match="not-permitted"):
        bank.vote("fritz")
    assert bank.post("chief").id == "loan"


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({"first": DAY + timedelta(days=1)}, 0),
        ({}, 8),
        ({"roles": {"director"}}, 0),
        ({"delegate": "moritz"}, 0),
        ({"delegator": "clerk", "delegate": "spare"}, 0),
    ],
)
def test_delegations_that_do_not_count(
    bank: Bank, changes: dict[str, Any], waits: int
) -> None:
    """Not yet, no longer, for another role, of another area, for somebody else."""
    delegation = stand_in(**changes)
    own = as_actor(bank, delegation.delegator)
    Delegations(own).grant(delegation)
    bank.propose()
    bank.vote("mara")
    bank.clock.move(timedelta(days=waits))
    bank.vote(delegation.delegate, on_behalf_of="fritz")
    assert bank.refuses(actor="chief") == "votes for Marktfolge"


def test_only_the_delegator_delegates(bank: Bank) -> None:
    """Nobody makes oneself a stand-in; nobody passes anything on."""
    with pytest.raises(ControlDenied, match="not-own-delegation"):
        Delegations(as_actor(bank, "spare")).grant(stand_in())
    fritz = Delegations(as_actor(bank, "fritz"))
    fritz.grant(stand_in(delegate="chief"))
    Delegations(as_actor(bank, "chief")).grant(
        stand_in(delegator="chief", delegate="spare")
    )
    bank.propose()
    bank.vote("mara")
    bank.vote("spare", on_behalf_of="fritz")
    assert bank.refuses(actor="frida") == "votes for Marktfolge"


def test_a_delegation_ends(bank: Bank) -> None:
    """Granting it again changes nothing; it can be shortened."""
    fritz = Delegations(as_actor(bank, "fritz"))
    granted = fritz.grant(stand_in(roles={"marktfolge"}))
    size = bank.ledger.verify().records
    assert fritz.grant(granted) == granted
    assert bank.ledger.verify().records == size
    assert fritz.all() == (granted,)
    shorter = fritz.revoke("Fritz", "spare", last=DAY)
    assert fritz.all() == (shorter,)
    assert (shorter.covers(DAY), shorter.covers(DAY + timedelta(days=1))) == (
        True,
        False,
    )
    with pytest.raises(UnknownRecord):
        fritz.revoke("fritz", "frida", last=DAY)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"delegate": "FRITZ"}, InvalidOption),
        ({"last": date(2026, 1, 1)}, InvalidDate),
        ({"first": NOON}, InvalidDate),
    ],
)
def test_no_delegations(changes: dict[str, Any], error: type[LedgerError]) -> None:
    """To oneself, or ending before it begins."""
    with pytest.raises(error):
        stand_in(**changes)


# --- stores --------------------------------------------------------------------------


def life_cycle(reopened: Callable[[], Bank]) -> None:
    """Propose, vote, escalate, revise, vote, post; the book opens anew in between."""
    bank = reopened()
    bank.propose()
    bank.vote("mara")
    bank = reopened()
    bank.vote("fritz", "reject", reason="too much")
    bank = reopened()
    assert bank.ledger.proposals.get("loan").status.value == "escalated"
    bank.ledger.proposals.revise("loan", loan("40000.00 EUR"), actor="moritz")
    bank = reopened()
    Delegations(as_actor(bank, "fritz")).grant(stand_in())
    bank.vote("mara")
    bank.vote("spare", on_behalf_of="fritz")
    with pytest.raises(LedgerError, match="not-permitted"):
        bank.vote("moritz")
    bank = reopened()
    assert bank.post("chief").entry == loan("40000.00 EUR")
    assert bank.ledger.verify().entries == 1
    steps = [each.step for each in bank.ledger.proposals.decisions("loan")]
    assert steps == ["submit", "submit", "post"]


def anew(make_store: Callable[[], Any]) -> None:
    """Live through it all with a store that is closed and opened between all steps."""
    stores: list[Any] = []

    def reopened() -> Bank:
        while stores:
            stores.pop().close()
        stores.append(make_store())
        return open_bank(stores[0])

    life_cycle(reopened)
    stores.pop().close()


def test_it_survives_restarts(tmp_path: Path) -> None:
    """On a file."""
    anew(lambda: bl.SQLiteStore(tmp_path / "books.db", create=True))


def test_it_works_on_postgresql(database: str) -> None:
    """On a server."""
    anew(lambda: PostgreSQLStore(database, create=True))


# --- arguments -----------------------------------------------------------------------

BANDS = (VotingBand(above="1.00 EUR", slots=[ONE]),)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Slot(name=""), InvalidOption),
        (lambda: Slot(name="a", roles="markt"), InvalidOption),
        (lambda: Slot(name="a", roles=[1]), InvalidOption),
        (lambda: Slot(name="a", within=""), InvalidOption),
        (lambda: Slot(name="a", level_min="high"), InvalidOption),
        (lambda: VotingBand(above="-1.00 EUR", slots=[]), InvalidOption),
        (lambda: VotingBand(above=1, slots=[]), InexactNumber),
        (lambda: VotingBand(above="1.00 EUR", slots=["a"]), InvalidOption),
        (lambda: VotingBand(above="1.00 EUR", slots=[ONE, ONE]), InvalidOption),
        (lambda: policy(bands=[]), InvalidOption),
        (lambda: policy(bands=["a"]), InvalidOption),
        (lambda: policy(bands=[*BANDS, *BANDS]), InvalidOption),
        (
            lambda: policy(bands=[*BANDS, VotingBand(above="2 JPY", slots=[ONE])]),
            InvalidOption,
        ),
        (
            lambda: policy(bands=[*BANDS, VotingBand(above="2.00 EUR", slots=[])]),
            InvalidOption,
        ),
        (lambda: policy(rates={"USD": 0.5}), InexactNumber),
        (lambda: policy(rates={"USD": 0}), InvalidOption),
        (lambda: policy(version=""), InvalidOption),
        (lambda: policy(effective_from=NOON), InvalidOption),
        (lambda: policy(window_days=-1), InvalidOption),
        (lambda: policy(ttl=timedelta(0)), InvalidOption),
        (lambda: MakerChecker(policies=[], authority=Roster({})), InvalidOption),
        (lambda: MakerChecker(policies=["a"], authority=Roster({})), InvalidOption),
        (
            lambda: MakerChecker(policies=[policy(), policy()], authority=Roster({})),
            InvalidOption,
        ),
        (lambda: in_force([policy()], date(2025, 12, 31)), InvalidDate),
        (lambda: FourEyes(actions="reopen-period"), InvalidOption),
    ],
    ids=map(str, range(25)),
)
def test_no_orders(make: Callable[[], object], error: type[LedgerError]) -> None:
    """What is no order is refused where it is made."""
    with pytest.raises(error):
        make()


def test_what_is_in_force() -> None:
    """The last that has begun, in whatever order they are given."""
    versions = [
        policy(version=str(y), effective_from=date(y, 1, 1)) for y in (2027, 2025)
    ]
    assert in_force(versions, date(2026, 12, 31)).version == "2025"
    assert in_force(versions, date(2027, 1, 1)).version == "2027"
    assert policy(rates={"USD": Fraction(1, 3)}).rates["USD"] == Fraction(1, 3)


def test_a_vote_on_other_content_does_not_count(bank: Bank) -> None:
    """Even if it got into the proposal somehow; nor does one of a maker."""
    proposal = bank.propose()
    votes = [
        Vote("mara", Decision.APPROVE, proposal.digest, NOON),
        Vote("fritz", Decision.APPROVE, "0" * 64, NOON),
        Vote("Clerk", Decision.APPROVE, proposal.digest, NOON),
        Vote("frida", Decision.APPROVE, proposal.digest, NOON, "MARA"),
    ]
    examined = attrs.evolve(proposal, votes=votes, released_by="spare")

    class Now:
        at = NOON

    [found] = bank.control.examine(examined, Now())  # type: ignore[arg-type]
    assert found.slots == ("Marktfolge",)  # type: ignore[union-attr]


def test_four_eyes_on_what_is_no_entry() -> None:
    """It is in the highest band."""
    bands = FourEyes(actions={"post-entry", "lock-period"})
    proposal = bl.Proposal("x", None, "0" * 64, "clerk", NOON, action="lock-period")
    [found] = bands.examine(proposal, None)  # type: ignore[arg-type]
    assert found == bl.NeedApproval(1)
    with pytest.raises(InvalidOption, match="lock-period"):
        assert proposal.entry
    assert Effect("period", "*/2026-01", {}).texts == {}
