"""What the SQL core is written in: steps that a driver runs, and how values are laid.

Dates are integers YYYYMMDD, names are numbers; how amounts are laid is a matter of the
`Dialect`.
"""

import json
from collections.abc import Generator, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

from backoffice_ledger._engine.canonical import date_number
from backoffice_ledger._model.entry import EntryKind, Phase
from backoffice_ledger._model.posting import Side

T = TypeVar("T")
Rows = list[tuple[Any, ...]]


class Query(NamedTuple):
    """One statement; the rows that it returns are sent back."""

    sql: str
    params: Sequence[Any] = ()


class Many(NamedTuple):
    """One statement for each row of parameters; nothing is sent back."""

    sql: str
    rows: Iterable[Sequence[Any]]


class Insert(NamedTuple):
    """Rows for a table, inserted as fast as the driver can; nothing is sent back.

    ``types`` are those of the columns; ``then`` is what follows the rows, such as what
    to do about a conflict.
    """

    table: str
    columns: str
    types: Sequence[str]
    rows: Sequence[Sequence[Any]]
    then: str = ""


Step = Generator[Query | Many | Insert, Any, T]

RECORD_TAIL = (
    "kind, phase, document_number, document_date, economic_date, reference_list, rule,"
    " reverses, proposal, controls"
)
"""The last columns of a record."""

SIDES = (Side.DEBIT, Side.CREDIT)
PHASES = (Phase.NORMAL, Phase.ADJUSTING, Phase.CLOSING)
PHASE_NUMBERS = {phase: number for number, phase in enumerate(PHASES)}
KINDS = {kind.value: kind for kind in EntryKind}
NUMBERED = frozenset({"account", "journal", "commodity", "dimension"})
MONTH_MIN = 10_000
"""Buckets from here on are months (YYYYMM), those below are years (YYYY)."""


def json_list(values: Iterable[Any]) -> str:
    return json.dumps(list(values))


def optional_date_number(day: date | None) -> int | None:
    return None if day is None else date_number(day)


def phase_list(phases: Iterable[Phase]) -> str:
    return ", ".join(str(number) for number in sorted(PHASE_NUMBERS[p] for p in phases))


def span_terms(
    alias: str, first: date | None, last: date | None, params: list[Any]
) -> list[str]:
    terms = []
    if first is not None:
        terms.append(f"{alias}.date >= ?")
        params.append(date_number(first))
    if last is not None:
        terms.append(f"{alias}.date <= ?")
        params.append(date_number(last))
    return terms
