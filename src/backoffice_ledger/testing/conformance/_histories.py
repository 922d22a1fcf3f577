"""Random histories, asked about at random places of both axes."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger._ledger.view import ReportPhase
from backoffice_ledger.testing import strategies
from backoffice_ledger.testing.conformance._twins import (
    PHASES,
    StoreCase,
    Twins,
    open_chart,
    open_twins,
)

ACCOUNTS: Final = (
    "assets:bank",
    "assets:bank:giro",
    "equity:trading",
    "income:fees",
    "stock:vault",
    "stock:customers",
)
DAYS: Final = strategies.dates(
    min_value=date(2024, 11, 20), max_value=date(2026, 2, 10)
)
UNITS: Final = (
    bl.Commodity("EUR"),
    bl.Commodity("JPY"),
    bl.Commodity("DE0005557508"),
    bl.Commodity("TOKEN", 18),
)


def histories(max_size: int = 12) -> st.SearchStrategy[list[bl.Entry]]:
    """Return a strategy for entries that the standard chart takes, dates mixed."""
    financial = [path for path in ACCOUNTS if not path.startswith("stock")]
    of_one_part = [
        strategies.entries(
            ids=st.uuids().map(str),
            dates=DAYS,
            accounts=st.sampled_from(accounts),
            commodities=st.sampled_from(UNITS),
            journals=st.sampled_from(["general", "settlement"]),
            dimensions=st.dictionaries(
                st.sampled_from(["cost_centre", "counterparty"]),
                strategies.identifiers(),
            ),
        )
        for accounts in (
            financial,
            [path for path in ACCOUNTS if path not in financial],
        )
    ]
    return st.lists(
        st.one_of(*of_one_part), max_size=max_size, unique_by=lambda entry: entry.id
    )


def check_everything(books: Twins, days: list[date], known: list[int | None]) -> None:
    """Compare balances, turnovers and trial balances at these places."""
    for day in days:
        for position in known:
            view: dict[str, Any] = {"as_of": day, "known_at": position}
            for path in ACCOUNTS:
                books.do(
                    lambda ledger: (
                        ledger.view(**view).balance(path),
                        ledger.view(**view).turnover(path, include_children=True),
                    )
                )
            phase: ReportPhase
            for phase in PHASES:
                books.do(
                    lambda ledger: [
                        ledger.view(**view)
                        .trial_balance(phase=phase)
                        .rows(totals=True),
                        ledger.view(**view).trial_balance(memorandum=True).rows(),
                    ]
                )


class HistoryTests(StoreCase):
    """Whatever was posted, every question has one answer."""

    def test_any_history_gives_the_same_answers(self) -> None:
        """Balance, turnover and trial balance, as of any day, known at any record."""

        @settings(max_examples=15)
        @given(data=st.data())
        def check(data: st.DataObject) -> None:
            with (
                TemporaryDirectory() as folder,
                open_twins(self.make_store(Path(folder))) as books,
            ):
                books.do(open_chart)
                check_history(books, data)

        check()


def check_history(books: Twins, data: st.DataObject) -> None:
    """Post drawn entries and compare the answers to drawn questions."""
    entries = data.draw(histories(), label="entries")
    batch_size = data.draw(st.integers(1, 12), label="batch size")
    books.do(lambda ledger: ledger.post_many(entries, batch_size=batch_size))
    for entry in entries:
        record = books.do(lambda ledger: ledger.record(entry.id))
        assert record.entry == entry
    size = len(list(books.tested.records()))
    days = [entry.date for entry in entries] or [date(2025, 1, 1)]
    check_everything(
        books,
        data.draw(st.lists(st.sampled_from(days) | DAYS, max_size=3), label="days"),
        [None, data.draw(st.integers(0, size), label="known at")],
    )
