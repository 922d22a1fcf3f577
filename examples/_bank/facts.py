"""What the report shows: plain values, read back out of the book; money in haler."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from .interest import MonthRate
from .mapping import Kind
from .reconcile import AccountDay, Verdict

Month = tuple[int, int]


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The close of one day, and how much was booked on it."""

    day: date
    entries: int
    cash: int
    other_banks: int
    loans: int
    deposits: int


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """The balance sheet and the result of one month."""

    day: date
    customers: int
    cash: int
    other_banks: int
    loans: int
    deposits: int
    deferred_fees: int
    equity: int
    """Retained earnings and the result of the running year."""
    fees: int
    penalties: int
    interest: int
    """Interest paid in the month, as a positive number."""

    @property
    def assets(self) -> int:
        """All that the bank has."""
        return self.cash + self.other_banks + self.loans

    @property
    def balanced(self) -> bool:
        """Whether assets = liabilities + equity."""
        return self.assets == self.deposits + self.deferred_fees + self.equity

    @property
    def result(self) -> int:
        """Income less expense of the month."""
        return self.fees + self.penalties - self.interest


@dataclass(frozen=True, slots=True)
class Volume:
    """What was booked of one kind in one month."""

    count: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class LoanState:
    """Where a loan stands on the last day."""

    id: str
    account: str
    granted: date
    amount: int
    repaid: int
    instalments_due: int
    instalments_paid: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement: amounts by column, None where a column is empty."""

    label: str
    amounts: tuple[int | None, ...]
    level: int = 1
    """0 is a heading or a total."""


@dataclass(frozen=True, slots=True)
class YearEnd:
    """What was done to close 1993."""

    deferred: int
    statements: int
    """How many monthly statement fees were charged on the last day."""
    entry_ids: Sequence[str]
    refusal: str
    """What the ledger answers when something is still to be booked into 1993."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What `Ledger.verify` found."""

    root: str
    records: int
    entries: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the report shows."""

    transactions: int
    days: Sequence[DayTotals]
    month_ends: Sequence[MonthEnd]
    volumes: Mapping[tuple[Month, Kind], Volume]
    account_days: Sequence[AccountDay]
    rates: Sequence[MonthRate]
    customer_balances: Sequence[int]
    """Balances of the customers on the last day of 1993."""
    loans: Sequence[LoanState]
    trial_balance: Sequence[Line]
    balance_sheet: Sequence[Line]
    income_statement: Sequence[Line]
    year_end: YearEnd
    proof: Proof

    def verdicts(self, verdict: Verdict) -> list[AccountDay]:
        """Return the account-days with this verdict."""
        return [day for day in self.account_days if day.verdict is verdict]
