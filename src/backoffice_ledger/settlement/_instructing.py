"""From trades to instructions, and what their steps mean to the books."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from backoffice_ledger.errors import DocumentConflict, TransitionRefused
from backoffice_ledger.settlement._instruction import Instruction
from backoffice_ledger.settlement._life import TradeState, TradeStatus, begin
from backoffice_ledger.settlement._records import Records, Stored, check_same
from backoffice_ledger.settlement._status import InstructionStatus, SettlementState
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement.accounting import (
    SettlementEvent,
    TradeCancelled,
    TradeFailing,
    TradeSettled,
)


def last_instruction(status: TradeStatus) -> str | None:
    """Return the id of the last instruction for a trade."""
    details = status.details(TradeState.INSTRUCTED)
    return None if details is None else str(details["instruction"])


def instruct(
    records: Records,
    ids: Sequence[str],
    instruction_id: str | None,
    terms: Mapping[str, Any],
) -> list[tuple[tuple[Stored, ...], InstructionStatus]]:
    """Return, for each trade, what is to be stored and its instruction's status.

    Raises:
        TransitionRefused: a trade is not there yet, or has a live instruction.
        IdempotencyConflict: the id is taken by another instruction.
        UnknownRecord: there is no such trade.
    """
    statuses = records.statuses(ids)
    trades = records.trades(statuses)
    asked = [last_instruction(status) for status in statuses]
    found = records.find_instructions([id_ for id_ in asked if id_ is not None])
    results: list[tuple[tuple[Stored, ...], InstructionStatus]] = []
    for status, trade, last in zip(statuses, trades, asked, strict=True):
        before = None if last is None else found[last]
        made = _made(status, trade, before, instruction_id, terms)
        if before is not None and made.id == before.id:
            check_same(before.instruction, made.instruction)
            results.append(((), before))
            continue
        _check_over(before)
        moved = status.moved(TradeState.INSTRUCTED, {"instruction": made.id})
        results.append(((made.instruction, made, moved), made))
    return results


def _made(
    status: TradeStatus,
    trade: Trade,
    before: InstructionStatus | None,
    instruction_id: str | None,
    terms: Mapping[str, Any],
) -> InstructionStatus:
    """Return the instruction that a trade asks for, as it begins."""
    enriched = status.details(TradeState.ENRICHED) or {}
    obligation = trade.obligation
    quantity, cash, parts, failing = obligation.quantity, obligation.cash, 0, None
    name = instruction_id or status.booking_id
    if before is not None and name != before.id:
        quantity = before.remaining or quantity
        cash = before.remaining_cash or cash
        parts = before.instruction.parts_before + len(before.parts)
        failing = before.failing_since
    elif before is not None:
        quantity = before.instruction.quantity or quantity
        cash = before.instruction.cash or cash
        parts = before.instruction.parts_before
    own_ssi = enriched.get("own_ssi") or trade.own_ssi
    instruction = Instruction(
        id=name,
        kind="RVP" if obligation.quantity.minor_units > 0 else "DVP",
        trade_date=trade.trade_date,
        settlement_date=trade.settlement_date,
        quantity=abs(quantity),
        cash=abs(cash),
        counterparty=trade.counterparty,
        trade=trade.booking_id,
        account=own_ssi,
        owner=trade.owner,
        clearing=trade.clearing,
        parts_before=parts,
        **terms,
    )
    return InstructionStatus(instruction=instruction, failing_since=failing)


def _check_over(before: InstructionStatus | None) -> None:
    """Check that an earlier instruction was rejected or cancelled."""
    if before is not None and (
        not before.is_terminal or before.settlement is SettlementState.SETTLED
    ):
        raise TransitionRefused(
            f"the trade {before.instruction.trade!r} has an instruction",
            field="instruction",
            expected=f"{before.id!r} rejected or cancelled",
            found=before.processing.value,
        )


def settled_event(
    _: InstructionStatus, status: InstructionStatus
) -> SettlementEvent | None:
    """Return the event of the last part that was settled of a trade."""
    instruction, part = status.instruction, status.parts[-1]
    if instruction.trade is None or part.quantity is None or part.cash is None:
        return None
    return TradeSettled(
        obligation=instruction.obligation.share(part.quantity, part.cash),
        date=part.date,
        difference=part.difference,
        part=instruction.parts_before + len(status.parts),
        failing=status.failing_since is not None,
    )


def cancelled_event(
    records: Records, status: TradeStatus, trade: Trade, on: date, reason: str
) -> TradeCancelled:
    """Return the event that takes a trade back.

    Raises:
        TransitionRefused: its instruction is alive, or something of it is settled.
    """
    last = last_instruction(status)
    failing = False
    if last is not None:
        [instruction] = records.instructions([last])
        _check_over(instruction)
        if instruction.parts or instruction.instruction.parts_before:
            raise TransitionRefused(
                f"a part of the trade {status.booking_id!r} is settled",
                field="instruction",
                expected="nothing settled",
                found=instruction.id,
            )
        failing = instruction.failing_since is not None
    return TradeCancelled(
        trade=trade.executed(), date=on, reason=reason, failing=failing
    )


def replacement(latest: Trade, trade: Trade) -> TradeStatus:
    """Return the status of the next version of a trade, as it begins.

    Raises:
        DocumentConflict: it is not the next version.
    """
    if trade.version != latest.version + 1:
        raise DocumentConflict(
            f"the latest version of the trade {trade.id!r} is {latest.version}",
            field="version",
            expected=str(latest.version + 1),
            found=trade.version,
        )
    return begin(trade.id, trade.booking_id)


def failing_event(
    old: InstructionStatus, new: InstructionStatus
) -> SettlementEvent | None:
    """Return the event of a first failure of what settles a trade."""
    instruction, since = new.instruction, new.failing_since
    units, money = new.remaining, new.remaining_cash
    if (
        instruction.trade is None
        or old.failing_since is not None
        or since is None
        or units is None
        or money is None
    ):
        return None
    return TradeFailing(
        obligation=instruction.obligation.share(units, money), date=since
    )
