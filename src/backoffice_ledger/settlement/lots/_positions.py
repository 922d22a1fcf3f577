"""Positions as a projection of the book: what its entries say of the lots."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import CommodityMismatch, InvalidOption
from backoffice_ledger.interest import Rounding
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement.lots._pool import LotPool

PositionKey = tuple[str, str]
"""An owner, and the code of an instrument."""


@final
@attrs.frozen(order=False)
class LotAccounts:
    """The accounts whose postings say what becomes of lots.

    Postings on them carry the dimensions ``owner``, ``instrument`` and ``lot``; those
    of a valuation carry no lot.

    Attributes:
        owner: path above the accounts that count units, one for each owner.
        cost: accounts of securities at cost.
        adjustment: accounts of changes of fair value.
        short: those of *cost* on which short positions stand: what they brought.
    """

    owner: str
    cost: frozenset[str]
    adjustment: frozenset[str]
    short: frozenset[str] = frozenset()


@final
@attrs.frozen(order=False)
class Position:
    """An owner's units of one instrument.

    Attributes:
        owner: who has it.
        account: of securities at cost, that holds it.
        pool: its lots; those of a short position are counted as if they were held, and
            cost what they brought.
        is_short: whether the units are owed, not held.
    """

    owner: str
    account: str
    pool: LotPool
    is_short: bool = False

    @property
    def quantity(self) -> bl.Amount:
        """The units; below zero where they are owed."""
        return -self.pool.quantity if self.is_short else self.pool.quantity


@attrs.define
class _Moves:
    """What one entry says of a position."""

    units: dict[str, bl.Amount] = attrs.field(factory=dict)
    cost: dict[str, bl.Amount] = attrs.field(factory=dict)
    adjustment: dict[str, bl.Amount] = attrs.field(factory=dict)
    mark: bl.Amount | None = None
    account: str | None = None


def _add(amounts: dict[str, bl.Amount], lot: str, amount: bl.Amount) -> None:
    amounts[lot] = amounts[lot] + amount if lot in amounts else amount


@final
class Positions(Mapping[PositionKey, Position]):
    """The positions that entries make, by owner and code of the instrument.

    A position is held in one currency and on one account: two portfolios of the firm,
    or two ways to measure, are two owners.

    Args:
        accounts: those that say what becomes of lots.
        rounding: of what a part of a lot costs.
        instrument: the code of the only one to keep; None keeps all.
    """

    def __init__(
        self,
        accounts: LotAccounts,
        *,
        rounding: Rounding = "half-up",
        instrument: str | None = None,
    ) -> None:
        self.accounts = accounts
        self.rounding: Rounding = rounding
        self.instrument = instrument
        self._positions: dict[PositionKey, Position] = {}
        self._acquired: dict[tuple[str, str], datetime.date] = {}

    def __getitem__(self, key: PositionKey) -> Position:
        return self._positions[key]

    def __iter__(self) -> Iterator[PositionKey]:
        return iter(sorted(self._positions))

    def __len__(self) -> int:
        return len(self._positions)

    def apply(self, entry: bl.Entry | bl.EntryDraft) -> None:
        """Take in what an entry says; entries come in the order of the log.

        Raises:
            CommodityMismatch: it costs a position money of another currency.
            InvalidOption: it holds a position on another account.
        """
        for key, moves in self._moves(entry.postings).items():
            position = self._positions.get(key)
            if position is None or (
                not position.pool and moves.account not in (None, position.account)
            ):
                position = self._open(key, moves) or position
            if position is not None:
                self._move(position, key, moves, entry.date)

    def _moves(self, postings: Iterable[bl.Posting]) -> dict[PositionKey, _Moves]:
        found: dict[PositionKey, _Moves] = {}
        accounts = self.accounts
        for posting in postings:
            dimensions = posting.dimensions
            owner, instrument = dimensions.get("owner"), dimensions.get("instrument")
            if owner is None or instrument is None:
                continue
            if self.instrument is not None and instrument != self.instrument:
                continue
            lot = dimensions.get("lot")
            moves = found.get((owner, instrument))
            if moves is None:
                moves = _Moves()
            if posting.account in accounts.adjustment:
                if lot is None:
                    change = posting.signed
                    moves.mark = change if moves.mark is None else moves.mark + change
                else:
                    _add(moves.adjustment, lot, posting.signed)
            elif lot is None:
                continue
            elif posting.account in accounts.cost:
                moves.account = posting.account
                _add(moves.cost, lot, posting.signed)
            elif posting.account == f"{accounts.owner}:{owner}":
                _add(moves.units, lot, posting.signed)
            else:
                continue
            found[owner, instrument] = moves
        return found

    def _open(self, key: PositionKey, moves: _Moves) -> Position | None:
        """Make a position, if it has units that cost something."""
        if moves.account is None or not moves.units:
            return None
        instrument = next(iter(moves.units.values())).commodity
        currency = next(iter(moves.cost.values())).commodity
        pool = LotPool(instrument, currency, rounding=self.rounding)
        is_short = moves.account in self.accounts.short
        position = Position(key[0], moves.account, pool, is_short)
        self._positions[key] = position
        return position

    def _move(
        self,
        position: Position,
        key: PositionKey,
        moves: _Moves,
        day: datetime.date,
    ) -> None:
        pool, sign = position.pool, -1 if position.is_short else 1
        if moves.account not in (None, position.account):
            raise InvalidOption(
                field="account", expected=position.account, found=moves.account
            )
        lots = {**moves.units, **moves.cost, **moves.adjustment}
        for amount in (*moves.cost.values(), *moves.adjustment.values()):
            if amount.commodity != pool.currency:
                raise CommodityMismatch(
                    field="currency",
                    expected=pool.currency.code,
                    found=amount.commodity.code,
                )
        for lot in lots:
            acquired = self._acquired.setdefault((key[1], lot), day)
            units, cost, adjustment = (
                sign * amounts[lot].minor_units if lot in amounts else 0
                for amounts in (moves.units, moves.cost, moves.adjustment)
            )
            pool.move(lot, acquired, units, cost, adjustment)
        if moves.mark is not None:
            pool.mark(sign * moves.mark.minor_units)


def read_positions(
    view: bl.LedgerView,
    accounts: LotAccounts,
    *,
    instrument: str | None = None,
    rounding: Rounding = "half-up",
) -> Positions:
    """Return the positions as a book has them, rebuilt from its entries.

    Args:
        view: of the book, as of a day or as known at a position of the log.
        accounts: those that say what becomes of lots.
        instrument: the code of one instrument; None reads all.
        rounding: of what a part of a lot costs.
    """
    dimension = None if instrument is None else {"instrument": instrument}
    records = list(view.entries(dimension=dimension))
    records.sort(key=lambda record: (record.is_provisional, record.position))
    positions = Positions(accounts, rounding=rounding, instrument=instrument)
    for record in records:
        positions.apply(record.entry)
    return positions


_COLUMNS: Final = (
    Column("owner", "Owner"),
    Column("instrument", "Instrument"),
    Column("lots", "Lots", "integer"),
    Column("quantity", "Units of the lots", "amount"),
    Column("recorded", "Stock record", "amount"),
    Column("difference", "Difference", "amount"),
    Column("cost", "Cost of the lots", "balance"),
)


def reconcile(
    view: bl.LedgerView, accounts: LotAccounts, owners: Iterable[str]
) -> Table:
    """Return the units of the lots beside those of the stock record.

    The table's total ``difference`` is empty where they agree, and so is
    ``cost difference``: the cost of all lots less what the accounts of securities hold.

    Args:
        view: of the book.
        accounts: those that say what becomes of lots.
        owners: those who have lots, the firm's portfolios.

    Raises:
        UnknownAccount: the stock record has no account for an owner.
    """
    positions = read_positions(view, accounts)
    rows: list[Row] = []
    differences = bl.Balance()
    costs = bl.Balance()
    for owner in owners:
        recorded = view.balance(f"{accounts.owner}:{owner}")
        held = {
            position.pool.instrument: position
            for key, position in positions.items()
            if key[0] == owner
        }
        units = sorted(
            {*held, *(amount.commodity for amount in recorded)}, key=lambda u: u.code
        )
        for unit in units:
            found = held.get(unit)
            quantity = (
                bl.Amount.from_minor(0, unit) if found is None else found.quantity
            )
            cost = bl.Balance() if found is None else bl.Balance([found.pool.cost])
            difference = quantity - recorded[unit]
            differences += difference
            costs += cost
            count = 0 if found is None else len(found.pool)
            rows.append(
                Row(
                    [
                        owner,
                        unit.code,
                        count,
                        quantity,
                        recorded[unit],
                        difference,
                        cost,
                    ]
                )
            )
    booked, chart = bl.Balance(), view.accounts()
    for path in filter(chart.__contains__, sorted(accounts.cost)):
        booked += view.balance(path)
    return Table(
        "Lots and the stock record",
        _COLUMNS,
        rows,
        totals={"difference": differences, "cost difference": costs - booked},
    )
