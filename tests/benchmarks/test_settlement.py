"""The benchmark of settlement works; its figures are for people."""

import pytest
from tests.benchmarks import settlement


def test_benchmark_measures_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small run gives a figure for each row of the table."""
    monkeypatch.setattr(settlement, "LOOK_UPS", 3)
    lines = settlement.measure(transfers=50, rounds=1)
    assert len(lines) == 10
    assert all(line.ours > 0 for line in lines)
    assert all(str(line) for line in lines)
