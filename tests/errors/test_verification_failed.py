"""When ``verification-failed`` is raised, and what it says."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import VerificationFailed


def test_a_balance_that_the_log_does_not_lead_to(
    file_ledger: bl.Ledger, path: Path
) -> None:
    """Who edits the file is found out: here only a projection differs."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE bl_current SET debit_low = debit_low + 1")
    with pytest.raises(VerificationFailed) as caught:
        file_ledger.verify()
    assert caught.value.code == "verification-failed"
    assert caught.value.position is None
    assert len(caught.value.problems) == 2
    assert not caught.value.transient


def test_a_record_that_was_rewritten(file_ledger: bl.Ledger, path: Path) -> None:
    """The first bad position is named."""
    position = file_ledger.record("rent-2026-02").position
    file_ledger.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        [(trigger,)] = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'bl_record_update'"
        )
        connection.execute("DROP TRIGGER bl_record_update")
        connection.execute(
            "UPDATE bl_record SET actor = 'nobody' WHERE position = ?", (position,)
        )
        connection.execute(trigger)
    ledger = bl.open_ledger(path, read_only=True)
    with ledger, pytest.raises(VerificationFailed) as caught:
        ledger.verify()
    assert caught.value.position == position
