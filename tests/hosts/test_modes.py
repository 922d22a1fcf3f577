"""Connections that are idle, commit by themselves, are locked, fail or are unknown."""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from django.db import connections
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._stores.host_sql import with_format

ORDER = "INSERT INTO app_order VALUES (1)"


@pytest.fixture
def idle(path: Path) -> Iterator[sqlite3.Connection]:
    """Return a connection on which only an explicit BEGIN begins."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.1)
    yield connection
    connection.close()


@pytest.fixture
def rival(path: Path) -> Iterator[sqlite3.Connection]:
    """Return another connection to the database."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.1)
    yield connection
    connection.close()


def test_an_idle_connection_begins(idle: Any, outside: Any, pay: Any) -> None:
    """A savepoint alone would commit when it ends; the commit is the host's."""
    ledger = bl.open_ledger(idle, actor="app")
    assert not idle.in_transaction
    ledger.post(pay(1))
    assert idle.in_transaction
    idle.rollback()
    assert outside.entries() == []
    ledger.post(pay(1))
    idle.execute(ORDER)
    idle.commit()
    assert (outside.entries(), outside.orders()) == (["payment-1"], [1])


def test_a_refusal_on_an_idle_connection(idle: Any, rival: Any, pay: Any) -> None:
    """What was begun only for the command ends with it: nobody waits for a lock."""
    ledger = bl.open_ledger(idle, actor="app")
    with pytest.raises(errors.UnknownAccount):
        ledger.post(pay(1, "expenses:nowhere"))
    assert not idle.in_transaction
    rival.execute("BEGIN IMMEDIATE")


def test_a_control_without_the_guard(path: Path, outside: Any) -> None:
    """SQLite does commit a savepoint that was opened on an idle connection."""
    connection = sqlite3.connect(path)
    connection.execute("SAVEPOINT command")
    connection.execute(ORDER)
    connection.execute("RELEASE command")
    connection.rollback()
    connection.close()
    assert outside.orders() == [1]


class Autocommit(sqlite3.Connection):
    """What ``autocommit=True`` of Python 3.12 is: commit() does nothing."""

    autocommit = True

    def commit(self) -> None:
        """Do nothing."""


def test_autocommit_of_sqlite3(path: Path, outside: Any, pay: Any) -> None:
    """Nobody would commit what we began; what the host began, it ends itself."""
    connection = sqlite3.connect(path, isolation_level=None, factory=Autocommit)
    ledger = bl.open_ledger(connection, actor="app")
    with pytest.raises(errors.TransactionRequired):
        ledger.post(pay(1))
    assert not connection.in_transaction
    connection.execute("BEGIN")
    ledger.post(pay(1))
    connection.execute("COMMIT")
    connection.close()
    assert outside.entries() == ["payment-1"]


def test_autocommit_of_sqlalchemy(path: Path, pay: Any) -> None:
    """An engine that commits each statement has no transaction to be part of."""
    engine = sa.create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        ledger = bl.open_ledger(connection, actor="app")
        assert not ledger.balance("assets:bank")
        with pytest.raises(errors.TransactionRequired):
            ledger.post(pay(1))
    engine.dispose()


def test_django_outside_atomic(
    make: Callable[[str], Any], pay: Any, outside: Any
) -> None:
    """Reading is free; a posting needs the block that decides about it."""
    application = make("django")
    ledger = bl.open_ledger(connections["default"], actor="app")
    assert not ledger.balance("assets:bank")
    with pytest.raises(errors.TransactionRequired):
        ledger.post(pay(1))
    application.begin()
    ledger.post(pay(1))
    application.commit()
    assert outside.entries() == ["payment-1"]


def test_django_that_must_roll_back(make: Callable[[str], Any], pay: Any) -> None:
    """A block that is marked takes no more statements, of ours neither."""
    application = make("django")
    ledger = bl.open_ledger(application.connection, actor="app")
    application.begin()
    application.connection.set_rollback(True)
    with pytest.raises(errors.StoreError):
        ledger.post(pay(1))


def test_django_logs_our_statements(
    make: Callable[[str], Any], pay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go through the host's cursors, with its wrappers."""
    application = make("django")
    monkeypatch.setattr(application.connection, "force_debug_cursor", True)
    application.begin()
    bl.open_ledger(application.connection, actor="app").post(pay(1))
    texts = [query["sql"] for query in application.connection.queries]
    assert any("INSERT INTO bl_record" in text for text in texts)
    application.rollback()


# --- rivals --------------------------------------------------------------------------


def test_an_old_snapshot(idle: Any, rival: Any, outside: Any, pay: Any) -> None:
    """A reader whose book has gone on cannot write; the message says what helps."""
    ledger = bl.open_ledger(idle, actor="app")
    idle.execute("BEGIN")
    assert not ledger.balance("assets:bank")
    outside.post(pay(1))
    with pytest.raises(errors.Contention) as caught:
        ledger.post(pay(2))
    assert "BEGIN IMMEDIATE" in str(caught.value)
    assert caught.value.transient
    idle.rollback()
    idle.execute("BEGIN")
    assert ledger.post(pay(2)).journal_number == 2
    idle.commit()
    assert outside.entries() == ["payment-1", "payment-2"]


def test_a_begin_that_has_read_nothing(idle: Any, outside: Any, pay: Any) -> None:
    """The lock is taken before the first look, so that nobody comes in between."""
    ledger = bl.open_ledger(idle, actor="app")
    idle.execute("BEGIN")
    outside.post(pay(1))
    assert ledger.post(pay(2)).journal_number == 2
    idle.commit()


@pytest.mark.parametrize("begin", ["", "BEGIN"])
def test_another_writer(idle: Any, rival: Any, pay: Any, begin: str) -> None:
    """It keeps us waiting, then out; the host's transaction stays as it was."""
    ledger = bl.open_ledger(idle, actor="app")
    rival.execute("BEGIN IMMEDIATE")
    if begin:
        idle.execute(begin)
    with pytest.raises(errors.Busy) as caught:
        ledger.post(pay(1))
    assert type(caught.value) is errors.Busy
    assert idle.in_transaction is bool(begin)
    rival.execute("ROLLBACK")
    ledger.post(pay(1))
    idle.commit()


# --- failures ------------------------------------------------------------------------


class Failing(sqlite3.Connection):
    """A connection on which statements fail when they are told to."""

    fails: tuple[str, ...] = ()
    also: Callable[[], None] | None = None

    def cursor(self) -> Any:  # type: ignore[override]
        """Return a cursor that looks at each statement."""
        return super().cursor(FailingCursor)


class FailingCursor(sqlite3.Cursor):
    """The cursor of such a connection."""

    def executemany(self, sql: str, *rest: Any) -> Any:
        """Run a statement for many rows, or let it fail."""
        self.execute("SELECT 1")
        if self.connection.fails and sql.startswith(self.connection.fails):
            return self.execute(sql)
        return super().executemany(sql, *rest)

    def execute(self, sql: str, *rest: Any) -> Any:
        """Run a statement, or let it fail."""
        connection: Any = self.connection
        if connection.fails and sql.startswith(connection.fails):
            if connection.also:
                connection.also()
            error = sqlite3.OperationalError("injected")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return super().execute(sql, *rest)


@pytest.fixture
def failing(path: Path) -> Iterator[Any]:
    """Return a connection that can fail, in a transaction with a row of the host."""
    connection: Any = sqlite3.connect(path, factory=Failing)
    connection.execute(ORDER)
    yield connection
    connection.close()


def test_a_statement_that_fails(failing: Any, outside: Any, pay: Any) -> None:
    """The command is taken back, and the host's row stays."""
    ledger = bl.open_ledger(failing, actor="app")
    failing.fails = ("UPDATE bl_book SET facts_position = ?",)
    with pytest.raises(errors.StorageFailure, match="injected"):
        ledger.open_account("expenses:tax", type="expense")
    failing.fails = ()
    ledger.post(pay(1))
    failing.commit()
    assert (outside.orders(), outside.entries()) == ([1], ["payment-1"])


def test_a_command_that_cannot_be_taken_back(failing: Any, pay: Any) -> None:
    """Then the whole transaction must go, and the error says so."""
    ledger = bl.open_ledger(failing, actor="app")
    failing.fails = ("UPDATE bl_book SET facts_position = ?", "ROLLBACK TO")
    with pytest.raises(errors.StorageFailure, match="roll it back"):
        ledger.open_account("expenses:tax", type="expense")


def test_a_database_that_rolls_back_itself(
    failing: Any, outside: Any, pay: Any
) -> None:
    """SQLite does so when the disk is full; the host's rows are gone as well."""
    ledger = bl.open_ledger(failing, actor="app")
    failing.fails = ("UPDATE bl_book SET facts_position = ?",)
    failing.also = failing.rollback
    with pytest.raises(errors.StorageFailure, match="roll it back"):
        ledger.open_account("expenses:tax", type="expense")
    assert outside.orders() == []


def test_a_failure_on_an_idle_connection(failing: Any, outside: Any) -> None:
    """What was begun for the command is rolled back, or was so already."""
    failing.commit()
    ledger = bl.open_ledger(failing, actor="app")
    failing.fails = ("UPDATE bl_book SET facts_position = ?", "ROLLBACK")
    with pytest.raises(errors.StorageFailure, match="injected"):
        ledger.open_account("expenses:tax", type="expense")
    failing.fails = failing.fails[:1]
    failing.rollback()
    with pytest.raises(errors.StorageFailure, match="injected"):
        ledger.open_account("expenses:tax", type="expense")
    assert not failing.in_transaction
    assert outside.orders() == [1]


def test_a_rollback_of_the_database_on_an_idle_connection(failing: Any) -> None:
    """There is nothing left to be rolled back."""
    failing.commit()
    ledger = bl.open_ledger(failing, actor="app")
    failing.fails = ("UPDATE bl_book SET facts_position = ?",)
    failing.also = failing.rollback
    with pytest.raises(errors.StorageFailure, match="injected"):
        ledger.open_account("expenses:tax", type="expense")
    assert not failing.in_transaction


def test_a_question_that_fails(idle: Any) -> None:
    """It leaves the host's transaction as it was."""
    ledger = bl.open_ledger(idle, actor="app")
    idle.execute("BEGIN")
    with pytest.raises(errors.UnknownAccount):
        ledger.balance("expenses:nowhere")
    assert idle.in_transaction


def test_a_book_that_was_rolled_back(idle: Any) -> None:
    """The tables are there, the book is not."""
    ledger = bl.open_ledger(idle, actor="app", book="other", create=True)
    idle.rollback()
    with pytest.raises(errors.BookNotFound):
        ledger.balance("assets:bank")


def test_rows_that_fail(failing: Any, pay: Any, outside: Any) -> None:
    """Many rows at once fail as one statement does."""
    ledger = bl.open_ledger(failing, actor="app")
    failing.fails = ("INSERT INTO bl_record",)
    with pytest.raises(errors.StorageFailure, match="injected"):
        ledger.post(pay(1))
    failing.commit()
    assert (outside.orders(), outside.entries()) == ([1], [])


def test_a_connection_that_was_closed(idle: Any, pay: Any) -> None:
    """Its error is told as one of the store."""
    ledger = bl.open_ledger(idle, actor="app")
    idle.close()
    with pytest.raises(errors.StoreError, match="closed"):
        ledger.post(pay(1))


def test_an_error_that_is_swallowed(idle: Any, outside: Any, pay: Any) -> None:
    """Half of a larger command is not kept, whoever hides the error."""
    ledger = bl.open_ledger(idle, actor="app")

    begin = ledger._session.transaction
    with pytest.raises(errors.StorageFailure), begin(write=True):
        ledger.post(pay(1))
        with pytest.raises(ZeroDivisionError), begin(write=True):
            raise ZeroDivisionError
        with pytest.raises(errors.StorageFailure):
            ledger.post(pay(2))
    idle.commit()
    assert outside.entries() == []


def test_a_look_does_not_become_a_write(idle: Any, pay: Any) -> None:
    """Inside one command, reading stays reading."""
    ledger = bl.open_ledger(idle, actor="app")
    session = ledger._session
    with (
        session.transaction(write=False),
        pytest.raises(errors.StoreError, match="cannot become"),
    ):
        ledger.post(pay(1))


# --- opening -------------------------------------------------------------------------


def test_installing_in_the_transaction(tmp_path: Path) -> None:
    """The tables share the fate of what made them, and can be made again."""
    connection = sqlite3.connect(tmp_path / "new.db")
    ledger = bl.open_ledger(connection, actor="app", create=True)
    ledger.open_account("assets:bank", type="asset")
    connection.rollback()
    with pytest.raises(errors.BookNotFound):
        bl.open_ledger(connection, actor="app")
    with pytest.raises(errors.BookNotFound):
        ledger.balance("assets:bank")
    with pytest.raises(errors.BookNotFound):
        ledger.open_account("assets:bank", type="asset")
    bl.open_ledger(connection, actor="app", create=True)
    connection.commit()
    assert not bl.open_ledger(connection, read_only=True).verify().entries
    connection.close()


def test_the_second_to_install(tmp_path: Path) -> None:
    """Another connection makes the tables between our look and our lock."""
    path = tmp_path / "new.db"
    rival = sqlite3.connect(path)

    class Slow(sqlite3.Connection):
        def cursor(self) -> Any:  # type: ignore[override]
            return super().cursor(SlowCursor)

    class SlowCursor(sqlite3.Cursor):
        def execute(self, sql: str, *rest: Any) -> Any:
            if sql == "BEGIN IMMEDIATE" and not rivals:
                rivals.append(bl.open_ledger(rival, actor="rival", create=True))
                rival.commit()
            return super().execute(sql, *rest)

    rivals: list[bl.Ledger] = []
    connection = sqlite3.connect(path, factory=Slow)
    ledger = bl.open_ledger(connection, actor="app", create=True)
    connection.commit()
    assert [record.actor for record in ledger.records()] == ["rival", "rival"]
    for one in (connection, rival):
        one.close()


def test_tables_that_are_not_ours(idle: Any) -> None:
    """A schema that somebody has changed is refused, and not repaired."""
    idle.execute("DROP TRIGGER bl_record_update")
    with pytest.raises(errors.Corrupt):
        bl.open_ledger(idle, actor="app")


def test_verification_looks_at_our_tables(idle: Any, pay: Any) -> None:
    """Broken references of the host are its own; those of ours are found."""
    idle.execute("PRAGMA foreign_keys=OFF")
    idle.execute("CREATE TABLE app_item (n REFERENCES app_order (number))")
    idle.execute("INSERT INTO app_item VALUES (7)")
    ledger = bl.open_ledger(idle, actor="app")
    ledger.post(pay(1))
    idle.commit()
    ledger.verify()
    idle.execute("INSERT INTO bl_posting VALUES (1, 99, 0, 1, 1, 0, 0, 0, 0, 5, NULL)")
    idle.execute("DROP TRIGGER bl_opening_update")
    with pytest.raises(errors.VerificationFailed) as caught:
        ledger.verify()
    texts = " ".join(str(problem) for problem in caught.value.problems)
    assert "rows refer to others that do not exist" in texts
    assert "the schema is not the one of this format" in texts


def test_sqlite_that_is_too_old(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's SQLite may be another one than Python's."""

    class Old(sqlite3.Connection):
        def cursor(self) -> Any:  # type: ignore[override]
            return super().cursor(OldCursor)

    class OldCursor(sqlite3.Cursor):
        def execute(self, sql: str, *rest: Any) -> Any:
            return super().execute(
                sql.replace("SELECT sqlite_version()", "SELECT '3.30.1'"), *rest
            )

    connection = sqlite3.connect(path, factory=Old)
    with pytest.raises(errors.UnsafeSettings):
        bl.open_ledger(connection, actor="app")
    connection.close()


class Other(Session):
    """A session on a database that the ledger does not know."""

    def get_bind(self, *arguments: Any, **options: Any) -> Any:
        """Return what says which one it is."""
        return SimpleNamespace(dialect=SimpleNamespace(name="mysql", driver="pymysql"))


@pytest.mark.parametrize(
    "make_where",
    [
        lambda: sa.create_engine("sqlite://"),
        lambda: Other(),
        lambda: AsyncSession(create_async_engine("sqlite+aiosqlite://")),
        lambda: 7,
        lambda: sqlite3.Connection,
    ],
    ids=["engine", "other database", "asynchronous", "number", "class"],
)
def test_what_is_no_host(make_where: Callable[[], Any]) -> None:
    """Something near it gets a message that says what is meant."""
    with pytest.raises(errors.InvalidOption) as caught:
        bl.open_ledger(make_where(), actor="app")
    assert caught.value.field == "where"


def test_django_with_another_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where psycopg 3 was not imported, Django does not use it."""
    wrapper = type("Wrapper", (), {"__module__": "django.db.x", "vendor": "postgresql"})
    monkeypatch.delitem(sys.modules, "psycopg")
    with pytest.raises(errors.InvalidOption, match="psycopg2"):
        bl.open_ledger(wrapper(), actor="app")


def test_what_only_a_store_of_its_own_does(
    idle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pay: Any
) -> None:
    """Backups are the host's; a ledger that is closed leaves the connection open."""
    ledger = bl.open_ledger(idle, actor="app")
    with pytest.raises(errors.InvalidOption):
        ledger.backup(tmp_path / "copy.db")
    here = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: here + 1)
    with pytest.raises(errors.ForkedLedger):
        ledger.post(pay(1))
    monkeypatch.undo()
    store = ledger._session.store
    ledger.close()
    with pytest.raises(errors.LedgerClosed):
        store.books()
    assert idle.execute("SELECT 1").fetchone() == (1,)


def test_a_reader(idle: Any, pay: Any) -> None:
    """It refuses to write, and to make what is not there."""
    ledger = bl.open_ledger(idle, read_only=True)
    store = ledger._session.store
    assert store.read_only
    with pytest.raises(errors.ReadOnlyBook):
        ledger.post(pay(1))
    with pytest.raises(errors.ReadOnlyBook):
        store.create_book("other")
    with pytest.raises(errors.BookNotFound):
        bl.open_ledger(idle, read_only=True, create=True, book="other")


def test_a_book_that_is_there(idle: Any) -> None:
    """It is not made twice."""
    store = bl.open_ledger(idle, actor="app")._session.store
    with pytest.raises(errors.BookExists):
        store.create_book("main")


# --- marks of parameters -------------------------------------------------------------


def test_parameters_are_put_in_their_order() -> None:
    """Numbered ones may stand more than once; texts and comments are left alone."""
    text = "SELECT ?2, ?1, ?2, '?%''', \"?\" FROM t -- ?\n WHERE a % 5"
    assert with_format(text, ("a", "b")) == (
        "SELECT %s, %s, %s, '?%%''', \"?\" FROM t -- ?\n WHERE a %% 5",
        ("b", "a", "b"),
    )
    assert with_format("VALUES (?, ?)", (1, 2)) == ("VALUES (%s, %s)", (1, 2))


@pytest.mark.parametrize("ending", ["rollback", "commit"])
@pytest.mark.parametrize("is_begun", [False, True])
def test_a_transaction_that_the_host_ends_in_the_middle(
    ending: str, is_begun: bool, idle: Any, outside: Any, pay: Any
) -> None:
    """The rest is not written, where each statement would be committed by itself."""
    ledger = bl.open_ledger(idle, actor="app")
    if is_begun:
        idle.execute("BEGIN")

    def source() -> Iterator[bl.Entry]:
        yield pay(1)
        getattr(idle, ending)()
        yield pay(2)

    with pytest.raises(errors.StorageFailure):
        ledger.post_many(source(), batch_size=1, atomic=True)
    assert not idle.in_transaction
    assert outside.entries() == (["payment-1"] if ending == "commit" else [])
    with pytest.raises(errors.StorageFailure, match="in the middle"):
        ledger.post_many((idle.rollback() or pay(3) for _ in "1"), atomic=True)
    ledger.verify()
