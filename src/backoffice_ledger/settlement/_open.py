"""What is open of trades: units and money between the sides, money of customers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption, TransitionRefused
from backoffice_ledger.settlement._status import InstructionStatus
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement.accounting import SettlementAccounts

_NONE: Final = bl.Balance()


# --- between the sides ---------------------------------------------------------------


@attrs.frozen
class Open:
    """What the book says is still to move for a trade, without signs.

    Attributes:
        quantity: units; None if there are none.
        cash: money; None if there is none.
    """

    quantity: bl.Amount | None
    cash: bl.Amount | None


def read_open(
    ledger: bl.Ledger, accounts: SettlementAccounts | None, ids: Sequence[str]
) -> dict[str, Open]:
    """Return what is open, by booking id; that of which nothing is, is left out.

    Args:
        ledger: the book.
        accounts: where settlement is booked; None: nobody knows.
        ids: booking ids.
    """
    if accounts is None:
        return {}
    units, money = accounts.open_locations, accounts.open_money
    booked = _balances(ledger, ids, units | money)
    return {
        id_: Open(_sum(balances, units), _sum(balances, money))
        for id_, balances in booked.items()
        if balances
    }


def _balances(
    ledger: bl.Ledger, ids: Sequence[str] | None, paths: Collection[str]
) -> dict[str, dict[str, bl.Balance]]:
    known = ledger.accounts.all()
    opened = sorted(path for path in paths if path in known)
    if not opened or (ids is not None and not ids):
        return {}
    return ledger.view().balances_by("trade", ids, accounts=opened)


def _sum(
    balances: Mapping[str, bl.Balance], paths: Collection[str]
) -> bl.Amount | None:
    """Return the one amount that these accounts have in all."""
    total = sum((balances[path] for path in paths if path in balances), _NONE)
    return next((abs(amount) for amount in total), None)


def is_outdated(status: InstructionStatus, opened: Mapping[str, Open]) -> bool:
    """Whether the units of an instruction are no longer those of the book."""
    found = opened.get(str(status.instruction.trade))
    units = None if found is None else found.quantity
    return units is not None and status.remaining not in (None, units)


def check_units(
    statuses: Iterable[InstructionStatus], opened: Mapping[str, Open]
) -> None:
    """Check that instructions are for what the book says is open.

    Raises:
        TransitionRefused: one is not, for its security was split.
    """
    for status in statuses:
        if is_outdated(status, opened):
            raise TransitionRefused(
                f"what is open of the trade {status.instruction.trade!r} has changed,"
                f" such as by a split: cancel the instruction {status.id!r}, and"
                " instruct the trade again",
                field="quantity",
                expected=str(opened[str(status.instruction.trade)].quantity),
                found=status.remaining,
            )


# --- customers -----------------------------------------------------------------------


@attrs.frozen
class CustomerCash:
    """What the customer of an agent and we owe each other for a trade.

    Attributes:
        whole: what the customer owes (positive) or is owed for all of it.
        payments: by part, what was paid, without a sign; those that were taken back
            are left out.
        next_part: the number of the next payment.
    """

    whole: bl.Amount
    payments: Mapping[int, bl.Amount]
    next_part: int

    def asked(self, cash: bl.Amount | None) -> bl.Amount | None:
        """Return what a payment is booked with; None is the whole."""
        if cash is None and self.payments:
            return abs(self.left)
        return cash

    def is_next(self, part: int) -> bool:
        """Whether a part is the next one; else it is one that was paid.

        Raises:
            InvalidOption: it is neither.
        """
        if part != self.next_part and part not in self.payments:
            raise InvalidOption(
                field="part", expected=f"{self.next_part}: the next", found=part
            )
        return part == self.next_part

    @property
    def left(self) -> bl.Amount:
        """What is still to be paid, with the sign of the whole."""
        paid = sum(self.payments.values(), self.whole - self.whole)
        return self.whole - paid if self.whole.minor_units > 0 else self.whole + paid


def payment_id(trade: str, part: int) -> str:
    """Return the id of the entry of a customer's payment."""
    return f"settlement/{trade}/customer/{part}"


def read_customers(ledger: bl.Ledger, trades: Iterable[Trade]) -> list[CustomerCash]:
    """Return what customers owe or are owed for trades, in their order."""
    given = list(trades)
    view = ledger.view()
    paid: dict[str, dict[int, bl.Amount]] = {each.booking_id: {} for each in given}
    parts = dict.fromkeys(paid, 1)
    asked = list(paid)
    while asked:
        records = {
            record.id: record
            for record in view.find([payment_id(id_, parts[id_]) for id_ in asked])
        }
        for id_ in asked:
            record = records.get(payment_id(id_, parts[id_]))
            if record is not None and record.reversed_by is None:
                paid[id_][parts[id_]] = abs(record.entry.postings[0].amount)
        asked = [id_ for id_ in asked if payment_id(id_, parts[id_]) in records]
        parts.update((id_, parts[id_] + 1) for id_ in asked)
    return [
        CustomerCash(
            each.executed().customer_cash,
            paid[each.booking_id],
            parts[each.booking_id],
        )
        for each in given
    ]


def with_customer_cash(
    ledger: bl.Ledger, accounts: SettlementAccounts | None
) -> list[str]:
    """Return the booking ids of trades that customers may owe or be owed for."""
    if accounts is None:
        return []
    paths = {accounts.customer_receivable, accounts.customer_payable}
    booked = _balances(ledger, None, paths)
    return sorted(id_ for id_, balances in booked.items() if balances)
