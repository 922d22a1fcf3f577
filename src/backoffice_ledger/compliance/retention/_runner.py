"""A book held against its retention periods: what is due, and its erasure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from enum import Enum
from functools import partial
from itertools import groupby
from typing import Any, Final, cast, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date
from backoffice_ledger.compliance.retention import _holds
from backoffice_ledger.compliance.retention._holds import LegalHold
from backoffice_ledger.compliance.retention._rules import (
    GERMAN_RULES,
    RetentionPeriod,
    RetentionRule,
    check_name,
    check_rules,
    retention_period,
)
from backoffice_ledger.errors import UnknownRecord
from backoffice_ledger.reports import Column, Row, Table

DELETION: Final = "retention-deletion"
TEXTS_AT_ONCE: Final = 100
"""Texts that one transaction erases, and one deletion record names."""

_ENTRY_TYPES: Final = ("entry", "proposal", "refusal")
_TYPES: Final = (*_ENTRY_TYPES, "account", "document", "hold", "journal", "period")

Subject = tuple[str, str]
"""Type and id of records, as ``ledger.redact`` names them."""


@final
@attrs.frozen
class Retained:
    """What a record is to the retention periods.

    Args:
        record_class: a class of the rules, such as ``voucher``.
        start: the day of the event from which its period counts.
    """

    record_class: str
    start: date

    def __attrs_post_init__(self) -> None:
        check_name(self.record_class, "record_class")
        check_date(self.start, "start")


def vouchers(record: bl.Record) -> Retained | None:
    """Classify entries, with their proposals and refusals, as vouchers; nothing else.

    A voucher counts from the later one of its booking date and the day on which it was
    recorded.
    """
    day = record.recorded_at.date()
    if record.type in ("entry", "refusal"):
        return Retained("voucher", max(day, record.entry.date))
    if record.type == "proposal" and "postings" in record.content:
        return Retained("voucher", day)
    return None


class DueStatus(Enum):
    """Where a record stands.

    ``keep``: it must be kept.  ``expired``: it may be erased.  ``overdue``: it must be.
    ``held``: a hold keeps it.  ``conflict``: a hold keeps what must be erased; a person
    decides.
    """

    KEEP = "keep"
    EXPIRED = "expired"
    OVERDUE = "overdue"
    HELD = "held"
    CONFLICT = "conflict"


ERASABLE: Final = (DueStatus.EXPIRED, DueStatus.OVERDUE)


@final
@attrs.frozen
class Due:
    """One record with texts, held against its period.

    Attributes:
        record_type: as ``ledger.redact`` has it.
        id: of the record.
        fields: names of the texts that are still there.
        retained: class and start.
        period: how long it is kept.
        status: where it stands on the day that was asked for.
        holds: ids of the holds that keep it.
    """

    record_type: str
    id: str
    fields: tuple[str, ...]
    retained: Retained
    period: RetentionPeriod
    status: DueStatus
    holds: tuple[str, ...] = ()


@final
@attrs.frozen
class RetentionRun:
    """What a run erased.

    Attributes:
        on: the day by which it was due.
        texts: how many texts were erased.
        records: of how many records.
        deletions: ids of the deletion records in the book.
    """

    on: date
    texts: int
    records: int
    deletions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.on}: {self.texts} texts of {self.records} records erased"


_COLUMNS: Final = (
    Column("type", "Type"),
    Column("id", "Id"),
    Column("record_class", "Class"),
    Column("start", "Start", "date"),
    Column("keep_until", "Keep until", "date"),
    Column("destroy_by", "Destroy by", "date"),
    Column("status", "Status"),
    Column("texts", "Texts", "integer"),
    Column("holds", "Holds", shown="filled"),
    Column("source", "Source"),
)


@attrs.define
class _Kept:
    """What was found of one subject."""

    fields: set[str] = attrs.field(factory=set)
    latest: tuple[RetentionPeriod, Retained] | None = None


@final
@attrs.frozen
class Retention:
    """The retention periods of a book.

    Args:
        ledger: the book; open for writing where something is to be erased or held.
        entity: kind of the entity that keeps it: ``general``, ``bank``, ``insurer``,
            ``investment-firm``, or one of your own rules.
        classify: returns class and start for a record, or None while no period runs:
            a customer who still is one.  The default knows vouchers only.
        rules: the table.

    Raises:
        InvalidOption: no name of an entity, or other rules.
    """

    ledger: bl.Ledger
    entity: str = attrs.field(kw_only=True)
    classify: Callable[[bl.Record], Retained | None] = attrs.field(
        default=vouchers, kw_only=True
    )
    rules: tuple[RetentionRule, ...] = attrs.field(
        default=GERMAN_RULES, converter=check_rules, kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        check_name(self.entity, "entity")

    # --- holds -----------------------------------------------------------------------

    def place_hold(self, hold: LegalHold) -> None:
        """Keep records from being erased; the same hold again changes nothing.

        A hold of the same id with other content replaces it.
        """
        document = bl.Document(_holds.KIND, hold.id, hold.content())
        self._store(document)

    def _store(self, document: bl.Document) -> None:
        """Store a document, or its next version if there is one with other content."""
        documents = self.ledger.documents

        def work() -> None:
            try:
                latest = documents.get(document.kind, document.id)
            except UnknownRecord:
                documents.store(document)
                return
            if latest.content != document.content:
                documents.store(latest.revise(document.content))

        self.ledger.atomically(work)

    def lift_hold(self, id: str, *, on: date) -> None:
        """End a hold: *on* is its last day.

        Raises:
            UnknownRecord: there is no such hold.
        """
        hold = LegalHold.of(self.ledger.documents.get(_holds.KIND, id))
        self.place_hold(attrs.evolve(hold, until=check_date(on, "on")))

    def holds(self) -> tuple[LegalHold, ...]:
        """Return all holds, ended ones too, by id."""
        return tuple(map(LegalHold.of, self.ledger.documents.all(_holds.KIND)))

    # --- what is due -----------------------------------------------------------------

    def due(self, *, on: date) -> tuple[Due, ...]:
        """Return every record that has texts and a period, in the order of the log.

        It reads the whole log.  Where a record has versions, the one that must be kept
        longest decides for all.

        Raises:
            InvalidOption: the rules do not know a class that *classify* returned.
        """
        check_date(on, "on")
        holds = self.holds()
        return tuple(
            self._judge(subject, kept, holds, on)
            for subject, kept in self._kept(on).items()
            if kept.fields and kept.latest is not None
        )

    def _kept(self, on: date) -> Mapping[Subject, _Kept]:
        found: dict[Subject, _Kept] = {}
        for record in self.ledger.records():
            if record.type not in _TYPES:
                continue
            type_ = "entry" if record.type in _ENTRY_TYPES else record.type
            kept = found.setdefault((type_, record.id), _Kept())
            kept.fields |= set(_texts(record)) - set(record.redacted)
            retained = self.classify(record)
            if retained is None:
                kept.latest = None if type_ != "entry" else kept.latest
                continue
            period = retention_period(
                retained.record_class,
                retained.start,
                entity=self.entity,
                on=on,
                rules=self.rules,
            )
            if kept.latest is None or period.keep_until >= kept.latest[0].keep_until:
                kept.latest = period, retained
        return found

    def _judge(
        self, subject: Subject, kept: _Kept, holds: Iterable[LegalHold], on: date
    ) -> Due:
        period, retained = cast("tuple[RetentionPeriod, Retained]", kept.latest)
        keeping = tuple(
            hold.id
            for hold in holds
            if hold.keeps(subject, retained.record_class, retained.start, on)
        )
        status = DueStatus.KEEP
        if on > period.keep_until:
            must = period.destroy_by is not None and on > period.destroy_by
            if keeping:
                status = DueStatus.CONFLICT if must else DueStatus.HELD
            else:
                status = DueStatus.OVERDUE if must else DueStatus.EXPIRED
        fields = tuple(sorted(kept.fields))
        return Due(*subject, fields, retained, period, status, keeping)

    def report(self, *, on: date, all: bool = False) -> Table:
        """Return what is no longer under its period, or *all* records that have one."""
        rows = [
            Row(
                [
                    due.record_type,
                    due.id,
                    due.retained.record_class,
                    due.retained.start,
                    due.period.keep_until,
                    due.period.destroy_by,
                    due.status.value,
                    len(due.fields),
                    ", ".join(due.holds) or None,
                    due.period.rule.source,
                ]
            )
            for due in self.due(on=on)
            if all or due.status is not DueStatus.KEEP
        ]
        return Table("Retention", _COLUMNS, rows, subtitle=f"{self.entity}, on {on}")

    # --- erasure ---------------------------------------------------------------------

    def run(self, *, on: date, only_overdue: bool = False) -> RetentionRun:
        """Erase the texts that are no longer kept; record that in the book.

        What is ``held`` or in ``conflict`` stays.  Each erasure names the rule's source
        as its basis.  For up to a hundred texts there is a deletion record: a document
        of kind ``retention-deletion``, in the same transaction.  A run that stopped
        half-way is repeated; what was erased is not due any more.  Run one at a time.

        Args:
            on: the day by which it is due.
            only_overdue: leave what may be erased and need not be.
        """
        wanted = (DueStatus.OVERDUE,) if only_overdue else ERASABLE
        texts = [
            (due, field)
            for due in self.due(on=on)
            if due.status in wanted
            for field in due.fields
        ]
        number = len(self.ledger.documents.all(DELETION))
        deletions = []
        for at in range(0, len(texts), TEXTS_AT_ONCE):
            number += 1
            chunk = texts[at : at + TEXTS_AT_ONCE]
            document = bl.Document(DELETION, f"{number:06}", self._deletion(chunk, on))
            self.ledger.atomically(partial(self._erase, chunk, document))
            deletions.append(document.id)
        records = {(due.record_type, due.id) for due, _ in texts}
        return RetentionRun(on, len(texts), len(records), tuple(deletions))

    def _erase(self, texts: Iterable[tuple[Due, str]], document: bl.Document) -> None:
        for due, field in texts:
            self.ledger.redact(
                due.id,
                field=field,
                basis=due.period.rule.source,
                type=cast("Any", due.record_type),
            )
        self.ledger.documents.store(document)

    def _deletion(self, texts: list[tuple[Due, str]], on: date) -> dict[str, Any]:
        erased = []
        for due, pairs in groupby(texts, key=lambda pair: pair[0]):
            by = due.period.destroy_by
            erased.append(
                {
                    "class": due.retained.record_class,
                    "destroy_by": None if by is None else by.isoformat(),
                    "fields": [field for _, field in pairs],
                    "keep_until": due.period.keep_until.isoformat(),
                    "record": due.id,
                    "source": due.period.rule.source,
                    "start": due.retained.start.isoformat(),
                    "type": due.record_type,
                }
            )
        return {"entity": self.entity, "erased": erased, "on": on.isoformat()}

    def deletions(self) -> Table:
        """Return what runs have erased: type, id, class, basis and day of each text."""
        columns = [
            Column("deletion", "Deletion record"),
            Column("on", "Due on", "date"),
            Column("type", "Type"),
            Column("id", "Id"),
            Column("field", "Text"),
            Column("record_class", "Class"),
            Column("keep_until", "Kept until", "date"),
            Column("source", "Source"),
        ]
        return Table("Deletions", columns, list(self._deleted()))

    def _deleted(self) -> Iterator[Row]:
        for document in self.ledger.documents.all(DELETION):
            on = date.fromisoformat(document.content["on"])
            for item in document.content["erased"]:
                for field in item["fields"]:
                    yield Row(
                        [
                            document.id,
                            on,
                            item["type"],
                            item["record"],
                            field,
                            item["class"],
                            date.fromisoformat(item["keep_until"]),
                            item["source"],
                        ]
                    )


def _texts(record: bl.Record) -> Iterator[str]:
    """Yield the names of the texts that a record holds or held."""
    if record.type not in _ENTRY_TYPES:
        yield from record.content.get("texts", ())
        return
    if "effect" in record.content:
        for index, each in enumerate(record.content["effect"]):
            for name in each["content"].get("texts", ()):
                yield f"effect.{index}.{name}"
        return
    if record.type == "proposal":
        if "description" in record.content:
            yield "description"
        postings = record.content["postings"]
        memos = ["memo" in posting for posting in postings]
    else:
        if record.entry.description:
            yield "description"
        memos = [posting.memo is not None for posting in record.entry.postings]
    for line, is_there in enumerate(memos):
        if is_there:
            yield f"postings.{line}.memo"
