"""Four eyes on the verbs of the desk: proposed, approved, carried out by another."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    Allocation,
    DeskFourEyes,
    HoldState,
    SettlementDesk,
    Trade,
    TradeState,
)
from backoffice_ledger.settlement.accounting import SettlementAccounts
from backoffice_ledger.settlement.netting import NettingSet
from backoffice_ledger.stores import PostgreSQLStore, SQLiteStore

Make = Callable[..., Trade]
Open = Callable[[str], AbstractContextManager[SettlementDesk]]
Verb = Callable[[SettlementDesk], Any]
S = TradeState
TRADED, DUE = date(2026, 10, 8), date(2026, 10, 9)
ACME = "US0378331005"


@pytest.fixture(params=["sqlite", "postgresql"])
def as_actor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens the desk of one book for somebody."""
    with closing(
        SQLiteStore(tmp_path / "books.db", create=True)
        if request.param == "sqlite"
        else PostgreSQLStore(request.getfixturevalue("database"))
    ) as store:

        @contextmanager
        def opened(actor: str) -> Iterator[SettlementDesk]:
            with bl.open_ledger(
                store, actor=actor, create=True, controls=[DeskFourEyes()]
            ) as ledger:
                SettlementAccounts().open_in(ledger, customers=["C-1"])
                yield SettlementDesk(ledger)

        yield opened


def approved(as_actor: Open, id: str, verb: Verb) -> Any:
    """Propose a verb as a clerk, approve and carry it out as a controller."""
    with as_actor("clerk") as desk:
        with pytest.raises(errors.ApprovalRequired):
            verb(desk)
        proposal = desk.propose(id, verb)
        assert proposal.status is bl.ProposalStatus.OPEN
        with pytest.raises(errors.ApprovalRequired):
            desk.carry_out(id, verb)
        with pytest.raises(errors.NotPermitted):
            desk.ledger.proposals.approve(id, seen=proposal.digest)
    with as_actor("controller") as desk:
        [waiting] = desk.ledger.proposals.all(status="open")
        desk.ledger.proposals.approve(id, seen=waiting.digest)
    with as_actor("clerk") as desk, pytest.raises(errors.ControlDenied):
        desk.carry_out(id, verb)
    with as_actor("controller") as desk:
        found = desk.carry_out(id, verb)
        assert desk.ledger.proposals.get(id).status is bl.ProposalStatus.POSTED
        assert desk.carry_out(id, verb) == found
        return found


def matched(desk: SettlementDesk, id: str) -> None:
    """Bring an enriched trade as far as it goes without a second person."""
    desk.confirm(id)
    desk.match(id)


@pytest.mark.parametrize("as_actor", ["sqlite"], indirect=True)
def test_a_life_with_four_eyes(as_actor: Open, make: Make) -> None:
    """Standing instructions, instruction and release are approved, and then booked."""
    with as_actor("clerk") as desk:
        desk.capture(make())
    approved(as_actor, "ssi-T-1", lambda desk: desk.enrich("T-1", own_ssi="SSI-9"))
    with as_actor("clerk") as desk:
        matched(desk, "T-1")
        desk.route("T-1")
    found = approved(
        as_actor, "instruct-T-1", lambda desk: desk.instruct("T-1", participant="US")
    )
    assert found.instruction.account == "SSI-9"
    with as_actor("clerk") as desk:
        assert desk.status("T-1").state is S.INSTRUCTED
        desk.accept("T-1")
        desk.report_matched({"T-1": "X"})
        desk.hold("T-1")
    found = approved(as_actor, "release-T-1", lambda desk: desk.release("T-1"))
    assert found.hold is HoldState.RELEASED
    with as_actor("clerk") as desk:
        desk.settle("T-1", on=DUE)  # the depository's news needs nobody
        assert str(desk.ledger.balance("assets:nostro")) == "-50010.00 USD"
        assert desk.ledger.verify()


def test_cancellation_and_amendment_with_four_eyes(as_actor: Open, make: Make) -> None:
    """What is booked for them comes with the approved document, not before."""
    with as_actor("clerk") as desk:
        desk.capture_many([make(), make(id="T-2")])
    second = make(version=2, price="50.10", market=None)
    cancel: Verb = lambda desk: desk.cancel("T-1", on=DUE, reason="twice")  # noqa: E731
    amend: Verb = lambda desk: desk.amend(second, on=DUE)  # noqa: E731
    with as_actor("clerk") as desk:
        desk.propose("both", cancel)
        assert str(desk.ledger.balance("liabilities:unsettled:payable")) == (
            "100020.00 USD"
        )
        desk.ledger.proposals.withdraw("both")
    approved(as_actor, "amend-T-1", amend)
    approved(as_actor, "cancel-T-1", cancel)
    with as_actor("clerk") as desk:
        assert desk.status("T-1").state is S.CANCELLED
        assert str(desk.ledger.balance("liabilities:unsettled:payable")) == (
            "50010.00 USD"
        )
        assert desk.ledger.verify()


@pytest.mark.parametrize("as_actor", ["sqlite"], indirect=True)
def test_an_unwinding_with_four_eyes(as_actor: Open, make: Make) -> None:
    """The netting needs nobody here, to take it back does."""
    with as_actor("clerk") as desk:
        desk.capture(make())
    approved(as_actor, "ssi", lambda desk: desk.enrich("T-1"))
    with as_actor("clerk") as desk:
        matched(desk, "T-1")
        desk.net(
            ["T-1"],
            netting_id="N-1",
            netting_set=NettingSet(DUE, "DTC", "RULES"),
            on=TRADED,
            ccp="CCP",
        )
    approved(as_actor, "unwind", lambda desk: desk.unwind("N-1", on=DUE))
    with as_actor("clerk") as desk:
        assert desk.status("T-1").state is S.MATCHED
        assert str(desk.ledger.balance("liabilities:unsettled:payable-ccp")) == "0"
        assert desk.ledger.verify()


def test_what_was_approved_is_what_is_done(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Other terms, or a book that has changed meanwhile, need another vote."""
    desk.capture_many([make(), make(id="T-2")])
    desk.propose("ssi", lambda desk: desk.enrich("T-1", own_ssi="SSI-9"))
    for verb in (
        lambda desk: desk.enrich("T-1", own_ssi="SSI-8"),
        lambda desk: desk.enrich("T-2", own_ssi="SSI-9"),
        lambda desk: desk.cancel("T-1", on=DUE),
    ):
        with pytest.raises(errors.ProposalState, match="another command"):
            desk.carry_out("ssi", verb)
    desk.enrich("T-1")
    desk.confirm("T-1")
    with pytest.raises(errors.TransitionRefused):
        desk.carry_out("ssi", lambda desk: desk.enrich("T-1", own_ssi="SSI-9"))
    with pytest.raises(errors.UnknownProposal):
        desk.carry_out("none", lambda desk: desk.enrich("T-2"))
    assert desk.status("T-2").state is S.CAPTURED
    assert ledger.proposals.get("ssi").status is bl.ProposalStatus.OPEN


def test_what_cannot_be_voted_on_is_not_proposed(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Several things, nothing at all, or what is booked without a document."""
    agent = make(id="T-2", owner="C-1", capacity="agent")
    desk.capture_many([make(), agent])
    parts = [Allocation(n, "firm", f"500 {ACME}") for n in ("A", "B")]
    desk.enrich("T-1")
    count = len(list(ledger.records()))
    wrong: list[Verb] = [
        lambda desk: desk.capture(agent),
        lambda desk: desk.status("T-1"),
        lambda desk: desk.allocate("T-1", parts),
        lambda desk: desk.settle_customer("T-2", on=DUE),
    ]
    for verb in wrong:
        with pytest.raises(errors.InvalidOption, match="command"):
            desk.propose("P-1", verb)
    with pytest.raises(errors.UnknownRecord):
        desk.propose("P-1", lambda desk: desk.confirm("T-9"))
    assert len(list(ledger.records())) == count


def test_a_control_names_the_verbs_that_it_watches(make: Make) -> None:
    """The others are given alone, an instruction of own units among them."""
    with pytest.raises(errors.InvalidOption, match="verbs"):
        DeskFourEyes(["capture"])
    with pytest.raises(errors.InvalidOption, match="verbs"):
        DeskFourEyes("cancel")  # type: ignore[arg-type]
    control = DeskFourEyes(["release"], id="releases", version="2")
    with bl.open_ledger(":memory:", actor="clerk", controls=[control]) as ledger:
        SettlementAccounts().open_in(ledger)
        desk = SettlementDesk(ledger)
        desk.capture_many([make(), make(id="T-2")])
        desk.cancel("T-2", on=DUE)
        desk.enrich("T-1")
        matched(desk, "T-1")
        desk.route("T-1")
        desk.instruct("T-1")
        desk.accept("T-1")
        desk.hold("T-1", by="csd")
        with pytest.raises(errors.ApprovalRequired):
            desk.release("T-1")
        with pytest.raises(errors.ApprovalRequired):  # nor by another hand
            ledger.documents.store(
                bl.Document(
                    "instruction-status",
                    "T-1",
                    dict(ledger.documents.get("instruction-status", "T-1").content)
                    | {"hold": "released"},
                    version=4,
                )
            )
        odd = bl.Document("instruction-status", "X", {"hold": "released"}, version=2)
        with pytest.raises(errors.DocumentConflict):
            ledger.documents.store(odd)
