"""When ``account-not-open`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import AccountNotOpen


def test_posting_before_an_account_opens(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """The entry's date decides."""
    with refuses(
        ledger,
        AccountNotOpen,
        "account-not-open",
        field="postings[0].account",
        expected="an account open on the entry's date",
        found="'2026-03-31'",
    ):
        ledger.post(entry(debited="assets:new"))
