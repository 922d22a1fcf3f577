"""A span begins with what the one before it ended with."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.closing import (
    YearEnd,
    carry_forward,
    compare_opening,
    roll_forward,
)
from backoffice_ledger.testing import ledger_text

YEAR = (date(2025, 1, 1), date(2025, 12, 31))
NEXT = (date(2026, 1, 1), date(2026, 12, 31))


def open_accounts(ledger: bl.Ledger) -> None:
    """Open two accounts."""
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("equity:capital", type="equity")


def test_each_phase_has_a_column(ledger: bl.Ledger) -> None:
    """Opening plus what each phase moved is the closing balance."""
    adjusting = bl.Entry(
        "accrual",
        date(2025, 12, 31),
        [
            bl.debit("expenses:rent", "100.00 EUR"),
            bl.credit("liabilities:loan", "100.00 EUR"),
        ],
        kind="adjusting",
    )
    ledger.post(adjusting)
    YearEnd(ledger, last=YEAR[1], to="equity:retained").post()
    rows = {row["account"]: row for row in roll_forward(ledger, *YEAR)}
    rent = rows["expenses:rent"]
    assert [
        str(rent[name]) for name in ("opening", "normal", "adjusting", "closing")
    ] == ["0.00 EUR", "1200.00 EUR", "100.00 EUR", "-1300.00 EUR"]
    assert str(rent["closing_balance"]) == "0.00 EUR"
    assert "stock:vault" not in rows


def test_what_is_not_closed_is_told(ledger: bl.Ledger) -> None:
    """Income and expenses that open with something have not been closed."""
    table = roll_forward(ledger, *NEXT)
    assert str(table.total("opened_result")) == "1300.00 EUR"
    assert not table.total("difference")
    YearEnd(ledger, last=YEAR[1], to="equity:retained").post()
    assert not roll_forward(ledger, *NEXT).total("opened_result")


def test_what_was_known_then(ledger: bl.Ledger) -> None:
    """The roll-forward of a day in the past does not see what came later."""
    before = ledger.record("wages").position
    then = roll_forward(ledger, *YEAR, known_at=before).rows()
    assert {row["account"] for row in then} == {
        "assets:bank",
        "equity:capital",
        "expenses:rent",
        "expenses:wages",
        "income:fees",
    }
    ledger.post(
        ledger_text(
            "2025-02-01 * late / Dr expenses:rent 1.00 EUR / Cr assets:bank 1.00 EUR"
        )[0]
    )
    assert roll_forward(ledger, *YEAR, known_at=before).rows() == then


def test_a_wrong_total_is_a_difference(tmp_path: Path) -> None:
    """The balances that the book keeps are compared with its entries."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        open_accounts(ledger)
        for entry in ledger_text(
            "2025-03-01 * one / Dr assets:bank 5.00 EUR / Cr equity:capital 5.00 EUR"
        ):
            ledger.post(entry)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE bl_period_total SET debit_low = debit_low + 100")
    with bl.open_ledger(path, actor="clerk") as ledger:
        table = roll_forward(ledger, *YEAR)
    assert table.total("difference")
    assert {row["account"] for row in table if row["difference"]} == {
        "assets:bank",
        "equity:capital",
    }


def test_a_new_book_opens_with_the_old_balances(ledger: bl.Ledger) -> None:
    """Account by account; the account in between ends at zero."""
    bars = bl.Amount(5, bl.Commodity("BARS", scale=0))
    postings = [bl.debit("stock:vault", bars), bl.credit("stock:customers", bars)]
    gold = bl.Entry("gold", date(2025, 4, 1), postings)
    ledger.post(gold)
    with bl.open_ledger(":memory:", actor="clerk") as target:
        target.open_account("equity:opening", type="equity")
        arguments: dict[str, Any] = {"last": YEAR[1], "through": "equity:opening"}
        with pytest.raises(errors.InvalidOption) as caught:
            carry_forward(ledger, target, **arguments)
        assert "expenses:rent" in str(caught.value)
        YearEnd(ledger, last=YEAR[1], to="equity:retained").post()
        records = carry_forward(ledger, target, **arguments)
        assert [record.entry.kind for record in records] == [bl.EntryKind.OPENING] * 2
        assert {record.entry.date for record in records} == {NEXT[0]}
        assert str(target.balance("assets:bank")) == "10300.00 EUR"
        assert str(target.balance("stock:vault")) == "5 BARS"
        assert not target.balance("equity:opening")
        assert carry_forward(ledger, target, **arguments) == records
        table = compare_opening(ledger, target, last=YEAR[1])
        assert not table.total("difference")
        assert [str(row["difference"]) for row in table if row["difference"]] == []
        assert str(target.view().balance_sheet().total("equity")) == "10300.00 EUR"


def test_an_opening_that_differs_is_shown(ledger: bl.Ledger, empty: bl.Ledger) -> None:
    """Also where a difference on one account is made good on another."""
    YearEnd(ledger, last=YEAR[1], to="equity:retained").post()
    with bl.open_ledger(":memory:", actor="clerk") as target:
        for path in ("assets:bank", "assets:office"):
            target.open_account(path, type="asset")
        for path in ("equity:capital", "equity:retained", "equity:opening"):
            target.open_account(path, type="equity")
        postings = [
            bl.debit("assets:bank", "10000.00 EUR"),
            bl.debit("assets:office", "300.00 EUR"),
            bl.credit("equity:capital", "9000.00 EUR"),
            bl.credit("equity:retained", "1300.00 EUR"),
        ]
        target.post(bl.Entry("by-hand", NEXT[0], postings, kind="opening"))
        table = compare_opening(ledger, target, last=YEAR[1])
        assert {
            row["account"]: str(row["difference"]) for row in table if row["difference"]
        } == {"assets:bank": "-300.00 EUR", "assets:office": "300.00 EUR"}
        target.reverse("by-hand", date=NEXT[0], reason="wrong account")
        empty_table = compare_opening(ledger, target, last=YEAR[1])
        assert {str(row["opening"]) for row in empty_table} == {"0.00 EUR"}


def test_dimensions_are_carried(ledger: bl.Ledger) -> None:
    """A balance of a cost centre opens at the same cost centre."""
    named = {"cost_centre": "B7"}
    postings = [
        bl.debit("assets:office", "50.00 EUR", dimensions=named),
        bl.credit("assets:bank", "50.00 EUR"),
    ]
    ledger.post(bl.Entry("desk", date(2025, 5, 1), postings))
    YearEnd(ledger, last=YEAR[1], to="equity:retained").post()
    with bl.open_ledger(":memory:", actor="clerk") as target:
        target.open_account("equity:opening", type="equity")
        target.declare_dimension("cost_centre")
        arguments: dict[str, Any] = {"last": YEAR[1], "dimensions": ["cost_centre"]}
        carry_forward(ledger, target, through="equity:opening", **arguments)
        [record] = target.view().entries(dimension=named)
        assert "assets:office" in {p.account for p in record.entry.postings}
        table = compare_opening(ledger, target, **arguments)
        assert [row["cost_centre"] for row in table if row["cost_centre"]] == ["B7"]
        assert [row for row in table if row["difference"]] == []
        assert not target.balance("equity:opening")


def test_bad_spans(ledger: bl.Ledger) -> None:
    """Reversed, or no days at all."""
    with pytest.raises(errors.InvalidDate) as caught:
        roll_forward(ledger, YEAR[1], YEAR[0])
    assert caught.value.field == "last"
    with pytest.raises(errors.InvalidDate):
        roll_forward(ledger, "2025", YEAR[1])  # type: ignore[arg-type]
