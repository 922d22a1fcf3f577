"""Schedules as documents: each version holds the terms and all changes since."""

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._changes import (
    Amendment,
    Cancellation,
    CreditNote,
    Relocation,
    Settlement,
    Usage,
)
from backoffice_ledger.accruals._schedule import Schedule, Versioned
from backoffice_ledger.accruals._span import Span
from backoffice_ledger.accruals._terms import KIND, Accrual, Deferral, Terms
from backoffice_ledger.calendars import (
    CalendarMonths,
    FiscalMonths,
    FiscalWeeks,
    SuccessiveCalendars,
    calendar_content,
    calendar_from_content,
)
from backoffice_ledger.errors import InvalidDocument

_TERMS: Final[dict[str, type[Terms]]] = {"accrual": Accrual, "deferral": Deferral}
_CHANGES: Final[dict[str, type[Any]]] = {
    "amendment": Amendment,
    "cancellation": Cancellation,
    "credit-note": CreditNote,
    "relocation": Relocation,
    "settlement": Settlement,
    "usage": Usage,
}
_OPTIONAL: Final = (
    "residual",
    "shares",
    "units",
    "style",
    "reversal",
    "booked",
    "lines",
    "exchange_account",
    "calendar",
)
"""Terms that a document holds only where they are not the usual ones."""
_DEFAULTS: Final = {
    field.name: field.default
    for field in attrs.fields(Terms)
    if field.name in _OPTIONAL
}


def _name_of(value: object, names: Mapping[str, type[Any]]) -> str:
    return next(name for name, type_ in names.items() if isinstance(value, type_))


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it; numbers without their commodity."""
    match value:
        case bl.Amount():
            return value.number
        case date():
            return value.isoformat()
        case CalendarMonths() | FiscalMonths() | FiscalWeeks() | SuccessiveCalendars():
            return calendar_content(value)
        case Span():
            return [value.first.isoformat(), value.end.isoformat()]
        case Mapping():
            return {name: str(Fraction(share)) for name, share in value.items()}
        case tuple():
            return [
                item if isinstance(item, str) else _plain_share(item) for item in value
            ]
    return value


def _plain_share(item: Any) -> Any:
    return list(item) if isinstance(item, tuple) else str(Fraction(item))


def _money(amount: bl.Amount) -> dict[str, Any]:
    return {
        "commodity": amount.commodity.code,
        "scale": amount.commodity.scale,
        "total": amount.number,
    }


def to_document(schedule: Schedule) -> bl.Document:
    """Return the document that keeps a schedule; descriptions can be erased."""
    terms = schedule.terms
    content: dict[str, Any] = {
        "end": terms.span.end.isoformat(),
        "first": terms.span.first.isoformat(),
        "from_account": terms.from_account,
        "journal": terms.journal,
        "method": terms.method,
        "to_account": terms.to_account,
        "type": _name_of(terms, _TERMS),
        **_money(terms.total),
    }
    for name in _OPTIONAL:
        value = getattr(terms, name)
        if value != _DEFAULTS[name]:
            content[name] = _plain(value)
    if terms.base is not None:
        content["base"] = _money(terms.base)
    texts = {"description": terms.description}
    if schedule.changes:
        content["changes"] = [_plain_change(each) for each in schedule.changes]
    for each in schedule.changes:
        if not isinstance(each.change, Relocation):
            texts[f"reason_{each.version}"] = each.change.reason
    personal = {name: text for name, text in texts.items() if text}
    return bl.Document(
        KIND,
        terms.id,
        content | personal,
        personal=list(personal),
        version=schedule.version,
    )


def _plain_change(versioned: Versioned) -> dict[str, Any]:
    change = versioned.change
    fields = attrs.asdict(change, recurse=False)
    return {
        "type": _name_of(change, _CHANGES),
        "version": versioned.version,
        **{
            name: _plain(value)
            for name, value in fields.items()
            if value is not None and name != "reason"
        },
    }


# --- and back ------------------------------------------------------------------------


def _unit(content: Mapping[str, Any]) -> bl.Commodity:
    return bl.Commodity(content["commodity"], content["scale"])


def _read_shares(shares: Any) -> Any:
    if isinstance(shares, Mapping):
        return {name: Fraction(share) for name, share in shares.items()}
    return tuple(map(Fraction, shares))


def _read_lines(lines: Any) -> tuple[tuple[str, str], ...]:
    return tuple((framework, line) for framework, line in lines)


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "booked": date.fromisoformat,
    "calendar": calendar_from_content,
    "date": date.fromisoformat,
    "effective": date.fromisoformat,
    "keys": tuple,
    "lines": _read_lines,
    "shares": _read_shares,
    "span": lambda days: Span.until(*map(date.fromisoformat, days)),
}
_MONEY: Final = frozenset({"accrued", "amount", "tax", "total"})


def from_document(document: bl.Document) -> Schedule:
    """Return the schedule that *document* keeps.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    content = document.content
    changes = content.get("changes", ())
    versions = [1, *(change["version"] for change in changes)]
    type_ = _TERMS.get(content.get("type", ""))
    if type_ is None or document.version != versions[-1]:
        raise InvalidDocument(
            f"the schedule {document.id!r} is none that this release can run",
            field="document",
            expected=f"version {versions[-1]} of a deferral or an accrual",
            found=f"version {document.version} of a {content.get('type')}",
        )
    optional = {
        name: _READ.get(name, _same)(content[name])
        for name in _OPTIONAL
        if name in content
    }
    if "base" in content:
        base = content["base"]
        optional["base"] = bl.Amount(base["total"], _unit(base))
    terms = type_(
        document.id,
        bl.Amount(content["total"], _unit(content)),
        Span.until(
            date.fromisoformat(content["first"]), date.fromisoformat(content["end"])
        ),
        content["method"],
        content["from_account"],
        content["to_account"],
        description=content.get("description", ""),
        journal=content["journal"],
        **optional,
    )
    read = tuple(_read_change(change, terms, content) for change in changes)
    return Schedule(terms, read, document.version)


def _same(value: Any) -> Any:
    return value


def _read_change(
    change: Mapping[str, Any], terms: Terms, content: Mapping[str, Any]
) -> Versioned:
    fields: dict[str, Any] = {}
    for name, value in change.items():
        if name in _MONEY:
            fields[name] = bl.Amount(value, terms.total.commodity)
        elif name == "base" and terms.base is not None:
            fields[name] = bl.Amount(value, terms.base.commodity)
        else:
            fields[name] = _READ.get(name, _same)(value)
    version = fields.pop("version")
    type_ = _CHANGES[fields.pop("type")]
    reason = content.get(f"reason_{version}", "")
    if type_ is not Relocation and reason:
        fields["reason"] = reason
    return Versioned(version, type_(**fields))
