"""Commodities: codes, scales, check digits."""

import pytest

from backoffice_ledger._model.commodity import Commodity, check_code, is_isin
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityConflict,
    InexactNumber,
    InvalidIdentifier,
    LedgerError,
    UnknownCommodity,
)

ISINS = [
    "US0378331005",  # Apple
    "DE0005557508",  # Deutsche Telekom
    "GB0002634946",  # BAE Systems
    "AU0000XVGZA3",
    "XS2010044977",
]


@pytest.mark.parametrize(
    ("code", "scale"),
    [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("UYW", 4), ("DEM", 2)],
)
def test_iso_4217_gives_the_scale(code: str, scale: int) -> None:
    """Also of withdrawn codes; saying the same is allowed, saying other is not."""
    assert Commodity(code).scale == scale
    assert Commodity(code, scale) == Commodity(code)
    with pytest.raises(CommodityConflict) as caught:
        Commodity(code, scale + 1)
    assert (caught.value.field, caught.value.expected) == ("scale", str(scale))


@pytest.mark.parametrize("code", ["XAU", "XDR", "XXX", "POINTS", "BTC", "eur", "EURO"])
def test_without_a_standard_scale_one_must_be_given(code: str) -> None:
    """Gold has no minor unit, points are one's own: somebody has to say."""
    with pytest.raises(UnknownCommodity) as caught:
        Commodity(code)
    assert caught.value.field == "commodity"
    assert caught.value.found == repr(code)
    assert Commodity(code, 8).scale == 8


def test_the_error_says_what_is_missing() -> None:
    """A scale, a check digit, or any standard at all."""
    for code, hint in [
        ("XAU", "a scale, since ISO 4217 gives XAU none"),
        ("US0378331006", "an ISIN with its check digit, or a scale"),
        ("POINTS", "an ISO 4217 code or an ISIN, or a scale"),
    ]:
        with pytest.raises(UnknownCommodity) as caught:
            Commodity(code)
        assert caught.value.expected == hint


@pytest.mark.parametrize("isin", ISINS)
def test_securities_are_counted_in_whole_units(isin: str) -> None:
    """Unless a scale is given, for fractions of shares."""
    assert is_isin(isin)
    assert Commodity(isin).scale == 0
    assert Commodity(isin, 6).scale == 6


@pytest.mark.parametrize("isin", ISINS)
def test_an_altered_digit_is_noticed(isin: str) -> None:
    """Every wrong check digit, and every other character in its place."""
    for place, right in enumerate(isin):
        others = "0123456789" if right.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for other in others:
            altered = isin[:place] + other + isin[place + 1 :]
            if other != right and place >= 2 and right.isdigit():
                assert not is_isin(altered)
                with pytest.raises(UnknownCommodity):
                    Commodity(altered)


@pytest.mark.parametrize(
    "code", ["", "US037833100", "US03783310055", "us0378331005", "0S0378331005", "ÜS"]
)
def test_other_forms_are_no_isin(code: str) -> None:
    """Twelve characters, two capital letters first."""
    assert not is_isin(code)


@pytest.mark.parametrize("code", ["BTC", "a", "X" * 32, "kWh", "1x", "a.b_c/d-e"])
def test_codes_of_ones_own(code: str) -> None:
    """Letters, digits and a few signs, up to 32."""
    assert check_code(code) == code
    assert Commodity(code, 0).code == code


@pytest.mark.parametrize(
    "code",
    [
        *("", " ", "A B", " EUR", "EUR ", "-A", ".A", "a:b", "€", "\u0415UR", "E\0R"),
        *("X" * 33, None, 7, b"EUR", ["EUR"], {"EUR": 1}, True),
    ],
    ids=range(18),
)
def test_other_codes_are_refused(code: object) -> None:
    """What an amount's text could not hold, or what is no text."""
    for make in (lambda: Commodity(code, 2), lambda: Commodity.of(code)):
        with pytest.raises(InvalidIdentifier) as caught:
            make()
        assert caught.value.field == "commodity"


def test_a_code_as_long_as_a_book_is_refused() -> None:
    """At once."""
    for make in (Commodity, Commodity.of):
        with pytest.raises(BoundExceeded) as caught:
            make("X" * 10**6)
        assert caught.value.field == "commodity"


@pytest.mark.parametrize("scale", [2.0, True, "2", float("nan"), int])
def test_a_scale_is_an_int(scale: object) -> None:
    """Not a float, a bool or a text."""
    with pytest.raises(InexactNumber) as caught:
        Commodity("POINTS", scale)
    assert caught.value.field == "scale"


@pytest.mark.parametrize("scale", [-1, 19, 1 << 3_400_000, -(10**30)], ids=range(4))
def test_a_scale_is_bounded(scale: int) -> None:
    """0 to 18."""
    with pytest.raises(BoundExceeded) as caught:
        Commodity("POINTS", scale)
    assert caught.value.field == "scale"


def test_the_bounds_of_a_scale_are_allowed() -> None:
    """0 and 18."""
    assert [Commodity("POINTS", scale).scale for scale in (0, 18)] == [0, 18]


def test_of_takes_a_commodity_or_its_code() -> None:
    """A code of a standard gives the same object again."""
    points = Commodity("POINTS", 0)
    assert Commodity.of(points) is points
    assert Commodity.of("EUR") == Commodity("EUR")
    assert Commodity.of("EUR") is Commodity.of("EUR")
    with pytest.raises(UnknownCommodity):
        Commodity.of("POINTS")


def test_equality_is_of_code_and_scale() -> None:
    """The same code with another scale is another thing."""
    assert Commodity("POINTS", 0) == Commodity("POINTS", 0)
    assert hash(Commodity("POINTS", 0)) == hash(Commodity("POINTS", 0))
    assert Commodity("POINTS", 0) != Commodity("POINTS", 2)
    assert Commodity("EUR") != "EUR"


def test_a_commodity_shows_its_code() -> None:
    """In messages and tables."""
    assert str(Commodity("EUR")) == "EUR"
    assert repr(Commodity("EUR")) == "Commodity(code='EUR', scale=2)"


def test_one_error_covers_all() -> None:
    """Who catches `LedgerError` catches every refusal."""
    for arguments in [("NOPE",), ("EUR", 3), ("A B", 1), ("POINTS", 2.0)]:
        with pytest.raises(LedgerError):
            Commodity(*arguments)
