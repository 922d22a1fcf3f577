"""The SQL of a book, without I/O.

Each function is a generator: it yields `Query` and `Many` and is sent the rows.  The
driver of a store runs it over its own connection (`sqlite.run`), so that the same code
serves any connection, in or out of a host's transaction, with or without asyncio.
"""

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

import attrs

from backoffice_ledger._engine.canonical import (
    commitment,
    date_number,
    entry_content,
    instant_text,
    number_date,
    record_bytes,
)
from backoffice_ledger._engine.replay import facts_of
from backoffice_ledger._engine.state import (
    AccountActivity,
    Fact,
    FactKey,
    Needs,
    NewRecord,
    State,
)
from backoffice_ledger._engine.store import (
    EntryQuery,
    LogRow,
    PeriodTotals,
    Totals,
    TotalsQuery,
)
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import instant_from_microseconds
from backoffice_ledger._model.document import freeze_json
from backoffice_ledger._model.entry import EntryKind, Phase, stored_entry
from backoffice_ledger._model.posting import Posting, Side, stored_posting
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import EMPTY_MAPPING, FrozenMapping
from backoffice_ledger._stores.sqlite_schema import (
    HALF_LIMB,
    LIMB,
    RECORD_TYPES,
    TYPE_NAMES,
    to_limbs,
)

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
YEAR_MAX = BOUNDS.date_max.year


def _add(column: str) -> str:
    """Return the assignments that add ``excluded`` to a two-limb column."""
    low = f"({column}_low + excluded.{column}_low)"
    return (
        f"{column}_high = {column}_high + excluded.{column}_high + {low} / {LIMB}, "
        f"{column}_low = {low} % {LIMB}"
    )


_ADD_TOTALS = f"DO UPDATE SET {_add('debit')}, {_add('credit')}"
ADD_CURRENT = (
    "INSERT INTO bl_current VALUES (?, ?, ?, ?, ?, ?, ?) "
    f"ON CONFLICT (book_id, account_no, commodity_no) {_ADD_TOTALS}"
)
ADD_PERIOD = (
    "INSERT INTO bl_period_total VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    f"ON CONFLICT (book_id, bucket, account_no, commodity_no, phase) {_ADD_TOTALS}"
)
ADD_RECORD = f"INSERT INTO bl_record VALUES ({', '.join('?' * 21)})"
ADD_POSTING = f"INSERT INTO bl_posting VALUES ({', '.join('?' * 11)})"
ADD_DIMENSION = "INSERT INTO bl_dimension VALUES (?, ?, ?, ?, ?)"
ADD_OPENING = "INSERT INTO bl_opening VALUES (?, ?, ?, ?, ?)"
PUT_FACT = (
    "INSERT INTO bl_fact VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (book_id, kind, key) DO UPDATE SET position = excluded.position"
)


def _column_sums(column: str) -> str:
    return (
        f"sum({column}_high), sum({column}_low / {HALF_LIMB}), "
        f"sum({column}_low % {HALF_LIMB})"
    )


TOTAL_SUMS = f"{_column_sums('debit')}, {_column_sums('credit')}"
POSTING_SUMS = ", ".join(
    f"sum({expression}) FILTER (WHERE p.side = {side})"
    for side in (0, 1)
    for expression in ("p.high", f"p.low / {HALF_LIMB}", f"p.low % {HALF_LIMB}")
)


def _limbs(high: int | None, middle: int | None, low: int | None) -> int:
    """Put the three parts of a sum together; NULL stands for no rows."""
    return (high or 0) * LIMB + (middle or 0) * HALF_LIMB + (low or 0)


def _json(values: Iterable[Any]) -> str:
    return json.dumps(list(values))


@attrs.define
class SqlBook:
    """One book in a SQL database: its number and what is known of its names.

    Accounts, journals, commodities and dimensions are stored as numbers; ``numbers``
    and ``keys`` remember the two directions and are dropped when a transaction is
    rolled back.
    """

    book_id: int
    state: State
    facts_position: int = 0
    numbers: dict[FactKey, int] = attrs.field(factory=dict)
    keys: dict[tuple[str, int], str] = attrs.field(factory=dict)
    units: dict[int, Commodity] = attrs.field(factory=dict)

    def forget(self) -> None:
        """Drop everything that was read."""
        self.state.forget_facts()
        self.numbers.clear()
        self.keys.clear()
        self.units.clear()
        self.facts_position = -1

    def begin(self) -> Step[None]:
        """Drop what another writer has made stale."""
        [(position,)] = yield Query(
            "SELECT facts_position FROM bl_book WHERE book_id = ?", (self.book_id,)
        )
        self.state.forget_reads()
        if position != self.facts_position:
            self.state.forget_facts()
            self.facts_position = position

    def size(self) -> Step[int]:
        """Return the number of records."""
        [(size,)] = yield Query(
            "SELECT coalesce(max(position), 0) FROM bl_record WHERE book_id = ?",
            (self.book_id,),
        )
        return int(size)

    # --- facts -----------------------------------------------------------------------

    def load(self, needs: Needs) -> Step[None]:
        """Read into the state what *needs* names."""
        state = self.state
        keys_of: dict[str, list[str]] = {}
        for kind, key in needs.facts:
            keys_of.setdefault(kind, []).append(key)
        for kind, keys in keys_of.items():
            found = yield from self._facts(
                "f.kind = ? AND f.key IN (SELECT value FROM json_each(?))",
                (kind, _json(keys)),
            )
            for key in keys:
                state.learn((kind, key), found.get((kind, key)))
        for kind, prefix in needs.prefixes:
            found_facts = yield from self.facts(kind, prefix)
            for key, fact in found_facts.items():
                state.learn((kind, key), fact)
            state.prefixes.add((kind, prefix))
        if needs.entries:
            yield from self._load_entries(needs.entries)
        for path in needs.activity:
            state.activity[path] = yield from self._activity(path)
        if needs.months:
            rows = yield Query(
                "SELECT DISTINCT bucket FROM bl_period_total "
                "WHERE book_id = ? AND bucket >= ?",
                (self.book_id, MONTH_MIN),
            )
            state.months = frozenset(date(b // 100, b % 100, 1) for (b,) in rows)

    def facts(self, kind: str, prefix: str = "") -> Step[dict[str, Fact]]:
        """Return the facts of a kind whose keys begin with *prefix*."""
        found = yield from self._facts(
            "f.kind = ? AND f.key >= ? AND substr(f.key, 1, ?) = ?",
            (kind, prefix, len(prefix), prefix),
        )
        return {key: fact for (_, key), fact in found.items()}

    def _facts(
        self, where: str, params: Sequence[Any]
    ) -> Step[dict[FactKey, Fact]]:
        rows = yield Query(
            "SELECT f.kind, f.key, f.number, f.position, r.type, r.actor, r.recorded_at,"
            " r.content FROM bl_fact f JOIN bl_record r"
            " ON r.book_id = f.book_id AND r.position = f.position"
            f" WHERE f.book_id = ? AND {where} ORDER BY f.kind, f.key",
            (self.book_id, *params),
        )
        texts = yield from self._texts(
            [row[3] for row in rows if row[7] and ('"texts":' in row[7] or row[4] == 8)]
        )
        facts = {}
        for kind, key, number, position, _, actor, at, content in rows:
            if number is not None:
                self._learn(kind, key, number)
            body = json.loads(content) if content else {}
            facts[kind, key] = Fact(position, actor, at, body, texts.get(position, {}))
        return facts

    def _learn(self, kind: str, key: str, number: int) -> None:
        self.numbers[kind, key] = number
        self.keys[kind, number] = key

    def _texts(
        self, positions: Sequence[int]
    ) -> Step[dict[int, dict[str, tuple[bytes, str]]]]:
        texts: dict[int, dict[str, tuple[bytes, str]]] = {}
        if positions:
            rows = yield Query(
                "SELECT position, field, salt, value FROM bl_opening WHERE book_id = ?"
                " AND position IN (SELECT value FROM json_each(?))",
                (self.book_id, _json(positions)),
            )
            for position, field, salt, value in rows:
                texts.setdefault(position, {})[field] = (salt, value)
        return texts

    def history(self, type_: str, id_: str) -> Step[list[Fact]]:
        """Return all records of a type and id."""
        rows = yield Query(
            "SELECT position, actor, recorded_at, content FROM bl_record"
            " WHERE book_id = ? AND type <> 0 AND type = ? AND id = ? ORDER BY position",
            (self.book_id, RECORD_TYPES[type_], id_),
        )
        texts = yield from self._texts([row[0] for row in rows])
        return [
            Fact(position, actor, at, json.loads(content), texts.get(position, {}))
            for position, actor, at, content in rows
        ]

    def _activity(self, path: str) -> Step[AccountActivity]:
        totals = yield from self.totals(TotalsQuery(frozenset({path})))
        balance = Balance.from_minor(
            {unit: debit - credit for (_, unit), (debit, credit) in totals.items()}
        )
        number = yield from self._number("account", path)
        [(day,)] = yield Query(
            "SELECT max(date) FROM bl_posting WHERE book_id = ? AND account_no = ?",
            (self.book_id, number),
        )
        return AccountActivity(balance, None if day is None else number_date(day))

    def _number(self, kind: str, key: str) -> Step[int | None]:
        """Return the number of a name, or None if the book does not have it."""
        number = self.numbers.get((kind, key))
        if number is None:
            rows = yield Query(
                "SELECT number FROM bl_fact WHERE book_id = ? AND kind = ? AND key = ?",
                (self.book_id, kind, key),
            )
            if not rows:
                return None
            number = rows[0][0]
            self._learn(kind, key, number)
        return number

    def _know_names(self, kind: str, numbers: Iterable[int]) -> Step[None]:
        """Make sure that the names of *numbers* are in ``keys``."""
        unknown = {number for number in numbers if (kind, number) not in self.keys}
        if unknown:
            rows = yield Query(
                "SELECT key, number FROM bl_fact WHERE book_id = ? AND kind = ?"
                " AND number IN (SELECT value FROM json_each(?))",
                (self.book_id, kind, _json(unknown)),
            )
            for key, number in rows:
                self._learn(kind, key, number)

    def _know_units(self, numbers: Iterable[int]) -> Step[None]:
        """Make sure that the commodities of *numbers* are in ``units``."""
        if any(number not in self.units for number in numbers):
            found = yield from self._facts("f.kind = ?", ("commodity",))
            for (_, code), fact in found.items():
                unit = Commodity(code, fact.content["scale"])
                self.units[self.numbers["commodity", code]] = unit

    # --- append ----------------------------------------------------------------------

    def append(self, records: Sequence[NewRecord]) -> Step[list[tuple[int, int | None]]]:
        """Append records; return the position and journal number of each."""
        size = yield from self.size()
        batch = _Batch(self, size)
        for record in records:
            yield from self._place_names(record)
            if record.entry is not None:
                yield from self._next_number(batch, record.entry.journal)
            batch.add(record)
        yield from batch.write()
        for record, (position, _) in zip(records, batch.places, strict=True):
            if record.erases is not None:
                yield from self._erase(record.erases[1], record.erases[2], position)
        if batch.facts:
            for kind, key, position in batch.facts:
                yield Query(
                    PUT_FACT,
                    (self.book_id, kind, key, self.numbers.get((kind, key)), position),
                )
            yield Query(
                "UPDATE bl_book SET facts_position = ? WHERE book_id = ?",
                (batch.position, self.book_id),
            )
            self.facts_position = batch.position
        for record, (position, _) in zip(records, batch.places, strict=True):
            if record.facts:
                self._take_facts(record, position)
        return batch.places

    def _take_facts(self, record: NewRecord, position: int) -> None:
        content = json.loads(record.content)
        texts = {name: (salt, text) for name, salt, text in record.texts}
        fact = Fact(position, record.actor, record.at, content, texts)
        for key in record.facts:
            self.state.put(key, fact)

    def _place_names(self, record: NewRecord) -> Step[None]:
        """Give numbers to names that the book meets for the first time."""
        for kind, key in record.facts:
            if kind not in NUMBERED or (kind, key) in self.numbers:
                continue
            known = yield from self._number(kind, key)
            if known is None:
                [(last,)] = yield Query(
                    "SELECT coalesce(max(number), 0) FROM bl_fact"
                    " WHERE book_id = ? AND kind = ?",
                    (self.book_id, kind),
                )
                taken = [n for (its, n) in self.keys if its == kind]
                self._learn(kind, key, max(last, *taken, 0) + 1)

    def _next_number(self, batch: "_Batch", journal: str) -> Step[None]:
        """Make sure that the batch knows the journal's last number."""
        if journal not in batch.last_numbers:
            [(last,)] = yield Query(
                "SELECT coalesce(max(number), 0) FROM bl_record"
                " WHERE book_id = ? AND type = 0 AND journal_no = ?",
                (self.book_id, self.numbers["journal", journal]),
            )
            batch.last_numbers[journal] = last

    def _erase(self, id_: str, field: str, redacted_at: int) -> Step[None]:
        rows = yield Query(
            "SELECT o.position, o.salt, o.value FROM bl_opening o JOIN bl_record r"
            " ON r.book_id = o.book_id AND r.position = o.position"
            " WHERE o.book_id = ? AND o.field = ? AND r.id = ? AND r.type IN (0, 8)",
            (self.book_id, field, id_),
        )
        for position, salt, value in rows:
            place = (self.book_id, position, field)
            yield Query(
                "INSERT INTO bl_redaction VALUES (?, ?, ?, ?, ?)",
                (*place, commitment(salt, value), redacted_at),
            )
            yield Query(
                "DELETE FROM bl_opening WHERE book_id = ? AND position = ? AND field = ?",
                place,
            )

    # --- entries ---------------------------------------------------------------------

    def _load_entries(self, ids: Iterable[str]) -> Step[None]:
        wanted = list(ids)
        rows = yield Query(
            "SELECT r.id, r.position FROM json_each(?) j CROSS JOIN bl_record r"
            " INDEXED BY bl_record_entry_id"
            " ON r.book_id = ? AND r.type = 0 AND r.id = j.value",
            (_json(wanted), self.book_id),
        )
        self.state.entries.update(dict.fromkeys(wanted))
        records = yield from self.records([position for _, position in rows])
        for record in records:
            self.state.entries[record.id] = record

    def entry(self, id_: str) -> Step[Record | None]:
        """Return the record of an entry."""
        rows = yield Query(
            "SELECT position FROM bl_record INDEXED BY bl_record_entry_id"
            " WHERE book_id = ? AND type = 0 AND id = ?",
            (self.book_id, id_),
        )
        if not rows:
            return None
        records = yield from self.records([rows[0][0]])
        return records[0]

    def records(self, positions: Sequence[int]) -> Step[list[Record]]:
        """Return records in the order of *positions*."""
        rows = yield from self.log_rows(positions)
        by_position = {row.record.position: row.record for row in rows}
        return [by_position[position] for position in positions]

    def entries(self, query: EntryQuery) -> Step[list[Record]]:
        """Return one page of entries."""
        source, place = "bl_record r", "r"
        where, params = ["r.book_id = ?", "r.type = 0"], list[Any]([self.book_id])
        if query.accounts is not None:
            # The index of postings by account gives the order of (date, position).
            source, place = (
                "bl_posting x JOIN bl_record r"
                " ON r.book_id = x.book_id AND r.position = x.position",
                "x",
            )
            numbers = yield from self._account_numbers(query.accounts)
            where.append("x.book_id = ?" + _only("x", numbers, params, self.book_id))
        where += _span_terms(place, query.first, query.last, params)
        if query.known_at is not None:
            where.append(f"{place}.position <= ?")
            params.append(query.known_at)
        if query.after is not None:
            where.append(f"({place}.date, {place}.position) > (?, ?)")
            params += [date_number(query.after[0]), query.after[1]]
        if query.journal is not None:
            where.append("r.journal_no = ?")
            params.append((yield from self._number("journal", query.journal)))
        if query.kind is not None:
            where.append("r.kind = ?")
            params.append(query.kind.value)
        if query.dimension is not None:
            where.append(
                "r.position IN (SELECT position FROM bl_dimension"
                " WHERE book_id = ? AND dimension_no = ? AND value = ?)"
            )
            number = yield from self._number("dimension", query.dimension[0])
            params += [self.book_id, number, query.dimension[1]]
        rows = yield Query(
            f"SELECT DISTINCT {place}.date, {place}.position FROM {source}"
            f" WHERE {' AND '.join(where)}"
            f" ORDER BY {place}.date, {place}.position LIMIT ?",
            (*params, query.limit),
        )
        return (yield from self.records([position for _, position in rows]))

    def _account_numbers(self, paths: Iterable[str]) -> Step[list[int]]:
        numbers = []
        for path in sorted(paths):
            number = yield from self._number("account", path)
            if number is not None:
                numbers.append(number)
        return numbers

    # --- totals ----------------------------------------------------------------------

    def totals(self, query: TotalsQuery) -> Step[Totals]:
        """Return gross totals: kept ones where they answer, postings for the rest."""
        numbers = None
        if query.accounts is not None:
            numbers = yield from self._account_numbers(query.accounts)
        cells: dict[tuple[int, int], list[int]] = {}
        first_year = yield from self._first_year(query)
        for sign, sql, params in _total_queries(
            self.book_id, query, numbers, first_year
        ):
            rows = yield Query(sql, params)
            for account, unit, *sums in rows:
                cell = cells.setdefault((account, unit), [0, 0])
                cell[0] += sign * _limbs(*sums[:3])
                cell[1] += sign * _limbs(*sums[3:])
        yield from self._know_names("account", {account for account, _ in cells})
        yield from self._know_units({unit for _, unit in cells})
        return {
            (self.keys["account", account], self.units[unit]): (cell[0], cell[1])
            for (account, unit), cell in cells.items()
        }

    def _first_year(self, query: TotalsQuery) -> Step[int]:
        """Return the first year with entries, if *query* adds up years."""
        if query.last is None and query.phases is None:
            return 0
        [(year,)] = yield Query(
            "SELECT coalesce(min(bucket), 9999) FROM bl_period_total WHERE book_id = ?",
            (self.book_id,),
        )
        return int(year)

    # --- the log ---------------------------------------------------------------------

    def log(self, after: int, limit: int) -> Step[list[LogRow]]:
        """Return rows of the log, in order."""
        rows = yield Query(
            "SELECT position FROM bl_record WHERE book_id = ? AND position > ?"
            " ORDER BY position LIMIT ?",
            (self.book_id, after, limit),
        )
        return (yield from self.log_rows([position for (position,) in rows]))

    def leaves(self, after: int, limit: int) -> Step[list[bytes]]:
        """Return leaf hashes, in order."""
        rows = yield Query(
            "SELECT leaf FROM bl_record WHERE book_id = ? AND position > ?"
            " ORDER BY position LIMIT ?",
            (self.book_id, after, limit),
        )
        return [leaf for (leaf,) in rows]

    def log_rows(self, positions: Sequence[int]) -> Step[list[LogRow]]:
        """Return the rows of the log at *positions*, in the log's order."""
        if not positions:
            return []
        span, place = _position_terms(positions)
        records = yield Query(
            f"SELECT r.*, rev.id FROM bl_record r"
            " LEFT JOIN bl_fact f ON f.book_id = r.book_id AND r.type = 0"
            " AND f.kind = 'reversal' AND f.key = r.id"
            " LEFT JOIN bl_record rev ON rev.book_id = f.book_id"
            " AND rev.position = f.position"
            f" WHERE r.book_id = ? AND r.{span} ORDER BY r.position",
            (self.book_id, *place),
        )
        postings: dict[int, list[Any]] = {}
        rows = yield Query(
            "SELECT position, line, account_no, commodity_no, side, high, low,"
            f" value_date FROM bl_posting WHERE book_id = ? AND {span}"
            " ORDER BY position, line",
            (self.book_id, *place),
        )
        for row in rows:
            postings.setdefault(row[0], []).append(row)
        yield from self._know_names("account", {row[2] for row in rows})
        yield from self._know_units({row[3] for row in rows})
        yield from self._know_names("journal", {r[9] for r in records if not r[2]})
        dimensions = yield from self._dimensions(span, place)
        rows = yield Query(
            "SELECT position, field, salt, value FROM bl_opening"
            f" WHERE book_id = ? AND {span}",
            (self.book_id, *place),
        )
        texts: dict[int, dict[str, tuple[bytes, str]]] = {}
        for position, field, salt, value in rows:
            texts.setdefault(position, {})[field] = (salt, value)
        rows = yield Query(
            "SELECT position, field, commitment FROM bl_redaction"
            f" WHERE book_id = ? AND {span}",
            (self.book_id, *place),
        )
        erased: dict[int, dict[str, str]] = {}
        for position, field, committed in rows:
            erased.setdefault(position, {})[field] = committed
        return [
            self._log_row(
                row,
                postings.get(row[1], []),
                dimensions,
                texts.get(row[1], {}),
                erased.get(row[1], {}),
            )
            for row in records
        ]

    def _dimensions(
        self, span: str, place: Sequence[Any]
    ) -> Step[dict[tuple[int, int], list[tuple[str, str]]]]:
        rows = yield Query(
            "SELECT position, line, dimension_no, value FROM bl_dimension"
            f" WHERE book_id = ? AND {span}",
            (self.book_id, *place),
        )
        yield from self._know_names("dimension", {row[2] for row in rows})
        found: dict[tuple[int, int], list[tuple[str, str]]] = {}
        for position, line, number, value in rows:
            found.setdefault((position, line), []).append(
                (self.keys["dimension", number], value)
            )
        return found

    def _log_row(
        self,
        row: tuple[Any, ...],
        lines: Sequence[tuple[Any, ...]],
        dimensions: Mapping[tuple[int, int], list[tuple[str, str]]],
        texts: Mapping[str, tuple[bytes, str]],
        erased: Mapping[str, str],
    ) -> LogRow:
        type_ = TYPE_NAMES.get(row[2], f"unknown-{row[2]}")
        position, id_, actor, at = row[1], row[3], row[4], row[5]
        controls = tuple(json.loads(row[20])) if row[20] else ()
        entry = None
        body: Mapping[str, Any] = EMPTY_MAPPING
        if type_ == "entry":
            postings = tuple(
                self._posting(line, dimensions, texts.get(f"postings.{line[1]}.memo"))
                for line in lines
            )
            entry = stored_entry(
                id_,
                number_date(row[8]),
                postings,
                texts["description"][1] if "description" in texts else "",
                KINDS[row[11]],
                self.keys["journal", row[9]],
                row[13],
                None if row[14] is None else number_date(row[14]),
                None if row[15] is None else number_date(row[15]),
                tuple(json.loads(row[16])) if row[16] else (),
                row[17],
            )
            commitments = {
                name: commitment(salt, text) for name, (salt, text) in texts.items()
            }
            commitments.update(erased)
            content = entry_content(entry, commitments, row[18])
        else:
            content = row[7]
            body = freeze_json(json.loads(content))
        record = Record(
            position,
            type_,
            id_,
            instant_from_microseconds(at),
            actor,
            row[6],
            body,
            entry,
            row[10],
            PHASES[row[12] or 0],
            row[18],
            row[21],
            row[19],
            controls,
            tuple(sorted(erased)),
        )
        data = record_bytes(type_, actor, instant_text(at), content, row[19], controls)
        facts = facts_of(type_, id_, body, row[18], row[19])
        return LogRow(record, data, facts, texts)

    def _posting(
        self,
        row: tuple[Any, ...],
        dimensions: Mapping[tuple[int, int], list[tuple[str, str]]],
        memo: tuple[bytes, str] | None,
    ) -> Posting:
        position, line, account, unit, side, high, low, value_date = row
        named = dimensions.get((position, line))
        return stored_posting(
            self.keys["account", account],
            SIDES[side],
            Amount.from_minor(high * LIMB + low, self.units[unit]),
            None if value_date is None else number_date(value_date),
            None if memo is None else memo[1],
            FrozenMapping(named) if named else EMPTY_MAPPING,
        )

    # --- projections, for verification -----------------------------------------------

    def stored_facts(self) -> Step[list[tuple[FactKey, int]]]:
        """Return every fact with its position."""
        rows = yield Query(
            "SELECT kind, key, position FROM bl_fact WHERE book_id = ?", (self.book_id,)
        )
        return [((kind, key), position) for kind, key, position in rows]

    def stored_totals(self) -> Step[tuple[Totals, PeriodTotals]]:
        """Return both projections of totals."""
        current = yield Query(
            "SELECT account_no, commodity_no, debit_high, debit_low, credit_high,"
            " credit_low FROM bl_current WHERE book_id = ?",
            (self.book_id,),
        )
        periods = yield Query(
            "SELECT bucket, account_no, commodity_no, phase, debit_high, debit_low,"
            " credit_high, credit_low FROM bl_period_total WHERE book_id = ?",
            (self.book_id,),
        )
        yield from self._know_names("account", {r[0] for r in current})
        yield from self._know_names("account", {r[1] for r in periods})
        yield from self._know_units({r[1] for r in current} | {r[2] for r in periods})
        name = self._name_of
        return (
            {
                (name(a), self.units[u]): (dh * LIMB + dl, ch * LIMB + cl)
                for a, u, dh, dl, ch, cl in current
            },
            {
                (b, name(a), self.units[u], PHASES[p]): (
                    dh * LIMB + dl,
                    ch * LIMB + cl,
                )
                for b, a, u, p, dh, dl, ch, cl in periods
            },
        )

    def _name_of(self, account_no: int) -> str:
        return self.keys.get(("account", account_no), f"unknown account {account_no}")


@attrs.define
class _Batch:
    """The rows of records that are appended together."""

    book: SqlBook
    position: int
    last_numbers: dict[str, int] = attrs.field(factory=dict)
    places: list[tuple[int, int | None]] = attrs.field(factory=list)
    facts: list[tuple[str, str, int]] = attrs.field(factory=list)
    records: list[tuple[Any, ...]] = attrs.field(factory=list)
    postings: list[tuple[Any, ...]] = attrs.field(factory=list)
    dimensions: list[tuple[Any, ...]] = attrs.field(factory=list)
    openings: list[tuple[Any, ...]] = attrs.field(factory=list)
    months: dict[tuple[int, int, int, int], list[int]] = attrs.field(factory=dict)

    def add(self, new: NewRecord) -> None:
        """Take in one record at the next position."""
        self.position = position = self.position + 1
        book_id = self.book.book_id
        for field, salt, text in new.texts:
            self.openings.append((book_id, position, field, salt, text))
        for kind, key in new.facts:
            self.facts.append((kind, key, position))
        if new.entry is not None:
            self._add_entry(new, position)
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

    def _add_entry(self, new: NewRecord, position: int) -> None:
        entry = new.entry
        assert entry is not None
        journal = entry.journal
        self.last_numbers[journal] = number = self.last_numbers[journal] + 1
        self.places.append((position, number))
        book = self.book
        book_id = book.book_id
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
                book.numbers["journal", journal],
                number,
                entry.kind.value,
                phase,
                entry.document_number,
                _optional_date_number(entry.document_date),
                _optional_date_number(entry.economic_date),
                json.dumps(entry.references) if entry.references else None,
                entry.rule,
                new.reverses,
                new.proposal,
                json.dumps(new.controls) if new.controls else None,
            )
        )
        numbers, months, memorandum = book.numbers, self.months, new.memorandum
        month = day // 100
        for line, posting in enumerate(entry.postings):
            amount = posting.amount
            minor_units = amount.minor_units
            account = numbers["account", posting.account]
            unit = numbers["commodity", amount.commodity.code]
            side = 0 if posting.side is Side.DEBIT else 1
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
                    _optional_date_number(posting.value_date),
                )
            )
            key = (month, account, unit, phase)
            cell = months.get(key)
            if cell is None:
                months[key] = cell = [0, 0]
            cell[side] += minor_units
            if posting.dimensions is not EMPTY_MAPPING:
                self.dimensions += [
                    (book_id, position, line, numbers["dimension", name], value)
                    for name, value in posting.dimensions.items()
                ]

    def write(self) -> Step[None]:
        """Write the rows, records last: they seal what came before."""
        if self.openings:
            yield Many(ADD_OPENING, self.openings)
        if self.postings:
            yield Many(ADD_POSTING, self.postings)
        if self.dimensions:
            yield Many(ADD_DIMENSION, self.dimensions)
        yield Many(ADD_RECORD, self.records)
        if self.months:
            book_id = self.book.book_id
            current: dict[tuple[int, int], list[int]] = {}
            periods = dict(self.months)
            for (month, account, unit, phase), cell in self.months.items():
                year = periods.setdefault((month // 100, account, unit, phase), [0, 0])
                now = current.setdefault((account, unit), [0, 0])
                for total in (year, now):
                    total[0] += cell[0]
                    total[1] += cell[1]
            yield Many(
                ADD_CURRENT,
                [
                    (book_id, *key, *to_limbs(cell[0]), *to_limbs(cell[1]))
                    for key, cell in sorted(current.items())
                ],
            )
            yield Many(
                ADD_PERIOD,
                [
                    (book_id, *key, *to_limbs(cell[0]), *to_limbs(cell[1]))
                    for key, cell in sorted(periods.items())
                ],
            )


def _optional_date_number(day: date | None) -> int | None:
    return None if day is None else date_number(day)


def _span_terms(
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


def _position_terms(positions: Sequence[int]) -> tuple[str, tuple[Any, ...]]:
    """Return the term that selects *positions*: a span if they have no gaps."""
    first, last = min(positions), max(positions)
    if last - first == len(positions) - 1:
        return "position BETWEEN ? AND ?", (first, last)
    return "position IN (SELECT value FROM json_each(?))", (_json(positions),)


def _phase_list(phases: Iterable[Phase]) -> str:
    return ", ".join(str(number) for number in sorted(PHASE_NUMBERS[p] for p in phases))


def _total_queries(
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
        queries.append((1, *_kept("bl_current", "", [], book_id, numbers)))
    else:
        where = " AND t.bucket IN (SELECT value FROM json_each(?))"
        if phases is not None:
            where += f" AND t.phase IN ({_phase_list(phases)})"
        params = [_json(_buckets(first_year, last))]
        queries.append((1, *_kept("bl_period_total", where, params, book_id, numbers)))
        if last is not None:
            queries.append((1, *_partial_month(book_id, last, phases, numbers)))
    if query.known_at is not None:
        queries.append((-1, *_recorded_later(book_id, query, numbers)))
    return queries


def _buckets(first_year: int, last: date | None) -> list[int]:
    """Return the years before that of *last*, then the months before its month."""
    if last is None:
        return list(range(first_year, YEAR_MAX + 1))
    months = range(last.year * 100 + 1, last.year * 100 + last.month)
    return [*range(first_year, last.year), *months]


def _only(
    alias: str, numbers: Sequence[int] | None, params: list[Any], *before: Any
) -> str:
    """Return the term that restricts to accounts; *before* are earlier parameters."""
    params += before
    if numbers is None:
        return ""
    if len(numbers) == 1:
        params.append(numbers[0])
        return f" AND {alias}.account_no = ?"
    params.append(_json(numbers))
    return f" AND {alias}.account_no IN (SELECT value FROM json_each(?))"


def _kept(
    table: str,
    where: str,
    more: list[Any],
    book_id: int,
    numbers: Sequence[int] | None,
) -> tuple[str, list[Any]]:
    params = [book_id, *more]
    only = _only("t", numbers, params)
    return (
        f"SELECT t.account_no, t.commodity_no, {TOTAL_SUMS} FROM {table} t"
        f" WHERE t.book_id = ?{where}{only} GROUP BY t.account_no, t.commodity_no",
        params,
    )


def _partial_month(
    book_id: int,
    last: date,
    phases: frozenset[Phase] | None,
    numbers: Sequence[int] | None,
) -> tuple[str, list[Any]]:
    """Return the query over the postings of the month of *last*, up to that day."""
    params: list[Any] = [book_id, last.year * 100 + last.month]
    only = _only("t", numbers, params)
    params += [book_id, date_number(last.replace(day=1)), date_number(last)]
    phase = ""
    if phases is not None:
        phase = (
            " AND EXISTS (SELECT 1 FROM bl_record r WHERE r.book_id = p.book_id"
            f" AND r.position = p.position AND r.phase IN ({_phase_list(phases)}))"
        )
    return (
        f"SELECT a.account_no, p.commodity_no, {POSTING_SUMS} FROM"
        " (SELECT DISTINCT t.account_no FROM bl_period_total t"
        f" WHERE t.book_id = ? AND t.bucket = ?{only}) a"
        " CROSS JOIN bl_posting p ON p.account_no = a.account_no"
        f" WHERE p.book_id = ? AND p.date BETWEEN ? AND ?{phase}"
        " GROUP BY a.account_no, p.commodity_no",
        params,
    )


def _recorded_later(
    book_id: int, query: TotalsQuery, numbers: Sequence[int] | None
) -> tuple[str, list[Any]]:
    """Return the query over what was recorded after ``known_at``, to take it off."""
    params: list[Any] = [book_id, query.known_at]
    terms = ""
    if query.last is not None:
        terms += " AND p.date <= ?"
        params.append(date_number(query.last))
    if query.phases is not None:
        terms += f" AND r.phase IN ({_phase_list(query.phases)})"
    terms += _only("p", numbers, params)
    return (
        f"SELECT p.account_no, p.commodity_no, {POSTING_SUMS} FROM bl_posting p JOIN bl_record r"
        " ON r.book_id = p.book_id AND r.position = p.position"
        f" WHERE p.book_id = ? AND p.position > ?{terms}"
        " GROUP BY p.account_no, p.commodity_no",
        params,
    )
