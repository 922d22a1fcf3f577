"""When ``unknown-account`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import UnknownAccount


def test_posting_to_an_account_that_was_never_opened(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """Nothing is opened by the way."""
    with refuses(
        ledger,
        UnknownAccount,
        "unknown-account",
        field="postings[0].account",
        expected="an account of the book",
        found="'expenses:nowhere'",
    ):
        ledger.post(entry(debited="expenses:nowhere"))


def test_the_balance_of_an_unknown_account(ledger: bl.Ledger, refuses: Any) -> None:
    """No account is not a balance of zero."""
    with refuses(
        ledger,
        UnknownAccount,
        "unknown-account",
        field="account",
        expected="an account of the book",
        found="'assets:nowhere'",
    ):
        ledger.balance("assets:nowhere")
