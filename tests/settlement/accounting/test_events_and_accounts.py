"""Events are checked when they are made, accounts when they are opened."""

from collections.abc import Callable
from datetime import date, datetime

import attrs
import pytest
from booking_notation import ACME, BOND, booked, eur, trade, units

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    AccountConflict,
    CommodityMismatch,
    InexactNumber,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
)
from backoffice_ledger.settlement.accounting import (
    DIMENSIONS,
    LOCATIONS,
    CouponPaid,
    CustomerSettled,
    FxTradeExecuted,
    LocationUnits,
    LotsTransferred,
    Marked,
    Netted,
    Obligation,
    PenaltyAccrued,
    PenaltyPaid,
    PostingRules,
    SettlementAccounts,
    Split,
    TradeCancelled,
    TradeSettled,
)
from backoffice_ledger.settlement.lots import LotPart

T = date(2026, 10, 8)
ONE = eur("1.00")
OPEN = Obligation("T-1", units(1), -ONE, "B")
PART = LotPart("L", units(1), ONE, ONE)
PENALTY = PenaltyAccrued(
    penalty_id="P", obligation_id="T", date=T, amount=ONE, counterparty="B"
)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"trade_id": "a/b"}, InvalidIdentifier),
        ({"date": datetime(2026, 10, 8)}, InvalidDate),  # noqa: DTZ001
        ({"settlement_date": date(2026, 10, 7)}, InvalidOption),
        ({"side": "Buy"}, InvalidOption),
        ({"quantity": units(-1)}, InvalidOption),
        ({"quantity": 1000}, InexactNumber),
        ({"consideration": "50000.00 EUR"}, InexactNumber),
        ({"accrued": bl.Amount("1.00", "USD")}, CommodityMismatch),
        ({"accrued_purchased": bl.Amount("1.00", "USD")}, CommodityMismatch),
        ({"fees": {"commission": -ONE}}, InvalidOption),
        ({"fees": ["commission"]}, InvalidOption),
        ({"capacity": "broker"}, InvalidOption),
        ({"chosen": {"L": bl.Amount(1, BOND)}}, CommodityMismatch),
        ({"lot": ""}, InvalidIdentifier),
        ({"lots": ["L"]}, InvalidOption),
        ({"lots": [LotPart("L", bl.Amount(1, BOND), ONE, ONE)]}, CommodityMismatch),
    ],
    ids=str,
)
def test_trades_that_are_none(
    changes: dict[str, object], error: type[Exception]
) -> None:
    """A field that cannot be right is refused, with its name."""
    with pytest.raises(error):
        trade(**changes)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: OPEN.share(units(2), ONE), InvalidOption),
        (lambda: OPEN.share(units(1), -ONE), InvalidOption),
        (lambda: OPEN.share(bl.Amount(1, BOND), ONE), CommodityMismatch),
        (lambda: TradeSettled(obligation="T-1", date=T), InvalidOption),
        (lambda: TradeSettled(obligation=OPEN, date=T, part=0), InvalidOption),
        (lambda: CustomerSettled(trade=trade(), date=T), InvalidOption),
        (lambda: netted([OPEN, OPEN]), InvalidOption),
        (lambda: netted([]), InvalidOption),
        (lambda: netted([attrs.evolve(OPEN, id="X", owner="o"), OPEN]), InvalidOption),
        (lambda: fx(sold=eur("2.00")), InvalidOption),
        (lambda: mark(category="amortised-cost"), InvalidOption),
        (lambda: mark(value=units(1)), CommodityMismatch),
        (lambda: mark(to_be_received={"T": units(1)}), CommodityMismatch),
        (lambda: two_for_one({"L": units(2)}), InvalidOption),
        (lambda: moved([]), InvalidOption),
        (lambda: moved([PART], to_owner="firm"), InvalidOption),
        (lambda: CouponPaid(**COUPON | {"accrued": eur("0.00")}), InvalidOption),
        (lambda: PenaltyPaid(payment_id="M", date=T, penalties=[]), InvalidOption),
        (lambda: LocationUnits("a:b", units(1)), InvalidIdentifier),
    ],
    ids=map(str, range(19)),
)
def test_events_that_are_none(
    make: Callable[[], object], error: type[Exception]
) -> None:
    """Events whose fields do not fit together are refused."""
    with pytest.raises(error):
        make()


COUPON = {
    "coupon_id": "C",
    "date": T,
    "instrument": BOND,
    "purchased": eur("0.00"),
    "accrued": ONE,
}


def test_a_netting_of_nothing_says_what_is_missing() -> None:
    """It does not speak of owners where there are no obligations."""
    with pytest.raises(InvalidOption) as refused:
        netted([])
    assert (refused.value.field, refused.value.expected) == (
        "obligations",
        "at least one",
    )


def netted(obligations: list[Obligation]) -> Netted:
    """Return a netting."""
    return Netted(netting_id="N", date=T, obligations=obligations, counterparty="CCP")


def fx(**changes: bl.Amount) -> FxTradeExecuted:
    """Return a currency trade."""
    amounts = {"bought": ONE, "sold": bl.Amount("1.00", "USD")} | changes
    return FxTradeExecuted(
        trade_id="X", date=T, value_date=T, counterparty="B", **amounts
    )


def mark(**changes: object) -> Marked:
    """Return a valuation."""
    fields: dict[str, object] = {
        "date": T,
        "instrument": ACME,
        "value": ONE,
        "change": ONE,
    }
    return Marked(**fields | changes)  # type: ignore[arg-type]


def two_for_one(lots: dict[str, bl.Amount]) -> Split:
    """Return a split that adds one unit."""
    locations = [LocationUnits("depository", units(1))]
    return Split(split_id="X", date=T, instrument=ACME, locations=locations, lots=lots)


def moved(lots: list[LotPart], to_owner: str = "bank") -> LotsTransferred:
    """Return a transfer."""
    return LotsTransferred(
        transfer_id="M", date=T, lots=lots, from_owner="firm", to_owner=to_owner
    )


# --- rules -------------------------------------------------------------------------


def test_rules_say_who_they_are() -> None:
    """Id and version stand in every entry; other events are refused."""
    rules = PostingRules(journal="settlement")
    [draft] = rules.entries(trade())
    assert draft.rule == f"{rules.id}@{rules.version}" == "settlement.accounting@1"
    assert (draft.journal, draft.references) == ("settlement", ("T-1",))
    with pytest.raises(InvalidOption, match="an event of settlement"):
        list(rules.entries("T-1"))  # type: ignore[arg-type]
    with pytest.raises(InvalidOption):
        PostingRules(transaction_costs="ignore")  # type: ignore[arg-type]


def test_what_moves_nothing_is_no_entry() -> None:
    """A valuation without a change books nothing."""
    assert list(PostingRules().entries(mark(change=eur("0.00")))) == []


def test_what_was_never_valued_moves_at_cost() -> None:
    """A transfer of lots without changes of value touches cost and units only."""
    part = LotPart("L", units(1), ONE, eur("0.00"))
    assert booked(PostingRules().entries(moved([part])))[1:] == [
        "Cr trading 1.00 EUR",
        "Cr owner 1 ACME",
        "Dr trading 1.00 EUR",
        "Dr stock:owner:bank 1 ACME",
    ]


def test_fees_are_part_of_the_cost_where_that_is_chosen() -> None:
    """Not at FVTPL; a sale brings less by its fees."""
    rules = PostingRules(transaction_costs="capitalise")
    bought = booked(rules.entries(trade(category="fvoci")))
    assert bought[1:3] == [
        "Dr assets:securities:fvoci:cost 50010.00 EUR",
        "Cr payable 50010.00 EUR",
    ]
    assert "Dr commission 10.00 EUR" in booked(rules.entries(trade()))
    sale = trade(
        side="sell",
        category="amortised-cost",
        lots=[LotPart("L", units(1000), eur("49000.00"), eur("0.00"))],
    )
    assert "Cr realised 990.00 EUR" in booked(rules.entries(sale))
    taken_back = booked(rules.entries(TradeCancelled(trade=sale, date=T)))
    assert "Dr realised 990.00 EUR" in taken_back


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"owner": "C-17"}, "owner"),
        ({"capacity": "agent"}, "owner"),
        ({"side": "sell"}, "lots"),
    ],
)
def test_trades_that_cannot_be_booked(changes: dict[str, object], field: str) -> None:
    """A principal is the firm, an agent's owner a customer, a sale has lots."""
    with pytest.raises(InvalidOption) as error:
        list(PostingRules().entries(trade(**changes)))
    assert error.value.field == field


def test_a_customer_pays_no_more_than_he_owes() -> None:
    """A payment beyond what is owed is refused."""
    bought = trade(capacity="agent", owner="C-17")
    paid = CustomerSettled(trade=bought, date=T, cash=eur("50010.01"))
    with pytest.raises(InvalidOption, match=r"at most 50010\.00 EUR"):
        list(PostingRules().entries(paid))


# --- accounts ----------------------------------------------------------------------


def test_accounts_can_be_others(ledger: bl.Ledger) -> None:
    """Every path can be another one; opening twice changes nothing."""
    accounts = SettlementAccounts(
        nostro="assets:bank:nostro",
        house=("firm", "bank"),
        fee_accounts={"stamp-duty": "expenses:stamp-duty"},
    )
    opened = accounts.open_in(ledger, customers=["C-18"])
    assert opened == accounts.open_in(ledger, customers=["C-18"])
    paths = {account.path: account.type.value for account in opened}
    assert paths["assets:bank:nostro"] == "asset"
    assert paths["expenses:stamp-duty"] == "expense"
    assert paths["stock:owner:C-18"] == paths["stock:owner:bank"] == "memorandum"
    assert all(accounts.location(name) in paths for name in LOCATIONS)
    assert {"trade", "lot"} < set(DIMENSIONS)
    duty = trade(fees={"stamp-duty": ONE, "commission": ONE})
    lines = booked(PostingRules(accounts=accounts).entries(duty))
    assert lines[2:4] == [
        "Dr expenses:stamp-duty 1.00 EUR",
        "Dr commission 1.00 EUR",
    ]


def test_accounts_that_are_of_another_type(ledger: bl.Ledger) -> None:
    """A book that has one of them with another type keeps what it has."""
    ledger.open_account("liabilities:overdraft", type="liability")
    accounts = SettlementAccounts(nostro="liabilities:overdraft")
    with pytest.raises(AccountConflict):
        accounts.open_in(ledger)
