"""Read the published files of the bank; see ``data/berka/README.md``."""

import csv
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

CENTURY = 1900


@dataclass(frozen=True, slots=True)
class Transaction:
    """One row of ``trans.asc``, in the bank's own words; money in haler (0.01 CZK)."""

    id: str
    account: str
    day: date
    type: str
    operation: str
    purpose: str
    amount: int
    balance: int
    """What the bank says the account holds after this transaction."""
    bank: str
    counter_account: str


@dataclass(frozen=True, slots=True)
class CustomerAccount:
    """One row of ``account.asc``."""

    id: str
    opened: date
    frequency: str
    """How often a statement is made, and by that which fee is charged."""


@dataclass(frozen=True, slots=True)
class Loan:
    """One row of ``loan.asc``; money in haler."""

    id: str
    account: str
    granted: date
    amount: int
    duration_months: int
    instalment: int


@dataclass(frozen=True, slots=True)
class BankData:
    """All that the example reads."""

    transactions: list[Transaction]
    accounts: dict[str, CustomerAccount]
    """The accounts that occur in *transactions*."""
    loans: list[Loan]
    """The loans granted up to the last day of *transactions*."""

    @property
    def last_day(self) -> date:
        """The day inside which the published rows stop."""
        return self.transactions[-1].day


def rows(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a gzipped table, as text."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter=";")


def parse_day(text: str) -> date:
    """Read ``930131``."""
    return date(CENTURY + int(text[:2]), int(text[2:4]), int(text[4:]))


def parse_haler(text: str) -> int:
    """Read ``1250.70`` as a whole number of haler; no float is ever involved."""
    crowns, _, haler = text.partition(".")
    if len(haler) not in (0, 2):
        raise ValueError(f"expected two decimals, found {text!r}")
    sign = -1 if crowns.startswith("-") else 1
    return int(crowns) * 100 + sign * int(haler or "0")


def read_bank(folder: Path, limit: int | None = None) -> BankData:
    """Read the tables in *folder*; *limit* takes only the first transactions."""
    transactions = []
    for number, row in enumerate(rows(folder / "trans.asc.gz")):
        if number == limit:
            break
        transactions.append(
            Transaction(
                id=row["trans_id"],
                account=row["account_id"],
                day=parse_day(row["date"]),
                type=row["type"],
                operation=row["operation"],
                purpose=row["k_symbol"].strip(),
                amount=parse_haler(row["amount"]),
                balance=parse_haler(row["balance"]),
                bank=row["bank"].strip(),
                counter_account=row["account"].strip(),
            )
        )
    last_day = transactions[-1].day
    used = {transaction.account for transaction in transactions}
    accounts = {
        row["account_id"]: CustomerAccount(
            row["account_id"], parse_day(row["date"]), row["frequency"]
        )
        for row in rows(folder / "account.asc.gz")
        if row["account_id"] in used
    }
    loans = [
        Loan(
            id=row["loan_id"],
            account=row["account_id"],
            granted=parse_day(row["date"]),
            amount=parse_haler(row["amount"]),
            duration_months=int(row["duration"]),
            instalment=parse_haler(row["payments"]),
        )
        for row in rows(folder / "loan.asc.gz")
        if parse_day(row["date"]) <= last_day
    ]
    return BankData(transactions, accounts, loans)
