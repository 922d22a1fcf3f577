"""What the command runs: a fast tier for each commit, and a long one for a release."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from backoffice_ledger.testing.torture._bank import GUARDS, bank
from backoffice_ledger.testing.torture._figures import Figures
from backoffice_ledger.testing.torture._io import AfterFault, io_faults
from backoffice_ledger.testing.torture._kill import kill_loop
from backoffice_ledger.testing.torture._power import Device, power_loss
from backoffice_ledger.testing.torture._syscalls import (
    After,
    Fault,
    Work,
    system_calls,
)
from backoffice_ledger.testing.torture._teller import Guard

TOOLS: Final = ("kill", "syscalls", "power", "io", "bank")

_WORKS: Final[tuple[Work, ...]] = ("posting", "creation", "backup")
_ERRORS: Final[tuple[tuple[Fault, After], ...]] = (
    ("EIO", "retry"),
    ("EIO", "die"),
    ("EIO", "sticky"),
    ("ENOSPC", "retry"),
    ("ENOSPC", "die"),
    ("ENOSPC", "sticky"),
)
_BROKEN: Final[tuple[Device, ...]] = ("lying", "normal", "early")
_AFTER: Final[tuple[AfterFault, ...]] = ("retry", "die", "sticky")


@attrs.frozen
class Tier:
    """How much of everything; None for all points."""

    kills: int
    deaths: int | None
    errors: int | None
    kinds: tuple[tuple[Fault, After], ...]
    images: int
    broken_images: int
    statements: int | None
    transfers: int
    processes: int
    threads: int


FAST: Final = Tier(
    kills=10,
    deaths=5,
    errors=1,
    kinds=(("EIO", "die"), ("EIO", "sticky"), ("ENOSPC", "retry")),
    images=300,
    broken_images=100,
    statements=100,
    transfers=40,
    processes=2,
    threads=2,
)
LONG: Final = Tier(
    kills=1_000,
    deaths=None,
    errors=None,
    kinds=_ERRORS,
    images=20_000,
    broken_images=2_000,
    statements=None,
    transfers=2_000,
    processes=4,
    threads=4,
)


@attrs.frozen
class Job:
    """One line of the scoreboard: a tool in one variant, in a folder, with a seed."""

    tool: str
    name: str
    run: Callable[[Path, int], Figures]


def jobs(tier: Tier, dsn: str = "", old: Path | None = None) -> Iterator[Job]:
    """Yield everything that a tier runs, each tool's controls after it."""
    for early in (False, True):
        kills = min(tier.kills, 100) if early else tier.kills
        yield _job("kill", f"early={early}", kill_loop, kills=kills, early=early)
    yield from _syscall_jobs(tier, old)
    yield _job("power", "honest", power_loss, images=tier.images)
    yield _job("power", "backup", power_loss, images=tier.images, work="backup")
    for device in _BROKEN:
        images = tier.broken_images
        yield _job("power", device, power_loss, images=images, device=device)
    for after in _AFTER:
        points = tier.statements
        yield _job("io", after, io_faults, points=points, after=after)
    yield _job("io", "new_id", io_faults, new_id=True)
    for guard in GUARDS:
        yield Job("bank", f"SQLite {guard}", partial(_bank_on_sqlite, tier, guard))
    for guard in GUARDS:
        run = partial(_bank_on_server, tier, guard, dsn)
        yield Job("bank", f"PostgreSQL {guard}", run)


def _syscall_jobs(tier: Tier, old: Path | None) -> Iterator[Job]:
    for work in _WORKS if old is None else (*_WORKS, "migration"):
        source = old if work == "migration" else None
        run = partial(system_calls, work=work, old=source)
        yield _job("syscalls", f"{work} kill", run, points=tier.deaths)
        for fault, after in tier.kinds:
            name, points = f"{work} {fault} {after}", tier.errors
            yield _job("syscalls", name, run, fault=fault, after=after, points=points)
    if old is None:
        yield Job("syscalls", "migration", _no_old_file)
    yield _job("syscalls", "early", system_calls, points=4, early=True)


def _job(tool: str, name: str, run: Callable[..., Figures], **options: object) -> Job:
    return Job(tool, name, partial(_run, run, options))


def _run(
    run: Callable[..., Figures], options: dict[str, object], folder: Path, seed: int
) -> Figures:
    return run(folder, seed=seed, **options)


def _no_old_file(_folder: Path, seed: int) -> Figures:
    return Figures(
        "syscalls", "migration", 0, "points", seed, not_run="no --old file was given"
    )


def _bank_on_sqlite(tier: Tier, guard: Guard, folder: Path, seed: int) -> Figures:
    return _bank(tier, guard, str(folder / "bank.db"), seed)


def _bank_on_server(
    tier: Tier, guard: Guard, dsn: str, _folder: Path, seed: int
) -> Figures:
    if dsn:
        return _bank(tier, guard, dsn, seed)
    return Figures(
        "bank",
        f"PostgreSQL: {GUARDS[guard]}",
        0,
        "commits",
        seed,
        is_control=guard == "outside",
        not_run="no --dsn was given",
    )


def _bank(tier: Tier, guard: Guard, where: str, seed: int) -> Figures:
    return bank(
        where,
        processes=tier.processes,
        threads=tier.threads,
        transfers=tier.transfers,
        seed=seed,
        guard=guard,
    )
