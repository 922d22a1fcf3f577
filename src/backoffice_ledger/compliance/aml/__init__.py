"""Patterns of money laundering, as detective controls over any book.

Rules look at a stream of movements, online (`AmlMonitor`) or in a batch (`scan`); they
never stop a posting.  All parameters are the caller's; amounts of law have dates and
sources.  What is reported to whom, and customer due diligence, are out of scope.
"""

from backoffice_ledger.compliance.aml._books import (
    AlertDesk,
    AmlMonitor,
    BookMapping,
    Disposition,
    movements,
)
from backoffice_ledger.compliance.aml._movement import (
    AmlAlert,
    AmlRule,
    DatedAmount,
    Direction,
    Movement,
    Observe,
    scan,
)
from backoffice_ledger.compliance.aml._round_trip import RoundTrip
from backoffice_ledger.compliance.aml._rules import (
    BusinessDayCash,
    BusinessDays,
    Comparison,
    DormantAccount,
    Fan,
    LargeMovement,
    PassThrough,
    RollingCash,
    Structuring,
    UnusualDay,
    Velocity,
)
from backoffice_ledger.compliance.aml._thresholds import (
    CASH_LIMIT_EU,
    CASH_REPORT_CA,
    CASH_REPORT_US,
    CUSTOMER_CHECK_EU,
    TRANSFER_CHECK_EU,
)

__all__ = [
    "CASH_LIMIT_EU",
    "CASH_REPORT_CA",
    "CASH_REPORT_US",
    "CUSTOMER_CHECK_EU",
    "TRANSFER_CHECK_EU",
    "AlertDesk",
    "AmlAlert",
    "AmlMonitor",
    "AmlRule",
    "BookMapping",
    "BusinessDayCash",
    "BusinessDays",
    "Comparison",
    "DatedAmount",
    "Direction",
    "Disposition",
    "DormantAccount",
    "Fan",
    "LargeMovement",
    "Movement",
    "Observe",
    "PassThrough",
    "RollingCash",
    "RoundTrip",
    "Structuring",
    "UnusualDay",
    "Velocity",
    "movements",
    "scan",
]
