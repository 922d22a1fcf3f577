"""Positions as the entries of a book make them, and the proof of them."""

from collections.abc import Iterator
from datetime import date

import pytest
from booking_notation import ACME, eur, units

import backoffice_ledger as bl
from backoffice_ledger.errors import CommodityMismatch, InvalidOption
from backoffice_ledger.settlement.lots import (
    LotAccounts,
    Positions,
    read_positions,
    reconcile,
)

ACCOUNTS = LotAccounts(
    owner="stock:owner",
    cost=frozenset({"assets:shares", "assets:bonds"}),
    adjustment=frozenset({"assets:value"}),
)
DAY = date(2026, 10, 1)
HELD = {"owner": "firm", "instrument": "ACME"}


@pytest.fixture
def ledger() -> Iterator[bl.Ledger]:
    """Return a book with the accounts."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        for path in ("assets:shares", "assets:bonds", "assets:value", "assets:bank"):
            ledger.open_account(path, type="asset")
        for path in ("stock:owner:firm", "stock:owner:bank", "stock:location"):
            ledger.open_account(path, type="memorandum")
        for name in ("owner", "instrument", "lot"):
            ledger.declare_dimension(name)
        yield ledger


def bought(
    id_: str, count: int, cost: bl.Amount, account: str = "assets:shares", **more: str
) -> bl.Entry:
    """Return the entry of a purchase."""
    held = HELD | {"lot": id_} | more
    owner = f"stock:owner:{held['owner']}"
    return bl.Entry(
        id_ + "".join(more.values()),
        DAY,
        [
            bl.debit(account, cost, dimensions=held),
            bl.credit("assets:bank", cost),
            bl.debit(owner, units(count), dimensions=held),
            bl.credit("stock:location", units(count)),
        ],
    )


def test_they_are_rebuilt_from_the_book(ledger: bl.Ledger) -> None:
    """Purchases, valuations and what else carries a lot make the positions."""
    ledger.post(bought("A", 10, eur("100.00")))
    ledger.post(bought("B", 10, eur("110.00")))
    value = eur("30.00")
    ledger.post(
        bl.Entry(
            "mark",
            DAY,
            [
                bl.debit("assets:value", value, dimensions=HELD),
                bl.debit("assets:value", value, dimensions=HELD),
                bl.credit("assets:bank", value + value),
                bl.debit("assets:bank", value, dimensions=HELD | {"lot": "A"}),
                bl.credit("assets:bank", value, dimensions=HELD),
            ],
        )
    )
    positions = read_positions(ledger.view(), ACCOUNTS)
    assert list(positions) == [("firm", "ACME")]
    assert len(positions) == 1
    position = positions["firm", "ACME"]
    assert (position.owner, position.account) == ("firm", "assets:shares")
    assert position.pool.adjustment == eur("60.00")
    assert read_positions(ledger.view(as_of=date(2026, 9, 30)), ACCOUNTS) == {}
    assert read_positions(ledger.view(), ACCOUNTS, instrument="ACME").keys() == {
        ("firm", "ACME")
    }


def test_one_instrument_of_an_entry_with_two(ledger: bl.Ledger) -> None:
    """What an entry says of another instrument is not a part of its position."""
    other = bl.Commodity("BETA", 0)
    held = HELD | {"lot": "B", "instrument": "BETA"}
    cost, count = eur("50.00"), bl.Amount(5, other)
    first = bought("A", 10, eur("100.00"))
    both = [
        *first.postings,
        bl.debit("assets:shares", cost, dimensions=held),
        bl.credit("assets:bank", cost),
        bl.debit("stock:owner:firm", count, dimensions=held),
        bl.credit("stock:location", count),
    ]
    ledger.post(bl.Entry("both", DAY, both))
    ledger.post(bought("C", 1, eur("9.00")))
    alone = read_positions(ledger.view(), ACCOUNTS, instrument="ACME")
    everything = read_positions(ledger.view(), ACCOUNTS)
    assert list(alone) == [("firm", "ACME")]
    assert list(everything) == [("firm", "ACME"), ("firm", "BETA")]
    assert alone["firm", "ACME"].pool.quantity == units(11)


def test_a_position_has_one_currency_and_one_account() -> None:
    """Other money, or another way to measure, is another owner's."""
    positions = Positions(ACCOUNTS)
    positions.apply(bought("A", 10, eur("100.00")))
    with pytest.raises(CommodityMismatch):
        positions.apply(bought("B", 10, bl.Amount("1.00", "USD")))
    with pytest.raises(InvalidOption, match="assets:shares"):
        positions.apply(bought("B", 10, eur("1.00"), "assets:bonds"))


def test_what_says_nothing_of_lots_is_passed_over() -> None:
    """Units without cost, or value without units, make no position."""
    positions = Positions(ACCOUNTS)
    value = eur("1.00")
    positions.apply(
        bl.Entry(
            "x",
            DAY,
            [
                bl.debit("assets:value", value, dimensions=HELD),
                bl.credit("assets:bank", value),
            ],
        )
    )
    assert positions == {}


def test_the_proof_against_the_stock_record(ledger: bl.Ledger) -> None:
    """Lots and stock record agree, until somebody books units without a lot."""
    ledger.post(bought("A", 10, eur("100.00")))
    table = reconcile(ledger.view(), ACCOUNTS, ["firm", "bank"])
    assert [row["difference"] for row in table] == [units(0)]
    assert not table.total("difference")
    assert not table.total("cost difference")
    ledger.post(
        bl.Entry(
            "by-hand",
            DAY,
            [
                bl.debit("stock:owner:firm", units(3)),
                bl.debit("stock:owner:bank", units(4)),
                bl.credit("stock:location", units(7)),
                bl.debit("assets:shares", eur("5.00")),
                bl.credit("assets:bank", eur("5.00")),
            ],
        )
    )
    table = reconcile(ledger.view(), ACCOUNTS, ["firm", "bank"])
    assert str(table.total("difference")) == "-7 ACME"
    assert str(table.total("cost difference")) == "-5.00 EUR"
    assert [(row["owner"], row["lots"], row["recorded"]) for row in table] == [
        ("firm", 1, units(13)),
        ("bank", 0, units(4)),
    ]
    assert table.rows()[0]["quantity"] == bl.Amount(10, ACME)
