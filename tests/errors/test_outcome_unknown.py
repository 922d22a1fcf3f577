"""When ``outcome-unknown`` is raised, and what it says."""

from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import OutcomeUnknown
from backoffice_ledger.testing.faults import FaultInjector


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_the_commit_fails_half_way(
    file_ledger: bl.Ledger,
    faults: FaultInjector,
    entry: Any,
    raises: Any,
    after: bool,
) -> None:
    """Whether it happened or not, the same call again gives one entry."""
    size = file_ledger.verify().entries
    faults.arm("SQLITE_IOERR_FSYNC", matching="COMMIT", after=after)
    with raises(OutcomeUnknown, "outcome-unknown", transient=True):
        file_ledger.post(entry())
    assert faults.disarm()
    assert file_ledger.verify().entries == size + after
    assert file_ledger.post(entry()).entry == entry()
    assert file_ledger.verify().entries == size + 1
