"""Until when something counts for a day, in the time zone that decides."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, NamedTuple, final
from zoneinfo import ZoneInfo

import attrs

from backoffice_ledger.calendars import HolidayCalendar, business_calendar, joint
from backoffice_ledger.checks import check_date, check_instant
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.dates._checks import check_calendar


def _check_time(value: object, field: str) -> time:
    if not isinstance(value, time) or value.tzinfo is not None:
        raise InvalidOption(
            field=field, expected="a datetime.time without a time zone", found=value
        )
    return value


def _zone(name: object, field: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)  # type: ignore[arg-type]
    except (TypeError, ValueError, OSError, KeyError):
        raise InvalidOption(
            field=field, expected="a time zone such as Europe/Berlin", found=name
        ) from None


@final
@attrs.frozen
class EffectiveDay:
    """The day for which something counts, and what that followed from.

    Attributes:
        day: the business day.
        received_at: when it came, in UTC.
        cut_off_at: the cut-off of *day*, in UTC; never before *received_at*.
        time_zone: the zone in which the day was found.
        is_late: whether it came on a business day, after its cut-off.
    """

    day: date
    received_at: datetime
    cut_off_at: datetime
    time_zone: str
    is_late: bool


@final
@attrs.frozen(order=False)
class CutOff:
    """A time of day until which something counts for the day.

    Args:
        scope: whose it is, such as ``"T2S"``.
        kind: what it is for, such as ``"dvp"``; DvP and free of payment differ.
        local_time: the last moment, itself in time; without a time zone.
        time_zone: name in the IANA database, such as ``"America/New_York"``.
        calendar: the days that have such a cut-off.
        source: where it is from.

    Raises:
        InvalidOption: no time, no such time zone, or no calendar.
    """

    scope: str = attrs.field()
    kind: str = attrs.field()
    local_time: time = attrs.field(kw_only=True)
    time_zone: str = attrs.field(kw_only=True)
    calendar: HolidayCalendar = attrs.field(kw_only=True)
    source: str = attrs.field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        _check_time(self.local_time, "local_time")
        _zone(self.time_zone, "time_zone")
        check_calendar(self.calendar, "calendar")

    def at(self, day: date) -> datetime:
        """Return the instant of the cut-off on *day*, in UTC.

        Where clocks are put back and the time comes twice, it is the first one.

        Raises:
            InvalidDate, BoundExceeded: *day* is no date, or too far off.
        """
        check_date(day, "day")
        local = datetime.combine(day, self.local_time, ZoneInfo(self.time_zone))
        return local.astimezone(UTC)

    def effective_day(self, received_at: datetime) -> EffectiveDay:
        """Return the business day for which something received then counts.

        It is the local day if that is a business day and the cut-off has not passed,
        and the next business day if not.

        Raises:
            InvalidDate, BoundExceeded: no instant of our time with a time zone.
            CalendarHorizon: the calendar does not know the day.
        """
        received = check_instant(received_at, "received_at").astimezone(UTC)
        local_day = received.astimezone(ZoneInfo(self.time_zone)).date()
        is_open = self.calendar.is_business_day(local_day)
        is_late = is_open and received > self.at(local_day)
        day = local_day if is_open and not is_late else self.calendar.next(local_day)
        return EffectiveDay(day, received, self.at(day), self.time_zone, is_late)


@final
@attrs.frozen
class SettlementWindow:
    """A time of the day in which a system tries something, such as to settle a part.

    Args:
        scope: whose it is.
        kind: what is tried.
        opens: local time at which it begins.
        minutes: how long it lasts.
        time_zone: name in the IANA database.
        source: where it is from.

    Raises:
        InvalidOption: no time, no such time zone, or not within one day.
    """

    scope: str = attrs.field()
    kind: str = attrs.field()
    opens: time = attrs.field(kw_only=True)
    minutes: int = attrs.field(kw_only=True)
    time_zone: str = attrs.field(kw_only=True)
    source: str = attrs.field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        _check_time(self.opens, "opens")
        _zone(self.time_zone, "time_zone")
        begun = self.opens.hour * 60 + self.opens.minute
        if type(self.minutes) is not int or not 0 < self.minutes <= 1440 - begun:
            raise InvalidOption(
                field="minutes",
                expected=f"an int from 1 to {1440 - begun}",
                found=self.minutes,
            )

    def holds(self, instant: datetime) -> bool:
        """Tell whether *instant* is in the window, its beginning included.

        Raises:
            InvalidDate, BoundExceeded: no instant of our time with a time zone.
        """
        local = check_instant(instant, "instant").astimezone(ZoneInfo(self.time_zone))
        opened = datetime.combine(local.date(), self.opens, local.tzinfo)
        since = local.astimezone(UTC) - opened.astimezone(UTC)
        return timedelta() <= since < timedelta(minutes=self.minutes)


class _Known(NamedTuple):
    scope: str
    kind: str
    local_time: time
    time_zone: str
    calendars: tuple[str, ...]
    source: str


_NEW_YORK: Final = "America/New_York"
_US: Final = ("US-EXCH", "US-FED")
_DTCC: Final = "DTCC Connection, 2024-04-23"
_LUX: Final = "LuxCSD announcement L25027"
_KNOWN: Final = {
    "dtc-allocation": _Known("DTC", "allocation", time(19), _NEW_YORK, _US, _DTCC),
    "dtc-affirmation": _Known("DTC", "affirmation", time(21), _NEW_YORK, _US, _DTCC),
    "dtc-night-deliver-order": _Known(
        "DTC", "night-deliver-order", time(23, 30), _NEW_YORK, _US, _DTCC
    ),
    "t2s-eur-dvp": _Known("T2S", "dvp", time(16), "Europe/Berlin", ("TARGET",), _LUX),
}

CUT_OFFS: Final = tuple(_KNOWN)
"""The names that `cut_off` knows."""

T2S_PARTIAL_SETTLEMENT_WINDOWS: Final = tuple(
    SettlementWindow(
        "T2S",
        "partial-settlement",
        opens=opens,
        minutes=minutes,
        time_zone="Europe/Berlin",
        source=_LUX,
    )
    for opens, minutes in (
        (time(8), 30),
        (time(10), 15),
        (time(12), 15),
        (time(14), 15),
        (time(15, 30), 30),
    )
)
"""When T2S settles parts of instructions in real time, on days that it settles.

The last cycle of the night does so too; it has no time of its own.
"""


@cache
def cut_off(name: str) -> CutOff:
    """Return a cut-off that is built in, by one of `CUT_OFFS`.

    >>> cut_off("dtc-affirmation").at(date(2026, 3, 2)).isoformat()
    '2026-03-03T02:00:00+00:00'

    Raises:
        InvalidOption: there is no such cut-off.
    """
    known = _KNOWN.get(name)
    if known is None:
        raise InvalidOption(field="cut_off", expected=", ".join(_KNOWN), found=name)
    return CutOff(
        known.scope,
        known.kind,
        local_time=known.local_time,
        time_zone=known.time_zone,
        calendar=joint(*map(business_calendar, known.calendars)),
        source=known.source,
    )
