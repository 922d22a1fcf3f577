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
from backoffice_ledger.testing.torture._witness import (
    Witness,
    complete,
    look_at,
    look_at_backup,
)
from backoffice_ledger.testing.torture._writer import BACKED_UP, Task, command

Device = Literal["honest", "lying", "normal", "early"]
Recorded = Literal["posting", "backup"]

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
    work: Recorded = "posting",
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
        work: ``posting``, or a ``backup`` after it: one that was finished is there, and
            whole.
        device: ``honest``, or a control: ``lying`` ignores every sync, which is also
            what SQLite does with ``synchronous=OFF``; ``normal`` leaves out those at
            commit, as ``synchronous=NORMAL`` does; ``early`` is an honest one under
            a writer that acknowledges before it commits.
        batches: length of the run.
    """
    check_choice(work, Recorded, "work")
    check_choice(device, Device, "device")
    plan = _Plan(folder, images, seed, work, device, batches)
    return timed(lambda: _power_loss(plan))


@attrs.frozen
class _Plan:
    folder: Path
    images: int
    seed: int
    work: Recorded
    device: Device
    batches: int


def _power_loss(plan: _Plan) -> Figures:  # under strace
    seed, device = plan.seed, plan.device
    figures = Figures(
        "power",
        f"{plan.work}: {_VARIANTS[device]}",
        0,
        "images",
        seed,
        is_control=device != "honest",
        not_run=why_not(),
    )
    if figures.not_run:
        return figures
    history = _BROKEN[device](record(plan))
    random_ = random.Random(seed)  # noqa: S311 - images, not secrets
    place = plan.folder / "image"
    seen: set[bytes] = set()
    damage = Damage()
    bad = 0
    for image, witness in disks(history, plan.images, random_):
        digest = _digest(image, witness)
        if digest in seen:
            continue
        seen.add(digest)
        found = _judge(image, witness, place, plan.work)
        damage += found
        bad += bool(found)
    return attrs.evolve(
        figures,
        tried=plan.images,
        damage=damage,
        details={"operations": len(history), "distinct": len(seen), "bad": bad},
    )


def record(plan: _Plan) -> list[Operation]:  # under strace
    """Run a writer on a new book in a folder of its own; return what it did.

    Raises:
        RuntimeError: it did not come to its end.
    """
    place = plan.folder.absolute() / "recorded"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    log = plan.folder / "recorded.strace"
    task = Task(
        str(place / "books.db"),
        count=plan.batches,
        session=SESSION,
        acknowledges="early" if plan.device == "early" else "after",
        backup=str(place / "backup.db") if plan.work == "backup" else "",
    )
    traced = trace(command(task), log, STORAGE)
    if traced.exit_code:
        raise RuntimeError(f"the writer failed: {traced.complaint}")
    history = list(operations(read_calls(log), str(place)))
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


def _judge(
    image: Image, witness: Witness, place: Path, work: Recorded
) -> Damage:  # under strace
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name, content in image.items():
        (place / name).write_bytes(content)
    path = place / "books.db"
    damage = look_at(path, witness).damage
    if work == "backup":
        if not damage and (
            BACKED_UP in witness.finished or (place / "backup.db").exists()
        ):
            damage = look_at_backup(path, place / "backup.db", witness)
    elif not damage:
        damage = complete(path, witness)
    shutil.rmtree(place)
    return damage


def _digest(image: Image, witness: Witness) -> bytes:  # under strace
    digest = hashlib.sha256()
    for name, content in image.items():
        digest.update(f"{name} {len(content)} ".encode())
        digest.update(content)
    said = (len(witness.tried), len(witness.acknowledged), sorted(witness.finished))
    digest.update(repr(said).encode())
    return digest.digest()


# --- disks that break their promise --------------------------------------------------


def _without_syncs(history: Sequence[Operation]) -> list[Operation]:  # under strace
    return [step for step in history if not isinstance(step, (Sync, SyncFolder))]


def _without_commits(history: Sequence[Operation]) -> list[Operation]:  # under strace
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
