"""Death, or an error, at every system call by which the storage is touched."""

import random
import shutil
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import attrs

import backoffice_ledger as bl
from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.stores import migrate
from backoffice_ledger.testing.torture._figures import Damage, Figures, timed
from backoffice_ledger.testing.torture._strace import (
    Traced,
    read_calls,
    trace,
    why_not,
)
from backoffice_ledger.testing.torture._witness import (
    Witness,
    complete,
    look_at,
    look_at_backup,
    look_at_migrated,
)
from backoffice_ledger.testing.torture._writer import (
    GAVE_UP,
    Task,
    command,
    ids_of,
    open_book,
    post_batch,
)

Work = Literal["posting", "creation", "backup", "migration"]
Fault = Literal["kill", "EIO", "ENOSPC"]
After = Literal["retry", "die", "sticky"]

BATCHES: Final = 4
"""Batches that the writer posts; the third makes it close and open the book."""

OLD: Final = 2
"""Batches that are in the book before it."""

PATIENCE: Final = 3

_CHANGING: Final = (
    "openat",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "unlink",
    "rename",
    "link",
)
_FAULTY: Final[dict[str, tuple[str, ...]]] = {
    "kill": _CHANGING,
    "EIO": (*_CHANGING, "pread64"),
    "ENOSPC": ("openat", "pwrite64", "ftruncate", "fallocate", "link"),
}


@attrs.frozen
class Point:
    """The *number*-th call of a name in the life of a process, from 1."""

    name: str
    number: int


def system_calls(
    folder: Path,
    *,
    work: Work = "posting",
    old: Path | None = None,
    fault: Fault = "kill",
    after: After = "retry",
    points: int | None = None,
    seed: int = 0,
    early: bool = False,
) -> Figures:
    """Let a process die, or get an error, at each system call that touches its files.

    A first run counts the calls, with strace; then each point is a process of its own,
    with the SQLite of this Python, unpatched.  Afterwards the book must open and
    verify, hold what was acknowledged once, and take the same work again.

    Args:
        folder: an existing folder; the books go there.
        work: ``posting`` on a book that exists, ``creation`` of one, a ``backup``, or
            the ``migration`` of an *old* file.
        old: a file of an older format; it is copied.
        fault: ``kill`` kills the process in place of the call, ``EIO`` and ``ENOSPC``
            let the call fail.
        after: what follows an error: the writer repeats its call (``retry``), dies
            (``die``), or repeats it while every further such call fails (``sticky``).
        points: how many, sampled evenly; None for all.
        seed: of the sample.
        early: the control: the writer acknowledges before it commits.
    """
    check_choice(work, Work, "work")
    check_choice(fault, Fault, "fault")
    check_choice(after, After, "after")
    if work == "migration" and old is None:
        raise InvalidOption(field="old", expected="a file of an older format")
    plan = _Plan(folder, work, old, fault, after, early)
    return timed(lambda: _system_calls(plan, points, seed))


@attrs.frozen
class _Plan:
    folder: Path
    work: Work
    old: Path | None
    fault: Fault
    after: After
    early: bool

    @property
    def variant(self) -> str:
        if self.early:
            return "acknowledges before the commit"
        how = "" if self.fault == "kill" else f", then {self.after}"
        return f"{self.work}: {self.fault}{how}"


def _system_calls(
    plan: _Plan, points: int | None, seed: int
) -> Figures:  # under strace
    figures = Figures(
        "syscalls",
        plan.variant,
        0,
        "points",
        seed,
        is_control=plan.early,
        not_run=why_not(),
    )
    if figures.not_run:
        return figures
    counting = _prepared(plan)
    expected = _migrated_root(counting.path) if plan.old else ""
    counting = _prepared(plan)
    counted = _run(plan, counting, None)
    every = points_of(counted, counting.folder, _FAULTY[plan.fault])
    if plan.after == "sticky":  # the interpreter must be able to open its own files
        every = [point for point in every if point.name != "openat"]
    damage, counts = Damage(), Counter[str]()
    shutil.rmtree(counting.folder)
    chosen = sample(every, points, seed)
    for point in chosen:
        book = _prepared(plan)
        traced = _run(plan, book, point)
        counts["missed"] += not _has_struck(plan, traced)
        damage += _judge(plan, book, traced, counts, expected)
        shutil.rmtree(book.folder)
    details = {"of": len(every)} | {name: n for name, n in counts.items() if n}
    tried = len(chosen) - counts["missed"]
    return attrs.evolve(figures, tried=tried, damage=damage, details=details)


def points_of(traced: Traced, folder: Path, names: Sequence[str]) -> list[Point]:
    """Return the calls of these names that touch the folder, in their order."""
    counts: Counter[str] = Counter()
    open_: set[str] = set()
    prefix = str(folder.absolute()).encode()
    points = []
    for call in read_calls(traced.log):
        counts[call.name] += 1
        texts = [item for item in call.arguments if isinstance(item, bytes)]
        if call.name in ("openat", "unlink", "link", "rename"):
            touches = any(text.startswith(prefix) for text in texts)
        else:
            touches = call.arguments[0] in open_
        if call.name == "openat":
            (open_.add if touches else open_.discard)(str(call.result))
        if touches and call.name in names:
            points.append(Point(call.name, counts[call.name]))
    return points


def sample(every: Sequence[Point], count: int | None, seed: int) -> list[Point]:
    """Return so many points, evenly spread, beginning at a random one."""
    if count is None or count >= len(every):
        return list(every)
    shift = random.Random(seed).random()  # noqa: S311 - a sample
    return [every[int((index + shift) * len(every) / count)] for index in range(count)]


@attrs.frozen
class _Book:
    """A book in a folder of its own, and what is in it before the fault."""

    folder: Path
    witness: Witness

    @property
    def path(self) -> Path:
        return self.folder / "books.db"

    @property
    def backup(self) -> Path:
        return self.folder / "backup.db"


def _prepared(plan: _Plan) -> _Book:  # under strace
    """Return a new book, always at the same place: the calls must be the same."""
    book = _Book(plan.folder / "syscalls", Witness())
    shutil.rmtree(book.folder, ignore_errors=True)
    book.folder.mkdir()
    if plan.old:
        shutil.copyfile(plan.old, book.path)
    elif plan.work != "creation":
        with open_book(book.path) as ledger:
            for number in range(OLD):
                post_batch(ledger, number)
        book.witness.tried.update(range(OLD))
        book.witness.acknowledged.update(range(OLD))
    return book


def _run(plan: _Plan, book: _Book, point: Point | None) -> Traced:  # under strace
    """Let the writer work, with a fault at a point or without."""
    options: tuple[str, ...] = ()
    if point is not None:
        what = "signal=KILL" if plan.fault == "kill" else f"error={plan.fault}"
        when = f"{point.number}{'+' if plan.after == 'sticky' else ''}"
        options = ("-e", f"inject={point.name}:{what}:when={when}")
    task = Task(
        str(book.path.absolute()),
        first=len(book.witness.tried),
        count=0 if plan.work in ("backup", "migration") else BATCHES,
        migrates=plan.work == "migration",
        session=BATCHES - 1,
        acknowledges="early" if plan.early else "after",
        patience=0 if plan.after == "die" else PATIENCE,
        backup=str(book.backup.absolute()) if plan.work == "backup" else "",
    )
    calls = (*_CHANGING, "pread64") if point is None else (point.name,)
    return trace(command(task), plan.folder / "syscalls.strace", calls, options)


def _migrated_root(path: Path) -> str:
    """Migrate a file, and return the root of its log."""
    migrate(path)
    with bl.open_ledger(path, read_only=True) as ledger:
        return ledger.verify().root


def _has_struck(plan: _Plan, traced: Traced) -> bool:  # under strace
    if plan.fault == "kill":
        return traced.exit_code == -signal.SIGKILL
    return "(INJECTED)" in traced.log.read_text(encoding="ascii")


def _judge(
    plan: _Plan, book: _Book, traced: Traced, counts: Counter[str], expected: str
) -> Damage:
    """Return what is wrong after a fault."""
    damage = Damage()
    if traced.exit_code not in (0, GAVE_UP, -signal.SIGKILL):
        last = traced.complaint.strip().rpartition("\n")[2]
        damage += Damage(anomalies=1, notes=(f"the writer broke: {last}",))
    witness = book.witness
    witness.hear(traced.said)
    if plan.work == "backup":
        damage += look_at_backup(book.path, book.backup, witness)
    counts["calls that failed"] += witness.failed.total()
    counts["outcomes unknown"] += witness.failed["outcome-unknown"]
    if plan.work == "migration":
        return damage + look_at_migrated(book.path, expected, witness)
    look = look_at(book.path, witness)
    counts["in flight"] += len(witness.in_flight)
    counts["of those committed"] += sum(
        1 for number in witness.in_flight if ids_of(number) <= look.found.keys()
    )
    return damage + (look.damage or complete(book.path, witness))
