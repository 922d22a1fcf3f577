"""The back office of a financial firm: an exact, append-only double-entry ledger.

Importing the package loads next to nothing; each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

else:  # type checkers know the names from above, and no others

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(_HOMES[name])
        value = globals()[name] = getattr(module, name, module)  # `errors` is a module
        return value


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

_NAMES: Final = {
    "_ledger.ledger": "Ledger",
    "_ledger.verify": "Verification",
    "_ledger.view": "LedgerView",
    "_model.account": "Account AccountType ChartOfAccounts",
    "_model.amount": "Amount",
    "_model.balance": "Balance",
    "_model.bounds": "BOUNDS",
    "_model.commodity": "Commodity",
    "_model.document": "Document",
    "_model.entry": "Entry EntryDraft EntryKind PostSummary",
    "_model.hold": "Hold",
    "_model.limit": "Limit",
    "_model.period": "Period PeriodState",
    "_model.posting": "Posting Side credit debit",
    "_model.proposal": "Allow Deny NeedApproval Proposal ProposalStatus",
    "_model.record": "Journal Record",
    "errors": "LedgerError errors",
    "stores": "MemoryStore SQLiteStore open_ledger",
}
_HOMES: Final = {
    name: f"{__name__}.{module}"
    for module, names in _NAMES.items()
    for name in names.split()
}


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name[:2] == "__")})
