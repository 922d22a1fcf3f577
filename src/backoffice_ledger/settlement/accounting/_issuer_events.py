"""What an issuer takes back and pays for, and what the firm pays on to customers."""

import datetime
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import (
    check_choice,
    check_commodity,
    check_date,
    check_instance,
)
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting._trade_events import Category, lot_parts
from backoffice_ledger.settlement.lots._checks import (
    check_name,
    check_not_negative,
    check_positive,
)
from backoffice_ledger.settlement.lots._lot import LotPart


@final
@attrs.frozen(order=False, kw_only=True)
class Redeemed:
    """The issuer took units back and paid for them, as a bond's at its maturity.

    Attributes:
        redemption_id: unique.
        date: the day of the payment.
        quantity: units that go, positive.
        amount: what is paid for them, without interest; zero where nothing is.
        owner: whose units they are.
        location: where they lie.
        category: how the asset is measured.
        lots: what goes, at what it cost; a customer has no lots.
    """

    redemption_id: str
    date: datetime.date
    quantity: bl.Amount
    amount: bl.Amount
    owner: str = "firm"
    location: str = "depository"
    category: Category = "fvtpl"
    lots: tuple[LotPart, ...] = attrs.field(default=(), converter=lot_parts)

    def __attrs_post_init__(self) -> None:
        check_name(self.redemption_id, "redemption_id")
        check_date(self.date, "date")
        check_positive(self.quantity, "quantity")
        check_not_negative(self.amount, "amount")
        check_name(self.owner, "owner")
        check_name(self.location, "location")
        check_choice(self.category, Category, "category")
        if self.category == "short":
            raise InvalidOption(
                "what was sold short is bought back",
                field="category",
                expected="one of an asset",
                found=self.category,
            )
        for part in self.lots:
            check_instance(part, LotPart, "lots")
            check_commodity(part.quantity, self.quantity.commodity, "lots.quantity")
            check_commodity(part.cost, self.amount.commodity, "lots.cost")


@final
@attrs.frozen(order=False, kw_only=True)
class CustomerPaid:
    """The firm paid on what it had received for a customer's units.

    Attributes:
        payment_id: unique.
        date: the day.
        instrument: on whose units it was received.
        amount: positive.
        owner: the customer.
    """

    payment_id: str
    date: datetime.date
    instrument: bl.Commodity
    amount: bl.Amount
    owner: str

    def __attrs_post_init__(self) -> None:
        check_name(self.payment_id, "payment_id")
        check_date(self.date, "date")
        check_instance(self.instrument, bl.Commodity, "instrument")
        check_positive(self.amount, "amount")
        check_name(self.owner, "owner")
