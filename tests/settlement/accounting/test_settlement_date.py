"""Settlement-date accounting: a projection of what was booked on the trade date."""

from datetime import date
from fractions import Fraction

import pytest
from booking_notation import ACME, SHORT, booked, eur, journal, trade, units

import backoffice_ledger as bl
from backoffice_ledger.settlement.accounting import (
    Category,
    CustomerSettled,
    Netted,
    Obligation,
    PostingRules,
    SettlementAccounts,
    SettlementBooks,
    TradeCancelled,
    TradeFailing,
    TradeSettled,
    open_obligations,
    settlement_date_balances,
    settlement_date_entries,
)
from backoffice_ledger.settlement.corporate_actions import split

T = date(2026, 10, 8)
S = date(2026, 10, 9)


def by_settlement_date(books: SettlementBooks, since: date = date.min) -> list[str]:
    """Return the entries of settlement-date accounting from a day on."""
    records = sorted(books.ledger.view().entries(), key=lambda r: r.position)
    found = settlement_date_entries(records, books.accounts)
    return booked(entry for entry in found if entry.date >= since)


def by_trade_date(books: SettlementBooks, since: date) -> list[str]:
    """Return the entries of the book from a day on."""
    return booked(books.ledger.view().entries(dates=(since, None)))


def differing(books: SettlementBooks) -> dict[str, str]:
    """Return the balances that differ between the two ways, by settlement date."""
    table = settlement_date_balances(books.ledger.view(), books.accounts)
    return {row["account"]: str(row["settlement_date"]) for row in table if row["open"]}


def test_an_asset_that_is_sold(books: SettlementBooks) -> None:
    """V17 (EY, International GAAP 2019, p. 3668, from IFRS 9 IG D.2.2), both methods.

    Amortised cost, carrying amount 1,000, sold for 1,010 on 29 December, settled on 4
    January.
    """
    bought = trade(
        quantity=units(10),
        consideration=eur("1000.00"),
        fees={},
        category="amortised-cost",
    )
    books.post([bought, TradeSettled(obligation=bought.obligation, date=S)])
    december, january = date(2026, 12, 29), date(2027, 1, 4)
    sold = trade(
        trade_id="S-1",
        date=december,
        settlement_date=january,
        side="sell",
        quantity=units(10),
        consideration=eur("1010.00"),
        fees={},
        category="amortised-cost",
    )
    books.post([sold])
    assert by_settlement_date(books, december) == []
    books.post([TradeSettled(obligation=sold.obligation, date=january)])
    asset = "assets:securities:amortised-cost"
    assert by_trade_date(books, december) == journal(
        f"""
        2026-12-29 * settlement/S-1/executed
            Cr {asset} 1000.00 EUR
            Cr realised         10.00 EUR
            Dr receivable     1010.00 EUR
            Cr owner              10 ACME
            Dr pending-deliver    10 ACME

        2027-01-04 * settlement/S-1/settled/1
            Cr receivable     1010.00 EUR
            Cr pending-deliver    10 ACME
            Dr nostro         1010.00 EUR
            Dr depository         10 ACME
        """
    )
    found = by_settlement_date(books, december)
    assert sorted(found) == sorted(
        journal(
            f"""
            2027-01-04 * settlement/S-1/settled/1
                Dr nostro 1010.00 EUR
                Cr {asset} 1000.00 EUR
                Cr realised  10.00 EUR
                Dr depository  10 ACME
                Cr owner       10 ACME
            """
        )
    )
    assert differing(books) == {}


def test_an_asset_that_is_to_be_received(books: SettlementBooks) -> None:
    """JE-2, JE-3, the variant: the change of value stands on a receivable until S."""
    bought = trade()
    books.post([bought])
    books.mark(T, {"ACME": "50.80"})
    books.post([TradeSettled(obligation=bought.obligation, date=S)])
    assert sorted(by_settlement_date(books)) == sorted(
        journal(
            """
            2026-10-08 * settlement/firm/ACME/marked/2026-10-08/1
                Dr fv-receivable 800.00 EUR
                Cr unrealised    800.00 EUR

            2026-10-09 * settlement/T-1/settled/1
                Dr trading     50000.00 EUR
                Dr fair-value    800.00 EUR
                Dr commission     10.00 EUR
                Cr nostro      50010.00 EUR
                Cr fv-receivable 800.00 EUR
                Dr owner           1000 ACME
                Cr depository      1000 ACME
            """
        )
    )
    assert differing(books) == {}


@pytest.mark.parametrize(
    ("category", "account"),
    [
        ("fvtpl", "income:securities:unrealised"),
        ("fvoci", "equity:other-comprehensive-income"),
        ("amortised-cost", None),
    ],
)
def test_where_a_change_of_value_goes(
    books: SettlementBooks, category: Category, account: str | None
) -> None:
    """IFRS 9 B3.1.6: to the result, to OCI, or nowhere at amortised cost."""
    books.post([trade(category=category)])
    books.mark(T, {"ACME": "50.80"})
    found = differing(books)
    assert (SHORT["fv-receivable"] in found) is (account is not None)
    if account is not None:
        view = books.ledger.view()
        assert view.balance(account)["EUR"] == eur("800.00")


def test_what_was_sold_is_not_valued_any_more(books: SettlementBooks) -> None:
    """EY p. 3668: a sold asset's change after the trade date is never recognised."""
    bought = trade()
    books.post([bought, TradeSettled(obligation=bought.obligation, date=S)])
    books.mark(S, {"ACME": "50.80"})
    sold = trade(trade_id="S-1", side="sell", consideration=eur("50900.00"), fees={})
    books.post([sold])
    assert books.mark(date(2026, 10, 12), {"ACME": "60.00"}) == ()
    assert differing(books)[SHORT["fair-value"]] == "800.00 EUR"
    books.post([TradeSettled(obligation=sold.obligation, date=date(2026, 10, 12))])
    assert differing(books) == {}
    assert books.ledger.balance(SHORT["unrealised"])["EUR"] == eur("0.00")
    assert books.ledger.balance(SHORT["realised"])["EUR"] == eur("900.00")


def test_a_part_is_recognised_when_it_is_settled(books: SettlementBooks) -> None:
    """Cost and fees follow the money, the change of value the units, to the cent."""
    bought = trade(quantity=units(3), consideration=eur("100.00"))
    books.post([bought])
    books.mark(T, {"ACME": "34.00"})
    part = bought.obligation.share(units(1), eur("36.67"))
    books.post([TradeSettled(obligation=part, date=S)])
    assert differing(books) == {
        SHORT["fair-value"]: "0.67 EUR",
        SHORT["fv-receivable"]: "1.33 EUR",
        SHORT["trading"]: "33.34 EUR",
        SHORT["commission"]: "3.33 EUR",
        SHORT["payable"]: "0",
        SHORT["owner"]: "1 ACME",
        SHORT["pending-receive"]: "0",
    }
    rest = bought.obligation.share(units(2), eur("73.33"))
    books.post([TradeSettled(obligation=rest, date=S, part=2)])
    assert differing(books) == {}


def test_what_rounding_leaves_over_goes_with_the_cost(books: SettlementBooks) -> None:
    """Half of 100.02 is open: of two fees a cent each, so 49.99 of the cost."""
    fees = {"commission": eur("0.01"), "exchange": eur("0.01")}
    accounts = SettlementAccounts(fee_accounts={"exchange": "expenses:exchange"})
    accounts.open_in(books.ledger)
    books = SettlementBooks(books.ledger, PostingRules(accounts=accounts))
    bought = trade(quantity=units(2), consideration=eur("100.00"), fees=fees)
    half = bought.obligation.share(units(1), eur("50.01"))
    books.post([bought, TradeSettled(obligation=half, date=S)])
    found = differing(books)
    assert found["expenses:exchange"] == found[SHORT["commission"]] == "0"
    assert found[SHORT["trading"]] == "50.01 EUR"


def test_a_settlement_is_taken_back(books: SettlementBooks) -> None:
    """A reversal opens the trade again, with its change of value."""
    bought = trade()
    books.post([bought])
    books.mark(T, {"ACME": "50.80"})
    before = differing(books)
    [record] = books.post([TradeSettled(obligation=bought.obligation, date=S)])
    books.ledger.reverse(record.id, date=S, reason="another trade")
    assert differing(books) == before
    books.ledger.reverse("settlement/T-1/executed", date=S, reason="no trade")
    assert SHORT["trading"] not in differing(books)


def test_a_booking_is_taken_back_though_it_was_settled(books: SettlementBooks) -> None:
    """What is left, money and units that came for nothing, is on the accounts."""
    bought = trade()
    books.post([bought, TradeSettled(obligation=bought.obligation, date=S)])
    ledger = books.ledger
    ledger.reverse(f"settlement/{bought.trade_id}/executed", date=S, reason="wrong")
    table = settlement_date_balances(ledger.view(), books.accounts)
    assert all(row["trade_date"] == row["settlement_date"] for row in table)
    [row] = open_obligations(ledger.view(), books.accounts)
    assert row["units"] == bl.Balance([units(-1000)])
    assert row["money"] == bl.Balance([eur("50010.00")])


def test_a_cancelled_trade_leaves_nothing(books: SettlementBooks) -> None:
    """What was booked on it is taken back, with its change of value, in both ways."""
    bought = trade()
    books.post([bought])
    books.mark(T, {"ACME": "50.80"})
    books.post([TradeCancelled(trade=bought, date=S, reason="not ours")])
    assert differing(books) == {}
    table = settlement_date_balances(books.ledger.view(), books.accounts)
    assert table.rows() == []


def test_netted_trades_are_recognised_with_their_net(books: SettlementBooks) -> None:
    """A net obligation holds back what its trades booked, in proportion."""
    one = trade(fees={})
    other = trade(
        trade_id="S-1",
        side="sell",
        quantity=units(600),
        consideration=eur("30600.00"),
        fees={},
    )
    books.post([one, other])
    books.mark(T, {"ACME": "50.50"})
    netted = Netted(
        netting_id="N-1",
        date=T,
        obligations=[one.obligation, other.obligation],
        counterparty="CCP",
    )
    [record] = books.post([netted])
    assert differing(books) == {
        SHORT["fair-value"]: "0",
        SHORT["fv-receivable"]: "200.00 EUR",
        SHORT["trading"]: "0",
        SHORT["realised"]: "0",
        SHORT["payable-ccp"]: "0",
        SHORT["owner"]: "0",
        SHORT["pending-receive"]: "0",
    }
    books.mark(S, {"ACME": "51.00"})
    net = Obligation("N-1", units(400), eur("-19400.00"), "CCP", "ccp")
    books.post([TradeSettled(obligation=net.share(units(100), eur("4850.00")), date=S)])
    found = differing(books)
    assert found[SHORT["trading"]] == "5000.00 EUR"
    assert found[SHORT["realised"]] == "-150.00 EUR"
    assert found[SHORT["fv-receivable"]] == "300.00 EUR"
    assert found[SHORT["owner"]] == "100 ACME"
    rest = net.share(units(300), eur("14550.00"))
    books.post([TradeSettled(obligation=rest, date=S, part=2)])
    assert differing(books) == {}
    for id_ in ("settlement/N-1/settled/1", "settlement/N-1/settled/2", record.id):
        books.ledger.reverse(id_, date=S, reason="to be netted anew")
    found = differing(books)
    assert found[SHORT["payable"]] == "0"
    assert found[SHORT["trading"]] == "0"


def test_money_that_is_netted_to_nothing(books: SettlementBooks) -> None:
    """Units alone decide what is open where the money of a netting is zero."""
    one = trade(fees={})
    other = trade(
        trade_id="S-1",
        side="sell",
        quantity=units(600),
        consideration=eur("50000.00"),
        fees={},
    )
    books.post([one, other])
    netted = Netted(
        netting_id="N-1",
        date=T,
        obligations=[one.obligation, other.obligation],
        counterparty="CCP",
    )
    books.post([netted])
    net = Obligation("N-1", units(400), eur("0.00"), "CCP", "ccp")
    part = net.share(units(100), eur("0.00"))
    books.post([TradeSettled(obligation=part, date=S)])
    assert differing(books)[SHORT["owner"]] == "100 ACME"
    rest = net.share(units(300), eur("0.00"))
    books.post([TradeSettled(obligation=rest, date=S, part=2)])
    assert differing(books) == {}


def test_a_customers_trade_is_no_asset_of_the_firm(books: SettlementBooks) -> None:
    """Agency business stays as it is booked, netted or not."""
    bought = trade(
        quantity=units(100),
        consideration=eur("2000.00"),
        fees={"commission": eur("5.00")},
        capacity="agent",
        owner="C-17",
    )
    netted = Netted(
        netting_id="N-1",
        date=T,
        obligations=[bought.obligation],
        counterparty="CCP",
    )
    books.post([bought, CustomerSettled(trade=bought, date=S), netted])
    assert differing(books) == {}
    assert len(open_obligations(books.ledger.view(), books.accounts)) == 1


def test_an_open_trade_is_split(books: SettlementBooks) -> None:
    """The open units change, the money does not, and both ways agree at the end."""
    bought = trade()
    books.post([bought])
    events = split(
        books.ledger.view(),
        books.accounts,
        split_id="X-2",
        instrument=ACME,
        ratio=Fraction(3, 2),
        date=T,
    )
    books.post(events)
    assert differing(books)[SHORT["owner"]] == "0"
    twice = Obligation("T-1", units(1500), eur("-50010.00"), "DEALER")
    books.post([TradeSettled(obligation=twice, date=S)])
    assert differing(books) == {}


def test_what_is_open(books: SettlementBooks) -> None:
    """Each open trade is listed with units, money, and what is failing."""
    bought = trade()
    books.post([bought, TradeFailing(obligation=bought.obligation, date=S)])
    view = books.ledger.view(as_of=S)
    assert open_obligations(view, books.accounts).rows() == [
        {
            "trade": "T-1",
            "counterparty": "DEALER",
            "units": bl.Balance([units(1000)]),
            "money": bl.Balance([eur("-50010.00")]),
            "failing": bl.Balance([eur("-50010.00")]),
        }
    ]
    assert settlement_date_balances(view, books.accounts).subtitle == f"as of {S}"
