"""What holds for every value, whatever Hypothesis thinks of."""

import copy
import decimal
import importlib
import itertools
import pickle
import pkgutil
import typing
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import ceil, floor
from types import ModuleType
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backoffice_ledger import _model
from backoffice_ledger._ledger.holds import make_conditions
from backoffice_ledger._model.account import Account, ChartOfAccounts
from backoffice_ledger._model.allocation import allocate_cumulatively
from backoffice_ledger._model.amount import Amount, Rounding
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity, is_isin
from backoffice_ledger._model.document import freeze_json, plain_json
from backoffice_ledger._model.entry import Entry, EntryDraft, PostSummary
from backoffice_ledger._model.hold import Hold
from backoffice_ledger._model.limit import Limit
from backoffice_ledger._model.posting import Posting, Side, credit, debit
from backoffice_ledger._model.text import (
    FrozenMapping,
    check_identifier,
    check_path,
    check_text,
)
from backoffice_ledger.errors import (
    InexactNumber,
    InvalidDate,
    InvalidInput,
    LedgerError,
    Unbalanced,
)
from backoffice_ledger.testing import strategies as values

MODULES: list[ModuleType] = [
    importlib.import_module(f"{_model.__name__}.{module.name}")
    for module in pkgutil.iter_modules(_model.__path__)
]
CLASSES = sorted(
    {
        item
        for module in MODULES
        for item in vars(module).values()
        if isinstance(item, type) and item.__module__ == module.__name__
    },
    key=lambda item: item.__name__,
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "account": values.accounts(),
    "amount": values.amounts(),
    "balance": values.balances(),
    "chart": values.charts(max_size=2),
    "commodity": values.commodities(),
    "document": values.documents(),
    "draft": values.drafts(),
    "entry": values.entries(),
    "hold": values.holds(),
    "limit": values.limits(),
    "period": values.periods(),
    "posting": values.postings(),
    "summary": st.builds(PostSummary, posted=st.integers(0)),
}
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.fractions(),
    st.text(),
    st.binary(),
    st.dates(date.min, date.max),
    st.datetimes(),
    st.lists(st.text(), max_size=3),
    st.dictionaries(st.text(), st.text(), max_size=3),
    st.sampled_from([Side.DEBIT, Amount(1, "EUR"), debit("a", "1 EUR"), object, {1}]),
)
EURO = Commodity("EUR")
# Totals far past 64 bits, and weights of any ratio.
TOTALS = st.integers(-(10**27), 10**27) | st.integers(-50, 50)
WEIGHTS = st.lists(
    st.integers(0, 5) | st.integers(0, 10**12), min_size=1, max_size=24
).filter(any)


class AlwaysEqual:
    """Equal to everything that asks it."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True


class NeverEqual:
    """Equal to nothing that asks it."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False


def insides(value: object) -> list[object]:
    """Return *value* and all that it is made of."""
    found = [value]
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            found += insides(getattr(value, field.name))
    elif isinstance(value, Mapping):
        found += itertools.chain.from_iterable(map(insides, value.values()))
    elif isinstance(value, (tuple, frozenset)):
        found += itertools.chain.from_iterable(map(insides, value))
    return found


# --- every value ---------------------------------------------------------------------


@pytest.mark.parametrize("name", VALUES)
@given(data=st.data())
def test_values_are_frozen_to_the_bottom(name: str, data: st.DataObject) -> None:
    """No field can be set, added or deleted, and nothing inside can be changed."""
    value = data.draw(VALUES[name])
    for field in attrs.fields(type(value)):
        before = getattr(value, field.name)
        with pytest.raises(AttributeError):
            setattr(value, field.name, before)
        with pytest.raises(AttributeError):
            delattr(value, field.name)
    with pytest.raises(AttributeError):
        value.something_new = 1
    immutable = (
        str,
        int,
        date,
        timedelta,
        Enum,
        tuple,
        frozenset,
        FrozenMapping,
        type(None),
    )
    for part in insides(value):
        assert attrs.has(type(part)) or isinstance(part, immutable)


@pytest.mark.parametrize("name", VALUES)
@given(data=st.data())
def test_values_are_equal_by_their_fields(name: str, data: st.DataObject) -> None:
    """Copies and pickles are equal and hash alike; other things are unequal."""
    value = data.draw(VALUES[name])
    pickled = pickle.dumps(value, data.draw(st.integers(2, pickle.HIGHEST_PROTOCOL)))
    for again in (
        pickle.loads(pickled),  # noqa: S301
        copy.copy(value),
        copy.deepcopy(value),
    ):
        assert type(again) is type(value)
        assert again == value
        assert hash(again) == hash(value)
        assert repr(again) == repr(value)
    assert value == AlwaysEqual()
    assert value != NeverEqual()
    assert value != tuple(
        getattr(value, field.name) for field in attrs.fields(type(value))
    )


@pytest.mark.parametrize("name", ["draft", "entry", "posting"])
@given(data=st.data())
def test_evolving_nothing_changes_nothing(name: str, data: st.DataObject) -> None:
    """What a value holds is accepted again."""
    value = data.draw(VALUES[name])
    assert attrs.evolve(value) == value


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_annotations_can_be_read(kind: type) -> None:
    """Of every class, its constructor and its methods."""
    hints = typing.get_type_hints(kind)
    if attrs.has(kind):
        assert {field.name for field in attrs.fields(kind)} <= set(hints)
    for item in vars(kind).values():
        function = getattr(item, "fget", None) or getattr(item, "__func__", item)
        if callable(function) and hasattr(function, "__annotations__"):
            typing.get_type_hints(function)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in CLASSES if attrs.has(kind)],
    ids=lambda kind: kind.__name__,
)
def test_values_are_final(kind: type) -> None:
    """Behaviour is added by functions, not by subclasses; there is no `__dict__`."""
    assert getattr(kind, "__final__", False)
    assert "__slots__" in vars(kind)
    assert "__dict__" not in dir(kind)


# --- numbers -------------------------------------------------------------------------


@given(values.amounts())
def test_text_and_decimal_come_back(amount: Amount) -> None:
    """Of every amount, in any decimal context."""
    with decimal.localcontext(decimal.Context(prec=1)):
        assert Amount(amount.number, amount.commodity) == amount
        assert Amount(amount.decimal, amount.commodity) == amount
        assert str(amount.decimal) == amount.number or abs(amount.decimal) < 1
        assert -amount.decimal.as_tuple().exponent == amount.commodity.scale
    assert Fraction(amount.number) * 10**amount.commodity.scale == amount.minor_units


@given(values.amounts(commodities=st.sampled_from([EURO, Commodity("JPY")])))
def test_parse_reads_what_str_writes(amount: Amount) -> None:
    """Where a standard knows the code, one text is enough."""
    assert Amount.parse(str(amount)) == amount


@given(st.lists(values.amounts(commodities=st.just(EURO)), max_size=20))
def test_sums_are_exact(amounts: list[Amount]) -> None:
    """However large, in any order, as amounts and as a balance."""
    total = sum(amount.minor_units for amount in amounts)
    expected = Amount.from_minor(total, EURO)
    assert sum(amounts, start=Amount(0, EURO)) == expected
    assert sum(reversed(amounts), start=Amount(0, EURO)) == expected
    assert Balance(amounts)[EURO] == expected
    assert Balance(amounts) - expected == Balance()


@given(values.balances(), values.balances(), values.balances())
def test_balances_are_a_group(one: Balance, two: Balance, three: Balance) -> None:
    """Order and grouping make no difference, and everything can be undone."""
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + Balance() == one
    assert one - one == Balance()
    assert one - two == -(two - one)
    for amount in one:
        assert amount
        assert one[amount.commodity] == amount


@given(st.decimals(allow_nan=False, allow_infinity=False), values.commodities())
def test_a_decimal_is_exact_or_refused(value: Decimal, unit: Commodity) -> None:
    """Never rounded."""
    try:
        amount = Amount(value, unit)
    except InvalidInput as error:
        assert error.field == "amount"
    else:
        assert Fraction(amount.decimal) == Fraction(value)


@given(st.text("0123456789.,+-_eE \u0663", max_size=70), values.commodities())
def test_a_text_is_exact_or_refused(text: str, unit: Commodity) -> None:
    """What is accepted means what Fraction says that it means."""
    try:
        amount = Amount(text, unit)
    except InvalidInput as error:
        assert error.field == "amount"
    else:
        assert Fraction(amount.number) == Fraction(text)


@given(st.floats() | st.booleans())
def test_floats_and_bools_are_refused_everywhere(value: float) -> None:
    """Where a number, a scale, a version or a weight is wanted."""
    five = Amount(5, "EUR")
    for call in (
        lambda: Amount(value, "EUR"),
        lambda: Amount.from_minor(value, "EUR"),
        lambda: Amount.parse(value),
        lambda: Amount.rounded(value, "EUR", rounding="down"),
        lambda: five.allocate([1, value]),
        lambda: Commodity("POINTS", value),
        lambda: debit("a", value),
        lambda: credit("a", value),
        lambda: Balance([value]),
        lambda: freeze_json({"a": float(value)}),
    ):
        with pytest.raises(InexactNumber) as caught:
            call()
        assert isinstance(caught.value, TypeError)
    for operation in (
        lambda: five + value,
        lambda: value + five,
        lambda: five - value,
        lambda: five * value,
        lambda: five < value,
        lambda: Balance() + value,
    ):
        with pytest.raises(TypeError):
            operation()


@given(
    st.fractions() | st.decimals(allow_nan=False, allow_infinity=False, places=6),
    st.sampled_from(typing.get_args(Rounding)),
)
def test_rounding_agrees_with_decimal(
    value: Fraction | Decimal, rounding: Rounding
) -> None:
    """The rules are those of the standard library, on exact numbers."""
    assume(abs(value) < 10**20)
    names = {
        "half-even": decimal.ROUND_HALF_EVEN,
        "half-up": decimal.ROUND_HALF_UP,
        "down": decimal.ROUND_DOWN,
        "up": decimal.ROUND_UP,
        "floor": decimal.ROUND_FLOOR,
        "ceiling": decimal.ROUND_CEILING,
    }
    exact = Fraction(value)
    # Twelve digits and a sticky one stand for all the digits of a fraction.
    head, rest = divmod(exact.numerator * 10**12, exact.denominator)
    sticky = Decimal(f"{head * 10 + bool(rest)}e-13")
    with decimal.localcontext(decimal.Context(prec=60)):
        expected = sticky.quantize(Decimal("0.01"), rounding=names[rounding])
    assert Amount.rounded(value, "EUR", rounding=rounding).decimal == expected


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=9, max_size=9))
def test_one_check_digit_fits(middle: str) -> None:
    """Of the ten candidates exactly one makes an ISIN."""
    candidates = [f"DE{middle}{digit}" for digit in range(10)]
    assert sum(map(is_isin, candidates)) == 1


# --- allocation ----------------------------------------------------------------------


@given(TOTALS, WEIGHTS)
def test_parts_sum_to_the_whole(total: int, weights: list[int]) -> None:
    """Nothing is lost; no part flips its sign; a weight of zero gets nothing."""
    parts = allocate_cumulatively(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert part * total >= 0
        assert weight or not part


@given(TOTALS, WEIGHTS)
def test_parts_stay_within_a_unit_of_their_share(
    total: int, weights: list[int]
) -> None:
    """Between the floor and the ceiling of the exact share."""
    whole = sum(weights)
    for part, weight in zip(
        allocate_cumulatively(total, weights), weights, strict=True
    ):
        share = Fraction(total * weight, whole)
        assert floor(share) <= part <= ceil(share)


@given(TOTALS, WEIGHTS)
def test_running_sums_stay_within_half_a_unit(total: int, weights: list[int]) -> None:
    """At every point in time what is recognised is right to the unit."""
    parts = allocate_cumulatively(total, weights)
    running = zip(
        itertools.accumulate(parts), itertools.accumulate(weights), strict=True
    )
    for recognised, weight in running:
        assert abs(recognised - Fraction(total * weight, sum(weights))) <= Fraction(
            1, 2
        )


@given(TOTALS, WEIGHTS, st.data())
def test_joined_periods_get_the_joined_parts(
    total: int, weights: list[int], data: st.DataObject
) -> None:
    """A quarter gets what its three months get."""
    assume(len(weights) > 1)
    at = data.draw(st.integers(0, len(weights) - 2))
    parts = allocate_cumulatively(total, weights)
    joined = [*weights[:at], weights[at] + weights[at + 1], *weights[at + 2 :]]
    assert allocate_cumulatively(total, joined) == [
        *parts[:at],
        parts[at] + parts[at + 1],
        *parts[at + 2 :],
    ]


@given(st.integers(0, 10**27), st.integers(0, 10**12), WEIGHTS)
def test_a_larger_total_never_lowers_a_running_sum(
    total: int, more: int, weights: list[int]
) -> None:
    """Raising the price never takes back what was recognised."""
    low = itertools.accumulate(allocate_cumulatively(total, weights))
    high = itertools.accumulate(allocate_cumulatively(total + more, weights))
    assert all(one <= other for one, other in zip(low, high, strict=True))


@given(TOTALS, st.integers(1, 100), st.integers(1, 1000))
def test_equal_weights_get_nearly_equal_parts(
    total: int, count: int, weight: int
) -> None:
    """They differ by at most one unit."""
    parts = allocate_cumulatively(total, [weight] * count)
    assert max(parts) - min(parts) <= 1


@given(TOTALS, WEIGHTS, st.integers(1, 10**9))
def test_sign_and_scale_of_weights_make_no_difference(
    total: int, weights: list[int], factor: int
) -> None:
    """A credit note mirrors the invoice; days or seconds give the same parts."""
    parts = allocate_cumulatively(total, weights)
    assert allocate_cumulatively(-total, weights) == [-part for part in parts]
    scaled = [weight * factor for weight in weights]
    assert allocate_cumulatively(total, scaled) == parts
    fractions = [Fraction(weight, factor) for weight in weights]
    assert Amount.from_minor(total, EURO).allocate(fractions) == [
        Amount.from_minor(part, EURO) for part in parts
    ]


# --- entries and charts --------------------------------------------------------------


@given(values.entries())
def test_entries_balance(entry: Entry) -> None:
    """In every commodity, summed in any order."""
    assert Balance(posting.signed for posting in entry.postings) == Balance()
    assert Balance(posting.signed for posting in reversed(entry.postings)) == Balance()


@given(values.entries(), st.data())
def test_an_entry_with_a_posting_less_is_refused(
    entry: Entry, data: st.DataObject
) -> None:
    """Unless that posting moved nothing."""
    dropped = data.draw(st.sampled_from(entry.postings))
    rest = list(entry.postings)
    rest.remove(dropped)
    assume(dropped.amount and len(rest) > 1)
    with pytest.raises(Unbalanced):
        attrs.evolve(entry, postings=rest)


@given(values.drafts())
def test_a_draft_becomes_an_entry_or_says_why_not(draft: EntryDraft) -> None:
    """An account that takes the difference makes any draft balance."""
    try:
        entry = draft.to_entry(draft.id or "x")
    except LedgerError as error:
        assert error.field in {"postings", "amount"}
        if isinstance(error, Unbalanced):
            assert draft.balance_to is None
            assert draft.residual
    else:
        assert entry.postings[: len(draft.postings)] == draft.postings
        assert all(
            posting.account == draft.balance_to
            for posting in entry.postings[len(draft.postings) :]
        )


@given(values.charts(max_size=3), st.data())
def test_totals_of_the_top_hold_everything(
    chart: ChartOfAccounts, data: st.DataObject
) -> None:
    """What the nodes at the top hold is the sum of all balances."""
    balances = {path: data.draw(values.balances()) for path in chart}
    totals = chart.totals(balances)
    everything = sum(balances.values(), start=Balance())
    top = [total for path, total in totals.items() if ":" not in path]
    assert sum(top, start=Balance()) == everything
    assert list(totals) == sorted(totals, key=lambda path: path.split(":"))
    for account in chart.values():
        below = [balances[it.path] for it in chart.below(account.path)]
        assert totals[account.path] == sum(below, start=Balance())


@given(values.conditions())
def test_conditions_are_accepted(found: dict[str, list[Limit]]) -> None:
    """Whatever accounts and commodities they name; one limit is as good as a list."""
    made = make_conditions(found, dict.fromkeys(found, 0))
    assert made.limits.keys() == made.versions.keys() == found.keys()
    for path, limits in found.items():
        by_code = {limit.commodity.code: limit for limit in limits}
        assert made.limits[path] == by_code
        one = make_conditions({path: limits[0]}, None)
        assert list(one.limits[path].values()) == limits[:1]


@given(values.holds())
def test_a_hold_reserves_as_much_as_it_takes(hold: Hold) -> None:
    """It balances in every commodity, and nothing of it is resolved yet."""
    assert hold.remaining == hold.postings
    assert (hold.status, hold.captures) == ("open", ())
    sums: Counter[str] = Counter()
    for posting in hold.postings:
        assert posting.amount.minor_units > 0
        sign = 1 if posting.side is Side.DEBIT else -1
        sums[posting.amount.commodity.code] += sign * posting.amount.minor_units
    assert not any(sums.values())


@given(values.accounts(), values.dates())
def test_an_account_is_open_between_its_days(account: Account, day: date) -> None:
    """And on them."""
    first, last = account.opened or date.min, account.closed or date.max
    assert account.is_open_on(day) is (first <= day <= last)


@given(values.documents())
def test_content_freezes_to_itself(document: Any) -> None:
    """Freezing and thawing lose nothing."""
    plain = plain_json(document.content)
    assert freeze_json(plain) == document.content
    assert plain_json(freeze_json(plain)) == plain


# --- any input at all ----------------------------------------------------------------


@given(st.text())
def test_texts_are_kept_or_refused(text: str) -> None:
    """Never altered; whatever is kept can be written as UTF-8 on one line."""
    for check in (check_text, check_identifier, check_path):
        try:
            kept = check(text, "field")
        except InvalidInput as error:
            assert error.field == "field"
            assert str(error).isprintable()
        else:
            assert kept == text
            assert len(kept.encode().splitlines()) <= 1
            assert all(part for part in kept.split(":")) or check is not check_path


@pytest.mark.parametrize(
    ("make", "good"),
    [
        (Amount, {"value": "5", "commodity": "EUR"}),
        (Commodity, {"code": "POINTS", "scale": 2}),
        (Account, {"path": "a", "type": "asset", "label": "x", "commodities": ["EUR"]}),
        (Posting, {"account": "a", "side": Side.DEBIT, "amount": "5 EUR", "memo": "x"}),
        (
            Entry,
            {
                "id": "x",
                "date": date(2026, 1, 31),
                "postings": [debit("a", "5 EUR"), credit("b", "5 EUR")],
                "references": ["x"],
                "rule": "x",
            },
        ),
    ],
    ids=lambda item: item.__name__ if isinstance(item, type) else "",
)
@given(data=st.data())
def test_junk_is_accepted_or_refused_by_name(
    make: Any, good: dict[str, object], data: st.DataObject
) -> None:
    """No argument of any type makes a constructor fail in another way."""
    name = data.draw(st.sampled_from(sorted(good)))
    junk = data.draw(JUNK)
    try:
        value = make(**good | {name: junk})
    except LedgerError as error:
        assert error.field
        assert str(error).isprintable()
        assert len(error.found or "") <= 80
    else:
        assert hash(value) == hash(pickle.loads(pickle.dumps(value)))  # noqa: S301


@given(JUNK)
def test_only_a_date_is_a_date(junk: object) -> None:
    """Wherever a day is wanted."""
    assume(type(junk) is not date)
    postings = [debit("a", "5 EUR"), credit("b", "5 EUR")]
    with pytest.raises(InvalidDate):
        Entry("x", junk, postings)  # type: ignore[arg-type]
