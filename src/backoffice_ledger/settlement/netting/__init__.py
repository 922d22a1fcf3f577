"""Netting: what is left to move when transfers are set off against each other.

Pure functions from transfers to transfers.  Nothing is netted across commodities,
settlement dates, systems, agreements or parties; sums are exact.
"""

from backoffice_ledger.settlement.netting._net import (
    bilateral,
    carry,
    multilateral,
    netting_effect,
    novate,
)
from backoffice_ledger.settlement.netting._transfer import NettingSet, Transfer

__all__ = [
    "NettingSet",
    "Transfer",
    "bilateral",
    "carry",
    "multilateral",
    "netting_effect",
    "novate",
]
