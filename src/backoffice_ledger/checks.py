"""Checks of arguments, for those who write rules, controls and modules on top.

Each takes a value and the name of the field that it was given for, and returns the
value as its type or raises an error that says what was expected and what was found.
The ledger checks its own arguments with the same functions.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.arguments import check_choice, check_count, check_flag
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import check_date
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityMismatch,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidOption,
)

__all__ = [
    "Number",
    "as_amount",
    "check_amount",
    "check_choice",
    "check_commodity",
    "check_count",
    "check_date",
    "check_flag",
    "check_instance",
    "check_instances",
    "check_instant",
    "exact_number",
]

Number = str | int | Decimal | Fraction
"""An exact number: text such as ``"0.06"``, int, Decimal or Fraction; never a float."""

T = TypeVar("T")

_DIGITS_MAX: Final = 64
"""Digits of a number before and after its point."""
_BITS_MAX: Final = 256
"""Size of the numerator and of the denominator of a fraction."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)


def check_instance(value: object, kind: type[T], field: str) -> T:
    """Return *value* if it is of *kind*.

    Raises:
        InvalidOption: it is not.
    """
    if not isinstance(value, kind):
        raise InvalidOption(
            field=field, expected=f"a {kind.__name__}", found=type(value).__name__
        )
    return value


def check_instances(values: object, kind: type[T], field: str) -> tuple[T, ...]:
    """Return *values* as a tuple if all of them are of *kind*.

    Raises:
        InvalidOption: no list, or one of them is of another type.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidOption(
            field=field,
            expected=f"a list of {kind.__name__}",
            found=type(values).__name__,
        )
    return tuple(
        check_instance(value, kind, f"{field}[{index}]")
        for index, value in enumerate(values)
    )


def check_instant(value: object, field: str) -> datetime:
    """Return *value* if it is an instant: a datetime with a time zone, of our time.

    Raises:
        InvalidDate: not a datetime, or without a time zone.
        BoundExceeded: so far off that another time zone may have no such year.
    """
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise InvalidDate(
            field=field, expected="a datetime with a time zone", found=value
        )
    if not BOUNDS.date_min.year < value.year < BOUNDS.date_max.year:
        raise BoundExceeded(
            field=field,
            expected=f"between {BOUNDS.date_min} and {BOUNDS.date_max}",
            found=value,
        )
    return value


def check_amount(value: object, field: str) -> Amount:
    """Return *value* if it is an `Amount`, of any sign.

    Raises:
        InexactNumber: it is something else.
    """
    if not isinstance(value, Amount):
        raise InexactNumber(
            field=field,
            expected="an Amount such as Amount('360.00', 'EUR')",
            found=type(value).__name__,
        )
    return value


def as_amount(value: object, field: str) -> Amount:
    """Return an `Amount`, or text such as ``"360.00 EUR"``, as an amount.

    Raises:
        InexactNumber: another type.
        InvalidAmount, UnknownCommodity: the text is no amount.
        BoundExceeded: 10^27 minor units or more.
    """
    amount = Amount.parse(value) if isinstance(value, str) else value
    if not isinstance(amount, Amount):
        raise InexactNumber(
            field=field,
            expected="an Amount or text such as '360.00 EUR'",
            found=type(value).__name__,
        )
    if abs(amount.minor_units) >= BOUNDS.minor_units:
        raise BoundExceeded(
            field=field, expected="less than 10^27 minor units", found=amount
        )
    return amount


def check_commodity(amount: Amount, commodity: Commodity, field: str) -> Amount:
    """Return *amount* if it is of *commodity*.

    Raises:
        CommodityMismatch: it is not.
    """
    if amount.commodity != commodity:
        raise CommodityMismatch(
            field=field, expected=commodity.code, found=amount.commodity.code
        )
    return amount


def exact_number(value: object, field: str) -> Fraction:
    """Return a `Number` of modest size as a Fraction.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: a text that is no plain number, NaN or infinity.
        BoundExceeded: more digits than any honest price or rate has.
    """
    if isinstance(value, str):
        if len(value) > 2 * _DIGITS_MAX:
            raise BoundExceeded(
                field=field,
                expected=f"at most {2 * _DIGITS_MAX} characters",
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
    if bits > _BITS_MAX:
        raise BoundExceeded(
            field=field, expected=f"at most {_BITS_MAX} bits", found=f"{bits} bits"
        )
    return Fraction(value)


def _decimal_fraction(value: Decimal, field: str) -> Fraction:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise InvalidAmount(field=field, expected="a finite number", found=value)
    if len(digits) > _DIGITS_MAX or not -_DIGITS_MAX <= exponent <= _DIGITS_MAX:
        raise BoundExceeded(
            field=field, expected=f"at most {_DIGITS_MAX} digits", found=value
        )
    return Fraction(value)
