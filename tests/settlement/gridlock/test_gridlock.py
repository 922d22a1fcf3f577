"""Gridlock: the published cases of Project Ubin, and brute force on small queues."""

from itertools import permutations, product
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    InexactNumber,
    InvalidAmount,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.settlement.gridlock import Resolution, resolve
from backoffice_ledger.settlement.netting import Transfer

ACME = bl.Commodity("ACME", 0)


def pay(sender: str, receiver: str, amount: int) -> Transfer:
    """Return a payment in SGD."""
    return Transfer(f"{sender}{receiver}{amount}", sender, receiver, f"{amount} SGD")


UBIN = [
    pay("A", "B", 5),
    pay("B", "C", 6),
    pay("B", "C", 30),
    pay("C", "D", 8),
    pay("C", "E", 80),
    pay("D", "E", 7),
    pay("A", "C", 6),
    pay("E", "A", 8),
    pay("E", "B", 100),
    pay("D", "A", 5),
]
LIMITS = {
    "A": ["3 SGD"],
    "B": ["4 SGD"],
    "C": ["5 SGD"],
    "D": ["4 SGD"],
    "E": ["3 SGD"],
}


@pytest.mark.parametrize(
    ("cycle", "limits", "settled"),
    [
        ("ABCDE", [6, 3, 3, 5, 2], ["AB5", "BC6", "CD8", "DE7", "EA8"]),
        ("ABCD", [3, 3, 3, 7, 3], ["AB5", "BC6", "CD8", "DA5"]),
        ("ABCE", [3, 4, 5, 4, 3], []),
        ("ACDE", [5, 4, 3, 5, 2], ["AC6", "CD8", "DE7", "EA8"]),
        ("ACE", [3, 4, 5, 4, 3], []),
        ("ACD", [2, 4, 3, 7, 3], ["AC6", "CD8", "DA5"]),
        ("BCE", [3, 4, 5, 4, 3], []),
        ("BCDE", [3, 4, 5, 4, 3], []),
    ],
)
def test_published_cycles(cycle: str, limits: list[int], settled: list[str]) -> None:
    """Project Ubin phase 2 (MAS, R3), CycleSolverTests: all eight cycles.

    Of each cycle the obligations along its edges are queued.
    """
    edges = {f"{a}{b}" for a, b in zip(cycle, cycle[1:] + cycle[0], strict=True)}
    queue = [one for one in UBIN if one.id[:2] in edges]
    found = resolve(queue, LIMITS)
    assert sorted(one.id for one in found.settled) == sorted(settled)
    after = [found.holdings[party]["SGD"] for party in "ABCDE"]
    assert after == [bl.Amount(limit, "SGD") for limit in limits]


def test_a_circle_that_nobody_can_begin() -> None:
    """No one has money, and all settle: this is what gridlock is."""
    circle = [pay("A", "B", 5), pay("B", "C", 5), pay("C", "A", 5)]
    found = resolve(circle, {})
    assert found.settled == tuple(circle)
    assert found.queued == ()
    assert not found.is_deadlocked
    assert {party: held.amounts for party, held in found.holdings.items()} == {
        "A": (),
        "B": (),
        "C": (),
    }


def test_deadlock() -> None:
    """A circle that lacks money cannot be resolved without more of it."""
    circle = [pay("A", "B", 6), pay("B", "A", 5)]
    assert resolve(circle, {}).is_deadlocked
    assert not resolve(circle, {"A": ["1 SGD"]}).is_deadlocked
    assert not resolve([], {}).is_deadlocked


def test_delivery_against_payment() -> None:
    """Securities bought in one transfer are delivered in another, at the same time."""
    buy = Transfer("buy", "B", "A", bl.Amount(100, ACME), against="1000.00 EUR")
    sell = Transfer("sell", "A", "C", bl.Amount(100, ACME), against="1010.00 EUR")
    holdings = {"B": [bl.Amount(100, ACME)], "C": ["1010.00 EUR"]}
    found = resolve([buy, sell], holdings)
    assert found.settled == (buy, sell)
    assert found.holdings["A"]["EUR"] == bl.Amount("10.00", "EUR")
    assert resolve([buy], holdings).is_deadlocked


def test_nobody_passes_an_earlier_transfer() -> None:
    """The first that lacks money holds the later ones; a priority goes before."""
    large, small = pay("A", "B", 100), pay("A", "C", 1)
    holdings = {"A": ["50 SGD"]}
    assert resolve([large, small], holdings).settled == ()
    urgent = {small.id: 0, large.id: 1}
    found = resolve([large, small], holdings, priority=lambda one: urgent[one.id])
    assert found.settled == (small,)
    assert found.queued == (large,)


def test_another_commodity_is_another_queue() -> None:
    """Who lacks dollars can still pay euros."""
    dollars = Transfer("usd", "A", "B", "100.00 USD")
    euros = Transfer("eur", "A", "B", "100.00 EUR")
    found = resolve([dollars, euros], {"A": [bl.Amount(100, "EUR")]})
    assert found.settled == (euros,)


def test_what_is_held_in_two_parts_is_summed() -> None:
    """Holdings may name a commodity twice, money and credit for example."""
    found = resolve([pay("A", "B", 5)], {"A": ["2 SGD", "3 SGD"], "C": []})
    assert found.settled
    assert found.holdings["C"] == bl.Balance()


@pytest.mark.parametrize(
    ("queue", "holdings", "kind"),
    [
        (["A -> B"], {}, InvalidOption),
        ([], 5, InvalidOption),
        ([], {"A": ["-1 SGD"]}, InvalidOption),
        ([], {"A": [1.0]}, InexactNumber),
        ([], {"A": ["much"]}, InvalidAmount),
        (
            [Transfer("t", "A", "B", bl.Amount("1.5", bl.Commodity("ACME", 1)))],
            {"A": [bl.Amount(1, ACME)]},
            InvalidOption,
        ),
    ],
)
def test_what_cannot_be_resolved(
    queue: Any, holdings: Any, kind: type[LedgerError]
) -> None:
    """Junk is refused with an error that says what is wrong."""
    with pytest.raises(kind):
        resolve(queue, holdings)


# --- brute force ---------------------------------------------------------------------

PARTIES = "ABCD"
CODES = ("EUR", "ACME", "BOLT")
COMMODITIES = {
    "EUR": bl.Commodity("EUR"),
    "ACME": ACME,
    "BOLT": bl.Commodity("BOLT", 0),
}
Book = dict[tuple[str, str], int]


def moves(one: Transfer) -> list[tuple[str, str, str, int]]:
    """Return giver, taker, code and minor units of each leg."""
    legs = [(one.sender, one.receiver, one.amount)]
    if one.against is not None:
        legs.append((one.receiver, one.sender, one.against))
    return [(a, b, what.commodity.code, what.minor_units) for a, b, what in legs]


def is_feasible(queue: list[Transfer], chosen: tuple[bool, ...], held: Book) -> bool:
    """Whether no queue is passed, and nothing ends below zero."""
    after = dict(held)
    blocked: set[tuple[str, str]] = set()
    for one, settles in zip(queue, chosen, strict=True):
        for giver, taker, code, minor_units in moves(one):
            if not settles:
                blocked.add((giver, code))
            elif (giver, code) in blocked:
                return False
            else:
                after[giver, code] = after.get((giver, code), 0) - minor_units
                after[taker, code] = after.get((taker, code), 0) + minor_units
    return all(left >= 0 for left in after.values())


PAIRS = list(permutations(PARTIES, 2))
SWAPS = list(permutations(CODES, 2))
TERMS = st.tuples(
    st.sampled_from(PAIRS), st.sampled_from(SWAPS), st.integers(1, 6), st.integers(0, 6)
)
KEYS = st.tuples(st.sampled_from(PARTIES), st.sampled_from(CODES))


def to_queue(terms: list[Any]) -> list[Transfer]:
    """Return transfers of drawn terms; nothing against it means free of payment."""
    return [
        Transfer(
            f"t{index}",
            *pair,
            bl.Amount.from_minor(units, COMMODITIES[code]),
            against=bl.Amount.from_minor(against, COMMODITIES[other])
            if against
            else None,
        )
        for index, (pair, (code, other), units, against) in enumerate(terms)
    ]


def queues() -> st.SearchStrategy[tuple[list[Transfer], Book]]:
    """Return up to eight transfers, against payment or not, and what is held."""
    return st.tuples(
        st.lists(TERMS, max_size=8).map(to_queue),
        st.dictionaries(KEYS, st.integers(0, 6), max_size=6),
    )


def solve(queue: list[Transfer], held: Book) -> Resolution:
    """Resolve a queue with what is held."""
    holdings = {
        party: [
            bl.Amount.from_minor(units, COMMODITIES[code])
            for (owner, code), units in held.items()
            if owner == party
        ]
        for party in PARTIES
    }
    return resolve(queue, holdings)


def check_against_brute_force(queue: list[Transfer], held: Book) -> int:
    """Compare with all sets that pass nobody and can settle; return how many."""
    ours = {one.id for one in solve(queue, held).settled}
    every = [
        {one.id for one, settles in zip(queue, chosen, strict=True) if settles}
        for chosen in product((False, True), repeat=len(queue))
        if is_feasible(queue, chosen, held)
    ]
    assert ours in every
    assert all(other <= ours for other in every)
    return len(every)


@given(queues())
def test_it_is_the_one_largest_set(case: tuple[list[Transfer], Book]) -> None:
    """Of all sets that pass nobody and can settle, it is one, and holds all others."""
    check_against_brute_force(*case)


def test_it_is_the_one_largest_set_of_hundreds() -> None:
    """The same for four hundred queues of seven deliveries against payment."""
    random, choices = Random(4), 0
    for _ in range(400):
        terms = [
            (
                random.choice(PAIRS),
                random.choice(SWAPS),
                random.randint(1, 6),
                random.randint(1, 6),
            )
            for _ in range(7)
        ]
        held = {
            (party, code): random.randint(0, 9) for party in PARTIES for code in CODES
        }
        choices += check_against_brute_force(to_queue(terms), held)
    assert choices > 3 * 400


@given(queues())
def test_nothing_is_made_or_lost(case: tuple[list[Transfer], Book]) -> None:
    """Totals of each commodity stay; nobody is below zero; all is accounted for."""
    queue, held = case
    found = solve(queue, held)
    for code in CODES:
        before = sum(units for (_, what), units in held.items() if what == code)
        after = [
            held[COMMODITIES[code]].minor_units for held in found.holdings.values()
        ]
        assert sum(after) == before
        assert min(after) >= 0
    merged = sorted((*found.settled, *found.queued), key=queue.index)
    assert merged == queue


@given(queues(), st.sampled_from(PARTIES), st.integers(0, 6))
def test_more_money_never_settles_less(
    case: tuple[list[Transfer], Book], party: str, more: int
) -> None:
    """Liquidity helps or does nothing."""
    queue, held = case
    richer = held | {(party, "EUR"): held.get((party, "EUR"), 0) + more}
    before = {one.id for one in solve(queue, held).settled}
    assert before <= {one.id for one in solve(queue, richer).settled}


@given(queues())
def test_what_is_left_stays_left(case: tuple[list[Transfer], Book]) -> None:
    """Resolving again, with what was settled out of the way, settles nothing more."""
    queue, held = case
    found = solve(queue, held)
    again = resolve(
        found.queued, {party: held.amounts for party, held in found.holdings.items()}
    )
    assert again.settled == ()
