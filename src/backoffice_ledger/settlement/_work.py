"""The work behind the verbs of the desk: read, take a step, store and book."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_instance
from backoffice_ledger.errors import InvalidOption, TransitionRefused
from backoffice_ledger.settlement._approval import Gate
from backoffice_ledger.settlement._books import Books, accounts_of
from backoffice_ledger.settlement._instructing import (
    cancelled_event,
    is_failing_untouched,
    obligations_of,
    replacement,
)
from backoffice_ledger.settlement._life import TradeState, TradeStatus, begin
from backoffice_ledger.settlement._netting import (
    Deal,
    NetObligation,
    Netting,
    events_of,
    members_of,
    with_obligations,
)
from backoffice_ledger.settlement._open import (
    Open,
    check_units,
    payment_id,
    read_customers,
    read_open,
    with_customer_cash,
)
from backoffice_ledger.settlement._records import (
    Records,
    Stored,
    check_same,
    check_seen,
)
from backoffice_ledger.settlement._status import InstructionStatus, SettlementState
from backoffice_ledger.settlement._trade import Allocation, Trade, split_block
from backoffice_ledger.settlement.accounting import (
    CustomerSettled,
    FailResolved,
    Obligation,
    SettlementEvent,
    TradeCancelled,
)
from backoffice_ledger.settlement.lots._checks import check_name

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item

Cycle = Callable[[date], date]
"""From a trade date to the settlement date that is usual in a market."""

_TAKEN_BACK: Final = (TradeState.CANCELLED, TradeState.BLOCK_ALLOCATED)

BATCH_SIZE: Final = 5_000
"""How many trades or instructions are in one database transaction."""


@attrs.frozen
class Work:
    """Steps of trades and instructions; each is done in one database transaction."""

    ledger: bl.Ledger
    books: Books
    market: str | None
    cycles: Mapping[str, Cycle]
    gate: Gate | None = None

    @property
    def records(self) -> Records:
        """The documents of the book."""
        return Records(self.ledger)

    def write(
        self, values: Iterable[Stored], events: Iterable[SettlementEvent] = ()
    ) -> None:
        """Store documents and book events; both are there, or neither."""
        stored = list(values)
        self.records.store(self.gate(stored) if self.gate else stored)
        booked = list(events)
        if booked:
            self.books.post(booked)

    def read_open(self, ids: Sequence[str]) -> dict[str, Open]:
        """Return what the book says is open of trades, by booking id."""
        return read_open(self.ledger, accounts_of(self.books), ids)

    def batched(
        self,
        items: Iterable[I],
        work: Callable[[list[I]], list[T]],
        field: str = "ids",
    ) -> tuple[T, ...]:
        """Do *work* on batches of items, each in one database transaction."""
        done: list[T] = []
        for batch in _batches(items, field):
            done += self.ledger.atomically(partial(work, batch))
        return tuple(done)

    # --- trades ----------------------------------------------------------------------

    def capture(self, batch: list[Trade]) -> list[TradeStatus]:
        """Take in trades and book them."""
        given = [self._checked(trade, index) for index, trade in enumerate(batch)]
        known = self.records.first_versions([trade.id for trade in given])
        trades = [self.dated(trade, known.get(trade.id)) for trade in given]
        fresh: dict[str, Trade] = {}
        for trade in trades:
            if trade.id in known:
                check_same(known[trade.id], trade)
            elif trade.id in fresh:
                check_same(fresh[trade.id], trade)
            else:
                fresh[trade.id] = trade
        begun = {id_: begin(id_, id_) for id_ in fresh}
        self.write(
            [*fresh.values(), *begun.values()],
            (trade.executed() for trade in fresh.values()),
        )
        old = self.records.find_statuses(list(known))
        return [begun.get(trade.id) or old[trade.id] for trade in trades]

    def _checked(self, trade: Trade, index: int) -> Trade:
        check_instance(trade, Trade, f"trades[{index}]")
        if trade.version != 1:
            raise InvalidOption(
                field=f"trades[{index}].version",
                expected="1; amend() takes later versions",
                found=trade.version,
            )
        if trade.market is None and self.market is not None:
            return attrs.evolve(trade, market=self.market)
        return trade

    def dated(self, trade: Trade, known: Trade | None) -> Trade:
        """Return a trade with its settlement date: given, known, or of its market.

        Raises:
            InvalidOption: it names none, and nothing is known of its market.
            CalendarHorizon: nothing is known of that day.
        """
        due: date | None = trade.settlement_date
        if due is not None:
            return trade
        if known is not None:
            return attrs.evolve(trade, settlement_date=known.settlement_date)
        cycle = self.cycles.get(trade.market or "")
        if cycle is None:
            markets = " or ".join(sorted(self.cycles))
            raise InvalidOption(
                f"the trade {trade.id!r} names no settlement date",
                field="market",
                expected=f"one whose cycle the desk knows: {markets}"
                if markets
                else "one whose cycle the desk knows; it knows none: give it cycles=",
                found=trade.market,
            )
        return attrs.evolve(trade, settlement_date=cycle(trade.trade_date))

    def enrich(
        self, ids: list[str], given: Mapping[str, str | None], seen: int | None = None
    ) -> list[TradeStatus]:
        """Complete trades with standing settlement instructions."""
        statuses = self.records.statuses(ids)
        details = []
        for trade in self.records.trades(statuses):
            own: dict[str, Any] = {}
            for name in ("own_ssi", "counterparty_ssi"):
                value = given.get(name) or getattr(trade, name)
                if value is None:
                    raise InvalidOption(
                        field=name, expected=f"one for the trade {trade.id!r}"
                    )
                check_name(value, name)
                own[name] = value
            details.append(own)
        return self.moved(statuses, TradeState.ENRICHED, details, seen)

    def moved(
        self,
        statuses: Sequence[TradeStatus],
        state: TradeState,
        details: Sequence[Mapping[str, Any]],
        seen: int | None = None,
    ) -> list[TradeStatus]:
        """Take a step with each trade, by what was given with it."""
        moved = [
            status.moved(state, own)
            for status, own in zip(statuses, details, strict=True)
        ]
        changed = _changed(statuses, moved, seen)
        self.write(changed)
        return moved

    def allocate(
        self, id: str, allocations: tuple[Allocation, ...], seen: int | None
    ) -> tuple[TradeStatus, ...]:
        """Split a block trade."""
        [status] = statuses = self.records.statuses([id])
        [block] = self.records.trades(statuses)
        enriched = status.details(TradeState.ENRICHED) or {}
        parts = split_block(attrs.evolve(block, **enriched), allocations)
        details = {"into": tuple(part.id for part in parts)}
        moved = status.moved(TradeState.BLOCK_ALLOCATED, details)
        known = self.records.first_versions([part.id for part in parts])
        for part in parts:
            if part.id in known:
                check_same(known[part.id], part)
        if moved is status:
            return tuple(self.records.statuses([part.id for part in parts]))
        check_seen(status, seen)
        origin = {"block": status.booking_id}
        begun = [
            begin(part.id, part.id, TradeState.ALLOCATED, origin) for part in parts
        ]
        taken_back = TradeCancelled(trade=block.executed(), date=block.trade_date)
        self.write(
            [*parts, *begun, moved], [taken_back, *(part.executed() for part in parts)]
        )
        return tuple(begun)

    def cancel(self, id: str, on: date, reason: str, seen: int | None) -> TradeStatus:
        """Take a trade back."""
        [status] = statuses = self.records.statuses([id])
        moved = status.moved(TradeState.CANCELLED, {"on": on.isoformat()})
        if moved is not status:
            check_seen(status, seen)
            [trade] = self.records.trades(statuses)
            self._check_taken_back(trade, on)
            event = cancelled_event(self.records, status, trade, on, reason)
            self.write([moved], [event])
        return moved

    def amend(
        self, trade: Trade, on: date, reason: str, seen: int | None
    ) -> TradeStatus:
        """Take a trade back and book its next version."""
        [status] = statuses = self.records.statuses([trade.id])
        [latest] = self.records.trades(statuses)
        is_known = latest.version == trade.version
        trade = self.dated(trade, latest if is_known else None)
        if latest == trade:
            return status
        fresh = replacement(latest, trade)
        details = {"on": on.isoformat(), "replaced_by": trade.booking_id}
        moved = status.moved(TradeState.CORRECTED, details)
        check_seen(status, seen)
        self._check_taken_back(latest, on)
        event = cancelled_event(self.records, status, latest, on, reason)
        self.write([trade, moved, fresh], [event, trade.executed()])
        return fresh

    def _check_taken_back(self, trade: Trade, on: date) -> None:
        """Check that a trade can be taken back on a day.

        Raises:
            TransitionRefused: it was not made yet; or its customer has paid.
        """
        if on < trade.trade_date:
            raise TransitionRefused(
                f"the trade {trade.booking_id!r} was made later",
                field="on",
                expected=f"{trade.trade_date} or later",
                found=on,
            )
        if trade.capacity != "agent":
            return
        [customer] = read_customers(self.ledger, [trade])
        if customer.payments:
            entries = " and ".join(
                payment_id(trade.booking_id, part) for part in customer.payments
            )
            raise TransitionRefused(
                f"the customer of the trade {trade.booking_id!r} has paid or was paid:"
                f" book the refund first, as the reversal of {entries}",
                field="trade",
                expected=f"{customer.whole} open with the customer",
                found=customer.left,
            )

    # --- customers -------------------------------------------------------------------

    def settle_customers(
        self,
        ids: Iterable[str],
        on: date,
        cash: bl.Amount | None = None,
        part: int | None = None,
    ) -> None:
        """Book what customers of trades as agent pay, or are paid."""

        def work(batch: list[str]) -> list[None]:
            statuses = self.records.statuses(list(dict.fromkeys(batch)))
            trades = self.records.trades(statuses)
            customers = read_customers(self.ledger, trades)
            events = []
            for status, trade, customer in zip(
                statuses, trades, customers, strict=True
            ):
                is_agent = trade.capacity == "agent"
                if is_agent and part is None and not customer.left:
                    continue  # all of it is paid
                event = CustomerSettled(
                    trade=trade.executed(),
                    date=on,
                    cash=customer.asked(cash),
                    part=customer.next_part if part is None else part,
                )
                if customer.is_next(event.part):
                    _check_payable(status)
                events.append(event)
            self.books.post(events)
            return []

        self.batched(ids, work)

    def unpaid(self) -> list[tuple[Trade, bl.Amount]]:
        """Return trades with what their customers owe (positive) or are owed."""
        ids = with_customer_cash(self.ledger, accounts_of(self.books))
        trades = self.records.trades(self.records.booked_statuses(ids))
        customers = read_customers(self.ledger, trades)
        return [
            (trade, customer.left)
            for trade, customer in zip(trades, customers, strict=True)
            if customer.left
        ]

    # --- nettings --------------------------------------------------------------------

    def net(self, ids: list[str], asked: Netting) -> Netting:
        """Put net obligations in the place of trades."""
        statuses = self.records.statuses(ids)
        deals = map(_enriched, statuses, self.records.deals(statuses))
        members = members_of(asked, list(deals))
        netting = with_obligations(asked, members)
        known = self.records.find_netting(asked.id)
        if known is not None and known.unwound_on is not None:
            raise TransitionRefused(
                f"the netting {asked.id!r} was unwound; to net again takes another id",
                field="netting_id",
                expected="an id that is free",
                found=asked.id,
            )
        if known is not None:
            for one, other in zip(known.obligations, netting.obligations, strict=False):
                check_same(one, other)
            check_same(known, netting)
        state = TradeState(asked.kind)
        into = {
            deal.booking_id: id_ for id_, deals in members.items() for deal in deals
        }
        moved = [
            status.moved(state, {"reference": into[status.booking_id]})
            for status in statuses
        ]
        if known is not None:
            return known
        begun = [
            begin(
                one.id,
                one.id,
                TradeState.SET_OFF if one.is_set_off else TradeState.NET,
                {"netting": netting.id},
            )
            for one in netting.obligations
            if one.is_ours
        ]
        self.write(
            [netting, *netting.obligations, *begun, *moved],
            events_of(netting, members),
        )
        return netting

    def unwind(self, id: str, on: date, reason: str) -> Netting:
        """Take a netting back: its trades are what they were before."""
        netting = self.records.netting(id)
        if netting.unwound_on is not None:
            if netting.unwound_on == on:
                return netting
            raise TransitionRefused(
                f"the netting {id!r} is unwound",
                field="on",
                expected=str(netting.unwound_on),
                found=on,
            )
        ours = [one for one in netting.obligations if one.is_ours]
        self._check_unwound(netting, ours, on)
        statuses = self.records.statuses([one.id for one in ours])
        details = {"on": on.isoformat()}
        failing = [is_failing_untouched(self.records, status) for status in statuses]
        ended = [status.moved(TradeState.CANCELLED, details) for status in statuses]
        events = [
            FailResolved(obligation=one.obligation, date=on)
            for one, is_failing in zip(ours, failing, strict=True)
            if is_failing
        ]
        self.write((), events)
        replaced = [name for one in ours for name in self._reversed(one, on, reason)]
        back = [each.unwound(id) for each in self.records.booked_statuses(replaced)]
        unwound = attrs.evolve(netting, unwound_on=on)
        self.write([unwound, *ended, *back])
        return unwound

    def _check_unwound(
        self, netting: Netting, ours: list[NetObligation], on: date
    ) -> None:
        """Check that a netting can be taken back on a day, as it was booked.

        Raises:
            TransitionRefused: it was booked later, or its security was split.
        """
        if on < netting.date:
            raise TransitionRefused(
                f"the netting {netting.id!r} was booked later",
                field="on",
                expected=f"{netting.date} or later",
                found=on,
            )
        opened = self.read_open([one.id for one in ours])
        for one in ours:
            found = opened.get(one.id)
            if found and found.quantity and found.quantity > abs(one.quantity):
                raise TransitionRefused(
                    f"the units of {one.id!r} are not what was netted",
                    field="netting_id",
                    expected=f"{abs(one.quantity)} open",
                    found=found.quantity,
                )

    def _reversed(self, one: NetObligation, on: date, reason: str) -> Iterator[str]:
        """Take back the entries of a net obligation; yield what it replaced."""
        found: set[str] = set()
        number = 0
        while len(found) < one.trades:
            number += 1
            entry = self.ledger.record(f"settlement/{one.id}/netted/{number}").entry
            found |= {posting.dimensions["trade"] for posting in entry.postings}
            found.discard(one.id)
            self.ledger.reverse(entry.id, date=on, reason=reason)
        yield from sorted(found)

    # --- instructions ----------------------------------------------------------------

    def stepped(
        self,
        ids: Iterable[str],
        step: Callable[[InstructionStatus], InstructionStatus],
        seen: int | None = None,
        event: Callable[
            [InstructionStatus, InstructionStatus, Obligation], SettlementEvent | None
        ]
        | None = None,
    ) -> tuple[InstructionStatus, ...]:
        """Take one step with each instruction, and what it does to its trade."""

        def work(batch: list[str]) -> list[InstructionStatus]:
            before = self.records.instructions(batch)
            after = [step(status) for status in before]
            changed = _changed(before, after, seen)
            events = []
            if event is not None:
                self._check_units(changed, before)
                wholes = obligations_of(self.records, changed)
                for old, new in zip(before, after, strict=True):
                    if new is not old and new.id in wholes:
                        events.append(event(old, new, wholes[new.id]))
            booked = [found for found in events if found is not None]
            self.write([*changed, *self._settled_trades(changed)], booked)
            return after

        return self.batched(ids, work)

    def _check_units(
        self,
        changed: Iterable[InstructionStatus],
        before: Iterable[InstructionStatus],
    ) -> None:
        """Check that instructions which change are for what the book says is open."""
        ids = {status.id for status in changed}
        moving = [status for status in before if status.id in ids]
        trades = [one.instruction.trade for one in moving if one.instruction.trade]
        check_units(moving, self.read_open(trades))

    def _settled_trades(
        self, changed: Iterable[InstructionStatus]
    ) -> list[TradeStatus]:
        """Return the trades that these instructions have settled."""
        ids = [
            status.instruction.trade
            for status in changed
            if status.settlement is SettlementState.SETTLED
            and status.instruction.trade is not None
        ]
        return [
            status.moved(TradeState.SETTLED, {})
            for status in self.records.statuses(ids)
        ]


def _enriched(status: TradeStatus, deal: Deal) -> Deal:
    """Return a deal with the standing instruction that completed it."""
    own_ssi = (status.details(TradeState.ENRICHED) or {}).get("own_ssi")
    if own_ssi is None or own_ssi == deal.own_ssi:
        return deal
    return attrs.evolve(deal, own_ssi=own_ssi)


def _check_payable(status: TradeStatus) -> None:
    """Check that something is to be paid for a trade.

    Raises:
        TransitionRefused: it is taken back.
    """
    if status.state in _TAKEN_BACK:
        raise TransitionRefused(
            f"nothing is to be paid for the trade {status.booking_id!r}",
            field="state",
            expected="a trade that is not taken back",
            found=status.state.value,
        )


def _batches(items: Iterable[I], field: str) -> Iterator[list[I]]:
    if isinstance(items, (str, bytes)) or not isinstance(items, Iterable):
        raise InvalidOption(field=field, expected=f"a list of {field}", found=items)
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH_SIZE)):
        yield batch


def _changed(before: Sequence[T], after: Sequence[T], seen: int | None) -> list[T]:
    """Return what a step has changed; each of it must be as the caller has seen it."""
    changed = []
    for old, new in zip(before, after, strict=True):
        if new is not old:
            check_seen(old, seen)  # type: ignore[arg-type]
            changed.append(new)
    return changed
