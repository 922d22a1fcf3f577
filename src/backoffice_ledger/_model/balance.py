"""Balances: amounts of many commodities at once."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import final

import attrs

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.fields import set_field
from backoffice_ledger.errors import CommodityConflict, InexactNumber


def _conflict(one: Commodity, other: Commodity) -> CommodityConflict:
    return CommodityConflict(
        f"{one.code} has two scales here",
        field="commodity",
        expected=f"scale {one.scale}",
        found=other.scale,
    )


def _nonzero_by_code(amounts: Iterable[Amount]) -> tuple[Amount, ...]:
    totals: dict[Commodity, int] = {}
    for amount in amounts:
        if type(amount) is not Amount:
            raise InexactNumber(
                field="amounts", expected="Amounts", found=type(amount).__name__
            )
        unit = amount.commodity
        totals[unit] = totals.get(unit, 0) + amount.minor_units
    return tuple(
        Amount.from_minor(totals[unit], unit)
        for unit in in_code_order(totals)
        if totals[unit]
    )


def in_code_order(units: Iterable[Commodity]) -> list[Commodity]:
    """Return *units* in the order of their codes.

    Raises:
        CommodityConflict: two of them have the same code and different scales.
    """
    ordered = sorted(units, key=lambda unit: unit.code)
    for one, other in pairwise(ordered):
        if one.code == other.code and one.scale != other.scale:
            raise _conflict(one, other)
    return ordered


@final
@attrs.frozen(init=False, order=False, repr=False)
class Balance:
    """Amounts of any number of commodities; zero amounts are left out.

    ``balance["EUR"]`` is an `Amount`, zero where the balance holds none.

    >>> Balance([Amount("5.00", "EUR"), Amount("1", "JPY")])["EUR"]
    Amount('5.00', 'EUR')

    Raises:
        InexactNumber: something else than an `Amount` among the amounts.
        CommodityConflict: the same code with different scales.
    """

    amounts: tuple[Amount, ...]

    def __init__(self, amounts: Iterable[Amount] = ()) -> None:
        set_field(self, "amounts", _nonzero_by_code(amounts))

    @classmethod
    def from_minor(cls, totals: Mapping[Commodity, int]) -> "Balance":
        """Return the balance of integer minor units by commodity."""
        return cls(Amount.from_minor(total, unit) for unit, total in totals.items())

    def __getitem__(self, commodity: "str | Commodity") -> Amount:
        code = commodity.code if isinstance(commodity, Commodity) else commodity
        for amount in self.amounts:
            if amount.commodity.code == code:
                if isinstance(commodity, Commodity) and commodity != amount.commodity:
                    raise _conflict(amount.commodity, commodity)
                return amount
        return Amount.from_minor(0, commodity)

    def __iter__(self) -> Iterator[Amount]:
        return iter(self.amounts)

    def __len__(self) -> int:
        return len(self.amounts)

    def __contains__(self, commodity: object) -> bool:
        return any(commodity in (a.commodity, a.commodity.code) for a in self.amounts)

    def __bool__(self) -> bool:
        return bool(self.amounts)

    def __add__(self, other: "Balance | Amount") -> "Balance":
        if not isinstance(other, (Balance, Amount)):
            return NotImplemented
        more = (other,) if isinstance(other, Amount) else other.amounts
        return Balance((*self.amounts, *more))

    def __sub__(self, other: "Balance | Amount") -> "Balance":
        if not isinstance(other, (Balance, Amount)):
            return NotImplemented
        return self + -other

    def __neg__(self) -> "Balance":
        return Balance(-amount for amount in self.amounts)

    def __str__(self) -> str:
        return ", ".join(str(amount) for amount in self.amounts) or "0"

    def __repr__(self) -> str:
        return f"<Balance {self}>"


@final
@attrs.frozen(order=False)
class AccountBalances:
    """What an account holds now, on its normal side.

    Attributes:
        posted: what has been posted, whatever its date.
        pending: what will be there if everything that is reserved is captured.
        available: what has been posted, less what is reserved to leave.
        version: grows with every posting and hold that touches the account; see
            *versions* of `Ledger.post`.
    """

    posted: Balance
    pending: Balance
    available: Balance
    version: int
