"""The worked examples of settlement as journals: names of accounts, trades, entries."""

from collections.abc import Iterable
from datetime import date

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting import TradeExecuted
from backoffice_ledger.testing import ledger_text

ACME = bl.Commodity("ACME", 0)
BOND = bl.Commodity("BOND", 0)

SHORT = {
    "accrued": "assets:interest:accrued",
    "claims": "assets:market-claims",
    "commission": "expenses:commission",
    "customer": "assets:customers",
    "depository": "stock:location:depository",
    "dividends": "income:dividends",
    "fail-deliver": "stock:location:fail-deliver",
    "fail-receive": "stock:location:fail-receive",
    "failed-to-deliver": "assets:unsettled:failed-to-deliver",
    "failed-to-receive": "liabilities:unsettled:failed-to-receive",
    "fair-value": "assets:securities:fvtpl:fair-value",
    "fv-receivable": "assets:unsettled:fair-value-change",
    "fx-payable": "liabilities:unsettled:fx",
    "fx-position": "equity:trading:fx",
    "fx-receivable": "assets:unsettled:fx",
    "interest": "income:interest",
    "nostro": "assets:nostro",
    "owner": "stock:owner:firm",
    "payable": "liabilities:unsettled:payable",
    "payable-ccp": "liabilities:unsettled:payable-ccp",
    "penalties": "expenses:penalties",
    "penalties-payable": "liabilities:penalties",
    "penalties-receivable": "assets:penalties",
    "penalty-income": "income:penalties",
    "pending-deliver": "stock:location:pending-deliver",
    "pending-receive": "stock:location:pending-receive",
    "purchased": "assets:interest:purchased",
    "realised": "income:securities:realised",
    "receivable": "assets:unsettled:receivable",
    "revenue": "income:commission",
    "tolerance": "income:tolerance-difference",
    "trading": "assets:securities:fvtpl:cost",
    "unrealised": "income:securities:unrealised",
}
"""Names of accounts as the worked examples have them."""


def eur(text: str) -> bl.Amount:
    """Return an amount of euros."""
    return bl.Amount(text, "EUR")


def units(count: int) -> bl.Amount:
    """Return units of ACME."""
    return bl.Amount(count, ACME)


def trade(**changes: object) -> TradeExecuted:
    """Return a trade: the purchase of JE-1 unless told otherwise."""
    arguments: dict[str, object] = {
        "trade_id": "T-1",
        "date": date(2026, 10, 8),
        "settlement_date": date(2026, 10, 9),
        "side": "buy",
        "quantity": units(1000),
        "consideration": eur("50000.00"),
        "fees": {"commission": eur("10.00")},
        "counterparty": "DEALER",
    }
    return TradeExecuted(**(arguments | changes))  # type: ignore[arg-type]


def journal(text: str) -> list[str]:
    """Return the lines of a journal that is written with the short names."""
    entries = ledger_text(text, commodities=[ACME, BOND])
    return [line for entry in entries for line in _lines(entry)]


def booked(entries: Iterable[bl.Entry | bl.EntryDraft | bl.Record]) -> list[str]:
    """Return the lines of entries, drafts or records with the short names."""
    found = (item.entry if isinstance(item, bl.Record) else item for item in entries)
    return [line for entry in found for line in _lines(entry)]


def _lines(entry: bl.Entry | bl.EntryDraft) -> list[str]:
    names = {path: name for name, path in SHORT.items()}
    return [
        f"{entry.date} {entry.id}",
        *(
            f"{str(posting)[:2]} {names.get(posting.account, posting.account)}"
            f" {posting.amount}"
            for posting in entry.postings
        ),
    ]
