"""Accruals: expenses and income in the periods that they belong to.

A `Deferral` spreads what was paid or received once over the periods of a service;
`Accruals` keeps deferrals in the book and posts what has become due.  The arithmetic
(`Deferral.parts`) and the bookkeeping (`DeferralRule`) are pure and need no ledger.
"""

from backoffice_ledger.accruals._deferral import Deferral, Part
from backoffice_ledger.accruals._rule import DeferralRule, PartDue
from backoffice_ledger.accruals._runner import Accruals
from backoffice_ledger.accruals._span import Span

__all__ = ["Accruals", "Deferral", "DeferralRule", "Part", "PartDue", "Span"]
