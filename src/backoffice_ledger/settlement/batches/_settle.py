"""Settling a batch: all of it at once, after every side was looked at again."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import attrs

from backoffice_ledger.checks import check_instant
from backoffice_ledger.errors import InvalidOption, NotPermitted
from backoffice_ledger.settlement.batches._batch import (
    AcknowledgeOffLedger,
    Batch,
    CreditReceiver,
    DebitSender,
    PassThroughFrom,
    PassThroughTo,
    Pledge,
    SettleOffLedger,
    Step,
    TakeDelivery,
    release,
    require_open,
    to_parties,
)
from backoffice_ledger.settlement.batches._holdings import Holding, Holdings

_SOURCES: Final = (Pledge, CreditReceiver)
_SINKS: Final = (TakeDelivery, DebitSender)


def settle(
    batch: Batch, holdings: Holdings, *, actors: Collection[str], at: datetime
) -> tuple[Batch, Holdings]:
    """Settle every step of a batch; if one of them cannot, none is and all stays.

    A pledged holding gets the last receiver as its owner, or ceases; a credited one is
    new, with the name ``<batch>/<step>``.  Steps that pass through are chains: what the
    first sender gives, the last receiver gets.

    Args:
        batch: an open batch, each step allocated and approved.
        holdings: all holdings.
        actors: who acts: the instructor and all consenters, and one of the settlers.
        at: when.

    Raises:
        NotPermitted: somebody is missing among the actors.
        InvalidOption: the batch is not open or it is too early; a side is missing, or
            sides do not go together; a pledge is not what was locked any more.
        UnknownRecord: a step or a holding that is named is not there.
        InvalidDate: an instant without a time zone.
    """
    require_open(batch)
    _require_all(batch, actors)
    if to_parties(actors).isdisjoint(batch.settlers):
        raise NotPermitted(
            f"settling of batch {batch.id}",
            field="actors",
            expected=" or ".join(sorted(batch.settlers)),
            found=sorted(actors),
        )
    instant = check_instant(at, "at")
    if batch.settlement_time is not None and instant < batch.settlement_time:
        raise InvalidOption(
            field="at", expected=f"{batch.settlement_time} or later", found=at
        )
    changed: list[Holding] = []
    removed: list[str] = []
    reached: set[str] = set()
    for step in batch.steps:
        _require_sides(step)
        if isinstance(step.allocation, _SOURCES):
            last = _end_of_chain(batch, step, reached)
            _move(batch, holdings, step, last, changed, removed)
        elif isinstance(step.allocation, SettleOffLedger):
            reached.add(step.id)
    missed = sorted({step.id for step in batch.steps} - reached)
    if missed:
        raise InvalidOption(
            field="allocation",
            expected="that what is passed through begins with a pledge or a credit",
            found=", ".join(missed),
        )
    return (
        attrs.evolve(batch, status="settled"),
        holdings.with_changes(changed, removed=removed),
    )


def cancel(
    batch: Batch, holdings: Holdings, *, actors: Collection[str]
) -> tuple[Batch, Holdings]:
    """Cancel a batch; what was pledged is free again.

    Args:
        batch: an open batch.
        holdings: all holdings.
        actors: who acts: the instructor and all consenters.

    Raises:
        NotPermitted: somebody is missing among the actors.
        InvalidOption: the batch is not open.
        UnknownRecord: a pledged holding is not there.
    """
    require_open(batch)
    _require_all(batch, actors)
    for step in batch.steps:
        holdings = release(batch, step, holdings)
    return attrs.evolve(batch, status="cancelled"), holdings


def _require_all(batch: Batch, actors: Collection[str]) -> None:
    missing = {batch.instructor, *batch.consenters} - to_parties(actors)
    if missing:
        raise NotPermitted(
            f"batch {batch.id}",
            field="actors",
            expected="the instructor and all consenters",
            found=f"no {', '.join(sorted(missing))}",
        )


def _require_sides(step: Step) -> None:
    """Check that both sides of a step are there, and go together."""
    for field in ("allocation", "approval"):
        if getattr(step, field) is None:
            raise InvalidOption(
                f"step {step.id}", field=field, expected="one for each step"
            )
    off_ledger = isinstance(step.allocation, SettleOffLedger)
    if off_ledger is not isinstance(step.approval, AcknowledgeOffLedger):
        raise InvalidOption(
            f"step {step.id}",
            field="approval",
            expected="both sides off the ledger, or neither",
            found=type(step.approval).__name__,
        )


def _end_of_chain(batch: Batch, step: Step, reached: set[str]) -> Step:
    """Follow what is passed through, from a pledge or a credit to its last receiver."""
    reached.add(step.id)
    while isinstance(step.approval, PassThroughTo):
        following = batch.step(step.approval.step)
        if following.allocation != PassThroughFrom(step.id) or (
            following.sender,
            following.custodian,
            following.amount,
        ) != (step.receiver, step.custodian, step.amount):
            raise InvalidOption(
                f"step {step.id}",
                field="approval",
                expected="a step that passes on the same amount, of the same custodian",
                found=following.id,
            )
        step = following
        reached.add(step.id)
    return step


def _move(
    batch: Batch,
    holdings: Holdings,
    first: Step,
    last: Step,
    changed: list[Holding],
    removed: list[str],
) -> None:
    """Note what becomes of the holding that goes from *first* to *last*."""
    takes = isinstance(last.approval, TakeDelivery)
    if not takes and last.receiver != last.custodian:
        _refuse_custodian(last, "approval")
    if isinstance(first.allocation, Pledge):
        holding = holdings[first.allocation.holding]
        if holding != Holding(
            holding.id,
            first.custodian,
            first.sender,
            first.amount,
            locked_by=batch.lock_of(first.id),
        ):
            raise InvalidOption(
                f"step {first.id}",
                field="allocation",
                expected="the holding as it was locked",
                found=holding.id,
            )
        if takes:
            new = attrs.evolve(holding, owner=last.receiver, locked_by=None)
            changed.append(new)
        else:
            removed.append(holding.id)
        return
    if first.sender != first.custodian:
        _refuse_custodian(first, "allocation")
    if takes:
        name = batch.lock_of(first.id)
        if any(holding.id == name for holding in holdings):
            raise InvalidOption(
                f"step {first.id}",
                field="holdings",
                expected="none with the name of the new one",
                found=name,
            )
        changed.append(Holding(name, first.custodian, last.receiver, first.amount))


def _refuse_custodian(step: Step, field: str) -> None:
    raise InvalidOption(
        f"step {step.id}", field=field, expected=f"{step.custodian} as the party"
    )
