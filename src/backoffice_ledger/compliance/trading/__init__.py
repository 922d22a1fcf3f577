"""Controls and checks of trading: what traders must not do alone.

The checks give a `CheckResult` for one trade each, which `record_results` keeps in the
book; the ageing reports are tables; the controls are handed to ``open_ledger``.  A
trade is any object with the attributes that a check needs (`Executed`, `Priced`);
`TradingStaff` says who belongs to trading.

After MaRisk BTO 2 (BaFin).  The texts of BTO 2.2.1 Tz. 5 f. and BTO 2.2.2 were not at
hand: what is built on them says that it is an assumption, and has its numbers as
arguments.
"""

from backoffice_ledger.compliance.trading._accounts import (
    dormant_accounts,
    dummy_counterparties,
    suspense_ageing,
)
from backoffice_ledger.compliance.trading._confirmations import (
    BusinessDays,
    Confirmation,
    check_confirmation,
    confirmation_ageing,
)
from backoffice_ledger.compliance.trading._controls import (
    ChangesOutsideTrading,
    Handover,
    NoAccessDuringHandover,
    PaymentRelease,
    missing_handovers,
)
from backoffice_ledger.compliance.trading._rights import TradingStaff
from backoffice_ledger.compliance.trading._trades import (
    Capture,
    CheckResult,
    CutOff,
    Executed,
    MarketPrice,
    Notice,
    Outcome,
    PriceBand,
    Priced,
    SpecialTerms,
    check_agreement,
    check_captures,
    check_late,
    check_market,
    check_terms,
    is_late,
    record_results,
    recorded_results,
    results_table,
    trading_day,
)

__all__ = [
    "BusinessDays",
    "Capture",
    "ChangesOutsideTrading",
    "CheckResult",
    "Confirmation",
    "CutOff",
    "Executed",
    "Handover",
    "MarketPrice",
    "NoAccessDuringHandover",
    "Notice",
    "Outcome",
    "PaymentRelease",
    "PriceBand",
    "Priced",
    "SpecialTerms",
    "TradingStaff",
    "check_agreement",
    "check_captures",
    "check_confirmation",
    "check_late",
    "check_market",
    "check_terms",
    "confirmation_ageing",
    "dormant_accounts",
    "dummy_counterparties",
    "is_late",
    "missing_handovers",
    "record_results",
    "recorded_results",
    "results_table",
    "suspense_ageing",
    "trading_day",
]
