"""Power failures: a run is recorded, and every disk that they may leave is opened."""

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import attrs

from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger.testing.torture._disk import (
    Disk,
    Image,
    Name,
    Operation,
    Said,
    Sync,
    SyncFolder,
    everything,
    nothing,
    operations,
    some,
    some_names,
)
from backoffice_ledger.testing.torture._figures import Damage, Figures, timed
from backoffice_ledger.testing.torture._strace import (
    STORAGE,
    read_calls,
    trace,
    why_not,
)
from backoffice_ledger.testing.torture._witness import Witness, complete, look_at
from backoffice_ledger.testing.torture._writer import Task, command

Device = Literal["honest", "lying", "normal", "early"]

BATCHES: Final = 12
SESSION: Final = 5

_VARIANTS: Final[dict[str, str]] = {
    "honest": "images of an honest disk",
    "lying": "a disk that ignores every sync",
    "normal": "no sync at commit (NORMAL)",
    "early": "acknowledges before the commit",
}


def power_loss(
    folder: Path,
    *,
    images: int = 1_000,
    seed: int = 0,
    device: Device = "honest",
    batches: int = BATCHES,
) -> Figures:
    """Open every disk that a power failure may leave of a run that posts.

    The run makes a book, posts, closes it and opens it again, all with the SQLite of
    this Python; its system calls are recorded.  For each image some number of them has
    happened, and of what was not synced by then nothing, all or some got to the disk,
    in any order, torn at 512 bytes.  In each image the book must open and verify, and
    hold each acknowledged entry once; what was in flight can be posted again.

    Args:
        folder: an existing folder.
        images: how many; spread evenly over the run.
        seed: of what got to the disk.
        device: ``honest``, or a control: ``lying`` ignores every sync, which is also
            what SQLite does with ``synchronous=OFF``; ``normal`` leaves out those at
            commit, as ``synchronous=NORMAL`` does; ``early`` is an honest one under
            a writer that acknowledges before it commits.
        batches: length of the run.
    """
    check_choice(device, Device, "device")
    return timed(lambda: _power_loss(folder, images, seed, device, batches))


def _power_loss(
    folder: Path, images: int, seed: int, device: Device, batches: int
) -> Figures:
    figures = Figures(
        "power",
        _VARIANTS[device],
        0,
        "images",
        seed,
        is_control=device != "honest",
        not_run=why_not(),
    )
    if figures.not_run:
        return figures
    history = _BROKEN[device](record(folder, batches, early=device == "early"))
    random_ = random.Random(seed)  # noqa: S311 - images, not secrets
    place = folder / f"image-{device}-{seed}"
    seen: set[bytes] = set()
    damage = Damage()
    bad = 0
    for image, witness in disks(history, images, random_):
        digest = _digest(image, witness)
        if digest in seen:
            continue
        seen.add(digest)
        found = _judge(image, witness, place)
        damage += found
        bad += bool(found)
    return attrs.evolve(
        figures,
        tried=images,
        damage=damage,
        details={"operations": len(history), "distinct": len(seen), "bad": bad},
    )


def record(folder: Path, batches: int, *, early: bool = False) -> list[Operation]:
    """Run a writer on a new book in a folder of its own; return what it did.

    Raises:
        RuntimeError: it did not come to its end.
    """
    place = folder / f"recorded-{'early' if early else 'honest'}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    log = folder / f"{place.name}.strace"
    task = Task(
        str(place.absolute() / "books.db"),
        count=batches,
        session=SESSION,
        acknowledges="early" if early else "after",
    )
    traced = trace(command(task), log, STORAGE)
    if traced.exit_code:
        raise RuntimeError(f"the writer failed: {traced.complaint}")
    history = list(operations(read_calls(log), str(place.absolute())))
    shutil.rmtree(place)
    log.unlink()
    return history


def disks(
    history: Sequence[Operation], images: int, random_: random.Random
) -> Iterator[tuple[Image, Witness]]:
    """Yield images of a disk in the course of a history, and what was said by then."""
    disk, done = Disk(), 0
    for number in range(images):
        until = number * (len(history) + 1) // images
        while done < until:
            disk.apply(history[done])
            done += 1
        witness = Witness()
        witness.hear(disk.said)
        match number % 4:
            case 0:
                yield disk.image(nothing, nothing), witness
            case 1:
                yield disk.image(everything, everything), witness
            case _:
                yield disk.image(some(random_), some_names(random_)), witness


def _judge(image: Image, witness: Witness, place: Path) -> Damage:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in image.items():
        (place / name).write_bytes(content)
    path = place / "books.db"
    damage = look_at(path, witness).damage
    if not damage:
        damage = complete(path, witness)
    shutil.rmtree(place)
    return damage


def _digest(image: Image, witness: Witness) -> bytes:
    digest = hashlib.sha256()
    for name, content in image.items():
        digest.update(f"{name} {len(content)} ".encode())
        digest.update(content)
    digest.update(f"{len(witness.tried)} {len(witness.acknowledged)}".encode())
    return digest.digest()


# --- disks that break their promise --------------------------------------------------


def _without_syncs(history: Sequence[Operation]) -> list[Operation]:
    return [step for step in history if not isinstance(step, (Sync, SyncFolder))]


def _without_commits(history: Sequence[Operation]) -> list[Operation]:
    """Leave out the syncs of the log after which the writer spoke: at commit."""
    kept = []
    logs = {
        step.node
        for step in history
        if isinstance(step, Name) and step.name.endswith("-wal")
    }
    for step, following in zip(history, [*history[1:], None], strict=True):
        at_commit = isinstance(following, Said) and isinstance(step, Sync)
        if not (at_commit and isinstance(step, Sync) and step.node in logs):
            kept.append(step)
    return kept


_BROKEN: Final[dict[Device, Callable[[list[Operation]], list[Operation]]]] = {
    "honest": list,
    "lying": _without_syncs,
    "normal": _without_commits,
    "early": list,
}
