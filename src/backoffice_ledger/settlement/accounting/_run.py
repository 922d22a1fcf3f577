"""Events that are booked together: completed and checked by what the book says."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from fractions import Fraction

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    ConditionFailed,
    InvalidOption,
    LimitBreached,
    NotPermitted,
    UnknownAccount,
    UnknownRecord,
)
from backoffice_ledger.interest import Rounding
from backoffice_ledger.settlement.accounting import _trade_events as events
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._events import SettlementEvent
from backoffice_ledger.settlement.accounting._open import OpenTrades, in_log_order
from backoffice_ledger.settlement.accounting._position_events import Marked
from backoffice_ledger.settlement.accounting._rules import PostingRules
from backoffice_ledger.settlement.accounting._trade_events import Obligation
from backoffice_ledger.settlement.accounting._trades import open_obligation
from backoffice_ledger.settlement.lots import (
    AVERAGE_LOT,
    LotMethods,
    LotPart,
    Method,
    Position,
    Positions,
)


@attrs.define
class Run:
    """Events that are booked together: what was read of the book for them.

    Attributes:
        ledger: the book.
        rules: what is booked.
        rounding: of what a part of a lot costs, and of what a position is worth.
        recent: entries of a database transaction that goes on, before or during these
            events: on PostgreSQL they have no position yet, and no view shows them.
        read: positions by code of the instrument.
        versions: of accounts, before the positions were read.
        methods: by which lots are picked, by day, owner and code of the instrument.
        interest: what was bought with bonds, by code of the instrument, and by owner
            and currency, in minor units.
    """

    ledger: bl.Ledger
    rules: PostingRules
    rounding: Rounding
    recent: list[bl.Record]
    read: dict[str, Positions] = attrs.field(factory=dict)
    versions: dict[str, int] = attrs.field(factory=dict)
    methods: dict[tuple[date, str, str], Method] = attrs.field(factory=dict)
    interest: dict[str, dict[tuple[str, bl.Commodity], int]] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        found = [self._find(record.id) for record in self.recent]
        self.recent[:] = [item for item in found if item and item.is_provisional]

    @property
    def accounts(self) -> SettlementAccounts:
        """Where it is booked."""
        return self.rules.accounts

    # --- posting ---------------------------------------------------------------------

    def post_all(self, items: Iterable[SettlementEvent]) -> tuple[bl.Record, ...]:
        """Book events in their order."""
        return tuple(record for event in items for record in self.post(event))

    def post(self, event: SettlementEvent) -> list[bl.Record]:
        """Book one event."""
        complete = self.complete(event)
        return [self._post(draft.to_entry()) for draft in self.rules.entries(complete)]

    def _post(self, entry: bl.Entry) -> bl.Record:
        if self._find(entry.id) is not None:
            return self.ledger.post(entry)  # the first record, or a conflict
        versions, self.versions = self.versions, {}
        record = self.ledger.post(entry, versions=versions)
        if record.is_provisional:
            self.recent.append(record)
        for positions in self.read.values():
            positions.apply(entry)
        for code, bought in self.interest.items():
            self._add_interest(bought, code, entry)
        return record

    def _find(self, id_: str) -> bl.Record | None:
        try:
            return self.ledger.record(id_)
        except UnknownRecord:
            return None

    # --- completing events -----------------------------------------------------------

    def complete(self, event: SettlementEvent) -> SettlementEvent:
        """Return an event with what the book knows, checked against the book."""
        match event:
            case events.TradeExecuted(capacity="principal"):
                return self._executed(event)
            case events.TradeCancelled():
                return self._cancelled(event)
            case events.TradeSettled(obligation=part, failing=failing):
                self._check_open(f"settled/{event.part}", [part], failing=failing)
            case events.TradeFailing(obligation=part):
                self._check_open(f"failing/{event.part}", [part], failing=False)
            case events.FailResolved(obligation=part):
                self._check_open(f"resolved/{event.part}", [part], failing=True)
            case events.Netted():
                if self._find(f"settlement/{event.netting_id}/netted/1") is None:
                    self._check_open(None, event.obligations, failing=False)
        return event

    def _executed(self, trade: events.TradeExecuted) -> events.TradeExecuted:
        if trade.lot is not None or trade.lots:
            return trade
        record = self._find(f"settlement/{trade.trade_id}/executed")
        if record is not None:
            return self._as_recorded(trade, record)
        method = self._method(trade.date, trade.owner, trade.instrument.code)
        position = self._position(trade.owner, trade.instrument)
        account = self.accounts.securities(trade.category)
        if position is not None and position.pool.quantity:
            if position.account != account:
                raise InvalidOption(
                    "another measurement is another owner, a portfolio of its own",
                    field="category",
                    expected=f"one that is kept on {position.account}",
                    found=trade.category,
                )
            is_pool = AVERAGE_LOT in position.pool
            if is_pool is not (method == "average"):
                raise InvalidOption(
                    "a position changes to average cost, or from it, while it is empty",
                    field="method",
                    expected="average" if is_pool else "a method of single lots",
                    found=method,
                )
        if trade.is_opening:
            lot = AVERAGE_LOT if method == "average" else None
            return attrs.evolve(trade, lot=lot)
        if position is None:
            raise LimitBreached(
                "a short sale is no regular-way trade",
                field="quantity",
                expected=f"at most 0 {trade.instrument}",
                found=trade.quantity,
            )
        purchased = self._purchased_interest(trade, position.pool.quantity)
        lots = position.pool.match(trade.quantity, method, chosen=trade.chosen or None)
        return attrs.evolve(trade, lots=lots, accrued_purchased=purchased)

    def _purchased_interest(
        self, trade: events.TradeExecuted, held: bl.Amount
    ) -> bl.Amount | None:
        """Return what of a bond's accrued interest was itself bought with it.

        That of the whole position, by the share of it that is sold.
        """
        if trade.accrued is None or trade.accrued_purchased is not None:
            return trade.accrued_purchased
        code, money = trade.instrument.code, trade.accrued.commodity
        bought = self.interest.get(code)
        if bought is None:
            bought = self.interest[code] = {}
            for record in self._records({"instrument": code}):
                self._add_interest(bought, code, record.entry)
        share = Fraction(
            bought.get((trade.owner, money), 0) * trade.quantity.minor_units,
            held.minor_units * 10**money.scale,
        )
        return bl.Amount.rounded(share, money, rounding=self.rounding) or None

    def _add_interest(
        self, bought: dict[tuple[str, bl.Commodity], int], code: str, entry: bl.Entry
    ) -> None:
        """Add what an entry says of interest that was bought with a bond."""
        for posting in entry.postings:
            named = posting.dimensions
            if (
                posting.account == self.accounts.purchased_interest
                and named.get("instrument") == code
            ):
                key = (named["owner"], posting.amount.commodity)
                bought[key] = bought.get(key, 0) + posting.signed.minor_units

    def _method(self, day: date, owner: str, code: str) -> Method:
        """Return the method that is valid for a sale; it is asked for once."""
        found = self.methods.get((day, owner, code))
        if found is None:
            found = LotMethods(self.ledger).on(day, owner=owner, instrument=code)
            self.methods[day, owner, code] = found
        return found

    def _as_recorded(
        self, trade: events.TradeExecuted, record: bl.Record
    ) -> events.TradeExecuted:
        """Return a trade with the lots that its entry names."""
        lots = recorded_lots(record.entry, self.accounts)
        if not trade.is_opening:
            purchased = trade.accrued_purchased
            if purchased is None:
                purchased = self._recorded_interest(record)
            return attrs.evolve(trade, lots=lots, accrued_purchased=purchased)
        return attrs.evolve(trade, lot=lots[0].lot if lots else None)

    def _recorded_interest(self, record: bl.Record) -> bl.Amount | None:
        """Return what a sale took of the interest that was bought."""
        account = self.accounts.purchased_interest
        found = (p for p in record.entry.postings if p.account == account)
        return next((-posting.signed for posting in found), None)

    def _cancelled(self, event: events.TradeCancelled) -> events.TradeCancelled:
        trade = event.trade
        record = self.ledger.record(f"settlement/{trade.trade_id}/executed")
        if trade.capacity == "principal":
            trade = self._as_recorded(trade, record)
        drafts = self.rules.entries(trade)
        if [draft.to_entry() for draft in drafts] != [record.entry]:
            raise InvalidOption(
                field="trade", expected="the trade as it was executed", found=trade
            )
        before = self._find(f"settlement/{trade.trade_id}/cancelled")
        if before is not None:
            return self._as_cancelled(event, trade, before.entry)
        is_failing = self._find_whole(trade.obligation)
        adjustment = None
        if trade.capacity == "principal" and trade.is_opening:
            adjustment = self._adjustment_of(trade)
        return attrs.evolve(
            event, trade=trade, failing=is_failing, adjustment=adjustment
        )

    def _as_cancelled(
        self,
        event: events.TradeCancelled,
        trade: events.TradeExecuted,
        entry: bl.Entry,
    ) -> events.TradeCancelled:
        """Return a cancellation as its entry says."""
        accounts = self.accounts
        failed = {accounts.failed_to_deliver, accounts.failed_to_receive}
        adjustment = None
        if trade.is_opening:
            for posting in entry.postings:
                if posting.account in accounts.lots.adjustment:
                    is_short = trade.category == "short"
                    adjustment = posting.signed if is_short else -posting.signed
        return attrs.evolve(
            event,
            trade=trade,
            failing=any(posting.account in failed for posting in entry.postings),
            adjustment=adjustment,
        )

    def _find_whole(self, obligation: Obligation) -> bool:
        """Return whether an obligation, nothing of it settled, is failing.

        Raises:
            NotPermitted: a part of it was settled or netted.
        """
        found = self._open_of(obligation.id)
        for is_failing in (False, True):
            lines = open_lines(self.accounts, obligation, failing=is_failing)
            if all(found[key] == units for key, units in lines.items()):
                return is_failing
        raise NotPermitted(
            "only what is wholly open can be taken back",
            field="trade",
            expected="a trade of which nothing was settled or netted",
            found=obligation.id,
        )

    def _adjustment_of(self, trade: events.TradeExecuted) -> bl.Amount | None:
        """Return the changes of value that a purchase takes with it.

        Raises:
            NotPermitted: units of it were sold.
        """
        position = self._position(trade.owner, trade.instrument)
        name = trade.lot or trade.trade_id
        lot = position.pool.lot(name) if position and name in position.pool else None
        if lot is None or lot.quantity < trade.quantity:
            raise NotPermitted(
                "take the sale back first",
                field="trade",
                expected=f"a purchase that still has {trade.quantity}",
                found=None if lot is None else lot.quantity,
            )
        if lot.quantity == trade.quantity:
            return lot.adjustment or None
        share = Fraction(
            lot.adjustment.minor_units * trade.quantity.minor_units,
            lot.quantity.minor_units * 10**lot.adjustment.commodity.scale,
        )
        unit = lot.adjustment.commodity
        return bl.Amount.rounded(share, unit, rounding=self.rounding) or None

    # --- what is open ----------------------------------------------------------------

    def _open_of(self, trade: str) -> Mapping[tuple[str, bl.Commodity], int]:
        """Return what is owed and pending of a trade."""
        return self._open_trades({"trade": trade}).of(trade)

    def _open_trades(self, dimension: Mapping[str, str]) -> OpenTrades:
        trades = OpenTrades(self.accounts)
        for record in self._records(dimension):
            trades.apply(record)
        return trades

    def _records(self, dimension: Mapping[str, str]) -> list[bl.Record]:
        """Return the entries of which a posting carries a dimension."""
        records = in_log_order(self.ledger.view(), dimension)
        if self.recent:
            wanted = dimension.items()
            records += [
                record
                for record in self.recent
                if any(
                    wanted <= posting.dimensions.items()
                    for posting in record.entry.postings
                )
            ]
        return records

    def _check_open(
        self, what: str | None, parts: Iterable[Obligation], *, failing: bool
    ) -> None:
        """Check that no more is settled, failing or netted than is open.

        Raises:
            LimitBreached: it is more.
        """
        for part in parts:
            if what and self._find(f"settlement/{part.id}/{what}") is not None:
                return
            found = self._open_of(part.id)
            lines = open_lines(self.accounts, part, failing=failing)
            for (account, unit), units in lines.items():
                left = found[account, unit]
                if units and (units * left <= 0 or abs(units) > abs(left)):
                    raise LimitBreached(
                        field="obligation",
                        expected=f"at most {bl.Amount.from_minor(abs(left), unit)}"
                        f" of {part.id} on {account}",
                        found=bl.Amount.from_minor(abs(units), unit),
                    )

    # --- positions -------------------------------------------------------------------

    def _positions(self, code: str) -> Positions:
        found = self.read.get(code)
        if found is None:
            self._watch()
            found = Positions(self.accounts.lots, rounding=self.rounding)
            for record in self._records({"instrument": code}):
                found.apply(record.entry)
            self._prove(found)
            self.read[code] = found
        return found

    def _watch(self) -> None:
        """Note the versions of the accounts that say what becomes of lots.

        What is read after that is stale if they have moved on when it is posted.
        """
        accounts = self.accounts
        for path in (
            *map(accounts.owner, accounts.house),
            *sorted(accounts.lots.adjustment),
        ):
            with suppress(UnknownAccount):  # that of a category which the book lacks
                self.versions[path] = self.ledger.accounts.balances(path).version

    def _prove(self, positions: Positions) -> None:
        """Check that the lots are those of the stock record.

        Raises:
            ConditionFailed: they are not, for somebody booked units without lots, or
                posts at this moment.
        """
        for (owner, _), position in positions.items():
            held = self.ledger.balance(self.accounts.owner(owner))
            units = position.quantity
            if held[units.commodity] != units:
                raise ConditionFailed(
                    "lots and stock record differ: reconcile() says where",
                    field="lots",
                    expected=str(held[units.commodity]),
                    found=units,
                )

    def _position(self, owner: str, instrument: bl.Commodity) -> Position | None:
        return self._positions(instrument.code).get((owner, instrument.code))

    def mark(
        self, day: date, prices: Iterable[tuple[str, Fraction]], part: int
    ) -> tuple[bl.Record, ...]:
        """Book the changes of fair value since the last valuation."""
        records: list[bl.Record] = []
        for code, price in prices:
            trades = self._open_trades({"instrument": code})
            for position in list(self._positions(code).values()):
                event = self._marked(position, trades, day, price, part)
                if event is not None:
                    records.extend(self.post(event))
        return tuple(records)

    def _marked(
        self,
        position: Position,
        trades: OpenTrades,
        day: date,
        price: Fraction,
        part: int,
    ) -> Marked | None:
        accounts = self.accounts
        category = accounts.category(position.account)
        pool = position.pool
        if category == "amortised-cost":
            return None

        def value_of(units: int) -> bl.Amount:
            exact = price * units / 10**pool.instrument.scale
            return bl.Amount.rounded(exact, pool.currency, rounding=self.rounding)

        change = value_of(pool.quantity.minor_units) - pool.cost - pool.adjustment
        if not change:
            return None
        coming = {
            trade: value_of(units) - bl.Amount.from_minor(booked, pool.currency)
            for trade, (units, booked) in self._coming(position, trades).items()
        }
        return Marked(
            date=day,
            instrument=pool.instrument,
            value=value_of(pool.quantity.minor_units),
            change=change,
            to_be_received={trade: item for trade, item in coming.items() if item},
            owner=position.owner,
            category=category,
            part=part,
        )

    def _coming(
        self, position: Position, trades: OpenTrades
    ) -> dict[str, tuple[int, int]]:
        """Return units to be received by trade, and what is booked for them so far.

        Of a purchase that was sold before it came, only the rest counts.
        """
        pool = position.pool
        found: dict[str, tuple[int, int]] = {}
        coming = trades.to_be_received(pool.instrument, position.owner)
        for trade, (units, cost, change) in coming.items():
            lot = pool.lot(trade) if trade in pool else None
            if lot is not None and lot.quantity.minor_units < units:
                units, cost = lot.quantity.minor_units, lot.cost.minor_units
            elif (
                lot is None and AVERAGE_LOT not in pool and not trades.is_netting(trade)
            ):
                units = cost = 0
            found[trade] = units, cost + change
        return found


def open_lines(
    accounts: SettlementAccounts, obligation: Obligation, *, failing: bool
) -> dict[tuple[str, bl.Commodity], int]:
    """Return what an obligation is on the accounts, debits positive."""
    return {
        (account, amount.commodity): amount.minor_units
        for account, amount, _ in open_obligation(accounts, obligation, failing=failing)
    }


def recorded_lots(entry: bl.Entry, accounts: SettlementAccounts) -> tuple[LotPart, ...]:
    """Return the lots that the entry of a trade names, in its order."""
    units: dict[str, bl.Amount] = {}
    cost: dict[str, bl.Amount] = {}
    change: dict[str, bl.Amount] = {}
    for posting in entry.postings:
        lot = posting.dimensions.get("lot")
        if lot is None:
            continue
        if posting.account in accounts.lots.cost:
            cost[lot] = posting.amount
        elif posting.account in accounts.lots.adjustment:
            is_short = posting.account == accounts.fair_value_short
            change[lot] = posting.signed if is_short else -posting.signed
        else:
            units[lot] = posting.amount
    return tuple(
        LotPart(
            lot,
            quantity,
            cost[lot],
            change.get(lot, bl.Amount.from_minor(0, cost[lot].commodity)),
        )
        for lot, quantity in units.items()
    )
