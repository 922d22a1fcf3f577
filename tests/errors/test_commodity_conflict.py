"""When ``commodity-conflict`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import CommodityConflict


def test_a_scale_against_the_standard(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """ISO 4217 decides the digits of a currency."""
    with refuses(
        ledger,
        CommodityConflict,
        "commodity-conflict",
        field="scale",
        expected="2",
        found="3",
    ):
        ledger.post(entry(amount=bl.Amount(5, bl.Commodity("EUR", 3))))


def test_two_scales_in_one_entry(ledger: bl.Ledger, refuses: Any) -> None:
    """One code counts with one scale."""
    postings = [
        side(account, bl.Amount(1, bl.Commodity("POINTS", scale)))
        for scale in (0, 2)
        for side, account in ((bl.debit, "expenses:rent"), (bl.credit, "assets:new"))
    ]
    with refuses(
        ledger,
        CommodityConflict,
        "commodity-conflict",
        field="commodity",
        expected="scale 0",
        found="2",
    ):
        ledger.post(bl.Entry("points", date(2026, 3, 31), postings))
