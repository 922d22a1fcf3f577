"""Checks of what events and choices hold."""

from collections.abc import Mapping

import backoffice_ledger as bl
from backoffice_ledger.checks import check_amount, check_commodity
from backoffice_ledger.errors import InvalidIdentifier, InvalidOption


def check_name(value: object, field: str) -> None:
    """Check that *value* is a name: text that can be an id or a part of a path.

    Raises:
        InvalidIdentifier: it is empty, no text, or holds a colon or a slash.
    """
    if not isinstance(value, str) or not value or set(value) & set(":/"):
        raise InvalidIdentifier(
            field=field, expected="a name without : and /", found=value
        )


def check_part(value: object) -> None:
    """Check that *value* is the number of a part.

    Raises:
        InvalidOption: it is not an int from 1.
    """
    if type(value) is not int or value < 1:
        raise InvalidOption(field="part", expected="an int from 1", found=value)


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
        check_commodity(check(item, f"{field}.{name}"), commodity, f"{field}.{name}")
