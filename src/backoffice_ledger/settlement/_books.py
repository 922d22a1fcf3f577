"""How the desk has its events booked."""

from collections.abc import Iterable
from typing import Protocol, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting import (
    PostingRules,
    SettlementAccounts,
    SettlementBooks,
    SettlementEvent,
)


class Books(Protocol):
    """Books the events of settlement."""

    def post(self, events: Iterable[SettlementEvent]) -> object:
        """Post the entries of events, in order; each event is booked once.

        It is called inside the database transaction that stores the documents.
        """
        ...


@final
@attrs.frozen(order=False)
class RuleBooks:
    """Books events by posting rules alone, many in one go.

    Nothing is read for them: a sale as principal must name its lots, as another system
    keeps them.  Trades for customers need no lots.

    Args:
        ledger: the book.
        rules: what is booked.
    """

    ledger: bl.Ledger
    rules: PostingRules = attrs.field(factory=PostingRules)

    def post(self, events: Iterable[SettlementEvent]) -> bl.PostSummary:
        """Post the entries of events."""
        entries = [
            draft.to_entry() for event in events for draft in self.rules.entries(event)
        ]
        return self.ledger.post_many(entries, batch_size=len(entries) or 1)


def accounts_of(books: Books) -> SettlementAccounts | None:
    """Return the accounts that *books* use; None of those that somebody else made."""
    if isinstance(books, (RuleBooks, SettlementBooks)):
        return books.rules.accounts
    return None


def books_of(ledger: bl.Ledger, books: Books | None) -> Books:
    """Return *books*, or the usual ones.

    Raises:
        InvalidOption: it cannot post.
    """
    if books is None:
        return SettlementBooks(ledger)
    if not callable(getattr(books, "post", None)):
        raise InvalidOption(
            field="books", expected="an object with post()", found=books
        )
    return books
