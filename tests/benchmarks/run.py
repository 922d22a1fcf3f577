"""Measure the first rows of the speed table, as ratios within one run.

    python -m tests.benchmarks.run [--entries 50000] [--rounds 5]

The floor of a row is bare ``sqlite3`` writing the very rows that the library wrote,
precomputed, into the same schema with its triggers and indexes, in transactions of the
same size, with the same durability.  CPU seconds of the process, medians of the rounds.
Nothing here asserts a time: these machines are shared.
"""

import argparse
import hashlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import attrs

import backoffice_ledger as bl
from backoffice_ledger._stores.sqlite_dialect import SQLITE
from backoffice_ledger._stores.sqlite_schema import schema_statements

ACCOUNTS = 100
BATCH = 10_000
SINGLES = 300
FIRST_DAY = date(2020, 1, 1)
ADD_OPENING, ADD_POSTING, ADD_RECORD = (
    SQLITE.insert(table, []).sql for table in ("bl_opening", "bl_posting", "bl_record")
)
ADD_CURRENT = SQLITE.add_current(1, []).sql
ADD_PERIOD = SQLITE.add_periods(1, []).sql
LOG_TABLES = ("bl_opening", "bl_posting", "bl_record")


@attrs.frozen
class Work:
    """The same entries as columns and as objects."""

    ids: list[str]
    dates: list[date]
    debits: list[str]
    credits: list[str]
    amounts: list[int]
    descriptions: list[str]

    @classmethod
    def make(cls, count: int, prefix: str = "id") -> "Work":
        """Return *count* entries over 100 accounts and six years."""
        return cls(
            [f"{prefix}-{i:09}" for i in range(count)],
            [FIRST_DAY + timedelta(days=i * 2190 // count) for i in range(count)],
            [account(i % ACCOUNTS) for i in range(count)],
            [account((i * 7 + 1) % ACCOUNTS) for i in range(count)],
            [100 + i % 100_000 for i in range(count)],
            [f"payment {i}" for i in range(count)],
        )

    def entries(self) -> list[bl.Entry]:
        """Return the entries as objects."""
        rows = zip(
            self.ids,
            self.dates,
            self.debits,
            self.credits,
            self.amounts,
            self.descriptions,
            strict=True,
        )
        return [
            bl.Entry(
                id_,
                day,
                [
                    bl.debit(debited, bl.Amount.from_minor(minor_units, "EUR")),
                    bl.credit(credited, bl.Amount.from_minor(minor_units, "EUR")),
                ],
                description=text,
            )
            for id_, day, debited, credited, minor_units, text in rows
        ]


def account(number: int) -> str:
    """Return the path of an account."""
    return f"assets:account-{number:03}"


def salts() -> Callable[[int], bytes]:
    """Return a cheap source of salts, the same in every run."""
    seed = hashlib.sha256(b"benchmark").digest() * 8192

    def draw(size: int) -> bytes:
        return (seed * (size // len(seed) + 1))[:size]

    return draw


def new_book(path: Path) -> bl.Ledger:
    """Return an empty book with the accounts open and EUR known."""
    ledger = bl.open_ledger(path, actor="benchmark", create=True, salts=salts())
    for number in range(ACCOUNTS):
        ledger.open_account(account(number), type="asset")
    first = [bl.debit(account(0), "1.00 EUR"), bl.credit(account(1), "1.00 EUR")]
    ledger.post(bl.Entry("first", FIRST_DAY, first))
    return ledger


def cpu(work: Callable[..., object], *arguments: object) -> float:
    """Return the CPU seconds that *work* takes."""
    begin = time.process_time()
    work(*arguments)
    return time.process_time() - begin


def wall(work: Callable[[], object], times: int) -> float:
    """Return the median wall-clock milliseconds of one call."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)


class Floor:
    """Bare sqlite3 with the rows that the library wrote."""

    def __init__(self, source: Path, entries: int) -> None:
        with closing(sqlite3.connect(source)) as connection:
            read = connection.execute
            self.before = {t: _rows(read, t, "<=") for t in (*LOG_TABLES, "bl_fact")}
            self.rows = {table: _rows(read, table, ">") for table in LOG_TABLES}
            self.books = read("SELECT * FROM bl_book").fetchall()
            self.current = read("SELECT * FROM bl_current").fetchall()
            self.periods = read("SELECT * FROM bl_period_total").fetchall()
        self.entries = entries

    def open(self, path: Path) -> sqlite3.Connection:
        """Return a database with the schema and what came before the entries."""
        connection = sqlite3.connect(path, isolation_level=None)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
            "wal_autocheckpoint=0",
        ):
            connection.execute(f"PRAGMA {pragma}")
        for statement in schema_statements():
            connection.execute(statement)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO bl_book VALUES (?, ?, ?)", self.books)
        for table, rows in self.before.items():
            _insert(connection, table, rows)
        connection.execute("COMMIT")
        return connection

    def write(self, connection: sqlite3.Connection, batch: int) -> None:
        """Write the entries in transactions of *batch* entries."""
        openings, postings, records = (self.rows[table] for table in LOG_TABLES)
        share = max(1, len(self.periods) * batch // self.entries)
        execute_many = connection.executemany
        for at in range(0, self.entries, batch):
            connection.execute("BEGIN IMMEDIATE")
            execute_many(ADD_CURRENT, self.current[: 2 * batch])
            execute_many(ADD_PERIOD, self.periods[: max(share, 4)])
            execute_many(ADD_OPENING, openings[at : at + batch])
            execute_many(ADD_POSTING, postings[2 * at : 2 * (at + batch)])
            execute_many(ADD_RECORD, records[at : at + batch])
            connection.execute("COMMIT")


def _rows(read: Callable[[str], sqlite3.Cursor], table: str, sign: str) -> list[tuple]:
    """Return the rows of *table* before or after the first entry."""
    first = "(SELECT position FROM bl_record WHERE type = 0 AND id = 'first')"
    order = "1" if table == "bl_fact" else "position"
    sql = f"SELECT * FROM {table} WHERE position {sign} {first} ORDER BY {order}"
    return read(sql).fetchall()


def _insert(connection: sqlite3.Connection, table: str, rows: list[tuple]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


@attrs.frozen
class Line:
    """One line of the result."""

    what: str
    ours: float
    floor: float | None
    unit: str
    budget: str

    def __str__(self) -> str:
        if self.floor is None:
            return f"{self.what:<44}{self.ours:>9.3f} {self.unit:<3}  {self.budget}"
        ratio = self.ours / self.floor
        return (
            f"{self.what:<44}{self.ours:>9.1f} {self.unit:<3}"
            f"{self.floor:>9.1f} floor{ratio:>7.2f} x   {self.budget}"
        )


def measure(entries: int, rounds: int) -> list[Line]:
    """Return the lines of the table."""
    work = Work.make(entries)
    objects = work.entries()
    bulk, columns, floor = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            path = Path(folder, f"bulk-{number}.db")
            with new_book(path) as ledger:
                bulk.append(cpu(ledger.post_many, objects))
            source = Floor(path, entries)
            with new_book(Path(folder, f"columns-{number}.db")) as ledger:
                columns.append(cpu(post_columns, ledger, work))
            with closing(source.open(Path(folder, f"floor-{number}.db"))) as bare:
                floor.append(cpu(source.write, bare, BATCH))
        ours, bare_singles = _singles(Path(folder), source)
        lines = [
            _ratio("bulk posting of Entry objects", bulk, floor, entries, "<= 2.0 x"),
            _ratio("bulk posting of columns", columns, floor, entries, "<= 1.4 x"),
            _ratio("one durable posting", ours, bare_singles, SINGLES, "<= 2.0 x"),
        ]
        with bl.open_ledger(path, actor="benchmark") as ledger:
            return lines + _reads(ledger)


def post_columns(ledger: bl.Ledger, work: Work) -> None:
    """Post the work as columns."""
    ledger.post_columns(
        ids=work.ids,
        dates=work.dates,
        debits=work.debits,
        credits=work.credits,
        amounts=work.amounts,
        commodity="EUR",
        descriptions=work.descriptions,
    )


def _ratio(
    what: str, ours: list[float], floor: list[float], count: int, budget: str
) -> Line:
    scale = 1e6 / count
    return Line(
        what,
        statistics.median(ours) * scale,
        statistics.median(floor) * scale,
        "us",
        budget,
    )


def _singles(folder: Path, source: Floor) -> tuple[list[float], list[float]]:
    """Measure postings one by one, ours and bare, in turn."""
    ours, bare = [], []
    for number in range(3):
        objects = Work.make(SINGLES).entries()
        path = folder / f"single-{number}.db"
        with new_book(path) as ledger:
            ours.append(cpu(post_singly, ledger, objects))
        floor = Floor(path, SINGLES)
        with closing(floor.open(folder / f"single-floor-{number}.db")) as connection:
            bare.append(cpu(floor.write, connection, 1))
    return ours, bare


def post_singly(ledger: bl.Ledger, entries: list[bl.Entry]) -> None:
    """Post entries one by one, each in a transaction of its own."""
    for entry in entries:
        ledger.post(entry)


def _reads(ledger: bl.Ledger) -> list[Line]:
    view = ledger.view()
    dated = ledger.view(as_of=FIRST_DAY + timedelta(days=1500))
    cases = [
        ("current balance", lambda: ledger.balance(account(5)), 500, "<= 0.05 ms"),
        ("trial balance, 100 accounts", view.trial_balance, 30, "<= 1 ms"),
        ("trial balance as of a date", dated.trial_balance, 30, "<= 3 ms"),
        ("balance as of a date", lambda: dated.balance(account(5)), 200, ""),
    ]
    return [
        Line(what, wall(work, times), None, "ms", budget)
        for what, work, times, budget in cases
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(
        f"{options.entries} entries of two postings, medians of {options.rounds} "
        f"rounds, SQLite {sqlite3.sqlite_version}"
    )
    for line in measure(options.entries, options.rounds):
        print(line)


if __name__ == "__main__":
    main()
