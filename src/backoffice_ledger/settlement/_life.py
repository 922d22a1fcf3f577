"""The life of a trade: its states, and which may follow which."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDocument, TransitionRefused

KIND: Final = "trade-status"
"""The kind of the documents that keep states; each step is a version."""

NO_DETAILS: Final[Mapping[str, Any]] = MappingProxyType({})


class TradeState(Enum):
    """Where a trade is between its execution and its settlement."""

    CAPTURED = "captured"
    ENRICHED = "enriched"
    BLOCK_ALLOCATED = "block-allocated"
    ALLOCATED = "allocated"
    CONFIRMED = "confirmed"
    AFFIRMED = "affirmed"
    MATCHED = "matched"
    BILATERAL = "bilateral"
    NETTED = "netted"
    NOVATED = "novated"
    NET = "net"
    SET_OFF = "set-off"
    INSTRUCTED = "instructed"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    CORRECTED = "corrected"

    @property
    def step(self) -> "Step":
        """How a trade comes into this state."""
        return STEPS[self]

    @property
    def is_terminal(self) -> bool:
        """Whether nothing follows, but for an unwinding of what was netted."""
        return self in TERMINAL


@final
@attrs.frozen
class Step:
    """How a trade comes into a state.

    Attributes:
        after: the states that may come before; none where the trade begins.
        actor: who takes the step, in the field's words.
        codes: the state's names elsewhere: ``fix`` (FIX 5.0 SP2) and
            ``cdm`` (FINOS Common Domain Model).
    """

    after: frozenset[TradeState]
    actor: str
    codes: Mapping[str, str]


def _step(
    actor: str, *after: TradeState, fix: str | None = None, cdm: str | None = None
) -> Step:
    codes = {name: code for name, code in (("fix", fix), ("cdm", cdm)) if code}
    return Step(frozenset(after), actor, MappingProxyType(codes))


_S = TradeState
_OPEN: Final = (
    _S.CAPTURED,
    _S.ENRICHED,
    _S.ALLOCATED,
    _S.CONFIRMED,
    _S.AFFIRMED,
    _S.MATCHED,
    _S.BILATERAL,
    _S.INSTRUCTED,
)

STEPS: Final[Mapping[TradeState, Step]] = MappingProxyType(
    {
        _S.CAPTURED: _step(
            "front office", fix="TrdRptStatus 0 ACCEPTED", cdm="PositionStatus.Executed"
        ),
        _S.ENRICHED: _step("middle office", _S.CAPTURED),
        _S.BLOCK_ALLOCATED: _step(
            "client",
            _S.ENRICHED,
            fix="AllocStatus 0 ACCEPTED",
            cdm="ClosedState.Allocated",
        ),
        _S.ALLOCATED: _step("client", fix="AllocStatus 0 ACCEPTED"),
        _S.CONFIRMED: _step(
            "broker",
            _S.ENRICHED,
            _S.ALLOCATED,
            fix="ConfirmStatus 4 CONFIRMED",
            cdm="Confirmed",
        ),
        _S.AFFIRMED: _step(
            "client or custodian",
            _S.CONFIRMED,
            fix="AffirmStatus 3 AFFIRMED",
            cdm="Affirmed",
        ),
        _S.MATCHED: _step(
            "matching utility",
            _S.CONFIRMED,
            _S.AFFIRMED,
            fix="MatchStatus 0 COMPARED",
            cdm="WorkflowStatus.Accepted",
        ),
        _S.BILATERAL: _step("operations", _S.MATCHED),
        _S.NETTED: _step(
            "netting engine", _S.MATCHED, _S.NET, cdm="TransferStatus.Netted"
        ),
        _S.NOVATED: _step(
            "central counterparty", _S.MATCHED, cdm="ClosedState.Novated"
        ),
        _S.NET: _step("netting engine"),
        _S.SET_OFF: _step("netting engine"),
        _S.INSTRUCTED: _step(  # again, once an instruction was cancelled or rejected
            "operations",
            _S.BILATERAL,
            _S.NET,
            _S.INSTRUCTED,
            cdm="TransferStatus.Instructed",
        ),
        _S.SETTLED: _step(
            "central securities depository", _S.INSTRUCTED, cdm="TransferStatus.Settled"
        ),
        _S.CANCELLED: _step(
            "maker and checker", *_OPEN, _S.NET, _S.SET_OFF, cdm="Action.Cancel"
        ),
        _S.CORRECTED: _step("maker and checker", *_OPEN, cdm="Action.Correct"),
    }
)
"""Every step of a trade's life; what is not in here is refused.

A net obligation begins as ``net``, or as ``set-off`` where nothing is left of it.
"""

TERMINAL: Final = frozenset(TradeState) - frozenset().union(
    *(step.after for step in STEPS.values())
)
"""The states that nothing follows."""


@final
@attrs.frozen(order=False)
class TradeStatus:
    """Where a trade, or a net obligation, is, and how it came there.

    Attributes:
        trade: id of the trade, or of the net obligation.
        booking_id: the id under which this version of it is booked.
        version: of the status; it grows by one with each step.
        steps: the states so far, each with what was given with its step.
    """

    trade: str
    booking_id: str
    version: int
    steps: tuple[tuple[TradeState, Mapping[str, Any]], ...]

    @property
    def state(self) -> TradeState:
        """The state that the trade is in now."""
        return self.steps[-1][0]

    def details(self, state: TradeState | str) -> Mapping[str, Any] | None:
        """Return what was last given with the step into a state, None if never."""
        wanted = TradeState(state)
        given = [own for found, own in self.steps if found is wanted]
        return given[-1] if given else None

    @property
    def is_net(self) -> bool:
        """Whether it is about a net obligation, which took the place of trades."""
        return self.steps[0][0] in (TradeState.NET, TradeState.SET_OFF)

    def is_past(self, state: TradeState) -> bool:
        """Whether the trade can no longer come into a state."""
        reachable = {self.state}
        while True:
            more = {each for each, step in STEPS.items() if step.after & reachable}
            if more <= reachable:
                return state not in reachable
            reachable |= more

    @property
    def trade_version(self) -> int:
        """The version of the trade."""
        return int(self.booking_id.removeprefix(self.trade).removeprefix(".v") or 1)

    def moved(self, state: TradeState, details: Mapping[str, Any]) -> "TradeStatus":
        """Return the status after a step; the same one if it was taken already.

        Raises:
            TransitionRefused: the step does not follow, or was taken with other
                details.
        """
        taken = self.details(state)
        if taken is not None and taken == details:
            return self
        if self.state not in state.step.after:
            if taken is not None:
                raise TransitionRefused(
                    f"the trade {self.booking_id!r} was {state.value} with other"
                    " details",
                    field="details",
                    expected=str(dict(taken)),
                    found=str(dict(details)),
                )
            after = sorted(each.value for each in state.step.after)
            raise TransitionRefused(
                f"the trade {self.booking_id!r} cannot be {state.value} now",
                field="state",
                expected=" or ".join(after) or "no state: a trade begins with it",
                found=self.state.value,
            )
        given = MappingProxyType(dict(details))
        return attrs.evolve(
            self, version=self.version + 1, steps=(*self.steps, (state, given))
        )

    def unwound(self, netting: str) -> "TradeStatus":
        """Return the status once a netting is taken back: what it was before.

        Raises:
            TransitionRefused: it is not netted or novated now.
        """
        if self.state not in (TradeState.NETTED, TradeState.NOVATED):
            raise TransitionRefused(
                f"{self.booking_id!r} is in no netting now",
                field="state",
                expected="netted or novated",
                found=self.state.value,
            )
        step = (self.steps[-2][0], MappingProxyType({"unwound": netting}))
        return attrs.evolve(self, version=self.version + 1, steps=(*self.steps, step))


def begin(
    trade: str,
    booking_id: str,
    state: TradeState = TradeState.CAPTURED,
    details: Mapping[str, Any] = NO_DETAILS,
) -> TradeStatus:
    """Return the status of a trade that begins."""
    given = MappingProxyType(dict(details))
    return TradeStatus(trade, booking_id, 1, ((state, given),))


def to_document(
    status: TradeStatus, index: Mapping[str, str] = NO_DETAILS
) -> bl.Document:
    """Return the document that keeps a status, and what it is found by."""
    steps = [
        [state.value, dict(details)] if details else state.value
        for state, details in status.steps
    ]
    content = {"steps": steps, "trade": status.trade}
    return bl.Document(
        KIND, status.booking_id, content, version=status.version, index=index
    )


def from_document(document: bl.Document) -> TradeStatus:
    """Return the status that *document* keeps.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    content = document.content
    try:
        steps = tuple(
            (TradeState(step), NO_DETAILS)
            if isinstance(step, str)
            else (TradeState(step[0]), step[1])
            for step in content["steps"]
        )
        return TradeStatus(content["trade"], document.id, document.version, steps)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidDocument(
            f"the status of {document.id!r} is none that this release can read",
            field="document",
            expected="a trade-status",
            found=error,
        ) from error
