"""Roll conventions and steps of months, by the tables of OpenGamma Strata."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger.calendars import (
    SATURDAY_SUNDAY,
    HolidayCalendar,
    add_months,
    roll,
)
from backoffice_ledger.errors import (
    BoundExceeded,
    CalendarHorizon,
    InvalidDate,
    InvalidOption,
)

WEEKDAYS = HolidayCalendar(
    "Weekdays",
    closures=[],
    valid_from=date(2013, 1, 1),
    valid_through=date(2015, 12, 31),
    weekend=SATURDAY_SUNDAY,
)


class Plain:
    """A calendar that knows no more than the protocol asks for."""

    def is_business_day(self, day: date) -> bool:
        """Tell whether it is Monday to Friday."""
        return day.weekday() < 5


PLAIN = Plain()
JULY = (date(2014, 7, 11), date(2014, 7, 12), date(2014, 7, 13), date(2014, 7, 14))
AUGUST = (date(2014, 8, 29), date(2014, 8, 30), date(2014, 8, 31), date(2014, 9, 1))
OCTOBER = (date(2014, 10, 31), date(2014, 11, 1), date(2014, 11, 2), date(2014, 11, 3))
NOVEMBER = (
    date(2014, 11, 14),
    date(2014, 11, 15),
    date(2014, 11, 16),
    date(2014, 11, 17),
)
BACK, ON = (0, 0, 0, 3), (0, 3, 3, 3)
"""Which of Friday to Monday stand for them: Friday and Monday, or all Monday."""

ROLLS: list[tuple[Any, tuple[date, ...], tuple[int, ...]]] = [
    ("no-adjust", JULY, (0, 1, 2, 3)),
    ("following", JULY, ON),
    ("following", AUGUST, ON),
    ("following", OCTOBER, ON),
    ("modified-following", JULY, ON),
    ("modified-following", AUGUST, BACK),
    ("modified-following", OCTOBER, ON),
    ("modified-following-bi-monthly", JULY, ON),
    ("modified-following-bi-monthly", AUGUST, BACK),
    ("modified-following-bi-monthly", OCTOBER, ON),
    ("modified-following-bi-monthly", NOVEMBER, (0, 0, 3, 3)),
    ("preceding", JULY, BACK),
    ("preceding", AUGUST, BACK),
    ("preceding", OCTOBER, BACK),
    ("modified-preceding", JULY, BACK),
    ("modified-preceding", AUGUST, BACK),
    ("modified-preceding", OCTOBER, ON),
    ("nearest", JULY, (0, 0, 3, 3)),
]


@pytest.mark.parametrize("calendar", [WEEKDAYS, PLAIN], ids=["table", "protocol"])
@pytest.mark.parametrize(("convention", "days", "which"), ROLLS)
def test_published_rolls(
    convention: Any, days: tuple[date, ...], which: tuple[int, ...], calendar: Any
) -> None:
    """Strata, BusinessDayConventionTest: each row from a Friday to a Monday."""
    rolled = [roll(day, convention, calendar) for day in days]
    assert rolled == [days[index] for index in which]


def test_nearest_to_a_monday_that_is_closed() -> None:
    """Strata, BusinessDayConventionTest.test_nearest."""
    calendar = HolidayCalendar(
        "Test",
        closures=[date(2014, 7, 14)],
        valid_from=date(2014, 1, 1),
        valid_through=date(2014, 12, 31),
    )
    assert [roll(day, "nearest", calendar) for day in JULY] == [
        date(2014, 7, 11),
        date(2014, 7, 11),
        date(2014, 7, 15),
        date(2014, 7, 15),
    ]


@pytest.mark.parametrize(
    ("month_end", "day", "months", "expected"),
    [
        ("none", date(2014, 7, 11), 1, date(2014, 8, 11)),
        ("none", date(2014, 7, 31), 1, date(2014, 8, 31)),
        ("none", date(2014, 6, 30), 2, date(2014, 8, 30)),
        ("last-day", date(2014, 7, 11), 1, date(2014, 8, 11)),
        ("last-day", date(2014, 7, 31), 1, date(2014, 8, 31)),
        ("last-day", date(2014, 6, 30), 2, date(2014, 8, 31)),
        ("last-business-day", date(2014, 7, 11), 1, date(2014, 8, 11)),
        ("last-business-day", date(2014, 7, 31), 1, date(2014, 8, 29)),
        ("last-business-day", date(2014, 6, 30), 2, date(2014, 8, 29)),
    ],
)
def test_published_steps_of_months(
    month_end: Any, day: date, months: int, expected: date
) -> None:
    """Strata, PeriodAdditionConventionTest."""
    for calendar in (WEEKDAYS, PLAIN):
        asked = calendar if month_end == "last-business-day" else None
        found = add_months(day, months, month_end=month_end, calendar=asked)
        assert found == expected


def test_steps_go_from_the_anchor() -> None:
    """A short month does not shorten those after it."""
    anchor = date(2015, 1, 31)
    found = [add_months(anchor, step) for step in range(-2, 4)]
    assert [(day.month, day.day) for day in found] == [
        (11, 30),
        (12, 31),
        (1, 31),
        (2, 28),
        (3, 31),
        (4, 30),
    ]


def test_what_cannot_be_rolled() -> None:
    """Unknown names, instants and days beyond the horizon are refused."""
    with pytest.raises(InvalidOption) as caught:
        roll(date(2014, 7, 12), "forward", WEEKDAYS)  # type: ignore[arg-type]
    assert caught.value.field == "convention"
    with pytest.raises(InvalidOption):
        roll(date(2014, 7, 12), [], WEEKDAYS)  # type: ignore[arg-type]
    with pytest.raises(InvalidDate):
        roll("2014-07-12", "following", WEEKDAYS)  # type: ignore[arg-type]
    with pytest.raises(CalendarHorizon):
        roll(date(2016, 1, 1), "following", WEEKDAYS)
    with pytest.raises(InvalidOption):
        roll(date(2014, 7, 12), "following", "TARGET")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"months": 1.0}, "months"),
        ({"months": True}, "months"),
        ({"months": 10**9}, "months"),
        ({"months": -12_000}, "months"),
        ({"month_end": "end"}, "month_end"),
        ({"month_end": []}, "month_end"),
        ({"month_end": "last-business-day"}, "calendar"),
        ({"calendar": WEEKDAYS}, "calendar"),
        ({"month_end": "last-business-day", "calendar": "TARGET"}, "calendar"),
    ],
)
def test_steps_that_cannot_be(options: dict[str, Any], field: str) -> None:
    """What is missing or too much is named."""
    with pytest.raises((InvalidOption, BoundExceeded)) as caught:
        add_months(date(2014, 7, 12), **{"months": 1} | options)
    assert caught.value.field == field


@given(
    st.dates(date(2013, 2, 1), date(2015, 11, 30)),
    st.sampled_from([row[0] for row in ROLLS if row[0] != "no-adjust"]),
    st.sets(st.dates(date(2013, 2, 1), date(2015, 11, 30)), max_size=10),
)
def test_a_rolled_date_is_a_business_day(
    day: date, convention: Any, closures: set[date]
) -> None:
    """Rolling twice changes nothing, and a business day stays where it is."""
    calendar = HolidayCalendar(
        "Any",
        closures=closures,
        valid_from=WEEKDAYS.valid_from,
        valid_through=WEEKDAYS.valid_through,
    )
    rolled = roll(day, convention, calendar)
    assert calendar.is_business_day(rolled)
    assert roll(rolled, convention, calendar) == rolled
    assert abs(rolled - day) < timedelta(days=25)
    if calendar.is_business_day(day):
        assert rolled == day
