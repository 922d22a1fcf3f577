"""Lots: which units were sold, what they cost, and what is left.

`LotPool` is the arithmetic; it needs no ledger.  `read_positions` rebuilds the lots of
a book from its entries, `reconcile` proves them against the stock record, and
`LotMethods` keeps by which method sales pick them, since when.
"""

from backoffice_ledger.settlement.lots._lot import Lot, LotPart
from backoffice_ledger.settlement.lots._methods import LotMethods
from backoffice_ledger.settlement.lots._pool import AVERAGE_LOT, LotPool, Method
from backoffice_ledger.settlement.lots._positions import (
    LotAccounts,
    Position,
    PositionKey,
    Positions,
    read_positions,
    reconcile,
)

__all__ = [
    "AVERAGE_LOT",
    "Lot",
    "LotAccounts",
    "LotMethods",
    "LotPart",
    "LotPool",
    "Method",
    "Position",
    "PositionKey",
    "Positions",
    "read_positions",
    "reconcile",
]
