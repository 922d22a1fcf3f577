"""A small book in which every command has something to do, and those commands."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import backoffice_ledger as bl

Command = Callable[[bl.Ledger], Any]


def sample_entry(id_: str, **fields: Any) -> bl.Entry:
    """Return an entry with all that an entry can carry."""
    options: dict[str, Any] = {"description": "Office"} | fields
    return bl.Entry(
        id_,
        date(2026, 3, 31),
        [
            bl.debit(
                "expenses:rent",
                "10.00 EUR",
                memo="floor 2",
                dimensions={"cost_centre": "B7"},
            ),
            bl.credit("assets:bank", "10.00 EUR"),
        ],
        **options,
    )


def make_book(path: Path) -> None:
    """Make the book in which every one of `COMMANDS` has something to do."""
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("assets:empty", type="asset")
        ledger.open_account("expenses:rent", type="expense")
        ledger.declare_dimension("cost_centre")
        for id_ in ("old", "twice", "personal"):
            ledger.post(sample_entry(id_))
        ledger.documents.store(bl.Document("trade", "t-1", {"price": "99.50"}))
        for id_ in ("proposed", "approved"):
            ledger.propose(sample_entry(id_))
        digest = ledger.proposals.get("approved").digest
        ledger.proposals.approve("approved", seen=digest, actor="controller")


def _approve(ledger: bl.Ledger) -> None:
    digest = ledger.proposals.get("proposed").digest
    ledger.proposals.approve("proposed", seen=digest, actor="controller")


def _post_columns(ledger: bl.Ledger) -> None:
    ledger.post_columns(
        ids=["c-1", "c-2"],
        dates=[date(2026, 3, 1)] * 2,
        debits=["expenses:rent"] * 2,
        credits=["assets:bank"] * 2,
        amounts=[1000, 2000],
        commodity="EUR",
        descriptions=["Rent", ""],
    )


def _post_commodity(ledger: bl.Ledger) -> None:
    """Post an entry in a commodity that the book has not met."""
    postings = [bl.debit("expenses:rent", "1 JPY"), bl.credit("assets:bank", "1 JPY")]
    ledger.post(bl.Entry("yen", date(2026, 3, 1), postings))


COMMANDS: Final[dict[str, Command]] = {
    "post": lambda ledger: ledger.post(sample_entry("new")),
    "post-commodity": _post_commodity,
    "post-many": lambda ledger: ledger.post_many(map(sample_entry, "abc")),
    "post-atomic": lambda ledger: ledger.post_many(
        map(sample_entry, "abc"), batch_size=1, atomic=True
    ),
    "post-columns": _post_columns,
    "reverse": lambda ledger: ledger.reverse(
        "twice", date=date(2026, 3, 31), reason="paid twice"
    ),
    "propose-reversal": lambda ledger: ledger.proposals.propose_reversal(
        "twice", date=date(2026, 3, 31), reason="paid twice"
    ),
    "redact": lambda ledger: ledger.redact(
        "personal", field="postings.0.memo", basis="GDPR Art. 17"
    ),
    "close-year": lambda ledger: ledger.periods.close("2025", reason="done"),
    "store-document": lambda ledger: ledger.documents.store(
        bl.Document("trade", "t-1", {"price": "99.60"}, version=2)
    ),
    "propose": lambda ledger: ledger.propose(sample_entry("idea")),
    "approve": _approve,
    "release": lambda ledger: ledger.proposals.post("approved"),
    "open-account": lambda ledger: ledger.open_account(
        "assets:new", type="asset", label="Cash"
    ),
    "change-account": lambda ledger: ledger.accounts.change(
        "assets:bank", label="Current account"
    ),
    "close-account": lambda ledger: ledger.accounts.close(
        "assets:empty", on=date(2026, 3, 31)
    ),
    "open-journal": lambda ledger: ledger.open_journal("sales", description="Sales"),
    "declare-dimension": lambda ledger: ledger.declare_dimension("product"),
}
"""Every public write path, by name; each may be done again."""
