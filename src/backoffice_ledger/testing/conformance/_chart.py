"""The chart of accounts: opening, changing, closing."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import date
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._twins import StoreCase
from backoffice_ledger.testing.notation import ledger_text

RENT = "2026-01-31 * rent / Dr expenses:rent 100.00 EUR / Cr assets:bank 100.00 EUR"
BACK = "2026-02-03 * back / Cr expenses:rent 100.00 EUR / Dr assets:bank 100.00 EUR"


def open_till(ledger: bl.Ledger) -> bl.Account:
    """Open an account with every property."""
    return ledger.open_account(
        "assets:till",
        type="asset",
        commodities=["USD", "EUR"],
        label="Till of Jane Doe",
        opened=date(2026, 1, 5),
        attributes={"line": "B.IV", "desk": "7"},
    )


class ChartTests(StoreCase):
    """Accounts from their opening to their closing."""

    def test_an_account_comes_back_as_it_was_opened(self, tmp_path: Path) -> None:
        """Path, type, commodities, label, first day and attributes."""
        with self.books(tmp_path) as books:
            account = books.do(open_till)
            assert books.do(lambda ledger: ledger.accounts.all()["assets:till"]) == (
                account
            )
            assert account.label == "Till of Jane Doe"
            assert account.commodities == frozenset({"EUR", "USD"})

    def test_opening_again_changes_nothing(self, tmp_path: Path) -> None:
        """The same properties are fine; others are refused, naming the first."""
        with self.books(tmp_path) as books:
            books.do(open_till)
            before = books.snapshot()
            books.do(open_till)
            assert books.snapshot() == before
            error = books.refuse(
                errors.AccountConflict,
                lambda ledger: ledger.open_account("assets:till", type="asset"),
            )
            assert error.field == "commodities"

    def test_types_agree_up_and_down(self, tmp_path: Path) -> None:
        """What is above or below an account is of its type."""
        with self.books(tmp_path) as books:
            books.refuse(
                errors.AccountConflict,
                lambda ledger: ledger.open_account("assets:bank:x:y", type="expense"),
            )
            books.refuse(
                errors.AccountConflict,
                lambda ledger: ledger.open_account("assets", type="expense"),
            )
            books.do(lambda ledger: ledger.open_account("assets", type="asset"))
            # a name that only begins alike is no relative
            books.do(lambda ledger: ledger.open_account("assets:bankers", type="asset"))

    def test_a_change_replaces_what_it_names(self, tmp_path: Path) -> None:
        """The rest stays, the old records stay, and no change is no record."""
        with self.books(tmp_path) as books:
            books.do(open_till)
            changed = books.do(
                lambda ledger: ledger.accounts.change("assets:till", label=None)
            )
            assert changed.label is None
            assert changed.attributes == {"line": "B.IV", "desk": "7"}
            books.do(
                lambda ledger: ledger.accounts.change(
                    "assets:till", commodities=["EUR"], attributes={}, opened=None
                )
            )
            before = books.snapshot()
            books.do(
                lambda ledger: ledger.accounts.change(
                    "assets:till", commodities=["EUR"]
                )
            )
            assert books.snapshot() == before
            kinds = [record.id for record in before["records"]]
            assert kinds.count("assets:till") == 3
            books.refuse(
                errors.UnknownAccount,
                lambda ledger: ledger.accounts.change("assets:nowhere", label="x"),
            )

    def test_changed_terms_hold_from_then_on(self, tmp_path: Path) -> None:
        """Also for a ledger that has posted to the account before."""
        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            books.do(
                lambda ledger: ledger.accounts.change(
                    "expenses:rent", commodities=["USD"]
                )
            )
            books.refuse(
                errors.CommodityRefused,
                lambda ledger: ledger.post(ledger_text(BACK)[0]),
            )

    def test_an_account_closes_when_it_is_empty(self, tmp_path: Path) -> None:
        """Not with a balance, and not before its last posting."""

        def close(ledger: bl.Ledger, day: int) -> bl.Account:
            return ledger.accounts.close("assets:bank", on=date(2026, 2, day))

        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            books.refuse(errors.AccountNotEmpty, lambda ledger: close(ledger, 28))
            books.post(*ledger_text(BACK))
            books.refuse(errors.AccountNotEmpty, lambda ledger: close(ledger, 2))
            closed = books.do(lambda ledger: close(ledger, 3))
            assert closed.closed == date(2026, 2, 3)
            before = books.snapshot()
            books.do(lambda ledger: close(ledger, 3))
            assert books.snapshot() == before
            late = ledger_text(BACK.replace("02-03 * back", "02-04 * late"))
            books.refuse(errors.AccountNotOpen, lambda ledger: ledger.post(late[0]))

    def test_a_closed_account_can_be_opened_again(self, tmp_path: Path) -> None:
        """Taking the last day away is a change like any other."""
        with self.books(tmp_path) as books:
            books.do(
                lambda ledger: ledger.accounts.close("assets:cash", on=date(2026, 1, 1))
            )
            books.do(lambda ledger: ledger.accounts.change("assets:cash", closed=None))
            books.post(*ledger_text(RENT.replace("assets:bank", "assets:cash")))

    def test_a_balance_may_include_what_is_below(self, tmp_path: Path) -> None:
        """With children it is the sum; a node without an account of its own counts."""
        with self.books(tmp_path) as books:
            books.post(
                *ledger_text(RENT),
                *ledger_text(
                    "2026-02-01 * more / Dr assets:bank:giro 1.00 EUR"
                    " / Cr assets:bank 1.00 EUR"
                ),
            )
            for path, with_children, expected in (
                ("assets:bank", False, "-101.00 EUR"),
                ("assets:bank", True, "-100.00 EUR"),
                ("assets", True, "-100.00 EUR"),
            ):
                balance = books.do(
                    lambda ledger: ledger.view().balance(
                        path, include_children=with_children
                    )
                )
                assert str(balance) == expected
            books.refuse(errors.UnknownAccount, lambda ledger: ledger.balance("assets"))

    def test_journals_and_dimensions_are_declared_once(self, tmp_path: Path) -> None:
        """Declaring them again changes nothing."""
        with self.books(tmp_path) as books:
            before = books.snapshot()
            books.do(lambda ledger: ledger.open_journal("settlement"))
            books.do(lambda ledger: ledger.declare_dimension("cost_centre"))
            assert books.snapshot() == before
