"""Splits: other units, the same cost; fractions are paid in cash."""

import datetime
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date, exact_number
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest import Number, Rounding
from backoffice_ledger.settlement._price import Price
from backoffice_ledger.settlement.accounting import (
    LocationUnits,
    SettlementAccounts,
    Split,
)
from backoffice_ledger.settlement.corporate_actions._holdings import (
    Holdings,
    read_holdings,
)
from backoffice_ledger.settlement.lots import (
    AVERAGE_LOT,
    LotPart,
    Method,
    Position,
    read_positions,
)
from backoffice_ledger.settlement.lots._checks import check_name


def split(
    view: bl.LedgerView,
    accounts: SettlementAccounts,
    *,
    split_id: str,
    instrument: bl.Commodity,
    ratio: Number,
    date: datetime.date,
    cash_in_lieu: Price | Number | None = None,
    currency: bl.Commodity | str | None = None,
    rounding: Rounding = "half-up",
) -> tuple[Split, ...]:
    """Return what a split does to each owner: to lots, locations and open trades.

    Each lot keeps its cost and its day, each open trade its money.  Where a new unit is
    made of units of several lots, it is the older lot's and takes its cost out of all
    of them.  New shares without payment (a bonus issue) are a split as well: one for
    ten held has the ratio ``Fraction(11, 10)``.

    With *cash_in_lieu* fractions of new units at each location are not delivered but
    paid, out of the oldest lot; what that brings above their cost is realised.

    Args:
        view: of the book as it stands.
        accounts: of the book.
        split_id: unique.
        instrument: what is split.
        ratio: new units for one old unit: 2, or ``Fraction(1, 10)`` where ten are
            joined.
        date: the day from which the new units count, and on which fractions are paid.
        cash_in_lieu: the price of one new unit; None if there are no fractions.
        currency: of that price.
        rounding: of what is paid, and of what a part of a lot costs.

    Raises:
        InvalidOption: the ratio is not above zero or is one; an open trade would have a
            fraction of a unit, or a location where there is no *cash_in_lieu*; or a
            price without a currency, or one without the other.
        CommodityMismatch: fractions are paid in another currency than they cost.
        InvalidDate, InvalidIdentifier, InexactNumber, InvalidAmount: an argument is
            malformed.
    """
    check_name(split_id, "split_id")
    check_date(date, "date")
    check_choice(rounding, Rounding, "rounding")
    exact = exact_number(ratio, "ratio")
    if exact <= 0 or exact == 1:
        raise InvalidOption(
            field="ratio", expected="a number above 0, not 1", found=ratio
        )
    if (cash_in_lieu is None) is not (currency is None):
        raise InvalidOption(
            field="currency", expected="one with cash_in_lieu only", found=currency
        )
    holdings = read_holdings(view, accounts, instrument)
    positions = read_positions(view, accounts.lots, instrument=instrument.code)
    found: list[Split] = []
    for owner in holdings.owners:
        units = _NewUnits(instrument, exact, is_paid=cash_in_lieu is not None)
        locations = tuple(units.of(holdings, owner))
        cash = None
        if units.fraction and cash_in_lieu is not None and currency is not None:
            price = Price.of(cash_in_lieu, field="cash_in_lieu").per_unit
            whole = units.fraction / 10**instrument.scale
            cash = bl.Amount.rounded(price * whole, currency, rounding=rounding)
        event = Split(
            split_id=split_id,
            date=date,
            instrument=instrument,
            locations=locations,
            owner=owner,
            cash=cash,
        )
        position = positions.get((owner, instrument.code))
        if position is not None and position.pool.quantity:
            event = _with_lots(event, position, exact, rounding)
            event = attrs.evolve(event, category=accounts.category(position.account))
        found.append(event)
    return tuple(found)


@attrs.define
class _NewUnits:
    """What units become, and the fractions that are left over, in minor units."""

    instrument: bl.Commodity
    ratio: Fraction
    is_paid: bool = attrs.field(kw_only=True)
    fraction: Fraction = Fraction(0)

    def of(self, holdings: Holdings, owner: str) -> Iterator[LocationUnits]:
        """Yield what is added at each location of an owner."""
        for (whose, location), units in holdings.settled.items():
            if whose == owner:
                may_break = self.is_paid and units > 0
                added = self._added(units, location, may_break=may_break)
                yield LocationUnits(location, added)
        for item in holdings.pending:
            if item.owner == owner:
                added = self._added(item.units, item.trade, may_break=False)
                yield LocationUnits(item.location, added, item.trade)

    def _added(self, units: int, what: str, *, may_break: bool) -> bl.Amount:
        new = units * self.ratio
        if new.denominator != 1 and not may_break:
            raise InvalidOption(
                "fractions at a location are paid with cash_in_lieu; open trades are"
                " settled before",
                field="ratio",
                expected=f"whole units of {what}",
                found=new / 10**self.instrument.scale,
            )
        self.fraction += new - floor(new)
        return bl.Amount.from_minor(floor(new) - units, self.instrument)


def _with_lots(
    event: Split, position: Position, ratio: Fraction, rounding: Rounding
) -> Split:
    """Return a split with what it does to lots."""
    pool, sign = position.pool, -1 if position.is_short else 1
    method: Method = "average" if AVERAGE_LOT in pool else "fifo"
    parts = pool.match(pool.quantity, method)
    units = pool.quantity.minor_units + sign * event.added.minor_units
    rest = {lot.part.lot: lot for lot in _rebased(parts, ratio, units, rounding)}
    lots: dict[str, bl.Amount] = {}
    costs: dict[str, bl.Amount] = {}
    adjustments: dict[str, bl.Amount] = {}
    for part in parts:
        new = rest[part.lot]
        added = sign * (new.units - part.quantity.minor_units)
        lots[part.lot] = bl.Amount.from_minor(added, pool.instrument)
        if new.cost != part.cost:
            costs[part.lot] = sign * (new.cost - part.cost)
        if new.adjustment != part.adjustment:
            adjustments[part.lot] = sign * (new.adjustment - part.adjustment)
    return attrs.evolve(event, lots=lots, costs=costs, adjustments=adjustments)


@final
@attrs.frozen
class _NewLot:
    """What becomes of a lot."""

    part: LotPart
    units: int
    cost: bl.Amount
    adjustment: bl.Amount


def _rebased(
    parts: Sequence[LotPart], ratio: Fraction, units: int, rounding: Rounding
) -> Iterator[_NewLot]:
    """Yield what becomes of lots, the newest first, if *units* are left in all.

    The lots lie in a row, the newest first, and the new units are cut off from the
    beginning.  A new unit is the lot's in which it ends, and costs what lies in it.
    What is left at the end is the fraction: that of the oldest lot.
    """
    reach, done = Fraction(0), 0
    zero = parts[0].cost - parts[0].cost
    cost, change = zero, zero
    cost_done, change_done = zero, zero
    for part in reversed(parts):
        start, reach = reach, reach + part.quantity.minor_units * ratio
        end = min(floor(reach), units)
        if end <= done:
            yield _NewLot(part, 0, zero, zero)
        else:
            share = (end - start) / (reach - start)
            cost_end = cost + _share(part.cost, share, rounding)
            change_end = change + _share(part.adjustment, share, rounding)
            yield _NewLot(
                part, end - done, cost_end - cost_done, change_end - change_done
            )
            done, cost_done, change_done = end, cost_end, change_end
        cost, change = cost + part.cost, change + part.adjustment


def _share(whole: bl.Amount, share: Fraction, rounding: Rounding) -> bl.Amount:
    unit = whole.commodity
    exact = share * whole.minor_units / 10**unit.scale
    return bl.Amount.rounded(exact, unit, rounding=rounding)
