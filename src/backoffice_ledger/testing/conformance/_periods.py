"""Periods: their states, their order, and what they let pass."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections.abc import Callable
from datetime import date
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._twins import StoreCase, Twins
from backoffice_ledger.testing.notation import ledger_text

Move = Callable[[bl.Ledger], tuple[bl.Period, ...]]

MOVES: dict[str, Move] = {
    "future": lambda ledger: ledger.periods.postpone("2026-01"),
    "open": lambda ledger: ledger.periods.reopen("2026-01", reason="late invoice"),
    "adjusting": lambda ledger: ledger.periods.adjust("2026-01", reason="audit"),
    "closed": lambda ledger: ledger.periods.close("2026-01"),
    "locked": lambda ledger: ledger.periods.lock("2026-01"),
}
ALLOWED = {
    "future": {"open"},
    "open": {"future", "adjusting", "closed"},
    "adjusting": {"open", "closed"},
    "closed": {"open", "adjusting", "locked"},
    "locked": set(),
}
WAYS = {
    "open": [],
    "future": ["future"],
    "adjusting": ["adjusting"],
    "closed": ["closed"],
    "locked": ["closed", "locked"],
}


def rent(day: str = "2026-01-31", id: str = "rent", kind: str = "normal") -> bl.Entry:
    """Return an entry of a day and kind."""
    [entry] = ledger_text(
        f"{day} * {id} / Dr expenses:rent 1.00 EUR / Cr assets:bank 1.00 EUR"
    )
    return bl.Entry(entry.id, entry.date, entry.postings, kind=kind)


def in_journal(day: str, id: str, journal: str) -> bl.Entry:
    """Return an entry of a journal."""
    entry = rent(day, id)
    return bl.Entry(id, entry.date, entry.postings, journal=journal)


def state_of(books: Twins, name: str, journal: str | None = None) -> str:
    """Return the state of a period."""
    found = books.do(lambda ledger: ledger.periods.get(name, journal=journal))
    return found.state.value


class PeriodTests(StoreCase):
    """Opening and closing of periods."""

    def test_only_some_states_follow_others(self, tmp_path: Path) -> None:
        """Every pair of states is allowed or refused, as the table says."""
        for current, way in WAYS.items():
            for target, move in MOVES.items():
                folder = tmp_path / f"{current}-{target}"
                folder.mkdir()
                with self.books(folder) as books:
                    for state in way:
                        books.do(MOVES[state])
                    if target == current:
                        before = books.snapshot()
                        books.do(move)
                        assert books.snapshot() == before
                    elif target in ALLOWED[current]:
                        [period] = books.do(move)
                        assert period.state.value == target
                    else:
                        books.refuse(errors.PeriodTransition, move)

    def test_a_state_lets_kinds_pass(self, tmp_path: Path) -> None:
        """Open takes all, adjusting all but normal ones, the others nothing."""
        for state, way in WAYS.items():
            folder = tmp_path / state
            folder.mkdir()
            with self.books(folder) as books:
                for step in way:
                    books.do(MOVES[step])
                for kind, passes in (
                    ("normal", state == "open"),
                    ("adjusting", state in ("open", "adjusting")),
                    ("closing", state in ("open", "adjusting")),
                ):
                    entry = rent(id=kind, kind=kind)
                    if passes:
                        books.post(entry)
                    else:
                        books.refuse(
                            errors.PeriodNotOpen, lambda ledger: ledger.post(entry)
                        )
                books.post(rent("2026-02-01"))

    def test_a_repeated_posting_needs_no_open_period(self, tmp_path: Path) -> None:
        """A retry is safe for ever."""
        with self.books(tmp_path) as books:
            [record] = books.post(rent())
            books.do(MOVES["closed"])
            books.do(MOVES["locked"])
            assert books.post(rent()) == [record]

    def test_periods_close_in_order(self, tmp_path: Path) -> None:
        """None closes while an earlier one with entries is open."""
        with self.books(tmp_path) as books:
            books.post(rent("2026-01-10"), rent("2026-03-10", "march"))
            books.refuse(
                errors.PeriodTransition, lambda ledger: ledger.periods.close("2026-03")
            )
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            books.do(lambda ledger: ledger.periods.close("2026-03"))
            # February had no entries and was never closed: it counts as closed
            assert state_of(books, "2026-02") == "closed"
            books.refuse(
                errors.PeriodNotOpen,
                lambda ledger: ledger.post(rent("2026-02-10", "late")),
            )
            assert state_of(books, "2025-12") == "closed"
            assert state_of(books, "2026-04") == "open"

    def test_a_period_that_counts_as_closed_can_be_reopened(
        self, tmp_path: Path
    ) -> None:
        """With a reason, like any closed one; or locked."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.periods.close("2026-03"))
            books.refuse(
                errors.InvalidOption,
                lambda ledger: ledger.periods.reopen("2026-02", reason=""),
            )
            books.do(
                lambda ledger: ledger.periods.reopen("2026-02", reason="late invoice")
            )
            books.post(rent("2026-02-10"))
            books.do(lambda ledger: ledger.periods.lock("2026-01"))
            assert state_of(books, "2026-01") == "locked"

    def test_reopening_needs_a_reason(self, tmp_path: Path) -> None:
        """It is recorded; a locked period takes none."""
        with self.books(tmp_path) as books:
            books.do(MOVES["closed"])
            books.refuse(
                errors.InvalidOption,
                lambda ledger: ledger.periods.reopen("2026-01", reason=""),
            )
            books.refuse(
                errors.PeriodTransition, lambda ledger: ledger.periods.adjust("2026-01")
            )
            books.do(MOVES["open"])
            books.post(rent())
            books.do(MOVES["closed"])
            books.do(MOVES["locked"])
            for move in ("open", "adjusting", "future"):
                books.refuse(errors.PeriodTransition, MOVES[move])

    def test_a_journal_has_states_of_its_own(self, tmp_path: Path) -> None:
        """The stricter of the journal's and the book's state holds."""
        with self.books(tmp_path) as books:
            books.do(
                lambda ledger: ledger.periods.close("2026-01", journal="settlement")
            )
            trade = in_journal("2026-01-10", "trade", "settlement")
            books.refuse(errors.PeriodNotOpen, lambda ledger: ledger.post(trade))
            books.post(rent("2026-01-10"))
            assert state_of(books, "2026-01") == "open"
            assert state_of(books, "2026-01", "settlement") == "closed"
            assert state_of(books, "2026-01", "general") == "open"
            books.do(
                lambda ledger: ledger.periods.reopen(
                    "2026-01", reason="late trade", journal="settlement"
                )
            )
            books.do(lambda ledger: ledger.periods.adjust("2026-01"))
            books.refuse(errors.PeriodNotOpen, lambda ledger: ledger.post(trade))
            assert state_of(books, "2026-01", "settlement") == "adjusting"
            books.refuse(
                errors.UnknownJournal,
                lambda ledger: ledger.periods.close("2026-01", journal="nowhere"),
            )

    def test_a_journal_may_have_any_name(self, tmp_path: Path) -> None:
        """Its periods are its own, even if it is called like a sign of ours."""
        with self.books(tmp_path) as books:
            for name in ("*", "a/b", "a", "%2A"):
                books.do(lambda ledger: ledger.open_journal(name))
            books.do(lambda ledger: ledger.periods.close("2026-01", journal="*"))
            books.do(lambda ledger: ledger.periods.close("2026-02", journal="a/b"))
            books.post(rent("2026-01-10"), in_journal("2026-02-10", "b", "a"))
            for journal, name, state in (
                ("*", "2026-01", "closed"),
                ("%2A", "2026-01", "open"),
                ("a/b", "2026-02", "closed"),
                ("a", "2026-02", "open"),
            ):
                assert state_of(books, name, journal) == state

    def test_a_year_stands_for_its_months(self, tmp_path: Path) -> None:
        """All of them change, or none does."""
        with self.books(tmp_path) as books:
            books.post(rent("2025-12-31"), rent("2026-06-30", "june"))
            books.refuse(
                errors.PeriodTransition, lambda ledger: ledger.periods.close("2026")
            )
            closed = books.do(lambda ledger: ledger.periods.close("2025"))
            assert [period.name for period in closed] == [
                f"2025-{month:02}" for month in range(1, 13)
            ]
            books.do(lambda ledger: ledger.periods.close("2026"))
            assert state_of(books, "2026-12") == "closed"
            listed = books.do(lambda ledger: ledger.periods.all())
            assert len(listed) == 24

    def test_periods_are_listed_in_order(self, tmp_path: Path) -> None:
        """Those with entries and those with a state."""
        with self.books(tmp_path) as books:
            books.post(rent("2026-03-01"))
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            books.do(
                lambda ledger: ledger.periods.close("2026-01", journal="settlement")
            )
            listed = books.do(lambda ledger: ledger.view().periods())
            assert [(p.name, p.journal, p.state.value) for p in listed] == [
                ("2026-01", None, "closed"),
                ("2026-01", "settlement", "closed"),
                ("2026-03", None, "open"),
            ]
            assert date(2026, 1, 31) in listed[0]
