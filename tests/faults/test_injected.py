"""Every statement of every command fails once, in every way that SQLite has.

Afterwards nothing is half written, the error says what it must, the same ledger goes
on, and the same call again leaves the book as if nothing had happened.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.faults import FaultInjector
from backoffice_ledger.testing.torture import io_faults
from backoffice_ledger.testing.torture._commands import COMMANDS, sample_entry
from backoffice_ledger.testing.torture._io import FAULTS, Fault, contents, opened

pytestmark = pytest.mark.no_cover  # other tests measure; here tracing costs most


def statements_of(path: Path, name: str) -> list[str]:
    """Return the statements of a command where nothing fails."""
    faults = FaultInjector()
    with opened(path, faults) as ledger:
        faults.disarm()
        COMMANDS[name](ledger)
        return list(faults.statements)


@pytest.mark.parametrize("name", COMMANDS)
def test_statements_fail(place: Path, name: str) -> None:
    """All or nothing, the right error, and a retry that completes the work.

    Of `post` every statement fails in every way, of other commands every third one.
    """
    figures = io_faults(place, commands=[name], points=None if name == "post" else 30)
    assert figures.verdict == "ok", figures.damage
    assert figures.tried >= 30


@pytest.mark.long
@pytest.mark.parametrize("name", COMMANDS)
def test_every_statement_fails(place: Path, name: str) -> None:
    """The same for every statement of every command, in every way."""
    figures = io_faults(place, commands=[name])
    assert figures.verdict == "ok", figures.damage


@pytest.mark.long
@pytest.mark.parametrize("after", ["die", "sticky"])
@pytest.mark.parametrize("name", COMMANDS)
def test_what_follows_is_no_better(place: Path, name: str, after: Any) -> None:
    """The same where the process then dies, and where all that follows fails too."""
    figures = io_faults(place, commands=[name], after=after)
    assert figures.verdict == "ok", figures.damage


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_that_matters_comes_after_the_commit(
    fresh: Callable[[], Path], name: str
) -> None:
    """A failure of what follows the commit must not be reported as one of it."""
    statements = statements_of(fresh(), name)
    last = max(i for i, sql in enumerate(statements) if sql == "COMMIT")
    assert [s for s in statements[last + 1 :] if not s.startswith("PRAGMA")] == []


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.code}-{f.times}")
@pytest.mark.parametrize("name", COMMANDS)
def test_everything_fails_for_a_while(
    fresh: Callable[[], Path], name: str, fault: Fault
) -> None:
    """From any statement on, so many fail that new connections fail too."""
    command = COMMANDS[name]
    with opened(fresh(), FaultInjector()) as ledger:
        command(ledger)
        expected = contents(ledger)
    for index in range(len(statements_of(fresh(), name))):
        for times in (3, 5, 10, 40):
            faults = FaultInjector()
            with opened(fresh(), faults) as ledger:
                before = contents(ledger)
                faults.arm(fault.code, statement=index, times=times)
                while True:
                    try:
                        command(ledger)
                        break
                    except errors.StoreError:
                        if faults.left == 0:
                            assert contents(ledger) in (before, expected)
                faults.disarm()
                command(ledger)
                ledger.verify()
                assert contents(ledger) == expected


def test_a_file_that_stays_corrupt(fresh: Callable[[], Path]) -> None:
    """When a second look fails as well, the file is called damaged."""
    faults = FaultInjector()
    with opened(fresh(), faults) as ledger:
        before = ledger.verify()
        faults.arm("SQLITE_CORRUPT", times=100)
        with pytest.raises(errors.Corrupt):
            ledger.post(sample_entry("new"))
        faults.disarm()
        assert ledger.verify() == before
        ledger.post(sample_entry("new"))


def test_a_second_look_that_cannot_look(fresh: Callable[[], Path]) -> None:
    """What was not confirmed is a failure of the storage, and may pass."""
    path = fresh()
    faults = FaultInjector()
    with opened(path, faults) as ledger:
        hidden = path.with_name("hidden.db")
        faults.arm("SQLITE_CORRUPT", matching="INSERT INTO bl_record")

        def entries() -> Iterator[bl.Entry]:
            path.rename(hidden)
            yield sample_entry("new")

        with pytest.raises(errors.StorageFailure):
            ledger.post_many(entries(), atomic=True)
        hidden.rename(path)
        ledger.post(sample_entry("new"))
        ledger.verify()


@pytest.mark.parametrize("code", ["SQLITE_IOERR", "SQLITE_ERROR"])
def test_an_error_that_somebody_swallows(fresh: Callable[[], Path], code: str) -> None:
    """Half a command inside a larger transaction takes the whole of it along."""
    faults = FaultInjector()
    with opened(fresh(), faults) as ledger:
        before = ledger.verify()

        def entries() -> Iterator[bl.Entry]:
            yield sample_entry("a")
            faults.arm(code, matching="INSERT INTO bl_record")
            with pytest.raises(errors.StoreError):
                ledger.post(sample_entry("b"))
            assert faults.disarm()
            yield sample_entry("c")

        with pytest.raises(errors.StorageFailure):
            ledger.post_many(entries(), batch_size=1, atomic=True)
        assert ledger.verify() == before
        ledger.post_many(map(sample_entry, "abc"), batch_size=1, atomic=True)
        assert ledger.verify().entries == before.entries + 3


def test_a_refusal_that_somebody_swallows(fresh: Callable[[], Path]) -> None:
    """A refusal has written nothing: the larger transaction goes on."""
    with opened(fresh(), FaultInjector()) as ledger:
        before = ledger.verify()

        def entries() -> Iterator[bl.Entry]:
            yield sample_entry("a")
            with pytest.raises(errors.Refused):
                ledger.post(sample_entry("b", journal="nowhere"))
            yield sample_entry("c")

        ledger.post_many(entries(), batch_size=1, atomic=True)
        assert ledger.verify().entries == before.entries + 2


@pytest.mark.parametrize("code", ["SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_CORRUPT"])
def test_every_statement_of_a_question_fails(
    fresh: Callable[[], Path], code: str
) -> None:
    """A read that fails is a failure of the storage, and the next one succeeds."""
    questions: list[Callable[[bl.Ledger], Any]] = [
        lambda ledger: ledger.balance("assets:bank"),
        lambda ledger: ledger.record("personal"),
        lambda ledger: list(ledger.view().entries(account="expenses:rent")),
        lambda ledger: ledger.view(as_of=date(2026, 3, 31)).trial_balance().rows(),
        lambda ledger: ledger.proposals.all(),
        lambda ledger: ledger.verify(),
    ]
    kind = errors.Busy if code == "SQLITE_BUSY" else errors.StorageFailure
    for question in questions:
        path, faults = fresh(), FaultInjector()
        with opened(path, faults) as ledger:
            faults.disarm()
            expected = question(ledger)
            count = len(faults.statements)
        for index in range(count):
            with opened(path, faults) as ledger:
                faults.arm(code, statement=index)
                with pytest.raises(errors.StoreError) as caught:
                    question(ledger)
                assert faults.disarm()
                assert type(caught.value) is kind
                assert question(ledger) == expected


def test_every_statement_of_opening_fails(fresh: Callable[[], Path]) -> None:
    """Neither a new book nor an old one is left in a state that cannot be opened."""
    faults = FaultInjector()
    path = fresh()

    def create(path: Path) -> None:
        store = bl.SQLiteStore(path, create=True, intercept=faults)
        try:
            bl.open_ledger(store, actor="clerk", create=True, book="second")
        finally:
            store.close()

    for begin in (lambda: fresh(), lambda: path.with_name("new.db")):
        faults.disarm()
        create(begin())
        count = len(faults.statements)
        for code in ("SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CORRUPT"):
            for index in range(count):
                place = begin()
                for leftover in path.parent.glob("new.db*"):
                    leftover.unlink()
                faults.arm(code, statement=index)
                try:
                    create(place)
                except errors.StoreError:
                    faults.disarm()
                    create(place)
                faults.disarm()
                with bl.open_ledger(place, read_only=True, book="second") as ledger:
                    types = [record.type for record in ledger.records()]
                    assert types == ["book", "journal"]
                    ledger.verify()
