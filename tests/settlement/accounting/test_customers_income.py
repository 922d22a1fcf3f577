"""What is received for customers, and paid on to them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import attrs
import postgresql_server
import pytest
from booking_notation import (
    ACME,
    BOND,
    SHORT,
    booked,
    eur,
    journal,
    trade,
    units,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    CommodityMismatch,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
)
from backoffice_ledger.settlement.accounting import (
    CouponAccrued,
    CouponPaid,
    CustomerPaid,
    CustomerSettled,
    DividendClaim,
    DividendClaimPaid,
    Obligation,
    SettlementAccounts,
    SettlementBooks,
    SettlementEvent,
    TradeExecuted,
    TradeFailing,
    TradeSettled,
)
from backoffice_ledger.settlement.corporate_actions import (
    coupon,
    dividend,
    pay_customers,
)

T = date(2026, 10, 8)
S = date(2026, 10, 9)
PAID = date(2026, 10, 20)
OWED = "liabilities:customers"
CLAIMED, OWING = "assets:market-claims", "liabilities:market-claims"
SHORT_HERE = {OWED: "owed"}


def customers(id: str, side: str, count: int, **more: object) -> TradeExecuted:
    """Return a trade of a customer in ACME, without commission."""
    return trade(
        trade_id=id,
        side=side,
        capacity="agent",
        owner="C-17",
        quantity=units(count),
        consideration=eur(f"{20 * count}.00"),
        **({"fees": {}} | more),
    )


def settle(event: TradeExecuted) -> list[SettlementEvent]:
    """Return a trade that is settled, with the customer as well."""
    return [
        event,
        TradeSettled(obligation=event.obligation, date=S),
        CustomerSettled(trade=event, date=S),
    ]


def dividends(books: SettlementBooks, per_unit: str = "0.50") -> list[SettlementEvent]:
    """Return what a dividend on ACME brings: ex-date S."""
    found = dividend(
        books.ledger.view(as_of=S),
        books.accounts,
        dividend_id="D",
        instrument=ACME,
        per_unit=per_unit,
        currency="EUR",
        ex_date=S,
        payment_date=PAID,
    )
    return list(found)


def payments(books: SettlementBooks, id: str = "P") -> tuple[CustomerPaid, ...]:
    """Return what is to be paid on."""
    return pay_customers(
        books.ledger.view(),
        books.accounts,
        payment_id=id,
        instrument=ACME,
        currency="EUR",
        date=PAID,
    )


def test_a_dividend_is_paid_on(books: SettlementBooks) -> None:
    """100 units, 50.00 received for the customer, 50.00 paid on, nothing is left."""
    books.post(settle(customers("A", "buy", 100)))
    books.post([*dividends(books), *payments(books)])
    assert payments(books) == (
        CustomerPaid(
            payment_id="P-C-17",
            date=PAID,
            instrument=ACME,
            amount=eur("50.00"),
            owner="C-17",
        ),
    )
    assert booked(books.post(payments(books))) == journal(
        """
        2026-10-20 * settlement/P-C-17/customer-paid
            Dr liabilities:customers 50.00 EUR
            Cr nostro                50.00 EUR
        """
    )
    assert not books.ledger.balance(OWED)
    assert payments(books, "P-2") == ()
    assert not books.ledger.balance(SHORT["dividends"])


def test_the_firm_is_not_its_own_customer(books: SettlementBooks) -> None:
    """What the firm gets for itself is income, and cannot be paid on."""
    bought = trade()
    books.post([bought, TradeSettled(obligation=bought.obligation, date=S)])
    books.post(dividends(books))
    assert payments(books) == ()
    event = CustomerPaid(
        payment_id="P", date=PAID, instrument=ACME, amount=eur("1.00"), owner="firm"
    )
    with pytest.raises(InvalidOption, match="a customer"):
        books.post([event])


def test_a_claim_is_paid_on_when_it_is_paid(books: SettlementBooks) -> None:
    """A customer who bought before the ex-date waits for the seller's money."""
    books.post([customers("A", "buy", 100)])
    [claim] = dividends(books)
    assert isinstance(claim, DividendClaim)
    books.post([claim])
    assert books.ledger.balance(OWED)["EUR"] == eur("50.00")
    assert payments(books) == ()
    books.post([DividendClaimPaid(claim=claim, date=PAID)])
    [paid] = payments(books)
    assert paid.amount == eur("50.00")
    books.post([paid])
    for path in (OWED, CLAIMED):
        assert not books.ledger.balance(path)


def test_what_a_customer_owes_on_a_claim_stays(books: SettlementBooks) -> None:
    """Who sold 40 of 100 before the ex-date keeps the dividend on 60; the rest is owed.

    The issuer pays on all 100, for they are still at the depository.
    """
    books.post(settle(customers("A", "buy", 100)))
    books.post([customers("B", "sell", 40)])
    events = dividends(books)
    books.post(events)
    [paid] = payments(books)
    assert paid.amount == eur("30.00")
    books.post([paid])
    [claim] = [event for event in events if isinstance(event, DividendClaim)]
    books.post([DividendClaimPaid(claim=claim, date=PAID)])
    assert payments(books, "P-2") == ()
    assert not books.ledger.balance(OWING)
    assert books.ledger.balance(OWED)["EUR"] == eur("800.00")  # the proceeds of B


def test_a_dividend_that_is_taken_back(books: SettlementBooks) -> None:
    """What was reversed is not paid on."""
    books.post(settle(customers("A", "buy", 100)))
    [record] = books.post(dividends(books))
    books.ledger.reverse(record.id, date=PAID, reason="the wrong amount")
    assert payments(books) == ()


def test_only_one_currency_and_only_income_is_paid_on(books: SettlementBooks) -> None:
    """Entries by hand, proceeds of sales and other currencies are left alone."""
    books.post(settle(customers("A", "buy", 100)))
    books.post([customers("B", "sell", 40)])
    books.post(dividends(books))
    named = {"owner": "C-17", "instrument": "ACME"}
    amount = bl.Amount("9.00", "EUR")
    for id_ in ("by-hand", "settlement/by/hand"):
        books.ledger.post(
            bl.Entry(
                id_,
                S,
                [
                    bl.debit(SHORT["nostro"], amount),
                    bl.credit(OWED, amount, dimensions=named),
                ],
            )
        )
    [paid] = payments(books)
    assert paid.amount == eur("30.00")
    dollars = pay_customers(
        books.ledger.view(),
        books.accounts,
        payment_id="P",
        instrument=ACME,
        currency=bl.Commodity("USD"),
        date=PAID,
    )
    assert dollars == ()


def test_a_trade_that_fails_in_part_is_one_claim(books: SettlementBooks) -> None:
    """60 pending and 40 failing of one trade are one claim on 100 units."""
    bought = customers("A", "buy", 100)
    part = bought.obligation.share(units(40), eur("800.00"))
    books.post([bought, TradeFailing(obligation=part, date=S)])
    [claim] = dividends(books)
    assert isinstance(claim, DividendClaim)
    assert (claim.amount, claim.obligation.quantity) == (eur("50.00"), units(100))
    books.post([claim])


# --- coupons --------------------------------------------------------------------------

FACE = bl.Amount(1000, BOND)


def bond(
    id: str, side: str, nominal: int, day: date = T, **more: object
) -> TradeExecuted:
    """Return a trade in a bond at par, without commission."""
    return trade(
        trade_id=id,
        date=day,
        settlement_date=max(day, S),
        side=side,
        quantity=bl.Amount(nominal, BOND),
        consideration=eur(f"{nominal}.00"),
        **({"fees": {}} | more),
    )


def coupons(
    books: SettlementBooks, per_unit: str = "0.03", ex_date: date = S
) -> tuple[CouponAccrued | CouponPaid, ...]:
    """Return what a coupon of 3 % brings."""
    return coupon(
        books.ledger.view(),
        books.accounts,
        coupon_id="K",
        instrument=BOND,
        per_unit=per_unit,
        currency="EUR",
        ex_date=ex_date,
        payment_date=PAID,
    )


def test_a_coupon_of_customers(books: SettlementBooks) -> None:
    """It is owed to the customer: no income of the firm, nothing accrues."""
    agent = bond("A", "buy", 2000, capacity="agent", owner="C-17")
    books.post([agent, TradeSettled(obligation=agent.obligation, date=S)])
    assert booked(books.post(coupons(books))) == journal(
        """
        2026-10-20 * settlement/K-C-17/coupon
            Dr nostro                60.00 EUR
            Cr liabilities:customers 60.00 EUR
        """
    )
    [paid] = pay_customers(
        books.ledger.view(),
        books.accounts,
        payment_id="P",
        instrument=BOND,
        currency="EUR",
        date=PAID,
    )
    books.post([paid])
    assert not books.ledger.balance(OWED)


def test_a_coupon_over_open_trades(books: SettlementBooks) -> None:
    """2,000 settled, 1,000 to come, 500 to go: 75.00, of it 60.00 from the issuer."""
    first = bond("A", "buy", 2000, accrued=eur("10.00"))
    coming = bond("B", "buy", 1000, accrued=eur("5.00"))
    going = bond("C", "sell", 500, accrued=eur("2.50"), counterparty="X")
    books.post([first, TradeSettled(obligation=first.obligation, date=S)])
    books.post([coming, going])
    late = bond("L", "buy", 4000, day=PAID, accrued=eur("1.00"))
    books.post([late])
    found = coupons(books, ex_date=date(2026, 10, 12))
    assert booked(books.post(found)) == journal(
        """
        2026-10-20 * settlement/K-firm/interest-accrued
            Dr accrued   62.50 EUR
            Cr interest  62.50 EUR

        2026-10-20 * settlement/K-firm/coupon
            Dr nostro    60.00 EUR
            Dr claims    30.00 EUR
            Cr liabilities:market-claims 15.00 EUR
            Cr purchased 12.50 EUR
            Cr accrued   62.50 EUR
        """
    )
    assert books.ledger.balance(SHORT["purchased"])["EUR"] == eur("1.00")
    assert not books.ledger.balance(SHORT["accrued"])
    [event] = [event for event in found if isinstance(event, CouponPaid)]
    for claim in event.claims:
        books.post([DividendClaimPaid(claim=claim, date=PAID)])
    for path in (CLAIMED, OWING):
        assert not books.ledger.balance(path)
    assert books.ledger.balance(SHORT["nostro"])["EUR"] == eur("-1935.00")


def test_a_coupon_on_what_was_sold_and_is_still_here(books: SettlementBooks) -> None:
    """All was sold before the ex-date: what the issuer pays is owed to the buyer."""
    first = bond("A", "buy", 1000)
    books.post([first, TradeSettled(obligation=first.obligation, date=S)])
    books.post([bond("B", "sell", 1000)])
    assert booked(books.post(coupons(books))) == journal(
        """
        2026-10-20 * settlement/K-firm/coupon
            Dr nostro                    30.00 EUR
            Cr liabilities:market-claims 30.00 EUR
        """
    )


def test_a_claim_on_a_coupon_of_a_customer(books: SettlementBooks) -> None:
    """It is paid on once the seller has paid it."""
    books.post([bond("A", "buy", 1000, capacity="agent", owner="C-17")])
    [event] = coupons(books)
    assert isinstance(event, CouponPaid)
    books.post([event])
    assert not books.ledger.balance(SHORT["nostro"])

    def due() -> list[bl.Amount]:
        found = pay_customers(
            books.ledger.view(),
            books.accounts,
            payment_id="P",
            instrument=BOND,
            currency="EUR",
            date=PAID,
        )
        return [item.amount for item in found]

    assert due() == []
    books.post([DividendClaimPaid(claim=event.claims[0], date=PAID)])
    assert due() == [eur("30.00")]


def test_each_owner_has_claims_of_its_own(books: SettlementBooks) -> None:
    """The firm and a customer both wait for units: each claims its own coupon."""
    books.post([bond("A", "buy", 1000, capacity="agent", owner="C-17")])
    books.post([bond("B", "buy", 2000)])
    events = [event for event in coupons(books) if isinstance(event, CouponPaid)]
    assert [
        (event.owner, [claim.amount.number for claim in event.claims])
        for event in events
    ] == [("C-17", ["30.00"]), ("firm", ["60.00"])]


def test_a_coupon_that_rounds_to_nothing(books: SettlementBooks) -> None:
    """Nothing is paid, nothing is booked."""
    first = bond("A", "buy", 1)
    books.post([first, TradeSettled(obligation=first.obligation, date=S)])
    assert coupons(books, "0.001") == ()


def test_interest_of_customers_does_not_accrue(books: SettlementBooks) -> None:
    """The firm accrues interest on its own bonds only."""
    event = CouponAccrued(
        accrual_id="K", date=T, instrument=BOND, amount=eur("1.00"), owner="C-17"
    )
    with pytest.raises(InvalidOption, match="its own bonds"):
        books.post([event])


CLAIM = DividendClaim(
    claim_id="D",
    obligation=Obligation("T", units(1), eur("0.00"), "B"),
    date=T,
    amount=bl.Amount("1.00", "USD"),
)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"payment_id": "a/b"}, InvalidIdentifier),
        ({"date": "2026-10-20"}, InvalidDate),
        ({"instrument": "ACME"}, InvalidOption),
        ({"amount": eur("0.00")}, InvalidOption),
        ({"owner": ""}, InvalidIdentifier),
    ],
)
def test_what_is_no_payment(changes: dict[str, object], error: type[Exception]) -> None:
    """A payment says to whom, for what, when, and how much."""
    event = CustomerPaid(
        payment_id="P", date=PAID, instrument=ACME, amount=eur("1.00"), owner="C-17"
    )
    with pytest.raises(error):
        attrs.evolve(event, **changes)


@pytest.mark.parametrize(
    ("claims", "error"),
    [((), InvalidOption), (("D",), InvalidOption), ((CLAIM,), CommodityMismatch)],
)
def test_what_is_no_coupon(claims: object, error: type[Exception]) -> None:
    """A coupon of nothing has claims, and they are of its currency."""
    with pytest.raises(error):
        CouponPaid(
            coupon_id="K",
            date=PAID,
            instrument=BOND,
            purchased=eur("0.00"),
            accrued=eur("0.00"),
            claims=claims,  # type: ignore[arg-type]
        )


# --- stores, and what always holds ---------------------------------------------------


def live(open_ledger: Callable[[], bl.Ledger]) -> list[str]:
    """Take a dividend to the customer in a ledger that is opened anew for each step."""
    with open_ledger() as ledger:
        SettlementAccounts().open_in(ledger, customers=["C-17"])
        books = SettlementBooks(ledger)
        books.post([*settle(customers("A", "buy", 100)), customers("B", "buy", 7)])
    with open_ledger() as ledger:
        books = SettlementBooks(ledger)
        found = dividends(books)
        books.post(found)
    for _ in range(2):
        with open_ledger() as ledger:
            books = SettlementBooks(ledger)
            books.post(payments(books))
    with open_ledger() as ledger:
        books = SettlementBooks(ledger)
        [claim] = [event for event in found if isinstance(event, DividendClaim)]
        books.post([DividendClaimPaid(claim=claim, date=PAID)])
        books.post(payments(books, "P-2"))
        ledger.verify()
        return [str(ledger.balance(path)) for path in (SHORT["nostro"], OWED, CLAIMED)]


def test_a_book_that_is_closed_in_between(tmp_path: Path) -> None:
    """What was received and paid on is known from the file alone."""
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    found = live(lambda: bl.open_ledger(path, actor="clerk"))
    assert found == ["0", "0", "0"]


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(tmp_path: Path) -> None:
    """The same on the server."""
    store = postgresql_server.store_of(tmp_path)
    bl.open_ledger(store, actor="clerk", create=True).close()
    found = live(lambda: bl.open_ledger(store, actor="clerk"))
    assert found == ["0", "0", "0"]


@settings(max_examples=15)
@given(
    plan=st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell"]),
            st.sampled_from(["C-1", "C-2", "firm"]),
            st.integers(1, 300),
            st.booleans(),
        ),
        max_size=8,
    ),
    per_unit=st.decimals("0.001", "9.999", places=3),
)
def test_each_customer_gets_the_dividend_on_what_is_owned(
    plan: list[tuple[str, str, int, bool]], per_unit: object
) -> None:
    """Once claims are paid, all that was received for customers has been paid on.

    Each got the rate on the units owned by trade date, but for the rounding of each
    claim, and the accounts of claims and customers are empty.
    """
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        books = SettlementBooks(ledger)
        books.accounts.open_in(ledger, customers=["C-1", "C-2"])
        held = dict.fromkeys(["C-1", "C-2", "firm"], 0)
        pending, there = dict.fromkeys(held, 0), dict.fromkeys(held, 0)
        for number, (side, owner, count, is_settled) in enumerate(plan):
            count = count if side == "buy" else min(count, held[owner])
            if not count:
                continue
            held[owner] += count if side == "buy" else -count
            event = trade(
                trade_id=f"T-{number}",
                side=side,
                owner=owner,
                capacity="principal" if owner == "firm" else "agent",
                quantity=units(count),
                consideration=eur("10.00"),
                fees={},
            )
            books.post([event])
            if owner != "firm":
                books.post([CustomerSettled(trade=event, date=T)])
            moved = event.obligation.quantity.minor_units
            if is_settled and there[owner] + moved >= 0:
                there[owner] += moved
                books.post([TradeSettled(obligation=event.obligation, date=T)])
            else:
                pending[owner] += 1
        events = dividends(books, str(per_unit))
        books.post(events)
        for event in events:
            if isinstance(event, DividendClaim):
                books.post([DividendClaimPaid(claim=event, date=PAID)])
        for paid in payments(books):
            books.post([paid])
            due = bl.Amount.rounded(
                per_unit * held[paid.owner],  # type: ignore[operator]
                "EUR",
                rounding="half-up",
            )
            cents = abs((paid.amount - due).minor_units)
            assert cents <= 1 + pending[paid.owner]
        assert payments(books, "P-2") == ()
        for path in (OWING, CLAIMED):
            assert not ledger.balance(path)
        left = ledger.balance(OWED)["EUR"]  # rounding of claims against customers
        assert 0 >= left.minor_units >= -sum(pending.values()) - 2
        ledger.verify()
