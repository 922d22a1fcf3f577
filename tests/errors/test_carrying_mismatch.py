"""When ``carrying-mismatch`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import CarryingMismatch
from backoffice_ledger.fx import CurrencyDesk, MonetaryItem, ProfitAndLoss


def test_a_foreign_balance_without_its_cost(ledger: bl.Ledger, refuses: Any) -> None:
    """Dollars were posted from one account to another, and their cost stayed behind."""
    for path, type_ in {
        "assets:usd": "asset",
        "equity:usd:cost": "equity",
        "equity:usd:value": "equity",
        "income:fx": "income",
    }.items():
        ledger.open_account(path, type=type_)
    moved = [bl.debit("assets:usd", "5.00 USD"), bl.credit("assets:bank", "5.00 USD")]
    ledger.post(bl.Entry("moved", date(2026, 3, 1), moved))
    result = ProfitAndLoss("income:fx", "income:fx")
    item = MonetaryItem("assets:usd", "USD", "equity:usd:cost", "equity:usd:value")
    desk = CurrencyDesk(
        ledger, functional="EUR", items=[item], policy=result, realised=result
    )
    with refuses(
        ledger,
        CarryingMismatch,
        "carrying-mismatch",
        field="equity:usd:cost",
        expected="the other side of 5.00 USD in assets:usd on 2026-03-31",
        found="'of 0.00 USD'",
    ):
        desk.revalue(date(2026, 3, 31))
