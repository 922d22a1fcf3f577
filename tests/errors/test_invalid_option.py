"""When ``invalid-option`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption


def test_an_unknown_style_of_reversal(ledger: bl.Ledger, refuses: Any) -> None:
    """The error lists what is allowed."""
    with refuses(
        ledger,
        InvalidOption,
        "invalid-option",
        field="style",
        expected="opposite, same-side",
        found="'red'",
    ):
        ledger.reverse(
            "rent-2026-02",
            date=date(2026, 3, 1),
            reason="twice",
            style="red",  # type: ignore[arg-type]
        )


def test_a_flag_that_is_a_text(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """The text "no" would count as true."""
    with refuses(
        ledger,
        InvalidOption,
        "invalid-option",
        field="dry_run",
        expected="True or False",
        found="'no'",
    ):
        ledger.post(entry(), dry_run="no")  # type: ignore[arg-type]


def test_a_reversal_made_by_hand(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """Only the ledger knows what an entry takes back."""
    with refuses(
        ledger,
        InvalidOption,
        "invalid-option",
        field="entry.kind",
        expected="ledger.reverse() for a reversal",
        found="'reversing'",
    ):
        ledger.propose(entry(kind="reversing"))
