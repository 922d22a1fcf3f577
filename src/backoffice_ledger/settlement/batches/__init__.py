"""Batches: movements that all settle or none of them does, and cycles of many.

Pure functions over frozen values: every step gives a new batch and new holdings, and
what refuses leaves the old ones as they were.
"""

from backoffice_ledger.settlement.batches._batch import (
    AcknowledgeOffLedger,
    Allocation,
    Approval,
    Batch,
    BatchStatus,
    CreditReceiver,
    DebitSender,
    PassThroughFrom,
    PassThroughTo,
    Pledge,
    SettleOffLedger,
    Step,
    TakeDelivery,
    allocate,
    approve,
)
from backoffice_ledger.settlement.batches._holdings import Holding, Holdings
from backoffice_ledger.settlement.batches._models import Cycle, DvpModel, run_cycle
from backoffice_ledger.settlement.batches._settle import cancel, settle

__all__ = [
    "AcknowledgeOffLedger",
    "Allocation",
    "Approval",
    "Batch",
    "BatchStatus",
    "CreditReceiver",
    "Cycle",
    "DebitSender",
    "DvpModel",
    "Holding",
    "Holdings",
    "PassThroughFrom",
    "PassThroughTo",
    "Pledge",
    "SettleOffLedger",
    "Step",
    "TakeDelivery",
    "allocate",
    "approve",
    "cancel",
    "run_cycle",
    "settle",
]
