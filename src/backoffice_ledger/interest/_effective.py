"""The effective interest rate, present values, and amortised cost."""

from collections.abc import Iterator, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import Number, as_amount, check_choice, check_flag
from backoffice_ledger.errors import BoundExceeded, InvalidOption
from backoffice_ledger.interest._checks import (
    amount_like,
    check_list,
    check_positive,
    exact_rate,
)
from backoffice_ledger.interest._rounding import Rounding, differences, round_ratio

RATE_PLACES: Final = 40
"""Decimal places of a solved rate; it is off by less than one in the last place."""

_CONTEXT: Final = Context(prec=120, Emin=-(10**9), Emax=10**9)
_QUANTUM: Final = Decimal(1).scaleb(-RATE_PLACES)
_HALVINGS: Final = 24
_NEWTON_STEPS: Final = 7
_FACTOR_MIN: Final = Decimal("0.000001")
_FACTOR_MAX: Final = Decimal(10**6)


def _value_and_slope(
    flows: Sequence[Decimal], factor: Decimal
) -> tuple[Decimal, Decimal]:
    """Return the sum of ``flow * factor ** index``, and its slope."""
    value = slope = Decimal(0)
    for flow in reversed(flows):
        slope = slope * factor + value
        value = value * factor + flow
    return value, slope


def _bracket(flows: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Return two factors, one twice the other, between which the sum changes sign."""
    low = Decimal(1)
    while _value_and_slope(flows, low)[0] > 0:
        low /= 2
        if low < _FACTOR_MIN:
            raise BoundExceeded(
                field="cash_flows",
                expected="a rate below 1000000 for a period",
                found="a larger one",
            )
    while _value_and_slope(flows, 2 * low)[0] < 0:
        low *= 2
        if low > _FACTOR_MAX:
            raise BoundExceeded(
                field="cash_flows",
                expected="a rate above -0.999999 for a period",
                found="a smaller one",
            )
    return low, 2 * low


def _solve(flows: Sequence[Decimal]) -> Decimal:
    """Return the one rate at which *flows*, today's first, are worth nothing.

    Their signs change once, so there is one positive factor ``1 / (1 + rate)``, and
    the sum grows there: its relative slope is at least one.  Halving the bracket 24
    times brings the relative error below ``1 / 1200 ** 2``, from where each of
    Newton's steps squares it.
    """
    with localcontext(_CONTEXT):
        low, high = _bracket(flows)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if _value_and_slope(flows, middle)[0] < 0:
                low = middle
            else:
                high = middle
        factor = high
        for _ in range(_NEWTON_STEPS):
            value, slope = _value_and_slope(flows, factor)
            factor -= value / slope
        rate = (1 / factor - 1).quantize(_QUANTUM)
        return rate + 0  # a zero without a sign


def _checked_flows(
    initial: bl.Amount | str, cash_flows: Sequence[bl.Amount | str]
) -> tuple[bl.Amount, tuple[bl.Amount, ...]]:
    amount = as_amount(initial, "initial")
    check_positive(amount, "initial")
    flows = check_list(cash_flows, "cash_flows")
    return amount, tuple(amount_like(flow, amount, "cash_flows") for flow in flows)


def _effective(initial: bl.Amount, cash_flows: Sequence[bl.Amount]) -> Decimal:
    units = [flow.minor_units for flow in cash_flows]
    signs = [unit > 0 for unit in units if unit]
    if not any(signs) or signs != sorted(signs):
        raise InvalidOption(
            "the rate must be one and unique",
            field="cash_flows",
            expected="receipts, after all payments if there are any",
            found=", ".join(flow.number for flow in cash_flows),
        )
    return _solve([Decimal(unit) for unit in (-initial.minor_units, *units)])


def effective_rate(
    initial: bl.Amount | str, cash_flows: Sequence[bl.Amount | str]
) -> Decimal:
    """Return the rate for a period at which *cash_flows* are worth *initial*.

    The first flow falls at the end of the first period; a period without one has a
    flow of zero.  The rate has 40 decimal places and is off by less than one in the
    last; it is solved with 120 digits, without floats.

    >>> flows = ["40.00 EUR", "40.00 EUR", "40.00 EUR", "40.00 EUR", "1140.00 EUR"]
    >>> print(format(effective_rate("950.00 EUR", flows), ".6f"))
    0.069584

    Args:
        initial: the first carrying amount: what was paid, fees included.
        cash_flows: what is received; what is still to be paid out is negative, and
            stands before all that is received.

    Raises:
        InvalidOption: *initial* is not above zero, there are no flows, or they have no
            unique rate.
        CommodityMismatch: the amounts are of several commodities.
        BoundExceeded: more than 1,200 flows, or a rate beyond all reason.
        InexactNumber, InvalidAmount, UnknownCommodity: no amount.
    """
    return _effective(*_checked_flows(initial, cash_flows))


def discounted(flows: Sequence[int], rate: Fraction) -> Iterator[tuple[int, int]]:
    """Yield the worth of the flows after each period as a ratio, the last one first.

    The first ratio is of what follows on the last flow: nothing.
    """
    growth, whole = rate.numerator + rate.denominator, rate.denominator
    numerator, denominator = 0, 1
    yield numerator, denominator
    for flow in reversed(flows):
        numerator = (numerator + flow * denominator) * whole
        denominator *= growth
        yield numerator, denominator


def carried(initial: int, flows: Sequence[int], rate: Fraction) -> Iterator[int]:
    """Yield what is left after each flow if *initial* bears interest, rounded."""
    growth, whole = rate.numerator + rate.denominator, rate.denominator
    numerator, denominator = initial, 1
    for flow in flows:
        denominator *= whole
        numerator = numerator * growth - flow * denominator
        yield round_ratio(numerator, denominator, "half-up")


def present_value(
    cash_flows: Sequence[bl.Amount | str],
    *,
    rate: Number,
    in_advance: bool,
    rounding: Rounding = "half-up",
) -> bl.Amount:
    """Return what *cash_flows* are worth at the beginning of the first period.

    >>> present_value(["50000 EUR"] * 9, rate="0.05", in_advance=False)
    Amount('355391.08', 'EUR')

    Args:
        cash_flows: one for each period, zeros included.
        rate: for a period, such as ``"0.05"``; above -1.
        in_advance: whether a flow falls at the beginning of its period, not the end.
        rounding: of the result, the only thing that is rounded.

    Raises:
        InvalidOption: no flows, a rate of -1 or below, no such rounding, or
            *in_advance* is neither True nor False.
        CommodityMismatch: the amounts are of several commodities.
        InexactNumber, InvalidAmount, UnknownCommodity, BoundExceeded: the argument
            named in the error is wrong.
    """
    flows = check_list(cash_flows, "cash_flows")
    first = as_amount(flows[0], "cash_flows")
    units = [amount_like(flow, first, "cash_flows").minor_units for flow in flows]
    exact = exact_rate(rate, "rate")
    check_choice(rounding, Rounding, "rounding")
    *_, (numerator, denominator) = discounted(units, exact)
    if check_flag(in_advance, "in_advance"):
        numerator *= exact.numerator + exact.denominator
        denominator *= exact.denominator
    worth = round_ratio(numerator, denominator, rounding)
    return bl.Amount.from_minor(worth, first.commodity)


@final
@attrs.frozen(order=False)
class CarryingLine:
    """A period of a schedule at amortised cost.

    ``opening + interest - cash_flow == closing``.

    Attributes:
        period: 1 for the first.
        opening: carrying amount at its beginning.
        interest: income or expense at the effective rate.
        cash_flow: what is received or paid at its end.
        closing: carrying amount after the flow.
    """

    period: int
    opening: bl.Amount
    interest: bl.Amount
    cash_flow: bl.Amount
    closing: bl.Amount


@final
@attrs.frozen(order=False)
class AmortisedCost:
    """A schedule at amortised cost; the last line closes at zero.

    Attributes:
        rate: for a period, as solved or as given.
        lines: one for each flow.
        residual: what a given rate leaves after the last flow; it is taken out of the
            interest of the last line.
    """

    rate: Fraction
    lines: tuple[CarryingLine, ...]
    residual: bl.Amount


def amortised_cost(
    initial: bl.Amount | str,
    cash_flows: Sequence[bl.Amount | str],
    *,
    rate: Number | None = None,
    residual_max: bl.Amount | str | None = None,
) -> AmortisedCost:
    """Return the schedule that takes *initial* to zero with *cash_flows*.

    The carrying amounts are exact and rounded once each, half away from zero; the
    interest is their difference plus the flow.  So the interest sums exactly to the
    flows less *initial*, and no rounded number is ever calculated with.

    Args:
        initial: the first carrying amount: what was paid, fees included.
        cash_flows: at the ends of the periods, as for `effective_rate`.
        rate: for a period; left out, it is solved.  Give the original rate where
            flows were revised, and *initial* as their `present_value`.
        residual_max: how much a given rate may leave after the last flow; nothing, if
            it is left out.

    Raises:
        InvalidOption: *initial* is not above zero, there are no flows, they have no
            unique rate, or the given one leaves more than *residual_max*.
        CommodityMismatch: the amounts are of several commodities.
        InexactNumber, InvalidAmount, UnknownCommodity, BoundExceeded: the argument
            named in the error is wrong.
    """
    first, flows = _checked_flows(initial, cash_flows)
    allowed = abs(amount_like(residual_max, first, "residual_max"))
    units = [flow.minor_units for flow in flows]
    if rate is None:
        solved = Fraction(_effective(first, flows))
        carrying = _closings(units, solved)
        return AmortisedCost(solved, *_lines(first, flows, carrying, 0))
    exact = exact_rate(rate, "rate")
    *carrying, left = carried(first.minor_units, units, exact)
    if abs(left) > allowed.minor_units:
        raise InvalidOption(
            "the rate does not belong to the flows",
            field="residual_max",
            expected=f"at least {_plain(abs(left), first)}",
            found=allowed,
        )
    return AmortisedCost(exact, *_lines(first, flows, [*carrying, 0], left))


def _plain(minor_units: int, like: bl.Amount) -> str:
    """Name a number of minor units that may be beyond every bound."""
    try:
        return str(bl.Amount.from_minor(minor_units, like.commodity))
    except BoundExceeded:
        return "more than any amount"


def _closings(flows: Sequence[int], rate: Fraction) -> list[int]:
    """Return the carrying amounts after each flow: what is still to come is worth.

    A solved rate is off in its last place.  From the end backwards that error stays as
    small as it is; from the beginning it would grow like the balance itself.
    """
    worths = [round_ratio(*ratio, "half-up") for ratio in discounted(flows, rate)]
    return worths[-2::-1]


def _lines(
    initial: bl.Amount, flows: Sequence[bl.Amount], closings: list[int], left: int
) -> tuple[tuple[CarryingLine, ...], bl.Amount]:
    """Return the lines between carrying amounts, and what is left, as amounts."""
    unit = initial.commodity
    changes = differences([initial.minor_units, *closings])
    next(changes)
    opening, lines = initial, []
    for period, (flow, change) in enumerate(zip(flows, changes, strict=True), 1):
        interest = bl.Amount.from_minor(change + flow.minor_units, unit)
        closing = opening + interest - flow
        lines.append(CarryingLine(period, opening, interest, flow, closing))
        opening = closing
    return tuple(lines), bl.Amount.from_minor(left, unit)
