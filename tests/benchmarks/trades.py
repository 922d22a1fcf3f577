"""Measure the whole life of many trades, from their capture to their settlement.

    python -m tests.benchmarks.trades [--trades 5000] [--rounds 3]

The floor is the library itself: the very documents and entries that the desk made,
given to ``documents.store_many`` and ``post_many`` as ready objects.  What is above it
is the desk: reading statuses, taking steps, building documents and entries.  A trade
makes 13 versions of documents and 2 entries.  Nothing here asserts a time.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from tests.benchmarks.run import Line, cpu, salts

import backoffice_ledger as bl
from backoffice_ledger.settlement import RuleBooks, SettlementDesk, Trade
from backoffice_ledger.settlement.accounting import SettlementAccounts

TRADED, DUE = date(2026, 10, 8), date(2026, 10, 9)
BATCH = 5_000


def trades(count: int) -> list[Trade]:
    """Return purchases from twenty counterparties."""
    return [
        Trade(
            id=f"T-{number:06}",
            traded_at=datetime(2026, 10, 8, 9, tzinfo=UTC),
            trade_date=TRADED,
            settlement_date=DUE,
            side="buy",
            quantity=bl.Amount(1_000 + number, "US0378331005"),
            price="50.00",
            currency="USD",
            counterparty=f"BROKER-{number % 20}",
            fees={"commission": "10.00 USD"},
            own_ssi="SSI-US",
            counterparty_ssi="SSI-BROKER",
        )
        for number in range(count)
    ]


def book(path: Path) -> bl.Ledger:
    """Return an empty book with the accounts of settlement."""
    ledger = bl.open_ledger(path, actor="benchmark", create=True, salts=salts())
    SettlementAccounts().open_in(ledger)
    return ledger


def steps(desk: SettlementDesk, day: list[Trade]) -> Iterator[Callable[[], object]]:
    """Yield the verbs of a day."""
    ids = [trade.id for trade in day]
    yield lambda: desk.capture_many(day)
    yield lambda: desk.enrich_many(ids)
    yield lambda: desk.advance_many(ids, "confirmed")
    yield lambda: desk.advance_many(ids, "matched")
    yield lambda: desk.route_many(ids)
    yield lambda: desk.instruct_many(ids)
    yield lambda: desk.accept_many(ids)
    yield lambda: desk.report_matched({id_: f"X-{id_}" for id_ in ids})
    yield lambda: desk.settle_many(ids, on=DUE)


def live(desk: SettlementDesk, day: list[Trade]) -> None:
    """Carry all trades from their capture to their settlement."""
    for step in steps(desk, day):
        step()


def documents_of(ledger: bl.Ledger) -> list[bl.Document]:
    """Return every version of every document, in the order of the log."""
    return [
        bl.Document(
            record.content["kind"],
            record.content["id"],
            record.content["content"],
            version=record.content["version"],
            index=record.content.get("index", {}),
        )
        for record in ledger.records()
        if record.type == "document"
    ]


def store(
    ledger: bl.Ledger, documents: list[bl.Document], entries: list[bl.Entry]
) -> None:
    """Write what the desk wrote."""
    ledger.post_many(entries, batch_size=BATCH)
    for at in range(0, len(documents), BATCH):
        ledger.documents.store_many(documents[at : at + BATCH])


def measure(count: int, rounds: int) -> list[Line]:
    """Return the lines of the table."""
    by_rules, by_books, bare, posting, storing = [], [], [], [], []
    day = trades(count)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            with book(Path(folder, f"books-{number}.db")) as ledger:
                by_books.append(cpu(live, SettlementDesk(ledger), day))
            with book(Path(folder, f"rules-{number}.db")) as ledger:
                desk = SettlementDesk(ledger, books=RuleBooks(ledger))
                by_rules.append(cpu(live, desk, day))
                entries = [record.entry for record in ledger.view().entries()]
                documents = documents_of(ledger)
            with book(Path(folder, f"bare-{number}.db")) as ledger:
                bare.append(cpu(store, ledger, documents, entries))
            with book(Path(folder, f"post-{number}.db")) as ledger:
                posting.append(cpu(store, ledger, [], entries))
            with book(Path(folder, f"store-{number}.db")) as ledger:
                storing.append(cpu(store, ledger, documents, []))
    floor = _each(bare, count)
    return [
        Line("life by RuleBooks, per trade", _each(by_rules, count), floor, "us", ""),
        Line(
            "life by SettlementBooks, per trade",
            _each(by_books, count),
            floor,
            "us",
            "",
        ),
        Line("post_many, per entry", _each(posting, len(entries)), None, "us", ""),
        Line("store_many, per version", _each(storing, len(documents)), None, "us", ""),
    ]


def _each(seconds: list[float], count: int) -> float:
    return statistics.median(seconds) * 1e6 / count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trades", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{options.trades} trades, medians of {options.rounds} rounds")
    for line in measure(options.trades, options.rounds):
        print(line)


if __name__ == "__main__":
    main()
