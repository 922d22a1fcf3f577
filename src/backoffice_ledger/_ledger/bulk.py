"""Posting many entries: atomic by batch, resumable by ids, in constant memory."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import attrs

from backoffice_ledger._engine.commands import PostEntries
from backoffice_ledger._ledger.session import Session
from backoffice_ledger._model.entry import Entry, PostSummary
from backoffice_ledger.errors import InvalidEntry, InvalidOption
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
    if type(batch_size) is not int or batch_size < 1:
        raise InvalidOption(
            field="batch_size", expected="an int from 1", found=batch_size
        )
    source: Iterable[Entry] = entries
    if progress is not None:
        total = len(entries) if hasattr(entries, "__len__") else None
        source = progress(entries, total=total)
    summary = PostSummary()
    if not atomic:
        for batch in _batches(source, batch_size):
            summary = _post_batch(session, batch, summary)
        return summary
    with session.store.transaction(session.book, write=True):
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
        if type(entry) is not Entry:
            raise InvalidEntry(
                field=f"entries[{offset + index}]",
                expected="an Entry",
                found=repr(entry),
            )
    posted, span = session.append(PostEntries(batch, offset))
    first, last = span or (None, None)
    return attrs.evolve(
        summary,
        posted=summary.posted + posted,
        repeated=summary.repeated + len(batch) - posted,
        batches=summary.batches + 1,
        first_position=summary.first_position or first,
        last_position=last or summary.last_position,
    )
