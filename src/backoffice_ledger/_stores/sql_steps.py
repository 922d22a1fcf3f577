"""What the SQL core is written in: steps that a driver runs, and how values are laid.

Amounts are two limbs (see `sqlite_schema`), dates integers YYYYMMDD, names numbers.
"""

import json
from collections.abc import Generator, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

from backoffice_ledger._engine.canonical import date_number
from backoffice_ledger._model.entry import EntryKind, Phase
from backoffice_ledger._model.posting import Side
from backoffice_ledger._stores.sqlite_schema import HALF_LIMB, LIMB

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


Step = Generator[Query | Many, Any, T]

SIDES = (Side.DEBIT, Side.CREDIT)
PHASES = (Phase.NORMAL, Phase.ADJUSTING, Phase.CLOSING)
PHASE_NUMBERS = {phase: number for number, phase in enumerate(PHASES)}
KINDS = {kind.value: kind for kind in EntryKind}
NUMBERED = frozenset({"account", "journal", "commodity", "dimension"})
MONTH_MIN = 10_000
"""Buckets from here on are months (YYYYMM), those below are years (YYYY)."""


def from_limbs(high: int | None, middle: int | None, low: int | None) -> int:
    """Put the three parts of a sum together; NULL stands for no rows."""
    return (high or 0) * LIMB + (middle or 0) * HALF_LIMB + (low or 0)


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


def position_terms(positions: Sequence[int]) -> tuple[str, tuple[Any, ...]]:
    """Return the term that selects *positions*: a span if they have no gaps."""
    first, last = min(positions), max(positions)
    if last - first == len(positions) - 1:
        return "position BETWEEN ? AND ?", (first, last)
    return "position IN (SELECT value FROM json_each(?))", (json_list(positions),)
