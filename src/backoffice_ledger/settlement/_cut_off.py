"""Cut-offs: until when a step counts as in time."""

from datetime import date, datetime, time, timedelta
from typing import Final, Literal, final
from zoneinfo import ZoneInfo

import attrs

from backoffice_ledger.calendars import BusinessCalendar
from backoffice_ledger.errors import InvalidDate, InvalidOption
from backoffice_ledger.settlement.lots._checks import (
    check_choice,
    check_day,
    check_name,
)

CutOffKind = Literal[
    "allocation",
    "confirmation",
    "affirmation",
    "delivery-versus-payment",
    "free-of-payment",
]
"""What is to be done by then; against payment and free of it have cut-offs each."""

_ONE_DAY: Final = timedelta(days=1)


@final
@attrs.frozen(order=False, kw_only=True)
class CutOff:
    """A time of day where something happens, on the trade date or some days later.

    Attributes:
        name: whose cut-off it is.
        kind: what is to be done by then.
        local_time: the time of day there, included.
        zone: name of the time zone, such as ``America/New_York``.
        days: business days after the trade date; 0 is that day itself.
        source: who says so.

    Raises:
        InvalidOption: an unknown kind or time zone, a time with a zone of its own, or
            days below zero.
    """

    name: str
    kind: CutOffKind
    local_time: time
    zone: str
    days: int = 0
    source: str = ""

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "name")
        check_choice(self.kind, CutOffKind, "kind")
        if not isinstance(self.local_time, time) or self.local_time.tzinfo is not None:
            raise InvalidOption(
                field="local_time", expected="a time without a zone", found=self.zone
            )
        if type(self.days) is not int or self.days < 0:
            raise InvalidOption(field="days", expected="an int from 0", found=self.days)
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError, TypeError):
            raise InvalidOption(
                field="zone", expected="the name of a time zone", found=self.zone
            ) from None

    def instant(
        self, trade_date: date, calendar: BusinessCalendar | None = None
    ) -> datetime:
        """Return the instant of the cut-off for trades of a day.

        Args:
            trade_date: the day.
            calendar: says which days count; needed where there are *days* to count.

        Raises:
            InvalidOption: a calendar is needed.
            CalendarHorizon: the calendar does not know the days.
        """
        check_day(trade_date, "trade_date")
        day, left = trade_date, self.days
        if left and calendar is None:
            raise InvalidOption(field="calendar", expected="one to count days with")
        while left and calendar is not None:
            day += _ONE_DAY
            left -= calendar.is_business_day(day)
        return datetime.combine(day, self.local_time, ZoneInfo(self.zone))

    def is_met(
        self, at: datetime, trade_date: date, calendar: BusinessCalendar | None = None
    ) -> bool:
        """Return whether an instant is not after the cut-off; arguments as `instant`.

        Raises:
            InvalidDate: an instant without a time zone.
        """
        if not isinstance(at, datetime) or at.tzinfo is None:
            raise InvalidDate(
                field="at", expected="a datetime with a time zone", found=at
            )
        return at <= self.instant(trade_date, calendar)


_DTCC: Final = "DTCC Connection, 2024-04-23"
DTC_ALLOCATION: Final = CutOff(
    name="DTC allocation",
    kind="allocation",
    local_time=time(19),
    zone="America/New_York",
    source=_DTCC,
)
"""19:00 in New York on the trade date, as DTCC recommends."""

DTC_AFFIRMATION: Final = CutOff(
    name="DTC affirmation",
    kind="affirmation",
    local_time=time(21),
    zone="America/New_York",
    source=_DTCC,
)
"""21:00 in New York on the trade date; who misses it can still deliver otherwise."""

EU_LATE_ALLOCATION: Final = CutOff(
    name="EU allocation from afar",
    kind="allocation",
    local_time=time(12),
    zone="Europe/Brussels",
    days=1,
    source="RTS 2018/1229 Art. 2(2)",
)
"""12:00 CET on the next business day: for clients more than two hours away, and for
orders executed after 16:00 CET."""
