"""Measure questions to a book with few open trades among many settled ones.

    python -m tests.benchmarks.questions [--settled 20000] [--open 1000] [--rounds 3]

One trade in twenty is that of a customer.  The floor of every question is what it cost
when each of them read all statuses and all trades: that reading, once.  So the ratio
falls as a book grows.  Nothing here asserts a time.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from tests.benchmarks.run import Line, cpu, salts

import backoffice_ledger as bl
from backoffice_ledger.settlement import FrontOffice, RuleBooks, SettlementDesk, Trade
from backoffice_ledger.settlement.accounting import SettlementAccounts
from backoffice_ledger.settlement.dates import cut_off

TRADED, DUE = date(2026, 10, 8), date(2026, 10, 9)
ON_TIME = datetime(2026, 10, 8, 12, tzinfo=UTC)
NOW = datetime(2026, 10, 12, 12, tzinfo=UTC)
ACME = "US0378331005"


def trades(count: int, prefix: str) -> list[Trade]:
    """Return purchases, every twentieth for a customer."""
    return [
        Trade(
            id=f"{prefix}-{number:06}",
            traded_at=datetime(2026, 10, 8, 9, tzinfo=UTC),
            trade_date=TRADED,
            settlement_date=DUE,
            side="buy",
            quantity=bl.Amount(1_000 + number, ACME),
            price="50.00",
            currency="USD",
            counterparty=f"BROKER-{number % 20}",
            fees={"commission": "10.00 USD"},
            own_ssi="SSI-US",
            counterparty_ssi="SSI-BROKER",
            **({} if number % 20 else {"owner": "C-1", "capacity": "agent"}),
        )
        for number in range(count)
    ]


def fill(ledger: bl.Ledger, settled: int, opened: int) -> None:
    """Settle many trades on time; capture others and leave them."""
    SettlementAccounts().open_in(ledger, customers=["C-1"])
    desk = SettlementDesk(ledger, books=RuleBooks(ledger))
    day = trades(settled, "S")
    ids = [trade.id for trade in day]
    desk.capture_many(day)
    desk.enrich_many(ids)
    desk.advance_many(ids, "confirmed", at=ON_TIME)
    desk.advance_many(ids, "affirmed", at=ON_TIME)
    desk.advance_many(ids, "matched")
    desk.route_many(ids)
    desk.instruct_many(ids)
    desk.accept_many(ids)
    desk.report_matched({id_: f"X-{id_}" for id_ in ids})
    desk.settle_many(ids, on=DUE)
    desk.capture_many(trades(opened, "O"))


def read_all(ledger: bl.Ledger) -> None:
    """Read what every question once read."""
    for kind in ("trade-status", "trade"):
        ledger.documents.all(kind)


def questions(ledger: bl.Ledger) -> dict[str, Callable[[], object]]:
    """Return the questions."""
    desk, front = SettlementDesk(ledger), FrontOffice(ledger=ledger)
    affirmation = cut_off("dtc-affirmation")
    return {
        "late for a cut-off": lambda: desk.late(affirmation, now=NOW),
        "ageing": lambda: desk.ageing(DUE),
        "available of a customer": lambda: front.available(ACME, DUE, "C-1"),
        "holdings of a customer": lambda: front.holdings("C-1"),
        "trades of a customer": lambda: front.trades(owner="C-1"),
        "holdings of the firm": lambda: front.holdings(),
        "an order": lambda: front.order("O-000001"),
    }


def measure(settled: int, opened: int, rounds: int) -> list[Line]:
    """Return the lines of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "books.db")
        with bl.open_ledger(path, actor="b", create=True, salts=salts()) as ledger:
            fill(ledger, settled, opened)
            floor = statistics.median(cpu(read_all, ledger) for _ in range(rounds))
            return [
                Line(
                    what,
                    1000 * statistics.median(cpu(ask) for _ in range(rounds)),
                    1000 * floor,
                    "ms",
                    "",
                )
                for what, ask in questions(ledger).items()
            ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--settled", type=int, default=20_000)
    parser.add_argument("--open", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for line in measure(options.settled, options.open, options.rounds):
        print(line)


if __name__ == "__main__":
    main()
