"""When ``control-missing`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import ControlMissing


class Says:
    """A control that finds what it is told to find."""

    id = "says"
    version = "1"

    def __init__(self, *findings: Any) -> None:
        self.findings = findings

    def examine(self, proposal: bl.Proposal, books: Any) -> Any:
        """Return the findings, or raise one."""
        if self.findings and isinstance(self.findings[0], Exception):
            raise self.findings[0]
        return self.findings


def test_opening_without_a_control_of_the_manifest(store: Any, raises: Any) -> None:
    """A book that was controlled once is never written without the control again."""
    bl.open_ledger(store, actor="clerk", controls=[Says(bl.Allow())])
    with raises(
        ControlMissing,
        "control-missing",
        field="controls",
        expected="says",
        found="'none'",
    ):
        bl.open_ledger(store, actor="clerk")
    assert bl.open_ledger(store, read_only=True).verify().entries == 1
