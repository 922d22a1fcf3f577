"""Posting many entries: atomic by batch, resumable by ids, in constant memory."""

from collections.abc import Iterable, Iterator, Sized
from itertools import islice
from typing import Literal, TypeVar

import attrs

from backoffice_ledger._engine.columns import Columns
from backoffice_ledger._engine.commands import PostEntries
from backoffice_ledger._ledger.session import Appended, Seat, Session
from backoffice_ledger._model.arguments import (
    check_callable,
    check_choice,
    check_count,
    check_entry,
    check_flag,
    check_iterable,
)
from backoffice_ledger._model.entry import Entry, EntryKind, PostSummary, Refusal
from backoffice_ledger.protocols import Progress

T = TypeVar("T")


OnRefusal = Literal["raise", "record", "collect"]
"""What the refusal of one entry does to the others."""


@attrs.define
class _Tally:
    """What the batches so far amount to; positions are known at the end."""

    posted: int = 0
    repeated: int = 0
    batches: int = 0
    first: Seat | None = None
    last: Seat | None = None
    refusals: list[Refusal] = attrs.field(factory=list)

    @property
    def size(self) -> int:
        """How many entries were taken in."""
        return self.posted + self.repeated + len(self.refusals)

    def add(self, appended: Appended, size: int) -> None:
        """Take in a batch of *size* entries."""
        self.posted += appended.posted
        self.repeated += size - appended.posted - len(appended.refusals)
        self.batches += 1
        self.first = self.first or appended.first
        self.last = appended.last or self.last
        self.refusals += appended.refusals

    def summary(self) -> PostSummary:
        """Return the summary, once the transactions have ended."""
        return PostSummary(
            self.posted,
            self.repeated,
            self.batches,
            _position(self.first),
            _position(self.last),
            tuple(self.refusals),
        )


def _position(seat: Seat | None) -> int | None:
    if seat is None:
        return None
    places, index = seat
    return places[index][0] or None


def post_many(
    session: Session,
    entries: Iterable[Entry],
    batch_size: int,
    progress: Progress | None,
    *,
    atomic: bool,
    on_refusal: OnRefusal,
) -> PostSummary:
    """Post *entries* in batches; see `Ledger.post_many`."""
    check_count(batch_size, "batch_size", 1)
    check_flag(atomic, "atomic")
    check_choice(on_refusal, OnRefusal, "on_refusal")
    source: Iterable[Entry] = check_iterable(entries, "entries")
    if progress is not None:
        check_callable(progress, "progress")
        total = len(entries) if isinstance(entries, Sized) else None
        source = check_iterable(progress(entries, total=total), "progress")
    tally = _Tally()
    if not atomic:
        for batch in _batches(source, batch_size):
            _post_batch(session, batch, tally, on_refusal)
        return tally.summary()
    with session.transaction(write=True):
        for batch in _batches(source, batch_size):
            _post_batch(session, batch, tally, on_refusal)
    return tally.summary()


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _post_batch(
    session: Session, batch: list[Entry], tally: _Tally, on_refusal: OnRefusal
) -> None:
    offset = tally.size
    for index, entry in enumerate(batch):
        if type(entry) is not Entry or entry.kind is EntryKind.REVERSING:
            check_entry(entry, f"entries[{offset + index}]")
    command = PostEntries(batch, offset, on_refusal=on_refusal)
    tally.add(session.append(command), len(batch))


def post_columns(
    session: Session, columns: Columns, batch_size: int, progress: Progress | None
) -> PostSummary:
    """Post *columns* in batches; see `Ledger.post_columns`."""
    check_count(batch_size, "batch_size", 1)
    starts: Iterable[int] = range(0, len(columns), batch_size)
    if progress is not None:
        check_callable(progress, "progress")
        starts = progress(starts, total=len(range(0, len(columns), batch_size)))
    tally = _Tally()
    for start in starts:
        batch = columns.slice(start, start + batch_size)
        tally.add(session.append_columns(batch, start), len(batch))
    return tally.summary()
