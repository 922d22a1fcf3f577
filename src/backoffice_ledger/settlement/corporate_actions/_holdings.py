"""What the stock record holds of one instrument."""

import datetime
from collections import defaultdict
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting import SettlementAccounts


@final
@attrs.frozen(order=False)
class Pending:
    """Units of a trade at a location for pending units; positive ones are to come."""

    owner: str
    location: str
    trade: str
    counterparty: str
    units: int


@final
@attrs.frozen(order=False)
class Holdings:
    """The location side of the stock record, turned round: positive is the owner's.

    Attributes:
        settled: units by owner and location.
        pending: units of open trades.
        traded: the trade dates of the trades and nettings that occur.
    """

    settled: dict[tuple[str, str], int]
    pending: tuple[Pending, ...]
    traded: dict[str, datetime.date]

    @property
    def owners(self) -> list[str]:
        """All owners, in order."""
        found = {owner for owner, _ in self.settled}
        return sorted(found | {item.owner for item in self.pending})


def read_holdings(
    view: bl.LedgerView, accounts: SettlementAccounts, instrument: bl.Commodity
) -> Holdings:
    """Return what a book holds of an instrument."""
    prefix = f"{accounts.stock_location}:"
    open_locations = accounts.open_locations
    settled: defaultdict[tuple[str, str], int] = defaultdict(int)
    pending: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    counterparties: dict[str, str] = {}
    traded: dict[str, datetime.date] = {}
    for record in view.entries(dimension={"instrument": instrument.code}):
        entry = record.entry
        names = {posting.dimensions.get("trade") for posting in entry.postings}
        first = min(
            (traded[name] for name in names if name in traded), default=entry.date
        )
        for name in names - {None}:
            traded.setdefault(str(name), first)
        for posting in entry.postings:
            if posting.amount.commodity != instrument:
                continue
            path, dimensions = posting.account, posting.dimensions
            location = path.removeprefix(prefix)
            units = -posting.signed.minor_units
            if path in open_locations:
                trade = dimensions["trade"]
                pending[dimensions["owner"], location, trade] += units
                if "counterparty" in dimensions:
                    counterparties[trade] = dimensions["counterparty"]
            elif location != path:
                settled[dimensions["owner"], location] += units
    return Holdings(
        {key: units for key, units in settled.items() if units},
        tuple(
            Pending(*key, counterparties[key[2]], units)
            for key, units in pending.items()
            if units
        ),
        traded,
    )
