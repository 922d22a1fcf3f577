"""From each format of the PostgreSQL schema to the next one; see `sqlite_migrations`.

The first format on PostgreSQL was 2.  All statements run in one database transaction
together with the new format number, while nobody writes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from backoffice_ledger._stores.postgresql_driver import Driver, Intercept
from backoffice_ledger._stores.postgresql_open import (
    check_schema,
    check_settings,
    has_schema,
)
from backoffice_ledger._stores.postgresql_schema import FORMAT, SCHEMA, SEAL_CLASS
from backoffice_ledger._stores.sqlite_migrations import Migration
from backoffice_ledger.errors import BookNotFound, NewerFormat

_TO_3: Final = (
    """CREATE TABLE bl_document_index (
    book_id integer NOT NULL,
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (book_id, kind, name, value, id)
)""",
    """INSERT INTO bl_document_index
    SELECT f.book_id, r.content::json ->> 'kind', '', '', r.content::json ->> 'id'
    FROM bl_fact f JOIN bl_record r
        ON r.book_id = f.book_id AND r.ordinal = f.ordinal
    WHERE f.kind = 'document'""",
    # Who may write what is pending may write this too.
    """DO $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT a.privilege_type AS privilege, a.grantee::regrole AS grantee
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
        WHERE c.oid = 'bl_pending'::regclass AND a.grantee NOT IN (0, c.relowner)
    LOOP
        EXECUTE format(
            'GRANT %s ON bl_document_index TO %s', given.privilege, given.grantee
        );
    END LOOP;
    EXECUTE format('ALTER TABLE bl_document_index OWNER TO %s', (
        SELECT relowner::regrole FROM pg_class WHERE oid = 'bl_fact'::regclass
    ));
END
$$""",
)

MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType({2: _TO_3})
"""The statements that lead from each format to the next one."""


def migrate_database(
    dsn: str, busy_seconds: float, intercept: Intercept | None = None
) -> Migration:
    """Migrate a database to the present format; see `stores.migrate`."""
    milliseconds = max(1, round(busy_seconds * 1000))
    settings = {
        "search_path": f"{SCHEMA}, pg_temp",
        "lock_timeout": f"{milliseconds}ms",
        "default_transaction_read_only": "off",
    }
    driver = Driver(dsn, intercept, busy_seconds, settings)
    try:
        check_settings(driver, is_synchronous=True)
        [(name,)] = driver.execute("SELECT current_database()")
        if not has_schema(driver):
            raise BookNotFound(field="path", expected=f"the schema {SCHEMA}")
        driver.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        try:
            version = _migrate(driver)
            driver.commit()
        except BaseException:
            driver.rollback()
            raise
        return Migration(name, version, FORMAT, None)
    finally:
        driver.close()


def _migrate(driver: Driver) -> int:
    """Bring the schema to the present format; return the one that it had."""
    driver.execute("SELECT pg_advisory_xact_lock(?, 0)", (SEAL_CLASS,))
    driver.execute("LOCK TABLE bl_record IN EXCLUSIVE MODE")
    [(version,)] = driver.execute("SELECT max(version) FROM bl_format")
    if version > FORMAT:
        raise NewerFormat(field="path", expected=f"format {FORMAT}", found=version)
    for step in range(version, FORMAT):
        for statement in MIGRATIONS[step]:
            driver.define(statement)
    driver.execute("UPDATE bl_format SET version = ?", (FORMAT,))
    check_schema(driver)
    return int(version)
