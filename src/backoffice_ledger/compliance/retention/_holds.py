"""What keeps records beyond their period: lawsuits, audits, open tax assessments."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date
from backoffice_ledger.compliance.retention._rules import check_name
from backoffice_ledger.errors import InvalidOption

KIND: Final = "retention-hold"


def _as_names(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise InvalidOption(field="classes", expected="a list of names", found=value)
    return tuple(sorted(check_name(name, "classes") for name in value))


def _as_records(value: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = tuple(tuple(pair) for pair in value)
    for pair in pairs:
        if len(pair) != 2:
            raise InvalidOption(
                field="records", expected="pairs of type and id", found=pair
            )
    return tuple(sorted((str(type_), str(id_)) for type_, id_ in pairs))


@final
@attrs.frozen(kw_only=True)
class LegalHold:
    """Records that nobody may erase for now, whatever their period says.

    A lawsuit or an audit (name the records), or a tax assessment that is still open, as
    AO § 147(3) sentence 5 has it (name classes and the years of their start).

    Args:
        id: of the hold.
        reason: why, with the legal source; kept for ever, so without names.
        classes: record classes; none for all.
        records: pairs of type and id, such as ``("entry", "rent-1")``; none for all.
        first: earliest day on which a period started, or None.
        last: latest one, or None.
        until: last day of the hold; None until `Retention.lift_hold`.

    Raises:
        InvalidOption: neither classes nor records, or *last* before *first*.
        InvalidDate: not dates.
    """

    id: str
    reason: str
    classes: tuple[str, ...] = attrs.field(default=(), converter=_as_names)
    records: tuple[tuple[str, str], ...] = attrs.field(
        default=(), converter=_as_records
    )
    first: date | None = None
    last: date | None = None
    until: date | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")
        check_name(self.reason, "reason")
        for field in ("first", "last", "until"):
            value = getattr(self, field)
            if value is not None:
                check_date(value, field)
        if self.first is not None and self.last is not None and self.last < self.first:
            raise InvalidOption(
                field="last", expected=f"{self.first} or later", found=self.last
            )
        if not self.classes and not self.records:
            raise InvalidOption(field="classes", expected="classes, or records")

    def keeps(
        self, subject: tuple[str, str], record_class: str, start: date, on: date
    ) -> bool:
        """Whether the record, of type and id *subject*, must be kept on *on*."""
        return (
            (self.until is None or on <= self.until)
            and (not self.classes or record_class in self.classes)
            and (not self.records or subject in self.records)
            and (self.first is None or start >= self.first)
            and (self.last is None or start <= self.last)
        )

    def content(self) -> dict[str, Any]:
        """Return what a document keeps of it."""
        days = {
            field: None if value is None else value.isoformat()
            for field in ("first", "last", "until")
            for value in (getattr(self, field),)
        }
        return {
            "classes": list(self.classes),
            "records": [list(pair) for pair in self.records],
            "reason": self.reason,
            **days,
        }

    @classmethod
    def of(cls, document: bl.Document) -> "LegalHold":
        """Return the hold that a document keeps."""
        content: Mapping[str, Any] = document.content
        days = {
            field: None
            if content[field] is None
            else date.fromisoformat(content[field])
            for field in ("first", "last", "until")
        }
        return cls(
            id=document.id,
            reason=content["reason"],
            classes=content["classes"],
            records=content["records"],
            **days,
        )
