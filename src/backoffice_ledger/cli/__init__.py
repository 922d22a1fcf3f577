"""The command line: ``python -m backoffice_ledger``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final

from backoffice_ledger.cli import _proof
from backoffice_ledger.errors import LedgerError
from backoffice_ledger.stores import doctor, migrate, restore

__all__ = ["main"]

_EXIT: Final = {"ok": 0, "warning": 1, "problem": 2}

Run = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 stands for success, 2 for a command that failed.  1 stands for warnings of the
    doctor, and for books, exports and proofs that do not verify.

    Args:
        arguments: what stands behind the program's name; the process' own if None.
    """
    options = _parser().parse_args(arguments)
    run: Run = options.run
    try:
        return run(options)
    except LedgerError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backoffice_ledger",
        description="Look after the books of backoffice-ledger, and prove them.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "doctor",
        help="examine a file and every book in it; change nothing",
        epilog="exit code: 0 healthy, 1 warnings, 2 problems",
    )
    command.add_argument("path", metavar="FILE")
    command.set_defaults(run=_doctor)
    command = commands.add_parser(
        "migrate", help="bring a file to the present format, after a backup"
    )
    command.add_argument("path", metavar="FILE")
    command.set_defaults(run=_migrate)
    command = commands.add_parser(
        "restore", help="put a verified copy of a backup in the place of a file"
    )
    command.add_argument("backup", metavar="BACKUP")
    command.add_argument("path", metavar="FILE")
    command.add_argument(
        "--replace",
        action="store_true",
        help="take the place of a file that nobody has open; it is kept beside it",
    )
    command.set_defaults(run=_restore)
    _proof.add_commands(commands)
    return parser


def _doctor(options: argparse.Namespace) -> int:
    health = doctor(options.path)
    print(health)
    return _EXIT[health.level]


def _migrate(options: argparse.Namespace) -> int:
    print(migrate(options.path))
    return 0


def _restore(options: argparse.Namespace) -> int:
    print(restore(options.backup, options.path, replace=options.replace))
    return 0
