"""Lots of one position: which units a sale takes, and what they cost."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from booking_notation import ACME, BOND, eur, units
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    CommodityMismatch,
    InexactNumber,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    LimitBreached,
)
from backoffice_ledger.settlement.lots import AVERAGE_LOT, LotPart, LotPool, Method

EUR = bl.Commodity("EUR")
DAY = date(2026, 10, 1)
METHODS: tuple[Method, ...] = ("fifo", "lifo", "hifo")


def pool_of(*lots: tuple[str, int, str]) -> LotPool:
    """Return a pool of lots, one a day: id, units and cost."""
    pool = LotPool(ACME, EUR)
    for number, (id_, count, cost) in enumerate(lots):
        pool.add(id_, DAY + timedelta(number), units(count), eur(cost))
    return pool


def taken(parts: tuple[LotPart, ...]) -> list[tuple[str, int, str]]:
    """Return parts as id, units and cost."""
    return [(p.lot, p.quantity.minor_units, p.cost.number) for p in parts]


THREE = (("A", 100, "1000.00"), ("B", 100, "1200.00"), ("C", 100, "1100.00"))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("fifo", [("A", 100, "1000.00"), ("B", 50, "600.00")]),
        ("lifo", [("C", 100, "1100.00"), ("B", 50, "600.00")]),
        ("hifo", [("B", 100, "1200.00"), ("C", 50, "550.00")]),
    ],
)
def test_each_method_takes_its_lots(
    method: Method, expected: list[tuple[str, int, str]]
) -> None:
    """First in, last in, or highest cost first."""
    pool = pool_of(*THREE)
    assert taken(pool.match(units(150), method)) == expected
    assert pool.quantity == units(300)
    assert taken(pool.take(units(150), method)) == expected
    assert (pool.quantity, len(pool)) == (units(150), 2)


def test_specific_identification() -> None:
    """The seller names the units."""
    chosen = {"C": units(10), "A": units(20)}
    parts = pool_of(*THREE).take(units(30), "specific", chosen=chosen)
    assert taken(parts) == [("C", 10, "110.00"), ("A", 20, "200.00")]


def test_average_cost_and_its_residue() -> None:
    """A third of 100.00 is 33.33, half of the rest 33.34, and the last 33.33."""
    pool = LotPool(ACME, EUR)
    pool.add(AVERAGE_LOT, DAY, units(1), eur("50.00"))
    pool.add(AVERAGE_LOT, DAY, units(2), eur("50.00"))
    parts = [pool.take(units(1), "average")[0].cost.number for _ in range(3)]
    assert parts == ["33.33", "33.34", "33.33"]
    assert (len(pool), pool.cost) == (0, eur("0.00"))


def test_the_rounding_is_explicit() -> None:
    """What a part costs is rounded as the pool says."""
    pool = LotPool(ACME, EUR, rounding="down")
    pool.add("A", DAY, units(3), eur("0.05"))
    assert pool.take(units(1), "fifo")[0].cost == eur("0.01")
    with pytest.raises(InvalidOption):
        LotPool(ACME, EUR, rounding="nearest")  # type: ignore[arg-type]


def test_equal_costs_go_by_age() -> None:
    """Highest cost first takes the older one of two that cost the same."""
    pool = pool_of(("A", 10, "100.00"), ("B", 20, "200.00"))
    assert taken(pool.take(units(15), "hifo")) == [
        ("A", 10, "100.00"),
        ("B", 5, "50.00"),
    ]


def test_a_lot_that_comes_later_may_be_older() -> None:
    """The day on which units were acquired decides, not when it became known."""
    pool = pool_of(*THREE)
    pool.take(units(1), "fifo")
    pool.add("Z", DAY - timedelta(1), units(5), eur("10.00"))
    assert taken(pool.take(units(6), "fifo")) == [("Z", 5, "10.00"), ("A", 1, "10.00")]


def test_what_is_left_is_shown_the_oldest_first() -> None:
    """A pool iterates over its lots; each is found by its id."""
    pool = pool_of(*THREE)
    pool.take(units(40), "fifo")
    assert [(lot.id, lot.quantity, lot.cost) for lot in pool] == [
        ("A", units(60), eur("600.00")),
        ("B", units(100), eur("1200.00")),
        ("C", units(100), eur("1100.00")),
    ]
    assert pool.lot("A").acquired == DAY
    assert "A" in pool
    assert "Q" not in pool
    with pytest.raises(InvalidOption, match="a lot of ACME"):
        pool.lot("Q")


def test_a_valuation_reaches_each_lot() -> None:
    """The change of a lot's value is its share of the value, less what it cost."""
    pool = pool_of(("A", 400, "19200.00"), ("B", 1000, "50000.00"))
    pool.mark(1920_00)  # 1,400 at 50.80
    assert [lot.adjustment for lot in pool] == [eur("1120.00"), eur("800.00")]
    [first, second] = pool.take(units(600), "fifo")
    assert (first.adjustment, second.adjustment) == (eur("1120.00"), eur("160.00"))
    pool.add("C", DAY, units(10), eur("510.00"))
    assert pool.lot("C").adjustment == eur("0.00")
    assert pool.adjustment == eur("640.00")


def test_the_last_units_take_what_rounding_left_over() -> None:
    """All units together take all of the change of value, to the cent."""
    pool = pool_of(("A", 1, "1.00"), ("B", 1, "1.00"), ("C", 1, "1.00"))
    pool.mark(1)
    parts = pool.take(units(3), "fifo")
    assert sum((part.adjustment for part in parts), eur("0.00")) == eur("0.01")
    pool.mark(-1)
    pool.mark(1)
    assert (pool.adjustment, pool.quantity) == (eur("0.00"), units(0))


def test_a_reversed_sale_brings_a_lot_back() -> None:
    """A lot that was sold and came back is sold again, once."""
    pool = pool_of(*THREE)
    pool.take(units(150), "fifo")
    pool.move("A", DAY, 100, 1000_00)
    pool.move("B", DAY + timedelta(1), 50, 600_00)
    pool.match(units(1), "lifo")
    assert taken(pool.take(units(300), "fifo")) == list(THREE)
    assert len(pool) == 0


def test_a_split_makes_the_order_anew() -> None:
    """Units that cost half are compared with those that are bought later."""
    pool = pool_of(("A", 10, "100.00"))
    pool.match(units(1), "hifo")
    pool.move("A", DAY, 10, 0)
    pool.add("B", DAY, units(10), eur("60.00"))
    assert taken(pool.take(units(1), "hifo")) == [("B", 1, "6.00")]


def test_a_lot_that_owes_units_is_never_taken() -> None:
    """An entry by hand may take more than there was; other lots are sold then."""
    pool = pool_of(*THREE)
    pool.move("A", DAY, -120, -1200_00)
    for method in METHODS:
        assert pool.match(units(1), method)[0].lot != "A"
    pool.move("B", DAY, -110, -1)
    assert pool.match(units(1), "lifo")[0].lot == "C"


def test_more_than_there_is() -> None:
    """A short sale is refused, and nothing is taken."""
    pool = pool_of(*THREE)
    with pytest.raises(LimitBreached, match="at most 300 ACME"):
        pool.take(units(301), "fifo")
    assert pool.quantity == units(300)


@pytest.mark.parametrize(
    ("method", "chosen", "field"),
    [
        ("newest", None, "method"),
        ("average", None, "method"),
        ("specific", None, "chosen"),
        ("fifo", {"A": units(3)}, "chosen"),
        ("specific", {"A": units(2)}, "chosen"),
        ("specific", {"Q": units(3)}, "lot"),
        ("specific", {"A": units(0), "B": units(3)}, "chosen.A"),
        ("specific", {"D": units(3)}, "chosen.D"),
        ("specific", [("A", units(3))], "chosen"),
    ],
)
def test_choices_that_do_not_fit(
    method: Method, chosen: Mapping[str, bl.Amount] | None, field: str
) -> None:
    """Methods and choices are checked before anything is taken."""
    pool = pool_of(*THREE, ("D", 2, "1.00"))
    with pytest.raises(InvalidOption) as error:
        pool.take(units(3), method, chosen=chosen)
    assert error.value.field == field


def test_what_a_pool_does_not_take() -> None:
    """Units, currencies and days are checked."""
    pool = LotPool(ACME, EUR)
    one, euro = units(1), eur("1.00")
    with pytest.raises(CommodityMismatch):
        pool.add("A", DAY, bl.Amount(1, BOND), euro)
    with pytest.raises(CommodityMismatch):
        pool.add("A", DAY, one, bl.Amount("1.00", "USD"))
    with pytest.raises(InvalidDate):
        pool.add("A", "2026-10-01", one, euro)  # type: ignore[arg-type]
    with pytest.raises(InvalidOption):
        pool.add("A", DAY, units(0), euro)
    with pytest.raises(InexactNumber):
        pool.take(1, "fifo")  # type: ignore[arg-type]
    pool.add("A", DAY, one, euro)
    with pytest.raises(InvalidIdentifier):
        pool.take(one, "specific", chosen={"": one})
    with pytest.raises(InvalidIdentifier):
        LotPart("a:b", one, euro, euro)
    with pytest.raises(InvalidOption):
        LotPart("A", one, -euro, euro)


lots = st.lists(
    st.tuples(st.integers(1, 10**6), st.integers(1, 10**9)), min_size=1, max_size=30
)
sales = st.lists(st.integers(1, 10**6), max_size=30)


@given(lots=lots, sales=sales, method=st.sampled_from((*METHODS, "average")))
def test_costs_are_never_lost(
    lots: list[tuple[int, int]], sales: list[int], method: Method
) -> None:
    """What is left and what was sold cost what was paid, by every method."""
    pool = LotPool(ACME, EUR)
    for number, (count, cost) in enumerate(lots):
        name = AVERAGE_LOT if method == "average" else f"L{number}"
        amount = bl.Amount.from_minor(cost, "EUR")
        pool.add(name, DAY + timedelta(number % 7), units(count), amount)
    paid, bought = pool.cost, pool.quantity
    sold = eur("0.00")
    gone = units(0)
    for count in sales:
        if count <= pool.quantity.minor_units:
            parts = pool.take(units(count), method)
            sold += sum((part.cost for part in parts), eur("0.00"))
            gone += units(count)
            assert sum((part.quantity for part in parts), units(0)) == units(count)
    assert pool.cost + sold == paid
    assert pool.quantity + gone == bought
    assert sum((lot.cost for lot in pool), eur("0.00")) == pool.cost
    assert all(lot.cost.minor_units >= 0 and lot.quantity for lot in pool)


@given(lots=lots, sales=sales, method=st.sampled_from(METHODS))
def test_lots_are_taken_in_the_order_of_the_method(
    lots: list[tuple[int, int]], sales: list[int], method: Method
) -> None:
    """The heap finds what sorting all lots anew finds (the plain definition)."""
    pool = LotPool(ACME, EUR)
    plain: list[list[int]] = []
    for number, (count, cost) in enumerate(lots):
        pool.add(
            f"L{number}", DAY, units(count), bl.Amount.from_minor(cost * count, "EUR")
        )
        plain.append([number, count, cost])
    order = {
        "fifo": lambda lot: lot[0],
        "lifo": lambda lot: -lot[0],
        "hifo": lambda lot: (-lot[2], lot[0]),
    }[method]
    for count in sales:
        if count > pool.quantity.minor_units:
            continue
        expected = []
        left = count
        for lot in sorted(plain, key=order):
            part = min(left, lot[1])
            if part:
                expected.append((f"L{lot[0]}", part))
            lot[1] -= part
            left -= part
        found = pool.take(units(count), method)
        assert [(part.lot, part.quantity.minor_units) for part in found] == expected
