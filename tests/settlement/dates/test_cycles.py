"""Settlement dates against the schedules that NASD published, and around switches."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger.calendars import (
    BUSINESS_CALENDARS,
    HolidayCalendar,
    business_calendar,
    joint,
)
from backoffice_ledger.errors import (
    BoundExceeded,
    CalendarHorizon,
    InvalidDate,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.settlement.dates import (
    SETTLEMENT_CYCLES,
    SettlementCycle,
    settlement_cycle,
    settlement_date,
)

DATA = Path(__file__).parents[2] / "data"
EU, UK = ("EU", "transferable-securities"), ("UK", "transferable-securities")
US = ("US", "equities")


def published() -> list[Any]:
    """Return the rows of NASD's schedules: notice, trade date, settlement date."""
    path = DATA / "settlement_dates_nasd.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            pytest.param(
                date.fromisoformat(row["trade_date"]),
                date.fromisoformat(row["settlement_date"]),
                id=f"{row['notice']}-{row['trade_date']}",
            )
            for row in csv.DictReader(stream)
        ]


@pytest.mark.parametrize(("traded", "settles"), published())
def test_published_schedules(traded: date, settles: date) -> None:
    """NASD Notices to Members 88-82 to 00-82, every row, T+5 and then T+3.

    Trades on days on which exchanges are open and banks closed settle together with
    those of the day before: 1988-11-11, 1989-01-16, 1992-11-11, 1995-10-09, 1999-10-11.
    """
    assert settlement_date(traded, *US) == settles


@pytest.mark.parametrize("calendar", ["US-EXCH", "US-FED"])
def test_neither_calendar_alone_will_do(calendar: str) -> None:
    """The exchanges' is wrong around bank holidays, the banks' around Good Friday."""
    wrong = [
        row
        for row in published()
        if settlement_date(row.values[0], *US, calendar=business_calendar(calendar))
        != row.values[1]
    ]
    assert wrong


@pytest.mark.parametrize(
    ("market", "first", "second", "settles"),
    [
        (US, date(2024, 5, 24), date(2024, 5, 28), date(2024, 5, 29)),
        (EU, date(2027, 10, 8), date(2027, 10, 11), date(2027, 10, 12)),
        (UK, date(2027, 10, 8), date(2027, 10, 11), date(2027, 10, 12)),
    ],
)
def test_a_shorter_cycle_makes_a_double_settlement_day(
    market: tuple[str, str], first: date, second: date, settles: date
) -> None:
    """The last trades of the old cycle settle with the first ones of the new.

    Sources: SEC Rule 15c6-1 (T+1 from 2024-05-28), Regulation (EU) 2025/2075 and the
    draft of the UK (T+1 from 2027-10-11).
    """
    assert settlement_date(first, *market) == settles
    assert settlement_date(second, *market) == settles
    assert settlement_cycle(first, *market).lag_days == 2
    assert settlement_cycle(second, *market).lag_days == 1


@pytest.mark.parametrize(
    ("day", "lag_days"),
    [
        (date(1994, 12, 30), 5),
        (date(1995, 6, 7), 3),
        (date(2017, 9, 1), 3),
        (date(2017, 9, 5), 2),
        (date(2024, 5, 27), 2),
        (date(2024, 5, 28), 1),
    ],
)
def test_cycles_of_the_united_states(day: date, lag_days: int) -> None:
    """Each row holds from its first trade date to that of the next."""
    assert settlement_cycle(day, *US).lag_days == lag_days


def test_a_day_that_no_source_vouches_for() -> None:
    """In early 1995 the cycle went from five days to three over some steps."""
    with pytest.raises(CalendarHorizon) as caught:
        settlement_date(date(1995, 6, 1), *US)
    assert caught.value.field == "trade_date"
    with pytest.raises(CalendarHorizon):
        settlement_date(date(2014, 10, 3), *EU)


def test_a_day_of_mourning_is_a_settlement_day() -> None:
    """On 2025-01-09 exchanges were closed, Fedwire and DTCC open (SIFMA)."""
    assert settlement_date(date(2025, 1, 8), *US) == date(2025, 1, 9)


def test_a_repo_is_not_bound_by_the_european_rule() -> None:
    """Regulation (EU) 2025/2075 exempts financing; then the lag has to be said."""
    traded = date(2027, 10, 11)
    exempt = {"exemption": "securities-financing"}
    assert settlement_date(traded, *EU, lag_days=2, **exempt) == date(2027, 10, 13)
    assert settlement_date(traded, *EU, lag_days=0, **exempt) == traded
    for options in ({"lag_days": 2}, exempt, exempt | {"lag_days": 367}):
        with pytest.raises(InvalidOption) as caught:
            settlement_date(traded, *EU, **options)
        assert caught.value.field == "lag_days"


def test_exemptions_are_those_of_the_row() -> None:
    """Financing was not exempt before 2027-10-11, and the UK's row has none."""
    with pytest.raises(InvalidOption) as caught:
        settlement_date(
            date(2027, 10, 8), *EU, lag_days=3, exemption="securities-financing"
        )
    assert caught.value.field == "exemption"
    with pytest.raises(InvalidOption) as caught:
        settlement_date(date(2026, 3, 2), *UK, lag_days=3, exemption="agreed")
    assert caught.value.expected == "none, the rule has no exemptions"
    agreed = settlement_date(
        date(2026, 3, 2), *US, lag_days=3, exemption="expressly-agreed"
    )
    assert agreed == date(2026, 3, 5)


def test_the_rule_is_a_ceiling() -> None:
    """Earlier is always allowed; today means today or the next day that settles."""
    columbus_day = date(2026, 10, 12)
    assert settlement_date(columbus_day, *US) == date(2026, 10, 13)
    assert settlement_date(columbus_day, *US, lag_days=0) == date(2026, 10, 13)
    assert settlement_date(date(2026, 10, 13), *US, lag_days=0) == date(2026, 10, 13)
    for lag_days in (2, -1, True, 1.0, "1"):
        with pytest.raises(InvalidOption):
            settlement_date(columbus_day, *US, lag_days=lag_days)  # type: ignore[arg-type]


def test_a_market_without_a_calendar_of_ours() -> None:
    """Canada's and Mexico's cycle is known, their holidays are for the caller."""
    day = date(2026, 3, 2)
    with pytest.raises(InvalidOption) as caught:
        settlement_date(day, "CA", "equities")
    assert caught.value.field == "calendar"
    toronto = HolidayCalendar(
        "Toronto",
        closures=[date(2026, 3, 3)],
        valid_from=date(2026, 1, 1),
        valid_through=date(2026, 12, 31),
    )
    settles = settlement_date(day, "CA", "equities", calendar=toronto)
    assert settles == date(2026, 3, 4)
    assert settlement_cycle(day, "MX", "equities").lag_days_max == 1
    with pytest.raises(InvalidOption):
        settlement_date(day, *US, calendar="US-FED")  # type: ignore[arg-type]


def test_rows_of_your_own() -> None:
    """A market that is not built in is a row; the law allows two days, one is usual."""
    row = SettlementCycle(
        "CH",
        "equities",
        date(2026, 1, 1),
        lag_days=1,
        lag_days_max=2,
        calendars=["TARGET"],
        source="house rule",
    )
    table = (*SETTLEMENT_CYCLES, row)
    day = date(2026, 3, 2)
    assert settlement_date(day, "CH", "equities", table=table) == date(2026, 3, 3)
    assert settlement_date(day, "CH", "equities", lag_days=2, table=table) == date(
        2026, 3, 4
    )


def test_names_that_the_table_does_not_have() -> None:
    """A market or a class that is unknown is never given another's cycle."""
    with pytest.raises(InvalidOption) as caught:
        settlement_date(date(2026, 3, 2), "JP", "equities")
    assert caught.value.field == "market"
    with pytest.raises(InvalidOption) as caught:
        settlement_date(date(2026, 3, 2), "US", "government-bonds")
    assert caught.value.field == "instrument_class"
    with pytest.raises(InvalidDate):
        settlement_date("2026-03-02", *US)  # type: ignore[arg-type]
    with pytest.raises(BoundExceeded):
        settlement_date(date(1, 1, 1), *US)


@pytest.mark.parametrize(
    "options",
    [
        {"lag_days": 2},
        {"lag_days": 1.0},
        {"lag_days_max": 11},
        {"lag_days_max": None},
        {"calendars": ["XETR"]},
        {"trade_date_from": None},
        {"trade_date_through": "2026"},
    ],
)
def test_rows_that_cannot_be(options: dict[str, Any]) -> None:
    """A usual lag above the ceiling, calendars and dates that are none."""
    fields: dict[str, Any] = {
        "market": "CH",
        "instrument_class": "equities",
        "trade_date_from": date(2026, 1, 1),
        "lag_days": 1,
        "lag_days_max": 1,
    }
    with pytest.raises(LedgerError):
        SettlementCycle(**fields | options)


def test_every_row_says_where_it_is_from() -> None:
    """No row without a source, two for one day, or a draft that does not say so."""
    assert all(row.source for row in SETTLEMENT_CYCLES)
    keys = [
        (row.market, row.instrument_class, row.trade_date_from)
        for row in SETTLEMENT_CYCLES
    ]
    assert len(set(keys)) == len(keys)
    drafts = {(row.market, row.lag_days) for row in SETTLEMENT_CYCLES if row.is_draft}
    assert drafts == {("UK", 1)}
    names = {name for row in SETTLEMENT_CYCLES for name in row.calendars}
    assert names == set(BUSINESS_CALENDARS)


@given(
    st.dates(date(2014, 10, 6), date(2030, 12, 1)),
    st.dates(date(2014, 10, 6), date(2030, 12, 1)),
    st.sampled_from([US, EU, UK]),
)
def test_who_trades_later_never_settles_earlier(
    one: date, other: date, market: tuple[str, str]
) -> None:
    """Within a cycle; a shorter one may at most make them settle together."""
    early, late = sorted((one, other))
    settles = settlement_date(early, *market)
    assert settles <= settlement_date(late, *market)
    calendar = joint(
        *map(business_calendar, settlement_cycle(early, *market).calendars)
    )
    assert calendar.is_business_day(settles)
    assert settles > early
