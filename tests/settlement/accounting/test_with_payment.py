"""Obligations whose units and money move the same way (DWP, RWP)."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import get_args

import postgresql_server
import pytest
from booking_notation import ACME, booked, eur, journal, trade, units
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting import (
    Netted,
    Obligation,
    Payment,
    PenaltyAccrued,
    SettlementAccounts,
    SettlementBooks,
    SettlementEvent,
    TradeFailing,
    TradeSettled,
    open_obligations,
    settlement_date_balances,
    stock_record,
)
from backoffice_ledger.settlement.penalties import (
    Fail,
    FailKind,
    ReferenceData,
    daily_discount_percent,
    settlement_fail_penalties,
)

T = date(2026, 10, 8)
S = date(2026, 10, 9)
DAY = date(2024, 3, 4)


@pytest.mark.parametrize(
    ("quantity", "cash", "payment"),
    [
        (100, "-10.00", "against-payment"),
        (-100, "10.00", "against-payment"),
        (100, "10.00", "with-payment"),
        (-100, "-10.00", "with-payment"),
        (100, "0.00", "free-of-payment"),
        (0, "-10.00", "payment-only"),
        (0, "0.00", "free-of-payment"),
    ],
)
def test_how_units_and_money_move(quantity: int, cash: str, payment: str) -> None:
    """The signs say it; penalties know the same kinds."""
    assert Obligation("N", units(quantity), eur(cash), "B").payment == payment
    assert get_args(Payment) == get_args(FailKind)


def netted() -> tuple[list[SettlementEvent], Obligation]:
    """Buy 1,000 at 10.00 and sell 1,100 at 9.00: deliver 100 and pay 100.00."""
    held = trade(quantity=units(100), consideration=eur("900.00"), fees={})
    bought = trade(trade_id="B", consideration=eur("10000.00"), fees={})
    sold = trade(
        trade_id="S",
        side="sell",
        quantity=units(1100),
        consideration=eur("9900.00"),
        fees={},
    )
    netting = Netted(
        netting_id="N",
        date=T,
        obligations=[bought.obligation, sold.obligation],
        counterparty="CCP",
    )
    obligation = Obligation("N", units(-100), eur("-100.00"), "CCP", "ccp")
    done = TradeSettled(obligation=held.obligation, date=T)
    return [held, done, bought, sold, netting], obligation


def test_a_delivery_with_payment(books: SettlementBooks) -> None:
    """Part fails and is settled later; units and money leave together."""
    events, obligation = netted()
    assert obligation.payment == "with-payment"
    books.post(events)
    first = obligation.share(units(40), eur("40.00"))
    rest = obligation.share(units(60), eur("60.00"))
    records = books.post(
        [
            TradeSettled(obligation=first, date=S),
            TradeFailing(obligation=rest, date=S),
            TradeSettled(obligation=rest, date=S, part=2, failing=True),
        ]
    )
    assert booked(records) == journal(
        """
        2026-10-09 * settlement/N/settled/1
            Dr payable-ccp       40.00 EUR
            Cr pending-deliver    40 ACME
            Cr nostro            40.00 EUR
            Dr depository         40 ACME

        2026-10-09 * settlement/N/failing/1
            Dr payable-ccp       60.00 EUR
            Cr pending-deliver    60 ACME
            Cr failed-to-receive 60.00 EUR
            Dr fail-deliver       60 ACME

        2026-10-09 * settlement/N/settled/2
            Dr failed-to-receive 60.00 EUR
            Cr fail-deliver       60 ACME
            Cr nostro            60.00 EUR
            Dr depository         60 ACME
        """
    )
    view = books.ledger.view()
    assert open_obligations(view, books.accounts).rows() == []
    assert stock_record(view, books.accounts).rows() == []
    table = settlement_date_balances(view, books.accounts)
    assert not any(row["open"] for row in table)


@given(
    quantity=st.integers(1, 10**6),
    cents=st.integers(1, 10**9),
    price=st.decimals("0.01", "999", places=2),
    percent=st.decimals("0", "20", places=2),
    side=st.sampled_from(["deliverer", "receiver"]),
)
def test_the_penalty_is_the_sum_of_two(
    quantity: int, cents: int, price: object, percent: object, side: str
) -> None:
    """ECSDA 7.1: securities at their rate, and cash at its; the sum is rounded up."""
    cash = bl.Amount.from_minor(cents, "EUR")
    obligation = Obligation("N", units(-quantity), -cash, "CCP", "ccp")
    [penalty] = settlement_fail_penalties(
        Fail(
            instruction="N",
            kind=obligation.payment,
            deliverer="US",
            receiver="CCP",
            system="CSD",
            currency="EUR",
            quantity=abs(obligation.quantity),
            cash=abs(obligation.cash),
            rate_class="liquid-shares",
        ),
        DAY,
        failing=[side],  # type: ignore[list-item]
        data=ReferenceData(price=price, discount_percent=percent),  # type: ignore[arg-type]
    )
    securities = Fraction(price) * quantity / 10_000  # type: ignore[arg-type]
    daily = Fraction(daily_discount_percent(percent))  # type: ignore[arg-type]
    exact = securities + daily / 100 * Fraction(cents, 100)
    assert penalty.amount == bl.Amount.rounded(exact, "EUR", rounding="ceiling")
    assert penalty.payer == ("US" if side == "deliverer" else "CCP")


def live(open_ledger: Callable[[], bl.Ledger]) -> str:
    """Settle what is left of a netting in a ledger that is opened anew."""
    events, obligation = netted()
    accounts = SettlementAccounts()
    with open_ledger() as ledger:
        accounts.open_in(ledger)
        SettlementBooks(ledger).post(events)
    with open_ledger() as ledger:
        SettlementBooks(ledger).post([TradeFailing(obligation=obligation, date=S)])
    for _ in range(2):
        with open_ledger() as ledger:
            penalty = PenaltyAccrued(
                penalty_id="P",
                obligation_id="N",
                date=S,
                amount=eur("0.12"),
                counterparty="CCP",
            )
            done = TradeSettled(obligation=obligation, date=S, failing=True)
            SettlementBooks(ledger).post([penalty, done])
    with open_ledger() as ledger:
        ledger.verify()
        view = ledger.view()
        assert not view.balance(accounts.location("depository"))[ACME]
        return str(settlement_date_balances(view, accounts))


def test_a_book_that_is_closed_in_between(tmp_path: Path) -> None:
    """1,000 less 900 lost, and 0.12 of penalty: the nostro has paid 1,000.00."""
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    assert "-1000.00 EUR" in live(lambda: bl.open_ledger(path, actor="clerk"))


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(tmp_path: Path) -> None:
    """The same on the server."""
    store = postgresql_server.store_of(tmp_path)
    bl.open_ledger(store, actor="clerk", create=True).close()
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    assert live(lambda: bl.open_ledger(store, actor="clerk")) == live(
        lambda: bl.open_ledger(path, actor="clerk")
    )
