"""Amounts and dates in a reader's locale.

Each finding about babel that concerns money is one test here: what babel 2.18 would
have done stands in the docstring, what we do in the assertion.
"""

import csv
import decimal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from babel.localedata import locale_identifiers
from babel.numbers import get_group_symbol
from hypothesis import given
from hypothesis import strategies as st

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger.errors import (
    BoundExceeded,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidOption,
)
from backoffice_ledger.formatting import (
    amount_pattern,
    commodity_name,
    format_amount,
    format_date,
    parse_amount,
)

NBSP = "\u00a0"
NARROW = "\u202f"
MINUS = "\u2212"
MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))

# fmt: off
LOCALES = [
    "ar", "ar_EG", "bg", "bn", "cs", "da", "de", "de_AT", "de_CH", "en_GB", "en_IN",
    "en_US", "en_US_POSIX", "es", "et", "eu", "fa", "fi", "fr", "fr_CH", "he", "hi",
    "hu", "it", "ja", "ko", "lt", "lv", "my", "nb", "ne", "nl", "pl", "pt", "pt_BR",
    "pt_PT", "ro", "ru", "sk", "sl", "sv", "ta", "th", "tok", "tr", "uk", "ur", "uz",
    "zh_Hans", "zh_Hant",
]
# fmt: on

CSV = Path(__file__).parent / "data" / "currency_digits.csv"
with CSV.open(encoding="utf-8", newline="") as stream:
    DIFFERENT = {
        row["code"]: int(row["iso4217_minor_units"])
        for row in csv.DictReader(stream)
        if row["status"] == "DIFFERENT"
    }

COMMODITIES = [
    Commodity("EUR"),
    Commodity("JPY"),
    Commodity("KWD"),
    Commodity("CLF"),
    Commodity("AED"),
    Commodity("CVE"),
    Commodity("LKR"),
    Commodity("XOF"),
    Commodity("BTC", 8),
    Commodity("POINTS", 0),
    Commodity("A1", 2),
]


def amounts(minor_units_max: int = 10**27 - 1) -> st.SearchStrategy[Amount]:
    """Amounts of commodities with and without symbols, digits and fractions."""
    return st.builds(
        Amount.from_minor,
        st.integers(-minor_units_max, minor_units_max),
        st.sampled_from(COMMODITIES),
    )


# --- the module ----------------------------------------------------------------------


def test_babel_is_not_imported_before_it_is_needed() -> None:
    """Importing the module, and reports on top of it, leaves babel alone."""
    code = (
        "import sys, backoffice_ledger.formatting, backoffice_ledger.reports;"
        "print([m for m in sys.modules if m.split('.')[0] == 'babel'])"
    )
    path = str(
        Path(sys.modules["backoffice_ledger.formatting"].__file__ or "").parents[1]
    )
    finished = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.strip() == "[]"


# --- format --------------------------------------------------------------------------

# CLDR has changed the Swiss mark between thousands more than once.
SWISS, SWISS_FRENCH = map(get_group_symbol, ("de_CH", "fr_CH"))
EXAMPLES = [
    ("en_US", "-1,234,567.50", f"EUR{NBSP}-1,234,567.50", "-€1,234,567.50"),
    ("de_DE", "-1.234.567,50", f"-1.234.567,50{NBSP}EUR", f"-1.234.567,50{NBSP}€"),
    ("en_IN", "-12,34,567.50", f"EUR{NBSP}-12,34,567.50", "-€12,34,567.50"),
    (
        "de_CH",
        f"-1{SWISS}234{SWISS}567.50",
        f"EUR{NBSP}-1{SWISS}234{SWISS}567.50",
        f"-EUR{NBSP}1{SWISS}234{SWISS}567.50",
    ),
    (
        "fr_FR",
        f"-1{NARROW}234{NARROW}567,50",
        f"-1{NARROW}234{NARROW}567,50{NBSP}EUR",
        f"-1{NARROW}234{NARROW}567,50{NBSP}€",
    ),
    ("en_US_POSIX", "-1234567.50", f"EUR{NBSP}-1234567.50", f"-€{NBSP}1234567.50"),
]


@pytest.mark.parametrize(
    ("locale", "number", "code", "symbol"), EXAMPLES, ids=lambda value: str(value)
)
def test_amount_is_written_as_the_locale_does(
    locale: str, number: str, code: str, symbol: str
) -> None:
    """Marks, groups, and the commodity's place and distance are the locale's."""
    amount = Amount("-1234567.50", "EUR")
    assert format_amount(amount, locale, show="none") == number
    assert format_amount(amount, locale) == code
    assert format_amount(amount, locale, show="symbol") == symbol


def test_language_tags_may_have_hyphens() -> None:
    """``de-DE`` is ``de_DE``."""
    amount = Amount("-1234.50", "EUR")
    assert format_amount(amount, "de-DE") == format_amount(amount, "de_DE")


@pytest.mark.parametrize("locale", LOCALES)
def test_parentheses_in_every_locale(locale: str) -> None:
    """Babel's accounting style gives a minus in 655 of 1,082 locales."""
    amount = Amount("-1234.50", "EUR")
    text = format_amount(amount, locale, style="parentheses", show="none")
    positive = format_amount(-amount, locale, style="parentheses", show="none")
    assert text.translate(MARKS) == f"({positive.translate(MARKS)})"


def test_parentheses_keep_the_groups_of_the_decimal_pattern() -> None:
    """Babel's accounting pattern of en_IN groups by three: 1,234,567.89."""
    amount = Amount("-1234567.89", "EUR")
    text = format_amount(amount, "en_IN", style="parentheses", show="symbol")
    assert text == "(€12,34,567.89)"


@pytest.mark.parametrize("locale", ["sv", "nb", "fi", "lt", "sl", "eu"])
def test_minus_is_the_locales_own(locale: str) -> None:
    """Babel writes an ASCII hyphen where the symbol is U+2212, and cannot read it."""
    amount = Amount("-5.00", "EUR")
    text = format_amount(amount, locale, show="none")
    assert text.startswith(MINUS)
    assert parse_amount(text, "EUR", locale) == amount
    assert parse_amount(text.replace(MINUS, "-"), "EUR", locale) == amount


@pytest.mark.parametrize("locale", ["ar", "he", "fa"])
def test_bidi_marks_stand_before_the_sign(locale: str) -> None:
    """Without a mark the minus would be shown at the wrong end of the number."""
    text = format_amount(Amount("-5.00", "EUR"), locale, show="none")
    assert text.translate(MARKS) in ("-5.00", MINUS + "5.00")
    assert text[text.translate({ord(MINUS): "-"}).index("-") - 1] == "\u200e"
    assert parse_amount(text, "EUR", locale) == Amount("-5.00", "EUR")


@pytest.mark.parametrize("value", ["0.00", "-0.00", Decimal("-0.00"), 0])
@pytest.mark.parametrize("style", ["minus", "parentheses"])
def test_zero_has_no_sign(value: str, style: str) -> None:
    """Babel gives ``-$0.00`` and ``($0.00)`` for -0.004."""
    amount = Amount(value, "USD")
    assert format_amount(amount, "en_US", style=style, show="symbol") == "$0.00"


def test_zero_as_dash_and_blank() -> None:
    """A dash keeps the commodity, blank is nothing at all."""
    zero = Amount(0, "EUR")
    assert format_amount(zero, "de_DE", zero="dash") == f"\u2013{NBSP}EUR"
    assert format_amount(zero, "en_US", zero="dash", show="symbol") == "€\u2013"
    assert format_amount(zero, "de_DE", zero="blank") == ""
    assert format_amount(Amount(1, "EUR"), "de_DE", zero="blank") == f"1,00{NBSP}EUR"


def test_the_ambient_decimal_context_does_not_matter() -> None:
    """Babel rounds by the context's mode, and a precision of 10 raises."""
    amount = Amount("123456789012345678.12", "EUR")
    with decimal.localcontext() as context:
        context.prec = 3
        context.rounding = decimal.ROUND_UP
        context.traps[decimal.Inexact] = True
        text = format_amount(amount, "en_US", show="none")
        assert parse_amount(text, "EUR", "en_US") == amount
    assert text == "123,456,789,012,345,678.12"


def test_more_than_28_digits_are_exact() -> None:
    """Babel raises InvalidOperation above 28 digits."""
    total = Amount.from_minor(10**37 + 1, "EUR")
    text = format_amount(total, "en_US_POSIX", show="none")
    assert text == "1" + "0" * 34 + "0.01"
    coins = Amount("123456789.123456789012345678", Commodity("ETH", 18))
    text = format_amount(coins, "de_DE", show="none")
    assert text == "123.456.789,123456789012345678"


def test_there_are_thirteen_differences_between_iso_and_cldr() -> None:
    """The file that the next test walks through is the whole list."""
    assert len(DIFFERENT) == 13


@pytest.mark.parametrize(("code", "digits"), DIFFERENT.items())
def test_digits_are_iso_4217(code: str, digits: int) -> None:
    """Babel prints 1,234.56 RSD as ``1.235 RSD`` and 1,234.567 IQD as ``1,235``."""
    fraction = "567"[:digits]
    amount = Amount(f"1234.{fraction}", code)
    assert format_amount(amount, "en_US", show="none") == f"1,234.{fraction}"
    text = format_amount(amount, "sr", show="symbol")
    assert f"1.234,{fraction}" in text
    assert parse_amount(text, code, "sr") == amount


def test_digits_of_an_own_commodity_are_its_scale() -> None:
    """Babel writes ``BTC1.00`` for a code that CLDR does not know."""
    amount = Amount("1", Commodity("BTC", 8))
    assert format_amount(amount, "en_US") == f"BTC{NBSP}1.00000000"
    assert format_amount(amount, "en_US", show="symbol") == f"BTC{NBSP}1.00000000"


def test_four_digits_are_grouped_in_every_locale() -> None:
    """CLDR asks for none below 10,000 in es and pl; columns want them aligned."""
    amount = Amount("1234.00", "EUR")
    assert format_amount(amount, "es", show="none") == "1.234,00"
    assert format_amount(amount, "pl", show="none") == f"1{NBSP}234,00"


@pytest.mark.parametrize("locale", LOCALES)
def test_digits_are_latin(locale: str) -> None:
    """Statements keep 0 to 9, also where the locale's default digits differ."""
    text = format_amount(Amount("1234567890.12", "EUR"), locale, show="none")
    assert "".join(filter(str.isdigit, text)) == "123456789012"
    day = format_date(date(2026, 1, 31), locale, style="short")
    assert all(character.isascii() for character in day if character.isdigit())


def test_the_swiss_write_money_with_a_point_in_french() -> None:
    """CLDR has a decimal mark for money in fr_CH that babel does not use."""
    text = format_amount(Amount("1234.50", "CHF"), "fr_CH", show="none")
    assert text == f"1{SWISS_FRENCH}234.50"


def test_symbol_that_cannot_be_seen_gives_way_to_the_code() -> None:
    """CLDR's symbol of CVE is a zero-width space."""
    text = format_amount(Amount("5.00", "CVE"), "pt_PT", show="symbol")
    assert text == f"5,00{NBSP}CVE"


def test_a_currency_without_a_name_is_called_by_its_code() -> None:
    """XAD is the only ISO code without an English name."""
    assert commodity_name("EUR", "en") == "Euro"
    assert commodity_name(Commodity("CHF"), "fr") == "franc suisse"
    assert commodity_name("XAD", "en") == "XAD"
    assert commodity_name(Commodity("POINTS", 0), "en") == "POINTS"


def test_patterns_are_parsed_once() -> None:
    """Babel needs 41 us a call; a hundred thousand cells want the pattern cached."""
    arguments = ("de_DE", Commodity("EUR"), "minus", "code", "number")
    assert amount_pattern(*arguments) is amount_pattern(*arguments)


# --- options -------------------------------------------------------------------------

CALLS: dict[str, Callable[[str], object]] = {
    "format_amount": lambda locale: format_amount(Amount(1, "EUR"), locale),
    "format_date": lambda locale: format_date(date(2026, 1, 31), locale),
    "iso": lambda locale: format_date(date(2026, 1, 31), locale, style="iso"),
    "parse_amount": lambda locale: parse_amount("1", "EUR", locale),
    "commodity_name": lambda locale: commodity_name("EUR", locale),
}


@pytest.mark.parametrize(
    "locale", ["xx", "xx_YY", "", "C", "../de", "de_DE_", "a" * 999]
)
@pytest.mark.parametrize("call", CALLS)
def test_unknown_locale_is_refused(locale: str, call: str) -> None:
    """The error names the field, whichever function was called."""
    with pytest.raises(InvalidOption) as caught:
        CALLS[call](locale)
    assert caught.value.field == "locale"


@pytest.mark.parametrize("locale", [None, 3, b"de_DE", ["de_DE"]])
def test_a_locale_is_a_text(locale: object) -> None:
    """None does not mean the machine's own locale."""
    with pytest.raises(InvalidOption) as caught:
        format_amount(Amount(1, "EUR"), locale)
    assert caught.value.field == "locale"


@pytest.mark.parametrize("field", ["style", "show", "zero"])
@pytest.mark.parametrize("value", ["other", None, [], 1.5])
def test_unknown_option_is_refused(field: str, value: object) -> None:
    """The error names the option and its values."""
    with pytest.raises(InvalidOption) as caught:
        format_amount(Amount(1, "EUR"), "de_DE", **{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("value", [1.5, 1, "1.00 EUR", Decimal(1), None])
def test_only_amounts_are_formatted(value: object) -> None:
    """A number without a commodity has no scale."""
    with pytest.raises(InexactNumber):
        format_amount(value, "de_DE")


# --- dates ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "style", "expected"),
    [
        ("de_DE", "medium", "31.01.2026"),
        ("de_DE", "long", "31. Januar 2026"),
        ("en_US", "medium", "Jan 31, 2026"),
        ("en_GB", "full", "Saturday 31 January 2026"),
        ("fr", "iso", "2026-01-31"),
    ],
)
def test_date_is_written_as_the_locale_does(
    locale: str, style: str, expected: str
) -> None:
    """Medium is the default: it has four digits for the year."""
    text = format_date(date(2026, 1, 31), locale, style=style)
    assert text.replace(",", "") == expected.replace(",", "")


def test_an_instant_is_not_a_day() -> None:
    """Which day a datetime falls on depends on a time zone."""
    with pytest.raises(InvalidDate):
        format_date(datetime(2026, 1, 31), "de_DE")  # noqa: DTZ001
    with pytest.raises(InvalidOption):
        format_date(date(2026, 1, 31), "de_DE", style="tiny")


# --- parse ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "locale", "expected"),
    [
        ("1234.5", "USD", "en_US", "1234.50"),
        ("1,234.50", "USD", "en_US", "1234.50"),
        (" +1,234.50 ", "USD", "en_US", "1234.50"),
        ("(1,234.50)", "USD", "en_US", "-1234.50"),
        ("1,234.50-", "USD", "en_US", "-1234.50"),
        ("- 5", "USD", "en_US", "-5.00"),
        ("\u22125", "SEK", "sv_SE", "-5.00"),
        ("$5", "USD", "en_US", "5.00"),
        ("-$5.00", "USD", "en_US", "-5.00"),
        ("$-5.00", "USD", "en_US", "-5.00"),
        ("($5.00)", "USD", "en_US", "-5.00"),
        ("USD (5.00)", "USD", "en_US", "-5.00"),
        ("5.00USD", "USD", "en_US", "5.00"),
        ("0.00-", "USD", "en_US", "0.00"),
        ("007", "USD", "en_US", "7.00"),
        ("12,34,567.89", "INR", "en_IN", "1234567.89"),
        ("1'234.50", "CHF", "de_CH", "1234.50"),
        ("1\u2019234.50 CHF", "CHF", "de_CH", "1234.50"),
        ("1 234,50", "EUR", "fr_FR", "1234.50"),
        (f"1{NBSP}234,50 €", "EUR", "fr_FR", "1234.50"),
        (f"1{NARROW}234,50", "EUR", "sv_SE", "1234.50"),
        ("1.234,50", "EUR", "de_DE", "1234.50"),
        ("1.234", "EUR", "de_DE", "1234.00"),
        ("1.234", "KWD", "en_US", "1.234"),
        ("\u200e-5.00", "USD", "en_US", "-5.00"),
        ("1234", "JPY", "ja", "1234"),
        ("5.00 PGK", "PGK", "en_PG", "5.00"),  # whose symbol is K
        ("K5.00", "PGK", "en_PG", "5.00"),
    ],
)
def test_text_is_read_as_the_locale_means_it(
    text: str, code: str, locale: str, expected: str
) -> None:
    """Signs before and after, parentheses, both minuses, every kind of space."""
    assert parse_amount(text, code, locale) == Amount(expected, code)


@pytest.mark.parametrize(
    "text",
    [
        "1,5",  # 15 for babel
        "1,23,456",
        "1,2345",
        "0,123",  # a decimal comma, most likely
        ",123",
        "1,,234",
        "1,234,",
        "1.",
        ".5",
        "1.2.3",
        "1 234",
        "1'234",
        "1_000",
        "1e9",
        "1E9",
        "NaN",
        "Infinity",
        "-Infinity",
        "0x10",
        "\u0661\u0662\u0663",
        "१२३",
        "\uff11\uff12\uff13",
        "²",
        "5.001",
        "5.000",
        "--5",
        "-(5)",
        "(-5)",
        "-5-",
        "((5))",
        "(5",
        "5)",
        "()",
        "-",
        "$",
        "",
        " ",
        "$ USD",
        "$5 USD",
        "EUR 5",
        "€5",
        "A$5",
        "5%",
        "5 5",
        "5\n",
        "\u202e5",
        "\u200b5",
    ],
)
def test_what_may_mean_something_else_is_refused(text: str) -> None:
    """Strict: nothing is guessed, no group is dropped, no digit is rounded away."""
    with pytest.raises(InvalidAmount):
        parse_amount(text, "USD", "en_US")


def test_a_decimal_comma_is_never_taken_for_a_group() -> None:
    """Each locale's own number is refused by the other, or has three decimals."""
    with pytest.raises(InvalidAmount):
        parse_amount("1234.50", "EUR", "de_DE")
    with pytest.raises(InvalidAmount):
        parse_amount("1.23", "EUR", "de_DE")
    with pytest.raises(InvalidAmount):
        parse_amount("1,23", "USD", "en_US")


def test_commodity_with_digits_is_told_from_the_number() -> None:
    """A code must not touch a digit, and digits alone beside a space are ambiguous."""
    coin = Commodity("A1", 2)
    assert parse_amount("A1 234", coin, "en_US") == Amount(234, coin)
    assert parse_amount("234 A1", coin, "en_US") == Amount(234, coin)
    for text in ("A1234", "A1", "A1 A1"):
        with pytest.raises(InvalidAmount):
            parse_amount(text, coin, "en_US")
    digits = Commodity("123", 0)
    assert parse_amount("5123", digits, "fr") == Amount(5123, digits)
    assert parse_amount("123", digits, "fr") == Amount(123, digits)
    assert parse_amount("123,123", digits, "en") == Amount(123123, digits)
    for text in ("5 123", "123 5"):
        with pytest.raises(InvalidAmount):
            parse_amount(text, digits, "fr")


@pytest.mark.parametrize("value", [5, 5.5, Decimal(5), None, b"x"])
def test_only_text_is_parsed(value: object) -> None:
    """A number needs no locale."""
    with pytest.raises(InexactNumber):
        parse_amount(value, "USD", "en_US")


def test_size_is_bounded() -> None:
    """A long text is refused before it is read, and so is a number too large."""
    with pytest.raises(BoundExceeded):
        parse_amount("9" * 10_000_000, "USD", "en_US")
    with pytest.raises(BoundExceeded):
        parse_amount("9" * 28, "JPY", "en_US")
    assert parse_amount("9" * 27, "JPY", "en_US").minor_units == 10**27 - 1


# --- properties ----------------------------------------------------------------------


def test_what_is_written_can_be_read_in_every_locale() -> None:
    """All that babel knows, so that no locale's marks are left out."""
    amount = Amount("-1234567890.50", "EUR")
    for locale in locale_identifiers():
        for show in ("symbol", "none"):
            text = format_amount(amount, locale, show=show)
            assert parse_amount(text, "EUR", locale) == amount, (locale, text)


@given(
    amounts(),
    st.sampled_from(LOCALES),
    st.sampled_from(["minus", "parentheses"]),
    st.sampled_from(["code", "symbol", "none"]),
)
def test_what_is_written_can_be_read(
    amount: Amount, locale: str, style: str, show: str
) -> None:
    """Parsing inverts formatting, exactly, in every style."""
    text = format_amount(amount, locale, style=style, show=show)
    assert parse_amount(text, amount.commodity, locale) == amount


@given(amounts(), st.sampled_from(LOCALES))
def test_all_digits_are_there(amount: Amount, locale: str) -> None:
    """Groups and marks add nothing and lose nothing."""
    text = format_amount(amount, locale, show="none")
    digits = amount.number.replace("-", "").replace(".", "")
    assert "".join(filter(str.isdigit, text)) == digits


@given(st.text(max_size=20), st.sampled_from(LOCALES))
def test_any_text_is_read_or_refused(text: str, locale: str) -> None:
    """Nothing but our own error comes out, and what is read has only ASCII digits."""
    try:
        amount = parse_amount(text, "EUR", locale)
    except InvalidAmount:
        return
    digits = "".join(character for character in text if character in "0123456789")
    assert int(digits) * 10 ** (2 - _decimals(text, locale)) == abs(amount.minor_units)


def _decimals(text: str, locale: str) -> int:
    mark = amount_pattern(
        locale, Commodity("EUR"), "minus", "none", "number"
    ).notation.decimal
    after = text.rpartition(mark)[2] if mark in text else ""
    return sum(character in "0123456789" for character in after)


@given(st.text("0123456789.,'-+() €EUR\u00a0", max_size=16), st.sampled_from(LOCALES))
def test_what_is_read_means_what_it_is_written_as(text: str, locale: str) -> None:
    """Whatever is accepted is the same amount in the locale's own notation."""
    try:
        amount = parse_amount(text, "EUR", locale)
    except InvalidAmount:
        return
    again = format_amount(amount, locale, show="none")
    assert parse_amount(again, "EUR", locale) == amount
