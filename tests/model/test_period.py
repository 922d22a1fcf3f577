"""Periods and their states."""

from datetime import UTC, date, datetime, timedelta

import attrs
import pytest

from backoffice_ledger._model.entry import EntryKind
from backoffice_ledger._model.period import (
    RESTRICTIVENESS,
    TRANSITIONS,
    Period,
    PeriodException,
    PeriodState,
    check_period_name,
)
from backoffice_ledger.errors import InvalidOption

JANUARY = Period("1993-01", date(1993, 1, 1), date(1993, 1, 31), PeriodState.OPEN)


@pytest.mark.parametrize(
    ("day", "inside"),
    [
        (date(1992, 12, 31), False),
        (date(1993, 1, 1), True),
        (date(1993, 1, 31), True),
        (date(1993, 2, 1), False),
    ],
)
def test_a_period_holds_its_first_and_its_last_day(day: date, inside: bool) -> None:
    """Both ends belong to it."""
    assert (day in JANUARY) is inside


@pytest.mark.parametrize("kind", EntryKind)
def test_who_may_post(kind: EntryKind) -> None:
    """All into an open period, all but normal entries into an adjusting one."""
    accepting = {state for state in PeriodState if state.accepts(kind)}
    expected = {PeriodState.OPEN}
    if kind is not EntryKind.NORMAL:
        expected.add(PeriodState.ADJUSTING)
    assert accepting == expected


def test_nothing_follows_locked() -> None:
    """A locked period never reopens, and only a closed one can be locked."""
    assert TRANSITIONS[PeriodState.LOCKED] == set()
    assert {s for s in PeriodState if PeriodState.LOCKED in TRANSITIONS[s]} == {
        PeriodState.CLOSED
    }


def test_every_state_has_its_rules() -> None:
    """A new state needs its transitions and its place among the others."""
    assert set(TRANSITIONS) == set(RESTRICTIVENESS) == set(PeriodState)
    assert len(set(RESTRICTIVENESS.values())) == len(PeriodState)
    assert all(state not in after for state, after in TRANSITIONS.items())


def test_stricter_states_accept_less() -> None:
    """Of two states that apply together the stricter one decides."""
    in_order = sorted(PeriodState, key=RESTRICTIVENESS.__getitem__)
    counts = [sum(map(state.accepts, EntryKind)) for state in in_order]
    assert counts == sorted(counts, reverse=True)


def test_the_rules_cannot_be_changed() -> None:
    """Nobody opens a period by editing a table."""
    with pytest.raises(TypeError):
        TRANSITIONS[PeriodState.LOCKED] = {PeriodState.OPEN}  # type: ignore[index]
    with pytest.raises(TypeError):
        RESTRICTIVENESS[PeriodState.LOCKED] = 0  # type: ignore[index]


# --- names and exceptions ------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "March", "2026-1", "2026-P1", "FY2026-", 2026])
def test_no_calendar_has_such_a_name(name: object) -> None:
    """It is refused whatever the calendar of the book."""
    with pytest.raises(InvalidOption) as caught:
        check_period_name(name)
    assert caught.value.field == "period"


@pytest.mark.parametrize(
    "name", ["2026", "2026-01", "FY2026", "FY2026-P01", "x2026-Q4"]
)
def test_a_calendar_may_have_such_a_name(name: str) -> None:
    """The calendar of the book says whether it has."""
    assert check_period_name(name) == name


def test_an_exception_counts_from_its_grant_until_its_end() -> None:
    """Or until it is revoked; each instant belongs to what comes after it."""
    noon, hour = datetime(2026, 2, 10, 12, tzinfo=UTC), timedelta(hours=1)
    granted = PeriodException(
        "audit",
        "1993-01",
        JANUARY.first,
        JANUARY.last,
        ("accountant",),
        noon + hour,
        "audit",
        "clerk",
        noon,
    )
    assert granted.is_in_force(noon)
    assert not granted.is_in_force(noon - timedelta(microseconds=1))
    assert not granted.is_in_force(noon + hour)
    revoked = attrs.evolve(granted, revoked_by="clerk", revoked_at=noon + hour / 2)
    assert revoked.is_in_force(noon)
    assert not revoked.is_in_force(noon + hour / 2)
