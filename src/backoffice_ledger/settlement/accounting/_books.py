"""The books of settlement: events in, entries posted, lots picked on the way."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_date, check_instance
from backoffice_ledger.errors import ConditionFailed, InvalidOption
from backoffice_ledger.interest import Number, Rounding
from backoffice_ledger.settlement._price import Price
from backoffice_ledger.settlement.accounting._accounts import SettlementAccounts
from backoffice_ledger.settlement.accounting._events import SettlementEvent
from backoffice_ledger.settlement.accounting._rules import PostingRules
from backoffice_ledger.settlement.accounting._run import Run
from backoffice_ledger.settlement.lots import (
    LotMethods,
    Positions,
    read_positions,
)

T = TypeVar("T")
_ATTEMPTS: Final = 5
"""How often events are booked anew where others changed the same lots meanwhile."""


@final
@attrs.frozen(order=False)
class SettlementBooks:
    """Posts what happens to trades and positions to a book.

    It completes events from the book: a sale gets its lots, a cancellation what it
    takes back; and it sees to it that no more is settled than is open.  An event that
    comes again changes nothing.

    Args:
        ledger: the book.
        rules: what is booked.
        rounding: of what a part of a lot costs, and of what a position is worth.
    """

    ledger: bl.Ledger
    rules: PostingRules = attrs.field(factory=PostingRules)
    rounding: Rounding = attrs.field(default="half-up", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_instance(self.ledger, bl.Ledger, "ledger")
        check_instance(self.rules, PostingRules, "rules")
        check_choice(self.rounding, Rounding, "rounding")

    @property
    def accounts(self) -> SettlementAccounts:
        """Where it is booked."""
        return self.rules.accounts

    @property
    def methods(self) -> LotMethods:
        """By which method sales pick lots."""
        return LotMethods(self.ledger)

    def post(self, events: Iterable[SettlementEvent]) -> tuple[bl.Record, ...]:
        """Book events in their order, all or none, and return their entries.

        What the book says of all of them is read first, and their entries are posted
        together.  The lots of an instrument are read once; later calls read only what
        was recorded since.

        Raises:
            LimitBreached: a sale of more than there is, or more is settled, failing or
                netted than is open.
            InvalidOption: an event does not fit the position: other lots are chosen
                than there are, or it is measured in another way.
            NotPermitted: a trade cannot be taken back, for a part of it was settled,
                netted or sold.
            ConditionFailed: others changed the same lots, again and again.
            Refused: the book does not take an entry.
        """
        found = list(events)
        return self._atomically(lambda: self._run().post_all(found))

    def _atomically(self, work: Callable[[], T]) -> T:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self.ledger.atomically(work)
            except ConditionFailed:
                continue
        return self.ledger.atomically(work)

    def positions(
        self,
        *,
        as_of: datetime.date | None = None,
        instrument: str | None = None,
    ) -> Positions:
        """Return the positions of the firm, rebuilt from the entries of the book.

        Args:
            as_of: without entries dated later.
            instrument: the code of the only one to read.
        """
        return read_positions(
            self.ledger.view(as_of=as_of),
            self.accounts.lots,
            instrument=instrument,
            rounding=self.rounding,
        )

    def mark(
        self,
        day: datetime.date,
        prices: Mapping[str, Price | Number],
        *,
        part: int = 1,
    ) -> tuple[bl.Record, ...]:
        """Value positions at closing prices, and book the changes.

        Assets at amortised cost are left out.  The change of what was bought and is
        still to be received carries the purchase.

        Args:
            day: of the prices.
            prices: in the position's currency, by code of the instrument: a bond's
                ``Price("98.75", "percent")``, clean; a plain number is by the unit.
            part: 2 corrects the first valuation of the day, ...

        Raises:
            InexactNumber, InvalidAmount, InvalidDate, InvalidOption: an argument is
                malformed.
        """
        check_date(day, "day")
        if not isinstance(prices, Mapping):
            raise InvalidOption(field="prices", expected="a mapping", found=prices)
        exact = {
            code: Price.of(price, field=f"prices.{code}").per_unit
            for code, price in prices.items()
        }
        return self._atomically(
            lambda: self._run().mark(day, sorted(exact.items()), part)
        )

    def _run(self) -> Run:
        return Run(self.ledger, self.rules, self.rounding)
