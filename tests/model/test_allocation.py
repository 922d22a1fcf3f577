"""Splitting an integer, by published and hand-made examples."""

import pytest

from backoffice_ledger._model.allocation import allocate_cumulatively


def test_the_published_example() -> None:
    """1000.00 over twelve equal months: 83.33 83.34 83.33, and again."""
    parts = allocate_cumulatively(100_000, [1] * 12)
    assert parts == [8333, 8334, 8333] * 4


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1] * 12, [1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1]),
        (2, [1, 2, 1], [1, 1, 0]),
        (-2, [1, 2, 1], [-1, -1, 0]),
        (0, [1, 2], [0, 0]),
        (5, [0, 1, 0], [0, 5, 0]),
        (7, [3], [7]),
        (10**30 + 1, [1, 1], [5 * 10**29 + 1, 5 * 10**29]),
    ],
)
def test_examples(total: int, weights: list[int], parts: list[int]) -> None:
    """No part flips its sign, and nothing goes where the weight is zero."""
    assert allocate_cumulatively(total, weights) == parts
    assert sum(parts) == total


def test_a_hundredth_over_thirty_six_never_turns_negative() -> None:
    """Where a last-line plug gives -0.05, this gives 0.02 or 0.03."""
    assert set(allocate_cumulatively(100, [1] * 36)) == {2, 3}
