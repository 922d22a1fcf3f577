"""Opening a SQLite file safely, and copying one: checks, settings, the schema."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal
from uuid import uuid4

from backoffice_ledger._stores.sqlite_driver import (
    Driver,
    Intercept,
    read_fingerprint,
    schema_fingerprint,
)
from backoffice_ledger._stores.sqlite_schema import (
    APPLICATION_ID,
    FORMAT,
    schema_statements,
)
from backoffice_ledger.errors import (
    BookExists,
    BookNotFound,
    Corrupt,
    ForeignFile,
    NewerFormat,
    OlderFormat,
    ReadOnlyBook,
    StorageFailure,
    StoreError,
    UnsafeSettings,
)

HEADER_BYTES: Final = 512
VERSION_MIN: Final = (3, 38, 0)
PART: Final = ".part"
"""How the name of a copy ends that is not complete yet."""

Place = Literal["file", "folder", "nothing", "no folder"]


def what_is_at(path: Path, field: str) -> Place:
    """Return what a path leads to; "no folder" if its parent is missing too."""
    try:
        if path.is_dir():
            return "folder"
        if path.exists():
            return "file"
        return "nothing" if path.parent.is_dir() else "no folder"
    except PermissionError as error:
        raise ReadOnlyBook(field=field, found=path) from error
    except OSError as error:
        raise StorageFailure(error.strerror or "", field=field, found=path) from error


def size_of(path: Path) -> int:
    """Return the size of a file, 0 if there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def log_of(path: Path) -> Path:
    """Return the path of a database's write-ahead log."""
    return path.with_name(path.name + "-wal")


def check_place(path: Path, *, create: bool, read_only: bool) -> None:
    """Check what can be told without opening the file.

    Raises:
        UnsafeSettings: SQLite is too old.
        BookNotFound: no such file or folder, and *create* is not set.
        ForeignFile: a folder.
        ReadOnlyBook: the place cannot be written.
    """
    if sqlite3.sqlite_version_info < VERSION_MIN:
        raise UnsafeSettings(
            field="SQLite",
            expected=f"{'.'.join(map(str, VERSION_MIN))} or newer",
            found=sqlite3.sqlite_version,
        )
    place = what_is_at(path, "path")
    if place == "folder":
        raise ForeignFile(field="path", expected="a file", found=path)
    if place == "no folder":
        raise BookNotFound(
            field="path", expected="an existing folder", found=path.parent
        )
    if place == "nothing" and not create:
        raise BookNotFound(field="path", found=path)
    if not read_only:  # SQLite would only find out when it writes
        check_rights(path, read_only=False)


def check_rights(path: Path, *, read_only: bool) -> None:
    """Check that this process may use the file, and put its log beside it."""
    wanted = os.R_OK if read_only else os.R_OK | os.W_OK
    if not os.access(path.parent, os.W_OK | os.X_OK) or (
        path.exists() and not os.access(path, wanted)
    ):
        raise ReadOnlyBook(
            field="path", expected="rights on the file and its folder", found=path
        )


def open_driver(
    path: Path,
    *,
    create: bool,
    read_only: bool,
    busy_seconds: float,
    intercept: Intercept | None,
) -> Driver:
    """Return a new connection to a file of the present format, ready for use."""

    def connect() -> Driver:
        mode = "ro" if read_only else "rwc" if create else "rw"
        driver = None
        try:
            driver = Driver(path, mode, busy_seconds, intercept)
            _prepare(driver, path, create=create, read_only=read_only)
        except BaseException as error:
            if driver is not None:
                driver.close()
            if isinstance(error, (ReadOnlyBook, StorageFailure)):
                check_rights(path, read_only=read_only)
            raise
        return driver

    try:
        return connect()
    except Corrupt as error:
        if error.__cause__ is None:  # found by looking, not a failed read
            raise
    return connect()


def _prepare(driver: Driver, path: Path, *, create: bool, read_only: bool) -> None:
    driver.execute("BEGIN")  # one moment: another process may be making the schema
    [(application_id,)] = driver.execute("PRAGMA application_id")
    [(version,)] = driver.execute("PRAGMA user_version")
    [(tables,)] = driver.execute("SELECT count(*) FROM sqlite_schema")
    driver.execute("COMMIT")
    is_empty = not tables and not application_id and not version
    # SQLite takes a file too short for a header as an empty one.
    is_new = is_empty and not 0 < size_of(path) < HEADER_BYTES
    if not (is_new and create):
        check_header(driver, path, application_id, version)
        if version < FORMAT:
            raise OlderFormat(field="path", expected=f"format {FORMAT}", found=version)
    configure(driver, read_only=read_only)
    if is_new:
        _create_schema(driver)
    check_schema(driver, path)
    driver.set_authorizer()


def check_header(driver: Driver, path: Path, application_id: int, version: int) -> None:
    """Check that the file is one of ours, of a known format, and all there.

    Raises:
        ForeignFile: it is not one of ours.
        NewerFormat: a newer version of this library wrote it.
        Corrupt: it is not of a format that there was, or cut off.
    """
    if application_id != APPLICATION_ID:
        raise ForeignFile(
            field="path", expected="a database made by backoffice-ledger", found=path
        )
    if version > FORMAT:
        raise NewerFormat(field="path", expected=f"format {FORMAT}", found=version)
    if version < 1:
        raise Corrupt(field="path", expected="a format from 1", found=version)
    [(pages,)] = driver.execute("PRAGMA page_count")
    [(page_size,)] = driver.execute("PRAGMA page_size")
    size = size_of(path)
    if not size_of(log_of(path)) and size < pages * page_size:
        raise Corrupt(
            "the file is truncated",
            field="path",
            expected=f"{pages * page_size} bytes",
            found=size,
        )


def check_schema(driver: Driver, path: Path) -> None:
    """Check that the schema is that of a new file, word for word.

    Raises:
        Corrupt: it is not.
    """
    if read_fingerprint(driver.execute) != schema_fingerprint():
        raise Corrupt(field="path", expected="the schema of this format", found=path)


def configure(driver: Driver, *, read_only: bool) -> dict[str, object]:
    """Set what durability and integrity rest on; return what was read back.

    Raises:
        UnsafeSettings: SQLite did not accept a setting.
    """
    for pragma in (
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "mmap_size=0",
        "secure_delete=ON",
        "wal_autocheckpoint=0",
        "synchronous=FULL",
        "query_only=ON" if read_only else "journal_mode=WAL",
    ):
        driver.execute(f"PRAGMA {pragma}")
    settings: dict[str, object] = {
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "secure_delete": 1,
    }
    if not read_only:
        settings["journal_mode"] = "wal"
    for name, expected in settings.items():
        [(found,)] = driver.execute(f"PRAGMA {name}")
        if found != expected:
            raise UnsafeSettings(field=name, expected=str(expected), found=found)
    return settings


def _create_schema(driver: Driver) -> None:
    driver.execute("BEGIN IMMEDIATE")
    try:
        [(tables,)] = driver.execute("SELECT count(*) FROM sqlite_schema")
        if not tables:  # another process may have been first
            for statement in schema_statements():
                driver.execute(statement)
            driver.execute(f"PRAGMA application_id={APPLICATION_ID}")
            driver.execute(f"PRAGMA user_version={FORMAT}")
        driver.commit()
    except BaseException:
        driver.rollback()
        raise


def copy_database(
    path: Path, target: Path, busy_seconds: float, intercept: Intercept | None = None
) -> None:
    """Write a consistent copy to a new file, while others read and write.

    Raises:
        BookExists: the target exists.
        BookNotFound: its folder does not exist.
        StorageFailure: it could not be written; nothing is left behind.
    """
    with partial_copy(path, target, busy_seconds, intercept) as part:
        try:
            os.link(part, target)  # unlike a rename it never replaces a file
        except FileExistsError as error:
            raise BookExists(field="target", found=target) from error
        sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make changed names durable, where the system has a way to do so."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def partial_copy(
    path: Path,
    target: Path,
    busy_seconds: float,
    intercept: Intercept | None = None,
    *,
    may_exist: bool = False,
) -> Iterator[Path]:
    """Write a copy beside *target*, for the block to put in its place; then drop it."""
    place = what_is_at(target, "target")
    if place == "no folder":
        raise BookNotFound(
            field="target", expected="an existing folder", found=target.parent
        )
    if place != "nothing" and not may_exist:
        raise BookExists(field="target", found=target)
    part = target.with_name(f"{target.name}.{uuid4().hex}{PART}")
    try:
        source = Driver(path, "ro", busy_seconds, intercept)
        try:
            source.copy_to(part)
        finally:
            source.close()
        yield part
    except StoreError:  # some of them are an OSError as well
        raise
    except OSError as error:
        message = error.strerror or ""
        raise StorageFailure(message, field="target", found=target) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
