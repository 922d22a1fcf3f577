"""The desk: carries trades from their capture to their settlement."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Final, Literal, Protocol, TypeVar, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    DocumentConflict,
    IdempotencyConflict,
    InvalidDate,
    InvalidOption,
    TransitionRefused,
)
from backoffice_ledger.reports import Table
from backoffice_ledger.settlement import _life, _trade
from backoffice_ledger.settlement._instruction import Instruction
from backoffice_ledger.settlement._life import NO_DETAILS, TradeState, TradeStatus
from backoffice_ledger.settlement._matching import (
    EUR_TOLERANCE,
    Match,
    Tolerance,
    match_instructions,
)
from backoffice_ledger.settlement._records import Records, check_seen, documents_of
from backoffice_ledger.settlement._reports import ageing
from backoffice_ledger.settlement._status import (
    InstructionStatus,
    Lack,
    Party,
    SettlementState,
    failures,
    reason_of,
)
from backoffice_ledger.settlement._trade import Allocation, Trade, split_block
from backoffice_ledger.settlement._values import instant_text
from backoffice_ledger.settlement.accounting import (
    CustomerSettled,
    SettlementEvent,
    TradeCancelled,
    TradeExecuted,
    TradeFailing,
    TradeSettled,
)
from backoffice_ledger.settlement.accounting._checks import (
    check_choice,
    check_day,
    check_instance,
    check_name,
)

T = TypeVar("T")

BATCH_SIZE: Final = 5_000
"""How many trades or instructions are in one database transaction."""

Route = Literal["bilateral", "netted", "novated"]
"""What becomes of a matched trade: it is settled by itself, or something replaces it."""


class Books(Protocol):
    """Books the events of settlement: `SettlementBooks`, or one of your own."""

    def post(self, events: Iterable[SettlementEvent]) -> object:
        """Post the entries of events, in order; each event is booked once.

        It is called inside the database transaction that stores the documents.
        """
        ...


@final
@attrs.frozen(order=False)
class SettlementDesk:
    """The trades of a book and the instructions that settle them.

    Each command stores a version of a document and books what follows from it in one
    database transaction; the log says who gave it.  The same command again changes
    nothing and returns the status as it stands.

    Args:
        ledger: the book.
        books: books the events.
        market: of trades that name none.
        tolerances: how far the money of matching instructions may differ, one for each
            currency that has any.
    """

    ledger: bl.Ledger
    _: Any = attrs.field(default=None, init=False, repr=False, eq=False)
    books: Books = attrs.field(kw_only=True)
    market: str | None = attrs.field(default=None, kw_only=True)
    tolerances: tuple[Tolerance, ...] = attrs.field(
        default=(EUR_TOLERANCE,), converter=tuple, kw_only=True
    )

    @property
    def _records(self) -> Records:
        return Records(self.ledger)
