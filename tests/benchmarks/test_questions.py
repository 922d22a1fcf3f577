"""The benchmark of questions works; its figures are for people."""

from tests.benchmarks.questions import measure


def test_benchmark_measures_every_row() -> None:
    """A small run gives a figure for each question."""
    lines = measure(settled=3, opened=2, rounds=1)
    assert len(lines) == 7
    assert all(line.ours > 0 for line in lines)
    assert all(str(line) for line in lines)
