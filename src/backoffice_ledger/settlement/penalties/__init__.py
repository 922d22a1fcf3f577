"""Cash penalties for settlement fails under the CSDR.

Pure functions: which days count, who pays, how much, and what is left after netting.
Regulation (EU) 909/2014, Article 7; Delegated Regulations (EU) 2017/389 and 2018/1229;
ECSDA CSDR Penalties Framework, version 7.0.

Not here: what participants that are central counterparties did with penalties before
2024-09-02 (Article 19 of Delegated Regulation (EU) 2018/1229 as it was).
"""

from backoffice_ledger.settlement.penalties._compute import (
    Exemption,
    Fail,
    FailKind,
    ReferenceData,
    late_matching_penalties,
    settlement_fail_penalties,
)
from backoffice_ledger.settlement.penalties._days import (
    Lack,
    PenaltyDays,
    Side,
    Timetable,
    failing_sides,
    late_side,
    monthly_timetable,
    penalty_days,
)
from backoffice_ledger.settlement.penalties._net import (
    BilateralNet,
    DifferenceKind,
    GlobalNet,
    StatementDifference,
    bilateral_nets,
    compare_statement,
    global_nets,
)
from backoffice_ledger.settlement.penalties._penalty import (
    Penalty,
    PenaltyKind,
    PenaltyReason,
    PenaltyStatus,
)
from backoffice_ledger.settlement.penalties._rates import (
    PENALTY_RATES,
    InstrumentType,
    PenaltyRate,
    RateClass,
    daily_discount_percent,
    instrument_type,
    penalty_rate,
    rate_class,
)

__all__ = [
    "PENALTY_RATES",
    "BilateralNet",
    "DifferenceKind",
    "Exemption",
    "Fail",
    "FailKind",
    "GlobalNet",
    "InstrumentType",
    "Lack",
    "Penalty",
    "PenaltyDays",
    "PenaltyKind",
    "PenaltyRate",
    "PenaltyReason",
    "PenaltyStatus",
    "RateClass",
    "ReferenceData",
    "Side",
    "StatementDifference",
    "Timetable",
    "bilateral_nets",
    "compare_statement",
    "daily_discount_percent",
    "failing_sides",
    "global_nets",
    "instrument_type",
    "late_matching_penalties",
    "late_side",
    "monthly_timetable",
    "penalty_days",
    "penalty_rate",
    "rate_class",
    "settlement_fail_penalties",
]
