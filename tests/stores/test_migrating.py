"""From an older stored format to the present one: all of it or nothing."""

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._stores.sqlite_migrations import MIGRATIONS, migrate_file
from backoffice_ledger._stores.sqlite_schema import FORMAT
from backoffice_ledger.stores import migrate
from backoffice_ledger.testing.faults import FaultInjector

GOLDEN = Path(__file__).parents[1] / "golden" / "format_1.db"
ROOT = "194dd4a63efa8e046acbf999e0f737a4f8a8f9ffd0eb086dbda4df1e2160d9d0"

STATEMENTS = [sql for step in sorted(MIGRATIONS) for sql in MIGRATIONS[step]]

Schema = set[tuple[str, str]]


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    """Return a function that copies the released file of format 1."""
    numbers = iter(range(10**6))

    def copy() -> Path:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return Path(shutil.copyfile(GOLDEN, folder / "books.db"))

    return copy


@pytest.fixture
def old(fresh: Callable[[], Path]) -> Path:
    """Return a file of format 1."""
    return fresh()


def dump(path: Path) -> tuple[int, list[str]]:
    """Return the format of a file, and all that is in it."""
    with closing(sqlite3.connect(path)) as connection:
        [(version,)] = connection.execute("PRAGMA user_version")
        return version, list(connection.iterdump())


def schema(path: Path) -> Schema:
    """Return the names and texts of everything in the schema."""
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute("SELECT name, sql FROM sqlite_schema"))


@pytest.fixture(scope="module")
def state(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path], str]:
    """Return a function that tells which format a file has, if it has one."""
    folder = tmp_path_factory.mktemp("formats")
    before = dump(Path(shutil.copyfile(GOLDEN, folder / "old.db")))
    bl.SQLiteStore(folder / "new.db", create=True).close()
    expected = schema(folder / "new.db")

    def tell(path: Path) -> str:
        found = dump(path)
        if found == before:
            return "old"
        if found[0] != FORMAT or schema(path) != expected:
            return "between"
        with bl.open_ledger(path, read_only=True) as ledger:
            return "new" if ledger.verify().root == ROOT else "between"

    return tell


def test_there_is_a_way_from_every_format() -> None:
    """Whatever was released can be brought to the present."""
    assert sorted(MIGRATIONS) == list(range(1, FORMAT))


def test_a_released_file(old: Path, state: Callable[[Path], str]) -> None:
    """It ends as a new file would begin, with the same records and the same root."""
    done = migrate(str(old))
    assert (done.path, done.before, done.after) == (old, 1, FORMAT)
    assert done.backup == old.with_name("books.db.format-1.backup")
    assert {path.name for path in old.parent.iterdir()} == {
        "books.db",
        "books.db.format-1.backup",
    }
    assert state(old) == "new"
    assert state(done.backup) == "old"
    assert f"from format 1 to {FORMAT}" in str(done)
    assert str(done.backup) in str(done)


def test_once_is_enough(old: Path) -> None:
    """The second time nothing is to be done."""
    migrate(old)
    before = dump(old)
    done = migrate(old)
    assert (done.before, done.after, done.backup) == (FORMAT, FORMAT, None)
    assert "already" in str(done)
    assert dump(old) == before
    assert len(list(old.parent.glob("*backup*"))) == 1


def test_what_is_counted(old: Path) -> None:
    """Balances stay, nothing is pending, the version is the number of postings."""
    with closing(sqlite3.connect(old)) as connection:
        before = connection.execute("SELECT * FROM bl_current").fetchall()
    migrate(old)
    with closing(sqlite3.connect(old)) as connection:
        after = connection.execute("SELECT * FROM bl_current").fetchall()
        counts = {
            (book, account, unit): count
            for book, account, unit, count in connection.execute(
                "SELECT book_id, account_no, commodity_no, count(*) FROM bl_posting"
                " GROUP BY 1, 2, 3"
            )
        }
        for table in ("bl_pending", "bl_listener"):
            assert not connection.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    assert [row[:7] for row in after] == before
    assert [row[7:] for row in after] == [(0, 0, 0, 0, counts[r[:3]]) for r in after]
    assert max(counts.values()) > 1


def test_documents_of_before_declare_nothing(tmp_path: Path) -> None:
    """They are listed, and found only where those without an index are asked for."""
    golden = GOLDEN.with_name("format_1.db")
    path = Path(shutil.copyfile(golden, tmp_path / "books.db"))
    migrate(path)
    with bl.open_ledger(path, actor="clerk") as ledger:
        [record, *_] = [each for each in ledger.records() if each.type == "document"]
        kind = record.content["kind"]
        known = ledger.documents.all(kind)
        assert known
        assert ledger.documents.find(kind) == known
        assert ledger.documents.find(kind, {"state": "open"}) == ()
        assert ledger.documents.find(kind, {"a": "b"}, undeclared=True) == known
        latest = known[0].revise(known[0].content, index={"state": "open"})
        ledger.documents.store(latest)
        assert ledger.documents.find(kind, {"state": "open"}) == (latest,)
        ledger.verify()


def test_no_copy_is_overwritten(old: Path) -> None:
    """One of an attempt before, or whatever else has that name, stays."""
    first = old.with_name("books.db.format-1.backup")
    for name in (first, first.with_name(first.name + "-2")):
        name.write_text("mine")
    done = migrate(old)
    assert done.backup == first.with_name(first.name + "-3")
    assert first.read_text() == "mine"


# --- failures -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CORRUPT"]
)
def test_every_statement_fails(
    fresh: Callable[[], Path], state: Callable[[Path], str], code: str
) -> None:
    """The old format stays, and the next attempt succeeds."""
    faults = FaultInjector()
    migrate_file(fresh(), 5.0, faults)
    statements = list(faults.statements)
    commit = statements.index("COMMIT")
    assert sum(sql in statements for sql in STATEMENTS) == len(STATEMENTS)
    for index in range(commit + 1):
        path = fresh()
        faults.arm(code, statement=index)
        with pytest.raises(errors.StoreError) as caught:
            migrate_file(path, 5.0, faults)
        assert faults.disarm()
        if index == commit and code != "SQLITE_BUSY":
            assert isinstance(caught.value, errors.OutcomeUnknown)
        assert state(path) == "old", statements[index]
        migrate(path)
        assert state(path) == "new"


def test_the_commit_happens_and_fails(old: Path, state: Callable[[Path], str]) -> None:
    """The same call again finds it done."""
    faults = FaultInjector()
    faults.arm("SQLITE_IOERR", matching="COMMIT", after=True)
    with pytest.raises(errors.OutcomeUnknown):
        migrate_file(old, 5.0, faults)
    assert migrate(old).backup is None
    assert state(old) == "new"


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from backoffice_ledger._stores.sqlite_migrations import migrate_file

golden, folder, is_control = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "control"
for last in range(1000):
    path = shutil.copyfile(golden, folder / f"{last}.db")
    child = os.fork()
    if child == 0:
        count = 0
        def intercept(sql, run):
            global count
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            return [] if is_control and sql == "BEGIN IMMEDIATE" else run()
        try:
            migrate_file(path, 5.0, intercept)
        except Exception:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        break
"""


def killed(
    run_python: Any, folder: Path, state: Callable[[Path], str], mode: str
) -> Iterator[tuple[Path, str]]:
    """Yield the files whose migration was killed at each statement, and their state."""
    run_python("-c", KILLED, GOLDEN, folder, mode)
    for path in sorted(folder.glob("*.db"), key=lambda path: int(path.stem)):
        yield path, state(path)


@pytest.mark.skipif(sys.platform == "win32", reason="nothing to kill with")
def test_it_is_killed_at_every_statement(
    run_python: Any, tmp_path: Path, state: Callable[[Path], str]
) -> None:
    """Before the commit it has the old format, after it the new one."""
    found = list(killed(run_python, tmp_path, state, "honest"))
    states = [name for _, name in found]
    assert len(states) > len(STATEMENTS)
    assert set(states) == {"old", "new"}
    assert states == sorted(states, reverse=True)  # first all the old ones
    for path, _ in found:
        migrate(path)
        assert state(path) == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="nothing to kill with")
def test_without_a_transaction_it_would_be_noticed(
    run_python: Any, tmp_path: Path, state: Callable[[Path], str]
) -> None:
    """The control: the same test fails where each statement commits by itself."""
    states = [name for _, name in killed(run_python, tmp_path, state, "control")]
    assert states.count("between") >= len(STATEMENTS) - 1


# --- others ---------------------------------------------------------------------------


def test_somebody_writes(old: Path, state: Callable[[Path], str]) -> None:
    """It waits, gives up, and has not even made a copy."""
    with closing(sqlite3.connect(old, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.Busy):
            migrate(old, busy_seconds=0.01)
        other.execute("ROLLBACK")
    assert state(old) == "old"
    assert not list(old.parent.glob("*backup*"))


def test_somebody_else_migrates(old: Path) -> None:
    """Between a look at the file and its lock; one copy is enough."""
    rivals: list[str] = []

    def intercept(sql: str, run: Callable[[], Any]) -> Any:
        if sql == "BEGIN IMMEDIATE":
            rivals.append(str(migrate(old)))
        return run()

    done = migrate_file(old, 5.0, intercept)
    assert len(rivals) == 1
    assert (done.before, done.backup) == (FORMAT, None)
    assert len(list(old.parent.glob("*backup*"))) == 1


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER bl_record_update",
        "CREATE TRIGGER bl_extra AFTER INSERT ON bl_record BEGIN SELECT 1; END",
    ],
)
def test_a_schema_that_was_changed(old: Path, change: str) -> None:
    """Migrating does not whitewash it."""
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(change)
    before = dump(old)
    with pytest.raises(errors.Corrupt):
        migrate(old)
    assert dump(old) == before


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda path: path.unlink(), errors.BookNotFound),
        (lambda path: path.write_text("x" * 1000), errors.ForeignFile),
        (lambda path: path.write_bytes(GOLDEN.read_bytes()[:8192]), errors.Corrupt),
    ],
    ids=["missing", "foreign", "truncated"],
)
def test_what_is_not_migrated(
    old: Path, make: Callable[[Path], Any], kind: type[bl.LedgerError]
) -> None:
    """The same errors as at opening."""
    make(old)
    with pytest.raises(kind):
        migrate(old)


def test_a_newer_file(old: Path) -> None:
    """There is no way back."""
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(errors.NewerFormat):
        migrate(old)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("https://localhost/books",), "path"),
        ((None,), "path"),
        (("books.db", -1), "busy_seconds"),
    ],
    ids=["server", "none", "seconds"],
)
def test_what_is_no_argument(arguments: Any, field: str) -> None:
    """Bad arguments are told before anything is looked at."""
    path, *seconds = arguments
    options = {"busy_seconds": seconds[0]} if seconds else {}
    with pytest.raises(errors.InvalidOption) as caught:
        migrate(path, **options)
    assert caught.value.field == field
