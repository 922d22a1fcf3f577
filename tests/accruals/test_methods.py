"""Methods of allocation and residual policies."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.accruals import Deferral, Span, allocate
from backoffice_ledger.errors import (
    BoundExceeded,
    InexactNumber,
    InvalidAmount,
    InvalidOption,
    LedgerError,
)

Make = Callable[..., Deferral]


def numbers(amounts: Any) -> list[str]:
    """Return amounts as plain numbers."""
    return [amount.number for amount in amounts]


@pytest.mark.parametrize(
    ("method", "first", "last", "weights"),
    [
        ("half-month", date(2026, 1, 15), date(2026, 4, 30), (1, 2, 2, 2)),
        ("half-month", date(2026, 1, 15), date(2026, 4, 14), (1, 2, 2, 0)),
        ("half-month", date(2026, 1, 15), date(2026, 1, 20), (1,)),
        # The months of the first quarter together count one and a half.
        ("mid-quarter", date(2026, 1, 5), date(2026, 5, 31), (3, 3, 3, 6, 6)),
        ("mid-quarter", date(2026, 2, 5), date(2026, 5, 31), (3, 3, 4, 4)),
        ("mid-quarter", date(2026, 3, 5), date(2026, 5, 31), (3, 2, 2)),
        ("mid-quarter", date(2026, 1, 5), date(2026, 2, 10), (3, 0)),
        # The bond basis counts 30 days a month, from the very first day.
        ("30/360-BOND", date(2026, 1, 1), date(2026, 3, 31), (30, 30, 30)),
        ("30/360-BOND", date(2026, 1, 16), date(2026, 3, 15), (15, 30, 15)),
        ("30/360-BOND", date(2026, 1, 31), date(2026, 2, 28), (1, 30)),
        ("30/360-BOND", date(2026, 1, 30), date(2026, 3, 30), (1, 30, 29)),
        ("30/360-BOND", date(2026, 1, 15), date(2026, 3, 30), (16, 30, 30)),
        ("front-loaded", date(2026, 1, 1), date(2026, 4, 1), (4, 3, 2, 1)),
        ("back-loaded", date(2026, 1, 1), date(2026, 4, 1), (1, 2, 3, 4)),
    ],
)
def test_weights(
    insurance: Make, method: str, first: date, last: date, weights: tuple[int, ...]
) -> None:
    """What each month weighs."""
    deferral = insurance(span=Span.inclusive(first, last), method=method)
    assert deferral.weights() == weights


def test_a_quarter_by_30_360(insurance: Make) -> None:
    """1,200.00 from October to September, at the end of December: 90 of 360 days."""
    deferral = insurance(
        total="1200.00 EUR",
        span=Span.inclusive(date(2024, 10, 1), date(2025, 9, 30)),
        method="30/360-BOND",
    )
    assert deferral.recognised(date(2024, 12, 31)).number == "300.00"
    assert deferral.remaining(date(2024, 12, 31)).number == "900.00"


def test_a_loan_discount(insurance: Make) -> None:
    """3,000 over five years of a loan: 600 a year."""
    discount = insurance(
        total="3000.00 EUR", span=Span.months(date(2026, 1, 1), 60), method="equal"
    )
    years = [discount.recognised(date(2026 + year, 12, 31)) for year in range(5)]
    assert numbers(years) == ["600.00", "1200.00", "1800.00", "2400.00", "3000.00"]


def test_the_sum_of_digits(insurance: Make) -> None:
    """9,000 over five periods: 3,000, 2,400, 1,800, 1,200, 600."""
    span = Span.months(date(2026, 1, 1), 5)
    deferral = insurance(total="9000.00 EUR", span=span, method="front-loaded")
    expected = ["3000.00", "2400.00", "1800.00", "1200.00", "600.00"]
    assert numbers(part.amount for part in deferral.parts()) == expected
    deferral = insurance(total="9000.00 EUR", span=span, method="back-loaded")
    assert numbers(part.amount for part in deferral.parts()) == expected[::-1]


@pytest.mark.parametrize(
    ("shares", "weights"),
    [
        ([1, 0, 3], (1, 0, 3)),
        ((Fraction(1, 2), Decimal("0.25"), 1), (2, 1, 4)),
        ({"2026-02": 1, "2026-03": Fraction(1, 3)}, (0, 3, 1)),
        (iter([1, 1, 1]), (1, 1, 1)),
    ],
)
def test_given_shares(
    insurance: Make, shares: object, weights: tuple[int, ...]
) -> None:
    """A curve, units or milestones: by order, or by the names of months."""
    span = Span.months(date(2026, 1, 1), 3)
    deferral = insurance(span=span, method="given", shares=shares)
    assert deferral.weights() == weights


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"method": "given"}, InvalidOption, "shares"),
        ({"shares": [1, 2, 3]}, InvalidOption, "shares"),
        ({"method": "given", "shares": [1, 2]}, InvalidOption, "shares"),
        ({"method": "given", "shares": 3}, InvalidOption, "shares"),
        ({"method": "given", "shares": {"2026-04": 1}}, InvalidOption, "shares"),
        ({"method": "given", "shares": [0, 0, 0]}, InvalidOption, "weights"),
        ({"method": "given", "shares": {}}, InvalidOption, "weights"),
        ({"method": "given", "shares": [1, -1, 1]}, InvalidOption, "weights"),
        ({"method": "given", "shares": [1, 0.5, 1]}, InexactNumber, "weights"),
        ({"method": "given", "shares": "123"}, InexactNumber, "weights"),
        ({"method": "usage"}, InvalidOption, "units"),
        ({"units": 3}, InvalidOption, "units"),
        ({"method": "usage", "units": 0}, InvalidOption, "units"),
        ({"method": "usage", "units": True}, InvalidOption, "units"),
        ({"method": "usage", "units": 10**15 + 1}, InvalidOption, "units"),
        ({"residual": "plug"}, InvalidOption, "residual"),
        ({"style": "pnl"}, InvalidOption, "style"),
        ({"reversal": None}, InvalidOption, "reversal"),
        ({"lines": {"gaap": "prepaid"}}, InvalidOption, "lines"),
        ({"lines": {"hgb": ""}}, LedgerError, "id"),
        ({"lines": 5}, InvalidOption, "lines"),
        ({"booked": "2026-01-01"}, LedgerError, "booked"),
        ({"base": "1.00 USD"}, InvalidOption, "exchange_account"),
        ({"exchange_account": "equity:trading"}, InvalidOption, "exchange_account"),
        ({"base": "-1.00 USD", "exchange_account": "a"}, InvalidOption, "base"),
        ({"base": "0.00 USD", "exchange_account": "a"}, InvalidOption, "base"),
        ({"base": "1.00 EUR", "exchange_account": "a"}, InvalidOption, "base"),
        ({"base": 1, "exchange_account": "a"}, InexactNumber, "base"),
    ],
)
def test_terms_that_do_not_fit(
    insurance: Make, changes: dict[str, object], error: type[LedgerError], field: str
) -> None:
    """Each says what is wrong, before anything is kept."""
    with pytest.raises(error) as caught:
        insurance(**{"span": Span.months(date(2026, 1, 1), 3), **changes})
    assert caught.value.field == field


def test_days_that_the_bond_basis_does_not_know(insurance: Make) -> None:
    """From the 30th to the 31st are no days: the weights would sum to zero."""
    day = date(2026, 1, 30)
    with pytest.raises(InvalidOption) as caught:
        insurance(span=Span.inclusive(day, day), method="30/360-BOND")
    assert caught.value.field == "span"


def test_usage_is_not_known_ahead(insurance: Make) -> None:
    """It has neither weights nor parts before it is reported."""
    by_usage = insurance(method="usage", units=100)
    with pytest.raises(InvalidOption):
        by_usage.weights()
    with pytest.raises(InvalidOption):
        by_usage.parts()


@pytest.mark.parametrize(
    ("total", "weights", "residual", "expected"),
    [
        ("10.00", [1, 1, 1], "cumulative", ["3.33", "3.34", "3.33"]),
        ("10.00", [1, 1, 1], "first", ["3.34", "3.33", "3.33"]),
        ("10.00", [1, 1, 1], "last", ["3.33", "3.33", "3.34"]),
        ("10.00", [1, 1, 1], "largest-remainder", ["3.34", "3.33", "3.33"]),
        ("20.00", [1, 1, 1], "largest-remainder", ["6.67", "6.67", "6.66"]),
        ("-20.00", [1, 1, 1], "largest-remainder", ["-6.67", "-6.67", "-6.66"]),
        ("1000.00", [1] * 12, "last", ["83.33"] * 11 + ["83.37"]),
        ("1000.00", [1] * 12, "first", ["83.37"] + ["83.33"] * 11),
        ("1000.00", [1] * 12, "largest-remainder", ["83.34"] * 4 + ["83.33"] * 8),
        # Eleven cents of ten: the twelfth would be -0.01, so the eleventh gets less.
        ("0.10", [1] * 12, "last", ["0.01"] * 10 + ["0.00"] * 2),
        ("0.10", [1] * 12, "first", ["0.00"] * 2 + ["0.01"] * 10),
        ("1.00", [1] * 36, "last", ["0.03"] * 33 + ["0.01"] + ["0.00"] * 2),
        ("-0.10", [1] * 12, "last", ["-0.01"] * 10 + ["0.00"] * 2),
        ("0.05", [1, 0, 1, 0], "last", ["0.03", "0.00", "0.02", "0.00"]),
        ("0.05", [0, 1, 0, 1], "first", ["0.00", "0.02", "0.00", "0.03"]),
    ],
)
def test_residuals(
    total: str, weights: list[int], residual: Any, expected: list[str]
) -> None:
    """Who gets the odd cents; nobody gets another sign, zero weights get nothing."""
    found = allocate(bl.Amount(total, "EUR"), weights, residual=residual)
    assert numbers(found) == expected


@pytest.mark.parametrize("residual", ["cumulative", "first", "last"])
@pytest.mark.parametrize(
    ("weights", "error"),
    [
        ([], InvalidOption),
        ([0, 0], InvalidOption),
        ([1, -1, 5], InvalidOption),
        ([1.0], InexactNumber),
        ([Decimal("NaN")], InvalidAmount),
        ([2**5000], BoundExceeded),
    ],
)
def test_impossible_weights(
    weights: list[Any], error: type[LedgerError], residual: Any
) -> None:
    """They are refused under every policy."""
    with pytest.raises(error):
        allocate(bl.Amount("1.00", "EUR"), weights, residual=residual)


def test_an_unknown_residual() -> None:
    """It is refused."""
    with pytest.raises(InvalidOption):
        allocate(bl.Amount("1.00", "EUR"), [1], residual="plug")  # type: ignore[arg-type]
