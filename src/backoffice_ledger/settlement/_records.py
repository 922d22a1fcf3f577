"""What the desk keeps in a book: trades and instructions with their statuses."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    DocumentConflict,
    IdempotencyConflict,
    UnknownRecord,
)
from backoffice_ledger.settlement import (
    _instruction,
    _life,
    _netting,
    _status,
    _trade,
)
from backoffice_ledger.settlement._index import (
    STEPS,
    Index,
    Span,
    Wanted,
    instruction_index,
    is_meant,
    late_span,
    terms_of,
    trade_index,
)
from backoffice_ledger.settlement._instruction import Instruction
from backoffice_ledger.settlement._life import TradeState, TradeStatus
from backoffice_ledger.settlement._netting import Case, Deal, NetObligation, Netting
from backoffice_ledger.settlement._status import InstructionStatus
from backoffice_ledger.settlement._trade import Trade
from backoffice_ledger.settlement.dates import CutOff

S = TypeVar("S")
Stored = Trade | TradeStatus | Instruction | InstructionStatus | Netting | NetObligation
"""What documents keep."""


@attrs.frozen
class Records:
    """Reads and writes the documents; a trade that was amended is its last version."""

    ledger: bl.Ledger

    def store(self, values: Iterable[Stored]) -> None:
        """Store the documents that keep *values*."""
        documents = self.documents(values)
        if documents:
            self.ledger.documents.store_many(documents)

    def documents(self, values: Iterable[Stored]) -> list[bl.Document]:
        """Return the documents that keep *values*, with what they are found by."""
        stored = list(values)
        indexes = self._indexes(stored)
        return [_document_of(value, indexes) for value in stored]

    # --- what is found by what it is -------------------------------------------------

    def search(
        self, wanted: Wanted, *, after: str | None = None, limit: int | None = None
    ) -> list[TradeStatus]:
        """Return the statuses of trades and net obligations, by booking id.

        Args:
            wanted: which ones.
            after: a booking id; those up to it are left out.
            limit: how many at most.
        """
        return self._search(
            wanted.where("state"), wanted.between(), after=after, limit=limit
        )

    def search_late(self, cut_off: CutOff, state: TradeState) -> list[TradeStatus]:
        """Return the statuses of those that may have been late for a step, or are.

        Args:
            cut_off: until when the step has to be taken, on the trade date.
            state: the state that the step leads to.
        """
        late = self._search({}, {STEPS[state]: late_span(cut_off)})
        found = {
            status.booking_id: status
            for status in (*late, *self.search(Wanted(is_open=True)))
            if not status.is_net
        }
        return [found[id_] for id_ in sorted(found)]

    def search_cases(self, wanted: Wanted) -> list[Case]:
        """Return trades and net obligations with where they are, by booking id."""
        statuses = self.search(wanted)
        return list(map(Case, self.deals(statuses), statuses))

    def _search(
        self, where: Index, between: Mapping[str, Span], **page: Any
    ) -> list[TradeStatus]:
        def read(documents: Sequence[bl.Document]) -> list[tuple[TradeStatus, Index]]:
            statuses = [_life.from_document(each) for each in documents]
            return self._with_index(documents, statuses)

        return self._pages(_life.KIND, where, between, read, **page)

    def search_instructions(
        self, wanted: Wanted, *, after: str | None = None, limit: int | None = None
    ) -> list[InstructionStatus]:
        """Return the statuses of the instructions that are asked for, by id.

        Args:
            wanted: which ones.
            after: an id; those up to it are left out.
            limit: how many at most.
        """

        def read(
            documents: Sequence[bl.Document],
        ) -> list[tuple[InstructionStatus, Index]]:
            return [
                (status, each.index or instruction_index(status))
                for each, status in zip(
                    documents, self._instructions(documents), strict=True
                )
            ]

        return self._pages(
            _status.KIND,
            wanted.where("settlement"),
            wanted.between(),
            read,
            after=after,
            limit=limit,
        )

    def _pages(
        self,
        kind: str,
        where: Index,
        between: Mapping[str, Span],
        read: Callable[[Sequence[bl.Document]], list[tuple[S, Index]]],
        after: str | None = None,
        limit: int | None = None,
    ) -> list[S]:
        """Return what is asked for, also of those that were stored without an index."""
        found: list[S] = []
        while limit is None or len(found) < limit:
            left = None if limit is None else limit - len(found)
            page = self.ledger.documents.find(
                kind, where, between=between, undeclared=True, after=after, limit=left
            )
            found += [
                value for value, index in read(page) if is_meant(index, where, between)
            ]
            if left is None or len(page) < left:
                break
            after = page[-1].id
        return found

    def _with_index(
        self, documents: Sequence[bl.Document], statuses: Sequence[TradeStatus]
    ) -> list[tuple[TradeStatus, Index]]:
        """Return statuses with what they are found by, declared or not."""
        old = [
            status
            for status, each in zip(statuses, documents, strict=True)
            if not each.index
        ]
        deals = self.deals(old)
        terms = {each.booking_id: terms_of(each) for each in deals}
        made = self._made(old, terms, self.net_obligations(_references(old)))
        return [
            (status, each.index or made[status.booking_id])
            for each, status in zip(documents, statuses, strict=True)
        ]

    def _indexes(self, values: Iterable[Stored]) -> dict[str, Index]:
        """Return what the statuses of trades among *values* are found by.

        The terms come from what is stored with a status, from the version before, or
        from what the book has.
        """
        statuses = [value for value in values if isinstance(value, TradeStatus)]
        deals = {
            value.booking_id: value
            for value in values
            if isinstance(value, (Trade, NetObligation))
        }
        terms = {id_: terms_of(deal) for id_, deal in deals.items()}
        moved = [one.booking_id for one in statuses if one.booking_id not in terms]
        documents = self.ledger.documents.get_many(_life.KIND, moved)
        before = [_life.from_document(each) for each in documents]
        for status, index in self._with_index(documents, before):
            terms[status.booking_id] = index
        begun = [one for one in statuses if one.booking_id not in terms]
        for deal in self.deals(begun):  # stored already, by the proposal of it
            terms[deal.booking_id] = terms_of(deal)
        return self._made(statuses, terms, deals)

    def _made(
        self,
        statuses: Iterable[TradeStatus],
        terms: Mapping[str, Index],
        kept: Collection[str],
    ) -> dict[str, Index]:
        """Return what statuses are found by; *kept* has ids of net obligations."""
        return {
            status.booking_id: trade_index(
                status,
                terms[status.booking_id],
                is_outside=any(id_ not in kept for id_ in _references([status])),
            )
            for status in statuses
        }

    # --- trades ----------------------------------------------------------------------

    def first_versions(self, ids: Sequence[str]) -> dict[str, Trade]:
        """Return those trades that the book has, as they were captured."""
        documents = self.ledger.documents.get_many(_trade.KIND, ids)
        return {
            each.id: _trade.from_document(
                each
                if each.version == 1
                else self.ledger.documents.get(_trade.KIND, each.id, version=1)
            )
            for each in documents
        }

    def find_statuses(self, ids: Sequence[str]) -> dict[str, TradeStatus]:
        """Return the statuses of those trades that the book has."""
        found = self._statuses(ids)
        while moved := {
            id_: self._successor(status)
            for id_, status in found.items()
            if status.state is TradeState.CORRECTED
        }:
            later = self._statuses(list(moved.values()))
            found |= {id_: later[booking_id] for id_, booking_id in moved.items()}
        return found

    def _statuses(self, booking_ids: Sequence[str]) -> dict[str, TradeStatus]:
        documents = self.ledger.documents.get_many(_life.KIND, booking_ids)
        return {each.id: _life.from_document(each) for each in documents}

    def _successor(self, status: TradeStatus) -> str:
        details = status.details(TradeState.CORRECTED)
        return str((details or {})["replaced_by"])

    def statuses(self, ids: Sequence[str]) -> list[TradeStatus]:
        """Return the statuses of trades, in the order of their ids.

        Raises:
            UnknownRecord: the book does not have one of them.
        """
        found = self.find_statuses(ids)
        return [_known(found, id_, "the id of a trade") for id_ in ids]

    def booked_statuses(self, booking_ids: Sequence[str]) -> list[TradeStatus]:
        """Return the statuses of what is booked under these ids.

        Raises:
            UnknownRecord: the book does not have one of them.
        """
        found = self._statuses(booking_ids)
        return [_known(found, id_, "the id of a booked trade") for id_ in booking_ids]

    def trades(self, statuses: Sequence[TradeStatus]) -> list[Trade]:
        """Return the trades that these statuses are about.

        Raises:
            UnknownRecord: one is about a net obligation.
        """
        ids = [status.trade for status in statuses]
        documents = self.ledger.documents.get_many(_trade.KIND, ids)
        latest = {each.id: each for each in documents}
        for id_ in ids:
            _known(latest, id_, "the id of a trade")
        return [
            _trade.from_document(
                latest[status.trade]
                if latest[status.trade].version == status.trade_version
                else self.ledger.documents.get(
                    _trade.KIND, status.trade, version=status.trade_version
                )
            )
            for status in statuses
        ]

    # --- nettings --------------------------------------------------------------------

    def deals(self, statuses: Sequence[TradeStatus]) -> list[Deal]:
        """Return the trades and net obligations that these statuses are about."""
        trades = [status for status in statuses if not status.is_net]
        found: dict[str, Deal] = {
            trade.booking_id: trade for trade in self.trades(trades)
        }
        found |= self.net_obligations(
            [status.trade for status in statuses if status.is_net]
        )
        return [found[status.booking_id] for status in statuses]

    def net_obligations(self, ids: Sequence[str]) -> dict[str, NetObligation]:
        """Return those net obligations that the book has."""
        documents = self.ledger.documents.get_many(_netting.OBLIGATION_KIND, ids)
        return {each.id: _netting.obligation_of(each) for each in documents}

    def netting(self, id: str) -> Netting:
        """Return a netting with its obligations.

        Raises:
            UnknownRecord: there is none.
        """
        found = self.find_netting(id)
        if found is None:
            raise UnknownRecord(field="id", expected="the id of a netting", found=id)
        return found

    def find_netting(self, id: str) -> Netting | None:
        """Return a netting with its obligations, None if there is none."""
        documents = self.ledger.documents.get_many(_netting.KIND, [id])
        if not documents:
            return None
        made = map(
            _netting.obligation_of,
            self.ledger.documents.all(_netting.OBLIGATION_KIND),
        )
        return _netting.from_document(
            documents[0], [each for each in made if each.netting == id]
        )

    # --- instructions ----------------------------------------------------------------

    def find_instructions(self, ids: Sequence[str]) -> dict[str, InstructionStatus]:
        """Return the statuses of those instructions that the book has."""
        documents = self.ledger.documents.get_many(_status.KIND, ids)
        return {each.id: each for each in self._instructions(documents)}

    def _instructions(
        self, documents: Sequence[bl.Document]
    ) -> list[InstructionStatus]:
        """Return the statuses that *documents* keep."""
        terms = self.ledger.documents.get_many(
            _instruction.KIND, [each.id for each in documents]
        )
        return [
            _status.from_document(status, _instruction.from_document(each))
            for status, each in zip(documents, terms, strict=True)
        ]

    def instructions(self, ids: Sequence[str]) -> list[InstructionStatus]:
        """Return the statuses of instructions, in the order of their ids.

        Raises:
            UnknownRecord: the book does not have one of them.
        """
        found = self.find_instructions(ids)
        missing = [id_ for id_ in ids if id_ not in found]
        for id_, status in self.find_statuses(missing).items():
            last = status.details(TradeState.INSTRUCTED)
            raise UnknownRecord(
                f"the trade {id_!r} is not instructed"
                if last is None
                else f"the trade {id_!r} has another instruction",
                field="id",
                expected="the id of an instruction"
                if last is None
                else str(last["instruction"]),
                found=id_,
            )
        return [_known(found, id_, "the id of an instruction") for id_ in ids]


def _references(statuses: Iterable[TradeStatus]) -> list[str]:
    """Return the ids of what took the place of netted and novated trades."""
    return [
        str((status.details(status.state) or {})["reference"])
        for status in statuses
        if status.state in (TradeState.NETTED, TradeState.NOVATED)
    ]


def _known(found: Mapping[str, Any], id_: str, expected: str) -> Any:
    if id_ not in found:
        raise UnknownRecord(field="id", expected=expected, found=id_)
    return found[id_]


def check_seen(status: TradeStatus | InstructionStatus, seen: int | None) -> None:
    """Check that the caller has seen the latest version of a status.

    Raises:
        DocumentConflict: there is a later one.
    """
    if seen is not None and seen != status.version:
        raise DocumentConflict(
            "the status has changed since it was read",
            field="seen",
            expected=str(status.version),
            found=seen,
        )


def check_same(
    known: Trade | Instruction | Netting | NetObligation,
    asked: Trade | Instruction | Netting | NetObligation,
) -> None:
    """Check that what is asked for is what the book has under its id.

    Raises:
        IdempotencyConflict: it is another one; the first field that differs is named.
    """
    if known == asked:
        return
    field = next(
        each.name
        for each in attrs.fields(type(known))
        if getattr(known, each.name) != getattr(asked, each.name)
    )
    raise IdempotencyConflict(
        f"the {type(known).__name__.lower()} {known.id!r} is another one",
        field=field,
        expected=str(getattr(known, field)),
        found=str(getattr(asked, field)),
    )


def _document_of(value: Stored, indexes: Mapping[str, Index]) -> bl.Document:
    match value:
        case Trade():
            return _trade.to_document(value)
        case TradeStatus():
            return _life.to_document(value, indexes[value.booking_id])
        case Instruction():
            return _instruction.to_document(value)
        case Netting():
            return _netting.to_document(value)
        case NetObligation():
            return _netting.obligation_document(value)
    return _status.to_document(value, instruction_index(value))
