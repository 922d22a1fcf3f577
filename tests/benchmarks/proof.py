"""Measure what proving costs: canonical bytes and leaves, trees, checkpoints, exports.

    python -m tests.benchmarks.proof [--records 50000] [--rounds 5]

CPU microseconds for each entry or record, medians of the rounds.  Nothing here asserts
a time: these machines are shared.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import attrs

import backoffice_ledger as bl
from backoffice_ledger import audit
from backoffice_ledger._engine.canonical import (
    commitment,
    entry_content,
    leaf_hash,
    record_bytes,
    text_fields,
)

DAY = date(2026, 1, 31)
AT = "2026-01-31T12:00:00.000000Z"


@attrs.frozen
class Figure:
    """One line of the result."""

    what: str
    microseconds: float
    unit: str

    def __str__(self) -> str:
        return f"{self.what:<44}{self.microseconds:>10.2f} us per {self.unit}"


DIMENSIONS = {
    name: f"{name}-17"
    for name in ("counterparty", "instrument", "lot", "place", "trade")
}


def entry(
    number: int, *, texts: int = 0, dimensions: dict[str, str] | None = None
) -> bl.Entry:
    """Return an entry of two postings with so many texts: none, or up to three."""
    memos = [f"memo {number}" if texts > at else None for at in (1, 2)]
    return bl.Entry(
        f"id-{number:09}",
        DAY,
        [
            make(path, "12.34 EUR", memo=memo, dimensions=dimensions)
            for make, path, memo in (
                (bl.debit, "assets:account-001", memos[0]),
                (bl.credit, "assets:account-002", memos[1]),
            )
        ],
        description=f"payment {number}" if texts else "",
    )


def leaf(entry_: bl.Entry, salt: bytes) -> bytes:
    """Return the leaf of an entry, as posting computes it."""
    commitments = {name: commitment(salt, text) for name, text in text_fields(entry_)}
    content = entry_content(entry_, commitments)
    return leaf_hash(record_bytes("entry", "clerk", AT, content))


def timed(work: Callable[[], object], count: int, rounds: int) -> float:
    """Return the median CPU microseconds of *work* for each of *count* things."""
    taken = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        taken.append((time.process_time() - begin) * 1e6 / count)
    return statistics.median(taken)


def measure(records: int, rounds: int) -> list[Figure]:
    """Return the figures."""
    figures = []
    salt = bytes(16)
    for what, texts, dimensions in (
        ("0 texts", 0, None),
        ("1 texts", 1, None),
        ("3 texts", 3, None),
        ("5 dimensions", 0, DIMENSIONS),
    ):
        entries = [
            entry(number, texts=texts, dimensions=dimensions)
            for number in range(min(records, 5_000))
        ]
        cost = timed(
            lambda e=entries: [leaf(each, salt) for each in e], len(entries), rounds
        )
        figures.append(Figure(f"canonical bytes and leaf, {what}", cost, "entry"))
    leaves = [leaf_hash(number.to_bytes(8, "big")) for number in range(records)]
    figures.append(
        Figure(
            "root of a tree",
            timed(lambda: audit.merkle_root(leaves), records, rounds),
            "leaf",
        )
    )
    for name, prove in (
        ("inclusion", lambda: audit.inclusion_proof(leaves, records // 3)),
        ("consistency", lambda: audit.consistency_proof(leaves, records // 3)),
    ):
        figures.append(Figure(f"{name} proof", timed(prove, records, rounds), "leaf"))
    with tempfile.TemporaryDirectory() as folder:
        figures += _book(Path(folder), records)
    return figures


def _book(folder: Path, records: int) -> list[Figure]:
    """Measure a book: its checkpoints, verification and exports."""
    signer = audit.HmacKey("example.com/books", bytes(32))
    with bl.open_ledger(folder / "books.db", actor="clerk", create=True) as ledger:
        for path in ("assets:account-001", "assets:account-002"):
            ledger.open_account(path, type="asset")
        ledger.post_many(entry(number, texts=1) for number in range(records))
        made: list[audit.Checkpoint] = []

        def checkpoint() -> None:
            made.append(audit.checkpoint(ledger, signers=[signer]))

        first = timed(checkpoint, records, 1)
        ledger.post(entry(records, texts=1))
        again = timed(checkpoint, 1, 1)
        verify = timed(lambda: ledger.verify(checkpoints=made), records, 1)
        target = folder / "log.jsonl"
        export = timed(
            lambda: audit.export(ledger, target, checkpoint=made[-1]), records, 1
        )
    keys, origin = [signer], made[-1].origin
    read = timed(
        lambda: audit.verify_export(target, keys=keys, origin=origin), records, 1
    )
    return [
        Figure("first checkpoint", first, "record"),
        Figure("next checkpoint, one entry later", again, "checkpoint"),
        Figure("verify, with both", verify, "record"),
        Figure("export", export, "record"),
        Figure("verify_export", read, "record"),
    ]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for figure in measure(options.records, options.rounds):
        print(figure)


if __name__ == "__main__":
    main()
