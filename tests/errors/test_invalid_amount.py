"""When ``invalid-amount`` is raised, and what it says."""

from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidAmount


@pytest.mark.parametrize(
    ("amount", "expected", "found"),
    [
        ("1e3 EUR", "a decimal number such as -1234.50", "'1e3'"),
        ("1_000 EUR", "a decimal number such as -1234.50", "'1_000'"),
        ("NaN EUR", "a decimal number such as -1234.50", "'NaN'"),
        ("1.005 EUR", "at most 2 decimal places", "'1.005'"),
        ("1000", "text such as '1000.00 EUR'", "'1000'"),
    ],
)
def test_text_that_is_no_amount(
    ledger: bl.Ledger, entry: Any, refuses: Any, amount: str, expected: str, found: str
) -> None:
    """Exponents, separators, special values and too fine amounts are refused."""
    with refuses(
        ledger,
        InvalidAmount,
        "invalid-amount",
        field="amount",
        expected=expected,
        found=found,
    ):
        ledger.post(entry(amount=amount))
