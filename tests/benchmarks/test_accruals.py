"""The benchmark of accruals works; its figures are for people."""

from tests.benchmarks.accruals import measure


def test_benchmark_measures_every_row() -> None:
    """A small run gives a figure for each row of the table."""
    lines = measure(schedules=3, rounds=1)
    assert len(lines) == 6
    assert all(line.ours > 0 for line in lines)
    assert all(str(line) for line in lines)
