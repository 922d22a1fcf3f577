"""The desk's verbs for instructions: from the depository's acceptance to settled."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_instance
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement._desk_trades import TradeDesk
from backoffice_ledger.settlement._instructing import (
    failing_event,
    instruct,
    settled_event,
)
from backoffice_ledger.settlement._instruction import Instruction
from backoffice_ledger.settlement._matching import Match, match_instructions
from backoffice_ledger.settlement._status import (
    InstructionStatus,
    Lack,
    Party,
    failures,
    reason_of,
)
from backoffice_ledger.settlement._values import as_optional_amount


@attrs.frozen(order=False)
class InstructionDesk(TradeDesk):
    """The verbs for instructions; see `SettlementDesk`."""

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
        what the book says is open of it, also after a split.

        Args:
            id: of the trade.
            instruction: the id of the instruction; None is the last one if it is not
                over, else the trade's, then ``<trade>.2``, ``<trade>.3``, ...
            participant: who instructs.
            depository: where; None is that of the instruction before, or of a net
                obligation its system; else it is left open.
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
            results = instruct(
                self._work.records, batch, instruction, terms, self._work.read_open
            )
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
        self,
        references: Mapping[str, str],
        *,
        cash: bl.Amount | str | None = None,
    ) -> tuple[InstructionStatus, ...]:
        """The depository reports that instructions are matched.

        Args:
            references: of the other sides' instructions, by the id of ours.
            cash: the money that settles, where it is not ours; of one instruction.

        Raises:
            UnknownRecord: there is no such instruction.
            TransitionRefused: it is not accepted, or matched with another.
        """
        if not isinstance(references, Mapping):
            raise InvalidOption(
                field="references",
                expected="the other sides' references by the ids of ours",
                found=type(references).__name__,
            )
        money = as_optional_amount(cash, "cash")
        if cash is not None and len(references) != 1:
            raise InvalidOption(field="cash", expected="None with several", found=cash)
        return self._work.stepped(
            references, lambda status: status.matched(money, references[status.id])
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
        [status] = self._hold([id], by, seen)
        return status

    def hold_many(
        self, ids: Iterable[str], *, by: Literal["us", "csd"] = "us"
    ) -> tuple[InstructionStatus, ...]:
        """Put instructions on hold; see `hold`."""
        return self._hold(ids, by)

    def _hold(
        self, ids: Iterable[str], by: Literal["us", "csd"], seen: int | None = None
    ) -> tuple[InstructionStatus, ...]:
        check_choice(by, Literal["us", "csd"], "by")
        return self._work.stepped(ids, lambda one: one.held(by), seen)

    def release(
        self,
        id: str,
        *,
        quantity: bl.Amount | str | None = None,
        seen: int | None = None,
    ) -> InstructionStatus:
        """Release an instruction from hold, or some units of a delivery.

        Raises:
            InvalidOption: not some of the units that are left.
            TransitionRefused: it is over; no delivery; or it is released in part
                already: hold it again first.
            UnknownRecord, DocumentConflict: as for `hold`.
        """
        units = as_optional_amount(quantity, "quantity")
        [status] = self._work.stepped([id], lambda one: one.freed(units), seen)
        return status

    def release_many(self, ids: Iterable[str]) -> tuple[InstructionStatus, ...]:
        """Release all of instructions from hold; see `release`."""
        return self._work.stepped(ids, InstructionStatus.freed)

    def settle(
        self,
        id: str,
        *,
        on: date,
        quantity: bl.Amount | str | None = None,
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
                day; over; a part where none is allowed; or the security was split:
                cancel the instruction, and instruct the trade again.
            IdempotencyConflict: the reference is that of another settlement.
            InvalidOption: more units than are left, or a part without a reference.
            UnknownRecord: there is no such instruction.
        """
        units = as_optional_amount(quantity, "quantity")
        [status] = self._work.stepped(
            [id],
            lambda one: one.settled(on, units, reference),
            event=settled_event,
        )
        return status

    def settle_many(
        self, ids: Iterable[str], *, on: date
    ) -> tuple[InstructionStatus, ...]:
        """The depository has settled all that is left of instructions; see `settle`."""
        return self._work.stepped(ids, lambda one: one.settled(on), event=settled_event)

    def settle_customer(
        self,
        id: str,
        *,
        on: date,
        cash: bl.Amount | str | None = None,
        part: int | None = None,
    ) -> None:
        """The customer of an agent trade has paid, or was paid.

        Args:
            id: of the trade.
            on: the day.
            cash: how much, positive; None is all that is still open.
            part: with *cash*: 1 for the first payment, 2 for the next, ...  Without it
                a second payment of the same sum would look like a retry.

        Raises:
            InvalidOption: no trade as agent; *cash* without *part*; or a *part* that is
                not the next one, nor one that was paid.
            IdempotencyConflict: the part was another payment.
            TransitionRefused: the trade is cancelled, or is a block that was allocated.
            UnknownRecord: there is no such trade.
        """
        if (cash is None) is not (part is None):
            raise InvalidOption(
                "without one a second payment would look like a retry",
                field="part",
                expected="none without cash"
                if cash is None
                else "1 for the first payment, 2 for the next",
                found=part,
            )
        money = as_optional_amount(cash, "cash")
        self._work.settle_customers([id], on, money, part)

    def settle_customers(self, ids: Iterable[str], *, on: date) -> None:
        """The customers of agent trades have paid, or were paid, all that is open.

        Where nothing is open, nothing is done.

        Raises:
            InvalidOption: one is no trade as agent.
            TransitionRefused: one is cancelled, or is a block that was allocated.
            UnknownRecord: there is no such trade.
        """
        self._work.settle_customers(ids, on)

    def fail(
        self,
        id: str,
        *,
        on: date,
        lacks: Iterable[Lack] = (),
        counterparty_on_hold: bool = False,
    ) -> InstructionStatus:
        """An instruction was not settled on a day; see `fail_many`."""
        [status] = self.fail_many(
            [id], on=on, lacks=lacks, counterparty_on_hold=counterparty_on_hold
        )
        return status

    def fail_many(
        self,
        ids: Iterable[str],
        *,
        on: date,
        lacks: Iterable[Lack] = (),
        counterparty_on_hold: bool = False,
    ) -> tuple[InstructionStatus, ...]:
        """Instructions were not settled on a day: they are failing, and booked so.

        The reason is found in this order: hold, lack of securities, lack of cash.

        Args:
            ids: of the instructions.
            on: the day; the intended one or later.
            lacks: what is missing: ``securities`` at who delivers, ``cash`` at who
                pays.
            counterparty_on_hold: whether the other side is on hold.

        Raises:
            TransitionRefused: one is over, or the day is too early.
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
                pays=status.instruction.pays,
            )
            return status.failed(on, reason_of(found))

        return self._work.stepped(ids, step, event=failing_event)

    def recycle(self, id: str) -> InstructionStatus:
        """A failing instruction is tried again; see `recycle_many`."""
        [status] = self.recycle_many([id])
        return status

    def recycle_many(self, ids: Iterable[str]) -> tuple[InstructionStatus, ...]:
        """Failing instructions are tried again; they stay booked as failing.

        Raises:
            UnknownRecord: there is no such instruction.
            TransitionRefused: one is over.
        """
        return self._work.stepped(ids, InstructionStatus.recycled)

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
