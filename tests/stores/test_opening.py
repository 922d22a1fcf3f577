"""Opening a book, beside whatever else there is: damage, rivals, missing rights."""

import builtins
import io
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.faults import FaultInjector

NOBODY = 65534

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="rights are dropped in a child process, which takes root",
)


def sizes(path: Path) -> dict[str, int]:
    """Return the files of a book with their sizes."""
    return {p.name: p.stat().st_size for p in path.parent.glob(path.name + "*")}


# --- what is not a book ---------------------------------------------------------------


@pytest.mark.parametrize("read_only", [False, True])
def test_a_misspelt_path_makes_nothing(tmp_path: Path, read_only: bool) -> None:
    """Only *create* makes a file, and only in a folder that is there."""
    path = tmp_path / "boks.db"
    with pytest.raises(errors.BookNotFound):
        bl.SQLiteStore(path, read_only=read_only)
    with pytest.raises(errors.BookNotFound):
        bl.SQLiteStore(tmp_path / "no" / "boks.db", create=True, read_only=read_only)
    assert list(tmp_path.iterdir()) == []


def test_reading_makes_nothing_even_with_create(tmp_path: Path) -> None:
    """To read means that something is there."""
    with pytest.raises(errors.BookNotFound):
        bl.SQLiteStore(tmp_path / "new.db", create=True, read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path", ["", None, b"books.db", 7, "a\0b", "\ud800"], ids=ascii
)
def test_what_is_no_path(path: Any) -> None:
    """An empty path would be a temporary database that is gone at the end."""
    with pytest.raises(errors.InvalidOption) as caught:
        bl.SQLiteStore(path, create=True)
    assert caught.value.field == "path"


@pytest.mark.parametrize("create", [False, True])
def test_a_folder_is_not_opened(tmp_path: Path, create: bool) -> None:
    """Whatever lies in it."""
    with pytest.raises(errors.ForeignFile):
        bl.SQLiteStore(tmp_path, create=create)


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("text", ["x", "not a database\n" * 1000])
def test_a_text_is_left_alone(tmp_path: Path, text: str, create: bool) -> None:
    """A text of any length is none of ours."""
    path = tmp_path / "notes.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(errors.ForeignFile):
        bl.SQLiteStore(path, create=create)
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("create", [False, True])
def test_a_foreign_database_is_left_alone(tmp_path: Path, create: bool) -> None:
    """Not a byte of another program's database changes."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a)")
    before = path.read_bytes()
    with pytest.raises(errors.ForeignFile):
        bl.SQLiteStore(path, create=create)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_book_only_when_asked(tmp_path: Path) -> None:
    """`tempfile` makes empty files; without *create* they stay empty."""
    path = tmp_path / "empty.db"
    path.touch()
    with pytest.raises(errors.ForeignFile):
        bl.SQLiteStore(path)
    assert path.stat().st_size == 0
    bl.SQLiteStore(path, create=True).close()
    bl.SQLiteStore(path).close()


def test_a_path_that_a_url_would_misread(tmp_path: Path, entry: Any) -> None:
    """The path is not a URL: signs have no meaning in it."""
    path = tmp_path / "50% of? #1&mode=memory ü.db"
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        assert ledger.verify().entries == 0
    assert path.exists()
    assert list(tmp_path.iterdir()) == [path]


# --- what was a book ------------------------------------------------------------------


def test_a_truncated_file_is_not_opened(path: Path) -> None:
    """A file that lost its end, at whatever length, is no book, and stays as it is."""
    whole = path.read_bytes()
    page = 4096
    lengths = {0, 1, 15, 16, 99, 100, 511, 512, page - 1, page, page + 1}
    lengths |= set(range(2 * page, len(whole), 5 * page))
    lengths |= {len(whole) - page, len(whole) - 1}
    found: dict[str, set[int]] = {}
    for length in sorted(lengths):
        path.write_bytes(whole[:length])
        for read_only in (False, True):
            with pytest.raises(errors.StoreError) as caught:
                bl.SQLiteStore(path, read_only=read_only)
            found.setdefault(caught.value.code, set()).add(length)
        assert path.read_bytes() == whole[:length]
    assert found.keys() == {"corrupt", "foreign-file"}
    assert max(found["foreign-file"]) < 512


@pytest.mark.parametrize(
    ("version", "kind"), [(99, errors.NewerFormat), (0, errors.Corrupt)]
)
def test_an_unknown_format_is_not_opened(
    path: Path, version: int, kind: type[bl.LedgerError]
) -> None:
    """Neither to write nor to read."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    for read_only in (False, True):
        with pytest.raises(kind):
            bl.SQLiteStore(path, read_only=read_only)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER bl_record_update",
        "DROP INDEX bl_record_date",
        "CREATE TRIGGER bl_extra AFTER INSERT ON bl_record BEGIN SELECT 1; END",
        "CREATE TABLE bl_extra (a)",
    ],
)
def test_a_changed_schema_is_not_opened(path: Path, change: str) -> None:
    """Whoever drops a seal is found out before anything is read or written."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
    for read_only in (False, True):
        with pytest.raises(errors.Corrupt):
            bl.SQLiteStore(path, read_only=read_only)


def test_one_failed_read_is_not_a_corrupt_file(path: Path) -> None:
    """Opening looks twice before it says that a file is damaged."""
    faults = FaultInjector()
    faults.arm("SQLITE_CORRUPT", statement=2)
    bl.SQLiteStore(path, intercept=faults).close()
    assert faults.disarm()
    faults.arm("SQLITE_CORRUPT", matching="SELECT count(*)", times=2)
    with pytest.raises(errors.Corrupt):
        bl.SQLiteStore(path, intercept=faults)


# --- settings -------------------------------------------------------------------------


def test_settings_are_read_back(path: Path) -> None:
    """What durability and integrity rest on is set, and stays set."""
    told: dict[str, Any] = {}

    def listen(sql: str, run: Callable[[], Any]) -> Any:
        rows = run()
        if sql.startswith("PRAGMA ") and "=" not in sql:
            told[sql.removeprefix("PRAGMA ")] = rows[0][0]
        return rows

    bl.SQLiteStore(path, intercept=listen).close()
    names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    assert [told[name] for name in names] == ["wal", 2, 1, 1]


def test_a_store_that_reads_sets_nothing(path: Path) -> None:
    """A backup in another journal mode opens, and stays as it is."""
    copy = path.with_name("copy.db")
    with bl.open_ledger(path, actor="clerk") as ledger:
        ledger.backup(copy)
        expected = ledger.verify()
    before = copy.read_bytes()
    with bl.open_ledger(copy, read_only=True) as ledger:
        assert ledger.verify() == expected
    assert copy.read_bytes() == before
    with bl.open_ledger(copy, actor="clerk") as ledger:
        assert ledger.verify() == expected


# --- missing rights -------------------------------------------------------------------

AS_NOBODY = f"""
import os, sys
import backoffice_ledger as bl
bl.open_ledger  # names are loaded when they are used, and nobody may not load them
os.setgid({NOBODY}); os.setuid({NOBODY})
path, options = sys.argv[1], eval(sys.argv[2])
try:
    with bl.open_ledger(path, actor="clerk", **options) as ledger:
        print("opened", ledger.verify().entries)
except bl.LedgerError as error:
    print(error.code, error.field)
"""


@pytest.fixture
def as_nobody(run_python: Any, path: Path) -> Iterator[Callable[..., str]]:
    """Return a function that opens the book as a user with few rights."""
    for folder in (path.parent, *path.parent.parents):
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o055)

    def run(**options: Any) -> str:
        told: str = run_python("-c", AS_NOBODY, path, repr(options))
        return told.strip()

    yield run
    path.parent.chmod(0o755)


@needs_root
@pytest.mark.parametrize(
    ("folder", "file", "options", "told"),
    [
        (0o777, 0o666, {}, "opened 3"),
        (0o777, 0o666, {"read_only": True}, "opened 3"),
        (0o777, 0o444, {}, "read-only-book path"),
        (0o777, 0o444, {"read_only": True}, "opened 3"),
        (0o777, 0o000, {"read_only": True}, "read-only-book path"),
        (0o555, 0o666, {}, "read-only-book path"),
        (0o555, 0o444, {"read_only": True}, "read-only-book path"),
        (0o000, 0o666, {}, "read-only-book path"),
        (0o000, 0o666, {"read_only": True}, "read-only-book path"),
    ],
)
def test_missing_rights(
    as_nobody: Any, path: Path, folder: int, file: int, options: Any, told: str
) -> None:
    """SQLite needs to write beside the file, even to read it; see the next test."""
    path.chmod(file)
    path.parent.chmod(folder)
    assert as_nobody(**options) == told


@needs_root
def test_a_backup_is_read_where_nothing_can_be_written(
    as_nobody: Any, path: Path
) -> None:
    """It has no log beside it: this is the form for read-only media."""
    with bl.open_ledger(path, read_only=True) as ledger:
        ledger.backup(path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    assert as_nobody(read_only=True) == "opened 3"


@needs_root
@pytest.mark.parametrize("folder", [0o555, 0o000])
def test_creating_where_nobody_may_write(
    as_nobody: Any, path: Path, folder: int
) -> None:
    """The error speaks of rights, not of a failing disk."""
    path.unlink()
    path.parent.chmod(folder)
    assert as_nobody(create=True) == "read-only-book path"


# --- other processes ------------------------------------------------------------------

WRITER = """
import sys
from datetime import date
import backoffice_ledger as bl

def entry(number):
    return bl.Entry(
        f"new-{number}", date(2026, 4, 1),
        [bl.debit("expenses:rent", "1.00 EUR"), bl.credit("assets:bank", "1.00 EUR")],
    )

with bl.open_ledger(sys.argv[1], actor="writer") as ledger:
    print("open", flush=True)
    number = 0
    while number < int(sys.argv[2]):
        ledger.post_many([entry(number + offset) for offset in range(3)])
        number += 3
        if number == 30:
            print("going", flush=True)
"""


def _check_balanced(table: Any) -> None:
    """Check that the debits of a trial balance equal its credits."""
    debits, credits_ = (
        sum(row[f"closing_{side}"].minor_units for row in table.rows())
        for side in ("debit", "credit")
    )
    assert debits == credits_ > 0


def test_reading_while_another_process_writes(path: Path, start: Any) -> None:
    """Every answer fits one moment: whole batches, and books that balance."""
    with bl.open_ledger(path, read_only=True) as ledger:
        before = ledger.verify().entries
        writer = start(WRITER, path, 10**9)
        assert writer.stdout.readline() == "open\n"
        assert writer.stdout.readline() == "going\n"
        seen: list[int] = []
        while len(set(seen)) < 5:
            assert writer.poll() is None
            # Each question is one read of its own: what was posted in between shows.
            bank = ledger.balance("assets:bank")["EUR"].minor_units
            rent = ledger.balance("expenses:rent")["EUR"].minor_units
            assert -bank <= rent
            assert (rent - 3000) % 300 == 0
            _check_balanced(ledger.view().trial_balance())
            seen.append(rent)
        assert seen == sorted(seen)
        assert ledger.verify().entries > before


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
print("released", flush=True)
"""


def test_a_second_writer_waits_and_gives_up(path: Path, start: Any, entry: Any) -> None:
    """`Busy` comes after the time one chose to wait; afterwards all goes on."""
    store = bl.SQLiteStore(path, busy_seconds=0.1)
    with bl.open_ledger(store, actor="clerk") as ledger:
        before = ledger.verify()
        holder = start(HOLDER, path)
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(errors.Busy):
            ledger.post(entry(7))
        assert ledger.verify() == before
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "released\n"
        ledger.post(entry(7))
        assert ledger.verify().entries == before.entries + 1


def test_a_second_writer_gets_its_turn(path: Path, start: Any, entry: Any) -> None:
    """Who waits long enough posts; nobody overwrites anybody."""
    writer = start(WRITER, path, 300)
    assert writer.stdout.readline() == "open\n"
    with bl.open_ledger(path, actor="clerk") as ledger:
        for number in range(100, 120):
            ledger.post(entry(number))
        assert writer.wait(timeout=60) == 0
        assert ledger.verify().entries == 3 + 20 + 300


CREATOR = """
import sys
import backoffice_ledger as bl
sys.stdin.readline()
with bl.open_ledger(sys.argv[1], actor=sys.argv[2], create=True) as ledger:
    ledger.open_account(f"assets:{sys.argv[2]}", type="asset")
    print(ledger.verify().records > 0)
"""


def test_several_processes_create_one_book(tmp_path: Path, start: Any) -> None:
    """The first one begins the log, the others find it."""
    path = tmp_path / "new.db"
    processes = [start(CREATOR, path, f"actor-{number}") for number in range(4)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in processes] == 4 * [
        "True\n"
    ]
    with bl.open_ledger(path, read_only=True) as ledger:
        assert [record.type for record in ledger.records()].count("book") == 1
        assert len(ledger.accounts.all()) == 4
        ledger.verify()


FORKED = """
import os, sys, threading, time
import backoffice_ledger as bl

ledger = bl.open_ledger(sys.argv[1], actor="clerk")
inside, done = threading.Event(), threading.Event()

def hold():  # keeps the store's lock while the process forks
    def entries():
        inside.set()
        done.wait(30)
        return iter(())
    class Lazy:
        def __iter__(self):
            return entries()
    ledger.post_many(Lazy(), atomic=True)

thread = threading.Thread(target=hold)
thread.start()
inside.wait(30)
child = os.fork()
if child == 0:
    try:
        ledger.balance("assets:bank")
    except bl.errors.ForkedLedger:
        print("refused", flush=True)
    ledger.close()
    with bl.open_ledger(sys.argv[1], read_only=True) as own:
        print(own.verify().entries, flush=True)
    os._exit(0)
os.waitpid(child, 0)
done.set()
thread.join()
print(ledger.verify().entries)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_opens_the_book_anew(path: Path, run_python: Any) -> None:
    """Even one that inherited the lock of a thread which it does not have."""
    told = run_python("-W", "ignore", "-c", FORKED, path, timeout_seconds=60)
    assert told.splitlines() == ["refused", "3", "3"]


# --- closing --------------------------------------------------------------------------


def test_use_after_close(path: Path, entry: Any, tmp_path: Path) -> None:
    """Everything is refused; closing again is fine."""
    ledger = bl.open_ledger(path, actor="clerk")
    records = ledger.records()
    ledger.close()
    ledger.close()
    for use in (
        lambda: ledger.post(entry(9)),
        lambda: ledger.balance("assets:bank"),
        lambda: ledger.backup(tmp_path / "copy.db"),
        lambda: next(records),
        ledger.verify,
    ):
        with pytest.raises(errors.LedgerClosed):
            use()
    assert sizes(path).keys() == {"books.db"}


def test_closing_inside_a_transaction(path: Path, entry: Any) -> None:
    """What is going on comes to its end first."""
    with bl.open_ledger(path, actor="clerk") as ledger:

        def entries() -> Iterator[bl.Entry]:
            yield entry(10)
            with pytest.raises(errors.StoreError):
                ledger.close()

        ledger.post_many(entries(), batch_size=1, atomic=True)
        assert ledger.verify().entries == 4


# --- backup ---------------------------------------------------------------------------


def test_a_backup_while_another_process_writes(
    path: Path, tmp_path: Path, start: Any
) -> None:
    """Each copy is one moment of the book, in one file, and verifies."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        writer = start(WRITER, path, 10**9)
        assert writer.stdout.readline() == "open\n"
        assert writer.stdout.readline() == "going\n"
        sizes_seen = []
        for number in range(5):
            copy = tmp_path / f"copy-{number}.db"
            ledger.backup(copy)
            with bl.open_ledger(copy, read_only=True) as other:
                sizes_seen.append(other.verify().entries)
        assert sizes_seen == sorted(sizes_seen)
        assert all((size - 3) % 3 == 0 for size in sizes_seen)
        assert not list(tmp_path.glob("*.part"))


def test_a_backup_while_a_thread_writes(path: Path, tmp_path: Path, entry: Any) -> None:
    """The copy does not wait for the thread, nor the thread for the copy."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        begun, done = threading.Event(), threading.Event()

        def entries() -> Iterator[bl.Entry]:
            yield from (entry(number) for number in range(100, 110))
            begun.set()
            done.wait(30)

        thread = threading.Thread(
            target=ledger.post_many,
            args=[entries()],
            kwargs={"batch_size": 5, "atomic": True},
        )
        thread.start()
        assert begun.wait(30)
        ledger.backup(tmp_path / "copy.db")
        done.set()
        thread.join()
        with bl.open_ledger(tmp_path / "copy.db", read_only=True) as other:
            assert other.verify().entries == 3
        assert ledger.verify().entries == 13


def test_a_backup_inside_a_transaction(path: Path, tmp_path: Path, entry: Any) -> None:
    """The copy holds what was committed."""
    with bl.open_ledger(path, actor="clerk") as ledger:

        def entries() -> Iterator[bl.Entry]:
            yield entry(10)
            ledger.backup(tmp_path / "copy.db")

        ledger.post_many(entries(), batch_size=1, atomic=True)
    with bl.open_ledger(tmp_path / "copy.db", read_only=True) as other:
        assert other.verify().entries == 3


def test_a_backup_that_fails_leaves_nothing(path: Path, tmp_path: Path) -> None:
    """Neither the copy nor a part of it."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        with pytest.raises(errors.BookNotFound):
            ledger.backup(tmp_path / "no" / "copy.db")
        with pytest.raises(errors.StorageFailure):
            ledger.backup(tmp_path / ("x" * 254))
        assert not list(tmp_path.glob("x*"))
        mine = tmp_path / "copy.db.part"
        mine.write_text("a file of the user")
        ledger.backup(tmp_path / "copy.db")
        assert mine.read_text() == "a file of the user"
        assert len(list(tmp_path.glob("copy.db*"))) == 2


# --- the database's own file ----------------------------------------------------------


def exercise(path: Path, entry: Any, **options: Any) -> None:
    """Use a book in every way that touches its file."""
    with bl.open_ledger(bl.SQLiteStore(path, **options), actor="clerk") as ledger:
        for number in range(50, 60):
            ledger.post(entry(number))
        ledger.reverse("rent-1", date=entry(1).date, reason="twice")
        ledger.periods.close("2026-01")
        ledger.view().trial_balance()
        ledger.backup(path.with_name("copy.db"))
        ledger.verify()
    with bl.open_ledger(path, read_only=True) as reader:
        reader.verify()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every commit be followed by a checkpoint, not only large ones."""
    monkeypatch.setattr("backoffice_ledger._stores.sqlite.CHECKPOINT_BYTES", 1)
    monkeypatch.setattr("backoffice_ledger._stores.sqlite_driver.CHANGES_MANY", 1)


@pytest.mark.usefixtures("eager")
def test_no_passive_checkpoint(path: Path, entry: Any) -> None:
    """Beside a writer it can corrupt the file (SQLite before 3.51.3)."""
    faults = FaultInjector()
    exercise(path, entry, intercept=faults)
    checkpoints = [s for s in faults.statements if "checkpoint" in s]
    assert len(checkpoints) > 10
    assert set(checkpoints) == {
        "PRAGMA wal_autocheckpoint=0",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    }


@pytest.mark.usefixtures("eager")
def test_a_failed_checkpoint_takes_nothing_back(path: Path, entry: Any) -> None:
    """It comes after the commit, which has happened."""
    faults = FaultInjector()
    store = bl.SQLiteStore(path, intercept=faults)
    with bl.open_ledger(store, actor="clerk") as ledger:
        cases = product(
            ("SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_FULL"),
            ("PRAGMA wal_checkpoint", "PRAGMA busy_timeout"),
        )
        for number, (code, matching) in enumerate(cases):
            faults.arm(code, matching=matching)
            ledger.post(entry(100 + number))
            assert faults.disarm()
        assert ledger.verify().entries == 9


def test_the_file_is_never_opened_by_other_means(
    path: Path, entry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing any other descriptor of it would drop SQLite's locks."""
    opened = []

    def watch(module: Any) -> None:
        real = module.open

        def spy(file: Any, *arguments: Any, **options: Any) -> Any:
            opened.append(str(file))
            return real(file, *arguments, **options)

        monkeypatch.setattr(module, "open", spy)

    for module in (builtins, io, os):
        watch(module)
    exercise(path, entry)
    with open(path.with_name("other.txt"), "w"):  # noqa: PTH123 - the spy sees it
        pass
    assert [name for name in opened if path.name in name or "copy" in name] == []
    assert any("other.txt" in name for name in opened)
