"""The bank on PostgreSQL: limits hold, and looking from outside does not."""

from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from backoffice_ledger.testing.torture import Figures, bank


def run(database: str, transfers: int, **options: str) -> Figures:
    """Let the bank transfer in a database, given by its address."""
    parts = {
        name: quote(str(value)) for name, value in conninfo_to_dict(database).items()
    }
    rest = "&".join(f"{name}={value}" for name, value in parts.items())
    return bank(f"postgresql:///?{rest}", transfers=transfers, seed=2026, **options)


@pytest.mark.parametrize(
    "transfers",
    [25, pytest.param(1_000, marks=pytest.mark.long)],
    ids="{}-transfers".format,
)
def test_limits_hold(database: str, transfers: int) -> None:
    """No balance falls below zero, no total changes, nothing is lost or doubled."""
    figures = run(database, transfers)
    assert figures.verdict == "ok", figures.damage
    assert figures.tried > transfers
    assert figures.variant.startswith("PostgreSQL")


def test_the_control_is_found_out(database: str) -> None:
    """Who checks outside, and then posts, overdraws accounts."""
    figures = run(database, 50, guard="outside")
    assert figures.verdict == "fails, as it must", figures
