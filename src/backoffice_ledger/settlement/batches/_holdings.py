"""Holdings: what an owner has with a custodian, and for which batch it is locked."""

from collections.abc import Iterable, Iterator
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidAmount, InvalidOption, UnknownRecord
from backoffice_ledger.settlement.netting._transfer import check_name


@final
@attrs.frozen(order=False)
class Holding:
    """An amount that an owner has with a custodian.

    Args:
        id: unique among the holdings.
        custodian: where it is held.
        owner: whose it is.
        amount: of one commodity, above zero.
        locked_by: the instruction for which it is earmarked, ``<batch>/<step>``; None
            if it is free.

    Raises:
        InvalidIdentifier: an empty or unprintable name.
        InvalidAmount: not an amount above zero.
    """

    id: str
    custodian: str
    owner: str
    amount: bl.Amount
    locked_by: str | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for field in ("id", "custodian", "owner"):
            check_name(getattr(self, field), field)
        if self.locked_by is not None:
            check_name(self.locked_by, "locked_by")
        if not isinstance(self.amount, bl.Amount) or self.amount.minor_units <= 0:
            raise InvalidAmount(
                field="amount", expected="an Amount above zero", found=self.amount
            )


def _to_holdings(value: Iterable[Holding]) -> tuple[Holding, ...]:
    found: dict[str, Holding] = {}
    for holding in value:
        if not isinstance(holding, Holding):
            raise InvalidOption(
                field="holdings", expected="Holdings", found=type(holding).__name__
            )
        if holding.id in found:
            raise InvalidOption(
                field="holdings", expected="each id once", found=holding.id
            )
        found[holding.id] = holding
    return tuple(found[name] for name in sorted(found))


@final
@attrs.frozen(order=False)
class Holdings:
    """Holdings by id; every change gives new ones, and these stay as they are.

    >>> cash = Holding("h1", "Bank", "Ann", bl.Amount("5.00", "EUR"))
    >>> Holdings([cash])["h1"].owner
    'Ann'

    Raises:
        InvalidOption: something else than holdings, or an id twice.
    """

    all: tuple[Holding, ...] = attrs.field(default=(), converter=_to_holdings)

    def __iter__(self) -> Iterator[Holding]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, id: str) -> Holding:
        """Return the holding with this id.

        Raises:
            UnknownRecord: there is none.
        """
        for holding in self.all:
            if holding.id == id:
                return holding
        raise UnknownRecord(field="holding", found=id)

    def of(self, owner: str) -> bl.Balance:
        """Return what *owner* has, with all custodians together, locked or not."""
        return bl.Balance(one.amount for one in self.all if one.owner == owner)

    def split(self, id: str, amount: bl.Amount, part: str) -> "Holdings":
        """Return holdings with *amount* of one taken off as a holding of its own.

        Args:
            id: the holding to be split; it keeps the rest.
            amount: above zero and less than the whole.
            part: id of the new holding.

        Raises:
            UnknownRecord: there is no such holding.
            InvalidOption: it is locked, the part has the id of another, or the amount
                is not a part of it.
            CommodityMismatch: the amount is of another commodity.
        """
        whole = self[id]
        if whole.locked_by is not None:
            raise InvalidOption(
                field="holding", expected="one that is not locked", found=id
            )
        rest = whole.amount - amount
        if not 0 < rest.minor_units < whole.amount.minor_units:
            raise InvalidOption(
                field="amount", expected=f"a part of {whole.amount}", found=amount
            )
        return Holdings(
            [
                *(one for one in self.all if one.id != id),
                attrs.evolve(whole, amount=rest),
                attrs.evolve(whole, id=part, amount=amount),
            ]
        )

    def with_changes(
        self, changed: Iterable[Holding], *, removed: Iterable[str] = ()
    ) -> "Holdings":
        """Return holdings with some in place of those with their ids, or as new ones.

        Raises:
            InvalidOption: something else than holdings, or an id twice.
        """
        new = Holdings(changed)
        gone = {one.id for one in new} | set(removed)
        return Holdings([*(one for one in self.all if one.id not in gone), *new])
