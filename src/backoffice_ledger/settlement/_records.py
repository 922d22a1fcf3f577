"""What the desk keeps in a book: trades and instructions with their statuses."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
from backoffice_ledger.settlement._instruction import Instruction
from backoffice_ledger.settlement._life import TradeState, TradeStatus
from backoffice_ledger.settlement._netting import Case, Deal, NetObligation, Netting
from backoffice_ledger.settlement._status import InstructionStatus
from backoffice_ledger.settlement._trade import Trade

Stored = Trade | TradeStatus | Instruction | InstructionStatus | Netting | NetObligation
"""What documents keep."""


@attrs.frozen
class Records:
    """Reads and writes the documents; a trade that was amended is its last version."""

    ledger: bl.Ledger

    def store(self, values: Iterable[Stored]) -> None:
        """Store the documents that keep *values*."""
        documents = [document_of(value) for value in values]
        if documents:
            self.ledger.documents.store_many(documents)

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

    def all_statuses(self) -> list[TradeStatus]:
        """Return the statuses of all trades, earlier versions included."""
        found = map(_life.from_document, self.ledger.documents.all(_life.KIND))
        return [status for status in found if not status.is_net]

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

    def all_cases(self) -> list[Case]:
        """Return all trades, earlier versions included, and all net obligations."""
        statuses = [
            _life.from_document(each) for each in self.ledger.documents.all(_life.KIND)
        ]
        return list(map(Case, self.deals(statuses), statuses))

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
        terms = self.ledger.documents.get_many(_instruction.KIND, ids)
        read = {each.id: _instruction.from_document(each) for each in terms}
        documents = self.ledger.documents.get_many(_status.KIND, list(read))
        return {
            each.id: _status.from_document(each, read[each.id]) for each in documents
        }

    def instructions(self, ids: Sequence[str]) -> list[InstructionStatus]:
        """Return the statuses of instructions, in the order of their ids.

        Raises:
            UnknownRecord: the book does not have one of them.
        """
        found = self.find_instructions(ids)
        return [_known(found, id_, "the id of an instruction") for id_ in ids]

    def all_instructions(self) -> list[InstructionStatus]:
        """Return the statuses of all instructions, by id."""
        read = {
            each.id: _instruction.from_document(each)
            for each in self.ledger.documents.all(_instruction.KIND)
        }
        return [
            _status.from_document(each, read[each.id])
            for each in self.ledger.documents.all(_status.KIND)
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


def document_of(value: Stored) -> bl.Document:
    """Return the document that keeps a value."""
    match value:
        case Trade():
            return _trade.to_document(value)
        case TradeStatus():
            return _life.to_document(value)
        case Instruction():
            return _instruction.to_document(value)
        case Netting():
            return _netting.to_document(value)
        case NetObligation():
            return _netting.obligation_document(value)
    return _status.to_document(value)
