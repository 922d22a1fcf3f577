"""Two ways to pay: what belongs to a year does not depend on when it is paid."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.accruals import (
    Accrual,
    Deferral,
    Payment,
    Span,
    WayToPay,
    compare,
    instalments,
)
from backoffice_ledger.errors import (
    CommodityMismatch,
    InexactNumber,
    InvalidDate,
    InvalidOption,
    LedgerError,
)

YEAR = Span.months(date(2026, 1, 1), 12)
ALLOWANCE = Accrual(
    "allowance",
    "6000.00 USD",
    YEAR,
    "equal",
    "liabilities:accrued",
    "expenses:allowance",
)
RENT = Deferral(
    "rent", "12000.00 USD", YEAR, "equal", "assets:prepaid", "expenses:rent"
)
ON_THE_FIFTH = instalments("6000.00 USD", first=date(2026, 2, 5), count=12)
QUARTERLY = instalments("12000.00 USD", first=date(2026, 1, 1), count=4, months_apart=3)


def usd(number: str) -> bl.Amount:
    """Return an amount."""
    return bl.Amount(number, "USD")


def test_an_allowance_or_an_office() -> None:
    """500 a month against 1,000 a month saves 6,000 a year; the bank says 6,500.

    December's allowance is paid in January.
    """
    found = compare(
        WayToPay("Allowance", ALLOWANCE, ON_THE_FIFTH),
        WayToPay("Office", RENT, QUARTERLY),
        YEAR,
    )
    assert found.accrual == usd("6000.00")
    assert found.cash == usd("6500.00")
    assert found.table.rows() == [
        {"way": "Allowance", "accrual": usd("6000.00"), "cash": usd("5500.00")},
        {"way": "Office", "accrual": usd("12000.00"), "cash": usd("12000.00")},
        {"way": "Allowance saves", "accrual": usd("6000.00"), "cash": usd("6500.00")},
    ]
    assert "Allowance or Office" in str(found)


@st.composite
def patterns(draw: st.DrawFn, total: int) -> list[tuple[date, bl.Amount]]:
    """Draw payments that sum to *total*, on any days."""
    cuts = draw(st.lists(st.integers(1, total - 1), max_size=6, unique=True))
    edges = [0, *sorted(cuts), total]
    days = st.dates(date(2025, 1, 1), date(2028, 1, 1))
    return [
        (draw(days), bl.Amount.from_minor(high - low, "USD"))
        for low, high in pairwise(edges)
    ]


@given(patterns(600000), patterns(1200000))
def test_whenever_it_is_paid(
    allowance: list[tuple[date, bl.Amount]], rent: list[tuple[date, bl.Amount]]
) -> None:
    """The saving is 6,000; the cash view differs with the pattern."""
    found = compare(
        WayToPay("Allowance", ALLOWANCE, allowance),
        WayToPay("Office", RENT, rent),
        YEAR,
    )
    assert found.accrual == usd("6000.00")
    paid = [
        sum(a.minor_units for day, a in way if day.year == 2026)
        for way in (allowance, rent)
    ]
    assert found.cash.minor_units == paid[1] - paid[0]


def test_the_cash_view_can_say_the_opposite() -> None:
    """Control: the comparison by payments does depend on the pattern."""
    at_once = [(date(2026, 1, 1), usd("6000.00"))]
    later = [(date(2027, 1, 1), usd("12000.00"))]
    found = compare(
        WayToPay("Allowance", ALLOWANCE, at_once), WayToPay("Office", RENT, later), YEAR
    )
    assert (found.accrual, found.cash) == (usd("6000.00"), usd("-6000.00"))


@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(1, 400))
def test_spans_of_a_year_add_up(day: date, days: int) -> None:
    """What belongs to two spans that meet belongs to both together."""
    way = WayToPay("Office", [RENT], QUARTERLY)
    middle = day + timedelta(days)
    first, second = Span.until(day, middle), Span.until(middle, date(2029, 1, 1))
    whole = Span.until(day, date(2029, 1, 1))
    assert way.accrual(first) + way.accrual(second) == way.accrual(whole)
    assert way.cash(first) + way.cash(second) == way.cash(whole)


def test_instalments() -> None:
    """They sum to the total; a month that is too short has them on its last day."""
    found = instalments("100.00 USD", first=date(2026, 1, 31), count=3)
    assert found == (
        Payment(date(2026, 1, 31), usd("33.33")),
        Payment(date(2026, 2, 28), usd("33.34")),
        Payment(date(2026, 3, 31), usd("33.33")),
    )


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"count": 0}, InvalidOption, "count"),
        ({"count": True}, InvalidOption, "count"),
        ({"count": 1201}, InvalidOption, "count"),
        ({"months_apart": 0}, InvalidOption, "months_apart"),
        ({"total": "0.00 USD"}, InvalidOption, "total"),
        ({"total": 12000}, InexactNumber, "total"),
        ({"first": "2026-01-01"}, InvalidDate, "first"),
    ],
)
def test_impossible_instalments(
    changes: dict[str, Any], error: type[LedgerError], field: str
) -> None:
    """Each says what is wrong."""
    given_: dict[str, Any] = {
        "total": "12000.00 USD",
        "first": date(2026, 1, 1),
        "count": 4,
    } | changes
    with pytest.raises(error) as caught:
        instalments(given_.pop("total"), **given_)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("terms", "payments", "error", "field"),
    [
        ([], QUARTERLY, InvalidOption, "terms"),
        (["rent"], QUARTERLY, InvalidOption, "terms"),
        (RENT, QUARTERLY[:3], InvalidOption, "payments"),
        (RENT, [(date(2026, 1, 1), 12000)], InexactNumber, "payments"),
        (RENT, [("today", usd("12000.00"))], InvalidDate, "payments"),
        (
            RENT,
            [(date(2026, 1, 1), bl.Amount("12000.00", "EUR"))],
            CommodityMismatch,
            "commodity",
        ),
    ],
)
def test_impossible_ways(
    terms: Any, payments: Any, error: type[LedgerError], field: str
) -> None:
    """Payments must sum to what it costs."""
    with pytest.raises(error) as caught:
        WayToPay("Office", terms, payments)
    assert caught.value.field == field


def test_what_cannot_be_compared() -> None:
    """Other things, other currencies, no span."""
    office = WayToPay("Office", RENT, QUARTERLY)
    euro = WayToPay(
        "Euro",
        Deferral("e", "1.00 EUR", YEAR, "equal", "assets:prepaid", "expenses:rent"),
        [(date(2026, 1, 1), "1.00 EUR")],
    )
    with pytest.raises(CommodityMismatch):
        compare(office, euro, YEAR)
    for wrong in ((RENT, office, YEAR), (office, RENT, YEAR), (office, office, 2026)):
        with pytest.raises(InvalidOption):
            compare(*wrong)  # type: ignore[arg-type]
