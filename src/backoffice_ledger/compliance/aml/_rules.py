"""Patterns of one party's movements: thresholds and rolling windows.

A window of length W at the instant t holds what lies in (t - W, t]: a movement exactly
W ago has left it.  A rule speaks when its pattern is completed, and again only after
the window has fallen below the threshold meanwhile.
"""

from collections import Counter, deque
from datetime import date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from typing import Literal, Protocol, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_choice, check_count
from backoffice_ledger.compliance.aml._checks import check_share, check_window
from backoffice_ledger.compliance.aml._movement import (
    AmlAlert,
    DatedAmount,
    Direction,
    Movement,
    Observe,
)

Comparison = Literal["at least", "more than"]
"""Whether the threshold itself is enough."""

DAY = timedelta(days=1)


class BusinessDays(Protocol):
    """What a rule asks of a calendar; those of `backoffice_ledger.calendars` do it."""

    def is_business_day(self, day: date) -> bool:
        """Whether business is done on *day*."""
        ...


@attrs.define
class Window:
    """The movements of a party that a rule still looks at."""

    movements: deque[Movement] = attrs.field(factory=deque)
    minor_units: int = 0
    is_over: bool = False

    def expire(self, begin: datetime) -> None:
        """Drop what has left a window that begins after *begin*."""
        movements = self.movements
        while movements and movements[0].at <= begin:
            self.minor_units -= movements.popleft().amount.minor_units

    def add(self, movement: Movement) -> None:
        """Take a movement in."""
        self.movements.append(movement)
        self.minor_units += movement.amount.minor_units

    def crosses(self, *, is_over: bool) -> bool:
        """Note whether the pattern is there; True when it was not there before."""
        was_over, self.is_over = self.is_over, is_over
        return is_over and not was_over

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the movements, oldest first."""
        return tuple(movement.id for movement in self.movements)


def make_alert(
    rule: str, last: Movement, ids: tuple[str, ...], minor_units: int, reason: str
) -> AmlAlert:
    """Return an alert about the party of the movement that completed a pattern."""
    amount = bl.Amount.from_minor(minor_units, last.amount.commodity)
    return AmlAlert(
        rule=rule,
        party=last.party,
        at=last.at,
        movements=ids,
        amount=amount,
        reason=f"{amount} {reason}",
    )


@attrs.define
class _Limit:
    """A dated threshold as integers, looked up once for each day."""

    threshold: DatedAmount
    is_exclusive: bool = False
    day: date | None = None
    least: int | None = None

    def on(self, day: date) -> int | None:
        """Return from how many minor units on it is reached; None if not in force."""
        if day != self.day:
            amount = self.threshold.on(day)
            self.day = day
            self.least = None if amount is None else amount.minor_units
            if self.least is not None and self.is_exclusive:
                self.least += 1
        return self.least


@final
@attrs.frozen(kw_only=True, order=False)
class LargeMovement:
    """A single movement that reaches, or exceeds, a threshold.

    Args:
        threshold: by the day of the instant, as its zone has it.
        comparison: ``at least`` or ``more than``: a customer check from 10,000 on and
            a ban above 10,000 are different rules.
        cash_only: whether movements other than cash are passed over.
        id: of the rule.
        version: of the rule and its parameters.
    """

    threshold: DatedAmount
    comparison: Comparison = "at least"
    cash_only: bool = True
    id: str = "large-cash"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_choice(self.comparison, Comparison, "comparison")

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, unit = f"{self.id}@{self.version}", self.threshold.commodity
        limit = _Limit(self.threshold, self.comparison == "more than")
        cash_only, comparison = self.cash_only, self.comparison

        def observe(movement: Movement) -> AmlAlert | None:
            amount = movement.amount
            if (cash_only and not movement.is_cash) or amount.commodity != unit:
                return None
            day = movement.at.date()
            least = limit.on(day)
            if least is None or amount.minor_units < least:
                return None
            reason = f"is {comparison} {self.threshold.on(day)}"
            return make_alert(
                name, movement, (movement.id,), amount.minor_units, reason
            )

        return observe


@final
@attrs.frozen(kw_only=True, order=False)
class BusinessDayCash:
    """Cash of a party in one direction that exceeds a threshold on a business day.

    Money in and money out are added up apart.  What comes after the close of business,
    at a weekend or on a holiday counts on the next business day.

    Source: 31 CFR 1010.313(b) (United States: more than USD 10,000).

    Args:
        threshold: by business day.
        calendar: says which days are business days.
        close: when business ends; what comes later counts on the next day.
        zone: where that clock stands.
        comparison: ``more than`` or ``at least``.
        id: of the rule.
        version: of the rule and its parameters.
    """

    threshold: DatedAmount
    calendar: BusinessDays
    close: time
    zone: tzinfo
    comparison: Comparison = "more than"
    id: str = "business-day-cash"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_choice(self.comparison, Comparison, "comparison")

    def business_day(self, at: datetime) -> date:
        """Return the business day on which an instant counts."""
        local = at.astimezone(self.zone)
        day = local.date() + (DAY if local.time() > self.close else timedelta(0))
        while not self.calendar.is_business_day(day):
            day += DAY
        return day

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, unit = f"{self.id}@{self.version}", self.threshold.commodity
        limit = _Limit(self.threshold, self.comparison == "more than")
        days: dict[tuple[str, Direction], tuple[date, Window]] = {}

        def observe(movement: Movement) -> AmlAlert | None:
            if not movement.is_cash or movement.amount.commodity != unit:
                return None
            key = (movement.party, movement.direction)
            day = self.business_day(movement.at)
            current = days.get(key)
            if current is None or current[0] != day:
                current = days[key] = (day, Window())
            window = current[1]
            window.add(movement)
            least = limit.on(day)
            is_over = least is not None and window.minor_units >= least
            if not window.crosses(is_over=is_over):
                return None
            reason = f"in cash {movement.direction} on the business day {day}"
            return make_alert(name, movement, window.ids, window.minor_units, reason)

        return observe


@final
@attrs.frozen(kw_only=True, order=False)
class RollingCash:
    """Cash paid in by a party that reaches a threshold within a window.

    Source: Canada's 24-hour rule (10,000 or more by the same client).

    Args:
        threshold: by the day of the instant, as its zone has it.
        window: how far back.
        direction: money in, or out.
        id: of the rule.
        version: of the rule and its parameters.
    """

    threshold: DatedAmount
    window: timedelta = DAY
    direction: Direction = "in"
    id: str = "rolling-cash"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_window(self.window, "window")
        check_choice(self.direction, Direction, "direction")

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, unit = f"{self.id}@{self.version}", self.threshold.commodity
        limit, length, direction = _Limit(self.threshold), self.window, self.direction
        windows: dict[str, Window] = {}

        def observe(movement: Movement) -> AmlAlert | None:
            if (
                not movement.is_cash
                or movement.direction != direction
                or movement.amount.commodity != unit
            ):
                return None
            window = windows.get(movement.party)
            if window is None:
                window = windows[movement.party] = Window()
            window.expire(movement.at - length)
            window.add(movement)
            least = limit.on(movement.at.date())
            is_over = least is not None and window.minor_units >= least
            if not window.crosses(is_over=is_over):
                return None
            reason = f"in cash {direction} within {length}"
            return make_alert(name, movement, window.ids, window.minor_units, reason)

        return observe


@final
@attrs.frozen(kw_only=True, order=False)
class Structuring:
    """Two movements or more below a threshold that reach it together in a window.

    Source: Regulation (EU) 2024/1624 Art. 19(1)(b), linked transactions.  What is
    linked is the caller's decision: make it the *party* of the movements.

    Args:
        threshold: by the day of the instant, as its zone has it.
        window: how far back, such as 31 days.
        share: only movements of at least this share of the threshold count; None for
            all.  A small share finds payrolls and shops, a large one misses many small
            payments.
        direction: money in, or out.
        cash_only: whether movements other than cash are passed over.
        id: of the rule.
        version: of the rule and its parameters.
    """

    threshold: DatedAmount
    window: timedelta
    share: Fraction | None = None
    direction: Direction = "in"
    cash_only: bool = False
    id: str = "structuring"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_window(self.window, "window")
        check_choice(self.direction, Direction, "direction")
        if self.share is not None:
            check_share(self.share, "share")

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, unit = f"{self.id}@{self.version}", self.threshold.commodity
        limit, length, direction = _Limit(self.threshold), self.window, self.direction
        cash_only = self.cash_only
        part, whole = (self.share or Fraction(0)).as_integer_ratio()
        windows: dict[str, Window] = {}

        def observe(movement: Movement) -> AmlAlert | None:
            amount = movement.amount
            if movement.direction != direction or amount.commodity != unit:
                return None
            least = limit.on(movement.at.date())
            if least is None or amount.minor_units >= least:
                return None
            if cash_only and not movement.is_cash:
                return None
            if whole * amount.minor_units < part * least:
                return None
            window = windows.get(movement.party)
            if window is None:
                window = windows[movement.party] = Window()
            window.expire(movement.at - length)
            window.add(movement)
            if not window.crosses(is_over=window.minor_units >= least):
                return None
            reason = f"in {len(window.movements)} movements within {length}"
            return make_alert(name, movement, window.ids, window.minor_units, reason)

        return observe


@final
@attrs.frozen(kw_only=True, order=False)
class Velocity:
    """More movements of a party in a window than a limit.

    Args:
        limit: how many are allowed.
        window: how far back.
        id: of the rule.
        version: of the rule and its parameters.
    """

    limit: int
    window: timedelta
    id: str = "velocity"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_count(self.limit, "limit", 1)
        check_window(self.window, "window")

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, limit, length = f"{self.id}@{self.version}", self.limit, self.window
        windows: dict[str, Window] = {}

        def observe(movement: Movement) -> AmlAlert | None:
            window = windows.get(movement.party)
            if window is None:
                window = windows[movement.party] = Window()
            window.expire(movement.at - length)
            window.add(movement)
            if not window.crosses(is_over=len(window.movements) > limit):
                return None
            reason = f"is number {len(window.movements)} within {length}"
            minor_units = movement.amount.minor_units
            return make_alert(name, movement, window.ids, minor_units, reason)

        return observe


@attrs.define
class _Days:
    """What a party moved on the days before the present one."""

    first: date
    day: date
    today: Window = attrs.field(factory=Window)
    past: deque[tuple[date, int]] = attrs.field(factory=deque)
    total: int = 0
    squares: int = 0

    def turn(self, day: date, days: int) -> None:
        """Begin a new day; forget what lies more than *days* before it."""
        self.past.append((self.day, self.today.minor_units))
        self.total += self.today.minor_units
        self.squares += self.today.minor_units**2
        while self.past and self.past[0][0] < day - days * DAY:
            _, value = self.past.popleft()
            self.total -= value
            self.squares -= value**2
        self.day, self.today = day, Window()

    def is_unusual(self, days: int, least_days: int, ratio: tuple[int, int]) -> bool:
        """Whether today exceeds the mean by so many standard deviations, exactly.

        *ratio* is the square of how many, as a fraction.
        """
        count = min((self.day - self.first).days, days)
        if count < least_days:
            return False
        above = count * self.today.minor_units - self.total
        spread = count * self.squares - self.total**2
        return above > 0 and ratio[1] * above * above > ratio[0] * spread


@final
@attrs.frozen(kw_only=True, order=False)
class UnusualDay:
    """A day on which a party moves more than its own past explains.

    The sum of a day (as the instants' zone has it) exceeds the mean of the days before
    by a number of standard deviations; days without movements count as zero.

    Source: KWG section 25h(2), unusual compared with comparable cases.

    Args:
        commodity: the currency that is looked at.
        days: how many days make the past.
        least_days: how long a party must have been known.
        deviations: how many standard deviations.
        id: of the rule.
        version: of the rule and its parameters.
    """

    commodity: bl.Commodity
    days: int = 90
    least_days: int = 30
    deviations: Fraction = Fraction(3)
    id: str = "unusual-day"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_count(self.days, "days", 1)
        check_count(self.least_days, "least_days", 1)
        check_share(self.deviations, "deviations", maximum=None)

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, unit = f"{self.id}@{self.version}", self.commodity
        parties: dict[str, _Days] = {}
        days, least_days = self.days, self.least_days
        ratio = (self.deviations**2).as_integer_ratio()

        def observe(movement: Movement) -> AmlAlert | None:
            if movement.amount.commodity != unit:
                return None
            day = movement.at.date()
            known = parties.get(movement.party)
            if known is None:
                known = parties[movement.party] = _Days(day, day)
            if day != known.day:
                known.turn(day, days)
            today = known.today
            today.add(movement)
            is_over = known.is_unusual(days, least_days, ratio)
            if not today.crosses(is_over=is_over):
                return None
            reason = f"on {day}, {self.deviations} standard deviations above its past"
            return make_alert(name, movement, today.ids, today.minor_units, reason)

        return observe


@final
@attrs.frozen(kw_only=True, order=False)
class PassThrough:
    """Money that leaves soon after it came: out is at least a share of in.

    Args:
        share: of what came in within the window.
        window: how far back.
        minimum: what must have come in; its currency is the one that is looked at.
        id: of the rule.
        version: of the rule and its parameters.
    """

    share: Fraction
    window: timedelta
    minimum: bl.Amount
    id: str = "pass-through"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_share(self.share, "share")
        check_window(self.window, "window")

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, unit = f"{self.id}@{self.version}", self.minimum.commodity
        least, length = self.minimum.minor_units, self.window
        part, whole = self.share.as_integer_ratio()
        windows: dict[str, tuple[Window, Window]] = {}

        def observe(movement: Movement) -> AmlAlert | None:
            if movement.amount.commodity != unit:
                return None
            pair = windows.get(movement.party)
            if pair is None:
                pair = windows[movement.party] = (Window(), Window())
            came, left = pair
            begin = movement.at - length
            came.expire(begin)
            left.expire(begin)
            (came if movement.direction == "in" else left).add(movement)
            is_over = (
                came.minor_units >= least
                and whole * left.minor_units >= part * came.minor_units
            )
            if not left.crosses(is_over=is_over) or movement.direction == "in":
                return None
            reason = f"left within {length} after {_amount(came, movement)} came"
            ids = came.ids + left.ids
            return make_alert(name, movement, ids, left.minor_units, reason)

        return observe


def _amount(window: Window, movement: Movement) -> bl.Amount:
    return bl.Amount.from_minor(window.minor_units, movement.amount.commodity)


@final
@attrs.frozen(kw_only=True, order=False)
class DormantAccount:
    """A large movement after a long time without one that the customer initiated.

    What the bank initiates (interest, fees) does not wake an account.

    Args:
        days: how long.
        threshold: what is large, by the day of the instant, as its zone has it.
        id: of the rule.
        version: of the rule and its parameters.
    """

    days: int
    threshold: DatedAmount
    id: str = "dormant"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_count(self.days, "days", 1)

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, unit = f"{self.id}@{self.version}", self.threshold.commodity
        limit, length = _Limit(self.threshold), timedelta(days=self.days)
        last: dict[str, datetime] = {}

        def observe(movement: Movement) -> AmlAlert | None:
            if not movement.is_own:
                return None
            before = last.get(movement.party)
            last[movement.party] = movement.at
            amount = movement.amount
            if before is None or movement.at - before < length:
                return None
            least = limit.on(movement.at.date())
            if amount.commodity != unit or least is None or amount.minor_units < least:
                return None
            reason = f"after {(movement.at - before).days} days without a movement"
            return make_alert(
                name, movement, (movement.id,), amount.minor_units, reason
            )

        return observe


@attrs.define
class _Fan:
    """A window that knows how many counterparties are in it."""

    window: Window = attrs.field(factory=Window)
    counts: Counter[str] = attrs.field(factory=Counter)


@final
@attrs.frozen(kw_only=True, order=False)
class Fan:
    """Many counterparties of a party in a window: money gathered or scattered.

    Args:
        counterparties: how many different ones.
        window: how far back.
        direction: ``in`` for money from many, ``out`` for money to many.
        id: of the rule.
        version: of the rule and its parameters.
    """

    counterparties: int
    window: timedelta
    direction: Direction
    id: str = "fan"
    version: str = "1"

    def __attrs_post_init__(self) -> None:
        check_count(self.counterparties, "counterparties", 1)
        check_window(self.window, "window")
        check_choice(self.direction, Direction, "direction")

    def start(self) -> Observe:
        """Return a function that takes the movements one by one."""
        name, length = f"{self.id}-{self.direction}@{self.version}", self.window
        fans: dict[str, _Fan] = {}

        def observe(movement: Movement) -> AmlAlert | None:
            other = movement.counterparty
            if other is None or movement.direction != self.direction:
                return None
            fan = fans.get(movement.party)
            if fan is None:
                fan = fans[movement.party] = _Fan()
            window, counts = fan.window, fan.counts
            begin, movements = movement.at - length, window.movements
            while movements and movements[0].at <= begin:
                gone = str(movements.popleft().counterparty)
                counts[gone] -= 1
                if not counts[gone]:
                    del counts[gone]
            movements.append(movement)
            counts[other] += 1
            if not window.crosses(is_over=len(counts) >= self.counterparties):
                return None
            reason = f"{self.direction}, {len(counts)} counterparties within {length}"
            minor_units = movement.amount.minor_units
            return make_alert(name, movement, window.ids, minor_units, reason)

        return observe
