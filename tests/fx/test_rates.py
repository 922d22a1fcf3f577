"""Rates: exact values, look-ups, tables, files, and versions in a book."""

import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    BoundExceeded,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidDocument,
    InvalidOption,
    RateMissing,
    UnknownCommodity,
)
from backoffice_ledger.fx import (
    LookUp,
    Rate,
    RateBook,
    RateColumns,
    RateTable,
    read_rates,
)
from backoffice_ledger.fx._rates import exact_text

DAY = date(2026, 12, 31)
MONTHLY = Path(__file__).parents[1] / "data" / "fx_monthly.csv"
FRED = RateColumns(
    date="Date",
    value="Exchange rate",
    pair="Country",
    pairs={"Euro": ("USD", "EUR"), "Japan": ("USD", "JPY")},
)


def usd(day: date, value: Any, kind: Any = "closing", source: str = "us") -> Rate:
    """Return a dollar's rate in euros."""
    return Rate("USD", "EUR", day, value, source, kind)


# --- one rate ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"value": 0.92}, InexactNumber, "value"),
        ({"value": True}, InexactNumber, "value"),
        ({"value": "0.92"}, InexactNumber, "value"),
        ({"value": Decimal(0)}, InvalidAmount, "value"),
        ({"value": Decimal(-1)}, InvalidAmount, "value"),
        ({"value": Decimal("NaN")}, InvalidAmount, "value"),
        ({"value": Decimal("1E+99999999")}, BoundExceeded, "value"),
        ({"value": Decimal("1E-99")}, BoundExceeded, "value"),
        ({"value": Fraction(1, 10**90)}, BoundExceeded, "value"),
        ({"quote": "USD"}, InvalidOption, "quote"),
        ({"quote": "COIN"}, UnknownCommodity, "commodity"),
        ({"date": "2026-12-31"}, InvalidDate, "date"),
        ({"date": datetime(2026, 12, 31)}, InvalidDate, "date"),  # noqa: DTZ001
        ({"date": date(1800, 1, 1)}, BoundExceeded, "date"),
        ({"kind": "fixing"}, InvalidOption, "kind"),
    ],
)
def test_what_a_rate_refuses(
    changes: dict[str, Any], error: type[bl.LedgerError], field: str
) -> None:
    """Floats, zero, monsters, a currency in itself."""
    fields: dict[str, Any] = {
        "base": "USD",
        "quote": "EUR",
        "date": DAY,
        "value": Decimal("0.92"),
        "source": "us",
    }
    with pytest.raises(error) as caught:
        Rate(**(fields | changes))
    assert caught.value.field == field


def test_a_rate_of_a_unit_of_ones_own() -> None:
    """Anything that a book counts has a price."""
    coin = bl.Commodity("COIN", 8)
    table = RateTable([Rate(coin, "EUR", DAY, 50_000, "exchange")])
    quote = table.quote(coin, "EUR", DAY)
    assert quote.convert(bl.Amount("0.00010000", coin)) == bl.Amount("5.00", "EUR")


# --- look-ups ------------------------------------------------------------------------


def test_a_day_without_a_rate_needs_leave_to_go_back() -> None:
    """Exact by default; else the latest that is not too old, and never a later one."""
    friday, monday = date(2026, 1, 2), date(2026, 1, 5)
    table = RateTable([usd(friday, Decimal("0.92")), usd(date(2026, 1, 6), 1)])
    with pytest.raises(RateMissing) as caught:
        table.quote("USD", "EUR", monday)
    error = caught.value
    assert (error.field, error.expected, error.found) == (
        "rate",
        "a closing rate of USD/EUR on 2026-01-05",
        "'one of 2026-01-02'",
    )
    with pytest.raises(RateMissing, match="or up to 2 days before"):
        table.quote("USD", "EUR", monday, LookUp(days_back_max=2))
    quote = table.quote("USD", "EUR", monday, LookUp(days_back_max=3))
    assert (quote.value, quote.rates) == (Fraction(23, 25), (table.rates[0],))
    with pytest.raises(RateMissing, match="found 'none'"):
        table.quote("USD", "EUR", date(2026, 1, 1), LookUp(days_back_max=3))
    with pytest.raises(RateMissing):
        table.quote("USD", "EUR", friday, LookUp("average"))


def test_inverses_and_crosses_only_when_asked() -> None:
    """EUR/USD does not stand for USD/EUR by itself, nor two rates for one."""
    euro = Rate("EUR", "USD", DAY, Decimal("1.25"), "us")
    yen = Rate("USD", "JPY", DAY, 150, "us")
    table = RateTable([euro, yen])
    for look_up in (None, LookUp(inverse=False, through="USD")):
        with pytest.raises(RateMissing):
            table.quote("USD", "EUR", DAY, look_up)
    inverse = table.quote("USD", "EUR", DAY, LookUp(inverse=True))
    assert inverse.value == Fraction(4, 5)
    with pytest.raises(RateMissing, match="EUR/JPY"):
        table.quote("EUR", "JPY", DAY, LookUp(inverse=True))
    cross = table.quote("EUR", "JPY", DAY, LookUp(through="USD"))
    assert (cross.value, cross.rates) == (Fraction(375, 2), (euro, yen))
    with pytest.raises(RateMissing, match="or a cross through USD"):
        table.quote("JPY", "EUR", DAY, LookUp(through="USD"))
    back = table.quote("JPY", "EUR", DAY, LookUp(inverse=True, through="USD"))
    assert back.value == 1 / cross.value


def test_a_commodity_in_itself_is_one() -> None:
    """No rate is needed."""
    assert RateTable().quote("EUR", "EUR", DAY).value == 1


def test_the_pair_itself_comes_first() -> None:
    """Both directions are quoted: the one that was asked for is taken."""
    table = RateTable(
        [usd(DAY, Decimal("0.79")), Rate("EUR", "USD", DAY, Decimal("1.25"), "us")]
    )
    assert table.quote("USD", "EUR", DAY, LookUp(inverse=True)).value == Fraction(
        79, 100
    )


@given(st.fractions(Fraction(1, 1000), 1000), st.fractions(Fraction(1, 1000), 1000))
def test_there_and_back_is_one(first: Fraction, second: Fraction) -> None:
    """Inverses and crosses are exact fractions."""
    table = RateTable(
        [
            Rate("EUR", "USD", DAY, first.limit_denominator(10**6), "us"),
            Rate("USD", "JPY", DAY, second.limit_denominator(10**6), "us"),
        ]
    )
    look_up = LookUp(inverse=True, through="USD")
    for one, other in (("EUR", "USD"), ("EUR", "JPY"), ("USD", "JPY")):
        there = table.quote(one, other, DAY, look_up).value
        assert there * table.quote(other, one, DAY, look_up).value == 1


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "fixing"},
        {"days_back_max": -1},
        {"days_back_max": 10_000},
        {"days_back_max": True},
        {"inverse": 1},
        {"through": 1},
    ],
)
def test_what_a_look_up_refuses(options: dict[str, Any]) -> None:
    """Its options are checked when it is built."""
    with pytest.raises(InvalidOption) as caught:
        LookUp(**options)
    assert caught.value.field == next(iter(options))


def test_what_a_table_refuses() -> None:
    """Two answers to one question; the same one twice is one."""
    rate = usd(DAY, Decimal("0.92"))
    assert list(RateTable([rate, rate])) == [rate]
    assert repr(RateTable([rate])) == "<RateTable of 1 rates>"
    with pytest.raises(InvalidOption, match="two closing rates of USD/EUR"):
        RateTable([rate, usd(DAY, Decimal("0.93"))])
    with pytest.raises(InvalidOption):
        RateTable(["0.92"])  # type: ignore[list-item]
    with pytest.raises(InvalidOption):
        RateTable().quote("USD", "EUR", DAY, "closing")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption, match="an amount of USD"):
        RateTable([rate]).quote("USD", "EUR", DAY).convert(bl.Amount("1.00", "EUR"))


def test_conversion_rounds_once_by_a_named_rule() -> None:
    """Half a cent goes away from zero unless told otherwise."""
    quote = RateTable([usd(DAY, Decimal("0.5"))]).quote("USD", "EUR", DAY)
    cents = bl.Amount("0.05", "USD")
    assert str(quote.convert(cents)) == "0.03 EUR"
    assert str(quote.convert(-cents)) == "-0.03 EUR"
    assert str(quote.convert(cents, rounding="half-even")) == "0.02 EUR"


def test_a_plan_shows_an_inverse_to_ten_places(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any
) -> None:
    """People read decimals; the fraction itself is kept in the document."""
    take_up(ledger, make_item("due"), "91.00 USD", "90.00 EUR", date(2026, 12, 1))
    RateBook(ledger).store([Rate("EUR", "USD", DAY, Decimal("0.91"), "us")])
    desk = make_desk(ledger, look_up=LookUp(inverse=True))
    [row] = desk.plan(DAY)
    assert row["rate"] == "1.0989010989..."
    desk.revalue(DAY)
    content = ledger.documents.get("fx-revaluation", "all/2026-12-31").content
    assert content["rates"]["USD"]["value"] == "100/91"


@given(st.decimals(Decimal("0.000001"), 10**9, places=6))
def test_what_is_kept_is_what_was_given(value: Decimal) -> None:
    """Decimals stay decimals, and come back the same."""
    text = exact_text(Fraction(value))
    assert Fraction(text) == Fraction(value)
    assert "/" not in text


# --- files ---------------------------------------------------------------------------


def test_monthly_rates_of_the_federal_reserve() -> None:
    """330 months of a dollar in euros and in yen; other countries are left out."""
    with MONTHLY.open(encoding="utf-8") as file:
        rates = list(read_rates(file, FRED, source="FRED", kind="average"))
    table = RateTable(rates)
    assert len(table) == 660
    look_up = LookUp("average", days_back_max=31, inverse=True, through="USD")
    quote = table.quote("EUR", "JPY", date(2026, 6, 30), look_up)
    assert [rate.date for rate in quote.rates] == [date(2026, 6, 1)] * 2
    first = table.quote("USD", "EUR", date(1999, 1, 1), LookUp("average"))
    assert first.value == Fraction("0.8627")


@pytest.mark.parametrize(
    ("line", "error", "field"),
    [
        ("1999-13-01,Euro,0.8627", InvalidDate, "line 2.date"),
        ("1999-01-01,Euro,", InvalidAmount, "line 2.value"),
        ("1999-01-01,Euro", InvalidAmount, "line 2.value"),
        ("1999-01-01,Euro,1e3", InvalidAmount, "line 2.value"),
        ("1999-01-01,Euro,-1", InvalidAmount, "line 2.value"),
        ("1999-01-01,Euro,²", InvalidAmount, "line 2.value"),
        ("1999-01-01,Euro,0.0", InvalidAmount, "value"),
    ],
)
def test_a_bad_line_is_named(
    line: str, error: type[bl.LedgerError], field: str
) -> None:
    """Rows that are wanted must hold a date and a number."""
    with pytest.raises(error) as caught:
        list(read_rates(["Date,Country,Exchange rate", line], FRED, source="FRED"))
    assert caught.value.field == field


def test_a_cell_without_end() -> None:
    """The reader of the standard library has its bounds too."""
    lines = ["Date,Country,Exchange rate", f'1999-01-01,Euro,"{"1" * 200_000}']
    with pytest.raises(InvalidOption, match="comma-separated values"):
        list(read_rates(lines, FRED, source="FRED"))


def test_columns_that_do_not_fit() -> None:
    """A title that is not there, and pairs that are none."""
    for text in ("Date,Country,Rate\n", ""):
        with pytest.raises(InvalidOption, match="a column"):
            list(read_rates(io.StringIO(text), FRED, source="FRED"))
    for pairs in (["USD"], {"Euro": "USD/EUR"}, {"Euro": ("USD",)}):
        with pytest.raises(InvalidOption):
            RateColumns(date="d", value="v", pair="p", pairs=pairs)  # type: ignore[arg-type]


# --- in a book -----------------------------------------------------------------------


def test_a_correction_is_a_new_version(ledger: bl.Ledger) -> None:
    """What was stored stays; the table has the latest, and says of which version."""
    book = RateBook(ledger)
    first = usd(DAY, Decimal("0.92"))
    [document] = book.store([first])
    assert (document.id, document.version) == ("rates/USD/EUR/closing/2026", 1)
    assert book.store([first]) == ()
    other = usd(date(2026, 12, 30), Decimal("0.91"), source="them")
    [second] = book.store([other, first])
    [third] = book.store([usd(DAY, Decimal("0.93"))])
    assert (second.version, third.version) == (2, 3)
    quote = book.table().quote("USD", "EUR", DAY)
    assert (quote.value, quote.documents) == (
        Fraction(93, 100),
        ("fx-rates/rates/USD/EUR/closing/2026/v3",),
    )
    kept = ledger.documents.get("fx-rates", document.id, version=2).content
    assert kept["rates"] == (("2026-12-30", "0.91", 0), ("2026-12-31", "0.92", 1))
    assert kept["sources"] == ("them", "us")
    assert book.table().rates == (other, usd(DAY, Decimal("0.93")))


def test_sets_kinds_and_years_are_documents_of_their_own(ledger: bl.Ledger) -> None:
    """Each answers for itself."""
    market = RateBook(ledger)
    tax = RateBook(ledger, "tax")
    market.store([usd(DAY, 1), usd(DAY, 2, "mid"), usd(date(2027, 1, 4), 3)])
    tax.store([usd(DAY, 4)])
    assert len(ledger.documents.all("fx-rates")) == 4
    with pytest.raises(InvalidOption, match="without a slash"):
        RateBook(ledger, "tax/2026")
    assert [rate.value for rate in market.table()] == [1, 3, 2]
    assert [rate.value for rate in tax.table()] == [4]
    assert [rate.value for rate in market.table(years=(2027, 2028))] == [3]
    for years in ((2026,), 2026, ("2026", "2027"), (2026, 9999)):
        with pytest.raises(InvalidOption, match="two years"):
            market.table(years=years)  # type: ignore[arg-type]


def test_all_rates_are_kept_or_none(ledger: bl.Ledger) -> None:
    """More of a year than a document holds is refused, and nothing stays behind."""
    days = [DAY - timedelta(n) for n in range(360)]
    few = [Rate("JPY", "EUR", day, 1, "us") for day in days]
    many = [Rate("USD", "EUR", day, 1, f"{day}{'x' * 200}") for day in days]
    before = ledger.verify()
    with pytest.raises(BoundExceeded):
        RateBook(ledger).store([*few, *many])
    assert ledger.verify() == before


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"base": ["USD", 2], "quote": ["EUR", 2], "kind": "closing", "sources": [],
         "rates": [["2026-12-31", "1", 0]]},
        {"base": ["USD", 2], "quote": ["EUR", 2], "kind": "closing", "sources": ["us"],
         "rates": [["2026-12-31", "much", 0]]},
        {"base": ["USD", 2], "quote": ["EUR", 2], "kind": "fixing", "sources": ["us"],
         "rates": [["2026-12-31", "1", 0]]},
    ],
)  # fmt: skip
def test_a_document_of_other_hands(ledger: bl.Ledger, content: dict[str, Any]) -> None:
    """It is named, and never read half."""
    ledger.documents.store(bl.Document("fx-rates", "rates/x/y/z/2026", content))
    with pytest.raises(InvalidDocument, match="rates/x/y/z/2026"):
        RateBook(ledger).table()
