"""The ledger on an event loop."""

import asyncio
import inspect
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

import backoffice_ledger as bl
from backoffice_ledger import aio, errors
from backoffice_ledger._ledger import holds, periods, proposals, topics
from backoffice_ledger.calendars import CalendarMonths


def payment(number: int) -> bl.Entry:
    """Return a payment of one day."""
    return bl.Entry(
        f"payment-{number}",
        date(2026, 3, 1 + number % 28),
        [bl.debit("expenses:rent", "10.00 EUR"), bl.credit("assets:bank", "10.00 EUR")],
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a book with two accounts."""
    with bl.open_ledger(tmp_path / "books.db", actor="clerk", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        ledger.open_account("expenses:rent", type="expense")
    return tmp_path / "books.db"


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine on a loop of its own."""
    asyncio.run(test())


def public(kind: type) -> set[str]:
    """Name what a class offers."""
    return {name for name in vars(kind) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("face", "plain"),
    [
        (aio.AsyncLedger, bl.Ledger),
        (aio.AsyncView, bl.LedgerView),
        (aio.AsyncAccounts, topics.Accounts),
        (aio.AsyncPeriods, periods.Periods),
        (aio.AsyncHolds, holds.Holds),
        (aio.AsyncDocuments, topics.Documents),
        (aio.AsyncProposals, proposals.Proposals),
    ],
)
def test_nothing_is_missing(face: type, plain: type) -> None:
    """What the plain ledger has, this one has, with the same arguments."""
    values = {"as_of", "known_at", "cache"}  # a cache is used inside `atomically`
    assert public(face) == public(plain) - values
    for name in public(face) - {"close"}:
        ours, theirs = inspect.getattr_static(face, name), getattr(plain, name)
        if isinstance(ours, property) or name == "view":
            continue
        assert inspect.signature(ours) == inspect.signature(theirs)
        assert inspect.getdoc(ours) == inspect.getdoc(theirs)


def test_a_day_of_work(path: Path) -> None:
    """Commands, topics, views and streams."""

    async def test() -> None:
        async with aio.open_ledger(path, actor="clerk") as ledger:
            record = await ledger.post(payment(1))
            assert await ledger.record("payment-1") == record
            summary = await ledger.post_many(payment(n) for n in range(450))
            assert (summary.posted, summary.repeated) == (449, 1)
            records = [record async for record in ledger.records(after=1)]
            assert len(records) == 454
            view = ledger.view(as_of=date(2026, 3, 1))
            assert repr(view).startswith("<AsyncView of LedgerView")
            entries = [record async for record in view.entries(account="assets:bank")]
            balance = await view.balance("expenses:rent")
            assert balance["EUR"].minor_units == len(entries) * 1000
            hold = await ledger.holds.reserve(
                bl.Hold(
                    "h",
                    [
                        bl.debit("expenses:rent", "1 EUR"),
                        bl.credit("assets:bank", "1 EUR"),
                    ],
                )
            )
            assert await ledger.holds.get("h") == hold
            assert (await ledger.accounts.balances("assets:bank")).version > 0
            await ledger.periods.close("2026-01")
            assert await ledger.periods.calendar == CalendarMonths()
            assert (await ledger.periods.get("2026-01")).state is bl.PeriodState.CLOSED
            assert await ledger.documents.all("trade") == ()
            assert await ledger.proposals.all() == ()
            await ledger.verify()
        with pytest.raises(errors.LedgerClosed):
            await ledger.balance("assets:bank")
        await ledger.close()

    run(test)


def test_opening_by_waiting(path: Path) -> None:
    """The ledger may be opened once and closed at the end of the program."""

    async def test() -> None:
        ledger = await aio.open_ledger(path, actor="clerk")
        async with ledger:
            await ledger.post(payment(1))
        store = bl.MemoryStore()
        async with aio.open_ledger(store, actor="clerk") as other:
            await other.open_account("assets:bank", type="asset")

    run(test)


def test_the_number_of_writers(path: Path) -> None:
    """One is the rule for a file; it may be said otherwise."""

    async def test() -> None:
        async with aio.open_ledger(path, actor="clerk", writers=3) as ledger:
            await asyncio.gather(*(ledger.post(payment(n)) for n in range(6)))
            assert (await ledger.verify()).entries == 6
        with pytest.raises(errors.InvalidOption):
            aio.open_ledger(path, actor="clerk", writers=0)

    run(test)


def test_errors_come_as_they_are(path: Path, tmp_path: Path) -> None:
    """A refusal is raised where it is awaited; what cannot be opened, at the start."""

    async def test() -> None:
        with pytest.raises(errors.BookNotFound):
            await aio.open_ledger(tmp_path / "nothing.db", actor="clerk")
        with pytest.raises(errors.BookNotFound):
            async with aio.open_ledger(tmp_path / "nothing.db", actor="clerk"):
                pass
        async with aio.open_ledger(path, actor="clerk") as ledger:
            with pytest.raises(errors.UnknownRecord):
                await ledger.record("nothing")
            with pytest.raises(errors.InvalidOption):
                [record async for record in ledger.records(after=-1)]

    run(test)


def test_a_connection_belongs_to_its_thread() -> None:
    """It is not handed to another one; the message says what to do."""
    connection = sqlite3.connect(":memory:")
    with pytest.raises(errors.InvalidOption):
        aio.open_ledger(connection, actor="clerk")  # type: ignore[arg-type]
    connection.close()


@pytest.fixture
def rival(path: Path) -> Iterator[sqlite3.Connection]:
    """Return a connection that holds the writer's lock until it is closed."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_the_loop_goes_on(path: Path, rival: sqlite3.Connection) -> None:
    """While a command waits for a lock, other tasks run, and questions are answered."""

    async def test() -> None:
        async with aio.open_ledger(path, actor="clerk") as ledger:
            posting = asyncio.create_task(ledger.post(payment(1)))
            for _ in range(20):  # each is a turn of the loop
                assert not await ledger.balance("assets:bank")
            assert not posting.done()
            rival.execute("ROLLBACK")
            assert (await posting).journal_number == 1

    run(test)


def test_a_control_of_the_heartbeat(path: Path, rival: sqlite3.Connection) -> None:
    """A blocking call does stop the loop: then the lock is never given back."""

    async def test() -> None:
        beats = 0

        async def release() -> None:
            nonlocal beats
            beats += 1
            rival.execute("ROLLBACK")

        store = bl.SQLiteStore(path, busy_seconds=0.1)
        plain = bl.open_ledger(store, actor="clerk")
        task = asyncio.create_task(release())
        with pytest.raises(errors.Busy):
            plain.post(payment(1))
        assert not beats
        await task
        plain.post(payment(1))
        store.close()

    run(test)


def test_a_wait_that_is_cancelled(path: Path, rival: sqlite3.Connection) -> None:
    """The command goes on; the same call again finds out what became of it."""

    async def test() -> None:
        async with aio.open_ledger(path, actor="clerk") as ledger:
            began = threading.Event()

            def entries() -> Iterator[bl.Entry]:
                yield payment(1)
                began.set()

            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await ledger.post_many(entries())
            await asyncio.to_thread(began.wait)
            rival.execute("ROLLBACK")
            summary = await ledger.post_many([payment(1)])
            assert (summary.posted, summary.repeated) == (0, 1)
            assert (await ledger.verify()).entries == 1

    run(test)


def test_an_opening_that_is_cancelled(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has the ledger; it is closed all the same."""
    begun, go_on = threading.Event(), threading.Event()
    opened: list[bl.Ledger] = []

    def slow(*arguments: Any, **options: Any) -> bl.Ledger:
        begun.set()
        go_on.wait()
        opened.append(bl.open_ledger(*arguments, **options))
        return opened[0]

    monkeypatch.setattr(aio, "open_plain_ledger", slow)

    async def test() -> None:
        task = asyncio.ensure_future(_await(aio.open_ledger(path, actor="clerk")))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(errors.LedgerClosed):
            opened[0].balance("assets:bank")

    run(test)


async def _await(opening: aio.Opening) -> aio.AsyncLedger:
    return await opening


def test_listeners_in_threads(path: Path) -> None:
    """They are told after the commit, and by hand."""
    heard: list[str] = []

    class Listener:
        name = "queue"

        def __call__(self, records: Sequence[bl.Record]) -> None:
            heard.extend(record.id for record in records)

    async def test() -> None:
        opening = aio.open_ledger(path, actor="clerk", listeners=[Listener()])
        async with opening as ledger:
            await ledger.post(payment(1))
            assert await ledger.deliver() == 0

    run(test)
    assert heard == ["EUR", "payment-1"]


def test_a_session_of_sqlalchemy(path: Path) -> None:
    """Inside an asynchronous transaction of the application, through run_sync."""

    def work(session: Any, number: int) -> bl.Record:
        return bl.open_ledger(session, actor="app").post(payment(number))

    async def test() -> None:
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        async with AsyncSession(engine) as session:
            await session.execute(sa.text("CREATE TABLE app_order (number INTEGER)"))
            await session.commit()
            for number, end in ((1, session.rollback), (2, session.commit)):
                await session.execute(
                    sa.text("INSERT INTO app_order VALUES (:n)"), {"n": number}
                )
                await session.run_sync(work, number)
                await end()
            rows = await session.execute(sa.text("SELECT number FROM app_order"))
            assert [tuple(row) for row in rows] == [(2,)]
        await engine.dispose()

    run(test)
    with bl.open_ledger(path, read_only=True) as ledger:
        assert [r.id for r in ledger.records() if r.type == "entry"] == ["payment-2"]
        ledger.verify()
