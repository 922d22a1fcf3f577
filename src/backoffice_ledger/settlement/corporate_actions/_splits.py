"""Splits: other units, the same cost."""

import datetime
from fractions import Fraction

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest import Number
from backoffice_ledger.settlement.accounting import (
    LocationUnits,
    SettlementAccounts,
    Split,
)
from backoffice_ledger.settlement.corporate_actions._holdings import read_holdings
from backoffice_ledger.settlement.lots import read_positions
from backoffice_ledger.settlement.lots._checks import (
    check_day,
    check_name,
    check_number,
)


def split(
    view: bl.LedgerView,
    accounts: SettlementAccounts,
    *,
    split_id: str,
    instrument: bl.Commodity,
    ratio: Number,
    date: datetime.date,
) -> tuple[Split, ...]:
    """Return what a split does to each owner: to lots, locations and open trades.

    Each lot keeps its cost and its day, each open trade its money.

    Args:
        view: of the book as it stands.
        accounts: of the book.
        split_id: unique.
        instrument: what is split.
        ratio: new units for one old unit: 2, or ``Fraction(1, 10)`` where ten are
            joined.
        date: the day from which the new units count.

    Raises:
        InvalidOption: the ratio is not above zero or is one; or a lot, a location or an
            open trade would have a fraction of a unit.  Sell the fractions before, or
            buy what is missing.
        InvalidDate, InvalidIdentifier, InexactNumber, InvalidAmount: an argument is
            malformed.
    """
    check_name(split_id, "split_id")
    check_day(date, "date")
    exact = check_number(ratio, "ratio")
    if exact <= 0 or exact == 1:
        raise InvalidOption(
            field="ratio", expected="a number above 0, not 1", found=ratio
        )
    holdings = read_holdings(view, accounts, instrument)
    positions = read_positions(view, accounts.lots, instrument=instrument.code)

    def added(units: int, what: str) -> bl.Amount:
        new = units * exact
        if new.denominator != 1:
            unit = Fraction(new, 10**instrument.scale)
            raise InvalidOption(
                "a split leaves no fractions of units",
                field="ratio",
                expected=f"whole units of {what}",
                found=unit,
            )
        return bl.Amount.from_minor(int(new) - units, instrument)

    found: list[Split] = []
    for owner in holdings.owners:
        locations = [
            LocationUnits(location, added(units, location))
            for (whose, location), units in holdings.settled.items()
            if whose == owner
        ]
        locations += [
            LocationUnits(item.location, added(item.units, item.trade), item.trade)
            for item in holdings.pending
            if item.owner == owner
        ]
        position = positions.get((owner, instrument.code))
        lots = {
            lot.id: added(lot.quantity.minor_units, f"lot {lot.id}")
            for lot in (() if position is None else position.pool)
        }
        found.append(
            Split(
                split_id=split_id,
                date=date,
                instrument=instrument,
                locations=locations,
                lots=lots,
                owner=owner,
            )
        )
    return tuple(found)
