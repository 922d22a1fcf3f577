"""Listeners are told what was committed: in order, at least once, and nothing else."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._ledger import delivery
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing.faults import FaultInjector


class Ear:
    """A listener that keeps what it hears, and may fail."""

    def __init__(self, name: str = "ear", after: int | None = None) -> None:
        self.name = name
        self.after = after
        self.heard: list[bl.Record] = []
        self.fails = False

    def __call__(self, records: Sequence[bl.Record]) -> None:
        """Take some records."""
        self.heard.extend(records)
        if self.fails:
            raise ConnectionError("the queue is down")

    def entries(self) -> list[str]:
        """Name the entries that were heard."""
        return [record.id for record in self.heard if record.type == "entry"]


def payment(number: int, account: str = "expenses:rent") -> bl.Entry:
    """Return a payment of one day."""
    return bl.Entry(
        f"payment-{number}",
        date(2026, 3, 1 + number % 28),
        [bl.debit(account, "10.00 EUR"), bl.credit("assets:bank", "10.00 EUR")],
    )


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Return each kind of store, with a book of two accounts."""
    made: Any = bl.MemoryStore()
    if request.param == "sqlite":
        made = bl.SQLiteStore(tmp_path / "books.db", create=True)
    with bl.open_ledger(made, actor="clerk", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("expenses:rent", type="expense")
    yield made
    made.close()


@pytest.fixture
def listen(store: Any) -> Callable[..., bl.Ledger]:
    """Return a function that opens the book with listeners."""
    return lambda *ears: bl.open_ledger(store, actor="clerk", listeners=ears)


def test_each_commit_is_announced(listen: Any) -> None:
    """The records come in the order of the log, as the log has them."""
    ear = Ear()
    ledger = listen(ear)
    ledger.post(payment(1))
    assert ear.entries() == ["payment-1"]
    ledger.post_many(payment(number) for number in range(2, 6))
    assert ear.heard == list(ledger.records(after=4))
    assert ledger.deliver() == 0


def test_parallel_books_are_announced(store: Any, listen: Any) -> None:
    """After the common commit each book's listeners are told, whoever began it."""
    one, other = Ear(), Ear()
    main = listen(one)
    tax = bl.open_ledger(
        store, actor="clerk", book="tax", create=True, listeners=[other]
    )
    tax.open_account("assets:bank", type="asset")
    tax.open_account("expenses:rent", type="expense")
    for number, (first, second) in enumerate([(main, tax), (tax, main)]):

        def both(number: int = number) -> None:
            main.post(payment(number))
            tax.post(payment(number))
            assert f"payment-{number}" not in one.entries() + other.entries()

        first.atomically(both, others=[second])
        assert one.entries() == other.entries()
        assert one.entries()[-1] == f"payment-{number}"


def test_a_run_in_one_transaction(listen: Any) -> None:
    """What is inside a larger transaction waits for its end."""
    ear = Ear()
    ledger = listen(ear)
    seen: list[list[str]] = []

    def entries() -> Iterator[bl.Entry]:
        for number in range(3):
            yield payment(number)
            seen.append(ear.entries())

    ledger.post_many(entries(), batch_size=1, atomic=True)
    assert seen == [[], [], []]
    assert len(ear.entries()) == 3


def test_what_is_rolled_back_is_never_heard(listen: Any) -> None:
    """A run that is refused as a whole, and a single refusal."""
    ear = Ear()
    ledger = listen(ear)
    bad = payment(2, "expenses:nowhere")
    with pytest.raises(errors.UnknownAccount):
        ledger.post_many([payment(1), bad], batch_size=1, atomic=True)
    with pytest.raises(errors.UnknownAccount):
        ledger.post(bad)
    assert ledger.deliver() == 0
    ledger.post(payment(3))
    assert ear.entries() == ["payment-3"]


def test_a_new_listener(listen: Any) -> None:
    """It begins after the last record, or where it says."""
    listen().post(payment(1))
    late, early, middle = Ear("late"), Ear("early", after=0), Ear("middle", after=4)
    ledger = listen(late, early, middle)
    assert ledger.deliver() == 8
    assert late.heard == []
    assert early.heard == list(ledger.records())
    assert middle.heard == list(ledger.records(after=4))


def test_a_listener_that_comes_back(listen: Any) -> None:
    """The book knows how far it was; what came without it is made up for."""
    first, second = Ear(), Ear()
    listen(first).post(payment(1))
    listen().post(payment(2))
    ledger = listen(second)
    assert second.heard == []
    assert ledger.deliver() == 1
    assert second.entries() == ["payment-2"]


def test_in_batches(listen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch is noted; a failure loses only the last one."""
    monkeypatch.setattr(delivery, "BATCH_RECORDS", 2)
    sizes: list[int] = []

    class Batches(Ear):
        def __call__(self, records: Sequence[bl.Record]) -> None:
            sizes.append(len(records))
            super().__call__(records)

    ear = Batches(after=0)
    ledger = listen(ear)
    assert ledger.deliver() == 4
    listen().post_many(payment(number) for number in range(4))
    assert ledger.deliver() == 5
    assert sizes == [2, 2, 2, 2, 1]
    assert ear.heard == list(ledger.records())


def test_a_listener_that_fails(listen: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The posting stands; the others hear it; it is told again, in order."""
    bad, good = Ear("bad"), Ear("good")
    ledger = listen(bad, good)
    bad.fails = True
    with caplog.at_level(logging.ERROR, logger="backoffice_ledger"):
        record = ledger.post(payment(1))
    assert "the queue is down" in caplog.text
    assert "the next one tries again" in caplog.text
    assert ledger.record("payment-1") == record
    assert good.entries() == ["payment-1"]
    with pytest.raises(ConnectionError):
        ledger.deliver()
    bad.fails = False
    bad.heard.clear()
    ledger.post(payment(2))
    assert bad.entries() == good.entries() == ["payment-1", "payment-2"]


def test_deliveries_do_not_count_as_records(listen: Any) -> None:
    """How far listeners are is beside the log: nothing is recorded, all verifies."""
    ledger = listen(Ear())
    ledger.post(payment(1))
    assert ledger.verify().records == len(list(ledger.records())) == 6


@pytest.mark.parametrize(
    ("listeners", "field"),
    [
        ("abc", "listeners"),
        ([7], "listeners[0]"),
        ([lambda records: None], "listeners[0].name"),
        ([Ear(""), Ear()], "listeners[0].name"),
        ([Ear(), Ear()], "listeners[1].name"),
        ([Ear(after=-1)], "listeners[0].after"),
    ],
    ids=["text", "number", "nameless", "empty name", "two of a name", "after"],
)
def test_what_is_no_listener(store: Any, listeners: Any, field: str) -> None:
    """It is found when the book is opened."""
    with pytest.raises(errors.InvalidInput) as caught:
        bl.open_ledger(store, actor="clerk", listeners=listeners)
    assert caught.value.field == field


def test_a_reader_has_no_listeners(store: Any) -> None:
    """It could not note what they have had."""
    with pytest.raises(errors.InvalidOption):
        bl.open_ledger(store, read_only=True, listeners=[Ear()])
    assert bl.open_ledger(store, read_only=True).deliver() == 0


def test_a_closed_ledger(listen: Any) -> None:
    """It delivers nothing."""
    ledger = listen(Ear())
    ledger.close()
    with pytest.raises(errors.LedgerClosed):
        ledger.deliver()


def test_a_crash_before_the_delivery(tmp_path: Path) -> None:
    """What was committed and not told is told by the next process."""
    path, first, second = tmp_path / "books.db", Ear(), Ear()
    faults = FaultInjector()
    store = bl.SQLiteStore(path, create=True, intercept=faults)
    ledger = bl.open_ledger(store, actor="clerk", create=True, listeners=[first])
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    first.heard.clear()

    class Death(BaseException):
        pass

    def die(records: Sequence[bl.Record]) -> None:
        raise Death

    first.__class__ = type("Dying", (Ear,), {"__call__": lambda self, r: die(r)})
    with pytest.raises(Death):
        ledger.post(payment(1))
    store.close()
    with bl.open_ledger(path, actor="clerk", listeners=[second]) as ledger:
        assert ledger.deliver() == 2
    assert second.entries() == ["payment-1"]


def test_a_commit_that_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """How far the listener was is not noted, so it is told again: at least once."""
    faults = FaultInjector()
    store = bl.SQLiteStore(tmp_path / "books.db", create=True, intercept=faults)

    class Unlucky(Ear):
        def __call__(self, records: Sequence[bl.Record]) -> None:
            if records[-1].type == "account" and not self.fails:
                self.fails = True
                faults.arm("SQLITE_IOERR", matching="COMMIT")
            self.heard += records

    ear = Unlucky()
    ledger = bl.open_ledger(store, actor="clerk", create=True, listeners=[ear])
    ear.heard.clear()
    ledger.open_account("assets:bank", type="asset")
    assert "outcome-unknown" in caplog.text
    assert faults.disarm()
    [account] = ear.heard
    assert ledger.deliver() == 1
    assert ear.heard == [account, account]
    store.close()


def test_two_processes_take_turns(tmp_path: Path) -> None:
    """Whoever tells a listener keeps others from telling it the same."""
    path = tmp_path / "books.db"
    seen: list[str] = []

    class Curious(Ear):
        def __call__(self, records: Sequence[bl.Record]) -> None:
            rival = sqlite3.connect(path, timeout=0)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                rival.execute("BEGIN IMMEDIATE")
            rival.close()
            seen.extend(record.type for record in records)

    with bl.open_ledger(
        path, actor="clerk", create=True, listeners=[Curious(after=0)]
    ) as ledger:
        ledger.deliver()
    assert seen == ["book", "journal"]


@pytest.mark.parametrize("where", ["memory", "sqlite", "postgresql"])
def test_a_listener_that_two_processes_begin(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It begins where the first of them noted; nothing in between is left out."""
    store: Any
    match where:
        case "memory":
            store = bl.MemoryStore()
        case "sqlite":
            store = bl.SQLiteStore(tmp_path / "books.db", create=True)
        case _:
            store = PostgreSQLStore(request.getfixturevalue("database"))
    ear = Ear()
    with closing(store):
        plain = bl.open_ledger(store, actor="clerk", create=True)
        with store.transaction("main", write=True) as transaction:
            size = transaction.size()
            transaction.move_listener("ear", size, is_new=True)
        plain.open_account("assets:bank", type="asset")
        with store.transaction("main", write=True) as transaction:
            # The other process asked before the first one's note was committed.
            transaction.move_listener("ear", size + 1, is_new=True)
        bl.open_ledger(store, actor="clerk", listeners=[ear]).deliver()
    assert [record.id for record in ear.heard] == ["assets:bank"]
