"""What is particular about hosts on PostgreSQL: positions, isolation, rights."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import postgresql_server
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

import backoffice_ledger as bl
from backoffice_ledger import aio, errors
from backoffice_ledger._stores.host_adapters import host_of
from backoffice_ledger._stores.host_databases import database_of
from backoffice_ledger.stores import PostgreSQLStore


@pytest.fixture
def connect(dsn: str) -> Iterator[Callable[..., psycopg.Connection[Any]]]:
    """Return a function that connects to the database."""
    opened: list[psycopg.Connection[Any]] = []

    def start(**options: Any) -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(dsn, **options))
        return opened[-1]

    yield start
    for connection in opened:
        connection.close()


def test_positions_come_after_the_commit(connect: Any, pay: Any) -> None:
    """A record is provisional until a look or a delivery outside gives it its place."""
    connection = connect()
    ledger = bl.open_ledger(connection, actor="app")
    record = ledger.post(pay(1))
    assert (record.position, record.journal_number) == (0, None)
    assert ledger.record("payment-1").position == 0
    connection.commit()
    assert ledger.record("payment-1").position == 6
    assert ledger.record("payment-1").journal_number == 1
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    ledger.post(pay(2))
    connection.commit()
    assert ledger.deliver() == 0
    reader = bl.open_ledger(connection, read_only=True)
    assert reader.record("payment-2").journal_number == 2
    reader.verify()


def test_a_reader_gives_no_positions(connect: Any, pay: Any) -> None:
    """It writes nothing at all; what has no position yet counts all the same."""
    connection = connect()
    bl.open_ledger(connection, actor="app").post(pay(1))
    connection.commit()
    reader = bl.open_ledger(connection, read_only=True)
    assert reader.record("payment-1").position == 0
    assert reader.balance("expenses:rent")["EUR"] == bl.Amount("10.00", "EUR")


def test_posters_do_not_wait(connect: Any, pay: Any) -> None:
    """Two transactions of applications are open at a time, on different accounts."""
    first, second = connect(), connect()
    one = bl.open_ledger(first, actor="app")
    for path in ("expenses:a", "expenses:b", "assets:c", "assets:d"):
        one.open_account(path, type=path.partition(":")[0].rstrip("s") or "asset")
    first.commit()
    entries = [
        bl.Entry(
            name, pay(1).date, [bl.debit(left, "1 EUR"), bl.credit(right, "1 EUR")]
        )
        for name, left, right in (
            ("warm-up", "expenses:a", "assets:c"),
            ("x", "expenses:a", "assets:c"),
            ("y", "expenses:b", "assets:d"),
        )
    ]
    one.post(entries[0])
    first.commit()
    one.post(entries[1])
    bl.open_ledger(second, actor="app").post(entries[2])
    second.commit()
    first.commit()
    assert one.verify().entries == 3


@pytest.mark.parametrize("level", ["REPEATABLE_READ", "SERIALIZABLE"])
def test_a_stricter_isolation(connect: Any, pay: Any, level: str) -> None:
    """After waiting for a lock it would see the state of before: refused."""
    connection = connect()
    connection.isolation_level = psycopg.IsolationLevel[level]
    ledger = bl.open_ledger(connection, actor="app")
    connection.execute("SELECT 1")
    assert not ledger.balance("assets:bank")
    with pytest.raises(errors.UnsafeSettings) as caught:
        ledger.post(pay(1))
    assert caught.value.field == "transaction_isolation"
    connection.execute("SELECT 1")  # the host may go on


@pytest.mark.parametrize("level", ["REPEATABLE_READ", "SERIALIZABLE"])
def test_a_stricter_isolation_that_begins_with_us(
    connect: Any, pay: Any, level: str
) -> None:
    """An idle connection begins as strictly as its host said: refused as well.

    It would post into a period that is closed while it waits for the lock.
    """
    connection = connect()
    connection.isolation_level = psycopg.IsolationLevel[level]
    ledger = bl.open_ledger(connection, actor="app")
    connection.rollback()
    with pytest.raises(errors.UnsafeSettings) as caught:
        ledger.post(pay(1))
    assert caught.value.field == "transaction_isolation"
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_autocommit(connect: Any, dsn: str, pay: Any) -> None:
    """Each statement would be a transaction of its own."""
    connection = connect(autocommit=True)
    ledger = bl.open_ledger(connection, actor="app")
    with pytest.raises(errors.TransactionRequired):
        ledger.post(pay(1))
    with connection.transaction():
        ledger.post(pay(1))
    assert ledger.record("payment-1").journal_number == 1
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(dsn),
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as other, pytest.raises(errors.TransactionRequired):
        bl.open_ledger(other, actor="app").post(pay(2))
    engine.dispose()


def test_a_refusal_on_an_idle_connection(connect: Any, pay: Any) -> None:
    """What was begun only for the command ends with it."""
    connection = connect()
    ledger = bl.open_ledger(connection, actor="app")
    with pytest.raises(errors.UnknownAccount):
        ledger.post(pay(1, "expenses:nowhere"))
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_transaction_that_has_failed(connect: Any, pay: Any) -> None:
    """PostgreSQL takes nothing more in it, and neither do we."""
    connection = connect()
    ledger = bl.open_ledger(connection, actor="app")
    with pytest.raises(psycopg.Error):
        connection.execute("SELECT 1 / 0")
    with pytest.raises(errors.StoreError):
        ledger.post(pay(1))
    connection.rollback()
    ledger.post(pay(1))


def test_installing_in_the_transaction(postgresql: str) -> None:
    """The schema shares the fate of what made it; the search path stays the host's."""
    dsn = postgresql_server.new_database(template="template0")
    with psycopg.connect(dsn) as connection:
        connection.execute("SET search_path = public, pg_catalog")
        connection.commit()
        with pytest.raises(errors.BookNotFound):
            bl.open_ledger(connection, actor="app")
        ledger = bl.open_ledger(connection, actor="app", create=True)
        ledger.open_account("assets:bank", type="asset")
        [(path,)] = connection.execute("SHOW search_path").fetchall()
        assert path == "public, pg_catalog"
        connection.rollback()
        with pytest.raises(errors.BookNotFound):
            ledger.balance("assets:bank")
        bl.open_ledger(connection, actor="app", create=True)
        connection.commit()
        bl.open_ledger(connection, read_only=True).verify()
    postgresql_server.drop_database(dsn)


def test_the_second_to_install(connect: Any) -> None:
    """Whoever waited for the lock finds what the other one has made."""
    connection = connect()
    host = host_of(connection)
    assert host is not None
    database = database_of(host)
    database.install(database.driver(host))
    bl.open_ledger(connection, read_only=True).verify()


def test_a_schema_that_was_changed(connect: Any) -> None:
    """It is refused, and not repaired."""
    connection = connect(autocommit=True)
    connection.execute("ALTER TABLE backoffice_ledger.bl_record DISABLE TRIGGER ALL")
    with pytest.raises(errors.Corrupt):
        bl.open_ledger(connection, actor="app")


def test_many_at_once(connect: Any, pay: Any) -> None:
    """Bulk posting inside the host's transaction, rolled back as a whole."""
    connection = connect()
    ledger = bl.open_ledger(connection, actor="app")
    assert ledger.post_many(pay(number) for number in range(300)).posted == 300
    connection.rollback()
    assert not ledger.balance("assets:bank")
    assert ledger.post_many(pay(number) for number in range(300)).posted == 300
    connection.commit()
    ledger.verify()


def test_what_is_no_connection(dsn: str) -> None:
    """An asynchronous connection, and other things of psycopg."""

    async def opened() -> Any:
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            with pytest.raises(errors.InvalidOption) as caught:
                bl.open_ledger(connection, actor="app")
        return caught.value.field

    assert asyncio.run(opened()) == "where"


def test_an_asynchronous_session(dsn: str, outside: Any, pay: Any) -> None:
    """Through run_sync, as on SQLite."""
    given = psycopg.conninfo.conninfo_to_dict(dsn)
    url = sa.URL.create(
        "postgresql+psycopg",
        username=given["user"],
        database=given["dbname"],
        query={"host": given["host"]},
    )

    async def main() -> None:
        engine = create_async_engine(url)
        async with AsyncSession(engine) as session:
            for number, end in ((1, session.rollback), (2, session.commit)):
                await session.run_sync(
                    lambda s, n=number: bl.open_ledger(s, actor="app").post(pay(n))
                )
                await end()
        await engine.dispose()

    asyncio.run(main())
    assert postgresql_server.execute(
        dsn, "SELECT id FROM backoffice_ledger.bl_record WHERE type = 0"
    ) == [("payment-2",)]


def test_the_asynchronous_ledger(dsn: str, pay: Any) -> None:
    """Several commands at a time."""

    async def main() -> None:
        store = PostgreSQLStore(dsn)
        async with aio.open_ledger(store, actor="app") as ledger:
            await asyncio.gather(*(ledger.post(pay(n)) for n in range(12)))
            assert (await ledger.verify()).entries == 12
        store.close()

    asyncio.run(main())


@pytest.mark.parametrize("ending", ["rollback", "commit"])
@pytest.mark.parametrize("goes_on", [False, True])
@pytest.mark.parametrize("is_begun", [False, True])
def test_a_transaction_that_the_host_ends_in_the_middle(
    ending: str, goes_on: bool, is_begun: bool, connect: Any, pay: Any
) -> None:
    """The rest is not written; it would name rows that were rolled back."""
    connection = connect()
    ledger = bl.open_ledger(connection, actor="app")
    connection.rollback()
    if is_begun:
        connection.execute("SELECT 1")

    def source() -> Iterator[bl.Entry]:
        yield pay(1)
        getattr(connection, ending)()
        if goes_on:
            connection.execute("SELECT 1")
        yield pay(2)

    with pytest.raises(errors.StorageFailure):
        ledger.post_many(source(), batch_size=1, atomic=True)
    with suppress(psycopg.Error):
        connection.commit()
    connection.rollback()
    found = [record.id for record in ledger.records() if record.type == "entry"]
    assert found == (["payment-1"] if ending == "commit" else [])
    ledger.verify()
