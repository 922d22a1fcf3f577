"""When ``condition-failed`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import ConditionFailed

DAY = date(2026, 3, 31)


def test_a_balance_that_is_not_there(
    card: bl.Ledger, spending: Any, refuses: Any
) -> None:
    """What must be left is counted after the entry, without what is reserved."""
    with refuses(
        card,
        ConditionFailed,
        "condition-failed",
        field="conditions",
        expected="at least 40.00 EUR",
        found="39.99 EUR",
    ):
        card.post(
            bl.Entry("e", DAY, spending("0.01 EUR")),
            conditions={"liabilities:card": bl.Limit(minimum="40.00 EUR")},
        )


def test_an_account_that_has_changed(
    card: bl.Ledger, spending: Any, refuses: Any
) -> None:
    """Somebody touched it after it was read."""
    seen = card.accounts.balances("liabilities:card").version
    card.holds.void("auth")
    now = card.accounts.balances("liabilities:card").version
    with refuses(
        card,
        ConditionFailed,
        "condition-failed",
        field="versions",
        expected=str(seen),
        found=str(now),
    ):
        card.post(
            bl.Entry("e", DAY, spending("0.01 EUR")),
            versions={"liabilities:card": seen},
        )
