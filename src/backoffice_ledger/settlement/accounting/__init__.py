"""Settlement accounting: what happens to trades, and what is booked for it."""

from backoffice_ledger.settlement.accounting._accounts import (
    DIMENSIONS,
    LOCATIONS,
    SettlementAccounts,
)
from backoffice_ledger.settlement.accounting._books import SettlementBooks
from backoffice_ledger.settlement.accounting._claims import open_claims
from backoffice_ledger.settlement.accounting._events import SettlementEvent
from backoffice_ledger.settlement.accounting._issuer_events import (
    CustomerPaid,
    Redeemed,
)
from backoffice_ledger.settlement.accounting._open import (
    open_obligations,
    settlement_date_balances,
    settlement_date_entries,
)
from backoffice_ledger.settlement.accounting._position_events import (
    CouponAccrued,
    CouponPaid,
    DividendClaim,
    DividendClaimPaid,
    DividendPaid,
    LocationUnits,
    LotsTransferred,
    Marked,
    PenaltyAccrued,
    PenaltyPaid,
    Split,
)
from backoffice_ledger.settlement.accounting._rules import (
    PostingRules,
    TransactionCosts,
)
from backoffice_ledger.settlement.accounting._stock import stock_record
from backoffice_ledger.settlement.accounting._trade_events import (
    Capacity,
    Category,
    Clearing,
    CustomerSettled,
    FailResolved,
    FxTradeExecuted,
    FxTradeSettled,
    Netted,
    Obligation,
    Payment,
    TradeCancelled,
    TradeExecuted,
    TradeFailing,
    TradeSettled,
    TradeSide,
)

__all__ = [
    "DIMENSIONS",
    "LOCATIONS",
    "Capacity",
    "Category",
    "Clearing",
    "CouponAccrued",
    "CouponPaid",
    "CustomerPaid",
    "CustomerSettled",
    "DividendClaim",
    "DividendClaimPaid",
    "DividendPaid",
    "FailResolved",
    "FxTradeExecuted",
    "FxTradeSettled",
    "LocationUnits",
    "LotsTransferred",
    "Marked",
    "Netted",
    "Obligation",
    "Payment",
    "PenaltyAccrued",
    "PenaltyPaid",
    "PostingRules",
    "Redeemed",
    "SettlementAccounts",
    "SettlementBooks",
    "SettlementEvent",
    "Split",
    "TradeCancelled",
    "TradeExecuted",
    "TradeFailing",
    "TradeSettled",
    "TradeSide",
    "TransactionCosts",
    "open_claims",
    "open_obligations",
    "settlement_date_balances",
    "settlement_date_entries",
    "stock_record",
]
