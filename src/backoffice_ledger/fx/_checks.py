"""What a rate may be."""

from fractions import Fraction

from backoffice_ledger.checks import exact_number
from backoffice_ledger.errors import InexactNumber, InvalidAmount


def exact_rate(value: object, field: str) -> Fraction:
    """Return a positive number as a Fraction.

    Raises:
        InexactNumber: a float, a bool, text or another type.
        InvalidAmount: not a number, or not positive.
        BoundExceeded: more digits than any rate has.
    """
    if isinstance(value, str):
        raise InexactNumber(
            field=field, expected="int, Decimal or Fraction", found=type(value).__name__
        )
    exact = exact_number(value, field)
    if exact <= 0:
        raise InvalidAmount(field=field, expected="more than zero", found=value)
    return exact
