"""Records as lines of text that anybody can check: canonical bytes and openings.

A record's line is its canonical bytes, nothing more and nothing less, so that SHA-256
over a zero byte and the line is its leaf hash.  A text that is shown follows its record
on a line of its own, with its salt: SHA-256 over salt and text is the commitment that
stands in the record.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NoReturn

import attrs

from backoffice_ledger._engine.canonical import (
    SALT_BYTES,
    canonical_json,
    commitment,
    leaf_hash,
)
from backoffice_ledger._engine.contents import amount_from_text, commitments_of
from backoffice_ledger._engine.erasure import ENTRY_TYPES
from backoffice_ledger._engine.merkle import MerkleTree
from backoffice_ledger._engine.replay import id_of
from backoffice_ledger._engine.store import DAMAGE, LogRow

LINE_BYTES_MAX: Final = 64 * 1024 * 1024
OPENING: Final = b'{"opening":'
PROBLEMS_MAX: Final = 100

Subject = tuple[str, str, str]
"""Type and id of a record, and the name of a text of it."""


def lines_of(row: LogRow, *, texts: bool) -> Iterator[bytes]:
    """Yield the lines of a record, and of its texts if they are to be shown."""
    yield row.data
    if not texts:
        return
    for field, (salt, text) in sorted(row.texts.items()):
        opening = {"field": field, "salt": salt.hex(), "text": text}
        yield canonical_json({"opening": opening}).encode()


def read_json(line: bytes) -> dict[str, Any]:
    """Return the object of a line in canonical form.

    Raises:
        ValueError: it is something else, or written in another way.
    """
    value = json.loads(line, parse_float=_no_number, parse_constant=_no_number)
    if not isinstance(value, dict) or canonical_json(value).encode() != line:
        raise ValueError("not an object in canonical form")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of the canonical form")


def opened(line: bytes, hidden: dict[str, str]) -> tuple[str, str]:
    """Return name and text of an opening, and take its commitment from *hidden*.

    Raises:
        ValueError, LookupError, TypeError: it opens none of them.
    """
    opening = read_json(line)["opening"]
    field, text = opening["field"], opening["text"]
    salt = bytes.fromhex(opening["salt"])
    if field not in hidden:
        raise ValueError(f"there is no text {field!r} to show, or it was shown")
    if len(salt) < SALT_BYTES or commitment(salt, text) != hidden.pop(field):
        raise ValueError(f"the text {field!r} does not open its commitment")
    return field, text


@attrs.define
class Reading:
    """What lines have said so far, and what was wrong with them."""

    tree: MerkleTree = attrs.field(factory=MerkleTree)
    problems: list[tuple[int, str]] = attrs.field(factory=list)
    entries: int = 0
    record: Mapping[str, Any] = attrs.field(factory=dict)
    hidden: dict[str, str] = attrs.field(factory=dict)
    shown: dict[str, str] = attrs.field(factory=dict)
    is_memorandum: dict[str, bool] = attrs.field(factory=dict)
    open_texts: dict[Subject, int] = attrs.field(factory=dict)
    hidden_texts: dict[Subject, int] = attrs.field(factory=dict)
    texts: int = 0
    erased: int = 0
    first_leaf: bytes = b""

    @property
    def position(self) -> int:
        """The position of the record that was read last."""
        return self.tree.size

    @property
    def withheld(self) -> int:
        """How many texts are neither shown nor erased by a record."""
        return sum(self.hidden_texts.values())

    def report(self, text: str) -> None:
        """Keep what is wrong with the present record."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append((self.position, text))

    def take(self, line: bytes) -> None:
        """Take in a line: of a record, or of a text of the last record."""
        if line.startswith(OPENING):
            self._guarded(self._take_opening, line)
            return
        self.finish()
        leaf = leaf_hash(line)
        self.tree.append(leaf)
        self.first_leaf = self.first_leaf or leaf
        self.record, self.hidden, self.shown = {}, {}, {}
        self._guarded(self._take_record, line)

    def _guarded(self, take: Any, line: bytes) -> None:
        try:
            take(line)
        except (*DAMAGE, RecursionError) as error:
            self.report(f"the line makes no sense: {error}")

    def _take_record(self, line: bytes) -> None:
        record = read_json(line)
        type_, content = record["type"], record["content"]
        if (type_ == "book") is not (self.position == 1):
            self.report(f"{type_} is not what a log has there")
        self.hidden = commitments_of(type_, content)
        self.record = record
        if type_ == "account":
            self.is_memorandum[content["path"]] = content["type"] == "memorandum"
        elif type_ == "redaction":
            self._erase((content["type"], content["record"], content["field"]))
        elif type_ == "entry":
            self.entries += 1
            self._check_balance(content["postings"])

    def _check_balance(self, postings: Iterable[Mapping[str, Any]]) -> None:
        sums: dict[tuple[bool, str], int] = {}
        for posting in postings:
            account = posting["account"]
            if account not in self.is_memorandum:
                self.report(f"no account {account} was opened before")
            amount = amount_from_text(posting["amount"], posting["commodity"])
            key = self.is_memorandum.get(account, False), posting["commodity"]
            sign = {"debit": 1, "credit": -1}[posting["side"]]
            sums[key] = sums.get(key, 0) + sign * amount.minor_units
        for (_, unit), rest in sums.items():
            if rest:
                self.report(
                    f"debits and credits differ by {rest} minor units of {unit}"
                )

    def _take_opening(self, line: bytes) -> None:
        field, text = opened(line, self.hidden)
        if self.shown and field < max(self.shown):
            self.report(f"the text {field!r} is not in order")
        self.shown[field] = text

    def _erase(self, subject: Subject) -> None:
        """Note that texts until here were erased."""
        if self.open_texts.pop(subject, 0):
            self.report(f"{' '.join(subject)} was erased, and is shown")
        self.erased += self.hidden_texts.pop(subject, 0)

    def finish(self) -> None:
        """Count the texts of the last record, after its last line."""
        if not self.record:
            return
        type_, content = self.record["type"], self.record["content"]
        if type_ in ENTRY_TYPES:
            id_ = content["entry"]["id"] if type_ == "refusal" else content["id"]
            type_ = "entry"
        else:
            id_ = id_of(type_, self.record["actor"], content)
        self.texts += len(self.shown)
        for fields, counts in (
            (self.shown, self.open_texts),
            (self.hidden, self.hidden_texts),
        ):
            for field in fields:
                subject = (type_, id_, field)
                counts[subject] = counts.get(subject, 0) + 1
        self.record = {}
