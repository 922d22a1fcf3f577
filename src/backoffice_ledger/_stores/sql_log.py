"""Reading the log: records as their rows amount to them."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from backoffice_ledger._engine.canonical import (
    commitment,
    entry_content,
    instant_text,
    memo_field,
    number_date,
    record_bytes,
)
from backoffice_ledger._engine.contents import entry_from_content
from backoffice_ledger._engine.replay import facts_of
from backoffice_ledger._engine.store import DAMAGE, LogRow
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.dates import instant_from_microseconds
from backoffice_ledger._model.document import stored_json
from backoffice_ledger._model.entry import stored_entry
from backoffice_ledger._model.posting import Posting, stored_posting
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import EMPTY_MAPPING, FrozenMapping
from backoffice_ledger._stores.sql_steps import KINDS, PHASES, SIDES, Query, Step, T
from backoffice_ledger._stores.sqlite_schema import TYPE_NAMES
from backoffice_ledger.errors import Corrupt

if TYPE_CHECKING:
    from backoffice_ledger._stores.sql import SqlBook

Reading = Callable[..., T]
"""`record_of` or `log_row`."""


def log_rows(
    book: "SqlBook", places: Sequence[int], read: Reading[T]
) -> Step[dict[int, T]]:
    """Return what *read* makes of the rows at *places*."""
    if not places:
        return {}
    dialect, key = book.dialect, book.dialect.place
    span, at = _span(book, places)
    records = yield Query(
        f"SELECT {dialect.record_columns}, rev.id FROM bl_record r"
        " LEFT JOIN bl_fact f ON f.book_id = r.book_id AND r.type = 0"
        " AND f.kind = 'reversal' AND f.key = r.id"
        " LEFT JOIN bl_record rev ON rev.book_id = f.book_id"
        f" AND rev.{key} = f.{key}{dialect.positions}"
        f" WHERE r.book_id = ? AND r.{span}",
        (book.book_id, *at),
    )
    postings: dict[int, list[Any]] = {}
    rows = yield Query(
        f"SELECT {key}, line, account_no, commodity_no, side, value_date,"
        f" {dialect.amount} FROM bl_posting WHERE book_id = ? AND {span}"
        f" ORDER BY {key}, line",
        (book.book_id, *at),
    )
    for row in rows:
        postings.setdefault(row[0], []).append(row)
    yield from book.know_names("account", {row[2] for row in rows})
    yield from book.know_units({row[3] for row in rows})
    yield from book.know_names("journal", {r[9] for r in records if not r[2]})
    dimensions = yield from _dimensions(book, span, at)
    rows = yield Query(
        f"SELECT {key}, field, salt, value FROM bl_opening"
        f" WHERE book_id = ? AND {span}",
        (book.book_id, *at),
    )
    texts: dict[int, dict[str, tuple[bytes, str]]] = {}
    for place, field, salt, value in rows:
        texts.setdefault(place, {})[field] = (salt, value)
    rows = yield Query(
        f"SELECT {key}, field, commitment FROM bl_redaction"
        f" WHERE book_id = ? AND {span}",
        (book.book_id, *at),
    )
    erased: dict[int, dict[str, str]] = {}
    for place, field, committed in rows:
        erased.setdefault(place, {})[field] = committed
    return {
        row[0]: _sound(
            read,
            book,
            row,
            postings.get(row[0], []),
            dimensions.get(row[0], {}),
            texts.get(row[0], {}),
            erased.get(row[0], {}),
        )
        for row in records
    }


def _span(book: "SqlBook", places: Sequence[int]) -> tuple[str, tuple[Any, ...]]:
    """Return the term that selects *places*: a span if they have no gaps."""
    key, first, last = book.dialect.place, min(places), max(places)
    if last - first == len(places) - 1:
        return f"{key} BETWEEN ? AND ?", (first, last)
    term, param = book.dialect.among(key, places)
    return term, (param,)


def _sound(read: Reading[T], book: "SqlBook", row: tuple[Any, ...], *parts: Any) -> T:
    """Read one row of the log.

    Raises:
        Corrupt: it cannot be read; verification says more.
    """
    try:
        return read(book, row, *parts)
    except DAMAGE as error:
        raise corrupt(row[1], error) from error


Dimensions = dict[int, list[tuple[str, str]]]
"""The dimensions of the postings of an entry, by line."""


def _dimensions(
    book: "SqlBook", span: str, at: Sequence[Any]
) -> Step[dict[int, Dimensions]]:
    rows = yield Query(
        f"SELECT {book.dialect.place}, line, dimension_no, value FROM bl_dimension"
        f" WHERE book_id = ? AND {span}",
        (book.book_id, *at),
    )
    numbers = {row[2] for row in rows}
    yield from book.know_names("dimension", numbers)
    names = {number: book.keys["dimension", number] for number in numbers}
    found: dict[int, Dimensions] = {}
    for place, line, number, value in rows:
        lines = found.setdefault(place, {})
        lines.setdefault(line, []).append((names[number], value))
    return found


def record_of(
    book: "SqlBook",
    row: tuple[Any, ...],
    lines: Sequence[tuple[Any, ...]],
    dimensions: Mapping[int, list[tuple[str, str]]],
    texts: Mapping[str, tuple[bytes, str]],
    erased: Mapping[str, str],
) -> Record:
    """Read the record of one row of the log.

    What only proofs need is left out.  `DAMAGE` is raised for what cannot be read.
    """
    type_ = TYPE_NAMES.get(row[2], f"unknown-{row[2]}")
    position, id_, actor, at = row[1], row[3], row[4], row[5]
    some = [text for text in (row[13], *row[16:22]) if text is not None]
    _check_texts(id_, actor, *some, *[text for _, text in texts.values()])
    controls = tuple(json.loads(row[20])) if row[20] else ()
    entry = None
    body: Mapping[str, Any] = EMPTY_MAPPING
    if type_ == "entry":
        entry = stored_entry(
            id_,
            number_date(row[8]),
            _postings(book, lines, dimensions, texts),
            texts["description"][1] if "description" in texts else "",
            KINDS[row[11]],
            book.keys["journal", row[9]],
            row[13],
            None if row[14] is None else number_date(row[14]),
            None if row[15] is None else number_date(row[15]),
            tuple(json.loads(row[16])) if row[16] else (),
            row[17],
        )
    else:
        body = stored_json(json.loads(row[7]))
        facts_of(type_, id_, body)  # raises where the content lacks what it must have
        if type_ == "refusal":
            known = {name: text for name, (_, text) in texts.items()}
            entry = entry_from_content(body["entry"], known)
    return Record(
        position,
        type_,
        id_,
        instant_from_microseconds(at),
        actor,
        row[6],
        body,
        entry,
        row[10],
        PHASES[row[12] or 0],
        row[18],
        row[21],
        row[19],
        controls,
        tuple(sorted(erased)),
    )


def _postings(
    book: "SqlBook",
    lines: Sequence[tuple[Any, ...]],
    dimensions: Mapping[int, list[tuple[str, str]]],
    texts: Mapping[str, tuple[bytes, str]],
) -> tuple[Posting, ...]:
    keys, units, minor_units = book.keys, book.units, book.dialect.minor_units
    postings = []
    for _, line, account, unit, side, value_date, *amount in lines:
        named = dimensions.get(line)
        memo = texts.get(memo_field(line)) if texts else None
        postings.append(
            stored_posting(
                keys["account", account],
                SIDES[side],
                Amount.from_minor(minor_units(amount), units[unit]),
                None if value_date is None else number_date(value_date),
                None if memo is None else memo[1],
                _names(tuple(named)) if named else EMPTY_MAPPING,
            )
        )
    return tuple(postings)


@lru_cache(maxsize=1024)
def _names(pairs: tuple[tuple[str, str], ...]) -> FrozenMapping:
    """Return dimensions; most postings of an entry have those of the one before."""
    _check_texts(*(value for _, value in pairs))
    return FrozenMapping(pairs)


def _check_texts(*values: object) -> None:
    """Raise TypeError for a text that a damaged page gives as a number, say."""
    if not set(map(type, values)) <= _TEXT:
        raise TypeError(f"a text is missing or of another type: {values!r}")


_TEXT = frozenset({str})


def log_row(
    book: "SqlBook",
    row: tuple[Any, ...],
    lines: Sequence[tuple[Any, ...]],
    dimensions: Mapping[int, list[tuple[str, str]]],
    texts: Mapping[str, tuple[bytes, str]],
    erased: Mapping[str, str],
) -> LogRow:
    """Read one row of the log; `DAMAGE` is raised for what cannot be read."""
    record = record_of(book, row, lines, dimensions, texts, erased)
    content = row[7]
    if record.type == "entry":
        commitments = {
            name: commitment(salt, text) for name, (salt, text) in texts.items()
        }
        commitments.update(erased)
        content = entry_content(record.entry, commitments, record.reverses)
    data = record_bytes(
        record.type,
        record.actor,
        instant_text(row[5]),
        content,
        record.proposal,
        record.controls,
    )
    facts = facts_of(
        record.type, record.id, record.content, record.reverses, record.proposal
    )
    return LogRow(record, data, facts, texts)


def corrupt(position: int, error: Exception) -> Corrupt:
    """Return the error for a record that cannot be read."""
    return Corrupt(f"position {position} cannot be read: {error!r}", field="log")
