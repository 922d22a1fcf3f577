"""Value dates of foreign exchange: spot, and tenors from there."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, final

import attrs

from backoffice_ledger.calendars import (
    FRIDAY_SATURDAY,
    HolidayCalendar,
    MonthEnd,
    RollConvention,
    Weekend,
    add_months,
    business_calendar,
    roll,
)
from backoffice_ledger.checks import check_date
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.dates._checks import check_calendar, check_lag

_ONE_DAY: Final = timedelta(days=1)
_CODE: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_TENOR: Final = re.compile(r"([1-9][0-9]{0,3})([DWMY])", re.ASCII)
_FRIDAY_TO_SUNDAY: Final = Weekend(["friday", "saturday", "sunday"])

FX_CALENDARS: Final[Mapping[str, str]] = MappingProxyType(
    {"EUR": "TARGET", "GBP": "GB-EW", "USD": "US-FED"}
)
"""The built-in calendars of currencies; others are for the caller to bring."""

FX_LAG_DAYS: Final[Mapping[frozenset[str], int]] = MappingProxyType(
    {frozenset({"USD", "CAD"}): 1}
)
"""Pairs whose spot date is not two days off.  Source: ObjectLab Kit."""

FX_CROSS_MUST_BE_OPEN: Final = frozenset({"ARS", "CLP", "MXN"})
"""Currencies for which a holiday in USD counts on the first day too.

Source: ObjectLab Kit, after londonfx.co.uk.
"""

CURRENCY_WEEKENDS: Final[Mapping[str, Weekend]] = MappingProxyType(
    {
        "AED": Weekend(
            FRIDAY_SATURDAY.days, changes=[(date(2022, 1, 1), ("saturday", "sunday"))]
        ),
        "BHD": FRIDAY_SATURDAY,
        "EGP": FRIDAY_SATURDAY,
        "JOD": _FRIDAY_TO_SUNDAY,
        "KWD": FRIDAY_SATURDAY,
        "OMR": FRIDAY_SATURDAY,
        "QAR": FRIDAY_SATURDAY,
        "SAR": _FRIDAY_TO_SUNDAY,
    }
)
"""Weekends other than Saturday and Sunday, for the calendars that you make.

Source: ObjectLab Kit; for AED from 2022 on the package ``holidays``.
"""


class _AllOpen:
    """Open when all calendars are; little is asked, so it makes no table."""

    def __init__(self, calendars: Iterable[HolidayCalendar]) -> None:
        self._calendars = tuple(calendars)

    def is_business_day(self, day: date) -> bool:
        """Tell whether all are open."""
        return all(calendar.is_business_day(day) for calendar in self._calendars)

    def next_or_same(self, day: date) -> date:
        """Return the first day on which all are open."""
        while not self.is_business_day(day):
            day += _ONE_DAY
        return day


def _check_code(value: object, field: str) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise InvalidOption(field=field, expected="a code such as EUR", found=value)
    return value


def _to_calendars(
    value: Mapping[str, HolidayCalendar] | Iterable[tuple[str, HolidayCalendar]],
) -> tuple[tuple[str, HolidayCalendar], ...]:
    try:
        by_code = dict(value)
    except (TypeError, ValueError):
        raise InvalidOption(
            field="calendars", expected="calendars by currency", found=value
        ) from None
    return tuple(
        (
            _check_code(code, "calendars"),
            check_calendar(by_code[code], f"calendars[{code}]"),
        )
        for code in sorted(by_code, key=str)
    )


@final
@attrs.frozen(order=False)
class FxPair:
    """A currency pair with what its value dates depend on.

    The spot date is found for each currency by itself, then for both.  It is not the
    second day of a joint calendar: a holiday in USD does not count on the first day,
    and a cross such as EUR/GBP has no spot date on a holiday in USD.

    >>> FxPair("EUR", "USD").spot_date(date(2023, 6, 16))  # Juneteenth is a Monday
    datetime.date(2023, 6, 20)

    Source: the algorithm of ObjectLab Kit (Apache-2.0), which follows
    londonfx.co.uk/valdates.html.

    Args:
        base: ISO 4217 code.
        quote: ISO 4217 code.
        calendars: calendars by currency, to be used before those of `FX_CALENDARS`.
        lag_days: 0, 1 or 2 days to spot; None for that of `FX_LAG_DAYS`, or else 2.
        cross_may_be_closed: whether spot may fall on a holiday of the *cross* currency
            (a broken date).
        move_trade_date: whether a trade on a day that is closed in either currency is
            one of the next day that is open in both.
        cross: the currency over which others are traded.

    Raises:
        InvalidOption: no codes, twice the same, no calendar for one of them, or a lag
            of another length.
    """

    base: str = attrs.field()
    quote: str = attrs.field()
    calendars: tuple[tuple[str, HolidayCalendar], ...] = attrs.field(
        default=(), converter=_to_calendars, kw_only=True
    )
    lag_days: int | None = attrs.field(default=None, kw_only=True)
    cross_may_be_closed: bool = attrs.field(default=False, kw_only=True)
    move_trade_date: bool = attrs.field(default=True, kw_only=True)
    cross: str = attrs.field(default="USD", kw_only=True)

    def __attrs_post_init__(self) -> None:
        for field in ("base", "quote", "cross"):
            _check_code(getattr(self, field), field)
            self.calendar(getattr(self, field))
        if self.base == self.quote:
            raise InvalidOption(
                field="quote", expected=f"another currency than {self.base}"
            )
        if self.lag_days is not None:
            check_lag(self.lag_days, "lag_days", 2)

    def calendar(self, currency: str) -> HolidayCalendar:
        """Return the calendar that is used for *currency*.

        Raises:
            InvalidOption: none is given, and none is built in.
        """
        for code, calendar in self.calendars:
            if code == currency:
                return calendar
        name = FX_CALENDARS.get(currency)
        if name is None:
            raise InvalidOption(
                field="calendars",
                expected=f"a calendar for {currency}, since none is built in",
            )
        return business_calendar(name)

    def spot_date(self, trade_date: date) -> date:
        """Return the spot date of a trade.

        Raises:
            CalendarHorizon: a calendar does not know the days.
            InvalidDate, BoundExceeded: *trade_date* is no date, or too far off.
        """
        day = check_date(trade_date, "trade_date")
        lag_days = self._lag_days()
        if self.move_trade_date or lag_days == 0:
            day = _AllOpen(map(self.calendar, (self.base, self.quote))).next_or_same(
                day
            )
        spots = (self._spot_of(code, day, lag_days) for code in (self.base, self.quote))
        return self._open().next_or_same(max(spots))

    def value_date(
        self,
        trade_date: date,
        tenor: str,
        *,
        convention: RollConvention = "modified-following",
        month_end: MonthEnd = "last-business-day",
    ) -> date:
        """Return the value date of a trade for a tenor.

        Args:
            trade_date: day of the trade.
            tenor: ``TOD``, the trade date itself, or ``TOM``, the next day, each
                moved to a day that is open; ``SPOT``; ``SN``, the day after spot; or a
                number of days, weeks, months or years from spot: ``2W``, ``18M``.
            convention: what becomes of a date that is closed.
            month_end: whether months from a spot date at the end of its month lead to
                the end of another (see `calendars.add_months`).

        Raises:
            InvalidOption: there is no such tenor, convention or *month_end*.
            CalendarHorizon: a calendar does not know the days.
            InvalidDate, BoundExceeded: a day is no date, or too far off.
        """
        check_date(trade_date, "trade_date")
        calendar = self._open()
        if tenor == "TOD":
            day = trade_date
        elif tenor == "TOM":
            day = trade_date + _ONE_DAY
        else:
            day = self._from_spot(self.spot_date(trade_date), tenor, month_end)
        return roll(day, convention, calendar)

    def _from_spot(self, spot: date, tenor: str, month_end: MonthEnd) -> date:
        if tenor == "SPOT":
            return spot
        match = _TENOR.fullmatch("1D" if tenor == "SN" else str(tenor))
        if match is None:
            raise InvalidOption(
                field="tenor", expected="TOD, TOM, SPOT, SN, 1W, 1M ...", found=tenor
            )
        count, unit = int(match[1]), match[2]
        if unit in "DW":
            return spot + count * (_ONE_DAY if unit == "D" else 7 * _ONE_DAY)
        return add_months(
            spot,
            count * (1 if unit == "M" else 12),
            month_end=month_end,
            calendar=self._open() if month_end == "last-business-day" else None,
        )

    def _lag_days(self) -> int:
        if self.lag_days is not None:
            return self.lag_days
        return FX_LAG_DAYS.get(frozenset({self.base, self.quote}), 2)

    def _open(self) -> _AllOpen:
        codes = [self.base, self.quote]
        if not self.cross_may_be_closed:
            codes.append(self.cross)
        return _AllOpen(map(self.calendar, dict.fromkeys(codes)))

    def _spot_of(self, currency: str, day: date, lag_days: int) -> date:
        """Return the spot date as *currency* alone would have it."""
        own = self.calendar(currency)
        if lag_days == 0:
            return day
        if lag_days == 2:
            if currency == self.cross:
                day += _ONE_DAY
                while own.weekend.holds(day):
                    day += _ONE_DAY
            else:
                day = own.next(day)
            if currency in FX_CROSS_MUST_BE_OPEN:
                cross = self.calendar(self.cross)
                day = _AllOpen((own, cross)).next_or_same(day)
        return own.next(day)
