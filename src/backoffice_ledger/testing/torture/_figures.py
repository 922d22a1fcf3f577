"""What a tool found: the figures of one run, and the table of all of them."""

import platform
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Final, final

import attrs

import backoffice_ledger as bl

NOTES_MAX: Final = 5


@final
@attrs.frozen
class Damage:
    """What is wrong with books, given what their writers were told.

    Attributes:
        lost: acknowledged entries that are not there.
        doubled: entries that are there more often than once.
        partial: batches that are there in part, and books that do not open, do not
            verify, or do not go on.
        anomalies: everything else that must not be: a reader that saw a wrong total,
            a balance below its limit, an error of the wrong kind.
        notes: the first few of them in words.
    """

    lost: int = 0
    doubled: int = 0
    partial: int = 0
    anomalies: int = 0
    notes: tuple[str, ...] = ()

    def __add__(self, other: "Damage") -> "Damage":
        return Damage(
            self.lost + other.lost,
            self.doubled + other.doubled,
            self.partial + other.partial,
            self.anomalies + other.anomalies,
            (self.notes + other.notes)[:NOTES_MAX],
        )

    def __bool__(self) -> bool:
        return any((self.lost, self.doubled, self.partial, self.anomalies))


@final
@attrs.frozen
class Figures:
    """What one tool found in one variant.

    Attributes:
        tool: its name on the command line.
        variant: what was broken, and how.
        tried: how often.
        unit: what was counted: kills, points, images, commits.
        seed: gives the same run again, as far as the machine allows.
        damage: what was wrong.
        is_control: whether the variant is broken on purpose, and must be found out.
        seconds: how long it took.
        details: more counts, by name.
        not_run: why it could not run; empty if it has.
    """

    tool: str
    variant: str
    tried: int
    unit: str
    seed: int
    damage: Damage = Damage()
    is_control: bool = False
    seconds: float = 0.0
    details: Mapping[str, int] = attrs.field(factory=dict)
    not_run: str = ""

    @property
    def is_as_it_must_be(self) -> bool:
        """Whether nothing is wrong; for a control, whether something is."""
        if self.not_run:
            return True
        return self.tried > 0 and bool(self.damage) is self.is_control

    @property
    def verdict(self) -> str:
        """The figures in a few words; what did not run is never "ok"."""
        if self.not_run:
            return f"not run: {self.not_run}"
        if not self.tried:
            return "WRONG: nothing was tried"
        if self.is_control:
            return "fails, as it must" if self.damage else "CONTROL DID NOT FAIL"
        return "WRONG" if self.damage else "ok"


def timed(run: Callable[[], Figures]) -> Figures:
    """Return the figures of a run with the time that it took."""
    begin = perf_counter()
    figures = run()
    return attrs.evolve(figures, seconds=perf_counter() - begin)


# --- the table -----------------------------------------------------------------------

_COLUMNS: Final = (
    ("tool", -8),
    ("variant", -49),
    ("tried", 15),
    ("lost", 6),
    ("doubled", 7),
    ("partial", 7),
    ("anomalies", 9),
    ("seconds", 7),
    ("seed", 10),
    ("verdict", -1),
)


def versions() -> str:
    """Return what was under test."""
    return (
        f"backoffice-ledger {bl.__version__}, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}, {platform.system()} {platform.machine()}"
    )


def heading() -> str:
    """Return the first lines of the scoreboard."""
    names = _line([name for name, _ in _COLUMNS])
    return f"{versions()}\n{names}\n{'-' * len(names)}"


def row(figures: Figures) -> str:
    """Return the lines of a run: figures, more counts, and what was found in words."""
    damage = figures.damage
    counts = [damage.lost, damage.doubled, damage.partial, damage.anomalies]
    shown = ["-"] * 4 if figures.not_run else [str(count) for count in counts]
    first = _line(
        [
            figures.tool,
            ("control: " if figures.is_control else "") + figures.variant,
            "-" if figures.not_run else f"{figures.tried} {figures.unit}",
            *shown,
            "-" if figures.not_run else f"{figures.seconds:.1f}",
            str(figures.seed),
            figures.verdict,
        ]
    )
    lines = [first]
    if figures.details:
        pairs = (f"{name} {count}" for name, count in figures.details.items())
        lines.append(f"         {', '.join(pairs)}")
    if not figures.is_control:
        lines.extend(f"         ! {note}" for note in damage.notes)
    return "\n".join(lines)


def summary(all_figures: Iterable[Figures]) -> str:
    """Return the last line of the scoreboard."""
    ran = [figures for figures in all_figures if not figures.not_run]
    skipped = sum(1 for figures in all_figures if figures.not_run)
    wrong = sum(1 for figures in ran if not figures.is_as_it_must_be)
    return f"{len(ran)} ran, {wrong} wrong, {skipped} not run"


def _line(cells: list[str]) -> str:
    parts = [
        cell.ljust(-width) if width < 0 else cell.rjust(width)
        for cell, (_, width) in zip(cells, _COLUMNS, strict=True)
    ]
    return " ".join(parts).rstrip()
