"""Reading: filters, pages, both axes of time."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._ledger.view import ReportPhase
from backoffice_ledger.testing.conformance._twins import PHASES, StoreCase, Twins

ACCOUNTS = ("assets:bank", "assets:bank:giro", "assets:cash", "expenses:rent")
KINDS = ("normal", "adjusting", "closing", "opening")
FIRST = date(2025, 11, 1)


def history(count: int = 60) -> list[bl.Entry]:
    """Return entries of all accounts, journals, kinds and dimensions, out of order."""
    return [
        bl.Entry(
            f"e{index}",
            FIRST + timedelta(days=index * 37 % 150),
            [
                bl.debit(
                    ACCOUNTS[index % 4],
                    f"{index + 1}.00 EUR",
                    dimensions={"cost_centre": f"B{index % 3}"} if index % 2 else {},
                ),
                bl.credit("equity:capital", f"{index + 1}.00 EUR"),
            ],
            kind=KINDS[index // 2 % 4],
            journal="settlement" if index % 5 == 0 else "general",
        )
        for index in range(count)
    ]


def listed(books: Twins, view: Any = None, **filters: Any) -> list[str]:
    """Return the ids of entries that match, in order."""

    def ask(ledger: bl.Ledger) -> list[bl.Record]:
        return list(ledger.view(**(view or {})).entries(**filters))

    return [record.id for record in books.do(ask)]


def in_order(entries: list[bl.Entry]) -> list[str]:
    """Return ids in the order of date and posting."""
    return [e.id for e in sorted(entries, key=lambda entry: entry.date)]


class ViewTests(StoreCase):
    """What a view answers."""

    def test_entries_come_in_the_order_of_their_dates(self, tmp_path: Path) -> None:
        """And in the order of the log within a day."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history()))
            assert listed(books) == in_order(history())

    def test_filters_select(self, tmp_path: Path) -> None:
        """Each alone, and all together."""
        first, last = date(2025, 12, 24), date(2026, 2, 3)
        entries = history()

        def picked(keep: Any) -> list[str]:
            return in_order([entry for entry in entries if keep(entry)])

        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(entries))
            for filters, keep in (
                (
                    {"account": "assets:bank"},  # and below
                    lambda e: e.postings[0].account.startswith("assets:bank"),
                ),
                (
                    {"account": "assets"},  # a node without an account of its own
                    lambda e: e.postings[0].account.startswith("assets"),
                ),
                ({"dates": (first, last)}, lambda e: first <= e.date <= last),
                ({"dates": (None, last)}, lambda e: e.date <= last),
                ({"dates": (first, None)}, lambda e: first <= e.date),
                ({"journal": "settlement"}, lambda e: e.journal == "settlement"),
                ({"kind": "closing"}, lambda e: e.kind.value == "closing"),
                (
                    {"dimension": {"cost_centre": "B1"}},
                    lambda e: e.postings[0].dimensions.get("cost_centre") == "B1",
                ),
                (
                    {
                        "account": "assets:bank",
                        "dates": (first, last),
                        "journal": "general",
                        "kind": bl.EntryKind.ADJUSTING,
                        "dimension": {"cost_centre": "B0"},
                    },
                    lambda e: (
                        e.postings[0].account.startswith("assets:bank")
                        and first <= e.date <= last
                        and e.journal == "general"
                        and e.kind.value == "adjusting"
                        and e.postings[0].dimensions.get("cost_centre") == "B0"
                    ),
                ),
            ):
                assert listed(books, **filters) == picked(keep)

    def test_what_nothing_matches_is_empty(self, tmp_path: Path) -> None:
        """But names that the book does not know are refused."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history(8)))
            for nothing in (
                {"dimension": {"cost_centre": "B9"}},
                {"dates": (date(2027, 1, 1), None)},
                {"account": "stock:vault"},
                {"kind": "restatement"},
                {"limit": 0},
            ):
                assert listed(books, **nothing) == []
            unknown: tuple[tuple[type[errors.LedgerError], dict[str, Any]], ...] = (
                (errors.UnknownAccount, {"account": "assets:nowhere"}),
                (errors.UnknownJournal, {"journal": "nowhere"}),
                (errors.UnknownDimension, {"dimension": {"desk": "B1"}}),
            )
            for error, filters in unknown:
                books.refuse(
                    error,
                    lambda ledger: list(ledger.view().entries(**filters)),
                )

    def test_pages_join_without_a_seam(self, tmp_path: Path) -> None:
        """Going on after a record gives what comes next, for every size of page."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history(30)))
            for limit, account in product((1, 7, 30, 31), (None, "assets:cash")):
                filters: dict[str, Any] = {"account": account}
                pages: list[str] = []
                after: bl.Record | None = None
                while True:
                    page = books.do(
                        lambda ledger: list(
                            ledger.view().entries(after=after, limit=limit, **filters)
                        )
                    )
                    if not page:
                        break
                    assert len(page) <= limit
                    pages += [record.id for record in page]
                    after = page[-1]
                assert pages == listed(books, **filters)

    def test_a_view_is_bounded_on_both_axes(self, tmp_path: Path) -> None:
        """It sees what is dated until then, and what was recorded until then."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history(20)))
            by_position = [
                record for record in books.tested.records() if record.type == "entry"
            ]
            for known, day in product(
                (by_position[0], by_position[9], by_position[-1]),
                (FIRST, date(2025, 12, 31), date(2026, 2, 28)),
            ):
                bounds: dict[str, Any] = {"as_of": day, "known_at": known.position}
                seen = [
                    record.entry
                    for record in by_position
                    if record.entry.date <= day and record.position <= known.position
                ]
                assert listed(books, bounds) == in_order(seen)
                balance = books.do(
                    lambda ledger: ledger.view(**bounds).balance("equity:capital")
                )
                total = sum(entry.postings[0].amount.minor_units for entry in seen)
                assert balance["EUR"].minor_units == total

    def test_reports_agree_at_every_phase_and_date(self, tmp_path: Path) -> None:
        """Trial balance, balance sheet, income statement, ledgers: row by row."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history(40)))
            size = len(list(books.tested.records()))
            spans = [None, (date(2025, 12, 10), date(2026, 2, 20)), (None, FIRST)]
            phase: ReportPhase
            for phase, known, span in product(PHASES, (None, size - 15), spans):
                books.do(
                    lambda ledger: [
                        ledger.view(known_at=known)
                        .trial_balance(span, phase=phase)
                        .rows(),
                        ledger.view(known_at=known)
                        .income_statement(span, phase=phase)
                        .rows(),
                        ledger.view(as_of=span and span[1], known_at=known)
                        .balance_sheet(phase=phase)
                        .rows(totals=True),
                    ]
                )
            for span in spans:
                books.do(
                    lambda ledger: [
                        ledger.view().statement("assets:bank", span).rows(totals=True),
                        ledger.view().general_ledger(span).rows(totals=True),
                    ]
                )

    def test_assets_are_liabilities_and_equity(self, tmp_path: Path) -> None:
        """At every date, at every phase."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history(40)))
            phase: ReportPhase
            for phase, days in product(PHASES, range(0, 160, 23)):
                sheet = books.do(
                    lambda ledger: ledger.view(
                        as_of=FIRST + timedelta(days=days)
                    ).balance_sheet(phase=phase)
                )
                assert sheet.total("assets") == sheet.total(
                    "liabilities"
                ) + sheet.total("equity")

    def test_an_open_listing_does_not_see_what_follows(self, tmp_path: Path) -> None:
        """Entries posted while it is read do not appear."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history(10)))
            listing = books.tested.view().entries()
            seen = [next(listing).id]
            books.do(lambda ledger: ledger.post_many(history(20)))
            seen += [record.id for record in listing]
            assert seen == in_order(history(10))
