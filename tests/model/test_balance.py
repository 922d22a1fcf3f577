"""Balances: many commodities at once."""

import pytest

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger.errors import (
    CommodityConflict,
    InexactNumber,
    InvalidIdentifier,
    UnknownCommodity,
)

EURO = Amount("5.00", "EUR")
YEN = Amount(700, "JPY")
BALANCE = Balance([YEN, EURO])
POINTS = [Commodity("POINTS", scale) for scale in (0, 2)]


def test_amounts_stand_in_the_order_of_their_codes() -> None:
    """Each commodity once, zero ones left out."""
    balance = Balance([YEN, EURO, EURO, Amount(0, "USD"), -YEN, YEN])
    assert balance.amounts == (Amount("10.00", "EUR"), YEN)
    assert list(balance) == [Amount("10.00", "EUR"), YEN]
    assert len(balance) == 2
    assert str(balance) == "10.00 EUR, 700 JPY"
    assert repr(balance) == "<Balance 10.00 EUR, 700 JPY>"


def test_asking_for_a_commodity() -> None:
    """By code or by value; one that is not there is zero."""
    assert BALANCE["EUR"] == EURO
    assert BALANCE[Commodity("JPY")] == YEN
    assert BALANCE["USD"] == Amount(0, "USD")
    assert BALANCE[POINTS[0]] == Amount(0, POINTS[0])
    assert Balance([Amount(3, POINTS[0])])["POINTS"] == Amount(3, POINTS[0])
    assert "EUR" in BALANCE
    assert Commodity("EUR") in BALANCE
    assert "USD" not in BALANCE
    assert EURO not in BALANCE


def test_asking_for_what_no_balance_can_hold() -> None:
    """An unknown code is a KeyError; another type is refused as well."""
    with pytest.raises(UnknownCommodity):
        BALANCE["POINTS"]
    with pytest.raises(KeyError):
        BALANCE["POINTS"]
    with pytest.raises(InvalidIdentifier):
        BALANCE[0]  # type: ignore[index]


def test_nothing_is_empty() -> None:
    """No amounts, or amounts that cancel out."""
    for empty in (Balance(), Balance([EURO, -EURO]), BALANCE - BALANCE):
        assert not empty
        assert empty == Balance()
        assert str(empty) == "0"
    assert BALANCE


def test_arithmetic() -> None:
    """Balances and amounts add up, commodity by commodity."""
    balance = Balance([YEN, EURO])
    assert balance + EURO == Balance([EURO, EURO, YEN])
    assert balance + balance == Balance([EURO * 2, YEN * 2])
    assert balance - YEN == Balance([EURO])
    assert Balance() - balance == -balance == Balance([-EURO, -YEN])


@pytest.mark.parametrize("other", [1, 1.5, None, "5.00 EUR", [EURO]])
def test_other_things_do_not_add_up(other: object) -> None:
    """Not even texts and lists of amounts."""
    with pytest.raises(TypeError):
        BALANCE + other  # type: ignore[operator]
    with pytest.raises(TypeError):
        BALANCE - other  # type: ignore[operator]


@pytest.mark.parametrize("amounts", [[5], ["5.00 EUR"], "EUR", [EURO, None]])
def test_only_amounts_go_in(amounts: list[Amount]) -> None:
    """Anything else is named."""
    with pytest.raises(InexactNumber) as caught:
        Balance(amounts)
    assert caught.value.field == "amounts"


def test_from_minor_units() -> None:
    """As stores keep totals, of any size."""
    totals = {Commodity("JPY"): 10**30, Commodity("EUR"): 0}
    assert Balance.from_minor(totals) == Balance([Amount.from_minor(10**30, "JPY")])


def test_one_code_has_one_scale() -> None:
    """Otherwise ``balance["POINTS"]`` would be anybody's guess."""
    whole, fine = (Amount(1, unit) for unit in POINTS)
    for call in (
        lambda: Balance([whole, fine]),
        lambda: Balance([whole]) + fine,
        lambda: Balance([whole])[POINTS[1]],
    ):
        with pytest.raises(CommodityConflict) as caught:
            call()
        assert caught.value.field == "commodity"
