"""When ``busy`` is raised, and what it says."""

import sqlite3
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import Busy


def test_another_writer_holds_the_book(
    file_ledger: bl.Ledger, path: Path, entry: Any, refuses: Any
) -> None:
    """Writing waits, gives up, and may be tried again; reading goes on."""
    rival = sqlite3.connect(path, isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    with refuses(file_ledger, Busy, "busy", transient=True):
        file_ledger.post(entry())
    rival.close()
    assert file_ledger.post(entry()).entry == entry()
