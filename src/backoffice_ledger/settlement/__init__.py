"""Settlement and clearing: from the trade to the settled position."""

from backoffice_ledger.settlement._books import Books, RuleBooks
from backoffice_ledger.settlement._desk import Milestone, Route, SettlementDesk
from backoffice_ledger.settlement._front_office import Authority, FrontOffice
from backoffice_ledger.settlement._identifiers import isin_check_digit
from backoffice_ledger.settlement._instruction import (
    Instruction,
    InstructionKind,
    TransactionType,
)
from backoffice_ledger.settlement._life import STEPS, Step, TradeState, TradeStatus
from backoffice_ledger.settlement._matching import (
    EUR_TOLERANCE,
    Band,
    Difference,
    Match,
    Settling,
    Tolerance,
    match_instructions,
)
from backoffice_ledger.settlement._partial import split_cash
from backoffice_ledger.settlement._price import Price, PriceBasis
from backoffice_ledger.settlement._status import (
    Failure,
    HoldState,
    InstructionStatus,
    Lack,
    Matching,
    Part,
    Party,
    PendingReason,
    Processing,
    SettlementState,
    failures,
    reason_of,
)
from backoffice_ledger.settlement._trade import Allocation, Trade, split_block

__all__ = [
    "EUR_TOLERANCE",
    "STEPS",
    "Allocation",
    "Authority",
    "Band",
    "Books",
    "Difference",
    "Failure",
    "FrontOffice",
    "HoldState",
    "Instruction",
    "InstructionKind",
    "InstructionStatus",
    "Lack",
    "Match",
    "Matching",
    "Milestone",
    "Part",
    "Party",
    "PendingReason",
    "Price",
    "PriceBasis",
    "Processing",
    "Route",
    "RuleBooks",
    "SettlementDesk",
    "SettlementState",
    "Settling",
    "Step",
    "Tolerance",
    "Trade",
    "TradeState",
    "TradeStatus",
    "TransactionType",
    "failures",
    "isin_check_digit",
    "match_instructions",
    "reason_of",
    "split_block",
    "split_cash",
]
