"""Reports: pure functions from totals and lines to tables."""

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
    "Column",
    "GroupBy",
    "Row",
    "StatementLine",
    "Table",
    "Totals",
    "account_statement",
    "balance_sheet",
    "general_ledger",
    "income_statement",
    "trial_balance",
]
