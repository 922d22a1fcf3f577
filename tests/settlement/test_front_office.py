"""The front office: what there is, what can be delivered, what became of an order."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    FrontOffice,
    Price,
    RuleBooks,
    SettlementDesk,
    Trade,
)
from backoffice_ledger.settlement.accounting import (
    Netted,
    PostingRules,
    SettlementAccounts,
    SettlementBooks,
)
from backoffice_ledger.settlement.netting import NettingSet
from backoffice_ledger.testing import FrozenClock

Make = Callable[..., Trade]
Ready = Callable[[SettlementDesk, str], str]
ACME = "US0378331005"
DUE, LATER = date(2026, 10, 9), date(2026, 10, 12)


def units(count: int) -> bl.Amount:
    """Return so many units."""
    return bl.Amount(count, ACME)


@pytest.fixture
def front(ledger: bl.Ledger) -> FrontOffice:
    """Return the front office of the book."""
    return FrontOffice(ledger=ledger)


def test_what_is_held_and_what_can_be_delivered(
    desk: SettlementDesk, front: FrontOffice, make: Make, ready: Ready
) -> None:
    """Settled 1 000; to come 500 on the 12th; to go 300 on the 9th."""
    desk.capture(make())
    ready(desk, "T-1")
    desk.settle("T-1", on=DUE)
    more = make(id="T-2", quantity=f"500 {ACME}", settlement_date=LATER, price=53)
    desk.capture(more)
    desk.capture(make(id="T-3", side="sell", quantity=f"300 {ACME}", fees={}))
    [row] = front.holdings().rows()
    assert row == {
        "instrument": ACME,
        "traded": units(1200),
        "settled": units(1000),
        "to_receive": units(500),
        "to_deliver": units(300),
        "cost": bl.Balance([bl.Amount("61500.00", "USD")]),
        "price": "51.25 USD",
    }
    assert front.available(ACME, DUE) == bl.Amount(700, ACME)
    assert front.available(ACME, LATER) == bl.Amount(1200, ACME)
    assert front.available(ACME, date(2026, 10, 8)) == bl.Amount(1000, ACME)
    assert front.available("DE0005557508", DUE) == bl.Amount(0, "DE0005557508")


def test_what_is_failing_does_not_count_as_coming(
    desk: SettlementDesk, front: FrontOffice, make: Make, ready: Ready
) -> None:
    """Nobody can promise it."""
    desk.capture(make())
    ready(desk, "T-1")
    assert front.available(ACME, LATER) == bl.Amount(1000, ACME)
    desk.fail("T-1", on=DUE)
    assert front.available(ACME, LATER) == bl.Amount(0, ACME)
    assert front.holdings().rows()[0]["to_receive"] == units(1000)


def test_a_netting_stands_for_its_trades(
    ledger: bl.Ledger, desk: SettlementDesk, front: FrontOffice, make: Make
) -> None:
    """Buy 1 000 and sell 400: 600 to come."""
    trades = [make(fees={}), make(id="T-2", side="sell", quantity=f"400 {ACME}")]
    desk.capture_many(trades)
    for trade in trades:
        desk.enrich(trade.id)
        desk.confirm(trade.id)
        desk.match(trade.id)

    def net() -> None:
        desk.route_many(["T-1", "T-2"], "netted", reference="N-1")
        event = Netted(
            netting_id="N-1",
            date=date(2026, 10, 8),
            obligations=tuple(trade.obligation for trade in trades),
            counterparty="CCP",
        )
        SettlementBooks(ledger).post([event])

    ledger.atomically(net)
    [row] = front.holdings().rows()
    assert (row["traded"], row["settled"], row["to_receive"]) == (
        units(600),
        units(0),
        units(600),
    )


def test_a_position_that_is_sold_is_still_to_be_delivered(
    desk: SettlementDesk, front: FrontOffice, make: Make, ready: Ready
) -> None:
    """Traded zero, settled 1 000, to deliver 1 000."""
    desk.capture(make())
    ready(desk, "T-1")
    desk.settle("T-1", on=DUE)
    desk.capture(make(id="T-2", side="sell", fees={}))
    [row] = front.holdings().rows()
    assert (row["traded"], row["settled"], row["to_deliver"]) == (
        units(0),
        units(1000),
        units(1000),
    )
    assert row["price"] is None


def test_a_customers_holdings_have_no_cost(
    desk: SettlementDesk, front: FrontOffice, make: Make
) -> None:
    """They are not the firm's to value."""
    desk.capture(make(owner="C-1", capacity="agent"))
    [row] = front.holdings("C-1").rows()
    assert (row["traded"], row["price"], row["cost"]) == (
        units(1000),
        None,
        bl.Balance(),
    )
    assert front.holdings().rows() == []


def test_trades_are_listed_with_their_prices(
    desk: SettlementDesk, front: FrontOffice, make: Make
) -> None:
    """The last first; of one instrument or one owner."""
    desk.capture_many(
        [
            make(),
            make(id="T-2", price=Price("101.25", "percent")),
            make(id="T-3", owner="C-1", capacity="agent"),
            make(id="T-4", quantity="1 DE0005557508"),
        ]
    )
    rows = front.trades(instrument=ACME).rows()
    assert [(row["trade"], row["price"]) for row in rows] == [
        ("T-3", "50 USD"),
        ("T-2", "101.25 USD %"),
        ("T-1", "50 USD"),
    ]
    assert [row["trade"] for row in front.trades(owner="C-1")] == ["T-3"]
    assert len(front.trades()) == 4


def test_an_order_is_told_in_plain_words(
    desk: SettlementDesk, front: FrontOffice, make: Make, ready: Ready
) -> None:
    """Up to why it is not settled, and what is left."""
    desk.capture(make())
    assert front.order("T-1").rows()[-1]["answer"] == "2026-10-09"
    ready(desk, "T-1")
    desk.settle("T-1", on=DUE, quantity=bl.Amount(400, ACME), reference="P")
    desk.fail("T-1", on=LATER, lacks=["securities"])
    answers = {row["question"]: row["answer"] for row in front.order("T-1")}
    assert answers == {
        "What": f"buy 1000 {ACME} at 50",
        "Money": "50010.00 USD",
        "With": "BROKER",
        "State": "instructed",
        "Settles on": "2026-10-09",
        "Instruction": "RVP, accepted",
        "Matched": "matched",
        "On hold": "released",
        "Settlement": "failing",
        "Left": f"600 {ACME}",
        "Why": "the counterparty lacks securities",
    }
    desk.settle("T-1", on=date(2026, 10, 13))
    questions = [row["question"] for row in front.order("T-1")]
    assert "Left" not in questions
    assert "Why" not in questions


class Duties:
    """An authority that knows two people."""

    def duties_of(self, actor: str, at: datetime) -> frozenset[str]:
        """Return what they may do."""
        return frozenset({"front-office.read"} if actor == "sally" else {"sweep"})


def test_an_authority_decides_who_may_ask(
    ledger: bl.Ledger, desk: SettlementDesk, make: Make
) -> None:
    """Every question asks it; owners can be left out for a desk."""
    desk.capture_many([make(), make(id="T-2", owner="C-1", capacity="agent")])
    clock = FrozenClock(datetime.fromisoformat("2026-10-08T12:00:00+00:00"))
    fields: dict[str, Any] = {
        "ledger": ledger,
        "owners": ("C-1",),
        "authority": Duties(),
        "clock": clock,
    }
    sally = FrontOffice(actor="sally", **fields)
    assert [row["trade"] for row in sally.trades()] == ["T-2"]
    assert len(sally.holdings("C-1")) == 1
    assert sally.order("T-2")
    for ask in (
        lambda: sally.holdings(),
        lambda: sally.available(ACME, DUE),
        lambda: sally.trades(owner="firm"),
        lambda: sally.order("T-1"),
        lambda: FrontOffice(actor="joe", **fields).trades(),
    ):
        with pytest.raises(errors.NotPermitted):
            ask()
    with pytest.raises(errors.InvalidOption, match="authority"):
        FrontOffice(ledger=ledger, authority=Duties())


def test_a_front_office_reads_a_book_that_it_cannot_write(
    tmp_path: Any, make: Make, accounts: Callable[[bl.Ledger], None]
) -> None:
    """A ledger that is opened read-only will do."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="anna", create=True) as ledger:
        accounts(ledger)
        SettlementDesk(ledger).capture(make())
    with bl.open_ledger(path, read_only=True) as ledger:
        front = FrontOffice(ledger=ledger)
        assert len(front.holdings()) == len(front.trades()) == 1
        assert front.order("T-1")


def test_each_portfolio_has_its_own_cost(ledger: bl.Ledger, make: Make) -> None:
    """Two of the firm's owners with lots in one security, on one account."""
    accounts = SettlementAccounts(house=("firm", "bank"))
    accounts.open_in(ledger)
    rules = PostingRules(accounts=accounts)
    desk = SettlementDesk(ledger, books=RuleBooks(ledger, rules))
    desk.capture(make())
    desk.capture(make(id="T-2", owner="bank", price=60))
    front = FrontOffice(ledger=ledger, accounts=accounts)
    for owner, price in (("firm", "50 USD"), ("bank", "60 USD")):
        [row] = front.holdings(owner).rows()
        assert (row["traded"], row["price"]) == (units(1000), price)


def test_a_net_obligation_is_told_like_a_trade(
    desk: SettlementDesk, front: FrontOffice, make: Make
) -> None:
    """Trades say what they became; what they became is listed, and has an order."""
    traded = datetime(2026, 10, 8, 10, tzinfo=UTC)
    desk.capture_many(
        [
            make(),
            make(id="T-2", side="sell", quantity=f"300 {ACME}", traded_at=traded),
            make(id="T-4", quantity=f"900 {ACME}", price="60", settlement_date=LATER),
            make(id="T-3", side="sell", quantity=f"900 {ACME}", settlement_date=LATER),
        ]
    )
    for id_ in ("T-1", "T-2", "T-3", "T-4"):
        desk.enrich(id_)
        desk.confirm(id_)
        desk.match(id_)
    traded_on = date(2026, 10, 8)
    for name, ids, day in (("N", ("T-1", "T-2"), DUE), ("M", ("T-3", "T-4"), LATER)):
        desk.net(
            ids, netting_id=name, netting_set=NettingSet(day, "DTC", "A"), on=traded_on
        )
    found = [
        (row["trade"], row["side"], row["quantity"], row["price"], row["state"])
        for row in front.trades().rows()
    ]
    assert found == [
        (f"N.{ACME}", "receive", units(700), None, "net"),
        (f"M.{ACME}", "none", units(0), None, "net"),
        ("T-2", "sell", units(300), "50 USD", "netted"),
        ("T-4", "buy", units(900), "60 USD", "netted"),
        ("T-3", "sell", units(900), "50 USD", "netted"),
        ("T-1", "buy", units(1000), "50 USD", "netted"),
    ]
    told = [(row["question"], row["answer"]) for row in front.order("T-1")]
    assert told[-1] == ("Became", f"N.{ACME}")
    status = desk.instruct(f"N.{ACME}")
    told = [(row["question"], row["answer"]) for row in front.order(f"N.{ACME}")]
    assert told[:6] == [
        ("What", f"receive 700 {ACME}"),
        ("Money", "35020.00 USD"),
        ("With", "BROKER"),
        ("State", "instructed"),
        ("Settles on", "2026-10-09"),
        ("In the place of", "2, by N"),
    ]
    assert told[6] == ("Instruction", f"{status.instruction.kind}, received")
    with pytest.raises(errors.NotPermitted):
        FrontOffice(ledger=desk.ledger, owners=("C-1",)).order(f"N.{ACME}")
