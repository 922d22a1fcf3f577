"""From each stored format to the next one.

A migration is a list of statements, fixed for ever: what a format looked like when it
was released must not change with the schema of later ones.  All of them run in one
transaction together with the new format number, so that a crash leaves the old format
or the new one.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from types import MappingProxyType
from typing import Final

import attrs

from backoffice_ledger._stores.sqlite_driver import Driver, Intercept
from backoffice_ledger._stores.sqlite_opening import (
    check_header,
    check_place,
    check_schema,
    configure,
    copy_database,
)
from backoffice_ledger._stores.sqlite_schema import FORMAT

_TO_2: Final = (
    "DROP INDEX bl_record_entry_id",
    """CREATE UNIQUE INDEX bl_record_entry_id ON bl_record (book_id, id)
    WHERE type IN (0, 13)""",
    "ALTER TABLE bl_current RENAME TO bl_current_1",
    """CREATE TABLE bl_current (
    book_id INTEGER NOT NULL,
    account_no INTEGER NOT NULL,
    commodity_no INTEGER NOT NULL,
    debit_high INTEGER NOT NULL,
    debit_low INTEGER NOT NULL,
    credit_high INTEGER NOT NULL,
    credit_low INTEGER NOT NULL,
    pending_debit_high INTEGER NOT NULL,
    pending_debit_low INTEGER NOT NULL,
    pending_credit_high INTEGER NOT NULL,
    pending_credit_low INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (book_id, account_no, commodity_no)
) STRICT, WITHOUT ROWID""",
    """INSERT INTO bl_current
    SELECT c.book_id, c.account_no, c.commodity_no,
        c.debit_high, c.debit_low, c.credit_high, c.credit_low,
        0, 0, 0, 0, coalesce(p.version, 0)
    FROM bl_current_1 c LEFT JOIN (
        SELECT book_id, account_no, commodity_no, count(*) AS version
        FROM bl_posting GROUP BY book_id, account_no, commodity_no
    ) p ON p.book_id = c.book_id AND p.account_no = c.account_no
        AND p.commodity_no = c.commodity_no""",
    "DROP TABLE bl_current_1",
    """CREATE TABLE bl_pending (
    book_id INTEGER NOT NULL,
    hold TEXT NOT NULL,
    line INTEGER NOT NULL,
    account_no INTEGER NOT NULL,
    commodity_no INTEGER NOT NULL,
    side INTEGER NOT NULL CHECK (side IN (0, 1)),
    high INTEGER NOT NULL,
    low INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (book_id, hold, line)
) STRICT, WITHOUT ROWID""",
    """CREATE INDEX bl_pending_account
    ON bl_pending (book_id, account_no, commodity_no, expires_at)""",
    """CREATE INDEX bl_pending_expiry
    ON bl_pending (book_id, expires_at) WHERE expires_at IS NOT NULL""",
    """CREATE TABLE bl_listener (
    book_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (book_id, name)
) STRICT, WITHOUT ROWID""",
)

_TO_3: Final = (
    """CREATE TABLE bl_document_index (
    book_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (book_id, kind, name, value, id)
) STRICT, WITHOUT ROWID""",
    """INSERT INTO bl_document_index
    SELECT f.book_id, json_extract(r.content, '$.kind'), '', '',
        json_extract(r.content, '$.id')
    FROM bl_fact f JOIN bl_record r
        ON r.book_id = f.book_id AND r.position = f.position
    WHERE f.kind = 'document'""",
)

MIGRATIONS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {1: _TO_2, 2: _TO_3}
)
"""The statements that lead from each format to the next one."""


@attrs.frozen
class Migration:
    """What `migrate` did.

    Attributes:
        path: the file, or the name of the database on a server.
        before: the format that it had.
        after: the format that it has now.
        backup: the copy that was made before; None if nothing was to be done, or on a
            server.
    """

    path: Path | str
    before: int
    after: int
    backup: Path | None

    def __str__(self) -> str:
        if self.before == self.after:
            return f"{self.path} has format {self.after} already"
        text = f"{self.path} was migrated from format {self.before} to {self.after}"
        if self.backup is not None:
            text += f"; the file of before is {self.backup}"
        return text


def _statements_from(version: int) -> list[str]:
    """Return the statements that lead from a format to the present one."""
    steps = [MIGRATIONS[step] for step in range(version, FORMAT)]
    return [statement for step in steps for statement in step]


def migrate_file(
    path: Path, busy_seconds: float, intercept: Intercept | None = None
) -> Migration:
    """Migrate a file to the present format; see `stores.migrate`."""
    check_place(path, create=False, read_only=False)
    with _connected(path, busy_seconds, intercept) as driver:
        _format_of(driver, path)
        configure(driver, read_only=False)
        driver.begin(write=True, deadline=time.monotonic() + busy_seconds)
        try:
            version, backup = _format_of(driver, path), None
            if version < FORMAT:
                # Nobody can write between the copy and the change.
                backup = _free_name(path, version)
                copy_database(path, backup, busy_seconds, intercept)
                for statement in _statements_from(version):
                    driver.execute(statement)
                driver.execute(f"PRAGMA user_version={FORMAT}")
            check_schema(driver, path)
            driver.commit()
        except BaseException:
            driver.rollback()
            raise
        driver.checkpoint()
        return Migration(path, version, FORMAT, backup)


@contextmanager
def _connected(
    path: Path, busy_seconds: float, intercept: Intercept | None
) -> Iterator[Driver]:
    driver = Driver(path, "rw", busy_seconds, intercept)
    try:
        yield driver
    finally:
        driver.close()


def _format_of(driver: Driver, path: Path) -> int:
    """Return the format of a file that is one of ours."""
    [(application_id,)] = driver.execute("PRAGMA application_id")
    [(version,)] = driver.execute("PRAGMA user_version")
    check_header(driver, path, application_id, version)
    return int(version)


def _free_name(path: Path, version: int) -> Path:
    """Return the first name for the copy that no earlier attempt has taken."""
    first = path.with_name(f"{path.name}.format-{version}.backup")
    more = (first.with_name(f"{first.name}-{number}") for number in count(2))
    return next(name for name in chain([first], more) if not name.exists())
