"""Periods and their five states."""

import re
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Final, final

import attrs

from backoffice_ledger._model.entry import EntryKind
from backoffice_ledger.errors import InvalidOption

_NAME: Final = re.compile(
    r"[A-Z]{0,16}[0-9]{4,5}(-(P?[0-9]{2}|Q[1-4]))?", re.ASCII | re.IGNORECASE
)


def check_period_name(value: object) -> str:
    """Return *value* if some calendar may have a period of that name.

    Raises:
        InvalidOption: it is something else.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InvalidOption(
            field="period",
            expected="a name such as 1993-01 or FY1993-P01",
            found=value,
        )
    return value


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
"""States of the book, a class and a journal apply together; the strictest wins."""


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
        journal_class: the class of journals that it is about, or None for all.
    """

    name: str
    first: date
    last: date
    state: PeriodState
    journal: str | None = None
    journal_class: str | None = None

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@final
@attrs.frozen(order=False)
class PeriodException:
    """Leave for some actors to post into a closed period until an instant.

    Attributes:
        id: its name.
        name: the period, or the year, for which it is given.
        first: first day.
        last: last day, included.
        actors: who may post.
        until: the instant from which it counts no more.
        reason: why; empty once it was erased.
        granted_by: who gave it; never one of the actors.
        granted_at: when.
        journal: the journal for which it is given, or None for all.
        journal_class: the class of journals for which it is given, or None for all.
        revoked_by: who took it back, or None.
        revoked_at: when, or None.
        revocation: why; empty if it was not revoked, or once that was erased.
        entries: ids of the entries that were posted under it, in alphabetical order.
    """

    id: str
    name: str
    first: date
    last: date
    actors: tuple[str, ...]
    until: datetime
    reason: str
    granted_by: str
    granted_at: datetime
    journal: str | None = None
    journal_class: str | None = None
    revoked_by: str | None = None
    revoked_at: datetime | None = None
    revocation: str = ""
    entries: tuple[str, ...] = ()

    def is_in_force(self, at: datetime) -> bool:
        """Whether it counts at an instant."""
        if self.revoked_at is not None and self.revoked_at <= at:
            return False
        return self.granted_at <= at < self.until
