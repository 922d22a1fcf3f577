"""Posting: records, retries, conflicts, refusals; commodities and large amounts."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from datetime import date
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._twins import StoreCase
from backoffice_ledger.testing.notation import ledger_text

RENT = """
2026-01-31 * rent | Office rent, January
    Dr expenses:rent  100.00 EUR
    Cr assets:bank    100.00 EUR
"""
DAY = date(2026, 1, 31)


def full_entry(**changes: Any) -> bl.Entry:
    """Return an entry in which every field is set, but for *changes*."""
    postings = changes.pop("postings", None) or [full_debit(), full_credit()]
    fields: dict[str, Any] = {
        "id": "full",
        "date": DAY,
        "description": "Office rent",
        "kind": "normal",
        "journal": "settlement",
        "document_number": "2026/17",
        "document_date": date(2026, 1, 30),
        "economic_date": date(2026, 1, 1),
        "references": ["contract-1", "invoice-2"],
        "rule": "rent@1",
    }
    return bl.Entry(postings=postings, **(fields | changes))


def full_debit(account: str = "expenses:rent", **changes: Any) -> bl.Posting:
    """Return a debit in which every field is set, but for *changes*."""
    fields: dict[str, Any] = {
        "value_date": date(2026, 2, 2),
        "memo": "ground floor",
        "dimensions": {"cost_centre": "B7", "counterparty": "ACME"},
    }
    return bl.debit(account, changes.pop("amount", "100.00 EUR"), **(fields | changes))


def full_credit(account: str = "assets:bank", amount: str = "100.00 EUR") -> bl.Posting:
    """Return the other side."""
    return bl.credit(account, amount)


CONFLICTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("date", {"date": date(2026, 1, 30)}),
    ("description", {"description": "Rent"}),
    ("document_date", {"document_date": None}),
    ("document_number", {"document_number": "2026/18"}),
    ("economic_date", {"economic_date": DAY}),
    ("journal", {"journal": "general"}),
    ("kind", {"kind": "adjusting"}),
    ("references", {"references": ["invoice-2", "contract-1"]}),
    ("rule", {"rule": "rent@2"}),
    (
        "postings",
        {"postings": [full_debit(), full_credit(), full_debit(amount="0 EUR")]},
    ),
    ("postings[0].account", {"postings": [full_debit("assets:cash"), full_credit()]}),
    ("postings[0].memo", {"postings": [full_debit(memo=None), full_credit()]}),
    (
        "postings[0].value_date",
        {"postings": [full_debit(value_date=None), full_credit()]},
    ),
    (
        "postings[0].dimensions",
        {"postings": [full_debit(dimensions={"cost_centre": "B7"}), full_credit()]},
    ),
    (
        "postings[0].amount",
        {"postings": [full_debit(amount="1.00 EUR"), full_credit(amount="1.00 EUR")]},
    ),
    (
        "postings[0].account",  # an order of postings is content, too
        {"postings": [full_credit(), full_debit()]},
    ),
    # the first difference by the order of the fields
    ("date", {"date": date(2026, 1, 30), "rule": None, "description": ""}),
)


class EntryTests(StoreCase):
    """Posting one entry at a time."""

    def test_an_entry_becomes_a_record(self, tmp_path: Path) -> None:
        """The record says where and as what the entry stands."""
        [rent] = ledger_text(RENT)
        with self.books(tmp_path) as books:
            records = len(list(books.tested.records()))
            record = books.do(lambda ledger: ledger.post(rent))
            # the commodity is new to the book and recorded first
            assert record.position == records + 2
            assert (record.type, record.id, record.actor) == ("entry", "rent", "clerk")
            assert record.entry == rent
            assert record.journal_number == 1
            assert books.do(lambda ledger: ledger.record("rent")) == record
            balance = books.do(lambda ledger: ledger.balance("assets:bank"))
            assert str(balance) == "-100.00 EUR"

    def test_every_field_comes_back(self, tmp_path: Path) -> None:
        """Nothing is lost between an entry and its record."""
        with self.books(tmp_path) as books:
            books.post(full_entry())
            assert books.do(lambda ledger: ledger.record("full")).entry == full_entry()
            [found] = books.do(lambda ledger: list(ledger.view().entries()))
            assert found.entry == full_entry()

    def test_a_retry_returns_the_first_record(self, tmp_path: Path) -> None:
        """The same content under the same id changes nothing, however often."""
        with self.books(tmp_path) as books:
            first = books.post(full_entry())
            before = books.snapshot()
            assert books.post(full_entry(), full_entry()) == first * 2
            assert books.snapshot() == before

    def test_a_conflict_names_the_first_difference(self, tmp_path: Path) -> None:
        """Other content under the same id is refused, whatever differs."""
        with self.books(tmp_path) as books:
            books.post(full_entry())
            for field, changes in CONFLICTS:
                other = full_entry(**changes)
                error = books.refuse(
                    errors.IdempotencyConflict,
                    lambda ledger: ledger.post(other),
                )
                assert error.field == field

    def test_a_side_is_content(self, tmp_path: Path) -> None:
        """Debit and credit exchanged is another entry."""
        with self.books(tmp_path) as books:
            books.post(*ledger_text(RENT))
            [other] = ledger_text(
                """
                2026-01-31 * rent | Office rent, January
                    Cr expenses:rent  100.00 EUR
                    Dr assets:bank    100.00 EUR
                """
            )
            error = books.refuse(
                errors.IdempotencyConflict, lambda ledger: ledger.post(other)
            )
            assert error.field == "postings[0].side"

    def test_what_the_book_does_not_know_is_refused(self, tmp_path: Path) -> None:
        """Accounts, journals and dimensions must be there first."""
        with self.books(tmp_path) as books:
            for error, entry in (
                (errors.UnknownAccount, _entry("assets:nowhere")),
                (errors.UnknownJournal, full_entry(journal="nowhere")),
                (
                    errors.UnknownDimension,
                    full_entry(
                        postings=[full_debit(dimensions={"desk": "1"}), full_credit()]
                    ),
                ),
                (errors.InvalidOption, full_entry(kind="reversing")),
            ):
                books.refuse(error, lambda ledger: ledger.post(entry))

    def test_an_account_limits_dates_and_commodities(self, tmp_path: Path) -> None:
        """It takes what it holds, from the day it opens to the day it closes."""
        with self.books(tmp_path) as books:
            books.do(
                lambda ledger: ledger.open_account(
                    "assets:till",
                    type="asset",
                    commodities=["EUR"],
                    opened=date(2026, 1, 10),
                )
            )
            books.do(lambda ledger: ledger.accounts.close("assets:till", on=DAY))
            for day in (date(2026, 1, 9), date(2026, 2, 1)):
                books.refuse(
                    errors.AccountNotOpen,
                    lambda ledger: ledger.post(_entry("assets:till", day)),
                )
            books.post(_entry("assets:till", date(2026, 1, 10), id="first"))
            books.post(_entry("assets:till", DAY, id="last"))
            books.refuse(
                errors.CommodityRefused,
                lambda ledger: ledger.post(_entry("assets:till", amount="1.00 USD")),
            )

    def test_a_dry_run_decides_the_same_and_writes_nothing(
        self, tmp_path: Path
    ) -> None:
        """It returns the record that posting would make, and refuses what it would."""
        [rent] = ledger_text(RENT)
        with self.books(tmp_path) as books:
            before = books.snapshot()
            tried = books.do(lambda ledger: ledger.post(rent, dry_run=True))
            assert books.snapshot() == before
            posted = books.do(lambda ledger: ledger.post(rent))
            assert (tried.position, tried.entry) == (posted.position, posted.entry)
            again = books.do(lambda ledger: ledger.post(rent, dry_run=True))
            assert again == posted
            books.refuse(
                errors.UnknownAccount,
                lambda ledger: ledger.post(_entry("assets:nowhere"), dry_run=True),
            )

    def test_journals_number_their_own_entries(self, tmp_path: Path) -> None:
        """Each journal counts from 1 without gaps, refusals or not."""
        with self.books(tmp_path) as books:
            numbers = []
            for index in range(6):
                journal = ("general", "settlement")[index % 2]
                entry = _entry("assets:cash", id=f"e{index}", journal=journal)
                books.refuse(
                    errors.UnknownAccount,
                    lambda ledger: ledger.post(
                        _entry("assets:nowhere", id=f"x{index}", journal=journal)
                    ),
                )
                [record] = books.post(entry)
                numbers.append((journal, record.journal_number))
            assert numbers == [
                (journal, number)
                for number in (1, 2, 3)
                for journal in ("general", "settlement")
            ]

    def test_commodities_balance_one_by_one(self, tmp_path: Path) -> None:
        """An exchange goes through trading accounts; each commodity sums to zero."""
        with self.books(tmp_path) as books:
            books.post(
                *ledger_text(
                    """
                    2026-01-31 * exchange
                        Dr assets:cash     110.00 USD
                        Cr equity:trading  110.00 USD
                        Dr equity:trading  100.00 EUR
                        Cr assets:bank     100.00 EUR
                    """
                )
            )
            balance = books.do(lambda ledger: ledger.balance("equity:trading"))
            assert str(balance) == "-100.00 EUR, 110.00 USD"

    def test_a_commodity_keeps_its_scale(self, tmp_path: Path) -> None:
        """Units of one's own, up to 18 decimal places, are exact and never change."""
        wei, coarse = bl.Commodity("ETHER", 18), bl.Commodity("ETHER", 6)
        with self.books(tmp_path) as books:
            books.post(_entry("assets:cash", amount=bl.Amount.from_minor(1, wei)))
            balance = books.do(lambda ledger: ledger.balance("assets:cash"))
            assert str(balance) == "0.000000000000000001 ETHER"
            other = _entry(
                "assets:cash", id="coarse", amount=bl.Amount.from_minor(1, coarse)
            )
            books.refuse(errors.CommodityRefused, lambda ledger: ledger.post(other))

    def test_memorandum_postings_balance_among_themselves(self, tmp_path: Path) -> None:
        """They stand in no financial statement and never balance a financial one."""
        with self.books(tmp_path) as books:
            books.post(
                *ledger_text(
                    """
                    2026-01-31 * purchase
                        Dr stock:vault      10 DE0005557508
                        Cr stock:customers  10 DE0005557508
                        Dr assets:cash      5.00 EUR
                        Cr income:fees      5.00 EUR
                    """
                )
            )
            [mixed] = ledger_text(
                """
                2026-01-31 * mixed
                    Dr stock:vault  10 DE0005557508
                    Cr assets:cash  10 DE0005557508
                """
            )
            books.refuse(errors.Unbalanced, lambda ledger: ledger.post(mixed))
            shown = books.do(
                lambda ledger: ledger.view().trial_balance(memorandum=True).rows()
            )
            assert [row["account"] for row in shown] == [
                "stock:customers",
                "stock:vault",
            ]

    def test_the_largest_amounts_add_up_exactly(self, tmp_path: Path) -> None:
        """Sums far beyond 64 bits are exact, on either side and of either sign."""
        largest = 10**27 - 1
        sizes = (largest, largest, -largest, 1, largest, -1, 10**18, -(10**18) + 1, 7)
        with self.books(tmp_path) as books:
            for index, size in enumerate(sizes * 3):
                books.post(
                    _entry(
                        "assets:cash",
                        date(2026, 1 + index % 5, 1 + index),
                        id=f"e{index}",
                        amount=bl.Amount.from_minor(size, "EUR"),
                    )
                )
            for month in range(1, 7):
                for day in (1, 10, 28):
                    books.do(
                        lambda ledger: ledger.view(
                            as_of=date(2026, month, day)
                        ).turnover("assets:cash")
                    )
            total = books.do(lambda ledger: ledger.balance("assets:cash"))["EUR"]
            assert total.minor_units == 3 * sum(sizes)


def _entry(
    account: str,
    day: date = DAY,
    *,
    id: str = "e",
    amount: bl.Amount | str = "1.00 EUR",
    journal: str = "general",
) -> bl.Entry:
    postings = [bl.debit(account, amount), bl.credit("equity:capital", amount)]
    return bl.Entry(id, day, postings, journal=journal)
