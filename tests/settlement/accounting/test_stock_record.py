"""The control of the stock record: owners against locations, breaks named."""

from datetime import date

import pytest
from booking_notation import ACME, BOND, eur, trade, units

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting import (
    SettlementBooks,
    TradeFailing,
    TradeSettled,
    stock_record,
)

T = date(2026, 10, 8)
S = date(2026, 10, 9)
DEPOSITORY, OWNER = "stock:location:depository", "stock:owner:firm"


def by_hand(ledger: bl.Ledger, debit: str, credit: str, owner: str | None) -> None:
    """Book ten units by hand."""
    more = {"instrument": "ACME"} | ({} if owner is None else {"owner": owner})
    ledger.post(
        bl.Entry(
            "by-hand",
            S,
            [
                bl.debit(debit, units(10), dimensions=more),
                bl.credit(credit, units(10), dimensions=more),
            ],
        )
    )


def test_what_is_where(books: SettlementBooks) -> None:
    """Owned is what is there and to come, less what is to go; no break, no row of zero.

    1,000 are there, 500 to come, 200 to go and failing: 1,300 are owned.
    """
    first = trade()
    coming = trade(trade_id="T-2", quantity=units(500))
    going = trade(trade_id="S-1", side="sell", quantity=units(200))
    agent = trade(trade_id="A", capacity="agent", owner="C-17", quantity=units(5))
    bond = trade(trade_id="T-3", quantity=bl.Amount(7, BOND))
    books.post([first, TradeSettled(obligation=first.obligation, date=T), coming])
    books.post([going, TradeFailing(obligation=going.obligation, date=S), agent, bond])
    done = trade(trade_id="S-2", side="sell", quantity=bl.Amount(7, BOND))
    books.post([TradeSettled(obligation=bond.obligation, date=S), done])
    books.post([TradeSettled(obligation=done.obligation, date=S)])
    table = stock_record(books.ledger.view(), books.accounts)
    assert [[str(cell) for cell in row.values()][:8] for row in table] == [
        ["ACME", "C-17", "5 ACME", "0 ACME", "5 ACME", "0 ACME", "0 ACME", "0 ACME"],
        [
            "ACME",
            "firm",
            "1300 ACME",
            "1000 ACME",
            "500 ACME",
            "-200 ACME",
            "0 ACME",
            "0 ACME",
        ],
    ]
    assert [row["breaks"] for row in table] == ["", ""]
    early = stock_record(books.ledger.view(as_of=date(2026, 10, 7)), books.accounts)
    assert (early.rows(), early.subtitle) == ([], "as of 2026-10-07")


def test_one_instrument(books: SettlementBooks) -> None:
    """Of one instrument only, with the scale that it has."""
    books.post([trade(), trade(trade_id="T-2", quantity=bl.Amount(7, BOND))])
    view = books.ledger.view()
    [row] = stock_record(view, books.accounts, instrument=BOND)
    assert row["instrument"] == "BOND"
    assert not stock_record(view, books.accounts, instrument=bl.Commodity("BOND", 2))


@pytest.mark.parametrize(
    ("debit", "credit", "owner", "breaks"),
    [
        (
            DEPOSITORY,
            "stock:location:vault",
            "firm",
            ["depository below zero"],
        ),
        (
            "stock:location:vault",
            "stock:location:pending-deliver",
            "firm",
            ["pending-deliver the wrong way; vault below zero"],
        ),
        (
            "stock:location:pending-receive",
            DEPOSITORY,
            "firm",
            ["pending-receive the wrong way"],
        ),
        (
            DEPOSITORY,
            OWNER,
            "firm",
            ["depository below zero"],
        ),
        (
            OWNER,
            DEPOSITORY,
            None,
            ["owner and locations differ", "owner and locations differ"],
        ),
        (
            OWNER,
            DEPOSITORY,
            "C-17",
            ["owner and locations differ", "owner and locations differ"],
        ),
        (
            "stock:owner:C-17",
            OWNER,
            "firm",
            [
                "owner and locations differ",
                "owner and locations differ",
            ],
        ),
    ],
)
def test_breaks_are_named(
    books: SettlementBooks,
    debit: str,
    credit: str,
    owner: str | None,
    breaks: list[str],
) -> None:
    """Whatever was booked wrongly by hand is a break with a name."""
    by_hand(books.ledger, debit, credit, owner)
    table = stock_record(books.ledger.view(), books.accounts)
    assert [row["breaks"] for row in table] == breaks


def test_units_of_somebody_else_are_used(books: SettlementBooks) -> None:
    """A customer's sale that is delivered without the units uses those of others.

    The depository has enough in all, and the owners sum to the locations; but of this
    customer there is less than nothing.
    """
    first = trade()
    sold = trade(
        trade_id="A",
        side="sell",
        capacity="agent",
        owner="C-17",
        quantity=units(100),
        fees={"commission": eur("1.00")},
    )
    books.post([first, TradeSettled(obligation=first.obligation, date=S), sold])
    books.post([TradeSettled(obligation=sold.obligation, date=S)])
    table = stock_record(books.ledger.view(), books.accounts, instrument=ACME)
    assert {row["owner"]: row["breaks"] for row in table} == {
        "C-17": "owner has less than nothing; depository below zero",
        "firm": "",
    }
