"""The benchmark of the AML rules works; its figures are for people."""

from tests.benchmarks.aml import RULES, rates


def test_benchmark_measures_every_rule() -> None:
    """A small run gives a figure for each rule."""
    found = rates(count=200, rounds=1)
    assert list(found) == [rule.id for rule in RULES]
    assert all(rate > 0 for rate in found.values())
