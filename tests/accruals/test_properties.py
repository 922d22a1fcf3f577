"""Properties of deferrals, against plain sums over days and fractions."""

import calendar
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, floor

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.accruals import Accruals, Deferral, Span
from backoffice_ledger.testing import FrozenClock

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
METHODS = ("full-months", "months", "days", "equal")


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Draw spans of a day to some years, many of them from and to month ends."""
    first = draw(st.dates(date(1996, 1, 1), date(2108, 12, 31)))
    days = draw(st.integers(1, 40) | st.integers(1, 1200))
    last = first + timedelta(days - 1)
    if draw(st.booleans()):
        first = first.replace(day=1)
    if draw(st.booleans()):
        last = last.replace(day=calendar.monthrange(last.year, last.month)[1])
    return Span.inclusive(first, last)


totals = (st.integers(-400, 400) | st.integers(-(10**15), 10**15)).filter(bool)


@st.composite
def deferrals(draw: st.DrawFn) -> Deferral:
    """Draw deferrals, most of them of small totals, where rounding shows."""
    return Deferral(
        "d",
        bl.Amount.from_minor(draw(totals), "EUR"),
        draw(spans()),
        draw(st.sampled_from(METHODS)),
        "assets:prepaid",
        "expenses:rent",
    )


def month(day: date) -> str:
    """Name the month of a day."""
    return f"{day:%Y-%m}"


def length(day: date) -> int:
    """Count the days of a day's month."""
    return calendar.monthrange(day.year, day.month)[1]


def weights_by_day(deferral: Deferral) -> dict[str, Fraction]:
    """Weigh the months by walking through the span, one day after another."""
    days = [
        deferral.span.first + timedelta(index) for index in range(deferral.span.days)
    ]
    counted = Counter(map(month, days))
    match deferral.method:
        case "days":
            return {name: Fraction(count) for name, count in counted.items()}
        case "months":
            return {
                month(day): Fraction(counted[month(day)], length(day)) for day in days
            }
    weights = dict.fromkeys(counted, Fraction(1))
    last = days[-1]
    if deferral.method == "full-months" and len(weights) > 1:
        weights[month(last)] = Fraction(last.day == length(last))
    return weights


def half_away(value: Fraction) -> int:
    """Round to the nearest integer, a half away from zero."""
    size = floor(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def units(deferral: Deferral) -> list[int]:
    """Return the parts in minor units."""
    return [part.amount.minor_units for part in deferral.parts()]


@given(deferrals())
def test_parts_are_those_of_the_plain_loop(deferral: Deferral) -> None:
    """The running sum of weights, as exact fractions, rounded and differenced."""
    weights = weights_by_day(deferral)
    whole = sum(weights.values())
    expected, running, before = [], Fraction(0), 0
    for weight in weights.values():
        running += weight
        to_date = half_away(deferral.total.minor_units * running / whole)
        expected.append(to_date - before)
        before = to_date
    assert units(deferral) == expected
    assert [part.period for part in deferral.parts()] == list(weights)


@given(deferrals())
def test_the_weights_are_in_proportion(deferral: Deferral) -> None:
    """Integers, but the same ratios as the exact ones."""
    exact = list(weights_by_day(deferral).values())
    found = deferral.weights()
    assert [weight * sum(exact) for weight in found] == [
        weight * sum(found) for weight in exact
    ]


@given(deferrals())
def test_the_parts_sum_to_the_total(deferral: Deferral) -> None:
    """P1."""
    assert sum(units(deferral)) == deferral.total.minor_units


@given(deferrals())
def test_no_part_has_another_sign(deferral: Deferral) -> None:
    """P2, and a weight of zero gets nothing."""
    sign = 1 if deferral.total.minor_units > 0 else -1
    for part, weight in zip(units(deferral), deferral.weights(), strict=True):
        assert part * sign >= 0
        assert weight or not part


@given(deferrals())
def test_each_part_is_its_share_rounded_up_or_down(deferral: Deferral) -> None:
    """P3."""
    weights = deferral.weights()
    for part, weight in zip(units(deferral), weights, strict=True):
        share = Fraction(deferral.total.minor_units * weight, sum(weights))
        assert floor(share) <= part <= ceil(share)


@given(deferrals())
def test_the_sum_to_date_is_within_half_a_unit(deferral: Deferral) -> None:
    """P4, at every period end."""
    weights = deferral.weights()
    total = deferral.total.minor_units
    for booked, weight in zip(
        accumulate(units(deferral)), accumulate(weights), strict=True
    ):
        exact = Fraction(total * weight, sum(weights))
        assert abs(booked - exact) <= Fraction(1, 2)


@given(deferrals(), st.data())
def test_taking_two_periods_together_changes_nothing(
    deferral: Deferral, data: st.DataObject
) -> None:
    """P5: monthly and quarterly runs agree at the quarter's end."""
    weights, parts = list(deferral.weights()), units(deferral)
    assume(len(weights) > 1)
    at = data.draw(st.integers(0, len(weights) - 2))
    weights[at : at + 2] = [sum(weights[at : at + 2])]
    parts[at : at + 2] = [sum(parts[at : at + 2])]
    merged = deferral.total.allocate(weights)
    assert [amount.minor_units for amount in merged] == parts


@given(deferrals())
def test_the_span_is_divided_without_gaps(deferral: Deferral) -> None:
    """Every day belongs to one part, and no part reaches into two periods."""
    parts = deferral.parts()
    assert parts[0].first == deferral.span.first
    assert parts[-1].last == deferral.span.last
    for one, next_one in pairwise(parts):
        assert next_one.first == one.last + timedelta(1)
    for part in parts:
        assert month(part.first) == month(part.last) == part.period
    assert len({part.period for part in parts}) == len(parts)


@given(deferrals())
def test_recognition_begins_at_nothing_and_ends_at_all(deferral: Deferral) -> None:
    """P12."""
    before = deferral.span.first - timedelta(1)
    assert deferral.recognised(before).minor_units == 0
    assert deferral.recognised(deferral.span.last) == deferral.total
    assert deferral.remaining(before) == deferral.total
    assert deferral.remaining(deferral.span.last).minor_units == 0


@given(deferrals(), st.lists(st.integers(-40, 1300), min_size=2))
def test_recognition_never_goes_back(deferral: Deferral, offsets: list[int]) -> None:
    """P13."""
    days = [deferral.span.first + timedelta(offset) for offset in sorted(offsets)]
    booked = [abs(deferral.recognised(day).minor_units) for day in days]
    assert booked == sorted(booked)


@settings(max_examples=25)
@given(deferrals(), st.lists(st.integers(-40, 1300), min_size=1, max_size=4))
def test_the_book_depends_on_the_last_day_alone(
    deferral: Deferral, offsets: list[int]
) -> None:
    """P10 and P11: whatever runs there were, and however often."""
    days = [deferral.span.first + timedelta(offset) for offset in sorted(offsets)]
    with bl.open_ledger(":memory:", actor="clerk", clock=FrozenClock(NOON)) as ledger:
        ledger.open_account("assets:prepaid", type="asset")
        ledger.open_account("expenses:rent", type="expense")
        accruals = Accruals(ledger)
        accruals.schedule(deferral)
        for day in days:
            accruals.run(through=day)
            assert accruals.run(through=day).posted == 0
        recognised = deferral.recognised(days[-1])
        assert ledger.balance("expenses:rent")["EUR"] == recognised
        assert ledger.balance("assets:prepaid")["EUR"] == -recognised
        ledger.verify()
