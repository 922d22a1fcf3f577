"""When ``missing-extra`` is raised, and what it says."""

import sys
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import MissingExtra


def test_a_frame_without_its_library(
    ledger: bl.Ledger, refuses: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names what to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = ledger.view().trial_balance()
    with refuses(ledger, MissingExtra, "missing-extra", field="pandas"):
        table.to_pandas()
