"""Every statement of every command fails once, in every way that SQLite has.

Afterwards nothing is half written, the error says what it must, the same ledger goes
on, and the same call again leaves the book as if nothing had happened.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.faults import FaultInjector

Entry = Callable[..., bl.Entry]
Command = Callable[[bl.Ledger, Entry], Any]


def approve(ledger: bl.Ledger, entry: Entry) -> None:
    """Approve the proposal that waits."""
    digest = ledger.proposals.get("proposed").digest
    ledger.proposals.approve("proposed", seen=digest, actor="controller")


def post_columns(ledger: bl.Ledger, entry: Entry) -> None:
    """Post two entries in columns."""
    ledger.post_columns(
        ids=["c-1", "c-2"],
        dates=[date(2026, 3, 1)] * 2,
        debits=["expenses:rent"] * 2,
        credits=["assets:bank"] * 2,
        amounts=[1000, 2000],
        commodity="EUR",
        descriptions=["Rent", ""],
    )


def post_new_commodity(ledger: bl.Ledger, entry: Entry) -> None:
    """Post an entry in a commodity that the book has not met."""
    postings = [bl.debit("expenses:rent", "1 JPY"), bl.credit("assets:bank", "1 JPY")]
    ledger.post(bl.Entry("yen", date(2026, 3, 1), postings))


COMMANDS: dict[str, Command] = {
    "post": lambda ledger, entry: ledger.post(entry("new")),
    "post-commodity": post_new_commodity,
    "post-many": lambda ledger, entry: ledger.post_many(map(entry, "abc")),
    "post-atomic": lambda ledger, entry: ledger.post_many(
        map(entry, "abc"), batch_size=1, atomic=True
    ),
    "post-columns": post_columns,
    "reverse": lambda ledger, entry: ledger.reverse(
        "twice", date=date(2026, 3, 31), reason="paid twice"
    ),
    "propose-reversal": lambda ledger, entry: ledger.proposals.propose_reversal(
        "twice", date=date(2026, 3, 31), reason="paid twice"
    ),
    "redact": lambda ledger, entry: ledger.redact(
        "personal", field="postings.0.memo", basis="GDPR Art. 17"
    ),
    "close-year": lambda ledger, entry: ledger.periods.close("2025", reason="done"),
    "store-document": lambda ledger, entry: ledger.documents.store(
        bl.Document("trade", "t-1", {"price": "99.60"}, version=2)
    ),
    "propose": lambda ledger, entry: ledger.propose(entry("idea")),
    "approve": approve,
    "release": lambda ledger, entry: ledger.proposals.post("approved"),
    "open-account": lambda ledger, entry: ledger.open_account(
        "assets:new", type="asset", label="Cash"
    ),
    "change-account": lambda ledger, entry: ledger.accounts.change(
        "assets:bank", label="Current account"
    ),
    "close-account": lambda ledger, entry: ledger.accounts.close(
        "assets:empty", on=date(2026, 3, 31)
    ),
    "open-journal": lambda ledger, entry: ledger.open_journal(
        "sales", description="Sales"
    ),
    "declare-dimension": lambda ledger, entry: ledger.declare_dimension("product"),
}


@attrs.frozen
class Fault:
    """How statements fail, and what a command then raises before its commit."""

    code: str
    kind: type[bl.LedgerError]
    times: int = 1


FAULTS = [
    Fault("SQLITE_BUSY", errors.Busy),
    Fault("SQLITE_BUSY", errors.Busy, times=2),  # the rollback fails as well
    Fault("SQLITE_IOERR", errors.StorageFailure),
    Fault("SQLITE_FULL", errors.StorageFailure),
    Fault("SQLITE_CORRUPT", errors.StorageFailure),  # a second look finds it sound
]


@contextmanager
def opened(path: Path, faults: FaultInjector) -> Iterator[bl.Ledger]:
    """Open a book whose statements may fail."""
    store = bl.SQLiteStore(path, intercept=faults)
    with bl.open_ledger(store, actor="clerk") as ledger:
        yield ledger


def contents(ledger: bl.Ledger) -> list[tuple[str, str]]:
    """Return type and id of every record; the leaves depend on salts and the time."""
    return [(record.type, record.id) for record in ledger.records()]


def statements_of(path: Path, command: Command, entry: Entry) -> list[str]:
    """Return the statements of a command where nothing fails."""
    faults = FaultInjector()
    with opened(path, faults) as ledger:
        faults.disarm()
        command(ledger, entry)
        return list(faults.statements)


def undisturbed(path: Path, command: Command, entry: Entry) -> list[tuple[str, str]]:
    """Return what the book holds after a command where nothing fails."""
    with opened(path, FaultInjector()) as ledger:
        command(ledger, entry)
        return contents(ledger)


def check_after_failure(
    ledger: bl.Ledger, command: Command, entry: Entry, expected: list[tuple[str, str]]
) -> None:
    """Repeat the command that failed: the book is as if it had not."""
    command(ledger, entry)
    ledger.verify()
    assert contents(ledger) == expected


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.code}-{f.times}")
@pytest.mark.parametrize("name", COMMANDS)
def test_every_statement_fails(
    fresh: Callable[[], Path], entry: Entry, name: str, fault: Fault
) -> None:
    """All or nothing, the right error, and a retry that completes the work."""
    command = COMMANDS[name]
    statements = statements_of(fresh(), command, entry)
    expected = undisturbed(fresh(), command, entry)
    last_commit = max(i for i, sql in enumerate(statements) if sql == "COMMIT")
    for sql in statements[last_commit + 1 :]:
        assert sql.startswith("PRAGMA"), "what comes after the commit must not fail"
    with opened(fresh(), FaultInjector()) as ledger:
        before = ledger.verify()
    for index, sql in enumerate(statements[: last_commit + 1]):
        faults = FaultInjector()
        with opened(fresh(), faults) as ledger:
            faults.arm(fault.code, statement=index, times=fault.times)
            with pytest.raises(errors.StoreError) as caught:
                command(ledger, entry)
            is_open = index == last_commit and fault.kind is not errors.Busy
            kind = errors.OutcomeUnknown if is_open else fault.kind
            assert type(caught.value) is kind, (index, sql)
            assert faults.disarm() or sql.startswith("BEGIN"), (index, sql)
            assert ledger.verify() == before, (index, sql)
            check_after_failure(ledger, command, entry, expected)


@pytest.mark.parametrize("code", ["SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CORRUPT"])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_commit_happens_and_fails(
    fresh: Callable[[], Path], entry: Entry, name: str, code: str
) -> None:
    """The outcome is unknown to the caller; the same call again finds it done."""
    command = COMMANDS[name]
    expected = undisturbed(fresh(), command, entry)
    faults = FaultInjector()
    with opened(fresh(), faults) as ledger:
        statements = statements_of(fresh(), command, entry)
        last_commit = max(i for i, sql in enumerate(statements) if sql == "COMMIT")
        faults.arm(code, statement=last_commit, after=True)
        with pytest.raises(errors.OutcomeUnknown):
            command(ledger, entry)
        assert faults.disarm()
        assert contents(ledger) == expected
        check_after_failure(ledger, command, entry, expected)


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.code}-{f.times}")
@pytest.mark.parametrize("name", COMMANDS)
def test_everything_fails_for_a_while(
    fresh: Callable[[], Path], entry: Entry, name: str, fault: Fault
) -> None:
    """From any statement on, so many fail that new connections fail too."""
    command = COMMANDS[name]
    expected = undisturbed(fresh(), command, entry)
    for index in range(len(statements_of(fresh(), command, entry))):
        for times in (3, 5, 10, 40):
            faults = FaultInjector()
            with opened(fresh(), faults) as ledger:
                before = contents(ledger)
                faults.arm(fault.code, statement=index, times=times)
                while True:
                    try:
                        command(ledger, entry)
                        break
                    except errors.StoreError:
                        if faults.left == 0:
                            assert contents(ledger) in (before, expected)
                faults.disarm()
                check_after_failure(ledger, command, entry, expected)


def test_a_file_that_stays_corrupt(fresh: Callable[[], Path], entry: Entry) -> None:
    """When a second look fails as well, the file is called damaged."""
    faults = FaultInjector()
    with opened(fresh(), faults) as ledger:
        before = ledger.verify()
        faults.arm("SQLITE_CORRUPT", times=100)
        with pytest.raises(errors.Corrupt):
            ledger.post(entry("new"))
        faults.disarm()
        assert ledger.verify() == before
        ledger.post(entry("new"))


def test_a_second_look_that_cannot_look(
    fresh: Callable[[], Path], entry: Entry
) -> None:
    """What was not confirmed is a failure of the storage, and may pass."""
    path = fresh()
    faults = FaultInjector()
    with opened(path, faults) as ledger:
        hidden = path.with_name("hidden.db")
        faults.arm("SQLITE_CORRUPT", matching="INSERT INTO bl_record")

        def entries() -> Iterator[bl.Entry]:
            path.rename(hidden)
            yield entry("new")

        with pytest.raises(errors.StorageFailure):
            ledger.post_many(entries(), atomic=True)
        hidden.rename(path)
        ledger.post(entry("new"))
        ledger.verify()


@pytest.mark.parametrize("code", ["SQLITE_IOERR", "SQLITE_ERROR"])
def test_an_error_that_somebody_swallows(
    fresh: Callable[[], Path], entry: Entry, code: str
) -> None:
    """Half a command inside a larger transaction takes the whole of it along."""
    faults = FaultInjector()
    with opened(fresh(), faults) as ledger:
        before = ledger.verify()

        def entries() -> Iterator[bl.Entry]:
            yield entry("a")
            faults.arm(code, matching="INSERT INTO bl_record")
            with pytest.raises(errors.StoreError):
                ledger.post(entry("b"))
            assert faults.disarm()
            yield entry("c")

        with pytest.raises(errors.StorageFailure):
            ledger.post_many(entries(), batch_size=1, atomic=True)
        assert ledger.verify() == before
        ledger.post_many(map(entry, "abc"), batch_size=1, atomic=True)
        assert ledger.verify().entries == before.entries + 3


def test_a_refusal_that_somebody_swallows(
    fresh: Callable[[], Path], entry: Entry
) -> None:
    """A refusal has written nothing: the larger transaction goes on."""
    with opened(fresh(), FaultInjector()) as ledger:
        before = ledger.verify()

        def entries() -> Iterator[bl.Entry]:
            yield entry("a")
            with pytest.raises(errors.Refused):
                ledger.post(entry("b", journal="nowhere"))
            yield entry("c")

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
