"""Value dates of foreign exchange, by the published cases of ObjectLab Kit."""

from datetime import date, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger.calendars import HolidayCalendar, business_calendar, joint
from backoffice_ledger.errors import (
    CalendarHorizon,
    InvalidDate,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.settlement.dates import (
    CURRENCY_WEEKENDS,
    FX_LAG_DAYS,
    FxPair,
)

SPAN = {"valid_from": date(2005, 1, 1), "valid_through": date(2021, 12, 31)}


def without_holidays(currency: str) -> HolidayCalendar:
    """Return a calendar that has nothing but the weekend of a currency."""
    weekend = CURRENCY_WEEKENDS.get(currency)
    options: dict[str, Any] = {"weekend": weekend} if weekend else {}
    return HolidayCalendar(currency, closures=[], **SPAN, **options)


OTHERS = {code: without_holidays(code) for code in ("AED", "CAD", "JOD", "MXN")}

SPOTS = [
    ("USD", "EUR", (2006, 8, 1), (2006, 8, 3)),
    ("USD", "EUR", (2006, 8, 2), (2006, 8, 4)),
    ("USD", "EUR", (2006, 8, 3), (2006, 8, 7)),
    ("USD", "EUR", (2006, 8, 4), (2006, 8, 8)),
    ("USD", "EUR", (2006, 8, 5), (2006, 8, 9)),
    ("USD", "EUR", (2006, 6, 30), (2006, 7, 5)),
    ("USD", "EUR", (2006, 7, 1), (2006, 7, 5)),
    ("USD", "EUR", (2006, 7, 3), (2006, 7, 5)),
    ("EUR", "GBP", (2006, 6, 30), (2006, 7, 5)),
    ("EUR", "GBP", (2006, 7, 2), (2006, 7, 5)),
    ("EUR", "GBP", (2006, 7, 3), (2006, 7, 5)),
    ("EUR", "MXN", (2006, 6, 30), (2006, 7, 5)),
    ("EUR", "MXN", (2006, 7, 2), (2006, 7, 6)),
    ("EUR", "MXN", (2006, 7, 3), (2006, 7, 6)),
    ("USD", "JOD", (2006, 7, 6), (2006, 7, 11)),
    ("USD", "AED", (2006, 7, 6), (2006, 7, 10)),
    ("EUR", "USD", (2014, 6, 26), (2014, 6, 30)),
    ("EUR", "USD", (2014, 10, 28), (2014, 10, 30)),
]


@pytest.mark.parametrize(("base", "quote", "traded", "spot"), SPOTS)
def test_published_spot_dates(
    base: str, quote: str, traded: tuple[int, int, int], spot: tuple[int, int, int]
) -> None:
    """ObjectLab Kit, AbstractCurrencyDateCalculatorTest; 2006-07-04 is a USD holiday.

    The pair is the same either way round.
    """
    for pair in (
        FxPair(base, quote, calendars=OTHERS),
        FxPair(quote, base, calendars=OTHERS),
    ):
        assert pair.spot_date(date(*traded)) == date(*spot)


def test_a_trade_on_a_holiday_in_usd() -> None:
    """ObjectLab Kit: made on Tuesday 2006-07-04 it is one of Wednesday."""
    assert FxPair("USD", "EUR").spot_date(date(2006, 7, 4)) == date(2006, 7, 7)


def test_a_published_question() -> None:
    """quant.stackexchange.com 79295: Juneteenth, Monday 2023-06-19, is T+1."""
    assert FxPair("EUR", "USD").spot_date(date(2023, 6, 16)) == date(2023, 6, 20)


def test_broken_dates() -> None:
    """ObjectLab Kit, testCrossEurGbpButDoNotUseUsd: spot on a holiday in USD."""
    pair = FxPair("EUR", "GBP", cross_may_be_closed=True)
    assert pair.spot_date(date(2006, 6, 30)) == date(2006, 7, 4)
    assert pair.spot_date(date(2006, 7, 2)) == date(2006, 7, 5)
    assert pair.spot_date(date(2006, 7, 3)) == date(2006, 7, 5)


def test_a_trade_date_that_is_not_moved() -> None:
    """ObjectLab Kit, testCrossEurGbpButDoNotAdjustStartDate."""
    pair = FxPair("EUR", "GBP", cross_may_be_closed=True, move_trade_date=False)
    assert pair.spot_date(date(2006, 7, 9)) == date(2006, 7, 11)
    assert pair.spot_date(date(2006, 7, 3)) == date(2006, 7, 5)


def test_the_union_of_calendars_is_wrong() -> None:
    """Two days on the joint calendar miss the market around holidays in USD."""
    wrong = 0
    for base, quote, traded, spot in SPOTS:
        pair = FxPair(base, quote, calendars=OTHERS)
        both = joint(*(pair.calendar(code) for code in (base, quote, "USD")))
        wrong += both.add(date(*traded), 2) != date(*spot)
    assert wrong > len(SPOTS) // 4


@pytest.mark.parametrize(
    ("tenor", "options", "expected"),
    [
        ("1M", {}, date(2014, 11, 28)),
        ("1M", {"convention": "following"}, date(2014, 12, 1)),
        ("SPOT", {}, date(2014, 10, 30)),
        ("SN", {}, date(2014, 10, 31)),
        ("1D", {}, date(2014, 10, 31)),
        ("1W", {}, date(2014, 11, 6)),
        ("2M", {}, date(2014, 12, 30)),
        ("1Y", {}, date(2015, 10, 30)),
        ("TOD", {}, date(2014, 10, 28)),
        ("TOM", {}, date(2014, 10, 29)),
    ],
)
def test_tenors(tenor: str, options: dict[str, Any], expected: date) -> None:
    """The first two rows are of ObjectLab Kit, testTenorNoHoliday..."""
    pair = FxPair("EUR", "USD")
    assert pair.value_date(date(2014, 10, 28), tenor, **options) == expected


def test_today_and_tomorrow() -> None:
    """ObjectLab Kit, testSimpleTodayUsdEur and testSimpleTomUsdEur."""
    pair = FxPair("USD", "EUR")
    assert pair.value_date(date(2006, 8, 1), "TOD") == date(2006, 8, 1)
    assert pair.value_date(date(2006, 8, 1), "TOM") == date(2006, 8, 2)
    assert pair.value_date(date(2006, 8, 4), "TOM") == date(2006, 8, 7)


def test_ends_of_months() -> None:
    """Spot on the last business day leads to last business days, unless told not to.

    The second row is of ObjectLab Kit, which has no such rule.
    """
    pair, traded = FxPair("EUR", "USD"), date(2014, 6, 26)
    assert pair.value_date(traded, "1M") == date(2014, 7, 31)
    assert pair.value_date(traded, "1M", month_end="none") == date(2014, 7, 30)


def test_lags() -> None:
    """USD/CAD is one day; a lag that is given is used, today included."""
    calendars = OTHERS
    cad = FxPair("CAD", "USD", calendars=calendars)
    assert cad.spot_date(date(2006, 8, 1)) == date(2006, 8, 2)
    assert cad.spot_date(date(2006, 7, 3)) == date(2006, 7, 5)
    slow = FxPair("CAD", "USD", calendars=calendars, lag_days=2)
    assert slow.spot_date(date(2006, 8, 1)) == date(2006, 8, 3)
    now = FxPair("EUR", "USD", lag_days=0, move_trade_date=False)
    assert now.spot_date(date(2006, 8, 5)) == date(2006, 8, 7)
    assert FX_LAG_DAYS[frozenset({"USD", "CAD"})] == 1


def test_weekends_change() -> None:
    """The Emirates rest on Saturday and Sunday since 2022."""
    assert CURRENCY_WEEKENDS["AED"].holds(date(2021, 12, 31))
    assert not CURRENCY_WEEKENDS["AED"].holds(date(2022, 1, 7))


@pytest.mark.parametrize(
    ("base", "quote", "options", "field"),
    [
        ("EUR", "EUR", {}, "quote"),
        ("eur", "USD", {}, "base"),
        ("EUR", None, {}, "quote"),
        ("EUR", "JPY", {}, "calendars"),
        ("EUR", "USD", {"cross": "JPY"}, "calendars"),
        ("EUR", "USD", {"cross": 5}, "cross"),
        ("EUR", "USD", {"lag_days": 3}, "lag_days"),
        ("EUR", "USD", {"lag_days": True}, "lag_days"),
        ("EUR", "USD", {"calendars": ["EUR"]}, "calendars"),
        ("EUR", "USD", {"calendars": 5}, "calendars"),
        ("EUR", "USD", {"calendars": {"EUR": "TARGET"}}, "calendars[EUR]"),
        ("EUR", "USD", {"calendars": {5: OTHERS["CAD"]}}, "calendars"),
    ],
)
def test_pairs_that_cannot_be(
    base: Any, quote: Any, options: dict[str, Any], field: str
) -> None:
    """The field that is wrong is named."""
    with pytest.raises(InvalidOption) as caught:
        FxPair(base, quote, **options)
    assert caught.value.field == field


@pytest.mark.parametrize("tenor", ["0M", "1m", "M", "", "1Q", None, "99999D"])
def test_tenors_that_cannot_be(tenor: Any) -> None:
    """The error shows what a tenor looks like."""
    with pytest.raises(InvalidOption) as caught:
        FxPair("EUR", "USD").value_date(date(2014, 10, 28), tenor)
    assert caught.value.field == "tenor"


def test_days_that_cannot_be() -> None:
    """Instants, unknown rules and days beyond the horizon are refused."""
    pair = FxPair("EUR", "USD")
    with pytest.raises(InvalidDate):
        pair.spot_date("2014-10-28")  # type: ignore[arg-type]
    with pytest.raises(InvalidDate):
        pair.value_date(None, "TOM")  # type: ignore[arg-type]
    with pytest.raises(CalendarHorizon):
        pair.spot_date(date(2030, 12, 31))
    with pytest.raises(CalendarHorizon):
        pair.value_date(date(2025, 10, 28), "30Y")
    with pytest.raises(InvalidOption):
        pair.value_date(date(2025, 1, 1), "1M", month_end="end")  # type: ignore[arg-type]
    with pytest.raises(LedgerError):
        pair.value_date(date(2025, 1, 1), "9999Y")


def test_pairs_are_values() -> None:
    """Equal pairs are equal, and can be keys."""
    one, other = (FxPair("EUR", "MXN", calendars=OTHERS) for _ in range(2))
    assert one == other
    assert len({one, other}) == 1
    assert attrs.evolve(one, quote="USD").calendars == one.calendars


@given(st.dates(date(2015, 1, 1), date(2029, 12, 31)), st.sampled_from(["GBP", "USD"]))
def test_spot_is_open_and_in_order(traded: date, quote: str) -> None:
    """Spot is open in both currencies and in USD, and never before an earlier one's."""
    pair = FxPair("EUR", quote)
    spot = pair.spot_date(traded)
    for name in ("TARGET", "US-FED", "GB-EW" if quote == "GBP" else "TARGET"):
        assert business_calendar(name).is_business_day(spot)
    assert spot >= traded + timedelta(days=2)
    assert pair.spot_date(traded + timedelta(days=1)) >= spot
