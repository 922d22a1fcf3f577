"""Prices: one way to say them to trades, valuations and penalties."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import Price, Trade
from backoffice_ledger.settlement.accounting import SettlementBooks
from backoffice_ledger.settlement.penalties import (
    Fail,
    ReferenceData,
    settlement_fail_penalties,
)
from backoffice_ledger.testing import FrozenClock

BOND = bl.Commodity("BOND", 0)
DAY = date(2026, 10, 8)
NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("price", "per_unit", "text"),
    [
        (Price("101.25", "percent"), Fraction(81, 80), "101.25 %"),
        (Price("50.80"), Fraction(254, 5), "50.8"),
        (Price(Fraction(1, 3)), Fraction(1, 3), "1/3"),
        (Price(Decimal("1E-2"), "percent"), Fraction(1, 10_000), "0.01 %"),
        (Price(0), 0, "0"),
    ],
)
def test_a_price_has_a_basis(price: Price, per_unit: Fraction, text: str) -> None:
    """By the unit or in percent of nominal; it says which."""
    assert (price.per_unit, str(price)) == (per_unit, text)
    assert price.value_of(bl.Amount("2.50", bl.Commodity("PART", 2))) == (
        per_unit * 5 / 2
    )


def test_a_number_is_a_price_by_the_unit() -> None:
    """A price stays as it is; two bases are two prices."""
    price = Price("98.75", "percent")
    assert Price.of(price) is price
    assert Price.of("0.9875") == Price("0.9875", "unit")
    assert Price("0.9875").per_unit == price.per_unit
    assert Price("0.9875") != price
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        price.number = Fraction(1)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("arguments", "error", "field"),
    [
        ((50.5,), errors.InexactNumber, "price"),
        ((True,), errors.InexactNumber, "price"),
        ((None,), errors.InexactNumber, "price"),
        (("50,80",), errors.InvalidAmount, "price"),
        (("101.25 %",), errors.InvalidAmount, "price"),
        (("-0.01",), errors.InvalidAmount, "price"),
        ((Decimal("Infinity"),), errors.InvalidAmount, "price"),
        (("9" * 65,), errors.InvalidAmount, "price"),
        (("100", "dozen"), errors.InvalidOption, "price.basis"),
        (("100", None), errors.InvalidOption, "price.basis"),
    ],
)
def test_what_is_no_price(
    arguments: tuple[Any, ...], error: type[errors.LedgerError], field: str
) -> None:
    """Floats, what is no plain number, what is below zero, another basis."""
    with pytest.raises(error) as found:
        Price(*arguments)
    assert found.value.field == field


def test_units_are_an_amount() -> None:
    """A bare number of units has no scale, and is refused."""
    with pytest.raises(errors.InexactNumber, match="quantity"):
        Price("50").value_of(100)  # type: ignore[arg-type]


@settings(max_examples=15)
@given(
    number=st.decimals("0.0001", "250", places=4),
    nominal=st.integers(10_000, 10**9),
    basis=st.sampled_from(["unit", "percent"]),
)
def test_trade_valuation_and_penalty_mean_the_same(
    number: Decimal, nominal: int, basis: Any
) -> None:
    """What is bought at a price is worth that at this price, and fails on that value.

    A valuation at the price of the purchase books nothing; a penalty is the rate of
    0.2 basis points on what was paid, rounded up.
    """
    price, units = Price(number, basis), bl.Amount(nominal, BOND)
    trade = Trade(
        id="T-1",
        traded_at=NOON,
        trade_date=DAY,
        settlement_date=DAY,
        side="buy",
        quantity=units,
        price=price,
        currency="EUR",
        counterparty="BROKER",
    )
    assert trade.consideration == bl.Amount.rounded(
        price.value_of(units), "EUR", rounding="half-up"
    )
    with bl.open_ledger(":memory:", actor="clerk", clock=FrozenClock(NOON)) as ledger:
        books = SettlementBooks(ledger)
        books.accounts.open_in(ledger)
        books.post([trade.executed()])
        assert books.mark(DAY, {"BOND": price}) == ()
        assert books.mark(DAY, {"BOND": price.per_unit}) == ()
    [penalty] = settlement_fail_penalties(
        Fail(
            instruction="i",
            kind="free-of-payment",
            deliverer="D",
            receiver="R",
            system="CSD",
            currency="EUR",
            quantity=units,
            rate_class="other-debt",
        ),
        date(2024, 3, 4),
        failing=["deliverer"],
        data=ReferenceData(price=price),
    )
    exact = price.value_of(units) * Fraction(2, 100_000)
    assert penalty.amount == bl.Amount.rounded(exact, "EUR", rounding="ceiling")
