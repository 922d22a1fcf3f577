"""What the parameters of rules must be."""

from datetime import timedelta
from fractions import Fraction

from backoffice_ledger.errors import InexactNumber, InvalidOption


def check_window(value: object, field: str) -> None:
    """Check the length of a window.

    Raises:
        InvalidOption: no span of time, or none above zero.
    """
    if not isinstance(value, timedelta) or value <= timedelta(0):
        raise InvalidOption(field=field, expected="a timedelta above zero", found=value)


def check_share(value: object, field: str, maximum: int | None = 1) -> None:
    """Check a share, or another factor.

    Raises:
        InexactNumber: it is a float.
        InvalidOption: it is no Fraction above zero and at most *maximum*.
    """
    if isinstance(value, float):
        raise InexactNumber(field=field, expected="a Fraction", found="float")
    is_good = isinstance(value, Fraction) and value > 0
    if not is_good or (maximum is not None and value > maximum):  # type: ignore[operator]
        limit = "" if maximum is None else f", at most {maximum}"
        raise InvalidOption(
            field=field, expected=f"a Fraction above 0{limit}", found=value
        )
