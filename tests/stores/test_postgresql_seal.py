"""What the PostgreSQL database itself refuses, and whom it lets do what."""

from collections.abc import Iterator
from datetime import date

import postgresql_server
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption, ReadOnlyBook
from backoffice_ledger.stores import PostgreSQLStore, postgresql_roles

DAY = date(2026, 3, 5)
LOG = ("bl_record", "bl_posting", "bl_dimension", "bl_redaction", "bl_log_position")
ROLES = {
    "owner": "bl_test_owner",
    "application": "bl_test_app",
    "auditor": "bl_test_aud",
}


@pytest.fixture
def book(database: str) -> str:
    """Return the DSN of a database with a small book, and roles that log in."""
    store = PostgreSQLStore(database)
    ledger = bl.open_ledger(store, actor="clerk", create=True)
    ledger.declare_dimension("cost_centre")
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    ledger.post(
        bl.Entry(
            "r1",
            DAY,
            [
                bl.debit(
                    "expenses:rent", "10.00 EUR", dimensions={"cost_centre": "B7"}
                ),
                bl.credit("assets:bank", "10.00 EUR"),
            ],
            description="Office",
        )
    )
    store.close()
    return database


@pytest.fixture
def application(book: str) -> Iterator[str]:
    """Return the DSN of somebody who logs in as the application."""
    roles = [*ROLES.values(), "bl_test_login", "bl_test_reader"]
    postgresql_server.execute(
        book,
        postgresql_roles(**ROLES),
        f"CREATE ROLE bl_test_login LOGIN IN ROLE {ROLES['application']}",
        f"CREATE ROLE bl_test_reader LOGIN IN ROLE {ROLES['auditor']}",
    )
    yield make_conninfo(book, user="bl_test_login")
    for role in roles:
        postgresql_server.execute(
            book, f"DROP OWNED BY {role} CASCADE", f"DROP ROLE {role}"
        )


def refused(dsn: str, *statements: str) -> str:
    """Run statements in one transaction; return why they are refused."""
    with (
        psycopg.connect(dsn) as connection,
        pytest.raises(psycopg.Error) as caught,
    ):
        connection.execute("SET search_path = backoffice_ledger")
        for statement in statements:
            connection.execute(statement)
    return str(caught.value)


def record(ordinal: int, *, type_: int = 0, day: int = 20260305) -> str:
    """Return the insertion of a record."""
    return (
        "INSERT INTO bl_record (book_id, ordinal, type, id, actor, recorded_at, leaf,"
        f" content, date, journal_no, kind, phase) SELECT 1, {ordinal}, {type_},"
        f" 'x{ordinal}', 'eve', 1, decode(repeat('00', 32), 'hex'),"
        + (
            f" NULL, {day}, 1, 'normal', 0"
            if type_ == 0
            else " '{}', NULL, NULL, NULL, NULL"
        )
    )


def posting(
    ordinal: int, line: int, side: int, amount: int, *, unit: int = 1, memo: int = 0
) -> str:
    """Return the insertion of a posting."""
    return (
        f"INSERT INTO bl_posting VALUES (1, {ordinal}, {line}, 1, {unit}, {side},"
        f" {memo}, 20260305, {amount}, NULL)"
    )


def test_the_control_is_taken(book: str) -> None:
    """A balanced entry of two lines is what the seal lets through."""
    with psycopg.connect(book) as connection:
        connection.execute("SET search_path = backoffice_ledger")
        for statement in (posting(5, 0, 0, 7), posting(5, 1, 1, 7), record(5)):
            connection.execute(statement)
        connection.rollback()


@pytest.mark.parametrize(
    "statements",
    [
        [posting(5, 0, 0, 7), posting(5, 1, 1, 8), record(5)],
        [posting(5, 0, 0, 7), record(5)],
        [record(5)],
        [posting(5, 0, 0, 7), posting(5, 1, 1, 7), record(5, day=20260306)],
        [posting(5, 0, 0, 7, unit=1), posting(5, 1, 1, 7, unit=2), record(5)],
        [posting(5, 0, 0, 7, memo=1), posting(5, 1, 1, 7), record(5)],
        [posting(5, 0, 0, 7), posting(5, 1, 1, 7), record(5, type_=7)],
    ],
    ids=["unbalanced", "one line", "no line", "date", "commodity", "memo", "document"],
)
def test_an_entry_that_is_none_is_refused(book: str, statements: list[str]) -> None:
    """Whoever writes it, owner and administrator too."""
    assert "not balanced" in refused(book, *statements)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        *((f"UPDATE {table} SET book_id = book_id", "append only") for table in LOG),
        *((f"DELETE FROM {table}", "append only") for table in LOG),
        *((f"TRUNCATE {table}", "append only") for table in LOG),
        (
            "INSERT INTO bl_record SELECT * FROM bl_record ON CONFLICT (book_id,"
            " ordinal) DO UPDATE SET actor = 'eve'",
            "append only",
        ),
        ("UPDATE bl_opening SET value = 'other'", "append only"),
        ("TRUNCATE bl_opening", "append only"),
        ("DELETE FROM bl_opening", "beside a redaction"),
        ("DELETE FROM bl_book", "append only"),
        (
            "INSERT INTO bl_posting SELECT book_id, ordinal, 9, account_no,"
            " commodity_no, side, memorandum, date, 0, NULL FROM bl_posting"
            " WHERE line = 0",
            "sealed",
        ),
        (
            "INSERT INTO bl_dimension SELECT book_id, ordinal, 9, dimension_no, value"
            " FROM bl_dimension",
            "sealed",
        ),
        ("INSERT INTO bl_log_position VALUES (1, 99, 5, NULL, NULL)", "next one"),
        ("INSERT INTO bl_log_position VALUES (2, 1, 5, NULL, NULL)", "no such record"),
        ("INSERT INTO bl_log_position VALUES (2, 0, 5, NULL, NULL)", "next one"),
    ],
)
def test_the_log_is_only_appended_to(statement: str, reason: str, book: str) -> None:
    """No statement changes what is there, nor adds where it does not belong."""
    assert reason in refused(book, statement)


def test_the_application_can_work(application: str) -> None:
    """The library does all that it does with the rights of the application."""
    store = PostgreSQLStore(application)
    with bl.open_ledger(store, actor="clerk") as ledger:
        ledger.open_account("assets:till", type="asset")
        ledger.post(
            bl.Entry(
                "r2",
                DAY,
                [
                    bl.debit("assets:till", "1.00 EUR"),
                    bl.credit("assets:bank", "1.00 EUR"),
                ],
            )
        )
        ledger.holds.reserve(
            bl.Hold(
                "h",
                [
                    bl.debit("assets:till", "1.00 EUR"),
                    bl.credit("assets:bank", "1.00 EUR"),
                ],
            )
        )
        ledger.holds.capture("h", date=DAY)
        ledger.redact("r1", field="description", basis="GDPR Art. 17(1)(a)")
        ledger.periods.close("2026-03")
        assert ledger.verify().redacted == 1
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        *(f"UPDATE {table} SET book_id = book_id" for table in LOG),
        *(f"DELETE FROM {table}" for table in LOG),
        *(f"TRUNCATE {table}" for table in LOG),
        "UPDATE bl_opening SET value = 'other'",
        "DELETE FROM bl_fact",
        "DELETE FROM bl_current",
        "UPDATE bl_book SET name = 'other'",
        "UPDATE bl_format SET version = 1",
        "DROP TRIGGER bl_entry_seal_record ON bl_record",
        "ALTER TABLE bl_record DISABLE TRIGGER ALL",
        "ALTER TABLE bl_record ADD COLUMN note text",
        "DROP TABLE bl_record",
        "CREATE TABLE bl_mine (note text)",
        "CREATE OR REPLACE FUNCTION bl_append_only() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'",
        "ALTER FUNCTION bl_entry_seal() SET search_path = public",
        "SET session_replication_role = replica",
        "SET ROLE bl_test_owner",
        "SELECT setval('bl_ticket', 1)",
    ],
)
def test_the_application_cannot(statement: str, application: str) -> None:
    """It has no right to change, delete or redefine anything of the log."""
    reason = refused(application, statement)
    assert any(
        words in reason for words in ("permission denied", "must be", "must have")
    ), reason


def test_the_application_cannot_hide_behind_its_search_path(application: str) -> None:
    """Tables of its own under the same names do not stand in for those of the seal."""
    reason = refused(
        application,
        "SET search_path = pg_temp, backoffice_ledger",
        "CREATE TEMPORARY TABLE bl_posting (LIKE backoffice_ledger.bl_posting)",
        posting(5, 0, 0, 7),
        posting(5, 1, 1, 7),
        record(5).replace("bl_record", "backoffice_ledger.bl_record"),
    )
    assert "not balanced" in reason


def test_the_auditor_reads_and_nothing_else(application: str) -> None:
    """Everything can be verified, nothing written."""
    reader = make_conninfo(application, user="bl_test_reader")
    store = PostgreSQLStore(reader, read_only=True)
    assert bl.open_ledger(store, read_only=True).verify().entries == 1
    store.close()
    assert "permission denied" in refused(reader, posting(5, 0, 0, 7))
    store = PostgreSQLStore(reader)
    with pytest.raises(ReadOnlyBook):
        bl.open_ledger(store, actor="auditor").open_account("assets:x", type="asset")
    store.close()


@pytest.mark.parametrize("field", ["owner", "application", "auditor"])
@pytest.mark.parametrize("name", ["", "Name", "x; DROP TABLE y", 'x"', 5, "x" * 64])
def test_names_of_roles_are_plain(field: str, name: object) -> None:
    """They stand in the script as they are, and so must not be able to say more."""
    with pytest.raises(InvalidOption) as caught:
        postgresql_roles(**{field: name})
    assert caught.value.field == field
