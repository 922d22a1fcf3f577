"""The programs that are killed, played in this process, and who judges them."""

import io
import json
import sys
import threading
from collections import Counter
from pathlib import Path

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import Busy, InvalidOption, StorageFailure
from backoffice_ledger.testing.faults import FaultInjector
from backoffice_ledger.testing.torture import Damage, _bank, _teller, _writer, bank
from backoffice_ledger.testing.torture._witness import (
    Witness,
    compare,
    complete,
    look_at,
)
from backoffice_ledger.testing.torture._writer import GAVE_UP, GivenUp, Task


def heard(*lines: str) -> Witness:
    """Return who has heard these lines."""
    witness = Witness()
    witness.hear(f"{line}\n" for line in lines)
    return witness


# --- the writer ----------------------------------------------------------------------


def test_the_writer_speaks_after_the_commit(place: Path) -> None:
    """What it says is what the book holds, at every moment; sessions change nothing."""
    path = place / "books.db"
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("done"):
            assert look_at(path, heard(*said)).damage == Damage()

    _writer.write(Task(str(path), first=1, count=3, session=2), say)
    assert said == [
        "begun",
        *("try 1", "done 1", "try 2", "done 2", "try 3", "done 3"),
    ]
    assert look_at(path, heard(*said)).found.keys() == {
        *("1-0", "1-1"),
        *("2-0", "2-1", "2-2"),
        "3-0",
    }


def test_the_early_writer_speaks_before(place: Path) -> None:
    """The control says that a batch is in while the book does not have it."""
    path = place / "books.db"
    said: list[str] = []
    lost: list[int] = []

    def say(line: str) -> None:
        said.append(line)
        if line.startswith("done"):
            lost.append(look_at(path, heard(*said)).damage.lost)

    _writer.write(Task(str(path), count=3, acknowledges="early"), say)
    assert lost == [1, 2, 3]


def test_the_writer_has_patience(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It repeats a call that failed so often as it was told, and then gives up."""
    path = place / "books.db"
    faults = FaultInjector()
    ledger = bl.open_ledger(
        bl.SQLiteStore(path, create=True, intercept=faults), actor="w", create=True
    )
    with _writer.open_book(path):
        pass
    monkeypatch.setattr(_writer, "open_book", lambda _: ledger)
    for times, end in ((2, None), (3, GivenUp)):
        said: list[str] = []
        faults.arm("SQLITE_FULL", matching="INSERT INTO bl_record", times=times)
        task = Task(str(path), first=3 * times, count=1, patience=2)
        if end is None:
            _writer.write(task, said.append)
        else:
            with pytest.raises(end) as caught:
                _writer.write(task, said.append)
            assert isinstance(caught.value.__cause__, StorageFailure)
        assert said.count("failed storage-failure") == times
        assert (said[-1] == f"done {3 * times}") is (end is None)
        ledger = bl.open_ledger(
            bl.SQLiteStore(path, intercept=faults), actor="w", create=True
        )


def test_the_program(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It takes a task as JSON, and its exit code says whether it came to the end."""
    path, copy = place / "books.db", place / "copy.db"

    def run(task: Task) -> int:
        program, *options, text = _writer.command(task)
        assert (program, options) == (sys.executable, ["-c", _writer.CHILD])
        return _writer.main([text])

    assert run(Task(str(path), count=2)) == 0
    assert run(Task(str(path), count=0, backup=str(copy), migrates=True)) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-3:] == ["done migration", "begun", "done backup"]
    with bl.open_ledger(copy, read_only=True) as ledger:
        assert ledger.verify().entries == 3
    assert run(Task(str(place / "nowhere" / "books.db"))) == GAVE_UP
    assert capsys.readouterr().out == "begun\nfailed book-not-found\n"


# --- the witness ---------------------------------------------------------------------


def test_a_line_that_was_cut_off_says_nothing() -> None:
    """Only whole lines count, and only those that the writer has."""
    witness = Witness()
    witness.hear(["begun\n", "try 7\n", "failed busy\n", "done 7\n", "try 8\n"])
    witness.hear(["done 8"])
    witness.hear(["done backup\n"])
    assert witness == Witness({7, 8}, {7}, Counter({"busy": 1}), {"done backup"})
    assert witness.in_flight == {8}


def test_what_is_wrong_is_counted() -> None:
    """Lost, doubled, there in part, and never heard of."""
    witness = heard("try 1", "done 1", "try 2", "try 4")
    found = Counter({"1-0": 2, "2-0": 1, "2-2": 1, "9-0": 1})
    assert compare(found, witness) == Damage(
        lost=1,
        doubled=1,
        partial=1,
        anomalies=1,
        notes=("lost: 1-1", "in part: batch 2", "never posted: 9-0"),
    )


def test_a_book_that_is_gone(place: Path) -> None:
    """It has lost what was acknowledged; before that, it may not be there yet."""
    path = place / "books.db"
    assert look_at(path, heard("try 2", "done 2")).damage.lost == 3
    assert look_at(path, heard("try 2")).damage == Damage()


def test_a_book_that_is_broken(place: Path) -> None:
    """One that does not open, and one that does not go on, are damage."""
    path = place / "books.db"
    path.write_bytes(b"this is no database" * 100)
    witness = heard("try 2", "done 2")
    assert look_at(path, witness).damage.partial == 1
    assert complete(path, witness).partial == 1


def test_what_was_in_flight_is_posted_once(place: Path) -> None:
    """Whether it was in the book already or not."""
    path = place / "books.db"
    _writer.write(Task(str(path), count=2), lambda _: None)
    witness = heard("try 0", "done 0", "try 1", "try 2")
    assert complete(path, witness) == Damage()
    assert witness.in_flight == set()
    assert look_at(path, witness).found.total() == 6


# --- the bank ------------------------------------------------------------------------


def shift(path: Path, guard: _teller.Guard) -> _teller.Shift:
    """Return the work of one process, on a book that is founded."""
    with _teller.open_bank(str(path), "bank", guard, create=True) as ledger:
        _teller.found_bank(ledger, 3, guard)
    return _teller.Shift(str(path), "bank", 0, 2, 20, 3, guard, seed=4)


@pytest.mark.parametrize("guard", ["limit", "control", "outside"])
def test_a_teller(
    place: Path,
    guard: _teller.Guard,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything that it tries is done or refused, and its reader looks on."""
    work = shift(place / "bank.db", guard)
    monkeypatch.setattr(sys, "stdin", io.StringIO("go\n"))
    *_, text = _teller.command(work)
    assert json.loads(text) == attrs.asdict(work)
    assert _teller.main([text]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "ready"
    minutes = _bank.Minutes()
    minutes.hear(said)
    assert len(minutes.done) + len(minutes.refused) == 40
    assert minutes.refused
    assert {total for total, _ in minutes.views} == {3 * _teller.DEPOSIT}


class Unwilling:
    """A ledger on which posting fails so often."""

    def __init__(self, *failures: bl.LedgerError) -> None:
        self.failures = list(failures)

    def post(self, entry: bl.Entry) -> None:
        """Fail, until all failures are used up."""
        if self.failures:
            raise self.failures.pop(0)


def test_a_teller_repeats_what_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transient failures are repeated, others are not, and none for ever."""
    said: list[str] = []
    assert _teller.post(Unwilling(Busy(), Busy()), None, said.append) == "done"
    assert said == ["again busy", "again busy"]
    with pytest.raises(bl.errors.Corrupt):
        _teller.post(Unwilling(bl.errors.Corrupt()), None, said.append)
    monkeypatch.setattr(_teller, "ATTEMPTS_MAX", 2)
    with pytest.raises(Busy):
        _teller.post(Unwilling(Busy(), Busy()), None, said.append)


def test_a_teller_that_breaks_says_so(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of a thread is one of the process, and the others do not hang."""
    work = shift(place / "bank.db", "control")

    def fail(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(_teller, "post", fail)
    with pytest.raises(ZeroDivisionError):
        _teller.work(work, lambda _: None, lambda: None)


def test_a_view_while_nothing_happens(place: Path) -> None:
    """The reader sees the deposits."""
    path = place / "bank.db"
    shift(path, "control")
    said: list[str] = []
    is_over = threading.Event()
    is_over.set()
    with _teller.open_bank(str(path), "bank", "control") as ledger:
        _teller.watch(ledger, said.append, is_over)
    assert said == [f"saw {3 * _teller.DEPOSIT} {_teller.DEPOSIT}"]


def test_the_audit_notices(place: Path) -> None:
    """Whatever was said and is not so, each kind of it."""
    path = str(place / "bank.db")
    shift(Path(path), "outside")
    with _teller.open_bank(path, "bank", "outside") as ledger:
        minutes = _bank.Minutes()
        assert _bank.audit(ledger, minutes, 3) == Damage()
        minutes.hear(["done gone", "refused deposit-9", "again busy", "hello"])
        minutes.hear(["saw 29999 0", "saw 30000 -1"])
        names = (_teller.customer(0), _teller.customer(1))
        ledger.post(_teller._transfer("deposit-9", *names, 100_01))
        found = _bank.audit(ledger, minutes, 3)
    assert (found.lost, found.doubled, found.partial) == (1, 0, 0)
    assert found.anomalies == 4
    assert found.notes == (
        "lost: gone",
        "negative value: liabilities:customer-0 has -1 after deposit-9",
        "wrong total in a view: 29999",
        "negative value in a view: -1",
        "refused, and recorded: deposit-9",
    )


class Forgetful:
    """A ledger whose kept balances are wrong, and whose log shows an entry twice."""

    def __init__(self, ledger: bl.Ledger) -> None:
        self._ledger = ledger

    def records(self) -> list[bl.Record]:
        """Return the log, the last record twice."""
        records = list(self._ledger.records())
        return [*records, records[-1]]

    def balance(self, account: str) -> bl.Balance:
        """Return what is kept."""
        return self._ledger.balance(account)

    def verify(self) -> None:
        """Fail."""
        raise bl.errors.VerificationFailed("no", position=None, problems=())


def test_the_audit_notices_a_book_that_is_wrong(place: Path) -> None:
    """An entry twice in the log, balances that do not follow, a failed verification."""
    path = str(place / "bank.db")
    shift(Path(path), "outside")
    with _teller.open_bank(path, "bank", "outside") as ledger:
        found = _bank.audit(Forgetful(ledger), _bank.Minutes(), 3)
    assert (found.lost, found.doubled) == (0, 1)
    assert [note.split(":")[0] for note in found.notes] == [
        "wrong balance",
        "wrong balance",
        "does not verify",
    ]


def test_a_bank_whose_tellers_break(place: Path) -> None:
    """A process that ends with an error is an anomaly."""
    work = shift(place / "bank.db", "control")
    minutes = _bank.Minutes()
    found = _bank.run([attrs.evolve(work, customers=1)], minutes)
    assert found.anomalies == 1
    assert "ValueError" in found.notes[0]


def test_a_bank_that_cannot_open(place: Path) -> None:
    """It is not run, and says why."""
    figures = bank(place / "nowhere" / "bank.db")
    assert figures.not_run.startswith("BookNotFound: ")
    assert figures.verdict.startswith("not run: ")


def test_a_guard_that_nobody_knows(place: Path) -> None:
    """It is refused, with those that there are."""
    with pytest.raises(InvalidOption) as caught:
        bank(place / "bank.db", guard="dog")
    assert caught.value.field == "guard"
