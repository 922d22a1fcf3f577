"""Cycles by the three models of the BIS, and with optimisation."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.batches import Cycle, run_cycle
from backoffice_ledger.settlement.netting import Transfer

ACME = bl.Commodity("ACME", 0)
EUR = bl.Commodity("EUR")


def sale(id: str, seller: str, buyer: str, units: int, money: str) -> Transfer:
    """Return a delivery against payment."""
    return Transfer(id, seller, buyer, bl.Amount(units, ACME), against=money)


CHAIN = [
    sale("resale", "B", "C", 100, "1010.00 EUR"),
    sale("sale", "A", "B", 100, "1000.00 EUR"),
]
"""B buys from A what it sells to C, and has nothing itself; the sale comes second."""
HELD = {"A": [bl.Amount(100, ACME)], "C": ["1010.00 EUR"]}


def ids(cycle: Cycle) -> tuple[list[str], list[str]]:
    """Return what is settled and what is queued."""
    return [one.id for one in cycle.settled], [one.id for one in cycle.queued]


@pytest.mark.parametrize(
    ("model", "settled"),
    [
        ("gross", []),
        ("gross-net-funds", ["sale"]),
        ("net-net", ["resale", "sale"]),
        ("gross-optimised", ["resale", "sale"]),
    ],
)
def test_what_each_model_settles(model: Any, settled: list[str]) -> None:
    """Alone neither can settle; with funds netted one does, all together both do."""
    assert ids(run_cycle(CHAIN, HELD, model=model))[0] == settled


def test_model_1_settles_both_legs_at_once() -> None:
    """Securities and money move together; who lacks either waits, others go on."""
    queue = [
        sale("no money", "A", "B", 10, "100.00 EUR"),
        sale("no units", "D", "C", 10, "100.00 EUR"),
        sale("fine", "A", "C", 10, "100.00 EUR"),
        Transfer("free", "A", "B", bl.Amount(5, ACME)),
    ]
    cycle = run_cycle(queue, HELD, model="gross")
    assert ids(cycle) == (["fine", "free"], ["no money", "no units"])
    assert cycle.holdings["A"] == bl.Balance(
        [bl.Amount(85, ACME), bl.Amount("100.00", EUR)]
    )
    assert cycle.shortfalls == {}


def test_model_2_leaves_shortfalls() -> None:
    """Securities are final before funds are netted; what is missing is assured."""
    cycle = run_cycle(
        [
            sale("one", "A", "B", 60, "600.00 EUR"),
            sale("two", "B", "A", 10, "150.00 EUR"),
            sale("three", "B", "C", 90, "900.00 EUR"),
        ],
        HELD,
        model="gross-net-funds",
    )
    assert ids(cycle) == (["one", "two"], ["three"])
    assert cycle.holdings["B"] == bl.Balance([bl.Amount(50, ACME)])
    assert cycle.shortfalls == {"B": bl.Balance([bl.Amount("450.00", EUR)])}


def test_model_3_is_all_or_nothing() -> None:
    """If anybody lacks anything, nothing settles."""
    cycle = run_cycle(CHAIN, {"A": HELD["A"]}, model="net-net")
    assert ids(cycle) == ([], ["resale", "sale"])
    assert cycle.holdings["A"] == bl.Balance([bl.Amount(100, ACME)])
    assert ids(run_cycle([], {}, model="net-net")) == ([], [])
    free = Transfer("free", "A", "B", bl.Amount(5, ACME))
    assert ids(run_cycle([free], HELD, model="net-net")) == (["free"], [])


def test_what_cannot_be_run() -> None:
    """An unknown model and junk are refused, whatever the model."""
    for model in ("dvp", 1, None, []):
        with pytest.raises(InvalidOption) as caught:
            run_cycle([], {}, model=model)  # type: ignore[arg-type]
        assert caught.value.field == "model"
    for model in ("gross", "net-net"):
        with pytest.raises(InvalidOption):
            run_cycle(["sale"], {}, model=model)  # type: ignore[list-item]


PAIRS = list(permutations("ABC", 2))
TERMS = st.tuples(st.sampled_from(PAIRS), st.integers(1, 5), st.integers(0, 5))


def total(balances: Mapping[str, bl.Balance], unit: bl.Commodity) -> int:
    """Return the minor units of all parties together."""
    return sum(held[unit].minor_units for held in balances.values())


@given(
    st.lists(TERMS, max_size=8),
    st.dictionaries(
        st.tuples(st.sampled_from("ABC"), st.sampled_from([ACME, EUR])),
        st.integers(0, 6),
    ),
    st.sampled_from(["gross", "gross-net-funds", "net-net", "gross-optimised"]),
)
def test_no_model_makes_or_loses_anything(
    terms: list[Any], held: dict[Any, int], model: Any
) -> None:
    """Totals stay, apart from what is owed; all transfers are accounted for."""
    queue = [
        Transfer(
            f"t{index}",
            *pair,
            bl.Amount(units, ACME),
            against=bl.Amount.from_minor(money, EUR) if money else None,
        )
        for index, (pair, units, money) in enumerate(terms)
    ]
    holdings = {
        party: [
            bl.Amount.from_minor(units, unit)
            for (owner, unit), units in held.items()
            if owner == party
        ]
        for party in "ABC"
    }
    cycle = run_cycle(queue, holdings, model=model)
    for unit in (ACME, EUR):
        before = sum(units for (_, what), units in held.items() if what == unit)
        after = total(cycle.holdings, unit) - total(cycle.shortfalls, unit)
        assert after == before
    assert sorted((*cycle.settled, *cycle.queued), key=queue.index) == queue
    if model != "gross-net-funds":
        assert cycle.shortfalls == {}
