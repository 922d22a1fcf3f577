"""What the stock record holds of one instrument."""

import datetime
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instance
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.interest import Rounding
from backoffice_ledger.settlement.accounting import (
    DividendClaim,
    Obligation,
    SettlementAccounts,
)


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
        instrument: what it holds.
        settled: units by owner and location.
        pending: units of open trades.
        traded: the trade dates of the trades and nettings that occur.
    """

    instrument: bl.Commodity
    settled: dict[tuple[str, str], int]
    pending: tuple[Pending, ...]
    traded: dict[str, datetime.date]

    @property
    def owners(self) -> list[str]:
        """All owners, in order."""
        found = {owner for owner, _ in self.settled}
        return sorted(found | {item.owner for item in self.pending})

    def settled_of(self, owner: str) -> int:
        """Return an owner's units at all locations, without those of open trades."""
        return sum(units for key, units in self.settled.items() if key[0] == owner)

    def claimable(self, ex_date: datetime.date) -> list[Pending]:
        """Return open trades of before a day."""
        return [item for item in self.pending if self.traded[item.trade] < ex_date]

    def entitled(self, owner: str, ex_date: datetime.date) -> int:
        """Return an owner's units by trade date, without trades from a day on."""
        open_units = (i.units for i in self.claimable(ex_date) if i.owner == owner)
        return self.settled_of(owner) + sum(open_units)

    def check_not_short(self, owner: str, ex_date: datetime.date) -> None:
        """Check that an owner is entitled to nothing below zero.

        Raises:
            InvalidOption: units of others were sold, and are owed.
        """
        units = self.entitled(owner, ex_date)
        if units < 0:
            raise InvalidOption(
                "what falls on units that are owed is settled with their lender",
                field="instrument",
                expected=f"units of {owner} from zero",
                found=bl.Amount.from_minor(units, self.instrument),
            )

    def amounts(
        self, rate: Fraction, money: bl.Commodity, rounding: Rounding
    ) -> Callable[[int], bl.Amount]:
        """Return what is paid on so many minor units, at a rate for a whole unit."""

        def amount_on(units: int) -> bl.Amount:
            whole = Fraction(units, 10**self.instrument.scale)
            return bl.Amount.rounded(rate * whole, money, rounding=rounding)

        return amount_on

    def claims(
        self,
        name: str,
        ex_date: datetime.date,
        amount_on: Callable[[int], bl.Amount],
        *,
        owner: str | None = None,
    ) -> tuple[DividendClaim, ...]:
        """Return the market claims on open trades, of one owner or of all."""
        open_units: dict[str, Pending] = {}  # a trade may be failing in part
        for item in self.claimable(ex_date):
            if owner in (None, item.owner):
                units = item.units
                if item.trade in open_units:
                    units += open_units[item.trade].units
                open_units[item.trade] = attrs.evolve(item, units=units)
        found: list[DividendClaim] = []
        for trade, item in open_units.items():
            amount = amount_on(abs(item.units))
            if amount:
                quantity = bl.Amount.from_minor(item.units, self.instrument)
                who = item.counterparty
                nothing = amount - amount
                claim = DividendClaim(
                    claim_id=f"{name}-{trade}",
                    obligation=Obligation(
                        trade, quantity, nothing, who, owner=item.owner
                    ),
                    date=ex_date,
                    amount=amount,
                )
                found.append(claim)
        return tuple(found)


def check_days(ex_date: datetime.date, payment_date: datetime.date) -> None:
    """Check that an issuer does not pay before the ex-date.

    Raises:
        InvalidOption: it does.
        InvalidDate: no dates.
    """
    check_date(ex_date, "ex_date")
    if check_date(payment_date, "payment_date") < ex_date:
        raise InvalidOption(
            field="payment_date", expected=f"{ex_date} or later", found=payment_date
        )


def read_holdings(
    view: bl.LedgerView, accounts: SettlementAccounts, instrument: bl.Commodity
) -> Holdings:
    """Return what a book holds of an instrument.

    Raises:
        InvalidOption: it is no commodity.
    """
    check_instance(instrument, bl.Commodity, "instrument")
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
        instrument,
        {key: units for key, units in settled.items() if units},
        tuple(
            Pending(*key, counterparties[key[2]], units)
            for key, units in pending.items()
            if units
        ),
        traded,
    )
