"""Accruals: expenses and income in the periods that they belong to.

A `Deferral` spreads what was paid or received once over the periods of a service, an
`Accrual` what will be paid or received later; `Accruals` keeps them in the book as
schedules, changes them by versions and posts what has become due.  The arithmetic
(`Deferral.parts`, `allocate`), the bookkeeping (`DeferralRule`) and the comparison of
two ways to pay (`compare`) are pure and need no ledger.
"""

from backoffice_ledger.accruals._changes import (
    Against,
    Amendment,
    Cancellation,
    Change,
    CreditNote,
    Policy,
    Rest,
    Settlement,
    Usage,
)
from backoffice_ledger.accruals._compare import (
    Comparison,
    Payment,
    WayToPay,
    compare,
    instalments,
)
from backoffice_ledger.accruals._kinds import (
    PRESENTATION,
    AccrualKind,
    Framework,
    PresentationLine,
    presentation,
)
from backoffice_ledger.accruals._methods import Method, Residual, allocate
from backoffice_ledger.accruals._rule import DeferralRule, PartDue
from backoffice_ledger.accruals._runner import Accruals, OnClosed
from backoffice_ledger.accruals._span import Span
from backoffice_ledger.accruals._terms import (
    Accrual,
    Deferral,
    Part,
    Reversal,
    Style,
    Terms,
)

__all__ = [
    "PRESENTATION",
    "Accrual",
    "AccrualKind",
    "Accruals",
    "Against",
    "Amendment",
    "Cancellation",
    "Change",
    "Comparison",
    "CreditNote",
    "Deferral",
    "DeferralRule",
    "Framework",
    "Method",
    "OnClosed",
    "Part",
    "PartDue",
    "Payment",
    "Policy",
    "PresentationLine",
    "Residual",
    "Rest",
    "Reversal",
    "Settlement",
    "Span",
    "Style",
    "Terms",
    "Usage",
    "WayToPay",
    "allocate",
    "compare",
    "instalments",
    "presentation",
]
