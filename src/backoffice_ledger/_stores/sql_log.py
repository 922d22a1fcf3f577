"""Reading the log: records as their rows amount to them."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backoffice_ledger._engine.canonical import (
    commitment,
    entry_content,
    instant_text,
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
from backoffice_ledger._stores.sql_steps import KINDS, PHASES, SIDES, Query, Step
from backoffice_ledger._stores.sqlite_schema import TYPE_NAMES
from backoffice_ledger.errors import Corrupt

if TYPE_CHECKING:
    from backoffice_ledger._stores.sql import SqlBook


def log_rows(book: "SqlBook", places: Sequence[int]) -> Step[dict[int, LogRow]]:
    """Return the rows of the log at *places*."""
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
        row[0]: _sound_row(
            book,
            row,
            postings.get(row[0], []),
            dimensions,
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


def _sound_row(book: "SqlBook", row: tuple[Any, ...], *parts: Any) -> LogRow:
    """Read one row of the log.

    Raises:
        Corrupt: it cannot be read; verification says more.
    """
    try:
        return log_row(book, row, *parts)
    except DAMAGE as error:
        raise corrupt(row[1], error) from error


def _dimensions(
    book: "SqlBook", span: str, at: Sequence[Any]
) -> Step[dict[tuple[int, int], list[tuple[str, str]]]]:
    rows = yield Query(
        f"SELECT {book.dialect.place}, line, dimension_no, value FROM bl_dimension"
        f" WHERE book_id = ? AND {span}",
        (book.book_id, *at),
    )
    yield from book.know_names("dimension", {row[2] for row in rows})
    found: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for place, line, number, value in rows:
        found.setdefault((place, line), []).append(
            (book.keys["dimension", number], value)
        )
    return found


def log_row(
    book: "SqlBook",
    row: tuple[Any, ...],
    lines: Sequence[tuple[Any, ...]],
    dimensions: Mapping[tuple[int, int], list[tuple[str, str]]],
    texts: Mapping[str, tuple[bytes, str]],
    erased: Mapping[str, str],
) -> LogRow:
    """Read one row of the log; `DAMAGE` is raised for what cannot be read."""
    type_ = TYPE_NAMES.get(row[2], f"unknown-{row[2]}")
    position, id_, actor, at = row[1], row[3], row[4], row[5]
    controls = tuple(json.loads(row[20])) if row[20] else ()
    entry = None
    body: Mapping[str, Any] = EMPTY_MAPPING
    if type_ == "entry":
        postings = tuple(
            _posting(book, line, dimensions, texts.get(f"postings.{line[1]}.memo"))
            for line in lines
        )
        entry = stored_entry(
            id_,
            number_date(row[8]),
            postings,
            texts["description"][1] if "description" in texts else "",
            KINDS[row[11]],
            book.keys["journal", row[9]],
            row[13],
            None if row[14] is None else number_date(row[14]),
            None if row[15] is None else number_date(row[15]),
            tuple(json.loads(row[16])) if row[16] else (),
            row[17],
        )
        commitments = {
            name: commitment(salt, text) for name, (salt, text) in texts.items()
        }
        commitments.update(erased)
        content = entry_content(entry, commitments, row[18])
    else:
        content = row[7]
        body = stored_json(json.loads(content))
        if type_ == "refusal":
            known = {name: text for name, (_, text) in texts.items()}
            entry = entry_from_content(body["entry"], known)
    record = Record(
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
    data = record_bytes(type_, actor, instant_text(at), content, row[19], controls)
    facts = facts_of(type_, id_, body, row[18], row[19])
    return LogRow(record, data, facts, texts)


def _posting(
    book: "SqlBook",
    row: tuple[Any, ...],
    dimensions: Mapping[tuple[int, int], list[tuple[str, str]]],
    memo: tuple[bytes, str] | None,
) -> Posting:
    place, line, account, unit, side, value_date, *amount = row
    named = dimensions.get((place, line))
    return stored_posting(
        book.keys["account", account],
        SIDES[side],
        Amount.from_minor(book.dialect.minor_units(amount), book.units[unit]),
        None if value_date is None else number_date(value_date),
        None if memo is None else memo[1],
        FrozenMapping(named) if named else EMPTY_MAPPING,
    )


def corrupt(position: int, error: Exception) -> Corrupt:
    """Return the error for a record that cannot be read."""
    return Corrupt(f"position {position} cannot be read: {error!r}", field="log")
