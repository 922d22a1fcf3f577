"""When ``commodity-mismatch`` is raised, and what it says."""

from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import CommodityMismatch


def test_adding_apples_to_oranges(ledger: bl.Ledger, refuses: Any) -> None:
    """Amounts of different commodities have no sum."""
    bank = ledger.balance("assets:bank")
    with refuses(
        ledger,
        CommodityMismatch,
        "commodity-mismatch",
        field="commodity",
        expected="EUR",
        found="'USD'",
    ):
        _ = bank["EUR"] + bank["USD"]
