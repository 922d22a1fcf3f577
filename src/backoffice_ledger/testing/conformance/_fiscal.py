"""Fiscal calendars in a book, and where late entries go."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import date
from pathlib import Path

import attrs

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.calendars import (
    BookCalendar,
    CalendarMonths,
    FiscalMonths,
    FiscalWeeks,
    FiscalYear,
    SuccessiveCalendars,
)
from backoffice_ledger.testing.conformance._periods import in_journal, rent
from backoffice_ledger.testing.conformance._twins import Opener, StoreCase, Twins

RETAIL = FiscalWeeks("saturday", rule="nearest", month=1, named_by="start")
JULY = FiscalMonths(first_month=7)


def use(
    books: Twins, calendar: BookCalendar, since: date | None = None
) -> BookCalendar:
    """Use a calendar in both books."""
    return books.do(lambda ledger: ledger.periods.use(calendar, since=since))


def close(books: Twins, name: str) -> None:
    """Close a period in both books."""
    books.do(lambda ledger: ledger.periods.close(name))


def listed(books: Twins) -> list[tuple[str, str]]:
    """Return the periods that the books list, with their states."""
    periods = books.do(lambda ledger: ledger.periods.all())
    return [(period.name, period.state.value) for period in periods]


class FiscalTests(StoreCase):
    """The calendar is a property of the book."""

    def test_a_book_has_calendar_months_at_first(self, tmp_path: Path) -> None:
        """Saying so again is no news."""
        with self.books(tmp_path) as books:
            assert books.do(lambda ledger: ledger.periods.calendar) == CalendarMonths()
            before = books.snapshot()
            assert use(books, CalendarMonths()) == CalendarMonths()
            assert books.snapshot() == before

    def test_a_calendar_is_a_record_of_the_book(self, tmp_path: Path) -> None:
        """Using the same one again changes nothing; its reason can be erased."""
        with self.books(tmp_path) as books:
            found = books.do(
                lambda ledger: ledger.periods.use(RETAIL, reason="Board, 3 May")
            )
            assert found == RETAIL
            [*_, record] = books.do(lambda ledger: list(ledger.records()))
            assert (record.type, record.id) == ("calendar", "calendar")
            assert record.content["calendar"]["kind"] == "fiscal-weeks"
            before = books.snapshot()
            use(books, RETAIL)
            assert books.snapshot() == before
            books.do(
                lambda ledger: ledger.redact(
                    "calendar", type="calendar", field="reason", basis="GDPR"
                )
            )
            assert books.do(lambda ledger: ledger.periods.calendar) == RETAIL

    def test_a_calendar_survives(self, tmp_path: Path) -> None:
        """Who opens the book later finds it, and its closed periods."""
        if not self.is_durable:
            return
        opener, oracle = Opener(), bl.MemoryStore()
        twin = Opener()
        for step in (0, 1):
            store = self.make_store(tmp_path)
            books = Twins(opener(store), twin(oracle))
            if step == 0:
                use(books, RETAIL)
                close(books, "FY2025-P12")
            assert books.do(lambda ledger: ledger.periods.calendar) == RETAIL
            assert listed(books) == [("FY2025-P12", "closed")]
            books.check()
            store.close()
        oracle.close()

    def test_periods_follow_the_calendar(self, tmp_path: Path) -> None:
        """Weeks that lie across months close as they are, not as months are."""
        with self.books(tmp_path) as books:
            use(books, RETAIL)
            # 2026-02-01 begins the year, 2026-02-28 ends its first period of 4 weeks
            books.post(rent("2026-02-28", "last"), rent("2026-03-01", "next"))
            assert listed(books) == [("FY2026-P01", "open"), ("FY2026-P02", "open")]
            refused = books.refuse(
                errors.PeriodTransition,
                lambda ledger: ledger.periods.close("FY2026-P02"),
            )
            assert "FY2026-P01 is open" in str(refused)
            close(books, "FY2026-P01")
            books.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(rent("2026-02-14", "late")),
            )
            books.post(rent("2026-03-02", "more"))
            assert listed(books) == [("FY2026-P01", "closed"), ("FY2026-P02", "open")]

    def test_only_periods_with_entries_hold_up_the_next(self, tmp_path: Path) -> None:
        """A month with entries is no proof that each period that it touches has any."""
        with self.books(tmp_path) as books:
            use(books, RETAIL)
            # March is touched by P02 (1 March to 4 April) and April by P02 and P03
            books.post(rent("2026-04-20", "april"))
            assert listed(books) == [("FY2026-P03", "open")]
            close(books, "FY2026-P03")
            close(books, "FY2026-P04")
            assert (
                books.do(lambda ledger: ledger.periods.get("FY2026-P02")).state
                is bl.PeriodState.CLOSED
            )

    def test_many_periods_with_entries(self, tmp_path: Path) -> None:
        """More than one question to the store asks about; each week has an entry."""
        with self.books(tmp_path) as books:
            use(books, RETAIL)
            days = [date(2007 + n // 12, n % 12 + 1, 15) for n in range(12 * 18)]
            entries = [rent(str(day), f"rent-{day}") for day in days]
            books.do(lambda ledger: ledger.post_many(entries).posted)
            names = sorted({RETAIL.period_of(day) for day in days})
            assert [name for name, _ in listed(books)] == names
            refused = books.refuse(
                errors.PeriodTransition,
                lambda ledger: ledger.periods.close(names[-1]),
            )
            assert f"{names[0]} is open" in str(refused)
            for year in range(2006, 2025):
                close(books, f"FY{year}")
            assert {state for _, state in listed(books)} == {"closed"}

    def test_years_and_quarters_stand_for_their_periods(self, tmp_path: Path) -> None:
        """All of them change, or none does."""
        with self.books(tmp_path) as books:
            use(books, JULY)
            books.post(rent("2025-07-01"), rent("2026-06-30", "june"))
            closed = books.do(lambda ledger: ledger.periods.close("FY2026-Q1"))
            assert [period.name for period in closed] == [
                "FY2026-P01",
                "FY2026-P02",
                "FY2026-P03",
            ]
            assert len(books.do(lambda ledger: ledger.periods.close("FY2026"))) == 12
            for name in ("2026-01", "FY2026-P13", "CY2026", "FY2026-Q5", "March"):
                books.refuse(
                    errors.InvalidOption, lambda ledger: ledger.periods.close(name)
                )
            books.refuse(
                errors.InvalidOption, lambda ledger: ledger.periods.get("FY2026")
            )

    def test_a_calendar_never_renames_closed_days(self, tmp_path: Path) -> None:
        """It changes from a day after all periods that have a state."""
        with self.books(tmp_path) as books:
            use(books, JULY)
            use(books, RETAIL)  # nothing has a state yet
            use(books, JULY)
            books.post(rent("2026-05-31"))
            close(books, "FY2026-P11")
            calendar = FiscalMonths(prefix="CY")
            for since in (None, date(2026, 5, 1)):
                books.refuse(
                    errors.PeriodTransition,
                    lambda ledger: ledger.periods.use(calendar, since=since),
                )
            july = date(2026, 7, 1)
            books.refuse(
                errors.InvalidOption,
                lambda ledger: ledger.periods.use(FiscalMonths(), since=july),
            )
            found = use(books, calendar, july)
            assert found == SuccessiveCalendars(JULY, [(july, calendar)])
            assert books.do(lambda ledger: ledger.periods.get("FY2026-P11")).last == (
                date(2026, 5, 31)
            )
            close(books, "FY2026")
            assert len(books.do(lambda ledger: ledger.periods.close("CY2026"))) == 6
            books.refuse(
                errors.InvalidOption, lambda ledger: ledger.periods.close("FY2027")
            )
            late = attrs.evolve(RETAIL, prefix="R")
            books.refuse(
                errors.PeriodTransition,
                lambda ledger: ledger.periods.use(late, since=date(2026, 11, 29)),
            )

    def test_a_change_that_was_not_used_can_be_changed(self, tmp_path: Path) -> None:
        """What comes after a day is replaced by what is used from that day on."""
        with self.books(tmp_path) as books:
            use(books, JULY)
            use(books, FiscalMonths(prefix="CY"), date(2026, 7, 1))
            use(books, FiscalMonths(prefix="X"), date(2027, 1, 1))
            year = FiscalYear.of_months("LY2026", date(2026, 7, 1), date(2027, 12, 31))
            after = FiscalMonths(prefix="Z")
            later = SuccessiveCalendars(year, [(date(2028, 1, 1), after)])
            for calendar in (year, later):
                books.refuse(
                    errors.InvalidOption, lambda ledger: ledger.periods.use(calendar)
                )
            whole = SuccessiveCalendars(
                JULY, [(year.first, year), (date(2028, 1, 1), after)]
            )
            assert use(books, whole, year.first) == whole
            books.post(rent("2027-12-31"))
            assert listed(books) == [("LY2026-P18", "open")]

    def test_no_period_is_left(self, tmp_path: Path) -> None:
        """A late entry goes nowhere once the last period of all is closed."""
        with self.books(tmp_path) as books:
            close(books, "2199-12")
            books.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.periods.dated(rent(), late="first-open-day"),
            )

    def test_a_late_entry(self, tmp_path: Path) -> None:
        """It goes where its journal takes it, and keeps its own date."""
        with self.books(tmp_path) as books:
            use(books, RETAIL)
            close(books, "FY2026-P01")
            books.do(
                lambda ledger: ledger.periods.close("FY2026-P02", journal="settlement")
            )
            entry = rent("2026-02-10", "late")
            books.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.periods.dated(entry, late="reject"),
            )
            for journal, late, day in (
                ("general", "first-open-day", date(2026, 3, 1)),
                ("general", "first-open-period-end", date(2026, 4, 4)),
                ("settlement", "first-open-day", date(2026, 4, 5)),
                ("settlement", "first-open-period-end", date(2026, 5, 2)),
            ):
                moved = books.do(
                    lambda ledger: ledger.periods.dated(
                        in_journal("2026-02-10", f"{journal}-{late}", journal),
                        late=late,  # type: ignore[arg-type]
                    )
                )
                assert (moved.date, moved.economic_date) == (day, date(2026, 2, 10))
                books.post(moved)
            in_time = rent("2026-03-10", "in time")
            assert (
                books.do(lambda ledger: ledger.periods.dated(in_time, late="reject"))
                is in_time
            )
