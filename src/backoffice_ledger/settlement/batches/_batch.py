"""A batch: steps that all settle, or none of them does."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final, Literal, final, get_args

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_instant
from backoffice_ledger.errors import (
    InvalidAmount,
    InvalidOption,
    NotPermitted,
    UnknownRecord,
)
from backoffice_ledger.settlement.batches._holdings import Holding, Holdings
from backoffice_ledger.settlement.netting._transfer import check_name

BatchStatus = Literal["open", "settled", "cancelled"]
"""Where a batch stands; from the last two nothing leads on."""


@final
@attrs.frozen
class Pledge:
    """The sender gives a holding, which is locked until then."""

    holding: str


@final
@attrs.frozen
class CreditReceiver:
    """The custodian is the sender, and makes a new holding for the receiver."""


@final
@attrs.frozen
class PassThroughFrom:
    """The sender gives what it receives in another step of the batch."""

    step: str


@final
@attrs.frozen
class SettleOffLedger:
    """The sender says that it gives outside of these books."""


@final
@attrs.frozen
class TakeDelivery:
    """The receiver takes what comes."""


@final
@attrs.frozen
class DebitSender:
    """The custodian is the receiver, and the sender's holding ceases."""


@final
@attrs.frozen
class PassThroughTo:
    """The receiver gives what comes in another step of the batch."""

    step: str


@final
@attrs.frozen
class AcknowledgeOffLedger:
    """The receiver says that it received outside of these books."""


Allocation = Pledge | CreditReceiver | PassThroughFrom | SettleOffLedger
"""How the sender's side is fulfilled."""

Approval = TakeDelivery | DebitSender | PassThroughTo | AcknowledgeOffLedger
"""How the receiver's side is fulfilled."""

_ALLOCATIONS: Final = (Pledge, CreditReceiver, PassThroughFrom, SettleOffLedger)
_APPROVALS: Final = (TakeDelivery, DebitSender, PassThroughTo, AcknowledgeOffLedger)


@final
@attrs.frozen(order=False)
class Step:
    """One movement of a batch, and how its two sides are fulfilled.

    Args:
        id: unique in the batch.
        sender: who gives.
        receiver: who receives.
        custodian: with whom.
        amount: of one commodity, above zero.
        allocation: how the sender's side is fulfilled; see `allocate`.
        approval: how the receiver's side is; see `approve`.

    Raises:
        InvalidIdentifier: an empty or unprintable name.
        InvalidAmount: not an amount above zero.
    """

    id: str
    sender: str
    receiver: str
    custodian: str
    amount: bl.Amount
    allocation: Allocation | None = attrs.field(default=None, kw_only=True)
    approval: Approval | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for field in ("id", "sender", "receiver", "custodian"):
            check_name(getattr(self, field), field)
        if not isinstance(self.amount, bl.Amount) or self.amount.minor_units <= 0:
            raise InvalidAmount(
                field="amount", expected="an Amount above zero", found=self.amount
            )


def _to_steps(value: Iterable[Step]) -> tuple[Step, ...]:
    steps = tuple(value)
    for step in steps:
        if not isinstance(step, Step):
            raise InvalidOption(
                field="steps", expected="Steps", found=type(step).__name__
            )
    if len({step.id for step in steps}) != len(steps) or not steps:
        raise InvalidOption(
            field="steps", expected="one or more, each id once", found=steps
        )
    return steps


def to_parties(value: Collection[str]) -> frozenset[str]:
    """Return names of parties as a set.

    Raises:
        InvalidOption: a text, or no collection.
        InvalidIdentifier: an empty or unprintable name.
    """
    if isinstance(value, str) or not isinstance(value, Collection):
        raise InvalidOption(field="parties", expected="names", found=value)
    return frozenset(check_name(one, "parties") for one in value)


@final
@attrs.frozen(order=False)
class Batch:
    """Steps that settle together: delivery against payment, payment against payment.

    Who instructs, who must consent and who may settle are named apart, so that duties
    can be.

    Args:
        id: unique among the batches.
        steps: what is to move.
        instructor: who made the batch.
        consenters: who else must take part in settling and in cancelling.
        settlers: of whom one must take part in settling.
        settlement_time: not before this instant; None for at any time.
        status: ``open``, ``settled`` or ``cancelled``.

    Raises:
        InvalidOption: no steps, an id twice, no settler, or no such status.
        InvalidIdentifier: an empty or unprintable name.
        InvalidDate: an instant without a time zone.
    """

    id: str
    steps: tuple[Step, ...] = attrs.field(converter=_to_steps)
    instructor: str = attrs.field(kw_only=True)
    consenters: frozenset[str] = attrs.field(
        default=frozenset[str](), converter=to_parties, kw_only=True
    )
    settlers: frozenset[str] = attrs.field(converter=to_parties, kw_only=True)
    settlement_time: datetime | None = attrs.field(default=None, kw_only=True)
    status: BatchStatus = attrs.field(default="open", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")
        check_name(self.instructor, "instructor")
        if self.status not in get_args(BatchStatus):
            raise InvalidOption(
                field="status",
                expected=", ".join(get_args(BatchStatus)),
                found=self.status,
            )
        if not self.settlers:
            raise InvalidOption(field="settlers", expected="one or more", found="none")
        if self.settlement_time is not None:
            check_instant(self.settlement_time, "settlement_time")

    def step(self, id: str) -> Step:
        """Return the step with this id.

        Raises:
            UnknownRecord: there is none.
        """
        for step in self.steps:
            if step.id == id:
                return step
        raise UnknownRecord(field="step", found=id)

    def lock_of(self, step: str) -> str:
        """Return the name under which a pledge for *step* is locked."""
        return f"{self.id}/{step}"


def require_open(batch: Batch) -> None:
    """Check that *batch* is open.

    Raises:
        InvalidOption: it is settled or cancelled.
    """
    if batch.status != "open":
        raise InvalidOption(
            f"batch {batch.id}", field="status", expected="open", found=batch.status
        )


def _require_one(actors: Collection[str], parties: tuple[str, ...], what: str) -> None:
    if to_parties(actors).isdisjoint(parties):
        raise NotPermitted(
            what, field="actors", expected=" or ".join(parties), found=sorted(actors)
        )


def allocate(
    batch: Batch,
    holdings: Holdings,
    step: str,
    allocation: Allocation | None,
    *,
    actors: Collection[str],
) -> tuple[Batch, Holdings]:
    """Say how the sender's side of a step is fulfilled; or, with None, take that back.

    A holding that was pledged before is free again first.  One that is pledged now is
    locked.

    Args:
        batch: an open batch.
        holdings: all holdings.
        step: id of the step.
        allocation: how.
        actors: who acts: the sender or the custodian must be among them.

    Raises:
        InvalidOption: the batch is not open; it is allocated so already; a pledge is
            not the sender's, not with the custodian, of another amount, or locked.
        NotPermitted: neither the sender nor the custodian acts.
        UnknownRecord: there is no such step or holding.
    """
    require_open(batch)
    found = batch.step(step)
    _require_one(actors, (found.sender, found.custodian), f"allocation of {step}")
    _check_kind(allocation, _ALLOCATIONS, "allocation", found.allocation)
    holdings = release(batch, found, holdings)
    if isinstance(allocation, CreditReceiver):
        _check_custodian(found.sender, found, "allocation")
    if isinstance(allocation, Pledge):
        holding = holdings[allocation.holding]
        _check_pledge(found, holding)
        lock = batch.lock_of(step)
        holdings = holdings.with_changes([attrs.evolve(holding, locked_by=lock)])
    return _with_step(batch, found, "allocation", allocation), holdings


def approve(
    batch: Batch, step: str, approval: Approval | None, *, actors: Collection[str]
) -> Batch:
    """Say how the receiver's side of a step is fulfilled; or, with None, take it back.

    Args:
        batch: an open batch.
        step: id of the step.
        approval: how.
        actors: who acts: the receiver or the custodian must be among them.

    Raises:
        InvalidOption: the batch is not open, or it is approved so already.
        NotPermitted: neither the receiver nor the custodian acts.
        UnknownRecord: there is no such step.
    """
    require_open(batch)
    found = batch.step(step)
    _require_one(actors, (found.receiver, found.custodian), f"approval of {step}")
    _check_kind(approval, _APPROVALS, "approval", found.approval)
    if isinstance(approval, DebitSender):
        _check_custodian(found.receiver, found, "approval")
    return _with_step(batch, found, "approval", approval)


def release(batch: Batch, step: Step, holdings: Holdings) -> Holdings:
    """Free what is pledged for *step*, if it is locked for that.

    Raises:
        UnknownRecord: the pledged holding is not there.
    """
    if not isinstance(step.allocation, Pledge):
        return holdings
    holding = holdings[step.allocation.holding]
    if holding.locked_by != batch.lock_of(step.id):
        return holdings
    return holdings.with_changes([attrs.evolve(holding, locked_by=None)])


def _check_kind(
    value: object, kinds: tuple[type, ...], field: str, current: object
) -> None:
    if value is not None and not isinstance(value, kinds):
        raise InvalidOption(
            field=field,
            expected=", ".join(kind.__name__ for kind in kinds),
            found=type(value).__name__,
        )
    if value == current:
        raise InvalidOption(
            field=field, expected="another than the present one", found=value
        )


def _check_custodian(party: str, step: Step, field: str) -> None:
    if party != step.custodian:
        raise InvalidOption(
            field=field,
            expected=f"that {step.custodian}, the custodian, is the party",
            found=party,
        )


def _check_pledge(step: Step, holding: Holding) -> None:
    for what, expected, found in (
        ("owner", step.sender, holding.owner),
        ("custodian", step.custodian, holding.custodian),
        ("amount", step.amount, holding.amount),
        ("lock", None, holding.locked_by),
    ):
        if expected != found:
            raise InvalidOption(
                f"{what} of holding {holding.id}",
                field="allocation",
                expected=str(expected or "no lock"),
                found=found,
            )


def _with_step(batch: Batch, step: Step, field: str, value: object) -> Batch:
    new = attrs.evolve(step, **{field: value})  # type: ignore[arg-type]
    steps = [new if one.id == step.id else one for one in batch.steps]
    return attrs.evolve(batch, steps=steps)
