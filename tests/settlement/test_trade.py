"""Trades: what they amount to, what is refused, and how they are split and kept."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    Allocation,
    Price,
    Trade,
    isin_check_digit,
    split_block,
)
from backoffice_ledger.settlement._trade import from_document, to_document
from backoffice_ledger.settlement._values import text_of

Make = Callable[..., Trade]

ACME = "US0378331005"
NAIVE = datetime.fromisoformat("2026-10-08T12:00:00")


# --- money ---------------------------------------------------------------------------


def test_a_purchase_adds_fees_and_a_sale_takes_them_off(make: Make) -> None:
    """1 000 at 50.00 with commission 10.00; 600 at 52.00 with 6.00 sold."""
    assert str(make().net) == "50010.00 USD"
    sale = make(
        side="sell", quantity="600 US0378331005", price=52, fees={"fee": "6.00 USD"}
    )
    assert str(sale.net) == "31194.00 USD"
    assert str(sale.obligation.quantity) == "-600 US0378331005"
    assert str(sale.obligation.cash) == "31194.00 USD"


def test_a_bond_is_priced_in_percent_and_clean(make: Make) -> None:
    """100 000 face at 101.25 with 1 250.00 accrued: 102 500.00 (EY, IFRS examples)."""
    bond = make(
        quantity="100000 US0378331005",
        price=Price("101.25", "percent"),
        accrued="1250.00 USD",
        fees={},
    )
    assert str(bond.consideration) == "101250.00 USD"
    assert str(bond.net) == "102500.00 USD"
    assert bond.executed().accrued == bl.Amount("1250.00", "USD")


def test_consideration_is_rounded_half_up_unless_it_is_given(make: Make) -> None:
    """What is given may be rounded otherwise, but not by a whole minor unit."""
    third = make(quantity="3 US0378331005", price="0.335", fees={})
    assert str(third.consideration) == "1.01 USD"  # 1.005
    down = make(
        quantity="3 US0378331005", price="0.335", fees={}, consideration="1.00 USD"
    )
    assert str(down.net) == "1.00 USD"
    for wrong in ("0.99 USD", "1.02 USD"):
        with pytest.raises(errors.InvalidOption, match="consideration"):
            make(quantity="3 US0378331005", price="0.335", fees={}, consideration=wrong)


def test_net_is_checked(make: Make) -> None:
    """The front office and the back office must mean the same money."""
    assert make(net="50010.00 USD") == make()
    with pytest.raises(errors.InvalidOption, match=r"net.*50010\.00 USD"):
        make(net="50010.01 USD")


def test_an_agent_settles_without_the_fees(make: Make) -> None:
    """They are the customer's to pay, not the market's to get."""
    trade = make(capacity="agent", owner="C-1", clearing="ccp")
    assert str(trade.obligation.cash) == "-50000.00 USD"
    assert str(trade.net) == "50010.00 USD"
    assert trade.obligation.clearing == "ccp"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("50.25", Fraction(201, 4)),
        (50, Fraction(50)),
        (Decimal("1E-2"), Fraction(1, 100)),
        (Fraction(1, 3), Fraction(1, 3)),
        ("1/3", Fraction(1, 3)),
    ],
)
def test_a_price_is_exact(make: Make, value: Any, expected: Fraction) -> None:
    """Text, int, Decimal or Fraction; whatever it is, it comes back from the book."""
    trade = make(price=value, quantity="3000 US0378331005")
    assert trade.price == Price(expected, "unit")
    assert from_document(to_document(trade)) == trade


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"id": "a/b"}, errors.InvalidIdentifier, "id"),
        ({"market": "X:Y"}, errors.InvalidIdentifier, "market"),
        ({"traded_at": NAIVE}, errors.InvalidDate, "traded_at"),
        ({"traded_at": "noon"}, errors.InvalidDate, "traded_at"),
        ({"trade_date": "2026-10-08"}, errors.InvalidDate, "trade_date"),
        ({"settlement_date": date(2026, 10, 7)}, errors.InvalidOption, "settlement"),
        ({"side": "hold"}, errors.InvalidOption, "side"),
        ({"quantity": "0 US0378331005"}, errors.InvalidOption, "quantity"),
        ({"quantity": 1000}, errors.InexactNumber, "quantity"),
        ({"price": 50.0}, errors.InexactNumber, "price"),
        ({"price": True}, errors.InexactNumber, "price"),
        ({"price": "1e5"}, errors.InvalidAmount, "price"),
        ({"price": "1/0"}, errors.InvalidAmount, "price"),
        ({"price": "1\n"}, errors.InvalidAmount, "price"),
        ({"price": "9" * 65}, errors.InvalidAmount, "price"),
        ({"price": Decimal("1E+999999")}, errors.InvalidAmount, "price"),
        ({"price": Decimal("NaN")}, errors.InvalidAmount, "price"),
        ({"price": 0}, errors.InvalidOption, "price"),
        ({"price": "0.000001", "quantity": "1 US0378331005"}, errors.InvalidOption, ""),
        ({"price": "-1"}, errors.InvalidAmount, "price"),
        ({"currency": "DOLLARS"}, errors.UnknownCommodity, "commodity"),
        ({"accrued": "1.00 EUR"}, errors.CommodityMismatch, "accrued"),
        ({"accrued": "-1.00 USD"}, errors.InvalidOption, "accrued"),
        ({"fees": ["10.00 USD"]}, errors.InvalidOption, "fees"),
        ({"fees": {"commission": "1.00 EUR"}}, errors.CommodityMismatch, "fees"),
        ({"fees": {"commission": "-1.00 USD"}}, errors.InvalidOption, "fees"),
        ({"side": "sell", "fees": {"f": "60000.00 USD"}}, errors.InvalidOption, "net"),
        ({"capacity": "agent"}, errors.InvalidOption, "owner"),
        ({"capacity": "friend"}, errors.InvalidOption, "capacity"),
        ({"clearing": "none"}, errors.InvalidOption, "clearing"),
        ({"version": 0}, errors.InvalidOption, "version"),
        ({"version": True}, errors.InvalidOption, "version"),
    ],
)
def test_what_is_no_trade_is_refused(
    make: Make, changes: Any, error: type[errors.LedgerError], field: str
) -> None:
    """The error names the field."""
    with pytest.raises(error) as found:
        make(**changes)
    assert field in (found.value.field or "")


# --- documents -----------------------------------------------------------------------


def test_a_document_that_is_no_trade_is_refused(make: Make) -> None:
    """Another hand wrote it."""
    content = dict(to_document(make()).content) | {"side": "both"}
    for wrong in ({}, content):
        with pytest.raises(errors.InvalidDocument, match="T-1"):
            from_document(bl.Document("trade", "T-1", wrong))


@given(st.fractions())
def test_a_number_is_written_exactly(value: Fraction) -> None:
    """As a decimal where there is one, else as a fraction."""
    assert Fraction(text_of(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(201, 4), "50.25"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(7), "7"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1, 10**6), "0.000001"),
    ],
)
def test_a_number_is_written_as_people_do(value: Fraction, text: str) -> None:
    """With as few digits as it takes."""
    assert text_of(value) == text


# --- which position ------------------------------------------------------------------


def test_an_old_document_is_read_as_before(make: Make) -> None:
    """Category and chosen lots are kept only where they are given."""
    content = to_document(make()).content
    assert {"category", "chosen"}.isdisjoint(content)
    assert from_document(to_document(make())).category == "fvtpl"
    given = make(side="sell", category="fvoci", chosen={"T-0": f"400 {ACME}"}, net=None)
    kept = to_document(given)
    assert kept.content["category"] == "fvoci"
    assert kept.content["chosen"] == {"T-0": "400"}
    assert from_document(kept) == given
    event = given.executed()
    assert (event.category, event.chosen) == ("fvoci", given.chosen)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category": "held-to-maturity"}, "category"),
        ({"category": "fvoci", "capacity": "agent", "owner": "C-1"}, "category"),
        ({"category": "short", "side": "sell", "accrued": "1.00 USD"}, "accrued"),
        ({"chosen": {"T-0": f"1 {ACME}"}}, "chosen"),
        (
            {"chosen": {"T-0": f"1 {ACME}"}, "side": "sell", "category": "short"},
            "chosen",
        ),
        ({"chosen": [("T-0", 1)], "side": "sell"}, "chosen"),
        (
            {
                "chosen": {"T-0": f"1 {ACME}"},
                "side": "sell",
                "capacity": "agent",
                "owner": "C-1",
            },
            "chosen",
        ),
    ],
)
def test_a_position_that_cannot_be(
    make: Make, changes: dict[str, Any], field: str
) -> None:
    """The error names the field."""
    with pytest.raises(errors.InvalidOption) as refused:
        make(**changes)
    assert refused.value.field == field


def test_chosen_lots_are_of_the_instrument(make: Make) -> None:
    """Units of something else are refused."""
    with pytest.raises(errors.CommodityMismatch):
        make(side="sell", chosen={"T-0": "1 US5949181045"})


def test_a_block_does_not_choose_lots(make: Make) -> None:
    """Each allocation takes those of its own owner, measured as the block's are."""
    with pytest.raises(errors.InvalidOption, match="chosen"):
        split_block(make(side="sell", chosen={"T-0": f"1 {ACME}"}), parts_of(1000))
    [part] = split_block(make(category="fvoci"), parts_of(1000))
    assert part.category == "fvoci"


# --- allocation ----------------------------------------------------------------------


def parts_of(*units: int) -> list[Allocation]:
    """Return allocations of so many units."""
    return [
        Allocation(f"A-{number}", f"C-{number}", f"{count} US0378331005")
        for number, count in enumerate(units)
    ]


def test_a_block_is_split_to_the_cent(make: Make) -> None:
    """Units, money, accrued interest and every fee sum to the block's."""
    block = make(fees={"commission": "10.00 USD"}, accrued="0.02 USD")
    parts = split_block(block, parts_of(333, 333, 334))
    assert [str(part.net) for part in parts] == [
        "16653.34 USD",
        "16653.33 USD",
        "16703.35 USD",
    ]
    assert [part.owner for part in parts] == ["C-0", "C-1", "C-2"]
    assert parts[0].own_ssi == "SSI-US"


@given(
    units=st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
    price=st.decimals("0.01", "999", places=4),
    fee=st.integers(0, 10**5),
)
def test_parts_sum_to_the_block(units: list[int], price: Decimal, fee: int) -> None:
    """Whatever the sizes: nothing is lost, and each part is a trade that holds."""
    block = Trade(
        id="B",
        traded_at=datetime(2026, 10, 8, 9, tzinfo=UTC),
        trade_date=date(2026, 10, 8),
        settlement_date=date(2026, 10, 9),
        side="buy",
        quantity=bl.Amount(sum(units) * 100, "US0378331005"),
        price=price,
        currency="USD",
        counterparty="BROKER",
        fees={"fee": bl.Amount.from_minor(fee, "USD")},
    )
    parts = split_block(block, parts_of(*(count * 100 for count in units)))
    for name in ("quantity", "consideration", "accrued", "net"):
        total = sum((getattr(p, name).minor_units for p in parts), 0)
        assert total == getattr(block, name).minor_units


def test_allocations_must_fit(make: Make) -> None:
    """All units, each part once, in the block's instrument."""
    block = make()
    for wrong in (parts_of(333, 333, 333), parts_of(1001), []):
        with pytest.raises(errors.InvalidOption, match="allocations"):
            split_block(block, wrong)
    same = attrs.evolve(parts_of(500)[0])
    with pytest.raises(errors.InvalidOption, match="an id of its own"):
        split_block(block, [same, same])
    other = Allocation("A", "C-1", "1000 DE0005557508")
    with pytest.raises(errors.CommodityMismatch):
        split_block(block, [other])
    with pytest.raises(errors.InvalidIdentifier):
        Allocation("A", "C-1", "1 US0378331005", own_ssi="a/b")


# --- identifiers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "isin", ["US0378331005", "DE0005557508", "GB0002634946", "AU0000XVGZA3"]
)
def test_the_check_digit_of_an_isin(isin: str) -> None:
    """Published ISINs (ISO 6166): their last digit follows from the others."""
    assert isin_check_digit(isin[:-1]) == isin[-1]


@pytest.mark.parametrize("body", ["us037833100", "US03783310", "US0378331005", 5])
def test_what_is_no_isin_has_no_check_digit(body: Any) -> None:
    """Two capital letters and nine capital letters or digits."""
    with pytest.raises(errors.InvalidIdentifier):
        isin_check_digit(body)


@given(st.from_regex(r"[A-Z]{2}[A-Z0-9]{9}", fullmatch=True))
def test_check_digits_agree_with_the_kernel(body: str) -> None:
    """A commodity takes the code that the check digit completes."""
    assert bl.Commodity(body + isin_check_digit(body)).scale == 0
