"""When ``commodity-refused`` is raised, and what it says."""

from datetime import date
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.errors import CommodityRefused


def test_a_commodity_that_the_account_does_not_hold(
    ledger: bl.Ledger, entry: Any, refuses: Any
) -> None:
    """An account may be held to some commodities."""
    with refuses(
        ledger,
        CommodityRefused,
        "commodity-refused",
        field="postings[0].amount",
        found="'USD'",
    ):
        ledger.post(entry(debited="expenses:euro", amount="5.00 USD"))


def test_a_commodity_with_another_scale(ledger: bl.Ledger, refuses: Any) -> None:
    """A book counts a commodity with one scale, from its first entry on."""

    def points(id_: str, scale: int) -> bl.Entry:
        amount = bl.Amount(5, bl.Commodity("POINTS", scale))
        postings = [
            bl.debit("expenses:rent", amount),
            bl.credit("expenses:rent", amount),
        ]
        return bl.Entry(id_, date(2026, 3, 31), postings)

    ledger.post(points("p-1", 0))
    with refuses(
        ledger,
        CommodityRefused,
        "commodity-refused",
        field="postings[0].amount",
        expected="0",
        found="2",
    ):
        ledger.post(points("p-2", 2))


def test_a_limit_of_another_scale(ledger: bl.Ledger, entry: Any, refuses: Any) -> None:
    """It could never be compared with what the book counts."""
    points = bl.Amount(5, bl.Commodity("POINTS", 0))
    postings = [bl.debit("expenses:rent", points), bl.credit("expenses:rent", points)]
    ledger.post(bl.Entry("p-1", date(2026, 3, 31), postings))
    finer = bl.Limit(minimum=bl.Amount(5, bl.Commodity("POINTS", 2)))
    for command in (
        lambda: ledger.open_account("assets:points", type="asset", limits=[finer]),
        lambda: ledger.accounts.change("expenses:rent", limits=[finer]),
    ):
        with refuses(
            ledger,
            CommodityRefused,
            "commodity-refused",
            field="limits",
            expected="scale 0",
            found="2",
        ):
            command()
