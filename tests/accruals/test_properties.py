"""Properties of deferrals, against plain sums over days and fractions."""

import calendar
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, floor

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.accruals import (
    Accruals,
    Deferral,
    DeferralRule,
    PartDue,
    Span,
    allocate,
)
from backoffice_ledger.testing import FrozenClock

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
METHODS = (
    "full-months",
    "half-month",
    "mid-quarter",
    "months",
    "days",
    "30/360-BOND",
    "equal",
    "front-loaded",
    "back-loaded",
)
RESIDUALS = ("cumulative", "first", "last", "largest-remainder")


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
    span = draw(spans())
    method = draw(st.sampled_from(METHODS))
    if method == "30/360-BOND":
        assume(bond_days(span.first, span.end))
    return Deferral(
        "d",
        bl.Amount.from_minor(draw(totals), "EUR"),
        span,
        method,
        "assets:prepaid",
        "expenses:rent",
    )


def bond_days(first: date, end: date) -> int:
    """Count the days of the bond basis, as ISDA 2006 4.16(f) words it."""
    d1 = 30 if first.day == 31 else first.day
    d2 = 30 if end.day == 31 and d1 in (30, 31) else end.day
    return 360 * (end.year - first.year) + 30 * (end.month - first.month) + d2 - d1


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
        case "30/360-BOND":
            ends = [day for day in days if day.day == length(day)]
            if not ends or ends[-1] != days[-1]:
                ends.append(days[-1])
            to_date = [bond_days(days[0], end + timedelta(1)) for end in ends]
            steps = [now - before for before, now in pairwise([0, *to_date])]
            return {month(e): Fraction(s) for e, s in zip(ends, steps, strict=True)}
        case "front-loaded" | "back-loaded":
            digits = range(1, len(counted) + 1)
            order = reversed(digits) if deferral.method == "front-loaded" else digits
            return dict(zip(counted, map(Fraction, order), strict=True))
    weights = dict.fromkeys(counted, Fraction(1))
    last = days[-1]
    if deferral.method != "equal" and len(weights) > 1:
        weights[month(last)] = Fraction(last.day == length(last))
    if deferral.method == "half-month":
        weights[month(days[0])] /= 2
    if deferral.method == "mid-quarter":
        quarter = {
            month(day)
            for day in days
            if (day.year, (day.month - 1) // 3)
            == (days[0].year, (days[0].month - 1) // 3)
        }
        begun = sum(weights[name] for name in quarter)
        for name in quarter:
            weights[name] *= Fraction(3, 2) / begun
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


@given(deferrals(), st.sampled_from(["assets:prepaid", "liabilities:unearned"]))
def test_what_is_due_is_what_the_rule_says(deferral: Deferral, account: str) -> None:
    """The entries of a run are those of the public rule, field by field."""
    target = "expenses:rent" if account == "assets:prepaid" else "income:fees"
    terms = attrs.evolve(deferral, from_account=account, to_account=target)
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        types = {"assets": "asset", "liabilities": "liability", "expenses": "expense"}
        for path in (account, target):
            ledger.open_account(path, type=types.get(path.partition(":")[0], "income"))
        accruals = Accruals(ledger)
        accruals.schedule(terms)
        due = list(accruals.due(through=date(2199, 12, 31)))
        rule = DeferralRule(ledger.accounts.all())
        assert due == [
            draft.to_entry()
            for part in terms.parts()
            if part.amount
            for draft in rule.entries(PartDue(terms, part))
        ]


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


# --- by weights alone ----------------------------------------------------------------

weight_lists = st.lists(
    st.integers(0, 40)
    | st.fractions(0, 40, max_denominator=60)
    | st.integers(0, 10**12),
    min_size=1,
    max_size=24,
).filter(any)
Split = Callable[[int, list[Fraction]], list[int]]


def split(residual: str) -> Split:
    """Return the policy as a function of integers."""

    def of(total: int, weights: list[Fraction]) -> list[int]:
        amount = bl.Amount.from_minor(total, "EUR")
        return [
            part.minor_units for part in allocate(amount, weights, residual=residual)
        ]

    return of


def plug_unclamped(total: int, weights: list[Fraction]) -> list[int]:
    """Round each part; the last one takes the difference, whatever its sign: broken."""
    parts = [half_away(total * weight / sum(weights)) for weight in weights]
    return [*parts[:-1], total - sum(parts[:-1])]


def half_even(total: int, weights: list[Fraction]) -> list[int]:
    """Round the running sum half to even: broken."""
    to_date = [round(Fraction(total) * w / sum(weights)) for w in accumulate(weights)]
    return [now - before for before, now in pairwise([0, *to_date])]


def sums(parts: list[int], total: int, weights: list[Fraction]) -> bool:
    """P1."""
    return sum(parts) == total


def keeps_sign(parts: list[int], total: int, weights: list[Fraction]) -> bool:
    """P2."""
    return all(
        part * total >= 0 and (weight or not part)
        for part, weight in zip(parts, weights, strict=True)
    )


def keeps_quota(parts: list[int], total: int, weights: list[Fraction]) -> bool:
    """P3."""
    shares = [Fraction(total) * weight / sum(weights) for weight in weights]
    return all(
        floor(share) <= part <= ceil(share)
        for part, share in zip(parts, shares, strict=True)
    )


def stays_close(parts: list[int], total: int, weights: list[Fraction]) -> bool:
    """P4."""
    return all(
        abs(booked - Fraction(total) * weight / sum(weights)) <= Fraction(1, 2)
        for booked, weight in zip(accumulate(parts), accumulate(weights), strict=True)
    )


def evens_out(parts: list[int], total: int, weights: list[Fraction]) -> bool:
    """P7."""
    by_weight = defaultdict(list)
    for part, weight in zip(parts, weights, strict=True):
        by_weight[weight].append(part)
    return all(max(same) - min(same) <= 1 for same in by_weight.values())


@pytest.mark.parametrize(
    ("residual", "properties"),
    [
        ("cumulative", [sums, keeps_sign, keeps_quota, stays_close, evens_out]),
        ("largest-remainder", [sums, keeps_sign, keeps_quota, evens_out]),
        ("first", [sums, keeps_sign]),
        ("last", [sums, keeps_sign]),
    ],
)
def test_what_each_policy_promises(
    residual: str, properties: list[Callable[..., bool]]
) -> None:
    """P1 to P4 and P7; the plugs promise the least."""

    @given(totals, weight_lists)
    def check(total: int, weights: list[Fraction]) -> None:
        parts = split(residual)(total, weights)
        for holds in properties:
            assert holds(parts, total, weights), holds.__doc__

    check()


@pytest.mark.parametrize(
    ("function", "total", "weights", "broken"),
    [
        # Controls: each of these is what some program in use does.
        (plug_unclamped, 10, [1] * 12, keeps_sign),
        (plug_unclamped, 100, [1] * 36, keeps_sign),
        (half_even, 2, [1, 2, 1], keeps_quota),
        (split("last"), 100000, [1] * 12, stays_close),
        (split("largest-remainder"), 100000, [1] * 12, stays_close),
        (split("last"), 100000, [1] * 12, evens_out),
    ],
)
def test_the_properties_can_fail(
    function: Split, total: int, weights: list[int], broken: Callable[..., bool]
) -> None:
    """Where a policy does not promise a property, there is a case that shows it."""
    exact = list(map(Fraction, weights))
    assert not broken(function(total, exact), total, exact)
    assert broken(split("cumulative")(total, exact), total, exact)


@given(totals, weight_lists.filter(lambda w: len(w) > 1), st.data())
def test_merging_is_adding(
    total: int, weights: list[Fraction], data: st.DataObject
) -> None:
    """P5, for any weights, at any place."""
    parts = split("cumulative")(total, weights)
    at = data.draw(st.integers(0, len(weights) - 2))
    parts[at : at + 2] = [sum(parts[at : at + 2])]
    weights[at : at + 2] = [sum(weights[at : at + 2])]
    assert split("cumulative")(total, weights) == parts


def test_other_policies_do_not_merge() -> None:
    """Control of P5: by largest remainder a quarter is not the sum of its months."""
    assert split("largest-remainder")(4, [1, 1, 1]) == [2, 1, 1]
    assert split("largest-remainder")(4, [1, 2]) == [1, 3]


@given(totals, st.integers(0, 10**6), weight_lists)
def test_a_larger_total_never_lowers_what_is_recognised(
    total: int, more: int, weights: list[Fraction]
) -> None:
    """P6': to date, at every period; single parts may fall, and sometimes do."""
    lower = accumulate(split("cumulative")(total, weights))
    higher = accumulate(split("cumulative")(total + more, weights))
    assert all(x <= y for x, y in zip(lower, higher, strict=True))


def test_a_larger_total_may_lower_a_part() -> None:
    """P6 fails, as it must for any policy that holds P4: 1 over three, then 2."""
    assert split("cumulative")(1, [1, 1, 1]) == [0, 1, 0]
    assert split("cumulative")(2, [1, 1, 1]) == [1, 0, 1]


@given(totals, weight_lists, st.sampled_from(RESIDUALS))
def test_the_negative_total_has_the_negative_parts(
    total: int, weights: list[Fraction], residual: str
) -> None:
    """P8."""
    parts = split(residual)(total, weights)
    assert split(residual)(-total, weights) == [-part for part in parts]


@given(
    totals,
    weight_lists,
    st.fractions(min_value=Fraction(1, 99)),
    st.sampled_from(RESIDUALS),
)
def test_scaling_weights_changes_nothing(
    total: int, weights: list[Fraction], factor: Fraction, residual: str
) -> None:
    """P9."""
    scaled = [weight * factor for weight in weights]
    assert split(residual)(total, scaled) == split(residual)(total, weights)


@given(deferrals(), totals, st.sampled_from(RESIDUALS))
def test_the_base_is_spread_by_itself(
    deferral: Deferral, base: int, residual: str
) -> None:
    """P14: by the same weights, and both sum exactly."""
    base = abs(base) if deferral.total.minor_units > 0 else -abs(base)
    both = attrs.evolve(
        deferral,
        base=bl.Amount.from_minor(base, "USD"),
        exchange_account="equity:trading",
        residual=residual,
    )
    alone = attrs.evolve(both, total=both.base, base=None, exchange_account=None)
    assert [part.base for part in both.parts()] == [
        part.amount for part in alone.parts()
    ]
    assert sum(part.base.minor_units for part in both.parts()) == base
    assert sum(units(both)) == deferral.total.minor_units
