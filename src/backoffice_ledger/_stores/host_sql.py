"""Our SQL in the words of a driver that marks parameters otherwise than SQLite."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

# A text or a name in quotes, a comment, a parameter, or a per cent sign.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|\?(\d*)|%")


@lru_cache(maxsize=512)
def to_format(sql: str) -> tuple[str, tuple[int, ...]]:
    """Return *sql* with ``%s`` for ``?`` and ``?1``, and which parameter each one is.

    ``%`` becomes ``%%`` everywhere, in texts too: that is how such drivers read it.
    """
    order: list[int] = []

    def replace(match: re.Match[str]) -> str:
        token = match[0]
        if token[0] != "?":
            return token.replace("%", "%%")
        order.append(int(match[1]) - 1 if match[1] else len(order))
        return "%s"

    return _TOKEN.sub(replace, sql), tuple(order)


def with_format(sql: str, params: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """Return *sql* and *params* for a driver that marks parameters with ``%s``."""
    text, order = to_format(sql)
    return text, tuple(params[index] for index in order)
