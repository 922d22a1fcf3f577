"""Verification of exceptions from closed periods, and of calendars."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._engine.stamp import Stamp
from backoffice_ledger._model.dates import instant_to_microseconds
from backoffice_ledger.testing import ManualClock, SeededSalts

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)
GRANTED: dict[str, Any] = {
    "actors": ["accountant"],
    "first": "2026-01-01",
    "id": "x",
    "last": "2026-01-31",
    "name": "2026-01",
    "status": "granted",
    "until": "2026-02-10T13:00:00.000000Z",
}
USE = {"entry": "rent", "exception": "x"}
POST = "post"
"""Stands for the entry, posted by the actor while January is open."""

CASES: dict[str, tuple[list[Any], str, str]] = {
    "never granted": ([USE, POST], "accountant", "does not cover the entry"),
    "revoked": (
        [GRANTED, GRANTED | {"status": "revoked"}, USE, POST],
        "accountant",
        "does not cover the entry",
    ),
    "another actor": ([GRANTED, USE, POST], "anna", "does not cover the entry"),
    "too late": (
        [GRANTED | {"until": "2026-02-10T11:00:00.000000Z"}, USE, POST],
        "accountant",
        "does not cover the entry",
    ),
    "another period": (
        [GRANTED | {"last": "2026-01-15"}, USE, POST],
        "accountant",
        "does not cover the entry",
    ),
    "another journal": (
        [GRANTED | {"journal": "settlement"}, USE, POST],
        "accountant",
        "does not cover the entry",
    ),
    "another class": (
        [GRANTED | {"journal_class": "sales"}, USE, POST],
        "accountant",
        "does not cover the entry",
    ),
    "no entry": ([GRANTED, USE, USE, POST], "accountant", "does not follow"),
    "the end": ([GRANTED, USE], "accountant", "does not follow"),
    "begins revoked": (
        [GRANTED | {"status": "revoked"}],
        "clerk",
        "an exception begins as granted",
    ),
    "to oneself": ([GRANTED], "accountant", "granted by one of its actors"),
    "granted again": (
        [GRANTED, GRANTED | {"status": "revoked"}, GRANTED],
        "clerk",
        "the exception was revoked before",
    ),
    "prolonged": (
        [GRANTED, GRANTED | {"until": "2026-02-11T13:00:00.000000Z"}],
        "clerk",
        "an exception does not change its until",
    ),
    "no calendar": (
        [{"calendar": {"kind": "moons", "version": 1}, "since": None}],
        "clerk",
        "it makes no sense",
    ),
}


def append(store: bl.MemoryStore, content: dict[str, Any], actor: str) -> None:
    """Append a record of this content, which no command would make."""
    type_, id_, key = "exception", "x", "x"
    if "calendar" in content:
        type_, id_, key = "calendar", "calendar", ""
    elif "entry" in content:
        type_, id_, key = "exception-use", "rent", "x/rent"
    stamp = Stamp(actor, instant_to_microseconds(NOON, "at"), SeededSalts("x"))
    record = stamp.record(type_, id_, content, [(type_, key)])
    with store.transaction("main", write=True) as transaction:
        transaction.append([record])


def open_books(store: bl.MemoryStore) -> bl.Ledger:
    """Return a book with two accounts."""
    ledger = bl.open_ledger(store, actor="clerk", clock=ManualClock(NOON))
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    ledger.post(rent("first"))  # and so the book knows the euro
    return ledger


def rent(id_: str = "rent") -> bl.Entry:
    """Return an entry of 20 January."""
    pair = [
        bl.debit("expenses:rent", "1.00 EUR"),
        bl.credit("assets:bank", "1.00 EUR"),
    ]
    return bl.Entry(id_, date(2026, 1, 20), pair)


@pytest.mark.parametrize("name", CASES)
def test_what_no_command_would_record_is_noticed(name: str) -> None:
    """Whoever wrote it: the position is named."""
    steps, actor, expected = CASES[name]
    store = bl.MemoryStore()
    ledger = open_books(store)
    poster = bl.open_ledger(store, actor=actor, clock=ManualClock(NOON))
    for step in steps:
        if step == POST:
            poster.post(rent())
        else:
            append(store, step, "clerk" if USE in steps else actor)
    with pytest.raises(errors.VerificationFailed) as caught:
        ledger.verify()
    assert expected in str(caught.value)
    assert caught.value.position is not None


def test_what_commands_record_is_sound() -> None:
    """With a journal and its class; verification tells what it counted."""
    store = bl.MemoryStore()
    ledger = open_books(store)
    ledger.open_journal("invoices", journal_class="sales")
    ledger.periods.close("2026-01")
    scopes = {"a": {"journal_class": "sales"}, "b": {"journal": "general"}}
    for id_, scope in scopes.items():
        ledger.periods.allow(
            "2026-01",
            actors=["accountant"],
            until=NOON + timedelta(hours=1),
            reason="audit",
            id=id_,
            **scope,  # type: ignore[arg-type]
        )
    poster = bl.open_ledger(store, actor="accountant", clock=ManualClock(NOON))
    poster.post(rent())
    poster.post(
        bl.Entry("invoice", date(2026, 1, 20), rent().postings, journal="invoices")
    )
    ledger.periods.revoke("a", reason="done")
    assert ledger.verify().entries == 3
    assert {each.id: each.entries for each in ledger.periods.exceptions()} == {
        "a": ("invoice",),
        "b": ("rent",),
    }
