"""The command: runs tools, and prints a line for each variant when it is done."""

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from backoffice_ledger.testing.torture._figures import Figures, heading, row, summary
from backoffice_ledger.testing.torture._tiers import FAST, LONG, TOOLS, jobs

SEEDS: Final = 2**31


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tools that the command line names; return its exit code.

    It is 1 if anything is wrong, and also if a control did not fail.
    """
    options = _parser().parse_args(arguments)
    tools = options.tool or TOOLS
    seed = secrets.randbelow(SEEDS) if options.seed is None else options.seed
    ran: list[Figures] = []
    _print(heading())
    with TemporaryDirectory(dir=options.folder, prefix="torture-") as name:
        for job in jobs(LONG if options.long else FAST, options.dsn, options.old):
            if job.tool in tools:
                ran.append(job.run(Path(name), seed))
                _print(row(ran[-1]))
    _print(summary(ran))
    return int(not all(figures.is_as_it_must_be for figures in ran))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m backoffice_ledger.testing.torture",
        description="Break a store on purpose, and look at what is left.",
    )
    parser.add_argument(
        "tool", nargs="*", type=_tool, help=f"{', '.join(TOOLS)}; all if none is given"
    )
    parser.add_argument("--long", action="store_true", help="the long tier: an hour")
    parser.add_argument("--seed", type=int, help="of a run that is to be repeated")
    parser.add_argument(
        "--folder",
        type=_folder,
        help="where the books go: on the disk that is to be tested",
    )
    parser.add_argument(
        "--old",
        type=_file,
        help="a file of an older format, to be migrated (a copy of it)",
    )
    parser.add_argument(
        "--dsn", default="", help="of a PostgreSQL database, for the bank"
    )
    return parser


def _tool(text: str) -> str:
    if text not in TOOLS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(TOOLS)}")
    return text


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is not a file")
    return path.absolute()


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return path.absolute()


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
