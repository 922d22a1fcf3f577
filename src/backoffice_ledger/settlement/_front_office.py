"""The front office: read-only answers for who sells and trades."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Final, Protocol, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instance
from backoffice_ledger.errors import InvalidOption, NotPermitted
from backoffice_ledger.protocols import Clock
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement._index import Wanted
from backoffice_ledger.settlement._instructing import last_instruction
from backoffice_ledger.settlement._life import TradeState
from backoffice_ledger.settlement._netting import Case, Deal, NetObligation
from backoffice_ledger.settlement._records import Records
from backoffice_ledger.settlement._status import InstructionStatus
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement._values import text_of
from backoffice_ledger.settlement.accounting import SettlementAccounts
from backoffice_ledger.settlement.lots import read_positions

_NONE: Final = bl.Balance()
DUTY: Final = "front-office.read"
"""The duty that an actor needs to ask."""


class Authority(Protocol):
    """Knows the duties of actors."""

    def duties_of(self, actor: str, at: datetime) -> Collection[str]:
        """Return the duties that an actor has at an instant."""
        ...


@attrs.frozen
class _Open:
    """Units that are to come, or (below zero) to leave, and when."""

    units: bl.Amount
    settlement_date: date
    is_failing: bool


_HOLDINGS: Final = (
    Column("instrument", "Instrument", "commodity"),
    Column("traded", "Traded", "amount"),
    Column("settled", "Settled", "amount"),
    Column("to_receive", "To receive", "amount"),
    Column("to_deliver", "To deliver", "amount"),
    Column("cost", "Cost", "balance", shown="filled"),
    Column("price", "Average price", shown="filled"),
)
_TRADES: Final = (
    Column("trade", "Trade"),
    Column("trade_date", "Traded", "date"),
    Column("side", "Side"),
    Column("instrument", "Instrument", "commodity"),
    Column("quantity", "Quantity", "amount"),
    Column("price", "Price"),
    Column("counterparty", "Counterparty"),
    Column("settlement_date", "Settles", "date"),
    Column("state", "State"),
)
_ORDER: Final = (Column("question", "Question"), Column("answer", "Answer"))


@final
@attrs.frozen(order=False, kw_only=True)
class FrontOffice:
    """Answers from the books; nothing is ever written.

    Args:
        ledger: the book; one that is opened read-only does.
        accounts: where settlement is booked.
        owners: whose units are shown; None is everybody's.
        actor: who asks.
        authority: knows what the actor may do; None asks nobody.  The actor needs the
            duty ``front-office.read``.
        clock: says what time it is, for the authority.

    Raises:
        InvalidOption: an authority without an actor and a clock.
    """

    ledger: bl.Ledger
    accounts: SettlementAccounts = attrs.field(factory=SettlementAccounts)
    owners: tuple[str, ...] | None = None
    actor: str | None = None
    authority: Authority | None = None
    clock: Clock | None = None

    def __attrs_post_init__(self) -> None:
        check_instance(self.ledger, bl.Ledger, "ledger")
        check_instance(self.accounts, SettlementAccounts, "accounts")
        if self.authority is not None and (self.actor is None or self.clock is None):
            raise InvalidOption(
                field="authority", expected="an actor and a clock with it"
            )

    def _check(self, owner: str | None = None) -> None:
        if self.authority is not None and self.actor is not None and self.clock:
            duties = self.authority.duties_of(self.actor, self.clock.now())
            if DUTY not in duties:
                raise NotPermitted(
                    field="actor", expected=f"the duty {DUTY}", found=self.actor
                )
        if owner is not None and self.owners is not None and owner not in self.owners:
            raise NotPermitted(
                field="owner", expected=" or ".join(self.owners), found=owner
            )

    # --- positions -------------------------------------------------------------------

    def holdings(self, owner: str = "firm") -> Table:
        """Return what an owner has, what of it is settled, and what it cost.

        Cost and average price are known of the firm's own units; those of a customer
        are not the firm's to value.

        Raises:
            NotPermitted: the actor may not ask, or not about this owner.
            UnknownAccount: there is no such owner.
        """
        self._check(owner)
        traded = self.ledger.balance(self.accounts.owner(owner))
        open_units = self._open_units(owner)
        amounts = {
            code: items[0].units - items[0].units for code, items in open_units.items()
        } | {amount.commodity.code: amount for amount in traded}
        costs = self._costs(owner, amounts)
        rows = []
        for code, amount in sorted(amounts.items()):
            zero = amount - amount
            coming = [item.units for item in open_units.get(code, ())]
            receive = sum((units for units in coming if units > zero), zero)
            deliver = sum((-units for units in coming if units < zero), zero)
            cost = costs.get(code)
            rows.append(
                Row(
                    [
                        code,
                        amount,
                        amount - receive + deliver,
                        receive,
                        deliver,
                        bl.Balance([] if cost is None else [cost]),
                        _average(cost, amount),
                    ]
                )
            )
        return Table(f"Holdings of {owner}", _HOLDINGS, rows)

    def _costs(self, owner: str, codes: Iterable[str]) -> Mapping[str, bl.Amount]:
        """Return what an owner's units cost, by instrument; nothing of customers'."""
        if owner not in self.accounts.house:
            return {}
        view, lots = self.ledger.view(), self.accounts.lots
        if len(self.accounts.house) > 1:  # the lots tell whose cost it is
            positions = [
                (code, read_positions(view, lots, instrument=code).get((owner, code)))
                for code in codes
            ]
            return {code: one.pool.cost for code, one in positions if one is not None}
        booked = view.balances_by(
            "instrument", list(codes), accounts=self._opened(lots.cost)
        )
        return {
            code: amount
            for code, balances in booked.items()
            for balance in balances.values()
            for amount in balance
        }

    def available(
        self, instrument: str | bl.Commodity, on: date, owner: str = "firm"
    ) -> bl.Amount:
        """Return how many units an owner can deliver on a day beyond what is promised.

        What is settled; what is to come by that day, unless it is failing; less what is
        to be delivered by then.  Below zero: that much is missing.

        Raises:
            NotPermitted: the actor may not ask, or not about this owner.
            UnknownAccount: there is no such owner.
        """
        self._check(owner)
        check_date(on, "on")
        unit = bl.Commodity.of(instrument)
        traded = self.ledger.balance(self.accounts.owner(owner))
        zero = bl.Amount.from_minor(0, unit)
        left = sum((amount for amount in traded if amount.commodity == unit), zero)
        for item in self._open_units(owner).get(unit.code, ()):
            is_later = item.settlement_date > on
            if is_later or (item.is_failing and item.units > zero):
                left -= item.units
        return left

    def _open_units(self, owner: str) -> Mapping[str, list[_Open]]:
        """Return an owner's units that are traded and not settled, by instrument."""
        found: dict[str, list[_Open]] = {}
        dates = self._unsettled(owner)
        pending = self.accounts.open_locations
        failed = {self.accounts.failed_to_deliver, self.accounts.failed_to_receive}
        booked = self.ledger.view().balances_by(
            "trade", list(dates), accounts=self._opened(pending | failed)
        )
        for booking_id, balances in booked.items():
            is_failing = not failed.isdisjoint(balances)
            for amount in sum((balances[p] for p in pending & balances.keys()), _NONE):
                found.setdefault(amount.commodity.code, []).append(
                    _Open(-amount, dates[booking_id], is_failing)
                )
        return found

    def _opened(self, paths: Collection[str]) -> list[str]:
        """Return those of these accounts that the book has."""
        known = self.ledger.accounts.all()
        return sorted(path for path in paths if path in known)

    def _unsettled(self, owner: str) -> Mapping[str, date]:
        """Return settlement dates by what may be open: trades, and what netted them."""
        records = Records(self.ledger)
        found = {
            case.id: case.deal.settlement_date
            for case in records.search_cases(Wanted(is_open=True, owner=owner))
        }
        for case in records.search_cases(Wanted(is_outside=True, owner=owner)):
            details = case.status.details(case.status.state) or {}
            found[str(details["reference"])] = case.deal.settlement_date
        return found

    # --- orders ----------------------------------------------------------------------

    def trades(
        self, *, instrument: str | None = None, owner: str | None = None
    ) -> Table:
        """Return trades and net obligations, the last first, and where they are.

        A trade is bought or sold at a price; a net obligation has none: its units are
        received or delivered, or are ``none`` where only money is left.

        Args:
            instrument: the code of the only one to show.
            owner: the only one to show.

        Raises:
            NotPermitted: the actor may not ask, or not about this owner.
        """
        self._check(owner)
        owners: tuple[str | None, ...] = (owner,)
        if owner is None and self.owners is not None:
            owners = tuple(dict.fromkeys(self.owners))
        records = Records(self.ledger)
        cases = [
            case
            for one in owners
            for case in records.search_cases(Wanted(instrument=instrument, owner=one))
        ]
        cases.sort(key=_made_at, reverse=True)
        rows = [
            Row(
                [
                    case.id,
                    case.deal.trade_date,
                    _side(case.deal),
                    case.deal.instrument.code,
                    abs(case.deal.quantity),
                    _price(case.deal),
                    case.deal.counterparty,
                    case.deal.settlement_date,
                    case.status.state.value,
                ]
            )
            for case in cases
        ]
        return Table("Trades", _TRADES, rows)

    def order(self, id: str) -> Table:
        """Return what happened to a trade or a net obligation, in plain words.

        Raises:
            NotPermitted: the actor may not ask, or not about its owner.
            UnknownRecord: there is no such trade.
        """
        self._check()
        records = Records(self.ledger)
        [status] = statuses = records.statuses([id])
        [deal] = records.deals(statuses)
        self._check(deal.owner)
        what = f"{_side(deal)} {abs(deal.quantity)}"
        answers: list[tuple[str, str]] = [
            ("What", f"{what} at {deal.price}" if isinstance(deal, Trade) else what),
            ("Money", str(abs(deal.obligation.cash))),
            ("With", deal.counterparty),
            ("State", status.state.value),
            ("Settles on", deal.settlement_date.isoformat()),
        ]
        if isinstance(deal, NetObligation):
            answers.append(("In the place of", f"{deal.trades}, by {deal.netting}"))
        if status.state in (TradeState.NETTED, TradeState.NOVATED):
            became = status.details(status.state) or {}
            answers.append(("Became", str(became["reference"])))
        last = last_instruction(status)
        if last is not None:
            [instruction] = records.instructions([last])
            answers.extend(_instruction_answers(instruction))
        return Table(f"Trade {status.booking_id}", _ORDER, [Row(a) for a in answers])


def _made_at(case: Case) -> tuple[date, datetime, str]:
    """Return by what deals are sorted; net obligations come last of their day."""
    deal = case.deal
    if isinstance(deal, Trade):
        return deal.trade_date, deal.traded_at, case.id
    return deal.trade_date, datetime.max.replace(tzinfo=UTC), case.id


def _side(deal: Deal) -> str:
    if isinstance(deal, Trade):
        return deal.side
    if not deal.quantity:
        return "none"
    return "receive" if deal.quantity.minor_units > 0 else "deliver"


def _price(deal: Deal) -> str | None:
    if not isinstance(deal, Trade):
        return None
    basis = " %" if deal.price.basis == "percent" else ""
    return f"{text_of(deal.price.number)} {deal.currency}{basis}"


def _average(cost: bl.Amount | None, quantity: bl.Amount) -> str | None:
    """Return cost by unit, as an exact number."""
    if cost is None or not quantity:
        return None
    exact = Fraction(cost.decimal) / Fraction(quantity.decimal)
    shown = bl.Amount.rounded(
        exact, bl.Commodity("price", scale=6), rounding="half-even"
    )
    return f"{shown.number.rstrip('0').rstrip('.')} {cost.commodity}"


def _instruction_answers(status: InstructionStatus) -> Iterator[tuple[str, str]]:
    yield "Instruction", f"{status.instruction.kind}, {status.processing.value}"
    yield "Matched", status.matching.value
    yield "On hold", status.hold.value
    yield "Settlement", status.settlement.value
    if status.parts and not status.is_terminal:
        yield "Left", str(status.remaining)
    if status.reason is not None:
        yield "Why", status.reason.definition
