"""A clock, ids and salts that are the same on every run.

For a reproducible demonstration only: two runs then make the same log, byte for byte,
with the same root hash.  Real books take the real time, and salts from the operating
system: whoever can guess a salt can guess an erased text.
"""

import hashlib
from datetime import UTC, date, datetime, time, timedelta

CLOSE_OF_BUSINESS = time(17, tzinfo=UTC)
TICK = timedelta(microseconds=1)


class BusinessClock:
    """Shows the close of business of the day being booked, and no instant twice."""

    def __init__(self, first_day: date) -> None:
        self._now = datetime.combine(first_day, time(9, tzinfo=UTC))

    def move_to(self, day: date) -> None:
        """Let it be the evening of *day*; the clock never goes back."""
        self._now = max(self._now, datetime.combine(day, CLOSE_OF_BUSINESS))

    def now(self) -> datetime:
        """Return the present instant."""
        self._now += TICK
        return self._now


class NumberedIds:
    """Returns ``bank-year-1``, ``bank-year-2``, and so on."""

    def __init__(self, prefix: str = "bank-year") -> None:
        self._prefix = prefix
        self._count = 0

    def __call__(self) -> str:
        """Return the next id."""
        self._count += 1
        return f"{self._prefix}-{self._count}"


class SeededSalts:
    """Returns bytes that follow from a seed and a counter."""

    def __init__(self, seed: bytes = b"bank-year") -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, size: int) -> bytes:
        """Return the next *size* bytes."""
        self._count += 1
        return hashlib.shake_256(self._seed + self._count.to_bytes(8)).digest(size)
