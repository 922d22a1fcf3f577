"""From a book to alerts, and what becomes of them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.compliance import aml
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import TickingClock

START = datetime(2026, 8, 1, 9, tzinfo=UTC)
RULES = [
    aml.Structuring(
        threshold=aml.DatedAmount.always("10000.00 EUR"), window=timedelta(days=31)
    ),
    aml.LargeMovement(threshold=aml.DatedAmount.always("9000.00 EUR")),
]
MAPPING = aml.BookMapping(bank_journals=["interest"])


def open_bank(where: Any, **more: Any) -> bl.Ledger:
    """Return the book of a bank with two customers."""
    ledger = bl.open_ledger(
        where, actor="teller", create=True, clock=TickingClock(START), **more
    )
    if "assets:till" not in ledger.accounts.all():
        ledger.open_account("assets:till", type="asset", attributes={"cash": "yes"})
        ledger.open_account("assets:nostro", type="asset")
        for name in ("anna", "bert"):
            ledger.open_account(
                f"liabilities:deposits:{name}",
                type="liability",
                attributes={"party": name},
            )
        ledger.open_account("expenses:interest", type="expense")
        ledger.open_journal("interest")
        ledger.declare_dimension("counterparty")
    return ledger


def paid_in(number: int, amount: str, source: str = "assets:till") -> bl.Entry:
    """Return a payment to Anna's account."""
    return bl.Entry(
        f"in-{number}",
        date(2026, 8, number),
        [
            bl.debit(source, amount),
            bl.credit(
                "liabilities:deposits:anna", amount, dimensions={"counterparty": "X"}
            ),
        ],
    )


@pytest.fixture
def desk(tmp_path: Path) -> aml.AlertDesk:
    """Return a desk over a book in a file of its own."""
    return aml.AlertDesk(
        bl.open_ledger(tmp_path / "aml.db", actor="officer", create=True)
    )


def test_what_a_book_says() -> None:
    """A credit to a customer is money in; who initiated it is told by the journal."""
    ledger = open_bank(":memory:")
    ledger.post(paid_in(1, "100.00 EUR"))
    transfer = [
        bl.debit("liabilities:deposits:anna", "40.00 EUR"),
        bl.credit("liabilities:deposits:bert", "40.00 EUR"),
        bl.credit("assets:nostro", "0.00 EUR"),
    ]
    ledger.post(bl.Entry("move", date(2026, 8, 2), transfer))
    interest = [
        bl.debit("expenses:interest", "1.00 EUR"),
        bl.credit("liabilities:deposits:bert", "1.00 EUR"),
    ]
    ledger.post(bl.Entry("i", date(2026, 8, 3), interest, journal="interest"))
    attributes = {a.path: a.attributes for a in ledger.accounts.all().values()}
    found = list(aml.movements(ledger.records(), attributes, MAPPING))
    assert [
        (m.id, m.party, m.direction, str(m.amount), m.is_cash, m.is_own) for m in found
    ] == [
        ("in-1/1", "anna", "in", "100.00 EUR", True, True),
        ("move/0", "anna", "out", "40.00 EUR", False, True),
        ("move/1", "bert", "in", "40.00 EUR", False, True),
        ("i/1", "bert", "in", "1.00 EUR", False, False),
    ]
    assert found[0].counterparty == "X"
    assert found[0].at == ledger.record("in-1").recorded_at
    booked = attrs.evolve(MAPPING, instant="booking")
    [first, *_] = aml.movements(ledger.records(), attributes, booked)
    assert first.at == datetime(2026, 8, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def bank_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Return a function that opens the bank's database."""
    if request.param == "sqlite":
        return lambda: bl.SQLiteStore(tmp_path / "bank.db", create=True)
    dsn = request.getfixturevalue("database")
    return lambda: PostgreSQLStore(dsn)


def test_a_monitor_over_a_restart(bank_store: Any, desk: aml.AlertDesk) -> None:
    """A pattern that began before the restart is completed after it, once."""
    for numbers in ([1, 2], [3, 4]):
        store = bank_store()
        monitor = aml.AmlMonitor(RULES, MAPPING, desk.keep)
        with open_bank(store) as ledger:
            monitor.replay(ledger)
        ledger = open_bank(store, listeners=[monitor])
        for number in numbers:
            ledger.post(paid_in(number, "4000.00 EUR"))
        store.close()
    rows = desk.alerts().rows()
    assert [(row["alert"], row["party"], row["status"]) for row in rows] == [
        ("structuring@1/in-3/1", "anna", "open")
    ]
    assert rows[0]["reason"] == "12000.00 EUR in 3 movements within 31 days, 0:00:00"


def test_an_alert_is_decided(desk: aml.AlertDesk) -> None:
    """With a reason; every word stays in the log, and a retry of the alert is safe."""
    [alert] = aml.scan(RULES, [movement("9500.00 EUR")])
    desk.keep(alert)
    desk.decide(alert.id, "watch", reason="new customer")
    desk.decide(alert.id, "false-positive", reason="sale of a car, contract seen")
    desk.keep(alert)
    [row] = desk.alerts().rows()
    assert row["because"] == "sale of a car, contract seen"
    assert len(desk.alerts(status="open")) == 0
    assert len(desk.alerts(status="false-positive")) == 1
    with pytest.raises(errors.DocumentConflict):
        desk.keep(attrs.evolve(alert, reason="another"))
    for call, error in (
        (lambda: desk.decide("none", "watch", reason="x"), errors.UnknownRecord),
        (lambda: desk.decide(alert.id, "watch", reason=""), errors.InvalidOption),
        (lambda: desk.decide(alert.id, "closed", reason="x"), errors.InvalidOption),  # type: ignore[arg-type]
        (lambda: desk.keep("alert"), errors.InvalidOption),  # type: ignore[arg-type]
        (lambda: aml.BookMapping(instant="now"), errors.InvalidOption),  # type: ignore[arg-type]
    ):
        with pytest.raises(error):
            call()


def test_the_party_can_be_erased(desk: aml.AlertDesk) -> None:
    """What is left of the alert is still an alert, and may be kept again."""
    [alert] = aml.scan(RULES, [movement("9500.00 EUR")])
    desk.keep(alert)
    ledger = desk._ledger
    for field in ("party", "reason"):
        ledger.redact(
            f"aml-alert/{alert.id}",
            field=f"personal.{field}",
            basis="GwG section 8(4)",
            type="document",
        )
    [row] = desk.alerts().rows()
    assert (row["party"], row["reason"], row["status"]) == (None, None, "open")
    assert desk.keep(alert).id == alert.id
    ledger.verify()


def movement(amount: str) -> aml.Movement:
    """Return a payment in cash."""
    return aml.Movement(
        id="m/1",
        at=START,
        party="anna",
        direction="in",
        amount=bl.Amount.parse(amount),
        is_cash=True,
    )
