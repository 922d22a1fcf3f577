"""The benchmark of trades works; its figures are for people."""

from tests.benchmarks.trades import by_verb, measure, trades


def test_benchmark_measures_every_row() -> None:
    """A small run gives a figure for each row of the table."""
    lines = measure(count=3, rounds=1)
    assert len(lines) == 6
    assert all(line.ours > 0 for line in lines)
    assert all(str(line) for line in lines)


def test_benchmark_names_the_verbs() -> None:
    """Each with what it costs and the memory so far."""
    lines = list(by_verb(trades(2)))
    assert [line.split("  ")[0] for line in lines][::8] == ["capture", "settle"]
    assert all("MiB" in line for line in lines)
