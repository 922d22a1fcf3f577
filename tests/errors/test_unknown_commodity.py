"""When ``unknown-commodity`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import UnknownCommodity


def test_a_code_without_a_standard(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """The scale of a code of one's own must be given."""
    with refuses(
        ledger,
        UnknownCommodity,
        "unknown-commodity",
        field="commodity",
        expected="an ISO 4217 code or an ISIN, or a scale",
        found="'POINTS'",
    ):
        ledger.post(entry(amount="5 POINTS"))
