"""Matching: whether two instructions mean the same (RTS 2018/1229 Arts 5 and 6)."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import (
    as_amount,
    check_choice,
    check_commodity,
    check_instance,
)
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement._instruction import FREE, OPPOSITE, Instruction
from backoffice_ledger.settlement.lots._checks import check_not_negative

Band = Literal["smaller", "larger", "deliverer"]
"""Whose amount decides which tolerance holds."""

Settling = Literal["deliverer", "receiver", "smaller"]
"""Whose amount settles."""


def _as_money(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "tolerance")


@final
@attrs.frozen
class Tolerance:
    """How far the money of two instructions may differ (RTS 2018/1229 Art. 6).

    The regulation leaves open which of the two amounts decides the band and which of
    them settles: both are explicit here.  For a currency other than EUR use
    `equivalent`.

    Attributes:
        threshold: the first band ends with this amount.
        small: the tolerance up to and including the threshold.
        large: the tolerance above it.
        band: whose amount decides the band.
        settles: whose amount settles.
    """

    threshold: bl.Amount = attrs.field(
        default="100000.00 EUR",
        converter=_as_money,  # type: ignore[assignment]
    )
    small: bl.Amount = attrs.field(
        default="2.00 EUR",
        converter=_as_money,  # type: ignore[assignment]
    )
    large: bl.Amount = attrs.field(
        default="25.00 EUR",
        converter=_as_money,  # type: ignore[assignment]
    )
    band: Band = "smaller"
    settles: Settling = "deliverer"

    def __attrs_post_init__(self) -> None:
        for name in ("threshold", "small", "large"):
            amount = check_not_negative(getattr(self, name), name)
            check_commodity(amount, self.threshold.commodity, name)
        check_choice(self.band, Band, "band")
        check_choice(self.settles, Settling, "settles")

    @property
    def currency(self) -> bl.Commodity:
        """The currency that it is for."""
        return self.threshold.commodity

    def equivalent(self, currency: str, rate: Fraction | int) -> "Tolerance":
        """Return the tolerance in another currency, rounded down.

        Args:
            currency: the other currency.
            rate: units of it for one of this currency: the official ECB rate, which
                ESMA says is to be taken as of 1 January of each year (Q&A 1155).

        Raises:
            InvalidOption: a rate of zero or less.
        """
        if rate <= 0:
            raise InvalidOption(field="rate", expected="above zero", found=rate)
        parts: dict[str, Any] = {
            name: bl.Amount.rounded(
                Fraction(getattr(self, name).decimal) * rate, currency, rounding="down"
            )
            for name in ("threshold", "small", "large")
        }
        return attrs.evolve(self, **parts)

    def allowed(self, delivering: bl.Amount, receiving: bl.Amount) -> bl.Amount:
        """Return how far these two amounts may differ."""
        decides = {
            "smaller": min(delivering, receiving),
            "larger": max(delivering, receiving),
            "deliverer": delivering,
        }[self.band]
        return self.small if decides <= self.threshold else self.large

    def settling(self, delivering: bl.Amount, receiving: bl.Amount) -> bl.Amount:
        """Return the amount that settles."""
        if self.settles == "smaller":
            return min(delivering, receiving)
        return delivering if self.settles == "deliverer" else receiving


EUR_TOLERANCE: Final = Tolerance()
"""EUR 2 up to and including EUR 100 000, EUR 25 above."""


@final
@attrs.frozen
class Difference:
    """A field in which two instructions differ.

    Attributes:
        field: its name.
        ours: what the first one says.
        theirs: what the second one says.
    """

    field: str
    ours: str
    theirs: str


@final
@attrs.frozen
class Match:
    """What comparing two instructions comes to.

    Attributes:
        differences: none if they match.
        cash: the money that settles; None free of payment, or without a match.
    """

    differences: tuple[Difference, ...]
    cash: bl.Amount | None = None

    def __bool__(self) -> bool:
        return not self.differences


def _differences(ours: Instruction, theirs: Instruction) -> list[Difference]:
    pairs: list[tuple[str, object, object]] = [
        ("kind", OPPOSITE[ours.kind], theirs.kind),
        ("settlement_date", ours.settlement_date, theirs.settlement_date),
        ("trade_date", ours.trade_date, theirs.trade_date),
        ("quantity", ours.quantity, theirs.quantity),
        ("counterparty", ours.counterparty, theirs.participant),
        ("participant", ours.participant, theirs.counterparty),
        (
            "counterparty_depository",
            ours.counterparty_depository or ours.depository,
            theirs.depository,
        ),
        (
            "depository",
            ours.depository,
            theirs.counterparty_depository or theirs.depository,
        ),
        ("transaction", ours.transaction, theirs.transaction),
    ]
    return [
        Difference(name, str(one), str(other))
        for name, one, other in pairs
        if one != other
    ]


def match_instructions(
    ours: Instruction,
    theirs: Instruction,
    *,
    tolerances: Iterable[Tolerance] = (EUR_TOLERANCE,),
) -> Match:
    """Compare two instructions; they match if nothing differs.

    Free of payment, money is not compared.  Against payment, the currencies must be the
    same and the amounts may differ by the tolerance of that currency; without one they
    must be equal.

    Args:
        ours: one side.
        theirs: the other side.
        tolerances: one for each currency that has any.

    Raises:
        InvalidOption: no instructions.
    """
    check_instance(ours, Instruction, "ours")
    check_instance(theirs, Instruction, "theirs")
    found = _differences(ours, theirs)
    if ours.kind in FREE or theirs.kind in FREE:
        return Match(tuple(found))
    cash = _settling_cash(ours, theirs, tolerances)
    if cash is None:
        found.append(Difference("cash", str(ours.cash), str(theirs.cash)))
    return Match(tuple(found), None if found else cash)


def _settling_cash(
    ours: Instruction, theirs: Instruction, tolerances: Iterable[Tolerance]
) -> bl.Amount | None:
    """Return the money that settles, or None if the amounts do not match."""
    one, other = ours.cash, theirs.cash
    if one is None or other is None or one.commodity != other.commodity:
        return None
    gives_first = ours.is_delivery or ours.kind == "CPFOD"  # it is as if sold
    delivering, receiving = (one, other) if gives_first else (other, one)
    for tolerance in tolerances:
        if tolerance.currency == one.commodity:
            if abs(one - other) <= tolerance.allowed(delivering, receiving):
                return tolerance.settling(delivering, receiving)
            return None
    return one if one == other else None
