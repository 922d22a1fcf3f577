"""How PostgreSQL keeps a book: rows keyed by ordinals, positions after the commit."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, final

import attrs

from backoffice_ledger._engine.state import LASTING, Cell, FactKey
from backoffice_ledger._stores.postgresql_schema import BLOCK
from backoffice_ledger._stores.sql_dialect import (
    CurrentRow,
    FactRow,
    Gross,
    IndexRow,
    PeriodRow,
)
from backoffice_ledger._stores.sql_steps import RECORD_TAIL, Insert, Query, Step
from backoffice_ledger._stores.sqlite_schema import LIMB

_COLUMNS: Final = {
    "bl_record": "book_id, ordinal, type, id, actor, recorded_at, leaf, content,"
    f" date, journal_no, {RECORD_TAIL}",
    "bl_posting": "book_id, ordinal, line, account_no, commodity_no, side,"
    " memorandum, date, amount, value_date",
    "bl_dimension": "book_id, ordinal, line, dimension_no, value",
    "bl_opening": "book_id, ordinal, field, salt, value",
    "bl_redaction": "book_id, ordinal, field, commitment, redacted_at",
    "bl_pending": "book_id, hold, line, account_no, commodity_no, side, amount,"
    " expires_at",
    "bl_current": "book_id, account_no, commodity_no, debit, credit, pending_debit,"
    " pending_credit, version",
    "bl_period_total": "book_id, bucket, account_no, commodity_no, phase, debit,"
    " credit",
    "bl_fact": "book_id, kind, key, number, ordinal",
    "bl_document_index": "book_id, kind, name, value, id",
}
_TYPES: Final = {
    "int4": "book_id line date value_date document_date economic_date bucket",
    "int8": "ordinal account_no commodity_no dimension_no journal_no number version"
    " recorded_at expires_at",
    "int2": "type side memorandum phase",
    "numeric": "amount debit credit pending_debit pending_credit",
    "bytea": "leaf salt",
}
_TYPE_OF: Final = {
    name: type_ for type_, names in _TYPES.items() for name in names.split()
}
_GROSS: Final = ("debit", "credit")


def _add(table: str, *columns: str) -> str:
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in columns)


_ADD_CURRENT: Final = (
    " ON CONFLICT (book_id, account_no, commodity_no) DO UPDATE SET "
    + _add("t", *_GROSS, "pending_debit", "pending_credit", "version")
)
_ADD_PERIOD: Final = (
    " ON CONFLICT (book_id, bucket, account_no, commodity_no, phase) DO UPDATE SET "
    + _add("t", *_GROSS)
)
_DROP_INDEX: Final = (
    "DELETE FROM bl_document_index x"
    " USING unnest(?::int4[], ?::text[], ?::text[], ?::text[], ?::text[])"
    " AS gone (book_id, kind, name, value, id) WHERE x.book_id = gone.book_id"
    " AND x.kind = gone.kind AND x.name = gone.name AND x.value = gone.value"
    " AND x.id = gone.id"
)


def insertion(table: str, rows: Sequence[Sequence[Any]], then: str = "") -> Insert:
    """Return the request that inserts rows into a table."""
    columns = _COLUMNS[table]
    types = [_TYPE_OF.get(name, "text") for name in columns.split(", ")]
    return Insert(table, columns, types, rows, then)


@final
@attrs.frozen
class PostgreSQLDialect:
    """The `Dialect` of PostgreSQL."""

    place: ClassVar[str] = "ordinal"
    places_at_once: ClassVar[bool] = False
    locks_rows: ClassVar[bool] = True
    begin: ClassVar[str] = (
        "SELECT facts_ordinal, (SELECT coalesce(max(l.position), 0)"
        " FROM bl_log_position l WHERE l.book_id = b.book_id),"
        " EXISTS (SELECT 1 FROM bl_unsealed u WHERE u.book_id = b.book_id)"
        " FROM bl_book b WHERE b.book_id = ?"
    )
    mark: ClassVar[str] = "facts_ordinal"
    find_entry: ClassVar[str] = (
        "SELECT ordinal FROM bl_record WHERE book_id = ? AND type IN (0, 13) AND id = ?"
    )
    next_places: ClassVar[str] = (
        "SELECT ordinal FROM bl_log_position WHERE book_id = ? AND position > ?"
        " ORDER BY position LIMIT ?"
    )
    leaves: ClassVar[str] = (
        "SELECT r.leaf FROM bl_log_position l JOIN bl_record r"
        " ON r.book_id = l.book_id AND r.ordinal = l.ordinal"
        " WHERE l.book_id = ? AND l.position > ? AND l.position <= ?"
        " ORDER BY l.position"
    )
    position: ClassVar[str] = "coalesce(lp.position, r.ordinal)"
    positions: ClassVar[str] = (
        " LEFT JOIN bl_log_position lp ON lp.book_id = r.book_id"
        " AND lp.ordinal = r.ordinal"
    )
    record_columns: ClassVar[str] = (
        "r.ordinal, coalesce(lp.position, 0), r.type, r.id, r.actor, r.recorded_at,"
        " r.leaf, r.content, r.date, r.journal_no, lp.number, "
        + ", ".join(f"r.{name}" for name in RECORD_TAIL.split(", "))
    )
    amount: ClassVar[str] = "amount"
    cell: ClassVar[str] = "debit, credit, pending_debit, pending_credit, version"
    gross: ClassVar[str] = "debit, credit"
    gross_sums: ClassVar[str] = "sum(debit), sum(credit)"
    posting_sums: ClassVar[str] = (
        "sum(p.amount) FILTER (WHERE p.side = 0),"
        " sum(p.amount) FILTER (WHERE p.side = 1)"
    )
    columns: ClassVar[Mapping[str, str]] = _COLUMNS

    def late(self, book_id: int, known_at: int) -> tuple[str, list[Any]]:
        """Return what joins postings and records that were placed later, or not yet."""
        return (
            "(SELECT l.ordinal FROM bl_log_position l"
            " WHERE l.book_id = ? AND l.position > ?"
            " UNION ALL SELECT d.ordinal FROM bl_unsealed u JOIN bl_record d"
            " ON d.book_id = u.book_id AND d.ordinal BETWEEN u.first AND u.last"
            " WHERE u.book_id = ?) later"
            " JOIN bl_record r ON r.ordinal = later.ordinal"
            " JOIN bl_posting p ON p.book_id = r.book_id AND p.ordinal = r.ordinal"
            " WHERE r.book_id = ?",
            [book_id, known_at, book_id, book_id],
        )

    def among(self, column: str, values: Iterable[Any]) -> tuple[str, Any]:
        """Return the term that *column* is one of *values*, and its parameter."""
        return f"{column} = ANY (?)", list(values)

    def with_value(
        self, book_id: int, dimension: int | None, value: str, known_after: int
    ) -> tuple[str, list[Any]]:
        """Return the term that a posting of a record carries a dimension."""
        carries = (
            "r.ordinal IN (SELECT ordinal FROM bl_dimension"
            " WHERE book_id = ? AND dimension_no = ? AND value = ?)"
        )
        params: list[Any] = [book_id, dimension, value]
        if known_after:
            carries += (
                " AND r.ordinal IN (SELECT ordinal FROM bl_log_position"
                " WHERE book_id = ? AND position > ?)"
            )
            params += [book_id, known_after]
        return carries, params

    def find_entries(self, book_id: int, ids: Sequence[str]) -> Query:
        """Return the query for the places of entries or refusals by id."""
        return Query(
            "SELECT ordinal FROM bl_record WHERE book_id = ? AND type IN (0, 13)"
            " AND id = ANY (?)",
            (book_id, list(ids)),
        )

    def minor_units(self, parts: Sequence[Any]) -> int:
        """Return an amount from its column, which may come as a decimal number."""
        return int(parts[0])

    def read_cell(self, parts: Sequence[Any]) -> Cell:
        """Return a cell from its columns."""
        debit, credit, coming, going, version = map(int, parts)
        return Cell(debit, credit, coming, going, version)

    def read_gross(self, parts: Sequence[Any]) -> Gross:
        """Return debits and credits from their columns."""
        return int(parts[0]), int(parts[1])

    def read_sums(self, parts: Sequence[Any]) -> Gross:
        """Return debits and credits from sums; NULL stands for no rows."""
        return int(parts[0] or 0), int(parts[1] or 0)

    def moves_mark(self, kind: str, *, is_new: bool) -> bool:
        """Whether a fact of a kind makes stale what others keep.

        That an account is not there is never kept, so that opening one is not news.
        """
        return kind in LASTING and not (is_new and kind == "account")

    def next_number(self, book_id: int, kind: str, taken: int) -> Step[int]:  # noqa: ARG002
        """Return a number that nobody else gets."""
        [(number,)] = yield Query("SELECT nextval('bl_name_number')")
        return int(number)

    def draw(self, book_id: int, count: int) -> Step[int]:
        """Draw ordinals, after the last lock, and note that they are to be sealed."""
        [(base,)] = yield Query(
            "INSERT INTO bl_unsealed (book_id, first, last)"
            " SELECT ?, ticket + 1, ticket + ?"
            f" FROM (SELECT nextval('bl_ticket') * {BLOCK} AS ticket) AS drawn"
            " RETURNING first - 1",
            (book_id, count),
        )
        return int(base)

    def rows(self, table: str, rows: list[Any], base: int) -> list[Any]:
        """Return *rows* with ordinals, amounts in one column, and without numbers."""
        if table == "bl_pending":
            return [(*row[:6], row[6] * LIMB + row[7], row[8]) for row in rows]
        if table == "bl_record":
            return [(row[0], row[1] + base, *row[2:10], *row[11:]) for row in rows]
        if table == "bl_posting":
            return [
                (row[0], row[1] + base, *row[2:8], row[8] * LIMB + row[9], row[10])
                for row in rows
            ]
        return [(row[0], row[1] + base, *row[2:]) for row in rows]

    def insert(self, table: str, rows: Sequence[Any]) -> Insert:
        """Return the request that inserts rows."""
        return insertion(table, rows)

    def add_current(self, book_id: int, rows: Sequence[CurrentRow]) -> Insert:
        """Return the request that adds to current totals, in the order of *rows*."""
        return insertion("bl_current", [(book_id, *row) for row in rows], _ADD_CURRENT)

    def add_periods(self, book_id: int, rows: Sequence[PeriodRow]) -> Insert:
        """Return the request that adds to totals of periods, in the order of *rows*."""
        return insertion(
            "bl_period_total", [(book_id, *row) for row in rows], _ADD_PERIOD
        )

    def put_facts(
        self, book_id: int, rows: Sequence[FactRow], known: set[FactKey]
    ) -> Step[None]:
        """Write facts; of two who insert the same one, the second gets an error."""
        new = [(book_id, *row) for row in rows if row[:2] not in known]
        if new:
            yield insertion("bl_fact", new)
        for kind, key, _, place in rows:
            if (kind, key) in known:
                yield Query(
                    "UPDATE bl_fact SET ordinal = ?"
                    " WHERE book_id = ? AND kind = ? AND key = ?",
                    (place, book_id, kind, key),
                )

    def drop_index(self, rows: Sequence[IndexRow]) -> Query:
        """Return the request that removes what documents are no longer found by."""
        return Query(_DROP_INDEX, tuple(map(list, zip(*rows, strict=True))))


POSTGRESQL: Final = PostgreSQLDialect()
