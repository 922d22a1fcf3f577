"""All events of settlement accounting."""

from backoffice_ledger.settlement.accounting._issuer_events import (
    CustomerPaid,
    Redeemed,
)
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
from backoffice_ledger.settlement.accounting._trade_events import (
    CustomerSettled,
    FailResolved,
    FxTradeExecuted,
    FxTradeSettled,
    Netted,
    TradeCancelled,
    TradeExecuted,
    TradeFailing,
    TradeSettled,
)

SettlementEvent = (
    TradeExecuted
    | TradeSettled
    | CustomerSettled
    | TradeFailing
    | FailResolved
    | Netted
    | TradeCancelled
    | FxTradeExecuted
    | FxTradeSettled
    | Marked
    | DividendClaim
    | DividendClaimPaid
    | DividendPaid
    | Split
    | LotsTransferred
    | CouponAccrued
    | CouponPaid
    | Redeemed
    | CustomerPaid
    | PenaltyAccrued
    | PenaltyPaid
)
"""All that the posting rules know."""
