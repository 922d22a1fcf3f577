"""Depreciation: what an asset loses in value, fiscal year by fiscal year."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import (
    Number,
    as_amount,
    check_choice,
    check_date,
    check_flag,
    exact_number,
)
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest._checks import (
    PERIODS_MAX,
    amount_like,
    check_count,
    check_list,
    check_positive,
    check_range,
)
from backoffice_ledger.interest._dates import add_months
from backoffice_ledger.interest._rounding import differences, round_ratio

DepreciationMethod = Literal["straight-line", "declining", "sum-of-digits"]
"""How an asset is written off."""
FirstYear = Literal[
    "full-year", "full-month", "half-month", "half-year", "mid-quarter", "days"
]
"""How much of the first fiscal year counts."""

_ONE_DAY: Final = timedelta(days=1)
_HALF: Final = Fraction(1, 2)


@final
@attrs.frozen(order=False)
class DepreciationLine:
    """A fiscal year of a depreciation; ``opening - amount == closing``.

    Attributes:
        year: 1 for the first.
        first: first day in use in this fiscal year.
        last: last day of the fiscal year.
        months: how much of the life falls into it.
        opening: book value before.
        amount: what is written off.
        closing: book value after.
    """

    year: int
    first: date
    last: date
    months: Fraction
    opening: bl.Amount
    amount: bl.Amount
    closing: bl.Amount


@final
@attrs.frozen(order=False)
class UsageLine:
    """A period of a depreciation by use; ``opening - amount == closing``.

    Attributes:
        period: 1 for the first.
        units: used in it.
        opening: book value before.
        amount: what is written off.
        closing: book value after.
    """

    period: int
    units: Fraction
    opening: bl.Amount
    amount: bl.Amount
    closing: bl.Amount


def _cost(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "cost")


def _residual(value: bl.Amount | str | None) -> bl.Amount | None:
    return None if value is None else as_amount(value, "residual")


def _yearly_rate(value: Number | None) -> Fraction | None:
    return None if value is None else exact_number(value, "yearly_rate")


def _base(cost: bl.Amount, residual: bl.Amount | None) -> int:
    """Return the minor units to be written off; check the two amounts."""
    check_positive(cost, "cost")
    kept = amount_like(residual, cost, "residual")
    check_range(kept, 0, cost.minor_units - 1, "residual")
    return cost.minor_units - kept.minor_units


@final
@attrs.frozen(order=False)
class Depreciation:
    """The terms on which an asset is written off over its life.

    * ``straight-line``: the same for every month.
    * ``declining``: *yearly_rate* of the book value; with *switch* to straight-line
      over the rest of the life as soon as that is more.
    * ``sum-of-digits``: in the proportion 5, 4, 3, 2, 1 for five years.

    How much of the first fiscal year counts is decided by *first_year*:

    * ``full-year`` or ``half-year``, whenever the asset was put into use.
    * ``full-month`` counts the month of putting into use whole, ``half-month`` half.
    * ``mid-quarter`` counts from the middle of the quarter.
    * ``days`` counts the days left over the days of the fiscal year.

    >>> machine = Depreciation(
    ...     cost="100000.00 EUR",
    ...     life_months=60,
    ...     in_use=date(2025, 7, 1),
    ...     method="declining",
    ...     first_year="full-month",
    ...     yearly_rate="0.30",
    ...     switch=True,
    ... )
    >>> [line.amount.number for line in machine.schedule()]
    ['15000.00', '25500.00', '17850.00', '16660.00', '16660.00', '8330.00']

    Args:
        cost: what is written off, and what is left: an `Amount` or text; above zero.
        life_months: the useful life in months, from 1 to 1,200.
        in_use: the day from which the asset can be used.
        method: ``straight-line``, ``declining`` or ``sum-of-digits``.
        first_year: how much of the first fiscal year counts.
        residual: what is left at the end; nothing, if it is left out.
        yearly_rate: of the declining method, above 0 and not above 1: twice the
            straight-line rate of five years is ``Fraction(2, 5)``.
        switch: of the declining method, must be said there.
        fiscal_year_start: the month in which fiscal years begin, 1 for January.

    Raises:
        InvalidOption: the argument named in the error is missing, makes no sense with
            the others, or is none of the choices.
        CommodityMismatch: the amounts are of several commodities.
        InexactNumber, InvalidAmount, InvalidDate, UnknownCommodity, BoundExceeded: the
            argument named in the error is wrong.
    """

    cost: bl.Amount = attrs.field(converter=_cost)
    life_months: int
    in_use: date
    method: DepreciationMethod
    first_year: FirstYear
    residual: bl.Amount | None = attrs.field(
        default=None, kw_only=True, converter=_residual
    )
    yearly_rate: Fraction | None = attrs.field(
        default=None, kw_only=True, converter=_yearly_rate
    )
    switch: bool | None = attrs.field(default=None, kw_only=True)
    fiscal_year_start: int = attrs.field(default=1, kw_only=True)

    def __attrs_post_init__(self) -> None:
        _base(self.cost, self.residual)
        check_count(self.life_months, "life_months", 1, PERIODS_MAX)
        check_date(self.in_use, "in_use")
        check_choice(self.method, DepreciationMethod, "method")
        check_choice(self.first_year, FirstYear, "first_year")
        check_count(self.fiscal_year_start, "fiscal_year_start", 1, 12)
        if self.method == "declining":
            self._check_declining()
        for name in ("yearly_rate", "switch"):
            if self.method != "declining" and getattr(self, name) is not None:
                raise InvalidOption(
                    field=name,
                    expected=f"nothing, since the method is {self.method}",
                    found=getattr(self, name),
                )
        if self.method == "sum-of-digits" and self.life_months % 12:
            raise InvalidOption(
                field="life_months",
                expected="whole years, since the method is sum-of-digits",
                found=self.life_months,
            )

    def _check_declining(self) -> None:
        if self.yearly_rate is None or not 0 < self.yearly_rate <= 1:
            raise InvalidOption(
                field="yearly_rate",
                expected="a rate above 0, at most 1",
                found=self.yearly_rate,
            )
        check_flag(self.switch, "switch")

    def schedule(self) -> tuple[DepreciationLine, ...]:
        """Return a line for each fiscal year; the last one closes at the residual.

        What is written off to date is exact, and rounded half away from zero, never
        the amount of a year.

        Raises:
            BoundExceeded: the life ends after `Bounds.date_max`.
        """
        years = self._months()
        to_date = _METHODS[self.method](self, years)
        first, opening, lines = self.in_use, self.cost, []
        next_year = self._next_fiscal_year()
        for year, (months, units) in enumerate(
            zip(years, differences(to_date), strict=True), 1
        ):
            last = check_date(next_year - _ONE_DAY, "life_months")
            amount = bl.Amount.from_minor(units, self.cost.commodity)
            closing = opening - amount
            lines.append(
                DepreciationLine(year, first, last, months, opening, amount, closing)
            )
            first, next_year = next_year, add_months(next_year, 12)
            opening = closing
        return tuple(lines)

    def _next_fiscal_year(self) -> date:
        begins = date(self.in_use.year, self.fiscal_year_start, 1)
        return begins if self.in_use < begins else add_months(begins, 12)

    def _months(self) -> list[Fraction]:
        """Return how many months of the life fall into each fiscal year."""
        rest = Fraction(self.life_months)
        months = [min(self._first_months(), rest)]
        rest -= months[0]
        while rest:
            months.append(min(Fraction(12), rest))
            rest -= months[-1]
        return months

    def _first_months(self) -> Fraction:
        """Return how many months of the first fiscal year count."""
        begun = (self.in_use.month - self.fiscal_year_start) % 12
        match self.first_year:
            case "full-year":
                return Fraction(12)
            case "full-month":
                return Fraction(12 - begun)
            case "half-month":
                return 12 - begun - _HALF
            case "half-year":
                return Fraction(6)
            case "mid-quarter":
                return 12 - begun // 3 * 3 - 3 * _HALF
        next_year = self._next_fiscal_year()
        days = (next_year - add_months(next_year, -12)).days
        return Fraction(12 * (next_year - self.in_use).days, days)

    def _straight_line(self, years: list[Fraction]) -> Iterator[int]:
        base, elapsed = _base(self.cost, self.residual), Fraction(0)
        for months in years:
            elapsed += months
            yield _rounded(base * elapsed / self.life_months)

    def _sum_of_digits(self, years: list[Fraction]) -> Iterator[int]:
        base, elapsed = _base(self.cost, self.residual), Fraction(0)
        life = self.life_months // 12
        digits = life * (life + 1)
        for months in years:
            elapsed += months / 12
            whole = int(elapsed)
            begun = whole * (2 * life - whole + 1) + 2 * (elapsed - whole) * (
                life - whole
            )
            yield _rounded(base * begun / digits)

    def _declining(self, years: list[Fraction]) -> Iterator[int]:
        base, cost = _base(self.cost, self.residual), self.cost.minor_units
        rate = Fraction(self.yearly_rate or 0)
        written, left = Fraction(0), Fraction(self.life_months)
        for months in years:
            part = (cost - written) * rate * months / 12
            if self.switch:
                part = max(part, (base - written) * months / left)
            left -= months
            written = min(written + part, Fraction(base)) if left else Fraction(base)
            yield _rounded(written)


_METHODS: Final[dict[str, Callable[[Depreciation, list[Fraction]], Iterator[int]]]] = {
    "straight-line": Depreciation._straight_line,
    "sum-of-digits": Depreciation._sum_of_digits,
    "declining": Depreciation._declining,
}


def _rounded(value: Fraction) -> int:
    return round_ratio(value.numerator, value.denominator, "half-up")


def depreciation_by_units(
    cost: bl.Amount | str,
    *,
    units: Sequence[Number],
    life_units: Number,
    residual: bl.Amount | str | None = None,
) -> tuple[UsageLine, ...]:
    """Return what is written off for the units used in each period.

    The value to date is in proportion to the units to date, and rounded half away from
    zero.  When all units are used, the asset stands at its residual.

    >>> lines = depreciation_by_units("9000 EUR", units=[100, 250], life_units=900)
    >>> [line.amount.number for line in lines]
    ['1000.00', '2500.00']

    Args:
        cost: an `Amount` or text; above zero.
        units: used in each period, such as kilometres or pieces; none is negative.
        life_units: how many the asset is good for; above zero.
        residual: what is left when all are used; nothing, if it is left out.

    Raises:
        InvalidOption: no units, a negative number of them, more than the asset is good
            for, or an impossible cost or residual.
        CommodityMismatch: the amounts are of several commodities.
        InexactNumber, InvalidAmount, UnknownCommodity, BoundExceeded: the argument
            named in the error is wrong.
    """
    whole = as_amount(cost, "cost")
    kept = amount_like(residual, whole, "residual")
    base = _base(whole, kept)
    life = exact_number(life_units, "life_units")
    if life <= 0:
        raise InvalidOption(
            field="life_units", expected="more than zero", found=life_units
        )
    used = [exact_number(number, "units") for number in check_list(units, "units")]
    if min(used) < 0 or sum(used) > life:
        raise InvalidOption(
            field="units",
            expected=f"numbers from zero that sum to at most {life}",
            found=", ".join(map(str, used)),
        )
    opening, lines, running, before = whole, [], Fraction(0), 0
    for period, number in enumerate(used, 1):
        running += number
        to_date = _rounded(base * running / life)
        amount = bl.Amount.from_minor(to_date - before, whole.commodity)
        closing = opening - amount
        lines.append(UsageLine(period, number, opening, amount, closing))
        opening, before = closing, to_date
    return tuple(lines)
