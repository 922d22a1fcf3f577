"""System calls of a child process: traced, counted, and made to fail, with strace."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import attrs

STORAGE: Final = (
    "openat",
    "pread64",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "close",
)
"""The calls by which SQLite and this library read and change files.

SQLite changes its ``-shm`` file by mapping it, which no call shows; that file holds
nothing that must survive.
"""

BYTES_MAX: Final = 1 << 26
_CALL: Final = re.compile(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+|\?).*")
_HEX: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


@attrs.frozen
class Call:
    """A system call: name, arguments, result; texts are bytes, all else is text."""

    name: str
    arguments: tuple[str | bytes, ...]
    result: int | None


@cache
def why_not() -> str:
    """Return why system calls cannot be traced here; empty if they can."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    probe = [strace, "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync"]
    finished = subprocess.run(  # noqa: S603 - the strace of this machine
        [*probe, sys.executable, "-I", "-S", "-c", "pass"],
        capture_output=True,
        check=False,
    )
    if finished.returncode:
        last = finished.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return f"strace does not work here: {last}"
    return ""


@attrs.frozen
class Traced:
    """What a traced process said, how it ended, and its trace."""

    said: tuple[str, ...]
    exit_code: int
    complaint: str
    log: Path


def trace(  # under strace
    command: Sequence[str], log: Path, calls: Iterable[str], options: Sequence[str] = ()
) -> Traced:
    """Run a command, and write its system calls of these names to *log*."""
    names = ",".join(f"?{name}" for name in calls)
    # Only traced calls stop the process, which is much faster; a signal cannot be
    # injected that way.
    fast = [] if any("signal=" in option for option in options) else ["--seccomp-bpf"]
    finished = subprocess.run(  # noqa: S603 - the strace of this machine
        [
            *("strace", "-f", *fast, "-qq", "-xx", "-s", str(BYTES_MAX)),
            *("-o", str(log), "-e", f"trace={names}", "-e", "signal=none"),
            *(*options, *command),
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    said = tuple(finished.stdout.splitlines(keepends=True))
    return Traced(said, finished.returncode, finished.stderr, log)


def read_calls(log: Path) -> Iterator[Call]:
    """Yield the calls of a trace of one process with one thread.

    Raises:
        ValueError: a line is no call, or is cut short.
    """
    with log.open(encoding="ascii") as lines:
        for line in lines:
            if "+++ " in line:  # how the process ended
                continue
            match = _CALL.fullmatch(line.rstrip("\n"))
            if match is None:
                raise ValueError(f"not a system call: {line[:200]!r}")
            name, arguments, result = match.groups()
            number = None if result == "?" else int(result)
            yield Call(name, tuple(map(_argument, arguments.split(", "))), number)


def _argument(text: str) -> str | bytes:
    match = _HEX.fullmatch(text)
    if match is None:
        return text
    if match[2]:
        raise ValueError("strace has cut a text short")
    return bytes.fromhex(match[1].replace("\\x", ""))
