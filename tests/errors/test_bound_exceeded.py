"""When ``bound-exceeded`` is raised, and what it says."""

from datetime import date
from itertools import repeat
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import BoundExceeded


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"amount": "1" * 26 + " EUR"}, "amount", "less than 10^27 minor units"),
        ({"amount": "9" * 65 + " EUR"}, "amount", "at most 64 characters"),
        ({"id": "x" * 256}, "id", "at most 255 bytes"),
        ({"description": "x" * 4097}, "description", "at most 4096 bytes"),
        ({"debited": "a" + ":a" * 16}, "account", "at most 16 parts"),
        ({"references": ["x"] * 65}, "references", "at most 64"),
        ({"date": date(2200, 1, 1)}, "date", "1900-01-01 to 2199-12-31"),
    ],
)
def test_nothing_is_too_large_to_be_refused(
    ledger: bl.Ledger,
    entry: Any,
    refuses: Any,
    change: dict[str, Any],
    field: str,
    expected: str,
) -> None:
    """Every input has a finite bound, and the error names it."""
    before = ledger.verify()
    with pytest.raises(BoundExceeded) as caught:
        ledger.post(entry(**change))
    assert (caught.value.field, caught.value.expected) == (field, expected)
    assert ledger.verify() == before


def test_more_postings_than_an_entry_holds(ledger: bl.Ledger, refuses: Any) -> None:
    """An endless list of postings ends at the bound."""
    with refuses(
        ledger,
        BoundExceeded,
        "bound-exceeded",
        field="postings",
        expected="at most 10000",
        found="'more than 10000'",
    ):
        postings = repeat(bl.debit("expenses:rent", "1.00 EUR"))
        ledger.post(bl.Entry("many", date(2026, 3, 31), postings))
