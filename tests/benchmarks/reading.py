"""Measure what reading costs: entries, with and without dimensions, and documents.

    python -m tests.benchmarks.reading [--entries 2000] [--rounds 15]

CPU microseconds for each entry or document, the least of the rounds.  The floor of
entries is bare ``sqlite3`` fetching the rows that they are built from.  Nothing here
asserts a time: these machines are shared.
"""

import argparse
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

from tests.benchmarks.run import Line, account, cpu, new_book

import backoffice_ledger as bl

DAY = date(2026, 1, 31)
DIMENSIONS = ("counterparty", "instrument", "lot", "place", "trade")
FETCHED = (
    "bl_record WHERE type = 0 AND id <> 'first'",
    "bl_posting WHERE position IN (SELECT position FROM bl_record WHERE type = 0)",
    "bl_dimension",
    "bl_opening",
)


def entries(count: int, *, dimensions: bool) -> list[bl.Entry]:
    """Return entries of two postings, with five dimensions each or with a text."""
    return [
        bl.Entry(
            f"id-{number:06}",
            DAY,
            [
                make(account(number % 100 + step), f"{number + 1}.34 EUR", **extra)
                for step, make in enumerate((bl.debit, bl.credit))
            ],
            description="" if dimensions else f"payment {number}",
        )
        for number in range(count)
        for extra in (
            {"dimensions": {name: f"{name}-{number % 500}" for name in DIMENSIONS}}
            if dimensions
            else {},
        )
    ]


def content(number: int) -> dict[str, object]:
    """Return what a trade's document holds: some 20 fields."""
    texts = {f"field_{at:02}": f"value {number % 100} of {at}" for at in range(16)}
    fees = {"commission": "10.00 USD", "tax": "1.00 USD"}
    return {**texts, "fees": fees, "history": ["captured", "enriched"], "late": False}


def least(work: Callable[[], object], count: int, rounds: int) -> float:
    """Return the least CPU microseconds of *work* for each of *count* things."""
    return min(cpu(work) for _ in range(rounds)) * 1e6 / count


def fetch(path: Path) -> None:
    """Fetch the rows of all entries."""
    with closing(sqlite3.connect(path)) as connection:
        for what in FETCHED:
            connection.execute(f"SELECT * FROM {what}").fetchall()


def measure(count: int, rounds: int) -> list[Line]:
    """Return the lines of the table."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a text", "five dimensions a posting"):
            path = Path(folder, f"{name}.db")
            made = entries(count, dimensions=name != "a text")
            with new_book(path) as ledger:
                ledger.open_account(account(100), type="asset")
                for dimension in DIMENSIONS:
                    ledger.declare_dimension(dimension)
                ledger.post_many(made)
                view = ledger.view()
                cost = least(lambda v=view: list(v.entries()), count, rounds)
                floor = least(lambda p=path: fetch(p), count, rounds)
            lines.append(Line(f"view.entries, {name}", cost, floor, "us", ""))
        with new_book(Path(folder, "documents.db")) as ledger:
            lines += _documents(ledger, count, rounds)
    return lines


def _documents(ledger: bl.Ledger, count: int, rounds: int) -> list[Line]:
    """Measure building documents, storing them once, and reading them."""
    contents = [content(number) for number in range(count)]
    ids = [f"T-{number:06}" for number in range(count)]

    def build(version: int = 1) -> list[bl.Document]:
        return [
            bl.Document("trade", id_, body, version=version)
            for id_, body in zip(ids, contents, strict=True)
        ]

    building = least(build, count, rounds)
    versions = iter(build(version) for version in range(1, rounds + 1))
    storing = least(lambda: ledger.documents.store_many(next(versions)), count, rounds)
    reading = least(lambda: ledger.documents.get_many("trade", ids), count, rounds)
    return [
        Line("Document of 20 fields", building, None, "us", ""),
        Line("Document and store_many", storing, None, "us", ""),
        Line("get_many", reading, None, "us", ""),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for line in measure(options.entries, options.rounds):
        print(line)


if __name__ == "__main__":
    main()
