"""What is booked for trades: their execution, settlement, failing and netting."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._disposals import disposed
from backoffice_ledger.settlement.accounting._lines import Line, negated, total
from backoffice_ledger.settlement.accounting._trade_events import (
    CustomerSettled,
    FailResolved,
    FxTradeExecuted,
    FxTradeSettled,
    Netted,
    Obligation,
    TradeCancelled,
    TradeExecuted,
    TradeFailing,
    TradeSettled,
    net,
)

Dimensions = Mapping[str, str]
NETTED_MAX: Final = 1_000
"""Obligations in one entry of a netting; each takes two postings and more."""


def _dimensions(obligation: Obligation) -> dict[str, str]:
    return {
        "trade": obligation.id,
        "counterparty": obligation.counterparty,
        "instrument": obligation.quantity.commodity.code,
        "owner": obligation.owner,
    }


def _pending(accounts: SettlementAccounts, units: int, *, failing: bool) -> str:
    """Return the location of units that are to come (positive) or to go."""
    state = "fail" if failing else "pending"
    return accounts.location(f"{state}-{'receive' if units > 0 else 'deliver'}")


def _open_account(
    accounts: SettlementAccounts, obligation: Obligation, *, failing: bool
) -> str:
    cash = obligation.cash.minor_units
    if failing:
        return accounts.failed(cash)
    return accounts.unsettled(cash, obligation.clearing)


def open_obligation(
    accounts: SettlementAccounts, obligation: Obligation, *, failing: bool
) -> list[Line]:
    """Return the lines that make an obligation: money owed, units to come or to go."""
    dimensions = _dimensions(obligation)
    units = obligation.quantity
    return [
        (
            _open_account(accounts, obligation, failing=failing),
            obligation.cash,
            dimensions,
        ),
        (_pending(accounts, units.minor_units, failing=failing), -units, dimensions),
    ]


# --- execution ------------------------------------------------------------------------


def executed(
    accounts: SettlementAccounts,
    trade: TradeExecuted,
    *,
    capitalise: bool,
    failing: bool = False,
) -> list[Line]:
    """Return the lines of a trade on its trade date.

    Raises:
        InvalidOption: a principal that is not the firm, an agent that is, or a closing
            trade as principal whose lots do not sum to its units.
    """
    is_house = trade.owner in accounts.house
    if is_house is not (trade.capacity == "principal"):
        raise InvalidOption(
            field="owner",
            expected=f"one of {', '.join(accounts.house)}"
            if trade.capacity == "principal"
            else "a customer",
            found=trade.owner,
        )
    capitalise = capitalise and trade.category not in ("fvtpl", "short")
    if trade.capacity == "agent":
        money = _as_agent(accounts, trade)
    elif trade.is_opening:
        money = _opened(accounts, trade, capitalise=capitalise)
    else:
        money = _closed(accounts, trade, capitalise=capitalise)
    owed, pending = open_obligation(accounts, trade.obligation, failing=failing)
    return [*money, owed, *_owned(accounts, trade), pending]


def _owned(accounts: SettlementAccounts, trade: TradeExecuted) -> Iterator[Line]:
    """Yield the owner's side of the stock record."""
    dimensions = _dimensions(trade.obligation)
    account = accounts.owner(trade.owner)
    if trade.capacity == "agent":
        yield account, trade.obligation.quantity, dimensions
    elif trade.is_opening:
        held = {**dimensions, "lot": trade.lot or trade.trade_id}
        yield account, trade.obligation.quantity, held
    else:
        for part in trade.lots:
            units = part.quantity if trade.side == "buy" else -part.quantity
            yield account, units, {**dimensions, "lot": part.lot}


def _fees(accounts: SettlementAccounts, trade: TradeExecuted) -> list[Line]:
    dimensions = _dimensions(trade.obligation)
    return [(accounts.fee(name), fee, dimensions) for name, fee in trade.fees.items()]


def _opened(
    accounts: SettlementAccounts, trade: TradeExecuted, *, capitalise: bool
) -> list[Line]:
    dimensions = _dimensions(trade.obligation)
    held = {**dimensions, "lot": trade.lot or trade.trade_id}
    cost = trade.consideration + trade.fee_total if capitalise else trade.consideration
    if trade.category == "short":
        cost = -cost
    lines: list[Line] = [(accounts.securities(trade.category), cost, held)]
    if trade.accrued is not None:
        lines.append((accounts.purchased_interest, trade.accrued, dimensions))
    return lines if capitalise else [*lines, *_fees(accounts, trade)]


def _closed(
    accounts: SettlementAccounts, trade: TradeExecuted, *, capitalise: bool
) -> list[Line]:
    found = total((part.quantity for part in trade.lots), trade.instrument)
    if found != trade.quantity:
        raise InvalidOption(
            "SettlementBooks picks them",
            field="lots",
            expected=f"lots of {trade.quantity} in all",
            found=found,
        )
    proceeds, fees = trade.consideration, _fees(accounts, trade)
    if capitalise:
        proceeds, fees = proceeds - trade.fee_total, []
    dimensions = _dimensions(trade.obligation)
    gone = [(part.lot, part.cost, part.adjustment) for part in trade.lots]
    lines = disposed(accounts, trade.category, gone, proceeds, dimensions, fees=fees)
    return [*lines, *_sold_interest(accounts, trade)]


def _sold_interest(accounts: SettlementAccounts, trade: TradeExecuted) -> list[Line]:
    nothing = trade.consideration - trade.consideration
    sold, purchased = trade.accrued or nothing, trade.accrued_purchased or nothing
    booked = trade.accrued_booked
    if booked is None:
        booked = sold - purchased
    dimensions = _dimensions(trade.obligation)
    return [
        (accounts.purchased_interest, -purchased, dimensions),
        (accounts.accrued_interest, -booked, dimensions),
        (accounts.interest_income, purchased + booked - sold, dimensions),
    ]


def _as_agent(accounts: SettlementAccounts, trade: TradeExecuted) -> list[Line]:
    dimensions = _dimensions(trade.obligation)
    return [
        _customer_line(accounts, trade, trade.customer_cash),
        (accounts.commission_revenue, -trade.fee_total, dimensions),
    ]


def _customer_line(
    accounts: SettlementAccounts, trade: TradeExecuted, cash: bl.Amount
) -> Line:
    return customer_account(accounts, trade), cash, _dimensions(trade.obligation)


def customer_account(accounts: SettlementAccounts, trade: TradeExecuted) -> str:
    """Return the account of what the customer of an agent owes, or is owed."""
    is_owed = trade.customer_cash.minor_units > 0
    return accounts.customer_receivable if is_owed else accounts.customer_payable


def cancelled(
    accounts: SettlementAccounts, event: TradeCancelled, *, capitalise: bool
) -> list[Line]:
    """Return the lines that take a trade back."""
    trade = event.trade
    lines = negated(
        executed(accounts, trade, capitalise=capitalise, failing=event.failing)
    )
    if event.adjustment is not None:
        dimensions = _dimensions(trade.obligation)
        held = {**dimensions, "lot": trade.lot or trade.trade_id}
        change = accounts.value_change(trade.category)
        gone = -event.adjustment if trade.category == "short" else event.adjustment
        lines.append((accounts.fair_value(trade.category), -gone, held))
        lines.append((change, gone, dimensions))
    return lines


# --- settlement -----------------------------------------------------------------------


def settled(accounts: SettlementAccounts, event: TradeSettled) -> list[Line]:
    """Return the lines of a settlement: money and units against what was open."""
    part = event.obligation
    dimensions = _dimensions(part)
    lines = negated(open_obligation(accounts, part, failing=event.failing))
    moved = part.cash
    if event.difference is not None:
        moved += event.difference
        lines.append((accounts.tolerance_difference, -event.difference, dimensions))
    lines.append((accounts.nostro, moved, dimensions))
    lines.append((accounts.location("depository"), -part.quantity, dimensions))
    return lines


def customer_settled(
    accounts: SettlementAccounts, event: CustomerSettled
) -> list[Line]:
    """Return the lines of a payment by, or to, the customer of an agent.

    Raises:
        InvalidOption: it is more than the customer owes, or is owed.
    """
    trade = event.trade
    owed = trade.customer_cash
    cash = abs(owed) if event.cash is None else event.cash
    if cash > abs(owed):
        raise InvalidOption(field="cash", expected=f"at most {abs(owed)}", found=cash)
    if owed.minor_units < 0:
        cash = -cash
    return [
        (accounts.nostro, cash, _dimensions(trade.obligation)),
        _customer_line(accounts, trade, -cash),
    ]


def failing(
    accounts: SettlementAccounts, event: TradeFailing | FailResolved
) -> list[Line]:
    """Return the lines that move an obligation to the failed accounts, or back."""
    usual = open_obligation(accounts, event.obligation, failing=False)
    failed = open_obligation(accounts, event.obligation, failing=True)
    if isinstance(event, FailResolved):
        usual, failed = failed, usual
    return [*negated(usual), *failed]


# --- netting --------------------------------------------------------------------------


def netted(accounts: SettlementAccounts, event: Netted) -> Iterator[list[Line]]:
    """Yield the lines of each entry of a netting."""
    for start in range(0, len(event.obligations), NETTED_MAX):
        yield _netted(accounts, event, event.obligations[start : start + NETTED_MAX])


def _netted(
    accounts: SettlementAccounts, event: Netted, obligations: Sequence[Obligation]
) -> list[Line]:
    """Return the lines of some obligations; the signs of the whole net decide."""
    units, cash = event.net
    lines: list[Line] = []
    for obligation in obligations:
        lines.extend(negated(open_obligation(accounts, obligation, failing=False)))
    moved_units, moved_cash = net(obligations)
    dimensions = {
        "trade": event.netting_id,
        "counterparty": event.counterparty,
        "owner": obligations[0].owner,
    }
    instruments = {item.quantity.commodity.code for item in event.obligations}
    if len(instruments) == 1:
        dimensions["instrument"] = instruments.pop()
    for amount in moved_cash:
        sign = cash[amount.commodity].minor_units
        lines.append((accounts.unsettled(sign, event.clearing), amount, dimensions))
    for amount in moved_units:
        sign = units[amount.commodity].minor_units
        pending = _pending(accounts, sign, failing=False)
        held = {**dimensions, "instrument": amount.commodity.code}
        lines.append((pending, -amount, held))
    return lines


# --- currencies -----------------------------------------------------------------------


def fx_executed(accounts: SettlementAccounts, trade: FxTradeExecuted) -> list[Line]:
    """Return the lines of a currency trade: each currency balances by itself."""
    dimensions = {"trade": trade.trade_id, "counterparty": trade.counterparty}
    return [
        (accounts.fx_receivable, trade.bought, dimensions),
        (accounts.fx_position, -trade.bought, dimensions),
        (accounts.fx_position, trade.sold, dimensions),
        (accounts.fx_payable, -trade.sold, dimensions),
    ]


def fx_settled(accounts: SettlementAccounts, event: FxTradeSettled) -> list[Line]:
    """Return the lines of its payments."""
    trade = event.trade
    dimensions = {"trade": trade.trade_id, "counterparty": trade.counterparty}
    lines: list[Line] = []
    if event.paid != "sold":
        lines.append((accounts.nostro, trade.bought, dimensions))
        lines.append((accounts.fx_receivable, -trade.bought, dimensions))
    if event.paid != "bought":
        lines.append((accounts.fx_payable, trade.sold, dimensions))
        lines.append((accounts.nostro, -trade.sold, dimensions))
    return lines
