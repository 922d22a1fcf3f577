"""Values as fields take them and documents keep them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.checks import as_amount


def as_optional_amount(value: object, field: str) -> Any:
    """Return *value* as an amount, or None if it was left out.

    Raises:
        InexactNumber, InvalidAmount, UnknownCommodity: as for `as_amount`.
    """
    return None if value is None else as_amount(value, field)


def read_amount(number: str, commodity: bl.Commodity) -> bl.Amount:
    """Return an amount from the number that a document keeps."""
    return bl.Amount(number, commodity)


def amount_content(amount: bl.Amount) -> list[str | int]:
    """Return an amount as documents keep it that do not name its commodity."""
    return [amount.number, amount.commodity.code, amount.commodity.scale]


def read_amount_content(content: Sequence[Any]) -> bl.Amount:
    """Return the amount that `amount_content` gave."""
    number, code, scale = content
    return read_amount(number, bl.Commodity(code, scale))


def text_of(value: Fraction) -> str:
    """Return an exact number as text: a decimal, or a fraction where there is none."""
    rest = value.denominator
    digits = 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest //= prime
            count += 1
        digits = max(digits, count)
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    shifted = value.numerator * 10**digits // value.denominator
    text = str(abs(shifted)).zfill(digits + 1)
    sign = "-" if value < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else f"{sign}{text}"


def instant_text(value: datetime) -> str:
    """Return an instant as documents keep it: in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_of(text: str) -> datetime:
    """Return the instant that a document keeps."""
    return datetime.fromisoformat(text)
