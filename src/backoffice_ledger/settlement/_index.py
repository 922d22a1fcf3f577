"""What trades and instructions are found by: the index that their statuses declare.

A name says one thing for both: ``open`` is there as long as something can follow, the
others are ``owner``, ``instrument``, ``counterparty``, ``trade_date`` and
``settlement_date``; ``state`` of a trade, ``settlement`` of an instruction.  Steps that
have a cut-off are kept as minutes after midnight (UTC) of the trade date: who was late
can be found without reading who was not.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import attrs

import backoffice_ledger as bl
from backoffice_ledger.settlement._life import TradeState, TradeStatus
from backoffice_ledger.settlement._netting import Deal
from backoffice_ledger.settlement._status import InstructionStatus
from backoffice_ledger.settlement._values import instant_of
from backoffice_ledger.settlement.dates import CutOff

Span = tuple[str | None, str | None]
Index = Mapping[str, str]

OPEN: Final = "open"
OUTSIDE: Final = "outside"
YES: Final = "yes"
STEPS: Final = {
    TradeState.CONFIRMED: "confirmed_after",
    TradeState.AFFIRMED: "affirmed_after",
}
"""Steps that have a cut-off, and the names for when they were taken."""

_MINUTES_MAX: Final = 9_999_999
_TERMS: Final = (
    "owner",
    "instrument",
    "counterparty",
    "trade_date",
    "settlement_date",
)
_WEEK: Final = timedelta(days=7)
_FIRST, _LAST = bl.BOUNDS.date_min, bl.BOUNDS.date_max


def terms_of(deal: Deal) -> Index:
    """Return what of a trade never changes."""
    return {
        "owner": deal.owner,
        "instrument": deal.instrument.code,
        "counterparty": deal.counterparty,
        "trade_date": deal.trade_date.isoformat(),
        "settlement_date": deal.settlement_date.isoformat(),
    }


def trade_index(
    status: TradeStatus, terms: Index, *, is_outside: bool = False
) -> Index:
    """Return what the status of a trade is found by.

    Args:
        status: where the trade is.
        terms: those of the trade, or the index of an earlier version of the status.
        is_outside: whether something took its place that has no status itself.
    """
    index = {name: terms[name] for name in _TERMS}
    index["state"] = status.state.value
    if not status.state.is_terminal:
        index[OPEN] = YES
    if is_outside:
        index[OUTSIDE] = YES
    for state, name in STEPS.items():
        details = status.details(state)
        if details is not None and "at" in details:
            day = date.fromisoformat(index["trade_date"])
            index[name] = _minutes_text(instant_of(details["at"]), day)
    return index


def instruction_index(status: InstructionStatus) -> Index:
    """Return what the status of an instruction is found by."""
    instruction = status.instruction
    index = {
        "owner": instruction.owner,
        "counterparty": instruction.counterparty,
        "settlement_date": instruction.settlement_date.isoformat(),
        "settlement": status.settlement.value,
    }
    if instruction.quantity is not None:
        index["instrument"] = instruction.quantity.commodity.code
    if not status.is_terminal:
        index[OPEN] = YES
    return index


def _minutes_text(at: datetime, day: date) -> str:
    """Return the minutes since the beginning of a day as text that can be compared."""
    begun = datetime.combine(day, time(), UTC)
    minutes = (at - begun) // timedelta(minutes=1)
    return f"{max(0, min(minutes, _MINUTES_MAX)):07}"


@lru_cache(maxsize=64)
def _earliest(local_time: time, time_zone: str) -> str:
    """Return the fewest minutes at which a local time can be, on whatever day.

    No clock is put forward or back for less than a week.
    """
    zone = ZoneInfo(time_zone)
    days = (_FIRST + week * _WEEK for week in range((_LAST - _FIRST) // _WEEK + 1))
    return min(
        _minutes_text(datetime.combine(day, local_time, zone), day) for day in days
    )


def late_span(cut_off: CutOff) -> Span:
    """Return the span of minutes in which everybody is who was late for a cut-off.

    Others may be in it, where clocks are changed: it is for the earliest hour.
    """
    return _earliest(cut_off.local_time, cut_off.time_zone), None


@attrs.frozen(kw_only=True)
class Wanted:
    """Which trades, or instructions, are asked for; None is any.

    Attributes:
        is_open: whether only those are that something can follow.
        is_outside: whether only those are that something without a status replaced.
        state: of a trade, or ``settlement`` of an instruction, as documents have it.
        owner: whose units they are.
        instrument: its code.
        counterparty: the other side.
        due: first and last settlement date.
        traded: first and last trade date; of trades only.
    """

    is_open: bool = False
    is_outside: bool = False
    state: str | None = None
    owner: str | None = None
    instrument: str | None = None
    counterparty: str | None = None
    due: tuple[date | None, date | None] = (None, None)
    traded: tuple[date | None, date | None] = (None, None)

    def where(self, state: str) -> Index:
        """Return the names and values, those first that few have.

        Args:
            state: the name of the state.
        """
        given = {
            OPEN: YES if self.is_open else None,
            OUTSIDE: YES if self.is_outside else None,
            "instrument": self.instrument,
            "owner": self.owner,
            "counterparty": self.counterparty,
            state: self.state,
        }
        return {name: value for name, value in given.items() if value is not None}

    def between(self) -> Mapping[str, Span]:
        """Return the names and their spans."""
        spans = {"settlement_date": self.due, "trade_date": self.traded}
        return {
            name: (_text(first), _text(last))
            for name, (first, last) in spans.items()
            if (first, last) != (None, None)
        }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def is_meant(index: Index, where: Index, between: Mapping[str, Span]) -> bool:
    """Whether who has this index is asked for."""
    return all(index.get(name) == value for name, value in where.items()) and all(
        name in index
        and (first is None or first <= index[name])
        and (last is None or index[name] <= last)
        for name, (first, last) in between.items()
    )
