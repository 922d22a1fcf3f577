"""When ``storage-failure`` is raised, and what it says."""

from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import StorageFailure
from backoffice_ledger.testing.faults import FaultInjector


@pytest.mark.parametrize("code", ["SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN"])
def test_writing_fails_before_the_commit(
    file_ledger: bl.Ledger,
    faults: FaultInjector,
    entry: Any,
    refuses: Any,
    code: str,
) -> None:
    """Nothing was written, and the same ledger goes on when it can."""
    faults.arm(code, matching="INSERT INTO bl_record")
    with refuses(file_ledger, StorageFailure, "storage-failure", transient=True):
        file_ledger.post(entry())
    assert faults.disarm()
    assert file_ledger.post(entry()).entry == entry()
