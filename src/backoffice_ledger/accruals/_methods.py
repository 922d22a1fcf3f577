"""Methods of allocation: what each period weighs, and who gets the odd units."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Final, Literal, NamedTuple

import backoffice_ledger as bl
from backoffice_ledger.accruals._span import ONE_DAY, Span
from backoffice_ledger.calendars import BookCalendar, CalendarMonths
from backoffice_ledger.checks import check_choice
from backoffice_ledger.errors import InvalidOption

Method = Literal[
    "full-months",
    "half-month",
    "mid-quarter",
    "months",
    "days",
    "30/360-BOND",
    "equal",
    "front-loaded",
    "back-loaded",
    "given",
    "usage",
]
"""What the share of a period is: of a calendar month, unless the book has others.

* ``full-months``: the same for every month that has begun; the last month counts only
  if the span reaches its last day (a span within one month counts as one).
* ``half-month``: as ``full-months``, but the first month counts half.
* ``mid-quarter``: as ``full-months``, but the months of the first calendar quarter
  together count one and a half, however many have begun.
* ``months``: by months, a part of a month by its days over that month's days.
* ``days``: by days, both ends included.
* ``30/360-BOND``: by days of the bond basis (ISDA 2006 4.16(f)), from the first day.
* ``equal``: the same for every month that the span touches.
* ``front-loaded``, ``back-loaded``: by the sum of digits: n, n-1, ... 1, or 1, ... n.
* ``given``: by `shares`, such as milestones, a curve or units that are known ahead.
* ``usage``: by units reported period by period; the last period takes the rest.
"""

Residual = Literal["cumulative", "first", "last", "largest-remainder"]
"""Who gets what rounding leaves over.

* ``cumulative``: the running sum is rounded, half away from zero; nothing is left.
* ``first``: each part is rounded by itself, the first one takes the difference.
* ``last``: each part is rounded by itself, the last one takes the difference.
* ``largest-remainder``: each part is cut off, the largest remainders get a unit more.

No part ever gets another sign than the total: where ``first`` or ``last`` would, the
next part, or the one before, bears what is missing.
"""

MONTHS: Final = CalendarMonths()
"""The calendar of a schedule that names no other and of books that use no other."""

LINEAR_IN_DAYS: Final = frozenset({"days", "months"})
"""Methods by which a part of a period gets its part of the days."""


class Overlap(NamedTuple):
    """The days that a span and a period share."""

    period: str
    first: date
    last: date
    period_days: int

    @property
    def days(self) -> int:
        """How many days they share."""
        return (self.last - self.first).days + 1


@lru_cache(maxsize=4096)
def period_span(calendar: BookCalendar, name: str) -> tuple[date, date]:
    """Return the first and the last day of a period."""
    return calendar.span(name)


def period_end(calendar: BookCalendar, day: date) -> date:
    """Return the last day of the period that holds *day*."""
    return period_span(calendar, calendar.period_of(day))[1]


@lru_cache(maxsize=4096)
def overlaps(span: Span, calendar: BookCalendar) -> tuple[Overlap, ...]:
    """Return what the span shares with each period that it touches, in order."""
    found = []
    day = span.first
    last_day = span.last
    while day <= last_day:
        period = calendar.period_of(day)
        first, last = period_span(calendar, period)
        days = (last - first).days + 1
        found.append(Overlap(period, day, min(last, last_day), days))
        day = last + ONE_DAY
    return tuple(found)


def bond_days(first: date, end: date) -> int:
    """Return the days from *first* up to *end* by the 30/360 bond basis."""
    first_day = min(first.day, 30)
    end_day = 30 if end.day == 31 and first_day == 30 else end.day
    months = 12 * (end.year - first.year) + end.month - first.month
    return 30 * months + end_day - first_day


# --- weights -------------------------------------------------------------------------


def _equal(parts: Sequence[Overlap]) -> list[int]:
    return [1] * len(parts)


def _days(parts: Sequence[Overlap]) -> list[int]:
    return [overlap.days for overlap in parts]


def _months(parts: Sequence[Overlap]) -> list[int]:
    whole = lcm(*(overlap.period_days for overlap in parts))
    return [whole * overlap.days // overlap.period_days for overlap in parts]


def _full_months(parts: Sequence[Overlap]) -> list[int]:
    weights = [1] * len(parts)
    reaches_end = parts[-1].days == parts[-1].period_days
    if not reaches_end and len(weights) > 1:
        weights[-1] = 0
    return weights


def _half_month(parts: Sequence[Overlap]) -> list[int]:
    return [1, *(2 * weight for weight in _full_months(parts)[1:])]


def _mid_quarter(parts: Sequence[Overlap]) -> list[int]:
    if not all(map(_is_month, parts)):
        raise InvalidOption(
            field="method",
            expected="another method: the periods are no calendar months",
            found="mid-quarter",
        )
    weights = _full_months(parts)
    first = parts[0].first
    to_quarter_end = 3 - (first.month - 1) % 3
    begun = sum(weights[:to_quarter_end])
    early = [3 * weight for weight in weights[:to_quarter_end]]
    return early + [2 * begun * weight for weight in weights[to_quarter_end:]]


def _is_month(part: Overlap) -> bool:
    """Whether the days are those of a period that is a calendar month."""
    month_days = monthrange(part.first.year, part.first.month)[1]
    return part.period_days == month_days and part.first.month == part.last.month


def _bond(parts: Sequence[Overlap]) -> list[int]:
    # The bond basis is not additive: only days since the very first one are.
    first = parts[0].first
    to_date = [bond_days(first, overlap.last + ONE_DAY) for overlap in parts]
    return [now - before for now, before in zip(to_date, [0, *to_date], strict=False)]


def _front_loaded(parts: Sequence[Overlap]) -> list[int]:
    return list(range(len(parts), 0, -1))


def _back_loaded(parts: Sequence[Overlap]) -> list[int]:
    return list(range(1, len(parts) + 1))


_WEIGHTS: Final[dict[str, Callable[[Sequence[Overlap]], list[int]]]] = {
    "full-months": _full_months,
    "half-month": _half_month,
    "mid-quarter": _mid_quarter,
    "months": _months,
    "days": _days,
    "30/360-BOND": _bond,
    "equal": _equal,
    "front-loaded": _front_loaded,
    "back-loaded": _back_loaded,
}


@lru_cache(maxsize=4096)
def method_weights(span: Span, method: str, calendar: BookCalendar) -> tuple[int, ...]:
    """Return what each period of *span* weighs by a method that is computed."""
    return tuple(_WEIGHTS[method](overlaps(span, calendar)))


# --- residuals -----------------------------------------------------------------------


def share(whole: int, part: int, of: int) -> int:
    """Return *whole* times *part* over *of*, rounded half away from zero.

    *part* and *of* are not negative, *of* is not zero.
    """
    size = (2 * abs(whole) * part + of) // (2 * of)
    return size if whole >= 0 else -size


def _cumulative(total: int, weights: Sequence[int]) -> list[int]:
    whole = sum(weights)
    parts = []
    running = before = 0
    for weight in weights:
        running += weight
        to_date = (2 * total * running + whole) // (2 * whole)
        parts.append(to_date - before)
        before = to_date
    return parts


def _plugged(total: int, weights: Sequence[int], order: Iterable[int]) -> list[int]:
    """Round each part; the first of *order* takes the rest, others what it cannot."""
    whole = sum(weights)
    parts = [share(total, weight, whole) for weight in weights]
    rest = total - sum(parts)
    for index in order:
        if weights[index]:
            part = parts[index] + rest
            parts[index], rest = max(part, 0), min(part, 0)
    return parts


def _first(total: int, weights: Sequence[int]) -> list[int]:
    return _plugged(total, weights, range(len(weights)))


def _last(total: int, weights: Sequence[int]) -> list[int]:
    return _plugged(total, weights, range(len(weights) - 1, -1, -1))


def _largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    whole = sum(weights)
    exact = [divmod(total * weight, whole) for weight in weights]
    parts = [floor for floor, _ in exact]
    left = total - sum(parts)
    by_remainder = sorted(range(len(exact)), key=lambda i: -exact[i][1])
    for index in by_remainder[:left]:
        parts[index] += 1
    return parts


_RESIDUALS: Final[dict[str, Callable[[int, Sequence[int]], list[int]]]] = {
    "cumulative": _cumulative,
    "first": _first,
    "last": _last,
    "largest-remainder": _largest_remainder,
}


def split(total: int, weights: Sequence[int], residual: str) -> list[int]:
    """Split minor units by weights that were checked and have a positive sum."""
    if total < 0:
        return [-part for part in _RESIDUALS[residual](-total, weights)]
    return _RESIDUALS[residual](total, weights)


def allocate(
    total: bl.Amount,
    weights: Iterable[int | Fraction | Decimal],
    *,
    residual: Residual = "cumulative",
) -> tuple[bl.Amount, ...]:
    """Split *total* by *weights*; the parts always sum to the whole.

    >>> total = bl.Amount("2258.06", "EUR")
    >>> [part.number for part in allocate(total, [1, 1, 1], residual="first")]
    ['752.68', '752.69', '752.69']

    Args:
        total: what is split; a negative one gives the negative parts.
        weights: zero or more each; a weight of zero gets nothing.
        residual: who gets what rounding leaves over.

    Raises:
        InvalidOption: no weights, a negative one, a sum of zero, or no such policy.
        InexactNumber: a float among the weights.
        InvalidAmount, BoundExceeded: NaN, infinity or monstrous weights.
    """
    check_choice(residual, Residual, "residual")
    if residual == "cumulative":
        return tuple(total.allocate(weights))
    given = list(weights)
    total.allocate(given)  # refuses what are no weights
    exact = [Fraction(weight) for weight in given]
    scale = lcm(*(weight.denominator for weight in exact))
    units = split(
        total.minor_units, [int(weight * scale) for weight in exact], residual
    )
    return tuple(bl.Amount.from_minor(part, total.commodity) for part in units)
