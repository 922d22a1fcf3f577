"""The desk: carries trades from their capture to their settlement."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instance
from backoffice_ledger.reports import Table
from backoffice_ledger.settlement import _life
from backoffice_ledger.settlement._approval import (
    Carrying,
    ask,
    asked,
    signed,
)
from backoffice_ledger.settlement._desk_instructions import InstructionDesk
from backoffice_ledger.settlement._desk_trades import checked_instant
from backoffice_ledger.settlement._index import Wanted
from backoffice_ledger.settlement._life import TradeState, TradeStatus
from backoffice_ledger.settlement._netting import Case, Netting
from backoffice_ledger.settlement._reports import (
    ageing_table,
    history_table,
    late_table,
    step_of,
)
from backoffice_ledger.settlement._status import (
    HoldState,
    InstructionStatus,
    Matching,
    Processing,
    SettlementState,
)
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement._worklist import (
    check_filters,
    find_cases,
    find_instructions,
    member_of,
    worklist_table,
)
from backoffice_ledger.settlement.dates import CutOff

T = TypeVar("T")


@final
@attrs.frozen(order=False)
class SettlementDesk(InstructionDesk):
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
        cycles: by market, what gives the settlement date to a trade that names none.
    """

    # --- four eyes -------------------------------------------------------------------

    def propose(
        self, id: str, command: "Callable[[SettlementDesk], object]"
    ) -> bl.Proposal:
        """Keep a verb as a proposal; nothing is done or booked yet.

        What is voted on is the document that the verb stores: the terms of an
        instruction or of an amended trade, else the next version of a status.  What the
        verb itself would refuse is refused.

        Args:
            id: of the proposal.
            command: a function that gives one verb to the desk that it gets, such as
                ``lambda desk: desk.release("T-1")``.

        Raises:
            InvalidOption: it gives none, one that would change nothing, or one that
                changes several things.
            IdempotencyConflict: the id stands for something else.
            ControlDenied: a control denies it.
        """
        desk = self._gated(ask)
        values = asked(self.ledger, lambda: command(desk))
        document = signed(self._work.records, values)
        return self.ledger.proposals.propose(
            lambda book: book.documents.store(document), id=id
        )

    def carry_out(self, id: str, command: "Callable[[SettlementDesk], T]") -> T:
        """Give a verb that was proposed and approved, in one database transaction.

        Args:
            id: of the proposal.
            command: the same as was proposed.

        Raises:
            ApprovalRequired, ControlDenied: votes are missing, or the actor may not.
            ProposalState: the proposal is not open, was on something else, or the book
                has changed since.
            UnknownProposal: there is none of this id.
        """
        desk = self._gated(Carrying(self.ledger, id))
        return self.ledger.atomically(lambda: command(desk))

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

    def netting(self, id: str) -> Netting:
        """Return a netting or a novation, with what took the place of its trades.

        Raises:
            UnknownRecord: there is none.
        """
        return self._work.records.netting(id)

    def trades(
        self,
        *,
        state: TradeState | str | None = None,
        due_by: date | None = None,
        counterparty: str | None = None,
        owner: str | None = None,
    ) -> tuple[Case, ...]:
        """Return trades and net obligations with where they are, the first due first.

        Earlier versions of amended trades are among them, as *corrected*.

        Args:
            state: only those in this state, such as ``matched``.
            due_by: only those with an intended settlement date up to this day.
            counterparty: only those with this one.
            owner: only those whose units are this one's.

        Raises:
            InvalidOption: there is no such state.
            InvalidDate, InvalidIdentifier: an argument is malformed.
        """
        check_filters(due_by, counterparty, owner)
        found = find_cases(
            self._work.records,
            state=member_of(TradeState, state, "state"),
            due_by=due_by,
            counterparty=counterparty,
            owner=owner,
        )
        return tuple(found)

    def instructions(
        self,
        *,
        processing: Processing | str | None = None,
        matching: Matching | str | None = None,
        hold: HoldState | str | None = None,
        settlement: SettlementState | str | None = None,
        is_over: bool | None = None,
        due_by: date | None = None,
        counterparty: str | None = None,
        owner: str | None = None,
    ) -> tuple[InstructionStatus, ...]:
        """Return instructions, the first due first.

        Args:
            processing: only those in this state of the region, such as ``accepted``.
            matching: the same, such as ``unmatched``.
            hold: the same, such as ``party-hold``.
            settlement: the same, such as ``failing``.
            is_over: only those that are settled, rejected or cancelled, or only others.
            due_by: only those with an intended settlement date up to this day.
            counterparty: only those with this one.
            owner: only those whose units are this one's.

        Raises:
            InvalidOption: there is no such state.
            InvalidDate, InvalidIdentifier: an argument is malformed.
        """
        check_filters(due_by, counterparty, owner)
        found = find_instructions(
            self._work.records,
            processing=member_of(Processing, processing, "processing"),
            matching=member_of(Matching, matching, "matching"),
            hold=member_of(HoldState, hold, "hold"),
            settlement=member_of(SettlementState, settlement, "settlement"),
            is_over=is_over,
            due_by=due_by,
            counterparty=counterparty,
            owner=owner,
        )
        return tuple(found)

    def worklist(self, on: date) -> Table:
        """Return what is to be done on a day, the first due first.

        Every trade, net obligation and instruction that is not over is in it, once,
        with what comes next; an instruction that only waits for its day is not.  So is
        each trade as agent that is due and for which its customer owes something, or is
        owed, with the customer in the place of the counterparty.

        Args:
            on: the day.
        """
        check_date(on, "on")
        work = self._work
        return worklist_table(work.records, on, work.read_open, work.unpaid())

    def history(self, id: str) -> Table:
        """Return the steps of a trade or a net obligation, and who took them when.

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
        checked_instant(now, "now")
        statuses = self._work.records.search_late(cut_off, step_of(cut_off))
        trades = self._work.records.trades(statuses)
        return late_table(zip(trades, statuses, strict=True), cut_off, now)

    def ageing(self, on: date) -> Table:
        """Return what is failing, or due and not settled, by its age.

        Args:
            on: the day that ages are counted to, in calendar days.
        """
        check_date(on, "on")
        wanted = Wanted(is_open=True, due=(None, on))
        return ageing_table(self._work.records.search_instructions(wanted), on)
