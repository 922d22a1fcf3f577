"""Checks of what events and choices hold."""

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeVar, get_args

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    CommodityMismatch,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
)

T = TypeVar("T")
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)


def check_choice(value: Any, choices: Any, field: str) -> None:
    """Check that *value* is one of the texts of a ``Literal``.

    Raises:
        InvalidOption: it is not.
    """
    names: Collection[str] = get_args(choices)
    if not isinstance(value, str) or value not in names:
        raise InvalidOption(field=field, expected=" or ".join(names), found=value)


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


def check_name(value: object, field: str) -> None:
    """Check that *value* is a name: text that can be an id or a part of a path.

    Raises:
        InvalidIdentifier: it is empty, no text, or holds a colon or a slash.
    """
    if not isinstance(value, str) or not value or set(value) & set(":/"):
        raise InvalidIdentifier(
            field=field, expected="a name without : and /", found=value
        )


def check_day(value: object, field: str) -> None:
    """Check that *value* is a date, and not an instant.

    Raises:
        InvalidDate: it is not.
    """
    if type(value) is not date:
        raise InvalidDate(field=field, expected="a date", found=value)


def check_part(value: object) -> None:
    """Check that *value* is the number of a part.

    Raises:
        InvalidOption: it is not an int from 1.
    """
    if type(value) is not int or value < 1:
        raise InvalidOption(field="part", expected="an int from 1", found=value)


def check_amount(value: object, field: str) -> bl.Amount:
    """Return *value* if it is an amount, of any sign.

    Raises:
        InexactNumber: it is not.
    """
    if not isinstance(value, bl.Amount):
        raise InexactNumber(
            field=field, expected="an Amount", found=type(value).__name__
        )
    return value


def check_positive(value: object, field: str) -> bl.Amount:
    """Return *value* if it is an amount above zero.

    Raises:
        InexactNumber: it is no amount.
        InvalidOption: it is zero or less.
    """
    amount = check_amount(value, field)
    if amount.minor_units <= 0:
        raise InvalidOption(field=field, expected="an amount above zero", found=amount)
    return amount


def check_not_negative(value: object, field: str) -> bl.Amount:
    """Return *value* if it is an amount of zero or more.

    Raises:
        InexactNumber: it is no amount.
        InvalidOption: it is less than zero.
    """
    amount = check_amount(value, field)
    if amount.minor_units < 0:
        raise InvalidOption(
            field=field, expected="an amount of zero or more", found=amount
        )
    return amount


def check_same(amount: bl.Amount, commodity: bl.Commodity, field: str) -> None:
    """Check that *amount* is of *commodity*.

    Raises:
        CommodityMismatch: it is not.
    """
    if amount.commodity != commodity:
        raise CommodityMismatch(
            field=field, expected=commodity.code, found=amount.commodity.code
        )


def check_amounts(
    value: object, commodity: bl.Commodity, field: str, *, signed: bool = False
) -> None:
    """Check a mapping from names to amounts of one commodity.

    Raises:
        InvalidOption: no mapping, or an amount below zero where *signed* is not set.
        InvalidIdentifier: a name is none.
        InexactNumber, CommodityMismatch: an amount is none, or of another commodity.
    """
    if not isinstance(value, Mapping):
        raise InvalidOption(field=field, expected="a mapping", found=value)
    for name, item in value.items():
        check_name(name, f"{field}.key")
        check = check_amount if signed else check_not_negative
        check_same(check(item, f"{field}.{name}"), commodity, f"{field}.{name}")


def check_number(value: object, field: str) -> Fraction:
    """Return text, an int, a Decimal or a Fraction as a Fraction.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: it is no plain number of modest size.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal, Fraction)):
        raise InexactNumber(
            field=field,
            expected="text such as '50.80', int, Decimal or Fraction",
            found=type(value).__name__,
        )
    if isinstance(value, (int, Fraction)):
        return Fraction(value)
    if not _NUMBER.fullmatch(str(value)):
        raise InvalidAmount(field=field, expected="a number such as 50.80", found=value)
    return Fraction(str(value))
