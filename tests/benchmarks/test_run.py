"""The benchmark itself works; its figures are for people."""

import pytest
from tests.benchmarks import controls, postgresql
from tests.benchmarks.run import measure


def test_benchmark_measures_every_row() -> None:
    """A small run gives a figure for each row of the table."""
    lines = measure(entries=400, rounds=1)
    assert len(lines) == 7
    assert all(line.ours > 0 for line in lines)
    assert all(str(line) for line in lines)


@pytest.mark.usefixtures("postgresql")
def test_benchmark_of_postgresql_measures_every_row() -> None:
    """A small run gives a figure for each row."""
    figures = postgresql.measure(entries=300, singles=3)
    assert figures.bulk > 0
    assert len(str(figures).splitlines()) == 4


def test_benchmark_of_controls_measures_both() -> None:
    """A small run gives a figure with and without controls."""
    figures = controls.measure(entries=20, rounds=1)
    assert figures.with_five > 0
    assert "with five controls" in str(figures)
