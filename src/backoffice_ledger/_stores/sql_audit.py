"""Verification of a book in a SQL database: does every row say what it must?

Like the rest of the SQL core these are generators without I/O.  Nothing here trusts
what is stored: a row that cannot be read becomes a problem that names its position.

Each record is read from its rows and encoded again; the result must be those rows,
column by column.  What a record must be in the first place is not decided here but by
replaying the log (`_ledger.verify`).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import attrs

from backoffice_ledger._engine.canonical import canonical_json
from backoffice_ledger._engine.state import FactKey, NewRecord
from backoffice_ledger._engine.store import DAMAGE, AuditRow, Cell, LogRow, Problem
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import instant_to_microseconds
from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_append import Batch
from backoffice_ledger._stores.sql_steps import (
    NUMBERED,
    PHASES,
    Query,
    Rows,
    Step,
)
from backoffice_ledger._stores.sqlite_schema import LIMB, RECORD_TYPES

TABLES: Final = (
    "bl_record",
    "bl_posting",
    "bl_dimension",
    "bl_opening",
    "bl_redaction",
    "bl_fact",
    "bl_current",
    "bl_period_total",
    "bl_pending",
    "bl_listener",
)
"""Every table that is divided by books."""

LOG_TABLES: Final = TABLES[:5]

_RECORD_COLUMNS: Final = 21


@attrs.define
class _Rows:
    """The stored rows of one position, by table."""

    record: tuple[Any, ...] | None = None
    postings: Rows = attrs.field(factory=list)
    dimensions: Rows = attrs.field(factory=list)
    openings: Rows = attrs.field(factory=list)
    redactions: Rows = attrs.field(factory=list)


def learn_names(book: SqlBook) -> Step[None]:
    """Read all names and commodities anew; leave out what cannot be read."""
    book.forget()
    rows = yield Query(
        "SELECT kind, key, number FROM bl_fact WHERE book_id = ?"
        " AND number IS NOT NULL",
        (book.book_id,),
    )
    for kind, key, number in rows:
        book.learn(kind, key, number)
    rows = yield Query(
        "SELECT id, content FROM bl_record"
        " WHERE book_id = ? AND type <> 0 AND type = ?",
        (book.book_id, RECORD_TYPES["commodity"]),
    )
    for code, content in rows:
        with suppress(*DAMAGE):
            number = book.numbers["commodity", code]
            book.units[number] = Commodity(code, json.loads(content)["scale"])


def audit(book: SqlBook, after: int, limit: int) -> Step[list[AuditRow]]:
    """Return what is found at the next positions, in order."""
    if after == 0:
        yield from learn_names(book)
    found = yield Query(
        "SELECT position FROM bl_record WHERE book_id = ? AND position > ?"
        " ORDER BY position LIMIT ?",
        (book.book_id, after, limit),
    )
    if not found:
        return []
    places = yield from _rows(book.book_id, after + 1, found[-1][0])
    return [_examine(book, position, places[position]) for position in sorted(places)]


def _rows(book_id: int, first: int, last: int) -> Step[dict[int, _Rows]]:
    """Return all rows of a span of positions."""
    places: dict[int, _Rows] = {}
    span = (book_id, first, last)
    rows = yield Query(
        "SELECT r.*, rev.id FROM bl_record r"
        " LEFT JOIN bl_fact f ON f.book_id = r.book_id AND r.type = 0"
        " AND f.kind = 'reversal' AND f.key = r.id"
        " LEFT JOIN bl_record rev ON rev.book_id = f.book_id"
        " AND rev.position = f.position"
        " WHERE r.book_id = ? AND r.position BETWEEN ? AND ?",
        span,
    )
    for row in rows:
        places.setdefault(row[1], _Rows()).record = row
    for table in LOG_TABLES[1:]:
        rows = yield Query(
            f"SELECT * FROM {table} WHERE book_id = ? AND position BETWEEN ? AND ?"
            " ORDER BY 2, 3, 4",
            span,
        )
        name = table.removeprefix("bl_") + "s"
        for row in rows:
            getattr(places.setdefault(row[1], _Rows()), name).append(row)
    return places


def _examine(book: SqlBook, position: int, rows: _Rows) -> AuditRow:
    """Read the rows of one position and encode them again."""
    if rows.record is None:
        return AuditRow(position, None, ("there are rows without a record",))
    try:
        row = _read(book, rows)
        problems = tuple(_differences(book, rows, row))
    except DAMAGE as error:
        problem = f"the rows cannot be read: {type(error).__name__}: {error}"
        return AuditRow(position, None, (problem,))
    return AuditRow(position, row, problems)


def _read(book: SqlBook, rows: _Rows) -> LogRow:
    assert rows.record is not None  # noqa: S101 - for the type checkers
    named: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for _, position, line, number, value in rows.dimensions:
        pair = (book.keys["dimension", number], value)
        named.setdefault((position, line), []).append(pair)
    row = book.log_row(
        rows.record,
        [(*line[1:6], *line[8:]) for line in rows.postings],
        named,
        {field: (salt, text) for _, _, field, salt, text in rows.openings},
        {field: committed for _, _, field, committed, _ in rows.redactions},
    )
    return attrs.evolve(
        row,
        erased={field: (hash_, at) for _, _, field, hash_, at in rows.redactions},
        memorandum=tuple(bool(line[6]) for line in rows.postings),
    )


def _differences(book: SqlBook, rows: _Rows, row: LogRow) -> Iterable[str]:
    """Name the tables whose rows are not those that the record is kept as."""
    record = row.record
    assert rows.record is not None  # noqa: S101 - for the type checkers
    is_entry = record.type == "entry"
    content = "" if is_entry else canonical_json(record.content)
    numbers = {}
    if is_entry:
        numbers[record.entry.journal] = (record.journal_number or 0) - 1
    batch = Batch(book.book_id, book.numbers, record.position - 1, numbers)
    batch.add(
        NewRecord(
            record.type,
            record.id,
            record.actor,
            instant_to_microseconds(record.recorded_at, "recorded_at"),
            content,
            record.leaf,
            entry=record.entry if is_entry else None,
            phase=record.phase,
            memorandum=row.memorandum,
            reverses=record.reverses,
            proposal=record.proposal,
            controls=record.controls,
        )
    )
    if batch.records != [rows.record[:_RECORD_COLUMNS]]:
        yield "bl_record holds another row than the record is kept as"
    if batch.postings != rows.postings:
        yield "bl_posting holds other rows than the record is kept as"
    if sorted(batch.dimensions) != sorted(rows.dimensions):
        yield "bl_dimension holds other rows than the record is kept as"


# --- projections -------------------------------------------------------------------


def stored_facts(book: SqlBook) -> Step[tuple[int, Mapping[FactKey, int]]]:
    """Return the last position that gave a fact, and the facts' positions."""
    [(last,)] = yield Query(
        "SELECT facts_position FROM bl_book WHERE book_id = ?", (book.book_id,)
    )
    rows = yield Query(
        "SELECT kind, key, position FROM bl_fact WHERE book_id = ?", (book.book_id,)
    )
    return last, {(kind, key): position for kind, key, position in rows}


def stored_totals(
    book: SqlBook,
) -> Step[tuple[Mapping[Any, Cell], Mapping[Any, Cell]]]:
    """Return both projections of totals."""
    cells = "debit_high, debit_low, credit_high, credit_low"
    current = yield Query(
        f"SELECT account_no, commodity_no, {cells} FROM bl_current WHERE book_id = ?",
        (book.book_id,),
    )
    periods = yield Query(
        f"SELECT bucket, account_no, commodity_no, phase, {cells}"
        " FROM bl_period_total WHERE book_id = ?",
        (book.book_id,),
    )

    def account(number: int) -> str:
        return book.keys.get(("account", number), f"unknown account {number}")

    def unit(number: int) -> Commodity | str:
        return book.units.get(number, f"unknown commodity {number}")

    phases = dict(enumerate(PHASES))
    return (
        {(account(a), unit(u)): _cell(*limbs) for a, u, *limbs in current},
        {
            (bucket, account(a), unit(u), phases.get(phase, phase)): _cell(*limbs)
            for bucket, a, u, phase, *limbs in periods
        },
    )


def _cell(*limbs: int) -> Cell:
    return limbs[0] * LIMB + limbs[1], limbs[2] * LIMB + limbs[3]


# --- what belongs nowhere ------------------------------------------------------------


def book_problems(book: SqlBook) -> Step[list[Problem]]:
    """Return rows outside the log, and numbers that are not the next ones."""
    problems: list[Problem] = []
    names = yield Query(
        "SELECT b.name FROM bl_book b JOIN bl_record r ON r.book_id = b.book_id"
        " AND r.position = 1 WHERE b.book_id = ? AND b.name <> r.id",
        (book.book_id,),
    )
    problems += [Problem(None, f"the book is kept as {name!r}") for (name,) in names]
    [(last,)] = yield Query(
        "SELECT coalesce(max(position), 0) FROM bl_record WHERE book_id = ?",
        (book.book_id,),
    )
    for table in LOG_TABLES:
        for where, place in (("position < 1", None), ("position > ?", last)):
            params = (book.book_id,) if place is None else (book.book_id, place)
            [(position,)] = yield Query(
                f"SELECT min(position) FROM {table} WHERE book_id = ? AND {where}",
                params,
            )
            if position is not None:
                text = f"{table} has a row at {position}, outside the log"
                problems.append(Problem(place and position, text))
    problems += yield from _number_problems(book.book_id)
    return problems


def _number_problems(book_id: int) -> Step[list[Problem]]:
    """Check that names are numbered from 1 in the order of the log, others not."""
    problems = []
    rows = yield Query(
        "SELECT kind, key, number FROM bl_fact WHERE book_id = ?", (book_id,)
    )
    kept = {(kind, key): number for kind, key, number in rows}
    expected: dict[FactKey, int | None] = dict.fromkeys(kept)
    for kind in sorted(NUMBERED):
        rows = yield Query(
            "SELECT id FROM bl_record WHERE book_id = ? AND type <> 0 AND type = ?"
            " GROUP BY id ORDER BY min(position)",
            (book_id, RECORD_TYPES[kind]),
        )
        for place, (key,) in enumerate(rows, 1):
            expected[kind, key] = place
    for (kind, key), number in expected.items():
        found = kept.get((kind, key))
        if found != number:
            text = f"{kind} {key} has the number {found}, not {number}"
            problems.append(Problem(None, text))
    return problems


def orphan_problems(execute: Callable[[str, tuple[Any, ...]], Rows]) -> list[Problem]:
    """Return where rows belong to no book of the database."""
    books = {book_id for (book_id,) in execute("SELECT book_id FROM bl_book", ())}
    problems = []
    for table in TABLES:
        [(book_id,)] = execute(f"SELECT min(book_id) FROM {table}", ())
        while book_id is not None:
            if book_id not in books:
                text = f"{table} has rows of a book {book_id} that does not exist"
                problems.append(Problem(None, text))
            [(book_id,)] = execute(
                f"SELECT min(book_id) FROM {table} WHERE book_id > ?", (book_id,)
            )
    return problems
