"""Putting one database file in the place of another that nobody has open."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from backoffice_ledger._stores.sqlite_driver import Driver
from backoffice_ledger._stores.sqlite_opening import log_of, sync_folder
from backoffice_ledger.errors import Busy, Corrupt, ForeignFile


def put_in_place(part: Path, path: Path, busy_seconds: float) -> Path | None:
    """Give a complete file the name *path*; the one of before is kept beside it.

    Returns where the file of before is now, or None if there was none.

    Raises:
        Busy: somebody has the file of before open.
    """
    if not path.exists():
        _move_log_aside(path, path)  # one of a file that is long gone
        os.link(part, path)
        sync_folder(path.parent)
        return None
    with _not_in_use(path, busy_seconds):
        aside = _free_name(path)
        # First the log: the new file must never stand beside the old one's.
        _move_log_aside(path, aside)
        os.link(path, aside)
        try:
            sync_folder(path.parent)
            part.chmod(path.stat().st_mode)
            part.replace(path)
        except BaseException:
            aside.unlink()  # a database must not go by two names
            raise
        sync_folder(path.parent)
    return aside


@contextmanager
def _not_in_use(path: Path, busy_seconds: float) -> Iterator[None]:
    """Make sure that nobody else has a database open, and keep it so.

    Leaving WAL mode takes the file for oneself alone, and empties its log.  A file that
    is damaged cannot be asked: nobody can be working with it.
    """
    driver = Driver(path, "rw", busy_seconds, None)
    try:
        with suppress(Corrupt, ForeignFile):
            [(mode,)] = driver.execute("PRAGMA journal_mode=DELETE")
            if mode == "wal":
                raise Busy("somebody has the file open", field="path", found=path)
            driver.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        driver.rollback()
        driver.close()


def _free_name(path: Path) -> Path:
    first = path.with_name(f"{path.name}.replaced")
    more = (first.with_name(f"{first.name}-{number}") for number in count(2))
    return next(name for name in chain([first], more) if not name.exists())


def _move_log_aside(path: Path, aside: Path) -> None:
    """Keep a log that is left where it still belongs to its file; drop its index."""
    log = log_of(path)
    if log.exists():
        log.rename(log_of(aside) if aside != path else _free_name(log))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
