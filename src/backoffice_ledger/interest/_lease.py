"""Leases from given inputs: the liability and the right of use."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import Number, as_amount, check_flag
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest._checks import (
    PERIODS_MAX,
    amount_like,
    check_count,
    check_list,
    check_range,
    exact_rate,
)
from backoffice_ledger.interest._effective import discounted
from backoffice_ledger.interest._rounding import round_ratio


@final
@attrs.frozen(order=False)
class LeaseLine:
    """A period of a lease.

    ``opening - payment + interest == closing``.

    Attributes:
        period: 1 for the first.
        opening: liability at its beginning.
        payment: what is paid off the liability; the payment at the commencement is
            part of the right of use and does not show here.
        interest: on the liability.
        closing: liability at its end, before a payment on the next day.
        depreciation: of the right of use.
        right_of_use: its book value at the end.
    """

    period: int
    opening: bl.Amount
    payment: bl.Amount
    interest: bl.Amount
    closing: bl.Amount
    depreciation: bl.Amount
    right_of_use: bl.Amount


@final
@attrs.frozen(order=False)
class LeaseSchedule:
    """A lease as the lessee keeps it; both values end at zero.

    Attributes:
        liability: at the commencement, the payment of that day not counted.
        right_of_use: at the commencement.
        lines: one for each period.
    """

    liability: bl.Amount
    right_of_use: bl.Amount
    lines: tuple[LeaseLine, ...]


def lease_schedule(
    payments: Sequence[bl.Amount | str],
    *,
    rate: Number,
    in_advance: bool,
    prepaid: bl.Amount | str | None = None,
    direct_costs: bl.Amount | str | None = None,
    restoration: bl.Amount | str | None = None,
    incentives: bl.Amount | str | None = None,
    useful_periods: int | None = None,
) -> LeaseSchedule:
    """Return the liability and the right of use of a lease, period by period.

    The term, the rate and the payments are judgements; they are given, not made here.
    The liability is the present value of what is still to be paid; the right of use is
    the liability, what was paid already, the direct costs and the restoration, less the
    incentives, and is written off straight-line.  All balances are exact and rounded
    once each, half away from zero; interest and depreciation are their differences.

    >>> office = lease_schedule(["1000.00 EUR"] * 3, rate="0.10", in_advance=False)
    >>> [line.closing.number for line in office.lines]
    ['1735.54', '909.09', '0.00']

    Args:
        payments: one for each period, zeros included; none is negative.
        rate: for a period, such as ``"0.05"``; above -1.
        in_advance: whether a payment falls at the beginning of its period, not the
            end; then the first one is paid at the commencement.
        prepaid: what was paid before, on top.
        direct_costs: initial direct costs.
        restoration: what dismantling and restoring are expected to cost.
        incentives: received from the lessor.
        useful_periods: over how many periods the right of use is written off, if not
            over those of the payments.

    Raises:
        InvalidOption: no payments, or *in_advance* is neither True nor False; a
            negative amount; incentives that exceed the right of use.
        CommodityMismatch: the amounts are of several commodities.
        InexactNumber, InvalidAmount, UnknownCommodity, BoundExceeded: the argument
            named in the error is wrong.
    """
    given = check_list(payments, "payments")
    first = as_amount(given[0], "payments")
    paid = [_from_zero(payment, first, "payments") for payment in given]
    exact = exact_rate(rate, "rate")
    at_commencement, flows = 0, paid
    if check_flag(in_advance, "in_advance"):
        at_commencement, flows = paid[0], [*paid[1:], 0]
    balances = [round_ratio(*ratio, "half-up") for ratio in discounted(flows, exact)]
    balances.reverse()
    right_of_use = balances[0] + at_commencement
    for value, field in (
        (prepaid, "prepaid"),
        (direct_costs, "direct_costs"),
        (restoration, "restoration"),
    ):
        right_of_use += _from_zero(value, first, field)
    right_of_use -= _from_zero(incentives, first, "incentives")
    if right_of_use < 0:
        raise InvalidOption(
            field="incentives",
            expected="no more than all the rest of the right of use",
            found=incentives,
        )
    useful = len(paid)
    if useful_periods is not None:
        useful = check_count(useful_periods, "useful_periods", 1, PERIODS_MAX)
    if in_advance:  # a balance at the end of a day is before the next day's payment
        paid = [0, *paid[1:]]
        balances[1:] = [
            balance + due for balance, due in zip(balances[1:], flows, strict=True)
        ]
    right = bl.Amount.from_minor(right_of_use, first.commodity)
    lines = tuple(_lines(right, balances, paid, useful))
    return LeaseSchedule(lines[0].opening, right, lines)


def _from_zero(value: object, like: bl.Amount, field: str) -> int:
    """Return the minor units of an amount that is not negative."""
    amount = amount_like(value, like, field)
    check_range(amount, 0, bl.BOUNDS.minor_units, field)
    return amount.minor_units


def _lines(
    right: bl.Amount, balances: list[int], paid: list[int], useful: int
) -> Iterator[LeaseLine]:
    """Yield the lines between the balances, for as long as there is any value."""
    unit = right.commodity
    longer = max(useful, len(paid)) - len(paid)
    weights = [1] * useful + [0] * (len(paid) - useful)
    parts = right.allocate(weights)
    spans = pairwise([*balances, *[0] * longer])
    for period, ((before, after), payment, depreciation) in enumerate(
        zip(spans, [*paid, *[0] * longer], parts, strict=True), 1
    ):
        right -= depreciation
        yield LeaseLine(
            period,
            bl.Amount.from_minor(before, unit),
            bl.Amount.from_minor(payment, unit),
            bl.Amount.from_minor(after - before + payment, unit),
            bl.Amount.from_minor(after, unit),
            depreciation,
            right,
        )
