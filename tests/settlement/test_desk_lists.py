"""What is where, what is to be done today, and the verbs for many."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    HoldState,
    Instruction,
    SettlementDesk,
    Trade,
    TradeState,
)
from backoffice_ledger.settlement.netting import NettingSet

Make = Callable[..., Trade]
TRADED, DUE, LATER = date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 12)
ACME = "US0378331005"


def instructed(desk: SettlementDesk, ids: list[str]) -> None:
    """Bring captured trades as far as their instructions."""
    desk.enrich_many(ids)
    desk.advance_many(ids, "confirmed")
    desk.advance_many(ids, "matched")
    desk.route_many(ids)
    desk.instruct_many(ids)


def matched(desk: SettlementDesk, ids: list[str]) -> None:
    """Have instructions accepted and matched."""
    desk.accept_many(ids)
    desk.report_matched({id_: f"X-{id_}" for id_ in ids})


# --- the worklist --------------------------------------------------------------------


@pytest.fixture
def busy(desk: SettlementDesk, make: Make) -> SettlementDesk:
    """Return a desk with a trade in every state, and instructions in every one."""
    names = ["captured", "enriched", "confirmed", "affirmed", "matched", "bilateral"]
    names += ["received", "unmatched", "ready", "held", "failing", "over", "cancelled"]
    names += ["rejected", "asked", "future", "netted-1", "netted-2"]
    trades = [make(id=name) for name in names]
    trades[names.index("future")] = make(id="future", settlement_date=LATER)
    desk.capture_many(trades)
    desk.capture(make(id="amended"))
    desk.amend(make(id="amended", version=2, market="XNYS"), on=DUE)
    for count, name in enumerate(names[1:6]):
        desk.enrich(name)
        for step in ("confirmed", "affirmed", "matched")[:count]:
            desk.advance(name, step)
    desk.route("bilateral")
    desk.cancel("cancelled", on=DUE)
    live = names[6:12] + names[13:16]
    instructed(desk, live)
    desk.reject("rejected")
    desk.accept("unmatched")
    matched(desk, ["ready", "held", "failing", "over", "asked", "future"])
    desk.hold("held")
    desk.fail("failing", on=DUE, lacks=["cash"])
    desk.settle("over", on=DUE)
    desk.cancel_instruction("asked", by="counterparty")
    nets = ["netted-1", "netted-2"]
    desk.enrich_many(nets)
    desk.advance_many(nets, "confirmed")
    desk.advance_many(nets, "matched")
    desk.net(
        nets,
        netting_id="N-1",
        netting_set=NettingSet(DUE, "DTC", "RULES"),
        on=TRADED,
        ccp="CCP",
    )
    return desk


def test_the_worklist_says_what_comes_next(busy: SettlementDesk) -> None:
    """Once for each that is not over; what waits for its day is not in it."""
    table = busy.worklist(DUE)
    assert [(row["task"], row["id"]) for row in table] == [
        ("instruct", f"N-1.{ACME}"),
        ("match", "affirmed"),
        ("enrich", "amended.v2"),
        ("answer-cancellation", "asked"),
        ("instruct", "bilateral"),
        ("enrich", "captured"),
        ("match", "confirmed"),
        ("confirm", "enriched"),
        ("chase", "failing"),
        ("release", "held"),
        ("route", "matched"),
        ("settle", "ready"),
        ("accept", "received"),
        ("instruct", "rejected"),
        ("match-instruction", "unmatched"),
    ]
    [failing] = [row for row in table if row["id"] == "failing"]
    assert (failing["reason"], failing["days"], failing["kind"]) == ("MONY", 0, "RVP")
    assert "on 2026-10-09" in str(table)
    later = busy.worklist(LATER)
    assert [row["days"] for row in later][:2] == [3, 3]
    assert len(later) == len(table) + 1
    assert [row["task"] for row in later if row["id"] == "future"] == ["settle"]


def test_the_worklist_knows_what_an_instruction_left(
    desk: SettlementDesk, make: Make
) -> None:
    """What was settled before it was cancelled need not be instructed again."""
    desk.capture(make())
    instructed(desk, ["T-1"])
    matched(desk, ["T-1"])
    desk.settle("T-1", on=DUE, quantity=bl.Amount(400, ACME), reference="P")
    desk.cancel_instruction("T-1", by="system")
    [row] = desk.worklist(DUE)
    assert row["task"] == "instruct"
    assert (str(row["quantity"]), str(row["cash"])) == (f"600 {ACME}", "30006.00 USD")


def test_a_payment_by_itself_is_in_the_worklist(
    desk: SettlementDesk, order: Callable[..., Instruction]
) -> None:
    """And a delivery free of payment."""
    desk.enter(order(kind="CPFOD", quantity=None))
    desk.enter(order(id="I-2", kind="DFP", cash=None))
    rows = desk.worklist(DUE).rows()
    assert [(str(row["quantity"]), str(row["cash"])) for row in rows] == [
        ("0", "100000.00 EUR"),
        (f"1000 {ACME}", "0"),
    ]


# --- lists ---------------------------------------------------------------------------


def test_trades_are_found_by_what_they_are(busy: SettlementDesk, make: Make) -> None:
    """State, day, counterparty, owner; net obligations and old versions are there."""
    found = busy.trades()
    assert [case.id for case in found][-1] == "future"
    assert len(found) == 18 + 2 + 1
    assert [case.id for case in busy.trades(state="corrected")] == ["amended"]
    assert [case.id for case in busy.trades(state=TradeState.NET)] == [f"N-1.{ACME}"]
    assert [case.id for case in busy.trades(counterparty="CCP")] == [f"N-1.{ACME}"]
    assert len(busy.trades(due_by=DUE)) == len(found) - 1
    assert busy.trades(due_by=TRADED) == ()
    busy.capture(make(id="C", owner="C-1", capacity="agent"))
    [case] = busy.trades(owner="C-1")
    assert (case.deal, case.status.state) == (busy.trade("C"), TradeState.CAPTURED)
    assert busy.trades(owner="C-1", state="settled") == ()


def test_instructions_are_found_by_their_regions(busy: SettlementDesk) -> None:
    """Each of the four, whether they are over, day, counterparty and owner."""

    def ids(**filters: Any) -> list[str]:
        return [status.id for status in busy.instructions(**filters)]

    assert len(ids()) == 9
    assert ids(processing="received") == ["received"]
    assert ids(matching="unmatched", processing="accepted") == ["unmatched"]
    assert ids(hold=HoldState.PARTY_HOLD) == ["held"]
    assert ids(settlement="failing") == ["failing"]
    assert ids(is_over=True) == ["over", "rejected"]
    assert len(ids(is_over=False)) == 7
    assert "future" not in ids(due_by=DUE)
    assert ids(counterparty="NOBODY") == []
    assert ids(owner="C-1") == []


def test_filters_are_checked(desk: SettlementDesk) -> None:
    """A state that there is not, a day that is none."""
    wrong: list[Callable[[Any], object]] = [
        lambda desk: desk.trades(state="lost"),
        lambda desk: desk.trades(due_by="today"),
        lambda desk: desk.trades(owner="a/b"),
        lambda desk: desk.instructions(hold="matched"),
        lambda desk: desk.instructions(settlement=TradeState.SETTLED),
        lambda desk: desk.instructions(counterparty=""),
        lambda desk: desk.worklist("today"),
    ]
    for ask in wrong:
        with pytest.raises(errors.InvalidInput):
            ask(desk)


# --- many at once --------------------------------------------------------------------


def test_many_at_once_are_the_same_as_one_by_one(make: Make) -> None:
    """Holds, releases, fails, new attempts, and what customers pay."""
    found = []
    for is_bulk in (True, False):
        with bl.open_ledger(":memory:", actor="anna") as ledger:
            desk = SettlementDesk(ledger)
            desk.books.accounts.open_in(ledger, customers=["C-1"])  # type: ignore[attr-defined]
            ids = [f"T-{number}" for number in range(4)]
            desk.capture_many(
                make(id=id_, owner="C-1", capacity="agent") for id_ in ids
            )
            instructed(desk, ids)
            matched(desk, ids)
            if is_bulk:
                desk.hold_many(ids, by="csd")
                desk.release_many(ids)
                desk.hold_many(ids)
                desk.fail_many(ids, on=DUE, lacks=["cash"])
                desk.release_many(ids)
                desk.recycle_many(ids)
                desk.settle_many(ids, on=LATER)
                desk.settle_customers(ids, on=LATER)
            for id_ in [] if is_bulk else ids:
                desk.hold(id_, by="csd")
                desk.release(id_)
                desk.hold(id_)
                assert desk.fail(id_, on=DUE, lacks=["cash"]).reason is not None
                desk.release(id_)
                desk.recycle(id_)
                desk.settle(id_, on=LATER)
                desk.settle_customer(id_, on=LATER)
            view = ledger.view()
            found.append(
                (
                    ledger.documents.all("instruction-status"),
                    {path: str(view.balance(path)) for path in view.accounts()},
                )
            )
    assert found[0] == found[1]
    assert found[0][1]["assets:nostro"] == "40.00 USD"
    assert found[0][1]["assets:customers"] == "0"


def test_many_are_all_or_none(desk: SettlementDesk, make: Make) -> None:
    """One that may not be held keeps all of a batch from it."""
    desk.capture_many([make(), make(id="T-2"), make(id="T-3")])
    instructed(desk, ["T-1", "T-2", "T-3"])
    matched(desk, ["T-1", "T-2"])
    desk.reject("T-3")
    for verb in (
        desk.hold_many,
        lambda ids: desk.fail_many(ids, on=DUE),
    ):
        with pytest.raises(errors.TransitionRefused):
            verb(["T-1", "T-2", "T-3"])
    assert desk.instructions(hold="party-hold") == ()
    with pytest.raises(errors.InvalidOption, match="agent"):
        desk.settle_customers(["T-1"], on=DUE)
    with pytest.raises(errors.InvalidOption, match="a list of ids"):
        desk.hold_many("T-1")
    assert desk.hold_many([]) == ()
