"""The posting rules: from what happened to the entries that book it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_instance
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting import _holdings as holdings
from backoffice_ledger.settlement.accounting import _issuer_events as issuers
from backoffice_ledger.settlement.accounting import _position_events as positions
from backoffice_ledger.settlement.accounting import _trade_events as events
from backoffice_ledger.settlement.accounting import _trades as trades
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._events import SettlementEvent
from backoffice_ledger.settlement.accounting._lines import Line, postings

TransactionCosts = Literal["expense", "capitalise"]
"""What becomes of fees of assets that are not measured at FVTPL; there: expense."""

RULE: Final = "settlement.accounting@1"

_NAMES: Final[Mapping[type[Any], Callable[[Any], tuple[str, str, str]]]] = {
    events.TradeExecuted: lambda e: (
        e.trade_id,
        "executed",
        f"{e.side} {e.quantity}",
    ),
    events.TradeCancelled: lambda e: (e.trade.trade_id, "cancelled", e.reason),
    events.TradeSettled: lambda e: (e.obligation.id, f"settled/{e.part}", ""),
    events.CustomerSettled: lambda e: (
        e.trade.trade_id,
        f"customer/{e.part}",
        "",
    ),
    events.TradeFailing: lambda e: (e.obligation.id, f"failing/{e.part}", ""),
    events.FailResolved: lambda e: (e.obligation.id, f"resolved/{e.part}", ""),
    events.FxTradeExecuted: lambda e: (
        e.trade_id,
        "executed",
        f"buy {e.bought}, sell {e.sold}",
    ),
    events.FxTradeSettled: lambda e: (e.trade.trade_id, f"settled/{e.paid}", ""),
    positions.Marked: lambda e: (
        f"{e.owner}/{e.instrument.code}",
        f"marked/{e.date.isoformat()}/{e.part}",
        f"worth {e.value}",
    ),
    positions.DividendClaim: lambda e: (e.claim_id, "claimed", ""),
    positions.DividendClaimPaid: lambda e: (
        e.claim.claim_id,
        "claim-paid",
        "",
    ),
    positions.DividendPaid: lambda e: (e.dividend_id, "dividend", ""),
    positions.Split: lambda e: (e.split_id, f"split/{e.owner}", ""),
    positions.LotsTransferred: lambda e: (e.transfer_id, "transferred", ""),
    positions.CouponAccrued: lambda e: (e.accrual_id, "interest-accrued", ""),
    positions.CouponPaid: lambda e: (e.coupon_id, "coupon", ""),
    issuers.Redeemed: lambda e: (e.redemption_id, "redeemed", ""),
    issuers.CustomerPaid: lambda e: (e.payment_id, "customer-paid", ""),
    positions.PenaltyAccrued: lambda e: (e.penalty_id, "penalty", ""),
    positions.PenaltyPaid: lambda e: (e.payment_id, "penalties-paid", ""),
}
"""Of each event: what it is about, what happened, and the entry's description."""

_LINES: Final[Mapping[type[Any], Callable[[SettlementAccounts, Any], list[Line]]]] = {
    events.TradeSettled: trades.settled,
    events.CustomerSettled: trades.customer_settled,
    events.TradeFailing: trades.failing,
    events.FailResolved: trades.failing,
    events.FxTradeExecuted: trades.fx_executed,
    events.FxTradeSettled: trades.fx_settled,
    positions.Marked: holdings.marked,
    positions.DividendClaim: holdings.claim,
    positions.DividendClaimPaid: holdings.claim_paid,
    positions.DividendPaid: holdings.dividend_paid,
    positions.Split: holdings.split,
    positions.LotsTransferred: holdings.transferred,
    positions.CouponAccrued: holdings.coupon_accrued,
    positions.CouponPaid: holdings.coupon_paid,
    issuers.Redeemed: holdings.redeemed,
    issuers.CustomerPaid: holdings.customer_paid,
    positions.PenaltyAccrued: holdings.penalty,
    positions.PenaltyPaid: holdings.penalty_paid,
}


@final
@attrs.frozen(order=False, kw_only=True)
class PostingRules:
    """Books what happens to trades and positions, on the trade date.

    An entry holds money and units: the money balances for each currency, the units
    balance on the memorandum accounts of the stock record, where the owner has them
    (debit) and the location has them to give (credit).

    The id of an entry follows from its event (``settlement/<trade>/executed``), so that
    the same event posts once, however often it comes.  What moves nothing, such as a
    valuation at the same price, gives no entry.

    Attributes:
        accounts: where it is booked.
        transaction_costs: ``capitalise`` adds fees to what assets cost that are not
            measured at FVTPL, and takes them off what a sale of them brings.
        journal: of the entries.
    """

    accounts: SettlementAccounts = attrs.field(factory=SettlementAccounts)
    transaction_costs: TransactionCosts = "expense"
    journal: str = "general"

    def __attrs_post_init__(self) -> None:
        check_instance(self.accounts, SettlementAccounts, "accounts")
        check_choice(self.transaction_costs, TransactionCosts, "transaction_costs")

    @property
    def id(self) -> str:
        """Stable name, recorded in the entries."""
        return RULE.partition("@")[0]

    @property
    def version(self) -> str:
        """Version of the rules, recorded in the entries."""
        return RULE.partition("@")[2]

    def entries(self, event: SettlementEvent) -> Iterator[bl.EntryDraft]:
        """Yield the entries of an event; each of them balances.

        Raises:
            InvalidOption: it is no such event, or its fields do not fit together.
        """
        if isinstance(event, events.Netted):
            parts = trades.netted(self.accounts, event)
            for number, lines in enumerate(parts, 1):
                yield from self._draft(
                    event, lines, (event.netting_id, f"netted/{number}", "")
                )
        elif type(event) in _NAMES:
            yield from self._draft(event, self.lines(event), _NAMES[type(event)](event))
        else:
            raise InvalidOption(
                field="event",
                expected="an event of settlement accounting",
                found=type(event).__name__,
            )

    def lines(self, event: SettlementEvent) -> list[Line]:
        """Return what an event that is one entry moves, before it is drafted."""
        capitalise = self.transaction_costs == "capitalise"
        if isinstance(event, events.TradeExecuted):
            return trades.executed(self.accounts, event, capitalise=capitalise)
        if isinstance(event, events.TradeCancelled):
            return trades.cancelled(self.accounts, event, capitalise=capitalise)
        return _LINES[type(event)](self.accounts, event)

    def _draft(
        self, event: SettlementEvent, lines: Iterable[Line], name: tuple[str, str, str]
    ) -> Iterator[bl.EntryDraft]:
        subject, what, description = name
        found = postings(lines)
        if found:
            yield bl.EntryDraft(
                event.date,
                found,
                id=_entry_id(subject, what),
                description=description,
                journal=self.journal,
                references=(subject,),
                rule=RULE,
            )


def entry_ids(event: SettlementEvent) -> list[str]:
    """Return the ids of the entries of an event, and of the one that it takes back.

    Something else than an event has none: `PostingRules.entries` refuses it.
    """
    if isinstance(event, events.Netted):
        count = -(-len(event.obligations) // trades.NETTED_MAX)
        return [
            _entry_id(event.netting_id, f"netted/{number}")
            for number in range(1, count + 1)
        ]
    if isinstance(event, events.TradeCancelled):
        name = event.trade.trade_id
        return [_entry_id(name, "cancelled"), _entry_id(name, "executed")]
    kind: type[Any] = type(event)
    return [_entry_id(*_NAMES[kind](event)[:2])] if kind in _NAMES else []


def _entry_id(subject: str, what: str) -> str:
    return f"settlement/{subject}/{what}"
