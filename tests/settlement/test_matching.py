"""Matching: field by field, and money within the tolerance."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import attrs
import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    EUR_TOLERANCE,
    Instruction,
    Tolerance,
    match_instructions,
)

Order = Callable[..., Instruction]


def theirs_of(order: Order, **changes: Any) -> Instruction:
    """Return the other side's delivery that fits our receipt."""
    fields: dict[str, Any] = {
        "id": "I-9",
        "kind": "DVP",
        "participant": "THEM",
        "counterparty": "US",
    }
    return order(**fields | changes)


@pytest.mark.parametrize(
    ("ours", "theirs", "is_match"),
    [
        ("100000.00", "100002.00", True),
        ("100000.00", "100002.01", False),
        ("100002.00", "100000.00", True),
        ("100002.01", "100000.00", False),
        ("200000.00", "200025.00", True),
        ("200000.00", "200025.01", False),
        ("100000.01", "100025.01", True),
        ("100000.01", "100025.02", False),
        ("1.00", "1.00", True),
    ],
)
def test_money_matches_within_the_tolerance(
    order: Order, ours: str, theirs: str, is_match: bool
) -> None:
    """V8 (RTS 2018/1229 Art. 6): 2 up to and including 100 000, 25 above."""
    found = match_instructions(
        order(cash=f"{ours} EUR"), theirs_of(order, cash=f"{theirs} EUR")
    )
    assert bool(found) is is_match
    assert found.cash == (bl.Amount(theirs, "EUR") if is_match else None)


def test_free_of_payment_money_is_not_compared(order: Order) -> None:
    """V8 (RTS 2018/1229 Art. 5(3)): and there is none to settle."""
    found = match_instructions(
        order(kind="RFP", cash=None), theirs_of(order, kind="DFP", cash=None)
    )
    assert found
    assert found.cash is None


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"kind": "RVP"}, ["kind"]),
        ({"kind": "DFP", "cash": None}, ["kind"]),
        ({"settlement_date": date(2026, 10, 12)}, ["settlement_date"]),
        ({"trade_date": date(2026, 10, 7)}, ["trade_date"]),
        ({"quantity": "999 US0378331005"}, ["quantity"]),
        ({"quantity": "1000 DE0005557508"}, ["quantity"]),
        ({"participant": "OTHER"}, ["counterparty"]),
        ({"counterparty": "OTHER"}, ["participant"]),
        (
            {"depository": "CSD-2"},
            ["counterparty_depository", "depository"],
        ),
        ({"counterparty_depository": "CSD-2"}, ["depository"]),
        ({"transaction": "repo"}, ["transaction"]),
        ({"cash": "100000.00 USD"}, ["cash"]),
        ({"quantity": "1 US0378331005", "cash": "1.00 EUR"}, ["quantity", "cash"]),
    ],
)
def test_each_difference_is_named(
    order: Order, changes: Any, fields: list[str]
) -> None:
    """With what both sides say."""
    found = match_instructions(order(), theirs_of(order, **changes))
    assert not found
    assert [difference.field for difference in found.differences] == fields
    assert all(d.ours != d.theirs for d in found.differences if d.field != "depository")


def test_two_depositories_that_name_each_other_match(order: Order) -> None:
    """Each side says where the other one instructs."""
    ours = order(depository="CSD-1", counterparty_depository="CSD-2")
    theirs = theirs_of(order, depository="CSD-2", counterparty_depository="CSD-1")
    assert match_instructions(ours, theirs)


def test_a_payment_free_of_delivery_matches_its_credit(order: Order) -> None:
    """Who is paid plays the deliverer's part."""
    debit = order(kind="DPFOD", quantity=None, cash="10.00 EUR")
    credit = theirs_of(order, kind="CPFOD", quantity=None, cash="11.00 EUR")
    assert str(match_instructions(debit, credit).cash) == "11.00 EUR"


@pytest.mark.parametrize(("kind", "other"), [("DWP", "RWP"), ("RWP", "DWP")])
def test_with_payment_the_deliverer_pays_too(
    order: Order, kind: str, other: str
) -> None:
    """A delivery with payment matches its receipt; the deliverer's money settles."""
    ours = order(kind=kind, cash="50000.00 EUR")
    theirs = order(
        id="I-2",
        kind=other,
        cash="50001.00 EUR",
        participant="THEM",
        counterparty="US",
    )
    found = match_instructions(ours, theirs)
    assert found
    assert found.cash == (ours.cash if kind == "DWP" else theirs.cash)
    assert ours.is_delivery is (kind == "DWP")
    assert ours.pays is (kind == "DWP")
    wrong = match_instructions(ours, attrs.evolve(theirs, kind="RVP"))
    assert [each.field for each in wrong.differences][:1] == ["kind"]


@pytest.mark.parametrize(
    ("settles", "cash"),
    [
        ("deliverer", "100001.00 EUR"),
        ("receiver", "99999.00 EUR"),
        ("smaller", "99999.00 EUR"),
    ],
)
def test_which_amount_settles_is_a_policy(
    order: Order, settles: Any, cash: str
) -> None:
    """The regulation leaves it open."""
    found = match_instructions(
        order(cash="99999.00 EUR"),
        theirs_of(order, cash="100001.00 EUR"),
        tolerances=[Tolerance(settles=settles)],
    )
    assert str(found.cash) == cash


@pytest.mark.parametrize(
    ("band", "is_match"), [("smaller", False), ("larger", True), ("deliverer", True)]
)
def test_which_amount_decides_the_band_is_a_policy(
    order: Order, band: Any, is_match: bool
) -> None:
    """100 000.00 against 100 003.00: 3 is within 25 and not within 2."""
    found = match_instructions(
        order(cash="100000.00 EUR"),
        theirs_of(order, cash="100003.00 EUR"),
        tolerances=[Tolerance(band=band)],
    )
    assert bool(found) is is_match


def test_without_a_tolerance_money_must_be_equal(order: Order) -> None:
    """That is so in every currency that has none."""
    for cash, is_match in (("5.00 USD", True), ("5.01 USD", False)):
        found = match_instructions(order(cash="5.00 USD"), theirs_of(order, cash=cash))
        assert bool(found) is is_match


def test_another_currency_has_the_equivalent() -> None:
    """At the official rate of 1 January (ESMA Q&A 1155); rounded down."""
    yen = EUR_TOLERANCE.equivalent("JPY", Fraction("157.33"))
    assert [str(a) for a in (yen.threshold, yen.small, yen.large)] == [
        "15733000 JPY",
        "314 JPY",
        "3933 JPY",
    ]
    assert yen.currency.code == "JPY"
    with pytest.raises(errors.InvalidOption, match="rate"):
        EUR_TOLERANCE.equivalent("JPY", 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"small": "2.00 USD"},
        {"large": "-1.00 EUR"},
        {"threshold": 5},
        {"band": "none"},
        {"settles": "none"},
    ],
)
def test_a_tolerance_is_well_made(changes: Any) -> None:
    """Amounts of one currency, known policies."""
    with pytest.raises(errors.InvalidInput):
        Tolerance(**changes)


def test_only_instructions_are_compared(order: Order) -> None:
    """Not ids."""
    for ours, theirs in ((order(), "I-9"), ("I-1", order())):
        with pytest.raises(errors.InvalidOption):
            match_instructions(ours, theirs)  # type: ignore[arg-type]
