"""Verification: replay the log, and compare what it leads to with what is kept.

The store says what its rows amount to (`Transaction.audit`).  Here every record is
hashed again, and everything that a record does not say itself but that follows from
those before it is worked out and compared: journal numbers, report phases, memorandum
flags, erasures, balances.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, final

import attrs

from backoffice_ledger._engine.canonical import (
    commitment,
    date_number,
    leaf_hash,
    text_fields,
)
from backoffice_ledger._engine.checkpoints import (
    KIND as CHECKPOINT_KIND,
)
from backoffice_ledger._engine.checkpoints import (
    checkpoint_from_content,
    is_own_origin,
    origin_of,
)
from backoffice_ledger._engine.contents import commitments_of
from backoffice_ledger._engine.documents import declared, document_key
from backoffice_ledger._engine.erasure import ENTRY_TYPES
from backoffice_ledger._engine.hold_records import (
    expiry_of,
    pending_lines,
    pending_of,
)
from backoffice_ledger._engine.limits import Moves, moves_of, sum_of
from backoffice_ledger._engine.merkle import MerkleTree
from backoffice_ledger._engine.replay import id_of
from backoffice_ledger._engine.state import (
    EMPTY_CELL,
    LASTING,
    Cell,
    Fact,
    FactKey,
)
from backoffice_ledger._engine.store import (
    DAMAGE,
    PAGE_ROWS,
    AuditRow,
    LogRow,
    Problem,
    Store,
    Transaction,
)
from backoffice_ledger._model.checkpoint import Checkpoint
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.dates import instant_to_microseconds
from backoffice_ledger._model.entry import Entry, Phase, residual
from backoffice_ledger._model.posting import Posting, Side
from backoffice_ledger._model.record import Record
from backoffice_ledger.calendars import calendar_from_content
from backoffice_ledger.errors import (
    Busy,
    LedgerError,
    StorageFailure,
    VerificationFailed,
)

PROBLEMS_MAX = 100
_DEBIT = Side.DEBIT  # looked up once

_CHANGED = frozenset(
    {
        *("account", "calendar", "control", "decision", "exception", "journal"),
        *("period", "proposal"),
    }
)
"""Types of records that may be followed by another one about the same thing."""


@final
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


_Subject = tuple[str, str, str]
"""Type and id of records, and the name of a text of theirs."""


@attrs.frozen
class _Erasure:
    """A text that is no longer there."""

    position: int
    type: str
    id: str
    field: str
    redacted_at: int

    @property
    def subject(self) -> _Subject:
        """What its redaction names; one of an entry is also of its proposal."""
        type_ = "entry" if self.type in ENTRY_TYPES else self.type
        return type_, self.id, self.field


@attrs.define
class _Replay:
    """What the log has led to so far, and what was wrong on the way."""

    book: str
    tree: MerkleTree = attrs.field(factory=MerkleTree)
    problems: list[Problem] = attrs.field(factory=list)
    bad: set[int] = attrs.field(factory=set)
    position: int = 0
    entries: int = 0
    facts: dict[FactKey, int] = attrs.field(factory=dict)
    contents: dict[FactKey, Mapping[str, Any]] = attrs.field(factory=dict)
    versions: dict[FactKey, int] = attrs.field(factory=dict)
    name: object = None
    numbers: dict[str, int] = attrs.field(factory=dict)
    phases: dict[str, Phase] = attrs.field(factory=dict)
    current: dict[Any, Cell] = attrs.field(factory=dict)
    periods: dict[Any, list[int]] = attrs.field(factory=dict)
    holds: dict[str, Fact] = attrs.field(factory=dict)
    index: dict[tuple[str, str], Mapping[str, str]] = attrs.field(factory=dict)
    exceptions: dict[str, Mapping[str, Any]] = attrs.field(factory=dict)
    classes: dict[str, str | None] = attrs.field(factory=dict)
    last_use: Record | None = None
    last_entry: Entry | None = None
    is_memorandum: dict[str, bool] = attrs.field(factory=dict)
    redactions: dict[_Subject, list[int]] = attrs.field(factory=dict)
    erasures: list[_Erasure] = attrs.field(factory=list)
    roots: dict[int, bytes] = attrs.field(factory=dict)
    first_leaf: bytes = b""

    def report(self, position: int | None, texts: Iterable[str]) -> None:
        """Keep what is wrong at a position; beyond some number only that it is."""
        for text in texts:
            if position is not None:
                self.bad.add(position)
            if len(self.problems) < PROBLEMS_MAX:
                self.problems.append(Problem(position, text))

    def take(self, found: AuditRow) -> None:
        """Take in what stands at the next position."""
        if found.position != self.position + 1:
            self.report(self.position + 1, ["there is no record"])
        self.position = found.position
        self.report(found.position, found.problems)
        if found.row is None:
            return
        try:
            self.report(found.position, self._check(found.row))
        except DAMAGE as error:
            self.report(found.position, [f"it makes no sense: {error!r}"])

    def _check(self, row: LogRow) -> Iterator[str]:
        record = row.record
        if leaf_hash(row.data) != record.leaf:
            yield "the stored rows do not give the leaf hash"
        self.tree.append(record.leaf)
        if self.tree.size == 1:
            self.first_leaf = record.leaf
        if self.tree.size in self.roots:
            self.roots[self.tree.size] = self.tree.root()
        for field, (_, redacted_at) in row.erased.items():
            self.erasures.append(
                _Erasure(record.position, record.type, record.id, field, redacted_at)
            )
        yield from _check_texts(row)
        is_book = record.type == "book"
        if is_book is not (record.position == 1):
            yield f"{record.type} is not what a log has there"
        yield from self._check_use(record)
        if record.type == "entry":
            yield from self._check_entry(row)
        else:
            yield from self._check_other(row)
        for key in row.facts:
            self.facts[key] = record.position

    # --- records other than entries --------------------------------------------------

    def _check_other(self, row: LogRow) -> Iterator[str]:
        record, content = row.record, row.record.content
        if record.id != id_of(record.type, record.actor, content):
            yield f"the id {record.id!r} is not the one of the content"
        if record.type == "redaction":
            subject = (content["type"], content["record"], content["field"])
            self.redactions.setdefault(subject, []).append(record.position)
        elif record.type == "account":
            self.is_memorandum[content["path"]] = content["type"] == "memorandum"
        elif record.type == "hold":
            yield from self._check_hold(record)
            return
        yield from self._check_periods(record)
        for key in row.facts:
            if record.type == "document":
                version = self.versions.get(key, 0) + 1
                if content["version"] != version:
                    yield f"version {content['version']} where {version} should be"
                self.versions[key] = version
                self.index[content["kind"], content["id"]] = declared(content)
                if content["kind"] == CHECKPOINT_KIND:
                    yield from self._check_kept(record.position, content["content"])
            elif record.type in _CHANGED:
                if self.contents.get(key) == content:
                    yield f"it repeats record {self.facts[key]}"
                self.contents[key] = content
            elif key in self.facts:
                yield f"it repeats record {self.facts[key]}"
        if record.type == "book":
            self.name = content["name"]

    # --- calendars, journals and exceptions ------------------------------------------

    def _check_periods(self, record: Record) -> Iterator[str]:
        """Take in what decides on periods, and check what it says."""
        content = record.content
        if record.type == "journal":
            self.classes[content["name"]] = content.get("class")
        elif record.type == "calendar":
            calendar_from_content(content["calendar"])
        elif record.type == "exception":
            yield from self._check_exception(record)
        elif record.type == "exception-use":
            self.last_use = record

    def _check_exception(self, record: Record) -> Iterator[str]:
        """Check that an exception is granted, and revoked at most once."""
        content = record.content
        old = self.exceptions.get(record.id)
        self.exceptions[record.id] = content
        if old is None:
            if content["status"] != "granted":
                yield "an exception begins as granted"
            if record.actor in content["actors"]:
                yield "an exception is granted by one of its actors"
            return
        if old["status"] == "revoked":
            yield "the exception was revoked before"
        for field in ("actors", "first", "last", "until", "journal", "journal_class"):
            if content.get(field) != old.get(field):
                yield f"an exception does not change its {field}"

    def _check_use(self, record: Record) -> Iterator[str]:
        """Check that what is posted under an exception may be, by this actor then."""
        use, self.last_use = self.last_use, None
        if use is None:
            return
        if record.type != "entry" or record.id != use.id:
            yield "the entry that is posted under an exception does not follow"
            return
        found = self.exceptions.get(use.content["exception"], {"status": "unknown"})
        class_ = self.classes.get(record.entry.journal)
        if (
            found["status"] != "granted"
            or record.actor not in found["actors"]
            or record.recorded_at >= datetime.fromisoformat(found["until"])
            or not found["first"] <= record.entry.date.isoformat() <= found["last"]
            or found.get("journal", record.entry.journal) != record.entry.journal
            or found.get("journal_class", class_) != class_
        ):
            yield "the exception does not cover the entry"

    # --- checkpoints -----------------------------------------------------------------

    def _check_kept(self, position: int, content: Mapping[str, Any]) -> Iterator[str]:
        """Check that a checkpoint says what the log was before it."""
        kept = _checkpoint(content)
        if kept is not None and (
            kept.size >= position or self.roots.get(kept.size) != kept.root
        ):
            yield f"the first {kept.size} records are not those of this checkpoint"

    def hold_against(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Compare the log with checkpoints that were kept elsewhere.

        They need not be in order; the largest one that holds bounds the damage.
        """
        own = origin_of(self.first_leaf)
        good = 0
        for given in sorted(checkpoints, key=lambda each: each.size):
            if is_own_origin(given.origin) and given.origin != own:
                text = f"the checkpoint is of log {given.origin}, this is {own}"
                self.report(None, [text])
            elif given.size > self.position:
                text = f"the log ends before; a checkpoint has {given.size} records"
                self.report(self.position + 1, [text])
            elif given.root != self.roots[given.size]:
                text = f"records {good + 1} to {given.size} are not those of the"
                self.report(None, [f"{text} checkpoint of {given.size} records"])
            else:
                good = given.size

    # --- holds -----------------------------------------------------------------------

    def _check_hold(self, record: Record) -> Iterator[str]:
        """Check that a hold goes the way that holds go, and carry it on."""
        at = instant_to_microseconds(record.recorded_at, "recorded_at")
        fact = Fact(record.position, record.actor, at, record.content)
        old = self.holds.get(record.id)
        before = () if old is None else pending_of(old.content)
        after = pending_of(fact.content)
        self.holds[record.id] = fact
        self._add_moves(moves_of((), after, before))
        if old is None:
            if fact.content["status"] != "open" or fact.content["captures"]:
                yield "a hold begins open and without captures"
            return
        if not before:
            yield f"the hold was {old.content['status']} before"
        if fact.content.get("expires") != old.content.get("expires"):
            yield "a hold does not change its expiry"
        yield from self._check_step(old.content, fact, before, after)

    def _check_step(
        self,
        old: Mapping[str, Any],
        new: Fact,
        before: Sequence[Posting],
        after: Sequence[Posting],
    ) -> Iterator[str]:
        captures = list(new.content["captures"])
        status = new.content["status"]
        if status in ("voided", "expired"):
            if captures != list(old["captures"]):
                yield f"a hold is {status} without another capture"
            expires_at = expiry_of(old)
            if status == "expired" and (expires_at is None or expires_at > new.at):
                yield "the hold was not due"
            return
        entry = self.last_entry
        if entry is None or captures != [*old["captures"], entry.id]:
            yield "the entry before it is not the capture that it names"
        elif any(
            change.pending_debit > 0
            or change.pending_credit > 0
            or change.pending_debit + change.debit > 0
            or change.pending_credit + change.credit > 0
            for change in moves_of(entry.postings, after, before).values()
        ):
            yield "more was captured, or kept, than was reserved"

    def _add_moves(self, moves: Moves) -> None:
        for key, change in moves.items():
            self.current[key] = sum_of(self.current.get(key, EMPTY_CELL), change)

    # --- entries ---------------------------------------------------------------------

    def _check_entry(self, row: LogRow) -> Iterator[str]:
        record = row.record
        entry = record.entry
        self.entries += 1
        self.last_entry = entry
        expected = self.numbers.get(entry.journal, 0) + 1
        if record.journal_number != expected:
            yield f"number {record.journal_number} in {entry.journal}, not {expected}"
        self.numbers[entry.journal] = expected
        phase = self._phase_of(record)
        if record.phase is not phase:
            yield f"it counts as {record.phase.value}, not as {phase.value}"
        yield from self._check_postings(entry, row.memorandum)
        self._add_up(entry, phase)

    def _phase_of(self, record: Record) -> Phase:
        phase = record.entry.phase
        if record.reverses is not None:
            phase = self.phases.get(record.reverses, Phase.NORMAL)
        if phase is not Phase.NORMAL:
            self.phases[record.id] = phase
        return phase

    def _check_postings(self, entry: Entry, flags: tuple[bool, ...]) -> Iterator[str]:
        known = self.is_memorandum
        unknown = {p.account for p in entry.postings} - known.keys()
        if unknown:
            yield f"no account {', '.join(sorted(unknown))} was opened before"
        expected = tuple(known.get(p.account, False) for p in entry.postings)
        if flags != expected:
            yield "memorandum postings are marked wrongly"
        parts = {False, True} if any(expected) else {False}
        for part in parts:
            rest = residual(
                posting
                for posting, flag in zip(entry.postings, expected, strict=True)
                if flag is part
            )
            if rest:
                yield f"debits and credits differ by {_amounts(rest)}"

    def _add_up(self, entry: Entry, phase: Phase) -> None:
        self._add_moves(moves_of(entry.postings))
        month = date_number(entry.date) // 100
        for posting in entry.postings:
            unit = posting.amount.commodity
            side = 0 if posting.side is _DEBIT else 1
            for bucket in (month, month // 100):
                cell = self.periods.setdefault(
                    (bucket, posting.account, unit, phase), [0, 0]
                )
                cell[side] += posting.amount.minor_units

    # --- what is kept beside the log -------------------------------------------------

    def compare(self, transaction: Transaction) -> None:
        """Compare the kept projections with those that the log leads to."""
        if self.last_use is not None:
            self.report(self.position, ["the entry that it announces does not follow"])
        if self.position == 0:
            self.report(1, ["there is no record"])
        elif self.name != self.book:
            self.report(None, [f"the log is not that of book {self.book!r}"])
        self._compare_origins(*transaction.stored_facts())
        current, periods = transaction.stored_totals()
        self.report(None, _differences("balance of", self.current, current))
        totals = {key: (cell[0], cell[1]) for key, cell in self.periods.items()}
        self.report(None, _differences("total of", totals, periods))
        holds = {
            (id_,): pending_lines(pending, expiry_of(fact.content))
            for id_, fact in self.holds.items()
            if (pending := pending_of(fact.content))
        }
        kept = {(id_,): lines for id_, lines in transaction.stored_holds().items()}
        self.report(None, _differences("hold", holds, kept))
        index = {
            (kind, name, value, id_): "a row"
            for (kind, id_), names in self.index.items()
            for name, value in names.items()
        }
        stored = dict.fromkeys(transaction.stored_index(), "a row")
        self.report(None, _differences("document index", index, stored))
        for problem in transaction.physical_problems():
            self.report(problem.position, [problem.text])

    def _compare_origins(self, last: int, kept: Mapping[FactKey, int]) -> None:
        """Compare which record each fact and each erasure is said to come from."""
        lasting = [at for (kind, _), at in self.facts.items() if kind in LASTING]
        erasing = [at for positions in self.redactions.values() for at in positions]
        if last > self.position:
            self.report(self.position + 1, ["there is no record"])
        elif last != max((*lasting, *erasing), default=0):
            self.report(None, [f"record {last} is not the last one that gave a fact"])
        origins = [
            _Origin(f"fact {_key_text(key)}", self.facts.get(key), kept.get(key))
            for key in sorted(self.facts.keys() | kept.keys(), key=str)
        ]
        origins += map(self._origin_of, self.erasures)
        pairs = {(origin.expected, origin.found) for origin in origins}
        expected, found = ({pair[side] for pair in pairs} for side in (0, 1))
        is_permuted = expected == found and len(pairs) == len(expected)
        for origin in origins:
            if origin.expected != origin.found:
                place = self._place_of(origin, last, is_permuted=is_permuted)
                self.report(place, [str(origin)])
        effective = {erasure.redacted_at for erasure in self.erasures}
        for subject, positions in self.redactions.items():
            for position in sorted(set(positions) - effective):
                self.report(position, [f"{_key_text(subject)} was not erased"])

    def _origin_of(self, erasure: _Erasure) -> "_Origin":
        """Return where an erasure comes from: the next redaction after the text."""
        later = self.redactions.get(erasure.subject, ())
        return _Origin(
            f"erasure of {_key_text(erasure.subject)}",
            next((at for at in later if at > erasure.position), None),
            erasure.redacted_at,
            erasure.position,
        )

    def _place_of(
        self, origin: "_Origin", last: int, *, is_permuted: bool
    ) -> int | None:
        """Return the position of the log that is to blame for a difference."""
        expected, found = origin.expected, origin.found
        if origin.place is None and expected is not None and expected > last:
            return expected  # the store never took it in
        if found is not None:
            if found in self.bad:
                return found
            if expected is None and found > self.position:
                return found  # a record that is gone
            if expected is not None and is_permuted:
                return min(found, expected)  # records have changed places
        return origin.place


@attrs.frozen
class _Origin:
    """The record that something comes from: by the log, and as it is kept.

    ``place`` is where in the log the thing itself is kept, if it is.
    """

    what: str
    expected: int | None
    found: int | None
    place: int | None = None

    def __str__(self) -> str:
        return f"{self.what}: the log gives {self.expected}, kept is {self.found}"


def _check_texts(row: LogRow) -> Iterator[str]:
    """Hold the texts against the commitments of the content."""
    content = row.record.content
    if row.record.type == "entry":
        # Their commitments were made from them; it remains to see that all of them
        # belong to something.  Erased ones count where the content has the place.
        wanted = {name for name, _ in text_fields(row.record.entry)}
        for field in sorted(row.texts.keys() - wanted):
            yield f"there is a text {field!r} of nothing"
        for field in sorted(row.texts.keys() & row.erased.keys()):
            yield f"the text {field!r} is there and erased"
        return
    committed = commitments_of(row.record.type, content)
    found = {field: commitment(*opening) for field, opening in row.texts.items()}
    for field in sorted(found.keys() & row.erased.keys()):
        yield f"the text {field!r} is there and erased"
    found |= {field: hash_ for field, (hash_, _) in row.erased.items()}
    for field in sorted(committed.keys() | found.keys()):
        if field not in found:
            yield f"the text {field!r} is missing without a redaction"
        elif committed.get(field) != found[field]:
            yield f"the text {field!r} does not open its commitment"


def _differences(
    what: str, expected: Mapping[Any, Any], found: Mapping[Any, Any]
) -> Iterator[str]:
    for key in sorted(expected.keys() | found.keys(), key=_key_text):
        if expected.get(key) != found.get(key):
            yield (
                f"{what} {_key_text(key)}: the log gives {_shown(expected.get(key))}, "
                f"kept is {_shown(found.get(key))}"
            )


def _shown(value: object) -> str:
    """Return what is kept as words, where it is a cell."""
    if not isinstance(value, Cell):
        return str(value)
    text = f"{value.debit} debit and {value.credit} credit"
    if value.pending_debit or value.pending_credit:
        text += f", {value.pending_debit} and {value.pending_credit} pending"
    return f"{text} in version {value.version}"


def _key_text(key: tuple[Any, ...]) -> str:
    return " ".join(
        part.code if isinstance(part, Commodity) else str(getattr(part, "value", part))
        for part in key
    )


def _amounts(rest: Mapping[Commodity, int]) -> str:
    return ", ".join(f"{total} minor units of {unit}" for unit, total in rest.items())


def _checkpoint(content: Mapping[str, Any]) -> Checkpoint | None:
    """Return the checkpoint that a document keeps; None if it keeps something else."""
    try:
        return checkpoint_from_content(content)
    except DAMAGE:
        return None


def kept_checkpoints(transaction: Transaction) -> list[Fact]:
    """Return the facts of all documents that keep checkpoints, in order."""
    latest = transaction.facts("document", document_key(CHECKPOINT_KIND, ""))
    facts = [fact for key in latest for fact in transaction.history("document", key)]
    return sorted(facts, key=lambda fact: fact.position)


def _sizes(transaction: Transaction) -> Iterator[int]:
    """Yield the sizes that kept checkpoints speak of, as far as they can be read."""
    try:
        for fact in kept_checkpoints(transaction):
            kept = _checkpoint(fact.content["content"])
            if kept is not None:
                yield kept.size
    except (Busy, StorageFailure):
        raise
    except DAMAGE:  # the replay says what is wrong
        return


def verify(
    store: Store, book: str, checkpoints: Sequence[Checkpoint] = ()
) -> Verification:
    """Replay the log of *book* and compare; see `Ledger.verify`."""
    replay = _Replay(book)
    wanted = {each.size for each in checkpoints}
    with store.transaction(book, write=False) as transaction:
        transaction.forget()
        wanted |= set(_sizes(transaction))
        replay.roots = dict.fromkeys(wanted, b"") | {0: replay.tree.root()}
        transaction.forget()
        while rows := transaction.audit(replay.position, PAGE_ROWS):
            for row in rows:
                replay.take(row)
        try:
            replay.compare(transaction)
        except LedgerError:
            raise
        except DAMAGE as error:
            replay.report(None, [f"what is kept beside the log: {error!r}"])
    replay.hold_against(checkpoints)
    if replay.problems:
        raise _failure(replay)
    return Verification(
        replay.position,
        replay.entries,
        replay.tree.root().hex(),
        len(replay.erasures),
    )


def _failure(replay: _Replay) -> VerificationFailed:
    """Return the error that names what comes first in the log."""
    first = min(replay.bad, default=None)
    problems = sorted(
        replay.problems, key=lambda p: (p.position is None, p.position or 0)
    )
    texts = [str(problem) for problem in problems]
    more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
    return VerificationFailed(texts[0] + more, position=first, problems=tuple(texts))
