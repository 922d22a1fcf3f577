"""What is booked for positions: valuation, dividends, splits, interest, penalties."""

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._disposals import disposed
from backoffice_ledger.settlement.accounting._issuer_events import (
    CustomerPaid,
    Redeemed,
)
from backoffice_ledger.settlement.accounting._lines import Line, total
from backoffice_ledger.settlement.accounting._position_events import (
    CouponAccrued,
    CouponPaid,
    DividendClaim,
    DividendClaimPaid,
    DividendPaid,
    LotsTransferred,
    Marked,
    PenaltyAccrued,
    PenaltyPaid,
    Split,
)


def _held(instrument: bl.Commodity, owner: str) -> dict[str, str]:
    return {"instrument": instrument.code, "owner": owner}


def marked(accounts: SettlementAccounts, event: Marked) -> list[Line]:
    """Return the lines of a valuation; what is to be received carries its trade."""
    dimensions = _held(event.instrument, event.owner)
    account = accounts.fair_value(event.category)
    if event.category == "short":
        return [
            (account, -event.change, dimensions),
            (accounts.value_change(event.category), event.change, dimensions),
        ]
    coming = total(event.to_be_received.values(), event.change.commodity)
    return [
        (account, event.change - coming, dimensions),
        *(
            (account, change, {**dimensions, "trade": trade})
            for trade, change in event.to_be_received.items()
        ),
        (accounts.value_change(event.category), -event.change, dimensions),
    ]


# --- dividends ------------------------------------------------------------------------


def _dividend_to(accounts: SettlementAccounts, owner: str) -> str:
    if owner in accounts.house:
        return accounts.dividend_income
    return accounts.customer_payable


def claim(accounts: SettlementAccounts, event: DividendClaim) -> list[Line]:
    """Return the lines of a market claim, or of a debt of one."""
    obligation = event.obligation
    dimensions = {
        "trade": obligation.id,
        "counterparty": obligation.counterparty,
        **_held(obligation.quantity.commodity, obligation.owner),
    }
    income = _dividend_to(accounts, obligation.owner)
    account, amount = accounts.claims_receivable, event.amount
    if obligation.quantity.minor_units < 0:
        account, amount = accounts.claims_payable, -event.amount
    return [(account, amount, dimensions), (income, -amount, dimensions)]


def claim_paid(accounts: SettlementAccounts, event: DividendClaimPaid) -> list[Line]:
    """Return the lines of its payment."""
    account, amount, dimensions = claim(accounts, event.claim)[0]
    return [(accounts.nostro, amount, dimensions), (account, -amount, dimensions)]


def dividend_paid(accounts: SettlementAccounts, event: DividendPaid) -> list[Line]:
    """Return the lines of a dividend from the issuer."""
    dimensions = _held(event.instrument, event.owner)
    return [
        (accounts.nostro, event.amount, dimensions),
        (_dividend_to(accounts, event.owner), -event.amount, dimensions),
    ]


def customer_paid(accounts: SettlementAccounts, event: CustomerPaid) -> list[Line]:
    """Return the lines of income that is paid on.

    Raises:
        InvalidOption: the owner is the firm itself.
    """
    if event.owner in accounts.house:
        raise InvalidOption(field="owner", expected="a customer", found=event.owner)
    dimensions = _held(event.instrument, event.owner)
    return [
        (accounts.customer_payable, event.amount, dimensions),
        (accounts.nostro, -event.amount, dimensions),
    ]


# --- units ----------------------------------------------------------------------------


def split(accounts: SettlementAccounts, event: Split) -> list[Line]:
    """Return the lines of a split: the stock record, and fractions paid in cash."""
    dimensions = _held(event.instrument, event.owner)
    owner = accounts.owner(event.owner)
    lines: list[Line] = [
        (owner, units, {**dimensions, "lot": lot}) for lot, units in event.lots.items()
    ]
    if not lines:
        lines.append((owner, event.added, dimensions))
    for item in event.locations:
        trade = {} if item.trade is None else {"trade": item.trade}
        account = accounts.location(item.location)
        lines.append((account, -item.quantity, {**dimensions, **trade}))
    return [*lines, *_split_money(accounts, event)]


def _split_money(accounts: SettlementAccounts, event: Split) -> list[Line]:
    amounts = [*event.costs.values(), *event.adjustments.values()]
    if event.cash is not None:
        amounts.append(event.cash)
    if not amounts:
        return []
    zero = bl.Amount.from_minor(0, amounts[0].commodity)
    cash, dimensions = event.cash or zero, _held(event.instrument, event.owner)
    paid: Line = (accounts.nostro, cash, dimensions)
    if event.owner not in accounts.house:
        return [paid, (accounts.customer_payable, -cash, dimensions)]
    gone = [
        (lot, -event.costs.get(lot, zero), -event.adjustments.get(lot, zero))
        for lot in {**event.costs, **event.adjustments}
    ]
    return [paid, *disposed(accounts, event.category, gone, cash, dimensions)]


def redeemed(accounts: SettlementAccounts, event: Redeemed) -> list[Line]:
    """Return the lines of units that the issuer took back.

    Raises:
        InvalidOption: lots that do not sum to the units of the firm, or a customer's.
    """
    unit = event.quantity.commodity
    is_house = event.owner in accounts.house
    found = total((part.quantity for part in event.lots), unit)
    if found != (event.quantity if is_house else 0 * event.quantity):
        raise InvalidOption(
            field="lots",
            expected=f"lots of {event.quantity} in all" if is_house else "none",
            found=found,
        )
    dimensions = _held(unit, event.owner)
    lines: list[Line] = [(accounts.nostro, event.amount, dimensions)]
    if is_house:
        gone = [(part.lot, part.cost, part.adjustment) for part in event.lots]
        lines += disposed(accounts, event.category, gone, event.amount, dimensions)
    else:
        lines.append((accounts.customer_payable, -event.amount, dimensions))
    owner = accounts.owner(event.owner)
    units: list[Line] = [
        (owner, -part.quantity, {**dimensions, "lot": part.lot}) for part in event.lots
    ]
    lines += units or [(owner, -event.quantity, dimensions)]
    lines.append((accounts.location(event.location), event.quantity, dimensions))
    return lines


def transferred(accounts: SettlementAccounts, event: LotsTransferred) -> list[Line]:
    """Return the lines of a transfer: each lot goes with its cost and value."""
    lines: list[Line] = []
    cost = accounts.securities(event.category)
    moves = ((event.from_owner, -1), (event.to_owner, 1))
    if event.category == "short":
        moves = ((event.from_owner, 1), (event.to_owner, -1))
    for owner, sign in moves:
        for part in event.lots:
            dimensions = _held(part.quantity.commodity, owner) | {"lot": part.lot}
            lines.append((cost, sign * part.cost, dimensions))
            if part.adjustment:
                account = accounts.fair_value(event.category)
                lines.append((account, sign * part.adjustment, dimensions))
            lines.append((accounts.owner(owner), sign * part.quantity, dimensions))
    return lines


# --- interest -------------------------------------------------------------------------


def coupon_accrued(accounts: SettlementAccounts, event: CouponAccrued) -> list[Line]:
    """Return the lines of accrued interest.

    Raises:
        InvalidOption: it is a customer's, and none of the firm's business.
    """
    if event.owner not in accounts.house:
        raise InvalidOption(
            "the firm accrues interest on its own bonds",
            field="owner",
            expected=f"one of {', '.join(accounts.house)}",
            found=event.owner,
        )
    dimensions = _held(event.instrument, event.owner)
    return [
        (accounts.accrued_interest, event.amount, dimensions),
        (accounts.interest_income, -event.amount, dimensions),
    ]


def coupon_paid(accounts: SettlementAccounts, event: CouponPaid) -> list[Line]:
    """Return the lines of a coupon: what was bought and what has accrued is paid.

    A customer's is owed to the customer.  What is claimed is not paid yet.
    """
    dimensions = _held(event.instrument, event.owner)
    whole = event.purchased + event.accrued
    claims = [claim(accounts, item)[0] for item in event.claims]
    claimed = total((amount for _, amount, _ in claims), whole.commodity)
    paid: list[Line] = [(accounts.nostro, whole - claimed, dimensions), *claims]
    if event.owner not in accounts.house:
        return [*paid, (accounts.customer_payable, -whole, dimensions)]
    return [
        *paid,
        (accounts.purchased_interest, -event.purchased, dimensions),
        (accounts.accrued_interest, -event.accrued, dimensions),
    ]


# --- penalties ------------------------------------------------------------------------


def _penalty(accounts: SettlementAccounts, event: PenaltyAccrued) -> Line:
    dimensions = {"trade": event.obligation_id, "counterparty": event.counterparty}
    if event.payer == "us":
        return accounts.penalties_payable, -event.amount, dimensions
    return accounts.penalties_receivable, event.amount, dimensions


def penalty(accounts: SettlementAccounts, event: PenaltyAccrued) -> list[Line]:
    """Return the lines of a penalty for a day."""
    account, amount, dimensions = _penalty(accounts, event)
    result = accounts.penalty_income
    if event.payer == "us":
        result = accounts.penalty_expense
    return [(result, -amount, dimensions), (account, amount, dimensions)]


def penalty_paid(accounts: SettlementAccounts, event: PenaltyPaid) -> list[Line]:
    """Return the lines of a payment of penalties."""
    lines = [_penalty(accounts, item) for item in event.penalties]
    moved = total((amount for _, amount, _ in lines), lines[0][1].commodity)
    paid: list[Line] = [(account, -amount, items) for account, amount, items in lines]
    return [*paid, (accounts.nostro, moved, {})]
