"""From an older format of the PostgreSQL schema to the present one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import postgresql_server
import psycopg
import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger._stores.postgresql_migrations import (
    MIGRATIONS,
    migrate_database,
)
from backoffice_ledger._stores.postgresql_schema import FORMAT
from backoffice_ledger.stores import PostgreSQLStore, migrate, postgresql_roles

GOLDEN = Path(__file__).parents[1] / "golden" / "postgresql_2.sql"
ROOTS = {
    "main": "2bda6ac95fbf3c35cc43a5f1858c98a724f26d064453f14350f4c6019b25c78c",
    "other": "78d8067e91e337b15a223f76daa7fbba13a6a5cf3eb546cedb8aeed99e07a4d1",
}
ROLES = {name: f"bl_migrating_{name}" for name in ("owner", "application", "auditor")}

pytestmark = pytest.mark.usefixtures("postgresql")


@pytest.fixture
def old() -> Iterator[str]:
    """Return the DSN of a database that a release with format 2 has made."""
    dsn = postgresql_server.new_database(template="template0")
    postgresql_server.execute(dsn, GOLDEN.read_text(encoding="utf-8"))
    yield dsn
    postgresql_server.drop_database(dsn)


@pytest.fixture
def open_store() -> Iterator[Callable[..., PostgreSQLStore]]:
    """Return a function that opens stores, which are closed at the end."""
    stores: list[PostgreSQLStore] = []

    def opened(dsn: str, **options: Any) -> PostgreSQLStore:
        stores.append(PostgreSQLStore(dsn, **options))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


def version_of(dsn: str) -> int:
    """Return the format of a database."""
    [(version,)] = postgresql_server.execute(
        dsn, "SELECT version FROM backoffice_ledger.bl_format"
    )
    return int(version)


def test_there_is_a_way_from_every_format() -> None:
    """Format 2 was the first on PostgreSQL."""
    assert sorted(MIGRATIONS) == list(range(2, FORMAT))


def test_a_released_database(
    old: str, open_store: Callable[..., PostgreSQLStore]
) -> None:
    """The same records and roots; documents of then are found as undeclared ones."""
    with pytest.raises(errors.OlderFormat):
        PostgreSQLStore(old)
    done = migrate(old)
    assert (done.before, done.after, done.backup) == (2, FORMAT, None)
    assert str(done) == f"{done.path} was migrated from format 2 to {FORMAT}"
    assert "host" not in str(done)
    store = open_store(old)
    for book, root in ROOTS.items():
        ledger = bl.open_ledger(store, actor="clerk", book=book)
        assert ledger.verify().root == root
        [deal] = ledger.documents.find("deal/x", {"a": "b"}, undeclared=True)
        assert (deal.version, deal.content["who"]) == (2, "Jane Roe")
        [note] = ledger.documents.find("note")
        assert note.id == "ß 'quoted'"
        ledger.documents.store(deal.revise(deal.content, index={"state": "open"}))
        assert len(ledger.documents.find("deal/x", {"state": "open"})) == 1
        ledger.verify()
    again = migrate(old)
    assert (again.before, again.after) == (FORMAT, FORMAT)
    assert "already" in str(again)


def test_it_ends_as_a_new_one_begins(old: str) -> None:
    """Table by table and index by index."""
    new = postgresql_server.new_database()
    questions = (
        "SELECT table_name, ordinal_position, column_name, data_type, is_nullable,"
        " collation_name FROM information_schema.columns"
        " WHERE table_schema = 'backoffice_ledger' ORDER BY 1, 2",
        "SELECT tablename, indexdef FROM pg_indexes"
        " WHERE schemaname = 'backoffice_ledger' ORDER BY 2",
    )
    try:
        migrate(old)
        for sql in questions:
            found, expected = (
                postgresql_server.execute(dsn, sql) for dsn in (old, new)
            )
            assert found == expected
    finally:
        postgresql_server.drop_database(new)


def test_every_statement_fails(old: str) -> None:
    """The old format stays, and the next attempt succeeds."""
    statements: list[str] = []

    def intercept(sql: str, run: Callable[[], Any]) -> Any:
        statements.append(sql)
        if len(statements) - 1 == failing:
            raise psycopg.errors.DiskFull("no space")
        return run()

    failing = -1
    golden = GOLDEN.read_text(encoding="utf-8")
    fresh = postgresql_server.new_database(template="template0")
    postgresql_server.execute(fresh, golden)
    migrate_database(fresh, 5.0, intercept)
    postgresql_server.drop_database(fresh)
    commit = statements.index("COMMIT")
    assert sum(sql in statements for sql in MIGRATIONS[2]) == len(MIGRATIONS[2])
    for failing in range(commit):  # noqa: B007 - it is read inside
        statements.clear()
        with pytest.raises(errors.StoreError):
            migrate_database(old, 5.0, intercept)
        assert version_of(old) == 2
    migrate(old)
    assert version_of(old) == FORMAT


def test_somebody_writes(old: str) -> None:
    """It waits and gives up."""
    with psycopg.connect(old) as other:
        other.execute("LOCK TABLE backoffice_ledger.bl_record IN ROW EXCLUSIVE MODE")
        with pytest.raises(errors.Busy):
            migrate(old, busy_seconds=0.05)
    assert version_of(old) == 2


def test_roles_keep_their_rights(
    old: str, open_store: Callable[..., PostgreSQLStore]
) -> None:
    """Who wrote can write what is new, who read can read it, the owner has it."""
    table = "backoffice_ledger.bl_document_index"  # the script of then did not know it
    script = postgresql_roles(**ROLES).replace(f", {table}", "")
    script = script.replace(f"ALTER TABLE {table} OWNER TO {ROLES['owner']};\n", "")
    assert table not in script
    try:
        postgresql_server.execute(old, script)
        migrate(old)
        rights = postgresql_server.execute(
            old,
            "SELECT grantee, string_agg(privilege_type, ' ' ORDER BY privilege_type)"
            " FROM information_schema.role_table_grants"
            " WHERE table_name = 'bl_document_index' AND grantee LIKE 'bl_mig%'"
            f" AND grantee <> '{ROLES['owner']}' GROUP BY 1 ORDER BY 1",
        )
        assert rights == [
            (ROLES["application"], "DELETE INSERT SELECT"),
            (ROLES["auditor"], "SELECT"),
        ]
        [(owner,)] = postgresql_server.execute(
            old,
            "SELECT tableowner FROM pg_tables WHERE tablename = 'bl_document_index'",
        )
        assert owner == ROLES["owner"]
        open_store(old)
    finally:
        for role in ROLES.values():
            postgresql_server.execute(
                old, f"DROP OWNED BY {role} CASCADE", f"DROP ROLE {role}"
            )


def test_what_is_not_migrated(old: str) -> None:
    """No books, a newer format, a schema that was changed."""
    empty = postgresql_server.new_database(template="template0")
    try:
        with pytest.raises(errors.BookNotFound):
            migrate(empty)
    finally:
        postgresql_server.drop_database(empty)
    postgresql_server.execute(
        old, "ALTER TABLE backoffice_ledger.bl_record DISABLE TRIGGER bl_never_record"
    )
    with pytest.raises(errors.Corrupt):
        migrate(old)
    assert version_of(old) == 2
    postgresql_server.execute(old, "UPDATE backoffice_ledger.bl_format SET version = 9")
    with pytest.raises(errors.NewerFormat):
        migrate(old)
