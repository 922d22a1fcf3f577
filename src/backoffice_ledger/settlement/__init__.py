"""Settlement and clearing: from the trade to the settled position."""

from backoffice_ledger.settlement._approval import ApprovedVerb, DeskFourEyes
from backoffice_ledger.settlement._books import Books, RuleBooks
from backoffice_ledger.settlement._desk import SettlementDesk
from backoffice_ledger.settlement._desk_trades import Milestone, Route
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
from backoffice_ledger.settlement._netting import (
    Case,
    NetObligation,
    Netting,
    NettingKind,
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
from backoffice_ledger.settlement._worklist import Task

__all__ = [
    "EUR_TOLERANCE",
    "STEPS",
    "Allocation",
    "ApprovedVerb",
    "Authority",
    "Band",
    "Books",
    "Case",
    "DeskFourEyes",
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
    "NetObligation",
    "Netting",
    "NettingKind",
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
    "Task",
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
