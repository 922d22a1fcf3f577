"""Many threads on one file: who waits for whom, for how long, and in which order."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._stores import sqlite, sqlite_driver
from backoffice_ledger._stores.sqlite_queue import FairQueue, insist, queue_of
from backoffice_ledger.testing.faults import FaultInjector

PATIENCE = 60.0


def soon() -> float:
    """Return a moment until which a test waits for what must happen."""
    return time.monotonic() + PATIENCE


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    end = soon()
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


@contextmanager
def in_thread(work: Callable[[], Any]) -> Iterator[threading.Thread]:
    """Run *work* beside the block; it must have come to its end soon after."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield thread
    thread.join(PATIENCE)
    assert not thread.is_alive()


@contextmanager
def writing(store: bl.SQLiteStore) -> Iterator[None]:
    """Keep a transaction of another thread open to write during the block."""
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with store.transaction("main", write=True):
            begun.set()
            done.wait(PATIENCE)

    with in_thread(hold):
        assert begun.wait(PATIENCE)
        try:
            yield
        finally:
            done.set()


# --- the queue ------------------------------------------------------------------------


def test_first_come_first_served() -> None:
    """However many wait, they go in the order in which they came."""
    queue, order = FairQueue(), []

    def take(number: int) -> None:
        with queue.turn(soon()):
            order.append(number)

    with ExitStack() as threads, queue.turn(soon()):
        for number in range(20):
            threads.enter_context(in_thread(lambda n=number: take(n)))
            wait_until(lambda n=number: len(queue._waiting) == n + 1)
        assert order == []
    assert order == list(range(20))


def test_who_waited_long_enough_gives_up() -> None:
    """It leaves the line, and the one behind it still gets its turn."""
    queue, told = FairQueue(), []

    def take(seconds: float) -> None:
        try:
            with queue.turn(time.monotonic() + seconds):
                told.append("in")
        except errors.Busy:
            told.append("busy")

    with ExitStack() as threads, queue.turn(soon()):
        for seconds in (0.0, 0.01):
            with in_thread(lambda wait=seconds: take(wait)):
                pass
        assert told == ["busy", "busy"]
        threads.enter_context(in_thread(lambda: take(PATIENCE)))
        wait_until(lambda: len(queue._waiting) == 1)
    assert told == ["busy", "busy", "in"]


def test_a_turn_that_comes_too_late_is_passed_on() -> None:
    """Between giving up and leaving the line it may be handed over."""
    queue, late = FairQueue(), threading.Lock()
    assert queue._enter(soon())
    assert late.acquire()
    queue._waiting.append(late)
    queue._leave()
    assert queue._is_taken
    queue._give_up(late)
    assert not queue._is_taken


def test_an_error_inside_ends_the_turn() -> None:
    """Nobody waits for somebody who is gone."""
    queue = FairQueue()
    with pytest.raises(ZeroDivisionError), queue.turn(soon()):
        raise ZeroDivisionError
    with queue.turn(time.monotonic()):
        pass


def test_one_queue_for_one_file(path: Path, tmp_path: Path) -> None:
    """By whatever name; another file has another, and it goes when nobody uses it."""
    link = tmp_path / "link.db"
    link.symlink_to(path)
    other = tmp_path / "other.db"
    other.touch()
    queue = queue_of(path)
    assert queue_of(link) is queue
    assert queue_of(other) is not queue


FORKED = """
import os, sys, threading, time
from pathlib import Path
from backoffice_ledger._stores.sqlite_queue import queue_of

path = Path(sys.argv[1])
queue = queue_of(path)
with queue.turn(time.monotonic()):
    child = os.fork()
    if child == 0:
        with queue_of(path).turn(time.monotonic()):
            print("in", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print(queue_of(path) is queue)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_has_a_queue_of_its_own(path: Path, run_python: Any) -> None:
    """Its parent's was taken by a thread that the child does not have."""
    told = run_python("-W", "ignore", "-c", FORKED, path, timeout_seconds=60)
    assert told.splitlines() == ["in", "True"]


def test_asking_again() -> None:
    """After a refusal until it succeeds; after anything else, or too long, no more."""
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        if len(asked) < 3:
            raise errors.Busy
        return len(asked)

    def is_busy(error: Exception) -> bool:
        return isinstance(error, errors.Busy)

    assert insist(ask, is_busy, soon()) == 3
    asked.clear()
    with pytest.raises(errors.Busy):
        insist(ask, is_busy, time.monotonic())
    assert len(asked) == 1
    with pytest.raises(errors.Busy):
        insist(ask, lambda error: False, soon())
    assert len(asked) == 2


# --- writers --------------------------------------------------------------------------


def test_a_writer_waits_for_one_of_another_store(path: Path, entry: Any) -> None:
    """It waits in this process, not at SQLite's lock, and no longer than it chose."""
    faults = FaultInjector()
    first = bl.SQLiteStore(path)
    second = bl.SQLiteStore(path, busy_seconds=0.02, intercept=faults)
    with bl.open_ledger(second, actor="clerk") as ledger:
        before = ledger.verify()
        faults.disarm()
        with writing(first), pytest.raises(errors.Busy):
            ledger.post(entry(7))
        assert faults.statements == []
        assert ledger.verify() == before
        ledger.post(entry(7))
    first.close()


@pytest.mark.parametrize("stores", [1, 3])
def test_many_threads_post(path: Path, entry: Any, stores: int) -> None:
    """Nothing is lost, nothing is there twice, whoever shares a store with whom."""
    ledgers = [bl.open_ledger(path, actor="clerk") for _ in range(stores)]

    def work(number: int) -> None:
        ledger = ledgers[number % stores]
        for step in range(20):
            ledger.post(entry(1000 + 20 * number + step))
            assert ledger.balance("assets:bank")["EUR"].minor_units < 0

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    verifications = {ledger.verify() for ledger in ledgers}
    assert {found.entries for found in verifications} == {3 + 6 * 20}
    for ledger in ledgers:
        ledger.close()


def test_the_same_id_from_many_threads(path: Path, entry: Any) -> None:
    """One of them posts it; all get the same record."""
    with bl.open_ledger(path, actor="clerk") as ledger, ThreadPoolExecutor(6) as pool:
        records = list(pool.map(lambda _: ledger.post(entry(7)), range(24)))
        assert {record.position for record in records} == {records[0].position}
        assert ledger.verify().entries == 4


# --- readers --------------------------------------------------------------------------


def test_a_reader_waits_for_no_writer(path: Path, entry: Any) -> None:
    """It sees what was committed, on the same ledger."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        begun, done = threading.Event(), threading.Event()

        def entries() -> Iterator[bl.Entry]:
            yield entry(7)
            begun.set()
            done.wait(PATIENCE)

        def post() -> None:
            ledger.post_many(entries(), batch_size=1, atomic=True)

        with in_thread(post):
            assert begun.wait(PATIENCE)
            assert ledger.verify().entries == 3
            done.set()
        assert ledger.verify().entries == 4


def test_what_one_thread_changes_another_sees(path: Path, entry: Any) -> None:
    """Each connection remembers accounts and periods, until they have changed."""
    store = bl.SQLiteStore(path)
    with bl.open_ledger(store, actor="clerk") as ledger:
        with writing(store):  # so that this thread's connection is another one
            assert "assets:cash" not in ledger.accounts.all()
        with in_thread(lambda: ledger.open_account("assets:cash", type="asset")):
            pass
        for _ in range(3):
            assert "assets:cash" in ledger.accounts.all()
        with writing(store):
            assert "assets:cash" in ledger.accounts.all()
    store.close()


def test_connections_are_kept_within_reason(path: Path) -> None:
    """As many as are needed at once, and few of them afterwards."""
    opened: list[str] = []

    def listen(sql: str, run: Callable[[], Any]) -> Any:
        opened.append(sql)
        return run()

    store = bl.SQLiteStore(path, intercept=listen)
    count = 2 * sqlite.IDLE_MAX
    for _ in range(2):
        barrier = threading.Barrier(count)

        def read(barrier: threading.Barrier = barrier) -> None:
            with store.transaction("main", write=False):
                barrier.wait(PATIENCE)

        with ExitStack() as threads:
            for _ in range(count):
                threads.enter_context(in_thread(read))
        assert len(store._lanes._idle) == sqlite.IDLE_MAX
    # the first round opened all but one, the second the surplus once more
    assert opened.count("PRAGMA application_id") == 1 + (count - 1) + sqlite.IDLE_MAX
    store.close()
    assert store._lanes._idle == []


# --- closing --------------------------------------------------------------------------


def test_closing_waits_for_other_threads(path: Path, entry: Any) -> None:
    """What is going on comes to its end, also with inner blocks; nothing new begins."""
    store = bl.SQLiteStore(path)
    begun, done, told = threading.Event(), threading.Event(), []

    def hold() -> None:
        with store.transaction("main", write=True):
            begun.set()
            done.wait(PATIENCE)
            with store.transaction("main", write=False) as inner:
                told.append(inner.size())

    with in_thread(hold):
        assert begun.wait(PATIENCE)
        with in_thread(store.close) as closing:
            wait_until(lambda: store._lanes._is_closed)
            with pytest.raises(errors.LedgerClosed):
                store.books()
            assert closing.is_alive()
            done.set()
    assert told == [8]
    assert list(path.parent.glob("books.db-*")) == []


# --- erasure --------------------------------------------------------------------------


def test_an_erasure_is_not_forgotten_by_an_error(path: Path, entry: Any) -> None:
    """The log that still holds the text is emptied as soon as it can be."""
    faults = FaultInjector()
    store = bl.SQLiteStore(path, intercept=faults)
    with bl.open_ledger(store, actor="clerk") as ledger:
        faults.arm("SQLITE_BUSY", matching="PRAGMA wal_checkpoint")
        ledger.redact("rent-1", field="description", basis="GDPR Art. 17")
        assert faults.disarm()
        with pytest.raises(errors.Refused):
            ledger.post(bl.Entry("x", entry(1).date, entry(1).postings, journal="no"))
        for expected in (1, 0):  # once more, and then no more
            faults.disarm()
            ledger.post(entry(7 + expected))
            found = faults.statements.count("PRAGMA wal_checkpoint(TRUNCATE)")
            assert found == expected
    store.close()


# --- checkpoints ----------------------------------------------------------------------


@pytest.mark.parametrize(("patience", "is_emptied"), [(10_000, True), (0, False)])
def test_a_checkpoint_waits_for_a_writer(
    path: Path,
    entry: Any,
    monkeypatch: pytest.MonkeyPatch,
    patience: int,
    is_emptied: bool,
) -> None:
    """Without patience, the control, SQLite goes on beside the writer."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_BYTES", 1)
    monkeypatch.setattr(sqlite_driver, "CHANGES_MANY", 1)
    monkeypatch.setattr(sqlite_driver, "CHECKPOINT_MILLISECONDS", patience)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    results: list[Any] = []

    def intercept(sql: str, run: Callable[[], Any]) -> Any:
        if sql != "PRAGMA wal_checkpoint(TRUNCATE)" or results:
            return run()
        other.execute("BEGIN IMMEDIATE")
        results.append(None)

        def release() -> None:
            if patience:
                time.sleep(0.01)  # so that the checkpoint has begun to wait
                other.execute("ROLLBACK")

        with in_thread(release):
            results[0] = run()
        if not patience:
            other.execute("ROLLBACK")
        return results[0]

    with bl.open_ledger(bl.SQLiteStore(path, intercept=intercept), actor="c") as ledger:
        ledger.post(entry(7))
        [(is_busy, _, moved)] = results[0]
        assert bool(is_busy) is not is_emptied
        assert (moved > 0) is not is_emptied  # nothing is left where all was moved
        assert ledger.verify().entries == 4
    other.close()
