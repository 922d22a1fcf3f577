"""Calendars as JSON content: what a book keeps of its calendar."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

import attrs

from backoffice_ledger.calendars._fiscal import FiscalMonths, FiscalWeeks, FiscalYear
from backoffice_ledger.calendars._fiscal_successive import SuccessiveCalendars
from backoffice_ledger.calendars._months import CalendarMonths
from backoffice_ledger.errors import InvalidDocument, InvalidOption

BookCalendar = (
    CalendarMonths | FiscalMonths | FiscalWeeks | FiscalYear | SuccessiveCalendars
)
"""Calendars that a book can keep."""

_KINDS: Final[dict[str, type[Any]]] = {
    "calendar-months": CalendarMonths,
    "fiscal-months": FiscalMonths,
    "fiscal-weeks": FiscalWeeks,
    "fiscal-year": FiscalYear,
    "successive": SuccessiveCalendars,
}
_NAMES: Final = {type_: name for name, type_ in _KINDS.items()}
_VERSION: Final = 1


def calendar_content(calendar: object) -> dict[str, Any]:
    """Return a calendar as JSON content, with a kind and a version.

    Raises:
        InvalidOption: it is none of the calendars of this library, so that no other
            program could rebuild it.
    """
    kind = _NAMES.get(type(calendar))
    if kind is None:
        raise InvalidOption(
            field="calendar",
            expected="a calendar of this library",
            found=type(calendar).__name__,
        )
    fields = {
        field.name: getattr(calendar, field.name)
        for field in attrs.fields(_KINDS[kind])
        if not field.name.startswith("_")
    }
    content = {name: _plain(value) for name, value in fields.items()}
    return {**content, "kind": kind, "version": _VERSION}


def _plain(value: object) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return calendar_content(value) if type(value) in _NAMES else value


def calendar_from_content(content: Mapping[str, Any]) -> BookCalendar:
    """Return the calendar that `calendar_content` made content of.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    type_ = _KINDS.get(content.get("kind", ""))
    if type_ is None or content.get("version") != _VERSION:
        raise InvalidDocument(
            field="calendar",
            expected="a calendar that this release knows",
            found=f"{content.get('kind')}, version {content.get('version')}",
        )
    fields = {
        name: _READ.get(name, _same)(value)
        for name, value in content.items()
        if name not in ("kind", "version")
    }
    calendar: BookCalendar = type_(**fields)
    return calendar


def _same(value: Any) -> Any:
    return value


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "changes": lambda pairs: [
        (date.fromisoformat(day), calendar_from_content(each)) for day, each in pairs
    ],
    "first": calendar_from_content,
    "last": date.fromisoformat,
    "starts": lambda days: tuple(map(date.fromisoformat, days)),
}
