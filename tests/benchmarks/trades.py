"""Measure the whole life of many trades, from their capture to their settlement.

    python -m tests.benchmarks.trades [--trades 5000] [--rounds 3]

First the verbs of one day, with the memory that the process has had at most so far;
then the whole day against its floor.  The floor is the library itself: the very
documents and entries that the desk made, given to ``documents.store_many`` and
``post_all`` as ready objects.  What is above it is the desk: reading statuses, taking
steps, building documents and entries.  A trade makes 13 versions of documents and 2
entries.  Last, the sale of one lot of an instrument that has many entries already.
Nothing here asserts a time: these machines are shared.

A day of 100,000 trades is long, and some GB on disk: use --rounds 1.
"""

import argparse
import resource
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import attrs
from tests.benchmarks.run import Line, cpu, salts

import backoffice_ledger as bl
from backoffice_ledger.settlement import RuleBooks, SettlementDesk, Trade
from backoffice_ledger.settlement.accounting import SettlementAccounts, SettlementBooks

T = TypeVar("T")
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


Verb = tuple[str, Callable[[], object]]


def steps(desk: SettlementDesk, day: list[Trade]) -> Iterator[Verb]:
    """Yield the verbs of a day."""
    ids = [trade.id for trade in day]
    yield "capture", lambda: desk.capture_many(day)
    yield "enrich", lambda: desk.enrich_many(ids)
    yield "confirm", lambda: desk.advance_many(ids, "confirmed")
    yield "match", lambda: desk.advance_many(ids, "matched")
    yield "route", lambda: desk.route_many(ids)
    yield "instruct", lambda: desk.instruct_many(ids)
    yield "accept", lambda: desk.accept_many(ids)
    yield (
        "report matched",
        lambda: desk.report_matched({id_: f"X-{id_}" for id_ in ids}),
    )
    yield "settle", lambda: desk.settle_many(ids, on=DUE)


def live(desk: SettlementDesk, day: list[Trade]) -> dict[str, float]:
    """Carry all trades from their capture to their settlement; return CPU seconds."""
    return {name: cpu(step) for name, step in steps(desk, day)}


def by_verb(day: list[Trade]) -> Iterator[str]:
    """Yield a line for each verb of one day by `SettlementBooks`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        book(Path(folder, "day.db")) as ledger,
    ):
        for name, step in steps(SettlementDesk(ledger), day):
            each = cpu(step) * 1e6 / len(day)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            yield f"{name:15} {each:8.0f} us per trade, peak {peak:6} MiB"


def documents_of(ledger: bl.Ledger) -> Iterator[bl.Document]:
    """Yield every version of every document, in the order of the log."""
    return (
        bl.Document(
            record.content["kind"],
            record.content["id"],
            record.content["content"],
            version=record.content["version"],
            index=record.content.get("index", {}),
        )
        for record in ledger.records()
        if record.type == "document"
    )


def entries_of(ledger: bl.Ledger) -> Iterator[bl.Entry]:
    """Yield every entry, in the order of the log."""
    return (record.entry for record in ledger.records() if record.type == "entry")


def in_batches(store: Callable[[list[T]], object], items: Iterable[T]) -> float:
    """Return the CPU seconds of storing ready objects; making them is not counted."""
    iterator, seconds = iter(items), 0.0
    while batch := list(islice(iterator, BATCH)):
        seconds += cpu(store, batch)
    return seconds


def sales(entries: int, count: int = 20) -> float:
    """Return the CPU seconds of a sale of an instrument with so many entries."""
    with (
        tempfile.TemporaryDirectory() as folder,
        book(Path(folder, "book.db")) as ledger,
    ):
        books = SettlementBooks(ledger)
        books.post(trade.executed() for trade in trades(entries))
        sold = [
            attrs.evolve(trade.executed(), trade_id=f"S-{number}", side="sell")
            for number, trade in enumerate(trades(count))
        ]
        books.post(sold[:1])
        return sum(cpu(books.post, [event]) for event in sold[1:]) / (count - 1)


def measure(count: int, rounds: int) -> list[Line]:
    """Return the lines of the table."""
    by_rules, by_books, posting, storing = [], [], [], []
    day = trades(count)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            path = Path(folder, f"books-{number}.db")
            with book(path) as done:
                by_books.append(sum(live(SettlementDesk(done), day).values()))
                with book(Path(folder, f"bare-{number}.db")) as ledger:
                    posting.append(in_batches(ledger.post_all, entries_of(done)))
                    storing.append(
                        in_batches(ledger.documents.store_many, documents_of(done))
                    )
            with book(Path(folder, f"rules-{number}.db")) as ledger:
                desk = SettlementDesk(ledger, books=RuleBooks(ledger))
                by_rules.append(sum(live(desk, day).values()))
    floor = _each(posting, count) + _each(storing, count)
    return [
        Line("life by RuleBooks, per trade", _each(by_rules, count), floor, "us", ""),
        Line(
            "life by SettlementBooks, per trade",
            _each(by_books, count),
            floor,
            "us",
            "",
        ),
        Line("post_all, per entry", _each(posting, 2 * count), None, "us", ""),
        Line("store_many, per version", _each(storing, 13 * count), None, "us", ""),
        *(
            Line(f"a sale after {size:,} entries", sales(size) * 1e6, None, "us", "")
            for size in (count // 10 + 20, count + 20)
        ),
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
    for text in by_verb(trades(options.trades)):
        print(text, flush=True)
    for line in measure(options.trades, options.rounds):
        print(line)


if __name__ == "__main__":
    main()
