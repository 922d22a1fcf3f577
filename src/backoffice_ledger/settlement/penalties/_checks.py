"""What the arguments may be."""

import re
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, get_args

from backoffice_ledger.errors import InexactNumber, InvalidAmount, InvalidOption
from backoffice_ledger.settlement.lots._checks import check_choice

_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
_DIGITS_MAX: Final = 40

Number = str | int | Decimal | Fraction
"""An exact number: text such as ``"0.25"``, int, Decimal or Fraction; never a float."""


def exact_number(value: object, field: str, *, floor: bool = False) -> Fraction:
    """Return an exact number that is not below zero; with *floor*, zero if it is.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: no plain number, or below zero.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal, Fraction)):
        raise InexactNumber(
            field=field, expected="str, int, Decimal or Fraction", found=value
        )
    if isinstance(value, Decimal) and value.is_finite():
        exponent = value.adjusted()
        value = f"{value:f}" if abs(exponent) < _DIGITS_MAX else "out of range"
    if not isinstance(value, Fraction) and not _NUMBER.fullmatch(str(value)):
        raise InvalidAmount(field=field, expected="a number such as 0.25", found=value)
    number = Fraction(value)
    if number < 0 and floor:
        return Fraction(0)
    if number < 0:
        raise InvalidAmount(field=field, expected="zero or above", found=number)
    return number


def check_choices(value: object, choices: Any, field: str) -> None:
    """Check that *value* holds nothing but members of the literal type *choices*.

    Raises:
        InvalidOption: it is no collection, or holds something else.
    """
    if isinstance(value, str) or not isinstance(value, Collection):
        raise InvalidOption(
            field=field, expected=f"some of {', '.join(get_args(choices))}", found=value
        )
    for item in value:
        check_choice(item, choices, field)


def check_flag(value: object, field: str) -> None:
    """Check that *value* is a bool.

    Raises:
        InvalidOption: another type.
    """
    if not isinstance(value, bool):
        raise InvalidOption(field=field, expected="True or False", found=value)
