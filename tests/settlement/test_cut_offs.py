"""Cut-offs: instants, days that count, and who is late."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.calendars import business_calendar
from backoffice_ledger.settlement import (
    DTC_AFFIRMATION,
    DTC_ALLOCATION,
    EU_LATE_ALLOCATION,
    CutOff,
    SettlementDesk,
    Trade,
)

NAIVE = datetime.fromisoformat("2026-10-08T12:00:00")


def test_the_cut_offs_of_dtc_are_on_the_trade_date() -> None:
    """DTCC Connection, 2024-04-23: 19:00 and 21:00 Eastern Time."""
    day = date(2026, 10, 8)
    assert DTC_ALLOCATION.instant(day) == datetime(2026, 10, 8, 23, tzinfo=UTC)
    assert DTC_AFFIRMATION.instant(day) == datetime(2026, 10, 9, 1, tzinfo=UTC)
    winter = date(2026, 12, 8)
    assert DTC_AFFIRMATION.instant(winter) == datetime(2026, 12, 9, 2, tzinfo=UTC)
    assert DTC_AFFIRMATION.is_met(datetime(2026, 10, 9, 1, tzinfo=UTC), day)
    assert not DTC_AFFIRMATION.is_met(datetime(2026, 10, 9, 1, 1, tzinfo=UTC), day)


def test_a_later_day_is_a_business_day() -> None:
    """RTS 2018/1229 Art. 2(2): noon on the next business day, CET."""
    friday = date(2026, 10, 9)
    calendar = business_calendar("TARGET")
    due = EU_LATE_ALLOCATION.instant(friday, calendar)
    assert due == datetime(2026, 10, 12, 10, tzinfo=UTC)
    with pytest.raises(errors.InvalidOption, match="calendar"):
        EU_LATE_ALLOCATION.instant(friday)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"kind": "lunch"},
        {"local_time": "12:00"},
        {"local_time": time(12, tzinfo=UTC)},
        {"zone": "Mars/Olympus"},
        {"zone": None},
        {"days": -1},
        {"days": True},
    ],
)
def test_what_is_no_cut_off_is_refused(changes: Any) -> None:
    """A name, a kind, a plain time, a zone, days from zero."""
    fields: dict[str, Any] = {
        "name": "noon",
        "kind": "affirmation",
        "local_time": time(12),
        "zone": "Europe/Berlin",
    }
    assert CutOff(**fields).days == 0
    with pytest.raises(errors.InvalidInput):
        CutOff(**fields | changes)


def test_bad_instants_are_refused() -> None:
    """An instant has a zone, a day has none."""
    with pytest.raises(errors.InvalidDate):
        DTC_AFFIRMATION.is_met(NAIVE, date(2026, 10, 8))
    with pytest.raises(errors.InvalidDate):
        DTC_AFFIRMATION.instant(datetime(2026, 10, 8, tzinfo=UTC))


def test_who_is_late_is_listed(
    ledger: bl.Ledger, desk: SettlementDesk, make: Callable[..., Trade]
) -> None:
    """Affirmed after the cut-off, or not at all by now; nothing else."""
    ids = [f"T-{number}" for number in range(6)]
    desk.capture_many(make(id=id_) for id_ in ids)
    desk.enrich_many(ids)
    desk.advance_many(ids, "confirmed")
    in_time = datetime(2026, 10, 8, 20, tzinfo=UTC)
    late = datetime(2026, 10, 9, 1, 5, tzinfo=UTC)
    desk.affirm("T-0", at=in_time)
    desk.affirm("T-1", at=late)
    desk.affirm("T-2")  # nobody said when
    desk.match("T-3")  # needs no affirmation any more
    desk.cancel("T-4", on=date(2026, 10, 8))
    now = datetime(2026, 10, 9, 2, tzinfo=UTC)
    rows = desk.late(DTC_AFFIRMATION, now=now).rows()
    assert [(row["trade"], row["done"], row["minutes"]) for row in rows] == [
        ("T-1", "2026-10-09T01:05:00Z", 5),
        ("T-5", None, 60),
    ]
    assert desk.late(DTC_AFFIRMATION, now=in_time).rows() == rows[:1]
    with pytest.raises(errors.InvalidOption, match="kind"):
        desk.late(DTC_ALLOCATION, now=now)
    with pytest.raises(errors.InvalidOption, match="cut_off"):
        desk.late("noon", now=now)  # type: ignore[arg-type]
