"""The status of an instruction: four regions, each with states of its own.

ISO 20022 (sese.024) reports processing, matching and settlement separately, and RTS
2018/1229 Art. 11(3) asks "matched?", "on hold?", "partially settled?" and "why?" as
independent facts: one list of states would be wrong.
"""

from collections.abc import Collection, Mapping
from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date
from backoffice_ledger.errors import (
    IdempotencyConflict,
    InvalidDocument,
    InvalidOption,
    TransitionRefused,
)
from backoffice_ledger.settlement._instruction import FREE, Instruction
from backoffice_ledger.settlement._partial import partial_cash
from backoffice_ledger.settlement._values import read_amount
from backoffice_ledger.settlement.lots._checks import check_name

KIND: Final = "instruction-status"
"""The kind of the documents that keep statuses; each step is a version."""

Party = Literal["us", "counterparty"]
"""Who does something to an instruction."""


class Processing(Enum):
    """Whether the depository works on it; who cancelled it (Art. 11(2)(e))."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CANCEL_REQUESTED = "cancel-requested"
    CANCELLED_BY_PARTICIPANT = "cancelled-by-participant"
    CANCELLED_BY_SYSTEM = "cancelled-by-system"


class Matching(Enum):
    """Whether the other side means the same; Art. 5(2) lists the exemptions."""

    UNMATCHED = "unmatched"
    MATCHED = "matched"
    NOT_REQUIRED = "match-not-required"


class HoldState(Enum):
    """Whether it may be settled now (RTS 2018/1229 Art. 8)."""

    RELEASED = "released"
    PARTY_HOLD = "party-hold"
    CSD_HOLD = "csd-hold"
    PARTIALLY_RELEASED = "partially-released"


class SettlementState(Enum):
    """How far it is settled (RTS 2018/1229 Art. 11(2))."""

    PENDING = "pending"
    FAILING = "failing"
    PARTIALLY_SETTLED = "partially-settled"
    SETTLED = "settled"

    @property
    def iso(self) -> str | None:
        """The code of MT548 field 25D, qualifier SETT, where there is one."""
        return {"pending": "PEND", "failing": "PENF"}.get(self.value)


class PendingReason(Enum):
    """Why an instruction is not settled: codes of ISO 20022, PendingReason39Code."""

    ADEA = "ADEA"
    BOTH = "BOTH"
    CLAC = "CLAC"
    CMON = "CMON"
    CYCL = "CYCL"
    FUTU = "FUTU"
    LACK = "LACK"
    LATE = "LATE"
    LINK = "LINK"
    MONY = "MONY"
    OTHR = "OTHR"
    PRCY = "PRCY"
    PREA = "PREA"

    @property
    def definition(self) -> str:
        """What it means, in plain words."""
        return _DEFINITIONS[self.value]


_DEFINITIONS: Final = {
    "ADEA": "it came after the account servicer's deadline",
    "BOTH": "both sides are on hold",
    "CLAC": "the counterparty lacks securities",
    "CMON": "the counterparty lacks money",
    "CYCL": "it waits for the next settlement cycle",
    "FUTU": "it waits for the settlement date",
    "LACK": "we lack securities",
    "LATE": "it came after the market's deadline",
    "LINK": "a linked instruction is pending",
    "MONY": "we lack money",
    "OTHR": "another reason",
    "PRCY": "the counterparty's side is on hold",
    "PREA": "our side is on hold",
}

Lack = Literal["securities", "cash"]
"""What a side does not have."""


@final
@attrs.frozen
class Failure:
    """Who makes an instruction fail, and how: whom a penalty is for.

    Attributes:
        party: ``us`` or ``counterparty``.
        cause: ``hold``, ``securities`` or ``cash``.
    """

    party: Party
    cause: Literal["hold", "securities", "cash"]


def failures(
    *,
    on_hold: Collection[Party] = (),
    lacks: Collection[Lack] = (),
    delivers: bool,
    pays: bool | None = None,
) -> tuple[Failure, ...]:
    """Return who makes an instruction fail: hold before securities before cash.

    Both sides fail if both are on hold.  A hold on one side leaves no room for asking
    whether the other side lacks something (ECSDA CSDR Penalties Framework, 4.2).

    Args:
        on_hold: the sides that are on hold.
        lacks: what is missing: units at who delivers, money at who pays.
        delivers: whether we deliver units.
        pays: whether we pay; None: who receives the units pays.
    """
    parties: tuple[Party, Party] = ("us", "counterparty")
    if on_hold:
        return tuple(Failure(party, "hold") for party in parties if party in on_hold)
    if "securities" in lacks:
        return (Failure(parties[not delivers], "securities"),)
    if "cash" in lacks:
        we_pay = not delivers if pays is None else pays
        return (Failure(parties[not we_pay], "cash"),)
    return ()


def reason_of(found: tuple[Failure, ...]) -> PendingReason:
    """Return the code for what makes an instruction fail, as we see it."""
    if len(found) == 2:
        return PendingReason.BOTH
    if not found:
        return PendingReason.OTHR
    codes = {
        ("us", "hold"): PendingReason.PREA,
        ("counterparty", "hold"): PendingReason.PRCY,
        ("us", "securities"): PendingReason.LACK,
        ("counterparty", "securities"): PendingReason.CLAC,
        ("us", "cash"): PendingReason.MONY,
        ("counterparty", "cash"): PendingReason.CMON,
    }
    return codes[found[0].party, found[0].cause]


@final
@attrs.frozen(order=False)
class Part:
    """A settlement of an instruction, or of a part of it.

    Attributes:
        reference: the depository's reference; unique for the instruction.
        date: the day.
        quantity: units; None for a payment free of delivery.
        cash: money as we instructed it; None free of payment.
        difference: what we received beyond that, or paid less; less than zero: the
            other way round.
    """

    reference: str
    date: date
    quantity: bl.Amount | None
    cash: bl.Amount | None
    difference: bl.Amount | None = None


_CLOSED: Final = frozenset(
    {
        Processing.REJECTED,
        Processing.CANCELLED_BY_PARTICIPANT,
        Processing.CANCELLED_BY_SYSTEM,
    }
)
_LIVE: Final = frozenset(
    {Processing.RECEIVED, Processing.ACCEPTED, Processing.CANCEL_REQUESTED}
)


@final
@attrs.frozen(order=False, kw_only=True)
class InstructionStatus:
    """Where an instruction is, in its four regions.

    A method returns the status after a step, and this very status if the step was taken
    already.  A step that the regions do not allow raises `TransitionRefused`.

    Attributes:
        instruction: what it is about.
        version: of the status; it grows by one with each step.
        processing: whether the depository works on it.
        matching: whether the other side means the same.
        hold: whether it may be settled now.
        settlement: how far it is settled.
        cash: the money that settles, once it is matched.
        released: what of the units is released, where that is a part.
        parts: what was settled so far.
        reason: why it is failing.
        failing_since: the day since which it is booked as failing; None if it is not.
        cancel_requested: the sides that asked for its cancellation.
        matched_with: reference of the other side's instruction.
    """

    instruction: Instruction
    version: int = 1
    processing: Processing = Processing.RECEIVED
    matching: Matching = Matching.UNMATCHED
    hold: HoldState = HoldState.RELEASED
    settlement: SettlementState = SettlementState.PENDING
    cash: bl.Amount | None = None
    released: bl.Amount | None = None
    parts: tuple[Part, ...] = ()
    reason: PendingReason | None = None
    failing_since: date | None = None
    cancel_requested: frozenset[Party] = frozenset()
    matched_with: str | None = None

    # --- questions -------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The id of the instruction."""
        return self.instruction.id

    @property
    def is_terminal(self) -> bool:
        """Whether nothing follows: it is settled, rejected or cancelled."""
        return self.settlement is SettlementState.SETTLED or self.processing in _CLOSED

    @property
    def is_on_hold(self) -> bool:
        """Whether something of it is on hold."""
        return self.hold is not HoldState.RELEASED

    @property
    def is_held_by_us(self) -> bool:
        """Whether we hold something of it, and not the depository."""
        return self.hold in (HoldState.PARTY_HOLD, HoldState.PARTIALLY_RELEASED)

    @property
    def remaining(self) -> bl.Amount | None:
        """The units that are not settled; None for a payment free of delivery."""
        whole = self.instruction.quantity
        if whole is None:
            return None
        done = (part.quantity for part in self.parts if part.quantity is not None)
        return whole - sum(done, bl.Amount.from_minor(0, whole.commodity))

    @property
    def remaining_cash(self) -> bl.Amount | None:
        """The money, as we instructed it, that is not settled; None free of payment."""
        whole = self.instruction.cash
        if whole is None:
            return None
        done = (part.cash for part in self.parts if part.cash is not None)
        return whole - sum(done, bl.Amount.from_minor(0, whole.commodity))

    def _refuse(self, step: str, field: str, expected: str, found: object) -> Any:
        raise TransitionRefused(
            f"the instruction {self.id!r} cannot be {step} now",
            field=field,
            expected=expected,
            found=found.value if isinstance(found, Enum) else found,
        )

    def _next(self, **changes: Any) -> "InstructionStatus":
        return attrs.evolve(self, version=self.version + 1, **changes)

    def _check_open(self, step: str) -> None:
        if self.processing in _CLOSED:
            self._refuse(step, "processing", "an open instruction", self.processing)
        if self.settlement is SettlementState.SETTLED:
            self._refuse(step, "settlement", "an open instruction", self.settlement)

    # --- processing ------------------------------------------------------------------

    def accepted(self) -> "InstructionStatus":
        """The depository takes it."""
        if self.processing is Processing.ACCEPTED:
            return self
        if self.processing is not Processing.RECEIVED:
            self._refuse("accepted", "processing", "received", self.processing)
        return self._next(processing=Processing.ACCEPTED)

    def rejected(self) -> "InstructionStatus":
        """The depository does not take it."""
        if self.processing is Processing.REJECTED:
            return self
        if self.processing is not Processing.RECEIVED:
            self._refuse("rejected", "processing", "received", self.processing)
        return self._next(processing=Processing.REJECTED)

    def cancel_asked(self, by: Party) -> "InstructionStatus":
        """A side asks for its cancellation; matched, it needs both (Art. 7)."""
        if by in self.cancel_requested:
            return self
        self._check_open("cancelled")
        asked = self.cancel_requested | {by}
        if self.matching is Matching.MATCHED and len(asked) < 2:
            return self._next(
                processing=Processing.CANCEL_REQUESTED, cancel_requested=asked
            )
        if self.matching is not Matching.MATCHED and by != "us":
            self._refuse("cancelled", "by", "us: it is not matched", by)
        return self._next(
            processing=Processing.CANCELLED_BY_PARTICIPANT, cancel_requested=asked
        )

    def cancelled_by_system(self) -> "InstructionStatus":
        """The depository takes it off, such as for its age."""
        if self.processing is Processing.CANCELLED_BY_SYSTEM:
            return self
        self._check_open("cancelled")
        return self._next(processing=Processing.CANCELLED_BY_SYSTEM)

    # --- matching --------------------------------------------------------------------

    def matched(self, cash: bl.Amount | None, reference: str) -> "InstructionStatus":
        """The other side's instruction is found; hold does not keep it from that."""
        check_name(reference, "reference")
        if self.matching is Matching.MATCHED and self.matched_with == reference:
            return self
        self._check_open("matched")
        if self.processing is not Processing.ACCEPTED:
            self._refuse("matched", "processing", "accepted", self.processing)
        if self.matching is not Matching.UNMATCHED:
            self._refuse("matched", "matching", "unmatched", self.matching)
        return self._next(
            matching=Matching.MATCHED,
            matched_with=reference,
            cash=self.instruction.cash if cash is None else cash,
        )

    def match_waived(self) -> "InstructionStatus":
        """It needs no other side (Art. 5(2))."""
        if self.matching is Matching.NOT_REQUIRED:
            return self
        self._check_open("matched")
        if self.matching is not Matching.UNMATCHED:
            self._refuse("matched", "matching", "unmatched", self.matching)
        return self._next(matching=Matching.NOT_REQUIRED, cash=self.instruction.cash)

    # --- hold ------------------------------------------------------------------------

    def held(self, by: Literal["us", "csd"] = "us") -> "InstructionStatus":
        """Put on hold by us, or by the depository."""
        state = HoldState.PARTY_HOLD if by == "us" else HoldState.CSD_HOLD
        if self.hold is state:
            return self
        self._check_open("held")
        if self.hold is HoldState.CSD_HOLD:
            self._refuse("held", "hold", "no hold by the depository", self.hold)
        return self._next(hold=state, released=None)

    def freed(self, quantity: bl.Amount | None = None) -> "InstructionStatus":
        """Release all of it, or some units of a delivery that is on hold.

        What is released in part must be held again before it can be released in full.
        """
        if quantity is None:
            if self.hold is HoldState.RELEASED:
                return self
            self._check_open("released")
            if self.hold is HoldState.PARTIALLY_RELEASED:
                self._refuse("released", "hold", "held again before", self.hold)
            return self._next(hold=HoldState.RELEASED)
        if self.hold is HoldState.PARTIALLY_RELEASED and self.released == quantity:
            return self
        self._check_open("released")
        if not self.instruction.is_delivery:
            self._refuse("released", "kind", "a delivery", self.instruction.kind)
        if self.hold is not HoldState.PARTY_HOLD:
            self._refuse("released", "hold", "party-hold", self.hold)
        remaining = self.remaining
        zero = quantity - quantity
        if remaining is None or not zero < quantity < remaining:
            raise InvalidOption(
                field="quantity",
                expected=f"above zero and below {remaining}; leave it out to release"
                " all",
                found=quantity,
            )
        return self._next(hold=HoldState.PARTIALLY_RELEASED, released=quantity)

    # --- settlement ------------------------------------------------------------------

    def settled(
        self, on: date, quantity: bl.Amount | None = None, reference: str | None = None
    ) -> "InstructionStatus":
        """Settle all that is left, or some units.

        Money goes with the units: pro rata, rounded down, the rest with the last part.
        """
        check_date(on, "on")
        if quantity is not None and reference is None:
            raise InvalidOption(
                "without one a second part of a day would look like a retry",
                field="reference",
                expected="that of the depository, for a part",
            )
        name = on.isoformat() if reference is None else reference
        check_name(name, "reference")
        known = [part for part in self.parts if part.reference == name]
        if known:
            return self._repeated(known[0], on, quantity)
        self._check_open("settled")
        self._check_settling(on)
        part = self._part(name, on, quantity)
        is_last = self._is_last(part)
        if not is_last and not self.instruction.partial_allowed:
            self._refuse("settled", "quantity", f"all: {self.remaining}", part.quantity)
        hold, released = self._hold_after(part, is_last=is_last)
        return self._next(
            parts=(*self.parts, part),
            hold=hold,
            released=released,
            settlement=SettlementState.SETTLED
            if is_last
            else SettlementState.PARTIALLY_SETTLED,
            reason=None,
        )

    def _repeated(
        self, part: Part, on: date, quantity: bl.Amount | None
    ) -> "InstructionStatus":
        is_same = part.quantity == quantity or (
            quantity is None and part is self.parts[-1] and self.is_terminal
        )
        if part.date == on and is_same:
            return self
        raise IdempotencyConflict(
            f"the settlement {part.reference!r} of {self.id!r} is another",
            field="date" if part.date != on else "quantity",
            expected=f"{part.quantity} on {part.date}",
            found=f"{quantity} on {on}",
        )

    def _check_settling(self, on: date) -> None:
        if self.processing not in (Processing.ACCEPTED, Processing.CANCEL_REQUESTED):
            self._refuse("settled", "processing", "accepted", self.processing)
        if self.matching is Matching.UNMATCHED:
            self._refuse("settled", "matching", "matched", self.matching)
        if self.hold in (HoldState.PARTY_HOLD, HoldState.CSD_HOLD):
            self._refuse("settled", "hold", "released", self.hold)
        if on < self.instruction.settlement_date:
            self._refuse(
                "settled", "on", f"{self.instruction.settlement_date} or later", on
            )

    def _part(self, name: str, on: date, quantity: bl.Amount | None) -> Part:
        whole, cash = self.instruction.quantity, self.instruction.cash
        if whole is None:
            if quantity is not None:
                raise InvalidOption(
                    field="quantity", expected="none with a payment", found=quantity
                )
            return Part(name, on, None, cash, self._difference(cash, self.cash))
        units = self.remaining if quantity is None else quantity
        assert units is not None  # noqa: S101 - it moves units
        before = [part.quantity for part in self.parts if part.quantity is not None]
        if self.instruction.kind in FREE:
            partial_cash(units, whole, units, before)  # only its checks
            return Part(name, on, units, None)
        assert cash is not None and self.cash is not None  # noqa: S101
        ours = partial_cash(cash, whole, units, before)
        settling = partial_cash(self.cash, whole, units, before)
        return Part(name, on, units, ours, self._difference(ours, settling))

    def _difference(
        self, ours: bl.Amount | None, settling: bl.Amount | None
    ) -> bl.Amount | None:
        """Return what comes to us beyond what we instructed."""
        if ours is None or settling is None or ours == settling:
            return None
        return ours - settling if self.instruction.pays else settling - ours

    def _is_last(self, part: Part) -> bool:
        return part.quantity is None or part.quantity == self.remaining

    def _hold_after(
        self, part: Part, *, is_last: bool
    ) -> tuple[HoldState, bl.Amount | None]:
        if self.released is None or part.quantity is None:
            return self.hold, None
        if part.quantity > self.released:
            self._refuse(
                "settled", "quantity", f"at most {self.released}", part.quantity
            )
        rest = self.released - part.quantity
        if rest or is_last:
            return self.hold, rest
        return HoldState.PARTY_HOLD, None

    def failed(self, on: date, reason: PendingReason) -> "InstructionStatus":
        """It is not settled on its day, or again not on a later one."""
        check_date(on, "on")
        if self.settlement is SettlementState.FAILING and self.reason is reason:
            return self
        self._check_open("failing")
        if on < self.instruction.settlement_date:
            self._refuse(
                "failing", "on", f"{self.instruction.settlement_date} or later", on
            )
        return self._next(
            settlement=SettlementState.FAILING,
            reason=reason,
            failing_since=self.failing_since or on,
        )

    def recycled(self) -> "InstructionStatus":
        """It is tried again; what is settled of it stays so."""
        state = (
            SettlementState.PARTIALLY_SETTLED if self.parts else SettlementState.PENDING
        )
        if self.settlement is state:
            return self
        self._check_open("recycled")
        return self._next(settlement=state)


# --- as documents --------------------------------------------------------------------

NO_INDEX: Final[Mapping[str, str]] = MappingProxyType({})
_REGIONS: Final[Mapping[str, type[Enum]]] = {
    "processing": Processing,
    "matching": Matching,
    "hold": HoldState,
    "settlement": SettlementState,
}


def to_document(
    status: InstructionStatus, index: Mapping[str, str] = NO_INDEX
) -> bl.Document:
    """Return the document that keeps a status, and what it is found by."""
    content: dict[str, Any] = {name: getattr(status, name).value for name in _REGIONS}
    for name in ("cash", "released"):
        amount = getattr(status, name)
        if amount is not None:
            content[name] = amount.number
    if status.parts:
        content["parts"] = [_part_content(part) for part in status.parts]
    if status.reason is not None:
        content["reason"] = status.reason.value
    if status.failing_since is not None:
        content["failing_since"] = status.failing_since.isoformat()
    if status.cancel_requested:
        content["cancel_requested"] = sorted(status.cancel_requested)
    if status.matched_with is not None:
        content["matched_with"] = status.matched_with
    return bl.Document(KIND, status.id, content, version=status.version, index=index)


def _part_content(part: Part) -> dict[str, str]:
    content = {"reference": part.reference, "date": part.date.isoformat()}
    for name in ("quantity", "cash", "difference"):
        amount = getattr(part, name)
        if amount is not None:
            content[name] = amount.number
    return content


def from_document(document: bl.Document, instruction: Instruction) -> InstructionStatus:
    """Return the status that *document* keeps.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    try:
        return _read(document, instruction)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidDocument(
            f"the status of {document.id!r} is none that this release can read",
            field="document",
            expected="an instruction-status",
            found=error,
        ) from error


def _read(document: bl.Document, instruction: Instruction) -> InstructionStatus:
    content = document.content
    quantity, cash = instruction.quantity, instruction.cash
    units = None if quantity is None else quantity.commodity
    money = None if cash is None else cash.commodity

    def amount(
        source: Mapping[str, Any], name: str, unit: bl.Commodity | None
    ) -> bl.Amount | None:
        if name not in source or unit is None:
            return None
        return read_amount(source[name], unit)

    fields: dict[str, Any] = {
        name: region(content[name]) for name, region in _REGIONS.items()
    }
    if "reason" in content:
        fields["reason"] = PendingReason(content["reason"])
    if "failing_since" in content:
        fields["failing_since"] = date.fromisoformat(content["failing_since"])
    return InstructionStatus(
        instruction=instruction,
        version=document.version,
        cash=amount(content, "cash", money),
        released=amount(content, "released", units),
        parts=tuple(
            Part(
                part["reference"],
                date.fromisoformat(part["date"]),
                amount(part, "quantity", units),
                amount(part, "cash", money),
                amount(part, "difference", money),
            )
            for part in content.get("parts", ())
        ),
        cancel_requested=frozenset(content.get("cancel_requested", ())),
        matched_with=content.get("matched_with"),
        **fields,
    )
