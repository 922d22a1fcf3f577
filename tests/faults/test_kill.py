"""A process that posts is killed at any moment, again and again.

What it has acknowledged is there exactly once; what it was about to post is there as a
whole or not at all, and can be posted again under the same id.
"""

import inspect
import random
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

import backoffice_ledger as bl


def entries_of(number: int) -> list[bl.Entry]:
    """Return what is posted as the batch of this number."""
    return [
        bl.Entry(
            f"{number}-{part}",
            date(2026, 1 + number % 12, 1),
            [
                bl.debit("expenses:rent", f"{number + 1}.00 EUR", memo="floor 2"),
                bl.credit("assets:bank", f"{number + 1}.00 EUR"),
            ],
            description="Office",
        )
        for part in range(1 + number % 3)
    ]


CHILD = f"""
import sys
from datetime import date
import backoffice_ledger as bl

{inspect.getsource(entries_of)}

path, number, is_early = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "early"
print("begun", flush=True)
with bl.open_ledger(path, actor="child", create=True) as ledger:
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    while True:
        print(f"try {{number}}", flush=True)
        if is_early:
            print(f"done {{number}}", flush=True)
        ledger.post_many(entries_of(number))
        if not is_early:
            print(f"done {{number}}", flush=True)
        number += 1
"""


class Torture:
    """A book, and what its killed writers have said about it."""

    def __init__(self, path: Path, seed: int, *, early: bool = False) -> None:
        self.path = path
        self.random = random.Random(seed)
        self.mode = "early" if early else "honest"
        self.tried: set[int] = set()
        self.acknowledged: set[int] = set()

    def kill_one(self) -> None:
        """Start a writer, kill it, and listen to what it had said."""
        said: list[str] = []
        arguments = (self.path, str(len(self.tried)), self.mode)
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, *arguments],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            if self.random.random() < 0.15:  # while it starts, or makes the book
                time.sleep(self.random.random() * 0.5)
            else:
                for _ in range(self.random.randrange(1, 60)):
                    said.append(child.stdout.readline())
                time.sleep(self.random.random() * 0.005)
            child.kill()
            said += child.stdout.readlines()
        for line in said:
            match = re.fullmatch(r"(try|done) ([0-9]+)\n", line)
            if match is None:  # another line, or one that was cut off
                continue
            numbers = self.tried if match[1] == "try" else self.acknowledged
            numbers.add(int(match[2]))

    def missing(self) -> set[int]:
        """Return what was acknowledged and is not in the book, or only in part."""
        if not self.path.exists():
            return self.acknowledged
        with bl.open_ledger(self.path, actor="parent", create=True) as ledger:
            ledger.verify()
            found = {record.id for record in ledger.records() if record.type == "entry"}
        wanted = {number: {e.id for e in entries_of(number)} for number in self.tried}
        partly = {n for n, ids in wanted.items() if 0 < len(ids & found) < len(ids)}
        return partly | {n for n in self.acknowledged if not wanted[n] <= found}

    def retry(self) -> int:
        """Post again what was in flight; return how much of it was there already."""
        repeated = 0
        with bl.open_ledger(self.path, actor="parent", create=True) as ledger:
            ledger.open_account("assets:bank", type="asset")
            ledger.open_account("expenses:rent", type="expense")
            for number in sorted(self.tried - self.acknowledged):
                summary = ledger.post_many(entries_of(number))
                repeated += summary.repeated > 0
                self.acknowledged.add(number)
            entries = [e.id for number in self.tried for e in entries_of(number)]
            found = [r.id for r in ledger.records() if r.type == "entry"]
            assert sorted(found) == sorted(entries)
            ledger.verify()
        return repeated


@pytest.mark.parametrize(
    "kills",
    [25, pytest.param(1000, marks=pytest.mark.long)],
    ids="{}-kills".format,
)
def test_kill_at_any_moment(tmp_path: Path, kills: int) -> None:
    """Nothing that was acknowledged is lost, doubled or halved."""
    torture = Torture(tmp_path / "books.db", seed=kills)
    in_flight = committed = 0
    for _ in range(kills):
        torture.kill_one()
        assert torture.missing() == set()
        in_flight += len(torture.tried - torture.acknowledged)
        committed += torture.retry()
    assert len(torture.tried) > 5 * kills
    assert in_flight > kills / 4, "the kills did not fall on work"
    assert committed <= in_flight


def test_the_test_notices_a_writer_that_speaks_too_early(tmp_path: Path) -> None:
    """The control: who acknowledges before the commit is found out."""
    torture = Torture(tmp_path / "books.db", seed=7, early=True)
    for _ in range(25):
        torture.kill_one()
        if torture.missing():
            return
    pytest.fail("a writer that acknowledges before it commits was not found out")
