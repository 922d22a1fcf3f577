"""Checks of arguments that several modules need."""

from collections.abc import Collection
from typing import Any, TypeVar, get_args

import backoffice_ledger as bl
from backoffice_ledger.errors import InexactNumber, InvalidOption

T = TypeVar("T")


def check_choice(value: Any, choices: Any, field: str) -> Any:
    """Return *value* if it is one of the texts of a ``Literal``.

    Raises:
        InvalidOption: it is not.
    """
    names: Collection[str] = get_args(choices)
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


def as_amount(value: bl.Amount | str, field: str = "total") -> bl.Amount:
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


def check_not_zero(amount: bl.Amount, field: str) -> bl.Amount:
    """Return *amount* if it is not zero.

    Raises:
        InvalidOption: it is zero.
    """
    if not amount:
        raise InvalidOption(
            field=field, expected="an amount that is not zero", found=amount
        )
    return amount
