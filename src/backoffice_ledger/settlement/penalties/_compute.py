"""How much a fail costs."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import Number, check_choice, check_date, check_flag
from backoffice_ledger.errors import InvalidAmount, InvalidOption
from backoffice_ledger.settlement._price import Price
from backoffice_ledger.settlement.netting._transfer import check_name
from backoffice_ledger.settlement.penalties._checks import check_choices, exact_rate
from backoffice_ledger.settlement.penalties._days import Side
from backoffice_ledger.settlement.penalties._penalty import Penalty, PenaltyKind
from backoffice_ledger.settlement.penalties._rates import (
    PENALTY_RATES,
    PenaltyRate,
    RateClass,
    daily_discount_percent,
    penalty_rate,
)

FailKind = Literal["against-payment", "free-of-payment", "with-payment", "payment-only"]
"""DVP and RVP; DFP and RFP; DWP and RWP; DPFOD and CPFOD."""

Exemption = Literal[
    "not-a-transfer-order",
    "corporate-action",
    "technical-instruction",
    "settlement-restriction",
    "principal-venue-in-third-country",
    "settled-in-third-country",
    "insolvency",
]
"""Why an instruction is not penalised.

Sources: ECSDA CSDR Penalties Framework 3.1 to 3.3; Regulation (EU) 909/2014, Article
7(9) and 7(13).
"""

_HAS_UNITS: Final = frozenset({"against-payment", "free-of-payment", "with-payment"})
_HAS_CASH: Final = frozenset({"with-payment", "payment-only"})
_BASIS_POINT: Final = Fraction(1, 10_000)


def _to_price(value: Price | Number | None) -> Price | None:
    return None if value is None else Price.of(value)


def _to_percent(value: Number | None) -> Fraction | None:
    if value is None:
        return None
    return exact_rate(value, "discount_percent", floor=True)


@final
@attrs.frozen(order=False, kw_only=True)
class ReferenceData:
    """What is known for one business day.

    Args:
        price: in the currency of the penalty: by the unit, or of debt
            ``Price("98.75", "percent")``; a plain number is by the unit.  None if not
            known.
        discount_percent: the yearly rate for lack of cash in that currency, in percent;
            below zero counts as zero.  None if not known.

    Raises:
        InexactNumber, InvalidAmount: no exact number from zero.
    """

    price: Price | None = attrs.field(default=None, converter=_to_price)
    discount_percent: Fraction | None = attrs.field(default=None, converter=_to_percent)


@final
@attrs.frozen(order=False, kw_only=True)
class Fail:
    """A matched instruction that is not settled, as far as penalties go.

    Args:
        instruction: its id.
        kind: how securities and money move.
        deliverer: who delivers the securities, or is paid.
        receiver: who receives them, or pays.
        system: the CSD in which it fails.
        currency: of the penalty: of the payment, or free of payment that of the
            instrument, the price or the system.
        quantity: what is still to be delivered; for late matching, what was matched.
        cash: what is still to be paid, or was matched; for ``with-payment`` and
            ``payment-only``.
        rate_class: of the instrument.
        exemption: why it is not penalised; None if it is.

    Raises:
        InvalidOption: no such kind, class or exemption, or a field that the kind does
            not have or must have.
        InvalidAmount: below zero, or no amount.
        InvalidIdentifier: an empty or unprintable name.
    """

    instruction: str
    kind: FailKind
    deliverer: str
    receiver: str
    system: str
    currency: str
    quantity: bl.Amount | None = None
    cash: bl.Amount | None = None
    rate_class: RateClass | None = None
    exemption: Exemption | None = None

    def __attrs_post_init__(self) -> None:
        names = ("instruction", "deliverer", "receiver", "system", "currency")
        for field in names:
            check_name(getattr(self, field), field)
        check_choice(self.kind, FailKind, "kind")
        if self.exemption is not None:
            check_choice(self.exemption, Exemption, "exemption")
        has_units, has_cash = self.kind in _HAS_UNITS, self.kind in _HAS_CASH
        for field, is_needed in (
            ("quantity", has_units),
            ("rate_class", has_units),
            ("cash", has_cash),
        ):
            value = getattr(self, field)
            if (value is not None) is not is_needed:
                raise InvalidOption(
                    field=field,
                    expected="a value" if is_needed else f"none for {self.kind}",
                    found=value,
                )
        if self.rate_class is not None:
            check_choice(self.rate_class, RateClass, "rate_class")
        self._check_amounts()

    def _check_amounts(self) -> None:
        for field in ("quantity", "cash"):
            value = getattr(self, field)
            if value is None:
                continue
            if not isinstance(value, bl.Amount) or value.minor_units < 0:
                raise InvalidAmount(
                    field=field, expected="an Amount from zero", found=value
                )
        if self.cash is not None and self.cash.commodity.code != self.currency:
            raise InvalidOption(
                field="cash", expected=f"an amount in {self.currency}", found=self.cash
            )


def settlement_fail_penalties(
    fail: Fail,
    day: date,
    *,
    failing: Collection[Side],
    data: ReferenceData,
    rates: Iterable[PenaltyRate] = PENALTY_RATES,
) -> tuple[Penalty, ...]:
    """Return the penalties for one business day of a fail (SEFP), one for each side.

    Amounts are rounded up to the smallest unit of the currency.  Where data are
    missing, the penalty is not computed (``NCOM``), which is not zero.

    Source: ECSDA CSDR Penalties Framework 7.1.

    Args:
        fail: what failed, with what remained at the cut-off.
        day: the business day; see `penalty_days`.
        failing: who failed; see `failing_sides`.
        data: price and rate of the day.
        rates: rates by class.

    Raises:
        InvalidOption: something else than sides in *failing*.
        CalendarHorizon: no rate applies on that day.
        InvalidDate, BoundExceeded: not a date, or too far off.
    """
    check_date(day, "day")
    check_choices(failing, Side, "failing")
    if fail.exemption is not None:
        return ()
    sides: tuple[Side, ...] = ("deliverer", "receiver")
    return tuple(
        _penalty(fail, "SEFP", day, day, side, data, tuple(rates), is_matched=False)
        for side in sides
        if side in failing
    )


def late_matching_penalties(
    fail: Fail,
    days: Iterable[date],
    *,
    matched_on: date,
    late: Side,
    data: Mapping[date, ReferenceData],
    is_already_matched: bool = False,
    rates: Iterable[PenaltyRate] = PENALTY_RATES,
) -> tuple[Penalty, ...]:
    """Return the penalties for late matching (LMFP), one for each business day.

    All belong to the day of matching; each is computed with the price and the rate of
    its own day, and rounded up by itself.

    Source: ECSDA CSDR Penalties Framework 7.2.

    Args:
        fail: what was matched late, with the matched quantity and cash.
        days: the business days; see `penalty_days`.
        matched_on: business day of matching.
        late: who was late; see `late_side`.
        data: prices and rates by day; a day that is missing is not computed.
        is_already_matched: whether both instructions were sent together; then a late
            receipt against payment costs what a late delivery does.
        rates: rates by class.

    Raises:
        InvalidOption: *late* is no side.
        CalendarHorizon: no rate applies on a day.
        InvalidDate, BoundExceeded: a day is none, or too far off.
    """
    check_date(matched_on, "matched_on")
    check_choice(late, Side, "late")
    check_flag(is_already_matched, "is_already_matched")
    if fail.exemption is not None:
        return ()
    table, nothing = tuple(rates), ReferenceData()
    return tuple(
        _penalty(
            fail,
            "LMFP",
            check_date(day, "days"),
            matched_on,
            late,
            data.get(day, nothing),
            table,
            is_matched=is_already_matched,
        )
        for day in days
    )


def _penalty(
    fail: Fail,
    kind: PenaltyKind,
    fail_day: date,
    day: date,
    side: Side,
    data: ReferenceData,
    rates: tuple[PenaltyRate, ...],
    *,
    is_matched: bool,
) -> Penalty:
    exact = _exact(fail, fail_day, side, data, rates, is_matched=is_matched)
    amount = None
    if exact is not None:
        amount = bl.Amount.rounded(exact, fail.currency, rounding="ceiling")
    payer, payee = fail.deliverer, fail.receiver
    if side == "receiver":
        payer, payee = payee, payer
    return Penalty(
        instruction=fail.instruction,
        kind=kind,
        fail_day=fail_day,
        day=day,
        payer=payer,
        payee=payee,
        system=fail.system,
        currency=fail.currency,
        amount=amount,
        status="NCOM" if amount is None else "ACTV",
        reason="NEWP",
    )


def _exact(
    fail: Fail,
    day: date,
    side: Side,
    data: ReferenceData,
    rates: tuple[PenaltyRate, ...],
    *,
    is_matched: bool,
) -> Fraction | None:
    """Return the exact amount, or None if something is not known."""
    parts: list[Callable[[], Fraction | None]] = []
    if fail.kind == "against-payment" and side == "receiver" and not is_matched:
        parts.append(lambda: _times(_discount(data), _value(fail, data)))
    elif fail.kind in _HAS_UNITS:
        parts.append(lambda: _times(_security(fail, day, rates), _value(fail, data)))
    if fail.kind in _HAS_CASH:
        parts.append(lambda: _times(_discount(data), _number(fail.cash)))
    total = Fraction(0)
    for part in parts:
        amount = part()
        if amount is None:
            return None
        total += amount
    return total


def _times(rate: Fraction | None, value: Fraction | None) -> Fraction | None:
    return None if rate is None or value is None else rate * value


def _number(amount: bl.Amount | None) -> Fraction:
    return Fraction(0 if amount is None else amount.decimal)


def _value(fail: Fail, data: ReferenceData) -> Fraction | None:
    if data.price is None or fail.quantity is None:
        return None
    return data.price.value_of(fail.quantity)


def _discount(data: ReferenceData) -> Fraction | None:
    if data.discount_percent is None:
        return None
    return Fraction(daily_discount_percent(data.discount_percent)) / 100


def _security(fail: Fail, day: date, rates: tuple[PenaltyRate, ...]) -> Fraction:
    rate_class = fail.rate_class or "other"
    return penalty_rate(rate_class, day, rates=rates).basis_points * _BASIS_POINT
