"""Cash dividends: what the issuer pays, and market claims for open trades."""

import datetime

import backoffice_ledger as bl
from backoffice_ledger.checks import exact_number
from backoffice_ledger.interest import Number, Rounding
from backoffice_ledger.settlement.accounting import (
    DividendClaim,
    DividendPaid,
    SettlementAccounts,
)
from backoffice_ledger.settlement.corporate_actions._holdings import (
    check_days,
    read_holdings,
)
from backoffice_ledger.settlement.lots._checks import check_name


def dividend(
    view: bl.LedgerView,
    accounts: SettlementAccounts,
    *,
    dividend_id: str,
    instrument: bl.Commodity,
    per_unit: Number,
    currency: bl.Commodity | str,
    ex_date: datetime.date,
    payment_date: datetime.date,
    rounding: Rounding = "half-up",
) -> tuple[DividendPaid | DividendClaim, ...]:
    """Return what a dividend brings to each owner, and the market claims on it.

    The issuer pays on what the depository holds at the end of the record date.  On
    units that were traded before the ex-date and are still open then, the buyer has a
    claim on the seller.  So each owner gets the dividend on all units of the trade
    date.

    Args:
        view: of the book as of the record date.
        accounts: of the book.
        dividend_id: unique; the ids of the events follow from it.
        instrument: what pays.
        per_unit: the dividend on one whole unit.
        currency: in which it is paid.
        ex_date: who buys from this day on gets nothing.
        payment_date: the day on which the issuer pays.
        rounding: of each owner's dividend, and of each claim.

    Raises:
        InvalidOption: an owner is short of the shares, or the issuer would pay before
            the ex-date.
        InvalidDate, InvalidIdentifier, InexactNumber, InvalidAmount: an argument is
            malformed.
    """
    check_name(dividend_id, "dividend_id")
    check_days(ex_date, payment_date)
    rate = exact_number(per_unit, "per_unit")
    money = bl.Commodity.of(currency)
    holdings = read_holdings(view, accounts, instrument)
    amount_on = holdings.amounts(rate, money, rounding)
    found: list[DividendPaid] = []
    for owner in holdings.owners:
        units = holdings.settled_of(owner)
        holdings.check_not_short(owner, ex_date)
        if units > 0 and amount_on(units):
            found.append(
                DividendPaid(
                    dividend_id=f"{dividend_id}-{owner}",
                    date=payment_date,
                    instrument=instrument,
                    amount=amount_on(units),
                    owner=owner,
                )
            )
    return (*found, *holdings.claims(dividend_id, ex_date, amount_on))
