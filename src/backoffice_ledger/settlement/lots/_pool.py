"""The lots of one position, and which of them a sale takes."""

import datetime
import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_commodity, check_date
from backoffice_ledger.errors import InvalidOption, LimitBreached
from backoffice_ledger.interest import Rounding
from backoffice_ledger.settlement.lots._checks import check_amounts, check_positive
from backoffice_ledger.settlement.lots._lot import Lot, LotPart

Method = Literal["fifo", "lifo", "hifo", "average", "specific"]
"""Which units a sale takes: see `LotPool.take`."""

AVERAGE_LOT: Final = "average"
"""The one lot that all purchases of a position at average cost make."""


@attrs.define(order=False)
class _Held:
    """A lot as the pool keeps it; *mark* counts the valuation that it knows."""

    id: str
    acquired: datetime.date
    number: int
    units: int
    cost: int
    adjustment: int
    mark: int


def _first_in(lot: _Held) -> tuple[Any, ...]:
    return lot.acquired, lot.number


def _last_in(lot: _Held) -> tuple[Any, ...]:
    return -lot.acquired.toordinal(), -lot.number


def _highest_in(lot: _Held) -> tuple[Any, ...]:
    return -Fraction(lot.cost, lot.units), lot.acquired, lot.number


_KEYS: Final[Mapping[str, Callable[[_Held], tuple[Any, ...]]]] = {
    "fifo": _first_in,
    "average": _first_in,
    "lifo": _last_in,
    "hifo": _highest_in,
}


@final
class LotPool:
    """The lots of one position: an owner's units of one instrument.

    A sale finds its lots in O(log n) for each lot that it takes.  What a part of a lot
    costs is the lot's cost in proportion to the units, rounded once; what is left of
    the lot keeps the residue, so that the parts sum to the whole, and who takes all
    units of a lot takes all of its cost.

    Args:
        instrument: what the units are of.
        currency: of costs and changes of value.
        rounding: of what a part of a lot costs.
    """

    def __init__(
        self,
        instrument: bl.Commodity,
        currency: bl.Commodity,
        *,
        rounding: Rounding = "half-up",
    ) -> None:
        check_choice(rounding, Rounding, "rounding")
        self.instrument = instrument
        self.currency = currency
        self.rounding: Rounding = rounding
        self._lots: dict[str, _Held] = {}
        self._heaps: dict[str, list[tuple[tuple[Any, ...], int, _Held]]] = {}
        self._numbers = itertools.count()
        self._units = self._cost = self._adjustment = 0
        self._mark = 0
        self._unit_value = Fraction(0)

    # --- what is there ---------------------------------------------------------------

    @property
    def quantity(self) -> bl.Amount:
        """All units."""
        return bl.Amount.from_minor(self._units, self.instrument)

    @property
    def cost(self) -> bl.Amount:
        """What all units cost."""
        return bl.Amount.from_minor(self._cost, self.currency)

    @property
    def adjustment(self) -> bl.Amount:
        """Changes of fair value that are booked on all units; signed."""
        return bl.Amount.from_minor(self._adjustment, self.currency)

    def __len__(self) -> int:
        return len(self._lots)

    def __contains__(self, lot: object) -> bool:
        return lot in self._lots

    def __iter__(self) -> Iterator[Lot]:
        """Yield the lots that have units left, the oldest first."""
        for held in sorted(self._lots.values(), key=_first_in):
            yield self._lot(held)

    def lot(self, id: str) -> Lot:
        """Return one lot.

        Raises:
            InvalidOption: none of this id has units left.
        """
        return self._lot(self._find(id))

    def _find(self, id: str) -> _Held:
        held = self._lots.get(id)
        if held is None:
            raise InvalidOption(
                field="lot", expected=f"a lot of {self.instrument}", found=id
            )
        return held

    def _lot(self, held: _Held) -> Lot:
        return Lot(
            held.id,
            held.acquired,
            bl.Amount.from_minor(held.units, self.instrument),
            bl.Amount.from_minor(held.cost, self.currency),
            bl.Amount.from_minor(self._adjustment_of(held), self.currency),
        )

    # --- what changes it -------------------------------------------------------------

    def add(
        self, id: str, acquired: datetime.date, quantity: bl.Amount, cost: bl.Amount
    ) -> None:
        """Add units that were acquired, as a new lot or to one that is there.

        Raises:
            InvalidOption: units of zero or less.
            CommodityMismatch: other units, or another currency.
        """
        check_date(acquired, "acquired")
        check_commodity(
            check_positive(quantity, "quantity"), self.instrument, "quantity"
        )
        check_commodity(cost, self.currency, "cost")
        self.move(id, acquired, quantity.minor_units, cost.minor_units)

    def move(
        self,
        id: str,
        acquired: datetime.date,
        units: int,
        cost: int,
        adjustment: int = 0,
    ) -> None:
        """Change a lot by what an entry says of it, in minor units; signed.

        A lot without units and cost is gone; it comes back if its sale is reversed.
        """
        held = self._lots.get(id)
        if held is None:
            held = _Held(id, acquired, next(self._numbers), 0, 0, 0, self._mark)
            self._lots[id] = held
        held.adjustment = self._adjustment_of(held) + adjustment
        held.mark = self._mark
        was_empty = not held.units
        keys = {} if was_empty else {name: _KEYS[name](held) for name in self._heaps}
        held.units += units
        held.cost += cost
        self._units += units
        self._cost += cost
        self._adjustment += adjustment
        if not held.units and not held.cost:
            del self._lots[id]
        elif held.units > 0:
            for method, heap in self._heaps.items():
                if was_empty or _KEYS[method](held) < keys[method]:
                    heapq.heappush(heap, self._item(method, held))

    def _item(self, method: str, held: _Held) -> tuple[tuple[Any, ...], int, _Held]:
        return _KEYS[method](held), next(self._numbers), held

    def mark(self, change: int) -> None:
        """Add a change of the fair value of all units, in minor units; signed."""
        self._adjustment += change
        self._mark += 1
        if self._units:
            self._unit_value = Fraction(self._cost + self._adjustment, self._units)

    def _adjustment_of(self, held: _Held) -> int:
        """Return the change of a lot's value that is booked up to the last mark."""
        if held.mark == self._mark:
            return held.adjustment
        return self._round(self._unit_value * held.units) - held.cost

    def _round(self, value: Fraction) -> int:
        whole = 10**self.currency.scale
        return bl.Amount.rounded(
            value / whole, self.currency, rounding=self.rounding
        ).minor_units

    # --- what a sale takes -----------------------------------------------------------

    def take(
        self,
        quantity: bl.Amount,
        method: Method,
        *,
        chosen: Mapping[str, bl.Amount] | None = None,
    ) -> tuple[LotPart, ...]:
        """Take units out and return what `match` finds; it raises the same."""
        parts = self.match(quantity, method, chosen=chosen)
        for part in parts:
            self.move(
                part.lot,
                self._lots[part.lot].acquired,
                -part.quantity.minor_units,
                -part.cost.minor_units,
                -part.adjustment.minor_units,
            )
        return parts

    def match(
        self,
        quantity: bl.Amount,
        method: Method,
        *,
        chosen: Mapping[str, bl.Amount] | None = None,
    ) -> tuple[LotPart, ...]:
        """Return the lots, or parts of lots, that a sale would take; nothing changes.

        ``fifo`` takes what was acquired first, ``lifo`` what was acquired last,
        ``hifo`` what cost most for a unit (the older first, where that is equal),
        ``specific`` what *chosen* names.  ``average`` is for a position that was
        acquired as one lot, `AVERAGE_LOT`.

        Args:
            quantity: units to take.
            method: which units.
            chosen: for ``specific``: units by lot.

        Raises:
            LimitBreached: there are not so many.
            InvalidOption: no such method, a choice that does not sum to the quantity or
                names what is not there, a choice with another method, or several lots
                with ``average``.
            CommodityMismatch: other units.
        """
        check_choice(method, Method, "method")
        check_commodity(
            check_positive(quantity, "quantity"), self.instrument, "quantity"
        )
        units = quantity.minor_units
        if units > self._units:
            raise LimitBreached(
                "a short sale is no regular-way trade",
                field="quantity",
                expected=f"at most {self.quantity}",
                found=quantity,
            )
        if (method == "specific") is not bool(chosen):
            raise InvalidOption(
                field="chosen",
                expected="units by lot, with the method specific only",
                found=method,
            )
        if method == "average" and self._lots.keys() != {AVERAGE_LOT}:
            raise InvalidOption(
                "lots that were bought one by one have no average cost",
                field="method",
                expected=f"one lot {AVERAGE_LOT!r}",
                found=", ".join(list(self._lots)[:3]),
            )
        wanted = self._chosen(units, chosen) if chosen else self._next(units, method)
        costs = [self._part(held, held.cost, part) for held, part in wanted]
        changes = [
            self._part(held, self._adjustment_of(held), part) for held, part in wanted
        ]
        if units == self._units:  # what rounding left over goes with the last
            changes[-1] += self._adjustment - sum(changes)
        return tuple(
            LotPart(
                held.id,
                bl.Amount.from_minor(part, self.instrument),
                bl.Amount.from_minor(cost, self.currency),
                bl.Amount.from_minor(change, self.currency),
            )
            for (held, part), cost, change in zip(wanted, costs, changes, strict=True)
        )

    def _part(self, held: _Held, whole: int, units: int) -> int:
        """Return what falls on some units of a lot."""
        if units == held.units:
            return whole
        return self._round(Fraction(whole * units, held.units))

    def _chosen(
        self, units: int, chosen: Mapping[str, bl.Amount]
    ) -> list[tuple[_Held, int]]:
        check_amounts(chosen, self.instrument, "chosen")
        total = sum(part.minor_units for part in chosen.values())
        if total != units:
            raise InvalidOption(
                field="chosen", expected=f"{units} minor units in all", found=total
            )
        wanted = []
        for id_, part in chosen.items():
            held = self._find(id_)
            check_positive(part, f"chosen.{id_}")
            if part.minor_units > held.units:
                raise InvalidOption(
                    field=f"chosen.{id_}",
                    expected=f"at most {held.units} minor units",
                    found=part,
                )
            wanted.append((held, part.minor_units))
        return wanted

    def _next(self, units: int, method: str) -> list[tuple[_Held, int]]:
        heap = self._heaps.get(method)
        if heap is None:
            lots = self._lots.values()
            heap = [self._item(method, held) for held in lots if held.units > 0]
            heapq.heapify(heap)
            self._heaps[method] = heap
        wanted: dict[str, tuple[_Held, int]] = {}
        while units:
            key, _, held = heapq.heappop(heap)
            if self._lots.get(held.id) is not held or held.units <= 0:
                continue  # sold meanwhile
            if held.id in wanted:
                continue  # it was sold and came back, and stood there twice
            if key != _KEYS[method](held):
                heapq.heappush(heap, self._item(method, held))
                continue  # a part was sold, and the rest costs a trifle more or less
            wanted[held.id] = held, min(units, held.units)
            units -= wanted[held.id][1]
        for held, _ in wanted.values():
            heapq.heappush(heap, self._item(method, held))
        return list(wanted.values())
