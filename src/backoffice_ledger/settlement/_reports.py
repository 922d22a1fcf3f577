"""Reports of the desk."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement._life import TradeState, TradeStatus
from backoffice_ledger.settlement._status import InstructionStatus
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement._values import instant_of, instant_text
from backoffice_ledger.settlement.dates import CutOff

_LATE: Final = (
    Column("trade", "Trade"),
    Column("counterparty", "Counterparty"),
    Column("due", "Due"),
    Column("done", "Done"),
    Column("minutes", "Minutes late", "integer"),
)
_STATES: Final = {
    "confirmation": TradeState.CONFIRMED,
    "affirmation": TradeState.AFFIRMED,
}
BUCKETS: Final = ((0, "due"), (4, "1-4"), (10, "5-10"), (30, "11-30"))
"""Days that are still in a bucket, and its name; older ones are in ``31 and more``."""

_AGEING: Final = (
    Column("instruction", "Instruction"),
    Column("trade", "Trade"),
    Column("counterparty", "Counterparty"),
    Column("kind", "Kind"),
    Column("settlement_date", "Intended", "date"),
    Column("days", "Days", "integer"),
    Column("bucket", "Bucket"),
    Column("reason", "Reason"),
    Column("quantity", "Quantity", "balance"),
    Column("cash", "Cash", "balance"),
)
_HISTORY: Final = (
    Column("version", "Version", "integer"),
    Column("state", "State"),
    Column("actor", "Actor"),
    Column("recorded_at", "Recorded at"),
)


def bucket_of(days: int) -> str:
    """Return the name of the bucket for an age."""
    return next((name for last, name in BUCKETS if days <= last), "31 and more")


def _balance(amount: bl.Amount | None) -> bl.Balance:
    return bl.Balance([] if amount is None else [amount])


def ageing_table(statuses: Iterable[InstructionStatus], on: date) -> Table:
    """Return what is due and not settled, the oldest first.

    Args:
        statuses: of the instructions that are due and not settled.
        on: the day that ages are counted to.
    """
    due = sorted(statuses, key=lambda one: (one.instruction.settlement_date, one.id))
    rows = []
    for status in due:
        instruction = status.instruction
        days = (on - instruction.settlement_date).days
        rows.append(
            Row(
                [
                    instruction.id,
                    instruction.trade,
                    instruction.counterparty,
                    instruction.kind,
                    instruction.settlement_date,
                    days,
                    bucket_of(days),
                    None if status.reason is None else status.reason.value,
                    _balance(status.remaining),
                    _balance(status.remaining_cash),
                ]
            )
        )
    return Table("Unsettled instructions", _AGEING, rows, subtitle=f"on {on}")


def step_of(cut_off: CutOff) -> TradeState:
    """Return the state that the step leads to which a cut-off is for.

    Raises:
        InvalidOption: it is for something else.
    """
    if cut_off.kind not in _STATES:
        raise InvalidOption(
            field="cut_off.kind", expected=" or ".join(_STATES), found=cut_off.kind
        )
    return _STATES[cut_off.kind]


def late_table(
    trades: Iterable[tuple[Trade, TradeStatus]],
    cut_off: CutOff,
    now: datetime,
) -> Table:
    """Return the trades that were late for a cut-off, or are by now.

    Raises:
        InvalidOption: a cut-off for something else.
    """
    state = step_of(cut_off)
    rows = []
    for trade, status in trades:
        details = status.details(state)
        if details is None and (status.is_past(state) or status.state.is_terminal):
            continue
        if details is not None and "at" not in details:
            continue
        at = now if details is None else instant_of(details["at"])
        due = cut_off.at(trade.trade_date)
        if at > due:
            rows.append(
                Row(
                    [
                        status.booking_id,
                        trade.counterparty,
                        instant_text(due),
                        None if details is None else instant_text(at),
                        int((at - due).total_seconds() // 60),
                    ]
                )
            )
    return Table(f"Late for {cut_off.scope} {cut_off.kind}", _LATE, rows)


def history_table(status: TradeStatus, recorded: Table) -> Table:
    """Return the steps of a trade with who took them."""
    rows = [
        Row([row["version"], state.value, row["actor"], row["recorded_at"]])
        for (state, _), row in zip(status.steps, recorded, strict=True)
    ]
    return Table(f"Trade {status.booking_id}", _HISTORY, rows)
