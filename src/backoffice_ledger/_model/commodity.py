"""Commodities: currencies, securities and any other counted unit."""

import re
from functools import lru_cache
from typing import Final, final

import attrs

from backoffice_ledger._model.bounds import BOUNDS
from backoffice_ledger._model.fields import set_field
from backoffice_ledger._model.iso4217 import currency_fact
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger.errors import (
    BoundExceeded,
    CommodityConflict,
    InexactNumber,
    InvalidIdentifier,
    UnknownCommodity,
)

_ISIN: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]", re.ASCII)
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/\-]{0,31}", re.ASCII)


def _luhn_is_valid(isin: str) -> bool:
    """Check the check digit of an ISIN (ISO 6166, modulus 10 double-add-double)."""
    digits = [int(d) for character in isin for d in str(int(character, 36))]
    total = 0
    for index, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if index % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def is_isin(code: str) -> bool:
    """Whether *code* has the form and the check digit of an ISIN (ISO 6166)."""
    return bool(_ISIN.fullmatch(code)) and _luhn_is_valid(code)


def check_code(value: object, field: str = "commodity") -> str:
    """Return *value* if it has the form of a commodity's code.

    Raises:
        InvalidIdentifier: not 1 to 32 of the characters that a code may have.
    """
    code = check_identifier(value, field)
    if not _CODE.fullmatch(code):
        raise InvalidIdentifier(
            field=field,
            expected="1 to 32 letters, digits or . _ / -, the first no sign",
            found=code,
        )
    return code


def _standard_scale(code: str) -> int:
    """Return the scale that a standard gives to *code*.

    ISO 4217 decides the digits of a currency, save for the codes to which it gives
    none (XAU, XDR, ...).  Securities are counted in whole units.
    """
    fact = currency_fact(code)
    if fact is not None and fact.digits is not None:
        return fact.digits
    if is_isin(code):
        return 0
    if fact is not None:
        expected = f"a scale, since ISO 4217 gives {code} none"
    elif _ISIN.fullmatch(code):
        expected = "an ISIN with its check digit, or a scale"
    else:
        expected = "an ISO 4217 code or an ISIN, or a scale"
    raise UnknownCommodity(field="commodity", expected=expected, found=code)


def _scale_of(code: str, scale: object) -> int:
    """Return the scale of *code*: the one given, if no standard gives another."""
    if scale is None:
        return _standard_scale(code)
    if isinstance(scale, bool) or not isinstance(scale, int):
        raise InexactNumber(
            field="scale", expected="an int", found=type(scale).__name__
        )
    if not 0 <= scale <= BOUNDS.scale:
        raise BoundExceeded(field="scale", expected=f"0 to {BOUNDS.scale}", found=scale)
    fact = currency_fact(code)
    if fact is not None and fact.digits not in (None, scale):
        raise CommodityConflict(
            f"ISO 4217 gives {code} another scale",
            field="scale",
            expected=str(fact.digits),
            found=scale,
        )
    return int(scale)


@final
@attrs.frozen(init=False, order=False)
class Commodity:
    """A currency, a security or any counted unit, with a fixed scale.

    *scale* is the number of decimal places of its smallest unit: 2 for EUR, 0 for
    JPY, 8 for BTC.  ISO 4217 (not CLDR) decides it for currencies, withdrawn ones
    included; an ISIN (ISO 6166) is counted in whole units unless a scale is given.

    Args:
        code: ISO 4217 code, ISIN, or a code of your own (1-32 characters).
        scale: 0 to 18; may be left out where a standard gives it.

    Raises:
        UnknownCommodity: no standard knows the code and no scale was given.
        CommodityConflict: ISO 4217 gives the code another scale.
        InvalidIdentifier: the code has characters that a code cannot have.
        BoundExceeded: the scale is not in 0 .. 18.
    """

    code: str
    scale: int

    def __init__(self, code: str, scale: int | None = None) -> None:
        code = check_code(code)
        set_field(self, "code", code)
        set_field(self, "scale", _scale_of(code, scale))

    @classmethod
    def of(cls, value: "str | Commodity") -> "Commodity":
        """Return *value* as a commodity; codes of ISO 4217 and ISINs are cached."""
        if type(value) is Commodity:
            return value
        if isinstance(value, str):
            return _standard_commodity(value)
        raise InvalidIdentifier(
            field="commodity",
            expected="a Commodity or its code",
            found=type(value).__name__,
        )

    def __hash__(self) -> int:
        return hash(self.code)

    def __str__(self) -> str:
        return self.code


@lru_cache(maxsize=4096)
def _standard_commodity(code: str) -> Commodity:
    return Commodity(code)
