"""How SQLite keeps a book: positions at once, amounts in two limbs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, final

import attrs

from backoffice_ledger._engine.state import LASTING, Cell, FactKey
from backoffice_ledger._stores.sql_dialect import (
    CurrentRow,
    FactRow,
    Gross,
    IndexRow,
    PeriodRow,
)
from backoffice_ledger._stores.sql_steps import (
    RECORD_TAIL,
    Many,
    Query,
    Step,
    json_list,
)
from backoffice_ledger._stores.sqlite_schema import (
    HALF_LIMB,
    LIMB,
    to_limbs,
)


def _add(column: str) -> str:
    """Return the assignments that add ``excluded`` to a two-limb column."""
    low = f"({column}_low + excluded.{column}_low)"
    return (
        f"{column}_high = {column}_high + excluded.{column}_high + {low} / {LIMB}, "
        f"{column}_low = {low} % {LIMB}"
    )


def _limbs(*columns: str) -> str:
    return ", ".join(f"{column}_high, {column}_low" for column in columns)


def _sums(high: str, low: str, condition: str = "") -> str:
    """Return three sums of a two-limb column, none of which can overflow."""
    return ", ".join(
        f"sum({expression}){condition}"
        for expression in (high, f"{low} / {HALF_LIMB}", f"{low} % {HALF_LIMB}")
    )


def _values(count: int) -> str:
    return ", ".join("?" * count)


_COLUMNS: Final = {
    "bl_record": "book_id, position, type, id, actor, recorded_at, leaf, content,"
    f" date, journal_no, number, {RECORD_TAIL}",
    "bl_posting": "book_id, position, line, account_no, commodity_no, side,"
    " memorandum, date, high, low, value_date",
    "bl_dimension": "book_id, position, line, dimension_no, value",
    "bl_opening": "book_id, position, field, salt, value",
    "bl_redaction": "book_id, position, field, commitment, redacted_at",
    "bl_pending": "book_id, hold, line, account_no, commodity_no, side, high, low,"
    " expires_at",
    "bl_document_index": "book_id, kind, name, value, id",
}
_INSERT: Final = {
    table: f"INSERT INTO {table} VALUES ({_values(columns.count(',') + 1)})"
    for table, columns in _COLUMNS.items()
}
_ADD_GROSS: Final = f"{_add('debit')}, {_add('credit')}"
_ADD_CURRENT: Final = (
    f"INSERT INTO bl_current VALUES ({_values(12)})"
    f" ON CONFLICT (book_id, account_no, commodity_no) DO UPDATE SET {_ADD_GROSS},"
    f" {_add('pending_debit')}, {_add('pending_credit')},"
    " version = version + excluded.version"
)
_ADD_PERIOD: Final = (
    f"INSERT INTO bl_period_total VALUES ({_values(9)})"
    " ON CONFLICT (book_id, bucket, account_no, commodity_no, phase)"
    f" DO UPDATE SET {_ADD_GROSS}"
)
_PUT_FACT: Final = (
    "INSERT INTO bl_fact VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (book_id, kind, key) DO UPDATE SET position = excluded.position"
)
_DROP_INDEX: Final = (
    "DELETE FROM bl_document_index"
    " WHERE book_id = ? AND kind = ? AND name = ? AND value = ? AND id = ?"
)


@final
@attrs.frozen
class SQLiteDialect:
    """The `Dialect` of SQLite."""

    place: ClassVar[str] = "position"
    places_at_once: ClassVar[bool] = True
    locks_rows: ClassVar[bool] = False
    begin: ClassVar[str] = (
        "SELECT facts_position, (SELECT coalesce(max(position), 0) FROM bl_record r"
        " WHERE r.book_id = b.book_id), 0 FROM bl_book b WHERE book_id = ?"
    )
    mark: ClassVar[str] = "facts_position"
    find_entry: ClassVar[str] = (
        "SELECT position FROM bl_record INDEXED BY bl_record_entry_id"
        " WHERE book_id = ? AND type IN (0, 13) AND id = ?"
    )
    next_places: ClassVar[str] = (
        "SELECT position FROM bl_record WHERE book_id = ? AND position > ?"
        " ORDER BY position LIMIT ?"
    )
    leaves: ClassVar[str] = (
        "SELECT leaf FROM bl_record WHERE book_id = ? AND position > ?"
        " AND position <= ? ORDER BY position"
    )
    position: ClassVar[str] = "r.position"
    positions: ClassVar[str] = ""
    record_columns: ClassVar[str] = (
        "r.position, r.position, r.type, r.id, r.actor, r.recorded_at, r.leaf,"
        " r.content, r.date, r.journal_no, r.number, "
        + ", ".join(f"r.{name}" for name in RECORD_TAIL.split(", "))
    )
    amount: ClassVar[str] = "high, low"
    cell: ClassVar[str] = (
        f"{_limbs('debit', 'credit', 'pending_debit', 'pending_credit')}, version"
    )
    gross: ClassVar[str] = _limbs("debit", "credit")
    gross_sums: ClassVar[str] = (
        f"{_sums('debit_high', 'debit_low')}, {_sums('credit_high', 'credit_low')}"
    )
    posting_sums: ClassVar[str] = ", ".join(
        _sums("p.high", "p.low", f" FILTER (WHERE p.side = {side})") for side in (0, 1)
    )
    columns: ClassVar[Mapping[str, str]] = _COLUMNS

    def late(self, book_id: int, known_at: int) -> tuple[str, list[Any]]:
        """Return what joins postings ``p`` and records ``r`` placed later."""
        return (
            "bl_posting p JOIN bl_record r ON r.book_id = p.book_id"
            " AND r.position = p.position WHERE p.book_id = ? AND p.position > ?",
            [book_id, known_at],
        )

    def among(self, column: str, values: Iterable[Any]) -> tuple[str, Any]:
        """Return the term that *column* is one of *values*, and its parameter."""
        return f"{column} IN (SELECT value FROM json_each(?))", json_list(values)

    def with_value(
        self, book_id: int, dimension: int | None, value: str, known_after: int
    ) -> tuple[str, list[Any]]:
        """Return the term that a posting of a record carries a dimension."""
        return (
            "r.position IN (SELECT position FROM bl_dimension WHERE book_id = ?"
            " AND dimension_no = ? AND value = ? AND position > ?)",
            [book_id, dimension, value, known_after],
        )

    def find_entries(self, book_id: int, ids: Sequence[str]) -> Query:
        """Return the query for the places of entries or refusals by id."""
        return Query(
            "SELECT r.position FROM json_each(?2) j CROSS JOIN bl_record r"
            " INDEXED BY bl_record_entry_id"
            " ON r.book_id = ?1 AND r.type IN (0, 13) AND r.id = j.value",
            (book_id, json_list(ids)),
        )

    def minor_units(self, parts: Sequence[Any]) -> int:
        """Return an amount from its two limbs."""
        minor_units: int = parts[0] * LIMB + parts[1]  # never rounded: see Amount
        return minor_units

    def read_cell(self, parts: Sequence[Any]) -> Cell:
        """Return a cell from its columns."""
        sums = [self.minor_units(parts[at : at + 2]) for at in (0, 2, 4, 6)]
        return Cell(sums[0], sums[1], sums[2], sums[3], parts[8])

    def read_gross(self, parts: Sequence[Any]) -> Gross:
        """Return debits and credits from their columns."""
        return self.minor_units(parts[:2]), self.minor_units(parts[2:])

    def read_sums(self, parts: Sequence[Any]) -> Gross:
        """Return debits and credits from three sums each."""
        a, b, c, d, e, f = (part or 0 for part in parts)
        return a * LIMB + b * HALF_LIMB + c, d * LIMB + e * HALF_LIMB + f

    def moves_mark(self, kind: str, *, is_new: bool) -> bool:  # noqa: ARG002
        """Whether a fact of a kind makes stale what others keep."""
        return kind in LASTING

    def next_number(self, book_id: int, kind: str, taken: int) -> Step[int]:
        """Return the number after the last one."""
        [(last,)] = yield Query(
            "SELECT coalesce(max(number), 0) FROM bl_fact"
            " WHERE book_id = ? AND kind = ?",
            (book_id, kind),
        )
        return max(int(last), taken) + 1

    def draw(self, book_id: int, count: int) -> Step[int]:  # noqa: ARG002
        """Return 0: places are positions."""
        return 0
        yield  # a generator, like the others

    def rows(self, table: str, rows: list[Any], base: int) -> list[Any]:  # noqa: ARG002
        """Return *rows*, which are laid out for SQLite."""
        return rows

    def insert(self, table: str, rows: Sequence[Any]) -> Many:
        """Return the request that inserts rows."""
        return Many(_INSERT[table], rows)

    def add_current(self, book_id: int, rows: Sequence[CurrentRow]) -> Many:
        """Return the request that adds to current totals."""
        return Many(
            _ADD_CURRENT,
            [
                (
                    *(book_id, account, unit, *to_limbs(debit), *to_limbs(credit)),
                    *(*to_limbs(coming), *to_limbs(going), version),
                )
                for account, unit, debit, credit, coming, going, version in rows
            ],
        )

    def add_periods(self, book_id: int, rows: Sequence[PeriodRow]) -> Many:
        """Return the request that adds to totals of periods."""
        return Many(
            _ADD_PERIOD,
            [
                (book_id, *key, *to_limbs(debit), *to_limbs(credit))
                for *key, debit, credit in rows
            ],
        )

    def put_facts(
        self,
        book_id: int,
        rows: Sequence[FactRow],
        known: set[FactKey],  # noqa: ARG002
    ) -> Step[None]:
        """Write facts."""
        if rows:
            yield Many(_PUT_FACT, [(book_id, *row) for row in rows])

    def drop_index(self, rows: Sequence[IndexRow]) -> Many:
        """Return the request that removes what documents are no longer found by."""
        return Many(_DROP_INDEX, rows)


SQLITE: Final = SQLiteDialect()
