"""When ``inexact-number`` is raised, and what it says."""

from datetime import date
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InexactNumber


@pytest.mark.parametrize("amount", [1000.0, True, None, b"1"], ids=repr)
def test_an_amount_that_is_not_exact(
    ledger: bl.Ledger, entry: Any, refuses: Any, amount: Any
) -> None:
    """A float cannot hold 0.10, and True is not 1."""
    with refuses(
        ledger,
        InexactNumber,
        "inexact-number",
        field="amount",
        expected="str, int or Decimal",
        found=repr(type(amount).__name__),
    ):
        ledger.post(entry(amount=bl.Amount(amount, "EUR")))


def test_a_float_among_columns(ledger: bl.Ledger, refuses: Any) -> None:
    """Columns are integers of minor units."""
    with refuses(
        ledger,
        InexactNumber,
        "inexact-number",
        field="amounts",
        expected="integers of minor units",
        found="'float'",
    ):
        ledger.post_columns(
            ids=["a"],
            dates=[date(2026, 3, 1)],
            debits=["expenses:rent"],
            credits=["assets:bank"],
            amounts=[1.0],  # type: ignore[list-item]
            commodity="EUR",
        )
