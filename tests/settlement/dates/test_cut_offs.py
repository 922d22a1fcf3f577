"""Cut-offs: for which day something counts, by the clock of the market."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger.calendars import business_calendar
from backoffice_ledger.errors import (
    BoundExceeded,
    CalendarHorizon,
    InvalidDate,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.settlement.dates import (
    CUT_OFFS,
    T2S_PARTIAL_SETTLEMENT_WINDOWS,
    CutOff,
    EffectiveDay,
    SettlementWindow,
    cut_off,
)

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
DVP = cut_off("t2s-eur-dvp")


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """Return a local time as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("received", "day", "is_late"),
    [
        ("2026-03-02T15:59:59", date(2026, 3, 2), False),
        ("2026-03-02T16:00:00", date(2026, 3, 2), False),
        ("2026-03-02T16:00:00.000001", date(2026, 3, 3), True),
        ("2026-03-06T17:00:00", date(2026, 3, 9), True),
        ("2026-03-07T10:00:00", date(2026, 3, 9), False),
        ("2026-04-02T16:01:00", date(2026, 4, 7), True),
        ("2026-04-03T10:00:00", date(2026, 4, 7), False),
    ],
)
def test_the_day_for_which_it_counts(received: str, day: date, is_late: bool) -> None:
    """The local day until the cut-off, then the next business day; Easter included."""
    effective = DVP.effective_day(at(received))
    assert (effective.day, effective.is_late) == (day, is_late)


def test_the_clock_of_the_market_decides() -> None:
    """Tuesday 00:30 in Tokyo is Monday 16:30 in Berlin: late for Monday."""
    effective = DVP.effective_day(at("2026-03-03T00:30:00", TOKYO))
    assert effective == EffectiveDay(
        date(2026, 3, 3),
        datetime(2026, 3, 2, 15, 30, tzinfo=UTC),
        datetime(2026, 3, 3, 15, 0, tzinfo=UTC),
        "Europe/Berlin",
        True,
    )


def test_summer_time() -> None:
    """The cut-off is at another instant when clocks have changed."""
    assert DVP.at(date(2026, 3, 27)) == datetime(2026, 3, 27, 15, tzinfo=UTC)
    assert DVP.at(date(2026, 3, 30)) == datetime(2026, 3, 30, 14, tzinfo=UTC)


def test_a_time_that_comes_twice() -> None:
    """Where clocks are put back it is the first of the two."""
    night = CutOff(
        "House",
        "fop",
        local_time=time(1, 30),
        time_zone="Europe/London",
        calendar=business_calendar("GB-EW").changed(),
    )
    assert night.at(date(2026, 10, 25)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "utc"),
    [
        ("dtc-allocation", "2026-03-02T23:59:59+00:00"),
        ("dtc-allocation", "2026-03-03T00:00:00+00:00"),
        ("dtc-affirmation", "2026-03-03T02:00:00+00:00"),
        ("dtc-night-deliver-order", "2026-03-03T04:30:00+00:00"),
    ],
)
def test_cut_offs_of_dtc(name: str, utc: str) -> None:
    """19:00, 21:00 and 23:30 in New York (DTCC Connection, 2024-04-23)."""
    instant = datetime.fromisoformat(utc)
    assert cut_off(name).effective_day(instant).day == date(2026, 3, 2)
    late = cut_off(name).effective_day(instant + timedelta(seconds=1))
    assert late.day == date(2026, 3, 2 if utc < "2026-03-03" else 3)


def test_every_cut_off_says_where_it_is_from() -> None:
    """All have a source; a name that is unknown is refused."""
    assert all(cut_off(name).source for name in CUT_OFFS)
    with pytest.raises(InvalidOption):
        cut_off("t2s")


@pytest.mark.parametrize(
    "options",
    [
        {"local_time": "16:00"},
        {"local_time": time(16, tzinfo=UTC)},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": ""},
        {"time_zone": "../etc"},
        {"time_zone": None},
        {"calendar": "TARGET"},
    ],
)
def test_cut_offs_that_cannot_be(options: dict[str, Any]) -> None:
    """A time without a zone, a zone that is known, a calendar."""
    fields: dict[str, Any] = {
        "local_time": time(16),
        "time_zone": "Europe/Berlin",
        "calendar": business_calendar("TARGET"),
    }
    with pytest.raises(InvalidOption):
        CutOff("House", "dvp", **fields | options)


@pytest.mark.parametrize(
    "instant",
    [
        None,
        "2026-03-02",
        datetime(2026, 3, 2, 12),  # noqa: DTZ001
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=TOKYO),
    ],
)
def test_what_is_no_instant(instant: Any) -> None:
    """A time without a zone, or not of our time, is never compared."""
    with pytest.raises((InvalidDate, BoundExceeded)):
        DVP.effective_day(instant)
    with pytest.raises((InvalidDate, BoundExceeded)):
        T2S_PARTIAL_SETTLEMENT_WINDOWS[0].holds(instant)


def test_days_that_are_not_known() -> None:
    """The calendar's horizon holds here too."""
    with pytest.raises(CalendarHorizon):
        DVP.effective_day(at("2031-01-02T10:00:00"))
    with pytest.raises(LedgerError):
        DVP.at("2026-03-02")  # type: ignore[arg-type]


def test_windows_of_t2s() -> None:
    """LuxCSD L25027: 30 minutes at 08:00 and 15:30; 15 at 10:00, 12:00 and 14:00."""

    def held(text: str) -> bool:
        return any(one.holds(at(text)) for one in T2S_PARTIAL_SETTLEMENT_WINDOWS)

    minutes = [
        f"{hour:02}:{minute:02}"
        for hour in range(24)
        for minute in range(60)
        if held(f"2026-03-02T{hour:02}:{minute:02}:00")
    ]
    assert len(minutes) == 30 + 3 * 15 + 30
    assert [minutes[0], minutes[29], minutes[30], minutes[-1]] == [
        "08:00",
        "08:29",
        "10:00",
        "15:59",
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"minutes": 0},
        {"minutes": 481},
        {"minutes": 1.5},
        {"opens": "16:00"},
        {"time_zone": "Mars/Olympus"},
    ],
)
def test_windows_that_cannot_be(options: dict[str, Any]) -> None:
    """A window lies within one day."""
    fields: dict[str, Any] = {
        "opens": time(16),
        "minutes": 480,
        "time_zone": "Europe/Berlin",
    }
    SettlementWindow("House", "sweep", **fields)
    with pytest.raises(InvalidOption):
        SettlementWindow("House", "sweep", **fields | options)


@given(
    st.datetimes(
        datetime(2015, 1, 2),  # noqa: DTZ001
        datetime(2030, 12, 20),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, TOKYO, BERLIN, ZoneInfo("America/New_York")]),
    ),
    st.sampled_from(CUT_OFFS),
    st.timedeltas(timedelta(), timedelta(days=3)),
)
def test_nothing_counts_for_a_day_after_its_cut_off(
    instant: datetime, name: str, later: timedelta
) -> None:
    """It was in time for the day, was not for the one before, and order is kept."""
    known, received = cut_off(name), instant.astimezone(UTC)
    effective = known.effective_day(instant)
    assert effective.received_at == received
    assert effective.received_at <= effective.cut_off_at == known.at(effective.day)
    assert known.calendar.is_business_day(effective.day)
    before = known.calendar.previous(effective.day)
    assert known.at(before) < effective.received_at
    assert known.effective_day(received + later).day >= effective.day
