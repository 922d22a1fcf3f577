"""Whoever changes the database by other means is found out, and where is named.

The mutations go through a connection of their own, without this library, without its
triggers and without the CHECK constraints.  Every table, column and row is concerned.
"""

import atexit
import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.stores import migrate

BOOKS = ("main", "controlled")
NOTICED = (
    errors.VerificationFailed,
    errors.Corrupt,
    errors.BookNotFound,
    errors.InvalidIdentifier,  # the book has a name now that no book can have
)
LOG_TABLES = {"bl_record", "bl_posting", "bl_dimension", "bl_opening", "bl_redaction"}
EMPTY = {"bl_listener", "bl_pending"}
"""Tables that came with format 2; the released file has no rows for them."""
GOLDEN = Path(__file__).parents[1] / "golden" / "format_1.db"


def migrated() -> Path:
    """Return a copy of the released file in the present format."""
    folder = tempfile.mkdtemp(prefix="backoffice-ledger-")
    atexit.register(shutil.rmtree, folder)
    path = Path(shutil.copyfile(GOLDEN, Path(folder, "sample.db")))
    migrate(path)
    return path


SAMPLE = migrated()
"""Two books that hold records of every type of then, with every field."""
IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
CHANGES_OF_A_COLUMN = 2
"""How many changes of each column the short run tries, of all rows and values."""

Row = tuple[Any, ...]

INVALID_UTF8 = object()
"""A text that is none; only SQL can write it."""


@attrs.frozen
class Table:
    """A table of the file with all its rows."""

    name: str
    columns: tuple[str, ...]
    key: tuple[int, ...]
    rows: tuple[Row, ...]

    def where(self) -> str:
        """Return the term that selects a row by its key."""
        return " AND ".join(f"{self.columns[index]} IS ?" for index in self.key)

    def key_of(self, row: Row) -> tuple[Any, ...]:
        """Return the key of a row."""
        return tuple(row[index] for index in self.key)

    def place(self, row: Row) -> tuple[int, int] | None:
        """Return book and position of a row of the log."""
        if self.name not in LOG_TABLES:
            return None
        return row[0], row[1]


@attrs.frozen
class Mutation:
    """Statements with their parameters, and the position that they spoil.

    Whole records that change places leave a sound log behind; what is kept beside it
    contradicts, but does not always tell where (``is_vague``).
    """

    name: str
    steps: tuple[tuple[str, Row], ...]
    book: int | None = None
    position: int | None = None
    is_vague: bool = False

    def __str__(self) -> str:
        return self.name


def read_tables() -> list[Table]:
    """Return every table of the sample, as its schema names them."""
    tables = []
    with closing(sqlite3.connect(f"file:{SAMPLE}?immutable=1", uri=True)) as raw:
        names = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (name,) in names.fetchall():
            info = raw.execute(f"PRAGMA table_info({name})").fetchall()
            key = sorted((row[5], row[0]) for row in info if row[5])
            tables.append(
                Table(
                    name,
                    tuple(row[1] for row in info),
                    tuple(index for _, index in key),
                    tuple(raw.execute(f"SELECT * FROM {name}").fetchall()),
                )
            )
    return tables


def others(value: Any) -> Iterator[Any]:
    """Yield values that might stand in the place of *value*."""
    match value:
        case None:
            yield from (0, 1, 20260131, "x", "[]", "main", b"x")
        case int():
            yield from (value + 1, value - 1, -value, 0, 10**6 + value, 2**62, None)
        case str():
            yield from (value + "x", value[:-1], f" {value}", "", "[]", "{}", "\ud7ff")
            yield from ("null", '{"a":1.5}', INVALID_UTF8, None)
        case bytes():
            yield from (value[::-1], value[:-1], value + b"\0", bytes(len(value)), None)


def changes(table: Table, rows: Iterable[Row]) -> Iterator[Mutation]:
    """Yield the change of each column of each row to each other value."""
    for row in rows:
        for index, column in enumerate(table.columns):
            for value in others(row[index]):
                if value == row[index]:
                    continue
                place = table.place(row)
                position = None if place is None else place[1]
                if position is not None and column == "position":
                    # it is missed here, and too much there
                    position = min(position, value) if (value or 0) > 0 else position
                param = "CAST(x'ff' AS TEXT)" if value is INVALID_UTF8 else "?"
                values = () if value is INVALID_UTF8 else (value,)
                shown = "no UTF-8" if value is INVALID_UTF8 else repr(value)[:20]
                yield Mutation(
                    f"{table.name}.{column} {table.key_of(row)} -> {shown}",
                    (
                        (
                            f"UPDATE {table.name} SET {column} = {param}"
                            f" WHERE {table.where()}",
                            (*values, *table.key_of(row)),
                        ),
                    ),
                    None if place is None else place[0],
                    position,
                )


def delete(table: Table, row: Row) -> tuple[str, Row]:
    """Return the statement that deletes a row."""
    return f"DELETE FROM {table.name} WHERE {table.where()}", table.key_of(row)


def insert(table: Table, row: Row) -> tuple[str, Row]:
    """Return the statement that inserts a row."""
    marks = ", ".join("?" * len(row))
    return f"INSERT INTO {table.name} VALUES ({marks})", row


def deletions(table: Table) -> Iterator[Mutation]:
    """Yield the deletion of each row."""
    for row in table.rows:
        book, position = table.place(row) or (None, None)
        name = f"{table.name} {table.key_of(row)} deleted"
        yield Mutation(name, (delete(table, row),), book, position)


def copies(table: Table) -> Iterator[Mutation]:
    """Yield the insertion of a copy of each row under the next free key."""
    for row in table.rows:
        copy = list(row)
        last = table.key[-1]
        if table.name == "bl_record":
            last = 1
            copy[3] += "-copy"  # ids and numbers of entries are unique
            if copy[10] is not None:
                copy[10] += 1000
        same = [other for other in table.rows if last == 0 or other[0] == row[0]]
        if isinstance(row[last], int):
            copy[last] = max(other[last] for other in same) + 1
        else:
            copy[last] += "-copy"
        if table.name == "bl_fact" and copy[3] is not None:
            copy[3] += 1000
        if table.name == "bl_book":
            copy[1] += "-copy"
        place = table.place(tuple(copy)) or (None, None)
        name = f"{table.name} {table.key_of(row)} copied"
        yield Mutation(name, (insert(table, tuple(copy)),), *place)


def swaps(table: Table, rows: tuple[Row, ...]) -> Iterator[Mutation]:
    """Yield the exchange of what stands under two keys, for neighbours."""
    for one, other in pairwise(rows):
        if one[0] != other[0]:
            continue
        mixed = [list(one), list(other)]
        for index in table.key:
            mixed[0][index], mixed[1][index] = other[index], one[index]
        if [tuple(row) for row in mixed] == [other, one]:
            continue
        places = [table.place(row) for row in (one, other)]
        book, position = min(filter(None, places), default=(None, None))
        yield Mutation(
            f"{table.name} {table.key_of(one)} and {table.key_of(other)} exchanged",
            (
                delete(table, one),
                delete(table, other),
                *(insert(table, tuple(row)) for row in mixed),
            ),
            book,
            position,
            table.name == "bl_record",
        )


def attack(path: Path, mutation: Mutation) -> bool:
    """Carry out a mutation behind the library's back; False if SQLite refuses it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA synchronous = OFF")
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("BEGIN")
        triggers = raw.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        try:
            for sql, params in mutation.steps:
                raw.execute(sql, params)
        except (sqlite3.IntegrityError, OverflowError):
            raw.execute("ROLLBACK")
            return False
        for _, sql in triggers:
            raw.execute(sql)
        raw.execute("COMMIT")
    return True


def examine(path: Path) -> dict[str, Exception | str]:
    """Return what verification says of each book: its root, or what is wrong."""
    found: dict[str, Exception | str] = {}
    try:
        with closing(bl.SQLiteStore(path, read_only=True)) as store:
            names = store.books()
    except errors.Corrupt as error:
        return dict.fromkeys(BOOKS, error)
    for book in {*BOOKS, *names}:
        try:
            with bl.open_ledger(path, book=book, read_only=True) as ledger:
                found[book] = ledger.verify().root
        except NOTICED as error:
            found[book] = error
    return found


TABLES = [table for table in read_tables() if table.name not in EMPTY]
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@pytest.fixture
def book_file(tmp_path: Path) -> Path:
    """Return a copy of the sample, to be opened."""
    return Path(shutil.copyfile(SAMPLE, tmp_path / "books.db"))


def check(path: Path, mutations: Iterable[Mutation]) -> int:
    """Check that each mutation is noticed and named; return how many were possible."""
    roots = examine(path)
    unnoticed, misplaced, count = [], [], 0
    for mutation in mutations:
        shutil.copyfile(SAMPLE, path)
        if not attack(path, mutation):
            continue
        count += 1
        found = examine(path)
        if found == roots:
            unnoticed.append(str(mutation))
        error = None if mutation.book is None else found[BOOKS[mutation.book - 1]]
        if isinstance(error, errors.VerificationFailed) and not (
            error.position == mutation.position
            or (mutation.is_vague and error.position is None)
        ):
            misplaced.append((str(mutation), error.position, mutation.position))
    assert unnoticed == [], unnoticed
    assert misplaced == [], misplaced
    return count


@each_table
def test_no_value_changes_unnoticed(table: Table, book_file: Path) -> None:
    """Whatever column holds another value, verification fails and names the place.

    The short run tries some of the changes, the long one all.
    """
    mutations = list(changes(table, table.rows))
    if not IS_LONG:
        count = min(len(mutations), CHANGES_OF_A_COLUMN * len(table.columns))
        mutations = random.Random(0).sample(mutations, count)
    assert check(book_file, mutations) > len(table.columns)


@each_table
def test_no_row_disappears_unnoticed(table: Table, book_file: Path) -> None:
    """Not the last one either."""
    assert check(book_file, deletions(table)) == len(table.rows)


@each_table
def test_no_row_is_added_unnoticed(table: Table, book_file: Path) -> None:
    """A copy of a genuine row under the next key."""
    assert check(book_file, copies(table)) > 0


@each_table
def test_no_rows_change_places_unnoticed(table: Table, book_file: Path) -> None:
    """Genuine rows, under each other's keys."""
    check(book_file, swaps(table, table.rows))


def test_an_open_ledger_notices_too(tmp_path: Path) -> None:
    """What it has read before does not hide what has been changed since."""
    mutations = [
        mutation
        for table in TABLES
        for row in table.rows[:1]
        for mutation in changes(table, [row])
    ]
    for index, mutation in enumerate(random.Random(0).sample(mutations, 60)):
        path = Path(shutil.copyfile(SAMPLE, tmp_path / f"{index}.db"))
        with bl.open_ledger(path, read_only=True) as ledger:
            ledger.verify()
            list(ledger.records())
            if attack(path, mutation):
                with pytest.raises(NOTICED):
                    ledger.verify()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER bl_record_seal",
        "DROP INDEX bl_posting_account",
        "ALTER TABLE bl_record ADD COLUMN note TEXT",
        "CREATE TRIGGER bl_mine AFTER INSERT ON bl_record BEGIN SELECT 1; END",
        "CREATE TABLE bl_more (note TEXT)",
        "PRAGMA user_version = 0",
    ],
)
def test_another_schema_is_not_opened(book_file: Path, statement: str) -> None:
    """The seal is there, whole and unchanged, or the file is not used."""
    with closing(sqlite3.connect(book_file)) as raw:
        raw.execute(statement)
    with pytest.raises(errors.Corrupt):
        bl.open_ledger(book_file, read_only=True)


def test_a_schema_that_changes_under_an_open_ledger_is_noticed(
    book_file: Path,
) -> None:
    """Verification looks at the schema again."""
    with bl.open_ledger(book_file, read_only=True) as ledger:
        with closing(sqlite3.connect(book_file)) as raw:
            raw.execute("DROP TRIGGER bl_record_delete")
        with pytest.raises(errors.VerificationFailed) as caught:
            ledger.verify()
    assert caught.value.problems == ("the schema is not the one of this format",)
    assert caught.value.position is None


def test_what_belongs_together_and_is_gone_shows_in_the_root(book_file: Path) -> None:
    """Somebody who cuts off the end of the log, with all that follows from it.

    Nothing in the file contradicts; the root that was published before does.
    """
    with bl.open_ledger(book_file, book="controlled", read_only=True) as ledger:
        before = ledger.verify()
        last = list(ledger.records())[-1]
        assert last.id == "seen"
    tables = ("bl_posting", "bl_opening", "bl_record")
    where = f"WHERE book_id = 2 AND position = {last.position}"
    steps = [(f"DELETE FROM {table} {where}", ()) for table in tables]
    steps += [("DELETE FROM bl_current WHERE book_id = 2", ())]
    steps += [("DELETE FROM bl_period_total WHERE book_id = 2", ())]
    assert attack(book_file, Mutation("truncation", tuple(steps)))
    with bl.open_ledger(book_file, book="controlled", read_only=True) as ledger:
        after = ledger.verify()
    assert after.records == before.records - 1
    assert after.root != before.root


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE bl_record SET content = '{' WHERE book_id = 1 AND position = 3", 3),
        ("UPDATE bl_record SET kind = 'x' WHERE book_id = 1 AND position = 14", 14),
        ("UPDATE bl_posting SET account_no = 99 WHERE position = 14", 14),
        ("UPDATE bl_opening SET value = CAST(x'ff' AS TEXT) WHERE position = 3", None),
    ],
)
def test_reading_what_was_tampered_with_says_so(
    book_file: Path, statement: str, position: int | None
) -> None:
    """Not with an error of Python, and never with an answer."""
    with closing(sqlite3.connect(book_file)) as raw:
        changed = raw.total_changes
        names = raw.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in names:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)
        for _, sql in names:
            raw.execute(sql)
        raw.commit()
        assert raw.total_changes > changed
    with bl.open_ledger(book_file, read_only=True) as ledger:
        with pytest.raises(errors.Corrupt) as caught:
            list(ledger.records())
        assert position is None or f"position {position} " in str(caught.value)
        with pytest.raises(errors.VerificationFailed) as failed:
            ledger.verify()
        assert failed.value.position == (position or 3)


def test_a_book_that_is_gone_is_missed(book_file: Path) -> None:
    """A ledger that was opened before does not go on without it."""
    [books] = [table for table in TABLES if table.name == "bl_book"]
    with bl.open_ledger(book_file, read_only=True) as ledger:
        ledger.verify()
        assert attack(book_file, next(deletions(books)))
        with pytest.raises(errors.Corrupt):
            ledger.verify()


def test_facts_that_cannot_be_read_are_corrupt(book_file: Path) -> None:
    """Documents, accounts and the like are read through their latest record."""
    statement = "UPDATE bl_record SET content = '{' WHERE type = 7"
    assert attack(book_file, Mutation("content", ((statement, ()),)))
    with bl.open_ledger(book_file, read_only=True) as ledger:
        with pytest.raises(errors.Corrupt):
            ledger.documents.all("trade")
        with pytest.raises(errors.Corrupt):
            ledger.documents.get("trade", "T/1")


def test_a_failure_tells_as_much_as_can_be_read(book_file: Path) -> None:
    """The first hundred problems, in the order of the log; a success is one line."""
    with bl.open_ledger(book_file, read_only=True) as ledger:
        found = ledger.verify()
    assert str(found) == (
        f"verified: {found.records} records, {found.entries} entries, "
        f"{found.redacted} texts erased, root {found.root}"
    )
    statements = (
        "UPDATE bl_record SET leaf = zeroblob(32)",
        "UPDATE bl_record SET number = number + 1000 WHERE type = 0",
        "DELETE FROM bl_current",
        "DELETE FROM bl_period_total",
    )
    steps = tuple((statement, ()) for statement in statements)
    assert attack(book_file, Mutation("everything", steps))
    with (
        bl.open_ledger(book_file, read_only=True) as ledger,
        pytest.raises(errors.VerificationFailed) as caught,
    ):
        ledger.verify()
    assert len(caught.value.problems) == 100
    first, *rest = caught.value.problems
    assert str(caught.value).startswith(f"[verification-failed] {first} (and ")
    assert rest[-1] != first
