"""What was received for customers, and is paid on to them."""

import datetime
from collections import defaultdict
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instance
from backoffice_ledger.settlement.accounting import (
    CustomerPaid,
    SettlementAccounts,
)
from backoffice_ledger.settlement.lots._checks import check_name

_INCOME: Final = frozenset(
    {
        "dividend",
        "claimed",
        "claim-paid",
        "coupon",
        "split",
        "redeemed",
        "customer-paid",
    }
)
"""What entries are about that bring income, or pay it on; see the ids of entries."""


def pay_customers(
    view: bl.LedgerView,
    accounts: SettlementAccounts,
    *,
    payment_id: str,
    instrument: bl.Commodity,
    currency: bl.Commodity | str,
    date: datetime.date,
) -> tuple[CustomerPaid, ...]:
    """Return what is to be paid on to customers of what an instrument has brought.

    That is what was received for them: dividends, coupons, redemptions, cash for
    fractions, and market claims that were paid; less what they owe on claims of others,
    and less what was paid on already.  A claim that was not paid yet is not paid on,
    and the proceeds of customers' sales are not income.

    Args:
        view: of the book as of the day.
        accounts: of the book.
        payment_id: unique; the ids of the events follow from it.
        instrument: what has paid.
        currency: of what is paid on.
        date: the day of the payment.

    Raises:
        InvalidOption, InvalidDate, InvalidIdentifier, UnknownCommodity: an argument is
            malformed.
    """
    check_name(payment_id, "payment_id")
    check_date(date, "date")
    check_instance(instrument, bl.Commodity, "instrument")
    money = bl.Commodity.of(currency)
    counted = accounts.customer_payable, accounts.claims_receivable
    received: defaultdict[str, int] = defaultdict(int)
    for record in view.entries(dimension={"instrument": instrument.code}):
        if not _is_income(record):
            continue
        for posting in record.entry.postings:
            owner = posting.dimensions.get("owner")
            is_counted = posting.account in counted
            is_counted = is_counted and posting.amount.commodity == money
            if owner is not None and owner not in accounts.house and is_counted:
                received[owner] -= posting.signed.minor_units
    return tuple(
        CustomerPaid(
            payment_id=f"{payment_id}-{owner}",
            date=date,
            instrument=instrument,
            amount=bl.Amount.from_minor(units, money),
            owner=owner,
        )
        for owner, units in sorted(received.items())
        if units > 0
    )


def _is_income(record: bl.Record) -> bool:
    """Return whether an entry, or what it reverses, is about income."""
    parts = (record.reverses or record.id).split("/")
    return len(parts) > 2 and parts[0] == "settlement" and parts[2] in _INCOME
