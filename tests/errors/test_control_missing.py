"""When ``control-missing`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import ControlMissing


def test_opening_without_a_control_of_the_manifest(
    store: Any, raises: Any, says: Any
) -> None:
    """A book that was controlled once is never written without the control again."""
    bl.open_ledger(store, actor="clerk", controls=[says(bl.Allow())])
    with raises(
        ControlMissing,
        "control-missing",
        field="controls",
        expected="says",
        found="'none'",
    ):
        bl.open_ledger(store, actor="clerk")
    assert bl.open_ledger(store, read_only=True).verify().entries == 1
