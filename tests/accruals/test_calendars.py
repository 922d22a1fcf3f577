"""Schedules in a book with fiscal years: their periods are those of the book."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import postgresql_server
import pytest

import backoffice_ledger as bl
from backoffice_ledger.accruals import (
    Accruals,
    Amendment,
    Deferral,
    Method,
    Span,
    Usage,
)
from backoffice_ledger.calendars import (
    CalendarMonths,
    FiscalMonths,
    FiscalWeeks,
    SuccessiveCalendars,
)
from backoffice_ledger.errors import InvalidOption

RETAIL = FiscalWeeks("saturday", rule="nearest", month=1, named_by="start")
QUARTER = Span.inclusive(date(2026, 2, 1), date(2026, 5, 2))
"""The thirteen weeks of the first quarter of 2026: 4, 5 and 4."""
Make = Callable[..., Deferral]


def booked(ledger: bl.Ledger) -> list[tuple[str, str, str]]:
    """Return what was posted: end of the id, date and amount."""
    return [
        (
            record.id.rpartition("/")[2],
            str(record.entry.date),
            record.entry.postings[0].amount.number,
        )
        for record in ledger.view().entries()
    ]


WEEKLY = [
    ("FY2026-P01", "2026-02-28", "40.00"),
    ("FY2026-P02", "2026-04-04", "50.00"),
    ("FY2026-P03", "2026-05-02", "40.00"),
]


@pytest.fixture
def quarter(insurance: Make) -> Deferral:
    """Return a deferral of 130.00 over thirteen weeks, by days."""
    return insurance(total="130.00 EUR", span=QUARTER, method="days")


def test_parts_follow_the_weeks(
    ledger: bl.Ledger, accruals: Accruals, quarter: Deferral
) -> None:
    """Each period has its own weeks; a run for a closed period goes to the next."""
    ledger.periods.use(RETAIL)
    accruals.schedule(quarter)
    accruals.schedule(quarter)
    ledger.periods.close("FY2026-P01")
    accruals.run(through=date(2026, 5, 2), on_closed="first-open-day")
    assert booked(ledger) == [("FY2026-P01", "2026-03-01", "40.00"), *WEEKLY[1:]]
    assert accruals.get(quarter.id).calendar == RETAIL


def test_a_schedule_keeps_its_calendar(
    ledger: bl.Ledger, accruals: Accruals, quarter: Deferral
) -> None:
    """What the book uses later changes nothing that was agreed before."""
    accruals.schedule(quarter)
    ledger.periods.use(RETAIL)
    accruals.schedule(quarter)
    accruals.run(through=date(2026, 5, 31))
    assert [period for period, *_ in booked(ledger)] == [
        "2026-02",
        "2026-03",
        "2026-04",
        "2026-05",
    ]


def test_a_schedule_may_have_another_calendar(
    ledger: bl.Ledger, accruals: Accruals, insurance: Make
) -> None:
    """It says so itself, and knows its parts before a book does."""
    quarter = insurance(
        total="130.00 EUR", span=QUARTER, method="equal", calendar=RETAIL
    )
    assert [part.period for part in quarter.parts()] == [name for name, *_ in WEEKLY]
    ledger.periods.use(FiscalMonths(7))
    months = insurance(id="months", span=QUARTER, calendar=CalendarMonths())
    accruals.schedule(months)
    accruals.schedule(quarter)
    assert accruals.schedule(quarter).version == 1  # the same again
    assert accruals.get("months").calendar == CalendarMonths()
    assert accruals.get(quarter.id) == quarter


@pytest.mark.parametrize(
    ("method", "weights"),
    [
        ("full-months", (1, 1, 1)),
        ("equal", (1, 1, 1)),
        ("days", (28, 35, 28)),
        ("half-month", (1, 2, 2)),
        ("front-loaded", (3, 2, 1)),
    ],
)
def test_methods_by_weeks(
    insurance: Make, method: Method, weights: tuple[int, ...]
) -> None:
    """A period of weeks is what a month is otherwise."""
    assert insurance(span=QUARTER, method=method, calendar=RETAIL).weights() == weights


def test_a_period_that_is_not_full(insurance: Make) -> None:
    """It counts only if the span reaches its end."""
    span = Span.inclusive(date(2026, 2, 1), date(2026, 4, 30))
    assert insurance(span=span, calendar=RETAIL).weights() == (1, 1, 0)


def test_mid_quarter_is_for_calendar_months(insurance: Make) -> None:
    """Also those of a fiscal year; weeks have no calendar quarter."""
    span = Span.months(date(2026, 2, 1), 6)
    months = insurance(span=span, method="mid-quarter")
    fiscal = insurance(span=span, method="mid-quarter", calendar=FiscalMonths(7))
    assert fiscal.weights() == months.weights()
    cut = SuccessiveCalendars(CalendarMonths(), [(date(2026, 5, 3), RETAIL)])
    for calendar in (RETAIL, cut):
        with pytest.raises(InvalidOption, match="no calendar months"):
            insurance(span=span, method="mid-quarter", calendar=calendar)


def test_no_calendar(insurance: Make) -> None:
    """One that cannot be kept is refused."""
    with pytest.raises(InvalidOption):
        insurance(calendar="months")


def test_usage_and_changes_by_weeks(
    ledger: bl.Ledger, accruals: Accruals, insurance: Make
) -> None:
    """Periods have the names of the calendar; a month is none of them."""
    ledger.periods.use(RETAIL)
    accruals.schedule(
        insurance(total="130.00 EUR", span=QUARTER, method="usage", units=13)
    )
    id_ = "insurance-2026"
    accruals.amend(id_, Usage(id="m1", period="FY2026-P01", units=4))
    for wrong in ("2026-03", "FY2026-P07"):
        with pytest.raises(InvalidOption):
            accruals.amend(id_, Usage(id="m2", period=wrong, units=5))
    accruals.amend(id_, Usage(id="m2", period="FY2026-P02", units=5))
    accruals.schedule(insurance(id="other", total="130.00 EUR", span=QUARTER))
    day = date(2026, 3, 1)
    change = Amendment(
        id="more", effective=day, total="150.00 EUR", policy="prospective"
    )
    accruals.amend("other", change)
    accruals.run(through=date(2026, 5, 2))
    usage = [line for line in booked(ledger) if line[2] in ("40.00", "50.00")]
    assert usage == WEEKLY


def test_cut_offs_at_the_ends_of_weeks(
    ledger: bl.Ledger, accruals: Accruals, insurance: Make
) -> None:
    """Each calendar has its own period ends, in one book."""
    ledger.periods.use(RETAIL)
    options = {"total": "130.00 EUR", "span": QUARTER, "method": "days"}
    accruals.schedule(insurance(**options, style="cut-off"))
    accruals.schedule(
        insurance(**options, id="m", style="cut-off", calendar=CalendarMonths())
    )
    accruals.run(through=date(2026, 3, 31))
    accruals.run(through=date(2026, 4, 30))
    ids = [record.id for record in ledger.view().entries()]
    found = [id_ for id_ in ids if not id_.startswith("reversal:")]
    assert [id_.split("/")[-2:] for id_ in found] == [
        ["2026-02", "1"],
        ["FY2026-P01", "1"],
        ["2026-03", "1"],
        ["FY2026-P02", "1"],
        ["2026-04", "1"],
    ]
    ledger.verify()


def life(open_again: Callable[[], bl.Ledger], quarter: Deferral) -> None:
    """Schedule, close the book in the middle, and run in what was opened again."""
    with open_again() as ledger:
        for path, type_ in (
            ("assets:prepaid", "asset"),
            ("expenses:insurance", "expense"),
        ):
            ledger.open_account(path, type=type_)
        ledger.periods.use(RETAIL, reason="retail years")
        Accruals(ledger).schedule(quarter)
        Accruals(ledger).run(through=date(2026, 2, 28))
    with open_again() as ledger:
        ledger.periods.close("FY2026-P01")
        Accruals(ledger).run(through=date(2026, 5, 2))
        assert booked(ledger) == WEEKLY
        ledger.verify()


def test_a_schedule_survives_in_a_file(tmp_path: Path, quarter: Deferral) -> None:
    """Calendar, schedule and closed periods are what they were."""
    path = tmp_path / "books.db"
    life(lambda: bl.open_ledger(path, actor="clerk", create=True), quarter)


def test_a_schedule_survives_on_a_server(tmp_path: Path, quarter: Deferral) -> None:
    """As in a file."""
    store = postgresql_server.store_of(tmp_path)
    life(lambda: bl.open_ledger(store, actor="clerk", create=True), quarter)
    store.close()
