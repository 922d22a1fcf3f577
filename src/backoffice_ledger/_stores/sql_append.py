"""Appending: the rows of records, and the order in which they are written."""

from collections.abc import Iterable, Mapping
from datetime import date
from json.encoder import encode_basestring_ascii
from typing import Any, Final

import attrs

from backoffice_ledger._engine.canonical import date_number
from backoffice_ledger._engine.columns import DecidedColumns
from backoffice_ledger._engine.state import (
    FactKey,
    HoldChange,
    IndexChange,
    NewRecord,
)
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.posting import Side
from backoffice_ledger._model.text import EMPTY_MAPPING
from backoffice_ledger._stores.sql_dialect import Dialect, IndexRow
from backoffice_ledger._stores.sql_steps import (
    PHASE_NUMBERS,
    Query,
    Step,
    optional_date_number,
)
from backoffice_ledger._stores.sqlite_schema import LIMB, RECORD_TYPES, to_limbs


def stored_texts(texts: Iterable[str]) -> str:
    """Return what ``json.dumps`` makes of a list of texts, which takes longer."""
    return f"[{', '.join(map(encode_basestring_ascii, texts))}]"


_DEBIT: Final = Side.DEBIT  # looked up once

IndexStep = tuple[Mapping[str, str], Mapping[str, str]]
"""What a document was found by, and what it is found by from now on."""


@attrs.define
class Batch:
    """The rows of records that are appended together.

    *numbers* are those of names; *position* is that of the last record and
    *last_numbers* those of the last entries by journal; both move on.  Where the
    places are only drawn after the last lock, the positions count from 1.
    """

    book_id: int
    dialect: Dialect
    numbers: Mapping[FactKey, int]
    position: int
    last_numbers: dict[str, int]
    places: list[tuple[int, int | None]] = attrs.field(factory=list)
    facts: list[tuple[str, str, int]] = attrs.field(factory=list)
    records: list[tuple[Any, ...]] = attrs.field(factory=list)
    postings: list[tuple[Any, ...]] = attrs.field(factory=list)
    dimensions: list[tuple[Any, ...]] = attrs.field(factory=list)
    openings: list[tuple[Any, ...]] = attrs.field(factory=list)
    months: dict[tuple[int, int, int, int], list[int]] = attrs.field(factory=dict)
    pending: list[tuple[Any, ...]] = attrs.field(factory=list)
    released: list[str] = attrs.field(factory=list)
    held: dict[tuple[int, int], list[int]] = attrs.field(factory=dict)
    indexes: dict[tuple[str, str], IndexStep] = attrs.field(factory=dict)

    def add(self, new: NewRecord) -> None:
        """Take in one record at the next position."""
        self.position = position = self.position + 1
        book_id = self.book_id
        for field, salt, text in new.texts:
            self.openings.append((book_id, position, field, salt, text))
        for kind, key in new.facts:
            self.facts.append((kind, key, position))
        if new.hold is not None:
            self._add_hold(new.hold)
        if new.index is not None:
            self._add_index(new.index)
        if new.entry is not None:
            self._add_entry(new, new.entry, position)
            return
        self.places.append((position, None))
        self.records.append(
            (
                book_id,
                position,
                RECORD_TYPES[new.type],
                new.id,
                new.actor,
                new.at,
                new.leaf,
                new.content,
                *(None,) * 13,
            )
        )

    def _add_index(self, change: IndexChange) -> None:
        """Take in what a version of a document changes of what it is found by."""
        document = change.kind, change.id
        earlier = self.indexes.get(document)
        before = change.before if earlier is None else earlier[0]
        self.indexes[document] = before, change.after

    def _add_hold(self, change: HoldChange) -> None:
        """Take in what a hold's record does to what is pending."""
        numbers = self.numbers
        self.pending = [row for row in self.pending if row[1] != change.hold]
        if change.before:
            self.released.append(change.hold)
        for sign, lines in ((-1, change.before), (1, change.after)):
            for line, posting in enumerate(lines):
                account = numbers["account", posting.account]
                unit = numbers["commodity", posting.amount.commodity.code]
                side = 0 if posting.side is Side.DEBIT else 1
                minor_units = posting.amount.minor_units
                cell = self.held.setdefault((account, unit), [0, 0, 0])
                cell[side] += sign * minor_units
                cell[2] += 1
                if sign == 1:
                    self.pending.append(
                        (
                            *(self.book_id, change.hold, line, account, unit, side),
                            *(*to_limbs(minor_units), change.expires_at),
                        )
                    )

    def _add_entry(self, new: NewRecord, entry: Entry, position: int) -> None:
        journal = entry.journal
        self.last_numbers[journal] = number = self.last_numbers[journal] + 1
        self.places.append((position, number))
        book_id, numbers = self.book_id, self.numbers
        day = date_number(entry.date)
        phase = PHASE_NUMBERS[new.phase]
        self.records.append(
            (
                book_id,
                position,
                0,
                new.id,
                new.actor,
                new.at,
                new.leaf,
                None,
                day,
                numbers["journal", journal],
                number,
                entry.kind.value,
                phase,
                entry.document_number,
                optional_date_number(entry.document_date),
                optional_date_number(entry.economic_date),
                stored_texts(entry.references) if entry.references else None,
                entry.rule,
                new.reverses,
                new.proposal,
                stored_texts(new.controls) if new.controls else None,
            )
        )
        months, memorandum = self.months, new.memorandum
        month = day // 100
        for line, posting in enumerate(entry.postings):
            amount = posting.amount
            minor_units, value_date = amount.minor_units, posting.value_date
            account = numbers["account", posting.account]
            unit = numbers["commodity", amount.commodity.code]
            side = 0 if posting.side is _DEBIT else 1
            if -LIMB < minor_units < LIMB:
                high, low = 0, minor_units
            else:
                high, low = to_limbs(minor_units)
            self.postings.append(
                (
                    book_id,
                    position,
                    line,
                    account,
                    unit,
                    side,
                    0 if memorandum is None else int(memorandum[line]),
                    day,
                    high,
                    low,
                    None if value_date is None else date_number(value_date),
                )
            )
            key = (month, account, unit, phase)
            cell = months.get(key)
            if cell is None:
                months[key] = cell = [0, 0, 0]
            cell[side] += minor_units
            cell[2] += 1
            if posting.dimensions is not EMPTY_MAPPING:
                self.dimensions += [
                    (book_id, position, line, numbers["dimension", name], value)
                    for name, value in posting.dimensions.items()
                ]

    def add_columns(self, decided: DecidedColumns) -> None:
        """Take in entries in columns at the next positions."""
        columns, stamp, numbers = decided.columns, decided.stamp, self.numbers
        book_id, journal = self.book_id, columns.journal
        first = self.position + 1
        self.position += len(columns)
        positions = range(first, self.position + 1)
        number = self.last_numbers[journal] + 1
        self.last_numbers[journal] += len(columns)
        days = {day: date_number(day) for day in set(columns.dates)}
        salts = iter(decided.salts)
        self.openings += [
            (book_id, position, "description", next(salts), text)
            for position, text in zip(positions, columns.descriptions, strict=True)
            if text
        ]
        head = (stamp.actor, stamp.at)
        journal_no = numbers["journal", journal]
        tail = ("normal", 0, *(None,) * 8)
        shift = number - first
        self.records += [
            (
                *(book_id, position, 0, id_, *head, leaf, None, days[day]),
                *(journal_no, position + shift, *tail),
            )
            for position, id_, leaf, day in zip(
                positions, columns.ids, decided.leaves, columns.dates, strict=True
            )
        ]
        self._add_column_postings(decided, first, days)

    def _add_column_postings(
        self, decided: DecidedColumns, first: int, days: Mapping[date, int]
    ) -> None:
        columns, numbers, months = decided.columns, self.numbers, self.months
        book_id = self.book_id
        unit = numbers["commodity", columns.commodity.code]
        accounts = {path: numbers["account", path] for path in columns.accounts()}
        add = self.postings.append
        for position, (day, left, right, minor_units) in enumerate(
            zip(
                columns.dates,
                columns.debits,
                columns.credits,
                columns.amounts,
                strict=True,
            ),
            first,
        ):
            debited, credited, day_number = accounts[left], accounts[right], days[day]
            high, low = 0, minor_units
            if not -LIMB < minor_units < LIMB:
                high, low = to_limbs(minor_units)
            add(
                (book_id, position, 0, debited, unit, 0, 0, day_number, high, low, None)
            )
            add(
                (
                    book_id,
                    position,
                    1,
                    credited,
                    unit,
                    1,
                    0,
                    day_number,
                    high,
                    low,
                    None,
                )
            )
            month = day_number // 100
            for side, account in ((0, debited), (1, credited)):
                key = (month, account, unit, 0)
                cell = months.get(key)
                if cell is None:
                    months[key] = cell = [0, 0, 0]
                cell[side] += minor_units
                cell[2] += 1

    @property
    def count(self) -> int:
        """How many records it has."""
        return len(self.records)

    def write(self) -> Step[int]:
        """Write the rows; return what their positions were moved by.

        Totals come first, in the order of their keys: they are the rows that others
        may be waiting for.  Records come last: they seal what came before.
        """
        dialect = self.dialect
        yield from self._write_totals()
        base = yield from dialect.draw(self.book_id, self.count)
        if self.released:
            term, param = dialect.among("hold", self.released)
            yield Query(
                f"DELETE FROM bl_pending WHERE book_id = ? AND {term}",
                (self.book_id, param),
            )
        for table, rows in (
            ("bl_pending", self.pending),
            ("bl_opening", self.openings),
            ("bl_posting", self.postings),
            ("bl_dimension", self.dimensions),
            ("bl_record", self.records),
        ):
            if rows:
                yield dialect.insert(table, dialect.rows(table, rows, base))
        yield from self._write_index()
        return base

    def _write_index(self) -> Step[None]:
        """Write what the latest versions of documents are found by."""
        book_id = self.book_id
        gone: list[IndexRow] = []
        new: list[IndexRow] = []
        for (kind, id_), (before, after) in self.indexes.items():
            for rows, ours, others in ((gone, before, after), (new, after, before)):
                rows += [
                    (book_id, kind, name, value, id_)
                    for name, value in ours.items()
                    if others.get(name) != value
                ]
        if gone:
            yield self.dialect.drop_index(sorted(gone))
        if new:
            yield self.dialect.insert("bl_document_index", sorted(new))

    def _write_totals(self) -> Step[None]:
        current: dict[tuple[int, int], list[int]] = {}
        periods = dict(self.months)
        for (month, account, unit, phase), cell in self.months.items():
            year = periods.setdefault((month // 100, account, unit, phase), [0, 0, 0])
            now = current.setdefault((account, unit), [0, 0, 0, 0, 0])
            for side in (0, 1):
                year[side] += cell[side]
                now[side] += cell[side]
            now[4] += cell[2]
        for pair, cell in self.held.items():
            now = current.setdefault(pair, [0, 0, 0, 0, 0])
            for part in range(3):
                now[2 + part] += cell[part]
        book_id, dialect = self.book_id, self.dialect
        if current:
            yield dialect.add_current(
                book_id, [(*key, *cell) for key, cell in sorted(current.items())]
            )
        if periods:
            yield dialect.add_periods(
                book_id, [(*key, *cell[:2]) for key, cell in sorted(periods.items())]
            )
