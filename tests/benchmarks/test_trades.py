"""The benchmark of trades works; its figures are for people."""

from tests.benchmarks.trades import measure


def test_benchmark_measures_every_row() -> None:
    """A small run gives a figure for each row of the table."""
    lines = measure(count=3, rounds=1)
    assert len(lines) == 4
    assert all(line.ours > 0 for line in lines)
    assert all(str(line) for line in lines)
