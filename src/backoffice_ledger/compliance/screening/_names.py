"""What two ways to write a name have in common."""

import re
import unicodedata
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from backoffice_ledger.errors import InvalidOption, MissingExtra

_WORD: Final = re.compile(r"\w+")


def fuzz() -> Any:
    """Return rapidfuzz.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return import_module("rapidfuzz")
    except ImportError as error:
        raise MissingExtra(
            "rapidfuzz is not installed; pip install 'backoffice-ledger[screening]'",
            field="rapidfuzz",
        ) from error


def normalised(name: str) -> str:
    """Return a name in small letters, without accents and punctuation.

    Legal forms and digits stay: without them every "Trading Corp" is alike.

    >>> normalised("PUTIN, Vladimír")
    'putin vladimir'

    Raises:
        InvalidOption: nothing is left of it.
    """
    if not isinstance(name, str):
        raise InvalidOption(field="name", expected="text", found=type(name).__name__)
    apart = unicodedata.normalize("NFKD", name)
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    words = _WORD.findall(plain.casefold())
    if not words:
        raise InvalidOption(field="name", expected="letters or digits", found=name)
    return " ".join(words)


def in_order(name: str) -> str:
    """Return the words of a normalised name in alphabetical order."""
    return " ".join(sorted(name.split()))


def joined(name: str) -> str:
    """Return a normalised name without spaces."""
    return name.replace(" ", "")


def similarity(one: str, other: str) -> float:
    """Return how alike two names are, from 0 to 100.

    The larger of two ratios: of their words in alphabetical order, so that the order
    of names does not matter, and of all letters without spaces, so that a missing space
    does not.

    Raises:
        MissingExtra: rapidfuzz is not installed.
        InvalidOption: a name without letters and digits.
    """
    ratio: Callable[[str, str], float] = fuzz().fuzz.ratio
    first, second = normalised(one), normalised(other)
    return max(
        ratio(in_order(first), in_order(second)), ratio(joined(first), joined(second))
    )
