"""What the arguments may be: days, exact numbers, amounts, counts and choices."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeVar, get_args

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityMismatch,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidOption,
)

T = TypeVar("T")

PERIODS_MAX: Final = 1_200
"""Periods of one schedule: a hundred years of months."""
DIGITS_MAX: Final = 64
"""Digits of a number before and after its point."""
BITS_MAX: Final = 256
"""Size of the numerator and of the denominator of a rate."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)

Number = str | int | Decimal | Fraction
"""An exact number: text such as ``"0.06"``, int, Decimal or Fraction; never a float."""


def check_day(value: object, field: str) -> date:
    """Return *value* if it is a plain date that a ledger takes.

    Raises:
        InvalidDate: not a date, or a datetime.
        BoundExceeded: outside `Bounds.date_min` .. `Bounds.date_max`.
    """
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidDate(field=field, expected="datetime.date", found=value)
    if not bl.BOUNDS.date_min <= value <= bl.BOUNDS.date_max:
        raise BoundExceeded(
            field=field,
            expected=f"{bl.BOUNDS.date_min} to {bl.BOUNDS.date_max}",
            found=value,
        )
    return value


def check_order(start: date, end: date, field: str) -> None:
    """Check that *end* is not before *start*, both of them days.

    Raises:
        InvalidOption: the dates are reversed.
    """
    if end < start:
        raise InvalidOption(field=field, expected=f"{start} or later", found=end)


def check_flag(value: object, field: str) -> bool:
    """Return *value* if it is a bool.

    Raises:
        InvalidOption: another type, or None where a choice must be made.
    """
    if not isinstance(value, bool):
        raise InvalidOption(field=field, expected="True or False", found=value)
    return value


def check_choice(value: object, choices: Any, field: str) -> None:
    """Check that *value* is one of the literal type *choices*.

    Raises:
        InvalidOption: it is something else.
    """
    names = get_args(choices)
    if type(value) not in (str, int) or value not in names:
        raise InvalidOption(
            field=field, expected=", ".join(map(str, names)), found=value
        )


def check_count(value: object, field: str, minimum: int, maximum: int) -> int:
    """Return *value* if it is an int in range.

    Raises:
        InvalidOption: another type, or too small.
        BoundExceeded: too large.
    """
    if type(value) is not int or value < minimum:
        raise InvalidOption(field=field, expected=f"an int from {minimum}", found=value)
    if value > maximum:
        raise BoundExceeded(field=field, expected=f"at most {maximum}", found=value)
    return value


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


def _decimal_fraction(value: Decimal, field: str) -> Fraction:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise InvalidAmount(field=field, expected="a finite number", found=value)
    if len(digits) > DIGITS_MAX or not -DIGITS_MAX <= exponent <= DIGITS_MAX:
        raise BoundExceeded(
            field=field, expected=f"at most {DIGITS_MAX} digits", found=value
        )
    return Fraction(value)


def exact_number(value: object, field: str) -> Fraction:
    """Return an exact number of modest size as a Fraction.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: a text that is no plain number, NaN or infinity.
        BoundExceeded: more digits than any honest rate has.
    """
    if isinstance(value, str):
        if len(value) > 2 * DIGITS_MAX:
            raise BoundExceeded(
                field=field,
                expected=f"at most {2 * DIGITS_MAX} characters",
                found=value,
            )
        if not _NUMBER.fullmatch(value):
            raise InvalidAmount(
                field=field, expected="a decimal number such as 0.06", found=value
            )
        value = Decimal(value)
    if isinstance(value, Decimal):
        value = _decimal_fraction(value, field)
    if isinstance(value, bool) or not isinstance(value, (int, Fraction)):
        raise InexactNumber(
            field=field,
            expected="text, int, Decimal or Fraction",
            found=type(value).__name__,
        )
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if bits > BITS_MAX:
        raise BoundExceeded(
            field=field, expected=f"at most {BITS_MAX} bits", found=f"{bits} bits"
        )
    return Fraction(value)


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


def exact_amount(value: object, field: str) -> bl.Amount:
    """Return an `Amount`, or text such as ``"360.00 EUR"``, as an amount.

    Raises:
        InexactNumber: another type.
        InvalidAmount, UnknownCommodity, BoundExceeded: the text is no amount.
    """
    amount = bl.Amount.parse(value) if isinstance(value, str) else value
    if not isinstance(amount, bl.Amount):
        raise InexactNumber(
            field=field,
            expected="an Amount or text such as '360.00 EUR'",
            found=type(value).__name__,
        )
    if abs(amount.minor_units) >= bl.BOUNDS.minor_units:
        raise BoundExceeded(
            field=field, expected="less than 10^27 minor units", found=amount
        )
    return amount


def amount_like(value: object, whole: bl.Amount, field: str) -> bl.Amount:
    """Return an amount of the same commodity as *whole*; None stands for zero.

    Raises:
        CommodityMismatch: another commodity.
        InexactNumber, InvalidAmount, UnknownCommodity, BoundExceeded: no amount.
    """
    if value is None:
        return bl.Amount.from_minor(0, whole.commodity)
    amount = exact_amount(value, field)
    if amount.commodity != whole.commodity:
        raise CommodityMismatch(
            field=field, expected=whole.commodity.code, found=amount.commodity.code
        )
    return amount


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
