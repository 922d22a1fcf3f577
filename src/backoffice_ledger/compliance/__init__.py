"""Compliance: controls that decide whether something may be done.

A control is handed to ``open_ledger(..., controls=[...])`` and examines every posting
from then on; the book does not open for writing without it again.  `FourEyes` counts
approvals; `MakerChecker` wants votes by a competence order (`Policy`) of people whom an
`Authority` knows.  How to write one: `protocols.Control`.
"""

from backoffice_ledger.compliance._authority import Authority
from backoffice_ledger.compliance._delegation import Delegation, Delegations
from backoffice_ledger.compliance._four_eyes import Band, FourEyes
from backoffice_ledger.compliance._maker_checker import MakerChecker
from backoffice_ledger.compliance._overrides import overrides
from backoffice_ledger.compliance._policy import Policy, Slot, VotingBand, in_force

__all__ = [
    "Authority",
    "Band",
    "Delegation",
    "Delegations",
    "FourEyes",
    "MakerChecker",
    "Policy",
    "Slot",
    "VotingBand",
    "in_force",
    "overrides",
]
