"""What an argument must be."""

from collections.abc import Iterable
from datetime import date
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instance
from backoffice_ledger.errors import InvalidDate, InvalidOption

RESULT_TYPES: Final = (bl.AccountType.INCOME, bl.AccountType.EXPENSE)
"""Accounts that a closing empties."""


def check_span(first: object, last: object) -> tuple[date, date]:
    """Return the first and the last day of a span.

    Raises:
        InvalidDate: one of them is no day, or they are reversed.
    """
    begin, end = check_date(first, "first"), check_date(last, "last")
    if end < begin:
        raise InvalidDate(field="last", expected=f"{begin} or later", found=end)
    return begin, end


def check_dimensions(value: object) -> tuple[str, ...]:
    """Return names of dimensions, each once.

    Raises:
        InvalidOption: something else than a list of different names.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidOption(field="dimensions", expected="a list of names", found=value)
    names = tuple(value)
    for name in names:
        check_instance(name, str, "dimensions")
    if len(set(names)) != len(names):
        raise InvalidOption(
            field="dimensions", expected="each name once", found=", ".join(names)
        )
    return names


def check_declared(ledger: bl.Ledger, names: Iterable[str]) -> None:
    """Check that the book has the dimensions *names*.

    Raises:
        UnknownDimension: it does not have one of them.
    """
    for name in names:
        ledger.view().entries(dimension={name: name}, limit=0)


def check_equity(chart: bl.ChartOfAccounts, path: object, field: str) -> None:
    """Check that *path* can take a result.

    Raises:
        UnknownAccount: the book does not have the account.
        InvalidOption: it is not an equity account.
    """
    type_ = chart[check_instance(path, str, field)].type
    if type_ is not bl.AccountType.EQUITY:
        raise InvalidOption(
            field=field, expected="an equity account", found=f"{path} ({type_.value})"
        )
