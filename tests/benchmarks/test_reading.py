"""The benchmark of reading works; its figures are for people."""

from tests.benchmarks.reading import measure


def test_benchmark_measures_every_row() -> None:
    """A small run gives a figure for each row of the table."""
    lines = measure(count=20, rounds=2)
    assert len(lines) == 5
    assert all(line.ours > 0 for line in lines)
    assert all(str(line) for line in lines)
