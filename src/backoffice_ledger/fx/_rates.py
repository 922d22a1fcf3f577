"""Exchange rates: exact, dated, of a named source; tables of them and look-ups."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date, check_instance
from backoffice_ledger.errors import InvalidOption, RateMissing
from backoffice_ledger.fx._checks import exact_rate

RateKind = Literal["closing", "average", "mid", "transaction"]
"""What a rate is: of the end of a day, the mean of a span that begins on its date, the
middle of the spot prices for buying and selling, or one that was dealt at."""

Rounding = Literal["half-even", "half-up", "down", "up", "floor", "ceiling"]
"""How an amount is rounded to its commodity's scale; see `Amount.rounded`."""

DAYS_BACK_MAX: Final = 3_660
"""How far a look-up may be allowed to go back, in days: ten years."""

Pair = tuple[str, str, str]
"""Code of the base, code of the quote, kind."""


def _as_commodity(value: bl.Commodity | str) -> bl.Commodity:
    return bl.Commodity.of(value)


def _as_rate(value: Decimal | Fraction | int) -> Fraction:
    return exact_rate(value, "value")


@final
@attrs.frozen(order=False)
class Rate:
    """What one unit of a commodity costs in another, on a day, by a source.

    >>> Rate("USD", "EUR", date(2026, 12, 31), Decimal("0.92"), "our bank").pair
    'USD/EUR'

    Args:
        base: of which one unit is priced, a `Commodity` or its code.
        quote: in which it is priced.
        date: the day; the first day of the span, for an average.
        value: units of *quote* for one unit of *base*: Decimal, int or Fraction,
            more than zero.
        source: who says so, such as ``"ECB reference rates"``.
        kind: see `RateKind`.

    Raises:
        InexactNumber: a float.
        InvalidAmount: not a number more than zero.
        InvalidOption: an unknown kind, or a commodity priced in itself.
        UnknownCommodity, InvalidDate, InvalidIdentifier, BoundExceeded: the field
            named in the error is wrong.
    """

    base: bl.Commodity = attrs.field(converter=_as_commodity)
    quote: bl.Commodity = attrs.field(converter=_as_commodity)
    date: date
    value: Fraction = attrs.field(converter=_as_rate)
    source: str
    kind: RateKind = "closing"

    def __attrs_post_init__(self) -> None:
        check_date(self.date, "date")
        check_choice(self.kind, RateKind, "kind")
        if self.base.code == self.quote.code:
            raise InvalidOption(
                field="quote", expected="another commodity", found=self.quote.code
            )
        bl.Document("rate", self.source, {})  # refuses what is no identifier

    @property
    def pair(self) -> str:
        """Base and quote as the market writes them: ``USD/EUR``."""
        return f"{self.base.code}/{self.quote.code}"

    @property
    def key(self) -> Pair:
        """What a table finds it by, besides its date."""
        return self.base.code, self.quote.code, self.kind


def exact_text(value: Fraction) -> str:
    """Return a positive number as a decimal, or as a fraction where none ends.

    >>> exact_text(Fraction(23, 25)), exact_text(Fraction(25, 23))
    ('0.92', '25/23')
    """
    rest, powers = value.denominator, {2: 0, 5: 0}
    for prime in powers:
        while rest % prime == 0:
            rest //= prime
            powers[prime] += 1
    places = max(powers.values())
    if rest != 1 or not places:
        return str(value)
    digits = str(int(value * 10**places)).zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}"


def shown_text(value: Fraction) -> str:
    """Return a rate as people read it: ten decimal places where it does not end."""
    text = exact_text(value)
    if "/" not in text:
        return text
    return exact_text(Fraction(int(value * 10**10), 10**10)) + "..."


@final
@attrs.frozen(order=False)
class LookUp:
    """Which rate stands for a pair on a day.

    The pair itself comes first, then its inverse, then the way through a third
    currency; the latter two only if they are asked for.

    Args:
        kind: of the rates, see `RateKind`.
        days_back_max: how many days old a rate may be; 0 wants one of the day itself.
        inverse: whether EUR/USD may stand for USD/EUR, as 1 / rate, exactly.
        through: the code of a currency for crosses, or None for none.

    Raises:
        InvalidOption: the field named in the error is wrong.
    """

    kind: RateKind = "closing"
    days_back_max: int = attrs.field(default=0, kw_only=True)
    inverse: bool = attrs.field(default=False, kw_only=True)
    through: str | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_choice(self.kind, RateKind, "kind")
        days = self.days_back_max
        if type(days) is not int or not 0 <= days <= DAYS_BACK_MAX:
            raise InvalidOption(
                field="days_back_max",
                expected=f"an int from 0 to {DAYS_BACK_MAX}",
                found=days,
            )
        check_instance(self.inverse, bool, "inverse")
        if self.through is not None:
            check_instance(self.through, str, "through")


@final
@attrs.frozen(order=False)
class Quote:
    """The answer to a look-up: a rate, exact, and what it was made of.

    Attributes:
        base: of which one unit is priced.
        quote: in which it is priced.
        value: units of *quote* for one unit of *base*.
        rates: the rates that were used: one, or two for a cross; none for a
            commodity in itself.
        documents: the documents that keep these rates, with their versions, where
            the table was read from a book.
    """

    base: bl.Commodity
    quote: bl.Commodity
    value: Fraction
    rates: tuple[Rate, ...] = ()
    documents: tuple[str, ...] = ()

    def convert(
        self, amount: bl.Amount, *, rounding: Rounding = "half-up"
    ) -> bl.Amount:
        """Return an amount of the base in the quote, rounded once.

        Raises:
            InvalidOption: the amount is not of the base, or no such rounding.
        """
        if amount.commodity != self.base:
            raise InvalidOption(
                field="amount", expected=f"an amount of {self.base.code}", found=amount
            )
        return bl.Amount.rounded(
            self.exact(amount.minor_units), self.quote, rounding=rounding
        )

    def exact(self, minor_units: int) -> Fraction:
        """Return minor units of the base in whole units of the quote, not rounded."""
        return Fraction(minor_units, 10**self.base.scale) * self.value


def _as_rates(value: Iterable[Rate]) -> tuple[Rate, ...]:
    unique = {check_instance(rate, Rate, "rates") for rate in value}
    return tuple(sorted(unique, key=_order))


def _as_documents(value: Mapping[Rate, str]) -> Mapping[Rate, str]:
    return MappingProxyType(dict(value))


def _order(rate: Rate) -> tuple[Pair, date]:
    return rate.key, rate.date


def _index(table: "RateTable") -> dict[Pair, tuple[list[date], list[Rate]]]:
    """Return days and rates by pair, both in the order of days."""
    by_pair: dict[Pair, tuple[list[date], list[Rate]]] = {}
    for rate in table.rates:
        days, rates = by_pair.setdefault(rate.key, ([], []))
        if days and days[-1] == rate.date:
            raise InvalidOption(
                f"two {rate.kind} rates of {rate.pair} on {rate.date}",
                field="rates",
                expected="one for each pair, kind and day",
                found=rate.value,
            )
        days.append(rate.date)
        rates.append(rate)
    return by_pair


@final
@attrs.frozen(order=False, repr=False)
class RateTable:
    """Rates by pair, kind and day; it never changes.

    Args:
        rates: at most one for each pair, kind and day; the same one twice is one.
        documents: the document and version that keeps a rate, where it is of a book.

    Raises:
        InvalidOption: two different rates of the same pair, kind and day.
    """

    rates: tuple[Rate, ...] = attrs.field(default=(), converter=_as_rates)
    documents: Mapping[Rate, str] = attrs.field(
        factory=dict, converter=_as_documents, eq=False, kw_only=True
    )
    _by_pair: Mapping[Pair, tuple[list[date], list[Rate]]] = attrs.field(
        init=False, eq=False, default=attrs.Factory(_index, takes_self=True)
    )

    def __len__(self) -> int:
        return len(self.rates)

    def __iter__(self) -> Iterator[Rate]:
        return iter(self.rates)

    def __repr__(self) -> str:
        return f"<RateTable of {len(self)} rates>"

    def quote(
        self,
        base: bl.Commodity | str,
        quote: bl.Commodity | str,
        on: date,
        look_up: LookUp | None = None,
    ) -> Quote:
        """Return the rate of a pair on a day.

        >>> friday = Rate("EUR", "USD", date(2026, 1, 2), Decimal("1.25"), "our bank")
        >>> look_up = LookUp(days_back_max=3, inverse=True)
        >>> RateTable([friday]).quote("USD", "EUR", date(2026, 1, 5), look_up).value
        Fraction(4, 5)

        Args:
            base: of which one unit is priced.
            quote: in which it is priced.
            on: the day.
            look_up: which rates may stand for it; None for a closing rate of the pair
                and the day itself.

        Raises:
            RateMissing: there is none.
            InvalidDate: *on* is no date.
        """
        wanted = LookUp() if look_up is None else look_up
        check_instance(wanted, LookUp, "look_up")
        check_date(on, "on")
        unit, price = bl.Commodity.of(base), bl.Commodity.of(quote)
        if unit == price:
            return Quote(unit, price, Fraction(1))
        found = self._direct(unit.code, price.code, on, wanted)
        if found is None and wanted.through is not None:
            found = self._crossed(unit.code, price.code, on, wanted, wanted.through)
        if found is None:
            raise self._missing(unit.code, price.code, on, wanted)
        value, rates = found
        kept = tuple(self.documents[each] for each in rates if each in self.documents)
        return Quote(unit, price, value, rates, kept)

    def _direct(
        self, base: str, quote: str, on: date, wanted: LookUp
    ) -> tuple[Fraction, tuple[Rate, ...]] | None:
        rate = self._latest((base, quote, wanted.kind), on, wanted.days_back_max)
        if rate is not None:
            return rate.value, (rate,)
        if wanted.inverse:
            rate = self._latest((quote, base, wanted.kind), on, wanted.days_back_max)
        return None if rate is None else (1 / rate.value, (rate,))

    def _crossed(
        self, base: str, quote: str, on: date, wanted: LookUp, through: str
    ) -> tuple[Fraction, tuple[Rate, ...]] | None:
        first = self._direct(base, through, on, wanted)
        second = self._direct(through, quote, on, wanted)
        if first is None or second is None:
            return None
        return first[0] * second[0], first[1] + second[1]

    def _latest(self, pair: Pair, on: date, days_back_max: int) -> Rate | None:
        days, rates = self._by_pair.get(pair, ((), ()))
        index = bisect_right(days, on) - 1
        if index < 0 or (on - days[index]).days > days_back_max:
            return None
        return rates[index]

    def _missing(self, base: str, quote: str, on: date, wanted: LookUp) -> RateMissing:
        when = f"on {on}"
        if wanted.days_back_max:
            when += f" or up to {wanted.days_back_max} days before"
        ways = ", or its inverse" if wanted.inverse else ""
        if wanted.through is not None:
            ways += f", or a cross through {wanted.through}"
        last = self._latest((base, quote, wanted.kind), on, DAYS_BACK_MAX)
        return RateMissing(
            field="rate",
            expected=f"a {wanted.kind} rate of {base}/{quote} {when}{ways}",
            found="none" if last is None else f"one of {last.date}",
        )
