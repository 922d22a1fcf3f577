"""A small book in which every command has something to do, and those commands."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

import backoffice_ledger as bl
from backoffice_ledger.errors import LimitBreached

Command = Callable[[bl.Ledger], Any]

DAY: Final = date(2026, 3, 31)


def sample_entry(id_: str, **fields: Any) -> bl.Entry:
    """Return an entry with all that an entry can carry."""
    options: dict[str, Any] = {"description": "Office"} | fields
    return bl.Entry(
        id_,
        DAY,
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


def _entry(id_: str, debited: str, credited: str, amount: str) -> bl.Entry:
    return bl.Entry(id_, DAY, [bl.debit(debited, amount), bl.credit(credited, amount)])


def _hold(id_: str) -> bl.Hold:
    postings = [
        bl.debit("liabilities:card", "10.00 EUR"),
        bl.credit("assets:bank", "10.00 EUR"),
    ]
    return bl.Hold(id_, postings, description="Card payment")


def make_book(path: Path) -> None:
    """Make the book in which every one of `COMMANDS` has something to do."""
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("assets:empty", type="asset")
        ledger.open_account("expenses:rent", type="expense")
        ledger.declare_dimension("cost_centre")
        ledger.open_account(
            "liabilities:card",
            type="liability",
            limits=[bl.Limit(minimum="0.00 EUR")],
        )
        ledger.open_account("liabilities:closed", type="liability")
        ledger.accounts.close("liabilities:closed", on=DAY)
        ledger.post(_entry("deposit", "assets:bank", "liabilities:card", "50.00 EUR"))
        for id_ in ("waiting", "unwanted"):
            ledger.holds.reserve(_hold(id_))
        for id_ in ("old", "twice", "personal"):
            ledger.post(sample_entry(id_))
        ledger.documents.store(
            bl.Document(
                "trade",
                "t-1",
                {"price": "99.50"},
                index={"due": "2026-04-02", "state": "open"},
            )
        )
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


def _record_refusal(ledger: bl.Ledger) -> None:
    """Post more than there is; the refusal is recorded, and raised."""
    entry = _entry("too much", "liabilities:card", "assets:bank", "90.00 EUR")
    with suppress(LimitBreached):
        ledger.post(entry, on_refusal="record")


COMMANDS: Final[dict[str, Command]] = {
    "post": lambda ledger: ledger.post(sample_entry("new")),
    "post-commodity": _post_commodity,
    "post-many": lambda ledger: ledger.post_many(map(sample_entry, "abc")),
    "post-atomic": lambda ledger: ledger.post_many(
        map(sample_entry, "abc"), batch_size=1, atomic=True
    ),
    "post-columns": _post_columns,
    "reverse": lambda ledger: ledger.reverse("twice", date=DAY, reason="paid twice"),
    "propose-reversal": lambda ledger: ledger.proposals.propose_reversal(
        "twice", date=DAY, reason="paid twice"
    ),
    "redact": lambda ledger: ledger.redact(
        "personal", field="postings.0.memo", basis="GDPR Art. 17"
    ),
    "close-year": lambda ledger: ledger.periods.close("2025", reason="done"),
    "store-document": lambda ledger: ledger.documents.store(
        bl.Document(
            "trade", "t-1", {"price": "99.60"}, version=2, index={"state": "settled"}
        )
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
    "close-account": lambda ledger: ledger.accounts.close("assets:empty", on=DAY),
    "reopen-account": lambda ledger: ledger.accounts.reopen("liabilities:closed"),
    "change-limits": lambda ledger: ledger.accounts.change(
        "liabilities:card", limits=[bl.Limit(minimum="-5.00 EUR")]
    ),
    "post-within-limit": lambda ledger: ledger.post(
        _entry("paid", "liabilities:card", "assets:bank", "30.00 EUR")
    ),
    "record-refusal": _record_refusal,
    "reserve": lambda ledger: ledger.holds.reserve(_hold("new")),
    "capture": lambda ledger: ledger.holds.capture("waiting", date=DAY),
    "capture-part": lambda ledger: ledger.holds.capture(
        "waiting", date=DAY, amount="4.00 EUR", remainder="keep", entry_id="part"
    ),
    "void": lambda ledger: ledger.holds.void("unwanted"),
    "open-journal": lambda ledger: ledger.open_journal("sales", description="Sales"),
    "declare-dimension": lambda ledger: ledger.declare_dimension("product"),
}
"""Every public write path, by name; each may be done again."""
