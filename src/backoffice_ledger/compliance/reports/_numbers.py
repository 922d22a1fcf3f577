"""Gaps and duplicates in numbers."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.reports import Column, Row, Table

Namer = Callable[[int], str]
"""Writes a number of a series."""

_NUMBER: Final = re.compile(r"(.*?)([0-9]{1,18})", re.DOTALL)
_COLUMNS: Final = (
    Column("series", "Series"),
    Column("finding", "Finding"),
    Column("first", "First"),
    Column("last", "Last"),
    Column("count", "Count", "integer"),
    Column("entries", "Entries"),
)
_ENTRIES_SHOWN_MAX: Final = 5


def number_findings(records: Iterable[bl.Record]) -> Table:
    """Return gaps and duplicates of journal numbers and of document numbers.

    A document number is taken apart into what stands before its last digits, the
    series, and the number itself: ``RE-2026-0017`` is number 17 of ``RE-2026-``.  A gap
    lies between two numbers of a series; before the first one nothing is missing.  A
    document number that several entries bear, their reversals left out, is a duplicate.
    Journal numbers count from 1.

    The ledger itself gives journal numbers, without gaps; that they have none here
    shows that nobody took an entry out.

    Source: GoBD, paragraph 40 (gap and duplicate analysis).
    """
    journals: dict[str, dict[int, list[str]]] = {}
    documents: dict[str, dict[int, list[str]]] = {}
    names: dict[str, dict[int, str]] = {}
    for record in records:
        if record.type != "entry":
            continue
        entry = record.entry
        if record.journal_number is not None:
            series = journals.setdefault(entry.journal, {0: []})
            series.setdefault(record.journal_number, []).append(entry.id)
        found = _NUMBER.fullmatch(entry.document_number or "")
        if found is not None and record.reverses is None:
            series = documents.setdefault(found[1], {})
            number = int(found[2])
            series.setdefault(number, []).append(entry.id)
            names.setdefault(found[1], {}).setdefault(number, found[0])
    lines: list[Row] = []
    for name in sorted(journals):
        lines += _findings(f"journal {name}", journals[name], str)
    for name in sorted(documents):
        lines += _findings(f"document {name}*", documents[name], _namer(name, names))
    return Table("Gaps and duplicates of numbers", _COLUMNS, lines)


def _namer(series: str, names: Mapping[str, Mapping[int, str]]) -> Namer:
    """Return how numbers of a series are written, with as many zeros as there."""
    written = names[series]
    width = min(len(name) for name in written.values()) - len(series)
    return lambda number: written.get(number, f"{series}{number:0{width}}")


def _findings(series: str, numbers: dict[int, list[str]], name: Namer) -> Iterator[Row]:
    ordered = sorted(numbers)
    for before, after in pairwise(ordered):
        if after - before > 1:
            first, last = name(before + 1), name(after - 1)
            yield Row([series, "gap", first, last, after - before - 1, None])
    for number in ordered:
        entries = numbers[number]
        if len(entries) > 1:
            shown = ", ".join(entries[:_ENTRIES_SHOWN_MAX])
            more = ", ..." if len(entries) > _ENTRIES_SHOWN_MAX else ""
            text = name(number)
            yield Row([series, "duplicate", text, text, len(entries), shown + more])
