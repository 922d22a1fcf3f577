"""Verification: rebuild everything from the log and compare it with what is kept."""

from collections.abc import Iterator
from typing import Any

import attrs

from backoffice_ledger._engine.canonical import (
    commitment,
    date_number,
    leaf_hash,
)
from backoffice_ledger._engine.state import FactKey
from backoffice_ledger._engine.store import PAGE_ROWS, LogRow, Store, Transaction
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import residual
from backoffice_ledger._model.posting import Side
from backoffice_ledger._model.record import Record
from backoffice_ledger.audit import MerkleTree
from backoffice_ledger.errors import VerificationFailed

PROBLEMS_MAX = 100


@attrs.frozen
class Verification:
    """What `Ledger.verify` found to be true.

    Attributes:
        records: how many records the log holds.
        entries: how many of them are entries.
        root: Merkle root of the log (RFC 6962), in hexadecimal.
        redacted: how many texts were erased.
    """

    records: int
    entries: int
    root: str
    redacted: int

    def __str__(self) -> str:
        return (
            f"verified: {self.records} records, {self.entries} entries, "
            f"{self.redacted} texts erased, root {self.root}"
        )


@attrs.define
class _Check:
    """The projections that the log should have led to, built while reading it."""

    tree: MerkleTree = attrs.field(factory=MerkleTree)
    position: int = 0
    entries: int = 0
    redacted: int = 0
    facts: dict[FactKey, int] = attrs.field(factory=dict)
    numbers: dict[str, int] = attrs.field(factory=dict)
    current: dict[Any, list[int]] = attrs.field(factory=dict)
    periods: dict[Any, list[int]] = attrs.field(factory=dict)
    memorandum: set[str] = attrs.field(factory=set)
    redactions: set[tuple[str, str]] = attrs.field(factory=set)
    erased: list[tuple[int, str, str]] = attrs.field(factory=list)

    def take(self, row: LogRow) -> Iterator[str]:
        """Take in the next row; yield what is wrong with it."""
        record = row.record
        self.position += 1
        if record.position != self.position:
            yield f"position {record.position} where {self.position} should be"
            self.position = record.position
        leaf = leaf_hash(row.data)
        if leaf != record.leaf:
            yield "the stored rows do not rebuild the leaf hash"
        self.tree.append(record.leaf)
        for key in row.facts:
            self.facts[key] = record.position
        for field in record.redacted:
            self.erased.append((record.position, record.id, field))
        if record.type == "entry":
            yield from self._take_entry(record)
        else:
            yield from self._take_other(row)

    def _take_other(self, row: LogRow) -> Iterator[str]:
        record, content = row.record, row.record.content
        if record.type == "redaction":
            self.redactions.add((content["record"], content["field"]))
        if record.type == "account" and content["type"] == "memorandum":
            self.memorandum.add(content["path"])
        if record.type == "proposal":
            yield from _check_proposal_texts(row)
            return
        committed = dict(content.get("texts", {}))
        for field, (salt, text) in row.texts.items():
            if committed.pop(field, None) != commitment(salt, text):
                yield f"the text {field!r} does not open its commitment"
        for field in committed:
            if field not in record.redacted:
                yield f"the text {field!r} is missing without a redaction"

    def _take_entry(self, record: Record) -> Iterator[str]:
        entry = record.entry
        self.entries += 1
        expected = self.numbers.get(entry.journal, 0) + 1
        if record.journal_number != expected:
            yield f"number {record.journal_number} in {entry.journal}, not {expected}"
        self.numbers[entry.journal] = expected
        for part in (True, False):
            rest = residual(
                p for p in entry.postings if (p.account in self.memorandum) is part
            )
            if rest:
                yield f"debits and credits differ by {_text(rest)}"
        month = date_number(entry.date) // 100
        for posting in entry.postings:
            unit = posting.amount.commodity
            side = 0 if posting.side is Side.DEBIT else 1
            for cells, key in (
                (self.current, (posting.account, unit)),
                (self.periods, (month, posting.account, unit, record.phase)),
                (self.periods, (month // 100, posting.account, unit, record.phase)),
            ):
                cells.setdefault(key, [0, 0])[side] += posting.amount.minor_units

    def compare(self, transaction: Transaction) -> Iterator[str]:
        """Yield where the kept projections differ from the rebuilt ones."""
        for position, id_, field in self.erased:
            self.redacted += 1
            if (id_, field) not in self.redactions:
                yield f"position {position}: {field} was erased without a record"
        yield from _differences("fact", self.facts, dict(transaction.stored_facts()))
        current, periods = transaction.stored_totals()
        yield from _differences("balance of", _frozen(self.current), dict(current))
        yield from _differences("total of", _frozen(self.periods), dict(periods))


def _check_proposal_texts(row: LogRow) -> Iterator[str]:
    content = row.record.content
    committed = {
        f"postings.{line}.memo": posting["memo"]
        for line, posting in enumerate(content["postings"])
        if "memo" in posting
    }
    if "description" in content:
        committed["description"] = content["description"]
    for field, expected in committed.items():
        opening = row.texts.get(field)
        if opening is None:
            if field not in row.record.redacted:
                yield f"the text {field!r} is missing without a redaction"
        elif commitment(*opening) != expected:
            yield f"the text {field!r} does not open its commitment"


def _frozen(cells: dict[Any, list[int]]) -> dict[Any, tuple[int, int]]:
    return {key: (cell[0], cell[1]) for key, cell in cells.items()}


def _differences(
    what: str, expected: dict[Any, Any], found: dict[Any, Any]
) -> Iterator[str]:
    for key in expected.keys() | found.keys():
        if expected.get(key) != found.get(key):
            yield (
                f"{what} {_key_text(key)}: the log gives {expected.get(key)}, "
                f"kept is {found.get(key)}"
            )


def _key_text(key: tuple[Any, ...]) -> str:
    return " ".join(
        part.code if isinstance(part, Commodity) else str(getattr(part, "value", part))
        for part in key
    )


def _text(rest: dict[Commodity, int]) -> str:
    return ", ".join(f"{total} minor units of {unit}" for unit, total in rest.items())


def verify(store: Store, book: str) -> Verification:
    """Rebuild *book* from its log; see `Ledger.verify`."""
    check = _Check()
    problems: list[str] = []
    first_bad: int | None = None
    with store.transaction(book, write=False) as transaction:
        transaction.state.forget_facts()
        after = 0
        while rows := transaction.log(after, PAGE_ROWS):
            for row in rows:
                for problem in check.take(row):
                    if first_bad is None:
                        first_bad = row.record.position
                    if len(problems) < PROBLEMS_MAX:
                        problems.append(f"position {row.record.position}: {problem}")
            after = rows[-1].record.position
        problems += list(check.compare(transaction))[:PROBLEMS_MAX]
        problems += transaction.physical_problems()
    if problems:
        raise VerificationFailed(
            problems[0]
            + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""),
            position=first_bad,
            problems=tuple(problems),
        )
    return Verification(
        check.position, check.entries, check.tree.root().hex(), check.redacted
    )
