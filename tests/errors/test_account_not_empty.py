"""When ``account-not-empty`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import AccountNotEmpty


def test_closing_an_account_with_a_balance(ledger: bl.Ledger, refuses: Any) -> None:
    """What is left would be lost to view."""
    with refuses(
        ledger,
        AccountNotEmpty,
        "account-not-empty",
        field="account",
        expected="a balance of zero in assets:bank",
        found="'-1000.00 EUR'",
    ):
        ledger.accounts.close("assets:bank", on=date(2026, 12, 31))


def test_closing_an_account_before_its_last_posting(
    ledger: bl.Ledger, refuses: Any
) -> None:
    """No posting may stand after the day on which its account closed."""
    ledger.reverse("rent-2026-02", date=date(2026, 3, 1), reason="twice")
    with refuses(
        ledger,
        AccountNotEmpty,
        "account-not-empty",
        field="on",
        expected="2026-03-01 or later",
        found="2026-02-28",
    ):
        ledger.accounts.close("assets:bank", on=date(2026, 2, 28))
