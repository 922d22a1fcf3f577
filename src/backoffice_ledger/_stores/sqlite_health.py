"""What can be told about the health of a SQLite file, without changing anything."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import attrs

from backoffice_ledger._stores.sqlite_driver import (
    Driver,
    read_fingerprint,
    schema_fingerprint,
)
from backoffice_ledger._stores.sqlite_opening import (
    PART,
    check_header,
    check_place,
    configure,
    log_of,
    size_of,
)
from backoffice_ledger._stores.sqlite_schema import FORMAT
from backoffice_ledger.errors import LedgerError, StoreError

Level = Literal["ok", "warning", "problem"]

MEBIBYTE: Final = 1024 * 1024
LOG_BYTES: Final = 64 * MEBIBYTE
"""Size of the write-ahead log from which something keeps it from being emptied."""

SPACE_BYTES: Final = 64 * MEBIBYTE
"""Free space below which a disk is almost full."""

FIXED_VERSION: Final = (3, 51, 3)
"""From here on SQLite has no bug that a checkpoint beside a writer can meet."""

MOUNTS: Final = Path("/proc/mounts")
NETWORK: Final = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "fuse.davfs2",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)
"""Types of file systems on which SQLite's locks cannot be relied on."""


@attrs.frozen
class Check:
    """One thing that `doctor` looked at.

    Attributes:
        name: what it is about.
        level: ``"ok"``, ``"warning"`` or ``"problem"``.
        found: what was found.
        advice: what to do about it, empty where nothing is to be done.
    """

    name: str
    level: Level
    found: str
    advice: str = ""


@attrs.frozen
class Health:
    """What `doctor` found; prints as a table.

    Attributes:
        where: the file.
        checks: what was looked at, in order.
    """

    where: str
    checks: tuple[Check, ...]

    @property
    def level(self) -> Level:
        """The worst level of all checks."""
        levels = {check.level for check in self.checks}
        if "problem" in levels:
            return "problem"
        return "warning" if "warning" in levels else "ok"

    @property
    def is_healthy(self) -> bool:
        """Whether there is no problem; warnings are allowed."""
        return self.level != "problem"

    def __str__(self) -> str:
        names = [check.name for check in self.checks]
        width = max(map(len, names), default=0)
        lines = [self.where]
        for check in self.checks:
            lines.append(f"{check.level:<8} {check.name:<{width}}  {check.found}")
            if check.advice:
                lines.append(f"{'':<8} {'':<{width}}  -> {check.advice}")
        return "\n".join(lines)


def failed(name: str, error: LedgerError) -> Check:
    """Return the check that an error amounts to."""
    found = str(error).removesuffix(f" ({error.hint})")
    return Check(name, "problem", found, error.hint)


def file_checks(path: Path, busy_seconds: float) -> Iterator[Check]:
    """Yield what is found about a file; the first problem with it may be the last."""
    yield _version_check(sqlite3.sqlite_version_info)
    try:
        check_place(path, create=False, read_only=True)
        driver = Driver(path, "ro", busy_seconds, None)
    except LedgerError as error:
        yield failed("file", error)
        return
    try:
        yield from _inner_checks(driver, path)
    except StoreError as error:
        yield failed("file", error)
    finally:
        driver.close()
    yield _log_check(size_of(log_of(path)))
    yield from _leftover_checks(path)
    yield _file_system_check(path)
    import shutil  # slow to load, and needed nowhere else

    yield _space_check(shutil.disk_usage(path.parent).free, size_of(path))


def _inner_checks(driver: Driver, path: Path) -> Iterator[Check]:
    [(application_id,)] = driver.execute("PRAGMA application_id")
    [(version,)] = driver.execute("PRAGMA user_version")
    check_header(driver, path, application_id, version)
    size = f"{size_of(path) / MEBIBYTE:.1f} MiB"
    if version == FORMAT:
        yield Check("format", "ok", f"{version}, {size}")
    else:
        yield Check(
            "format",
            "problem",
            f"{version}, {size}; this release reads and writes format {FORMAT}",
            "migrate it: python -m backoffice_ledger migrate",
        )
    settings = configure(driver, read_only=True)
    [(journal_mode,)] = driver.execute("PRAGMA journal_mode")
    texts = ", ".join(f"{name}={value}" for name, value in sorted(settings.items()))
    yield Check("settings", "ok", f"journal_mode={journal_mode}, {texts}")
    if version == FORMAT:
        yield _schema_check(read_fingerprint(driver.execute))
    yield _integrity_check(driver.execute("PRAGMA integrity_check(10)"))


def _version_check(version: Sequence[int]) -> Check:
    text = ".".join(map(str, version))
    if tuple(version) >= FIXED_VERSION:
        return Check("SQLite", "ok", text)
    return Check(
        "SQLite",
        "warning",
        f"{text} can damage a file when a checkpoint meets a writer",
        "use SQLite 3.51.3 or newer where several processes write much at once",
    )


def _schema_check(found: Sequence[tuple[str, str]]) -> Check:
    expected = schema_fingerprint()
    if tuple(found) == expected:
        return Check("schema", "ok", f"{len(expected)} tables, indexes and triggers")
    names = sorted({name for name, _ in set(found) ^ set(expected)})
    return Check(
        "schema",
        "problem",
        f"changed: {', '.join(names)}",
        "keep the file as evidence, restore a verified backup",
    )


def _integrity_check(rows: Sequence[tuple[Any, ...]]) -> Check:
    texts = [str(text) for (text,) in rows]
    if texts == ["ok"]:
        return Check("integrity", "ok", "SQLite finds the file sound")
    return Check(
        "integrity",
        "problem",
        "; ".join(texts),
        "check the disk, keep the file as evidence, restore a verified backup",
    )


def _log_check(size: int) -> Check:
    found = f"{size / MEBIBYTE:.1f} MiB"
    if size < LOG_BYTES:
        return Check("write-ahead log", "ok", found)
    return Check(
        "write-ahead log",
        "warning",
        found,
        "a long read keeps it from being emptied, or a program ended without closing "
        "the ledger: close readers, then open the ledger to write and close it",
    )


def _leftover_checks(path: Path) -> Iterator[Check]:
    """Yield what earlier copies have left beside the file."""
    names = (other.name for other in path.parent.iterdir())
    beside = sorted(name for name in names if name.startswith(path.name + "."))
    parts = [name for name in beside if name.endswith(PART)]
    others = [name for name in beside if name not in parts]
    if parts:
        yield Check(
            "unfinished copies",
            "warning",
            ", ".join(parts),
            "a backup was interrupted: delete them when no backup is running",
        )
    if path.stat().st_nlink > 1:
        yield Check(
            "names",
            "warning",
            "the file has another name too (a hard link)",
            "delete the other name: SQLite looks for its log beside the name in use",
        )
    if others:
        yield Check("other copies", "ok", ", ".join(others))


def _file_system_check(path: Path) -> Check:
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Check("file system", "ok", "its type is not known on this system")
    kind = file_system_of(path.resolve(), mounts)
    if kind not in NETWORK:
        return Check("file system", "ok", kind)
    return Check(
        "file system",
        "warning",
        f"{kind}, a network file system",
        "SQLite's locks are not reliable there: move the file to a local disk",
    )


def file_system_of(path: Path, mounts: str) -> str:
    """Return the type of the file system of a path, from the text of /proc/mounts."""
    kinds: dict[Path, str] = {}
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        kinds[Path(place.replace("\\040", " "))] = kind  # a later one covers it
    found = (kinds[place] for place in (path, *path.parents) if place in kinds)
    return next(found, "unknown")


def _space_check(free: int, size: int) -> Check:
    found = f"{free // MEBIBYTE} MiB free"
    if free < SPACE_BYTES:
        advice = "make room: a full disk refuses postings"
        return Check("disk space", "problem", found, advice)
    if free < 2 * size:
        return Check(
            "disk space", "warning", found, "a backup or migration may not fit"
        )
    return Check("disk space", "ok", found)
