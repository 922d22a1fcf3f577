"""Posting many entries: atomic by batch, resumable by ids, in constant memory."""

from collections.abc import Iterable, Iterator, Sized
from itertools import islice
from typing import TypeVar

import attrs

from backoffice_ledger._engine.columns import Columns
from backoffice_ledger._engine.commands import PostEntries
from backoffice_ledger._ledger.session import Appended, Session
from backoffice_ledger._model.arguments import (
    check_callable,
    check_count,
    check_entry,
    check_flag,
    check_iterable,
)
from backoffice_ledger._model.entry import Entry, EntryKind, PostSummary
from backoffice_ledger.protocols import Progress

T = TypeVar("T")


def post_many(
    session: Session,
    entries: Iterable[Entry],
    batch_size: int,
    progress: Progress | None,
    *,
    atomic: bool,
) -> PostSummary:
    """Post *entries* in batches; see `Ledger.post_many`."""
    check_count(batch_size, "batch_size", 1)
    check_flag(atomic, "atomic")
    source: Iterable[Entry] = check_iterable(entries, "entries")
    if progress is not None:
        check_callable(progress, "progress")
        total = len(entries) if isinstance(entries, Sized) else None
        source = check_iterable(progress(entries, total=total), "progress")
    summary = PostSummary()
    if not atomic:
        for batch in _batches(source, batch_size):
            summary = _post_batch(session, batch, summary)
        return summary
    with session.transaction(write=True):
        for batch in _batches(source, batch_size):
            summary = _post_batch(session, batch, summary)
    return summary


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _post_batch(
    session: Session, batch: list[Entry], summary: PostSummary
) -> PostSummary:
    offset = summary.posted + summary.repeated
    for index, entry in enumerate(batch):
        if type(entry) is not Entry or entry.kind is EntryKind.REVERSING:
            check_entry(entry, f"entries[{offset + index}]")
    return _add(summary, session.append(PostEntries(batch, offset)), len(batch))


def post_columns(
    session: Session, columns: Columns, batch_size: int, progress: Progress | None
) -> PostSummary:
    """Post *columns* in batches; see `Ledger.post_columns`."""
    check_count(batch_size, "batch_size", 1)
    starts: Iterable[int] = range(0, len(columns), batch_size)
    if progress is not None:
        check_callable(progress, "progress")
        starts = progress(starts, total=len(range(0, len(columns), batch_size)))
    summary = PostSummary()
    for start in starts:
        batch = columns.slice(start, start + batch_size)
        summary = _add(summary, session.append_columns(batch, start), len(batch))
    return summary


def _add(summary: PostSummary, appended: Appended, size: int) -> PostSummary:
    posted, span = appended
    first, last = span or (None, None)
    return attrs.evolve(
        summary,
        posted=summary.posted + posted,
        repeated=summary.repeated + size - posted,
        batches=summary.batches + 1,
        first_position=summary.first_position or first,
        last_position=last or summary.last_position,
    )
