"""What differs between the databases that the SQL core serves.

The core writes ``?`` for parameters and names the column that keys a record's rows
``{place}``; all else in which SQLite and PostgreSQL differ stands in a `Dialect`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from backoffice_ledger._engine.state import Cell, FactKey
from backoffice_ledger._stores.sql_steps import Insert, Many, Query, Step

Gross = tuple[int, int]
"""Debits and credits."""

CurrentRow = tuple[int, ...]
"""Account, commodity, and what is added to the five parts of its cell."""

PeriodRow = tuple[int, ...]
"""Bucket, account, commodity, phase, debits, credits."""

IndexRow = tuple[int, str, str, str, str]
"""Book and kind of a document, name and value that it is found by, its id."""

FactRow = tuple[str, str, int | None, int]
"""Kind, key, number of the name, place of the record."""


class Dialect(Protocol):
    """How one database keeps and finds what the core works with.

    Attributes:
        place: the column that keys the rows of a record.
        places_at_once: whether a record gets its position and its number when it is
            appended; otherwise when it is sealed, after the commit.
        locks_rows: whether what was read has to be locked to stay.
        begin: asks for the staleness mark of a book, the number of placed records
            and whether there are records without a place.
        mark: the column of ``bl_book`` with the staleness mark.
        find_entry: asks for the place of an entry or a refusal by id.
        next_places: asks for the next places after a position, in order.
        leaves: asks for the leaf hashes after a position up to another one, in order.
        position: the position of a record ``r``, large where it has none.
        positions: what joins a record ``r`` to its position.
        record_columns: what `SqlBook.log_row` reads of a record ``r``.
        amount: columns of an amount.
        cell: columns of a row of ``bl_current``.
        gross: columns of debits and credits.
        gross_sums: sums of the gross columns.
        posting_sums: sums of postings ``p`` by side.
        columns: of each table, in the order of the rows.
    """

    place: ClassVar[str]
    places_at_once: ClassVar[bool]
    locks_rows: ClassVar[bool]
    begin: ClassVar[str]
    mark: ClassVar[str]
    find_entry: ClassVar[str]
    next_places: ClassVar[str]
    leaves: ClassVar[str]
    position: ClassVar[str]
    positions: ClassVar[str]
    record_columns: ClassVar[str]
    amount: ClassVar[str]
    cell: ClassVar[str]
    gross: ClassVar[str]
    gross_sums: ClassVar[str]
    posting_sums: ClassVar[str]
    columns: ClassVar[Mapping[str, str]]

    def late(self, book_id: int, known_at: int) -> tuple[str, list[Any]]:
        """Return what joins postings ``p`` and records ``r`` placed after a position.

        And the parameters; terms may follow.
        """
        ...

    def among(self, column: str, values: Iterable[Any]) -> tuple[str, Any]:
        """Return the term that *column* is one of *values*, and its parameter."""
        ...

    def with_value(
        self, book_id: int, dimension: int | None, value: str, known_after: int
    ) -> tuple[str, list[Any]]:
        """Return the term that a posting of a record ``r`` carries a dimension.

        And the parameters.  Only records that stand after a position count.
        """
        ...

    def find_entries(self, book_id: int, ids: Sequence[str]) -> Query:
        """Return the query for the places of entries or refusals by id."""
        ...

    def minor_units(self, parts: Sequence[Any]) -> int:
        """Return an amount from its columns."""
        ...

    def read_cell(self, parts: Sequence[Any]) -> Cell:
        """Return a cell from its columns."""
        ...

    def read_gross(self, parts: Sequence[Any]) -> Gross:
        """Return debits and credits from their columns."""
        ...

    def read_sums(self, parts: Sequence[Any]) -> Gross:
        """Return debits and credits from sums; NULL stands for no rows."""
        ...

    def moves_mark(self, kind: str, *, is_new: bool) -> bool:
        """Whether a fact of a kind makes stale what others have read."""
        ...

    def next_number(self, book_id: int, kind: str, taken: int) -> Step[int]:
        """Return the next number of a name; *taken* is the last that is known of."""
        ...

    def draw(self, book_id: int, count: int) -> Step[int]:
        """Return what is added to the places of the *count* records that come next."""
        ...

    def rows(self, table: str, rows: list[Any], base: int) -> list[Any]:
        """Return *rows* as the table has them, moved by *base*."""
        ...

    def insert(self, table: str, rows: Sequence[Any]) -> Many | Insert:
        """Return the request that inserts rows."""
        ...

    def add_current(
        self, book_id: int, rows: Sequence[CurrentRow]
    ) -> Query | Many | Insert:
        """Return the request that adds to current totals, in the order of *rows*."""
        ...

    def add_periods(
        self, book_id: int, rows: Sequence[PeriodRow]
    ) -> Query | Many | Insert:
        """Return the request that adds to totals of periods, in the order of *rows*."""
        ...

    def put_facts(
        self, book_id: int, rows: Sequence[FactRow], known: set[FactKey]
    ) -> Step[None]:
        """Write facts; those in *known* are there already."""
        ...

    def drop_index(self, rows: Sequence[IndexRow]) -> Query | Many:
        """Return the request that removes what documents are no longer found by."""
        ...
