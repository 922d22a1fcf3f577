"""Rates from files of comma-separated values."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import final

import attrs

from backoffice_ledger.checks import check_instance
from backoffice_ledger.errors import InvalidAmount, InvalidDate, InvalidOption
from backoffice_ledger.fx._rates import Rate, RateKind


def _as_pairs(value: Mapping[str, tuple[str, str]]) -> Mapping[str, tuple[str, str]]:
    if not isinstance(value, Mapping):
        raise InvalidOption(
            field="pairs", expected="a mapping", found=type(value).__name__
        )
    return MappingProxyType(dict(value))


@final
@attrs.frozen(order=False, kw_only=True)
class RateColumns:
    """Where a file of rates keeps what; titles of its first line.

    Args:
        date: ISO dates, ``2026-12-31``.
        value: plain decimal numbers, ``0.9200``.
        pair: what *pairs* are looked up by, such as a country.
        pairs: code of base and of quote by the text in *pair*; rows with other texts
            are left out.

    Raises:
        InvalidOption: *pairs* is no mapping to two codes each.
    """

    date: str
    value: str
    pair: str
    pairs: Mapping[str, tuple[str, str]] = attrs.field(converter=_as_pairs)

    def __attrs_post_init__(self) -> None:
        for name in ("date", "value", "pair"):
            check_instance(getattr(self, name), str, name)
        for pair in self.pairs.values():
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise InvalidOption(
                    field="pairs", expected="(base, quote) for each", found=pair
                )


def read_rates(
    lines: Iterable[str],
    columns: RateColumns,
    *,
    source: str,
    kind: RateKind = "closing",
) -> Iterator[Rate]:
    """Yield the rates of a file, in its order.

    Args:
        lines: an open text file, or lines; the first one holds the titles.
        columns: where it keeps what.
        source: who says so, for every rate.
        kind: of every rate.

    Raises:
        InvalidOption: a column is missing.
        InvalidDate, InvalidAmount: a row that is wanted holds no ISO date or no plain
            decimal number; the message names the line.
    """
    rows = csv.DictReader(lines)
    titles = rows.fieldnames or []
    for title in (columns.date, columns.value, columns.pair):
        if title not in titles:
            raise InvalidOption(
                field="columns", expected=f"a column {title!r}", found=", ".join(titles)
            )
    for row in _rows(rows):
        pair = columns.pairs.get(row[columns.pair])
        if pair is None:
            continue
        where = f"line {rows.line_num}"
        yield Rate(
            *pair,
            _day(row[columns.date], where),
            _number(row[columns.value], where),
            source,
            kind,
        )


def _rows(rows: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise InvalidOption(
            field=f"line {rows.line_num + 1}",
            expected="comma-separated values",
            found=str(error),
        ) from error


def _day(text: str | None, where: str) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise InvalidDate(
            field=f"{where}.date", expected="an ISO date", found=text or ""
        ) from None


def _number(text: str | None, where: str) -> Decimal:
    whole, _, rest = (text or "").partition(".")
    if not (whole + rest).isascii() or not (whole + rest).isdigit():
        raise InvalidAmount(
            field=f"{where}.value", expected="a plain decimal number", found=text or ""
        )
    return Decimal(text or "")
