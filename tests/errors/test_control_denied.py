"""When ``control-denied`` is raised, and what it says."""

from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import ControlDenied


@pytest.mark.parametrize(
    "findings",
    [
        [bl.Deny("embargo", "no rents today")],
        [bl.Allow(), bl.Deny("embargo")],
        [bl.NeedApproval(1), bl.Deny("embargo")],
        [RuntimeError("no connection")],
        ["fine"],
        [],
    ],
    ids=repr,
)
def test_a_denial_or_a_failure_denies(
    says: Any, store: Any, entry: Any, refuses: Any, findings: list[Any]
) -> None:
    """A control that denies, raises, or returns nonsense or nothing: not posted."""
    ledger = bl.open_ledger(store, actor="clerk", controls=[says(*findings)])
    with refuses(
        ledger, ControlDenied, "control-denied", field="id", found="'rent-2026-03'"
    ):
        ledger.post(entry())
