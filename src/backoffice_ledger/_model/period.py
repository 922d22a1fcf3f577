"""Periods and their five states."""

from datetime import date
from enum import Enum
from types import MappingProxyType
from typing import Final, final

import attrs

from backoffice_ledger._model.entry import EntryKind


class PeriodState(Enum):
    """Who may post into a period.

    ``future``: nobody yet.  ``open``: all.  ``adjusting``: only entries that are not
    of kind normal.  ``closed``: nobody, until it is reopened with a reason.
    ``locked``: nobody, ever.
    """

    FUTURE = "future"
    OPEN = "open"
    ADJUSTING = "adjusting"
    CLOSED = "closed"
    LOCKED = "locked"

    def accepts(self, kind: EntryKind) -> bool:
        """Whether a period in this state takes an entry of *kind*."""
        if self is PeriodState.OPEN:
            return True
        return self is PeriodState.ADJUSTING and kind is not EntryKind.NORMAL


TRANSITIONS: Final = MappingProxyType(
    {
        PeriodState.FUTURE: frozenset({PeriodState.OPEN}),
        PeriodState.OPEN: frozenset(
            {PeriodState.FUTURE, PeriodState.ADJUSTING, PeriodState.CLOSED}
        ),
        PeriodState.ADJUSTING: frozenset({PeriodState.OPEN, PeriodState.CLOSED}),
        PeriodState.CLOSED: frozenset(
            {PeriodState.OPEN, PeriodState.ADJUSTING, PeriodState.LOCKED}
        ),
        PeriodState.LOCKED: frozenset[PeriodState](),
    }
)
"""Which state may follow which.  Nothing follows ``locked``."""

RESTRICTIVENESS: Final = MappingProxyType(
    {
        PeriodState.OPEN: 0,
        PeriodState.ADJUSTING: 1,
        PeriodState.FUTURE: 2,
        PeriodState.CLOSED: 3,
        PeriodState.LOCKED: 4,
    }
)
"""A journal's own state and the book's apply together; the stricter one wins."""


@final
@attrs.frozen(order=False)
class Period:
    """A span of booking dates in one state.

    Attributes:
        name: such as ``1993-01``.
        first: first day.
        last: last day, included.
        state: a `PeriodState`.
        journal: the journal that the state is about, or None for all.
    """

    name: str
    first: date
    last: date
    state: PeriodState
    journal: str | None = None

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last
