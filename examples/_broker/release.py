"""Four eyes on the release of large instructions."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.compliance import Band, FourEyes
from backoffice_ledger.protocols import Books

TRADER: Final = "trader"
OPERATIONS: Final = "operations"
CONTROLLER: Final = "controller"

AUTHORISED: Final = "release:authorised"
INSTRUCTIONS: Final = "release:instructions"
"""Memorandum accounts: what was released, by instruction; no statement shows them."""

BANDS: Final = {code: bl.Amount("300000.00", code) for code in ("EUR", "GBP", "USD")}


FOUR_EYES: Final = FourEyes(
    bands=[Band(above=amount, approvals=1) for amount in BANDS.values()]
)


@attrs.frozen
class ReleaseControl:
    """Wants a second person for the release of what moves more than its band.

    A release is an entry on memorandum accounts, posted together with the release of
    the instruction.  Other entries pass.  The front office releases nothing.
    """

    id: str = "release"
    version: str = "1"

    def examine(
        self, proposal: bl.Proposal, books: Books
    ) -> Sequence[bl.Allow | bl.Deny | bl.NeedApproval]:
        """Return what the four eyes say of a release."""
        if not any(p.account == AUTHORISED for p in proposal.entry.postings):
            return [bl.Allow()]
        if proposal.is_maker(TRADER):
            return [bl.Deny("front-office", "the front office releases nothing")]
        return FOUR_EYES.examine(proposal, books)


def release_entry(instruction: str, cash: bl.Amount, day: date) -> bl.Entry:
    """Return the entry that authorises a release."""
    dimensions = {"trade": instruction}
    return bl.Entry(
        id=f"release/{instruction}",
        date=day,
        description=f"release of {instruction}",
        postings=[
            bl.debit(AUTHORISED, cash, dimensions=dimensions),
            bl.credit(INSTRUCTIONS, cash, dimensions=dimensions),
        ],
    )
