"""What the arguments of schedules may be."""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, TypeVar

import backoffice_ledger as bl
from backoffice_ledger import checks
from backoffice_ledger.checks import as_amount, check_commodity, exact_number
from backoffice_ledger.errors import BoundExceeded, InvalidOption

T = TypeVar("T")

PERIODS_MAX: Final = 1_200
"""Periods of one schedule: a hundred years of months."""


def check_order(start: date, end: date, field: str) -> None:
    """Check that *end* is not before *start*, both of them days.

    Raises:
        InvalidOption: the dates are reversed.
    """
    if end < start:
        raise InvalidOption(field=field, expected=f"{start} or later", found=end)


def check_count(value: object, field: str, minimum: int, maximum: int) -> int:
    """Return *value* if it is an int in range.

    Raises:
        InvalidOption: another type, or too small.
        BoundExceeded: too large.
    """
    count = checks.check_count(value, field, minimum)
    if count > maximum:
        raise BoundExceeded(field=field, expected=f"at most {maximum}", found=value)
    return count


def check_list(values: Iterable[T], field: str) -> tuple[T, ...]:
    """Return *values*, a list of 1 to 1,200, as a tuple.

    Raises:
        InvalidOption: no list or tuple, or empty.
        BoundExceeded: too long.
    """
    if not isinstance(values, Sequence) or isinstance(values, (str, bytes)):
        raise InvalidOption(
            field=field, expected=f"a list of {field}", found=type(values).__name__
        )
    if not values:
        raise InvalidOption(field=field, expected="one or more", found="none")
    if len(values) > PERIODS_MAX:
        raise BoundExceeded(
            field=field, expected=f"at most {PERIODS_MAX}", found=len(values)
        )
    return tuple(values)


def exact_rate(value: object, field: str) -> Fraction:
    """Return a rate, a number above -1, as a Fraction.

    Raises:
        InvalidOption: -1 or below: nothing would be left.
        InexactNumber, InvalidAmount, BoundExceeded: no exact number of modest size.
    """
    rate = exact_number(value, field)
    if rate <= -1:
        raise InvalidOption(field=field, expected="a rate above -1", found=value)
    return rate


def amount_like(value: object, whole: bl.Amount, field: str) -> bl.Amount:
    """Return an amount of the same commodity as *whole*; None stands for zero.

    Raises:
        CommodityMismatch: another commodity.
        InexactNumber, InvalidAmount, UnknownCommodity, BoundExceeded: no amount.
    """
    if value is None:
        return bl.Amount.from_minor(0, whole.commodity)
    return check_commodity(as_amount(value, field), whole.commodity, field)


def check_range(amount: bl.Amount, low: int, high: int, field: str) -> None:
    """Check that the minor units of *amount* are in a range.

    Raises:
        InvalidOption: they are not.
    """
    if not low <= amount.minor_units <= high:
        smallest = bl.Amount.from_minor(low, amount.commodity)
        largest = bl.Amount.from_minor(high, amount.commodity)
        raise InvalidOption(
            field=field, expected=f"{smallest} to {largest}", found=amount
        )


def check_positive(amount: bl.Amount, field: str) -> None:
    """Check that *amount* is above zero.

    Raises:
        InvalidOption: it is zero or negative.
    """
    if amount.minor_units <= 0:
        raise InvalidOption(field=field, expected="an amount above zero", found=amount)
