"""Clocks: the same answers at every run."""

from datetime import UTC, datetime, timedelta

import pytest

from backoffice_ledger.errors import InvalidDate, InvalidOption
from backoffice_ledger.testing import FrozenClock, ManualClock, TickingClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_frozen_clock_stands_still() -> None:
    """It shows its instant, however often it is read."""
    clock = FrozenClock(NOON)
    assert [clock.now(), clock.now()] == [NOON, NOON]
    assert repr(clock) == "FrozenClock(2026-01-01T12:00:00+00:00)"


def test_a_ticking_clock_moves_when_it_is_read() -> None:
    """From its start, by its step, backwards too."""
    clock = TickingClock(NOON)
    assert [clock.now(), clock.now()] == [NOON, NOON + timedelta(seconds=1)]
    back = TickingClock(NOON, timedelta(hours=-1))
    assert [back.now(), back.now()] == [NOON, NOON - timedelta(hours=1)]
    assert repr(back).startswith("TickingClock(2026-01-01T10:00:00+00:00, ")


def test_a_manual_clock_moves_when_it_is_told_to() -> None:
    """To an instant or by a span, forwards or backwards."""
    clock = ManualClock(NOON)
    assert [clock.now(), clock.now()] == [NOON, NOON]
    clock.move(timedelta(hours=-1))
    assert clock.now() == NOON - timedelta(hours=1)
    clock.set(NOON + timedelta(days=1))
    assert repr(clock) == "ManualClock(2026-01-02T12:00:00+00:00)"
    with pytest.raises(InvalidDate, match="time zone"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidOption, match="timedelta"):
        clock.move(60)


@pytest.mark.parametrize("clock", [FrozenClock, ManualClock, TickingClock])
@pytest.mark.parametrize("instant", [datetime(2026, 1, 1), "2026-01-01"])  # noqa: DTZ001
def test_an_instant_has_a_time_zone(clock: type, instant: object) -> None:
    """Local time is no instant."""
    with pytest.raises(InvalidDate, match="time zone"):
        clock(instant)


def test_a_step_is_a_timedelta() -> None:
    """Seconds as a number are not guessed."""
    with pytest.raises(InvalidOption, match="timedelta"):
        TickingClock(NOON, 1)
