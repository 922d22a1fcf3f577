"""Many writers of one book on PostgreSQL: nothing is lost, doubled or overdrawn."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    AccountConflict,
    Busy,
    HoldNotOpen,
    IdempotencyConflict,
    LedgerError,
    LimitBreached,
    PeriodNotOpen,
)
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import FrozenClock

THREADS = 8
DAY = date(2026, 3, 5)


def transfer(id_: str, source: str, target: str, amount: str) -> bl.Entry:
    """Return an entry that moves money from one customer to another."""
    return bl.Entry(id_, DAY, [bl.debit(source, amount), bl.credit(target, amount)])


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """Do all of it at the same time; return what each returned or raised."""
    results: list[Any] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(place: int) -> None:
        barrier.wait()
        try:
            results[place] = works[place]()
        except LedgerError as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def open_store(database: str) -> Iterator[Callable[..., PostgreSQLStore]]:
    """Return a function that opens stores on one database."""
    with ExitStack() as stack:

        def make(**options: Any) -> PostgreSQLStore:
            store = PostgreSQLStore(database, pool_size=THREADS, **options)
            stack.callback(store.close)
            return store

        yield make


@pytest.fixture
def ledger(open_store: Callable[..., PostgreSQLStore]) -> bl.Ledger:
    """Return a book of a bank: its cash, and customers who cannot be overdrawn."""
    ledger = bl.open_ledger(open_store(), actor="clerk", create=True)
    ledger.open_account("assets:bank", type="asset")
    for number in range(4):
        ledger.open_account(
            f"liabilities:c{number}",
            type="liability",
            limits=[bl.Limit(minimum="0.00 EUR")],
        )
        ledger.post(
            bl.Entry(
                f"deposit-{number}",
                DAY,
                [
                    bl.debit("assets:bank", "20.00 EUR"),
                    bl.credit(f"liabilities:c{number}", "20.00 EUR"),
                ],
            )
        )
    return ledger


def balances(ledger: bl.Ledger) -> list[int]:
    """Return what the customers have, in cents."""
    return [ledger.balance(f"liabilities:c{n}")["EUR"].minor_units for n in range(4)]


def test_hot_accounts_are_never_overdrawn(ledger: bl.Ledger) -> None:
    """Eight threads move money among four accounts; each move counts or is refused."""

    def work(thread: int) -> list[str]:
        chance = random.Random(thread)
        done = []
        for number in range(15):
            source, target = chance.sample(range(4), 2)
            entry = transfer(
                f"t{thread}-{number}",
                f"liabilities:c{source}",
                f"liabilities:c{target}",
                f"{chance.randint(1, 15)}.00 EUR",
            )
            try:
                ledger.post(entry)
                done.append(entry.id)
            except LimitBreached:
                assert min(balances(ledger)) >= 0
        return done

    results = at_once([lambda n=n: work(n) for n in range(THREADS)])

    assert all(isinstance(result, list) for result in results), results
    assert min(balances(ledger)) >= 0
    assert sum(balances(ledger)) == 8_000
    posted = {record.id for record in ledger.view().entries()}
    assert posted == {id_ for done in results for id_ in done} | {
        f"deposit-{n}" for n in range(4)
    }
    records = list(ledger.records())
    assert [record.position for record in records] == list(range(1, len(records) + 1))
    numbers = [r.journal_number for r in records if r.type == "entry"]
    assert numbers == list(range(1, len(numbers) + 1))
    ledger.verify()


def test_one_id_is_posted_once(ledger: bl.Ledger) -> None:
    """The same entry from all threads: one record, and all of them get it."""
    entry = transfer("once", "liabilities:c0", "liabilities:c1", "1.00 EUR")

    results = at_once([lambda: ledger.post(entry)] * THREADS)

    assert {(type(r), r.position) for r in results} == {
        (bl.Record, ledger.record("once").position)
    }
    assert balances(ledger)[:2] == [1_900, 2_100]


def test_one_id_with_two_contents_is_posted_once(ledger: bl.Ledger) -> None:
    """Different entries of one id: one is posted, the others are conflicts."""
    entries = [
        transfer("once", "liabilities:c0", "liabilities:c1", f"1.0{n} EUR")
        for n in range(THREADS)
    ]

    results = at_once([lambda e=e: ledger.post(e) for e in entries])

    assert sorted(type(r).__name__ for r in results) == [
        *["IdempotencyConflict"] * (THREADS - 1),
        "Record",
    ]
    assert IdempotencyConflict in map(type, results)


def test_a_hold_is_captured_once(ledger: bl.Ledger) -> None:
    """Of captures under different ids exactly one wins."""
    ledger.holds.reserve(
        bl.Hold(
            "auth",
            [
                bl.debit("liabilities:c0", "5.00 EUR"),
                bl.credit("liabilities:c1", "5.00 EUR"),
            ],
        )
    )

    results = at_once(
        [
            lambda n=n: ledger.holds.capture("auth", date=DAY, entry_id=f"capture-{n}")
            for n in range(THREADS)
        ]
    )

    won = [r for r in results if isinstance(r, bl.Record)]
    assert len(won) == 1
    assert {type(r) for r in results} == {bl.Record, HoldNotOpen}
    assert balances(ledger)[:2] == [1_500, 2_500]
    ledger.verify()


def test_parent_and_child_agree_on_their_type(ledger: bl.Ledger) -> None:
    """Whoever opens the account above or below second learns what the first chose."""
    for round_ in range(10):
        results = at_once(
            [
                lambda r=round_: ledger.open_account(f"x{r}:a", type="asset"),
                lambda r=round_: ledger.open_account(f"x{r}:a:b", type="income"),
            ]
        )
        assert sorted(map(type, results), key=str) == sorted(
            [bl.Account, AccountConflict], key=str
        ), results


def race_a_close(
    ledger: bl.Ledger, store: PostgreSQLStore, gate: threading.Event
) -> list[Any]:
    """Close March while an entry of March has been decided and waits at the gate."""
    closer = bl.open_ledger(store, actor="controller")
    poster = threading.Thread(
        target=lambda: results.append(post_or_refusal(ledger)), daemon=True
    )
    results: list[Any] = []
    poster.start()
    assert arrived.wait(10)
    arrived.clear()
    closing = threading.Thread(target=lambda: closer.periods.close("2026-03"))
    closing.start()
    closing.join(0.5)
    was_closed_first = not closing.is_alive()
    gate.set()
    closing.join()
    poster.join()
    return [was_closed_first, *results]


arrived = threading.Event()


def post_or_refusal(ledger: bl.Ledger) -> Any:
    """Return the record of an entry in March, or why there is none."""
    try:
        return ledger.post(
            transfer("late", "liabilities:c0", "liabilities:c1", "1.00 EUR")
        )
    except LedgerError as error:
        return error


@pytest.mark.parametrize("is_locked", [True, False])
def test_posting_and_closing_never_race(
    is_locked: bool,
    ledger: bl.Ledger,
    database: str,
    open_store: Callable[..., PostgreSQLStore],
) -> None:
    """A close waits for entries that are under way; without the lock it would not."""
    gate = threading.Event()

    def stop_before_writing(sql: str, work: Callable[[], Any]) -> Any:
        if "bl_enter" in sql and not is_locked:
            with psycopg.connect(database) as other:  # asks, but locks nothing here
                return other.execute(
                    "SELECT facts_ordinal, 0, false FROM backoffice_ledger.bl_book"
                ).fetchall()
        if sql.startswith("INSERT INTO backoffice_ledger.bl_current"):
            arrived.set()
            assert gate.wait(10)
        return work()

    slow = bl.open_ledger(open_store(intercept=stop_before_writing), actor="clerk")

    was_closed_first, result = race_a_close(ledger=slow, store=open_store(), gate=gate)

    assert isinstance(result, bl.Record)
    assert was_closed_first is not is_locked
    closed = [r for r in ledger.records() if r.type == "period"][-1]
    is_late = closed.position < result.position
    assert is_late is not is_locked
    with pytest.raises(PeriodNotOpen):
        ledger.post(transfer("later", "liabilities:c0", "liabilities:c1", "1.00 EUR"))


def test_posters_do_not_wait_for_a_commit_of_others(
    ledger: bl.Ledger, open_store: Callable[..., PostgreSQLStore]
) -> None:
    """While one transaction is open another one on other accounts posts and is sealed.

    Its position comes first then, whatever the order in which they began.
    """
    store = open_store()
    outer = bl.open_ledger(store, actor="clerk")
    with store.transaction("main", write=True):
        outer.post(transfer("slow", "liabilities:c0", "liabilities:c1", "1.00 EUR"))
        [quick] = at_once(
            [
                lambda: ledger.post(
                    transfer("quick", "liabilities:c2", "liabilities:c3", "1.00 EUR")
                )
            ]
        )
    assert isinstance(quick, bl.Record)
    assert quick.position + 1 == ledger.record("slow").position
    ledger.verify()


def test_verification_beside_writers_finds_nothing(ledger: bl.Ledger) -> None:
    """Records between their commit and their seal are no problem, but counted in."""
    stop = threading.Event()

    def post(thread: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            ledger.post(
                transfer(
                    f"v{thread}-{number}",
                    f"liabilities:c{thread}",
                    "assets:bank",
                    "0.01 EUR",
                )
            )

    threads = [threading.Thread(target=post, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            ledger.verify()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    ledger.verify()


def test_a_hold_that_expires_late_is_resolved_once(
    ledger: bl.Ledger, open_store: Callable[..., PostgreSQLStore]
) -> None:
    """It is reserved while another command waits for its account, and is due by then.

    Who takes it for expired keeps others from voiding it meanwhile; or what it reserves
    would be released twice, and more than there is could be spent.
    """
    began = datetime(2026, 3, 5, 12, tzinfo=UTC)
    rival = bl.open_ledger(
        open_store(busy_seconds=0.1), actor="rival", clock=FrozenClock(began)
    )
    lines = transfer("-", "liabilities:c0", "liabilities:c1", "5.00 EUR").postings
    hold = bl.Hold("short", lines, expires=timedelta(seconds=1))
    steps: list[str] = []

    def interfere(sql: str, work: Callable[[], Any]) -> Any:
        if "FOR NO KEY UPDATE" in sql and "bl_fact" in sql and not steps:
            steps.append("reserved")
            rival.holds.reserve(hold)
        if "FOR NO KEY UPDATE" in sql and "bl_current" in sql:
            steps.append("voided")
            with pytest.raises(Busy):
                rival.holds.void("short")
        return work()

    late = bl.open_ledger(
        open_store(intercept=interfere),
        actor="late",
        clock=FrozenClock(began + timedelta(minutes=1)),
    )
    late.post(transfer("all", "liabilities:c0", "liabilities:c1", "20.00 EUR"))
    assert steps == ["reserved", "voided"]
    assert rival.holds.get("short").status == "expired"
    found = rival.accounts.balances("liabilities:c0")
    assert found.available == found.posted == found.pending
    ledger.verify()


def test_what_is_found_is_taken_once(
    open_store: Callable[..., PostgreSQLStore],
) -> None:
    """Who finds a document to change it waits for whoever found it before."""
    store = open_store()
    ledger = bl.open_ledger(store, actor="clerk", book="jobs", create=True)
    open_index = {"state": "open"}
    ledger.documents.store_many(
        bl.Document("job", f"J{number}", {}, index=open_index) for number in range(6)
    )

    def take(worker: int) -> list[str]:
        own = bl.open_ledger(store, actor=f"worker-{worker}", book="jobs")

        def work() -> list[str]:
            found = own.documents.find("job", open_index, limit=1)
            for job in found:
                own.documents.store(
                    job.revise({"by": worker}, index={"state": "taken"})
                )
            return [job.id for job in found]

        return own.atomically(work)

    taken = at_once([lambda n=n: take(n) for n in range(THREADS)])  # type: ignore[misc]
    assert sorted(id_ for ids in taken for id_ in ids) == [
        f"J{number}" for number in range(6)
    ]
    assert ledger.documents.find("job", open_index) == ()
    assert all(job.version == 2 for job in ledger.documents.all("job"))
    ledger.verify()
