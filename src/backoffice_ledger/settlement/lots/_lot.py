"""Lots: units that were acquired together, and what they cost."""

import datetime
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_amount, check_commodity
from backoffice_ledger.settlement.lots._checks import (
    check_name,
    check_not_negative,
    check_positive,
)


@final
@attrs.frozen(order=False)
class Lot:
    """Units that were acquired together, as far as they are still there.

    Attributes:
        id: of the trade that acquired them.
        acquired: the day on which they were; it stays when the lot changes its owner.
        quantity: units that are left.
        cost: what they cost.
        adjustment: changes of their fair value that are booked so far; signed.
    """

    id: str
    acquired: datetime.date
    quantity: bl.Amount
    cost: bl.Amount
    adjustment: bl.Amount


@final
@attrs.frozen(order=False)
class LotPart:
    """Units of one lot that are sold or moved, at what they cost.

    Attributes:
        lot: id of the lot.
        quantity: units, positive.
        cost: what they cost.
        adjustment: changes of their fair value that are booked so far; signed.
    """

    lot: str
    quantity: bl.Amount
    cost: bl.Amount
    adjustment: bl.Amount

    def __attrs_post_init__(self) -> None:
        check_name(self.lot, "lot")
        check_positive(self.quantity, "quantity")
        check_not_negative(self.cost, "cost")
        check_amount(self.adjustment, "adjustment")
        check_commodity(self.adjustment, self.cost.commodity, "adjustment")
