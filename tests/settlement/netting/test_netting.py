"""Netting: published examples, and what must hold of any transfers."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import permutations
from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    CommodityConflict,
    InexactNumber,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    LedgerError,
)
from backoffice_ledger.settlement.netting import (
    NettingSet,
    Transfer,
    bilateral,
    carry,
    multilateral,
    netting_effect,
    novate,
)

DAY = date(2026, 3, 2)
TODAY = NettingSet(DAY, "CSD", "rules")
ACME = bl.Commodity("ACME", 0)


def payment(sender: str, receiver: str, amount: str, **options: Any) -> Transfer:
    """Return a payment."""
    options = {"netting_set": TODAY} | options
    return Transfer(
        f"{sender}-{receiver}-{amount}", sender, receiver, amount, **options
    )


def trade(
    seller: str, buyer: str, units: int, money: str, id: str | None = None
) -> Transfer:
    """Return a delivery of ACME against money."""
    return Transfer(
        id or f"{seller}-{buyer}-{units}",
        seller,
        buyer,
        bl.Amount(units, ACME),
        against=money,
        netting_set=TODAY,
    )


def positions(transfers: Iterable[Transfer]) -> dict[Any, int]:
    """Return what each party receives, all counted, by netting set and commodity."""
    found: dict[Any, int] = defaultdict(int)
    for one in transfers:
        legs = [(one.sender, one.receiver, one.amount)]
        if one.against is not None:
            legs.append((one.receiver, one.sender, one.against))
        for giver, taker, amount in legs:
            code = amount.commodity.code
            found[one.netting_set, giver, code] -= amount.minor_units
            found[one.netting_set, taker, code] += amount.minor_units
    return {key: total for key, total in found.items() if total}


def shown(transfers: Iterable[Transfer]) -> list[str]:
    """Return transfers as a reader would write them."""
    return [f"{one.sender} -> {one.receiver} {one.amount}" for one in transfers]


def test_a_published_circle_of_payments() -> None:
    """A -> B 100, B -> C 80, C -> A 50 leaves A -50, B +20, C +30.

    Example of a public netting description; its gross is 230, what is left 50.
    """
    circle = [
        payment("A", "B", "100.00 EUR"),
        payment("B", "C", "80.00 EUR"),
        payment("C", "A", "50.00 EUR"),
    ]
    left = multilateral(circle, center="Hub")
    assert shown(left) == [
        "A -> Hub 50.00 EUR",
        "Hub -> B 20.00 EUR",
        "Hub -> C 30.00 EUR",
    ]
    assert str(netting_effect(circle, left)) == (
        "Effect of netting\n"
        "in EUR\n\n"
        "Commodity  Moves before  Amount before  Moves after  Amount after\n"
        "=================================================================\n"
        "EUR                   3         230.00            3        100.00"
    )


def test_cover_for_what_is_left() -> None:
    """Buy 1,000 and sell 900: cover is needed only for 100 (Clearstream, netting)."""
    left = multilateral(
        [trade("B", "A", 1000, "10.00 EUR"), trade("A", "C", 900, "9.00 EUR")],
        center="Hub",
    )
    of_a = [one for one in left if "A" in (one.sender, one.receiver)]
    assert shown(of_a) == ["Hub -> A 100 ACME", "A -> Hub 1.00 EUR"]


def test_three_trades_of_one_member() -> None:
    """Buy 1,000 at 10.00 and 200 at 9.90, sell 600 at 10.20: 600 for 5,860."""
    trades = [
        trade("B", "A", 1000, "10000.00 EUR"),
        trade("A", "C", 600, "6120.00 EUR"),
        trade("D", "A", 200, "1980.00 EUR"),
    ]
    left = [
        one
        for one in multilateral(trades, center="CCP")
        if "A" in (one.sender, one.receiver)
    ]
    assert shown(left) == ["CCP -> A 600 ACME", "A -> CCP 5860.00 EUR"]


def test_bilateral_netting() -> None:
    """One transfer for each pair and commodity is left, or none."""
    left = bilateral(
        [
            trade("A", "B", 100, "1000.00 EUR"),
            trade("B", "A", 60, "660.00 EUR"),
            trade("A", "C", 10, "100.00 EUR"),
            payment("C", "A", "100.00 EUR"),
            payment("B", "A", "5.00 USD"),
        ]
    )
    assert shown(left) == [
        "A -> B 40 ACME",
        "B -> A 340.00 EUR",
        "B -> A 5.00 USD",
        "A -> C 10 ACME",
        "C -> A 200.00 EUR",
    ]
    assert left[0].id == "net/2026-03-02/CSD/rules/A/B/ACME"
    assert (
        bilateral([payment("A", "B", "1.00 EUR"), payment("B", "A", "1.00 EUR")]) == ()
    )


def test_what_is_never_netted() -> None:
    """Another day, system, agreement, party or commodity stays by itself."""
    one = payment("A", "B", "1.00 EUR")
    others = [
        payment("B", "A", "1.00 EUR", netting_set=NettingSet(DAY, "CSD", "other")),
        payment("B", "A", "1.00 EUR", netting_set=NettingSet(DAY, "RTGS", "rules")),
        payment(
            "B",
            "A",
            "1.00 EUR",
            netting_set=NettingSet(date(2026, 3, 3), "CSD", "rules"),
        ),
        payment("B", "A/client-7", "1.00 EUR"),
        payment("B", "A", "1.00 USD"),
    ]
    for other in others:
        assert len(bilateral([one, other])) == 2


def test_novation() -> None:
    """Two trades with the central counterparty take the place of each."""
    original = trade("A", "B", 100, "1000.00 EUR", "t1")
    deliver, receive = novate([original], center="CCP")
    assert (deliver.id, deliver.sender, deliver.receiver) == ("t1/deliver", "A", "CCP")
    assert (receive.id, receive.sender, receive.receiver) == ("t1/receive", "CCP", "B")
    for leg in (deliver, receive):
        assert (leg.amount, leg.against) == (original.amount, original.against)
        assert leg.netting_set == TODAY
    with pytest.raises(InvalidOption) as caught:
        novate([deliver], center="CCP")
    assert caught.value.field == "center"


def test_open_fails_are_netted_again() -> None:
    """What failed yesterday is carried into today's set and netted with what is new."""
    tomorrow = attrs.evolve(TODAY, settlement_date=date(2026, 3, 3))
    failed = multilateral([trade("A", "B", 100, "1000.00 EUR")], center="CCP")
    new = attrs.evolve(trade("B", "A", 30, "330.00 EUR"), netting_set=tomorrow)
    left = bilateral([*carry(failed, tomorrow), *novate([new], center="CCP")])
    assert shown(left) == [
        "A -> CCP 70 ACME",
        "CCP -> A 670.00 EUR",
        "CCP -> B 70 ACME",
        "B -> CCP 670.00 EUR",
    ]


@pytest.mark.parametrize(
    ("options", "kind", "field"),
    [
        ({"id": ""}, InvalidIdentifier, "id"),
        ({"sender": 5}, InvalidIdentifier, "sender"),
        ({"sender": "a\n"}, InvalidIdentifier, "sender"),
        ({"receiver": "A" * 256}, InvalidIdentifier, "receiver"),
        ({"receiver": "A"}, InvalidOption, "receiver"),
        ({"amount": "0.00 EUR"}, InvalidOption, "amount"),
        ({"amount": "-1.00 EUR"}, InvalidOption, "amount"),
        ({"amount": 1.0}, InexactNumber, "amount"),
        ({"against": 1}, InexactNumber, "against"),
        ({"against": "2.00 EUR"}, InvalidOption, "against"),
        ({"netting_set": "CSD"}, InvalidOption, "netting_set"),
    ],
)
def test_transfers_that_cannot_be(
    options: dict[str, Any], kind: type[LedgerError], field: str
) -> None:
    """The field that is wrong is named."""
    fields = {"id": "t", "sender": "A", "receiver": "B", "amount": "1.00 EUR"}
    with pytest.raises(kind) as caught:
        Transfer(**fields | options)
    assert caught.value.field == field


def test_netting_sets_that_cannot_be() -> None:
    """A day and two names."""
    with pytest.raises(InvalidDate):
        NettingSet("2026-03-02", "CSD", "rules")  # type: ignore[arg-type]
    with pytest.raises(InvalidIdentifier):
        NettingSet(DAY, "", "rules")
    with pytest.raises(InvalidIdentifier):
        NettingSet(DAY, "CSD", None)  # type: ignore[arg-type]


@pytest.mark.parametrize("net", [bilateral, lambda t: multilateral(t, center="X")])
def test_what_cannot_be_netted(net: Any) -> None:
    """No transfer, none without a set, no code with two scales."""
    with pytest.raises(InvalidOption):
        net(["A -> B"])
    with pytest.raises(InvalidOption) as caught:
        net([payment("A", "B", "1.00 EUR", netting_set=None)])
    assert caught.value.field == "netting_set"
    fine = Transfer(
        "t", "A", "B", bl.Amount("1.5", bl.Commodity("ACME", 1)), netting_set=TODAY
    )
    with pytest.raises(CommodityConflict):
        net([trade("A", "B", 1, "1.00 EUR"), fine])
    swapped = Transfer(
        "t",
        "A",
        "B",
        "1.00 EUR",
        against=bl.Amount("1.5", bl.Commodity("ACME", 1)),
        netting_set=TODAY,
    )
    with pytest.raises(CommodityConflict):
        net([trade("A", "B", 1, "1.00 EUR"), swapped])
    twin = Transfer(
        "t", "A", "B", bl.Amount(1, bl.Commodity("ACME", 0)), netting_set=TODAY
    )
    assert len(net([trade("A", "B", 1, "1.00 EUR"), twin])) == len(
        net([trade("A", "B", 1, "1.00 EUR")])
    )


def test_other_arguments() -> None:
    """A center has a name; carry and the report take transfers only."""
    with pytest.raises(InvalidIdentifier):
        multilateral([], center="")
    with pytest.raises(InvalidIdentifier):
        novate([], center=None)  # type: ignore[arg-type]
    for use in (
        lambda junk: novate(junk, center="CCP"),
        lambda junk: carry(junk, TODAY),
        lambda junk: netting_effect(junk, []),
    ):
        with pytest.raises(InvalidOption):
            use(["A -> B"])


PAIRS = list(permutations("ABCD", 2))
UNITS = [bl.Commodity("EUR"), ACME, bl.Commodity("BOLT", 3)]
SWAPS = list(permutations(UNITS, 2))
SETS = [TODAY, NettingSet(DAY, "CSD", "other"), NettingSet(date(2026, 3, 3), "C", "r")]
TERMS = st.tuples(
    st.sampled_from(PAIRS),
    st.sampled_from(SWAPS),
    st.integers(1, 9),
    st.integers(0, 9),
    st.sampled_from(SETS),
)


def to_transfers(terms: list[Any]) -> list[Transfer]:
    """Return transfers of drawn terms; nothing against it means free of payment."""
    return [
        Transfer(
            f"t{index}",
            *pair,
            bl.Amount.from_minor(units, one),
            against=bl.Amount.from_minor(against, other) if against else None,
            netting_set=netting_set,
        )
        for index, (pair, (one, other), units, against, netting_set) in enumerate(terms)
    ]


def flows() -> st.SearchStrategy[list[Transfer]]:
    """Return any transfers among four parties."""
    return st.lists(TERMS, max_size=12).map(to_transfers)


def gross(transfers: Iterable[Transfer]) -> Counter[str]:
    """Return how much is moved of each commodity."""
    found: Counter[str] = Counter()
    for one in transfers:
        for amount in (one.amount, one.against):
            if amount is not None:
                found[amount.commodity.code] += amount.minor_units
    return found


@given(flows(), st.randoms(use_true_random=False))
def test_invariants_of_netting(transfers: list[Transfer], random: Random) -> None:
    """Positions are kept; order is nothing; again is nothing; net is at most gross.

    Around a center each move has two halves.
    """
    for net, halves in ((bilateral, 1), (lambda t: multilateral(t, center="Hub"), 2)):
        left = net(transfers)
        assert {
            key: total for key, total in positions(left).items() if key[1] != "Hub"
        } == positions(transfers)
        assert all(one.against is None for one in left)
        assert len({one.id for one in left}) == len(left)
        shuffled = list(transfers)
        random.shuffle(shuffled)
        assert net(shuffled) == left
        assert net(left) == left
        before, after = gross(transfers), gross(left)
        assert all(after[code] <= halves * before[code] for code in after)


@given(flows())
def test_the_center_ends_with_nothing(transfers: list[Transfer]) -> None:
    """What the parties give it and get from it cancels, in every commodity and set."""
    left = multilateral(transfers, center="Hub")
    assert [key for key in positions(left) if key[1] == "Hub"] == []


@given(flows())
def test_novation_and_bilateral_netting_are_multilateral_netting(
    transfers: list[Transfer],
) -> None:
    """A central counterparty does in two steps what netting around it does in one."""
    assert bilateral(novate(transfers, center="CCP")) == multilateral(
        transfers, center="CCP"
    )


@given(flows())
def test_a_net_is_what_checking_would_have_made(transfers: list[Transfer]) -> None:
    """Results are made without checks, for speed; checked ones are the same."""
    for one in bilateral(transfers):
        again = Transfer(
            one.id, one.sender, one.receiver, one.amount, netting_set=one.netting_set
        )
        assert (one, hash(one)) == (again, hash(again))
