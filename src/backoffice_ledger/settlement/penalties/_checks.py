"""What the arguments may be."""

from collections.abc import Collection
from fractions import Fraction
from typing import Any, get_args

from backoffice_ledger.checks import check_choice, exact_number
from backoffice_ledger.errors import InvalidAmount, InvalidOption


def exact_rate(value: object, field: str, *, floor: bool = False) -> Fraction:
    """Return a rate that is not below zero; with *floor*, zero if it is.

    Raises:
        InexactNumber, InvalidAmount, BoundExceeded: no exact number, or below zero.
    """
    number = exact_number(value, field)
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
