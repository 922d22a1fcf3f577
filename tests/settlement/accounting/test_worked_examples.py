"""The worked postings of the field, digit for digit, from events."""

from datetime import date
from fractions import Fraction

import attrs
import pytest
from booking_notation import ACME, BOND, booked, eur, journal, trade, units

import backoffice_ledger as bl
from backoffice_ledger.interest import AccruedInterest, DayCount
from backoffice_ledger.settlement.accounting import (
    CouponAccrued,
    CouponPaid,
    CustomerSettled,
    DividendClaim,
    DividendClaimPaid,
    DividendPaid,
    FailResolved,
    FxTradeExecuted,
    FxTradeSettled,
    LocationUnits,
    Marked,
    Netted,
    Obligation,
    PenaltyAccrued,
    PenaltyPaid,
    PostingRules,
    SettlementEvent,
    Split,
    TradeFailing,
    TradeSettled,
)
from backoffice_ledger.settlement.lots import LotPart, LotPool, Method

T = date(2026, 10, 8)
S = date(2026, 10, 9)
NOTHING = eur("0.00")


def entries(*events: SettlementEvent) -> list[str]:
    """Return what the rules book for events."""
    rules = PostingRules()
    return booked(draft for event in events for draft in rules.entries(event))


def test_a_dealer_buys() -> None:
    """JE-1 to JE-3: 1,000 at 50.00, commission expensed (FVTPL), close at 50.80."""
    bought = trade()
    mark = Marked(
        date=T,
        instrument=ACME,
        value=eur("50800.00"),
        change=eur("800.00"),
        to_be_received={"T-1": eur("800.00")},
    )
    paid = TradeSettled(obligation=bought.obligation, date=S)
    assert entries(bought, mark, paid) == journal(
        """
        2026-10-08 * settlement/T-1/executed
            Dr trading          50000.00 EUR
            Dr commission          10.00 EUR
            Cr payable          50010.00 EUR
            Dr owner                1000 ACME
            Cr pending-receive      1000 ACME

        2026-10-08 * settlement/firm/ACME/marked/2026-10-08/1
            Dr fair-value         800.00 EUR
            Cr unrealised         800.00 EUR

        2026-10-09 * settlement/T-1/settled/1
            Dr payable          50010.00 EUR
            Dr pending-receive      1000 ACME
            Cr nostro           50010.00 EUR
            Cr depository           1000 ACME
        """
    )


SALE = {
    "trade_id": "S-1",
    "side": "sell",
    "quantity": units(600),
    "consideration": eur("31200.00"),
    "fees": {"commission": eur("6.00")},
}


def test_a_dealer_sells_by_fifo() -> None:
    """JE-4: 600 at 52.00 out of 400 at 48.00 and 1,000 at 50.00."""
    lots = [
        LotPart("L1", units(400), eur("19200.00"), NOTHING),
        LotPart("L2", units(200), eur("10000.00"), NOTHING),
    ]
    assert entries(trade(**SALE, lots=lots)) == journal(
        """
        2026-10-08 * settlement/S-1/executed
            Cr trading          19200.00 EUR
            Cr trading          10000.00 EUR
            Dr commission           6.00 EUR
            Cr realised          2000.00 EUR
            Dr receivable       31194.00 EUR
            Cr owner                 400 ACME
            Cr owner                 200 ACME
            Dr pending-deliver       600 ACME
        """
    )


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("fifo", "2000.00"),
        ("lifo", "1200.00"),
        ("hifo", "1200.00"),
        ("average", "1542.86"),
    ],
)
def test_each_method_has_its_result(method: Method, result: str) -> None:
    """JE-4: realised 2,000.00, 1,200.00, 1,200.00 and 1,542.86."""
    pool = LotPool(ACME, bl.Commodity("EUR"))
    names = ("average", "average") if method == "average" else ("L1", "L2")
    pool.add(names[0], date(2026, 9, 1), units(400), eur("19200.00"))
    pool.add(names[1], date(2026, 9, 2), units(1000), eur("50000.00"))
    sold = trade(**SALE, lots=pool.take(units(600), method))
    assert f"Cr realised {result} EUR" in entries(sold)


def test_unrealised_on_sold_lots_is_reversed_first() -> None:
    """JE-4: what was unrealised on the lots that go is taken back, on each lot."""
    lots = [
        LotPart("L1", units(400), eur("19200.00"), eur("1120.00")),
        LotPart("L2", units(200), eur("10000.00"), eur("160.00")),
    ]
    assert entries(trade(**SALE, lots=lots))[1:4] == [
        "Cr fair-value 1120.00 EUR",
        "Cr fair-value 160.00 EUR",
        "Dr unrealised 1280.00 EUR",
    ]


def test_an_agent_buys_for_a_customer() -> None:
    """JE-5: 100 at 20.00, commission 5.00, through a central counterparty."""
    bought = trade(
        trade_id="A-1",
        quantity=units(100),
        consideration=eur("2000.00"),
        fees={"commission": eur("5.00")},
        counterparty="CCP",
        clearing="ccp",
        capacity="agent",
        owner="C-17",
    )
    market = TradeSettled(obligation=bought.obligation, date=S)
    customer = CustomerSettled(trade=bought, date=S)
    assert entries(bought, market, customer) == journal(
        """
        2026-10-08 * settlement/A-1/executed
            Dr customer          2005.00 EUR
            Cr revenue              5.00 EUR
            Cr payable-ccp       2000.00 EUR
            Dr stock:owner:C-17      100 ACME
            Cr pending-receive       100 ACME

        2026-10-09 * settlement/A-1/settled/1
            Dr payable-ccp       2000.00 EUR
            Dr pending-receive       100 ACME
            Cr nostro            2000.00 EUR
            Cr depository            100 ACME

        2026-10-09 * settlement/A-1/customer/1
            Dr nostro            2005.00 EUR
            Cr customer          2005.00 EUR
        """
    )


def test_an_agent_sells_for_a_customer() -> None:
    """The customer is owed the proceeds less the commission."""
    sold = trade(
        trade_id="A-2",
        side="sell",
        quantity=units(100),
        consideration=eur("2000.00"),
        fees={"commission": eur("5.00")},
        capacity="agent",
        owner="C-17",
    )
    part = CustomerSettled(trade=sold, date=S, cash=eur("1000.00"))
    assert entries(sold, part) == journal(
        """
        2026-10-08 * settlement/A-2/executed
            Cr liabilities:customers 1995.00 EUR
            Cr revenue                  5.00 EUR
            Dr receivable            2000.00 EUR
            Cr stock:owner:C-17          100 ACME
            Dr pending-deliver           100 ACME

        2026-10-09 * settlement/A-2/customer/1
            Cr nostro                1000.00 EUR
            Dr liabilities:customers 1000.00 EUR
        """
    )


def test_what_was_bought_is_not_received() -> None:
    """JE-6 (a): the payable becomes securities failed to receive, until they come."""
    obligation = trade().obligation
    fails = TradeFailing(obligation=obligation, date=S)
    comes = TradeSettled(obligation=obligation, date=date(2026, 10, 12), failing=True)
    assert entries(fails, comes) == journal(
        """
        2026-10-09 * settlement/T-1/failing/1
            Dr payable           50010.00 EUR
            Dr pending-receive       1000 ACME
            Cr failed-to-receive 50010.00 EUR
            Cr fail-receive          1000 ACME

        2026-10-12 * settlement/T-1/settled/1
            Dr failed-to-receive 50010.00 EUR
            Dr fail-receive          1000 ACME
            Cr nostro            50010.00 EUR
            Cr depository            1000 ACME
        """
    )


def test_what_was_sold_is_not_delivered() -> None:
    """JE-6 (b): the receivable becomes securities failed to deliver, and back."""
    obligation = Obligation("S-1", units(-600), eur("31194.00"), "DEALER")
    fails = TradeFailing(obligation=obligation, date=S)
    agreed = FailResolved(obligation=obligation, date=date(2026, 10, 12))
    assert entries(fails, agreed) == journal(
        """
        2026-10-09 * settlement/S-1/failing/1
            Cr receivable        31194.00 EUR
            Cr pending-deliver        600 ACME
            Dr failed-to-deliver 31194.00 EUR
            Dr fail-deliver           600 ACME

        2026-10-12 * settlement/S-1/resolved/1
            Cr failed-to-deliver 31194.00 EUR
            Cr fail-deliver           600 ACME
            Dr receivable        31194.00 EUR
            Dr pending-deliver        600 ACME
        """
    )


def test_within_the_tolerance() -> None:
    """JE-6 (c): ours 25,000.00, theirs 25,001.50 settles, and we receive it."""
    obligation = Obligation("S-2", units(-500), eur("25000.00"), "DEALER")
    paid = TradeSettled(obligation=obligation, date=S, difference=eur("1.50"))
    assert entries(paid) == journal(
        """
        2026-10-09 * settlement/S-2/settled/1
            Cr receivable     25000.00 EUR
            Cr pending-deliver     500 ACME
            Cr tolerance          1.50 EUR
            Dr nostro         25001.50 EUR
            Dr depository          500 ACME
        """
    )


def test_partial_deliveries_sum_exactly() -> None:
    """JE-6 (d): 1,000 for 10,000.01 in three parts, the residue on the last."""
    obligation = Obligation("S-3", units(-1000), eur("10000.01"), "DEALER")
    parts = [(333, "3330.00"), (333, "3330.00"), (334, "3340.01")]
    found = entries(
        *(
            TradeSettled(
                obligation=obligation.share(units(count), eur(cash)), date=S, part=part
            )
            for part, (count, cash) in enumerate(parts, 1)
        )
    )
    assert [line for line in found if "nostro" in line] == [
        "Dr nostro 3330.00 EUR",
        "Dr nostro 3330.00 EUR",
        "Dr nostro 3340.01 EUR",
    ]
    assert [line for line in found if line.startswith("Cr receivable")] == [
        "Cr receivable 3330.00 EUR",
        "Cr receivable 3330.00 EUR",
        "Cr receivable 3340.01 EUR",
    ]


def test_trades_are_netted_against_a_central_counterparty() -> None:
    """JE-7: three trades become 600 to receive against 5,860 to pay."""
    netted = Netted(
        netting_id="N-1",
        date=S,
        obligations=[
            Obligation("T-B", units(1000), eur("-10000.00"), "B"),
            Obligation("T-C", units(-600), eur("6120.00"), "C"),
            Obligation("T-D", units(200), eur("-1980.00"), "D"),
        ],
        counterparty="CCP",
    )
    assert netted.net == (bl.Balance([units(600)]), bl.Balance([eur("-5860.00")]))
    assert entries(netted) == journal(
        """
        2026-10-09 * settlement/N-1/netted/1
            Dr payable         10000.00 EUR
            Dr pending-receive     1000 ACME
            Cr receivable       6120.00 EUR
            Cr pending-deliver      600 ACME
            Dr payable          1980.00 EUR
            Dr pending-receive      200 ACME
            Cr payable-ccp      5860.00 EUR
            Cr pending-receive      600 ACME
        """
    )


def test_a_bond_is_bought_with_accrued_interest() -> None:
    """JE-8: 6 % semi-annual 30/360, 75 days: 1,250.00 bought, 1,750.00 accrues."""
    interest = AccruedInterest(
        principal="100000.00 EUR",
        rate="0.06",
        start=date(2026, 7, 24),
        day_count=DayCount("30/360-BOND"),
    )
    bought = trade(
        quantity=bl.Amount(100_000, BOND),
        consideration=eur("101250.00"),
        accrued=interest.accrued(S),
        fees={},
    )
    rest = interest.accrued(date(2027, 1, 24)) - interest.accrued(S)
    day = date(2027, 1, 24)
    accrued = CouponAccrued(accrual_id="C-1", date=day, instrument=BOND, amount=rest)
    coupon = CouponPaid(
        coupon_id="C-1",
        date=day,
        instrument=BOND,
        purchased=interest.accrued(S),
        accrued=rest,
    )
    assert entries(bought, accrued, coupon) == journal(
        """
        2026-10-08 * settlement/T-1/executed
            Dr trading         101250.00 EUR
            Dr purchased         1250.00 EUR
            Cr payable         102500.00 EUR
            Dr owner              100000 BOND
            Cr pending-receive    100000 BOND

        2027-01-24 * settlement/C-1/interest-accrued
            Dr accrued           1750.00 EUR
            Cr interest          1750.00 EUR

        2027-01-24 * settlement/C-1/coupon
            Dr nostro            3000.00 EUR
            Cr purchased         1250.00 EUR
            Cr accrued           1750.00 EUR
        """
    )


def test_accrued_interest_of_a_us_treasury_note() -> None:
    """V20 (31 CFR 356 App. B): 8 % on $1,000, 75 of 181 days: 16.574586."""
    interest = AccruedInterest(
        principal="1000.00 USD",
        rate="0.08",
        start=date(2026, 2, 15),
        day_count=DayCount(
            "ACT/ACT-ICMA",
            frequency=2,
            reference=(date(2026, 2, 15), date(2026, 8, 15)),
            end_of_month=False,
        ),
    )
    exact = interest.exact(date(2026, 5, 1))
    assert exact == Fraction(40 * 75, 181)
    assert round(exact, 6) == Fraction("16.574586")


def test_a_bond_is_sold_with_accrued_interest() -> None:
    """What is sold of the interest is taken from what was bought and what accrued."""
    sold = trade(
        side="sell",
        quantity=bl.Amount(100_000, BOND),
        consideration=eur("101000.00"),
        accrued=eur("2000.00"),
        accrued_purchased=eur("1250.00"),
        fees={},
        lots=[LotPart("B-1", bl.Amount(100_000, BOND), eur("101250.00"), NOTHING)],
    )
    assert entries(sold)[1:6] == [
        "Cr trading 101250.00 EUR",
        "Dr realised 250.00 EUR",
        "Cr purchased 1250.00 EUR",
        "Cr accrued 750.00 EUR",
        "Dr receivable 103000.00 EUR",
    ]
    unbought = attrs.evolve(sold, accrued_purchased=None)
    assert "Cr accrued 2000.00 EUR" in entries(unbought)


def test_a_currency_is_bought() -> None:
    """JE-9: EUR 1,000,000 against USD 1,085,000, each currency by itself."""
    bought = FxTradeExecuted(
        trade_id="X-1",
        date=T,
        value_date=date(2026, 10, 12),
        bought=eur("1000000.00"),
        sold=bl.Amount("1085000.00", "USD"),
        counterparty="BANK",
    )
    paid = FxTradeSettled(trade=bought, date=date(2026, 10, 12))
    expected = journal(
        """
        2026-10-08 * settlement/X-1/executed
            Dr fx-receivable 1000000.00 EUR
            Cr fx-position   1000000.00 EUR
            Dr fx-position   1085000.00 USD
            Cr fx-payable    1085000.00 USD

        2026-10-12 * settlement/X-1/settled/both
            Dr nostro        1000000.00 EUR
            Cr fx-receivable 1000000.00 EUR
            Dr fx-payable    1085000.00 USD
            Cr nostro        1085000.00 USD
        """
    )
    assert entries(bought, paid) == expected
    one = FxTradeSettled(trade=bought, date=date(2026, 10, 12), paid="bought")
    other = FxTradeSettled(trade=bought, date=date(2026, 10, 12), paid="sold")
    assert entries(one)[1:] + entries(other)[1:] == expected[6:]


def test_a_dividend_falls_on_an_open_trade() -> None:
    """JE-10: the buyer claims 120.00, and is paid."""
    bought = trade().obligation
    claim = DividendClaim(
        claim_id="D-1", obligation=bought, date=S, amount=eur("120.00")
    )
    paid = DividendClaimPaid(claim=claim, date=date(2026, 10, 20))
    assert entries(claim, paid) == journal(
        """
        2026-10-09 * settlement/D-1/claimed
            Dr claims    120.00 EUR
            Cr dividends 120.00 EUR

        2026-10-20 * settlement/D-1/claim-paid
            Dr nostro    120.00 EUR
            Cr claims    120.00 EUR
        """
    )


def test_a_seller_owes_the_dividend() -> None:
    """Who sold before the ex-date and delivers later passes the dividend on."""
    sold = Obligation("S-1", units(-600), eur("31194.00"), "DEALER")
    claim = DividendClaim(claim_id="D-2", obligation=sold, date=S, amount=eur("72.00"))
    got = DividendPaid(
        dividend_id="D-2", date=date(2026, 10, 20), instrument=ACME, amount=eur("72.00")
    )
    paid = DividendClaimPaid(claim=claim, date=date(2026, 10, 20))
    assert entries(claim, got, paid) == journal(
        """
        2026-10-09 * settlement/D-2/claimed
            Cr liabilities:market-claims 72.00 EUR
            Dr dividends                 72.00 EUR

        2026-10-20 * settlement/D-2/dividend
            Dr nostro                    72.00 EUR
            Cr dividends                 72.00 EUR

        2026-10-20 * settlement/D-2/claim-paid
            Cr nostro                    72.00 EUR
            Dr liabilities:market-claims 72.00 EUR
        """
    )


def test_a_customers_dividend_is_owed_to_the_customer() -> None:
    """A dividend on a customer's units is no income of the firm."""
    got = DividendPaid(
        dividend_id="D-3",
        date=S,
        instrument=ACME,
        amount=eur("12.00"),
        owner="C-17",
    )
    assert entries(got)[1:] == [
        "Dr nostro 12.00 EUR",
        "Cr liabilities:customers 12.00 EUR",
    ]


def test_a_split_changes_units_only() -> None:
    """JE-10: +N for the owner, -N at the location, no money, no result."""
    two = Split(
        split_id="X-2",
        date=S,
        instrument=ACME,
        lots={"L1": units(400), "L2": units(600)},
        locations=[LocationUnits("depository", units(1000))],
    )
    assert entries(two) == journal(
        """
        2026-10-09 * settlement/X-2/split/firm
            Dr owner       400 ACME
            Dr owner       600 ACME
            Cr depository 1000 ACME
        """
    )
    customers = attrs.evolve(two, lots={}, owner="C-17")
    assert entries(customers)[1] == "Dr stock:owner:C-17 1000 ACME"


def test_penalties_of_a_month() -> None:
    """JE-11 (ECSDA 7.1.1, example 1): 3.13 and 3.38, 6.51 on the 18th business day."""
    days = [
        PenaltyAccrued(
            penalty_id=f"P-{number}",
            obligation_id="S-1",
            date=date(2026, 10, 8 + number),
            amount=eur(amount),
            counterparty="BUYER",
        )
        for number, amount in ((1, "3.13"), (2, "3.38"))
    ]
    day = date(2026, 11, 25)
    paid = PenaltyPaid(payment_id="2026-10", date=day, penalties=days)
    assert entries(*days, paid) == journal(
        """
        2026-10-09 * settlement/P-1/penalty
            Dr penalties         3.13 EUR
            Cr penalties-payable 3.13 EUR

        2026-10-10 * settlement/P-2/penalty
            Dr penalties         3.38 EUR
            Cr penalties-payable 3.38 EUR

        2026-11-25 * settlement/2026-10/penalties-paid
            Dr penalties-payable 3.13 EUR
            Dr penalties-payable 3.38 EUR
            Cr nostro            6.51 EUR
        """
    )
    mirrored = [attrs.evolve(item, payer="counterparty") for item in days]
    got = attrs.evolve(paid, penalties=mirrored)
    assert entries(mirrored[0], got) == journal(
        """
        2026-10-09 * settlement/P-1/penalty
            Cr penalty-income       3.13 EUR
            Dr penalties-receivable 3.13 EUR

        2026-11-25 * settlement/2026-10/penalties-paid
            Cr penalties-receivable 3.13 EUR
            Cr penalties-receivable 3.38 EUR
            Dr nostro               6.51 EUR
        """
    )
