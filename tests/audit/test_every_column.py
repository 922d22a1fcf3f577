"""Whatever is changed in a database, of whatever kind, verification names it.

The tables, their columns and keys are asked from the database itself, so that a new
column cannot be forgotten.  The attacker has all rights: triggers are off, and each
attack happens in a transaction of a connection that verification then looks through;
afterwards it is rolled back.
"""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest

import backoffice_ledger as bl
from backoffice_ledger import audit, errors
from backoffice_ledger.compliance import FourEyes
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import ManualClock, SeededSalts

IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
DAY = date(2026, 1, 31)
FREE = {
    # How far a listener has come is not in the log: it is about another program.
    ("bl_listener", "position"),
    ("bl_listener", "name"),
}
"""Columns that only have to be plausible; their rows may go and come as well."""
NOTICED = (
    errors.VerificationFailed,
    errors.Corrupt,
    errors.BookNotFound,
    errors.InvalidIdentifier,  # the book has a name now that no book can have
    errors.OlderFormat,
    errors.NewerFormat,
    errors.ForeignFile,
)


class Seen:
    """A listener that remembers nothing."""

    name = "seen"

    def __call__(self, records: object) -> None:
        """Take records."""


def fill(where: Any) -> None:
    """Write two books with records of every type and rows in every table."""
    clock = ManualClock(datetime(2026, 1, 31, 12, tzinfo=UTC))
    options: dict[str, Any] = {
        "actor": "clerk",
        "create": True,
        "clock": clock,
        "salts": SeededSalts("columns"),
        "listeners": [Seen()],
    }
    for book in ("main", "controlled"):
        controls = [FourEyes()] if book == "controlled" else []
        ledger = bl.open_ledger(where, book=book, controls=controls, **options)
        ledger.declare_dimension("cost_centre")
        # Every name is used: on PostgreSQL its number comes from a sequence, and one
        # that nothing refers to might as well have another.
        accounts = {"assets:bank": "asset", "equity:capital": "equity"}
        if book == "main":
            ledger.open_journal("sales", description="What we sell")
            accounts |= dict.fromkeys(("memo:custody", "memo:street"), "memorandum")
        for path, type_ in accounts.items():
            ledger.open_account(path, type=type_, label=path.title())
        ledger.accounts.change("assets:bank", label="The bank", opened=DAY)
        index = {"due": "2026-02-02", "state": "open"}
        ledger.documents.store(
            bl.Document("trade", "T1", {"n": 1, "who": "A"}, index=index)
        )
        ledger.documents.store(
            bl.Document("customer", "C1", {"name": "Roe", "tier": 1}, personal=["name"])
        )
        hold = [bl.debit("assets:bank", "5 EUR"), bl.credit("equity:capital", "5 EUR")]
        if book == "controlled":
            entry = bl.Entry("voted", DAY, _full(), description="Four eyes")
            proposal = ledger.propose(entry)
            ledger.proposals.approve(proposal.id, seen=proposal.digest, actor="boss")
            ledger.proposals.post(proposal.id, actor="boss")
            continue
        _post(ledger)
        ledger.holds.reserve(bl.Hold("open", hold, expires=timedelta(days=9)))
        ledger.redact("one", field="description", basis="GDPR Art. 17(1)(a)")
        audit.checkpoint(ledger, signers=[audit.HmacKey("books", bytes(32))])
        ledger.periods.close("2025-12", reason="The year is over")


def _full() -> list[bl.Posting]:
    return [
        bl.debit(
            "assets:bank",
            "900.00 EUR",
            memo="IBAN",
            value_date=DAY,
            dimensions={"cost_centre": "B7"},
        ),
        bl.credit("equity:capital", "900.00 EUR", dimensions={"cost_centre": "B8"}),
    ]


def _post(ledger: bl.Ledger) -> None:
    ledger.post(
        bl.Entry(
            "one",
            DAY,
            _full(),
            description="Capital of Jane Roe",
            journal="sales",
            document_number="RE-1",
            document_date=DAY,
            economic_date=DAY,
            references=["T1"],
            rule="capital@1",
        )
    )
    big = bl.Commodity("BIG", 0)
    amount = bl.Amount.from_minor(10**26, big)
    ledger.post(
        bl.Entry(
            "two",
            DAY - timedelta(days=40),
            [bl.debit("memo:custody", amount), bl.credit("memo:street", amount)],
            description="Custody",
        )
    )
    ledger.reverse("two", date=DAY, reason="wrong")
    ledger.post(bl.Entry("three", DAY, _full(), kind="adjusting"))
    bad = bl.Entry(
        "refused",
        DAY,
        [bl.debit("assets:none", "1 EUR"), bl.credit("equity:capital", "1 EUR")],
        description="Nowhere",
    )
    with pytest.raises(errors.UnknownAccount):
        ledger.post(bad, on_refusal="record")


@attrs.frozen
class Table:
    """A table with all its rows; ``key`` are places of columns."""

    name: str
    columns: tuple[str, ...]
    key: tuple[int, ...]
    rows: tuple[tuple[Any, ...], ...]

    def key_of(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the key of a row; all of it where there is no key."""
        return tuple(row[at] for at in self.key)


@attrs.frozen
class Attack:
    """Statements with parameters, and the position of the record that they spoil."""

    name: str
    steps: tuple[tuple[str, tuple[Any, ...]], ...]
    book: str | None = None
    position: int | None = None
    is_exact: bool = True


@attrs.frozen
class Database:
    """A database under attack, through one connection."""

    connection: Any
    tables: tuple[Table, ...]
    mark: str
    step: int
    """The short run tries the fewer attacks the larger this is."""
    attacked: Callable[[Any], Any]

    def run(self, sql: str, *params: Any) -> Any:
        """Execute a statement, written with ``?``."""
        return self.connection.execute(sql.replace("?", self.mark), params)

    def place(self, table: Table, row: tuple[Any, ...]) -> tuple[str | None, Any]:
        """Return book and position of a row of the log."""
        cells = dict(zip(table.columns, row, strict=True))
        at = cells.get("position", cells.get("ordinal"))
        if table.name not in LOG or at is None:
            return None, None
        books = {1: "main", 2: "controlled"}
        return books.get(cells["book_id"]), self.positions.get(
            (cells["book_id"], at), at
        )

    @property
    def positions(self) -> dict[tuple[int, int], int]:
        """Positions by book and ordinal, where they differ."""
        for table in self.tables:
            if table.name == "bl_log_position":
                at = [
                    table.columns.index(c) for c in ("book_id", "ordinal", "position")
                ]
                return {(r[at[0]], r[at[1]]): r[at[2]] for r in table.rows}
        return {}


LOG = {"bl_record", "bl_posting", "bl_dimension", "bl_opening", "bl_redaction"}


def sqlite_tables(raw: sqlite3.Connection) -> Iterator[Table]:
    """Yield the tables as the file describes them."""
    names = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    for (name,) in names.fetchall():
        info = raw.execute(f"PRAGMA table_info({name})").fetchall()
        key = tuple(at for _, at in sorted((row[5], row[0]) for row in info if row[5]))
        rows = tuple(raw.execute(f"SELECT * FROM {name}").fetchall())
        yield Table(name, tuple(row[1] for row in info), key, rows)


def postgresql_tables(raw: Any) -> Iterator[Table]:
    """Yield the tables of the schema as the catalogue describes them."""
    names = raw.execute(
        "SELECT c.relname, c.oid FROM pg_class c WHERE c.relkind = 'r'"
        " AND c.relnamespace = 'backoffice_ledger'::regnamespace ORDER BY 1"
    ).fetchall()
    for name, oid in names:
        columns = raw.execute(
            "SELECT attname, attnum FROM pg_attribute WHERE attrelid = %s"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (oid,),
        ).fetchall()
        numbers = {number: at for at, (_, number) in enumerate(columns)}
        keys = raw.execute(
            "SELECT indkey::int2[] FROM pg_index WHERE indrelid = %s AND indisprimary",
            (oid,),
        ).fetchall()
        rows = tuple(raw.execute(f"SELECT * FROM {name}").fetchall())
        key = tuple(numbers[number] for number in keys[0][0]) if keys else ()
        yield Table(name, tuple(column for column, _ in columns), key, rows)


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Database]:
    """Yield a filled file, without the checks of its triggers."""
    path = folder / "books.db"
    store = bl.SQLiteStore(path, create=True)
    fill(store)
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA ignore_check_constraints = ON")
        triggers = raw.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()

        @contextmanager
        def attacked(database: Database) -> Iterator[Callable[[Attack], bool]]:
            def attack(attack: Attack) -> bool:
                for name, _ in triggers:
                    raw.execute(f"DROP TRIGGER {name}")
                try:
                    for sql, params in attack.steps:
                        database.run(sql, *params)
                except (sqlite3.IntegrityError, OverflowError):
                    return False
                for _, sql in triggers:
                    raw.execute(sql)
                return True

            raw.execute("BEGIN")
            try:
                yield attack
            finally:
                raw.execute("ROLLBACK")

        yield Database(raw, tuple(sqlite_tables(raw)), "?", 1, attacked)


@contextmanager
def postgresql_database(dsn: str) -> Iterator[Database]:
    """Yield a filled database, without the checks of its triggers."""
    store = PostgreSQLStore(dsn)
    fill(store)
    store.close()
    with psycopg.connect(dsn) as raw:
        raw.execute("SET search_path = backoffice_ledger")
        tables = tuple(postgresql_tables(raw))
        raw.commit()

        @contextmanager
        def attacked(database: Database) -> Iterator[Callable[[Attack], bool]]:
            def attack(attack: Attack) -> bool:
                raw.execute("SET LOCAL session_replication_role = replica")
                try:
                    for sql, params in attack.steps:
                        database.run(sql, *params)
                except (
                    psycopg.errors.IntegrityError,
                    psycopg.errors.DataError,
                    psycopg.errors.ProgrammingError,
                ):
                    return False
                return True

            try:
                yield attack
            finally:
                raw.rollback()

        yield Database(raw, tables, "%s", 2, attacked)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)],
    scope="module",
)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Yield a database of each kind."""
    if request.param == "sqlite":
        with sqlite_database(tmp_path_factory.mktemp("columns")) as found:
            yield found
        return
    request.getfixturevalue("postgresql")
    import postgresql_server

    dsn = postgresql_server.new_database()
    try:
        with postgresql_database(dsn) as found:
            yield found
    finally:
        postgresql_server.drop_database(dsn)


def others(value: Any, *, is_number: bool) -> Iterator[Any]:
    """Yield values that might stand in the place of *value*."""
    match value:
        case None:
            yield from (0, 1, 20260131) if is_number else ("x", "[]", "main")
        case bytes():
            yield from (value[::-1], value[:-1] + b"\7", bytes(len(value)))
        case str():
            yield from (value + "x", value[:-1], f" {value}", "", "[]", "null", None)
        case _:
            yield from (value + 1, value - 1, -value, 0, 10**6 + value, None, "x")


def where(database: Database, table: Table) -> str:
    """Return the term that selects a row by its key."""
    same = "IS NOT DISTINCT FROM" if database.mark == "%s" else "IS"
    return " AND ".join(f"{table.columns[at]} {same} ?" for at in table.key) or "true"


def changes(database: Database, table: Table) -> Iterator[Attack]:
    """Yield the change of each column to other values, in some rows or in all."""
    draw = random.Random(table.name)
    for at, column in enumerate(table.columns):
        if (table.name, column) in FREE:
            continue
        is_number = any(
            not isinstance(r[at], (str, bytes, type(None))) for r in table.rows
        )
        found = [
            (row, value)
            for row in table.rows
            for value in others(row[at], is_number=is_number)
            if value != row[at]
        ]
        if not IS_LONG:
            found = draw.sample(found, min(len(found), 2 // database.step))
        for row, value in found:
            book, position = database.place(table, row)
            yield Attack(
                f"{table.name}.{column} {table.key_of(row)} -> {value!r}",
                (
                    (
                        f"UPDATE {table.name} SET {column} = ?"
                        f" WHERE {where(database, table)}",
                        (value, *table.key_of(row)),
                    ),
                ),
                book,
                position,
                column not in ("book_id", "position", "ordinal"),
            )


def deletions(database: Database, table: Table) -> Iterator[Attack]:
    """Yield the deletion of each row."""
    if all((table.name, column) in FREE for column in table.columns[1:]):
        return
    for row in table.rows[:: 1 if IS_LONG else 2 * database.step]:
        sql = f"DELETE FROM {table.name} WHERE {where(database, table)}"
        book, position = database.place(table, row)
        name = f"{table.name} {table.key_of(row)} deleted"
        yield Attack(name, ((sql, table.key_of(row)),), book, position)


def _insert(
    database: Database, table: Table, row: list[Any]
) -> tuple[str, tuple[Any, ...]]:
    always = " OVERRIDING SYSTEM VALUE" if database.mark == "%s" else ""
    marks = ", ".join("?" * len(row))
    return f"INSERT INTO {table.name}{always} VALUES ({marks})", tuple(row)


def copies(database: Database, table: Table) -> Iterator[Attack]:
    """Yield the insertion of a copy of each row, with other keys and names."""
    if all((table.name, column) in FREE for column in table.columns[1:]):
        return
    for row in table.rows[:: 1 if IS_LONG else 3 * database.step]:
        copy = list(row)
        for at, column in enumerate(table.columns):
            is_last = bool(table.key) and at == table.key[-1]
            if column in ("number", "ordinal", "position", "line", "first") or is_last:
                if isinstance(copy[at], int):
                    copy[at] += 1_000
                elif isinstance(copy[at], str):
                    copy[at] += "-copy"
            elif column == "id" or (table.name == "bl_book" and column == "name"):
                copy[at] += "-copy"
        name = f"{table.name} {table.key_of(row)} copied"
        yield Attack(name, (_insert(database, table, copy),))


def swaps(database: Database, table: Table) -> Iterator[Attack]:
    """Yield the exchange of what stands under two keys."""
    pairs = list(pairwise(table.rows))
    for one, other in pairs if IS_LONG else pairs[:: 3 * database.step]:
        if one[0] != other[0] or not table.key or table.name == "bl_listener":
            continue
        mixed = [list(one), list(other)]
        for at in table.key:
            mixed[0][at], mixed[1][at] = other[at], one[at]
        if [tuple(row) for row in mixed] == [other, one]:
            continue
        gone = f"DELETE FROM {table.name} WHERE {where(database, table)}"
        yield Attack(
            f"{table.name} {table.key_of(one)} and {table.key_of(other)} exchanged",
            (
                (gone, table.key_of(one)),
                (gone, table.key_of(other)),
                *(_insert(database, table, row) for row in mixed),
            ),
        )


def examine(database: Database) -> dict[str, Exception | str]:
    """Return what verification says of each book: its root, or what is wrong."""
    found: dict[str, Exception | str] = {}
    names = {"main", "controlled"}
    names |= {str(name) for (name,) in database.run("SELECT name FROM bl_book")}
    for book in sorted(names):
        try:
            with bl.open_ledger(
                database.connection, book=book, read_only=True
            ) as ledger:
                found[book] = ledger.verify().root
        except NOTICED as error:
            found[book] = error
    return found


def check(database: Database, attacks: Iterator[Attack]) -> int:
    """Check that each attack is noticed, and named; return how many were possible."""
    sound = examine(database)
    assert all(isinstance(found, str) for found in sound.values()), sound
    count, unnoticed, misplaced = 0, [], []
    for attack in attacks:
        with database.attacked(database) as carry_out:
            if not carry_out(attack):
                continue
            count += 1
            found = examine(database)
        if found == sound:
            unnoticed.append(attack.name)
        error = found.get(attack.book or "")
        if (
            isinstance(error, errors.VerificationFailed)
            and attack.is_exact
            and error.position != attack.position
        ):
            misplaced.append((attack.name, error.position, attack.position))
    assert unnoticed == []
    assert misplaced == []
    assert examine(database) == sound
    return count


def test_every_table_has_rows(database: Database) -> None:
    """A table without rows would pass every test."""
    empty = [table.name for table in database.tables if not table.rows]
    assert set(empty) <= {"bl_unsealed"}


def test_no_value_changes_unnoticed(database: Database) -> None:
    """In any column of any table."""
    columns = sum(len(table.columns) for table in database.tables)
    attacks = (a for table in database.tables for a in changes(database, table))
    assert check(database, attacks) > columns // database.step // 2


def test_no_row_disappears_unnoticed(database: Database) -> None:
    """From any table."""
    attacks = (a for table in database.tables for a in deletions(database, table))
    assert check(database, attacks) > 40 // database.step


def test_no_row_is_added_unnoticed(database: Database) -> None:
    """To any table."""
    attacks = (a for table in database.tables for a in copies(database, table))
    assert check(database, attacks) > 20 // database.step


def test_no_rows_change_places_unnoticed(database: Database) -> None:
    """Genuine rows under each other's keys."""
    attacks = (a for table in database.tables for a in swaps(database, table))
    assert check(database, attacks) > 12 // database.step
