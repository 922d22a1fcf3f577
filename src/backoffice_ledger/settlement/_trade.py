"""Trades: what was agreed, as it never changes."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import (
    as_amount,
    check_choice,
    check_commodity,
    check_date,
    check_instance,
)
from backoffice_ledger.errors import InvalidDate, InvalidDocument, InvalidOption
from backoffice_ledger.settlement._price import Price
from backoffice_ledger.settlement._values import (
    as_optional_amount,
    instant_of,
    instant_text,
    read_amount,
    text_of,
)
from backoffice_ledger.settlement.accounting import (
    Capacity,
    Category,
    Clearing,
    Obligation,
    TradeExecuted,
    TradeSide,
)
from backoffice_ledger.settlement.lots._checks import (
    check_amounts,
    check_name,
    check_not_negative,
    check_positive,
)

KIND: Final = "trade"
"""The kind of the documents that keep trades; a version is a version of the trade."""

_NO_AMOUNTS: Final[Mapping[str, bl.Amount]] = MappingProxyType({})
_NAMED: Final = ("market", "own_ssi", "counterparty_ssi")


def _as_fees(fees: Mapping[str, bl.Amount | str]) -> Mapping[str, bl.Amount]:
    if not isinstance(fees, Mapping):
        raise InvalidOption(field="fees", expected="a mapping", found=fees)
    return MappingProxyType(
        {name: as_amount(fee, f"fees.{name}") for name, fee in sorted(fees.items())}
    )


def _as_chosen(chosen: Mapping[str, bl.Amount | str]) -> Mapping[str, bl.Amount]:
    if not isinstance(chosen, Mapping):
        raise InvalidOption(field="chosen", expected="a mapping", found=chosen)
    return MappingProxyType(
        {lot: as_amount(units, f"chosen.{lot}") for lot, units in chosen.items()}
    )


def _as_quantity(value: bl.Amount | str) -> bl.Amount:
    return as_amount(value, "quantity")


def _as_consideration(value: bl.Amount | str | None) -> Any:
    return as_optional_amount(value, "consideration")


def _as_accrued(value: bl.Amount | str | None) -> Any:
    return as_optional_amount(value, "accrued")


def _as_net(value: bl.Amount | str | None) -> Any:
    return as_optional_amount(value, "net")


def _as_day(value: date | None) -> Any:
    return value


def _as_price(value: Price | str | int | Decimal | Fraction) -> Price:
    return Price.of(value)


def _as_currency(value: str | bl.Commodity) -> bl.Commodity:
    return bl.Commodity.of(value)


@final
@attrs.frozen(order=False, kw_only=True)
class Trade:
    """Securities that were bought or sold, for the firm or for a customer.

    Nothing of it is ever edited: `SettlementDesk.amend` takes a trade back and books
    its next version.

    Attributes:
        id: unique among the trades of the book; no ``:`` and no ``/``.
        traded_at: the instant of the execution, with a time zone.
        trade_date: the day of the execution where the market is.
        settlement_date: the intended settlement date; None, which is the default,
            leaves it to the desk that captures the trade.
        side: ``buy`` or ``sell``: what we, or our customer, do.
        quantity: units, above zero; its commodity is the instrument.
        price: above zero: by the unit, or of a bond ``Price("101.25", "percent")``,
            clean; a plain number is by the unit.
        currency: of the price and of all money.
        counterparty: whom we trade with: an opaque id.
        consideration: price times quantity; None computes it, rounded half-up.  What is
            given must be within one minor unit of the exact product.
        accrued: interest that the buyer pays to the seller.
        fees: by name, such as ``commission``; of zero or more.
        net: what is paid in all; None computes it, what is given is checked.
        owner: whose units they are: ``firm``, or the opaque id of a customer.
        capacity: ``principal`` or ``agent``.
        clearing: ``bilateral`` or ``ccp``.
        category: how the firm measures the asset, such as ``fvoci``; ``short`` sells
            what the firm does not have, and buys it back.
        chosen: for specific identification: units to sell, or buy back, by lot.
        market: where it was executed, such as the market identifier ``XETR``.
        own_ssi: our standing settlement instruction: an id.
        counterparty_ssi: that of the other side.
        version: 1 for the first; an amendment has the next one.

    Raises:
        InvalidOption: a field is out of range, or consideration or net is not what the
            other fields amount to.
        InvalidIdentifier, InvalidDate, InexactNumber, InvalidAmount, CommodityMismatch,
        UnknownCommodity: the field named in the error is wrong.
    """

    id: str
    traded_at: datetime
    trade_date: date
    settlement_date: date = attrs.field(default=None, converter=_as_day)
    side: TradeSide
    quantity: bl.Amount = attrs.field(converter=_as_quantity)
    price: Price = attrs.field(converter=_as_price)
    currency: bl.Commodity = attrs.field(converter=_as_currency)
    counterparty: str
    consideration: bl.Amount = attrs.field(default=None, converter=_as_consideration)
    accrued: bl.Amount = attrs.field(default=None, converter=_as_accrued)
    fees: Mapping[str, bl.Amount] = attrs.field(default=_NO_AMOUNTS, converter=_as_fees)
    net: bl.Amount = attrs.field(default=None, converter=_as_net)
    owner: str = "firm"
    capacity: Capacity = "principal"
    clearing: Clearing = "bilateral"
    category: Category = "fvtpl"
    chosen: Mapping[str, bl.Amount] = attrs.field(
        default=_NO_AMOUNTS, converter=_as_chosen
    )
    market: str | None = None
    own_ssi: str | None = None
    counterparty_ssi: str | None = None
    version: int = 1

    def __attrs_post_init__(self) -> None:
        self._check_names()
        self._check_days()
        check_choice(self.side, TradeSide, "side")
        check_positive(self.quantity, "quantity")
        if not self.price.number:
            raise InvalidOption(
                field="price", expected="a price above zero", found=self.price
            )
        if type(self.version) is not int or self.version < 1:
            raise InvalidOption(
                field="version", expected="an int from 1", found=self.version
            )
        self._set_money()
        self._check_position()

    def _check_names(self) -> None:
        for name in ("id", "counterparty", "owner"):
            check_name(getattr(self, name), name)
        for name in _NAMED:
            if getattr(self, name) is not None:
                check_name(getattr(self, name), name)
        check_choice(self.capacity, Capacity, "capacity")
        check_choice(self.clearing, Clearing, "clearing")
        if self.capacity == "agent" and self.owner == "firm":
            raise InvalidOption(
                field="owner", expected="the customer that an agent acts for"
            )

    def _check_days(self) -> None:
        check_date(self.trade_date, "trade_date")
        if not isinstance(self.traded_at, datetime) or self.traded_at.tzinfo is None:
            raise InvalidDate(
                field="traded_at",
                expected="a datetime with a time zone",
                found=self.traded_at,
            )
        due: date | None = self.settlement_date
        if due is None:
            return
        check_date(due, "settlement_date")
        if due < self.trade_date:
            raise InvalidOption(
                field="settlement_date",
                expected=f"{self.trade_date} or later",
                found=due,
            )

    def _set_money(self) -> None:
        """Compute what was not given, and check what was."""
        unit = self.currency
        exact = self.price.value_of(self.quantity)
        given: Any = self.consideration
        if given is None:
            given = bl.Amount.rounded(exact, unit, rounding="half-up")
            object.__setattr__(self, "consideration", given)
        check_commodity(given, unit, "consideration")
        if abs(given.minor_units - exact * 10**unit.scale) >= 1:
            raise InvalidOption(
                field="consideration",
                expected=f"price times quantity, {exact}, rounded up or down",
                found=given,
            )
        check_positive(given, "consideration")
        if self.accrued is None:
            object.__setattr__(self, "accrued", bl.Amount.from_minor(0, unit))
        check_commodity(check_not_negative(self.accrued, "accrued"), unit, "accrued")
        check_amounts(self.fees, unit, "fees")
        net = self._net()
        if self.net is None:
            object.__setattr__(self, "net", net)
        if self.net != net:
            raise InvalidOption(
                field="net",
                expected=f"{net}: consideration, accrued interest and fees",
                found=self.net,
            )
        check_not_negative(net, "net")

    def _check_position(self) -> None:
        """Check what says which position it is, and which part of it goes."""
        check_choice(self.category, Category, "category")
        check_amounts(self.chosen, self.instrument, "chosen")
        is_short = self.category == "short"
        if self.capacity == "agent" and (self.category != "fvtpl" or self.chosen):
            raise InvalidOption(
                "what a customer owns is not measured, and has no lots",
                field="chosen" if self.chosen else "category",
                expected="that of a trade as principal",
                found=self.category,
            )
        if is_short and self.accrued:
            raise InvalidOption(
                "interest on what was sold short is not booked",
                field="accrued",
                expected="none",
                found=self.accrued,
            )
        if self.chosen and (self.side == "sell") is is_short:
            raise InvalidOption(
                field="chosen",
                expected="lots of a trade that closes a position",
                found=dict(self.chosen),
            )

    def _net(self) -> bl.Amount:
        fees = sum(self.fees.values(), bl.Amount.from_minor(0, self.currency))
        gross = self.consideration + self.accrued
        return gross + fees if self.side == "buy" else gross - fees

    @property
    def instrument(self) -> bl.Commodity:
        """What is traded."""
        return self.quantity.commodity

    @property
    def booking_id(self) -> str:
        """The id under which this version is booked: ``T-1``, then ``T-1.v2``."""
        return self.id if self.version == 1 else f"{self.id}.v{self.version}"

    def executed(self) -> TradeExecuted:
        """Return the event of accounting that the trade is."""
        return TradeExecuted(
            trade_id=self.booking_id,
            date=self.trade_date,
            settlement_date=self.settlement_date,
            side=self.side,
            quantity=self.quantity,
            consideration=self.consideration,
            counterparty=self.counterparty,
            accrued=self.accrued if self.accrued else None,
            fees=self.fees,
            owner=self.owner,
            capacity=self.capacity,
            clearing=self.clearing,
            category=self.category,
            chosen=self.chosen,
        )

    @property
    def obligation(self) -> Obligation:
        """What is to be settled with the other side, as we see it."""
        return self.executed().obligation


@final
@attrs.frozen(order=False)
class Allocation:
    """A part of a block trade that goes to one account.

    Attributes:
        id: of the trade that the part becomes.
        owner: whose units they are: ``firm``, or the opaque id of a customer.
        quantity: units, above zero.
        own_ssi: the account's standing settlement instruction; None is the block's.
    """

    id: str
    owner: str
    quantity: bl.Amount = attrs.field(converter=_as_quantity)
    own_ssi: str | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.id, "id")
        check_name(self.owner, "owner")
        check_positive(self.quantity, "quantity")
        if self.own_ssi is not None:
            check_name(self.own_ssi, "own_ssi")


def split_block(block: Trade, allocations: Iterable[Allocation]) -> tuple[Trade, ...]:
    """Return the trades that a block trade is split into.

    Units must sum exactly.  Consideration, accrued interest and each fee are split by
    units: the running sum is rounded (half away from zero), so that every part is
    within one minor unit of its exact share and all parts sum to the block's money.

    Raises:
        InvalidOption: no allocations, ids that clash, units that do not sum to the
            block's, or a block that chooses lots.
        CommodityMismatch: another instrument.
    """
    parts = [
        check_instance(part, Allocation, f"allocations[{index}]")
        for index, part in enumerate(allocations)
    ]
    if block.chosen:
        raise InvalidOption(
            "each allocation takes lots of its own owner",
            field="chosen",
            expected="none of a block",
            found=dict(block.chosen),
        )
    total = sum(
        (part.quantity for part in parts), bl.Amount.from_minor(0, block.instrument)
    )
    if total != block.quantity:
        raise InvalidOption(
            field="allocations",
            expected=f"{block.quantity} in all",
            found=total,
        )
    if len({block.id, *(part.id for part in parts)}) != len(parts) + 1:
        raise InvalidOption(field="allocations", expected="an id of its own for each")
    weights = [part.quantity.minor_units for part in parts]
    considerations = block.consideration.allocate(weights)
    accrued = block.accrued.allocate(weights)
    fees = {name: fee.allocate(weights) for name, fee in block.fees.items()}
    return tuple(
        attrs.evolve(
            block,
            id=part.id,
            owner=part.owner,
            quantity=part.quantity,
            own_ssi=part.own_ssi or block.own_ssi,
            consideration=considerations[index],
            accrued=accrued[index],
            fees={name: shares[index] for name, shares in fees.items()},
            net=None,
            version=1,
        )
        for index, part in enumerate(parts)
    )


# --- as documents --------------------------------------------------------------------


def to_document(trade: Trade) -> bl.Document:
    """Return the document that keeps a trade."""
    content: dict[str, Any] = {
        "traded_at": instant_text(trade.traded_at),
        "trade_date": trade.trade_date.isoformat(),
        "settlement_date": trade.settlement_date.isoformat(),
        "side": trade.side,
        "instrument": trade.instrument.code,
        "instrument_scale": trade.instrument.scale,
        "quantity": trade.quantity.number,
        "price": text_of(trade.price.number),
        "price_basis": trade.price.basis,
        "currency": trade.currency.code,
        "currency_scale": trade.currency.scale,
        "consideration": trade.consideration.number,
        "accrued": trade.accrued.number,
        "net": trade.net.number,
        "counterparty": trade.counterparty,
        "owner": trade.owner,
        "capacity": trade.capacity,
        "clearing": trade.clearing,
    }
    if trade.fees:
        content["fees"] = {name: fee.number for name, fee in trade.fees.items()}
    if trade.category != "fvtpl":
        content["category"] = trade.category
    if trade.chosen:
        content["chosen"] = {lot: part.number for lot, part in trade.chosen.items()}
    for name in _NAMED:
        if getattr(trade, name) is not None:
            content[name] = getattr(trade, name)
    return bl.Document(KIND, trade.id, content, version=trade.version)


def from_document(document: bl.Document) -> Trade:
    """Return the trade that *document* keeps.

    Raises:
        InvalidDocument: a later release, or other hands, made it.
    """
    content = document.content
    try:
        instrument = bl.Commodity(content["instrument"], content["instrument_scale"])
        currency = bl.Commodity(content["currency"], content["currency_scale"])
        return Trade(
            id=document.id,
            traded_at=instant_of(content["traded_at"]),
            trade_date=date.fromisoformat(content["trade_date"]),
            settlement_date=date.fromisoformat(content["settlement_date"]),
            side=content["side"],
            quantity=read_amount(content["quantity"], instrument),
            price=Price(content["price"], content["price_basis"]),
            currency=currency,
            consideration=read_amount(content["consideration"], currency),
            accrued=read_amount(content["accrued"], currency),
            net=read_amount(content["net"], currency),
            fees={
                name: read_amount(fee, currency)
                for name, fee in content.get("fees", {}).items()
            },
            counterparty=content["counterparty"],
            owner=content["owner"],
            capacity=content["capacity"],
            clearing=content["clearing"],
            category=content.get("category", "fvtpl"),
            chosen={
                lot: read_amount(units, instrument)
                for lot, units in content.get("chosen", {}).items()
            },
            version=document.version,
            **{name: content[name] for name in _NAMED if name in content},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidDocument(
            f"the trade {document.id!r} is none that this release can read",
            field="document",
            expected="a trade",
            found=error,
        ) from error
