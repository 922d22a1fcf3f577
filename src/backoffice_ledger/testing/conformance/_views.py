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

    def test_only_what_was_recorded_after_a_position(self, tmp_path: Path) -> None:
        """With and without other filters; what follows joins without a seam."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history(20)))
            places = {
                record.id: record.position
                for record in books.tested.records()
                if record.type == "entry"
            }
            everything: tuple[dict[str, Any], ...] = (
                {},
                {"dimension": {"cost_centre": "B1"}},
                {"account": "assets:cash"},
                {"journal": "settlement", "dates": (date(2025, 12, 1), None)},
            )
            for filters, position in product(everything, (0, places["e9"], 10**6)):
                found = listed(books, known_after=position, **filters)
                matching = listed(books, **filters)
                assert found == [id_ for id_ in matching if places[id_] > position]

    def test_entries_are_found_by_their_ids(self, tmp_path: Path) -> None:
        """In the order of the ids, each once, as far as the view has them."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(history(12)))
            ids = ["e7", "nobody", "e3", "e7", "e11"]
            known_at = books.tested.record("e7").position
            as_of = books.tested.record("e7").entry.date
            bounds: tuple[tuple[dict[str, Any], list[str]], ...] = (
                ({}, ["e7", "e3", "e11"]),
                ({"known_at": known_at}, ["e7", "e3"]),
                ({"as_of": as_of}, ["e7", "e11"]),
            )
            for view, expected in bounds:
                found = books.do(lambda ledger: ledger.view(**view).find(iter(ids)))
                assert [record.id for record in found] == expected
                assert all(one == books.tested.record(one.id) for one in found)

    def test_balances_by_dimension(self, tmp_path: Path) -> None:
        """They are the sums of the postings, on both axes of time."""
        entries = history(60)
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(entries))
            places = [r.position for r in books.tested.records() if r.type == "entry"]
            for day, known_at, paths, values in product(
                (None, FIRST, date(2026, 1, 15)),
                (None, places[0], places[30]),
                (None, ["assets:bank", "assets:cash"]),
                (None, ["B2", "B9", "B0"]),
            ):
                found = books.do(
                    lambda ledger: ledger.view(
                        as_of=day, known_at=known_at
                    ).balances_by("cost_centre", values, accounts=paths)
                )
                expected: dict[str, dict[str, bl.Balance]] = {
                    value: {} for value in values or ()
                }
                for entry, place in zip(entries, places, strict=True):
                    posting = entry.postings[0]
                    value = posting.dimensions.get("cost_centre")
                    if (
                        value is None
                        or (day is not None and entry.date > day)
                        or (known_at is not None and place > known_at)
                        or (paths is not None and posting.account not in paths)
                        or (values is not None and value not in values)
                    ):
                        continue
                    by_path = expected.setdefault(value, {})
                    before = by_path.get(posting.account, bl.Balance())
                    by_path[posting.account] = before + posting.signed
                assert found == expected

    def test_balances_by_dimension_are_signed_by_side(self, tmp_path: Path) -> None:
        """Debits are positive on every account; what is zero is not listed."""
        with self.books(tmp_path) as books:
            dimensions = {"counterparty": "C-1"}
            for number, amount in enumerate(("5.00 EUR", "-5.00 EUR", "10 JPY")):
                books.post(
                    bl.Entry(
                        f"x{number}",
                        FIRST,
                        [
                            bl.debit("assets:cash", amount, dimensions=dimensions),
                            bl.credit("equity:capital", amount, dimensions=dimensions),
                        ],
                    )
                )
            yen = bl.Balance([bl.Amount.parse("10 JPY")])
            ask = books.do
            assert ask(lambda ledger: ledger.view().balances_by("counterparty")) == {
                "C-1": {"assets:cash": yen, "equity:capital": -yen}
            }
            below = ask(
                lambda ledger: ledger.view().balances_by(
                    "counterparty", accounts=["assets"], include_children=True
                )
            )
            assert below == {"C-1": {"assets:cash": yen}}
            nothing = ask(lambda ledger: ledger.view().balances_by("cost_centre"))
            assert nothing == {}
            unknown: tuple[tuple[type[errors.LedgerError], dict[str, Any]], ...] = (
                (errors.UnknownDimension, {"dimension": "desk"}),
                (
                    errors.UnknownAccount,
                    {"dimension": "counterparty", "accounts": ["assets"]},
                ),
            )
            for error, arguments in unknown:
                books.refuse(
                    error, lambda ledger: ledger.view().balances_by(**arguments)
                )

    def test_balances_by_thousands_of_values(self, tmp_path: Path) -> None:
        """They are one question, and large amounts stay exact."""
        values = [f"V{number}" for number in range(3000)]
        large = bl.Amount.from_minor(10**27 - 1, "EUR")
        entries = [
            bl.Entry(
                f"e{number}",
                FIRST,
                [
                    bl.debit("assets:cash", large, dimensions={"counterparty": value}),
                    bl.credit("equity:capital", large),
                ],
            )
            for number, value in enumerate(values * 2)
        ]
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(entries))
            found = books.do(
                lambda ledger: ledger.view().balances_by("counterparty", values)
            )
            assert list(found) == values
            assert {str(sums["assets:cash"]) for sums in found.values()} == {
                str(bl.Balance([large + large]))
            }
