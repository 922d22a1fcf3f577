"""Revaluation: from positions and rates to the entry that is due. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.fx._book import plain_unit
from backoffice_ledger.fx._items import Position, signed
from backoffice_ledger.fx._policies import (
    Policy,
    counters,
    plain_policy,
    target,
)
from backoffice_ledger.fx._rates import Quote, Rounding, exact_text, shown_text
from backoffice_ledger.reports import Column, Row, Table

KIND: Final = "fx-revaluation"
"""Kind of the documents that say how an entry was calculated."""
RULE: Final = "fx.revaluation@1"
ITEMS_MAX: Final = 100
"""Items of one document, and so of one entry."""

_COLUMNS: Final = (
    Column("account", "Account"),
    Column("foreign", "Balance", "amount"),
    Column("rate", "Rate"),
    Column("rated", "Rate of"),
    Column("cost", "Cost", "amount"),
    Column("value", "At the rate", "amount"),
    Column("before", "Valuation", "amount"),
    Column("change", "Change", "amount"),
    Column("carrying", "Carried at", "amount"),
)


@final
@attrs.frozen(order=False)
class Valued:
    """A position at a rate: what it is worth, and what its valuation is to be."""

    position: Position
    quote: Quote
    value: int
    target: int

    @property
    def change(self) -> int:
        """What is to be posted to the valuation account."""
        return self.target - self.position.valuation


@final
@attrs.frozen(order=False)
class Revaluation:
    """What a revaluation posts, and why.

    Attributes:
        name: of the run.
        on: the day.
        functional: the currency of the book.
        policy: what becomes of the differences.
        rows: the positions.
    """

    name: str
    on: date
    functional: bl.Commodity
    policy: Policy
    rows: tuple[Valued, ...]

    @property
    def id(self) -> str:
        """Id of the document."""
        return f"{self.name}/{self.on}"

    @property
    def moves(self) -> bool:
        """Whether there is anything to post."""
        return any(row.change for row in self.rows)

    def parts(self) -> "Iterator[Revaluation]":
        """Yield what has something to post, in parts that a document has room for."""
        for start in range(0, len(self.rows), ITEMS_MAX):
            part = attrs.evolve(self, rows=self.rows[start : start + ITEMS_MAX])
            if part.moves:
                yield part

    def table(self) -> Table:
        """Return what each item gets."""
        amount = self._amount
        rows = [
            Row(
                [
                    row.position.item.account,
                    bl.Amount.from_minor(
                        row.position.foreign, row.position.item.commodity
                    ),
                    shown_text(row.quote.value),
                    ", ".join(f"{rate.pair} {rate.date}" for rate in row.quote.rates),
                    amount(row.position.cost),
                    amount(row.value),
                    amount(row.position.valuation),
                    amount(row.change),
                    amount(row.position.cost + row.target),
                ]
            )
            for row in self.rows
        ]
        change = sum(row.change for row in self.rows)
        return Table(
            f"Revaluation {self.name}",
            _COLUMNS,
            rows,
            subtitle=f"on {self.on}, debits are positive",
            totals={"change": bl.Balance([amount(change)])},
        )

    def entry(self, version: int, journal: str) -> bl.Entry:
        """Return the entry that books it; one line per account and direction."""
        postings: list[bl.Posting] = []
        others: dict[tuple[str, bool], int] = defaultdict(int)
        for row in self.rows:
            if not row.change:
                continue
            item = row.position.item
            postings.append(signed(item.valuation_account, self._amount(row.change)))
            before = row.position.valuation
            for path, units in counters(self.policy, before, row.target).items():
                others[path, units > 0] += units
        postings += [
            signed(path, self._amount(units))
            for (path, _), units in others.items()
            if units
        ]
        name = f"{KIND}/{self.id}/v{version}"
        return bl.Entry(
            name,
            self.on,
            postings,
            kind=bl.EntryKind.REVALUATION,
            journal=journal,
            references=[name],
            rule=RULE,
        )

    def document(self, version: int, *, reverse_next_day: bool) -> bl.Document:
        """Return the document that says what it was calculated from."""
        quotes = {row.quote.base.code: row.quote for row in self.rows}
        content = {
            "functional": plain_unit(self.functional),
            "items": [
                [
                    row.position.item.account,
                    row.quote.base.code,
                    *map(
                        str,
                        (
                            row.position.foreign,
                            row.position.cost,
                            row.position.valuation,
                            row.target,
                        ),
                    ),
                ]
                for row in self.rows
            ],
            "on": self.on.isoformat(),
            "policy": plain_policy(self.policy),
            "rates": {code: plain_quote(quote) for code, quote in quotes.items()},
            "reverse_next_day": reverse_next_day,
        }
        return bl.Document(KIND, self.id, content, version=version)

    def _amount(self, units: int) -> bl.Amount:
        return bl.Amount.from_minor(units, self.functional)


def plain_quote(quote: Quote) -> dict[str, Any]:
    """Return a rate that was used as a document holds it."""
    return {
        "documents": list(quote.documents),
        "rates": [
            [
                rate.pair,
                rate.kind,
                rate.date.isoformat(),
                exact_text(rate.value),
                rate.source,
            ]
            for rate in quote.rates
        ],
        "value": exact_text(quote.value),
    }


def value(
    positions: Iterable[Position],
    quotes: Mapping[str, Quote],
    policy: Policy,
    rounding: Rounding,
) -> tuple[Valued, ...]:
    """Return positions at rates, by the codes of their commodities."""
    valued = []
    for each in positions:
        quote = quotes[each.item.commodity.code]
        foreign = bl.Amount.from_minor(each.foreign, each.item.commodity)
        worth = quote.convert(foreign, rounding=rounding).minor_units
        unrealised = worth - each.cost
        held = target(policy, unrealised, is_short_term=each.item.is_short_term)
        valued.append(Valued(each, quote, worth, held))
    return tuple(valued)
