"""Checks that those who write rules and controls share with the ledger."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import pytest

import backoffice_ledger as bl
from backoffice_ledger.checks import (
    as_amount,
    check_amount,
    check_choice,
    check_commodity,
    check_count,
    check_date,
    check_flag,
    check_instance,
    check_instances,
    check_instant,
    exact_number,
)
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityMismatch,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidOption,
    LedgerError,
    UnknownCommodity,
)

EUR = bl.Commodity("EUR")
AMOUNT = bl.Amount("1.50", "EUR")
LARGEST = bl.Amount.from_minor(10**27 - 1, "EUR")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
Side = Literal["buy", "sell"]
Months = Literal[1, 3, 12]


def _name(value: object) -> str:
    """Return what every process calls a parameter."""
    return getattr(value, "__name__", None) or str(value)


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (as_amount, AMOUNT),
        (as_amount, LARGEST),
        (check_amount, AMOUNT),
        (check_amount, -AMOUNT),
        (check_count, 0),
        (check_date, date(2026, 11, 28)),
        (check_flag, False),
        (check_instant, NOW),
        (check_instant, NOW.astimezone(timezone(timedelta(hours=-5)))),
    ],
    ids=_name,
)
def test_what_is_good_comes_back(check: Callable[..., Any], good: object) -> None:
    """The value itself, as its type."""
    assert check(good, "field") == good


@pytest.mark.parametrize(
    ("check", "bad", "error"),
    [
        (as_amount, 1.5, InexactNumber),
        (as_amount, "1.50", InvalidAmount),
        (as_amount, "1.50 Euro", UnknownCommodity),
        (as_amount, bl.Amount.from_minor(10**27, "EUR"), BoundExceeded),
        (check_amount, "1.50 EUR", InexactNumber),
        (check_count, -1, InvalidOption),
        (check_count, True, InvalidOption),
        (check_date, NOW, InvalidDate),
        (check_date, "2026-11-28", InvalidDate),
        (check_date, date(1, 1, 1), BoundExceeded),
        (check_flag, "no", InvalidOption),
        (check_instant, date(2026, 11, 28), InvalidDate),
        (check_instant, datetime(2026, 11, 28), InvalidDate),  # noqa: DTZ001
        (check_instant, datetime.max.replace(tzinfo=UTC), BoundExceeded),
    ],
    ids=_name,
)
def test_what_is_bad_is_refused(
    check: Callable[..., Any], bad: object, error: type[LedgerError]
) -> None:
    """The error names the field, and shows what was found."""
    with pytest.raises(error) as caught:
        check(bad, "field")
    assert caught.value.field in ("field", "commodity", "amount")


@pytest.mark.parametrize(
    ("choices", "good", "bad"),
    [
        (Side, ["buy", "sell"], ["BUY", "", None, 1, ["buy"]]),
        (Months, [1, 3, 12], [True, 1.0, "1", 2, None]),
    ],
    ids=["texts", "numbers"],
)
def test_choices(choices: Any, good: list[object], bad: list[object]) -> None:
    """One of the texts or numbers of a Literal, and no other type that equals it."""
    assert [check_choice(value, choices, "field") for value in good] == good
    for value in bad:
        with pytest.raises(InvalidOption):
            check_choice(value, choices, "field")


def test_instances() -> None:
    """Of one kind, and all of them; the error names the place."""
    assert check_instance(AMOUNT, bl.Amount, "field") is AMOUNT
    assert check_instances([AMOUNT], bl.Amount, "field") == (AMOUNT,)
    for bad, field in (
        ("EUR", "field"),
        (7, "field"),
        ([AMOUNT, "1.50 EUR"], "field[1]"),
    ):
        with pytest.raises(InvalidOption) as caught:
            check_instances(bad, bl.Amount, "field")
        assert caught.value.field == field


def test_commodities() -> None:
    """An amount of another commodity is a mismatch, not a number to compare."""
    assert check_commodity(AMOUNT, EUR, "field") is AMOUNT
    with pytest.raises(CommodityMismatch):
        check_commodity(bl.Amount("1", "USD"), EUR, "field")


@pytest.mark.parametrize(
    ("number", "exact"),
    [
        ("0.06", Fraction(3, 50)),
        ("-7", Fraction(-7)),
        (3, Fraction(3)),
        (Decimal("0.10"), Fraction(1, 10)),
        (Decimal("1E+3"), Fraction(1000)),
        (Fraction(1, 3), Fraction(1, 3)),
    ],
)
def test_exact_numbers(number: object, exact: Fraction) -> None:
    """Every exact type comes as a Fraction, without rounding."""
    assert exact_number(number, "field") == exact


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (0.1, InexactNumber),
        (True, InexactNumber),
        (None, InexactNumber),
        ("1,5", InvalidAmount),
        ("1e3", InvalidAmount),
        ("\u0661", InvalidAmount),
        (Decimal("NaN"), InvalidAmount),
        (Decimal("Infinity"), InvalidAmount),
        (Decimal("1E+65"), BoundExceeded),
        (Decimal(10**64), BoundExceeded),
        ("9" * 129, BoundExceeded),
        (2**256, BoundExceeded),
        (Fraction(1, 2**256), BoundExceeded),
    ],
    ids=_name,
)
def test_inexact_numbers_are_refused(number: object, error: type[LedgerError]) -> None:
    """Nothing is guessed, and nothing is larger than any honest price or rate."""
    with pytest.raises(error) as caught:
        exact_number(number, "field")
    assert caught.value.field == "field"
