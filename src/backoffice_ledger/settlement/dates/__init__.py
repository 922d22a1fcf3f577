"""Settlement dates: when a trade settles, and until when something counts for a day.

Everything here is arithmetic on calendars and dated tables; nothing needs a book.
"""

from backoffice_ledger.settlement.dates._cut_offs import (
    CUT_OFFS,
    T2S_PARTIAL_SETTLEMENT_WINDOWS,
    CutOff,
    EffectiveDay,
    SettlementWindow,
    cut_off,
)
from backoffice_ledger.settlement.dates._cycles import (
    SETTLEMENT_CYCLES,
    SettlementCycle,
    settlement_cycle,
    settlement_date,
)
from backoffice_ledger.settlement.dates._fx import (
    CURRENCY_WEEKENDS,
    FX_CALENDARS,
    FX_CROSS_MUST_BE_OPEN,
    FX_LAG_DAYS,
    FxPair,
)

__all__ = [
    "CURRENCY_WEEKENDS",
    "CUT_OFFS",
    "FX_CALENDARS",
    "FX_CROSS_MUST_BE_OPEN",
    "FX_LAG_DAYS",
    "SETTLEMENT_CYCLES",
    "T2S_PARTIAL_SETTLEMENT_WINDOWS",
    "CutOff",
    "EffectiveDay",
    "FxPair",
    "SettlementCycle",
    "SettlementWindow",
    "cut_off",
    "settlement_cycle",
    "settlement_date",
]
