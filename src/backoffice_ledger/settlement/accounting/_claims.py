"""Market claims that are booked and not paid."""

from collections import defaultdict
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts

_NAMES: Final = ("trade", "counterparty", "owner", "instrument")
_COLUMNS: Final = (
    Column("trade", "Trade"),
    Column("counterparty", "Counterparty"),
    Column("owner", "Owner"),
    Column("instrument", "Instrument"),
    Column("money", "Money to come", "balance"),
)


def open_claims(view: bl.LedgerView, accounts: SettlementAccounts) -> Table:
    """Return the market claims that are not paid, trade by trade.

    Dividends and coupons on one trade are one line.  Money is signed as we see it:
    what we, or our customers, owe to buyers is negative.  A trade with an open claim
    cannot be taken back.

    Args:
        view: of the book, as of a day.
        accounts: of the book.
    """
    open_money: defaultdict[tuple[str, ...], bl.Balance] = defaultdict(bl.Balance)
    for path in (accounts.claims_receivable, accounts.claims_payable):
        for record in view.entries(account=path):
            for posting in record.entry.postings:
                if posting.account == path:
                    key = tuple(posting.dimensions.get(name, "") for name in _NAMES)
                    open_money[key] += posting.signed
    rows = [
        Row([*key, money])
        for key, money in sorted(open_money.items(), key=lambda item: item[0])
        if money
    ]
    return Table(
        "Open market claims",
        _COLUMNS,
        rows,
        subtitle="" if view.as_of is None else f"as of {view.as_of}",
        totals={"money": sum(open_money.values(), bl.Balance())},
    )
