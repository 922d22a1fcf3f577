"""What happens to trades and positions, as plain data: the input of the posting rules.

Amounts of an `Obligation`, and the *difference* of a settlement, are signed as we see
them: positive comes to us, negative leaves us.  All other amounts are positive, and the
name of the field says which way they go, unless its description says otherwise.
"""

import datetime
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, final

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
from backoffice_ledger.settlement.lots._checks import (
    check_amounts,
    check_name,
    check_not_negative,
    check_part,
    check_positive,
)
from backoffice_ledger.settlement.lots._lot import LotPart

TradeSide = Literal["buy", "sell"]
"""What we, or our customer, do."""

Capacity = Literal["principal", "agent"]
"""For our own account, or for a customer's."""

Clearing = Literal["bilateral", "ccp"]
"""Whom we owe: the counterparty, or a central counterparty."""

Payment = Literal["against-payment", "free-of-payment", "with-payment", "payment-only"]
"""How units and money of an obligation move: DVP, free, DWP (both one way), or PFOD."""

Category = Literal["fvtpl", "fvoci", "fvoci-equity", "amortised-cost", "short"]
"""IFRS 9 4.1: how an asset is measured, and where changes of its value go; ``short`` is
no asset, but the obligation to deliver one (BA.7(b))."""

NO_AMOUNTS: Final[Mapping[str, bl.Amount]] = MappingProxyType({})


def frozen(value: Any) -> Any:
    """Return a mapping that nobody can change."""
    return MappingProxyType(dict(value)) if isinstance(value, Mapping) else value


def sum_of(amounts: Mapping[str, bl.Amount], unit: bl.Commodity) -> bl.Amount:
    """Return the sum of amounts of one commodity, of which there may be none."""
    return sum(amounts.values(), bl.Amount.from_minor(0, unit))


def _obligations(value: "Iterable[Obligation]") -> "tuple[Obligation, ...]":
    return tuple(value)


def lot_parts(value: Iterable[LotPart]) -> tuple[LotPart, ...]:
    """Return parts of lots as a tuple."""
    return tuple(value)


def check_not_before(date: datetime.date, first: datetime.date) -> None:
    """Check that a payment is not dated before what it pays."""
    if date < first:
        raise InvalidOption(field="date", expected=f"{first} or later", found=date)


def _check_part(event: Any) -> None:
    """Check the fields that events on a part of an obligation share."""
    check_instance(event.obligation, Obligation, "obligation")
    check_date(event.date, "date")
    check_part(event.part)


@final
@attrs.frozen(order=False)
class Obligation:
    """What is to be delivered against what is to be paid, as we see it.

    Attributes:
        id: of the trade, or of the netting that made it.
        quantity: units; positive where we receive them.
        cash: money; positive where we receive it.
        counterparty: who owes us, and whom we owe.
        clearing: ``ccp`` where that is a central counterparty.
        owner: whose units they are, ``firm`` or a customer's opaque id.
    """

    id: str
    quantity: bl.Amount
    cash: bl.Amount
    counterparty: str
    clearing: Clearing = "bilateral"
    owner: str = "firm"

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")
        check_amount(self.quantity, "quantity")
        check_amount(self.cash, "cash")
        check_name(self.counterparty, "counterparty")
        check_choice(self.clearing, Clearing, "clearing")
        check_name(self.owner, "owner")

    @property
    def payment(self) -> Payment:
        """How units and money move.

        With payment, whoever delivers the units pays as well.  A trade never does, but
        what is left after netting may.
        """
        units, cash = self.quantity.minor_units, self.cash.minor_units
        if not cash:
            return "free-of-payment"
        if not units:
            return "payment-only"
        return "with-payment" if (units > 0) is (cash > 0) else "against-payment"

    def share(self, quantity: bl.Amount, cash: bl.Amount) -> "Obligation":
        """Return a part of it: so many units against so much money.

        Args:
            quantity: without a sign.
            cash: without a sign.

        Raises:
            InvalidOption: it is more than the whole, or below zero.
            CommodityMismatch: other units, or another currency.
            InexactNumber: no amounts.
        """
        return attrs.evolve(
            self,
            quantity=_part_of(self.quantity, quantity, "quantity"),
            cash=_part_of(self.cash, cash, "cash"),
        )


def _part_of(whole: bl.Amount, part: bl.Amount, field: str) -> bl.Amount:
    check_commodity(check_not_negative(part, field), whole.commodity, field)
    if part > abs(whole):
        raise InvalidOption(field=field, expected=f"at most {abs(whole)}", found=part)
    return part if whole.minor_units > 0 else -part


@final
@attrs.frozen(order=False, kw_only=True)
class TradeExecuted:
    """Securities were bought or sold; risk has passed on the trade date.

    Attributes:
        trade_id: unique; the id of the lot that a purchase makes.
        date: trade date.
        settlement_date: intended settlement date.
        side: ``buy`` or ``sell``.
        quantity: units of the instrument, which is its commodity.
        consideration: price times quantity, without accrued interest and fees.
        counterparty: whom we trade with, or the central counterparty's name.
        accrued: interest that the buyer pays to the seller.
        accrued_purchased: of a sale: what goes of the interest that was itself bought
            with the bond; signed.
        accrued_booked: of a sale: what goes of the interest that has accrued since and
            is booked; signed.  What *accrued* is above both, or below, is income.  None
            is all of *accrued* that was not bought.
        fees: what we pay on top (principal) or what the customer pays us (agent), by
            name, such as ``commission``.
        owner: whose units they are, ``firm`` or a customer's opaque id.
        capacity: ``principal`` or ``agent``.
        clearing: ``bilateral`` or ``ccp``.
        category: how the asset is measured; ``short`` sells what the firm does not
            have, and buys it back.
        chosen: for specific identification: units to sell, or buy back, by lot.
        lot: the lot that an opening trade adds to; None is one of the trade's id.
        lots: of a closing trade as principal: what goes.  `SettlementBooks` fills in
            both, as the two parts of a sale's interest.
    """

    trade_id: str
    date: datetime.date
    settlement_date: datetime.date
    side: TradeSide
    quantity: bl.Amount
    consideration: bl.Amount
    counterparty: str
    accrued: bl.Amount | None = None
    accrued_purchased: bl.Amount | None = None
    accrued_booked: bl.Amount | None = None
    fees: Mapping[str, bl.Amount] = attrs.field(default=NO_AMOUNTS, converter=frozen)
    owner: str = "firm"
    capacity: Capacity = "principal"
    clearing: Clearing = "bilateral"
    category: Category = "fvtpl"
    chosen: Mapping[str, bl.Amount] = attrs.field(default=NO_AMOUNTS, converter=frozen)
    lot: str | None = None
    lots: tuple[LotPart, ...] = attrs.field(default=(), converter=lot_parts)

    def __attrs_post_init__(self) -> None:
        check_name(self.trade_id, "trade_id")
        check_date(self.date, "date")
        check_date(self.settlement_date, "settlement_date")
        if self.settlement_date < self.date:
            raise InvalidOption(
                field="settlement_date",
                expected=f"{self.date} or later",
                found=self.settlement_date,
            )
        check_choice(self.side, TradeSide, "side")
        check_positive(self.quantity, "quantity")
        money = check_positive(self.consideration, "consideration").commodity
        for name in ("accrued", "accrued_purchased", "accrued_booked"):
            if getattr(self, name) is not None:
                check_commodity(check_amount(getattr(self, name), name), money, name)
        check_amounts(self.fees, money, "fees")
        check_name(self.counterparty, "counterparty")
        check_name(self.owner, "owner")
        check_choice(self.capacity, Capacity, "capacity")
        check_choice(self.clearing, Clearing, "clearing")
        check_choice(self.category, Category, "category")
        if self.category == "short":
            self._check_short()
        check_amounts(self.chosen, self.quantity.commodity, "chosen")
        if self.lot is not None:
            check_name(self.lot, "lot")
        for part in self.lots:
            check_instance(part, LotPart, "lots")
            check_commodity(part.quantity, self.quantity.commodity, "lots.quantity")
            check_commodity(part.cost, money, "lots.cost")

    def _check_short(self) -> None:
        if self.capacity == "agent":
            raise InvalidOption(
                field="category", expected="one of an asset, as agent", found="short"
            )
        if self.accrued is not None:
            raise InvalidOption(
                "interest on what was sold short is not booked",
                field="accrued",
                expected="none",
                found=self.accrued,
            )

    @property
    def is_opening(self) -> bool:
        """Whether a position is opened, or added to: a purchase, or a short sale."""
        return (self.side == "sell") is (self.category == "short")

    @property
    def instrument(self) -> bl.Commodity:
        """What is traded."""
        return self.quantity.commodity

    @property
    def gross(self) -> bl.Amount:
        """Consideration with accrued interest, without fees."""
        if self.accrued is None:
            return self.consideration
        return self.consideration + self.accrued

    @property
    def fee_total(self) -> bl.Amount:
        """The sum of the fees."""
        return sum_of(self.fees, self.consideration.commodity)

    @property
    def obligation(self) -> Obligation:
        """What is to be settled on the market: for an agent without its fees."""
        is_buy = self.side == "buy"
        money = self.gross
        if self.capacity == "principal":
            money = money + self.fee_total if is_buy else money - self.fee_total
        return Obligation(
            self.trade_id,
            self.quantity if is_buy else -self.quantity,
            -money if is_buy else money,
            self.counterparty,
            self.clearing,
            self.owner,
        )

    @property
    def customer_cash(self) -> bl.Amount:
        """What the customer of an agent owes (positive) or is owed (negative)."""
        if self.side == "buy":
            return self.gross + self.fee_total
        return self.fee_total - self.gross


@final
@attrs.frozen(order=False, kw_only=True)
class TradeSettled:
    """An obligation, or a part of it, was settled.

    Attributes:
        obligation: what of it was settled; see `Obligation.share`.
        date: the day on which it was.
        difference: money beyond the obligation's, within the tolerance: positive where
            we received more or paid less.
        part: 1 for the first settlement of the obligation, 2 for the next, ...
        failing: whether `TradeFailing` moved it to the failed accounts before.
    """

    obligation: Obligation
    date: datetime.date
    difference: bl.Amount | None = None
    part: int = 1
    failing: bool = False

    def __attrs_post_init__(self) -> None:
        _check_part(self)
        if self.difference is not None:
            money = self.obligation.cash.commodity
            check_commodity(
                check_amount(self.difference, "difference"), money, "difference"
            )


@final
@attrs.frozen(order=False, kw_only=True)
class CustomerSettled:
    """The customer of an agent paid, or was paid.

    Attributes:
        trade: the trade.
        date: the day of the payment.
        cash: how much, positive; None is what is left.
        part: 1 for the first payment, 2 for the next, ...
    """

    trade: TradeExecuted
    date: datetime.date
    cash: bl.Amount | None = None
    part: int = 1

    def __attrs_post_init__(self) -> None:
        check_instance(self.trade, TradeExecuted, "trade")
        if self.trade.capacity != "agent":
            raise InvalidOption(
                field="trade", expected="a trade as agent", found=self.trade.capacity
            )
        check_date(self.date, "date")
        check_not_before(self.date, self.trade.date)
        check_part(self.part)
        if self.cash is not None:
            money = self.trade.consideration.commodity
            check_commodity(check_positive(self.cash, "cash"), money, "cash")


@final
@attrs.frozen(order=False, kw_only=True)
class TradeFailing:
    """An obligation, or what is left of it, was not settled on its day.

    Attributes:
        obligation: what of it is failing.
        date: the first day after the intended one on which it is, or that day itself.
        part: 1 for the first time, 2 after a `FailResolved`, ...
    """

    obligation: Obligation
    date: datetime.date
    part: int = 1

    def __attrs_post_init__(self) -> None:
        _check_part(self)


@final
@attrs.frozen(order=False, kw_only=True)
class FailResolved:
    """What was failing is an ordinary open obligation again: it has a new date.

    A failing obligation that is delivered is a `TradeSettled` with *failing*.

    Attributes:
        obligation: what of it is no longer failing.
        date: the day.
        part: the same as that of the `TradeFailing`.
    """

    obligation: Obligation
    date: datetime.date
    part: int = 1

    def __attrs_post_init__(self) -> None:
        _check_part(self)


@final
@attrs.frozen(order=False, kw_only=True)
class Netted:
    """Obligations were replaced: by one net obligation, or by a novation to a CCP.

    Units are netted for each instrument and money for each currency; the obligations
    that take their place carry *netting_id*.

    Attributes:
        netting_id: unique.
        date: the day.
        obligations: those that are replaced, with what is left of them.
        counterparty: of the new obligation.
        clearing: of the new obligation.
    """

    netting_id: str
    date: datetime.date
    obligations: tuple[Obligation, ...] = attrs.field(converter=_obligations)
    counterparty: str
    clearing: Clearing = "ccp"

    def __attrs_post_init__(self) -> None:
        check_name(self.netting_id, "netting_id")
        check_date(self.date, "date")
        for item in self.obligations:
            check_instance(item, Obligation, "obligations")
        if not self.obligations:
            raise InvalidOption(
                field="obligations", expected="at least one", found=self.obligations
            )
        if len({item.id for item in self.obligations}) != len(self.obligations):
            raise InvalidOption(field="obligations", expected="each of them once")
        if len({item.owner for item in self.obligations}) != 1:
            raise InvalidOption(field="obligations", expected="those of one owner")
        check_name(self.counterparty, "counterparty")
        check_choice(self.clearing, Clearing, "clearing")

    @property
    def net(self) -> tuple[bl.Balance, bl.Balance]:
        """What is left: units by instrument, and money by currency; signed."""
        return net(self.obligations)


def net(obligations: Iterable[Obligation]) -> tuple[bl.Balance, bl.Balance]:
    """Return the sums of units by instrument, and of money by currency."""
    found = tuple(obligations)
    return (
        bl.Balance(item.quantity for item in found),
        bl.Balance(item.cash for item in found),
    )


@final
@attrs.frozen(order=False, kw_only=True)
class TradeCancelled:
    """A trade is taken back before any of it was settled or netted.

    Attributes:
        trade: as it was executed, with its lots.
        date: the booking date of the reversal.
        reason: why; erasable free text.
        failing: whether `TradeFailing` moved it to the failed accounts before.
        adjustment: of a purchase: changes of fair value that are booked on it, and that
            go with it; signed.  `SettlementBooks` fills it in.
    """

    trade: TradeExecuted
    date: datetime.date
    reason: str = ""
    failing: bool = False
    adjustment: bl.Amount | None = None

    def __attrs_post_init__(self) -> None:
        check_instance(self.trade, TradeExecuted, "trade")
        check_date(self.date, "date")
        if self.adjustment is not None:
            money = self.trade.consideration.commodity
            check_commodity(
                check_amount(self.adjustment, "adjustment"), money, "adjustment"
            )


@final
@attrs.frozen(order=False, kw_only=True)
class FxTradeExecuted:
    """A currency was bought against another.

    Attributes:
        trade_id: unique.
        date: trade date.
        value_date: the day on which both are paid.
        bought: what we receive.
        sold: what we pay, positive.
        counterparty: whom we trade with.
    """

    trade_id: str
    date: datetime.date
    value_date: datetime.date
    bought: bl.Amount
    sold: bl.Amount
    counterparty: str

    def __attrs_post_init__(self) -> None:
        check_name(self.trade_id, "trade_id")
        check_date(self.date, "date")
        check_date(self.value_date, "value_date")
        bought = check_positive(self.bought, "bought").commodity
        if check_positive(self.sold, "sold").commodity == bought:
            raise InvalidOption(
                field="sold", expected=f"another currency than {bought}", found=bought
            )
        check_name(self.counterparty, "counterparty")


@final
@attrs.frozen(order=False, kw_only=True)
class FxTradeSettled:
    """A currency trade was settled, or one side of it.

    Attributes:
        trade: the trade.
        date: the day.
        paid: which side: ``bought``, ``sold`` or ``both``.
    """

    trade: FxTradeExecuted
    date: datetime.date
    paid: Literal["bought", "sold", "both"] = "both"

    def __attrs_post_init__(self) -> None:
        check_instance(self.trade, FxTradeExecuted, "trade")
        check_date(self.date, "date")
        check_not_before(self.date, self.trade.date)
        check_choice(self.paid, Literal["bought", "sold", "both"], "paid")
