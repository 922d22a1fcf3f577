"""What the arguments may be: days, exact numbers, choices."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeVar, get_args

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    BoundExceeded,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidOption,
)

T = TypeVar("T")

DIGITS_MAX: Final = 40
"""Digits of a rate before and after its point, and of the parts of a fraction."""


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


def check_choice(value: Any, choices: Any, field: str) -> Any:
    """Return *value* if it is one of the texts of a ``Literal``.

    Raises:
        InvalidOption: it is not.
    """
    names = get_args(choices)
    if not isinstance(value, str) or value not in names:
        raise InvalidOption(field=field, expected=" or ".join(names), found=value)
    return value


def check_instance(value: Any, kind: type[T], field: str) -> T:
    """Return *value* if it is of *kind*.

    Raises:
        InvalidOption: it is not.
    """
    if not isinstance(value, kind):
        raise InvalidOption(
            field=field, expected=f"a {kind.__name__}", found=type(value).__name__
        )
    return value


def as_amount(value: object, field: str) -> bl.Amount:
    """Return *value*, an amount or its text, as an amount.

    Raises:
        InexactNumber: it is neither.
        InvalidAmount: the text is malformed.
    """
    if isinstance(value, bl.Amount):
        return value
    if isinstance(value, str):
        return bl.Amount.parse(value)
    raise InexactNumber(
        field=field,
        expected="an Amount or text such as '360.00 EUR'",
        found=type(value).__name__,
    )


def exact_rate(value: object, field: str) -> Fraction:
    """Return a positive number as a Fraction.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: not a number, or not positive.
        BoundExceeded: more digits than any rate has.
    """
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, Fraction)):
        raise InexactNumber(
            field=field, expected="int, Decimal or Fraction", found=type(value).__name__
        )
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int):
            raise InvalidAmount(field=field, expected="a finite number", found=value)
        if abs(exponent) > DIGITS_MAX or len(value.as_tuple().digits) > DIGITS_MAX:
            raise BoundExceeded(
                field=field, expected=f"at most {DIGITS_MAX} digits", found=value
            )
    exact = Fraction(value)
    if max(abs(exact.numerator), exact.denominator) >= 10 ** (2 * DIGITS_MAX):
        raise BoundExceeded(field=field, expected=f"at most {2 * DIGITS_MAX} digits")
    if exact <= 0:
        raise InvalidAmount(field=field, expected="more than zero", found=value)
    return exact
