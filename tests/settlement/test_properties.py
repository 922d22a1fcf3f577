"""What holds whatever happens: random lives of instructions, random days of a desk."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import LedgerError, TransitionRefused
from backoffice_ledger.settlement import (
    Instruction,
    InstructionStatus,
    PendingReason,
    SettlementDesk,
    SettlementState,
    Trade,
    TradeState,
    split_cash,
)
from backoffice_ledger.settlement import _life as life
from backoffice_ledger.settlement import _status as statuses
from backoffice_ledger.settlement.accounting import (
    SettlementAccounts,
    open_obligations,
)
from backoffice_ledger.testing import FrozenClock, SeededSalts, SequentialIds

ACME = "US0378331005"
TRADED, DUE = date(2026, 10, 8), date(2026, 10, 9)
Step = Callable[[InstructionStatus], InstructionStatus]


def days() -> st.SearchStrategy[date]:
    """Return days around the intended one."""
    return st.integers(-1, 4).map(lambda days: DUE + timedelta(days=days))


def units() -> st.SearchStrategy[bl.Amount]:
    """Return some units."""
    return st.integers(1, 60).map(lambda count: bl.Amount(count, ACME))


def steps() -> st.SearchStrategy[Step]:
    """Return steps of an instruction, whether they are allowed or not."""
    parties = st.sampled_from(["us", "counterparty"])
    return st.one_of(
        st.just(InstructionStatus.accepted),
        st.just(InstructionStatus.rejected),
        st.just(InstructionStatus.cancelled_by_system),
        st.just(InstructionStatus.recycled),
        st.just(InstructionStatus.match_waived),
        parties.map(lambda by: lambda one: one.cancel_asked(by)),
        st.sampled_from("XY").map(lambda name: lambda one: one.matched(None, name)),
        st.sampled_from(["us", "csd"]).map(lambda by: lambda one: one.held(by)),
        st.none().map(lambda _: lambda one: one.freed()),
        units().map(lambda part: lambda one: one.freed(part)),
        days().map(lambda on: lambda one: one.failed(on, PendingReason.LACK)),
        days().map(lambda on: lambda one: one.settled(on)),
        st.tuples(days(), units(), st.integers(0, 99)).map(
            lambda given: lambda one: one.settled(given[0], given[1], f"P-{given[2]}")
        ),
    )


def run(status: InstructionStatus, taken: list[Step]) -> list[InstructionStatus]:
    """Take the steps that are allowed; return every status on the way."""
    found = [status]
    for step in taken:
        try:
            found.append(step(found[-1]))
        except LedgerError:
            continue
    return found


@given(
    cash=st.integers(1, 10**6),
    is_delivery=st.booleans(),
    taken=st.lists(steps(), max_size=30),
)
def test_a_life_of_an_instruction(
    cash: int, is_delivery: bool, taken: list[Step]
) -> None:
    """Sums hold, nothing follows an end, and the same steps give the same life."""
    instruction = Instruction(
        id="I-1",
        kind="DVP" if is_delivery else "RVP",
        trade_date=TRADED,
        settlement_date=DUE,
        quantity=bl.Amount(100, ACME),
        cash=bl.Amount.from_minor(cash, "EUR"),
        counterparty="THEM",
    )
    beginning = InstructionStatus(instruction=instruction).accepted().matched(None, "X")
    lives = run(beginning, taken)
    assert run(beginning, taken) == lives
    ends = [status for status in lives if status.is_terminal]
    if ends:
        last = lives[-1]
        assert (last.settlement, last.processing, last.parts) == (
            ends[0].settlement,
            ends[0].processing,
            ends[0].parts,
        )
    for before, after in pairwise(lives):
        assert after.version - before.version == int(after is not before)
        assert after.parts[: len(before.parts)] == before.parts
    for status in lives:
        assert statuses.from_document(statuses.to_document(status), instruction) == (
            status
        )
        left, money = status.remaining, status.remaining_cash
        assert left is not None
        assert money is not None
        assert 0 <= left.minor_units <= 100
        assert 0 <= money.minor_units <= cash
        is_settled = status.settlement is SettlementState.SETTLED
        assert is_settled is (left.minor_units == 0)
        assert not (is_settled and money)


@given(cash=st.integers(0, 10**9), parts=st.lists(st.integers(1, 10**6), min_size=1))
def test_parts_sum_to_the_whole(cash: int, parts: list[int]) -> None:
    """No part is negative, and no cent is lost."""
    whole = bl.Amount.from_minor(cash, "EUR")
    shares = split_cash(
        whole, bl.Amount(sum(parts), ACME), [bl.Amount(count, ACME) for count in parts]
    )
    assert sum(share.minor_units for share in shares) == cash
    assert min(share.minor_units for share in shares) >= 0


@given(st.lists(st.sampled_from(TradeState), max_size=20))
def test_a_life_of_a_trade(states: list[TradeState]) -> None:
    """Only what the table allows happens, and nothing after a terminal state."""
    status = life.begin("T-1", "T-1")
    for state in states:
        before = status
        try:
            status = status.moved(state, {})
        except TransitionRefused:
            assert before.state not in state.step.after
            continue
        if status is not before:
            assert before.state in state.step.after
            assert not before.state.is_terminal
        assert life.from_document(life.to_document(status)) == status


# --- a random day --------------------------------------------------------------------

Command = tuple[str, int, Any]
VERBS = (
    "capture",
    "enrich",
    "confirm",
    "affirm",
    "match",
    "route",
    "instruct",
    "accept",
    "matched",
    "hold",
    "release",
    "settle",
    "part",
    "fail",
    "recycle",
    "cancel",
    "revoke",
    "amend",
)
USUAL = ("capture", "enrich", "confirm", "match", "route", "instruct", "accept")


def day_of_a_desk() -> st.SearchStrategy[list[Command]]:
    """Return commands for three trades: usual beginnings, then anything."""
    usual = st.integers(0, 2).map(
        lambda number: [(verb, number, 1) for verb in (*USUAL, "matched")]
    )
    anything = st.lists(
        st.tuples(st.sampled_from(VERBS), st.integers(0, 2), st.integers(1, 40)),
        max_size=8,
    )
    return st.lists(usual | anything, max_size=8).map(
        lambda groups: [command for group in groups for command in group]
    )


def trade_number(number: int, version: int = 1) -> Trade:
    """Return the first, second or third trade: two purchases and a sale."""
    return Trade(
        id=f"T-{number}",
        traded_at=datetime(2026, 10, 8, 9, number, tzinfo=UTC),
        trade_date=TRADED,
        settlement_date=DUE,
        side="sell" if number == 2 else "buy",
        quantity=bl.Amount(90 if number == 2 else 100 + number, ACME),
        price=f"10.{number}{version}",
        currency="EUR",
        counterparty="BROKER",
        own_ssi="SSI-US",
        counterparty_ssi="SSI-BROKER",
        version=version,
    )


def obey(desk: SettlementDesk, command: Command) -> object:
    """Give one command."""
    verb, number, size = command
    id_, later = f"T-{number}", DUE + timedelta(days=size % 3)
    known: dict[str, Callable[[], object]] = {
        "capture": lambda: desk.capture(trade_number(number)),
        "matched": lambda: desk.report_matched({id_: f"X-{id_}"}),
        "settle": lambda: desk.settle(id_, on=later),
        "part": lambda: desk.settle(
            id_, on=later, quantity=bl.Amount(size, ACME), reference=f"P-{size}"
        ),
        "fail": lambda: desk.fail(id_, on=later, lacks=["cash"]),
        "cancel": lambda: desk.cancel(id_, on=later),
        "revoke": lambda: desk.cancel_instruction(id_, by="system"),
        "amend": lambda: desk.amend(trade_number(number, 2), on=later),
    }
    return known[verb]() if verb in known else getattr(desk, verb)(id_)


def live(ledger: bl.Ledger, commands: list[Command]) -> list[tuple[Command, object]]:
    """Live a day; return what was done, and what came of it."""
    SettlementAccounts().open_in(ledger)
    desk = SettlementDesk(ledger)
    done = []
    for command in commands:
        try:
            done.append((command, obey(desk, command)))
        except LedgerError:
            continue
    return done


def new_book() -> bl.Ledger:
    """Return a book whose clock and salts are always the same."""
    noon = FrozenClock(datetime(2026, 10, 9, 12, tzinfo=UTC))
    return bl.open_ledger(
        ":memory:",
        actor="anna",
        clock=noon,
        ids=SequentialIds(),
        salts=SeededSalts(b"day"),
    )


def check_a_day(commands: list[Command]) -> None:
    """Live a day twice, and check what must hold at its end."""
    with new_book() as ledger, new_book() as again:
        done = live(ledger, commands)
        assert live(again, commands) == done
        records = list(ledger.records())
        assert list(again.records()) == records
        desk = SettlementDesk(ledger)
        if done:
            command, result = done[-1]
            assert obey(desk, command) == result
            assert list(ledger.records()) == records
        is_open = {
            row["trade"]
            for row in open_obligations(ledger.view(), SettlementAccounts())
        }
        for document in ledger.documents.all(life.KIND):
            status = life.from_document(document)
            assert (status.booking_id in is_open) is not status.state.is_terminal
        assert ledger.verify()


@settings(max_examples=10)
@given(day_of_a_desk())
def test_a_random_day(commands: list[Command]) -> None:
    """What is over owes nothing, what is not does; the same day is the same log."""
    check_a_day(commands)


@pytest.mark.long
@settings(max_examples=2_000)
@given(day_of_a_desk())
def test_many_random_days(commands: list[Command]) -> None:
    """The same, over and over."""
    check_a_day(commands)
