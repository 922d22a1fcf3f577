"""Makes ``format_1.db`` and ``format_1.json``: what format 1 looks like, for ever.

It ran once, when format 1 was new, and is kept to show what the files hold.  Never run
it to make a failing test pass: a book of a user would fail as well.

    python tests/golden/make_format_1.py FOLDER
"""

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger.stores import Store
from backoffice_ledger.testing import SeededSalts, SequentialIds, TickingClock

START = datetime(2026, 1, 1, 8, 0, 0, 250_001, tzinfo=UTC)
BOOKS = ("main", "controlled")
WEI = bl.Commodity("WEI/ETH", 18)
JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 28)


class Lenient:
    """A control that lets everything pass."""

    id = "lenient"
    version = "2026.1"

    def examine(self, proposal: bl.Proposal, books: object) -> list[bl.Allow]:
        """Return that there is nothing against it."""
        return [bl.Allow()]


def open_book(store: Store, book: str) -> bl.Ledger:
    """Open a book with sources that give the same at every run."""
    return bl.open_ledger(
        store,
        actor="clerk",
        book=book,
        create=True,
        controls=[Lenient()] if book == "controlled" else [],
        clock=TickingClock(START),
        ids=SequentialIds(f"{book}-"),
        salts=SeededSalts(book),
    )


def entry(id: str, day: date, amount: bl.Amount | str, **fields: object) -> bl.Entry:
    """Return a plain entry."""
    postings = [bl.debit("expenses:rent", amount), bl.credit("assets:bank", amount)]
    return bl.Entry(id, day, postings, **fields)


def fill_main(ledger: bl.Ledger) -> None:
    """Record at least one of everything."""
    ledger.open_account(
        "assets:bank",
        type="asset",
        label="Girokonto Jürgen Müller",
        opened=date(2025, 1, 1),
        attributes={"line": "B.IV", "desk": "7"},
    )
    ledger.open_account("expenses:rent", type="expense", commodities=["EUR", "JPY"])
    ledger.open_account("equity:trading", type="equity")
    ledger.open_account("資産:現金", type="asset")
    ledger.open_account("stock:vault", type="memorandum")
    ledger.open_account("stock:customers", type="memorandum")
    ledger.accounts.change("expenses:rent", commodities=None)
    ledger.open_journal("settlement", description="Trades and payments")
    ledger.declare_dimension("cost_centre")
    ledger.declare_dimension("counterparty")
    post_entries(ledger)
    take_back(ledger)
    store_documents(ledger)
    vote(ledger)
    ledger.periods.close("2025-12", journal="settlement")
    ledger.periods.close("2025-12")
    ledger.periods.close("2026-01", reason="Monatsabschluß")
    ledger.periods.lock("2026-01")
    ledger.periods.close("2026-02")
    ledger.periods.reopen("2026-02", reason="late invoice")
    ledger.accounts.close("資産:現金", on=FEBRUARY)


def post_entries(ledger: bl.Ledger) -> None:
    """Post entries that use every field, and amounts of every size."""
    dimensions = {"cost_centre": "B7", "counterparty": 'ACME GmbH & Co. "KG"'}
    ledger.post(
        bl.Entry(
            "full",
            JANUARY,
            [
                bl.debit(
                    "expenses:rent",
                    "1000.00 EUR",
                    value_date=date(2026, 2, 2),
                    memo="Erdgeschoß, für Jürgen",
                    dimensions=dimensions,
                ),
                bl.credit("assets:bank", "990.00 EUR", memo=""),
                bl.credit("assets:bank", "10.00 EUR", dimensions={"cost_centre": "B8"}),
            ],
            description='Office rent, January € "paid" \\ 100 %',
            kind="normal",
            journal="settlement",
            document_number="2026/17",
            document_date=date(2026, 1, 30),
            economic_date=date(2026, 1, 1),
            references=["contract-1", "invoice é"],
            rule="rent@1",
        )
    )
    ledger.post(
        bl.Entry(
            "exchange",
            JANUARY,
            [
                bl.debit("資産:現金", "11000 JPY"),
                bl.credit("equity:trading", "11000 JPY"),
                bl.debit("equity:trading", "60.00 EUR"),
                bl.credit("資産:現金", "60.00 EUR"),
                bl.debit("stock:vault", "10 DE0005557508"),
                bl.credit("stock:customers", "10 DE0005557508"),
            ],
        )
    )
    for number, size in enumerate((10**27 - 1, -(10**27) + 1, 10**18, -1, 10**18 - 1)):
        ledger.post(entry(f"size-{number}", FEBRUARY, bl.Amount.from_minor(size, WEI)))
    for kind in ("opening", "adjusting", "closing", "restatement", "revaluation"):
        day = date(2026, 2, 1) if kind == "opening" else FEBRUARY
        ledger.post(entry(kind, day, "1.00 EUR", kind=kind, description=kind))
    ledger.post(entry("backdated", date(2025, 12, 31), "5.00 EUR"))


def take_back(ledger: bl.Ledger) -> None:
    """Reverse in both styles, and erase texts."""
    ledger.reverse("full", date=FEBRUARY, reason="paid twice", style="same-side")
    ledger.reverse("adjusting", date=FEBRUARY, reason="")
    ledger.reverse(
        "exchange", date=FEBRUARY, reason="wrong rate", reversal_id="exchange-back"
    )
    ledger.redact("full", field="description", basis="GDPR Art. 17(1)(a)")
    ledger.redact("full", field="postings.0.memo", basis="GDPR Art. 17(1)(a)")


def store_documents(ledger: bl.Ledger) -> None:
    """Store versions, with personal fields."""
    trade = bl.Document(
        "trade",
        "T/1",
        {
            "isin": "DE0005557508",
            "quantity": 9007199254740991,
            "client": "Jane Doe",
            "legs": [{"net": None, "open": True}, {}, []],
        },
        personal=["client"],
    )
    ledger.documents.store(trade)
    ledger.documents.store(trade.revise({"isin": "DE0005557508", "client": "J. Doe"}))


def vote(ledger: bl.Ledger) -> None:
    """Propose, approve and post; reject; withdraw; leave open."""
    for id_ in ("approved", "rejected", "withdrawn", "open"):
        proposal = ledger.propose(
            entry(id_, FEBRUARY, "2.50 EUR", description=f"To be {id_}")
        )
        if id_ == "approved":
            ledger.proposals.approve(id_, seen=proposal.digest, actor="controller")
            ledger.proposals.approve(id_, seen=proposal.digest, actor="Head/Finance")
            ledger.proposals.post(id_)
        elif id_ == "rejected":
            ledger.proposals.reject(id_, seen=proposal.digest, actor="controller")
        elif id_ == "withdrawn":
            ledger.proposals.withdraw(id_)
    ledger.redact("approved", field="description", basis="GDPR Art. 17(1)(a)")


def fill_controlled(ledger: bl.Ledger) -> None:
    """Record what only a book with controls has."""
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    ledger.post(entry("seen", JANUARY, "1.00 EUR"))


def build(store: Store) -> None:
    """Make both books in *store*."""
    fill_main(open_book(store, "main"))
    fill_controlled(open_book(store, "controlled"))


def vectors(store: Store) -> dict[str, list[dict[str, object]]]:
    """Return the canonical text and the leaf hash of every record, by book."""
    found = {}
    for book in BOOKS:
        with store.transaction(book, write=False) as transaction:
            found[book] = [
                {
                    "position": row.record.position,
                    "type": row.record.type,
                    "id": row.record.id,
                    "canonical": row.data.decode(),
                    "leaf": row.record.leaf.hex(),
                }
                for row in transaction.log(0, 1000)
            ]
    return found


def main(folder: Path) -> None:
    """Write both files."""
    store = bl.SQLiteStore(folder / "format_1.db", create=True)
    build(store)
    text = json.dumps(vectors(store), indent=1, ensure_ascii=False)
    (folder / "format_1.json").write_text(text + "\n", encoding="utf-8")
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
