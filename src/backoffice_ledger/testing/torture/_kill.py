"""A process that posts is killed at any moment, again and again."""

import random
import subprocess
import time
from pathlib import Path
from typing import IO, Final, cast

from backoffice_ledger.testing.torture._figures import Damage, Figures, timed
from backoffice_ledger.testing.torture._witness import Witness, complete, look_at
from backoffice_ledger.testing.torture._writer import Task, command, ids_of

START_SHARE: Final = 0.15
"""Of the kills: while the writer starts, or makes the book."""

START_SECONDS: Final = 0.5
LINES_MAX: Final = 60
BOOK_KILLS: Final = 25
"""After so many the next book begins: all of it is read after each kill."""

WORK_SECONDS: Final = 0.005
"""How long after a line the kill comes at most; a commit takes about as long."""


def kill_loop(
    folder: Path, *, kills: int = 100, seed: int = 0, early: bool = False
) -> Figures:
    """Kill a writing process at random instants; what it was told must be true.

    The parent keeps the log of acknowledgements.  After each kill it opens the book,
    verifies it, looks for what was acknowledged, and posts again, under the same id,
    what was in flight.

    Args:
        folder: an existing folder; the book goes there.
        kills: how many.
        seed: of the instants.
        early: the control: the writer acknowledges before it commits.
    """
    return timed(lambda: _kill_loop(folder, kills, seed, early=early))


def _kill_loop(folder: Path, kills: int, seed: int, *, early: bool) -> Figures:
    random_ = random.Random(seed)  # noqa: S311 - instants, not secrets
    path, witness, damage = folder, Witness(), Damage()
    acknowledged = in_flight = committed = done = 0
    while done < kills and not damage:  # what is lost stays lost
        if done % BOOK_KILLS == 0:
            path = folder / f"kill-{'early' if early else 'honest'}-{done}.db"
            witness = Witness()
        task = Task(
            str(path),
            first=len(witness.tried),
            acknowledges="early" if early else "after",
        )
        before = len(witness.acknowledged)
        witness.hear(kill_one(task, random_))
        look = look_at(path, witness)
        damage += look.damage
        in_flight += len(witness.in_flight)
        committed += sum(
            1 for number in witness.in_flight if ids_of(number) <= look.found.keys()
        )
        acknowledged += len(witness.acknowledged) - before
        done += 1
        if not damage:
            damage = complete(path, witness)
    return Figures(
        "kill",
        "acknowledges before the commit" if early else "kill -9 at random instants",
        done,
        "kills",
        seed,
        damage,
        is_control=early,
        details={
            "acknowledged batches": acknowledged,
            "in flight": in_flight,
            "of those committed": committed,
        },
    )


def kill_one(task: Task, random_: random.Random) -> list[str]:
    """Start a writer, kill it at some instant, and return what it had said."""
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603 - this Python
        command(task), stdout=subprocess.PIPE, text=True
    ) as child:
        lines = cast(IO[str], child.stdout)
        if random_.random() < START_SHARE:
            time.sleep(random_.random() * START_SECONDS)
        else:
            said += [lines.readline() for _ in range(random_.randrange(1, LINES_MAX))]
            time.sleep(random_.random() * WORK_SECONDS)
        child.kill()
        said += lines.readlines()
    return said
