"""What happens to positions: valuation, corporate actions, interest, penalties."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import (
    check_amount,
    check_choice,
    check_commodity,
    check_date,
    check_instance,
)
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting._trade_events import (
    NO_AMOUNTS,
    Category,
    Obligation,
    check_not_before,
    frozen,
    lot_parts,
    sum_of,
)
from backoffice_ledger.settlement.lots._checks import (
    check_amounts,
    check_name,
    check_not_negative,
    check_part,
    check_positive,
)
from backoffice_ledger.settlement.lots._lot import LotPart


def _penalties(value: "Iterable[PenaltyAccrued]") -> "tuple[PenaltyAccrued, ...]":
    return tuple(value)


def _claims(value: "Iterable[DividendClaim]") -> "tuple[DividendClaim, ...]":
    return tuple(value)


def _location_units(value: "Iterable[LocationUnits]") -> "tuple[LocationUnits, ...]":
    return tuple(value)


@final
@attrs.frozen(order=False, kw_only=True)
class Marked:
    """A position was valued at a closing price.

    Attributes:
        date: the day of the price.
        instrument: what was valued.
        value: fair value of the position now; the entry's description names it.
        change: of the fair value since the last valuation; signed.  Of a short position
            both are those of the obligation: where it grows, the firm loses.
        to_be_received: what of the change falls on units that were bought and are
            still to be received, by the id of the purchase; signed.
        owner: of the position.
        category: how it is measured: not at amortised cost.
        part: 1 for the first valuation of a day, 2 for one that corrects it, ...
    """

    date: datetime.date
    instrument: bl.Commodity
    value: bl.Amount
    change: bl.Amount
    to_be_received: Mapping[str, bl.Amount] = attrs.field(
        default=NO_AMOUNTS, converter=frozen
    )
    owner: str = "firm"
    category: Category = "fvtpl"
    part: int = 1

    def __attrs_post_init__(self) -> None:
        check_part(self.part)
        check_date(self.date, "date")
        check_instance(self.instrument, bl.Commodity, "instrument")
        money = check_amount(self.change, "change").commodity
        check_commodity(check_amount(self.value, "value"), money, "value")
        check_amounts(self.to_be_received, money, "to_be_received", signed=True)
        check_name(self.owner, "owner")
        check_choice(
            self.category,
            Literal["fvtpl", "fvoci", "fvoci-equity", "short"],
            "category",
        )
        if self.category == "short" and self.to_be_received:
            raise InvalidOption(
                field="to_be_received",
                expected="nothing of a short position",
                found=dict(self.to_be_received),
            )


@final
@attrs.frozen(order=False, kw_only=True)
class DividendClaim:
    """A dividend falls on units that are traded and not yet settled (market claim).

    That on a coupon is booked with the coupon, and is paid like the others.

    Who bought before the ex-date and receives after the record date claims it from the
    seller; who sold so owes it.

    Attributes:
        claim_id: unique.
        obligation: on whose open units it falls: a claim where we receive the units, a
            debt where we deliver them.
        date: the ex-date.
        amount: of the dividend, or of the coupon; positive.
    """

    claim_id: str
    obligation: Obligation
    date: datetime.date
    amount: bl.Amount

    def __attrs_post_init__(self) -> None:
        check_name(self.claim_id, "claim_id")
        check_instance(self.obligation, Obligation, "obligation")
        check_date(self.date, "date")
        check_positive(self.amount, "amount")


@final
@attrs.frozen(order=False, kw_only=True)
class DividendClaimPaid:
    """A market claim was paid.

    Attributes:
        claim: the claim.
        date: the day.
    """

    claim: DividendClaim
    date: datetime.date

    def __attrs_post_init__(self) -> None:
        check_instance(self.claim, DividendClaim, "claim")
        check_date(self.date, "date")
        check_not_before(self.date, self.claim.date)


@final
@attrs.frozen(order=False, kw_only=True)
class DividendPaid:
    """The issuer paid a dividend on the units that the depository holds for us.

    Attributes:
        dividend_id: unique.
        date: the day.
        instrument: what pays.
        amount: positive.
        owner: whose units they are.
    """

    dividend_id: str
    date: datetime.date
    instrument: bl.Commodity
    amount: bl.Amount
    owner: str = "firm"

    def __attrs_post_init__(self) -> None:
        check_name(self.dividend_id, "dividend_id")
        check_date(self.date, "date")
        check_instance(self.instrument, bl.Commodity, "instrument")
        check_positive(self.amount, "amount")
        check_name(self.owner, "owner")


@final
@attrs.frozen(order=False)
class LocationUnits:
    """Units at a location of the stock record.

    Attributes:
        location: its name, such as ``depository``.
        quantity: units that the owner has there; signed.
        trade: the trade, or the netting, for which they are pending.
    """

    location: str
    quantity: bl.Amount
    trade: str | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.location, "location")
        check_amount(self.quantity, "quantity")
        if self.trade is not None:
            check_name(self.trade, "trade")


@final
@attrs.frozen(order=False, kw_only=True)
class Split:
    """An instrument was split, or joined: other units, the same cost, no result.

    Fractions of units that are paid in cash go at what they cost, like units that are
    sold.  A new unit that is made of several lots takes its cost out of each of them.

    Attributes:
        split_id: unique.
        date: the day from which the new units count.
        instrument: what was split.
        locations: units that are added (negative: taken away), where the owner has
            them, those of open trades by themselves.
        lots: by lot, the units that are added; a customer has no lots.
        owner: whose units they are.
        cash: what is paid for fractions; None where there are none.
        costs: by lot, what is added to its cost; signed.
        adjustments: by lot, what is added to its changes of fair value; signed.
        category: how the asset is measured.
    """

    split_id: str
    date: datetime.date
    instrument: bl.Commodity
    locations: tuple[LocationUnits, ...] = attrs.field(converter=_location_units)
    lots: Mapping[str, bl.Amount] = attrs.field(default=NO_AMOUNTS, converter=frozen)
    owner: str = "firm"
    cash: bl.Amount | None = None
    costs: Mapping[str, bl.Amount] = attrs.field(default=NO_AMOUNTS, converter=frozen)
    adjustments: Mapping[str, bl.Amount] = attrs.field(
        default=NO_AMOUNTS, converter=frozen
    )
    category: Category = "fvtpl"

    def __attrs_post_init__(self) -> None:
        check_name(self.split_id, "split_id")
        check_date(self.date, "date")
        check_instance(self.instrument, bl.Commodity, "instrument")
        for item in self.locations:
            check_instance(item, LocationUnits, "locations")
            check_commodity(item.quantity, self.instrument, "locations")
        check_amounts(self.lots, self.instrument, "lots", signed=True)
        check_name(self.owner, "owner")
        self._check_money()
        if self.lots and sum_of(self.lots, self.instrument) != self.added:
            raise InvalidOption(
                field="lots",
                expected=f"{self.added} in all",
                found=sum_of(self.lots, self.instrument),
            )

    def _check_money(self) -> None:
        check_choice(self.category, Category, "category")
        for field in ("costs", "adjustments"):
            value = getattr(self, field)
            if not isinstance(value, Mapping):
                raise InvalidOption(field=field, expected="a mapping", found=value)
        found = [*self.costs.values(), *self.adjustments.values()]
        if self.cash is not None:
            found.append(check_not_negative(self.cash, "cash"))
        if found:
            money = check_amount(found[0], "costs").commodity
            check_amounts(self.costs, money, "costs", signed=True)
            check_amounts(self.adjustments, money, "adjustments", signed=True)
            check_commodity(found[-1], money, "cash")

    @property
    def added(self) -> bl.Amount:
        """The units that are added in all; signed."""
        nothing = bl.Amount.from_minor(0, self.instrument)
        return sum((item.quantity for item in self.locations), nothing)


@final
@attrs.frozen(order=False, kw_only=True)
class LotsTransferred:
    """Units went from one owner to another and kept what they are and cost.

    Attributes:
        transfer_id: unique.
        date: the day.
        lots: what moves.
        from_owner: who had it.
        to_owner: who has it.
        category: how the asset is measured, by both.
    """

    transfer_id: str
    date: datetime.date
    lots: tuple[LotPart, ...] = attrs.field(converter=lot_parts)
    from_owner: str
    to_owner: str
    category: Category = "fvtpl"

    def __attrs_post_init__(self) -> None:
        check_name(self.transfer_id, "transfer_id")
        check_date(self.date, "date")
        if not self.lots:
            raise InvalidOption(field="lots", expected="at least one", found=self.lots)
        for part in self.lots:
            check_instance(part, LotPart, "lots")
            check_commodity(
                part.quantity, self.lots[0].quantity.commodity, "lots.quantity"
            )
            check_commodity(part.cost, self.lots[0].cost.commodity, "lots.cost")
        check_name(self.from_owner, "from_owner")
        check_name(self.to_owner, "to_owner")
        if self.from_owner == self.to_owner:
            raise InvalidOption(
                field="to_owner", expected="another owner", found=self.to_owner
            )
        check_choice(self.category, Category, "category")


@final
@attrs.frozen(order=False, kw_only=True)
class CouponAccrued:
    """Interest on a bond has accrued since it was bought, or since the last event.

    Attributes:
        accrual_id: unique.
        date: the day up to which it has accrued.
        instrument: the bond.
        amount: what is added.
        owner: of the bond.
    """

    accrual_id: str
    date: datetime.date
    instrument: bl.Commodity
    amount: bl.Amount
    owner: str = "firm"

    def __attrs_post_init__(self) -> None:
        check_name(self.accrual_id, "accrual_id")
        check_date(self.date, "date")
        check_instance(self.instrument, bl.Commodity, "instrument")
        check_amount(self.amount, "amount")
        check_name(self.owner, "owner")


@final
@attrs.frozen(order=False, kw_only=True)
class CouponPaid:
    """A coupon was paid.

    The issuer pays on what the depository holds.  What falls on units that were traded
    and are not settled yet is claimed from the seller, or owed to the buyer.

    Attributes:
        coupon_id: unique.
        date: the day.
        instrument: the bond.
        purchased: the part that was bought with the bond; of a customer zero.
        accrued: the part that has accrued since; of a customer all.
        owner: of the bond.
        claims: market claims on open trades that are part of the coupon.
    """

    coupon_id: str
    date: datetime.date
    instrument: bl.Commodity
    purchased: bl.Amount
    accrued: bl.Amount
    owner: str = "firm"
    claims: tuple[DividendClaim, ...] = attrs.field(default=(), converter=_claims)

    def __attrs_post_init__(self) -> None:
        check_name(self.coupon_id, "coupon_id")
        check_date(self.date, "date")
        check_instance(self.instrument, bl.Commodity, "instrument")
        money = check_not_negative(self.purchased, "purchased").commodity
        check_commodity(check_not_negative(self.accrued, "accrued"), money, "accrued")
        if not self.claims:
            check_positive(self.purchased + self.accrued, "accrued")
        check_name(self.owner, "owner")
        for item in self.claims:
            check_instance(item, DividendClaim, "claims")
            check_commodity(item.amount, money, "claims.amount")


@final
@attrs.frozen(order=False, kw_only=True)
class PenaltyAccrued:
    """A settlement fail cost us a penalty for one day, or brought us one.

    Attributes:
        penalty_id: unique, of this day's penalty.
        obligation_id: of the trade that fails.
        date: the day.
        amount: positive.
        payer: ``us`` or ``counterparty``.
        counterparty: the other side.
    """

    penalty_id: str
    obligation_id: str
    date: datetime.date
    amount: bl.Amount
    counterparty: str
    payer: Literal["us", "counterparty"] = "us"

    def __attrs_post_init__(self) -> None:
        check_name(self.penalty_id, "penalty_id")
        check_name(self.obligation_id, "obligation_id")
        check_date(self.date, "date")
        check_positive(self.amount, "amount")
        check_name(self.counterparty, "counterparty")
        check_choice(self.payer, Literal["us", "counterparty"], "payer")


@final
@attrs.frozen(order=False, kw_only=True)
class PenaltyPaid:
    """Penalties of a month were collected by the depository, or distributed.

    Attributes:
        payment_id: unique.
        date: the day.
        penalties: those that are paid, each by itself.
    """

    payment_id: str
    date: datetime.date
    penalties: tuple[PenaltyAccrued, ...] = attrs.field(converter=_penalties)

    def __attrs_post_init__(self) -> None:
        check_name(self.payment_id, "payment_id")
        check_date(self.date, "date")
        if not self.penalties:
            raise InvalidOption(
                field="penalties", expected="at least one", found=self.penalties
            )
        for item in self.penalties:
            check_instance(item, PenaltyAccrued, "penalties")
            money = self.penalties[0].amount.commodity
            check_commodity(item.amount, money, "penalties.amount")
