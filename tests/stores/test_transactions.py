"""What a store does with what happens inside its transactions, and between them."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.faults import FaultInjector


def test_an_unknown_book(path: Path) -> None:
    """A transaction is on a book that is there."""
    store = bl.SQLiteStore(path)
    with pytest.raises(errors.BookNotFound), store.transaction("mian", write=False):
        pass
    store.close()


def test_a_read_does_not_become_a_write(path: Path) -> None:
    """It began without the lock, on what may be old."""
    store = bl.SQLiteStore(path)
    with (
        store.transaction("main", write=False),
        pytest.raises(errors.StoreError),
        store.transaction("main", write=True),
    ):
        pass
    store.close()


def test_a_write_may_read(path: Path, entry: Any) -> None:
    """An inner read sees what the outer write has done so far."""
    with bl.open_ledger(path, actor="clerk") as ledger:
        seen = []

        def entries() -> Any:
            for number in range(10, 13):
                yield entry(number)
                seen.append(ledger.verify().entries)

        ledger.post_many(entries(), batch_size=1, atomic=True)
        assert seen == [4, 5, 6]


def test_an_error_that_is_swallowed_at_the_top(path: Path) -> None:
    """A connection that failed is closed; there is nothing left to commit."""
    faults = FaultInjector()
    store = bl.SQLiteStore(path, intercept=faults)
    faults.arm("SQLITE_IOERR", matching="SELECT", statement=1)
    with (
        pytest.raises(errors.StorageFailure),
        store.transaction("main", write=True) as transaction,
    ):
        for _ in range(2):  # a second attempt on the same connection fails too
            with suppress(errors.StorageFailure):
                transaction.facts("account")
    assert faults.disarm()
    assert store.books() == ("main",)
    store.close()


def test_a_file_that_loses_its_rights(path: Path, entry: Any) -> None:
    """SQLite finds out when it writes; nothing is written."""
    faults = FaultInjector()
    store = bl.SQLiteStore(path, intercept=faults)
    with bl.open_ledger(store, actor="clerk") as ledger:
        before = ledger.verify()
        faults.arm("SQLITE_READONLY", matching="INSERT INTO bl_record")
        with pytest.raises(errors.ReadOnlyBook):
            ledger.post(entry(7))
        assert faults.disarm()
        assert ledger.verify() == before


def test_a_second_look_that_finds_damage(path: Path, entry: Any) -> None:
    """The file opens, and its inside is broken."""
    faults = FaultInjector()
    store = bl.SQLiteStore(path, intercept=faults)
    with bl.open_ledger(store, actor="clerk") as ledger:
        broken = ("INSERT INTO bl_record", "PRAGMA integrity_check(1)")

        def intercept(sql: str, run: Callable[[], Any]) -> Any:
            if sql.startswith(broken):
                faults.arm("SQLITE_CORRUPT")
            return faults(sql, run)

        store._intercept = store._lanes._idle[0].driver._intercept = intercept
        with pytest.raises(errors.Corrupt):
            ledger.post(entry(7))
        broken = ("nothing",)
        ledger.post(entry(7))


def test_the_second_creator_finds_the_first(tmp_path: Path) -> None:
    """Another process makes the schema between a look at the file and its lock."""
    path, rivals = tmp_path / "new.db", 0

    def intercept(sql: str, run: Callable[[], Any]) -> Any:
        nonlocal rivals
        if sql == "BEGIN IMMEDIATE" and not rivals:
            rivals = 1
            bl.open_ledger(path, actor="rival", create=True).close()
        return run()

    store = bl.SQLiteStore(path, create=True, intercept=intercept)
    with bl.open_ledger(store, actor="clerk", create=True) as ledger:
        assert rivals
        assert [record.actor for record in ledger.records()] == ["rival", "rival"]
        ledger.verify()


def test_a_file_that_becomes_a_book_while_one_looks(tmp_path: Path) -> None:
    """Another process makes the schema between the first questions about the file."""
    path, rivals = tmp_path / "new.db", 0

    def intercept(sql: str, run: Callable[[], Any]) -> Any:
        nonlocal rivals
        rows = run()
        if sql == "PRAGMA user_version" and not rivals:
            rivals = 1
            with suppress(errors.Busy):  # it may have to wait until we have looked
                bl.SQLiteStore(path, create=True, busy_seconds=0.01).close()
        return rows

    bl.SQLiteStore(path, create=True, intercept=intercept).close()
    assert rivals


def test_the_log_is_begun_once(tmp_path: Path) -> None:
    """Another process begins the log between a look at it and the lock."""
    path = tmp_path / "new.db"
    bl.SQLiteStore(path, create=True).create_book("main")

    def ids() -> str:
        bl.open_ledger(path, actor="rival").close()
        return "uid"

    with bl.open_ledger(path, actor="clerk", ids=ids) as ledger:
        assert [record.actor for record in ledger.records()] == ["rival", "rival"]
        ledger.verify()


def test_another_process_number(
    path: Path, entry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child refuses everything, and closes nothing of its parent's."""
    ledger = bl.open_ledger(path, actor="clerk")
    store = bl.SQLiteStore(path)
    here = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: here + 1)
    for use in (lambda: ledger.post(entry(7)), ledger.verify, store.books):
        with pytest.raises(errors.ForkedLedger):
            use()
    store.close()
    with pytest.raises(errors.LedgerClosed):
        store.books()
    monkeypatch.undo()
    assert ledger.verify().entries == 3
    ledger.close()


def test_rights_that_are_missing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are asked for before anything is opened."""
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    with pytest.raises(errors.ReadOnlyBook) as caught:
        bl.SQLiteStore(path)
    assert caught.value.field == "path"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PermissionError(13, "no"), errors.ReadOnlyBook),
        (OSError(5, "no"), errors.StorageFailure),
    ],
    ids=["rights", "disk"],
)
def test_a_path_that_cannot_be_looked_at(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    kind: type[bl.LedgerError],
) -> None:
    """A folder may be closed to us, or its disk be gone."""

    def fail(self: Path) -> bool:
        raise error

    monkeypatch.setattr(Path, "is_dir", fail)
    with pytest.raises(kind) as caught:
        bl.SQLiteStore(path)
    assert type(caught.value) is kind


def test_a_backup_that_cannot_take_its_name(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there is no copy at all."""

    def fail(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", fail)
    with bl.open_ledger(path, actor="clerk") as ledger:
        with pytest.raises(errors.StorageFailure) as caught:
            ledger.backup(tmp_path / "copy.db")
        assert caught.value.field == "target"
    assert not list(tmp_path.glob("copy*"))


def test_a_backup_whose_name_is_taken_meanwhile(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's file of that name stays as it is."""
    target, real = tmp_path / "copy.db", os.link

    def link(source: Path, name: Path) -> None:
        target.write_text("theirs")
        real(source, name)

    monkeypatch.setattr(os, "link", link)
    ledger = bl.open_ledger(path, actor="clerk")
    with ledger, pytest.raises(errors.BookExists):
        ledger.backup(target)
    assert target.read_text() == "theirs"
    assert not list(tmp_path.glob("*.part"))


def test_a_server_is_no_file() -> None:
    """A URL of a server that this version does not know is not taken for a path."""
    with pytest.raises(errors.InvalidOption) as caught:
        bl.open_ledger("mysql://localhost/books", actor="clerk")
    assert caught.value.field == "where"
