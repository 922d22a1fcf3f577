"""From a book to its translation: what is read, and which rate each line gets."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date, check_instance
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.fx._items import balances
from backoffice_ledger.fx._rates import LookUp, Quote, RateTable, Rounding, shown_text
from backoffice_ledger.fx._translation import TranslatedLine, Translation

_RESULT: Final = (bl.AccountType.INCOME, bl.AccountType.EXPENSE)
_BALANCE: Final = (bl.AccountType.ASSET, bl.AccountType.LIABILITY)
_ONE_DAY: Final = timedelta(days=1)
_OPENING: Final = "Opening net assets"


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
    value = Fraction(0)
    if opening is not None:
        _check_opening(opening, before, (unit, target), opening_units)
        value = Fraction(opening.net_assets.decimal)
    start = TranslatedLine(_OPENING, opening_units, "as presented", value)
    if opening is None and opening_units:
        start = _term(_OPENING, opening_units, rates.quote(unit, target, before, spot))
    gains: dict[tuple[str, Fraction], int] = defaultdict(int)
    owners: list[TranslatedLine] = []
    for record in ledger.view().entries(dates=(first, last)):
        if record.phase.value == "closing":  # reversals of closing entries too
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


def _below(chart: bl.ChartOfAccounts, path: str) -> tuple[bl.Account, ...]:
    found = chart.below(path)
    return found or (chart[path],)  # raises UnknownAccount


def _term(item: str, units: int, quote: Quote) -> TranslatedLine:
    return TranslatedLine(item, units, shown_text(quote.value), quote.exact(units))


def _check_dates(dates: object) -> tuple[date, date]:
    if not isinstance(dates, tuple) or len(dates) != 2:
        raise InvalidOption(field="dates", expected="(first, last)", found=dates)
    first, last = (check_date(day, "dates") for day in dates)
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
