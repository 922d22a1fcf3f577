"""Events that are booked together: completed and checked by what the book says."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    ConditionFailed,
    InvalidOption,
    LedgerError,
    LimitBreached,
    NotPermitted,
    UnknownRecord,
)
from backoffice_ledger.interest import Rounding
from backoffice_ledger.settlement.accounting import _trade_events as events
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._events import SettlementEvent
from backoffice_ledger.settlement.accounting._issuer_events import CustomerPaid
from backoffice_ledger.settlement.accounting._kept import Holdings, Shelf, instruments
from backoffice_ledger.settlement.accounting._open import OpenTrades, Sums
from backoffice_ledger.settlement.accounting._position_events import (
    CouponPaid,
    DividendClaim,
    DividendClaimPaid,
    Marked,
    PenaltyPaid,
)
from backoffice_ledger.settlement.accounting._recorded import recorded_lots
from backoffice_ledger.settlement.accounting._rules import PostingRules, entry_ids
from backoffice_ledger.settlement.accounting._trade_events import Obligation
from backoffice_ledger.settlement.accounting._trades import (
    customer_account,
    open_obligation,
)
from backoffice_ledger.settlement.lots import AVERAGE_LOT, Position
from backoffice_ledger.settlement.lots._methods import Choices, read_choices


@attrs.define
class Run:
    """Events that are booked together, in one transaction.

    What the book says of them is read first, for all of them at once.  Then they are
    completed one after another, and what is known is kept up to date; in the end all
    entries are posted.

    Attributes:
        ledger: the book.
        rules: what is booked.
        rounding: of what a part of a lot costs, and of what a position is worth.
        shelf: what is kept of the book.
        known: entries by id: those that the book has, and those that are drafted.
        drafted: all entries of these events, in order.
        new: ids of those that the book does not have.
        holdings: positions by code of the instrument.
        held: units by owner, before the positions were read.
        versions: of accounts, then.
        choices: of the methods by which lots are picked.
        open: what is owed and pending, by trade.
        owed: what customers are owed, by owner.
    """

    ledger: bl.Ledger
    rules: PostingRules
    rounding: Rounding
    shelf: Shelf = attrs.field(init=False)
    known: dict[str, bl.Entry] = attrs.field(factory=dict)
    drafted: list[bl.Entry] = attrs.field(factory=list)
    new: set[str] = attrs.field(factory=set)
    holdings: dict[str, Holdings] = attrs.field(factory=dict)
    held: dict[str, bl.Balance] = attrs.field(factory=dict)
    versions: dict[str, int] = attrs.field(factory=dict)
    choices: Choices = attrs.field(factory=Choices)
    open: dict[str, Sums] = attrs.field(factory=dict)
    owed: dict[str, Sums] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(self.ledger, self.accounts, self.rounding)

    @property
    def accounts(self) -> SettlementAccounts:
        """Where it is booked."""
        return self.rules.accounts

    # --- posting ---------------------------------------------------------------------

    def post_all(self, items: Sequence[SettlementEvent]) -> tuple[bl.Record, ...]:
        """Book events in their order."""
        self._read(items)
        for event in items:
            try:
                self._draft(self.complete(event))
            except LedgerError:
                self._post()  # an entry before it may be refused, which comes first
                raise
        return self._post()

    def _draft(self, event: SettlementEvent) -> None:
        for draft in self.rules.entries(event):
            entry = draft.to_entry()
            self.drafted.append(entry)
            if entry.id not in self.known:
                self.known[entry.id] = entry
                self.new.add(entry.id)
                self._take_in(entry)

    def _take_in(self, entry: bl.Entry) -> None:
        """Keep what is known up to date with an entry that is to be posted."""
        for code in instruments(entry) & self.holdings.keys():
            self.holdings[code].add(entry)
        customers = self.accounts.customer_receivable, self.accounts.customer_payable
        for kept, dimension in ((self.open, "trade"), (self.owed, "owner")):
            for posting in entry.postings if kept else ():
                sums = kept.get(posting.dimensions.get(dimension, ""))
                is_left_out = kept is self.open and _is_claim(entry.id)
                is_left_out = is_left_out and posting.account in customers
                if sums is not None and not is_left_out:
                    amount = posting.signed
                    sums[posting.account, amount.commodity] += amount.minor_units

    def _post(self) -> tuple[bl.Record, ...]:
        records = self.ledger.post_all(self.drafted, versions=self.versions)
        for record in records:
            if record.id in self.new:
                self.new.discard(record.id)
                codes = instruments(record.entry) & self.holdings.keys()
                self.shelf.note(record, codes)
        return records

    # --- reading ---------------------------------------------------------------------

    def _read(self, items: Sequence[SettlementEvent]) -> None:
        """Read what the book says of events, for all of them at once."""
        self._know(
            id_
            for event in items
            for id_ in (*entry_ids(event), *map(_cancelled_id, _claims(event)))
        )
        executed = [
            event
            for event in items
            if isinstance(event, events.TradeExecuted) and self._needs_lots(event)
        ]
        taken_back = [
            event.trade
            for event in items
            if isinstance(event, events.TradeCancelled)
            and event.trade.capacity == "principal"
            and event.trade.is_opening
            and not self._has(event.trade.trade_id, "cancelled")
        ]
        trades = [*executed, *taken_back]
        self._watch({trade.owner for trade in trades})
        for code in sorted({trade.instrument.code for trade in trades}):
            self._hold(code)
        self.choices = read_choices(
            self.ledger, {(trade.owner, trade.instrument.code) for trade in executed}
        )
        named = {id_ for event in items for id_ in self._settles(event)}
        self._watch_open(
            event for event in items if not self.known.keys() & entry_ids(event)[:1]
        )
        self._read_open(named)
        agents = {
            event.trade.trade_id: event.trade
            for event in items
            if isinstance(event, (events.CustomerSettled, events.TradeCancelled))
            and event.trade.capacity == "agent"
            and event.trade.trade_id in self.open
        }
        for trade in agents.values():
            self._leave_claims_out(trade)
        self._read_owed({e.owner for e in items if isinstance(e, CustomerPaid)})

    def _know(self, ids: Iterable[str]) -> None:
        found = self.ledger.view().find(ids)
        self.known.update((record.id, record.entry) for record in found)

    def _has(self, *parts: str) -> bool:
        return _id(*parts) in self.known

    def _needs_lots(self, trade: events.TradeExecuted) -> bool:
        """Whether the book is to say which lots a trade makes or takes."""
        return (
            trade.capacity == "principal"
            and trade.lot is None
            and not trade.lots
            and not self._has(trade.trade_id, "executed")
        )

    def _settles(self, event: SettlementEvent) -> list[str]:
        """Return the trades of which something must be open for an event."""
        match event:
            case events.CustomerSettled(trade=trade, cash=None):
                return [trade.trade_id]  # what is left is what is open
        if self.known.keys() & entry_ids(event)[:1]:
            return []
        match event:
            case events.CustomerSettled() | events.FxTradeSettled():
                return [event.trade.trade_id]
            case DividendClaimPaid(claim=claim):
                return [claim.obligation.id]
            case PenaltyPaid(penalties=penalties):
                return [penalty.obligation_id for penalty in penalties]
            case events.TradeCancelled(trade=trade):
                return [trade.trade_id]
            case (
                events.TradeSettled(obligation=part)
                | events.TradeFailing(obligation=part)
                | events.FailResolved(obligation=part)
            ):
                return [part.id]
            case events.Netted(obligations=parts):
                return [part.id for part in parts]
        return []

    def _read_open(self, trades: set[str]) -> None:
        """Read what is owed and pending of trades."""
        if not trades:
            return
        found = self.ledger.view().balances_by("trade", sorted(trades))
        for trade, balances in found.items():
            sums = self.open[trade] = defaultdict(int)
            for account, balance in balances.items():
                for amount in balance:
                    sums[account, amount.commodity] = amount.minor_units

    def _leave_claims_out(self, trade: events.TradeExecuted) -> None:
        """Take market claims off what is open of a customer's proceeds.

        What a customer owes on a claim stands on the same account, with the trade.
        """
        account = customer_account(self.accounts, trade)
        found = self.open[trade.trade_id]
        unit = trade.consideration.commodity
        if found[account, unit] == trade.customer_cash.minor_units:
            return  # neither paid nor claimed
        for record in self.ledger.view().entries(
            account=account, dimension={"trade": trade.trade_id}
        ):
            if _is_claim(record.reverses or record.id):
                for posting in record.entry.postings:
                    if posting.account == account:
                        found[account, unit] -= posting.signed.minor_units

    def _watch_open(self, items: Iterable[SettlementEvent]) -> None:
        """Note the versions of the accounts that say what is open.

        Nobody else settles it between the reading and the posting.
        """
        paths = {path for event in items for path in self._open_accounts(event)}
        for path in sorted(paths):
            self.versions[path] = self.ledger.accounts.balances(path).version

    def _open_accounts(self, event: SettlementEvent) -> Iterator[str]:
        accounts = self.accounts
        sides: list[tuple[Obligation, bool]] = []
        match event:
            case events.TradeSettled(obligation=part, failing=failing):
                sides = [(part, failing)]
            case events.TradeFailing(obligation=part):
                sides = [(part, False)]
            case events.FailResolved(obligation=part):
                sides = [(part, True)]
            case events.Netted(obligations=parts):
                sides = [(part, False) for part in parts]
            case events.TradeCancelled(trade=trade):
                sides = [(trade.obligation, failing) for failing in (False, True)]
            case events.CustomerSettled():
                yield from (accounts.customer_receivable, accounts.customer_payable)
            case CustomerPaid():
                yield accounts.customer_payable
            case events.FxTradeSettled():
                yield from (accounts.fx_receivable, accounts.fx_payable)
            case DividendClaimPaid():
                yield from (accounts.claims_receivable, accounts.claims_payable)
            case PenaltyPaid():
                yield from (accounts.penalties_receivable, accounts.penalties_payable)
        for part, is_failing in sides:
            for account, _ in open_lines(accounts, part, failing=is_failing):
                yield account

    def _read_owed(self, owners: set[str]) -> None:
        """Read what customers are owed."""
        if not owners:
            return
        account = self.accounts.customer_payable
        found = self.ledger.view().balances_by(
            "owner", sorted(owners), accounts=[account]
        )
        for owner, balances in found.items():
            sums = self.owed[owner] = defaultdict(int)
            for amount in balances.get(account, ()):
                sums[account, amount.commodity] = amount.minor_units

    def _watch(self, owners: Iterable[str]) -> None:
        """Note the versions of the accounts that say what becomes of owners' lots.

        What is read after that is stale if they have moved on when it is posted.
        """
        accounts = self.accounts
        house = sorted(set(owners).intersection(accounts.house))
        for owner in house:
            found = self.ledger.accounts.balances(accounts.owner(owner))
            self.held[owner] = found.posted
            self.versions[accounts.owner(owner)] = found.version
        if not house:
            return
        chart = self.ledger.accounts.all()  # a book may lack those of a category
        for path in sorted({*accounts.lots.adjustment, *accounts.interest}):
            if path in chart:
                self.versions[path] = self.ledger.accounts.balances(path).version

    def _hold(self, code: str) -> Holdings:
        """Read the positions in an instrument.

        Raises:
            ConditionFailed: the lots are not those of the stock record, for somebody
                booked units without lots, or posts at this moment.
        """
        found = self.holdings[code] = self.shelf.holdings(code)
        for (owner, _), position in found.positions.items():
            units = position.quantity
            if owner in self.held and self.held[owner][units.commodity] != units:
                raise ConditionFailed(
                    "lots and stock record differ: reconcile() says where",
                    field="lots",
                    expected=str(self.held[owner][units.commodity]),
                    found=units,
                )
        return found

    # --- completing events -----------------------------------------------------------

    def complete(self, event: SettlementEvent) -> SettlementEvent:
        """Return an event with what the book knows, checked against the book."""
        match event:
            case events.TradeExecuted(capacity="principal"):
                return self._executed(event)
            case events.TradeCancelled():
                return self._cancelled(event)
            case events.TradeSettled(obligation=part, failing=failing):
                self._check_open(event, [part], failing=failing)
            case events.TradeFailing(obligation=part):
                self._check_open(event, [part], failing=False)
            case events.FailResolved(obligation=part):
                self._check_open(event, [part], failing=True)
            case events.Netted(obligations=parts):
                self._check_open(event, parts, failing=False)
            case events.CustomerSettled():
                return self._customer_settled(event)
            case events.FxTradeSettled() | DividendClaimPaid() | PenaltyPaid():
                self._check_payment(event, self.open, "trade")
            case CustomerPaid():
                self._check_payment(event, self.owed, "owner")
            case DividendClaim() | CouponPaid():
                self._check_claims(event)
        return event

    def _executed(self, trade: events.TradeExecuted) -> events.TradeExecuted:
        if trade.lot is not None or trade.lots:
            return trade
        entry = self.known.get(_id(trade.trade_id, "executed"))
        if entry is not None:
            return self._as_recorded(trade, entry)
        method = self.choices.on(
            trade.date, owner=trade.owner, instrument=trade.instrument.code
        )
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
        lots = position.pool.match(trade.quantity, method, chosen=trade.chosen or None)
        purchased, booked = self._interest(trade, position.pool.quantity)
        return attrs.evolve(
            trade, lots=lots, accrued_purchased=purchased, accrued_booked=booked
        )

    def _interest(
        self, trade: events.TradeExecuted, held: bl.Amount
    ) -> tuple[bl.Amount | None, bl.Amount | None]:
        """Return what goes of a bond's interest: bought with it, and booked since.

        That of the whole position, by the share of it that is sold.
        """
        if trade.accrued_purchased is not None:
            return trade.accrued_purchased, trade.accrued_booked
        money = trade.consideration.commodity
        whole = self.holdings[trade.instrument.code].interest

        def share(account: str) -> bl.Amount:
            units = whole.get((account, trade.owner, money), 0)
            part = Fraction(
                units * trade.quantity.minor_units, held.minor_units * 10**money.scale
            )
            return bl.Amount.rounded(part, money, rounding=self.rounding)

        purchased, booked = map(share, self.accounts.interest)
        return purchased, booked

    def _as_recorded(
        self, trade: events.TradeExecuted, entry: bl.Entry
    ) -> events.TradeExecuted:
        """Return a trade with the lots that its entry names."""
        lots = recorded_lots(entry, self.accounts)
        if not trade.is_opening:
            purchased, booked = trade.accrued_purchased, trade.accrued_booked
            if purchased is None:
                purchased, booked = self._recorded_interest(trade, entry)
            return attrs.evolve(
                trade, lots=lots, accrued_purchased=purchased, accrued_booked=booked
            )
        return attrs.evolve(trade, lot=lots[0].lot if lots else None)

    def _recorded_interest(
        self, trade: events.TradeExecuted, entry: bl.Entry
    ) -> tuple[bl.Amount, bl.Amount]:
        """Return what a sale took of the interest that was bought, and of the rest."""
        unit = trade.consideration.commodity
        gone = {posting.account: -posting.signed for posting in entry.postings}
        nothing = bl.Amount.from_minor(0, unit)
        purchased, booked = (gone.get(path, nothing) for path in self.accounts.interest)
        return purchased, booked

    def _cancelled(self, event: events.TradeCancelled) -> events.TradeCancelled:
        trade = event.trade
        id_ = _id(trade.trade_id, "executed")
        entry = self.known.get(id_)
        if entry is None:
            raise UnknownRecord(field="id", expected="the id of an entry", found=id_)
        if trade.capacity == "principal":
            trade = self._as_recorded(trade, entry)
        drafts = self.rules.entries(trade)
        if [draft.to_entry() for draft in drafts] != [entry]:
            raise InvalidOption(
                field="trade", expected="the trade as it was executed", found=trade
            )
        before = self.known.get(_id(trade.trade_id, "cancelled"))
        if before is not None:
            return self._as_cancelled(event, trade, before)
        is_failing = self._find_whole(trade.obligation)
        self._check_untouched(trade)
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
        found = self.open[obligation.id]
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

    def _check_untouched(self, trade: events.TradeExecuted) -> None:
        """Check that nothing else hangs on a trade that is taken back.

        Raises:
            NotPermitted: its customer paid, or was paid, or a market claim is open.
        """
        accounts, found = self.accounts, self.open[trade.trade_id]
        owed = trade.customer_cash if trade.capacity == "agent" else None
        if owed is not None:
            left = found[customer_account(accounts, trade), owed.commodity]
            if left != owed.minor_units:
                raise NotPermitted(
                    "reverse the customer's payment first",
                    field="trade",
                    expected=f"a trade whose customer has still {abs(owed)} open",
                    found=bl.Amount.from_minor(abs(left), owed.commodity),
                )
        claims = accounts.claims_receivable, accounts.claims_payable
        for (account, unit), units in found.items():
            if units and account in claims:
                raise NotPermitted(
                    "it is paid, or reversed, first",
                    field="trade",
                    expected="a trade without an open market claim",
                    found=bl.Amount.from_minor(units, unit),
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

    def _check_open(
        self, event: SettlementEvent, parts: Iterable[Obligation], *, failing: bool
    ) -> None:
        """Check that no more is settled, failing or netted than is open.

        Raises:
            LimitBreached: it is more.
        """
        if entry_ids(event)[0] in self.known:
            return
        for part in parts:
            found = self.open[part.id]
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

    def _check_claims(self, event: SettlementEvent) -> None:
        """Check that market claims fall on trades that stand.

        Raises:
            NotPermitted: one was taken back.
        """
        if entry_ids(event)[0] in self.known:
            return
        for claim in _claims(event):
            if _cancelled_id(claim) in self.known:
                raise NotPermitted(
                    "a trade that was taken back brings no market claim",
                    field="obligation",
                    expected="a trade that stands",
                    found=claim.obligation.id,
                )

    def _customer_settled(
        self, event: events.CustomerSettled
    ) -> events.CustomerSettled:
        """Return a customer's payment with its amount: what is left, if not given."""
        if event.cash is None:
            trade, unit = event.trade, event.trade.consideration.commodity
            account = customer_account(self.accounts, trade)
            left = abs(self.open[trade.trade_id][account, unit])
            entry = self.known.get(entry_ids(event)[0])
            for posting in entry.postings if entry is not None else ():
                if posting.account == account:
                    # Of a retry nothing is left, or all, where it was reversed.
                    # Otherwise the sum does not fit the entry, which is a conflict.
                    paid = posting.amount.minor_units
                    is_all = left + paid > abs(trade.customer_cash).minor_units
                    left = paid if is_all else left + paid
            if not left:
                raise LimitBreached(
                    "nothing is left to pay",
                    field="cash",
                    expected=f"an open amount of {trade.trade_id} on {account}",
                    found=bl.Amount.from_minor(0, unit),
                )
            event = attrs.evolve(event, cash=bl.Amount.from_minor(left, unit))
        self._check_payment(event, self.open, "trade")
        return event

    def _check_payment(
        self, event: SettlementEvent, kept: Mapping[str, Sums], dimension: str
    ) -> None:
        """Check that no more is paid than is open.

        Raises:
            LimitBreached: it is more.
        """
        if entry_ids(event)[0] in self.known:
            return
        moved: defaultdict[tuple[str, str, bl.Commodity], int] = defaultdict(int)
        for account, amount, dimensions in self.rules.lines(event):
            if account != self.accounts.nostro:
                name = dimensions[dimension]
                moved[name, account, amount.commodity] += amount.minor_units
        for (name, account, unit), units in moved.items():
            left = kept[name][account, unit]
            if units * left >= 0 or abs(units) > abs(left):
                raise LimitBreached(
                    field=dimension,
                    expected=f"at most {bl.Amount.from_minor(abs(left), unit)}"
                    f" of {name} on {account}",
                    found=bl.Amount.from_minor(abs(units), unit),
                )

    # --- positions -------------------------------------------------------------------

    def _position(self, owner: str, instrument: bl.Commodity) -> Position | None:
        code = instrument.code
        return self.holdings[code].positions.get((owner, code))

    def mark(
        self, day: date, prices: Sequence[tuple[str, Fraction]], part: int
    ) -> tuple[bl.Record, ...]:
        """Book the changes of fair value since the last valuation."""
        self._watch(self.accounts.house)
        marks = [
            event
            for code, price in prices
            for event in self._marks(code, day, price, part)
        ]
        self._know(id_ for event in marks for id_ in entry_ids(event))
        for event in marks:
            self._draft(event)
        return self._post()

    def _marks(
        self, code: str, day: date, price: Fraction, part: int
    ) -> Iterator[Marked]:
        """Yield what an instrument's positions have gained or lost."""
        trades = self.shelf.open_trades(code)
        found = self._hold(code)
        if not found.is_known:
            raise InvalidOption(
                field="prices", expected="instruments of the book", found=code
            )
        for position in found.positions.values():
            event = self._marked(position, trades, day, price, part)
            if event is not None:
                yield event

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


def _claims(event: SettlementEvent) -> tuple[DividendClaim, ...]:
    """Return the market claims that an event makes."""
    match event:
        case DividendClaim():
            return (event,)
        case CouponPaid(claims=claims):
            return claims
    return ()


def _is_claim(id_: str) -> bool:
    return id_.startswith("settlement/") and id_.endswith("/claimed")


def _cancelled_id(claim: DividendClaim) -> str:
    return _id(claim.obligation.id, "cancelled")


def _id(*parts: str) -> str:
    """Return the id of the entry of an event."""
    return "/".join(("settlement", *parts))


def open_lines(
    accounts: SettlementAccounts, obligation: Obligation, *, failing: bool
) -> dict[tuple[str, bl.Commodity], int]:
    """Return what an obligation is on the accounts, debits positive."""
    return {
        (account, amount.commodity): amount.minor_units
        for account, amount, _ in open_obligation(accounts, obligation, failing=failing)
    }
