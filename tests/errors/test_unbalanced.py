"""When ``unbalanced`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import Unbalanced


def test_debits_and_credits_differ(ledger: bl.Ledger, refuses: Any) -> None:
    """There is no tolerance, in any commodity."""
    with refuses(
        ledger, Unbalanced, "unbalanced", field="postings", found="'0.01 EUR'"
    ):
        ledger.post(
            bl.Entry(
                "cent",
                date(2026, 3, 31),
                [
                    bl.debit("expenses:rent", "10.01 EUR"),
                    bl.credit("assets:bank", "10.00 EUR"),
                ],
            )
        )


def test_memorandum_postings_balance_among_themselves(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """A unit of the stock record is no money."""
    with refuses(
        ledger,
        Unbalanced,
        "unbalanced",
        field="postings (memorandum)",
        found="'1000.00 EUR'",
    ):
        ledger.post(entry(debited="memo:stock"))
