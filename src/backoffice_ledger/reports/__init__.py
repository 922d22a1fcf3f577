"""Reports: pure functions from totals and lines to tables."""

from backoffice_ledger.reports._aging import AgingBasis, aging
from backoffice_ledger.reports._cash_flow import (
    CashFlowMethod,
    CashFlowStart,
    cash_flow,
)
from backoffice_ledger.reports._equity import changes_in_equity
from backoffice_ledger.reports.statements import (
    GroupBy,
    StatementLine,
    Totals,
    account_statement,
    balance_sheet,
    general_ledger,
    income_statement,
    trial_balance,
)
from backoffice_ledger.reports.table import Column, Row, Table

__all__ = [
    "AgingBasis",
    "CashFlowMethod",
    "CashFlowStart",
    "Column",
    "GroupBy",
    "Row",
    "StatementLine",
    "Table",
    "Totals",
    "account_statement",
    "aging",
    "balance_sheet",
    "cash_flow",
    "changes_in_equity",
    "general_ledger",
    "income_statement",
    "trial_balance",
]
