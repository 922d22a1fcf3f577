"""The outside world: depositories that settle what they can, and nothing of ours.

It shares no code and no data with the books, so that what it says at the end is a
statement to reconcile with.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

import attrs

import backoffice_ledger as bl
from backoffice_ledger.settlement import Instruction, InstructionStatus

from .market import BY_ISIN, Lateness


@attrs.frozen
class Settled:
    """What a depository reports of an instruction for a day; nothing is a fail."""

    instruction: str
    quantity: bl.Amount | None
    is_whole: bool


class Depositories:
    """Units of the firm and of its customers, and the money that moved for them.

    Deliveries settle from what is there, in part if need be; receipts settle unless
    the other side is late.

    Args:
        opening: units by owner and ISIN.
        late: trades whose sellers will be late.
    """

    def __init__(
        self,
        opening: Mapping[tuple[str, str], int],
        late: Mapping[str, Lateness],
    ) -> None:
        self.units: defaultdict[tuple[str, str], int] = defaultdict(int, opening)
        self.cash: defaultdict[str, int] = defaultdict(int)
        self._late = late

    def run(self, day: date, pending: Iterable[InstructionStatus]) -> list[Settled]:
        """Settle a day: central counterparties, then receipts, then deliveries."""
        order = sorted(
            (status for status in pending if not status.is_on_hold), key=_priority
        )
        return [self._settle(day, status) for status in order]

    def _settle(self, day: date, status: InstructionStatus) -> Settled:
        instruction = status.instruction
        left = status.remaining
        if left is None:
            self._pay(instruction, _units(status.remaining_cash))
            return Settled(status.id, None, is_whole=True)
        wanted = _units(left)
        possible = wanted
        key = instruction.owner, left.commodity.code
        if instruction.is_delivery:
            possible = min(wanted, self.units[key])
            self.units[key] -= possible
        else:
            possible = self._delivered(day, status, wanted)
            self.units[key] += possible
        cash = _units(status.remaining_cash)
        if possible < wanted:
            whole = _units(instruction.quantity)
            cash = _units(instruction.cash) * possible // whole
        self._pay(instruction, cash)
        settled = bl.Amount.from_minor(possible, left.commodity)
        return Settled(status.id, settled, is_whole=possible == wanted)

    def _delivered(self, day: date, status: InstructionStatus, wanted: int) -> int:
        """Return how many units the other side has."""
        instruction = status.instruction
        late = self._late.get((instruction.trade or "").partition(".")[0])
        if late is None:
            return wanted
        isin = "" if status.remaining is None else status.remaining.commodity.code
        calendar = BY_ISIN[isin].market.calendar
        if day >= calendar.add(instruction.settlement_date, late.days):
            return wanted
        return 0 if status.parts else late.at_first

    def _pay(self, instruction: Instruction, minor_units: int) -> None:
        if instruction.cash is not None:
            code = instruction.cash.commodity.code
            self.cash[code] += -minor_units if instruction.pays else minor_units


def _priority(status: InstructionStatus) -> tuple[bool, bool, str]:
    instruction = status.instruction
    return instruction.clearing != "ccp", instruction.is_delivery, status.id


def _units(amount: bl.Amount | None) -> int:
    return 0 if amount is None else amount.minor_units
