"""Instructions: four regions, holds, parts, fails and their reasons."""

from collections.abc import Callable
from datetime import date
from typing import Any

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    Failure,
    HoldState,
    Instruction,
    InstructionStatus,
    Matching,
    PendingReason,
    Processing,
    SettlementDesk,
    SettlementState,
    Trade,
    failures,
    reason_of,
    split_cash,
)
from backoffice_ledger.settlement import _instruction as instructions
from backoffice_ledger.settlement import _status as statuses

Order = Callable[..., Instruction]
DUE = date(2026, 10, 9)
LATER = date(2026, 10, 12)
ACME = "US0378331005"


def units(count: int) -> bl.Amount:
    """Return so many units."""
    return bl.Amount(count, ACME)


def delivery(order: Order, **changes: Any) -> InstructionStatus:
    """Return our delivery, accepted and matched."""
    terms = {"kind": "DVP"} | changes
    return InstructionStatus(instruction=order(**terms)).accepted().matched(None, "X")


# --- partial settlement --------------------------------------------------------------


def test_cash_goes_with_the_units(order: Order) -> None:
    """JE-6d: 1 000 for 10 000.01 in 333/333/334: 3 330.00, 3 330.00, 3 340.01."""
    cash = bl.Amount("10000.01", "EUR")
    parts = split_cash(cash, units(1000), [units(333), units(333), units(334)])
    assert [str(part) for part in parts] == [
        "3330.00 EUR",
        "3330.00 EUR",
        "3340.01 EUR",
    ]
    status = delivery(order, cash="10000.01 EUR")
    for number, count in enumerate((333, 333, 334)):
        status = status.settled(DUE, units(count), f"P-{number}")
    assert [str(part.cash) for part in status.parts] == [str(part) for part in parts]
    assert status.settlement is SettlementState.SETTLED
    assert not status.remaining
    assert not status.remaining_cash


def test_a_part_is_some_units_and_no_more_than_are_left(order: Order) -> None:
    """And of the same instrument."""
    for wrong in (0, -1, 1001):
        with pytest.raises(errors.InvalidOption):
            delivery(order).settled(DUE, units(wrong), "P")
    with pytest.raises(errors.CommodityMismatch):
        delivery(order).settled(DUE, bl.Amount(1, "DE0005557508"), "P")


def test_a_part_may_be_refused_by_the_terms(order: Order) -> None:
    """Then it is all or nothing."""
    status = delivery(order, partial_allowed=False)
    with pytest.raises(errors.TransitionRefused, match="quantity"):
        status.settled(DUE, units(1), "P")
    assert status.settled(DUE).is_terminal


def test_a_settlement_has_a_reference(order: Order) -> None:
    """A part needs one of its own; the same one again must say the same."""
    status = delivery(order).settled(DUE, units(400), "P-1")
    assert status.settled(DUE, units(400), "P-1") is status
    for on, count in ((DUE, 300), (LATER, 400)):
        with pytest.raises(errors.IdempotencyConflict):
            status.settled(on, units(count), "P-1")
    with pytest.raises(errors.IdempotencyConflict):
        status.settled(DUE, None, "P-1")
    with pytest.raises(errors.InvalidOption, match="look like a retry"):
        status.settled(DUE, units(400))
    done = status.settled(LATER)
    assert done.settled(LATER) is done
    assert done.settled(LATER, units(600), LATER.isoformat()) is done
    with pytest.raises(errors.TransitionRefused, match="settlement"):
        done.settled(date(2026, 10, 13))


def test_money_alone_settles_whole(order: Order) -> None:
    """A payment free of delivery has no units; its difference is known."""
    pay = order(kind="DPFOD", quantity=None)
    status = InstructionStatus(instruction=pay).accepted()
    status = status.matched(bl.Amount("99998.00", "EUR"), "X")
    assert status.remaining is None
    with pytest.raises(errors.InvalidOption, match="none with a payment"):
        status.settled(DUE, units(1), "P")
    done = status.settled(DUE)
    assert done.is_terminal
    assert str(done.parts[0].difference) == "2.00 EUR"
    assert not done.remaining_cash


def test_units_alone_settle_without_money(order: Order) -> None:
    """Free of payment, in parts."""
    status = delivery(order, kind="DFP", cash=None).settled(DUE, units(1), "P")
    assert status.parts[0].cash is None
    assert status.remaining_cash is None
    with pytest.raises(errors.InvalidOption):
        status.settled(LATER, units(1000), "P-2")


# --- hold ----------------------------------------------------------------------------


def test_a_hold_does_not_stop_matching_but_settlement(order: Order) -> None:
    """RTS 2018/1229 Art. 8."""
    status = InstructionStatus(instruction=order()).held().accepted()
    status = status.matched(None, "X")
    with pytest.raises(errors.TransitionRefused, match="hold"):
        status.settled(DUE)
    assert status.freed().settled(DUE).is_terminal
    assert status.held() is status
    assert status.freed().freed() == status.freed()


def test_the_depositorys_hold_is_stronger(order: Order) -> None:
    """It takes the place of ours, and ours does not take its."""
    status = delivery(order).held().held("csd")
    assert status.hold is HoldState.CSD_HOLD
    with pytest.raises(errors.TransitionRefused):
        status.held()
    with pytest.raises(errors.TransitionRefused):
        status.settled(DUE)
    with pytest.raises(errors.TransitionRefused, match="party-hold"):
        status.freed(units(1))
    assert status.freed().hold is HoldState.RELEASED


def test_some_units_of_a_delivery_are_released(order: Order) -> None:
    """They settle; the others stay on hold."""
    status = delivery(order).held().freed(units(400))
    assert status.hold is HoldState.PARTIALLY_RELEASED
    assert status.freed(units(400)) is status
    with pytest.raises(errors.TransitionRefused, match="held again"):
        status.freed()
    with pytest.raises(errors.TransitionRefused, match="party-hold"):
        status.freed(units(500))
    with pytest.raises(errors.TransitionRefused, match="quantity"):
        status.settled(DUE, units(401), "P")
    part = status.settled(DUE, units(100), "P-1")
    assert (part.hold, part.released) == (HoldState.PARTIALLY_RELEASED, units(300))
    part = part.settled(DUE, units(300), "P-2")
    assert (part.hold, part.released) == (HoldState.PARTY_HOLD, None)
    whole = status.held().freed()
    assert whole.settled(DUE).is_terminal


@pytest.mark.parametrize("count", [0, 1000, 1001])
def test_a_partial_release_is_some_and_not_all(order: Order, count: int) -> None:
    """All of it is a release; nothing of it is none."""
    with pytest.raises(errors.InvalidOption, match="quantity"):
        delivery(order).held().freed(units(count))


def test_only_who_delivers_releases_in_part(order: Order) -> None:
    """The receiver has no units to hold back."""
    with pytest.raises(errors.TransitionRefused, match="a delivery"):
        delivery(order, kind="RVP").held().freed(units(1))


# --- processing and cancellation -----------------------------------------------------


def test_unmatched_we_cancel_alone(order: Order) -> None:
    """And nobody cancels it for us."""
    status = InstructionStatus(instruction=order()).accepted()
    with pytest.raises(errors.TransitionRefused, match="not matched"):
        status.cancel_asked("counterparty")
    done = status.cancel_asked("us")
    assert done.processing is Processing.CANCELLED_BY_PARTICIPANT
    assert done.cancel_asked("us") is done


def test_matched_it_takes_both(order: Order) -> None:
    """RTS 2018/1229 Art. 7; until both have asked it may still settle."""
    status = delivery(order).cancel_asked("counterparty")
    assert status.processing is Processing.CANCEL_REQUESTED
    assert status.cancel_asked("counterparty") is status
    assert status.settled(DUE).is_terminal
    done = status.cancel_asked("us")
    assert done.processing is Processing.CANCELLED_BY_PARTICIPANT


def test_nothing_follows_an_end(order: Order) -> None:
    """Whatever the step: rejected, cancelled and settled are for ever."""
    fresh = InstructionStatus(instruction=order())
    ends = [
        fresh.rejected(),
        fresh.cancel_asked("us"),
        fresh.cancelled_by_system(),
        delivery(order).settled(DUE),
    ]
    steps: list[Callable[[InstructionStatus], InstructionStatus]] = [
        lambda one: one.matched(None, "Y"),
        lambda one: one.match_waived(),
        lambda one: one.held("csd"),
        lambda one: one.held().freed(),
        lambda one: one.settled(LATER),
        lambda one: one.failed(DUE, PendingReason.LACK),
        lambda one: one.cancel_asked("counterparty"),
    ]
    for end in ends:
        assert end.is_terminal
        for step in steps:
            with pytest.raises(errors.TransitionRefused):
                step(end)
    for end in ends[:3]:
        with pytest.raises(errors.TransitionRefused):
            end.accepted()
    for end in (ends[0], ends[3]):
        with pytest.raises(errors.TransitionRefused):
            end.cancelled_by_system()
    assert ends[0].rejected() is ends[0]
    assert ends[2].cancelled_by_system() is ends[2]
    with pytest.raises(errors.TransitionRefused, match="received"):
        fresh.accepted().rejected()
    with pytest.raises(errors.TransitionRefused):
        attrs.evolve(ends[1], settlement=SettlementState.FAILING).recycled()


def test_it_is_accepted_before_it_is_matched_and_matched_before_it_settles(
    order: Order,
) -> None:
    """And matched once."""
    fresh = InstructionStatus(instruction=order())
    with pytest.raises(errors.TransitionRefused, match="accepted"):
        fresh.matched(None, "X")
    with pytest.raises(errors.TransitionRefused, match="accepted"):
        fresh.settled(DUE)
    with pytest.raises(errors.TransitionRefused, match="matched"):
        fresh.accepted().settled(DUE)
    matched = fresh.accepted().matched(None, "X")
    assert matched.matched(None, "X") is matched
    for step in (lambda: matched.matched(None, "Y"), matched.match_waived):
        with pytest.raises(errors.TransitionRefused, match="unmatched"):
            step()
    with pytest.raises(errors.TransitionRefused, match="on"):
        matched.settled(date(2026, 10, 8))


def test_some_need_no_match(order: Order) -> None:
    """RTS 2018/1229 Art. 5(2)."""
    waived = InstructionStatus(instruction=order()).match_waived().accepted()
    assert waived.matching is Matching.NOT_REQUIRED
    assert waived.match_waived() is waived
    with pytest.raises(errors.TransitionRefused, match="unmatched"):
        waived.matched(None, "X")
    assert waived.settled(DUE).is_terminal


# --- fails ---------------------------------------------------------------------------


def test_hold_comes_before_securities_and_they_before_cash() -> None:
    """V6 (ECSDA CSDR Penalties Framework 4.2): two penalties if both are on hold."""
    lacks = ("cash", "securities")
    both = failures(on_hold=["us", "counterparty"], lacks=lacks, delivers=True)
    assert both == (Failure("us", "hold"), Failure("counterparty", "hold"))
    one = failures(on_hold=["counterparty"], lacks=lacks, delivers=True)
    assert one == (Failure("counterparty", "hold"),)  # and no look at what is lacking
    assert failures(lacks=lacks, delivers=True) == (Failure("us", "securities"),)
    assert failures(lacks=["cash"], delivers=True) == (Failure("counterparty", "cash"),)
    assert failures(delivers=True) == ()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"on_hold": ["us", "counterparty"], "delivers": True}, "BOTH"),
        ({"on_hold": ["us"], "delivers": True}, "PREA"),
        ({"on_hold": ["counterparty"], "delivers": True}, "PRCY"),
        ({"lacks": ["securities"], "delivers": True}, "LACK"),
        ({"lacks": ["securities"], "delivers": False}, "CLAC"),
        ({"lacks": ["cash"], "delivers": False}, "MONY"),
        ({"lacks": ["cash"], "delivers": True}, "CMON"),
        ({"lacks": ["cash"], "delivers": True, "pays": True}, "MONY"),
        ({"lacks": ["cash"], "delivers": False, "pays": False}, "CMON"),
        ({"delivers": True}, "OTHR"),
    ],
)
def test_reasons_have_codes(asked: Any, code: str) -> None:
    """ISO 20022, PendingReason39Code, as we see it."""
    reason = reason_of(failures(**asked))
    assert reason.value == code
    assert reason.definition


def test_a_fail_is_booked_once_however_long_it_lasts(
    ledger: bl.Ledger,
    desk: SettlementDesk,
    make: Callable[..., Trade],
    ready: Callable[[SettlementDesk, str], str],
) -> None:
    """JE-6a: the payable moves to securities failed to receive, and from there out."""
    desk.capture(make())
    ready(desk, "T-1")
    desk.hold("T-1")
    first = desk.fail("T-1", on=DUE, lacks=["cash"], counterparty_on_hold=True)
    assert first.reason is PendingReason.BOTH
    assert str(ledger.balance("liabilities:unsettled:failed-to-receive")) == (
        "50010.00 USD"
    )
    count = len(list(ledger.view().entries()))
    assert desk.recycle("T-1").settlement is SettlementState.PENDING
    desk.release("T-1")
    again = desk.fail("T-1", on=LATER, lacks=["securities"])
    assert again.reason is PendingReason.CLAC
    assert again.failing_since == DUE
    assert len(list(ledger.view().entries())) == count
    table = desk.ageing(LATER)
    [row] = table.rows()
    assert (row["days"], row["bucket"], row["reason"]) == (3, "1-4", "CLAC")
    part = desk.settle("T-1", on=LATER, quantity=units(500), reference="P-1")
    assert desk.recycle("T-1") == part  # partially settled it is already
    desk.settle("T-1", on=date(2026, 10, 13))
    assert not ledger.balance("liabilities:unsettled:failed-to-receive")
    assert not ledger.balance("liabilities:unsettled:payable")
    assert desk.ageing(LATER).rows() == []


def test_the_depositorys_hold_is_not_ours_to_answer_for(
    desk: SettlementDesk, order: Order
) -> None:
    """Whoever pays a penalty for it, it is not because we are on hold."""
    desk.enter(order())
    desk.hold("I-1", by="csd")
    failing = desk.fail("I-1", on=DUE)
    assert failing.is_on_hold
    assert failing.reason is PendingReason.OTHR


def test_it_fails_on_its_day_or_later(order: Order) -> None:
    """Not before."""
    with pytest.raises(errors.TransitionRefused, match="on"):
        delivery(order).failed(date(2026, 10, 8), PendingReason.LACK)
    failing = delivery(order).failed(DUE, PendingReason.LACK)
    assert failing.failed(LATER, PendingReason.LACK) is failing
    assert failing.settlement.iso == "PENF"
    assert failing.recycled().settlement.iso == "PEND"
    assert SettlementState.SETTLED.iso is None


@pytest.mark.parametrize(
    ("on", "bucket"),
    [
        (DUE, "due"),
        (date(2026, 10, 13), "1-4"),
        (date(2026, 10, 14), "5-10"),
        (date(2026, 11, 8), "11-30"),
        (date(2026, 11, 9), "31 and more"),
    ],
)
def test_ages_fall_into_buckets(
    desk: SettlementDesk, order: Order, on: date, bucket: str
) -> None:
    """In calendar days since the intended settlement date."""
    desk.enter(order())
    [row] = desk.ageing(on).rows()
    assert (row["bucket"], row["reason"], row["trade"]) == (bucket, None, None)


# --- terms and documents -------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "DVD"}, "kind"),
        ({"kind": "DFP"}, "cash"),
        ({"cash": None}, "cash"),
        ({"quantity": None}, "quantity"),
        ({"kind": "DPFOD"}, "quantity"),
        ({"cash": "0.00 EUR"}, "cash"),
        ({"transaction": "gift"}, "transaction"),
        ({"clearing": "none"}, "clearing"),
        ({"counterparty": "a/b"}, "counterparty"),
        ({"account": "a:b"}, "account"),
        ({"trade_date": "today"}, "trade_date"),
        ({"settlement_date": None}, "settlement_date"),
    ],
)
def test_what_is_no_instruction_is_refused(
    order: Order, changes: Any, field: str
) -> None:
    """Type, units and money must fit together."""
    with pytest.raises(errors.InvalidInput) as found:
        order(**changes)
    assert found.value.field == field


def test_an_obligation_is_of_a_trade(order: Order) -> None:
    """What settles none, or moves no units, has none."""
    for terms in ({}, {"trade": "T-1", "kind": "DPFOD", "quantity": None}):
        with pytest.raises(errors.InvalidOption, match="instruction"):
            order(**terms).obligation  # noqa: B018


def test_statuses_come_back_from_documents(order: Order) -> None:
    """Every region, every part, every amount."""
    samples = [
        InstructionStatus(instruction=order(trade="T-1", account="A", parts_before=2)),
        delivery(order).held().freed(units(10)).settled(DUE, units(4), "P"),
        delivery(order).failed(DUE, PendingReason.LACK).cancel_asked("us"),
        InstructionStatus(instruction=order(kind="DPFOD", quantity=None))
        .accepted()
        .matched(bl.Amount("99998.00", "EUR"), "X")
        .settled(DUE),
        delivery(order, kind="DFP", cash=None).settled(DUE, units(4), "P"),
    ]
    for status in samples:
        terms = instructions.from_document(instructions.to_document(status.instruction))
        assert terms == status.instruction
        assert statuses.from_document(statuses.to_document(status), terms) == status


def test_documents_of_other_hands_are_refused(order: Order) -> None:
    """Terms and statuses."""
    with pytest.raises(errors.InvalidDocument, match="I-1"):
        instructions.from_document(bl.Document("settlement-instruction", "I-1", {}))
    with pytest.raises(errors.InvalidDocument, match="I-1"):
        statuses.from_document(bl.Document("instruction-status", "I-1", {}), order())


def test_what_moves_nothing_is_of_no_kind() -> None:
    """All others have one, by what comes and what goes."""
    units, money = bl.Amount(1, ACME), bl.Amount(1, "USD")
    found = {
        instructions.kind_of(one * units, other * money): (one, other)
        for one in (-1, 0, 1)
        for other in (-1, 0, 1)
        if one or other
    }
    assert found == {
        "DWP": (-1, -1),
        "DFP": (-1, 0),
        "DVP": (-1, 1),
        "DPFOD": (0, -1),
        "CPFOD": (0, 1),
        "RVP": (1, -1),
        "RFP": (1, 0),
        "RWP": (1, 1),
    }
    with pytest.raises(errors.InvalidOption, match="something to settle"):
        instructions.kind_of(0 * units, 0 * money)


@pytest.mark.parametrize(
    ("kind", "difference"), [("DWP", "1.00"), ("RWP", "-1.00"), ("DPFOD", "1.00")]
)
def test_less_money_is_good_for_who_pays(
    order: Order, kind: str, difference: str
) -> None:
    """With payment, who delivers pays: the difference is seen from our side."""
    units = None if kind == "DPFOD" else f"1000 {ACME}"
    status = InstructionStatus(instruction=order(kind=kind, quantity=units))
    matched = status.accepted().matched(bl.Amount("99999.00", "EUR"), "X")
    [part] = matched.settled(date(2026, 10, 9)).parts
    assert part.difference == bl.Amount(difference, "EUR")
