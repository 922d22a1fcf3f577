"""Whatever is passed in: a value comes out, or a `LedgerError` says why."""

import inspect
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import LedgerError
from backoffice_ledger.interest import (
    AccruedInterest,
    DayCount,
    Depreciation,
    Loan,
    amortised_cost,
    depreciation_by_units,
    effective_rate,
    lease_schedule,
    present_value,
    year_fraction,
)

DAY = date(2026, 1, 15)

JUNK: dict[str, Any] = {
    "none": None,
    "bool": True,
    "zero": 0,
    "negative": -1,
    "huge": 10**5000,
    "float": 0.06,
    "nan": math.nan,
    "decimal-nan": Decimal("sNaN"),
    "decimal-huge": Decimal("1e999999"),
    "decimal-tiny": Decimal("1e-999999"),
    "fraction-fine": Fraction(1, 3**2000),
    "empty": "",
    "text": "junk",
    "text-long": "1" * 100_000,
    "text-amount-long": "1" * 100_000 + " EUR",
    "text-number": "0.5",
    "text-amount": "5.00 EUR",
    "text-foreign-digits": "٣ EUR",
    "text-surrogate": "\ud800",
    "bytes": b"1.00 EUR",
    "list-empty": [],
    "list-none": [None],
    "list-amounts": ["5.00 EUR"] * 3,
    "list-long": ["5.00 EUR"] * 100_000,
    "dict": {"a": 1},
    "set": {"5.00 EUR"},
    "iterator": iter(["5.00 EUR"]),
    "class": DayCount,
    "object": object(),
    "datetime": datetime(2026, 1, 15, tzinfo=UTC),
    "date-first": date.min,
    "date-last": date.max,
    "date-bound": bl.BOUNDS.date_max,
    "amount": bl.Amount("7", "JPY"),
    "amount-huge": bl.Amount.from_minor(10**37, "EUR"),
    "amount-negative": bl.Amount("-7.00", "EUR"),
    "day-count": DayCount("1/1"),
}


def accrue(**arguments: Any) -> object:
    """Accrue to a day."""
    until, booked = arguments.pop("until"), arguments.pop("booked")
    terms = AccruedInterest(**arguments)
    return terms.due(until, booked=booked), terms.plan([until])


def repay(**arguments: Any) -> object:
    """Make a loan and its instalments."""
    return Loan(**arguments).schedule()


def write_off(**arguments: Any) -> object:
    """Make a depreciation and its years."""
    return Depreciation(**arguments).schedule()


FLOWS = ["500.00 EUR", "-1.00 EUR", "600.00 EUR"]
CALLS: dict[str, tuple[Callable[..., object], dict[str, Any]]] = {
    "year_fraction": (
        year_fraction,
        {
            "convention": "ACT/ACT-ICMA",
            "start": DAY,
            "end": date(2026, 12, 31),
            "frequency": 2,
            "reference": (DAY, date(2026, 7, 15)),
            "end_of_month": False,
            "coupon_end": None,
            "termination": None,
            "calendar": None,
        },
    ),
    "accrued": (
        accrue,
        {
            "principal": "1000.00 EUR",
            "rate": "0.06",
            "start": DAY,
            "day_count": DayCount("ACT/360"),
            "end": date(2026, 12, 31),
            "rounding": "half-up",
            "until": date(2026, 6, 30),
            "booked": "1.00 EUR",
        },
    ),
    "loan": (
        repay,
        {
            "principal": "1000.00 EUR",
            "rate": "0.06",
            "instalments": 12,
            "kind": "annuity",
            "start": DAY,
            "frequency": 12,
            "first": date(2026, 2, 10),
            "last": date(2027, 2, 1),
            "end_of_month": True,
            "day_count": DayCount("30E/360"),
            "payment": "90.00 EUR",
            "balloon": "0.00 EUR",
            "interest_only": 0,
            "rounding": "half-up",
            "interest_rounding": "each",
            "negative_amortisation_ok": True,
        },
    ),
    "depreciation": (
        write_off,
        {
            "cost": "1000.00 EUR",
            "life_months": 60,
            "in_use": DAY,
            "method": "declining",
            "first_year": "days",
            "residual": "10.00 EUR",
            "yearly_rate": "0.3",
            "switch": True,
            "fiscal_year_start": 4,
        },
    ),
    "units": (
        depreciation_by_units,
        {
            "cost": "1000.00 EUR",
            "units": [1, 2],
            "life_units": 10,
            "residual": "10.00 EUR",
        },
    ),
    "lease": (
        lease_schedule,
        {
            "payments": ["100.00 EUR"] * 3,
            "rate": "0.05",
            "in_advance": True,
            "prepaid": "1.00 EUR",
            "direct_costs": "1.00 EUR",
            "restoration": "1.00 EUR",
            "incentives": "1.00 EUR",
            "useful_periods": 3,
        },
    ),
    "effective": (effective_rate, {"initial": "900.00 EUR", "cash_flows": FLOWS[::2]}),
    "amortised": (
        amortised_cost,
        {
            "initial": "900.00 EUR",
            "cash_flows": FLOWS,
            "rate": "0.05",
            "residual_max": "500.00 EUR",
        },
    ),
    "present": (
        present_value,
        {
            "cash_flows": FLOWS,
            "rate": "0.05",
            "in_advance": True,
            "rounding": "half-even",
        },
    ),
}
ARGUMENTS = [
    (call, argument) for call, (_, arguments) in CALLS.items() for argument in arguments
]


@pytest.mark.parametrize("call", CALLS)
def test_the_calls_are_good(call: str) -> None:
    """Without junk they work, and they use every argument that there is."""
    function, arguments = CALLS[call]
    function(**arguments)
    values = {"accrued": AccruedInterest, "loan": Loan, "depreciation": Depreciation}
    names = {*inspect.signature(values.get(call, function)).parameters}
    assert {*arguments} - {"until", "booked"} == names


@pytest.mark.parametrize(("call", "argument"), ARGUMENTS)
def test_junk(call: str, argument: str) -> None:
    """One argument is wrong, the others are right; the error says which."""
    function, arguments = CALLS[call]
    refused = 0
    for junk in JUNK.values():
        try:
            function(**(arguments | {argument: junk}))
        except LedgerError as error:
            assert error.field
            refused += 1
    assert refused > len(JUNK) // 2
