"""When ``account-conflict`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import AccountConflict


def test_opening_an_account_with_other_properties(
    ledger: bl.Ledger, refuses: Any
) -> None:
    """What exists is changed by its own command."""
    with refuses(
        ledger,
        AccountConflict,
        "account-conflict",
        field="commodities",
        found="'assets:bank'",
    ):
        ledger.open_account("assets:bank", type="asset", commodities=["EUR"])


def test_a_branch_of_two_types(ledger: bl.Ledger, refuses: Any) -> None:
    """Accounts above and below each other are of one type."""
    with refuses(
        ledger,
        AccountConflict,
        "account-conflict",
        field="type",
        expected="asset, as assets:bank",
        found="'expense'",
    ):
        ledger.open_account("assets:bank:fees", type="expense")
