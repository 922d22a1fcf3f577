"""Totals: which kept sums and which postings answer a question."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from backoffice_ledger._engine.canonical import date_number
from backoffice_ledger._engine.store import DimensionQuery, TotalsQuery
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.entry import Phase
from backoffice_ledger._stores.sql_dialect import Dialect
from backoffice_ledger._stores.sql_steps import Query, phase_list

YEAR_MAX: Final = BOUNDS.date_max.year


def total_queries(
    dialect: Dialect,
    book_id: int,
    query: TotalsQuery,
    numbers: Sequence[int] | None,
    first_year: int,
) -> list[tuple[int, str, list[Any]]]:
    """Return the queries, with signs, whose results add up to what is asked for.

    Whole years, then at most eleven months, then the postings of one month; what was
    recorded after ``known_at`` is taken off again.
    """
    last, phases = query.last, query.phases
    queries: list[tuple[int, str, list[Any]]] = []
    if last is None and phases is None:
        queries.append((1, *_kept(dialect, "bl_current", "", [], book_id, numbers)))
    else:
        term, param = dialect.among("t.bucket", _buckets(first_year, last))
        where = f" AND {term}"
        if phases is not None:
            where += f" AND t.phase IN ({phase_list(phases)})"
        queries.append(
            (1, *_kept(dialect, "bl_period_total", where, [param], book_id, numbers))
        )
        if last is not None:
            queries.append(
                (1, *_partial_month(dialect, book_id, last, phases, numbers))
            )
    if query.known_at is not None:
        queries.append((-1, *_recorded_later(dialect, book_id, query, numbers)))
    return queries


def _buckets(first_year: int, last: date | None) -> list[int]:
    """Return the years before that of *last*, then the months before its month."""
    if last is None:
        return list(range(first_year, YEAR_MAX + 1))
    months = range(last.year * 100 + 1, last.year * 100 + last.month)
    return [*range(first_year, last.year), *months]


def only_accounts(
    dialect: Dialect,
    alias: str,
    numbers: Sequence[int] | None,
    params: list[Any],
    *before: Any,
) -> str:
    """Return the term that restricts to accounts; *before* are earlier parameters."""
    params += before
    if numbers is None:
        return ""
    if len(numbers) == 1:
        params.append(numbers[0])
        return f" AND {alias}.account_no = ?"
    term, param = dialect.among(f"{alias}.account_no", numbers)
    params.append(param)
    return f" AND {term}"


def _kept(
    dialect: Dialect,
    table: str,
    where: str,
    more: list[Any],
    book_id: int,
    numbers: Sequence[int] | None,
) -> tuple[str, list[Any]]:
    params = [book_id, *more]
    only = only_accounts(dialect, "t", numbers, params)
    return (
        f"SELECT t.account_no, t.commodity_no, {dialect.gross_sums} FROM {table} t"
        f" WHERE t.book_id = ?{where}{only} GROUP BY t.account_no, t.commodity_no",
        params,
    )


def _partial_month(
    dialect: Dialect,
    book_id: int,
    last: date,
    phases: frozenset[Phase] | None,
    numbers: Sequence[int] | None,
) -> tuple[str, list[Any]]:
    """Return the query over the postings of the month of *last*, up to that day."""
    params: list[Any] = [book_id, last.year * 100 + last.month]
    only = only_accounts(dialect, "t", numbers, params)
    params += [book_id, date_number(last.replace(day=1)), date_number(last)]
    phase = ""
    if phases is not None:
        phase = (
            " AND EXISTS (SELECT 1 FROM bl_record r WHERE r.book_id = p.book_id"
            f" AND r.{dialect.place} = p.{dialect.place}"
            f" AND r.phase IN ({phase_list(phases)}))"
        )
    return (
        f"SELECT a.account_no, p.commodity_no, {dialect.posting_sums} FROM"
        " (SELECT DISTINCT t.account_no FROM bl_period_total t"
        f" WHERE t.book_id = ? AND t.bucket = ?{only}) a"
        " CROSS JOIN bl_posting p WHERE p.account_no = a.account_no"
        f" AND p.book_id = ? AND p.date BETWEEN ? AND ?{phase}"
        " GROUP BY a.account_no, p.commodity_no",
        params,
    )


def _recorded_later(
    dialect: Dialect,
    book_id: int,
    query: TotalsQuery,
    numbers: Sequence[int] | None,
) -> tuple[str, list[Any]]:
    """Return the query over what was recorded after ``known_at``, to take it off."""
    assert query.known_at is not None  # noqa: S101 - for the type checkers
    later, params = dialect.late(book_id, query.known_at)
    terms = ""
    if query.last is not None:
        terms += " AND p.date <= ?"
        params.append(date_number(query.last))
    if query.phases is not None:
        terms += f" AND r.phase IN ({phase_list(query.phases)})"
    terms += only_accounts(dialect, "p", numbers, params)
    return (
        f"SELECT p.account_no, p.commodity_no, {dialect.posting_sums}"
        f" FROM {later}{terms}"
        " GROUP BY p.account_no, p.commodity_no",
        params,
    )


def dimension_query(
    dialect: Dialect,
    book_id: int,
    query: DimensionQuery,
    dimension: int | None,
    numbers: Sequence[int] | None,
) -> Query:
    """Return the query over the postings that carry a dimension, value by value.

    It has one parameter for all values: databases take only so many of them.  The index
    of values leads (CROSS JOIN), whatever the planner knows of the tables.
    """
    place = dialect.place
    source, where = "bl_dimension d CROSS JOIN bl_posting p", ""
    params: list[Any] = [book_id, dimension]
    if query.values is not None:
        term, param = dialect.among("d.value", sorted(query.values))
        where += f" AND {term}"
        params.append(param)
    if query.last is not None:
        where += " AND p.date <= ?"
        params.append(date_number(query.last))
    if query.known_at is not None:
        source += (
            f" JOIN bl_record r ON r.book_id = p.book_id AND r.{place} = p.{place}"
            f"{dialect.positions}"
        )
        where += f" AND {dialect.position} <= ?"
        params.append(query.known_at)
    where += only_accounts(dialect, "p", numbers, params)
    return Query(
        f"SELECT d.value, p.account_no, p.commodity_no, {dialect.posting_sums}"
        f" FROM {source} WHERE d.book_id = ? AND d.dimension_no = ?"
        f" AND p.book_id = d.book_id AND p.{place} = d.{place} AND p.line = d.line"
        f"{where} GROUP BY d.value, p.account_no, p.commodity_no",
        params,
    )
