"""What the doctor finds, and that it changes nothing."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._ledger import maintenance
from backoffice_ledger._stores import sqlite_health
from backoffice_ledger._stores.sqlite_health import file_system_of
from backoffice_ledger.stores import Check, Health, doctor

GOLDEN = Path(__file__).parents[1] / "golden" / "format_1.db"


def found(health: Health, name: str) -> Check:
    """Return the check of this name."""
    (check,) = [check for check in health.checks if check.name == name]
    return check


@pytest.fixture(autouse=True)
def sound_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this SQLite count as one without the bug of the old ones."""
    monkeypatch.setattr(sqlite_health, "FIXED_VERSION", (3, 0, 0))


def test_a_healthy_book(path: Path) -> None:
    """Every check is told, in a table, also what needs nothing."""
    health = doctor(str(path))
    assert health.is_healthy
    assert health.level == "ok"
    assert health.where == str(path)
    assert [check.name for check in health.checks] == [
        "SQLite",
        "format",
        "settings",
        "schema",
        "integrity",
        "write-ahead log",
        "file system",
        "disk space",
        "book main",
    ]
    assert "synchronous=2" in found(health, "settings").found
    with bl.open_ledger(path, read_only=True) as ledger:
        assert found(health, "book main").found == str(ledger.verify())
    lines = str(health).splitlines()
    assert len(lines) == 1 + len(health.checks)
    assert lines[1].startswith("ok       SQLite ")


def test_it_changes_nothing(path: Path, entry: Any) -> None:
    """Neither the file nor what stands beside it, while somebody writes."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        ledger.post(entry(7))
        before = path.stat()
        names = set(path.parent.iterdir())
        health = doctor(path)
        assert health.level == "ok"
        assert "9 records" in found(health, "book main").found
        after = path.stat()
        assert (after.st_size, after.st_mtime_ns) == (
            before.st_size,
            before.st_mtime_ns,
        )
        assert set(path.parent.iterdir()) == names
        ledger.post(entry(8))
        ledger.verify()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.unlink(), "book-not-found"),
        (lambda path: path.unlink() or path.mkdir(), "foreign-file"),
        (lambda path: path.write_text("x" * 1000), "foreign-file"),
        (lambda path: path.write_bytes(path.read_bytes()[:8192]), "corrupt"),
    ],
    ids=["missing", "folder", "text", "truncated"],
)
def test_what_is_no_book(path: Path, make: Callable[[Path], Any], code: str) -> None:
    """It is told with the code and the hint of the error at opening."""
    make(path)
    health = doctor(path)
    check = found(health, "file")
    assert health.level == check.level == "problem"
    assert not health.is_healthy
    assert check.found.startswith(f"[{code}]")
    hints = {kind.code: kind.hint for kind in vars(errors).values() if is_error(kind)}
    assert check.advice == hints[code]
    if check.advice:
        assert check.advice not in check.found
        assert f"-> {check.advice}" in str(health)


def is_error(kind: object) -> bool:
    """Tell the classes of errors from the other names of their module."""
    return isinstance(kind, type) and issubclass(kind, bl.LedgerError)


def test_an_older_format(tmp_path: Path) -> None:
    """The advice names the command; the books cannot be looked at."""
    path = Path(shutil.copyfile(GOLDEN, tmp_path / "books.db"))
    health = doctor(path)
    assert found(health, "format").level == "problem"
    assert "migrate" in found(health, "format").advice
    assert found(health, "integrity").level == "ok"
    names = {check.name for check in health.checks}
    assert not names & {"schema", "book main", "books"}


def test_a_newer_format(path: Path) -> None:
    """Then nothing can be said about the inside."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert "newer-format" in found(doctor(path), "file").found


def test_a_changed_schema(path: Path) -> None:
    """What was changed is named."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER bl_record_update")
        connection.execute("CREATE TABLE bl_extra (a)")
    check = found(doctor(path), "schema")
    assert check.level == "problem"
    assert check.found == "changed: bl_extra, bl_record_update"


def test_a_damaged_page(path: Path) -> None:
    """SQLite's own check looks into every page."""
    with closing(sqlite3.connect(path)) as connection:
        [(page,)] = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'bl_record_date'"
        )
        connection.execute("PRAGMA journal_mode=DELETE")
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096 + 3)
        file.write(b"\0\0")  # the index has no rows any more
    health = doctor(path)
    check = found(health, "integrity")
    assert check.level == "problem"
    assert "bl_record_date" in check.found
    assert not any(check.name.startswith("book") for check in health.checks)


def test_a_book_that_does_not_verify(path: Path) -> None:
    """The first thing that is wrong is told; other books are examined as well."""
    bl.open_ledger(path, actor="clerk", book="other", create=True).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE bl_current SET debit_low = debit_low + 1")
    health = doctor(path)
    check = found(health, "book main")
    assert check.level == "problem"
    assert "balance of" in check.found
    assert check.advice == errors.VerificationFailed.hint
    assert found(health, "book other").level == "ok"


def test_a_book_that_was_not_begun(path: Path) -> None:
    """Its first writer was interrupted; the next one begins it."""
    store = bl.SQLiteStore(path)
    store.create_book("second")
    store.close()
    check = found(doctor(path), "book second")
    assert (check.level, check.found) == ("ok", "no records yet")


def test_an_old_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a warning: the book is healthy."""
    monkeypatch.setattr(sqlite_health, "FIXED_VERSION", (99, 0, 0))
    health = doctor(path)
    assert (health.level, health.is_healthy) == ("warning", True)
    assert sqlite3.sqlite_version in found(health, "SQLite").found
    assert len(str(health).splitlines()) == 2 + len(health.checks)


def test_a_long_log(path: Path, entry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody keeps it from being emptied."""
    monkeypatch.setattr(sqlite_health, "LOG_BYTES", 1)
    with bl.open_ledger(path, actor="clerk") as ledger:
        ledger.post(entry(7))
        assert found(doctor(path), "write-ahead log").level == "warning"


def test_what_stands_beside(path: Path) -> None:
    """Copies are listed; unfinished ones and second names are a warning."""
    for name in ("books.db.0123.part", "books.db.format-1.backup", "other.db"):
        path.with_name(name).touch()
    os.link(path, path.with_name("alias.db"))
    health = doctor(path)
    assert health.is_healthy
    assert found(health, "unfinished copies").level == "warning"
    assert found(health, "unfinished copies").found == "books.db.0123.part"
    assert found(health, "other copies").found == "books.db.format-1.backup"
    assert found(health, "names").level == "warning"


MOUNTS = """\
rootfs / rootfs rw 0 0
/dev/sda1 / ext4 rw,relatime 0 0
server:/data /data nfs4 rw 0 0
server:/mine /with\\040space cifs rw 0 0
tmpfs /data/local tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/books.db", "ext4"),
        ("/data/books.db", "nfs4"),
        ("/data/deep/books.db", "nfs4"),
        ("/data/local/books.db", "tmpfs"),
        ("/database/books.db", "ext4"),
        ("/with space/books.db", "cifs"),
    ],
)
def test_types_of_file_systems(path: str, kind: str) -> None:
    """The mount nearest to the file counts, and the last one there."""
    assert file_system_of(Path(path), MOUNTS) == kind


def test_no_mount_fits() -> None:
    """A strange table is no reason to fail."""
    assert file_system_of(Path("/books.db"), "") == "unknown"


@pytest.mark.parametrize(
    ("kind", "level"), [("nfs4", "warning"), ("ext4", "ok"), (None, "ok")]
)
def test_a_network_folder(
    path: Path, monkeypatch: pytest.MonkeyPatch, kind: str | None, level: str
) -> None:
    """SQLite's locks do not work there; other systems do not tell."""
    mounts = path.with_name("mounts")
    if kind:
        mounts.write_text(f"server:/data {path.parent} {kind} rw 0 0\n")
    monkeypatch.setattr(sqlite_health, "MOUNTS", mounts)
    assert found(doctor(path), "file system").level == level


@pytest.mark.parametrize(
    ("free", "level"), [(10**6, "problem"), (10**9, "warning"), (10**13, "ok")]
)
def test_free_space(
    path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    """Too little to post, or too little for a copy of the file."""
    monkeypatch.setattr(sqlite_health, "size_of", lambda _: 10**12)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: type("Usage", (), {"free": free})
    )
    assert found(doctor(path), "disk space").level == level


@pytest.mark.parametrize("name", ["__init__", "books"])
def test_a_file_that_is_gone_in_between(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What fails while the doctor looks is a finding as well."""

    def fail(*arguments: Any, **options: Any) -> Any:
        raise errors.Busy("not now")

    monkeypatch.setattr(maintenance.SQLiteStore, name, fail)
    assert found(doctor(path), "books").found == "[busy] not now"


@pytest.mark.parametrize("where", ["postgresql://localhost/books", None, ""])
def test_what_is_no_argument(where: Any) -> None:
    """A server is not examined as a file."""
    with pytest.raises(errors.InvalidOption) as caught:
        doctor(where)
    assert caught.value.field == "where"
