"""When ``calendar-horizon`` is raised, and what it says."""

import pickle
from datetime import date

import pytest

from backoffice_ledger.calendars import business_calendar
from backoffice_ledger.errors import CalendarHorizon


def test_a_year_that_nobody_has_announced() -> None:
    """The message names the calendar, what it knows and what was asked for."""
    with pytest.raises(CalendarHorizon) as caught:
        business_calendar("TARGET").is_business_day(date(2031, 1, 1))
    assert str(caught.value) == (
        "[calendar-horizon] day: calendar TARGET; expected 2002-01-01 to 2030-12-31, "
        "found 2031-01-01 (use a calendar that covers the day, or a newer version of "
        "its data)"
    )
    assert (caught.value.code, caught.value.field) == ("calendar-horizon", "day")
    assert isinstance(caught.value, LookupError)
    assert pickle.loads(pickle.dumps(caught.value)).found == "2031-01-01"  # noqa: S301
