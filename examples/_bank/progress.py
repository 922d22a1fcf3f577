"""Show how far a loop has come."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

STEPS = 20


def progress(items: Iterable[Any], *, what: str, total: int) -> Iterable[Any]:
    """Yield *items* and show a bar: tqdm's if there is one, else a plain line."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        return counted(items, what, total)
    bar: Iterable[Any] = tqdm(items, desc=what, total=total, unit="", mininterval=0.2)
    return bar


def counted(items: Iterable[Any], what: str, total: int) -> Iterator[Any]:
    """Yield *items*, and say so for every twentieth part of them."""
    step = max(total // STEPS, 1)
    for number, item in enumerate(items, 1):
        yield item
        if number % step == 0 or number == total:
            share = 100 * number // total
            print(f"\r{what}: {share} %", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
