"""The desk: carries trades from their capture to their settlement."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any, Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDate, InvalidOption
from backoffice_ledger.reports import Table
from backoffice_ledger.settlement import _life
from backoffice_ledger.settlement._books import Books, books_of
from backoffice_ledger.settlement._index import Wanted
from backoffice_ledger.settlement._instructing import (
    failing_event,
    instruct,
    settled_event,
)
from backoffice_ledger.settlement._instruction import Instruction
from backoffice_ledger.settlement._life import TradeState, TradeStatus
from backoffice_ledger.settlement._matching import (
    EUR_TOLERANCE,
    Match,
    Tolerance,
    match_instructions,
)
from backoffice_ledger.settlement._reports import (
    ageing_table,
    history_table,
    late_table,
    step_of,
)
from backoffice_ledger.settlement._status import (
    InstructionStatus,
    Lack,
    Party,
    failures,
    reason_of,
)
from backoffice_ledger.settlement._trade import Allocation, Trade
from backoffice_ledger.settlement._values import instant_text
from backoffice_ledger.settlement._work import Work
from backoffice_ledger.settlement.accounting import CustomerSettled
from backoffice_ledger.settlement.dates import CutOff
from backoffice_ledger.settlement.lots._checks import (
    check_choice,
    check_day,
    check_instance,
    check_name,
)

Route = Literal["bilateral", "netted", "novated"]
"""What becomes of a matched trade: it is settled by itself, or is replaced."""

Milestone = Literal["confirmed", "affirmed", "matched"]
"""Steps that need nothing but the news that they were taken."""


@final
@attrs.frozen(order=False)
class SettlementDesk:
    """The trades of a book and the instructions that settle them.

    Each command stores a version of a document and books what follows from it, in one
    database transaction; the log says who gave it and when.  The same command again
    changes nothing and returns the status as it stands.  With *seen*, the version of
    the status that the caller has read, a command is refused if there is a later one.

    Args:
        ledger: the book; what is done is done by its actor.
        books: books the events; None is `SettlementBooks`.
        market: of trades that name none.
        tolerances: how far the money of matching instructions may differ, one for each
            currency that has any.
    """

    ledger: bl.Ledger
    books: Books = attrs.field(default=None, kw_only=True)
    market: str | None = attrs.field(default=None, kw_only=True)
    tolerances: tuple[Tolerance, ...] = attrs.field(
        default=(EUR_TOLERANCE,), converter=tuple, kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        check_instance(self.ledger, bl.Ledger, "ledger")
        object.__setattr__(self, "books", books_of(self.ledger, self.books))
        if self.market is not None:
            check_name(self.market, "market")
        for each in self.tolerances:
            check_instance(each, Tolerance, "tolerances")

    @property
    def _work(self) -> Work:
        return Work(self.ledger, self.books, self.market)

    # --- trades ----------------------------------------------------------------------

    def capture(self, trade: Trade) -> TradeStatus:
        """Take in a trade and book it; see `capture_many`."""
        [status] = self.capture_many([trade])
        return status

    def capture_many(self, trades: Iterable[Trade]) -> tuple[TradeStatus, ...]:
        """Take in trades and book them on their trade dates.

        Raises:
            InvalidOption: not a trade, or one that is an amendment.
            IdempotencyConflict: the id is taken by another trade.
            Refused: the book does not take an entry.
        """
        return self._work.batched(trades, self._work.capture)

    def enrich(
        self,
        id: str,
        *,
        own_ssi: str | None = None,
        counterparty_ssi: str | None = None,
        seen: int | None = None,
    ) -> TradeStatus:
        """Complete a trade with the standing settlement instructions of both sides.

        Raises:
            InvalidOption: one of them is neither given nor named by the trade.
            UnknownRecord, TransitionRefused, DocumentConflict: as for `advance`.
        """
        given = {"own_ssi": own_ssi, "counterparty_ssi": counterparty_ssi}
        [status] = self._work.batched(
            [id], lambda batch: self._work.enrich(batch, given, seen=seen)
        )
        return status

    def enrich_many(self, ids: Iterable[str]) -> tuple[TradeStatus, ...]:
        """Do so for trades that name both; see `enrich`."""
        return self._work.batched(ids, lambda batch: self._work.enrich(batch, {}))

    def allocate(
        self, id: str, allocations: Iterable[Allocation], *, seen: int | None = None
    ) -> tuple[TradeStatus, ...]:
        """Split a block trade into one trade for each account; return their statuses.

        The block is taken back and its parts are booked; see `split_block` for the
        arithmetic.  The parts begin as allocated.

        Raises:
            InvalidOption: the allocations do not sum to the block.
            UnknownRecord, TransitionRefused, DocumentConflict: as for `advance`.
        """
        parts = tuple(allocations)
        return self.ledger.atomically(lambda: self._work.allocate(id, parts, seen))

    def advance(
        self,
        id: str,
        to: Milestone,
        *,
        at: datetime | None = None,
        seen: int | None = None,
    ) -> TradeStatus:
        """Note that a trade was confirmed, affirmed or matched.

        Args:
            id: of the trade.
            to: the new state.
            at: the instant of the news, to be compared with a `CutOff`.
            seen: the version of the status that the caller has read.

        Raises:
            UnknownRecord: there is no such trade.
            TransitionRefused: the state does not follow, or was reached otherwise.
            DocumentConflict: there is a later version than *seen*.
        """
        [status] = self._advance([id], to, at, seen)
        return status

    def advance_many(
        self, ids: Iterable[str], to: Milestone, *, at: datetime | None = None
    ) -> tuple[TradeStatus, ...]:
        """Do so for many trades; see `advance`."""
        return self._advance(ids, to, at)

    def _advance(
        self,
        ids: Iterable[str],
        to: Milestone,
        at: datetime | None,
        seen: int | None = None,
    ) -> tuple[TradeStatus, ...]:
        check_choice(to, Milestone, "to")
        details = {} if at is None else {"at": _checked_instant(at, "at")}

        def work(batch: list[str]) -> list[TradeStatus]:
            statuses = self._work.records.statuses(batch)
            return self._work.moved(
                statuses, TradeState(to), [details] * len(batch), seen
            )

        return self._work.batched(ids, work)

    def confirm(self, id: str, *, at: datetime | None = None) -> TradeStatus:
        """The broker has confirmed it; the same as ``advance(id, "confirmed")``."""
        return self.advance(id, "confirmed", at=at)

    def affirm(self, id: str, *, at: datetime | None = None) -> TradeStatus:
        """The client has affirmed it; the same as ``advance(id, "affirmed")``."""
        return self.advance(id, "affirmed", at=at)

    def match(self, id: str, *, at: datetime | None = None) -> TradeStatus:
        """It is matched; the same as ``advance(id, "matched")``."""
        return self.advance(id, "matched", at=at)

    def route(
        self, id: str, to: Route = "bilateral", *, reference: str | None = None
    ) -> TradeStatus:
        """Say what becomes of a matched trade; see `route_many`."""
        [status] = self.route_many([id], to, reference=reference)
        return status

    def route_many(
        self,
        ids: Iterable[str],
        to: Route = "bilateral",
        *,
        reference: str | None = None,
    ) -> tuple[TradeStatus, ...]:
        """Say what becomes of matched trades.

        ``bilateral``: each is settled by itself.  ``netted`` and ``novated`` end their
        lives; book what takes their place, `accounting.Netted`, in one
        ``ledger.atomically`` with this.

        Raises:
            InvalidOption: a netted or novated trade without *reference*, the id of what
                takes its place.
            UnknownRecord, TransitionRefused: as for `advance`.
        """
        check_choice(to, Route, "to")
        if (reference is None) is not (to == "bilateral"):
            raise InvalidOption(
                field="reference",
                expected="none" if to == "bilateral" else "what takes its place",
                found=reference,
            )
        details = {}
        if reference is not None:
            check_name(reference, "reference")
            details = {"reference": reference}

        def work(batch: list[str]) -> list[TradeStatus]:
            statuses = self._work.records.statuses(batch)
            return self._work.moved(statuses, TradeState(to), [details] * len(batch))

        return self._work.batched(ids, work)

    def cancel(
        self, id: str, *, on: date, reason: str = "", seen: int | None = None
    ) -> TradeStatus:
        """Take a trade back, of which nothing is settled and nothing is instructed.

        Args:
            id: of the trade.
            on: booking date of the reversal.
            reason: why; erasable free text, kept with the entry.
            seen: the version of the status that the caller has read.

        Raises:
            TransitionRefused: it is settled, netted or over; or its instruction is
                still alive: cancel that first.
            UnknownRecord, DocumentConflict: as for `advance`.
        """
        check_day(on, "on")

        work = partial(self._work.cancel, id, on, reason, seen)
        return self.ledger.atomically(work)

    def amend(
        self, trade: Trade, *, on: date, reason: str = "", seen: int | None = None
    ) -> TradeStatus:
        """Take a trade back and book its next version, whose life begins anew.

        Args:
            trade: the next version, whole.
            on: booking date of the reversal.
            reason: why; erasable free text, kept with the entry.
            seen: the version of the status that the caller has read.

        Raises:
            DocumentConflict: it is not the next version.
            TransitionRefused, UnknownRecord: as for `cancel`.
        """
        check_day(on, "on")
        check_instance(trade, Trade, "trade")

        work = partial(self._work.amend, trade, on, reason, seen)
        return self.ledger.atomically(work)

    # --- instructions ----------------------------------------------------------------

    def instruct(
        self,
        id: str,
        *,
        instruction: str | None = None,
        participant: str = "us",
        depository: str | None = None,
        partial_allowed: bool = True,
    ) -> InstructionStatus:
        """Have a trade settled: deliver, or receive, against payment.

        Once an instruction was rejected or cancelled, a trade is instructed again: with
        what is left of it.

        Args:
            id: of the trade.
            instruction: the id of the instruction; None takes the trade's.
            participant: who instructs.
            depository: where; None is the trade's own standing instruction.
            partial_allowed: whether a part of it may be settled.

        Raises:
            TransitionRefused: the trade is not there yet, or has a live instruction.
            IdempotencyConflict: the id is taken by another instruction.
            UnknownRecord: there is no such trade.
        """
        [status] = self._instruct(
            [id],
            instruction,
            participant=participant,
            depository=depository,
            partial_allowed=partial_allowed,
        )
        return status

    def instruct_many(
        self,
        ids: Iterable[str],
        *,
        participant: str = "us",
        depository: str | None = None,
        partial_allowed: bool = True,
    ) -> tuple[InstructionStatus, ...]:
        """Do so for many trades; see `instruct`."""
        return self._instruct(
            ids,
            None,
            participant=participant,
            depository=depository,
            partial_allowed=partial_allowed,
        )

    def _instruct(
        self, ids: Iterable[str], instruction: str | None, **terms: Any
    ) -> tuple[InstructionStatus, ...]:
        def work(batch: list[str]) -> list[InstructionStatus]:
            results = instruct(self._work.records, batch, instruction, terms)
            self._work.write([value for stored, _ in results for value in stored])
            return [status for _, status in results]

        return self._work.batched(ids, work)

    def enter(self, instruction: Instruction) -> InstructionStatus:
        """Keep an instruction that settles no trade, such as a move of own units.

        Nothing is booked for it.

        Raises:
            InvalidOption: it names a trade: see `instruct`.
            DocumentConflict: the id is taken by another instruction.
        """
        check_instance(instruction, Instruction, "instruction")
        if instruction.trade is not None:
            raise InvalidOption(
                field="instruction.trade",
                expected="None; instruct() settles trades",
                found=instruction.trade,
            )

        def work() -> InstructionStatus:
            known = self._work.records.find_instructions([instruction.id])
            status = InstructionStatus(instruction=instruction)
            self._work.write([instruction] if known else [instruction, status])
            return known.get(instruction.id, status)

        return self.ledger.atomically(work)

    def accept(self, id: str) -> InstructionStatus:
        """The depository has accepted an instruction; see `accept_many`."""
        [status] = self.accept_many([id])
        return status

    def accept_many(self, ids: Iterable[str]) -> tuple[InstructionStatus, ...]:
        """The depository has accepted instructions.

        Raises:
            UnknownRecord: there is no such instruction.
            TransitionRefused: it was rejected or cancelled.
        """
        return self._work.stepped(ids, InstructionStatus.accepted)

    def reject(self, id: str) -> InstructionStatus:
        """The depository has rejected an instruction; the trade may be instructed anew.

        Raises:
            UnknownRecord, TransitionRefused: as for `accept_many`.
        """
        [status] = self._work.stepped([id], InstructionStatus.rejected)
        return status

    def compare(self, id: str, theirs: Instruction) -> Match:
        """Compare our instruction with the other side's; keep it if they match.

        Raises:
            UnknownRecord: there is no such instruction.
            TransitionRefused: ours is not accepted, or is matched with another.
        """

        def work() -> Match:
            [status] = self._work.records.instructions([id])
            found = match_instructions(
                status.instruction, theirs, tolerances=self.tolerances
            )
            if found:
                self._work.stepped([id], lambda one: one.matched(found.cash, theirs.id))
            return found

        return self.ledger.atomically(work)

    def report_matched(
        self, references: Mapping[str, str], *, cash: bl.Amount | None = None
    ) -> tuple[InstructionStatus, ...]:
        """The depository reports that instructions are matched.

        Args:
            references: of the other sides' instructions, by the id of ours.
            cash: the money that settles, where it is not ours; of one instruction.

        Raises:
            UnknownRecord: there is no such instruction.
            TransitionRefused: it is not accepted, or matched with another.
        """
        if cash is not None and len(references) != 1:
            raise InvalidOption(field="cash", expected="None with several", found=cash)
        return self._work.stepped(
            references, lambda status: status.matched(cash, references[status.id])
        )

    def hold(
        self, id: str, *, by: Literal["us", "csd"] = "us", seen: int | None = None
    ) -> InstructionStatus:
        """Put an instruction on hold; it can still be matched.

        Raises:
            UnknownRecord: there is no such instruction.
            TransitionRefused: it is over, or the depository holds it.
            DocumentConflict: there is a later version than *seen*.
        """
        check_choice(by, Literal["us", "csd"], "by")
        [status] = self._work.stepped([id], lambda one: one.held(by), seen)
        return status

    def release(
        self, id: str, *, quantity: bl.Amount | None = None, seen: int | None = None
    ) -> InstructionStatus:
        """Release an instruction from hold, or some units of a delivery.

        Raises:
            InvalidOption: not some of the units that are left.
            TransitionRefused: it is over; no delivery; or it is released in part
                already: hold it again first.
            UnknownRecord, DocumentConflict: as for `hold`.
        """
        [status] = self._work.stepped([id], lambda one: one.freed(quantity), seen)
        return status

    def settle(
        self,
        id: str,
        *,
        on: date,
        quantity: bl.Amount | None = None,
        reference: str | None = None,
    ) -> InstructionStatus:
        """The depository has settled an instruction, or some units of it.

        Money goes with the units: pro rata, rounded down, what is left with the last
        part.  Once all is settled, so is the trade.

        Args:
            id: of the instruction.
            on: the day.
            quantity: units; None is all that is left.
            reference: the depository's.  A part needs one, or a second part of the same
                day would look like a retry; None is the day.

        Raises:
            TransitionRefused: not accepted, matched and released; before the intended
                day; over; or a part where none is allowed.
            IdempotencyConflict: the reference is that of another settlement.
            InvalidOption: more units than are left, or a part without a reference.
            UnknownRecord: there is no such instruction.
        """
        [status] = self._work.stepped(
            [id],
            lambda one: one.settled(on, quantity, reference),
            event=settled_event,
        )
        return status

    def settle_many(
        self, ids: Iterable[str], *, on: date
    ) -> tuple[InstructionStatus, ...]:
        """The depository has settled all that is left of instructions; see `settle`."""
        return self._work.stepped(ids, lambda one: one.settled(on), event=settled_event)

    def settle_customer(
        self, id: str, *, on: date, cash: bl.Amount | None = None, part: int = 1
    ) -> None:
        """The customer of an agent trade has paid, or was paid.

        Args:
            id: of the trade.
            on: the day.
            cash: how much, positive; None is all.
            part: 1 for the first payment, 2 for the next, ...

        Raises:
            InvalidOption: no trade as agent.
            UnknownRecord: there is no such trade.
        """

        def work() -> None:
            [trade] = self._work.records.trades(self._work.records.statuses([id]))
            event = CustomerSettled(
                trade=trade.executed(), date=on, cash=cash, part=part
            )
            self.books.post([event])

        self.ledger.atomically(work)

    def fail(
        self,
        id: str,
        *,
        on: date,
        lacks: Iterable[Lack] = (),
        counterparty_on_hold: bool = False,
    ) -> InstructionStatus:
        """An instruction was not settled on a day: it is failing, and booked so.

        The reason is found in this order: hold, lack of securities, lack of cash.

        Args:
            id: of the instruction.
            on: the day; the intended one or later.
            lacks: what is missing: ``securities`` at who delivers, ``cash`` at who
                receives.
            counterparty_on_hold: whether the other side is on hold.

        Raises:
            TransitionRefused: it is over, or the day is too early.
            UnknownRecord: there is no such instruction.
        """
        missing = tuple(lacks)
        for each in missing:
            check_choice(each, Lack, "lacks")

        def step(status: InstructionStatus) -> InstructionStatus:
            holding: list[Party] = ["us"] if status.is_held_by_us else []
            if counterparty_on_hold:
                holding.append("counterparty")
            found = failures(
                on_hold=holding,
                lacks=missing,
                delivers=status.instruction.is_delivery,
            )
            return status.failed(on, reason_of(found))

        [status] = self._work.stepped([id], step, event=failing_event)
        return status

    def recycle(self, id: str) -> InstructionStatus:
        """A failing instruction is tried again; it stays booked as failing.

        Raises:
            UnknownRecord: there is no such instruction.
            TransitionRefused: it is over.
        """
        [status] = self._work.stepped([id], InstructionStatus.recycled)
        return status

    def cancel_instruction(
        self, id: str, *, by: Literal["us", "counterparty", "system"] = "us"
    ) -> InstructionStatus:
        """Ask for the cancellation of an instruction.

        Unmatched, we alone can cancel it; matched, it takes both sides.  The depository
        itself (``system``) may take it off at any time.

        Raises:
            UnknownRecord: there is no such instruction.
            TransitionRefused: it is over; or the other side asks, and it is unmatched.
        """
        check_choice(by, Literal["us", "counterparty", "system"], "by")

        def step(status: InstructionStatus) -> InstructionStatus:
            if by == "system":
                return status.cancelled_by_system()
            return status.cancel_asked(by)

        [status] = self._work.stepped([id], step)
        return status

    # --- questions -------------------------------------------------------------------

    def trade(self, id: str) -> Trade:
        """Return a trade in its latest version.

        Raises:
            UnknownRecord: there is no such trade.
        """
        [trade] = self._work.records.trades(self._work.records.statuses([id]))
        return trade

    def status(self, id: str) -> TradeStatus:
        """Return where a trade is.

        Raises:
            UnknownRecord: there is no such trade.
        """
        [status] = self._work.records.statuses([id])
        return status

    def instruction(self, id: str) -> InstructionStatus:
        """Return where an instruction is.

        Raises:
            UnknownRecord: there is no such instruction.
        """
        [status] = self._work.records.instructions([id])
        return status

    def history(self, id: str) -> Table:
        """Return the steps of a trade, with who took each of them and when.

        Raises:
            UnknownRecord: there is no such trade.
        """
        status = self.status(id)
        recorded = self.ledger.documents.history(_life.KIND, status.booking_id)
        return history_table(status, recorded)

    def late(self, cut_off: CutOff, *, now: datetime) -> Table:
        """Return the trades that were late for a cut-off, or are by now.

        A step counts at the instant that was given with it, else it is unknown and not
        shown.  Missing a cut-off is no failure: nothing of the trade changes.

        Args:
            cut_off: of kind ``confirmation`` or ``affirmation``.
            now: the instant to which what is missing is compared.

        Raises:
            InvalidOption: a cut-off for something else.
            InvalidDate: *now* has no time zone.
        """
        check_instance(cut_off, CutOff, "cut_off")
        _checked_instant(now, "now")
        statuses = self._work.records.search_late(cut_off, step_of(cut_off))
        trades = self._work.records.trades(statuses)
        return late_table(zip(trades, statuses, strict=True), cut_off, now)

    def ageing(self, on: date) -> Table:
        """Return what is failing, or due and not settled, by its age.

        Args:
            on: the day that ages are counted to, in calendar days.
        """
        check_day(on, "on")
        wanted = Wanted(is_open=True, due=(None, on))
        return ageing_table(self._work.records.search_instructions(wanted), on)


def _checked_instant(at: datetime, field: str) -> str:
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise InvalidDate(field=field, expected="a datetime with a time zone", found=at)
    return instant_text(at)
