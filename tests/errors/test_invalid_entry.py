"""When ``invalid-entry`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidEntry


def test_an_entry_of_one_posting(ledger: bl.Ledger, refuses: Any) -> None:
    """It takes two to balance."""
    with refuses(
        ledger,
        InvalidEntry,
        "invalid-entry",
        field="postings",
        expected="at least 2 postings",
        found="1",
    ):
        postings = [bl.debit("expenses:rent", "1.00 EUR")]
        ledger.post(bl.Entry("half", date(2026, 3, 31), postings))


def test_an_entry_that_moves_nothing(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """All zeros are no event."""
    with refuses(
        ledger,
        InvalidEntry,
        "invalid-entry",
        field="postings",
        expected="an amount that is not zero",
        found="'only zeros'",
    ):
        ledger.post(entry(amount="0.00 EUR"))


def test_posting_something_else(ledger: bl.Ledger, refuses: Any) -> None:
    """A draft must be completed first; anything else is no entry at all."""
    draft = bl.EntryDraft(date(2026, 3, 31), [bl.debit("expenses:rent", "1.00 EUR")])
    with refuses(
        ledger,
        InvalidEntry,
        "invalid-entry",
        field="entry",
        expected="an Entry (of a draft: to_entry())",
        found="'EntryDraft'",
    ):
        ledger.post(draft)  # type: ignore[arg-type]
