"""Every statement of every command fails, in every way that SQLite has."""

import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import attrs

import backoffice_ledger as bl
from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger.errors import (
    Busy,
    InvalidOption,
    LedgerError,
    OutcomeUnknown,
    StorageFailure,
    StoreError,
)
from backoffice_ledger.testing.faults import FaultInjector
from backoffice_ledger.testing.torture._commands import (
    COMMANDS,
    Command,
    make_book,
    sample_entry,
)
from backoffice_ledger.testing.torture._figures import Damage, Figures, timed

AfterFault = Literal["retry", "die", "sticky"]
Contents = list[tuple[str, str]]

ALWAYS: Final = 10**9


@attrs.frozen
class Fault:
    """How statements fail, and what a command then raises before its commit."""

    code: str
    kind: type[LedgerError]
    times: int = 1
    after: bool = False


FAULTS: Final = (
    Fault("SQLITE_BUSY", Busy),
    Fault("SQLITE_BUSY", Busy, times=2),  # the rollback fails as well
    Fault("SQLITE_IOERR", StorageFailure),
    Fault("SQLITE_FULL", StorageFailure),
    Fault("SQLITE_CORRUPT", StorageFailure),  # a second look finds it sound
)
AT_COMMIT: Final = (
    Fault("SQLITE_IOERR", OutcomeUnknown, after=True),
    Fault("SQLITE_FULL", OutcomeUnknown, after=True),
    Fault("SQLITE_CORRUPT", OutcomeUnknown, after=True),
)
"""The commit happens, and is reported as failed."""


@attrs.frozen
class IoPoint:
    """A statement of a command, and how it fails."""

    name: str
    statement: int
    is_commit: bool
    fault: Fault

    def expected(self, after: AfterFault) -> tuple[type[LedgerError], ...]:
        """Return what the command may raise."""
        if after == "sticky":
            return (StoreError,)
        if self.is_commit and self.fault.kind is not Busy:
            return (OutcomeUnknown,)
        return (self.fault.kind,)


def io_faults(
    folder: Path,
    *,
    after: AfterFault = "retry",
    commands: Iterable[str] | None = None,
    points: int | None = None,
    seed: int = 0,
    new_id: bool = False,
) -> Figures:
    """Let each statement of each command fail, through a `FaultInjector`.

    Each point is a statement, a kind of failure, and for a commit also a failure that
    is reported after it has happened.  The error must say what it must; nothing may be
    half done; and the same command again must leave the book as if nothing had failed.

    Args:
        folder: an existing folder; the books go there.
        after: what follows the error: the same ledger does it again (``retry``); the
            process dies, and another one opens the files as they are (``die``); all
            further statements fail until the command gives up (``sticky``).
        commands: names of commands; None for all.
        points: how many, sampled at random; None for all.
        seed: of the sample.
        new_id: the control: the caller takes an error for a no, and posts again under
            a new id.
    """
    check_choice(after, AfterFault, "after")
    names = _checked_names(commands)
    return timed(lambda: _io_faults(folder, after, names, points, seed, new_id=new_id))


def _checked_names(commands: Iterable[str] | None) -> list[str]:
    names = list(COMMANDS if commands is None else commands)
    for name in names:
        if name not in COMMANDS:
            raise InvalidOption(
                field="commands", expected=", ".join(COMMANDS), found=name
            )
    return names


def _io_faults(
    folder: Path,
    after: AfterFault,
    names: Sequence[str],
    points: int | None,
    seed: int,
    *,
    new_id: bool,
) -> Figures:
    place = folder / "io"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    bench = Bench(place)
    names = ["post"] if new_id else names
    every = [point for name in names for point in bench.points(name)]
    chosen = every
    if points is not None and points < len(every):
        random_ = random.Random(seed)  # noqa: S311 - a sample
        chosen = random_.sample(every, points)
    if new_id:
        chosen = [point for point in every if point.fault.after]
    damage = Damage()
    for point in chosen:
        damage += bench.try_one(point, after, new_id=new_id)
    shutil.rmtree(place)
    return Figures(
        "io",
        "posts again under a new id" if new_id else f"statements fail, then {after}",
        len(chosen),
        "points",
        seed,
        damage,
        is_control=new_id,
        details={"of": len(every), "commands": len(names)},
    )


class Bench:
    """A folder with the book that every point begins with."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        self._path = folder / "books.db"
        self._expected: dict[str, Contents] = {}
        make_book(self._template)
        with opened(self._template, FaultInjector()) as ledger:
            self._before = contents(ledger)

    def points(self, name: str) -> Iterator[IoPoint]:
        """Yield all points of a command, and remember what it does undisturbed."""
        faults = FaultInjector()
        with opened(self._fresh(), faults) as ledger:
            faults.disarm()
            COMMANDS[name](ledger)
            statements = list(faults.statements)
            self._expected[name] = contents(ledger)
        last = max(i for i, sql in enumerate(statements) if sql == "COMMIT")
        for index in range(last + 1):
            for fault in FAULTS:
                yield IoPoint(name, index, index == last, fault)
        for fault in AT_COMMIT:
            yield IoPoint(name, last, True, fault)

    def try_one(self, point: IoPoint, after: AfterFault, *, new_id: bool) -> Damage:
        """Let a statement fail, and return what is wrong afterwards."""
        command, expected = COMMANDS[point.name], self._expected[point.name]
        faults = FaultInjector()
        path = self._fresh()
        damage = Damage()
        with opened(path, faults) as ledger:
            faults.arm(
                point.fault.code,
                statement=point.statement,
                after=point.fault.after,
                times=ALWAYS if after == "sticky" else point.fault.times,
            )
            caught = _caught(command, ledger)
            faults.disarm()
            if not isinstance(caught, point.expected(after)):
                damage += Damage(anomalies=1, notes=(f"{point}: {caught!r}",))
            if after == "die":
                path = _as_it_is(path)
            else:
                damage += self._check(ledger, point, expected, new_id=new_id)
        if after == "die":
            with opened(path, FaultInjector()) as ledger:
                damage += self._check(ledger, point, expected, new_id=new_id)
        return damage

    def _check(
        self, ledger: bl.Ledger, point: IoPoint, expected: Contents, *, new_id: bool
    ) -> Damage:
        """Compare the book with both that it may be, and do the command again."""
        try:
            found = contents(ledger)
            ledger.verify()
            if new_id:
                ledger.post(sample_entry("once more"))
            else:
                COMMANDS[point.name](ledger)
            final = contents(ledger)
            ledger.verify()
        except LedgerError as error:
            return Damage(partial=1, notes=(f"{point}: {error!r}",))
        damage = difference(final, expected)
        if found not in (self._before, expected):
            damage += Damage(partial=1, notes=(f"{point}: done in part",))
        return damage

    def _fresh(self) -> Path:
        """Return a copy of the template, at the same place."""
        for leftover in self._path.parent.glob(f"{self._path.name}*"):
            leftover.unlink()
        return Path(shutil.copyfile(self._template, self._path))


@contextmanager
def opened(path: Path, faults: FaultInjector) -> Iterator[bl.Ledger]:
    """Open a book whose statements may fail."""
    store = bl.SQLiteStore(path, intercept=faults)
    try:
        with bl.open_ledger(store, actor="clerk") as ledger:
            yield ledger
    finally:
        store.close()


def contents(ledger: bl.Ledger) -> Contents:
    """Return type and id of every record; the leaves depend on salts and the time."""
    return [(record.type, record.id) for record in ledger.records()]


def difference(found: Contents, expected: Contents) -> Damage:
    """Return what a book lacks, and what it has too much."""
    missing = Counter(expected) - Counter(found)
    more = Counter(found) - Counter(expected)
    notes = [f"missing: {key}" for key in missing] + [
        f"too much: {key}" for key in more
    ]
    return Damage(missing.total(), more.total(), notes=tuple(notes))


def _caught(command: Command, ledger: bl.Ledger) -> LedgerError | None:
    try:
        command(ledger)
    except LedgerError as error:
        return error
    return None


def _as_it_is(path: Path) -> Path:
    """Return a copy of the files of a book, as a dead process leaves them."""
    copy = path.with_name(f"{path.name}.dead")
    shutil.copyfile(path, copy)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        shutil.copyfile(log, copy.with_name(f"{copy.name}-wal"))
    return copy
