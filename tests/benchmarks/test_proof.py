"""The benchmark of proofs itself works; its figures are for people."""

from tests.benchmarks.proof import measure


def test_benchmark_measures_every_row() -> None:
    """A small run gives a figure for each row."""
    figures = measure(records=200, rounds=1)
    assert len(figures) == 12
    assert all(figure.microseconds >= 0 and str(figure) for figure in figures)
