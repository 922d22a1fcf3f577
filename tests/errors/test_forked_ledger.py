"""When ``forked-ledger`` is raised, and what it says."""

import os
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl

SCRIPT = """
import os, sys, time
import backoffice_ledger as bl

ledger = bl.open_ledger(sys.argv[1], actor="clerk")
child = os.fork()
if child == 0:
    for use in (lambda: ledger.balance("assets:bank"), lambda: ledger.backup("b.db")):
        try:
            use()
        except bl.errors.ForkedLedger as error:
            expected = (str(os.getppid()), str(os.getpid()))
            assert (error.expected, error.found) == expected, error
            print(error.code, error.field, error.transient, flush=True)
    ledger.close()  # leaves the parent's connection alone
    os._exit(0)
os.waitpid(child, 0)
print(ledger.verify().entries)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_process_does_not_use_the_connection(
    file_ledger: bl.Ledger, path: Path, run_python: Any
) -> None:
    """SQLite's locks are the parent's; the child opens the book anew."""
    before = file_ledger.verify()
    told = run_python("-c", SCRIPT, path).splitlines()
    assert told == 2 * ["forked-ledger process False"] + ["1"]
    assert file_ledger.verify() == before
