"""Gridlock: settle together what cannot settle one by one.

Pure functions over `settlement.netting.Transfer`.
"""

from backoffice_ledger.settlement.gridlock._resolve import (
    Positions,
    Resolution,
    resolve,
)

__all__ = ["Positions", "Resolution", "resolve"]
