"""What the arguments of commands and questions may be: flags, counts, paths of files.

Names and texts have their checks in `text`, dates in `dates`.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sized
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args

from backoffice_ledger._model.entry import Entry, EntryKind
from backoffice_ledger.errors import InvalidEntry, InvalidOption

E = TypeVar("E", bound=Enum)

COUNT_MAX = 2**63 - 1
"""Positions and counts are 64-bit integers in every store."""


def check_flag(value: object, field: str) -> bool:
    """Return *value* if it is a bool; the text ``"no"`` would count as true.

    Raises:
        InvalidOption: another type.
    """
    if not isinstance(value, bool):
        raise InvalidOption(field=field, expected="True or False", found=value)
    return value


def check_count(value: object, field: str, minimum: int = 0) -> int:
    """Return *value* if it is an int from *minimum* to 2^63 - 1.

    Raises:
        InvalidOption: another type, or out of range.
    """
    if type(value) is not int or not minimum <= value <= COUNT_MAX:
        raise InvalidOption(field=field, expected=f"an int from {minimum}", found=value)
    return value


def check_seconds(value: object, field: str) -> float:
    """Return *value* if it is a span of time from zero to a day.

    Raises:
        InvalidOption: no number, or out of range.
    """
    if type(value) not in (int, float) or not 0 <= value <= 86_400:  # type: ignore[operator]
        raise InvalidOption(
            field=field, expected="seconds from 0 to 86400", found=value
        )
    return float(value)  # type: ignore[arg-type]


def check_member(value: object, field: str, kind: type[E]) -> E:
    """Return *value*, a member of the enumeration *kind* or its name, as the member.

    Raises:
        InvalidOption: there is no such member.
    """
    try:
        return kind(value)
    except ValueError:
        names = ", ".join(member.value for member in kind)
        raise InvalidOption(field=field, expected=names, found=value) from None


def check_iterable(value: object, field: str) -> Iterable[Any]:
    """Return *value* if one can go through it, in an order, and it is no text.

    Raises:
        InvalidOption: it is something else.
    """
    if isinstance(value, (str, bytes, set, frozenset, Mapping)) or not isinstance(
        value, Iterable
    ):
        raise InvalidOption(
            field=field, expected=f"a list of {field}", found=type(value).__name__
        )
    return value


def check_list(value: object, field: str) -> Collection[Any]:
    """Return *value* if it is a list or alike: ordered and of known length.

    Raises:
        InvalidOption: it is something else, such as an iterator, which may be endless.
    """
    if not isinstance(value, Sized):
        raise InvalidOption(
            field=field, expected=f"a list of {field}", found=type(value).__name__
        )
    check_iterable(value, field)
    return value  # type: ignore[return-value]


def check_callable(value: object, field: str) -> None:
    """Check that *value* can be called.

    Raises:
        InvalidOption: it cannot.
    """
    if not callable(value):
        raise InvalidOption(field=field, expected="a function", found=value)


def check_entry(value: object, field: str) -> Entry:
    """Return *value* if it is an entry that may be posted as it is.

    Raises:
        InvalidEntry: something else, such as a draft.
        InvalidOption: a reversal, which only the ledger itself makes.
    """
    if type(value) is not Entry:
        raise InvalidEntry(
            field=field,
            expected="an Entry (of a draft: to_entry())",
            found=type(value).__name__,
        )
    if value.kind is EntryKind.REVERSING:
        raise InvalidOption(
            field=f"{field}.kind",
            expected="ledger.reverse() for a reversal",
            found=value.kind.value,
        )
    return value


def check_file(value: object, field: str) -> Path:
    """Return *value* as the path of a file that may or may not exist.

    Raises:
        InvalidOption: neither str nor path, empty, or not a name that a file can have.
    """
    text: Any = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(text, str) and text and "\0" not in text and _is_encodable(text):
        return Path(text)
    raise InvalidOption(field=field, expected="the path of a file", found=value)


def _is_encodable(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def check_methods(value: object, field: str, *names: str) -> None:
    """Check that *value* is an object (not a class) with these methods.

    Raises:
        InvalidOption: one is missing.
    """
    if isinstance(value, type) or not all(
        callable(getattr(value, name, None)) for name in names
    ):
        raise InvalidOption(
            field=field,
            expected=f"an object with {', '.join(f'{name}()' for name in names)}",
            found=value,
        )


def check_choice(value: object, choices: Any, field: str) -> Any:
    """Return *value* if it is one of the texts or numbers of the ``Literal`` *choices*.

    Raises:
        InvalidOption: it is something else.
    """
    names = get_args(choices)
    for name in names:
        if isinstance(value, type(name)) and value == name and value is not True:
            return name
    raise InvalidOption(field=field, expected=" or ".join(map(str, names)), found=value)
