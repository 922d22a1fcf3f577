"""Verification of a book in a SQL database: does every row say what it must?

Like the rest of the SQL core these are generators without I/O.  Nothing here trusts
what is stored: a row that cannot be read becomes a problem that names its position.

Each record is read from its rows and encoded again; the result must be those rows,
column by column.  What a record must be in the first place is not decided here but by
replaying the log (`_ledger.verify`).
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import attrs

from backoffice_ledger._engine.canonical import canonical_json
from backoffice_ledger._engine.state import LASTING, Cell, FactKey, NewRecord
from backoffice_ledger._engine.store import (
    DAMAGE,
    AuditRow,
    Gross,
    LogRow,
    Place,
    Problem,
)
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import instant_to_microseconds
from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_append import Batch
from backoffice_ledger._stores.sql_log import log_row
from backoffice_ledger._stores.sql_steps import (
    NUMBERED,
    PHASES,
    Query,
    Rows,
    Step,
)
from backoffice_ledger._stores.sqlite_schema import RECORD_TYPES

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
    "bl_document_index",
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
        yield from _know_unsealed(book)
    places: defaultdict[int, _Rows] = defaultdict(_Rows)
    positions: dict[int, Place] = {}
    dialect = book.dialect
    if dialect.places_at_once:
        found = yield Query(dialect.next_places, (book.book_id, after, limit))
        if not found:
            return []
        between = (after + 1, found[-1][0])
        yield from _rows(book, "BETWEEN ? AND ?", between, places)
    else:
        positions = yield from _next_positions(book, after, limit)
        if not positions:
            return []
        yield from _rows(book, "= ANY (?)", (list(positions),), places)
    yield from _know_redactions(book, places)
    return sorted(
        (_examine(book, positions, place, places[place]) for place in places),
        key=lambda row: row.position,
    )


def _next_positions(book: SqlBook, after: int, limit: int) -> Step[dict[int, Place]]:
    """Return position and number by place: sealed ones, then those to be sealed."""
    rows = yield Query(
        "SELECT ordinal, position, number FROM bl_log_position"
        " WHERE book_id = ? AND position > ? ORDER BY position LIMIT ?",
        (book.book_id, after, limit),
    )
    found: dict[int, Place] = {at: (position, number) for at, position, number in rows}
    if len(found) < limit:
        found |= {
            at: place for at, place in book.provisional.items() if place[0] > after
        }
    return found


def _know_unsealed(book: SqlBook) -> Step[None]:
    """Give records without a position the place that sealing would give them."""
    book.provisional.clear()
    if book.dialect.places_at_once:
        return
    rows = yield Query(
        "SELECT r.ordinal, r.journal_no FROM bl_unsealed u JOIN bl_record r"
        " ON r.book_id = u.book_id AND r.ordinal BETWEEN u.first AND u.last"
        " WHERE u.book_id = ? ORDER BY r.ordinal",
        (book.book_id,),
    )
    [(position,)] = yield Query(
        "SELECT coalesce(max(position), 0) FROM bl_log_position WHERE book_id = ?",
        (book.book_id,),
    )
    numbers: dict[int, int] = {}
    for ordinal, journal in rows:
        position += 1
        if journal is not None and journal not in numbers:
            [(numbers[journal],)] = yield Query(
                "SELECT coalesce(max(number), 0) FROM bl_log_position"
                " WHERE book_id = ? AND journal_no = ?",
                (book.book_id, journal),
            )
        number = None
        if journal is not None:
            number = numbers[journal] = numbers[journal] + 1
        book.provisional[ordinal] = (position, number)


def _rows(
    book: SqlBook,
    where: str,
    params: tuple[Any, ...],
    places: defaultdict[int, _Rows],
) -> Step[None]:
    """Read all rows at some places into *places*."""
    dialect, key = book.dialect, book.dialect.place
    span = (book.book_id, *params)
    rows = yield Query(
        f"SELECT {dialect.record_columns}, rev.id FROM bl_record r"
        " LEFT JOIN bl_fact f ON f.book_id = r.book_id AND r.type = 0"
        " AND f.kind = 'reversal' AND f.key = r.id"
        " LEFT JOIN bl_record rev ON rev.book_id = f.book_id"
        f" AND rev.{key} = f.{key}{dialect.positions}"
        f" WHERE r.book_id = ? AND r.{key} {where}",
        span,
    )
    for row in rows:
        places[row[0]].record = row
    for table in LOG_TABLES[1:]:
        rows = yield Query(
            f"SELECT {dialect.columns[table]} FROM {table}"
            f" WHERE book_id = ? AND {key} {where} ORDER BY 2, 3, 4",
            span,
        )
        name = table.removeprefix("bl_") + "s"
        for row in rows:
            getattr(places[row[1]], name).append(row)


def _know_redactions(book: SqlBook, places: Mapping[int, _Rows]) -> Step[None]:
    """Replace where redactions stand by their positions, where these differ."""
    if book.dialect.places_at_once:
        return
    wanted = [row[4] for rows in places.values() for row in rows.redactions]
    if not wanted:
        return
    found = yield Query(
        "SELECT ordinal, position FROM bl_log_position"
        " WHERE book_id = ? AND ordinal = ANY (?)",
        (book.book_id, wanted),
    )
    positions = {at: position for at, (position, _) in book.provisional.items()}
    positions |= dict(found)
    for rows in places.values():
        rows.redactions = [
            (*row[:4], positions.get(row[4], row[4])) for row in rows.redactions
        ]


def _examine(
    book: SqlBook, positions: Mapping[int, Place], place: int, rows: _Rows
) -> AuditRow:
    """Read the rows of one place and encode them again."""
    position, number = positions.get(place, (place, None))
    if rows.record is None:
        return AuditRow(position, None, ("there are rows without a record",))
    if positions:
        rows.record = (place, position, *rows.record[2:10], number, *rows.record[11:])
    try:
        row = _read(book, rows)
        problems = tuple(_differences(book, rows, row))
    except DAMAGE as error:
        problem = f"the rows cannot be read: {type(error).__name__}: {error}"
        return AuditRow(position, None, (problem,))
    return AuditRow(position, row, problems)


def _read(book: SqlBook, rows: _Rows) -> LogRow:
    assert rows.record is not None  # noqa: S101 - for the type checkers
    named: dict[int, list[tuple[str, str]]] = {}
    for _, _, line, number, value in rows.dimensions:
        pair = (book.keys["dimension", number], value)
        named.setdefault(line, []).append(pair)
    row = log_row(
        book,
        rows.record,
        [(*line[1:6], line[-1], *line[8:-1]) for line in rows.postings],
        named,
        {field: (salt, text) for _, _, field, salt, text in rows.openings},
        {field: committed for _, _, field, committed, _ in rows.redactions},
    )
    return LogRow(
        row.record,
        row.data,
        row.facts,
        row.texts,
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
    dialect, start = book.dialect, record.position - 1
    batch = Batch(book.book_id, dialect, book.numbers, start, numbers)
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
    base = rows.record[0] - record.position
    if batch.records[0][1:] != rows.record[1:_RECORD_COLUMNS]:
        yield "bl_record holds another row than the record is kept as"
    if dialect.rows("bl_posting", batch.postings, base) != rows.postings:
        yield "bl_posting holds other rows than the record is kept as"
    dimensions = dialect.rows("bl_dimension", batch.dimensions, base)
    if sorted(dimensions) != sorted(rows.dimensions):
        yield "bl_dimension holds other rows than the record is kept as"


# --- projections -------------------------------------------------------------------


def stored_facts(book: SqlBook) -> Step[tuple[int, Mapping[FactKey, int]]]:
    """Return the last position that gave a fact, and the facts' positions."""
    dialect = book.dialect
    rows = yield Query(
        f"SELECT f.kind, f.key, f.{dialect.place}, {dialect.position} FROM bl_fact f"
        f" LEFT JOIN bl_record r ON r.book_id = f.book_id"
        f" AND r.{dialect.place} = f.{dialect.place}{dialect.positions}"
        " WHERE f.book_id = ?",
        (book.book_id,),
    )
    provisional = book.provisional
    facts = {
        (kind, key): provisional[at][0] if at in provisional else position or at
        for kind, key, at, position in rows
    }
    if dialect.places_at_once:
        [(last,)] = yield Query(
            "SELECT facts_position FROM bl_book WHERE book_id = ?", (book.book_id,)
        )
        return last, facts
    rows = yield Query(
        "SELECT DISTINCT d.redacted_at, l.position FROM bl_redaction d"
        " LEFT JOIN bl_log_position l"
        " ON l.book_id = d.book_id AND l.ordinal = d.redacted_at WHERE d.book_id = ?",
        (book.book_id,),
    )
    erasing = [
        provisional[at][0] if at in provisional else position or at
        for at, position in rows
    ]
    lasting = [position for (kind, _), position in facts.items() if kind in LASTING]
    return max((*lasting, *erasing), default=0), facts


def stored_totals(
    book: SqlBook,
) -> Step[tuple[Mapping[Any, Cell], Mapping[Any, Gross]]]:
    """Return both projections of totals."""
    dialect = book.dialect
    current = yield Query(
        f"SELECT account_no, commodity_no, {dialect.cell} FROM bl_current"
        " WHERE book_id = ?",
        (book.book_id,),
    )
    periods = yield Query(
        f"SELECT bucket, account_no, commodity_no, phase, {dialect.gross}"
        " FROM bl_period_total WHERE book_id = ?",
        (book.book_id,),
    )

    def account(number: int) -> str:
        return book.keys.get(("account", number), f"unknown account {number}")

    def unit(number: int) -> Commodity | str:
        return book.units.get(number, f"unknown commodity {number}")

    phases = dict(enumerate(PHASES))
    return (
        {(account(a), unit(u)): dialect.read_cell(parts) for a, u, *parts in current},
        {
            (bucket, account(a), unit(u), phases.get(phase, phase)): gross
            for bucket, a, u, phase, *parts in periods
            for gross in (dialect.read_gross(parts),)
        },
    )


# --- what belongs nowhere ------------------------------------------------------------


def book_problems(book: SqlBook) -> Step[list[Problem]]:
    """Return rows outside the log, and numbers that are not the next ones."""
    problems: list[Problem] = []
    dialect, place = book.dialect, book.dialect.place
    names = yield Query(
        f"SELECT b.name FROM bl_book b JOIN bl_record r ON r.book_id = b.book_id"
        f" AND r.{place} = (SELECT min(first.{place}) FROM bl_record first"
        " WHERE first.book_id = b.book_id) WHERE b.book_id = ? AND b.name <> r.id",
        (book.book_id,),
    )
    problems += [Problem(None, f"the book is kept as {name!r}") for (name,) in names]
    if not dialect.places_at_once:
        return problems + (yield from _placing_problems(book))
    [(last,)] = yield Query(
        "SELECT coalesce(max(position), 0) FROM bl_record WHERE book_id = ?",
        (book.book_id,),
    )
    for table in LOG_TABLES:
        for where, at in (("position < 1", None), ("position > ?", last)):
            params = (book.book_id,) if at is None else (book.book_id, at)
            [(position,)] = yield Query(
                f"SELECT min(position) FROM {table} WHERE book_id = ? AND {where}",
                params,
            )
            if position is not None:
                text = f"{table} has a row at {position}, outside the log"
                problems.append(Problem(at and position, text))
    return problems + (yield from _number_problems(book.book_id))


def _placing_problems(book: SqlBook) -> Step[list[Problem]]:
    """Return records that have no place and rows that have no record."""
    problems: list[Problem] = []
    for table in (*LOG_TABLES[1:], "bl_log_position"):
        [(count,)] = yield Query(
            f"SELECT count(*) FROM {table} t WHERE t.book_id = ? AND NOT EXISTS"
            " (SELECT 1 FROM bl_record r WHERE r.book_id = t.book_id"
            " AND r.ordinal = t.ordinal)",
            (book.book_id,),
        )
        if count:
            problems.append(Problem(None, f"{table} has {count} rows without a record"))
    [(count,)] = yield Query(
        "SELECT count(*) FROM bl_record r WHERE r.book_id = ?"
        " AND NOT EXISTS (SELECT 1 FROM bl_log_position l"
        " WHERE l.book_id = r.book_id AND l.ordinal = r.ordinal)"
        " AND NOT EXISTS (SELECT 1 FROM bl_unsealed u WHERE u.book_id = r.book_id"
        " AND r.ordinal BETWEEN u.first AND u.last)",
        (book.book_id,),
    )
    if count:
        text = f"{count} records have no position and none is due to them"
        problems.append(Problem(None, text))
    return problems + (yield from _mark_problems(book.book_id))


def _mark_problems(book_id: int) -> Step[list[Problem]]:
    """Check what PostgreSQL alone keeps otherwise: the mark of a book, and numbers.

    The mark only tells others that something changed, and concurrent writers may leave
    the one or the other there; it must be one of a record that changes the rules.
    """
    problems = []
    types = [RECORD_TYPES[kind] for kind in (*sorted(LASTING), "redaction")]
    rows = yield Query(
        "SELECT facts_ordinal FROM bl_book b WHERE b.book_id = ? AND NOT EXISTS"
        " (SELECT 1 FROM bl_record r WHERE r.book_id = b.book_id"
        " AND r.ordinal = b.facts_ordinal AND r.type = ANY (?))",
        (book_id, types),
    )
    problems += [
        Problem(None, f"bl_book says {mark}, no such record") for (mark,) in rows
    ]
    rows = yield Query(
        "SELECT kind, key, number FROM bl_fact WHERE book_id = ?"
        " AND number IS NOT NULL AND NOT kind = ANY (?)",
        (book_id, sorted(NUMBERED)),
    )
    problems += [
        Problem(None, f"{kind} {key} has the number {number}, not None")
        for kind, key, number in rows
    ]
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
