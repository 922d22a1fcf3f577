"""A book of a few things, for controls that are tested without a ledger."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import backoffice_ledger as bl
from backoffice_ledger.errors import UnknownProposal, UnknownRecord

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class FakeBooks:
    """What a control may look at: put things into its dicts."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self.balances: dict[str, bl.Balance] = {}
        self.documents: dict[tuple[str, str], bl.Document] = {}
        self.proposals: dict[str, bl.Proposal] = {}
        self.records: dict[str, bl.Record] = {}

    def keep(self, *documents: bl.Document) -> None:
        """Put documents into the book."""
        self.documents |= {(each.kind, each.id): each for each in documents}

    def balance(self, account: str) -> bl.Balance:
        """Return the balance of an account."""
        return self.balances[account]

    def document(self, kind: str, id: str) -> bl.Document:
        """Return a document."""
        if (kind, id) not in self.documents:
            raise UnknownRecord(field="id", found=id)
        return self.documents[kind, id]

    def proposal(self, id: str) -> bl.Proposal:
        """Return a proposal."""
        if id not in self.proposals:
            raise UnknownProposal(field="id", found=id)
        return self.proposals[id]

    def entry(self, id: str) -> bl.Record:
        """Return the record of an entry."""
        return self.records[id]

    def entries(self, account: str, first: date, last: date) -> Sequence[bl.Record]:
        """Return the entries of an account, in order."""
        return [
            record
            for record in self.records.values()
            if first <= record.entry.date <= last
            and any(posting.account == account for posting in record.entry.postings)
        ]
