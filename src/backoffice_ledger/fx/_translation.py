"""A translation: a book in its presentation currency, with the proof."""

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.fx._rates import Quote, Rounding
from backoffice_ledger.reports import Column, Row, Table

_COLUMNS: Final = (
    Column("item", "Item"),
    Column("functional", "Functional", "amount"),
    Column("rate", "Rate"),
    Column("presented", "Presented", "amount"),
)
_PROOF_COLUMNS: Final = (
    Column("item", "Item"),
    Column("functional", "Functional", "amount"),
    Column("rate", "Rate"),
    Column("presented", "Presented", "amount"),
    Column("closing", "At the closing rate", "amount"),
    Column("difference", "Difference", "amount"),
)


@final
@attrs.frozen(order=False)
class TranslatedLine:
    """One amount at one rate; assets, gains and contributions are positive.

    Attributes:
        item: the account, or what it is.
        units: minor units of the functional currency.
        rate: as it is shown.
        value: whole units of the presentation currency, not rounded.
    """

    item: str
    units: int
    rate: str
    value: Fraction


@final
@attrs.frozen(order=False)
class Translation:
    """A book in its presentation currency, for a span of days.

    Attributes:
        dates: first and last day.
        functional: the currency of the book.
        presentation: the currency that it is presented in.
        closing: the rate of the last day.
        balances: assets and liabilities, the latter negative, at the closing rate.
        opening: net assets before the span as they were presented then.
        result: income and expenses, the latter negative.
        movements: what owners gave and took.
        rounding: of each amount that is shown.
    """

    dates: tuple[date, date]
    functional: bl.Commodity
    presentation: bl.Commodity
    closing: Quote
    balances: tuple[TranslatedLine, ...]
    opening: TranslatedLine
    result: tuple[TranslatedLine, ...]
    movements: tuple[TranslatedLine, ...]
    rounding: Rounding

    @property
    def net_assets(self) -> bl.Amount:
        """Assets less liabilities on the last day, at the closing rate."""
        return self._sum(self.balances)

    @property
    def translation_difference(self) -> bl.Amount:
        """What makes the translated balance sheet balance: the CTA of the span.

        It goes to other comprehensive income (IAS 21).
        """
        return self.net_assets - self._sum(self._explained())

    @property
    def roll_forward(self) -> Fraction:
        """The same by the roll-forward, exact, in whole units.

        Opening net assets, result and movements, each times the closing rate less its
        own rate.
        """
        return sum((self._effect(term) for term in self._explained()), Fraction(0))

    def balance_sheet(self) -> Table:
        """Return assets, liabilities and equity as they are presented."""
        difference = self.translation_difference
        result = bl.Amount.from_minor(
            sum(t.units for t in self.result), self.functional
        )
        none = bl.Amount.from_minor(0, self.functional)
        rows = [self._row(term) for term in self.balances]
        rows += [
            Row(
                [None, self._units(self.balances), None, self.net_assets],
                role="total",
                caption="Net assets",
            ),
            self._row(self.opening),
            Row(["Result", result, None, self._sum(self.result)]),
            *(self._row(term) for term in self.movements),
            Row(["Translation difference", none, None, difference]),
            Row(
                [None, self._units(self._explained()), None, self.net_assets],
                role="total",
                caption="Equity",
            ),
        ]
        return Table(
            "Translated balance sheet",
            _COLUMNS,
            rows,
            subtitle=self._subtitle(),
            totals={
                "net_assets": bl.Balance([self.net_assets]),
                "translation_difference": bl.Balance([difference]),
            },
        )

    def income_statement(self) -> Table:
        """Return income and expenses as they are presented."""
        rows = [self._row(term) for term in self.result]
        total = self._sum(self.result)
        rows.append(
            Row(
                [None, self._units(self.result), None, total],
                role="total",
                caption="Result",
            )
        )
        return Table(
            "Translated income statement",
            _COLUMNS,
            rows,
            subtitle=self._subtitle(),
            totals={"result": bl.Balance([total])},
        )

    def proof(self) -> Table:
        """Return the roll-forward from opening to closing net assets.

        Each line at its own rate, at the closing rate, and the difference; the
        differences sum to the translation difference, up to the rounding of lines,
        which has a line of its own.
        """
        rows = []
        shown = self._amount(Fraction(0))
        for term in self._explained():
            effect = self._amount(self._effect(term))
            shown += effect
            rows.append(
                Row(
                    [
                        term.item,
                        bl.Amount.from_minor(term.units, self.functional),
                        term.rate,
                        self._amount(term.value),
                        self._amount(self.closing.exact(term.units)),
                        effect,
                    ]
                )
            )
        difference = self.translation_difference
        if shown != difference:
            rest = difference - shown
            rows.append(Row(["Rounding", None, None, None, None, rest]))
        rows.append(
            Row(
                [
                    None,
                    self._units(self._explained()),
                    None,
                    self._sum(self._explained()),
                    self.net_assets,
                    difference,
                ],
                role="total",
                caption="Net assets",
            )
        )
        return Table(
            "Proof of the translation difference",
            _PROOF_COLUMNS,
            rows,
            subtitle=self._subtitle(),
            totals={
                "net_assets": bl.Balance([self.net_assets]),
                "translation_difference": bl.Balance([difference]),
            },
        )

    def _explained(self) -> tuple[TranslatedLine, ...]:
        return (self.opening, *self.result, *self.movements)

    def _effect(self, term: TranslatedLine) -> Fraction:
        return self.closing.exact(term.units) - term.value

    def _amount(self, value: Fraction) -> bl.Amount:
        return bl.Amount.rounded(value, self.presentation, rounding=self.rounding)

    def _sum(self, terms: Iterable[TranslatedLine]) -> bl.Amount:
        """Return the sum of the amounts that are shown."""
        zero = bl.Amount.from_minor(0, self.presentation)
        return sum((self._amount(term.value) for term in terms), start=zero)

    def _units(self, terms: Iterable[TranslatedLine]) -> bl.Amount:
        units = sum(term.units for term in terms)
        return bl.Amount.from_minor(units, self.functional)

    def _row(self, term: TranslatedLine) -> Row:
        units = bl.Amount.from_minor(term.units, self.functional)
        return Row([term.item, units, term.rate, self._amount(term.value)])

    def _subtitle(self) -> str:
        first, last = self.dates
        return f"{self.functional.code} to {self.presentation.code}, {first} to {last}"
