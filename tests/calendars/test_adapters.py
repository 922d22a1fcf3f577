"""Calendars out of other packages, without their silence."""

import importlib.util
import sys
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import holidays
import pytest

from backoffice_ledger.calendars import (
    HolidayCalendar,
    Weekend,
    from_exchange_calendar,
    from_holidays,
)
from backoffice_ledger.errors import CalendarHorizon, InvalidDate, InvalidOption


def xetra(**options: Any) -> HolidayCalendar:
    """Return the calendar of Xetra out of the package holidays."""
    defaults: dict[str, Any] = {
        "name": "XETR",
        "valid_from": date(2016, 1, 1),
        "valid_through": date(2030, 12, 31),
        "version": holidays.__version__,
    }
    return from_holidays(holidays.financial_holidays("XETR"), **defaults | options)


def test_closures_are_those_of_the_package() -> None:
    """Xetra is closed on 24 and 31 December, and open on Whit Monday since 2022."""
    calendar = xetra()
    closed = calendar.closed_weekdays(date(2026, 1, 1), date(2027, 1, 1))
    assert closed == tuple(
        sorted(
            day
            for day in holidays.financial_holidays("XETR", years=2026)
            if day.weekday() < 5
        )
    )
    assert date(2026, 12, 24) in closed
    assert calendar.version == holidays.__version__
    assert calendar.source == "package holidays, XETR"


@pytest.mark.parametrize(("code", "first_year"), [("XETR", 2016), ("XPAR", 2019)])
def test_years_that_the_package_takes_for_open(code: str, first_year: int) -> None:
    """It says that Christmas before its first year was open; we refuse."""
    days = holidays.financial_holidays(code)
    before = date(first_year - 1, 12, 25)
    assert before not in days
    with pytest.raises(CalendarHorizon) as caught:
        from_holidays(
            days, name=code, valid_from=before, valid_through=date(2026, 12, 31)
        )
    assert caught.value.field == "valid_from"
    with pytest.raises(CalendarHorizon) as caught:
        from_holidays(
            days,
            name=code,
            valid_from=date(first_year, 1, 1),
            valid_through=date(days.end_year + 1, 1, 1),
        )
    assert caught.value.field == "valid_through"


def test_an_object_that_does_not_grow() -> None:
    """With `expand=False` it holds the years that it was given, and no others."""
    days = holidays.financial_holidays("XETR", years=[2025], expand=False)
    year = {"valid_from": date(2025, 1, 1), "valid_through": date(2025, 12, 31)}
    assert not from_holidays(days, name="XETR", **year).is_business_day(
        date(2025, 12, 25)
    )
    with pytest.raises(CalendarHorizon):
        from_holidays(days, name="XETR", **year | {"valid_through": date(2026, 1, 31)})


def test_what_is_not_of_the_packages() -> None:
    """A set of dates would say that all other years are open."""
    with pytest.raises(InvalidOption) as caught:
        from_holidays(
            {date(2026, 1, 1)},
            name="Set",
            valid_from=date(2026, 1, 1),
            valid_through=date(2026, 12, 31),
        )
    assert caught.value.field == "days"
    with pytest.raises(InvalidOption):
        from_exchange_calendar("XPAR")
    with pytest.raises(InvalidDate):
        xetra(valid_from="2016")


def test_sessions_are_trading_days() -> None:
    """Whatever has sessions and a mask of the week will do."""
    sunday_to_thursday = SimpleNamespace(
        name="XSAU",
        weekmask="1111001",
        sessions=[date(2026, 3, day) for day in (1, 2, 3, 4, 8, 9)],
    )
    calendar = from_exchange_calendar(sunday_to_thursday, version="4.13")
    assert calendar.weekend == Weekend(["friday", "saturday"])
    assert calendar.closures == (date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 7))
    assert (calendar.valid_from, calendar.valid_through) == (
        date(2026, 3, 1),
        date(2026, 3, 9),
    )
    assert calendar.add(date(2026, 3, 3), 2) == date(2026, 3, 8)
    assert (calendar.name, calendar.version) == ("XSAU", "4.13")


@pytest.mark.skipif(
    importlib.util.find_spec("exchange_calendars") is None,
    reason="the package exchange_calendars (with pandas) is not installed",
)
def test_sessions_of_the_package() -> None:
    """Paris as it was in 2025: closed on Good Friday, Easter Monday and 1 May."""
    package = importlib.import_module("exchange_calendars")
    calendar = from_exchange_calendar(
        package.get_calendar("XPAR", start="2025-01-01", end="2025-12-31")
    )
    closed = calendar.closed_weekdays(calendar.valid_from, calendar.valid_through)
    assert closed == (
        date(2025, 4, 18),
        date(2025, 4, 21),
        date(2025, 5, 1),
        date(2025, 12, 25),
        date(2025, 12, 26),
    )


def test_the_packages_are_not_loaded(run_python: Callable[..., str]) -> None:
    """Who does not use them does not pay for them."""
    script = "import sys, backoffice_ledger.calendars; print(*sys.modules)"
    loaded = set(run_python("-c", script).split())
    assert loaded & {"holidays", "exchange_calendars", "pandas"} == set()
    assert "holidays" in sys.modules
