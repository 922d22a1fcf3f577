"""Loans: what falls due when, and how it divides into interest and principal."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Literal, NamedTuple, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import (
    Number,
    as_amount,
    check_choice,
    check_date,
    check_flag,
)
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest._accrued import check_day_count
from backoffice_ledger.interest._checks import (
    PERIODS_MAX,
    amount_like,
    check_count,
    check_positive,
    check_range,
    exact_rate,
)
from backoffice_ledger.interest._dates import add_months, is_month_end
from backoffice_ledger.interest._day_count import DayCount, Frequency
from backoffice_ledger.interest._rounding import Rounding, round_ratio

LoanKind = Literal["annuity", "linear", "bullet"]
"""How a loan is repaid."""
InterestRounding = Literal["cumulative", "each"]
"""Whether interest to date is rounded, or that of each period by itself."""


@final
@attrs.frozen(order=False)
class Instalment:
    """What falls due on one day.

    ``interest + principal == payment`` and ``opening - principal == closing``.

    Attributes:
        number: 1 for the first.
        start: first day of its interest period.
        due: the day on which it falls due, which bears no interest any more.
        opening: what is owed before it.
        interest: for its period.
        principal: what it repays; negative where unpaid interest is added to the loan.
        payment: the whole instalment.
        closing: what is owed after it.
    """

    number: int
    start: date
    due: date
    opening: bl.Amount
    interest: bl.Amount
    principal: bl.Amount
    payment: bl.Amount
    closing: bl.Amount


@final
@attrs.frozen(order=False)
class LoanSchedule:
    """All instalments of a loan; the last one closes at zero.

    Attributes:
        payment: the regular payment of an annuity; zero for other kinds.
        instalments: in order.
        final_difference: by how much the last payment of an annuity differs from the
            regular one, a balloon not counted: what rounding has left.
    """

    payment: bl.Amount
    instalments: tuple[Instalment, ...]
    final_difference: bl.Amount

    @property
    def interest(self) -> bl.Amount:
        """All interest."""
        zero = bl.Amount.from_minor(0, self.payment.commodity)
        return sum((line.interest for line in self.instalments), start=zero)


class _Row(NamedTuple):
    """An instalment in minor units."""

    interest: int
    principal: int


class _Rates(NamedTuple):
    """The rate of each period, as numerators over one denominator."""

    numerators: list[int]
    denominator: int


def _principal(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "principal")


def _rate(value: Number) -> Fraction:
    return exact_rate(value, "rate")


def _optional_payment(value: bl.Amount | str | None) -> bl.Amount | None:
    return None if value is None else as_amount(value, "payment")


def _optional_balloon(value: bl.Amount | str | None) -> bl.Amount | None:
    return None if value is None else as_amount(value, "balloon")


@final
@attrs.frozen(order=False)
class Loan:
    """The terms of a loan that is repaid in instalments.

    * ``annuity``: the same payment each time, of interest and a rest that repays.
    * ``linear``: the same repayment each time, and the interest on top.
    * ``bullet``: interest only; all is repaid with the last instalment.

    Interest accrues on what is owed.  Rounded is what has accrued to date, not the
    interest of a period by itself, unless *interest_rounding* says ``each``.  The last
    instalment takes what rounding has left.

    >>> house = Loan(
    ...     principal="100000.00 EUR",
    ...     rate="0.06",
    ...     instalments=360,
    ...     kind="annuity",
    ...     start=date(2026, 1, 15),
    ...     frequency=12,
    ... )
    >>> house.schedule().payment
    Amount('599.55', 'EUR')

    Args:
        principal: what is paid out, an `Amount` or text; above zero.
        rate: for a year, such as ``"0.06"``; zero or more.
        instalments: how many; an annuity with a *payment* may end earlier.
        kind: ``annuity``, ``linear`` or ``bullet``.
        start: the day of paying out, the first that bears interest.
        frequency: instalments a year: 1, 2, 3, 4, 6 or 12.
        first: first due date; left out, a regular period after *start*.
        last: last due date, if it is not the regular one.
        end_of_month: whether due dates stay at ends of months; must be said where the
            first one is at the end of a month that may be longer in another month.
        day_count: which part of a year a period is; left out, a regular one is a year
            over the frequency, and there may be no others.
        payment: the regular payment of an annuity, if it was agreed upon.
        balloon: what is left to be repaid with the last instalment, on top.
        interest_only: how many first instalments repay nothing.
        rounding: of the payment and of the interest.
        interest_rounding: ``cumulative``, or ``each`` for every period by itself.
        negative_amortisation_ok: whether a payment may be less than the interest.

    Raises:
        InvalidOption: the argument named in the error is missing, makes no sense with
            the others, or is none of the choices.
        CommodityMismatch: the amounts are of several commodities.
        InexactNumber, InvalidAmount, InvalidDate, UnknownCommodity, BoundExceeded: the
            argument named in the error is wrong.
    """

    principal: bl.Amount = attrs.field(converter=_principal)
    rate: Fraction = attrs.field(converter=_rate)
    instalments: int
    kind: LoanKind
    start: date
    frequency: Frequency
    first: date | None = attrs.field(default=None, kw_only=True)
    last: date | None = attrs.field(default=None, kw_only=True)
    end_of_month: bool | None = attrs.field(default=None, kw_only=True)
    day_count: DayCount | None = attrs.field(default=None, kw_only=True)
    payment: bl.Amount | None = attrs.field(
        default=None, kw_only=True, converter=_optional_payment
    )
    balloon: bl.Amount | None = attrs.field(
        default=None, kw_only=True, converter=_optional_balloon
    )
    interest_only: int = attrs.field(default=0, kw_only=True)
    rounding: Rounding = attrs.field(default="half-up", kw_only=True)
    interest_rounding: InterestRounding = attrs.field(
        default="cumulative", kw_only=True
    )
    negative_amortisation_ok: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_positive(self.principal, "principal")
        if self.rate < 0:
            raise InvalidOption(field="rate", expected="zero or more", found=self.rate)
        check_count(self.instalments, "instalments", 1, PERIODS_MAX)
        check_choice(self.kind, LoanKind, "kind")
        check_choice(self.frequency, Frequency, "frequency")
        check_choice(self.rounding, Rounding, "rounding")
        check_choice(self.interest_rounding, InterestRounding, "interest_rounding")
        check_flag(self.negative_amortisation_ok, "negative_amortisation_ok")
        if self.end_of_month is not None:
            check_flag(self.end_of_month, "end_of_month")
        if self.day_count is not None:
            check_day_count(self.day_count)
        self._check_amounts()
        self.due_dates()

    def _check_amounts(self) -> None:
        if self.kind != "annuity" and self.payment is not None:
            raise InvalidOption(
                field="payment",
                expected="nothing, since only an annuity has one",
                found=self.payment,
            )
        if self.payment is not None:
            amount_like(self.payment, self.principal, "payment")
            check_positive(self.payment, "payment")
        if self.kind == "bullet" and (self.balloon is not None or self.interest_only):
            raise InvalidOption(
                field="kind",
                expected="annuity or linear for a balloon or interest_only",
                found=self.kind,
            )
        if self.balloon is not None:
            amount_like(self.balloon, self.principal, "balloon")
            check_range(self.balloon, 0, self.principal.minor_units, "balloon")
        check_count(self.interest_only, "interest_only", 0, self.instalments - 1)

    def due_dates(self) -> tuple[date, ...]:
        """Return the day on which each instalment falls due."""
        dates = self._regular_dates()
        if self.last is not None:
            dates[-1] = check_date(self.last, "last")
        check_date(dates[-1], "last")
        before_last = dates[-2] if len(dates) > 1 else self.start
        for before, after, field in (
            (self.start, dates[0], "first"),
            (before_last, dates[-1], "last"),
        ):
            if after <= before:
                raise InvalidOption(
                    field=field, expected=f"a day after {before}", found=after
                )
        return tuple(dates)

    def _regular_dates(self) -> list[date]:
        """Return the due dates as they follow from the first, or from the start.

        All are stepped from that one day, so that a short month moves no later date.
        """
        anchor, skipped = check_date(self.start, "start"), 1
        if self.first is not None:
            anchor, skipped = check_date(self.first, "first"), 0
        if self.end_of_month is None and is_month_end(anchor) and anchor.day < 31:
            raise InvalidOption(
                field="end_of_month",
                expected=f"True or False, since {anchor} ends a month",
            )
        to_month_end = bool(self.end_of_month) and is_month_end(anchor)
        months = 12 // self.frequency
        return [
            add_months(anchor, months * (index + skipped), to_month_end=to_month_end)
            for index in range(self.instalments)
        ]

    def _rates(self, dates: tuple[date, ...]) -> _Rates:
        """Return the rate of each period: the yearly one, times its part of a year."""
        if self.day_count is None:
            self._check_regular(dates)
            rate = self.rate / self.frequency
            return _Rates([rate.numerator] * self.instalments, rate.denominator)
        rates = [
            self.rate * self.day_count.fraction(start, end)
            for start, end in pairwise((self.start, *dates))
        ]
        denominator = lcm(*(rate.denominator for rate in rates))
        numerators = [
            rate.numerator * (denominator // rate.denominator) for rate in rates
        ]
        return _Rates(numerators, denominator)

    def _check_regular(self, dates: tuple[date, ...]) -> None:
        months = 12 // self.frequency
        if self.first not in (None, *_steps(self.start, months)):
            raise _stub("first", self.start, dates[0])
        if self.last not in (None, self._regular_dates()[-1]):
            raise _stub("last", *(self.start, *dates)[-2:])

    def _balloon_units(self) -> int:
        return 0 if self.balloon is None else self.balloon.minor_units

    def _level_payment(self, rates: _Rates) -> int:
        """Return the payment that takes the principal to the balloon, rounded once.

        What is owed after some periods is ``growth - payment * paid`` over a power of
        the denominator.
        """
        growth, paid, power = self.principal.minor_units, 0, 1
        for numerator in rates.numerators[self.interest_only :]:
            factor = rates.denominator + numerator
            power *= rates.denominator
            growth *= factor
            paid = paid * factor + power
        owed = growth - self._balloon_units() * power
        return round_ratio(owed, paid, self.rounding)

    def _repayments(self) -> Iterator[int]:
        """Yield what a linear or bullet loan repays with each instalment."""
        count = self.instalments - self.interest_only
        if self.kind == "bullet":
            parts = [0] * (count - 1) + [self.principal.minor_units]
        else:
            spread = self.principal.minor_units - self._balloon_units()
            whole = bl.Amount.from_minor(spread, self.principal.commodity)
            parts = [part.minor_units for part in whole.allocate([1] * count)]
            parts[-1] += self._balloon_units()
        yield from [0] * self.interest_only
        yield from parts

    def schedule(self) -> LoanSchedule:
        """Return all instalments.

        Raises:
            InvalidOption: a period is no regular one and there is no day count, or a
                payment is less than the interest.
        """
        dates = self.due_dates()
        rates = self._rates(dates)
        regular = 0
        if self.kind == "annuity":
            rows, regular = self._annuity(rates)
        else:
            rows = self._by_repayment(rates)
        unit = self.principal.commodity
        opening, start, instalments = self.principal, self.start, []
        for number, (due, row) in enumerate(zip(dates, rows, strict=False), 1):
            interest = bl.Amount.from_minor(row.interest, unit)
            principal = bl.Amount.from_minor(row.principal, unit)
            closing = opening - principal
            instalments.append(
                Instalment(
                    number,
                    start,
                    due,
                    opening,
                    interest,
                    principal,
                    interest + principal,
                    closing,
                )
            )
            opening, start = closing, due
        return LoanSchedule(
            bl.Amount.from_minor(regular, unit),
            tuple(instalments),
            self._final_difference(instalments[-1], regular),
        )

    def _final_difference(self, last: Instalment, regular: int) -> bl.Amount:
        unit = self.principal.commodity
        if self.kind != "annuity":
            return bl.Amount.from_minor(0, unit)
        expected = regular
        if last.number == self.instalments:
            expected += self._balloon_units()
        return last.payment - bl.Amount.from_minor(expected, unit)

    def _annuity(self, rates: _Rates) -> tuple[list[_Row], int]:
        if self.payment is not None:
            payment = self.payment.minor_units
        else:
            payment = self._level_payment(rates)
        owed = self.principal.minor_units
        rows: list[_Row] = []
        interests = _Interest(rates, self.rounding, self.interest_rounding)
        while owed:
            index = len(rows)
            interest = interests.of(index, owed)
            repaid = payment - interest
            if index < self.interest_only:
                repaid = 0
            elif index == self.instalments - 1 or repaid >= owed:
                repaid = owed
            elif repaid < 0 and not self.negative_amortisation_ok:
                raise InvalidOption(
                    f"instalment {index + 1} does not even pay its interest",
                    field="negative_amortisation_ok",
                    expected="True, or a larger payment",
                    found="False",
                )
            owed -= repaid
            rows.append(_Row(interest, repaid))
        return rows, payment

    def _by_repayment(self, rates: _Rates) -> list[_Row]:
        owed = self.principal.minor_units
        rows: list[_Row] = []
        interests = _Interest(rates, self.rounding, self.interest_rounding)
        for index, repaid in enumerate(self._repayments()):
            rows.append(_Row(interests.of(index, owed), repaid))
            owed -= repaid
        return rows


class _Interest:
    """The interest of one period after another, on what is owed."""

    def __init__(self, rates: _Rates, rounding: str, interest_rounding: str) -> None:
        self._rates = rates
        self._rounding = rounding
        self._keeps_rest = interest_rounding == "cumulative"
        self._exact = self._charged = 0

    def of(self, index: int, owed: int) -> int:
        """Return the interest of the period *index*; ask once for each, in order."""
        if not self._keeps_rest:
            self._exact = self._charged = 0
        self._exact += owed * self._rates.numerators[index]
        to_date = round_ratio(self._exact, self._rates.denominator, self._rounding)
        interest = to_date - self._charged
        self._charged = to_date
        return interest


def _steps(start: date, months: int) -> tuple[date, date]:
    """Return where a regular first period may end."""
    end = add_months(start, months)
    return end, add_months(start, months, to_month_end=is_month_end(start))


def _stub(name: str, start: date, end: date) -> InvalidOption:
    return InvalidOption(
        f"the {name} period is no regular one",
        field="day_count",
        expected=f"a DayCount for {start} to {end}",
    )
