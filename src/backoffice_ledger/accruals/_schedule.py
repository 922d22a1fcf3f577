"""A schedule: terms and what has happened to them, and the lines that follow."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.accruals._changes import (
    Amendment,
    Cancellation,
    Change,
    CreditNote,
    Relocation,
    Settlement,
    Usage,
)
from backoffice_ledger.accruals._methods import (
    LINEAR_IN_DAYS,
    Overlap,
    bond_days,
    period_span,
    share,
    split,
)
from backoffice_ledger.accruals._span import ONE_DAY
from backoffice_ledger.accruals._terms import Accrual, Deferral, Terms, entry_id
from backoffice_ledger.errors import InvalidOption

Pair = tuple[int, int]
"""Minor units of the total's commodity, and of the base."""


class Line(NamedTuple):
    """Something that is booked on a day.

    ``amount`` is what it adds to what was recognised; ``counter`` what a third party
    gets or gives (credit note, release) or what was settled.
    """

    version: int
    key: str
    period: str
    first: date
    last: date
    date: date
    amount: Pair
    counter: Pair = (0, 0)
    change: Change | None = None

    @property
    def name(self) -> str:
        """What tells it from the other lines of the schedule."""
        return f"v{self.version}/{self.key}"

    @property
    def moves(self) -> bool:
        """Whether there is anything to book."""
        return any(self.amount) or any(self.counter)

    @property
    def kind(self) -> bl.EntryKind:
        """What its entry is for: third parties are no matter of adjusting."""
        if any(self.counter):
            return bl.EntryKind.NORMAL
        if isinstance(self.change, Amendment) and self.change.policy == "restate":
            return bl.EntryKind.RESTATEMENT
        return bl.EntryKind.ADJUSTING

    def is_booked(self, style: str) -> bool:
        """Whether it is booked by an entry of its own.

        With style ``cut-off`` only what a third party is concerned with is.
        """
        return any(self.counter) if style == "cut-off" else self.moves


@final
@attrs.frozen(order=False)
class Versioned:
    """A change, and the version of the schedule that it made."""

    version: int
    change: Change | Relocation


@final
@attrs.frozen(order=False)
class Schedule:
    """Terms as they were first agreed, and all changes since."""

    terms: Terms
    changes: tuple[Versioned, ...] = ()
    version: int = 1

    def changed(self, change: Change) -> "Schedule":
        """Return the next version, with one more change."""
        version = self.version + 1
        return attrs.evolve(
            self, changes=(*self.changes, Versioned(version, change)), version=version
        )

    def relocated(self, relocation: Relocation, version: int) -> "Schedule":
        """Return the schedule with lines moved to another day."""
        changes = (*self.changes, Versioned(version, relocation))
        return attrs.evolve(self, changes=changes, version=version)

    def plan(self) -> "Plan":
        """Return what follows from it.

        Raises:
            InvalidOption: a change does not fit what was before it.
        """
        plan = Plan(self.terms)
        for versioned in self.changes:
            plan.apply(versioned.change, versioned.version)
        return plan

    def entry_id(self, line: Line) -> str:
        """Return the id of the entry that books a line."""
        return entry_id(self.terms.id, line.version, line.key)


def pair_of(terms: Terms) -> Pair:
    """Return the total and the base in minor units."""
    return (
        terms.total.minor_units,
        0 if terms.base is None else terms.base.minor_units,
    )


def spread(terms: Terms, whole: Pair, weights: Sequence[int]) -> list[Pair]:
    """Split a total and a base, each by itself, by the same weights."""
    units, base = (split(part, weights, terms.residual) for part in whole)
    return list(zip(units, base, strict=True))


def plus(one: Pair, other: Pair) -> Pair:
    """Add pairs."""
    return one[0] + other[0], one[1] + other[1]


def minus(one: Pair, other: Pair) -> Pair:
    """Subtract pairs."""
    return one[0] - other[0], one[1] - other[1]


class Plan:
    """The lines of a schedule, and its total by day.

    Attributes:
        terms: as they stand after the changes.
        lines: in the order in which they were made.
        dropped: lines of earlier versions that later ones replaced.
        is_ended: whether the service was cancelled.
        units: what was used so far, for method ``usage``.
        basis: what was spread last, and by which weights.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.is_ended = False
        self.dropped: list[Line] = []
        self._totals: list[tuple[date, Pair]] = [(date.min, pair_of(terms))]
        self._order = date.min
        self.units = 0
        parts = terms.overlaps()
        self.basis: tuple[Pair, list[tuple[Overlap, int]]] = ((0, 0), [])
        if terms.method == "usage":
            amounts = [(0, 0)] * (len(parts) - 1) + [pair_of(terms)]
            self.lines = _lines(1, parts, amounts)
        else:
            weighed = list(zip(parts, terms.weights(), strict=True))
            self.lines = self.spread(pair_of(terms), weighed, 1)

    # --- questions -------------------------------------------------------------------

    def recognised(self, through: date) -> Pair:
        """Return what is booked as recognised on or before a day."""
        found = (0, 0)
        for line in self.lines:
            if line.date <= through:
                found = plus(found, line.amount)
        return found

    def settled(self, through: date) -> Pair:
        """Return what settlements took on or before a day."""
        found = (0, 0)
        for line in self.lines:
            if line.date <= through and isinstance(line.change, Settlement):
                found = plus(found, line.counter)
        return found

    def total(self, on: date) -> Pair:
        """Return the total as it is agreed on a day."""
        return [total for day, total in self._totals if day <= on][-1]

    def position(self, on: date) -> Pair:
        """Return what lies on the balance sheet at the end of a day."""
        recognised = self.recognised(on)
        if isinstance(self.terms, Accrual):
            return minus(recognised, self.settled(on))
        return minus(self.total(on), recognised)

    # --- changes ---------------------------------------------------------------------

    def apply(self, change: Change | Relocation, version: int) -> None:
        """Change the lines.

        Raises:
            InvalidOption: the change does not fit.
        """
        if isinstance(change, Relocation):
            self.lines = [
                line._replace(date=change.date) if line.name in change.keys else line
                for line in self.lines
            ]
            return
        effective = effective_day(change, self.terms)
        if effective < self._order:
            raise InvalidOption(
                field="effective",
                expected=f"{self._order} or later: changes are made in order",
                found=effective,
            )
        if self.is_ended and not isinstance(change, Settlement):
            raise InvalidOption(
                field="change", expected="a schedule that goes on", found="a cancelled"
            )
        self._order = effective
        _APPLY[type(change)](self, change, version)

    def _cut(self, effective: date) -> Pair:
        """Take away the parts of periods that have not ended before a day.

        Returns:
            What the rest recognises, on whatever day it is booked.
        """
        kept: list[Line] = []
        dropped: list[Line] = []
        for line in self.lines:
            is_open = line.change is None and line.last >= effective
            (dropped if is_open else kept).append(line)
        self.lines = kept
        self.dropped += dropped
        return self._recognised_ever()

    def _recognised_ever(self) -> Pair:
        found = (0, 0)
        for line in self.lines:
            found = plus(found, line.amount)
        return found

    def _agree(self, effective: date, total: Pair) -> None:
        self._totals.append((effective, total))

    def _replan(self, effective: date, rest: Pair, version: int) -> None:
        """Spread *rest* over the weights of the periods that are still open."""
        remaining = [
            (overlap, weight)
            for overlap, weight in zip(
                self.terms.overlaps(), self.terms.weights(), strict=True
            )
            if overlap.last >= effective
        ]
        if not any(weight for _, weight in remaining):
            if not any(rest):
                return
            raise InvalidOption(
                field="span",
                expected=f"weights that do not sum to zero from {effective} on",
                found=self.terms.span,
            )
        self.lines += self.spread(rest, remaining, version)

    def spread(
        self, whole: Pair, weighed: list[tuple[Overlap, int]], version: int
    ) -> list[Line]:
        """Return the lines of *whole* over periods, and remember by what."""
        self.basis = whole, weighed
        parts = [overlap for overlap, _ in weighed]
        weights = [weight for _, weight in weighed]
        return _lines(version, parts, spread(self.terms, whole, weights))

    def _refuse_usage(self) -> None:
        if self.terms.method == "usage":
            raise InvalidOption(
                field="change", expected="usage, settlement or cancellation by usage"
            )


def _lines(
    version: int, parts: Sequence[Overlap], amounts: Sequence[Pair]
) -> list[Line]:
    return [
        Line(version, part.period, part.period, part.first, part.last, part.last, pair)
        for part, pair in zip(parts, amounts, strict=True)
    ]


def effective_day(change: Change, terms: Terms) -> date:
    """Return the day from which a change counts; of usage, the end of its period."""
    if isinstance(change, Usage):
        return period_span(terms.periods, change.period)[1]
    return change.effective


def _special(
    plan: "Plan",
    change: Change,
    version: int,
    key: str,
    amount: Pair,
    counter: Pair = (0, 0),
) -> Line:
    day = effective_day(change, plan.terms)
    period = plan.terms.periods.period_of(day)
    return Line(version, key, period, day, day, day, amount, counter, change)


def _amend(plan: Plan, change: Amendment, version: int) -> None:
    plan._refuse_usage()
    given = change.given()
    if "method" in given and given["method"] != "given":
        given.setdefault("shares", None)
    terms = attrs.evolve(plan.terms, **given)  # type: ignore[arg-type]
    _check_same(plan.terms, terms, change)
    effective = change.effective
    before = plan.total(effective)
    done = plan._cut(effective)
    plan.terms = terms
    agreed = pair_of(terms)
    total = (
        before[0] if change.total is None else agreed[0],
        before[1] if change.base is None else agreed[1],
    )
    plan._agree(effective, total)
    if change.policy == "prospective":
        plan._replan(effective, minus(total, done), version)
        return
    weighed = list(zip(terms.overlaps(), terms.weights(), strict=True))
    lines = plan.spread(total, weighed, version)
    missed = minus((0, 0), done)
    for line in lines:
        if line.last < effective:
            missed = plus(missed, line.amount)
    plan.lines.append(_special(plan, change, version, change.policy, missed))
    plan.lines += [line for line in lines if line.last >= effective]


def _check_same(old: Terms, new: Terms, change: Amendment) -> None:
    """Check that new terms spread the same thing as the old ones."""
    if new.total.commodity != old.total.commodity:
        raise InvalidOption(
            field="total",
            expected=f"an amount of {old.total.commodity.code}",
            found=new.total,
        )
    old_base = None if old.base is None else old.base.commodity
    new_base = None if new.base is None else new.base.commodity
    if old_base != new_base:
        raise InvalidOption(
            field="base", expected="the base commodity of the schedule", found=new.base
        )
    if change.policy == "restate" and new.style == "cut-off":
        raise InvalidOption(
            field="policy",
            expected="prospective or catch-up: cut-offs leave nothing to restate",
            found=change.policy,
        )


def _cancel(plan: Plan, change: Cancellation, version: int) -> None:
    is_released = change.rest == "release"
    wants_account = is_released and isinstance(plan.terms, Deferral)
    if wants_account != (change.account is not None):
        raise InvalidOption(
            field="account",
            expected="an account for the rest of a deferral that is released, "
            "and only then",
            found=change.account,
        )
    effective = change.effective
    total = plan.total(effective)
    current = [
        line
        for line in plan.lines
        if line.change is None and line.first < effective <= line.last
    ]
    done = plan._cut(effective)
    plan.is_ended = True
    if not is_released:
        rest = minus(total, done)
        plan.lines.append(_special(plan, change, version, "cancellation", rest))
        return
    if plan.terms.method != "usage":
        for line in current:
            earned = _earned(plan, line, effective, version)
            plan.lines.append(earned)
            done = plus(done, earned.amount)
    plan._agree(effective, done)
    if wants_account:
        rest = minus(total, done)
        line = _special(plan, change, version, "cancellation", (0, 0), rest)
        plan.lines.append(line)


def _earned(plan: Plan, line: Line, effective: date, version: int) -> Line:
    """Return the part of a period's line that is earned before a day in it.

    The period's weight is cut in two, so that the sum to date is rounded as any other.
    """
    terms = plan.terms
    part, of = 1, 1
    if terms.method in LINEAR_IN_DAYS:
        part, of = (effective - line.first).days, (line.last - line.first).days + 1
    elif terms.method == "30/360-BOND":
        part = bond_days(line.first, effective)
        of = bond_days(line.first, line.last + ONE_DAY)
    whole, weighed = plan.basis
    weights: list[int] = []
    at = 0
    for overlap, weight in weighed:
        if overlap.period == line.period:
            at = len(weights)
            weights += [weight * part, weight * (of - part)]
        else:
            weights.append(weight * of)
    earned = spread(terms, whole, weights)[at]
    last = effective - ONE_DAY
    return line._replace(version=version, last=last, date=last, amount=earned)


def _credit(plan: Plan, change: CreditNote, version: int) -> None:
    plan._refuse_usage()
    if not isinstance(plan.terms, Deferral):
        raise InvalidOption(
            field="change",
            expected="an amendment: what is accrued was not paid yet",
            found="a credit note",
        )
    effective = change.effective
    total = plan.total(effective)
    units = _same_unit(plan.terms, change.amount)
    size = abs(units)
    if (units > 0) is not (total[0] > 0) or size > abs(total[0]):
        raise InvalidOption(
            field="amount",
            expected=f"at most the total of {plan.terms.total}",
            found=change.amount,
        )
    done = plan._cut(effective)
    rest = minus(total, done)
    sign = 1 if total[0] > 0 else -1
    on_result, on_balance = max(0, sign * done[0]), max(0, sign * rest[0])
    least = size - min(size, on_balance)
    if change.against == "recognised":
        taken = min(size, on_result)
    elif change.against == "deferred":
        taken = least
    else:
        taken = min(size, max(least, share(on_result, size, abs(total[0]))))
    back = _part_of(done, taken)
    kept_back = _part_of(rest, size - taken)
    counter = plus(back, kept_back)
    line = _special(plan, change, version, "credit-note", minus((0, 0), back), counter)
    plan.lines.append(line)
    plan._agree(effective, minus(total, counter))
    plan._replan(effective, minus(rest, kept_back), version)


def _part_of(whole: Pair, size: int) -> Pair:
    """Return so many units of a pair, and the base in proportion."""
    if not size:
        return (0, 0)
    sign = 1 if whole[0] > 0 else -1
    return sign * size, share(whole[1], size, abs(whole[0]))


def _same_unit(terms: Terms, amount: bl.Amount) -> int:
    zero = bl.Amount.from_minor(0, terms.total.commodity)
    return (zero + amount).minor_units


def _settle(plan: Plan, change: Settlement, version: int) -> None:
    terms = plan.terms
    if not isinstance(terms, Accrual):
        raise InvalidOption(
            field="change",
            expected="an accrual: a deferral was paid already",
            found="a settlement",
        )
    held = plan.position(change.effective)
    _same_unit(terms, change.amount)
    _same_unit(terms, change.tax or change.amount)
    taken = held[0] if change.accrued is None else _same_unit(terms, change.accrued)
    if not taken or (taken > 0) is not (held[0] > 0) or abs(taken) > abs(held[0]):
        raise InvalidOption(
            field="accrued",
            expected="some of what is accrued and not settled on "
            f"{change.effective}: "
            f"{bl.Amount.from_minor(held[0], terms.total.commodity)}",
            found=change.accrued,
        )
    if terms.base is not None and change.amount.minor_units != taken:
        raise InvalidOption(
            field="amount",
            expected="what was accrued: the difference needs a rate of its own",
            found=change.amount,
        )
    settled = _part_of(held, abs(taken))
    plan.lines.append(_special(plan, change, version, "settlement", (0, 0), settled))


def _report(plan: Plan, change: Usage, version: int) -> None:
    terms = plan.terms
    if terms.units is None:
        raise InvalidOption(
            field="change", expected="a schedule by usage", found="usage"
        )
    last = terms.overlaps()[-1].period
    open_lines = {
        line.key: line
        for line in plan.lines
        if line.change is None and line.version == 1
    }
    rest = open_lines.pop(last)
    if change.period not in open_lines:
        raise InvalidOption(
            field="period",
            expected="a period of the span, before its last one, not reported yet",
            found=change.period,
        )
    plan.units += change.units
    used = min(plan.units, terms.units)
    total = pair_of(terms)
    to_date = (share(total[0], used, terms.units), share(total[1], used, terms.units))
    part = minus(rest.amount, minus(total, to_date))
    replaced = {
        change.period: open_lines[change.period]._replace(version=version, amount=part),
        last: rest._replace(amount=minus(rest.amount, part)),
    }
    plan.lines = [
        line if line.change else replaced.get(line.key, line) for line in plan.lines
    ]


_APPLY: Final[dict[type[Any], Callable[[Plan, Any, int], None]]] = {
    Amendment: _amend,
    Cancellation: _cancel,
    CreditNote: _credit,
    Settlement: _settle,
    Usage: _report,
}
