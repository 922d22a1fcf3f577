"""Accrued interest: what has accrued to date, less what is booked already."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import Number, as_amount, check_choice, check_date
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest._checks import (
    amount_like,
    check_list,
    check_order,
    exact_rate,
)
from backoffice_ledger.interest._day_count import DayCount
from backoffice_ledger.interest._rounding import Rounding, round_ratio


@final
@attrs.frozen(order=False)
class InterestPart:
    """What is booked on one day.

    Attributes:
        day: the booking date; the interest up to this day, it not counted, is booked.
        accrued: all that has accrued since the start.
        amount: what is booked now; it may be zero.
    """

    day: date
    accrued: bl.Amount
    amount: bl.Amount


def _principal(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "principal")


def _rate(value: Number) -> Fraction:
    return exact_rate(value, "rate")


def check_day_count(value: object) -> None:
    """Check that *value* is a `DayCount`.

    Raises:
        InvalidOption: it is something else, such as a name alone.
    """
    if not isinstance(value, DayCount):
        raise InvalidOption(field="day_count", expected="a DayCount", found=value)


@final
@attrs.frozen(order=False)
class AccruedInterest:
    """Simple interest on a principal at one rate, from a day on.

    Some conventions are not additive: the parts of a span count more or less days than
    the whole.  So interest is never the sum of its periods.  It is what has accrued
    from the start, rounded once, less what is booked already.

    >>> loan = AccruedInterest(
    ...     principal="100000.00 EUR",
    ...     rate="0.06",
    ...     start=date(2024, 9, 30),
    ...     day_count=DayCount("ACT/360"),
    ... )
    >>> loan.accrued(date(2024, 12, 31))
    Amount('1533.33', 'EUR')

    Args:
        principal: an `Amount` or text; a negative one accrues negative interest.
        rate: for a year, such as ``"0.06"``; above -1.
        start: the first day that bears interest.
        day_count: which part of a year lies between two days.
        end: the first day that bears none any more, if there is one.
        rounding: of what has accrued to a day.

    Raises:
        InvalidOption: no `DayCount`, no such rounding, a rate of -1 or below, or an
            end before the start.
        InexactNumber, InvalidAmount, InvalidDate, UnknownCommodity, BoundExceeded: the
            field named in the error is wrong.
    """

    principal: bl.Amount = attrs.field(converter=_principal)
    rate: Fraction = attrs.field(converter=_rate)
    start: date
    day_count: DayCount
    end: date | None = attrs.field(default=None, kw_only=True)
    rounding: Rounding = attrs.field(default="half-up", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_date(self.start, "start")
        check_day_count(self.day_count)
        check_choice(self.rounding, Rounding, "rounding")
        if self.end is not None:
            check_order(self.start, check_date(self.end, "end"), "end")

    def exact(self, until: date) -> Fraction:
        """Return what has accrued up to a day, in whole units and not rounded.

        Before the start it is zero, after the end what it was then.  Sum it over
        several rates or principals, and round the sum.

        Raises:
            InvalidDate, BoundExceeded: *until* is no day, or too far off.
            InvalidOption: the day is beyond the coupon of the day count.
        """
        whole: int = 10**self.principal.commodity.scale
        return self._minor_units(until) / whole

    def _minor_units(self, until: date) -> Fraction:
        day = check_date(until, "until")
        if self.end is not None:
            day = min(day, self.end)
        if day <= self.start:
            return Fraction(0)
        years = self.day_count.fraction(self.start, day)
        return self.principal.minor_units * self.rate * years

    def accrued(self, until: date) -> bl.Amount:
        """Return what has accrued up to a day, that day not counted, rounded once.

        Raises:
            InvalidDate, BoundExceeded: *until* is no day, or too far off.
            InvalidOption: the day is beyond the coupon of the day count.
        """
        exact = self._minor_units(until)
        minor_units = round_ratio(exact.numerator, exact.denominator, self.rounding)
        return bl.Amount.from_minor(minor_units, self.principal.commodity)

    def due(self, until: date, *, booked: bl.Amount | str | None = None) -> bl.Amount:
        """Return what is to be booked: accrued up to a day, less *booked* already.

        Raises:
            CommodityMismatch: *booked* is of another commodity.
            InvalidDate, BoundExceeded: *until* is no day, or too far off.
            InvalidOption: the day is beyond the coupon of the day count.
        """
        return self.accrued(until) - amount_like(booked, self.principal, "booked")

    def plan(self, days: Sequence[date]) -> tuple[InterestPart, ...]:
        """Return what is booked on each of some rising days.

        The parts sum to what has accrued to the last day, whichever days there are.

        Raises:
            InvalidOption: no list of days, or they do not rise.
            InvalidDate, BoundExceeded: a day is none, or too far off, or there are
                more than 1,200.
        """
        checked = [check_date(day, "days") for day in check_list(days, "days")]
        for before, after in pairwise(checked):
            if after <= before:
                raise InvalidOption(
                    field="days", expected=f"a day after {before}", found=after
                )
        booked = bl.Amount.from_minor(0, self.principal.commodity)
        parts = []
        for day in checked:
            accrued = self.accrued(day)
            parts.append(InterestPart(day, accrued, accrued - booked))
            booked = accrued
        return tuple(parts)
