"""From the bank's words to its books: the chart of accounts, and one entry a row.

A customer's deposit is what the bank owes, so it stands on the credit side.  Every
combination of type, operation and purpose that occurs is listed here with the account
on the other side; an unknown one is an error, never a guess.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import backoffice_ledger as bl

from .source import BankData, CustomerAccount, Loan, Transaction

CURRENCY = bl.Commodity("CZK")
BOOKS_OPENED = date(1993, 1, 1)
YEAR_END = date(1993, 12, 31)

CASH = "assets:cash"
OTHER_BANKS = "assets:other-banks"
LOAN_PAYOUTS = "assets:other-banks:loan-payouts"
LOANS = "assets:loans"
DEPOSITS = "liabilities:deposits"
DEFERRED_FEES = "liabilities:deferred-statement-fees"
STATEMENT_FEES = "income:statement-fees"
PENALTY_INTEREST = "income:penalty-interest"
DEPOSIT_INTEREST = "expenses:deposit-interest"
RETAINED_EARNINGS = "equity:retained-earnings"


class Kind(StrEnum):
    """What a transaction is, in a banker's words."""

    CASH_IN = "cash paid in"
    CASH_OUT = "cash paid out"
    CARD = "cash on a card"
    RECEIVED = "received from other banks"
    SENT = "sent to other banks"
    INSTALMENT = "loan instalment"
    INTEREST = "interest credited"
    FEE = "statement fee"
    PENALTY = "penalty interest"


# (type, operation, purpose): how often it occurs is said in the comment.
KINDS = {
    ("PRIJEM", "VKLAD", ""): Kind.CASH_IN,  # 9,759
    ("PRIJEM", "PREVOD Z UCTU", ""): Kind.RECEIVED,  # 2,002
    ("PRIJEM", "PREVOD Z UCTU", "DUCHOD"): Kind.RECEIVED,  # 1,770
    ("PRIJEM", "", "UROK"): Kind.INTEREST,  # 9,463
    ("VYDAJ", "VYBER", ""): Kind.CASH_OUT,  # 13,477
    ("VYDAJ", "VYBER", "SIPO"): Kind.CASH_OUT,  # 116
    ("VYBER", "VYBER", ""): Kind.CASH_OUT,  # 651
    ("VYDAJ", "VYBER KARTOU", ""): Kind.CARD,  # 12
    ("VYDAJ", "PREVOD NA UCET", ""): Kind.SENT,  # 1,973
    ("VYDAJ", "PREVOD NA UCET", "SIPO"): Kind.SENT,  # 3,603
    ("VYDAJ", "PREVOD NA UCET", "POJISTNE"): Kind.SENT,  # 644
    ("VYDAJ", "PREVOD NA UCET", "UVER"): Kind.INSTALMENT,  # 123
    ("VYDAJ", "VYBER", "SLUZBY"): Kind.FEE,  # 5,445
    ("VYDAJ", "VYBER", "SANKC. UROK"): Kind.PENALTY,  # 64
}

PURPOSES = {"SIPO": "household", "POJISTNE": "insurance", "DUCHOD": "pension"}

STATEMENTS = {
    "POPLATEK MESICNE": "monthly",
    "POPLATEK TYDNE": "weekly",
    "POPLATEK PO OBRATU": "after each transaction",
}

OWN_ACCOUNTS = {
    Kind.CASH_IN: CASH,
    Kind.CASH_OUT: CASH,
    Kind.CARD: CASH,
    Kind.INTEREST: DEPOSIT_INTEREST,
    Kind.FEE: STATEMENT_FEES,
    Kind.PENALTY: PENALTY_INTEREST,
}


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account still to be opened in the book."""

    path: str
    type: str
    label: str
    opened: date


def kind_of(transaction: Transaction) -> Kind:
    """Say what a transaction is; `KeyError` where the bank uses a new combination."""
    return KINDS[transaction.type, transaction.operation, transaction.purpose]


def deposit_account(account: str) -> str:
    """Name the account of a customer in the book."""
    return f"{DEPOSITS}:{account}"


def loan_account(loan: Loan) -> str:
    """Name the account of a loan in the book."""
    return f"{LOANS}:{loan.id}"


def group_of(path: str) -> str:
    """Name the group of an account: all customers, all loans, all other banks."""
    return ":".join(path.split(":")[:2])


def haler(amount: int) -> bl.Amount:
    """Make an amount of koruna from a whole number of haler."""
    return bl.Amount.from_minor(amount, CURRENCY)


def chart(bank: BankData) -> Iterator[NewAccount]:
    """Yield every account that the books of *bank* need."""
    first = BOOKS_OPENED
    yield NewAccount(CASH, "asset", "Cash at the tills", first)
    yield NewAccount(OTHER_BANKS, "asset", "With other banks", first)
    yield NewAccount(LOAN_PAYOUTS, "asset", "Other banks: loans paid out", first)
    for name in sorted({row.bank for row in bank.transactions} - {""}):
        yield NewAccount(f"{OTHER_BANKS}:{name}", "asset", f"Bank {name}", first)
    yield NewAccount(LOANS, "asset", "Loans to customers", first)
    for loan in bank.loans:
        label = f"Loan {loan.id} of account {loan.account}"
        yield NewAccount(loan_account(loan), "asset", label, loan.granted)
    yield NewAccount(DEPOSITS, "liability", "Customer deposits", first)
    for account in bank.accounts.values():
        yield deposit(account)
    yield NewAccount(DEFERRED_FEES, "liability", "Fees for statements to come", first)
    yield NewAccount(RETAINED_EARNINGS, "equity", "Result of past years", first)
    yield NewAccount(STATEMENT_FEES, "income", "Fees for statements", first)
    yield NewAccount(PENALTY_INTEREST, "income", "Interest on overdrafts", first)
    yield NewAccount(DEPOSIT_INTEREST, "expense", "Interest on deposits", first)


def deposit(account: CustomerAccount) -> NewAccount:
    """Return the account of one customer."""
    label = f"Account {account.id}, statements {STATEMENTS[account.frequency]}"
    return NewAccount(deposit_account(account.id), "liability", label, account.opened)


def entries(bank: BankData) -> Iterator[bl.Entry]:
    """Yield one entry for each transaction and each loan paid out, by date.

    The bank's files hold no row for the paying-out of a loan: of the 38 loans granted
    in these months, none shows its amount coming in on the customer's account.  So the
    money left through another bank, and the file does not say which.
    """
    loans = sorted(bank.loans, key=lambda loan: (loan.granted, loan.id))
    loan_of = {loan.account: loan for loan in loans}
    waiting = iter(loans)
    loan = next(waiting, None)
    for transaction in bank.transactions:
        while loan is not None and loan.granted <= transaction.day:
            yield loan_entry(loan)
            loan = next(waiting, None)
        yield transaction_entry(transaction, loan_of)


def loan_entry(loan: Loan) -> bl.Entry:
    """Book the paying-out of a loan."""
    amount = haler(loan.amount)
    return bl.Entry(
        id=f"berka-loan-{loan.id}",
        date=loan.granted,
        description=f"loan paid out, {loan.duration_months} months",
        postings=(
            bl.debit(loan_account(loan), amount),
            bl.credit(LOAN_PAYOUTS, amount),
        ),
    )


def transaction_entry(transaction: Transaction, loan_of: dict[str, Loan]) -> bl.Entry:
    """Book one transaction: the customer's deposit against what the row names."""
    kind = kind_of(transaction)
    amount = haler(transaction.amount)
    customer = deposit_account(transaction.account)
    if kind in OWN_ACCOUNTS:
        other = OWN_ACCOUNTS[kind]
    elif kind is Kind.INSTALMENT:
        other = loan_account(loan_of[transaction.account])
    else:
        other = f"{OTHER_BANKS}:{transaction.bank}"
    if transaction.type == "PRIJEM":
        postings = (bl.debit(other, amount), bl.credit(customer, amount))
    else:
        postings = (bl.debit(customer, amount), bl.credit(other, amount))
    return bl.Entry(
        id=f"berka-trans-{transaction.id}",
        date=transaction.day,
        description=describe(transaction, kind),
        postings=postings,
    )


def describe(transaction: Transaction, kind: Kind) -> str:
    """Say in words what the row says in codes."""
    words: str = kind
    if transaction.purpose in PURPOSES:
        words += f", {PURPOSES[transaction.purpose]}"
    if transaction.bank:
        words += f" ({transaction.bank} {transaction.counter_account})"
    return words
