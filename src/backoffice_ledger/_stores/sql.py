"""The SQL of a book, without I/O.

Each function is a generator: it yields `Query` and `Many` and is sent the rows.  The
driver of a store runs it over its own connection (`Driver.run`), so that the same code
serves any connection, in or out of a host's transaction, with or without asyncio.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import attrs

from backoffice_ledger._engine.canonical import (
    commitment,
    date_number,
    entry_content,
    instant_text,
    number_date,
    record_bytes,
)
from backoffice_ledger._engine.columns import DecidedColumns
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
    DAMAGE,
    EntryQuery,
    LogRow,
    Totals,
    TotalsQuery,
)
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import instant_from_microseconds
from backoffice_ledger._model.document import stored_json
from backoffice_ledger._model.entry import stored_entry
from backoffice_ledger._model.posting import Posting, stored_posting
from backoffice_ledger._model.record import Record
from backoffice_ledger._model.text import EMPTY_MAPPING, FrozenMapping
from backoffice_ledger._stores.sql_append import PUT_FACT, Batch
from backoffice_ledger._stores.sql_steps import (
    KINDS,
    MONTH_MIN,
    NUMBERED,
    PHASES,
    SIDES,
    Query,
    Step,
    from_limbs,
    json_list,
    position_terms,
    span_terms,
)
from backoffice_ledger._stores.sql_totals import only_accounts, total_queries
from backoffice_ledger._stores.sqlite_schema import LIMB, RECORD_TYPES, TYPE_NAMES
from backoffice_ledger.errors import Corrupt

_FIND_ENTRY: Final = (
    "SELECT position FROM bl_record INDEXED BY bl_record_entry_id"
    " WHERE book_id = ? AND type IN (0, 13) AND id ="
)


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
    size: int = 0
    last_numbers: dict[str, int] = attrs.field(factory=dict)
    has_erased: bool = False

    def forget(self) -> None:
        """Drop everything that was read."""
        self.state.forget_facts()
        self.numbers.clear()
        self.keys.clear()
        self.units.clear()
        self.last_numbers.clear()
        self.facts_position = self.size = -1

    def begin(self) -> Step[None]:
        """Begin a transaction: drop what another writer has made stale."""
        rows = yield Query(
            "SELECT facts_position, (SELECT coalesce(max(position), 0) FROM bl_record"
            " WHERE book_id = ?1) FROM bl_book WHERE book_id = ?1",
            (self.book_id,),
        )
        if not rows:
            raise Corrupt("its row is gone", field="book")
        [(facts_position, size)] = rows
        self.state.forget_reads()
        if facts_position != self.facts_position:
            self.state.forget_facts()
            self.facts_position = facts_position
        if size != self.size:
            self.last_numbers.clear()
            self.size = size

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
                (kind, json_list(keys)),
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
        for subject in needs.histories:
            state.histories[subject] = yield from self.history(*subject)
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

    def _facts(self, where: str, params: Sequence[Any]) -> Step[dict[FactKey, Fact]]:
        rows = yield Query(
            "SELECT f.kind, f.key, f.number, f.position, r.type, r.actor,"
            " r.recorded_at, r.content FROM bl_fact f JOIN bl_record r"
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
                self.learn(kind, key, number)
            body = _content(position, content)
            facts[kind, key] = Fact(position, actor, at, body, texts.get(position, {}))
        return facts

    def learn(self, kind: str, key: str, number: int) -> None:
        """Remember the number of a name."""
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
                (self.book_id, json_list(positions)),
            )
            for position, field, salt, value in rows:
                texts.setdefault(position, {})[field] = (salt, value)
        return texts

    def history(self, type_: str, id_: str) -> Step[list[Fact]]:
        """Return all records of a type and id."""
        rows = yield Query(
            "SELECT position, actor, recorded_at, content FROM bl_record"
            " WHERE book_id = ? AND type <> 0 AND type = ? AND id = ?"
            " ORDER BY position",
            (self.book_id, RECORD_TYPES[type_], id_),
        )
        texts = yield from self._texts([row[0] for row in rows])
        return [
            Fact(
                position,
                actor,
                at,
                _content(position, content),
                texts.get(position, {}),
            )
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
            self.learn(kind, key, number)
        return number

    def _know_names(self, kind: str, numbers: Iterable[int]) -> Step[None]:
        """Make sure that the names of *numbers* are in ``keys``."""
        unknown = {number for number in numbers if (kind, number) not in self.keys}
        if unknown:
            rows = yield Query(
                "SELECT key, number FROM bl_fact WHERE book_id = ? AND kind = ?"
                " AND number IN (SELECT value FROM json_each(?))",
                (self.book_id, kind, json_list(unknown)),
            )
            for key, number in rows:
                self.learn(kind, key, number)

    def _know_units(self, numbers: Iterable[int]) -> Step[None]:
        """Make sure that the commodities of *numbers* are in ``units``."""
        if any(number not in self.units for number in numbers):
            found = yield from self._facts("f.kind = ?", ("commodity",))
            for (_, code), fact in found.items():
                unit = Commodity(code, fact.content["scale"])
                self.units[self.numbers["commodity", code]] = unit

    # --- append ----------------------------------------------------------------------

    def append(
        self, records: Sequence[NewRecord]
    ) -> Step[list[tuple[int, int | None]]]:
        """Append records; return the position and journal number of each."""
        batch = Batch(self.book_id, self.numbers, self.size, self.last_numbers)
        for record in records:
            if record.facts:
                yield from self._place_names(record)
            entry = record.entry
            if entry is not None and entry.journal not in self.last_numbers:
                yield from self._last_number(entry.journal)
            batch.add(record)
        yield from batch.write()
        self.size = batch.position
        for record, (position, _) in zip(records, batch.places, strict=True):
            if record.erases is not None:
                yield from self._erase(*record.erases, position)
        for kind, key, position in batch.facts:
            yield Query(
                PUT_FACT,
                (self.book_id, kind, key, self.numbers.get((kind, key)), position),
            )
        erased = [
            position
            for record, (position, _) in zip(records, batch.places, strict=True)
            if record.erases is not None
        ]
        # What others have read is stale after a new fact, and after an erasure.
        changed = max((*(position for *_, position in batch.facts), *erased), default=0)
        if changed:
            yield Query(
                "UPDATE bl_book SET facts_position = ? WHERE book_id = ?",
                (changed, self.book_id),
            )
            self.facts_position = changed
        for record, (position, _) in zip(records, batch.places, strict=True):
            if record.facts:
                self._take_facts(record, position)
        if erased:
            self.state.forget_facts()
            self.has_erased = True
        return batch.places

    def append_columns(self, decided: DecidedColumns) -> Step[tuple[int, int]]:
        """Append entries in columns; return the first and the last position."""
        batch = Batch(self.book_id, self.numbers, self.size, self.last_numbers)
        if decided.columns.journal not in self.last_numbers:
            yield from self._last_number(decided.columns.journal)
        batch.add_columns(decided)
        yield from batch.write()
        first, self.size = self.size + 1, batch.position
        return first, batch.position

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
                self.learn(kind, key, max(last, *taken, 0) + 1)

    def _last_number(self, journal: str) -> Step[None]:
        """Read the last number of a journal into ``last_numbers``."""
        [(last,)] = yield Query(
            "SELECT coalesce(max(number), 0) FROM bl_record"
            " WHERE book_id = ? AND type = 0 AND journal_no = ?",
            (self.book_id, self.numbers["journal", journal]),
        )
        self.last_numbers[journal] = last

    def _erase(self, type_: str, id_: str, field: str, redacted_at: int) -> Step[None]:
        types = ["entry", "proposal"] if type_ == "entry" else [type_]
        rows = yield Query(
            "SELECT o.position, o.salt, o.value FROM bl_opening o JOIN bl_record r"
            " ON r.book_id = o.book_id AND r.position = o.position"
            " WHERE o.book_id = ? AND o.field = ? AND r.id = ?"
            " AND r.type IN (SELECT value FROM json_each(?))",
            (self.book_id, field, id_, json_list(RECORD_TYPES[t] for t in types)),
        )
        for position, salt, value in rows:
            place = (self.book_id, position, field)
            yield Query(
                "INSERT INTO bl_redaction VALUES (?, ?, ?, ?, ?)",
                (*place, commitment(salt, value), redacted_at),
            )
            yield Query(
                "DELETE FROM bl_opening"
                " WHERE book_id = ? AND position = ? AND field = ?",
                place,
            )

    # --- entries ---------------------------------------------------------------------

    def _load_entries(self, ids: Iterable[str]) -> Step[None]:
        wanted = list(ids)
        self.state.entries.update(dict.fromkeys(wanted))
        if len(wanted) == 1:
            rows = yield Query(f"{_FIND_ENTRY} ?", (self.book_id, *wanted))
        else:
            rows = yield Query(
                "SELECT r.position FROM json_each(?2) j CROSS JOIN bl_record r"
                " INDEXED BY bl_record_entry_id"
                " ON r.book_id = ?1 AND r.type IN (0, 13) AND r.id = j.value",
                (self.book_id, json_list(wanted)),
            )
        records = yield from self.records([position for (position,) in rows])
        for record in records:
            self.state.entries[record.id] = record

    def entry(self, id_: str) -> Step[Record | None]:
        """Return the record of an entry."""
        rows = yield Query(f"{_FIND_ENTRY} ? AND type = 0", (self.book_id, id_))
        records = yield from self.records([position for (position,) in rows])
        return records[0] if records else None

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
            where.append(
                "x.book_id = ?" + only_accounts("x", numbers, params, self.book_id)
            )
        where += span_terms(place, query.first, query.last, params)
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
        for sign, sql, params in total_queries(
            self.book_id, query, numbers, first_year
        ):
            rows = yield Query(sql, params)
            for account, unit, *sums in rows:
                cell = cells.setdefault((account, unit), [0, 0])
                cell[0] += sign * from_limbs(*sums[:3])
                cell[1] += sign * from_limbs(*sums[3:])
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

    def log_rows(self, positions: Sequence[int]) -> Step[list[LogRow]]:
        """Return the rows of the log at *positions*, in the log's order."""
        if not positions:
            return []
        span, place = position_terms(positions)
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
            self._sound_row(
                row,
                postings.get(row[1], []),
                dimensions,
                texts.get(row[1], {}),
                erased.get(row[1], {}),
            )
            for row in records
        ]

    def _sound_row(self, row: tuple[Any, ...], *parts: Any) -> LogRow:
        """Read one row of the log.

        Raises:
            Corrupt: it cannot be read; verification says more.
        """
        try:
            return self.log_row(row, *parts)
        except DAMAGE as error:
            raise _corrupt(row[1], error) from error

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

    def log_row(
        self,
        row: tuple[Any, ...],
        lines: Sequence[tuple[Any, ...]],
        dimensions: Mapping[tuple[int, int], list[tuple[str, str]]],
        texts: Mapping[str, tuple[bytes, str]],
        erased: Mapping[str, str],
    ) -> LogRow:
        """Read one row of the log; `DAMAGE` is raised for what cannot be read."""
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
            body = stored_json(json.loads(content))
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


def _corrupt(position: int, error: Exception) -> Corrupt:
    return Corrupt(f"position {position} cannot be read: {error!r}", field="log")


def _content(position: int, text: str | None) -> Any:
    """Return the content of a record that is no entry."""
    try:
        return json.loads(text) if text else {}
    except ValueError as error:
        raise _corrupt(position, error) from error
