"""Measure PostgreSQL: bulk against bare COPY, and eight writers against one.

    python -m tests.benchmarks.postgresql [--entries 20000]

Bare COPY writes the same postings and records into tables without triggers, keys and
indexes.  Wall clock; the server and this process share the machine.  Nothing here
asserts a time.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import psycopg
from tests.benchmarks.run import ACCOUNTS, Work, account

import backoffice_ledger as bl
from backoffice_ledger.stores import PostgreSQLStore

sys.path.insert(0, str(Path(__file__).parents[1]))

import postgresql_server

WRITERS = 8
OWN_SECONDS = 0.005


@attrs.frozen
class Figures:
    """What was measured.

    Attributes:
        bulk: microseconds for each entry of ``post_many``.
        copied: microseconds for each entry of bare COPY.
        single: milliseconds for one posting.
        busy: postings a second with 5 ms of own work in each transaction, by writers.
        idle: the same without own work.
    """

    bulk: float
    copied: float
    single: float
    busy: dict[int, float]
    idle: dict[int, float]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"bulk        {self.bulk:8.1f} us/entry,"
                f" {self.bulk / self.copied:.1f} x bare COPY ({self.copied:.1f})",
                f"single      {self.single:8.2f} ms",
                f"own work    {self.busy[WRITERS]:8.0f} /s with {WRITERS} writers,"
                f" {self.busy[WRITERS] / self.busy[1]:.1f} x one ({self.busy[1]:.0f})",
                f"no own work {self.idle[WRITERS]:8.0f} /s with {WRITERS} writers,"
                f" {self.idle[WRITERS] / self.idle[1]:.1f} x one ({self.idle[1]:.0f})",
            ]
        )


def seconds(work: Callable[[], object]) -> float:
    """Return how long *work* takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(entries: int, singles: int) -> Figures:
    """Measure everything on a new database of the server of the tests."""
    dsn = postgresql_server.new_database()
    store = PostgreSQLStore(dsn, pool_size=WRITERS + 1)
    try:
        ledger = bl.open_ledger(store, actor="clerk", create=True)
        for number in range(ACCOUNTS):
            ledger.open_account(account(number), type="asset")
        ledger.post_many(Work.make(100, "warm").entries())
        bulk = Work.make(entries).entries()
        spent = seconds(lambda: ledger.post_many(bulk, batch_size=10_000))
        one_by_one = [
            seconds(lambda entry=entry: ledger.post(entry))
            for entry in Work.make(singles, "single").entries()
        ]
        return Figures(
            spent / entries * 1e6,
            _copy(dsn) / (entries + singles) * 1e6,
            statistics.median(one_by_one) * 1e3,
            {n: writers(ledger, store, n, singles, OWN_SECONDS) for n in (1, WRITERS)},
            {n: writers(ledger, store, n, singles, 0) for n in (1, WRITERS)},
        )
    finally:
        store.close()
        postgresql_server.drop_database(dsn)


def _copy(dsn: str) -> float:
    """Return how long bare COPY takes for the same rows."""
    spent = 0.0
    with psycopg.connect(dsn, autocommit=True) as connection:
        for name in ("bl_posting", "bl_record"):
            source = f"backoffice_ledger.{name}"
            rows = connection.execute(f"SELECT * FROM {source}").fetchall()
            connection.execute(f"CREATE TABLE bare_{name} (LIKE {source})")

            def copy(name: str = name, rows: list[tuple[object, ...]] = rows) -> None:
                with (
                    connection.cursor() as cursor,
                    cursor.copy(f"COPY bare_{name} FROM STDIN") as out,
                ):
                    for row in rows:
                        out.write_row(row)

            spent += seconds(copy)
    return spent


def writers(
    ledger: bl.Ledger, store: PostgreSQLStore, count: int, each: int, own: float
) -> float:
    """Return postings a second of *count* threads on accounts of their own."""

    def work(thread: int) -> None:
        left, right = account(2 * thread), account(2 * thread + 1)
        for number in range(each):
            with store.transaction("main", write=True):
                ledger.post(
                    bl.Entry(
                        f"w-{count}-{own}-{thread}-{number}",
                        Work.make(1).dates[0],
                        [bl.debit(left, "1.00 EUR"), bl.credit(right, "1.00 EUR")],
                    )
                )
                if own:
                    time.sleep(own)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]

    def run() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return count * each / seconds(run)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--singles", type=int, default=100)
    options = parser.parse_args()
    print(measure(options.entries, options.singles))


if __name__ == "__main__":
    main()
