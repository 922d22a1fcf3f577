"""Checks of arguments that the modules about people and trades need."""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol, TypeVar

from backoffice_ledger.checks import check_instant
from backoffice_ledger.errors import InvalidIdentifier, InvalidOption


class Dated(Protocol):
    """A parameter that is in force from a day on."""

    @property
    def effective(self) -> date:
        """The first day on which it is in force."""
        ...


D = TypeVar("D", bound=Dated)


def in_force(parameters: Iterable[D], day: date, field: str) -> D:
    """Return the parameter that is in force on *day*: the last to have begun.

    Raises:
        InvalidOption: none has begun by then.
    """
    begun = [each for each in parameters if each.effective <= day]
    if not begun:
        raise InvalidOption(
            field=field, expected=f"one that is in force on {day}", found="none"
        )
    return max(begun, key=lambda each: each.effective)


def folded(name: str) -> str:
    """Return what the ways to write one person's name have in common."""
    return unicodedata.normalize("NFKC", name.casefold())


def check_name(value: object, field: str) -> str:
    """Return *value* if it is a name without outer spaces.

    Raises:
        InvalidIdentifier: it is not.
    """
    if not isinstance(value, str) or not value or value != value.strip():
        raise InvalidIdentifier(
            field=field, expected="a name without outer spaces", found=value
        )
    return value


def check_unit(value: object, field: str) -> str:
    """Return *value* if it is a path of units, such as ``bank:credit``.

    Raises:
        InvalidIdentifier: it is not.
    """
    path = check_name(value, field)
    for part in path.split(":"):
        check_name(part, field)
    return path


def check_names(values: object, field: str) -> tuple[str, ...]:
    """Return names in their given order, each once.

    Raises:
        InvalidOption: a single text, or something else than a list.
        InvalidIdentifier: one that is no name.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidOption(field=field, expected="a list of names", found=values)
    return tuple(dict.fromkeys(check_name(each, field) for each in values))


def check_optional_instant(value: object, field: str) -> datetime | None:
    """Return *value* if it is None or an instant."""
    return None if value is None else check_instant(value, field)
