"""The benchmark of lots works; its figures are for people."""

from tests.benchmarks.lots import measure


def test_benchmark_measures_every_row() -> None:
    """A small run gives a figure for each row of the table."""
    lines = measure([10, 20], rounds=1, sales=2)
    assert len(lines) == 6
    assert all(line.sale > 0 for line in lines)
    assert all(str(line) for line in lines)
