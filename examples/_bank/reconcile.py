"""Reconcile the posted books with the balances that the bank itself reports.

The bank reports a balance after every transaction, but the file does not keep the order
of one day's transactions.  So we look for an order in which every reported balance
follows from the one before: a chain that starts at the bank's last closing balance and
uses each transaction of the day once.  In these data 39,932 of the 39,960 account-days
have such a chain, the chains of one day never disagree about the closing balance, and
the remaining 28 all lie on the last day, where the file stops.

Rounding.  The bank keeps its accounts to the haler and publishes to 0.10 CZK.  A
reported balance is thus at most 0.05 away from the true one, and so is every amount
that was not round before: interest, penalty interest, loan instalments.  Hence

- two neighbours of a chain differ by at most 0.05 x 3, that is 0.10 as published;
- the posted balance of an account, a sum of published amounts, differs from the
  reported one by at most 0.05 x (1 + number of such amounts posted so far);
- and that difference changes within a day by at most 0.05 x (2 + number of such amounts
  posted that day).

Within both bounds a difference is rounding; beyond one, or where no chain exists, it is
a break.  So a wrong posting of 0.20 CZK is found on a day without interest, and before
an account's first interest both must agree exactly.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from .mapping import Kind, kind_of
from .source import Transaction

HALF_STEP = 5
"""How far a published number may lie from the true one, in haler."""
CHAIN_STEP_MAX = 10
"""How far two neighbours of a chain may differ, in haler."""

ROUNDED_KINDS = frozenset({Kind.INTEREST, Kind.PENALTY, Kind.INSTALMENT})

AccountDayKey = tuple[str, date]


class Verdict(StrEnum):
    """What the comparison of one account-day says."""

    EXACT = "exact"
    ROUNDING = "rounding"
    CUT_OFF = "cut-off"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class AccountDay:
    """The close of one day on one account; money in haler."""

    account: str
    day: date
    posted: int
    reported: int | None
    """The bank's closing balance, or None where no order of the day explains one."""
    rounded_postings: int
    """Amounts posted so far that were not round before they were published."""
    missing: int
    """The single posting that would make the day's balances follow, or 0."""
    verdict: Verdict

    @property
    def difference(self) -> int:
        """What the bank reports less what is posted."""
        return 0 if self.reported is None else self.reported - self.posted

    @property
    def bound(self) -> int:
        """The largest difference that rounding explains."""
        return HALF_STEP * (1 + self.rounded_postings)


def signed(transaction: Transaction) -> int:
    """Return what the transaction adds to the customer's balance."""
    return transaction.amount if transaction.type == "PRIJEM" else -transaction.amount


def chain(
    opening: int, day: list[Transaction], jumps: int = 0
) -> tuple[int, int, int] | None:
    """Find the order of the day in which each reported balance follows from the last.

    Returns:
        The closing balance, the sum of the small steps that rounding made, and the sum
        of the jumps: of at most *jumps* places where anything may be missing.  None
        where there is no such order.  Of several orders, the smallest jump and then
        the smallest steps win.
    """
    if not day:
        return opening, 0, 0
    found = []
    for index, transaction in enumerate(day):
        step = transaction.balance - signed(transaction) - opening
        jump = abs(step) > CHAIN_STEP_MAX
        if jump and not jumps:
            continue
        rest = chain(
            transaction.balance, day[:index] + day[index + 1 :], jumps - int(jump)
        )
        if rest is not None:
            closing, steps, missing = rest
            if jump:
                found.append((closing, steps, missing + step))
            else:
                found.append((closing, steps + abs(step), missing))
    return min(found, key=lambda order: (abs(order[2]), order[1]), default=None)


def account_days(
    transactions: Iterable[Transaction],
) -> Iterator[tuple[AccountDayKey, list[Transaction]]]:
    """Yield the transactions of each account-day, account by account."""

    def key(transaction: Transaction) -> AccountDayKey:
        return transaction.account, transaction.day

    for account_day, rows in groupby(sorted(transactions, key=key), key):
        yield account_day, list(rows)


def reconcile(
    transactions: list[Transaction],
    posted: Mapping[AccountDayKey, int],
    last_day: date,
) -> list[AccountDay]:
    """Compare every account-day: what is *posted* with what the bank reports.

    A day without a chain is a break, unless it is the day inside which the file stops.
    """
    result = []
    account, opening, rounded, difference = "", 0, 0, 0
    for (this_account, day), rows in account_days(transactions):
        if this_account != account:
            account, opening, rounded, difference = this_account, 0, 0, 0
        rounded_today = sum(kind_of(row) in ROUNDED_KINDS for row in rows)
        rounded += rounded_today
        balance = posted[account, day]
        found = chain(opening, rows)
        missing = 0
        if found is not None:
            reported: int | None = found[0]
            change = found[0] - balance - difference
            difference += change
            within = abs(difference) <= HALF_STEP * (1 + rounded)
            within_day = abs(change) <= HALF_STEP * (2 + rounded_today)
            if not within or not within_day:
                verdict = Verdict.BREAK
            else:
                verdict = Verdict.ROUNDING if difference else Verdict.EXACT
            opening = found[0]
        else:
            verdict = Verdict.CUT_OFF if day == last_day else Verdict.BREAK
            reported = None
            with_gap = chain(opening, rows, jumps=1)
            opening, _, missing = with_gap or (rows[-1].balance, 0, 0)
        result.append(
            AccountDay(account, day, balance, reported, rounded, missing, verdict)
        )
    return result
