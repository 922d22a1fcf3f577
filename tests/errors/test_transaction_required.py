"""When ``transaction-required`` is raised, and what it says."""

import sqlite3
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import TransactionRequired


class Autocommit(sqlite3.Connection):
    """A connection whose commit() does nothing, as Python 3.12 has them."""

    autocommit = True


def test_a_host_without_a_transaction(
    file_ledger: bl.Ledger, path: Path, entry: Any, refuses: Any
) -> None:
    """The posting would be lost, or kept whatever the application decides."""
    connection = sqlite3.connect(path, factory=Autocommit, isolation_level=None)
    ledger = bl.open_ledger(connection, actor="app")
    with refuses(
        ledger, TransactionRequired, "transaction-required", field="connection"
    ):
        ledger.post(entry())
    connection.execute("BEGIN")
    assert ledger.post(entry()).entry == entry()
    connection.execute("COMMIT")
    connection.close()
