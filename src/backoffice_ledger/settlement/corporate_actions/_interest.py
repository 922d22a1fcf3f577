"""Interest on bonds: what has accrued, and the coupon that pays it."""

import datetime

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting import (
    CouponAccrued,
    CouponPaid,
    SettlementAccounts,
)
from backoffice_ledger.settlement.lots._checks import check_day, check_positive


def _booked(
    view: bl.LedgerView,
    account: str,
    instrument: bl.Commodity,
    owner: str,
    money: bl.Commodity,
) -> bl.Amount:
    """Return what an account holds for an owner's bond."""
    held = {"owner": owner, "instrument": instrument.code}
    total = bl.Amount.from_minor(0, money)
    for record in view.entries(
        account=account, dimension={"instrument": instrument.code}
    ):
        for posting in record.entry.postings:
            if (
                posting.account == account
                and held.items() <= posting.dimensions.items()
            ):
                total += posting.signed
    return total


def accrued_interest(
    view: bl.LedgerView,
    accounts: SettlementAccounts,
    *,
    accrual_id: str,
    instrument: bl.Commodity,
    accrued: bl.Amount,
    date: datetime.date,
    owner: str = "firm",
) -> tuple[CouponAccrued, ...]:
    """Return what is to be booked so that a bond has accrued interest in all.

    It is *accrued* less what was bought with the bond and what is booked already;
    nothing, where that is all.  `backoffice_ledger.interest.AccruedInterest` gives
    *accrued* for the day.

    Args:
        view: of the book.
        accounts: of the book.
        accrual_id: unique.
        instrument: the bond.
        accrued: since the last coupon, on all of the owner's face value.
        date: the booking date.
        owner: of the bond.

    Raises:
        InvalidDate, InexactNumber, InvalidOption: an argument is malformed.
    """
    check_day(date, "date")
    money = check_positive(accrued, "accrued").commodity
    due = accrued
    for account in (accounts.purchased_interest, accounts.accrued_interest):
        due -= _booked(view, account, instrument, owner, money)
    if not due:
        return ()
    return (
        CouponAccrued(
            accrual_id=accrual_id,
            date=date,
            instrument=instrument,
            amount=due,
            owner=owner,
        ),
    )


def coupon(
    view: bl.LedgerView,
    accounts: SettlementAccounts,
    *,
    coupon_id: str,
    instrument: bl.Commodity,
    amount: bl.Amount,
    date: datetime.date,
    owner: str = "firm",
) -> tuple[CouponAccrued | CouponPaid, ...]:
    """Return the rest of the interest that a coupon pays, and its payment.

    The payment clears what was bought with the bond and what has accrued since.

    Args:
        view: of the book.
        accounts: of the book.
        coupon_id: unique; the accrual has it too.
        instrument: the bond.
        amount: of the coupon, on all of the owner's face value.
        date: the day of the payment.
        owner: of the bond.

    Raises:
        InvalidOption: more interest was bought than the coupon pays, or an argument is
            malformed.
        InvalidDate, InexactNumber: an argument is malformed.
    """
    rest = accrued_interest(
        view,
        accounts,
        accrual_id=coupon_id,
        instrument=instrument,
        accrued=amount,
        date=date,
        owner=owner,
    )
    money = amount.commodity
    purchased = _booked(view, accounts.purchased_interest, instrument, owner, money)
    if not 0 <= purchased.minor_units <= amount.minor_units:
        raise InvalidOption(
            field="amount", expected=f"at least {purchased}", found=amount
        )
    paid = CouponPaid(
        coupon_id=coupon_id,
        date=date,
        instrument=instrument,
        purchased=purchased,
        accrued=amount - purchased,
        owner=owner,
    )
    return (*rest, paid)
