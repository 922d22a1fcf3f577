"""What writers have said, and whether the book agrees with it."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import LedgerError
from backoffice_ledger.stores import migrate
from backoffice_ledger.testing.torture._figures import Damage
from backoffice_ledger.testing.torture._writer import (
    BACKED_UP,
    MIGRATED,
    ids_of,
    open_book,
    post_batch,
)

_LINE: Final = re.compile(
    r"(?:(try|done) (\d+)|failed (\S+)|(done backup|done migration))\n"
)


@attrs.define
class Witness:
    """What writers have tried, and what they were told is done."""

    tried: set[int] = attrs.field(factory=set)
    acknowledged: set[int] = attrs.field(factory=set)
    failed: Counter[str] = attrs.field(factory=Counter)
    finished: set[str] = attrs.field(factory=set)

    def hear(self, lines: Iterable[str]) -> None:
        """Note what a writer said; a last line that was cut off says nothing."""
        for line in lines:
            match = _LINE.fullmatch(line)
            if match is None:
                continue
            word, number, code, finished = match.groups()
            if code:
                self.failed[code] += 1
            elif finished:
                self.finished.add(finished)
            else:
                (self.tried if word == "try" else self.acknowledged).add(int(number))

    @property
    def in_flight(self) -> set[int]:
        """Batches whose writer died before it was told."""
        return self.tried - self.acknowledged


@attrs.frozen
class Look:
    """What a book was found to hold: how often each entry, and what is wrong."""

    found: Counter[str]
    damage: Damage


def look_at(path: Path, witness: Witness) -> Look:
    """Open and verify the book, and compare it with what its writers said."""
    if witness.acknowledged and not path.exists():
        count = sum(len(ids_of(number)) for number in witness.acknowledged)
        return Look(Counter(), Damage(lost=count, notes=("the book is gone",)))
    try:
        with bl.open_ledger(path, actor="witness", create=True) as ledger:
            found = _found(ledger)
            ledger.verify()
    except LedgerError as error:
        note = f"{path.name}: {type(error).__name__}: {error}"
        return Look(Counter(), Damage(partial=1, notes=(note,)))
    return Look(found, compare(found, witness))


def look_at_backup(path: Path, backup: Path, witness: Witness) -> Damage:
    """Compare a backup with its book: it is whole, or absent and can be made again."""
    try:
        with bl.open_ledger(path, actor="witness") as ledger:
            expected = ledger.verify()
            if not backup.exists():
                if BACKED_UP in witness.finished:
                    return Damage(lost=1, notes=("the backup is gone",))
                ledger.backup(backup)
        with bl.open_ledger(backup, read_only=True) as copy:
            found = copy.verify()
    except LedgerError as error:
        return Damage(partial=1, notes=(f"backup: {error!r}",))
    if found != expected:
        return Damage(partial=1, notes=("the backup differs from the book",))
    return Damage()


def look_at_migrated(path: Path, expected: str, witness: Witness) -> Damage:
    """Migrate again, and compare the book and every copy with what they must be.

    Args:
        path: the book, which has the old format or the new one.
        expected: the root of the log.
        witness: whether the writer was told that it is done.
    """
    try:
        again = migrate(path)
        if MIGRATED in witness.finished and again.backup is not None:
            return Damage(lost=1, notes=("the migration is gone",))
        roots = {_root(path)}
        for copy in path.parent.glob("*.backup"):
            migrate(copy)
            roots.add(_root(copy))
    except LedgerError as error:
        return Damage(partial=1, notes=(f"migration: {error!r}",))
    if roots != {expected}:
        return Damage(partial=1, notes=("the migrated book differs",))
    return Damage()


def _root(path: Path) -> str:
    with bl.open_ledger(path, read_only=True) as ledger:
        return ledger.verify().root


def compare(found: Counter[str], witness: Witness) -> Damage:
    """Return what is lost, doubled, there in part, or there and never tried."""
    known = set().union(*map(ids_of, witness.tried))
    must = set().union(*map(ids_of, witness.acknowledged))
    lost = must - found.keys()
    doubled = sum(count - 1 for count in found.values())
    partial = [
        number
        for number in sorted(witness.in_flight)
        if 0 < len(ids_of(number) & found.keys()) < len(ids_of(number))
    ]
    strange = found.keys() - known
    notes = [f"lost: {id_}" for id_ in sorted(lost)]
    notes += [f"in part: batch {number}" for number in partial]
    notes += [f"never posted: {id_}" for id_ in sorted(strange)]
    return Damage(len(lost), doubled, len(partial), len(strange), tuple(notes))


def complete(path: Path, witness: Witness) -> Damage:
    """Post again what was in flight, under the same ids: each is there once then.

    The witness has heard of all of them afterwards.
    """
    try:
        with open_book(path) as ledger:
            for number in sorted(witness.in_flight):
                post_batch(ledger, number)
                witness.acknowledged.add(number)
            found = _found(ledger)
            ledger.verify()
    except LedgerError as error:
        return Damage(partial=1, notes=(f"does not go on: {error!r}",))
    return compare(found, witness)


def _found(ledger: bl.Ledger) -> Counter[str]:
    return Counter(record.id for record in ledger.records() if record.type == "entry")
