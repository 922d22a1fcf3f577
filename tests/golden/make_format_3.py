"""Makes ``format_3.db`` and ``format_3.json``: what format 3 brought, for ever.

Documents that declare what they are found by.  What was there before is pinned by
formats 1 and 2.  It ran once; never run it to make a failing test pass.

    python tests/golden/make_format_3.py FOLDER
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger.stores import Store
from backoffice_ledger.testing import ManualClock, SeededSalts, SequentialIds

START = datetime(2026, 1, 1, 8, 0, 0, 250_001, tzinfo=UTC)


def build(store: Store) -> None:
    """Make the book in *store*."""
    ledger = bl.open_ledger(
        store,
        actor="clerk",
        create=True,
        clock=ManualClock(START),
        ids=SequentialIds("main-"),
        salts=SeededSalts("main"),
    )
    documents = ledger.documents
    documents.store(bl.Document("deal", "plain", {"n": 1}))
    first = bl.Document(
        "deal",
        "D-1",
        {"who": "Jane Roe", "n": 1},
        personal=["who"],
        index={"state": "open", "due": "2026-10-09", "owner": "Jörg & Söhne"},
    )
    second = bl.Document("deal", "D/2", {}, index={"state": "open"})
    documents.store_many([first, second])
    documents.store(first.revise({"who": "Jane Roe"}, index={"state": "settled"}))
    documents.store(second.revise({"n": 2}, index={}))
    documents.store(bl.Document("deal", "D-3", {}, index={"state": "open"}))
    ledger.redact("deal/D-1", field="personal.who", basis="GDPR", type="document")
    ledger.proposals.propose(
        lambda book: book.documents.store(
            bl.Document("deal", "D-4", {}, index={"state": "open"})
        ),
        id="D-4",
    )


def vectors(store: Store) -> list[dict[str, object]]:
    """Return the canonical text and the leaf hash of every record."""
    with store.transaction("main", write=False) as transaction:
        return [
            {
                "position": row.record.position,
                "type": row.record.type,
                "id": row.record.id,
                "canonical": row.data.decode(),
                "leaf": row.record.leaf.hex(),
            }
            for row in transaction.log(0, 1000)
        ]


def main(folder: Path) -> None:
    """Write both files."""
    store = bl.SQLiteStore(folder / "format_3.db", create=True)
    build(store)
    text = json.dumps(vectors(store), indent=1, ensure_ascii=False)
    (folder / "format_3.json").write_text(text + "\n", encoding="utf-8")
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
