"""Makes settlement_entries.json: what is booked for each event of a position's issuer.

Run it once for a new event, and never to make a test pass.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import attrs

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting import (
    CouponPaid,
    CustomerPaid,
    DividendClaim,
    LocationUnits,
    Marked,
    Obligation,
    PostingRules,
    Redeemed,
    SettlementEvent,
    Split,
    TradeCancelled,
    TradeExecuted,
)
from backoffice_ledger.settlement.lots import LotPart

ACME = bl.Commodity("ACME", 0)
T, S = date(2026, 10, 8), date(2026, 10, 9)


def eur(text: str) -> bl.Amount:
    """Return an amount of euros."""
    return bl.Amount(text, "EUR")


def events() -> list[SettlementEvent]:
    """Return one event of each kind, and of each category where that matters."""
    part = LotPart("T-1", bl.Amount(600, ACME), eur("30000.00"), eur("480.00"))
    bought = TradeExecuted(
        trade_id="T-1",
        date=T,
        settlement_date=S,
        side="buy",
        quantity=bl.Amount(1000, ACME),
        consideration=eur("50000.00"),
        fees={"commission": eur("10.00")},
        counterparty="DEALER",
    )
    sold = attrs.evolve(
        bought,
        trade_id="S-1",
        side="sell",
        quantity=part.quantity,
        consideration=eur("31200.00"),
        lots=[part],
    )
    found: list[SettlementEvent] = []
    for category in ("fvtpl", "fvoci", "fvoci-equity"):
        sale = attrs.evolve(sold, trade_id=f"S-{category}", category=category)
        found += [sale, TradeCancelled(trade=sale, date=S)]
    short = attrs.evolve(sold, trade_id="SHORT", category="short", lots=[])
    back = attrs.evolve(
        short, trade_id="BACK", side="buy", lots=[part], consideration=eur("29000.00")
    )
    mark = Marked(
        date=T,
        instrument=ACME,
        value=eur("50800.00"),
        change=eur("800.00"),
        category="short",
    )
    claim = DividendClaim(
        claim_id="K-T-1",
        obligation=Obligation("T-1", bl.Amount(100, ACME), eur("0.00"), "DEALER"),
        date=S,
        amount=eur("3.00"),
    )
    paid = CouponPaid(
        coupon_id="K",
        date=S,
        instrument=ACME,
        purchased=eur("12.00"),
        accrued=eur("18.00"),
        claims=[claim],
    )
    split = Split(
        split_id="X",
        date=S,
        instrument=ACME,
        locations=[LocationUnits("depository", bl.Amount(-905, ACME))],
        lots={"L": bl.Amount(-905, ACME)},
        cash=eur("26.00"),
        costs={"L": eur("-25.00")},
        adjustments={"L": eur("-0.25")},
    )
    redeemed = Redeemed(
        redemption_id="R",
        date=S,
        quantity=part.quantity,
        amount=eur("31000.00"),
        lots=[part],
    )
    customer = {"owner": "C-17"}
    return [
        *found,
        short,
        mark,
        back,
        TradeCancelled(trade=short, date=S, adjustment=eur("800.00")),
        paid,
        attrs.evolve(paid, purchased=eur("0.00"), accrued=eur("30.00"), **customer),
        split,
        attrs.evolve(split, lots={}, costs={}, adjustments={}, **customer),
        redeemed,
        attrs.evolve(redeemed, lots=[], **customer),
        CustomerPaid(
            payment_id="P", date=S, instrument=ACME, amount=eur("26.00"), **customer
        ),
    ]


def make() -> list[dict[str, Any]]:
    """Return their entries."""
    rules = PostingRules()
    return [
        {
            "id": draft.id,
            "date": draft.date.isoformat(),
            "rule": draft.rule,
            "postings": [
                [str(posting), dict(sorted(posting.dimensions.items()))]
                for posting in draft.postings
            ],
        }
        for event in events()
        for draft in rules.entries(event)
    ]


if __name__ == "__main__":
    path = Path(__file__).with_name("settlement_entries.json")
    path.write_text(json.dumps(make(), indent=1) + "\n", encoding="utf-8")
