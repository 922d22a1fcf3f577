"""What is where, and what an operations clerk has to do today."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Final, Literal, TypeVar

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement._index import Wanted
from backoffice_ledger.settlement._instructing import last_instruction
from backoffice_ledger.settlement._instruction import kind_of
from backoffice_ledger.settlement._life import TradeState
from backoffice_ledger.settlement._netting import Case
from backoffice_ledger.settlement._open import Open, is_outdated
from backoffice_ledger.settlement._records import Records
from backoffice_ledger.settlement._status import (
    HoldState,
    InstructionStatus,
    Matching,
    Processing,
    SettlementState,
)
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement.lots._checks import check_name

E = TypeVar("E", bound=Enum)

Task = Literal[
    "enrich",
    "confirm",
    "match",
    "route",
    "instruct",
    "accept",
    "answer-cancellation",
    "match-instruction",
    "chase",
    "release",
    "settle",
    "replace-instruction",
    "customer-payment",
]
"""What is to be done next with a trade, a net obligation or an instruction."""

Unpaid = Iterable[tuple[Trade, bl.Amount]]
"""Trades with what their customers owe (positive) or are owed."""

ReadOpen = Callable[[Sequence[str]], Mapping[str, Open]]
"""Says what is open of trades by their booking ids."""

_NEXT: Final[Mapping[TradeState, Task]] = {
    TradeState.CAPTURED: "enrich",
    TradeState.ENRICHED: "confirm",
    TradeState.ALLOCATED: "confirm",
    TradeState.CONFIRMED: "match",
    TradeState.AFFIRMED: "match",
    TradeState.MATCHED: "route",
    TradeState.BILATERAL: "instruct",
    TradeState.NET: "instruct",
}

_COLUMNS: Final = (
    Column("task", "Task"),
    Column("id", "Trade or instruction"),
    Column("counterparty", "Counterparty"),
    Column("kind", "Kind"),
    Column("due", "Due", "date"),
    Column("days", "Days late", "integer"),
    Column("reason", "Reason"),
    Column("quantity", "Quantity", "balance"),
    Column("cash", "Cash", "balance"),
)


def member_of(kind: type[E], value: E | str | None, field: str) -> E | None:
    """Return a state, given as such or as its text; None stays None.

    Raises:
        InvalidOption: there is no such state.
    """
    if value is None or isinstance(value, kind):
        return value
    names = {each.value: each for each in kind}
    if not isinstance(value, str) or value not in names:
        raise InvalidOption(field=field, expected=" or ".join(names), found=value)
    return names[value]


def check_filters(
    due_by: date | None, counterparty: str | None, owner: str | None
) -> None:
    """Check what a list is narrowed by.

    Raises:
        InvalidDate, InvalidIdentifier: one of them is none.
    """
    if due_by is not None:
        check_date(due_by, "due_by")
    for name, value in (("counterparty", counterparty), ("owner", owner)):
        if value is not None:
            check_name(value, name)


def find_cases(
    records: Records,
    *,
    state: TradeState | None = None,
    due_by: date | None = None,
    counterparty: str | None = None,
    owner: str | None = None,
) -> list[Case]:
    """Return trades and net obligations, the first due first."""
    wanted = Wanted(
        state=None if state is None else state.value,
        due=(None, due_by),
        counterparty=counterparty,
        owner=owner,
    )
    found = records.search_cases(wanted)
    return sorted(found, key=lambda case: (case.deal.settlement_date, case.id))


def find_instructions(
    records: Records,
    *,
    processing: Processing | None = None,
    matching: Matching | None = None,
    hold: HoldState | None = None,
    settlement: SettlementState | None = None,
    is_over: bool | None = None,
    due_by: date | None = None,
    counterparty: str | None = None,
    owner: str | None = None,
) -> list[InstructionStatus]:
    """Return instructions, the first due first."""
    wanted = Wanted(
        is_open=is_over is False,
        state=None if settlement is None else settlement.value,
        due=(None, due_by),
        counterparty=counterparty,
        owner=owner,
    )
    found = [
        status
        for status in records.search_instructions(wanted)
        if processing in (None, status.processing)
        and matching in (None, status.matching)
        and hold in (None, status.hold)
        and is_over in (None, status.is_terminal)
    ]
    return sorted(
        found, key=lambda status: (status.instruction.settlement_date, status.id)
    )


# --- the worklist --------------------------------------------------------------------


def worklist_table(
    records: Records, on: date, read_open: ReadOpen, unpaid: Unpaid
) -> Table:
    """Return what is to be done on a day, the first due first."""
    rows = list(_case_rows(records, on, read_open))
    statuses = records.search_instructions(Wanted(is_open=True))
    trades = [one.instruction.trade for one in statuses if one.instruction.trade]
    opened = read_open(trades)
    for status in statuses:
        task = instruction_task(status, on)
        if is_outdated(status, opened):
            task = "replace-instruction"
        if task is not None:
            rows.append(_instruction_row(task, status, on))
    rows += [
        _customer_row(trade, cash, on)
        for trade, cash in unpaid
        if trade.settlement_date <= on
    ]
    rows.sort(key=lambda row: (row.due, row.id))
    return Table(
        "Worklist",
        _COLUMNS,
        [Row(attrs.astuple(row, recurse=False)) for row in rows],
        subtitle=f"on {on}",
    )


def instruction_task(status: InstructionStatus, on: date) -> Task | None:
    """Return what is to be done with an open instruction; None while it only waits."""
    if status.processing is Processing.RECEIVED:
        return "accept"
    if status.cancel_requested == {"counterparty"}:
        return "answer-cancellation"
    if status.matching is Matching.UNMATCHED:
        return "match-instruction"
    if status.settlement is SettlementState.FAILING:
        return "chase"
    if status.instruction.settlement_date > on:
        return None
    return "release" if status.is_on_hold else "settle"


@attrs.frozen
class _Line:
    """A line of the worklist, in the order of its columns."""

    task: Task
    id: str
    counterparty: str
    kind: str
    due: date
    days: int
    reason: str | None
    quantity: bl.Balance
    cash: bl.Balance


def _case_rows(records: Records, on: date, read_open: ReadOpen) -> Iterator[_Line]:
    cases = records.search_cases(Wanted(is_open=True))
    asked = {case.id: last_instruction(case.status) for case in cases}
    lives = records.find_instructions([id_ for id_ in asked.values() if id_])
    opened = read_open([case.id for case in cases])
    for case in cases:
        task = _NEXT.get(case.status.state)
        last = asked[case.id]
        before = None if last is None else lives[last]
        if before is not None and before.is_terminal:
            task = "instruct"
        if task is not None:
            yield _case_row(task, case, before, opened.get(case.id), on)


def _case_row(
    task: Task,
    case: Case,
    before: InstructionStatus | None,
    left: Open | None,
    on: date,
) -> _Line:
    """Return the line of a deal, with what an earlier instruction has left of it."""
    deal, obligation = case.deal, case.deal.obligation
    units, money = abs(obligation.quantity), abs(obligation.cash)
    if before is not None:
        units = before.remaining or units
        money = before.remaining_cash or money
    if left is not None:
        units, money = left.quantity or units, left.cash or money
    return _Line(
        task,
        case.id,
        deal.counterparty,
        kind_of(obligation.quantity, obligation.cash),
        deal.settlement_date,
        (on - deal.settlement_date).days,
        None,
        bl.Balance([units]),
        bl.Balance([money]),
    )


def _customer_row(trade: Trade, cash: bl.Amount, on: date) -> _Line:
    """Return the line of what a customer owes (positive) or is owed for a trade."""
    return _Line(
        "customer-payment",
        trade.booking_id,
        trade.owner,
        "receive" if cash.minor_units > 0 else "pay",
        trade.settlement_date,
        (on - trade.settlement_date).days,
        None,
        bl.Balance(),
        bl.Balance([abs(cash)]),
    )


def _instruction_row(task: Task, status: InstructionStatus, on: date) -> _Line:
    instruction = status.instruction
    units, money = status.remaining, status.remaining_cash
    return _Line(
        task,
        status.id,
        instruction.counterparty,
        instruction.kind,
        instruction.settlement_date,
        (on - instruction.settlement_date).days,
        None if status.reason is None else status.reason.value,
        bl.Balance([] if units is None else [units]),
        bl.Balance([] if money is None else [money]),
    )
