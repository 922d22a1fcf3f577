"""From trades to instructions, and what their steps mean to the books."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import DocumentConflict, TransitionRefused
from backoffice_ledger.settlement._instruction import Instruction, kind_of
from backoffice_ledger.settlement._life import TradeState, TradeStatus, begin
from backoffice_ledger.settlement._netting import Deal, NetObligation
from backoffice_ledger.settlement._open import Open
from backoffice_ledger.settlement._records import Records, Stored, check_same
from backoffice_ledger.settlement._status import InstructionStatus, SettlementState
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement.accounting import (
    Obligation,
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
    read_open: Callable[[Sequence[str]], Mapping[str, Open]],
) -> list[tuple[tuple[Stored, ...], InstructionStatus]]:
    """Return, for each trade, what is to be stored and its instruction's status.

    Raises:
        TransitionRefused: a trade is not there yet, or has a live instruction.
        IdempotencyConflict: the id is taken by another instruction.
        UnknownRecord: there is no such trade.
    """
    statuses = records.statuses(ids)
    deals = records.deals(statuses)
    asked = [last_instruction(status) for status in statuses]
    found = records.find_instructions([id_ for id_ in asked if id_ is not None])
    opened = read_open([status.booking_id for status in statuses])
    results: list[tuple[tuple[Stored, ...], InstructionStatus]] = []
    for status, deal, last in zip(statuses, deals, asked, strict=True):
        before = None if last is None else found[last]
        name = instruction_id or _name(status, before)
        if before is not None and name == before.id:
            made = _made(status, deal, before, name, terms, None)
            check_same(before.instruction, made.instruction)
            results.append(((), before))
            continue
        _check_over(before)
        moved = status.moved(TradeState.INSTRUCTED, {"instruction": name})
        left = opened.get(status.booking_id)
        made = _made(status, deal, before, name, terms, left)
        results.append(((made.instruction, made, moved), made))
    return results


def _name(status: TradeStatus, before: InstructionStatus | None) -> str:
    """Return the id of an instruction to which the caller gave none.

    It is that of the trade; once the last one was rejected or cancelled, the trade's
    with the number of the instruction, such as ``T-1.2``.
    """
    if before is None:
        return status.booking_id
    if not before.is_terminal or before.settlement is SettlementState.SETTLED:
        return before.id
    count = sum(state is TradeState.INSTRUCTED for state, _ in status.steps)
    return f"{status.booking_id}.{count + 1}"


def _made(
    status: TradeStatus,
    deal: Deal,
    before: InstructionStatus | None,
    name: str,
    terms: Mapping[str, Any],
    left: Open | None,
) -> InstructionStatus:
    """Return the instruction that a deal asks for, as it begins.

    It is for what is left by the book; where the book does not say, for what the
    instruction *before* has left.
    """
    enriched = status.details(TradeState.ENRICHED) or {}
    obligation = deal.obligation
    quantity, cash, parts, failing = obligation.quantity, obligation.cash, 0, None
    if before is not None and name != before.id:
        quantity = before.remaining or quantity
        cash = before.remaining_cash or cash
        parts = before.instruction.parts_before + len(before.parts)
        failing = before.failing_since
    elif before is not None:
        quantity = before.instruction.quantity or quantity
        cash = before.instruction.cash or cash
        parts = before.instruction.parts_before
    if left is not None:
        quantity, cash = left.quantity or quantity, left.cash or cash
    own_ssi = enriched.get("own_ssi") or deal.own_ssi
    given = dict(terms)
    if given["depository"] is None and before is not None:
        given["depository"] = before.instruction.depository
    if given["depository"] is None and isinstance(deal, NetObligation):
        given["depository"] = deal.system
    instruction = Instruction(
        id=name,
        kind=kind_of(obligation.quantity, obligation.cash),
        trade_date=deal.trade_date,
        settlement_date=deal.settlement_date,
        quantity=abs(quantity) or None,
        cash=abs(cash) or None,
        counterparty=deal.counterparty,
        trade=deal.booking_id,
        account=own_ssi,
        owner=deal.owner,
        clearing=deal.clearing,
        parts_before=parts,
        **given,
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


def obligations_of(
    records: Records, statuses: Iterable[InstructionStatus]
) -> dict[str, Obligation]:
    """Return what instructions settle, by their ids; those for nothing are left out."""
    ours = [each.instruction for each in statuses if each.instruction.trade is not None]
    nets = records.net_obligations(
        [str(each.trade) for each in ours if each.quantity is None or each.cash is None]
    )
    return {
        each.id: _share(nets[str(each.trade)].obligation, each.quantity, each.cash)
        if each.trade in nets
        else each.obligation
        for each in ours
    }


def _share(
    whole: Obligation, quantity: bl.Amount | None, cash: bl.Amount | None
) -> Obligation:
    """Return units and money with the signs of an obligation; what moves not is None.

    There may be more units than the whole has: after a split.
    """
    return attrs.evolve(
        whole,
        quantity=_signed(quantity, whole.quantity),
        cash=_signed(cash, whole.cash),
    )


def _signed(part: bl.Amount | None, whole: bl.Amount) -> bl.Amount:
    if part is None:
        return whole - whole
    return part if whole.minor_units > 0 else -part


def settled_event(
    _: InstructionStatus, status: InstructionStatus, whole: Obligation
) -> SettlementEvent | None:
    """Return the event of the last part that was settled of a trade."""
    instruction, part = status.instruction, status.parts[-1]
    return TradeSettled(
        obligation=_share(whole, part.quantity, part.cash),
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
    failing = is_failing_untouched(records, status)
    return TradeCancelled(
        trade=trade.executed(), date=on, reason=reason, failing=failing
    )


def is_failing_untouched(records: Records, status: TradeStatus) -> bool:
    """Return whether something is booked as failing of which nothing is settled.

    Raises:
        TransitionRefused: its instruction is alive, or something of it is settled.
    """
    last = last_instruction(status)
    if last is None:
        return False
    [instruction] = records.instructions([last])
    if instruction.parts or instruction.instruction.parts_before:
        raise TransitionRefused(
            f"a part of the trade {status.booking_id!r} is settled",
            field="instruction",
            expected="nothing settled",
            found=instruction.id,
        )
    _check_over(instruction)
    return instruction.failing_since is not None


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
    old: InstructionStatus, new: InstructionStatus, whole: Obligation
) -> SettlementEvent | None:
    """Return the event of a first failure of what settles a trade."""
    since = new.failing_since
    if old.failing_since is not None or since is None:
        return None
    return TradeFailing(
        obligation=_share(whole, new.remaining, new.remaining_cash), date=since
    )
