"""Rates kept in a book: one document for each pair, kind and year, by versions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_instance
from backoffice_ledger.errors import InvalidDocument, InvalidOption, UnknownRecord
from backoffice_ledger.fx._rates import Rate, RateTable, exact_text

KIND: Final = "fx-rates"
"""Kind of the documents that keep rates."""


@final
@attrs.frozen
class RateBook:
    """The exchange rates of a book.

    A correction is a new version of the document; what was stored before stays, and
    whoever used a rate recorded its version.

    Args:
        ledger: the book.
        name: of the set, where a book keeps several: ``"ecb"``, ``"tax-office"``.

    Raises:
        InvalidOption: a name with a slash.
    """

    _ledger: bl.Ledger
    name: str = "rates"

    def __attrs_post_init__(self) -> None:
        check_instance(self._ledger, bl.Ledger, "ledger")
        bl.Document(KIND, self.name, {})  # refuses what is no identifier
        if "/" in self.name:
            raise InvalidOption(
                field="name", expected="a name without a slash", found=self.name
            )

    def store(self, rates: Iterable[Rate]) -> tuple[bl.Document, ...]:
        """Keep rates; those that are known already change nothing.

        Another value for a pair, kind and day that is known is a correction.  All
        are kept or none.

        Returns:
            The new versions of documents.

        Raises:
            InvalidOption: two different rates of the same pair, kind and day.
            BoundExceeded: more of a year than one document holds, some thousand.
            DocumentConflict: somebody else was quicker; call again.
        """
        by_id: dict[str, list[Rate]] = defaultdict(list)
        for rate in RateTable(rates):
            by_id[self._id(rate)].append(rate)
        return self._ledger.atomically(
            lambda: tuple(
                document
                for id_, found in by_id.items()
                for document in self._stored(id_, found)
            )
        )

    def _stored(self, id: str, rates: list[Rate]) -> list[bl.Document]:
        known = self._find(id)
        old = {} if known is None else {rate.date: rate for rate in _read(known)}
        new = {**old, **{rate.date: rate for rate in rates}}
        if new == old:
            return []
        content = _write([new[day] for day in sorted(new)])
        document = bl.Document(KIND, id, content)
        if known is not None:
            document = known.revise(content)
        return [self._ledger.documents.store(document)]

    def table(self, *, years: tuple[int, int] | None = None) -> RateTable:
        """Return the rates as they stand.

        Args:
            years: only those of the first to the last of these; None for all.

        Raises:
            InvalidOption: *years* are no two years.
            InvalidDocument: a later release, or other hands, made a document.
        """
        wanted = None if years is None else _years(years)
        origins: dict[Rate, str] = {}
        for document in self._ledger.documents.all(KIND):
            name, _, rest = document.id.partition("/")
            year = rest.rpartition("/")[2]
            is_wanted = wanted is None or year in wanted
            if name == self.name and is_wanted:
                place = f"{KIND}/{document.id}/v{document.version}"
                origins.update(dict.fromkeys(_read(document), place))
        return RateTable(origins, documents=origins)

    def _find(self, id: str) -> bl.Document | None:
        try:
            return self._ledger.documents.get(KIND, id)
        except UnknownRecord:
            return None

    def _id(self, rate: Rate) -> str:
        base, quote, kind = rate.key
        return f"{self.name}/{base}/{quote}/{kind}/{rate.date.year}"


def _years(years: object) -> set[str]:
    """Return the names of the first to the last of two years."""
    known = range(bl.BOUNDS.date_min.year, bl.BOUNDS.date_max.year + 1)
    match years:
        case (int() as first, int() as last) if first in known and last in known:
            return {str(year) for year in range(first, last + 1)}
    raise InvalidOption(field="years", expected="(first, last), two years", found=years)


def plain_unit(unit: bl.Commodity) -> list[Any]:
    """Return a commodity as a document holds it."""
    return [unit.code, unit.scale]


def _write(rates: list[Rate]) -> dict[str, Any]:
    """Return the content of a document: sources once, rates by day."""
    sources = sorted({rate.source for rate in rates})
    return {
        "base": plain_unit(rates[0].base),
        "kind": rates[0].kind,
        "quote": plain_unit(rates[0].quote),
        "rates": [
            [rate.date.isoformat(), exact_text(rate.value), sources.index(rate.source)]
            for rate in rates
        ],
        "sources": sources,
    }


def _read(document: bl.Document) -> list[Rate]:
    content: Mapping[str, Any] = document.content
    try:
        base, quote = (bl.Commodity(*content[name]) for name in ("base", "quote"))
        return [
            Rate(
                base,
                quote,
                date.fromisoformat(day),
                Fraction(value),
                content["sources"][source],
                content["kind"],
            )
            for day, value, source in content["rates"]
        ]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InvalidDocument(
            f"the rates {document.id!r} are none that this release can read: {error}",
            field="document",
            expected="rates as RateBook.store() keeps them",
            found=f"version {document.version} of {document.id}",
        ) from error
