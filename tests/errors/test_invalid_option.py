"""When ``invalid-option`` is raised, and what it says."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption


def test_an_unknown_style_of_reversal(ledger: bl.Ledger, refuses: Any) -> None:
    """The error lists what is allowed."""
    with refuses(
        ledger,
        InvalidOption,
        "invalid-option",
        field="style",
        expected="opposite or same-side",
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


def test_a_dsn_in_words_is_no_file(tmp_path: Path, monkeypatch: Any) -> None:
    """It is not taken for the name of a file that could be made."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidOption) as caught:
        bl.open_ledger("host=db dbname=books", actor="clerk", create=True)
    assert (caught.value.field, list(tmp_path.iterdir())) == ("where", [])
