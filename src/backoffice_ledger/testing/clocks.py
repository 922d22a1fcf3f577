"""Clocks that tests can predict."""

from datetime import datetime, timedelta
from typing import final

from backoffice_ledger.checks import check_instant
from backoffice_ledger.errors import InvalidOption


@final
class FrozenClock:
    """A clock that always shows the same instant.

    Raises:
        InvalidDate: the instant has no time zone.
    """

    def __init__(self, instant: datetime) -> None:
        self._instant = check_instant(instant, "instant")

    def now(self) -> datetime:
        """Return the instant."""
        return self._instant

    def __repr__(self) -> str:
        return f"FrozenClock({self._instant.isoformat()})"


@final
class TickingClock:
    """A clock that moves on by *step* whenever it is read, and at no other time.

    Raises:
        InvalidDate: the start has no time zone.
        InvalidOption: the step is no timedelta.
    """

    def __init__(self, start: datetime, step: timedelta = timedelta(seconds=1)) -> None:
        if not isinstance(step, timedelta):
            raise InvalidOption(field="step", expected="a timedelta", found=step)
        self._next = check_instant(start, "start")
        self._step = step

    def now(self) -> datetime:
        """Return *start* the first time, then *step* later each time."""
        instant = self._next
        self._next = instant + self._step
        return instant

    def __repr__(self) -> str:
        return f"TickingClock({self._next.isoformat()}, {self._step!r})"


@final
class ManualClock:
    """A clock that stands still until it is set, forwards or backwards.

    Raises:
        InvalidDate: the instant has no time zone.
    """

    def __init__(self, instant: datetime) -> None:
        self._instant = check_instant(instant, "instant")

    def now(self) -> datetime:
        """Return the instant to which it was set last."""
        return self._instant

    def set(self, instant: datetime) -> None:
        """Show another instant from now on."""
        self._instant = check_instant(instant, "instant")

    def move(self, span: timedelta) -> None:
        """Show an instant that is *span* later or, if it is negative, earlier."""
        if not isinstance(span, timedelta):
            raise InvalidOption(field="span", expected="a timedelta", found=span)
        self._instant += span

    def __repr__(self) -> str:
        return f"ManualClock({self._instant.isoformat()})"
