"""Redemption: the issuer takes units back and pays for them."""

import datetime
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest import Number, Rounding
from backoffice_ledger.settlement._price import Price
from backoffice_ledger.settlement.accounting import (
    Category,
    Redeemed,
    SettlementAccounts,
)
from backoffice_ledger.settlement.corporate_actions._holdings import read_holdings
from backoffice_ledger.settlement.lots import AVERAGE_LOT, LotPart, read_positions
from backoffice_ledger.settlement.lots._checks import check_name

_DEPOSITORY: Final = "depository"


def redemption(
    view: bl.LedgerView,
    accounts: SettlementAccounts,
    *,
    redemption_id: str,
    instrument: bl.Commodity,
    price: Price | Number,
    currency: bl.Commodity | str,
    date: datetime.date,
    rounding: Rounding = "half-up",
) -> tuple[Redeemed, ...]:
    """Return what the redemption of all units of an instrument brings to each owner.

    A bond at its maturity has the price ``Price(100, "percent")``.  What the firm gets
    above the cost of its lots is realised; what customers get is owed to them.  Book
    the last coupon before.

    Args:
        view: of the book as of the day of the redemption.
        accounts: of the book.
        redemption_id: unique; the ids of the events follow from it.
        instrument: what is redeemed.
        price: without interest; zero where nothing is paid.
        currency: in which it is paid.
        date: the day of the payment.
        rounding: of what is paid for the units of an owner at a location.

    Raises:
        InvalidOption: a trade in it is still open, or a location has less than nothing.
        CommodityMismatch: it is paid in another currency than it cost.
        InvalidDate, InvalidIdentifier, InexactNumber, InvalidAmount: an argument is
            malformed.
    """
    check_name(redemption_id, "redemption_id")
    check_date(date, "date")
    check_choice(rounding, Rounding, "rounding")
    exact, money = Price.of(price), bl.Commodity.of(currency)
    holdings = read_holdings(view, accounts, instrument)
    for item in holdings.pending:
        raise InvalidOption(
            "settle it, or take it back, before",
            field="instrument",
            expected="one of which no trade is open",
            found=item.trade,
        )
    positions = read_positions(view, accounts.lots, instrument=instrument.code)
    found: list[Redeemed] = []
    for (owner, location), units in sorted(holdings.settled.items()):
        if units < 0:
            raise InvalidOption(
                field="instrument",
                expected=f"units of {owner} at {location} from zero",
                found=bl.Amount.from_minor(units, instrument),
            )
        quantity = bl.Amount.from_minor(units, instrument)
        name = f"{redemption_id}-{owner}"
        position = positions.get((owner, instrument.code))
        lots: tuple[LotPart, ...] = ()
        category: Category = "fvtpl"
        if position is not None:
            category = accounts.category(position.account)
            pool = position.pool
            lots = pool.take(quantity, "average" if AVERAGE_LOT in pool else "fifo")
        found.append(
            Redeemed(
                redemption_id=name if location == _DEPOSITORY else f"{name}-{location}",
                date=date,
                quantity=quantity,
                amount=bl.Amount.rounded(
                    exact.value_of(quantity), money, rounding=rounding
                ),
                owner=owner,
                location=location,
                category=category,
                lots=lots,
            )
        )
    return tuple(found)
