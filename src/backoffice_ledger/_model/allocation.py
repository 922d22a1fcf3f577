"""Splitting an integer by weights so that the parts always sum to the whole."""

from collections.abc import Sequence


def allocate_cumulatively(total: int, weights: Sequence[int]) -> list[int]:
    """Split *total* by *weights*, rounding the running sum half away from zero.

    The parts sum to *total*, never have another sign than *total*, give nothing to a
    weight of zero, stay within one unit of the exact share, and every running sum is
    within half a unit of the exact one.  Joining two neighbours gives the same parts
    as joining their weights, which is what makes monthly and quarterly runs agree.

    *weights* are not negative and have a positive sum (checked by the callers).
    """
    whole = sum(weights)
    twice = 2 * whole
    magnitude = 2 * abs(total)
    sign = -1 if total < 0 else 1
    parts: list[int] = []
    running = previous = 0
    for weight in weights:
        running += weight
        current = (magnitude * running + whole) // twice
        parts.append(sign * (current - previous))
        previous = current
    return parts
