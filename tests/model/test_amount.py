"""Amounts: exact or refused."""

import decimal
from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

import pytest

from backoffice_ledger._model.amount import Amount, format_minor_units
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityMismatch,
    InexactNumber,
    InvalidAmount,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
    UnknownCommodity,
)

POINTS = Commodity("POINTS", 0)
WEI = Commodity("WEI", 18)
LARGEST = 10**27 - 1
HUGE = 1 << 3_400_000  # a million digits and more


class Answer(IntEnum):
    """An int that is more than an int."""

    ALL = 42


# Each line: what a caller might give as 'amount', and the error that answers it.
BAD_TEXTS = {
    "exponent": ("1e999999", InvalidAmount),
    "larger exponent": ("1e100000000", InvalidAmount),
    "small exponent": ("1e3", InvalidAmount),
    "negative exponent": ("1E-2", InvalidAmount),
    "underscore": ("1_000", InvalidAmount),
    "comma": ("1,000.00", InvalidAmount),
    "decimal comma": ("1,23", InvalidAmount),
    "space": ("1 000", InvalidAmount),
    "apostrophe": ("1'000", InvalidAmount),
    "Arabic-Indic digits": ("\u0663\u0664", InvalidAmount),
    "full-width digits": ("1\uff12.\uff15", InvalidAmount),
    "full-width point": ("12\uff0e50", InvalidAmount),
    "minus sign U+2212": ("\u22121", InvalidAmount),
    "NaN": ("NaN", InvalidAmount),
    "signalling NaN": ("sNaN", InvalidAmount),
    "infinity": ("Infinity", InvalidAmount),
    "negative infinity": ("-inf", InvalidAmount),
    "too fine": ("1.005", InvalidAmount),
    "too fine by a zero": ("1.000", InvalidAmount),
    "empty": ("", InvalidAmount),
    "sign only": ("-", InvalidAmount),
    "two signs": ("--1", InvalidAmount),
    "point first": (".5", InvalidAmount),
    "point last": ("5.", InvalidAmount),
    "two points": ("1.2.3", InvalidAmount),
    "outer space": (" 1.00", InvalidAmount),
    "line feed": ("1.00\n", InvalidAmount),
    "NUL": ("1\0", InvalidAmount),
    "hexadecimal": ("0x10", InvalidAmount),
    "accounting brackets": ("(1.00)", InvalidAmount),
    "currency sign": ("€1.00", InvalidAmount),
    "10^27": ("10000000000000000000000000.00", BoundExceeded),
    "minus 10^27": ("-10000000000000000000000000.00", BoundExceeded),
    "65 characters": ("1" * 65, BoundExceeded),
    "5,000 digits": ("9" * 5_000, BoundExceeded),
    "a million digits": ("9" * 10**6, BoundExceeded),
    "a million zeros": ("0" * 10**6, BoundExceeded),
    "a million places": ("0." + "0" * 10**6, BoundExceeded),
}

BAD_NUMBERS = {
    "float": (1.15, InexactNumber),
    "float that looks whole": (1.0, InexactNumber),
    "float NaN": (float("nan"), InexactNumber),
    "float infinity": (float("inf"), InexactNumber),
    "True": (True, InexactNumber),
    "False": (False, InexactNumber),
    "None": (None, InexactNumber),
    "bytes": (b"1.00", InexactNumber),
    "Fraction": (Fraction(1, 3), InexactNumber),
    "complex": (1j, InexactNumber),
    "list": ([1], InexactNumber),
    "Amount": (Amount(1, "EUR"), InexactNumber),
    "Decimal NaN": (Decimal("NaN"), InvalidAmount),
    "Decimal sNaN": (Decimal("sNaN"), InvalidAmount),
    "Decimal infinity": (Decimal("-Infinity"), InvalidAmount),
    "Decimal too fine": (Decimal("1.005"), InvalidAmount),
    "Decimal far too fine": (Decimal("1e-100"), InvalidAmount),
    "Decimal tiny": (Decimal("1e-999999"), BoundExceeded),
    "Decimal huge": (Decimal("1e999999"), BoundExceeded),
    "Decimal large": (Decimal("1e100"), BoundExceeded),
    "Decimal long": (Decimal("9" * 10**6), BoundExceeded),
    "Decimal 10^27": (Decimal("1e25"), BoundExceeded),
    "int 10^27": (10**25, BoundExceeded),
    "int 2^200": (-(2**200), BoundExceeded),
    "int huge": (HUGE, BoundExceeded),
}

BAD = BAD_TEXTS | BAD_NUMBERS


def refusal(call: Callable[[], object]) -> LedgerError:
    """Return the error that *call* raises."""
    with pytest.raises(LedgerError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("name", BAD)
def test_bad_amounts_are_refused(name: str) -> None:
    """By class, code and field; never rounded, never guessed."""
    value, error = BAD[name]
    caught = refusal(lambda: Amount(value, "EUR"))
    assert type(caught) is error
    assert caught.code == error.code
    assert caught.field == "amount"
    assert len(caught.found or "") <= 80
    assert str(caught).isprintable()


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_bad_amounts_are_refused_with_their_code(name: str) -> None:
    """The text of number and code is held to the same rules."""
    value, error = BAD_TEXTS[name]
    assert type(refusal(lambda: Amount.parse(f"{value} EUR"))) is error


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1.00", InvalidAmount),
        ("1.00 ", InvalidAmount),
        ("1.00  EUR", InvalidAmount),
        ("1.00 EUR ", InvalidAmount),
        (" 1.00 EUR", InvalidAmount),
        ("1.00\tEUR", InvalidAmount),
        ("1.00\xa0EUR", InvalidAmount),
        ("EUR 1.00", UnknownCommodity),
        ("1.00 NOPE", UnknownCommodity),
        ("1.00 €", InvalidIdentifier),
        ("1 " + "X" * 10**6, BoundExceeded),
        ("", InvalidAmount),
        (1.15, InexactNumber),
        (None, InexactNumber),
        (Decimal(1), InexactNumber),
    ],
    ids=range(15),
)
def test_parse_wants_number_space_code(text: object, error: type[LedgerError]) -> None:
    """Exactly one space."""
    caught = refusal(lambda: Amount.parse(text))
    assert type(caught) is error
    assert caught.field in {"amount", "commodity"}


@pytest.mark.parametrize(
    ("value", "commodity", "minor_units"),
    [
        ("1000.00", "EUR", 100_000),
        ("1000", "EUR", 100_000),
        ("1000.5", "EUR", 100_050),
        ("+0.01", "EUR", 1),
        ("-0.01", "EUR", -1),
        ("-0.00", "EUR", 0),
        ("007", "EUR", 700),
        ("1000", "JPY", 1000),
        ("0.001", "KWD", 1),
        ("9999999999999999999999999.99", "EUR", LARGEST),
        ("-9999999999999999999999999.99", "EUR", -LARGEST),
        ("0" * 38 + "1.25", "EUR", 125),
        (12, "EUR", 1200),
        (-(2**63), "JPY", -(2**63)),
        (Answer.ALL, "EUR", 4200),
        (LARGEST, POINTS, LARGEST),
        (Decimal("12.3"), "EUR", 1230),
        (Decimal("12.3000"), "EUR", 1230),
        (Decimal("-0.00"), "EUR", 0),
        (Decimal("0e999999"), "EUR", 0),
        (Decimal("1.2e3"), "EUR", 120_000),
        (Decimal("1e-18"), WEI, 1),
        (Decimal("9999999999999999999999999.99"), "EUR", LARGEST),
    ],
)
def test_good_amounts_are_exact(
    value: str | int | Decimal, commodity: str | Commodity, minor_units: int
) -> None:
    """Text, int and Decimal, up to the bound, whatever the decimal context."""
    with decimal.localcontext(decimal.Context(prec=1)):
        amount = Amount(value, commodity)
    assert amount.minor_units == minor_units
    assert type(amount.minor_units) is int
    assert amount == Amount.from_minor(minor_units, commodity)


def test_parse_reads_what_str_writes() -> None:
    """Number, one space, code."""
    amount = Amount.parse("-1234.50 EUR")
    assert amount == Amount("-1234.50", "EUR")
    assert str(amount) == "-1234.50 EUR"
    assert repr(amount) == "Amount('-1234.50', 'EUR')"
    assert amount.number == "-1234.50"
    assert Amount.parse("7 US0378331005").commodity.code == "US0378331005"


@pytest.mark.parametrize(
    ("minor_units", "scale", "text"),
    [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (-1050, 2, "-10.50"),
        (100, 2, "1.00"),
        (-7, 0, "-7"),
        (1, 18, "0.000000000000000001"),
        (10**37, 2, "1" + "0" * 35 + ".00"),
    ],
)
def test_minor_units_are_written_plainly(
    minor_units: int, scale: int, text: str
) -> None:
    """All the places of the commodity, no exponent, no separators."""
    assert format_minor_units(minor_units, scale) == text


def test_decimal_is_exact_in_any_context() -> None:
    """All 27 digits, with the commodity's places."""
    with decimal.localcontext(decimal.Context(prec=1)):
        value = Amount.from_minor(-LARGEST, "EUR").decimal
    assert value.as_tuple() == Decimal("-9999999999999999999999999.99").as_tuple()
    assert str(Amount(0, "EUR").decimal) == "0.00"


@pytest.mark.parametrize("minor_units", [1.0, True, "1", None, Decimal(1), Answer.ALL])
def test_minor_units_are_an_int(minor_units: object) -> None:
    """And nothing that could pass for one."""
    caught = refusal(lambda: Amount.from_minor(minor_units, "EUR"))
    assert type(caught) is InexactNumber
    assert caught.field == "minor_units"


def test_a_total_may_be_larger_than_a_posting() -> None:
    """10^11 of the largest postings still add up; beyond that nothing is honest."""
    total = Amount.from_minor(10**38 - 1, "JPY")
    assert total.number == "9" * 38
    for call in (
        lambda: total + Amount(1, "JPY"),
        lambda: -total - Amount(1, "JPY"),
        lambda: total * 2,
        lambda: Amount.from_minor(HUGE, "JPY"),
        lambda: Amount(1, "JPY") * HUGE,
    ):
        caught = refusal(call)
        assert type(caught) is BoundExceeded
        assert caught.field == "amount"


def test_arithmetic() -> None:
    """Sums, differences, signs, whole multiples."""
    five, two = Amount(5, "EUR"), Amount(2, "EUR")
    assert five + two == Amount(7, "EUR")
    assert two - five == Amount(-3, "EUR")
    assert -five == Amount(-5, "EUR")
    assert abs(-five) == five
    assert five * -3 == -3 * five == Amount(-15, "EUR")
    assert sum([five, two], start=Amount(0, "EUR")) == Amount(7, "EUR")
    assert five
    assert not Amount(0, "EUR")


def test_comparisons() -> None:
    """Amounts of one commodity are in order."""
    five, two = Amount(5, "EUR"), Amount(2, "EUR")
    assert two < five
    assert two <= five <= Amount("5.00", "EUR")
    assert five > two
    assert five >= two >= Amount("2.00", "EUR")
    assert sorted([five, two]) == [two, five]


@pytest.mark.parametrize("operator", ["+", "-", "<", "<=", ">", ">="])
@pytest.mark.parametrize(
    "other", ["Amount(1, 'USD')", "Amount(1, Commodity('EUR1', 2))"]
)
def test_commodities_do_not_mix(operator: str, other: str) -> None:
    """No rate is assumed."""
    names = {"Amount": Amount, "Commodity": Commodity}
    caught = refusal(lambda: eval(f"Amount(1, 'EUR') {operator} {other}", names))  # noqa: S307
    assert type(caught) is CommodityMismatch
    assert caught.field == "commodity"


def test_the_scale_belongs_to_the_commodity() -> None:
    """Two scales of one code are two commodities."""
    one, other = (Amount(1, Commodity("POINTS", scale)) for scale in (0, 2))
    assert one != other
    assert type(refusal(lambda: one + other)) is CommodityMismatch


@pytest.mark.parametrize("operator", ["+", "-", "<", "<=", ">", ">="])
@pytest.mark.parametrize("other", ["1", "1.5", "'1'", "None", "Decimal(1)", "True"])
def test_numbers_are_no_amounts(operator: str, other: str) -> None:
    """Five euros and one is nothing."""
    names = {"Amount": Amount, "Decimal": Decimal}
    with pytest.raises(TypeError):
        eval(f"Amount(5, 'EUR') {operator} {other}", names)  # noqa: S307
    assert Amount(1, "EUR") != eval(other, names)  # noqa: S307


@pytest.mark.parametrize("factor", [1.5, True, Decimal("1.5"), Fraction(1, 2), "2"])
def test_only_whole_multiples(factor: object) -> None:
    """Anything else would need rounding: use `allocate` or `rounded`."""
    with pytest.raises(TypeError):
        Amount(1, "EUR") * factor  # type: ignore[operator]


@pytest.mark.parametrize("operation", ["/ 3", "// 3", "% 3", "** 2"])
def test_amounts_are_not_divided(operation: str) -> None:
    """Cents would get lost."""
    with pytest.raises(TypeError):
        eval(f"Amount(1, 'EUR') {operation}", {"Amount": Amount})  # noqa: S307


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("half-even", [-2, -2, -1, 0, 0, 0, 1, 2, 2]),
        ("half-up", [-3, -2, -1, -1, 0, 1, 1, 2, 3]),
        ("down", [-2, -1, -1, 0, 0, 0, 1, 1, 2]),
        ("up", [-3, -2, -1, -1, 0, 1, 1, 2, 3]),
        ("floor", [-3, -2, -1, -1, 0, 0, 1, 1, 2]),
        ("ceiling", [-2, -1, -1, 0, 0, 1, 1, 2, 3]),
    ],
)
def test_rounding_is_explicit(rounding: str, expected: list[int]) -> None:
    """Each rule on both sides of zero, on halves and on whole numbers."""
    values = ["-2.5", "-1.5", "-1", "-0.5", "0", "0.5", "1", "1.5", "2.5"]
    for make in (Decimal, Fraction):
        rounded = [Amount.rounded(make(v), "JPY", rounding=rounding) for v in values]
        assert [amount.minor_units for amount in rounded] == expected


@pytest.mark.parametrize(
    ("value", "minor_units"),
    [
        (Fraction(1, 3), 33),
        (Fraction(-2, 3), -67),
        (Decimal("2.675"), 268),
        (Decimal("0.0149999999999999999999999999999999"), 1),
        (Decimal("-0"), 0),
        (7, 700),
    ],
)
def test_rounding_starts_from_the_exact_number(
    value: Decimal | Fraction | int, minor_units: int
) -> None:
    """No rounding happens before the rounding."""
    amount = Amount.rounded(value, "EUR", rounding="half-up")
    assert amount == Amount.from_minor(minor_units, "EUR")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (1.5, InexactNumber),
        (True, InexactNumber),
        ("1.5", InexactNumber),
        (None, InexactNumber),
        (Decimal("NaN"), InvalidAmount),
        (Decimal("Infinity"), InvalidAmount),
        (Decimal("1e999999"), BoundExceeded),
        (Decimal("1e-999999"), BoundExceeded),
        (Decimal("0." + "3" * 10**6), BoundExceeded),
        (Fraction(HUGE, 3), BoundExceeded),
        (HUGE, BoundExceeded),
        (10**26, BoundExceeded),
    ],
    ids=range(12),
)
def test_bad_numbers_are_not_rounded(value: object, error: type[LedgerError]) -> None:
    """Neither inexact ones nor monstrous ones."""
    caught = refusal(lambda: Amount.rounded(value, "EUR", rounding="down"))
    assert type(caught) is error
    assert caught.field == "value"


@pytest.mark.parametrize("value", [Decimal(1), Decimal("0.001")])
@pytest.mark.parametrize("rounding", ["", "half_up", "HALF-UP", None, 4, ["down"]])
def test_the_rule_must_exist(value: Decimal, rounding: object) -> None:
    """Even where there is nothing to round."""
    caught = refusal(lambda: Amount.rounded(value, "EUR", rounding=rounding))
    assert type(caught) is InvalidOption
    assert caught.field == "rounding"


def test_allocate_the_published_example() -> None:
    """1000.00 over twelve months."""
    parts = Amount("1000.00", "EUR").allocate([1] * 12)
    assert [part.number for part in parts] == ["83.33", "83.34", "83.33"] * 4


@pytest.mark.parametrize(
    "weights",
    [
        [1, 2, 1],
        (weight for weight in (1, 2, 1)),
        [Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)],
        [Decimal("0.25"), Decimal("0.5"), Decimal("0.25")],
        [Decimal("1e30"), 2 * 10**30, Fraction(10**30)],
    ],
    ids=range(5),
)
def test_weights_are_whole_or_fractions(weights: list[int]) -> None:
    """Only their ratios matter."""
    parts = Amount("-0.02", "EUR").allocate(weights)
    assert [part.number for part in parts] == ["-0.01", "-0.01", "0.00"]


@pytest.mark.parametrize(
    ("weights", "error"),
    [
        ([], InvalidOption),
        ([0, 0], InvalidOption),
        ([1, -1], InvalidOption),
        ([2, Fraction(-1, 2)], InvalidOption),
        ([Fraction(-1, 2**4000 + n) for n in range(9)], InvalidOption),
        ([1, 0.5], InexactNumber),
        ([True, 1], InexactNumber),
        (["1"], InexactNumber),
        ([None], InexactNumber),
        ([Decimal("NaN")], InvalidAmount),
        ([Decimal("Infinity"), 1], InvalidAmount),
        ([Decimal("1e999999"), 1], BoundExceeded),
        ([HUGE, 1], BoundExceeded),
        ([Fraction(1, HUGE), 1], BoundExceeded),
    ],
    ids=range(14),
)
def test_bad_weights_are_refused(weights: list[int], error: type[LedgerError]) -> None:
    """Nothing can be split by them."""
    caught = refusal(lambda: Amount(1, "EUR").allocate(weights))
    assert type(caught) is error
    assert caught.field == "weights"
