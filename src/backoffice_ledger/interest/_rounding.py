"""Rounding ratios of integers of any size, and running sums of them."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal

Rounding = Literal["half-up", "half-even", "down", "up", "floor", "ceiling"]
"""half-up rounds a half away from zero; down and up are towards and away from zero."""


def round_ratio(numerator: int, denominator: int, rounding: str) -> int:
    """Round a ratio with a positive *denominator* by one of `Rounding`."""
    floor, rest = divmod(numerator, denominator)
    if not rest:
        return floor
    if rounding.startswith("half"):
        beyond_half = 2 * rest - denominator
        if beyond_half:
            return floor + (beyond_half > 0)
        rounding = "up" if rounding == "half-up" else "even"
    match rounding:
        case "even":
            return floor + floor % 2
        case "down":
            return floor + (floor < 0)
        case "up":
            return floor + (floor >= 0)
    return floor + (rounding == "ceiling")


def differences(to_date: Iterable[int]) -> Iterator[int]:
    """Yield by how much each sum to date exceeds the one before, the first from 0."""
    return (after - before for before, after in pairwise((0, *to_date)))
