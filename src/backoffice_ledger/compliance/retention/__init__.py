"""Retention: how long records are kept, and when what they say of people is erased.

The periods are data: dated rows with their legal source (`GERMAN_RULES`).  `Retention`
holds a book against them, tells what is due, erases it through ``ledger.redact`` and
records that in the book.  Amounts, accounts, dates and ids are never erased.

The rows are a reading of the law and no legal advice; check them, and replace what does
not fit your case.
"""

from backoffice_ledger.compliance.retention._holds import LegalHold
from backoffice_ledger.compliance.retention._rules import (
    GERMAN_RULES,
    RetentionPeriod,
    RetentionRule,
    retention_period,
    rules_table,
)
from backoffice_ledger.compliance.retention._runner import (
    Due,
    DueStatus,
    Retained,
    Retention,
    RetentionRun,
    vouchers,
)

__all__ = [
    "GERMAN_RULES",
    "Due",
    "DueStatus",
    "LegalHold",
    "Retained",
    "Retention",
    "RetentionPeriod",
    "RetentionRule",
    "RetentionRun",
    "retention_period",
    "rules_table",
    "vouchers",
]
