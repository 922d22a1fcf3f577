"""Prices: a number, and what it is for."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_amount, check_choice
from backoffice_ledger.errors import InexactNumber, InvalidAmount
from backoffice_ledger.settlement._values import text_of

PriceBasis = Literal["unit", "percent"]
"""What a price is for: one unit, or, in percent, the nominal amount of one unit."""

_NUMBER: Final = re.compile(
    r"(?=.{1,64}$)-?[0-9]+(\.[0-9]+|/0*[1-9][0-9]*)?", re.ASCII | re.DOTALL
)


def _as_number(value: object, field: str = "price") -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal, Fraction)):
        raise InexactNumber(
            field=field,
            expected="str, int, Decimal or Fraction",
            found=type(value).__name__,
        )
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 64:
        value = f"{value:f}"
    if not _NUMBER.fullmatch(str(value)):
        raise InvalidAmount(field=field, expected="a number such as 50.25", found=value)
    number = Fraction(value)
    if number < 0:
        raise InvalidAmount(field=field, expected="zero or above", found=number)
    return number


@final
@attrs.frozen(order=False)
class Price:
    """What one unit of an instrument is worth, in the currency that goes with it.

    Shares are priced by the unit.  Bonds are counted in units of nominal and priced in
    percent of it: ``Price("101.25", "percent")`` values 100,000 at 101,250.  Prices of
    bonds are clean: accrued interest is not in them.

    Wherever a price is asked for, a plain number is one by the unit.

    Attributes:
        number: exact, zero or more; given as text, int, Decimal or Fraction.
        basis: ``unit`` or ``percent``.

    Raises:
        InexactNumber: a float, a bool or another type.
        InvalidAmount: no plain number, below zero, or of more than 64 characters.
        InvalidOption: no such basis.
    """

    number: Fraction = attrs.field(converter=_as_number)
    basis: PriceBasis = "unit"

    def __attrs_post_init__(self) -> None:
        check_choice(self.basis, PriceBasis, "price.basis")

    @classmethod
    def of(
        cls, value: "Price | str | int | Decimal | Fraction", *, field: str = "price"
    ) -> "Price":
        """Return a price as it is, or a number as a price by the unit.

        Args:
            value: a price, or a number.
            field: named in errors.

        Raises:
            InexactNumber, InvalidAmount: as for a price.
        """
        return value if isinstance(value, Price) else cls(_as_number(value, field))

    @property
    def per_unit(self) -> Fraction:
        """The price of one unit: of a bond, of one unit of nominal."""
        return self.number / 100 if self.basis == "percent" else self.number

    def value_of(self, quantity: bl.Amount) -> Fraction:
        """Return what units are worth, exactly.

        Raises:
            InexactNumber: no amount of units.
        """
        units = check_amount(quantity, "quantity")
        return self.per_unit * Fraction(units.minor_units, 10**units.commodity.scale)

    def __str__(self) -> str:
        text = text_of(self.number)
        return f"{text} %" if self.basis == "percent" else text
