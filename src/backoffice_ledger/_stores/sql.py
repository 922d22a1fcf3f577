"""The SQL of a book, without I/O.

Each function is a generator: it yields `Query` and `Many` and is sent the rows.  The
driver of a store runs it over its own connection (`Driver.run`), so that the same code
serves any connection, in or out of a host's transaction, with or without asyncio.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import attrs

from backoffice_ledger._engine.canonical import (
    commitment,
    date_number,
    number_date,
)
from backoffice_ledger._engine.columns import DecidedColumns
from backoffice_ledger._engine.erasure import ENTRY_TYPES
from backoffice_ledger._engine.state import (
    LASTING,
    AccountActivity,
    Days,
    Fact,
    FactKey,
    Needs,
    NewRecord,
    State,
)
from backoffice_ledger._engine.store import (
    DimensionQuery,
    Place,
    Totals,
    TotalsByValue,
    TotalsQuery,
)
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.record import Record
from backoffice_ledger._stores.sql_append import Batch
from backoffice_ledger._stores.sql_dialect import Dialect
from backoffice_ledger._stores.sql_log import Reading, corrupt, log_rows, record_of
from backoffice_ledger._stores.sql_pending import know_lines, load_cells
from backoffice_ledger._stores.sql_steps import (
    MONTH_MIN,
    NUMBERED,
    Query,
    Step,
    T,
)
from backoffice_ledger._stores.sql_totals import (
    dimension_query,
    total_queries,
)
from backoffice_ledger._stores.sqlite_schema import RECORD_TYPES
from backoffice_ledger.errors import Corrupt

SPANS_MAX: Final = 200
"""Spans of days that one query asks about."""


@attrs.frozen
class Unplaced:
    """A list of places to be filled in, and the ordinals of the records."""

    places: list[Place]
    ordinals: list[int]


@attrs.define
class SqlBook:
    """One book in a SQL database: its number and what is known of its names.

    Accounts, journals, commodities and dimensions are stored as numbers; ``numbers``
    and ``keys`` remember the two directions and are dropped when a transaction is
    rolled back.  ``unplaced`` are lists of places to be filled in once they are known;
    ``provisional`` the places that verification gives to records that have none yet;
    ``lasting`` and ``passing`` the facts that are known to have a row.
    """

    book_id: int
    state: State
    dialect: Dialect
    facts_mark: int = 0
    numbers: dict[FactKey, int] = attrs.field(factory=dict)
    keys: dict[tuple[str, int], str] = attrs.field(factory=dict)
    units: dict[int, Commodity] = attrs.field(factory=dict)
    size: int = 0
    last_numbers: dict[str, int] = attrs.field(factory=dict)
    has_erased: bool = False
    has_unplaced: bool = False
    is_locking: bool = False
    is_fresh: bool = False
    unplaced: list[Unplaced] = attrs.field(factory=list)
    provisional: dict[int, Place] = attrs.field(factory=dict)
    lasting: set[FactKey] = attrs.field(factory=set)
    passing: set[FactKey] = attrs.field(factory=set)

    def forget(self) -> None:
        """Drop everything that was read."""
        self.state.forget_facts()
        self.numbers.clear()
        self.keys.clear()
        self.units.clear()
        self.lasting.clear()
        self.passing.clear()
        self.last_numbers.clear()
        self.facts_mark = self.size = -1

    def begin(self, *, write: bool) -> Step[None]:
        """Begin a transaction: drop what another writer has made stale."""
        self.is_locking = write and self.dialect.locks_rows
        self.state.forget_reads()
        self.passing.clear()
        self.is_fresh = False
        if not self.is_locking:
            yield from self.refresh()

    def refresh(self, query: Query | None = None) -> Step[None]:
        """Drop the facts that another writer has made stale.

        Where reading takes no locks it is done at the beginning of a transaction, else
        after the locks; *query* then takes them and asks.
        """
        rows = yield query or Query(self.dialect.begin, (self.book_id,))
        self.is_fresh = True
        if not rows:
            raise Corrupt("its row is gone", field="book")
        [(mark, size, unplaced)] = rows
        if mark != self.facts_mark:
            self.state.forget_stale()
            self.facts_mark = mark
        if size != self.size:
            self.last_numbers.clear()
            self.size = size
        self.has_unplaced = bool(unplaced)
        if not self.dialect.moves_mark("account", is_new=True):
            # Others may have opened accounts: which there are not is never known.
            self.state.prefixes -= {p for p in self.state.prefixes if p[0] == "account"}
            self.state.chart = None

    # --- facts -----------------------------------------------------------------------

    def load(self, needs: Needs) -> Step[None]:
        """Read into the state what *needs* names."""
        if not self.is_fresh:
            yield from self.refresh()
        state = self.state
        keys_of: dict[str, list[str]] = {}
        for kind, key in needs.facts:
            keys_of.setdefault(kind, []).append(key)
        for kind, keys in sorted(keys_of.items()):
            if self.is_locking and kind not in LASTING:
                yield from self.lock_facts(kind, keys)
            yield from self.load_facts(kind, keys)
        for kind, prefix in sorted(needs.prefixes):
            if self.is_locking and kind not in LASTING:
                yield from self._lock(
                    "kind = ? AND left(key, ?) = ?", (kind, len(prefix), prefix)
                )
            found_facts = yield from self.facts(kind, prefix)
            for key, fact in found_facts.items():
                state.learn((kind, key), fact)
            state.learn_prefix((kind, prefix))
        if needs.entries:
            yield from self._load_entries(needs.entries)
        for path in needs.activity:
            state.activity[path] = yield from self._activity(path)
        for subject in needs.histories:
            state.histories[subject] = yield from self.history(*subject)
        if needs.cells:
            yield from load_cells(self, needs.cells)
        if needs.months:
            rows = yield Query(
                "SELECT DISTINCT bucket FROM bl_period_total "
                "WHERE book_id = ? AND bucket >= ?",
                (self.book_id, MONTH_MIN),
            )
            state.months = frozenset(date(b // 100, b % 100, 1) for (b,) in rows)
        if needs.spans:
            yield from self._load_spans(sorted(needs.spans))

    def _load_spans(self, spans: Sequence[Days]) -> Step[None]:
        """Read into the state which spans of days have entries."""
        for start in range(0, len(spans), SPANS_MAX):
            page = spans[start : start + SPANS_MAX]
            numbers = [date_number(day) for span in page for day in span]
            pairs = ", ".join(["(CAST(? AS integer), CAST(? AS integer))"] * len(page))
            rows = yield Query(
                f"WITH span (begins, ends) AS (VALUES {pairs})"
                " SELECT begins, ends FROM span WHERE EXISTS (SELECT 1 FROM bl_record r"
                " WHERE r.book_id = ? AND r.type = 0"
                " AND r.date BETWEEN span.begins AND span.ends)",
                (*numbers, self.book_id),
            )
            found = {(number_date(begins), number_date(ends)) for begins, ends in rows}
            self.state.spans.update({span: span in found for span in page})

    def hold(self, keys: Sequence[FactKey]) -> Step[None]:
        """Read facts without locks on their rows."""
        if not self.is_fresh:
            yield from self.refresh()
        for kind, key in keys:
            yield from self.load_facts(kind, [key])

    def load_facts(self, kind: str, keys: Iterable[str]) -> Step[None]:
        """Read facts of a kind into the state, or that there are none."""
        wanted = sorted(keys)
        found = yield from self.read_facts(kind, wanted)
        for key in wanted:
            self.state.learn((kind, key), found.get(key))

    def read_facts(self, kind: str, keys: Sequence[str]) -> Step[dict[str, Fact]]:
        """Return facts of a kind by key."""
        if not keys:
            return {}
        term, param = self.dialect.among("f.key", keys)
        found = yield from self._facts(f"f.kind = ? AND {term}", (kind, param))
        return {key: fact for (_, key), fact in found.items()}

    def lock_facts(self, kind: str, keys: Iterable[str]) -> Step[None]:
        """Keep others from changing facts until the transaction ends."""
        wanted = sorted(keys)
        if wanted:
            term, param = self.dialect.among("key", wanted)
            yield from self._lock(f"kind = ? AND {term}", (kind, param))

    def _lock(self, where: str, params: Sequence[Any]) -> Step[None]:
        yield Query(
            f"SELECT 1 FROM bl_fact WHERE book_id = ? AND {where}"
            " ORDER BY kind, key FOR NO KEY UPDATE",
            (self.book_id, *params),
        )

    def facts(self, kind: str, prefix: str = "") -> Step[dict[str, Fact]]:
        """Return the facts of a kind whose keys begin with *prefix*."""
        found = yield from self._facts(
            "f.kind = ? AND f.key >= ? AND substr(f.key, 1, ?) = ?",
            (kind, prefix, len(prefix), prefix),
        )
        return {key: fact for (_, key), fact in found.items()}

    def _facts(self, where: str, params: Sequence[Any]) -> Step[dict[FactKey, Fact]]:
        dialect, place = self.dialect, self.dialect.place
        rows = yield Query(
            f"SELECT f.kind, f.key, f.number, f.{place}, r.type, r.actor,"
            f" r.recorded_at, r.content, {dialect.position} FROM bl_fact f"
            f" JOIN bl_record r ON r.book_id = f.book_id AND r.{place} = f.{place}"
            f"{dialect.positions} WHERE f.book_id = ? AND {where}"
            " ORDER BY f.kind, f.key",
            (self.book_id, *params),
        )
        texts = yield from self._texts(
            [row[3] for row in rows if row[7] and ('"texts":' in row[7] or row[4] == 8)]
        )
        facts = {}
        for kind, key, number, at_place, _, actor, at, content, position in rows:
            if number is not None:
                self.learn(kind, key, number)
            self._keep((kind, key))
            body = _content(position, content)
            facts[kind, key] = Fact(position, actor, at, body, texts.get(at_place, {}))
        return facts

    def _keep(self, key: FactKey) -> None:
        """Remember that a fact has a row."""
        (self.lasting if key[0] in LASTING else self.passing).add(key)

    def learn(self, kind: str, key: str, number: int) -> None:
        """Remember the number of a name."""
        self.numbers[kind, key] = number
        self.keys[kind, number] = key

    def _texts(
        self, places: Sequence[int]
    ) -> Step[dict[int, dict[str, tuple[bytes, str]]]]:
        texts: dict[int, dict[str, tuple[bytes, str]]] = {}
        if places:
            term, param = self.dialect.among(self.dialect.place, places)
            rows = yield Query(
                f"SELECT {self.dialect.place}, field, salt, value FROM bl_opening"
                f" WHERE book_id = ? AND {term}",
                (self.book_id, param),
            )
            for place, field, salt, value in rows:
                texts.setdefault(place, {})[field] = (salt, value)
        return texts

    def history(self, type_: str, id_: str) -> Step[list[Fact]]:
        """Return all records of a type and id."""
        dialect, place = self.dialect, self.dialect.place
        rows = yield Query(
            f"SELECT r.{place}, {dialect.position}, r.actor, r.recorded_at, r.content"
            f" FROM bl_record r{dialect.positions}"
            " WHERE r.book_id = ? AND r.type <> 0 AND r.type = ? AND r.id = ?"
            f" ORDER BY r.{place}",
            (self.book_id, RECORD_TYPES[type_], id_),
        )
        texts = yield from self._texts([row[0] for row in rows])
        return [
            Fact(
                position,
                actor,
                at,
                _content(position, content),
                texts.get(at_place, {}),
            )
            for at_place, position, actor, at, content in rows
        ]

    def _activity(self, path: str) -> Step[AccountActivity]:
        totals = yield from self.totals(TotalsQuery(frozenset({path})))
        balance = Balance.from_minor(
            {unit: debit - credit for (_, unit), (debit, credit) in totals.items()}
        )
        number = yield from self.number("account", path)
        [(day,)] = yield Query(
            "SELECT max(date) FROM bl_posting WHERE book_id = ? AND account_no = ?",
            (self.book_id, number),
        )
        return AccountActivity(balance, None if day is None else number_date(day))

    def number(self, kind: str, key: str) -> Step[int | None]:
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

    def know_names(self, kind: str, numbers: Iterable[int]) -> Step[None]:
        """Make sure that the names of *numbers* are in ``keys``."""
        unknown = {number for number in numbers if (kind, number) not in self.keys}
        if unknown:
            term, param = self.dialect.among("number", unknown)
            rows = yield Query(
                "SELECT key, number FROM bl_fact WHERE book_id = ? AND kind = ?"
                f" AND {term}",
                (self.book_id, kind, param),
            )
            for key, number in rows:
                self.learn(kind, key, number)

    def know_units(self, numbers: Iterable[int]) -> Step[None]:
        """Make sure that the commodities of *numbers* are in ``units``."""
        if any(number not in self.units for number in numbers):
            found = yield from self._facts("f.kind = ?", ("commodity",))
            for (_, code), fact in found.items():
                unit = Commodity(code, fact.content["scale"])
                self.units[self.numbers["commodity", code]] = unit

    # --- append ----------------------------------------------------------------------

    def append(self, records: Sequence[NewRecord]) -> Step[list[Place]]:
        """Append records; return the places, which may be filled in later."""
        batch = self._batch()
        for record in records:
            if record.facts:
                yield from self._place_names(record)
            if record.hold is not None:
                yield from know_lines(self, record.hold)
            entry = record.entry
            if entry is not None and entry.journal not in self.last_numbers:
                yield from self._last_number(entry.journal)
            batch.add(record)
        base = yield from batch.write()
        positions = [base + position for position, _ in batch.places]
        erased = []
        for record, position in zip(records, positions, strict=True):
            if record.erases is not None:
                yield from self._erase(*record.erases, position)
                erased.append(position)
        yield from self._put_facts(batch.facts, base, erased)
        for record, position in zip(records, positions, strict=True):
            if record.facts:
                self._take_facts(record, position)
        if erased:
            self.state.forget_facts()
            self.has_erased = True
        return self._placed(batch.places, base)

    def append_columns(self, decided: DecidedColumns) -> Step[list[Place]]:
        """Append entries in columns; return the first and the last place, likewise."""
        columns = decided.columns
        batch = self._batch()
        if columns.journal not in self.last_numbers:
            yield from self._last_number(columns.journal)
        first = batch.position + 1
        number = self.last_numbers[columns.journal]
        batch.add_columns(decided)
        base = yield from batch.write()
        count = len(columns)
        places: list[Place] = [
            (first, number + 1),
            (first + count - 1, number + count),
        ]
        return self._placed(places, base)

    def _batch(self) -> Batch:
        start = self.size if self.dialect.places_at_once else 0
        return Batch(self.book_id, self.dialect, self.numbers, start, self.last_numbers)

    def _placed(self, places: list[Place], base: int) -> list[Place]:
        """Return the places, or a list that is filled in once they are known."""
        if self.dialect.places_at_once:
            self.size = places[-1][0]
            return places
        live: list[Place] = [(0, None)] * len(places)
        ordinals = [base + position for position, _ in places]
        self.unplaced.append(Unplaced(live, ordinals))
        return live

    def _put_facts(
        self, facts: Sequence[tuple[str, str, int]], base: int, erased: Sequence[int]
    ) -> Step[None]:
        """Write facts; move the mark if what others have read is stale by now."""
        places = {(kind, key): base + place for kind, key, place in facts}
        known = {key for key in places if key in self.lasting or key in self.passing}
        rows = [
            (kind, key, self.numbers.get((kind, key)), place)
            for (kind, key), place in sorted(places.items())
        ]
        yield from self.dialect.put_facts(self.book_id, rows, known)
        for fact_key in places:
            self._keep(fact_key)
        moves = [
            place
            for (kind, key), place in places.items()
            if self.dialect.moves_mark(kind, is_new=(kind, key) not in known)
        ]
        mark = max((*moves, *erased), default=0)
        if mark:
            yield Query(
                f"UPDATE bl_book SET {self.dialect.mark} = ? WHERE book_id = ?",
                (mark, self.book_id),
            )
            self.facts_mark = mark

    def _take_facts(self, record: NewRecord, position: int) -> None:
        texts = {name: (salt, text) for name, salt, text in record.texts}
        fact = Fact(position, record.actor, record.at, record.parsed(), texts)
        for key in record.facts:
            self.state.put(key, fact)

    def _place_names(self, record: NewRecord) -> Step[None]:
        """Give numbers to names that the book meets for the first time."""
        for kind, key in record.facts:
            if kind not in NUMBERED or (kind, key) in self.numbers:
                continue
            known = yield from self.number(kind, key)
            if known is None:
                taken = max((n for (its, n) in self.keys if its == kind), default=0)
                number = yield from self.dialect.next_number(self.book_id, kind, taken)
                self.learn(kind, key, number)

    def _last_number(self, journal: str) -> Step[None]:
        """Read the last number of a journal into ``last_numbers``."""
        if not self.dialect.places_at_once:
            self.last_numbers[journal] = 0
            return
        [(last,)] = yield Query(
            "SELECT coalesce(max(number), 0) FROM bl_record"
            " WHERE book_id = ? AND type = 0 AND journal_no = ?",
            (self.book_id, self.numbers["journal", journal]),
        )
        self.last_numbers[journal] = last

    def _erase(self, type_: str, id_: str, field: str, redacted_at: int) -> Step[None]:
        place = self.dialect.place
        types = ENTRY_TYPES if type_ == "entry" else [type_]
        term, param = self.dialect.among("r.type", [RECORD_TYPES[t] for t in types])
        rows = yield Query(
            f"SELECT o.{place}, o.salt, o.value FROM bl_opening o JOIN bl_record r"
            f" ON r.book_id = o.book_id AND r.{place} = o.{place}"
            f" WHERE o.book_id = ? AND o.field = ? AND r.id = ? AND {term}",
            (self.book_id, field, id_, param),
        )
        for at_place, salt, value in rows:
            key = (self.book_id, at_place, field)
            yield Query(
                "INSERT INTO bl_redaction VALUES (?, ?, ?, ?, ?)",
                (*key, commitment(salt, value), redacted_at),
            )
            yield Query(
                f"DELETE FROM bl_opening WHERE book_id = ? AND {place} = ?"
                " AND field = ?",
                key,
            )

    # --- entries ---------------------------------------------------------------------

    def _load_entries(self, ids: Iterable[str]) -> Step[None]:
        wanted = list(ids)
        self.state.entries.update(dict.fromkeys(wanted))
        if len(wanted) == 1:
            rows = yield Query(self.dialect.find_entry, (self.book_id, *wanted))
        else:
            rows = yield self.dialect.find_entries(self.book_id, wanted)
        records = yield from self.records([place for (place,) in rows])
        for record in records:
            self.state.entries[record.id] = record

    def entry(self, id_: str) -> Step[Record | None]:
        """Return the record of an entry."""
        rows = yield Query(
            f"{self.dialect.find_entry} AND type = 0", (self.book_id, id_)
        )
        records = yield from self.records([place for (place,) in rows])
        return records[0] if records else None

    def records(self, places: Sequence[int]) -> Step[list[Record]]:
        """Return records in the order of *places*."""
        found = yield from log_rows(self, places, record_of)
        return [found[place] for place in places]

    def account_numbers(self, paths: Iterable[str]) -> Step[list[int]]:
        """Return the numbers of accounts; those that the book lacks have none."""
        numbers = []
        for path in sorted(paths):
            number = yield from self.number("account", path)
            if number is not None:
                numbers.append(number)
        return numbers

    # --- listeners -------------------------------------------------------------------

    def listener_position(self, name: str, *, lock: bool) -> Step[int | None]:
        """Return the last position that a listener has taken."""
        suffix = " FOR UPDATE" if lock and self.is_locking else ""
        rows = yield Query(
            f"SELECT position FROM bl_listener WHERE book_id = ? AND name = ?{suffix}",
            (self.book_id, name),
        )
        return rows[0][0] if rows else None

    def move_listener(self, name: str, position: int, *, is_new: bool) -> Step[None]:
        """Note the last position that a listener has taken."""
        known = "NOTHING" if is_new else "UPDATE SET position = excluded.position"
        yield Query(
            "INSERT INTO bl_listener (book_id, name, position) VALUES (?, ?, ?)"
            f" ON CONFLICT (book_id, name) DO {known}",
            (self.book_id, name, position),
        )

    # --- totals ----------------------------------------------------------------------

    def totals(self, query: TotalsQuery) -> Step[Totals]:
        """Return gross totals: kept ones where they answer, postings for the rest."""
        numbers = None
        if query.accounts is not None:
            numbers = yield from self.account_numbers(query.accounts)
        cells: dict[tuple[int, int], list[int]] = {}
        first_year = yield from self._first_year(query)
        for sign, sql, params in total_queries(
            self.dialect, self.book_id, query, numbers, first_year
        ):
            rows = yield Query(sql, params)
            for account, unit, *sums in rows:
                cell = cells.setdefault((account, unit), [0, 0])
                debit, credit = self.dialect.read_sums(sums)
                cell[0] += sign * debit
                cell[1] += sign * credit
        yield from self.know_names("account", {account for account, _ in cells})
        yield from self.know_units({unit for _, unit in cells})
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

    def log(self, after: int, limit: int, read: Reading[T]) -> Step[list[T]]:
        """Return what *read* makes of the rows of the log, in order."""
        rows = yield Query(self.dialect.next_places, (self.book_id, after, limit))
        found = yield from log_rows(self, [place for (place,) in rows], read)
        return [found[place] for (place,) in rows]

    def leaves(self, after: int, last: int) -> Step[list[bytes]]:
        """Return leaf hashes of the log, in order."""
        rows = yield Query(self.dialect.leaves, (self.book_id, after, last))
        return [bytes(leaf) for (leaf,) in rows]


def totals_by(book: SqlBook, query: DimensionQuery) -> Step[TotalsByValue]:
    """Return gross totals for each value of a dimension, from the postings."""
    numbers = None
    if query.accounts is not None:
        numbers = yield from book.account_numbers(query.accounts)
    dimension = yield from book.number("dimension", query.dimension)
    rows = yield dimension_query(book.dialect, book.book_id, query, dimension, numbers)
    yield from book.know_names("account", {row[1] for row in rows})
    yield from book.know_units({row[2] for row in rows})
    return {
        (value, book.keys["account", account], book.units[unit]): (
            book.dialect.read_sums(sums)
        )
        for value, account, unit, *sums in rows
    }


def _content(position: int, text: str | None) -> Any:
    """Return the content of a record that is no entry."""
    try:
        return json.loads(text) if text else {}
    except ValueError as error:
        raise corrupt(position, error) from error
