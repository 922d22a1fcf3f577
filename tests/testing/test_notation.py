"""The notation of the field: what is written is what comes out."""

from datetime import date

import pytest

from backoffice_ledger import Commodity, Entry, credit, debit
from backoffice_ledger.errors import (
    InvalidAmount,
    InvalidEntry,
    InvalidIdentifier,
    LedgerError,
    Unbalanced,
    UnknownCommodity,
)
from backoffice_ledger.testing import ledger_text

RENT = Entry(
    "rent",
    date(2026, 1, 31),
    [debit("expenses:rent", "100.00 EUR"), credit("assets:bank", "100.00 EUR")],
    description="Office rent, January",
)


@pytest.mark.parametrize(
    "text",
    [
        """
        2026-01-31 * rent | Office rent, January
            Dr expenses:rent  100.00 EUR
            Cr assets:bank    100.00 EUR
        """,
        "2026-01-31 * rent | Office rent, January"
        " / Dr expenses:rent 100.00 EUR / Cr assets:bank 100.00 EUR",
        "# a comment\n2026-01-31  *  rent|Office rent, January\n\n"
        "  # another\nDr expenses:rent 100.00 EUR\n\nCr assets:bank 100.00 EUR\n",
    ],
)
def test_an_entry_may_be_written_on_one_line_or_on_many(text: str) -> None:
    """Space and comments do not matter."""
    assert ledger_text(text) == [RENT]


def test_entries_follow_one_another() -> None:
    """Each begins with its date; paths may hold spaces, amounts a sign."""
    entries = ledger_text(
        """
        2026-01-31 * one
            Dr assets:petty cash  -1.00 EUR
            Cr assets:bank        -1.00 EUR
        2026-02-01 * two / Dr a 1 JPY / Cr b 1 JPY
        """
    )
    assert [(entry.id, entry.description) for entry in entries] == [
        ("one", ""),
        ("two", ""),
    ]
    assert entries[0].postings[0] == debit("assets:petty cash", "-1.00 EUR")
    assert ledger_text("") == []


def test_commodities_of_ones_own_are_named() -> None:
    """Their scale is not in the text."""
    text = "2026-01-31 * x / Dr a 0.001 POINT / Cr b 0.001 POINT"
    [entry] = ledger_text(text, commodities=[Commodity("POINT", 3)])
    assert entry.postings[0].amount.minor_units == 1
    with pytest.raises(UnknownCommodity, match="line 1"):
        ledger_text(text)


@pytest.mark.parametrize(
    ("error", "field", "text"),
    [
        (InvalidEntry, "line 1", "rent"),
        (InvalidEntry, "line 2", "\n2026-13-01 * rent"),
        (InvalidEntry, "line 1", "20260131 * rent"),
        (InvalidEntry, "line 1", "Dr assets:bank 1.00 EUR"),
        (InvalidEntry, "line 2", "2026-01-31 * rent\nDr assets:bank 1.00"),
        (InvalidEntry, "line 1, postings", "2026-01-31 * rent / Dr a 1.00 EUR"),
        (InvalidAmount, "line 2, amount", "2026-01-31 * rent\nDr a 1.001 EUR"),
        (InvalidIdentifier, "line 3, account", "\n2026-01-31 * x\nDr :a 1.00 EUR"),
        (
            Unbalanced,
            "line 1, postings",
            "2026-01-31 * rent\nDr a 1.00 EUR\nCr b 2.00 EUR",
        ),
    ],
)
def test_an_error_names_its_line(
    error: type[LedgerError], field: str, text: str
) -> None:
    """Whether the text is wrong or what it says."""
    with pytest.raises(error) as caught:
        ledger_text(text)
    assert caught.value.field == field
