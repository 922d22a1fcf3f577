"""On which day a trade settles: cycles as dated data."""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Final, final

import attrs

from backoffice_ledger.calendars import HolidayCalendar, business_calendar, joint
from backoffice_ledger.checks import check_date
from backoffice_ledger.errors import CalendarHorizon, InvalidOption
from backoffice_ledger.settlement.dates._checks import check_calendar, check_lag

_LAG_DAYS_MAX: Final = 10
_EXEMPT_DAYS_MAX: Final = 366


@cache
def _joint(names: tuple[str, ...]) -> HolidayCalendar:
    return joint(*map(business_calendar, names))


@final
@attrs.frozen
class SettlementCycle:
    """One row of the table: what held for trades of a market from a day on.

    Args:
        market: stable name of the market, such as ``"US"``.
        instrument_class: what is traded, such as ``"equities"``.
        trade_date_from: first trade date that the row is about.
        lag_days: business days from trade to settlement that are usual.
        lag_days_max: the most that the rule allows; law is a ceiling.
        calendars: names of built-in calendars that must all be open; none where the
            caller has to bring one.
        trade_date_through: last trade date that the source vouches for; None for
            until the next row.
        exemptions: kinds of trade that the rule does not bind.
        is_draft: whether the law is not adopted yet.
        source: where the row is from.

    Raises:
        InvalidOption: a lag is no number of days from 0 to 10, or above the ceiling; a
            calendar is not built in.
        InvalidDate, BoundExceeded: a day is none, or too far off.
    """

    market: str = attrs.field()
    instrument_class: str = attrs.field()
    trade_date_from: date = attrs.field()
    lag_days: int = attrs.field(kw_only=True)
    lag_days_max: int = attrs.field(kw_only=True)
    calendars: tuple[str, ...] = attrs.field(
        default=(), converter=tuple[str, ...], kw_only=True
    )
    trade_date_through: date | None = attrs.field(default=None, kw_only=True)
    exemptions: tuple[str, ...] = attrs.field(
        default=(), converter=tuple[str, ...], kw_only=True
    )
    is_draft: bool = attrs.field(default=False, kw_only=True)
    source: str = attrs.field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_date(self.trade_date_from, "trade_date_from")
        if self.trade_date_through is not None:
            check_date(self.trade_date_through, "trade_date_through")
        check_lag(self.lag_days_max, "lag_days_max", _LAG_DAYS_MAX)
        check_lag(self.lag_days, "lag_days", self.lag_days_max)
        for name in self.calendars:
            business_calendar(name)

    def covers(self, trade_date: date) -> bool:
        """Tell whether the row is about trades of *trade_date*."""
        through = self.trade_date_through or trade_date
        return self.trade_date_from <= trade_date <= through

    def calendar(self) -> HolidayCalendar:
        """Return the calendar of settlement days: open when all of them are.

        Raises:
            InvalidOption: the row names none; bring your own.
        """
        if not self.calendars:
            raise InvalidOption(
                field="calendar",
                expected=f"one of yours, since none is built in for {self.market}",
            )
        return _joint(self.calendars)


_US: Final = ("US-EXCH", "US-FED")
_US_NOW: Final = (
    "equities",
    "corporate-bonds",
    "municipal-bonds",
    "unit-investment-trusts",
)
_US_THEN: Final = ("equities", "corporate-bonds", "municipal-bonds")
_US_EXEMPTIONS: Final = ("expressly-agreed",)
_EU_EXEMPTIONS: Final = (
    "privately-negotiated",
    "bilateral-reported-to-venue",
    "first-recording-in-book-entry",
    "securities-financing",
)


def _rows(
    market: str,
    classes: Iterable[str],
    first: date,
    lag_days: int,
    source: str,
    *,
    calendars: tuple[str, ...] = (),
    through: date | None = None,
    exemptions: tuple[str, ...] = (),
    is_draft: bool = False,
) -> tuple[SettlementCycle, ...]:
    """Return a row for each class; none of them allows more than is usual."""
    return tuple(
        SettlementCycle(
            market,
            class_,
            first,
            lag_days=lag_days,
            lag_days_max=lag_days,
            calendars=calendars,
            trade_date_through=through,
            exemptions=exemptions,
            is_draft=is_draft,
            source=source,
        )
        for class_ in classes
    )


_SECURITIES: Final = ("transferable-securities",)

SETTLEMENT_CYCLES: Final = (
    *_rows(
        "US",
        _US_THEN,
        date(1988, 1, 1),
        5,
        "market custom; NASD Notices to Members 88-82, 92-54, 94-49",
        calendars=_US,
        through=date(1994, 12, 31),
    ),
    *_rows(
        "US",
        _US_THEN,
        date(1995, 6, 7),
        3,
        "SEC Rule 15c6-1, 58 FR 52891; effective date by release 34-34952",
        calendars=_US,
        exemptions=_US_EXEMPTIONS,
    ),
    *_rows(
        "US",
        _US_NOW,
        date(2017, 9, 5),
        2,
        "SEC Rule 15c6-1 as amended, 82 FR 15564",
        calendars=_US,
        exemptions=_US_EXEMPTIONS,
    ),
    *_rows(
        "US",
        _US_NOW,
        date(2024, 5, 28),
        1,
        "SEC Rule 15c6-1 as amended in 2023",
        calendars=_US,
        exemptions=_US_EXEMPTIONS,
    ),
    *_rows("CA", ("equities",), date(2024, 5, 27), 1, "Reuters, May 2024"),
    *_rows("MX", ("equities",), date(2024, 5, 27), 1, "Reuters, May 2024"),
    *_rows(
        "EU",
        _SECURITIES,
        date(2014, 10, 6),
        2,
        "move of European markets; Regulation (EU) 909/2014, Article 5(2)",
        calendars=("TARGET",),
        exemptions=_EU_EXEMPTIONS[:3],
    ),
    *_rows(
        "EU",
        _SECURITIES,
        date(2027, 10, 11),
        1,
        "Regulation (EU) 909/2014, Article 5(2), by Regulation (EU) 2025/2075",
        calendars=("TARGET",),
        exemptions=_EU_EXEMPTIONS,
    ),
    *_rows(
        "UK",
        _SECURITIES,
        date(2014, 10, 6),
        2,
        "move of European markets on 2014-10-06",
        calendars=("GB-EW",),
    ),
    *_rows(
        "UK",
        _SECURITIES,
        date(2027, 10, 11),
        1,
        "draft statutory instrument; date accepted by the government on 2025-02-19",
        calendars=("GB-EW",),
        is_draft=True,
    ),
)
"""The rows that are built in, each with its source.

Exemptions: in the US what the parties *expressly agreed* when they traded (12 CFR
151.130(a)(4)); in the EU trades that were *privately negotiated* but executed on a
venue, *bilateral* ones that were *reported to a venue*, the *first recording in
book-entry* form, and from 2027-10-11 on *securities financing*: loans, buy-sell-backs
and repos documented as one transaction of two legs.
"""


def settlement_cycle(
    trade_date: date,
    market: str,
    instrument_class: str,
    *,
    table: Iterable[SettlementCycle] = SETTLEMENT_CYCLES,
) -> SettlementCycle:
    """Return the row that holds for trades of *trade_date*: the latest that covers it.

    >>> settlement_cycle(date(2024, 5, 28), "US", "equities").lag_days
    1

    Raises:
        InvalidOption: the table has no such market or class.
        CalendarHorizon: it has none for that day.
        InvalidDate, BoundExceeded: *trade_date* is no date, or too far off.
    """
    check_date(trade_date, "trade_date")
    rows = [row for row in table if row.market == market]
    if not rows:
        raise InvalidOption(
            field="market", expected="a market of the table", found=market
        )
    of_class = [row for row in rows if row.instrument_class == instrument_class]
    if not of_class:
        classes = dict.fromkeys(row.instrument_class for row in rows)
        raise InvalidOption(
            field="instrument_class",
            expected=", ".join(classes),
            found=instrument_class,
        )
    found = [row for row in of_class if row.covers(trade_date)]
    if not found:
        first = min(row.trade_date_from for row in of_class)
        raise CalendarHorizon(
            f"settlement cycle of {instrument_class} in {market}",
            field="trade_date",
            expected=f"a day that a row covers; the first is {first}",
            found=trade_date,
        )
    return max(found, key=lambda row: row.trade_date_from)


def settlement_date(
    trade_date: date,
    market: str,
    instrument_class: str,
    *,
    lag_days: int | None = None,
    exemption: str | None = None,
    calendar: HolidayCalendar | None = None,
    table: Iterable[SettlementCycle] = SETTLEMENT_CYCLES,
) -> date:
    """Return the intended settlement date of a trade.

    It is that many settlement days after the trade date, which need not be one itself:
    exchanges trade on some days on which banks do not settle, and such trades settle
    together with those of the day before.

    >>> settlement_date(date(2024, 5, 24), "US", "equities")
    datetime.date(2024, 5, 29)

    Args:
        trade_date: day of the trade in the time zone of the market (see `CutOff`).
        market: a market of the table.
        instrument_class: a class of the table.
        lag_days: business days that were agreed on; None for what is usual.
        exemption: why the rule does not bind this trade, one of the row's
            `exemptions`; *lag_days* must then be given.
        calendar: settlement days, in place of those of the row.
        table: rows, with yours perhaps.

    Raises:
        InvalidOption: no such market, class or exemption; *lag_days* is above what the
            rule allows, or missing for an exempt trade; no calendar.
        CalendarHorizon: no row or no calendar covers the days.
        InvalidDate, BoundExceeded: *trade_date* is no date, or too far off.
    """
    cycle = settlement_cycle(trade_date, market, instrument_class, table=table)
    days = _lag_days(cycle, lag_days, exemption)
    if calendar is None:
        calendar = cycle.calendar()
    else:
        check_calendar(calendar, "calendar")
    if days == 0:
        return calendar.next(trade_date, or_same=True)
    return calendar.add(trade_date, days)


def _lag_days(
    cycle: SettlementCycle, lag_days: int | None, exemption: str | None
) -> int:
    if exemption is None:
        if lag_days is None:
            return cycle.lag_days
        return check_lag(lag_days, "lag_days", cycle.lag_days_max)
    if exemption not in cycle.exemptions:
        raise InvalidOption(
            field="exemption",
            expected=", ".join(cycle.exemptions) or "none, the rule has no exemptions",
            found=exemption,
        )
    return check_lag(lag_days, "lag_days", _EXEMPT_DAYS_MAX)
