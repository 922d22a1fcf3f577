"""Business days: counting, stepping, changes at short notice, joint calendars."""

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backoffice_ledger.calendars import (
    FRIDAY_SATURDAY,
    SATURDAY_SUNDAY,
    CalendarChange,
    HolidayCalendar,
    Weekend,
    business_calendar,
    joint,
)
from backoffice_ledger.errors import (
    CalendarHorizon,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.interest import year_fraction

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
NOON = datetime(2026, 5, 14, 12, tzinfo=UTC)
APRIL = date(2026, 4, 30)
DAYS = st.dates(FIRST, APRIL)


def office(*closures: date, **options: Any) -> HolidayCalendar:
    """Return a calendar of the year 2026."""
    defaults: dict[str, Any] = {"valid_from": FIRST, "valid_through": LAST}
    return HolidayCalendar("Office", closures=closures, **defaults | options)


@st.composite
def calendars(draw: st.DrawFn, name: str = "Any") -> HolidayCalendar:
    """Return any calendar of January to April 2026."""
    weekends = [Weekend([]), SATURDAY_SUNDAY, FRIDAY_SATURDAY]
    weekends.append(Weekend(["friday"], changes=[(date(2026, 3, 1), ["sunday"])]))
    changes = st.builds(
        CalendarChange, DAYS, st.sampled_from(["open", "closed"]), announced=DAYS
    )
    return HolidayCalendar(
        name,
        closures=draw(st.sets(DAYS, max_size=5)),
        valid_from=FIRST,
        valid_through=APRIL,
        weekend=draw(st.sampled_from(weekends)),
        changes=draw(st.lists(changes, max_size=2)),
    )


NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ASCENSION = date(2026, 5, 14)
"""A Thursday."""


def test_steps() -> None:
    """A step goes to the next or the previous day that is worked."""
    calendar = office(ASCENSION)
    assert not calendar.is_business_day(ASCENSION)
    assert not calendar.is_business_day(date(2026, 5, 16))
    assert calendar.is_business_day(date(2026, 5, 15))
    assert calendar.next(ASCENSION) == date(2026, 5, 15)
    assert calendar.next(date(2026, 5, 15)) == date(2026, 5, 18)
    assert calendar.next(date(2026, 5, 15), or_same=True) == date(2026, 5, 15)
    assert calendar.next(ASCENSION, or_same=True) == date(2026, 5, 15)
    assert calendar.previous(date(2026, 5, 15)) == date(2026, 5, 13)
    assert calendar.previous(date(2026, 5, 15), or_same=True) == date(2026, 5, 15)
    assert calendar.previous(ASCENSION, or_same=True) == date(2026, 5, 13)
    assert calendar.add(date(2026, 5, 13), 2) == date(2026, 5, 18)
    assert calendar.add(ASCENSION, 2) == date(2026, 5, 18)
    assert calendar.add(date(2026, 5, 18), -2) == date(2026, 5, 13)
    assert calendar.add(ASCENSION, -1) == date(2026, 5, 13)
    assert calendar.add(date(2026, 5, 13), 0) == date(2026, 5, 13)


def test_counts() -> None:
    """The first day counts, the last does not; reversed dates count below zero."""
    calendar = office(ASCENSION)
    start, end = date(2026, 5, 11), date(2026, 5, 18)
    assert calendar.between(start, end) == 4
    assert calendar.between(end, start) == -4
    assert calendar.between(start, start) == 0
    assert calendar.business_days(start, end) == (
        date(2026, 5, 11),
        date(2026, 5, 12),
        date(2026, 5, 13),
        date(2026, 5, 15),
    )
    assert calendar.closed_weekdays(start, end) == (ASCENSION,)
    assert calendar.closed_weekdays(end, start) == ()
    assert calendar.between(FIRST, LAST + timedelta(1)) == 260


def test_zero_days_after_a_closed_day() -> None:
    """Which day is meant is for the caller to say, with `roll`."""
    with pytest.raises(InvalidOption) as caught:
        office(ASCENSION).add(ASCENSION, 0)
    assert caught.value.expected == "a business day"


def test_beyond_the_horizon() -> None:
    """No question is answered with days that are not known."""
    calendar, early, late = office(), FIRST - timedelta(1), LAST + timedelta(1)
    questions: list[Callable[[], object]] = [
        lambda: calendar.is_business_day(early),
        lambda: calendar.is_business_day(late),
        lambda: calendar.next(LAST),
        lambda: calendar.next(late),
        lambda: calendar.previous(FIRST),
        lambda: calendar.add(date(2026, 12, 30), 2),
        lambda: calendar.add(date(2026, 1, 2), -2),
        lambda: calendar.add(FIRST, 10**30),
        lambda: calendar.add(FIRST, -(10**30)),
        lambda: calendar.between(FIRST, late + timedelta(1)),
        lambda: calendar.between(early, LAST),
        lambda: calendar.business_days(FIRST, late + timedelta(1)),
        lambda: calendar.closed_weekdays(early, LAST),
    ]
    for ask in questions:
        with pytest.raises(CalendarHorizon):
            ask()


@pytest.mark.parametrize("junk", [None, "2026-05-14", 20260514, NOON])
def test_what_is_no_date(junk: Any) -> None:
    """An instant is not a day."""
    calendar = office()
    for ask in (
        calendar.is_business_day,
        calendar.next,
        calendar.previous,
        calendar.known_at,
        lambda day: calendar.add(day, 1),
        lambda day: calendar.between(day, LAST),
        lambda day: calendar.between(FIRST, day),
    ):
        with pytest.raises(InvalidDate):
            ask(junk)


def test_a_subclass_of_date() -> None:
    """It counts as the date that it is."""

    class Day(date):
        pass

    assert office().is_business_day(Day(2026, 5, 14))
    assert office().between(Day(2026, 5, 14), Day(2026, 5, 15)) == 1


@pytest.mark.parametrize(
    ("options", "kind", "field"),
    [
        ({"closures": "2026-05-14"}, InvalidOption, "closures"),
        ({"closures": 5}, InvalidOption, "closures"),
        ({"closures": ["2026-05-14"]}, InvalidDate, "closures[0]"),
        ({"closures": [date(2027, 1, 1)]}, InvalidOption, "closures"),
        ({"valid_through": date(2025, 1, 1)}, InvalidOption, "valid_through"),
        ({"valid_from": None}, InvalidDate, "valid_from"),
        ({"weekend": ["sunday"]}, InvalidOption, "weekend"),
        ({"changes": 5}, InvalidOption, "changes[0]"),
        ({"changes": ["2026-05-14"]}, InvalidOption, "changes[0]"),
        (
            {"changes": [CalendarChange(date(2027, 1, 1), "open", announced=FIRST)]},
            InvalidOption,
            "changes",
        ),
        ({"name": ""}, InvalidIdentifier, "name"),
        ({"source": 5}, LedgerError, "source"),
        ({"version": None}, LedgerError, "version"),
    ],
)
def test_a_calendar_that_cannot_be(
    options: dict[str, Any], kind: type[LedgerError], field: str
) -> None:
    """The field that is wrong is named."""
    defaults: dict[str, Any] = {
        "name": "Office",
        "closures": [],
        "valid_from": FIRST,
        "valid_through": LAST,
    }
    with pytest.raises(kind) as caught:
        HolidayCalendar(**defaults | options)
    assert caught.value.field == field


@pytest.mark.parametrize("count", [1.0, "1", True, None])
def test_a_count_that_is_no_int(count: Any) -> None:
    """A float or a flag is no number of days."""
    with pytest.raises(InvalidOption):
        office().add(FIRST, count)


def test_a_change_that_cannot_be() -> None:
    """It is of a day, opens or closes, and became known on a day."""
    with pytest.raises(InvalidOption) as caught:
        CalendarChange(ASCENSION, "shut", announced=FIRST)  # type: ignore[arg-type]
    assert caught.value.field == "becomes"
    with pytest.raises(InvalidDate):
        CalendarChange(ASCENSION, "open", announced="2026")  # type: ignore[arg-type]


def test_a_day_of_mourning_is_known_from_its_announcement_on() -> None:
    """What was computed before it is computed again the same."""
    calendar = office().changed(
        CalendarChange(
            date(2026, 3, 10), "closed", announced=date(2026, 3, 4), source="circular 7"
        )
    )
    friday = date(2026, 3, 6)
    assert calendar.add(friday, 2) == date(2026, 3, 11)
    assert calendar.known_at(date(2026, 3, 3)).add(friday, 2) == date(2026, 3, 10)
    assert calendar.known_at(date(2026, 3, 4)).add(friday, 2) == date(2026, 3, 11)
    assert calendar.known_at(date(2026, 3, 3)) == office()


def test_a_later_change_overrides() -> None:
    """The last announcement of a day counts, in whatever order they are given."""
    closed = CalendarChange(date(2026, 3, 10), "closed", announced=date(2026, 3, 4))
    opened = CalendarChange(date(2026, 3, 10), "open", announced=date(2026, 3, 6))
    for changes in ([closed, opened], [opened, closed]):
        calendar = office().changed(*changes)
        between = calendar.known_at(date(2026, 3, 5))
        assert calendar.is_business_day(date(2026, 3, 10))
        assert not between.is_business_day(date(2026, 3, 10))


def test_a_saturday_may_be_worked() -> None:
    """A change opens a day of rest too."""
    saturday = date(2026, 3, 7)
    calendar = office().changed(CalendarChange(saturday, "open", announced=FIRST))
    assert calendar.is_business_day(saturday)
    assert calendar.closed_weekdays(saturday, date(2026, 3, 9)) == ()


def test_a_weekend_that_was_changed() -> None:
    """Each day has the weekend of its time."""
    emirates = Weekend(
        ["saturday", "friday"], changes=[(date(2022, 1, 1), ["saturday", "sunday"])]
    )
    calendar = HolidayCalendar(
        "Emirates",
        closures=[],
        valid_from=date(2021, 12, 1),
        valid_through=date(2022, 1, 31),
        weekend=emirates,
    )
    assert emirates.days == ("friday", "saturday")
    assert calendar.add(date(2021, 12, 30), 1) == date(2022, 1, 3)
    assert calendar.is_business_day(date(2021, 12, 26))
    assert not calendar.is_business_day(date(2022, 1, 9))


@pytest.mark.parametrize(
    ("days", "changes"),
    [
        (["someday"], []),
        ("monday", []),
        (5, []),
        ([[]], []),
        (NAMES, []),
        ([], 5),
        ([], "monday"),
        ([], ["monday"]),
        ([], [(FIRST, "monday")]),
        ([], [("2026", ["monday"])]),
    ],
)
def test_a_weekend_that_cannot_be(days: Any, changes: Any) -> None:
    """It names days, not all of them, and dates of changes."""
    with pytest.raises((InvalidOption, InvalidDate)):
        Weekend(days, changes=changes)


def test_a_joint_calendar_is_open_when_all_are() -> None:
    """It takes the days, the weekends and the horizons of all together."""
    dubai = HolidayCalendar(
        "Dubai",
        closures=[date(2026, 3, 20)],
        valid_from=date(2025, 1, 1),
        valid_through=date(2026, 6, 30),
        weekend=FRIDAY_SATURDAY,
        source="by hand",
        version="2",
    )
    both = joint(office(ASCENSION, source="memo", version="1"), dubai)
    assert (both.name, both.source, both.version) == (
        "Dubai+Office",
        "by hand; memo",
        "2; 1",
    )
    assert (both.valid_from, both.valid_through) == (FIRST, date(2026, 6, 30))
    assert both.weekend == Weekend(["friday", "saturday", "sunday"])
    assert both.add(date(2026, 5, 13), 1) == date(2026, 5, 18)
    assert [part.name for part in both.members] == ["Dubai", "Office"]
    assert joint(both, dubai) == both
    assert joint(dubai) is dubai


def test_a_joint_calendar_knows_what_its_members_knew() -> None:
    """Changes are of the members; the joint calendar follows."""
    change = CalendarChange(date(2026, 3, 10), "closed", announced=date(2026, 3, 4))
    other = HolidayCalendar("Other", closures=[], valid_from=FIRST, valid_through=LAST)
    both = joint(office().changed(change), other)
    assert not both.is_business_day(date(2026, 3, 10))
    assert both.known_at(date(2026, 3, 3)).is_business_day(date(2026, 3, 10))
    with pytest.raises(InvalidOption) as caught:
        both.changed(change)
    assert caught.value.field == "calendar"


def test_calendars_that_cannot_be_joined() -> None:
    """None at all, something else, two under one name, no day in common."""
    with pytest.raises(InvalidOption):
        joint()
    with pytest.raises(InvalidOption):
        joint("TARGET")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption) as caught:
        joint(office(), office(ASCENSION))
    assert caught.value.expected == "one calendar of each name"
    old = HolidayCalendar(
        "Old", closures=[], valid_from=date(2025, 1, 1), valid_through=date(2025, 1, 1)
    )
    with pytest.raises(InvalidOption):
        joint(office(), old)


def test_equality_is_by_what_is_stated() -> None:
    """What was asked before changes nothing, and a pickle is as good."""
    asked, fresh = office(ASCENSION), office(ASCENSION)
    asked.is_business_day(FIRST)
    assert asked == fresh
    assert hash(asked) == hash(fresh)
    assert pickle.loads(pickle.dumps(asked)) == fresh  # noqa: S301
    assert office() != fresh


def test_a_calendar_serves_for_day_counts() -> None:
    """One protocol for all: BUS/252 takes it, and counts as day by day."""
    calendar = business_calendar("TARGET")

    class Slow:
        def is_business_day(self, day: date) -> bool:
            return calendar.is_business_day(day)

    start, end = date(2026, 1, 1), date(2026, 12, 31)
    quick = year_fraction("BUS/252", start, end, calendar=calendar)
    assert quick == year_fraction("BUS/252", start, end, calendar=Slow())


@given(calendars(), DAYS, st.integers(-40, 40).filter(bool))
def test_adding_and_taking_away_are_inverse(
    calendar: HolidayCalendar, day: date, count: int
) -> None:
    """From a business day there and back again is the day itself."""
    assume(calendar.is_business_day(day))
    try:
        there = calendar.add(day, count)
    except CalendarHorizon:
        return
    assert calendar.is_business_day(there)
    assert calendar.add(there, -count) == day
    assert calendar.between(day, there) == count


@given(calendars(), DAYS, DAYS, st.integers(1, 20))
def test_adding_keeps_the_order(
    calendar: HolidayCalendar, one: date, other: date, count: int
) -> None:
    """Who trades later never settles earlier."""
    early, late = sorted((one, other))
    try:
        assert calendar.add(early, count) <= calendar.add(late, count)
    except CalendarHorizon:
        return


@given(calendars(), DAYS, DAYS)
def test_the_table_says_what_the_calendar_states(
    calendar: HolidayCalendar, one: date, other: date
) -> None:
    """Counts and steps are what going day by day finds."""
    start, end = sorted((one, other))
    says = {change.day: change.becomes == "open" for change in calendar.changes}
    days = [start + timedelta(n) for n in range((end - start).days)]
    closed = {day for day in days if calendar.weekend.holds(day)}
    closed |= set(calendar.closures)
    open_days = tuple(day for day in days if says.get(day, day not in closed))
    assert calendar.business_days(start, end) == open_days
    assert calendar.between(start, end) == len(open_days)
    if open_days:
        assert calendar.next(start, or_same=True) == open_days[0]
        assert calendar.previous(end) == open_days[-1]


@given(calendars("One"), calendars("Other"), DAYS)
def test_a_joint_calendar_is_symmetric(
    one: HolidayCalendar, other: HolidayCalendar, day: date
) -> None:
    """The order is nothing to it, and it is open when both are."""
    assert joint(one, other) == joint(other, one)
    both = one.is_business_day(day) and other.is_business_day(day)
    assert joint(one, other).is_business_day(day) is both
    before = joint(one, other).known_at(day)
    assert before == joint(one.known_at(day), other.known_at(day))
