"""When ``unknown-journal`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import UnknownJournal


def test_posting_to_a_journal_that_was_never_opened(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """A misspelt name does not begin a series of its own."""
    with refuses(
        ledger, UnknownJournal, "unknown-journal", field="journal", found="'genral'"
    ):
        ledger.post(entry(journal="genral"))


def test_closing_a_period_of_an_unknown_journal(
    ledger: bl.Ledger, refuses: Any
) -> None:
    """The same holds for its periods."""
    with refuses(
        ledger, UnknownJournal, "unknown-journal", field="journal", found="'genral'"
    ):
        ledger.periods.close("2026-03", journal="genral")
