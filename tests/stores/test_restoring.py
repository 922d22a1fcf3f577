"""Putting a backup in its place: verified, whole, and nothing lost."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._stores import sqlite_replacing
from backoffice_ledger.stores import migrate, restore

GOLDEN = Path(__file__).parents[1] / "golden" / "format_1.db"


@pytest.fixture
def backup(path: Path, tmp_path: Path) -> Path:
    """Return a backup of the book, which goes on afterwards."""
    target = tmp_path / "backup.db"
    with bl.open_ledger(path, actor="clerk") as ledger:
        ledger.backup(target)
    return target


def names(folder: Path) -> set[str]:
    """Return the names of all files in a folder."""
    return {path.name for path in folder.iterdir()}


def root(path: Path) -> str:
    """Verify a book and return its root."""
    with bl.open_ledger(path, read_only=True) as ledger:
        return ledger.verify().root


def test_a_place_without_a_file(backup: Path, tmp_path: Path) -> None:
    """The copy is a book of its own; the backup stays as it is."""
    before = backup.read_bytes()
    done = restore(str(backup), tmp_path / "again.db")
    assert done.replaced is None
    assert done.path == tmp_path / "again.db"
    assert done.books["main"].root == root(done.path) == root(backup)
    assert backup.read_bytes() == before
    assert "book main: verified: 8 records" in str(done)
    assert names(tmp_path) == {"again.db", "backup.db", "books.db"}


def test_a_log_that_is_left_from_long_ago(backup: Path, tmp_path: Path) -> None:
    """It is not that of the new file, and is kept elsewhere."""
    (tmp_path / "again.db-wal").write_text("old log")
    (tmp_path / "again.db-shm").write_text("old index")
    restore(backup, tmp_path / "again.db")
    assert root(tmp_path / "again.db") == root(backup)
    assert (tmp_path / "again.db-wal.replaced").read_text() == "old log"


def test_a_book_is_replaced_only_when_told(
    backup: Path, path: Path, entry: Any
) -> None:
    """It may be newer than the backup; the one of before is kept beside it."""
    path.chmod(0o640)
    with bl.open_ledger(path, actor="clerk") as ledger:
        ledger.post(entry(7))
    newer = root(path)
    with pytest.raises(errors.BookExists):
        restore(backup, path)
    assert root(path) == newer
    done = restore(backup, path, replace=True)
    assert done.replaced == path.with_name("books.db.replaced")
    assert root(path) == root(backup) != newer
    assert path.stat().st_mode & 0o777 == 0o640
    assert root(done.replaced) == newer
    assert str(done.replaced) in str(done)
    again = restore(done.replaced, path, replace=True)
    assert again.replaced == path.with_name("books.db.replaced-2")
    assert root(path) == newer
    assert not list(path.parent.glob("*.part"))


OPENED = """
import sys
import backoffice_ledger as bl
with bl.open_ledger(sys.argv[1], actor="clerk", read_only=sys.argv[2] == "read"):
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("mode", ["read", "write"])
@pytest.mark.parametrize("is_here", [True, False])
def test_a_book_that_is_open(
    backup: Path, path: Path, start: Any, entry: Any, mode: str, is_here: bool
) -> None:
    """In this process or another: it is not taken away from who works with it."""
    expected = root(path)
    if is_here:
        ledger = bl.open_ledger(path, actor="clerk", read_only=mode == "read")
    else:
        other = start(OPENED, path, mode)
        assert other.stdout.readline() == "open\n"
    with pytest.raises(errors.Busy):
        restore(backup, path, replace=True, busy_seconds=0.05)
    assert not list(path.parent.glob("books.db.*"))
    if is_here:
        ledger.close()
    else:
        other.communicate("\n")
    with bl.open_ledger(path, actor="clerk") as ledger:
        assert ledger.verify().root == expected
        ledger.post(entry(7))
    assert restore(backup, path, replace=True).replaced is not None


def test_a_mode_that_does_not_change(
    backup: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where SQLite does not say that the file is ours alone, it is not touched."""
    expected = root(path)
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_replacing.Driver, "execute", lambda *_: [("wal",)])
        with pytest.raises(errors.Busy):
            sqlite_replacing.put_in_place(backup, path, 0.0)
    assert root(path) == expected
    assert backup.exists()


KILLED = """
import os, signal, sys
from datetime import date
import backoffice_ledger as bl
ledger = bl.open_ledger(sys.argv[1], actor="clerk")
ledger.post(bl.Entry("last", date(2026, 3, 1), [
    bl.debit("expenses:rent", "1.00 EUR"), bl.credit("assets:bank", "1.00 EUR"),
]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing to kill with")
def test_a_book_whose_writer_died(backup: Path, path: Path, start: Any) -> None:
    """What was in its log is in the file that is kept."""
    assert start(KILLED, path).wait(60) == -signal.SIGKILL
    assert path.with_name("books.db-wal").stat().st_size > 0
    done = restore(backup, path, replace=True)
    assert names(path.parent) == {"backup.db", "books.db", "books.db.replaced"}
    assert root(path) == root(backup)
    assert done.replaced is not None
    with bl.open_ledger(done.replaced, read_only=True) as ledger:
        assert ledger.record("last").position == 9


@pytest.mark.parametrize("keep", [0, 2000])
def test_a_book_that_is_damaged(backup: Path, path: Path, keep: int) -> None:
    """It is kept as evidence; the new file never meets its log.

    A log that SQLite cannot read with the file is kept as well; where it can, it puts
    into the file what is valid in it.
    """
    damaged = path.read_bytes()[:keep] + b"x" * 5000
    path.write_bytes(damaged)
    log = path.with_name("books.db-wal")
    log.write_bytes(b"log" * 100)
    done = restore(backup, path, replace=True)
    assert root(path) == root(backup)
    assert done.replaced is not None
    assert not log.exists()
    if keep == 0:
        assert done.replaced.read_bytes() == damaged
        kept = done.replaced.with_name("books.db.replaced-wal")
        assert kept.read_bytes() == b"log" * 100


def test_a_backup_that_is_not_sound(backup: Path, path: Path) -> None:
    """Nothing changes, and nothing is left."""
    expected, before = root(path), names(path.parent)
    with closing(sqlite3.connect(backup)) as connection, connection:
        connection.execute("UPDATE bl_current SET debit_low = debit_low + 1")
    with pytest.raises(errors.VerificationFailed):
        restore(backup, path, replace=True)
    assert root(path) == expected
    assert names(path.parent) == before


def test_a_backup_of_an_older_format(path: Path, tmp_path: Path) -> None:
    """A copy of it is migrated first; the backup itself is never changed."""
    old = Path(shutil.copyfile(GOLDEN, tmp_path / "old.db"))
    with pytest.raises(errors.OlderFormat):
        restore(old, path, replace=True)
    migrate(old)
    done = restore(old, path, replace=True)
    assert sorted(done.books) == ["controlled", "main"]


def test_a_file_in_its_own_place(path: Path, tmp_path: Path) -> None:
    """By whatever name."""
    link = tmp_path / "link.db"
    link.symlink_to(path)
    for backup in (path, link):
        with pytest.raises(errors.InvalidOption) as caught:
            restore(backup, path, replace=True)
        assert caught.value.field == "path"


@pytest.mark.parametrize(
    ("break_", "kind"),
    [
        (lambda backup, path: backup.unlink(), errors.BookNotFound),
        (lambda backup, path: backup.write_text("x" * 600), errors.ForeignFile),
        (lambda backup, path: path.mkdir(), errors.ForeignFile),
    ],
    ids=["no backup", "no book", "a folder"],
)
def test_what_cannot_be_restored(
    backup: Path,
    tmp_path: Path,
    break_: Callable[[Path, Path], Any],
    kind: type[bl.LedgerError],
) -> None:
    """The error says which it is."""
    path = tmp_path / "again.db"
    break_(backup, path)
    with pytest.raises(kind):
        restore(backup, path)
    assert not list(tmp_path.glob("*.part"))


def test_a_disk_that_fails(
    backup: Path, path: Path, entry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of before is in its place, under one name, and goes on."""

    def fail(self: Path, target: Path) -> Path:
        raise OSError(5, "Input/output error")

    expected = root(path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(errors.StorageFailure):
            restore(backup, path, replace=True)
    assert names(path.parent) == {"backup.db", "books.db"}
    assert path.stat().st_nlink == 1
    with bl.open_ledger(path, actor="clerk") as ledger:
        assert ledger.verify().root == expected
        ledger.post(entry(7))


def test_a_system_that_cannot_sync_folders(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some systems have no way to; the restored file is the same."""

    def fail(descriptor: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fail)
    assert root(restore(backup, tmp_path / "again.db").path) == root(backup)
