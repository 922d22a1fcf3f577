"""When ``unknown-dimension`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import UnknownDimension


def test_a_dimension_that_was_never_declared(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """A misspelt name does not begin a dimension of its own."""
    with refuses(
        ledger,
        UnknownDimension,
        "unknown-dimension",
        field="postings[0].dimensions",
        found="'cost_center'",
    ):
        ledger.post(entry(dimensions={"cost_center": "B7"}))
