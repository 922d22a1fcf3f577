"""Opening a PostgreSQL database, its connections, its errors, and late sealing."""

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import date
from typing import Any

import postgresql_server
import psycopg
import pytest
from psycopg import errors as pg

import backoffice_ledger as bl
from backoffice_ledger._stores.postgresql_driver import translated
from backoffice_ledger.errors import (
    BookExists,
    BookNotFound,
    Busy,
    Contention,
    Corrupt,
    ForkedLedger,
    InvalidOption,
    LedgerClosed,
    MissingExtra,
    NewerFormat,
    OlderFormat,
    OutcomeUnknown,
    ReadOnlyBook,
    StorageFailure,
    StoreError,
    UnknownAccount,
    UnsafeSettings,
    VerificationFailed,
)
from backoffice_ledger.stores import PostgreSQLStore

DAY = date(2026, 3, 5)


def rent(id_: str) -> bl.Entry:
    """Return a small entry."""
    return bl.Entry(
        id_,
        DAY,
        [bl.debit("expenses:rent", "10.00 EUR"), bl.credit("assets:bank", "10.00 EUR")],
        description="Office",
    )


class Switch:
    """An intercept whose effect is set while the test runs."""

    def __init__(self) -> None:
        self.effect: Callable[[str, Callable[[], Any]], Any] = lambda _, work: work()

    def __call__(self, sql: str, work: Callable[[], Any]) -> Any:
        """Have the effect."""
        return self.effect(sql, work)

    def fail(self, part: str, error: Exception, *, after: bool = False) -> None:
        """Raise *error* at statements that contain *part*."""

        def effect(sql: str, work: Callable[[], Any]) -> Any:
            if part not in sql or (part == "COMMIT" and sql != part):
                return work()
            if after:
                work()
            raise error

        self.effect = effect

    def heal(self) -> None:
        """Have no effect any more."""
        self.effect = lambda _, work: work()


@pytest.fixture
def make(database: str) -> Iterator[Callable[..., PostgreSQLStore]]:
    """Return a function that opens stores on one database."""
    with ExitStack() as stack:

        def build(**options: Any) -> PostgreSQLStore:
            store = PostgreSQLStore(database, **options)
            stack.callback(store.close)
            return store

        yield build


@pytest.fixture
def switch() -> Switch:
    """Return an intercept without an effect yet."""
    return Switch()


@pytest.fixture
def ledger(make: Callable[..., PostgreSQLStore], switch: Switch) -> bl.Ledger:
    """Return a small book, whose statements the switch may disturb."""
    ledger = bl.open_ledger(make(intercept=switch), actor="clerk", create=True)
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    ledger.post(rent("r0"))
    return ledger


# --- opening -------------------------------------------------------------------------


def test_a_url_opens_a_ledger(postgresql: str) -> None:
    """``open_ledger`` makes schema and book, closes what it opened, and finds both."""
    dsn = postgresql_server.new_database(template="template1")
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    url = (
        f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}"
        if "host" in parts
        else dsn
    )
    try:
        with pytest.raises(BookNotFound, match="schema"):
            bl.open_ledger(url, actor="clerk")
        with bl.open_ledger(url, actor="clerk", create=True) as ledger:
            ledger.open_account("assets:bank", type="asset")
        with bl.open_ledger(url, read_only=True) as ledger:
            assert list(ledger.accounts.all()) == ["assets:bank"]
    finally:
        postgresql_server.drop_database(dsn)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"dsn": ""}, "dsn"),
        ({"dsn": 5}, "dsn"),
        ({"pool_size": 0}, "pool_size"),
        ({"pool_size": True}, "pool_size"),
        ({"intercept": "x"}, "intercept"),
        ({"busy_seconds": -1}, "busy_seconds"),
        ({"create": 1}, "create"),
    ],
)
def test_options_are_checked(options: dict[str, Any], field: str) -> None:
    """Each wrong option is named before anything is connected to."""
    with pytest.raises(InvalidOption) as caught:
        PostgreSQLStore(**({"dsn": "host=/nowhere"} | options))
    assert caught.value.field == field


def test_without_a_server_the_failure_is_clear() -> None:
    """No server is a failure of the storage, and nothing else."""
    with pytest.raises(StorageFailure) as caught:
        PostgreSQLStore("host=/nowhere/at/all dbname=none user=none")
    assert caught.value.field == "where"


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match="postgres"):
        PostgreSQLStore("host=/nowhere")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("server_encoding", "SQL_ASCII"),
        ("server_version_num", "130011"),
        ("synchronous_commit", "off"),
    ],
)
def test_a_server_that_forgets_is_refused(
    name: str, value: str, make: Callable[..., PostgreSQLStore], switch: Switch
) -> None:
    """What would lose acknowledged commits, or is too old, is not written to."""

    def effect(sql: str, work: Callable[[], Any]) -> Any:
        rows = work()
        if "pg_settings" in sql:
            return [*((n, v) for n, v in rows if n != name), (name, value)]
        return rows

    switch.effect = effect
    with pytest.raises(UnsafeSettings) as caught:
        make(intercept=switch)
    assert value in str(caught.value)


def test_commits_may_be_asked_to_be_asynchronous(
    make: Callable[..., PostgreSQLStore],
) -> None:
    """Only the explicit option allows it."""
    store = make(synchronous_commit=False)
    assert store.books() == ()


@pytest.mark.parametrize(("version", "error"), [(4, NewerFormat), (2, OlderFormat)])
def test_other_formats_are_refused(
    version: int, error: type[Exception], database: str
) -> None:
    """A book of another format is not touched."""
    postgresql_server.execute(
        database, f"UPDATE backoffice_ledger.bl_format SET version = {version}"
    )
    with pytest.raises(error):
        PostgreSQLStore(database)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("ALTER TABLE bl_record DISABLE TRIGGER bl_never_record", "bl_never_record"),
        ("DROP TRIGGER bl_late_posting ON bl_posting", "bl_late_posting"),
        (
            "CREATE OR REPLACE FUNCTION bl_append_only() RETURNS trigger LANGUAGE"
            " plpgsql AS 'BEGIN RETURN NULL; END'",
            "bl_append_only",
        ),
    ],
)
def test_a_schema_without_its_guards_is_noticed(
    damage: str, what: str, ledger: bl.Ledger, database: str
) -> None:
    """By verification and by the next opening."""
    postgresql_server.execute(database, "SET search_path = backoffice_ledger", damage)
    with pytest.raises(VerificationFailed, match=what):
        ledger.verify()
    with pytest.raises(Corrupt, match=what):
        PostgreSQLStore(database)


def test_two_processes_may_create_at_once(postgresql: str) -> None:
    """Both find one schema and one book with one beginning."""
    dsn = postgresql_server.new_database(template="template1")
    opened: list[bl.Ledger] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            store = PostgreSQLStore(dsn, create=True)
            opened.append(bl.open_ledger(store, actor="clerk", create=True))
            store.close()
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert [str(error) for error in failed] == []
        with (
            PostgreSQLStoreContext(dsn) as store,
            store.transaction("main", write=False) as transaction,
        ):
            assert transaction.size() == 2
    finally:
        postgresql_server.drop_database(dsn)


def test_creation_that_fails_leaves_nothing(postgresql: str, switch: Switch) -> None:
    """The schema is made in one transaction."""
    dsn = postgresql_server.new_database(template="template1")
    try:
        switch.fail("CREATE TABLE bl_listener", pg.DiskFull("no space"))
        with pytest.raises(StoreError):
            PostgreSQLStore(dsn, create=True, intercept=switch)
        switch.fail("CREATE TABLE bl_listener", pg.SyntaxError("nonsense"))
        with pytest.raises(StoreError):
            PostgreSQLStore(dsn, create=True, intercept=switch)
        with pytest.raises(BookNotFound):
            PostgreSQLStore(dsn)
    finally:
        postgresql_server.drop_database(dsn)


# --- using ---------------------------------------------------------------------------


def test_books_are_named_once(ledger: bl.Ledger, database: str) -> None:
    """A second book of a name, and one that is not there, are refused."""
    with PostgreSQLStoreContext(database) as store:
        with pytest.raises(BookExists):
            store.create_book("main")
        with (
            pytest.raises(BookNotFound),
            store.transaction("other", write=False),
        ):
            pass


class PostgreSQLStoreContext:
    """Closes a store at the end."""

    def __init__(self, dsn: str, **options: Any) -> None:
        self._store = PostgreSQLStore(dsn, **options)

    def __enter__(self) -> PostgreSQLStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def test_a_reading_store_does_not_write(ledger: bl.Ledger, database: str) -> None:
    """Neither through the library, nor past it."""
    with PostgreSQLStoreContext(database, read_only=True) as store:
        assert store.read_only
        with pytest.raises(ReadOnlyBook), store.transaction("main", write=True):
            pass
        with (
            store.transaction("main", write=False) as transaction,
            pytest.raises(ReadOnlyBook),
        ):
            transaction.move_listener("x", 1)
        reader = bl.open_ledger(store, read_only=True)
        assert reader.balance("expenses:rent")["EUR"].minor_units == 1_000
        reader.verify()


def test_a_reading_transaction_sees_one_moment(
    ledger: bl.Ledger, database: str
) -> None:
    """What others commit meanwhile does not show, until the next one."""
    with PostgreSQLStoreContext(database) as store:
        reader = bl.open_ledger(store, actor="clerk")
        with store.transaction("main", write=False):
            before = reader.balance("expenses:rent")
            ledger.post(rent("r1"))
            assert reader.balance("expenses:rent") == before
        assert reader.balance("expenses:rent")["EUR"].minor_units == 2_000


def test_what_others_change_is_seen(ledger: bl.Ledger, database: str) -> None:
    """Accounts, journals and periods that another store brings count at once."""
    with PostgreSQLStoreContext(database) as store:
        other = bl.open_ledger(store, actor="clerk")
        other.accounts.all()
        ledger.open_account("assets:till", type="asset")
        assert "assets:till" in other.accounts.all()
        ledger.periods.close("2026-03")
        with pytest.raises(bl.errors.PeriodNotOpen):
            other.post(rent("r1"))


def test_transactions_nest(ledger: bl.Ledger, database: str) -> None:
    """The outermost one commits or rolls back all of them; reading ones stay so."""
    with PostgreSQLStoreContext(database) as store:
        inner = bl.open_ledger(store, actor="clerk")
        assert not store.in_transaction
        with store.transaction("main", write=True) as transaction:
            assert store.in_transaction
            assert transaction.size() == ledger.record("r0").position
            record = inner.post(rent("r1"))
            assert record.position == 0
            with pytest.raises(UnknownAccount):
                inner.post(
                    bl.Entry(
                        "x",
                        DAY,
                        [bl.debit("assets:x", "1 EUR"), bl.credit("assets:y", "1 EUR")],
                    )
                )
            assert inner.record("r1").position == 0
            assert inner.record("r1").is_provisional
            with pytest.raises(StoreError, match="after the transaction"):
                store.close()
        assert ledger.record("r1").position == record.position + 7
        with (
            store.transaction("main", write=False),
            pytest.raises(StoreError, match="cannot become"),
        ):
            inner.post(rent("r2"))


def test_a_swallowed_error_dooms_the_transaction(
    ledger: bl.Ledger, database: str
) -> None:
    """After a write nobody can go on as if nothing had happened."""
    with PostgreSQLStoreContext(database) as store:
        inner = bl.open_ledger(store, actor="clerk")

        def swallow() -> None:
            with store.transaction("main", write=True):
                try:
                    with store.transaction("main", write=True):
                        inner.post(rent("r1"))
                        raise ValueError
                except ValueError:
                    pass

        with pytest.raises(StorageFailure, match="swallowed"):
            swallow()
        assert "r1" not in [r.id for r in ledger.records()]


def test_the_pool_is_bounded(make: Callable[..., PostgreSQLStore]) -> None:
    """Who gets no connection in time is told so; afterwards there are some again."""
    store = make(pool_size=1, busy_seconds=0.2)
    caught: list[BaseException] = []

    def work() -> None:
        try:
            store.books()
        except StoreError as error:
            caught.append(error)

    bl.open_ledger(store, actor="clerk", create=True)
    with store.transaction("main", write=False):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert [type(error) for error in caught] == [Busy]
    assert store.books() == ("main",)


def test_closing_waits_for_others(make: Callable[..., PostgreSQLStore]) -> None:
    """A transaction of another thread ends as it would; then nothing goes any more."""
    store = make()
    bl.open_ledger(store, actor="clerk", create=True)
    begun, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def work() -> None:
        with store.transaction("main", write=False) as transaction:
            begun.set()
            go_on.wait(10)
            sizes.append(transaction.size())

    reader = threading.Thread(target=work)
    reader.start()
    begun.wait(10)
    closing = threading.Thread(target=store.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive()
    go_on.set()
    closing.join()
    reader.join()
    assert sizes == [2]
    with pytest.raises(LedgerClosed):
        store.books()


def test_a_child_process_is_refused(make: Callable[..., PostgreSQLStore]) -> None:
    """A fork has the parent's connections, and must not touch them."""
    store = make()
    bl.open_ledger(store, actor="clerk", create=True)

    def try_all() -> None:
        with pytest.raises(ForkedLedger):
            store.books()
        store.close()

    with store.transaction("main", write=False):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with pytest.raises(ForkedLedger):
                    store.books()
                store.close()
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    child = os.fork()
    if child == 0:
        status = 1
        try:
            try_all()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.books() == ("main",)


def test_a_backup_is_for_the_servers_tools(ledger: bl.Ledger) -> None:
    """The error names the tool."""
    with pytest.raises(InvalidOption, match="pg_dump"):
        ledger.backup("copy.sql")


# --- failing -------------------------------------------------------------------------


def test_a_lost_connection_before_the_commit_wrote_nothing(
    ledger: bl.Ledger, database: str, switch: Switch
) -> None:
    """The posting fails; the next one finds a new connection."""

    def kill(sql: str, work: Callable[[], Any]) -> Any:
        if "bl_record" in sql and sql.startswith("INSERT"):
            postgresql_server.execute(
                database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                " current_database() AND pid <> pg_backend_pid()",
            )
        return work()

    switch.effect = kill
    with pytest.raises(StorageFailure):
        ledger.post(rent("r1"))
    switch.heal()
    assert ledger.post(rent("r1")).position == ledger.record("r0").position + 1


def test_idle_connections_that_were_dropped_are_replaced(
    ledger: bl.Ledger, database: str
) -> None:
    """After a restart of the server nobody notices anything."""
    postgresql_server.execute(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
        " current_database() AND pid <> pg_backend_pid()",
    )
    assert ledger.balance("expenses:rent")["EUR"].minor_units == 1_000


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_connection_lost_at_the_commit_leaves_it_open(
    is_committed: bool, ledger: bl.Ledger, switch: Switch
) -> None:
    """The outcome is unknown; the same id tells, and posts at most once."""
    switch.fail("COMMIT", psycopg.OperationalError("lost"), after=is_committed)
    with pytest.raises(OutcomeUnknown):
        ledger.post(rent("r1"))
    switch.heal()
    ledger.post(rent("r1"))
    assert ledger.balance("expenses:rent")["EUR"].minor_units == 2_000
    ledger.verify()


def test_a_commit_that_the_server_refuses_wrote_nothing(
    ledger: bl.Ledger, switch: Switch
) -> None:
    """A conflict at the commit is contention, tried again and told in the end."""
    switch.fail("COMMIT", pg.SerializationFailure("conflict"))
    with pytest.raises(Contention):
        ledger.post(rent("r1"))
    switch.heal()
    assert "r1" not in [record.id for record in ledger.records()]


def test_an_error_that_was_swallowed_below_is_no_commit(
    make: Callable[..., PostgreSQLStore],
) -> None:
    """PostgreSQL would answer COMMIT with a rollback, without an error."""
    store = make()
    bl.open_ledger(store, actor="clerk", create=True)
    with pytest.raises(StorageFailure, match="rolled"):  # noqa: SIM117
        with store.transaction("main", write=True) as transaction:
            with suppress(StoreError):
                transaction._driver.execute("SELECT 1 / 0")


def test_a_rollback_that_fails_drops_the_connection(
    ledger: bl.Ledger, switch: Switch
) -> None:
    """The server rolls back what the connection leaves behind."""

    def effect(sql: str, work: Callable[[], Any]) -> Any:
        if sql.startswith(("ROLLBACK", "INSERT INTO backoffice_ledger.bl_record")):
            raise pg.SyntaxError("no")
        return work()

    switch.effect = effect
    with pytest.raises(StoreError):
        ledger.post(rent("r1"))
    switch.heal()
    assert ledger.post(rent("r1")).position


def test_a_lock_that_is_not_given_is_busy(ledger: bl.Ledger, database: str) -> None:
    """Who waits too long is told so and wrote nothing."""
    with PostgreSQLStoreContext(database, busy_seconds=0.2) as store:
        impatient = bl.open_ledger(store, actor="clerk")
        with psycopg.connect(database) as other:
            other.execute("SELECT * FROM backoffice_ledger.bl_enter(1, true)")
            with pytest.raises(Busy):
                impatient.post(rent("r1"))
        assert impatient.post(rent("r1")).position


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (pg.SerializationFailure(), Contention),
        (pg.DeadlockDetected(), Contention),
        (pg.UniqueViolation(), Contention),
        (pg.LockNotAvailable(), Busy),
        (pg.QueryCanceled(), Busy),
        (pg.TooManyConnections(), Busy),
        (pg.ReadOnlySqlTransaction(), ReadOnlyBook),
        (pg.InsufficientPrivilege(), ReadOnlyBook),
        (pg.DataCorrupted(), Corrupt),
        (pg.DiskFull(), StorageFailure),
        (pg.AdminShutdown(), StorageFailure),
        (pg.CheckViolation(), StoreError),
        (psycopg.DataError(), StoreError),
    ],
)
def test_errors_are_translated(error: Exception, expected: type[StoreError]) -> None:
    """Each class of errors of the server means one thing to the caller."""
    assert type(translated(error)) is expected
    assert type(translated(error, is_lost=True)) in (expected, StorageFailure)


# --- sealing -------------------------------------------------------------------------


def test_sealing_that_fails_is_made_up_for(
    ledger: bl.Ledger, switch: Switch, database: str
) -> None:
    """The posting stands without a position; the next reader gives it one."""
    switch.fail("bl_seal", psycopg.OperationalError("lost"))
    record = ledger.post(rent("r1"))
    assert record.is_provisional
    assert ledger.balance("expenses:rent")["EUR"].minor_units == 2_000
    with PostgreSQLStoreContext(database, read_only=True) as store:
        reader = bl.open_ledger(store, read_only=True)
        assert reader.record("r1").is_provisional
        known = reader.view(known_at=ledger.record("r0").position)
        assert known.balance("expenses:rent")["EUR"].minor_units == 1_000
        assert "r1" not in [r.id for r in reader.records()]
        assert reader.verify().entries == 2
    switch.heal()
    assert ledger.record("r1").position == ledger.record("r0").position + 1
    ledger.verify()


def test_what_is_not_sealed_can_be_verified(
    ledger: bl.Ledger, switch: Switch, database: str
) -> None:
    """Erasures, facts and numbers of records without positions are as they will be."""
    switch.fail("bl_seal", pg.SyntaxError("no"))
    ledger.post(rent("r1"))
    ledger.redact("r1", field="description", basis="GDPR Art. 17(1)(a)")
    ledger.reverse("r0", date=DAY, reason="twice")
    with PostgreSQLStoreContext(database, read_only=True) as store:
        provisional = bl.open_ledger(store, read_only=True).verify()
    switch.heal()
    assert ledger.record("r1").redacted == ("description",)
    assert ledger.verify() == provisional


def test_proposals_get_their_position(ledger: bl.Ledger, switch: Switch) -> None:
    """At once, or with the next look where the store could not be asked again."""
    assert ledger.proposals.propose(rent("p1")).position
    seen = []

    def effect(sql: str, work: Callable[[], Any]) -> Any:
        seen.append(sql)
        if "bl_seal" in sql or (seen and "REPEATABLE READ" in sql):
            raise pg.DiskFull("no")
        return work()

    switch.effect = effect
    assert ledger.proposals.propose(rent("p2")).position == 0
    switch.heal()
    assert ledger.proposals.get("p2").position


def test_many_rows_are_copied(ledger: bl.Ledger) -> None:
    """Bulk posting goes another way and comes to the same."""
    entries = [rent(f"b{number}") for number in range(150)]
    summary = ledger.post_many(entries, batch_size=150)
    assert summary.posted == 150
    assert ledger.record("b149").journal_number == 151
    ledger.verify()


def test_plans_hold_for_any_size(ledger: bl.Ledger, database: str) -> None:
    """Statistics of an almost empty table must not make a bulk load quadratic.

    The plans that the functions keep read by index, whatever ANALYZE has seen.
    """
    postgresql_server.execute(database, "ANALYZE")
    ledger.post_many([rent(f"b{number}") for number in range(300)], batch_size=300)
    rows = postgresql_server.execute(
        database,
        "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE schemaname ="
        " 'backoffice_ledger' AND relname IN ('bl_posting', 'bl_record')",
    )
    assert dict(rows).keys() == {"bl_posting", "bl_record"}
    kept = postgresql_server.execute(
        database,
        "SELECT proname FROM pg_proc WHERE proname LIKE 'bl\\_%' AND NOT"
        " ('enable_seqscan=off' = ANY (coalesce(proconfig, '{}')))",
    )
    assert kept == [("bl_append_only",)]


def test_a_child_is_told_apart_by_its_number(
    make: Callable[..., PostgreSQLStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Using the store fails, inside a transaction too; closing only marks it."""
    store = make()
    bl.open_ledger(store, actor="clerk", create=True)
    parent = os.getpid()
    with store.transaction("main", write=False):
        monkeypatch.setattr(os, "getpid", lambda: parent + 1)
        with pytest.raises(ForkedLedger):
            store.books()
        monkeypatch.undo()
    other = make()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    with pytest.raises(ForkedLedger):
        store.books()
    other.close()
    with pytest.raises(LedgerClosed):
        other.books()
    monkeypatch.undo()
    other._lanes._is_closed = False  # what the parent still has
    assert other.books() == ("main",)


def test_all_idle_connections_are_dropped_together(
    ledger: bl.Ledger, database: str
) -> None:
    """What one of them has lost, the others have lost too."""
    store = ledger._session.store
    both = threading.Barrier(2)

    def read() -> None:
        with store.transaction("main", write=False):
            both.wait(10)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    postgresql_server.execute(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
        " current_database() AND pid <> pg_backend_pid()",
    )
    assert ledger.post(rent("r1")).position


def test_a_failed_connection_is_not_used_again(
    make: Callable[..., PostgreSQLStore],
) -> None:
    """Whoever swallowed the failure gets it again, and cannot commit."""
    store = make()
    bl.open_ledger(store, actor="clerk", create=True)

    def work() -> None:
        with store.transaction("main", write=True) as transaction:
            with suppress(StorageFailure):
                transaction._driver.execute(
                    "SELECT pg_terminate_backend(pg_backend_pid())"
                )
            with pytest.raises(StorageFailure, match="failed before"):
                transaction._driver.execute("SELECT 1")

    with pytest.raises(StorageFailure, match="rolled"):
        work()


def test_trying_takes_no_locks(ledger: bl.Ledger, database: str) -> None:
    """A dry run goes on while somebody has the book for himself."""
    with psycopg.connect(database) as other:
        other.execute("SELECT * FROM backoffice_ledger.bl_enter(1, true)")
        assert ledger.post(rent("r1"), dry_run=True).entry.id == "r1"


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        ("DELETE FROM bl_record WHERE id = 'r0'", "without a record"),
        ("DELETE FROM bl_record WHERE id = 'assets:bank'", "no record"),
        ("DELETE FROM bl_log_position WHERE position = 6", "none is due"),
        ("DELETE FROM bl_log_position WHERE position = 3", "no record"),
        ("UPDATE bl_posting SET amount = amount + 1", "differ|leaf"),
        ("UPDATE bl_posting SET memorandum = 1", "memorandum"),
        ("UPDATE bl_record SET content = '{' WHERE type = 4", "cannot be read"),
        ("UPDATE bl_record SET actor = 'eve'", "leaf"),
        ("UPDATE bl_record SET reference_list = '[ ]' WHERE type = 0", "another row"),
        ("UPDATE bl_log_position SET number = 7 WHERE number = 1", "number 7"),
        ("UPDATE bl_opening SET value = 'Home'", "leaf"),
        ("DELETE FROM bl_opening", "leaf"),
        ("UPDATE bl_current SET debit = debit + 1", "balance of"),
        ("UPDATE bl_current SET version = 7", "balance of"),
        ("UPDATE bl_period_total SET credit = 0", "total of"),
        ("DELETE FROM bl_fact WHERE key = 'assets:bank'", "assets:bank"),
        (
            "UPDATE bl_fact SET number = number + 100 WHERE kind = 'account'",
            "unknown|cannot be read",
        ),
        ("UPDATE bl_book SET name = 'other'", "not that of book"),
        ("INSERT INTO bl_pending VALUES (1, 'x', 0, 1, 1, 0, 5, NULL)", "hold"),
        ("INSERT INTO bl_fact VALUES (9, 'account', 'x', 1, 5)", "does not exist"),
        (
            "INSERT INTO bl_document_index VALUES (1, 'deal', 'state', 'open', 'x')",
            "document index deal state open x",
        ),
        (
            "INSERT INTO bl_document_index VALUES (9, 'deal', 'state', 'open', 'x')",
            "does not exist",
        ),
        (
            "UPDATE bl_log_position l SET ordinal = r.ordinal FROM bl_log_position r"
            " WHERE l.position + r.position = 11 AND r.position IN (5, 6)",
            "another row",
        ),
    ],
)
def test_what_was_tampered_with_is_noticed(
    damage: str, text: str, ledger: bl.Ledger, database: str
) -> None:
    """An administrator can switch the guards off; verification names what changed."""
    ledger.verify()
    store = ledger._session.store
    postgresql_server.execute(
        database,
        "SET search_path = backoffice_ledger",
        "SET session_replication_role = replica",
        "ALTER TABLE bl_log_position"
        " DROP CONSTRAINT bl_log_position_book_id_ordinal_key",
        damage,
    )
    name = "other" if "bl_book" in damage else "main"
    with pytest.raises(VerificationFailed) as caught:
        bl.open_ledger(store, book=name, read_only=True).verify()
    assert re.search(text, "\n".join(map(str, caught.value.problems)))


def test_sealing_reads_what_is_new_and_nothing_else(
    ledger: bl.Ledger, switch: Switch, database: str
) -> None:
    """However long the log is, and even with a plan made while it was short."""
    seal = "SELECT * FROM backoffice_ledger.bl_seal(1, '{}')"
    fetched = (
        "SELECT coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0)"
        " FROM pg_stat_xact_user_tables WHERE relname = 'bl_record'"
    )
    with psycopg.connect(database) as connection:
        for _ in range(8):  # the plans are kept
            connection.execute(seal)
            connection.commit()
        ledger.post_many(rent(f"many-{number}") for number in range(500))
        switch.fail("bl_seal", psycopg.OperationalError("lost"))
        ledger.post(rent("last"))
        connection.execute(seal)
        [(count,)] = connection.execute(fetched).fetchall()
    assert 1 <= count <= 10


def test_documents_are_held_in_a_transaction_that_only_reads(database: str) -> None:
    """Without locks, which such a transaction may not take."""
    with closing(PostgreSQLStore(database)) as store:
        ledger = bl.open_ledger(store, actor="clerk", create=True)
        ledger.documents.store(bl.Document("note", "n", {}))
        with store.transaction("main", write=False) as transaction:
            transaction.hold([("document", "note/n")])
            assert transaction.state.fact("document", "note/n") is not None
