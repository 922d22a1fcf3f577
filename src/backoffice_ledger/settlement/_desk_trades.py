"""The desk's verbs for trades: from their capture to what settles them."""

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import date, datetime
from functools import partial
from types import MappingProxyType
from typing import Literal, Self

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date, check_instance
from backoffice_ledger.errors import InvalidDate, InvalidOption
from backoffice_ledger.settlement._approval import Gate
from backoffice_ledger.settlement._books import Books, books_of
from backoffice_ledger.settlement._life import TradeState, TradeStatus
from backoffice_ledger.settlement._matching import EUR_TOLERANCE, Tolerance
from backoffice_ledger.settlement._netting import Netting
from backoffice_ledger.settlement._trade import Allocation, Trade
from backoffice_ledger.settlement._values import instant_text
from backoffice_ledger.settlement._work import Cycle, Work
from backoffice_ledger.settlement.lots._checks import check_name
from backoffice_ledger.settlement.netting import NettingSet

Route = Literal["bilateral", "netted", "novated"]
"""What becomes of a matched trade: it is settled by itself, or is replaced."""

Milestone = Literal["confirmed", "affirmed", "matched"]
"""Steps that need nothing but the news that they were taken."""


def _as_cycles(value: Mapping[str, Cycle]) -> Mapping[str, Cycle]:
    if not isinstance(value, Mapping) or not all(map(callable, value.values())):
        raise InvalidOption(
            field="cycles", expected="a function for each market", found=value
        )
    return MappingProxyType(dict(value))


@attrs.frozen(order=False)
class TradeDesk:
    """What a desk works with, and its verbs for trades; see `SettlementDesk`."""

    ledger: bl.Ledger
    books: Books = attrs.field(default=None, kw_only=True)
    market: str | None = attrs.field(default=None, kw_only=True)
    tolerances: tuple[Tolerance, ...] = attrs.field(
        default=(EUR_TOLERANCE,), converter=tuple, kw_only=True
    )

    cycles: Mapping[str, Cycle] = attrs.field(
        factory=dict[str, Cycle], converter=_as_cycles, kw_only=True
    )
    _gate: Gate | None = attrs.field(default=None, init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        check_instance(self.ledger, bl.Ledger, "ledger")
        object.__setattr__(self, "books", books_of(self.ledger, self.books))
        if self.market is not None:
            check_name(self.market, "market")
        for each in self.tolerances:
            check_instance(each, Tolerance, "tolerances")

    @property
    def _work(self) -> Work:
        return Work(self.ledger, self.books, self.market, self.cycles, gate=self._gate)

    def _gated(self, gate: Gate) -> Self:
        """Return this desk, with something that looks at what it stores."""
        desk = copy(self)
        object.__setattr__(desk, "_gate", gate)
        return desk

    # --- trades ----------------------------------------------------------------------

    def capture(self, trade: Trade) -> TradeStatus:
        """Take in a trade and book it; see `capture_many`."""
        [status] = self.capture_many([trade])
        return status

    def capture_many(self, trades: Iterable[Trade]) -> tuple[TradeStatus, ...]:
        """Take in trades and book them on their trade dates.

        A trade that names no settlement date gets the one of its market's cycle.

        Raises:
            InvalidOption: not a trade, or one that is an amendment; or it names neither
                a settlement date nor a market whose cycle the desk knows.
            CalendarHorizon: nothing is known of the days of its settlement.
            IdempotencyConflict: the id is taken by another trade.
            Refused: the book does not take an entry.
        """
        return self._work.batched(trades, self._work.capture, "trades")

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
        details = {} if at is None else {"at": checked_instant(at, "at")}

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
        lives where another system has what takes their place: book it,
        `accounting.Netted`, in one ``ledger.atomically`` with this.  `net` and `novate`
        do all of it.

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
            TransitionRefused: it is settled, netted or over; its instruction is still
                alive: cancel that first; its customer has paid: reverse that first; or
                *on* is before the trade date.
            UnknownRecord, DocumentConflict: as for `advance`.
        """
        check_date(on, "on")

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
            InvalidOption, CalendarHorizon: no settlement date, as for `capture_many`.
            TransitionRefused, UnknownRecord: as for `cancel`.
        """
        check_date(on, "on")
        check_instance(trade, Trade, "trade")

        work = partial(self._work.amend, trade, on, reason, seen)
        return self.ledger.atomically(work)

    # --- netting ---------------------------------------------------------------------

    def net(
        self,
        ids: Iterable[str],
        *,
        netting_id: str,
        netting_set: NettingSet,
        on: date,
        ccp: str | None = None,
    ) -> Netting:
        """Set matched trades off against each other; what is left takes their place.

        For each security one net obligation is left: its units against its money, which
        may go the same way.  It is instructed and settled like a trade; one of which
        nothing is left is over.  With *ccp* a central counterparty is put between, else
        two parties net what they owe each other.  Net obligations that are not
        instructed are netted again like trades.

        Args:
            ids: of trades, and of net obligations.
            netting_id: unique; what is left is ``<netting_id>.<security>``.
            netting_set: day, system and agreement; all must be due on that day.
            on: the day on which it is booked.
            ccp: the central counterparty.

        Raises:
            TransitionRefused: a trade is not matched, or is netted already; or the
                netting was unwound.
            InvalidOption: trades of several currencies, owners, own standing
                instructions or (without *ccp*) counterparties, or of another day.
            IdempotencyConflict: the id is taken by another netting.
            UnknownRecord: there is no such trade.
        """
        asked = Netting(id=netting_id, date=on, netting_set=netting_set, ccp=ccp)
        return self._net(ids, asked)

    def novate(
        self,
        ids: Iterable[str],
        *,
        netting_id: str,
        netting_set: NettingSet,
        on: date,
        ccp: str,
    ) -> Netting:
        """Put a central counterparty between the parties of each matched trade.

        The trade ends; two obligations with its terms take its place at once: ours,
        ``<netting_id>.<trade>``, and that of who was our counterparty,
        ``<netting_id>.<trade>.other``, which is kept but not ours to book.

        Args:
            ids: of trades.
            netting_id: unique.
            netting_set: day, system and agreement; all must be due on that day.
            on: the day on which it is booked.
            ccp: the central counterparty.

        Raises:
            TransitionRefused: a trade is not matched, or is novated already.
            InvalidOption: a trade of another day, or with *ccp* already.
            IdempotencyConflict, UnknownRecord: as for `net`.
        """
        asked = Netting(
            id=netting_id, kind="novated", date=on, netting_set=netting_set, ccp=ccp
        )
        return self._net(ids, asked)

    def _net(self, ids: Iterable[str], asked: Netting) -> Netting:
        if isinstance(ids, str) or not isinstance(ids, Iterable):
            raise InvalidOption(field="ids", expected="a list of ids", found=ids)
        return self.ledger.atomically(partial(self._work.net, list(ids), asked))

    def unwind(self, netting_id: str, *, on: date, reason: str = "") -> Netting:
        """Take a netting or a novation back, of which nothing is settled.

        Its entries are reversed, its obligations are cancelled, and its trades are what
        they were before: matched.  To net them again takes another id.

        Args:
            netting_id: of the netting.
            on: booking date of the reversals.
            reason: why; erasable free text, kept with the entries.

        Raises:
            TransitionRefused: something of it is settled or netted again, or an
                instruction is alive: cancel that first; or it was unwound on another
                day.
            UnknownRecord: there is no such netting, or other books than
                `accounting.PostingRules` booked it.
        """
        check_date(on, "on")
        return self.ledger.atomically(
            partial(self._work.unwind, netting_id, on, reason)
        )


def checked_instant(at: datetime, field: str) -> str:
    """Return an instant as documents keep it.

    Raises:
        InvalidDate: it has no time zone.
    """
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise InvalidDate(field=field, expected="a datetime with a time zone", found=at)
    return instant_text(at)
