"""Lists of entries: which match a question, page by page."""

from typing import TYPE_CHECKING, Any

import attrs

from backoffice_ledger._engine.canonical import date_number
from backoffice_ledger._engine.store import EntryQuery
from backoffice_ledger._model.record import Record
from backoffice_ledger._stores.sql_steps import Query, Step, span_terms
from backoffice_ledger._stores.sql_totals import only_accounts

if TYPE_CHECKING:
    from backoffice_ledger._stores.sql import SqlBook


def entries(book: "SqlBook", query: EntryQuery) -> Step[list[Record]]:
    """Return one page of entries."""
    dialect, key = book.dialect, book.dialect.place
    source, place, where, params = yield from _matching(book, query)
    # Where places are positions, the index that is read gives the order.
    position = f"{place}.position" if dialect.places_at_once else dialect.position
    if query.known_at is not None:
        where.append(f"{position} <= ?")
        params.append(query.known_at)
    if query.after is not None:
        where.append(f"({place}.date, {position}) > (?, ?)")
        params += [date_number(query.after[0]), query.after[1]]
    if query.known_after and query.dimension is None:
        where.append(f"{position} > ?")
        params.append(query.known_after)
    rows = yield Query(
        f"SELECT DISTINCT {place}.date, {position}, {place}.{key} FROM {source}"
        f"{dialect.positions} WHERE {' AND '.join(where)}"
        f" ORDER BY {place}.date, {position} LIMIT ?",
        (*params, query.limit),
    )
    return (yield from book.records([row[2] for row in rows]))


def entries_without_place(
    book: "SqlBook", query: EntryQuery
) -> Step[tuple[int, list[Record]]]:
    """Return the last position, and which entries match that have none yet."""
    query = attrs.evolve(query, known_after=0)
    source, place, where, params = yield from _matching(book, query)
    rows = yield Query(
        "SELECT s.size, e.ordinal FROM (SELECT coalesce(max(position), 0) AS size"
        " FROM bl_log_position WHERE book_id = ?) s LEFT JOIN"
        f" (SELECT DISTINCT {place}.date, {place}.ordinal FROM {source}"
        " JOIN bl_unsealed u ON u.book_id = r.book_id"
        " AND r.ordinal BETWEEN u.first AND u.last"
        f" WHERE {' AND '.join(where)}) e ON true ORDER BY e.ordinal",
        (book.book_id, *params),
    )
    places = [ordinal for _, ordinal in rows if ordinal is not None]
    return rows[0][0], (yield from book.records(places))


def _matching(
    book: "SqlBook", query: EntryQuery
) -> Step[tuple[str, str, list[str], list[Any]]]:
    """Return where to look for entries, as which table, the terms and parameters.

    What the query says of positions is missing, but for those of a dimension.
    """
    dialect, key = book.dialect, book.dialect.place
    source, place = "bl_record r", "r"
    where, params = ["r.book_id = ?", "r.type = 0"], list[Any]([book.book_id])
    if query.accounts is not None:
        # The index of postings by account gives the order of (date, position).
        source, place = (
            "bl_posting x JOIN bl_record r"
            f" ON r.book_id = x.book_id AND r.{key} = x.{key}",
            "x",
        )
        numbers = yield from book.account_numbers(query.accounts)
        where.append(
            "x.book_id = ?" + only_accounts(dialect, "x", numbers, params, book.book_id)
        )
    where += span_terms(place, query.first, query.last, params)
    if query.journal is not None:
        where.append("r.journal_no = ?")
        params.append((yield from book.number("journal", query.journal)))
    if query.kind is not None:
        where.append("r.kind = ?")
        params.append(query.kind.value)
    if query.dimension is not None:
        number = yield from book.number("dimension", query.dimension[0])
        term, more = dialect.with_value(
            book.book_id, number, query.dimension[1], query.known_after
        )
        where.append(term)
        params += more
    return source, place, where, params
