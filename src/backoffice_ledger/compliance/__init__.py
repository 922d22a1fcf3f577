"""Compliance: controls that decide whether something may be posted.

A control is handed to ``open_ledger(..., controls=[...])`` and examines every posting
from then on; the book does not open for writing without it again.  `FourEyes` is the
first.  How to write one: `protocols.Control`.
"""

from backoffice_ledger.compliance._authority import Authority
from backoffice_ledger.compliance._four_eyes import Band, FourEyes

__all__ = ["Authority", "Band", "FourEyes"]
