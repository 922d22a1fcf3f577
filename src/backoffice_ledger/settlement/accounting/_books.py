"""The books of settlement: events in, entries posted, lots picked on the way."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar, final, get_args

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
_KINDS: Final = get_args(SettlementEvent)
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
            LimitBreached: a sale of more than there is, or more is settled, failing,
                netted or paid than is open.
            InvalidOption: no list of events, or an event does not fit the position:
                other lots are chosen than there are, or it is measured in another way.
            NotPermitted: a trade cannot be taken back, for a part of it was settled,
                netted, sold or paid by its customer, or a market claim on it is open;
                or a market claim on a trade that was taken back.
            ConditionFailed: others changed the same lots, again and again.
            Refused: the book does not take an entry.
        """
        found = _as_events(events)
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

        Assets at amortised cost are left out, and so is what is not held; `unpriced`
        says what is held and has no price.  The change of what was bought and is still
        to be received carries the purchase.

        Args:
            day: of the prices.
            prices: in the position's currency, by code of the instrument: a bond's
                ``Price("98.75", "percent")``, clean; a plain number is by the unit,
                for a bond as well: the book does not know how it was quoted.
            part: 2 corrects the first valuation of the day, ...

        Raises:
            InvalidOption: a code that the book does not know, or no mapping.
            InexactNumber, InvalidAmount, InvalidDate: an argument is malformed.
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

    def unpriced(self, prices: Iterable[str]) -> tuple[str, ...]:
        """Return the codes of what is held at fair value, and has no price.

        `mark` leaves their value as it is.

        Args:
            prices: codes of the instruments that have a price, such as the mapping that
                `mark` takes.
        """
        priced = set(prices)
        measured = self.accounts.lots.cost - {self.accounts.securities_amortised_cost}
        held = {
            code
            for (_, code), position in self.positions().items()
            if position.quantity and position.account in measured
        }
        return tuple(sorted(held - priced))

    def _run(self) -> Run:
        return Run(self.ledger, self.rules, self.rounding)


def _as_events(events: object) -> list[SettlementEvent]:
    if isinstance(events, (str, bytes)) or not isinstance(events, Iterable):
        raise InvalidOption(
            "one event is a list of one",
            field="events",
            expected="a list of events of settlement accounting",
            found=type(events).__name__,
        )
    found: list[SettlementEvent] = []
    for index, event in enumerate(events):
        if not isinstance(event, _KINDS):
            raise InvalidOption(
                field=f"events[{index}]",
                expected="an event of settlement accounting",
                found=type(event).__name__,
            )
        found.append(event)
    return found
