"""The back office of a financial firm: an exact, append-only double-entry ledger."""

from backoffice_ledger import errors
from backoffice_ledger._ledger.ledger import Ledger
from backoffice_ledger._ledger.verify import Verification
from backoffice_ledger._ledger.view import LedgerView
from backoffice_ledger._model.account import Account, AccountType, ChartOfAccounts
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.document import Document
from backoffice_ledger._model.entry import (
    Entry,
    EntryDraft,
    EntryKind,
    PostSummary,
)
from backoffice_ledger._model.hold import Hold
from backoffice_ledger._model.limit import Limit
from backoffice_ledger._model.period import Period, PeriodState
from backoffice_ledger._model.posting import Posting, Side, credit, debit
from backoffice_ledger._model.proposal import (
    Allow,
    Deny,
    NeedApproval,
    Proposal,
    ProposalStatus,
)
from backoffice_ledger._model.record import Journal, Record
from backoffice_ledger.errors import LedgerError
from backoffice_ledger.stores import MemoryStore, SQLiteStore, open_ledger

__version__ = "0.1.0"

__all__ = [
    "BOUNDS",
    "Account",
    "AccountType",
    "Allow",
    "Amount",
    "Balance",
    "ChartOfAccounts",
    "Commodity",
    "Deny",
    "Document",
    "Entry",
    "EntryDraft",
    "EntryKind",
    "Hold",
    "Journal",
    "Ledger",
    "LedgerError",
    "LedgerView",
    "Limit",
    "MemoryStore",
    "NeedApproval",
    "Period",
    "PeriodState",
    "PostSummary",
    "Posting",
    "Proposal",
    "ProposalStatus",
    "Record",
    "SQLiteStore",
    "Side",
    "Verification",
    "credit",
    "debit",
    "errors",
    "open_ledger",
]
