"""Make ``settlement.json``: every kind of document that the settlement desk stores.

    python tests/golden/make_settlement.py

It was run once.  What it has made is never made anew: a later release must read it.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import attrs

import backoffice_ledger as bl
from backoffice_ledger.settlement import (
    Allocation,
    Instruction,
    Price,
    SettlementDesk,
    Trade,
)
from backoffice_ledger.settlement.accounting import SettlementAccounts

ACME, SIEMENS = "US0378331005", "DE0007236101"
TRADED, DUE = date(2026, 10, 8), date(2026, 10, 9)


def trade(**changes: Any) -> Trade:
    """Return a trade with every field set, or a variation of it."""
    fields: dict[str, Any] = {
        "id": "T-1",
        "traded_at": datetime(2026, 10, 8, 9, 30, 15, 250_000, tzinfo=UTC),
        "trade_date": TRADED,
        "settlement_date": DUE,
        "side": "buy",
        "quantity": f"1000 {ACME}",
        "price": "50.125",
        "currency": "USD",
        "counterparty": "BROKER",
        "fees": {"commission": "10.00 USD", "exchange": "0.50 USD"},
        "market": "XNYS",
        "own_ssi": "SSI-US",
        "counterparty_ssi": "SSI-BROKER",
    }
    return Trade(**fields | changes)


def live(ledger: bl.Ledger) -> None:
    """Take trades and instructions through every state that documents can hold."""
    SettlementAccounts().open_in(ledger, customers=["C-1", "C-2"])
    desk = SettlementDesk(ledger)
    bond = {"price": Price("101.25", "percent"), "accrued": "12.50 USD"}
    desk.capture_many(
        [
            trade(),
            trade(id="T-2", **bond, fees={}),
            trade(id="T-3", price="1/3", quantity=f"3000 {SIEMENS}"),
            trade(id="B-1", owner="C-1", capacity="agent", clearing="ccp"),
        ]
    )
    desk.enrich_many(["T-1", "T-2", "T-3", "B-1"])
    parts = [("P-1", "C-1", 333), ("P-2", "C-2", 667)]
    desk.allocate(
        "B-1", [Allocation(id_, who, bl.Amount(n, ACME)) for id_, who, n in parts]
    )
    desk.amend(trade(id="T-2", **bond, fees={}, version=2, market=None), on=TRADED)
    desk.cancel("T-2", on=TRADED)
    desk.confirm("T-1", at=datetime(2026, 10, 8, 19, tzinfo=UTC))
    desk.confirm("T-3")
    desk.affirm("T-1", at=datetime(2026, 10, 8, 20, tzinfo=UTC))
    desk.advance_many(["T-1", "T-3"], "matched")
    desk.route("T-3", "netted", reference="N-1")
    desk.route("T-1")
    desk.instruct("T-1", participant="US", depository="DTC")
    desk.accept("T-1")
    desk.report_matched({"T-1": "THEIRS"}, cash=bl.Amount("50134.00", "USD"))
    desk.hold("T-1")
    desk.fail("T-1", on=DUE, lacks=["cash"])
    desk.release("T-1")
    some = bl.Amount(400, ACME)
    desk.settle("T-1", on=date(2026, 10, 12), quantity=some, reference="S-1")
    desk.cancel_instruction("T-1", by="counterparty")
    desk.cancel_instruction("T-1")
    desk.instruct("T-1", instruction="I-2", participant="US", partial_allowed=False)
    desk.accept("I-2")
    desk.report_matched({"I-2": "THEIRS-2"})
    desk.settle("I-2", on=date(2026, 10, 13))
    move = Instruction(
        id="M-1",
        kind="DFP",
        trade_date=TRADED,
        settlement_date=DUE,
        quantity=f"70 {ACME}",
        counterparty="US",
        counterparty_depository="CBF",
        account="VAULT",
        transaction="other",
    )
    desk.enter(move)
    desk.hold("M-1")
    desk.release("M-1", quantity=bl.Amount(20, ACME))
    desk.enter(attrs.evolve(move, id="M-2", kind="DPFOD", quantity=None, cash="9 EUR"))


def documents(ledger: bl.Ledger) -> list[dict[str, Any]]:
    """Return every version of every document, in the order of the log."""
    return [
        json.loads(json.dumps(record.content, default=dict))
        for record in ledger.records()
        if record.type == "document"
    ]


def make() -> list[dict[str, Any]]:
    """Live in a book in memory; return its documents."""
    with bl.open_ledger(":memory:", actor="golden") as ledger:
        live(ledger)
        return documents(ledger)


if __name__ == "__main__":
    path = Path(__file__).with_name("settlement.json")
    path.write_text(json.dumps(make(), indent=1, sort_keys=True) + "\n")
