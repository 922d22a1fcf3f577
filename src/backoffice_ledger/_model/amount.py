"""Amounts: an exact integer number of minor units of one commodity."""

import re
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Final, Literal, final, get_args

import attrs

from backoffice_ledger._model.allocation import allocate_cumulatively
from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.fields import set_field
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityMismatch,
    InexactNumber,
    InvalidAmount,
    InvalidOption,
)

_CHARACTERS_MAX: Final = BOUNDS.amount_characters
_MINOR_UNITS_MAX: Final = BOUNDS.minor_units
_TOTAL_MAX: Final = BOUNDS.total_minor_units
_FRACTION_BITS_MAX: Final = BOUNDS.fraction_bits
_DIGITS_MAX: Final = 128
"""Digits of a Decimal, and size of its exponent."""
_NUMBER: Final = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)

Rounding = Literal["half-even", "half-up", "down", "up", "floor", "ceiling"]
"""half-up rounds a half away from zero; down and up are towards and away from zero."""

_ROUNDINGS: Final[tuple[str, ...]] = get_args(Rounding)


def format_minor_units(minor_units: int, scale: int) -> str:
    """Return minor units as a plain decimal text: ``-1050, 2`` gives ``-10.50``."""
    if not scale:
        return str(minor_units)
    if minor_units < 0:
        return "-" + format_minor_units(-minor_units, scale)
    digits = str(minor_units)
    if len(digits) <= scale:
        digits = digits.zfill(scale + 1)
    return f"{digits[:-scale]}.{digits[-scale:]}"


def parse_minor_units(text: str, scale: int, field: str = "amount") -> int:
    """Return the minor units of a plain decimal text.

    Raises:
        BoundExceeded: too many characters, or 10^27 minor units and more.
        InvalidAmount: exponents, separators, foreign digits, NaN, or more decimal
            places than the commodity has.
    """
    if len(text) > _CHARACTERS_MAX:
        raise BoundExceeded(
            field=field, expected=f"at most {_CHARACTERS_MAX} characters", found=text
        )
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InvalidAmount(
            field=field, expected="a decimal number such as -1234.50", found=text
        )
    sign, whole, fraction = match.groups("")
    if len(fraction) > scale:
        raise _too_fine(field, scale, text)
    minor_units = int(whole + fraction.ljust(scale, "0"))
    return check_minor_units(-minor_units if sign == "-" else minor_units, field)


def check_minor_units(minor_units: int, field: str = "amount") -> int:
    """Return *minor_units* if they are within the bound of a posting."""
    if not -_MINOR_UNITS_MAX < minor_units < _MINOR_UNITS_MAX:
        raise BoundExceeded(
            field=field, expected="less than 10^27 minor units", found=minor_units
        )
    return minor_units


def _too_fine(field: str, scale: int, found: object) -> InvalidAmount:
    return InvalidAmount(
        "never rounded silently; Amount.rounded() does it explicitly",
        field=field,
        expected=f"at most {scale} decimal places",
        found=found,
    )


def _decimal_parts(value: Decimal, field: str) -> tuple[int, int]:
    """Return the signed digits and the exponent of a finite Decimal of modest size."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise InvalidAmount(field=field, expected="a finite number", found=value)
    if not value:
        return 0, 0
    if len(digits) > _DIGITS_MAX or not -_DIGITS_MAX <= exponent <= _DIGITS_MAX:
        raise BoundExceeded(
            field=field, expected=f"at most {_DIGITS_MAX} digits", found=value
        )
    number = int("".join(map(str, digits)))
    return -number if sign else number, exponent


def _decimal_to_minor_units(value: Decimal, scale: int, field: str) -> int:
    number, exponent = _decimal_parts(value, field)
    shift = exponent + scale
    if shift >= 0:
        return check_minor_units(number * 10**shift, field)
    minor_units, rest = divmod(number, 10**-shift)
    if rest:
        raise _too_fine(field, scale, value)
    return check_minor_units(minor_units, field)


def to_minor_units(value: object, commodity: Commodity, field: str = "amount") -> int:
    """Return the exact minor units of a str, int or Decimal in *commodity*.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: no number, or finer than the commodity's scale.
        BoundExceeded: 10^27 minor units and more.
    """
    if isinstance(value, str):
        return parse_minor_units(value, commodity.scale, field)
    if isinstance(value, Decimal):
        return _decimal_to_minor_units(value, commodity.scale, field)
    if isinstance(value, int) and not isinstance(value, bool):
        whole = check_minor_units(int(value), field)
        return check_minor_units(whole * 10**commodity.scale, field)
    raise InexactNumber(
        field=field, expected="str, int or Decimal", found=type(value).__name__
    )


def exact_fraction(value: object, field: str) -> Fraction:
    """Return an int, Decimal or Fraction of modest size as a Fraction.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: NaN or infinity.
        BoundExceeded: more digits than any honest number has.
    """
    if isinstance(value, Decimal):
        number, exponent = _decimal_parts(value, field)
        return number * Fraction(10) ** exponent
    if isinstance(value, bool) or not isinstance(value, (int, Fraction)):
        raise InexactNumber(
            field=field,
            expected="int, Decimal or Fraction",
            found=type(value).__name__,
        )
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if bits > _FRACTION_BITS_MAX:
        raise BoundExceeded(
            field=field,
            expected=f"at most {_FRACTION_BITS_MAX} bits",
            found=f"{bits} bits",
        )
    return Fraction(value)


def round_fraction(value: Fraction, rounding: Rounding) -> int:
    """Round *value* to an integer by the named rule.

    Raises:
        InvalidOption: no such rule.
    """
    if rounding not in _ROUNDINGS:
        raise InvalidOption(
            field="rounding", expected=", ".join(_ROUNDINGS), found=rounding
        )
    floor, rest = divmod(value.numerator, value.denominator)
    if not rest:
        return floor
    beyond_half = 2 * rest - value.denominator
    if beyond_half and rounding.startswith("half"):
        return floor + (beyond_half > 0)
    if rounding == "half-even":
        return floor + floor % 2
    if rounding == "down":
        return floor + (floor < 0)
    if rounding in ("up", "half-up"):
        return floor + (floor >= 0)
    return floor + (rounding == "ceiling")


def _exact_weight(weight: object) -> int | Fraction:
    if type(weight) is int and weight.bit_length() <= _FRACTION_BITS_MAX:
        return weight  # most are; a Fraction would take ten times as long
    return exact_fraction(weight, "weights")


@final
@attrs.frozen(init=False, order=False, repr=False)
class Amount:
    """An exact amount of one commodity, kept as an integer of minor units.

    >>> Amount("1000.00", "EUR") + Amount(1, "EUR")
    Amount('1001.00', 'EUR')

    Args:
        value: text (``"-1234.50"``: no exponent, no separators), int (whole units)
            or Decimal.  A float or bool is an `InexactNumber` (a TypeError).
        commodity: a `Commodity`, an ISO 4217 code or an ISIN.

    Raises:
        InexactNumber: float, bool or another type.
        InvalidAmount: no number, or finer than the commodity's scale.
        BoundExceeded: 10^27 minor units and more.
        UnknownCommodity: the commodity is not known by a standard.
    """

    minor_units: int
    commodity: Commodity

    def __init__(
        self, value: "str | int | Decimal", commodity: "str | Commodity"
    ) -> None:
        unit = Commodity.of(commodity)
        set_field(self, "minor_units", to_minor_units(value, unit))
        set_field(self, "commodity", unit)

    @classmethod
    def from_minor(cls, minor_units: int, commodity: "str | Commodity") -> "Amount":
        """Return an amount from its integer of minor units (cents for EUR).

        It may be a total: only a posting is held to 10^27 minor units.

        Raises:
            InexactNumber: not an int.
            BoundExceeded: larger than any total can be.
        """
        if type(minor_units) is not int:
            raise InexactNumber(
                field="minor_units", expected="int", found=type(minor_units).__name__
            )
        return _amount(minor_units, Commodity.of(commodity))

    @classmethod
    def parse(cls, text: str) -> "Amount":
        """Return the amount written as ``"1000.00 EUR"``.

        Raises:
            InexactNumber: not a text.
            InvalidAmount: not a number, one space and a code.
            UnknownCommodity: no standard knows the code.
            BoundExceeded: too long, or 10^27 minor units and more.
        """
        if not isinstance(text, str):
            raise InexactNumber(
                field="amount",
                expected="an Amount or text such as '1000.00 EUR'",
                found=type(text).__name__,
            )
        if len(text) > 2 * _CHARACTERS_MAX:
            raise BoundExceeded(
                field="amount",
                expected=f"at most {2 * _CHARACTERS_MAX} characters",
                found=text,
            )
        number, space, code = text.partition(" ")
        if not space or not code or " " in code:
            raise InvalidAmount(
                field="amount", expected="text such as '1000.00 EUR'", found=text
            )
        unit = Commodity.of(code)
        return _amount(parse_minor_units(number, unit.scale), unit)

    @classmethod
    def rounded(
        cls,
        value: "Decimal | Fraction | int",
        commodity: "str | Commodity",
        *,
        rounding: Rounding,
    ) -> "Amount":
        """Return *value* rounded to the commodity's scale by an explicit rule.

        Raises:
            InexactNumber: a float, a bool or another type.
            InvalidAmount: NaN or infinity.
            InvalidOption: no such rule.
            BoundExceeded: 10^27 minor units and more.
        """
        unit = Commodity.of(commodity)
        exact = exact_fraction(value, "value") * 10**unit.scale
        minor_units = check_minor_units(round_fraction(exact, rounding), "value")
        return _amount(minor_units, unit)

    @property
    def decimal(self) -> Decimal:
        """The amount as an exact Decimal with the commodity's decimal places."""
        return Decimal(self.number)

    def allocate(self, weights: "Iterable[int | Fraction | Decimal]") -> list["Amount"]:
        """Split the amount by *weights*; the parts always sum to the whole.

        The running sum is rounded (half away from zero), so that joining
        neighbouring parts gives the same result as joining their weights.

        Raises:
            InvalidOption: no weights, a negative one, or a sum of zero.
            InexactNumber: a float among the weights.
            InvalidAmount, BoundExceeded: NaN, infinity or monstrous weights.
        """
        exact = [_exact_weight(weight) for weight in weights]
        if not exact or min(exact) < 0 or not any(exact):
            raise InvalidOption(
                field="weights",
                expected="weights of zero and more with a positive sum",
                found=", ".join(map(str, exact[:10])),
            )
        scale = lcm(*(weight.denominator for weight in exact))
        parts = allocate_cumulatively(
            self.minor_units, [int(weight * scale) for weight in exact]
        )
        return [_amount(part, self.commodity) for part in parts]

    def _same_commodity(self, other: "Amount") -> int:
        if other.commodity is not self.commodity and other.commodity != self.commodity:
            raise CommodityMismatch(
                field="commodity",
                expected=self.commodity.code,
                found=other.commodity.code,
            )
        return other.minor_units

    def __add__(self, other: "Amount") -> "Amount":
        if not isinstance(other, Amount):
            return NotImplemented
        return _amount(self.minor_units + self._same_commodity(other), self.commodity)

    def __sub__(self, other: "Amount") -> "Amount":
        if not isinstance(other, Amount):
            return NotImplemented
        return _amount(self.minor_units - self._same_commodity(other), self.commodity)

    def __mul__(self, factor: int) -> "Amount":
        if isinstance(factor, bool) or not isinstance(factor, int):
            return NotImplemented
        return _amount(self.minor_units * factor, self.commodity)

    __rmul__ = __mul__

    def __neg__(self) -> "Amount":
        return _amount(-self.minor_units, self.commodity)

    def __abs__(self) -> "Amount":
        return _amount(abs(self.minor_units), self.commodity)

    def __bool__(self) -> bool:
        return self.minor_units != 0

    def __lt__(self, other: "Amount") -> bool:
        if not isinstance(other, Amount):
            return NotImplemented
        return self.minor_units < self._same_commodity(other)

    def __le__(self, other: "Amount") -> bool:
        if not isinstance(other, Amount):
            return NotImplemented
        return self.minor_units <= self._same_commodity(other)

    def __gt__(self, other: "Amount") -> bool:
        if not isinstance(other, Amount):
            return NotImplemented
        return self.minor_units > self._same_commodity(other)

    def __ge__(self, other: "Amount") -> bool:
        if not isinstance(other, Amount):
            return NotImplemented
        return self.minor_units >= self._same_commodity(other)

    @property
    def number(self) -> str:
        """The number as plain text, without the commodity: ``"-10.50"``."""
        return format_minor_units(self.minor_units, self.commodity.scale)

    def __str__(self) -> str:
        return f"{self.number} {self.commodity.code}"

    def __repr__(self) -> str:
        return f"Amount({self.number!r}, {self.commodity.code!r})"


def _amount(minor_units: int, commodity: Commodity) -> Amount:
    """Build an amount, which may be a total, from checked parts."""
    if not -_TOTAL_MAX < minor_units < _TOTAL_MAX:
        raise BoundExceeded(
            field="amount", expected="less than 10^38 minor units", found=minor_units
        )
    self = Amount.__new__(Amount)
    set_field(self, "minor_units", minor_units)
    set_field(self, "commodity", commodity)
    return self
