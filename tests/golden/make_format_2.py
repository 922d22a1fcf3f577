"""Makes ``format_2.db`` and ``format_2.json``: what format 2 brought, for ever.

Limits, holds in every state, refusals, positions of listeners.  What was there before
is pinned by format 1.  It ran once; never run it to make a failing test pass.

    python tests/golden/make_format_2.py FOLDER
"""

import json
import sys
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger.stores import Store
from backoffice_ledger.testing import ManualClock, SeededSalts, SequentialIds

START = datetime(2026, 1, 1, 8, 0, 0, 250_001, tzinfo=UTC)
DAY = date(2026, 1, 31)
BASIS = "GDPR Art. 17(1)(a)"


def pay(id: str, amount: str, **fields: object) -> bl.Entry:
    """Return an entry by which a customer pays a shop."""
    return bl.Entry(id, DAY, lines(amount), **fields)


def lines(amount: str) -> list[bl.Posting]:
    """Return the postings of a payment."""
    return [
        bl.debit("liabilities:alice", amount),
        bl.credit("liabilities:shop", amount),
    ]


def open_book(store: Store, clock: ManualClock) -> bl.Ledger:
    """Open a book with sources that give the same at every run."""
    return bl.open_ledger(
        store,
        actor="clerk",
        create=True,
        clock=clock,
        ids=SequentialIds("main-"),
        salts=SeededSalts("main"),
    )


def set_limits(ledger: bl.Ledger) -> None:
    """Open accounts with limits of every shape, and change one."""
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("liabilities:shop", type="liability")
    ledger.open_account(
        "liabilities:alice",
        type="liability",
        limits=[
            bl.Limit(minimum="-500.00 EUR", maximum="9999999.99 EUR"),
            bl.Limit(maximum="10 JPY"),
        ],
    )
    ledger.accounts.change("liabilities:alice", limits=[bl.Limit(minimum="0.00 EUR")])
    top_up = [
        bl.debit("assets:bank", "1000.00 EUR"),
        bl.credit("liabilities:alice", "1000.00 EUR"),
    ]
    ledger.post(bl.Entry("top-up", DAY, top_up))


def hold(ledger: bl.Ledger, clock: ManualClock) -> None:
    """Bring holds into every state."""
    week = timedelta(days=7)
    until = datetime(2026, 1, 9, 12, 0, tzinfo=UTC)
    for id_, expires in (
        ("captured", week),
        ("released", until),
        ("kept", None),
        ("voided", week),
        ("relied-on", week),
        ("swept", week),
        ("due", timedelta(days=10)),
        ("open", timedelta(days=365)),
    ):
        ledger.holds.reserve(
            bl.Hold(id_, lines("100.00 EUR"), expires=expires, description=f"für {id_}")
        )
    ledger.holds.capture("captured", date=DAY)
    ledger.holds.capture("released", date=DAY, amount="60.00 EUR", remainder="release")
    for number, amount in enumerate(("10.00 EUR", "20.00 EUR")):
        ledger.holds.capture(
            "kept",
            date=DAY,
            amount=amount,
            remainder="keep",
            entry_id=f"kept-{number}",
            description="",
        )
    ledger.holds.void("voided")
    ledger.redact("voided", field="description", basis=BASIS, type="hold")
    clock.move(week)
    ledger.post(pay("relies-on-expiry", "1.00 EUR"))
    ledger.holds.reserve(
        bl.Hold("swept-too", lines("1.00 EUR"), expires=timedelta(seconds=1))
    )
    clock.move(timedelta(seconds=1))
    ledger.holds.sweep()
    clock.move(timedelta(days=4))


def refuse(ledger: bl.Ledger) -> None:
    """Record refusals, one with a text that is erased."""
    for id_, fields in (
        ("too-much", {"description": "Fahrrad"}),
        ("erased", {"description": "Arztrechnung"}),
        ("no-journal", {"journal": "nowhere"}),
    ):
        with suppress(bl.errors.Refused):
            ledger.post(pay(id_, "5000.00 EUR", **fields), on_refusal="record")
    ledger.redact("erased", field="description", basis=BASIS)
    ledger.post_many(
        [pay("many-0", "1.00 EUR"), pay("many-1", "5000.00 EUR")], on_refusal="record"
    )


def build(store: Store) -> None:
    """Make the book in *store*."""
    clock = ManualClock(START)
    ledger = open_book(store, clock)
    set_limits(ledger)
    hold(ledger, clock)
    refuse(ledger)
    with store.transaction("main", write=True) as transaction:
        transaction.move_listener("mailer", 7)


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
    store = bl.SQLiteStore(folder / "format_2.db", create=True)
    build(store)
    text = json.dumps(vectors(store), indent=1, ensure_ascii=False)
    (folder / "format_2.json").write_text(text + "\n", encoding="utf-8")
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
