"""What is booked and not settled yet, and the books without it.

Entries are made on the trade date.  What is open of a trade can be asked at any time,
for every posting of it carries the trade.  Settlement-date accounting is a projection:
what is booked, less the open part of what was booked for purchases and sales.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._lines import postings

Sums = defaultdict[tuple[str, bl.Commodity], int]
"""Minor units by account and commodity, debits positive."""


def _sums() -> Sums:
    return defaultdict(int)


def _share(whole: int, part: int, of: int) -> int:
    """Return ``whole * part / of``, rounded half away from zero."""
    number, divisor = 2 * abs(whole * part), 2 * abs(of)
    rounded = (number + abs(of)) // divisor
    return rounded if (whole * part < 0) is (of < 0) else -rounded


@attrs.define
class _Trade:
    """A trade or a netting, as far as entries say.

    Attributes:
        held: what was booked for it beside what is owed: cost, fees, result, units.
        open: what is owed and pending now.
        change: changes of fair value of units that are still to be received.
        counterparty: of what is open.
        is_netting: whether it took the place of trades.
    """

    held: Sums = attrs.field(factory=_sums)
    open: Sums = attrs.field(factory=_sums)
    change: Sums = attrs.field(factory=_sums)
    counterparty: str = ""
    is_netting: bool = False

    @property
    def is_open(self) -> bool:
        """Whether anything is owed or pending."""
        return any(self.open.values())


_Moved = tuple[Sums, Sums | None, Sums]
"""From where, to where (None: nowhere), and what."""


@final
class OpenTrades:
    """The trades of a book that are not settled: a projection of its records.

    Args:
        accounts: of the book.
    """

    def __init__(self, accounts: SettlementAccounts) -> None:
        self._accounts = accounts
        self._money = accounts.open_money
        self._locations = accounts.open_locations
        # Short sales are no regular-way trades: nothing of them is held back.
        self._cost = accounts.lots.cost - accounts.lots.short
        self._adjustment = accounts.lots.adjustment - {accounts.fair_value_short}
        self._trades: dict[str, _Trade] = {}
        self._open: dict[str, _Trade] = {}
        self._moved: dict[str, list[_Moved]] = {}

    # --- reading entries -------------------------------------------------------------

    def apply(self, record: bl.Record) -> Sums:
        """Take in an entry; return what it says in settlement-date accounting."""
        entry = record.entry
        what = _what(record.reverses or record.id)
        touched = self._touched(entry)
        result = _sums()
        self._add_parts(result, touched, 1)
        for posting in entry.postings:
            key = posting.account, posting.amount.commodity
            result[key] += posting.signed.minor_units
        if what == "netted" and record.reverses is None:
            self._net(record.id, touched)
        pending = {name: self._pending(trade) for name, trade in touched.items()}
        self._read(entry, what)
        if record.reverses is None:
            self._settle(record.id, touched, pending)
        else:
            self._take_back(record.reverses)
        self._add_parts(result, touched, -1)
        for name, trade in touched.items():
            if trade.is_open:
                self._open[name] = trade
            else:
                self._open.pop(name, None)
        return result

    def _touched(self, entry: bl.Entry) -> dict[str, _Trade]:
        found: dict[str, _Trade] = {}
        for posting in entry.postings:
            name = posting.dimensions.get("trade")
            if name is not None:
                found[name] = self._trades.setdefault(name, _Trade())
        return found

    def _read(self, entry: bl.Entry, what: str) -> None:
        is_own = any(posting.account in self._cost for posting in entry.postings)
        is_execution = is_own and what in ("executed", "cancelled")
        for posting in entry.postings:
            name = posting.dimensions.get("trade")
            if name is None:
                continue
            trade = self._trades[name]
            key = posting.account, posting.amount.commodity
            units = posting.signed.minor_units
            if posting.account in self._money or posting.account in self._locations:
                trade.open[key] += units
                trade.counterparty = posting.dimensions.get(
                    "counterparty", trade.counterparty
                )
                if what == "split" and trade.held:
                    owner = self._accounts.owner(posting.dimensions["owner"])
                    trade.held[owner, key[1]] -= units
            elif is_execution:
                trade.held[key] += units
            elif posting.account in self._adjustment:
                trade.change[key] += units

    def _net(self, id_: str, touched: dict[str, _Trade]) -> None:
        """Move what is open of trades to the netting that takes their place."""
        target = self._trades.setdefault(id_.split("/")[1], _Trade())
        target.is_netting = True
        for trade in touched.values():
            if trade.held and trade.is_open and trade is not target:
                self._move(id_, (trade.held, target.held, self._held_part(trade)))
                self._move(id_, (trade.change, target.change, trade.change.copy()))

    def _settle(
        self, id_: str, touched: dict[str, _Trade], pending: dict[str, int]
    ) -> None:
        """Let go the changes of value of units that are pending no longer."""
        for name, trade in touched.items():
            before, left = pending[name], self._pending(trade)
            if trade.change and abs(left) < abs(before):
                gone = _sums()
                for key, units in trade.change.items():
                    gone[key] = units - _share(units, left, before)
                self._move(id_, (trade.change, None, gone))

    def _move(self, id_: str, moved: _Moved) -> None:
        self._moved.setdefault(id_, []).append(moved)
        _transfer(moved, 1)

    def _take_back(self, id_: str) -> None:
        for moved in self._moved.pop(id_, []):
            _transfer(moved, -1)

    # --- what is open ----------------------------------------------------------------

    def _add_parts(self, sums: Sums, trades: dict[str, _Trade], sign: int) -> None:
        """Add the open parts of trades as purchases and sales."""
        receivable = self._accounts.receivable_fair_value
        for trade in trades.values():
            if not any(trade.held.values()):
                continue  # not of the firm itself, or its booking was taken back
            for part in (trade.open, self._held_part(trade)):
                for key, units in part.items():
                    sums[key] += sign * units
            for (account, unit), units in trade.change.items():
                sums[account, unit] += sign * units
                sums[receivable, unit] -= sign * units

    def _held_part(self, trade: _Trade) -> Sums:
        """Return the open part of what was booked: it makes up for what is owed."""
        owed_by_unit: defaultdict[bl.Commodity, int] = defaultdict(int)
        for (_, unit), units in trade.open.items():
            owed_by_unit[unit] += units
        result = _sums()
        for unit, owed in owed_by_unit.items():
            lines = {key: n for key, n in trade.held.items() if key[1] == unit and n}
            whole = -sum(lines.values())
            left = -owed
            for key, units in lines.items():
                part = (
                    _share(units, owed, whole) if whole else self._coming(trade, units)
                )
                result[key] += part
                left -= part
            if left:
                result[max(lines, key=lambda key: abs(lines[key]))] += left
        return result

    def _coming(self, trade: _Trade, whole: int) -> int:
        """Return a part of *whole* in proportion to the units that are open."""
        prefix = f"{self._accounts.stock_owner}:"
        owned = sum(n for key, n in trade.held.items() if key[0].startswith(prefix))
        return _share(whole, self._pending(trade), -owned) if owned else 0

    def _pending(self, trade: _Trade) -> int:
        return sum(n for key, n in trade.open.items() if key[0] in self._locations)

    # --- questions -------------------------------------------------------------------

    def to_be_received(
        self, instrument: bl.Commodity, owner: str
    ) -> dict[str, tuple[int, int, int]]:
        """Return purchases of an owner that are open, by trade, in minor units.

        Of each: the units to come, what they cost, and the change of their value that
        is booked so far.
        """
        found: dict[str, tuple[int, int, int]] = {}
        key = self._accounts.owner(owner), instrument
        for name, trade in self._open.items():
            pending = -self._pending(trade)
            if pending > 0 and trade.held.get(key):
                cost = sum(
                    units
                    for (account, _), units in self._held_part(trade).items()
                    if account in self._cost
                )
                found[name] = pending, cost, sum(trade.change.values())
        return found

    def is_netting(self, trade: str) -> bool:
        """Return whether it took the place of trades."""
        return self._trades[trade].is_netting

    def rows(self) -> Iterator[tuple[str, str, bl.Balance, bl.Balance, bl.Balance]]:
        """Yield trade, counterparty, units, money, and money that is failing."""
        failed = {
            self._accounts.failed_to_deliver,
            self._accounts.failed_to_receive,
        }
        for name, trade in sorted(self._open.items()):
            units, money, failing = bl.Balance(), bl.Balance(), bl.Balance()
            for (account, unit), minor_units in trade.open.items():
                amount = bl.Amount.from_minor(minor_units, unit)
                if account in self._locations:
                    units -= amount
                else:
                    money += amount
                    failing += amount if account in failed else bl.Balance()
            yield name, trade.counterparty, units, money, failing


def _transfer(moved: _Moved, sign: int) -> None:
    source, target, amounts = moved
    for key, units in amounts.items():
        source[key] -= sign * units
        if target is not None:
            target[key] += sign * units


def _what(id_: str) -> str:
    """Return what an entry of the rules is about, from its id."""
    parts = id_.split("/")
    return parts[2] if len(parts) > 2 and parts[0] == "settlement" else ""


def in_log_order(records: Iterable[bl.Record]) -> list[bl.Record]:
    """Return entries of a view in the order in which they were recorded."""
    return sorted(records, key=lambda record: (record.is_provisional, record.position))


def read_open_trades(view: bl.LedgerView, accounts: SettlementAccounts) -> OpenTrades:
    """Return the open trades of a book."""
    trades = OpenTrades(accounts)
    for record in in_log_order(view.entries()):
        trades.apply(record)
    return trades


_OPEN_COLUMNS: Final = (
    Column("trade", "Trade"),
    Column("counterparty", "Counterparty"),
    Column("units", "Units to come", "balance"),
    Column("money", "Money to come", "balance"),
    Column("failing", "of it failing", "balance"),
)


def open_obligations(view: bl.LedgerView, accounts: SettlementAccounts) -> Table:
    """Return what is booked and not settled, trade by trade.

    Units and money are signed as we see them: negative ones are to leave us.  A trade
    that is settled is not in the table, for its open balances are zero.

    Args:
        view: of the book, as of a day.
        accounts: of the book.
    """
    rows = list(read_open_trades(view, accounts).rows())
    return Table(
        "Open obligations",
        _OPEN_COLUMNS,
        [Row(row) for row in rows],
        subtitle="" if view.as_of is None else f"as of {view.as_of}",
        totals={"money": sum((row[3] for row in rows), bl.Balance())},
    )


def settlement_date_entries(
    records: Iterable[bl.Record], accounts: SettlementAccounts
) -> Iterator[bl.Entry]:
    """Yield the entries of settlement-date accounting from those of the trade date.

    Purchases and sales of the firm itself are recognised when, and as far as, they are
    settled (IFRS 9 3.1.2).  Meanwhile changes of the fair value of what is to be
    received stand on *receivable_fair_value* (IFRS 9 B3.1.6); what was sold is not
    valued any more.  All else, such as dividends and currency trades, stays as it is.
    Once all is settled, both ways have the same balances.

    The entries keep their ids and dates, and carry no dimensions; an entry of which
    nothing is recognised yet is left out.

    Args:
        records: the entries of a book in the order of the log.
        accounts: of the book.
    """
    trades = OpenTrades(accounts)
    for record in records:
        moved = sorted(trades.apply(record).items(), key=lambda item: item[1] < 0)
        found = postings(
            (account, bl.Amount.from_minor(units, unit), {})
            for (account, unit), units in moved
        )
        if found:
            yield bl.Entry(
                record.id,
                record.entry.date,
                found,
                description=record.entry.description,
                references=record.entry.references,
            )


_BASIS_COLUMNS: Final = (
    Column("account", "Account"),
    Column("trade_date", "Trade date", "balance"),
    Column("open", "Open", "balance"),
    Column("settlement_date", "Settlement date", "balance"),
)


def settlement_date_balances(
    view: bl.LedgerView, accounts: SettlementAccounts
) -> Table:
    """Return every balance by trade date, what is open of it, and by settlement date.

    Debits are positive, credits negative.  See `settlement_date_entries`.

    Args:
        view: of the book, as of a day.
        accounts: of the book.
    """
    records = in_log_order(view.entries())
    booked: dict[str, bl.Balance] = defaultdict(bl.Balance)
    settled: dict[str, bl.Balance] = defaultdict(bl.Balance)
    for record in records:
        _add_to(booked, record.entry)
    for entry in settlement_date_entries(records, accounts):
        _add_to(settled, entry)
    rows = [
        Row([path, booked[path], booked[path] - settled[path], settled[path]])
        for path in sorted({*booked, *settled})
        if booked[path] or settled[path]
    ]
    return Table(
        "Trade date and settlement date",
        _BASIS_COLUMNS,
        rows,
        subtitle="" if view.as_of is None else f"as of {view.as_of}",
    )


def _add_to(balances: dict[str, bl.Balance], entry: bl.Entry) -> None:
    for posting in entry.postings:
        balances[posting.account] += posting.signed
