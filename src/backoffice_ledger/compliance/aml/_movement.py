"""Movements of customers' money, what rules find in them, and parameters with dates."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Literal, Protocol, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDate, InvalidOption

Direction = Literal["in", "out"]
"""Towards the party's account, or away from it."""


@final
@attrs.frozen(kw_only=True, order=False)
class Movement:
    """Money that came to, or left, an account of a party.

    A stream of movements is in the order of their instants.

    Attributes:
        id: unique, such as the id of an entry and the number of its posting.
        at: the instant, with a time zone.
        party: the customer.
        direction: ``in`` or ``out``.
        amount: how much, positive; the currency in which thresholds are stated.
        counterparty: the other side, where it is known.
        is_cash: whether it was paid in or out in cash.
        is_own: whether the customer initiated it; interest and fees are the bank's.
    """

    id: str
    at: datetime
    party: str
    direction: Direction
    amount: bl.Amount
    counterparty: str | None = None
    is_cash: bool = False
    is_own: bool = True

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.at, datetime) or self.at.tzinfo is None:
            raise InvalidDate(
                field="at", expected="an instant with a time zone", found=self.at
            )
        if self.direction not in ("in", "out"):
            raise InvalidOption(
                field="direction", expected="in or out", found=self.direction
            )
        if not isinstance(self.amount, bl.Amount) or self.amount.minor_units <= 0:
            raise InvalidOption(
                field="amount", expected="a positive Amount", found=self.amount
            )


@final
@attrs.frozen(kw_only=True, order=False)
class AmlAlert:
    """Something that a person must look at.

    It must not be shown to the customer or to who serves the customer (GwG section 47,
    no tipping-off): keep it in a book of its own, see `AlertDesk`.

    Attributes:
        rule: id and version of the rule, ``structuring@1``.
        party: whom it is about.
        at: the instant of the movement that completed the pattern.
        movements: ids of the movements that make the pattern, the last one last.
        amount: what they come to, or what was compared with the threshold.
        reason: the pattern in words and figures.
    """

    rule: str
    party: str
    at: datetime
    movements: tuple[str, ...]
    amount: bl.Amount
    reason: str

    @property
    def id(self) -> str:
        """The rule and the movement that completed the pattern."""
        return f"{self.rule}/{self.movements[-1]}"


Observe = Callable[[Movement], AmlAlert | None]
"""Takes the next movement; what it has seen before is its own."""


class AmlRule(Protocol):
    """A pattern; `start` begins to look for it in a stream of movements.

    The function that it returns keeps no more than the pattern's window, and takes
    constant time for each movement, apart from what leaves the window.
    """

    @property
    def id(self) -> str:
        """Stable name."""
        ...

    @property
    def version(self) -> str:
        """Version of the rule and its parameters."""
        ...

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        ...


@final
@attrs.frozen(order=False)
class DatedAmount:
    """An amount of law that changes: each is in force from a day.

    Args:
        steps: days with the amounts in force from then on, rising.
        source: where they come from.

    Raises:
        InvalidOption: no steps, or days that do not rise, or several currencies.
    """

    steps: tuple[tuple[date, bl.Amount], ...]
    source: str = ""

    def __attrs_post_init__(self) -> None:
        days = [day for day, _ in self.steps]
        units = {amount.commodity for _, amount in self.steps}
        if len(units) != 1 or any(later <= day for day, later in pairwise(days)):
            raise InvalidOption(
                field="steps",
                expected="amounts of one currency, from rising days on",
                found=", ".join(f"{day}: {amount}" for day, amount in self.steps),
            )

    @property
    def commodity(self) -> bl.Commodity:
        """The currency of all amounts."""
        return self.steps[0][1].commodity

    def on(self, day: date) -> bl.Amount | None:
        """Return the amount in force on a day; None before the first."""
        index = bisect_right(self.steps, day, key=lambda step: step[0])
        return self.steps[index - 1][1] if index else None

    @classmethod
    def always(cls, amount: bl.Amount | str, source: str = "") -> "DatedAmount":
        """Return an amount that is in force on every day."""
        value = amount if isinstance(amount, bl.Amount) else bl.Amount.parse(amount)
        return cls(((date.min, value),), source)


def scan(rules: Sequence[AmlRule], movements: Iterable[Movement]) -> Iterator[AmlAlert]:
    """Yield what *rules* find in a stream of movements, in its order.

    Raises:
        InvalidDate: a movement is earlier than the one before it.
    """
    observers = [rule.start() for rule in rules]
    last: datetime | None = None
    for movement in movements:
        if last is not None and movement.at < last:
            raise InvalidDate(
                f"movement {movement.id} comes late",
                field="at",
                expected=f"{last} or later",
                found=movement.at,
            )
        last = movement.at
        for observe in observers:
            alert = observe(movement)
            if alert is not None:
                yield alert
