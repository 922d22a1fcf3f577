"""Interest on bonds: what has accrued, and the coupon that pays it."""

import datetime

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instance, exact_number
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest import Number, Rounding
from backoffice_ledger.settlement.accounting import (
    CouponAccrued,
    CouponPaid,
    SettlementAccounts,
)
from backoffice_ledger.settlement.corporate_actions._holdings import (
    check_days,
    read_holdings,
)
from backoffice_ledger.settlement.lots._checks import check_name, check_positive


def _booked(
    view: bl.LedgerView,
    account: str,
    instrument: bl.Commodity,
    owner: str,
    money: bl.Commodity,
    *,
    before: datetime.date | None = None,
) -> bl.Amount:
    """Return what an account holds for an owner's bond.

    With *before*, what was bought on that day and later does not count.  What a sale
    took does: it is the next coupon's interest that was sold, but this one's that went.
    """
    held = {"owner": owner, "instrument": instrument.code}
    nothing = total = bl.Amount.from_minor(0, money)
    late: dict[str, bl.Amount] = {}
    for record in view.entries(
        account=account, dimension={"instrument": instrument.code}
    ):
        is_late = before is not None and record.entry.date >= before
        for posting in record.entry.postings:
            if posting.account != account or not (
                held.items() <= posting.dimensions.items()
            ):
                continue
            trade = posting.dimensions.get("trade")
            if is_late and trade is not None:
                late[trade] = late.get(trade, nothing) + posting.signed
            else:
                total += posting.signed
    return total + sum((min(part, nothing) for part in late.values()), nothing)


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
    check_date(date, "date")
    check_instance(instrument, bl.Commodity, "instrument")
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
    per_unit: Number,
    currency: bl.Commodity | str,
    ex_date: datetime.date,
    payment_date: datetime.date,
    rounding: Rounding = "half-up",
) -> tuple[CouponAccrued | CouponPaid, ...]:
    """Return what a coupon brings to each owner, with the market claims on it.

    Each owner gets the coupon on the face value that was traded before the ex-date.
    The issuer pays on what the depository holds; the rest is claimed from sellers, or
    owed to buyers.  For the firm the payment clears what was bought with the bond and
    what has accrued since; what is still to accrue comes first.  For a customer all of
    it is owed to the customer.

    Args:
        view: of the book as of the record date.
        accounts: of the book.
        coupon_id: unique; the ids of the events follow from it.
        instrument: the bond.
        per_unit: the coupon on one unit of face value, such as ``"0.03"``.
        currency: in which it is paid.
        ex_date: the first trade date of trades that settle too late for the coupon.
        payment_date: the day on which the issuer pays.
        rounding: of each owner's coupon, and of each claim.

    Raises:
        InvalidOption: the firm bought more interest than the coupon pays, an owner is
            short of the bond, or the issuer would pay before the ex-date.
        InvalidDate, InvalidIdentifier, InexactNumber, InvalidAmount: an argument is
            malformed.
    """
    check_name(coupon_id, "coupon_id")
    check_days(ex_date, payment_date)
    rate = exact_number(per_unit, "per_unit")
    money = bl.Commodity.of(currency)
    holdings = read_holdings(view, accounts, instrument)
    amount_on = holdings.amounts(rate, money, rounding)
    found: list[CouponAccrued | CouponPaid] = []
    for owner in holdings.owners:
        claims = holdings.claims(coupon_id, ex_date, amount_on, owner=owner)
        holdings.check_not_short(owner, ex_date)
        amount = amount_on(holdings.entitled(owner, ex_date))
        if not (claims or amount):
            continue
        is_house, purchased, accrued = owner in accounts.house, amount - amount, amount
        if is_house:
            purchased, accrued = (
                _booked(view, account, instrument, owner, money, before=ex_date)
                for account in (accounts.purchased_interest, accounts.accrued_interest)
            )
            if not 0 <= purchased.minor_units <= amount.minor_units:
                raise InvalidOption(
                    field="per_unit", expected=f"at least {purchased}", found=amount
                )
            rest, accrued = amount - purchased - accrued, amount - purchased
            if rest:
                found.append(
                    CouponAccrued(
                        accrual_id=f"{coupon_id}-{owner}",
                        date=payment_date,
                        instrument=instrument,
                        amount=rest,
                        owner=owner,
                    )
                )
        found.append(
            CouponPaid(
                coupon_id=f"{coupon_id}-{owner}",
                date=payment_date,
                instrument=instrument,
                purchased=purchased,
                accrued=accrued,
                owner=owner,
                claims=claims,
            )
        )
    return tuple(found)
