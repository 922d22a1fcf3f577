"""Translation of a book to a presentation currency, with its proof."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, NamedTuple, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.fx._checks import check_choice, check_day, check_instance
from backoffice_ledger.fx._items import balances
from backoffice_ledger.fx._rates import LookUp, Quote, RateTable, Rounding, shown_text
from backoffice_ledger.reports import Column, Row, Table

_RESULT: Final = (bl.AccountType.INCOME, bl.AccountType.EXPENSE)
_ONE_DAY: Final = timedelta(days=1)

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


class TranslatedLine(NamedTuple):
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


def translate(
    ledger: bl.Ledger,
    dates: tuple[date, date],
    *,
    functional: bl.Commodity | str,
    presentation: bl.Commodity | str,
    rates: RateTable,
    closing: LookUp | None = None,
    result: LookUp | None = None,
    opening: Translation | None = None,
    trading_accounts: Iterable[str] = (),
    rounding: Rounding = "half-up",
) -> Translation:
    """Translate a book: assets and liabilities at closing, the result at average rates.

    Closing entries of the span are left out.  Equity is not translated anew: opening
    net assets stay as they were presented, and what owners gave or took is translated
    at the rate of its day.

    Args:
        ledger: the book.
        dates: first and last day of the span.
        functional: the currency of the book.
        presentation: the currency to translate it to.
        rates: of *functional* in *presentation*.
        closing: which rate stands for a day; it is used for the last day, for the day
            before the first, and for the days on which owners gave or took something.
        result: which rate stands for income and expenses of a day.  An average is
            dated the first day of its span, so that
            ``LookUp("average", days_back_max=30)`` finds that of the month; None takes
            the closing rate of the day, as for transactions.
        opening: the translation of the span before; None translates the opening net
            assets at the rate of the day before the first, as for a subsidiary that
            was acquired then.
        trading_accounts: those of type equity, with what is below them, that stand
            for foreign assets and liabilities: cost and valuation accounts.
        rounding: of each line.

    Raises:
        RateMissing: there is no rate for a day that needs one.
        InvalidOption: *opening* does not end on the day before, or is of other
            currencies or other net assets; or another argument is not allowed.
        UnknownAccount: the book does not have a trading account.
        InvalidDate: *dates* are no dates, or reversed.
    """
    check_instance(ledger, bl.Ledger, "ledger")
    check_instance(rates, RateTable, "rates")
    check_choice(rounding, Rounding, "rounding")
    first, last = _check_dates(dates)
    unit, target = bl.Commodity.of(functional), bl.Commodity.of(presentation)
    spot = LookUp() if closing is None else closing
    book = _Book(ledger, unit, frozenset(trading_accounts))
    before = first - _ONE_DAY
    closing_quote = rates.quote(unit, target, last, spot)
    opening_units = sum(book.net_assets(before).values())
    if opening is not None:
        _check_opening(opening, before, (unit, target), opening_units)
        value = Fraction(opening.net_assets.decimal)
        start = TranslatedLine(
            "Opening net assets", opening_units, "as presented", value
        )
    elif opening_units:
        quote = rates.quote(unit, target, before, spot)
        start = _term("Opening net assets", opening_units, quote)
    else:
        start = TranslatedLine("Opening net assets", 0, "", Fraction(0))
    gains: dict[tuple[str, Fraction], int] = defaultdict(int)
    owners: list[TranslatedLine] = []
    for record in ledger.view().entries(dates=(first, last)):
        if record.entry.kind is bl.EntryKind.CLOSING:
            continue
        in_result, in_equity = book.effects(record.entry)
        day = record.entry.date
        if in_result:
            quote = rates.quote(unit, target, day, result or spot)
            for path, units in in_result.items():
                gains[path, quote.value] += units
        if in_equity:
            quote = rates.quote(unit, target, day, spot)
            owners += [
                _term(f"{path} {day}", units, quote)
                for path, units in in_equity.items()
            ]
    return Translation(
        (first, last),
        unit,
        target,
        closing_quote,
        tuple(
            _term(path, units, closing_quote)
            for path, units in book.net_assets(last).items()
        ),
        start,
        tuple(
            TranslatedLine(
                path, units, shown_text(rate), Fraction(units, 10**unit.scale) * rate
            )
            for (path, rate), units in sorted(gains.items())
            if units
        ),
        tuple(owners),
        rounding,
    )


class _Book:
    """The accounts of a book by what they are to a translation."""

    def __init__(
        self, ledger: bl.Ledger, unit: bl.Commodity, trading: frozenset[str]
    ) -> None:
        self._ledger = ledger
        self._unit = unit
        chart = ledger.accounts.all()
        carrying = {each.path for path in trading for each in _below(chart, path)}
        self._types = {
            path: bl.AccountType.ASSET if path in carrying else account.type
            for path, account in chart.items()
        }

    def net_assets(self, on: date) -> dict[str, int]:
        """Return assets and liabilities, the latter negative, by account."""
        return {
            path: units
            for path, code, units in balances(self._ledger.view(as_of=on))
            if units and code == self._unit.code and self._types[path] in _BALANCE
        }

    def effects(self, entry: bl.Entry) -> tuple[dict[str, int], dict[str, int]]:
        """Return what an entry adds to the result and to equity, by account."""
        result: dict[str, int] = defaultdict(int)
        equity: dict[str, int] = defaultdict(int)
        for posting in entry.postings:
            if posting.amount.commodity != self._unit:
                continue
            kind = self._types[posting.account]
            if kind in _RESULT:
                result[posting.account] -= posting.signed.minor_units
            elif kind is bl.AccountType.EQUITY:
                equity[posting.account] -= posting.signed.minor_units
        return (
            {path: units for path, units in result.items() if units},
            {path: units for path, units in equity.items() if units},
        )


_BALANCE: Final = (bl.AccountType.ASSET, bl.AccountType.LIABILITY)


def _below(chart: bl.ChartOfAccounts, path: str) -> tuple[bl.Account, ...]:
    found = chart.below(path)
    return found or (chart[path],)  # raises UnknownAccount


def _term(item: str, units: int, quote: Quote) -> TranslatedLine:
    return TranslatedLine(item, units, shown_text(quote.value), quote.exact(units))


def _check_dates(dates: object) -> tuple[date, date]:
    if not isinstance(dates, tuple) or len(dates) != 2:
        raise InvalidOption(field="dates", expected="(first, last)", found=dates)
    first, last = (check_day(day, "dates") for day in dates)
    if last < first:
        raise InvalidOption(field="dates", expected=f"{first} or later", found=last)
    return first, last


def _check_opening(
    opening: object,
    before: date,
    currencies: tuple[bl.Commodity, bl.Commodity],
    units: int,
) -> None:
    """Check that a translation ends where the next one begins.

    Raises:
        InvalidOption: it does not.
    """
    earlier = check_instance(opening, Translation, "opening")
    found = earlier.dates[1], earlier.functional, earlier.presentation
    if found != (before, *currencies):
        raise InvalidOption(
            field="opening",
            expected=f"one of {currencies[0].code} to {currencies[1].code} "
            f"that ends on {before}",
            found=f"{found[1].code} to {found[2].code}, to {found[0]}",
        )
    held = sum(term.units for term in earlier.balances)
    if held != units:
        raise InvalidOption(
            "something was posted to the span before since it was translated",
            field="opening",
            expected=f"net assets of {bl.Amount.from_minor(units, currencies[0])}",
            found=bl.Amount.from_minor(held, currencies[0]),
        )
