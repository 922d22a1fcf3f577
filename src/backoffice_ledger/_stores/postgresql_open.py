"""Opening a PostgreSQL database: is it safe, is it ours, does it have our schema."""

import re
from functools import cache
from typing import Final

from backoffice_ledger._stores.postgresql_driver import Driver
from backoffice_ledger._stores.postgresql_schema import (
    FORMAT,
    SCHEMA,
    SEAL_CLASS,
    schema_statements,
)
from backoffice_ledger.errors import (
    BookNotFound,
    Corrupt,
    NewerFormat,
    OlderFormat,
    UnsafeSettings,
)

VERSION_MIN: Final = 140_000
_SETTINGS: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "server_encoding": "UTF8",
}


def prepare(driver: Driver, *, create: bool, is_synchronous: bool) -> None:
    """Check the server and the schema; make the schema if asked to.

    Raises:
        UnsafeSettings: the server would lose what it has acknowledged.
        BookNotFound: the database has no books.
        NewerFormat, OlderFormat, Corrupt: the schema is another one.
    """
    check_settings(driver, is_synchronous=is_synchronous)
    if not has_schema(driver):
        if not create:
            raise BookNotFound(field="where", expected=f"the schema {SCHEMA}")
        _create(driver)
    check_schema(driver)


def check_schema(driver: Driver) -> None:
    """Check that the schema is the one of this format, and whole."""
    [(version,)] = driver.execute("SELECT max(version) FROM bl_format")
    if version is not None and version > FORMAT:
        raise NewerFormat(field="where", expected=f"format {FORMAT}", found=version)
    if version is not None and version < FORMAT:
        raise OlderFormat(field="where", expected=f"format {FORMAT}", found=version)
    for text in schema_problems(driver):
        raise Corrupt(text, field="where", expected="the schema of this format")


def check_settings(driver: Driver, *, is_synchronous: bool) -> None:
    """Refuse a server that is too old or would lose what it has acknowledged."""
    rows = driver.execute(
        "SELECT name, setting FROM pg_settings WHERE name = ANY (?)",
        ([*_SETTINGS, "server_version_num", "synchronous_commit"],),
    )
    found: dict[str, str] = dict(rows)
    if int(found["server_version_num"]) < VERSION_MIN:
        raise UnsafeSettings(
            field="PostgreSQL",
            expected=f"{VERSION_MIN // 10_000} or newer",
            found=found["server_version_num"],
        )
    for name, expected in _SETTINGS.items():
        if found[name] != expected:
            raise UnsafeSettings(field=name, expected=expected, found=found[name])
    if is_synchronous and found["synchronous_commit"] == "off":
        raise UnsafeSettings(field="synchronous_commit", expected="on", found="off")


def has_schema(driver: Driver) -> bool:
    """Whether the database has our tables, of whatever format."""
    # to_regclass would answer from a cache, even after a wait for who makes it.
    found = driver.execute(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ? AND c.relname = ?",
        (SCHEMA, "bl_format"),
    )
    return bool(found)


def _create(driver: Driver) -> None:
    """Make the schema, unless another process was first."""
    driver.execute("BEGIN")
    try:
        driver.execute("SELECT pg_advisory_xact_lock(?, 0)", (SEAL_CLASS,))
        if not has_schema(driver):
            driver.define(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            for statement in schema_statements():
                driver.define(statement)
        driver.commit()
    except BaseException:
        driver.rollback()
        raise


@cache
def _expected() -> tuple[frozenset[tuple[str, str]], frozenset[tuple[str, str]]]:
    """Return the triggers with their tables, and the functions with their sources."""
    text = "\n".join(schema_statements())
    triggers = re.findall(r"CREATE TRIGGER (\w+) .*? ON (\w+)", text)
    functions = re.findall(
        r"CREATE FUNCTION (\w+)\(.*?AS \$\$(.*?)\$\$", text, re.DOTALL
    )
    return frozenset(triggers), frozenset(functions)


def schema_problems(driver: Driver) -> list[str]:
    """Return which of the guards are missing, switched off or changed."""
    triggers, functions = _expected()
    enabled = driver.execute(
        "SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c"
        " ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ? AND NOT t.tgisinternal AND t.tgenabled = 'O'",
        (SCHEMA,),
    )
    sources = driver.execute(
        "SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n"
        " ON n.oid = p.pronamespace WHERE n.nspname = ?",
        (SCHEMA,),
    )
    problems = [
        f"the trigger {name} of {table} is missing or disabled"
        for name, table in sorted(triggers - set(enabled))
    ]
    return problems + [
        f"the function {name} is missing or another one"
        for name, _ in sorted(functions - set(sources))
    ]
