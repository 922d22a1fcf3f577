"""Which interest does the bank pay?  Recovered from its own postings.

The data set does not say.  Interest is credited on the last day of each month, so the
rate of an account-month is the interest over the sum of the daily balances.  Counted
with thirty days to every month and 360 to the year, the median of every month lies
between 4.96 and 5.02 %; counted with actual days over 365 it swings from 4.90 to
5.43 %.  So the bank pays 5 % on 30/360, the credit of 31 December pays for all of
December, and at the year end no interest is left to accrue.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from statistics import median_low

OPENING_MIN = 1_000_00
"""Below 1,000 CZK the published rounding to 0.10 CZK drowns the rate."""
ACCOUNTS_MIN = 10
SEASONING_MONTHS = 3
"""New accounts earn nothing in their first weeks, so they would blur the rate."""
DAYS_30 = 30

Month = tuple[int, int]


@dataclass(frozen=True, slots=True)
class MonthRate:
    """The yearly rate that the credits of one month imply."""

    month_end: date
    accounts: int
    thirty_360: Fraction
    lower_quartile: Fraction
    upper_quartile: Fraction
    actual_365: Fraction


def month_end(month: Month) -> date:
    """Return the last day of a month."""
    return date(*month, monthrange(*month)[1])


def balance_days(closings: list[tuple[int, int]], opening: int, days: int) -> int:
    """Sum the closing balances of days 1 to *days*; *closings* are (day, balance)."""
    total, balance, since = 0, opening, 1
    for day, closing in closings:
        if day > days:
            break
        total += balance * (day - since)
        balance, since = closing, day
    return total + balance * (days + 1 - since)


def implied_rates(
    closings: Mapping[tuple[str, date], int],
    credits_: Mapping[tuple[str, date], list[int]],
) -> list[MonthRate]:
    """Return the rate of each month.

    Args:
        closings: closing balance of each account-day, by account and day.
        credits_: the interest credited to an account on a day.
    """
    by_account: dict[str, dict[Month, list[tuple[int, int]]]] = defaultdict(dict)
    for (account, day), balance in sorted(closings.items()):
        months = by_account[account]
        months.setdefault((day.year, day.month), []).append((day.day, balance))
    rates: dict[Month, list[tuple[Fraction, Fraction]]] = defaultdict(list)
    for account, months in by_account.items():
        opening = seasoned = 0
        for month, days in sorted(months.items()):
            end = month_end(month)
            paid = credits_.get((account, end), [])
            # Some accounts are credited twice: they are left out here.
            if len(paid) != 1:
                seasoned = 0
            elif seasoned < SEASONING_MONTHS or opening < OPENING_MIN:
                seasoned += 1
            else:
                thirty = balance_days(days, opening, DAYS_30)
                actual = balance_days(days, opening, end.day)
                if thirty > 0 and actual > 0:
                    by_360 = Fraction(paid[0] * 360, thirty)
                    by_365 = Fraction(paid[0] * 365, actual)
                    rates[month].append((by_360, by_365))
            opening = days[-1][1]
    return [
        month_rate(month, pairs)
        for month, pairs in sorted(rates.items())
        if len(pairs) >= ACCOUNTS_MIN
    ]


def month_rate(month: Month, pairs: list[tuple[Fraction, Fraction]]) -> MonthRate:
    """Summarise the rates of one month: pairs of 30/360 and actual/365."""
    thirty = sorted(pair[0] for pair in pairs)
    return MonthRate(
        month_end=month_end(month),
        accounts=len(pairs),
        thirty_360=median_low(thirty),
        lower_quartile=thirty[len(thirty) // 4],
        upper_quartile=thirty[len(thirty) * 3 // 4],
        actual_365=median_low(pair[1] for pair in pairs),
    )
