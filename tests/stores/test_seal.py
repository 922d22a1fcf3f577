"""The database itself refuses what must never happen, whoever writes to it.

These tests write with a connection of their own.  It switches on what every connection
of the library switches on; the triggers and constraints do the rest.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.stores import migrate

SAMPLE = Path(__file__).parents[1] / "golden" / "format_1.db"
BOOK = 1
LEAF = bytes(32)
DAY = 20260228
Row = tuple[Any, ...]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a copy of a file that holds records of every type."""
    path = Path(shutil.copyfile(SAMPLE, tmp_path / "books.db"))
    migrate(path)
    return path


@pytest.fixture
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Return a connection that knows nothing of the library."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute("PRAGMA foreign_keys = ON")
    yield connection
    connection.close()


def size(raw: sqlite3.Connection) -> int:
    """Return the last position of the log."""
    query = "SELECT max(position) FROM bl_record WHERE book_id = ?"
    return int(raw.execute(query, (BOOK,)).fetchone()[0])


def posting(position: int, line: int, **changes: Any) -> Row:
    """Return the row of a posting: a debit of one cent, but for *changes*."""
    row = {
        "book_id": BOOK,
        "position": position,
        "line": line,
        "account_no": 1,
        "commodity_no": 1,
        "side": line % 2,
        "memorandum": 0,
        "date": DAY,
        "high": 0,
        "low": 1,
        "value_date": None,
    }
    return tuple((row | changes).values())


def record(position: int, **changes: Any) -> Row:
    """Return the row of an entry's record."""
    row = {
        "book_id": BOOK,
        "position": position,
        "type": 0,
        "id": "forged",
        "actor": "clerk",
        "recorded_at": 0,
        "leaf": LEAF,
        "content": None,
        "date": DAY,
        "journal_no": 1,
        "number": 1000,
        "kind": "normal",
        "phase": 0,
    }
    return (*(row | changes).values(), *(None,) * 8)


def insert(raw: sqlite3.Connection, table: str, row: Row, verb: str = "INSERT") -> None:
    """Insert a row."""
    raw.execute(f"{verb} INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def seal(raw: sqlite3.Connection, *postings: dict[str, Any], **changes: Any) -> None:
    """Insert an entry at the next position and commit it."""
    position = changes.get("position", size(raw) + 1)
    raw.execute("BEGIN")
    try:
        for line, posting_changes in enumerate(postings):
            fields = {"position": position} | posting_changes
            insert(raw, "bl_posting", posting(line=line, **fields))
        insert(raw, "bl_record", record(**{"position": position} | changes))
        raw.execute("COMMIT")
    except sqlite3.Error:
        raw.execute("ROLLBACK")
        raise


def test_a_balanced_entry_passes(raw: sqlite3.Connection) -> None:
    """Else the refusals below would prove nothing."""
    position = size(raw)
    seal(raw, {}, {})
    assert size(raw) == position + 1


LIMB = 10**18
REFUSED = {
    "nothing": [],
    "one posting": [{"low": 0}],
    "one cent too much": [{}, {"low": 2}],
    "both on one side": [{}, {"side": 0}],
    "two commodities": [{}, {"commodity_no": 2}],
    "two commodities that add up": [
        {},
        {"commodity_no": 2},
        {"low": 0},
        {"low": 0, "commodity_no": 2},
    ],
    "memorandum against financial": [{}, {"memorandum": 1}],
    "a limb too much": [{"high": 1}, {"high": 2}],
    "a limb for a unit": [{"high": 1, "low": 0}, {"low": 1}],
    "a carry too much": [{"low": LIMB - 1}, {"high": 1, "low": 0}],
    "another day": [{}, {"date": 20260227}],
}


@pytest.mark.parametrize("postings", REFUSED.values(), ids=REFUSED)
def test_what_is_no_entry_is_not_sealed(
    raw: sqlite3.Connection, postings: list[dict[str, Any]]
) -> None:
    """Fewer than two postings, or any difference in any commodity."""
    with pytest.raises(sqlite3.IntegrityError, match="bl: the entry"):
        seal(raw, *postings)


@pytest.mark.parametrize(
    "postings",
    [
        [{"high": 999_999_999, "low": LIMB - 1}] * 2,
        [{"high": -1, "low": -5}, {"high": -1, "low": -5}],
        [{"high": 1, "low": 0}, {"low": LIMB // 2}, {"low": 0}, {"low": LIMB // 2}],
        [{"high": 1, "low": 0}, {"low": LIMB - 1}, {"low": 0}, {"low": 1}],
        [{}, {"side": 0, "low": -1}],
        [{}, {}, {"commodity_no": 2}, {"commodity_no": 2}],
        [{"memorandum": 1}, {"memorandum": 1}, {}, {}],
    ],
)
def test_sums_are_exact_across_limbs(
    raw: sqlite3.Connection, postings: list[dict[str, Any]]
) -> None:
    """Large amounts carry, signs cancel, commodities stand for themselves."""
    seal(raw, *postings)


def test_positions_have_no_gaps(raw: sqlite3.Connection) -> None:
    """Neither entries nor other records skip one, or take one twice."""
    last = size(raw)
    for position in (last + 2, last, 0, -1):
        with pytest.raises(sqlite3.IntegrityError):
            seal(raw, {}, {}, position=position)
        other = record(position, type=5, content="{}", id="x")[:8] + (None,) * 13
        with pytest.raises(sqlite3.IntegrityError, match="not the next one"):
            insert(raw, "bl_record", other)


def test_postings_need_a_record(raw: sqlite3.Connection) -> None:
    """Without one they cannot be committed."""
    raw.execute("BEGIN")
    insert(raw, "bl_posting", posting(size(raw) + 1, 0))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        raw.execute("COMMIT")


def test_a_sealed_entry_takes_no_more(raw: sqlite3.Connection) -> None:
    """No late line, and no late dimension."""
    seal(raw, {}, {})
    for table, row in (
        ("bl_posting", posting(size(raw), 2, low=0)),
        ("bl_dimension", (BOOK, size(raw), 0, 1, "B7")),
    ):
        with pytest.raises(sqlite3.IntegrityError, match="bl: the entry is sealed"):
            insert(raw, table, row)


def test_a_dimension_needs_a_posting(raw: sqlite3.Connection) -> None:
    """One of a line that is not there cannot be committed."""
    raw.execute("BEGIN")
    position = size(raw) + 1
    insert(raw, "bl_dimension", (BOOK, position, 7, 1, "B7"))
    for line in (0, 1):
        insert(raw, "bl_posting", posting(position, line))
    insert(raw, "bl_record", record(position))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        raw.execute("COMMIT")


LOG_TABLES = ("bl_record", "bl_posting", "bl_dimension", "bl_redaction", "bl_opening")


@pytest.mark.parametrize("table", LOG_TABLES)
def test_the_log_is_append_only(raw: sqlite3.Connection, table: str) -> None:
    """No update of any column, no deletion, no replacement."""
    columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
    before = raw.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    for column in columns:
        with pytest.raises(sqlite3.IntegrityError, match="bl: append only"):
            raw.execute(f"UPDATE {table} SET {column} = {column}")
    with pytest.raises(sqlite3.IntegrityError, match="bl: "):
        raw.execute(f"DELETE FROM {table}")
    for row in before:
        with pytest.raises(sqlite3.IntegrityError):
            insert(raw, table, row, "INSERT OR REPLACE")
    assert raw.execute(f"SELECT * FROM {table}").fetchall() == before


def test_an_entry_cannot_be_replaced_through_its_id(raw: sqlite3.Connection) -> None:
    """REPLACE would delete the old row behind a unique index."""
    position = size(raw) + 1
    raw.execute("BEGIN")
    for line in (0, 1):
        insert(raw, "bl_posting", posting(position, line))
    for changes in ({"id": "full"}, {"number": 1}):
        with pytest.raises(sqlite3.IntegrityError, match="bl: append only"):
            insert(raw, "bl_record", record(position, **changes), "INSERT OR REPLACE")
    raw.execute("ROLLBACK")


def test_a_text_goes_only_beside_a_redaction(raw: sqlite3.Connection) -> None:
    """The row that says so must be there first."""
    place = raw.execute("SELECT book_id, position, field FROM bl_opening").fetchone()
    where = "WHERE book_id = ? AND position = ? AND field = ?"
    with pytest.raises(sqlite3.IntegrityError, match="beside a redaction"):
        raw.execute(f"DELETE FROM bl_opening {where}", place)
    insert(raw, "bl_redaction", (*place, "0" * 64, 1))
    raw.execute(f"DELETE FROM bl_opening {where}", place)


def test_a_book_is_not_deleted(raw: sqlite3.Connection) -> None:
    """Its log would belong to nothing."""
    with pytest.raises(sqlite3.IntegrityError, match="bl: append only"):
        raw.execute("DELETE FROM bl_book")


@pytest.mark.parametrize("column", ["low", "high", "date", "side", "value_date"])
@pytest.mark.parametrize("value", [0.5, "one", b"1", 1e30])
def test_numbers_are_integers(
    raw: sqlite3.Connection, column: str, value: object
) -> None:
    """Neither REAL nor TEXT nor BLOB, whatever the value."""
    with pytest.raises(sqlite3.IntegrityError, match=r"cannot store|CHECK"):
        insert(raw, "bl_posting", posting(size(raw) + 1, 0, **{column: value}))


@pytest.mark.parametrize(
    "changes",
    [
        {"low": 10**18},
        {"low": -(10**18)},
        {"high": 1, "low": -1},
        {"high": -1, "low": 1},
        {"side": 2},
        {"side": -1},
        {"memorandum": 2},
    ],
)
def test_an_amount_is_written_in_one_way(
    raw: sqlite3.Connection, changes: dict[str, Any]
) -> None:
    """Limbs of one sign and within their range; sides and flags are 0 or 1."""
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        insert(raw, "bl_posting", posting(size(raw) + 1, 0, **changes))


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH DATABASE ':memory:' AS other",
        "DETACH DATABASE main",
        "CREATE TABLE bl_mine (a INTEGER)",
        "CREATE TEMP TABLE mine (a INTEGER)",
        "CREATE TEMP TRIGGER mine AFTER INSERT ON bl_record BEGIN SELECT 1; END",
        "CREATE INDEX bl_mine ON bl_record (actor)",
        "CREATE VIEW bl_mine AS SELECT 1",
        "ALTER TABLE bl_record ADD COLUMN note TEXT",
        "ALTER TABLE bl_record RENAME TO bl_other",
        "DROP TABLE bl_current",
        "DROP TRIGGER bl_record_seal",
        "DROP INDEX bl_posting_account",
        "REINDEX",
        "ANALYZE",
        "PRAGMA writable_schema = ON",
        "PRAGMA ignore_check_constraints = ON",
        "PRAGMA legacy_alter_table = ON",
        "PRAGMA schema_version = 7",
        "PRAGMA temp_store_directory = 'elsewhere'",
        "UPDATE bl_record SET actor = 'other'",
        "UPDATE bl_posting SET low = 0",
        "UPDATE bl_opening SET value = 'other'",
        "UPDATE sqlite_schema SET sql = ''",
        "DELETE FROM bl_record",
        "DELETE FROM bl_posting",
        "DELETE FROM bl_redaction",
        "DELETE FROM bl_fact",
        "DELETE FROM bl_book",
        "INSERT INTO sqlite_schema VALUES ('table', 'a', 'a', 0, '')",
    ],
)
def test_the_library_cannot_do_what_it_must_not(path: Path, statement: str) -> None:
    """Its own connection refuses to, before any trigger is asked."""
    store = bl.SQLiteStore(path)
    try:
        with (
            pytest.raises(
                errors.StoreError, match=r"not authorized|prohibited|may not"
            ),
            store.transaction("main", write=True) as transaction,
        ):
            transaction._driver.execute(statement)
        with bl.open_ledger(store, book="main", read_only=True) as ledger:
            ledger.verify()
    finally:
        store.close()
