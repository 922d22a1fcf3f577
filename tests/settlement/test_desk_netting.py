"""Nettings and novations on the desk: net obligations are settled like trades."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    FrontOffice,
    Netting,
    SettlementDesk,
    SettlementState,
    Trade,
    TradeState,
)
from backoffice_ledger.settlement import _netting as nettings
from backoffice_ledger.settlement.accounting import (
    SettlementAccounts,
    SettlementBooks,
    open_obligations,
    settlement_date_balances,
)
from backoffice_ledger.settlement.netting import NettingSet
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import FrozenClock, SeededSalts, SequentialIds

Make = Callable[..., Trade]
S = TradeState
NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)
TRADED, DUE, LATER = date(2026, 10, 8), date(2026, 10, 9), date(2026, 10, 12)
ACME, BOLT = "US0378331005", "US5949181045"
SET = NettingSet(DUE, system="DTC", agreement="CCP-RULES")
ACCOUNTS = SettlementAccounts()

DAY = (
    {"id": "T-1", "quantity": f"1000 {ACME}", "price": "10.00", "counterparty": "B"},
    {"id": "T-2", "quantity": f"200 {ACME}", "price": "9.90", "counterparty": "D"},
    {
        "id": "T-3",
        "side": "sell",
        "quantity": f"600 {ACME}",
        "price": "10.20",
        "counterparty": "C",
    },
)
"""JE-7: buy 1 000 at 10.00 from B and 200 at 9.90 from D, sell 600 at 10.20 to C."""


def matched(desk: SettlementDesk, make: Make, *changes: dict[str, Any]) -> list[str]:
    """Capture trades and bring them as far as matched; return their ids."""
    trades = [make(**({"fees": {}} | each)) for each in changes]
    ids = [trade.id for trade in trades]
    desk.capture_many(trades)
    desk.enrich_many(ids)
    desk.advance_many(ids, "confirmed")
    desk.advance_many(ids, "matched")
    return ids


def ready(desk: SettlementDesk, *ids: str) -> None:
    """Instruct net obligations and have them accepted and matched."""
    made = desk.instruct_many(ids, participant="US")
    desk.accept_many([one.id for one in made])
    desk.report_matched({one.id: f"CCP-{one.id}" for one in made})


def net(desk: SettlementDesk, ids: list[str], **changes: Any) -> Netting:
    """Net trades with a central counterparty, or in another way."""
    terms: dict[str, Any] = {
        "netting_id": "N-1",
        "netting_set": SET,
        "on": TRADED,
        "ccp": "CCP",
    }
    return desk.net(ids, **terms | changes)


def balances(ledger: bl.Ledger) -> dict[str, str]:
    """Return what is not zero, by account."""
    view = ledger.view()
    found = {path: str(view.balance(path)) for path in view.accounts()}
    return {path: balance for path, balance in found.items() if balance != "0"}


def open_by_dimensions(ledger: bl.Ledger) -> dict[tuple[str, ...], int]:
    """Return what is open by account, unit, trade, instrument and counterparty."""
    watched = ACCOUNTS.open_money | ACCOUNTS.open_locations
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    for record in ledger.view().entries():
        for posting in record.entry.postings:
            if posting.account in watched:
                named = posting.dimensions
                key = (
                    posting.account,
                    posting.amount.commodity.code,
                    named["trade"],
                    named.get("instrument", ""),
                    named["counterparty"],
                )
                sums[key] += posting.signed.minor_units
    return {key: units for key, units in sums.items() if units}


# --- what is left --------------------------------------------------------------------


def test_a_central_counterparty_nets_trades_with_several(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """JE-7: net long 600, net to pay 5 860.00; it is settled like a trade."""
    ids = matched(desk, make, *DAY)
    found = net(desk, ids)
    [left] = found.obligations
    assert (left.id, left.trades, left.is_ours) == (f"N-1.{ACME}", 3, True)
    assert (str(left.quantity), str(left.cash)) == (f"600 {ACME}", "-5860.00 USD")
    assert (left.counterparty, left.clearing, left.system) == ("CCP", "ccp", "DTC")
    assert left.instrument == bl.Commodity(ACME)
    assert desk.netting("N-1") == found
    for id_ in ids:
        assert desk.status(id_).state is S.NETTED
        assert desk.status(id_).details("netted") == {"reference": left.id}
    assert desk.status(left.id).state is S.NET
    assert open_by_dimensions(ledger) == {
        (ACCOUNTS.payable_ccp, "USD", left.id, ACME, "CCP"): -586_000,
        (ACCOUNTS.location("pending-receive"), ACME, left.id, ACME, "CCP"): -600,
    }
    front = FrontOffice(ledger=ledger)
    assert str(front.available(ACME, TRADED)) == f"0 {ACME}"
    assert str(front.available(ACME, DUE)) == f"600 {ACME}"
    ready(desk, left.id)
    status = desk.instruction(left.id)
    assert (status.instruction.kind, status.instruction.depository) == ("RVP", "DTC")
    desk.settle(left.id, on=DUE)
    assert desk.status(left.id).state is S.SETTLED
    assert open_by_dimensions(ledger) == {}
    assert balances(ledger)["assets:nostro"] == "-5860.00 USD"
    assert balances(ledger)["stock:location:depository"] == f"-600 {ACME}"
    assert [row["state"] for row in desk.history(left.id)] == [
        "net",
        "instructed",
        "settled",
    ]
    assert ledger.verify()


def test_two_parties_net_what_they_owe_each_other(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Without a central counterparty all trades are with one."""
    ids = matched(
        desk,
        make,
        {"id": "T-1", "price": 10},
        {"id": "T-2", "side": "sell", "quantity": f"400 {ACME}", "price": 11},
    )
    [left] = net(desk, ids, ccp=None).obligations
    assert (left.counterparty, left.clearing) == ("BROKER", "bilateral")
    assert (str(left.quantity), str(left.cash)) == (f"600 {ACME}", "-5600.00 USD")
    assert balances(ledger)["liabilities:unsettled:payable"] == "5600.00 USD"


def units_of(count: int, code: str) -> bl.Amount:
    """Return units of a security that is named after what its net needs."""
    return bl.Amount(count, bl.Commodity(code, scale=0))


def day_of_all_kinds() -> list[dict[str, Any]]:
    """Return trades whose nets are of every kind, by the name of the security."""

    def pair(code: str, bought: int, dear: int, sold: int, cheap: int) -> list[Any]:
        return [
            {"id": f"{code}-B", "quantity": units_of(bought, code), "price": dear},
            {
                "id": f"{code}-S",
                "side": "sell",
                "quantity": units_of(sold, code),
                "price": cheap,
            },
        ]

    return [
        *pair("RVP", 100, 10, 40, 10),
        *pair("RWP", 100, 1, 40, 10),
        *pair("CPFOD", 100, 9, 100, 10),
        *pair("DPFOD", 100, 10, 100, 9),
        *pair("RFP", 100, 1, 50, 2),
        *pair("SETOFF", 100, 10, 100, 10),
    ]


def test_units_and_money_go_whatever_way_they_go(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Each security has one instruction of the kind that it needs; all are booked."""
    ids = matched(desk, make, *day_of_all_kinds())
    found = net(desk, ids)
    live = [one.id for one in found.obligations if not one.is_set_off]
    assert desk.status("N-1.SETOFF").state is S.SET_OFF
    with pytest.raises(errors.TransitionRefused, match="instructed"):
        desk.instruct("N-1.SETOFF")
    ready(desk, *live)
    for id_ in live:
        assert id_ == f"N-1.{desk.instruction(id_).instruction.kind}"
    before = open_by_dimensions(ledger)
    desk.fail_many(live, on=DUE, lacks=["securities"])
    assert open_by_dimensions(ledger).keys() & before.keys() == set()
    desk.recycle_many(live)
    for id_, units in (("N-1.RVP", 7), ("N-1.RWP", 7), ("N-1.RFP", 7)):
        part = units_of(units, id_[4:])
        desk.settle(id_, on=LATER, quantity=part, reference="P-1")
    desk.settle_many(live, on=LATER)
    assert open_by_dimensions(ledger) == {}
    assert len(open_obligations(ledger.view(), ACCOUNTS)) == 0
    assert balances(ledger)["assets:nostro"] == "-300.00 USD"
    assert {desk.status(id_).state for id_ in live} == {S.SETTLED}
    assert ledger.verify()


def test_to_net_again_changes_nothing(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Whatever way units and money go, what is left of what is left is the same."""
    found = net(desk, matched(desk, make, *day_of_all_kinds()))
    first = {
        one.instrument: (one.quantity, one.cash)
        for one in found.obligations
        if not one.is_set_off
    }
    live = [one.id for one in found.obligations if not one.is_set_off]
    before = open_obligations(ledger.view(), ACCOUNTS).total("money")
    again = net(desk, live, netting_id="N-2", ccp=None)
    assert first == {
        one.instrument: (one.quantity, one.cash) for one in again.obligations
    }
    assert open_obligations(ledger.view(), ACCOUNTS).total("money") == before
    assert {desk.status(id_).state for id_ in live} == {S.NETTED}


def test_units_and_money_may_both_leave(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Sold cheap what was bought dear: deliver with payment, or free of it."""
    desk.capture(make(id="STOCK", quantity=units_of(100, "DWP"), price=1, fees={}))
    desk.capture(make(id="STOCK-2", quantity=units_of(100, "DFP"), price=1, fees={}))
    ids = matched(
        desk,
        make,
        {"id": "T-1", "quantity": units_of(10, "DWP"), "price": 100},
        {"id": "T-2", "side": "sell", "quantity": units_of(50, "DWP"), "price": 10},
        {"id": "T-3", "quantity": units_of(10, "DFP"), "price": 100},
        {"id": "T-4", "side": "sell", "quantity": units_of(50, "DFP"), "price": 20},
    )
    net(desk, ids)
    live = ["N-1.DFP", "N-1.DWP"]
    ready(desk, *live)
    for id_ in live:
        assert id_ == f"N-1.{desk.instruction(id_).instruction.kind}"
    with_payment = desk.fail("N-1.DWP", on=DUE, lacks=["cash"])
    assert with_payment.reason is not None
    assert with_payment.reason.value == "MONY"  # who delivers pays
    desk.settle_many(live, on=LATER)
    assert balances(ledger)["assets:nostro"] == "-500.00 USD"
    assert not [key for key in open_by_dimensions(ledger) if key[2] in live]


def test_what_was_rejected_or_cancelled_is_instructed_again(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """With what is left of it, whatever kind it is; it stays booked as failing."""
    desk.capture(make(id="STOCK", quantity=units_of(100, "DFP"), price=1, fees={}))
    ids = matched(
        desk,
        make,
        *day_of_all_kinds(),
        {"id": "T-3", "quantity": units_of(10, "DFP"), "price": 100},
        {"id": "T-4", "side": "sell", "quantity": units_of(50, "DFP"), "price": 20},
    )
    found = net(desk, ids)
    live = [one.id for one in found.obligations if not one.is_set_off]
    ready(desk, *live)
    part = units_of(7, "DFP")
    desk.settle("N-1.DFP", on=DUE, quantity=part, reference="P-1")
    desk.fail_many(live, on=DUE)
    for id_ in live:
        before = desk.cancel_instruction(id_, by="system")
        again = desk.instruct(id_, instruction=f"{id_}-again")
        assert again.instruction.kind == before.instruction.kind
        assert again.remaining == before.remaining
        assert again.remaining_cash == before.remaining_cash
        desk.accept(again.id)
        desk.report_matched({again.id: f"X-{again.id}"})
    desk.settle_many([f"{id_}-again" for id_ in live], on=LATER)
    assert not [key for key in open_by_dimensions(ledger) if key[2] != "STOCK"]
    assert {desk.status(id_).state for id_ in live} == {S.SETTLED}


# --- novation ------------------------------------------------------------------------


def test_a_novation_puts_two_obligations_in_the_place_of_a_trade(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Ours is booked and can be netted; the other one is kept beside it."""
    ids = matched(desk, make, *DAY)
    terms: dict[str, Any] = {"netting_set": SET, "on": TRADED}
    found = desk.novate(ids, netting_id="NOV", ccp="CCP", **terms)
    assert [(one.id, one.party, str(one.quantity)) for one in found.obligations] == [
        ("NOV.T-1", "us", f"1000 {ACME}"),
        ("NOV.T-1.other", "B", f"-1000 {ACME}"),
        ("NOV.T-2", "us", f"200 {ACME}"),
        ("NOV.T-2.other", "D", f"-200 {ACME}"),
        ("NOV.T-3", "us", f"-600 {ACME}"),
        ("NOV.T-3.other", "C", f"600 {ACME}"),
    ]
    assert found.obligations[1].own_ssi == "SSI-BROKER"
    assert desk.status("T-1").state is S.NOVATED
    assert balances(ledger)["liabilities:unsettled:payable-ccp"] == "11980.00 USD"
    assert balances(ledger)["assets:unsettled:receivable-ccp"] == "6120.00 USD"
    with pytest.raises(errors.UnknownRecord):
        desk.status("NOV.T-1.other")
    ours = ["NOV.T-1", "NOV.T-2", "NOV.T-3"]
    [left] = net(desk, ours, ccp=None).obligations
    assert (str(left.quantity), str(left.cash)) == (f"600 {ACME}", "-5860.00 USD")
    assert (left.counterparty, left.clearing, left.trades) == ("CCP", "ccp", 3)
    with pytest.raises(errors.TransitionRefused, match="netted"):
        desk.unwind("NOV", on=DUE)
    desk.unwind("N-1", on=DUE)
    assert desk.status("NOV.T-1").state is S.NET
    desk.unwind("NOV", on=DUE)
    assert desk.status("T-1").state is S.MATCHED
    assert desk.status("NOV.T-1").state is S.CANCELLED
    assert balances(ledger)["liabilities:unsettled:payable"] == "11980.00 USD"


def test_a_novated_trade_is_settled_by_itself(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """It has the terms of the trade, and another counterparty."""
    [id_] = matched(desk, make, {"fees": {"commission": "10.00 USD"}})
    desk.novate([id_], netting_id="NOV", netting_set=SET, on=TRADED, ccp="CCP")
    ready(desk, "NOV.T-1")
    desk.settle("NOV.T-1", on=DUE)
    assert balances(ledger)["assets:nostro"] == "-50010.00 USD"
    assert open_by_dimensions(ledger) == {}


# --- unwinding -----------------------------------------------------------------------


def test_an_unwound_netting_leaves_the_trades_as_they_were(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Balances by dimension are those before; the trades go on, or are netted anew."""
    ids = matched(desk, make, *DAY)
    before = balances(ledger), open_by_dimensions(ledger)
    first = net(desk, ids)
    assert first.trades == tuple(sorted(ids))
    assert desk.netting("N-1") == first
    with pytest.raises(errors.UnknownRecord):
        desk.unwind("N-2", on=TRADED)
    with pytest.raises(errors.TransitionRefused, match="booked later"):
        desk.unwind("N-1", on=date(2026, 10, 1))
    unwound = desk.unwind("N-1", on=TRADED, reason="the CCP refused it")
    assert unwound == attrs.evolve(first, unwound_on=TRADED)
    assert (balances(ledger), open_by_dimensions(ledger)) == before
    count = len(list(ledger.records()))
    assert desk.unwind("N-1", on=TRADED) == unwound
    with pytest.raises(errors.TransitionRefused, match="takes another id"):
        net(desk, ids)
    assert len(list(ledger.records())) == count
    with pytest.raises(errors.TransitionRefused, match="is unwound"):
        desk.unwind("N-1", on=DUE)
    assert desk.status("T-1").details("matched") == {"unwound": "N-1"}
    desk.cancel("T-3", on=DUE)
    [left] = net(desk, ids[:2], netting_id="N-2").obligations
    assert str(left.cash) == "-11980.00 USD"
    assert desk.netting("N-1") == unwound
    desk.unwind("N-2", on=DUE)
    desk.route("T-1")
    ready(desk, "T-1")
    desk.settle("T-1", on=DUE)
    assert desk.status("T-1").state is S.SETTLED


def test_a_failing_net_is_unwound_once_its_instruction_is_over(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """And nothing of it may be settled."""
    ids = matched(desk, make, *DAY, *day_of_all_kinds())
    before = balances(ledger), open_by_dimensions(ledger)
    found = net(desk, ids)
    live = [one.id for one in found.obligations if not one.is_set_off]
    ready(desk, *live)
    desk.fail_many(live, on=DUE)
    with pytest.raises(errors.TransitionRefused, match="has an instruction"):
        desk.unwind("N-1", on=LATER)
    for id_ in live:
        desk.cancel_instruction(id_, by="system")
    desk.unwind("N-1", on=LATER)
    assert (balances(ledger), open_by_dimensions(ledger)) == before
    net(desk, ids, netting_id="N-2")
    ready(desk, "N-2.RFP")
    desk.settle("N-2.RFP", on=DUE, quantity=units_of(1, "RFP"), reference="P-1")
    desk.cancel_instruction("N-2.RFP", by="system")
    with pytest.raises(errors.TransitionRefused, match="is settled"):
        desk.unwind("N-2", on=LATER)
    desk.instruct("N-2.RFP", instruction="I-2")
    desk.accept("I-2")
    desk.report_matched({"I-2": "X"})
    desk.settle("I-2", on=DUE)
    with pytest.raises(errors.TransitionRefused, match="is settled"):
        desk.unwind("N-2", on=LATER)


def test_many_trades_are_unwound_from_all_their_entries(
    desk: SettlementDesk,
    ledger: bl.Ledger,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A netting of very many trades has several entries."""
    where = "backoffice_ledger.settlement.accounting._trades.NETTED_MAX"
    monkeypatch.setattr(where, 2)
    ids = matched(desk, make, *DAY, {"id": "T-4"}, {"id": "T-5"})
    before = open_by_dimensions(ledger)
    [left] = net(desk, ids).obligations
    assert left.trades == 5
    assert ledger.record(f"settlement/{left.id}/netted/3")
    desk.unwind("N-1", on=TRADED)
    assert open_by_dimensions(ledger) == before


# --- what is refused -----------------------------------------------------------------


def test_the_same_netting_again_changes_nothing(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Another one under its id is refused, and the first field that differs named."""
    ids = matched(desk, make, *DAY, {"id": "T-4", "counterparty": "B"})
    found = net(desk, ids[:3])
    count = len(list(ledger.records()))
    assert net(desk, ids[:3]) == found
    assert net(desk, ids[2::-1]) == found  # in whatever order
    assert len(list(ledger.records())) == count
    for changes, field in (
        ({"ids": ids}, "quantity"),
        ({"on": DUE}, "date"),
        ({"ccp": "OTHER"}, "counterparty"),
    ):
        arguments = {"ids": ids[:3], **changes}
        with pytest.raises(errors.IdempotencyConflict) as conflict:
            net(desk, **arguments)
        assert conflict.value.field == field
    with pytest.raises(errors.TransitionRefused):
        net(desk, ids[:3], netting_id="N-2")
    with pytest.raises(errors.UnknownRecord):
        net(desk, ["T-9"], netting_id="N-2")
    assert desk.status("T-4").state is S.MATCHED
    assert len(list(ledger.records())) == count


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"settlement_date": LATER}, "ids[1].settlement_date"),
        ({"currency": "EUR", "quantity": f"1 {BOLT}"}, "ids[1].currency"),
        ({"owner": "C-1", "capacity": "agent"}, "ids[1].owner"),
        ({"own_ssi": "SSI-9"}, "ids[1].own_ssi"),
        ({"counterparty": "C"}, "ids[1].counterparty"),
        ({"clearing": "ccp"}, "ids[1].clearing"),
    ],
)
def test_only_what_belongs_together_is_netted(
    desk: SettlementDesk, make: Make, changes: dict[str, Any], field: str
) -> None:
    """Day, currency, owner, account; between two parties both of them."""
    ids = matched(desk, make, {"id": "T-1"}, {"id": "T-9"} | changes)
    with pytest.raises(errors.InvalidOption) as found:
        net(desk, ids, ccp=None)
    assert found.value.field == field


def test_the_account_is_the_one_that_completed_the_trade(
    desk: SettlementDesk, make: Make
) -> None:
    """Trades whose standing instructions came later are netted by those."""
    desk.capture_many(
        make(id=id_, own_ssi=None, fees={}) for id_ in ("T-1", "T-2", "T-3")
    )
    for id_, own_ssi in (("T-1", "SSI-A"), ("T-2", "SSI-A"), ("T-3", "SSI-B")):
        desk.enrich(id_, own_ssi=own_ssi)
        desk.confirm(id_)
        desk.match(id_)
    with pytest.raises(errors.InvalidOption, match="own_ssi"):
        net(desk, ["T-1", "T-3"])
    [left] = net(desk, ["T-1", "T-2"]).obligations
    assert left.own_ssi == "SSI-A"
    assert desk.instruct(left.id).instruction.account == "SSI-A"


def test_what_is_no_netting_is_refused(desk: SettlementDesk, make: Make) -> None:
    """Each argument is checked, and nothing is written."""
    ids = matched(desk, make, *DAY, {"id": "T-4", "counterparty": "CCP"})
    for changes, field in (
        ({"ids": "T-1"}, "ids"),
        ({"ids": 1}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": ["T-1", "T-1"]}, "ids"),
        ({"netting_id": "a/b"}, "netting_id"),
        ({"netting_set": "DTC"}, "netting_set"),
        ({"on": "today"}, "on"),
        ({"ccp": "us"}, "ccp"),
        ({"ccp": ""}, "ccp"),
    ):
        with pytest.raises(errors.InvalidInput) as found:
            net(desk, **{"ids": ids[:3], **changes})
        assert found.value.field == field
    terms: dict[str, Any] = {"netting_id": "N", "netting_set": SET, "on": TRADED}
    for ccp, field in ((None, "ccp"), ("CCP", "ids[3].counterparty")):
        with pytest.raises(errors.InvalidOption) as refused:
            desk.novate(ids, ccp=ccp, **terms)
        assert refused.value.field == field
    with pytest.raises(errors.InvalidOption, match="kind"):
        Netting(id="N", kind="mixed", date=DUE, netting_set=SET)  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidDate):
        desk.unwind("N-1", on="today")  # type: ignore[arg-type]
    assert desk.status("T-1").state is S.MATCHED


def test_a_net_obligation_is_no_trade(desk: SettlementDesk, make: Make) -> None:
    """It was not agreed, so it is neither amended nor cancelled by itself."""
    [left] = net(desk, matched(desk, make, *DAY)).obligations
    for step in (
        lambda: desk.trade(left.id),
        lambda: desk.cancel(left.id, on=DUE),
        lambda: desk.enrich(left.id),
        lambda: desk.settle_customer(left.id, on=DUE),
    ):
        with pytest.raises(errors.UnknownRecord, match="a trade"):
            step()
    with pytest.raises(errors.TransitionRefused):
        desk.route(left.id)
    with pytest.raises(errors.UnknownRecord, match="a netting"):
        desk.netting("N-2")
    with pytest.raises(errors.TransitionRefused, match="in no netting"):
        desk.status(left.id).unwound("N-1")


def test_a_net_is_in_one_system(desk: SettlementDesk, make: Make) -> None:
    """What is novated in one depository is not netted in another."""
    ids = matched(desk, make, *DAY)
    desk.novate(ids, netting_id="NOV", netting_set=SET, on=TRADED, ccp="CCP")
    other = attrs.evolve(SET, system="CBF")
    with pytest.raises(errors.InvalidOption, match="system"):
        net(desk, ["NOV.T-1", "NOV.T-2"], netting_set=other)


def test_documents_that_are_none_are_refused() -> None:
    """Another hand wrote them."""
    with pytest.raises(errors.InvalidDocument, match="netting"):
        nettings.from_document(bl.Document("netting", "N", {"kind": "netted"}), ())
    with pytest.raises(errors.InvalidDocument, match="net-obligation"):
        nettings.obligation_of(bl.Document("net-obligation", "N", {"party": "us"}))


# --- restarts, PostgreSQL, properties ------------------------------------------------


def carry_on(open_book: Callable[[str], bl.Ledger], make: Make) -> None:
    """Net in one session, settle a part in the next, unwind and end in a third."""
    with open_book("anna") as ledger:
        ACCOUNTS.open_in(ledger)
        desk = SettlementDesk(ledger)
        ids = matched(desk, make, *DAY, {"id": "B-1", "quantity": f"5 {BOLT}"})
        net(desk, ids[:3])
        net(desk, ids[3:], netting_id="N-2")
        ready(desk, f"N-1.{ACME}", f"N-2.{BOLT}")
    with open_book("bert") as ledger:
        desk = SettlementDesk(ledger)
        desk.settle(
            f"N-1.{ACME}", on=DUE, quantity=bl.Amount(450, ACME), reference="P-1"
        )
        desk.fail_many([f"N-1.{ACME}", f"N-2.{BOLT}"], on=DUE, lacks=["securities"])
        desk.cancel_instruction(f"N-2.{BOLT}", by="system")
    with open_book("carl") as ledger:
        desk = SettlementDesk(ledger)
        status = desk.recycle(f"N-1.{ACME}")
        assert status.settlement is SettlementState.PARTIALLY_SETTLED
        desk.settle(f"N-1.{ACME}", on=LATER)
        desk.unwind("N-2", on=LATER)
        net(desk, ["B-1"], netting_id="N-3", on=LATER)
        ready(desk, f"N-3.{BOLT}")
        desk.settle(f"N-3.{BOLT}", on=LATER)
        assert open_by_dimensions(ledger) == {}
        assert balances(ledger)["assets:nostro"] == "-6110.00 USD"
        assert desk.netting("N-2").unwound_on == LATER
        assert ledger.verify()


def test_it_goes_on_after_a_restart(tmp_path: Path, make: Make) -> None:
    """A SQLite file is closed in the middle and opened again by somebody else."""
    path = tmp_path / "books.db"
    carry_on(lambda actor: bl.open_ledger(path, actor=actor, create=True), make)


def test_it_lives_on_postgresql(database: str, make: Make) -> None:
    """The same on a server."""
    with closing(PostgreSQLStore(database)) as store:
        carry_on(lambda actor: bl.open_ledger(store, actor=actor, create=True), make)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orders=st.lists(
        st.tuples(
            st.sampled_from([ACME, BOLT]),
            st.booleans(),
            st.integers(1, 50),
            st.integers(1, 40),
        ),
        min_size=1,
        max_size=8,
    ),
    wise=st.booleans(),
    split=st.booleans(),
)
def test_gross_and_net_come_to_the_same(
    make: Make, orders: list[tuple[str, bool, int, int]], wise: bool, split: bool
) -> None:
    """Settled net, every balance is what it is gross; so is settlement-date accounting.

    *wise*: through a central counterparty; *split*: settled in two parts.
    """
    books = []
    for is_net in (True, False):
        ledger = bl.open_ledger(
            ":memory:",
            actor="anna",
            clock=FrozenClock(NOON),
            ids=SequentialIds(),
            salts=SeededSalts(b"net"),
        )
        ACCOUNTS.open_in(ledger)
        desk = SettlementDesk(ledger)
        stock = [make(id=f"S-{c}", quantity=f"500 {c}", fees={}) for c in (ACME, BOLT)]
        desk.capture_many(stock)
        ids = matched(
            desk,
            make,
            *(
                {
                    "id": f"T-{n}",
                    "side": "buy" if is_buy else "sell",
                    "quantity": f"{units} {code}",
                    "price": price,
                }
                for n, (code, is_buy, units, price) in enumerate(orders)
            ),
        )
        if is_net:
            found = net(desk, ids, ccp="CCP" if wise else None)
            ids = [one.id for one in found.obligations if not one.is_set_off]
            open_ = open_obligations(ledger.view(), ACCOUNTS)
            assert len(open_) == len(ids) + 2
        else:
            desk.route_many(ids)
        unsettled = [
            (row["account"], row["settlement_date"])
            for row in settlement_date_balances(ledger.view(), ACCOUNTS)
            if row["settlement_date"]
        ]
        ready(desk, *ids)
        for id_ in ids if split else []:
            left = desk.instruction(id_).remaining
            if left is not None and left.minor_units > 1:
                one = bl.Amount(1, left.commodity)
                desk.settle(id_, on=DUE, quantity=one, reference="P")
        desk.settle_many(ids, on=LATER)
        assert len(open_by_dimensions(ledger)) == 4  # the two of the stock
        table = settlement_date_balances(ledger.view(), ACCOUNTS)
        settled = [list(row.values()) for row in table]
        books.append((unsettled, balances(ledger), settled))
        assert isinstance(desk.books, SettlementBooks)
        ledger.close()
    assert books[0] == books[1]
