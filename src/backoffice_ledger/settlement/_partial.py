"""Partial settlement: money pro rata, what rounding leaves over on the last part."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

import backoffice_ledger as bl
from backoffice_ledger.checks import check_commodity
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.lots._checks import check_positive


def partial_cash(
    cash: bl.Amount, quantity: bl.Amount, part: bl.Amount, before: Sequence[bl.Amount]
) -> bl.Amount:
    """Return the money for a part of the units, which the parts before do not decide.

    A part gets its share, rounded down; the last part gets what is left, so that all
    parts sum exactly to the money.

    Args:
        cash: for all units.
        quantity: all units.
        part: the units of this part.
        before: units of the parts before this one.

    Raises:
        InvalidOption: more units than are left, or none.
        CommodityMismatch: other units.
    """
    done = sum(before, bl.Amount.from_minor(0, quantity.commodity))
    check_commodity(check_positive(part, "quantity"), quantity.commodity, "quantity")
    left = quantity - done
    if part > left:
        raise InvalidOption(
            field="quantity", expected=f"at most what is left, {left}", found=part
        )
    if part < left:
        return _share(cash, quantity, part)
    return cash - sum(
        (_share(cash, quantity, each) for each in before),
        bl.Amount.from_minor(0, cash.commodity),
    )


def _share(cash: bl.Amount, quantity: bl.Amount, part: bl.Amount) -> bl.Amount:
    share = Fraction(cash.minor_units * part.minor_units, quantity.minor_units)
    return bl.Amount.rounded(
        share / 10**cash.commodity.scale, cash.commodity, rounding="down"
    )


def split_cash(
    cash: bl.Amount, quantity: bl.Amount, parts: Iterable[bl.Amount]
) -> list[bl.Amount]:
    """Return the money for each part of the units; see `partial_cash`.

    Raises:
        InvalidOption: the parts are more than the whole, or one is none.
        CommodityMismatch: other units.
    """
    given = list(parts)
    return [
        partial_cash(cash, quantity, part, given[:index])
        for index, part in enumerate(given)
    ]
