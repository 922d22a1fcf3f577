"""Corporate actions: what they do to the positions and open trades of a book.

Each function reads a book and returns events of `settlement.accounting`, for
`SettlementBooks.post`; it changes nothing.
"""

from backoffice_ledger.settlement.corporate_actions._dividends import dividend
from backoffice_ledger.settlement.corporate_actions._interest import (
    accrued_interest,
    coupon,
)
from backoffice_ledger.settlement.corporate_actions._payments import pay_customers
from backoffice_ledger.settlement.corporate_actions._redemptions import redemption
from backoffice_ledger.settlement.corporate_actions._splits import split

__all__ = [
    "accrued_interest",
    "coupon",
    "dividend",
    "pay_customers",
    "redemption",
    "split",
]
