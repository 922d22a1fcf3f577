"""At fair value through other comprehensive income: debt is recycled, equity is not."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import attrs
import postgresql_server
import pytest
from booking_notation import BOND, SHORT, booked, eur, journal, trade, units
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.accounting import (
    Category,
    PostingRules,
    SettlementAccounts,
    SettlementBooks,
    TradeCancelled,
    TradeSettled,
    TransactionCosts,
    settlement_date_balances,
)
from backoffice_ledger.settlement.lots import reconcile

T = date(2026, 10, 8)
S = date(2026, 10, 9)
ACCOUNTS = SettlementAccounts()
RESULT = (
    SHORT["realised"],
    SHORT["unrealised"],
    SHORT["commission"],
)
OCI = (
    ACCOUNTS.other_comprehensive_income,
    ACCOUNTS.other_comprehensive_income_equity,
)
NOTHING = bl.Balance()


def sums(view: bl.LedgerView, paths: Iterable[str]) -> bl.Amount:
    """Return the net credit on some accounts in euros."""
    total = eur("0.00")
    for path in paths:
        account = view.accounts()[path]
        balance = view.balance(path)["EUR"]
        total += balance if account.normal_side.value == "credit" else -balance
    return total


def live(books: SettlementBooks, category: Category) -> list[bl.Record]:
    """Buy 1,000 at 10.00, value them at 10.80, sell them at 11.00."""
    bought = trade(
        quantity=units(1000), consideration=eur("10000.00"), fees={}, category=category
    )
    sold = attrs.evolve(
        bought, trade_id="S-1", date=S, side="sell", consideration=eur("11000.00")
    )
    books.post([bought, TradeSettled(obligation=bought.obligation, date=S)])
    marked = books.mark(T, {"ACME": "10.80"})
    return [*marked, *books.post([sold])]


def test_debt_is_recycled(books: SettlementBooks) -> None:
    """IFRS 9 5.7.10: 800 go from OCI to the result, which shows 1,000 in all."""
    assert booked(live(books, "fvoci")) == journal(
        """
        2026-10-08 * settlement/firm/ACME/marked/2026-10-08/1
            Dr assets:securities:fvoci:fair-value   800.00 EUR
            Cr equity:other-comprehensive-income    800.00 EUR

        2026-10-09 * settlement/S-1/executed
            Cr assets:securities:fvoci:fair-value   800.00 EUR
            Dr equity:other-comprehensive-income    800.00 EUR
            Cr assets:securities:fvoci:cost       10000.00 EUR
            Cr realised                            1000.00 EUR
            Dr receivable                         11000.00 EUR
            Cr owner                               1000 ACME
            Dr pending-deliver                     1000 ACME
        """
    )
    view = books.ledger.view()
    assert sums(view, RESULT) == eur("1000.00")
    assert sums(view, OCI) == eur("0.00")
    assert view.balance(ACCOUNTS.retained_earnings) == NOTHING


def test_equity_is_not(books: SettlementBooks) -> None:
    """IFRS 9 5.7.5, B5.7.1: the last 200 in OCI, then 1,000 to retained earnings."""
    assert booked(live(books, "fvoci-equity")) == journal(
        """
        2026-10-08 * settlement/firm/ACME/marked/2026-10-08/1
            Dr assets:securities:fvoci-equity:fair-value               800.00 EUR
            Cr equity:other-comprehensive-income:equity-instruments    800.00 EUR

        2026-10-09 * settlement/S-1/executed
            Cr assets:securities:fvoci-equity:fair-value               800.00 EUR
            Cr assets:securities:fvoci-equity:cost                   10000.00 EUR
            Cr equity:other-comprehensive-income:equity-instruments    200.00 EUR
            Dr equity:other-comprehensive-income:equity-instruments   1000.00 EUR
            Cr equity:retained                                        1000.00 EUR
            Dr receivable                                            11000.00 EUR
            Cr owner                                                  1000 ACME
            Dr pending-deliver                                        1000 ACME
        """
    )
    view = books.ledger.view()
    assert sums(view, RESULT) == eur("0.00")
    assert sums(view, OCI) == eur("0.00")
    assert sums(view, [ACCOUNTS.retained_earnings]) == eur("1000.00")


def test_a_loss_on_equity(books: SettlementBooks) -> None:
    """A loss lowers retained earnings; a sale that was never valued has one change."""
    bought = trade(category="fvoci-equity", fees={})
    sold = attrs.evolve(
        bought, trade_id="S-1", side="sell", consideration=eur("49000.00")
    )
    _, record = books.post([bought, sold])
    assert booked([record])[2:5] == [
        "Dr equity:other-comprehensive-income:equity-instruments 1000.00 EUR",
        "Cr equity:other-comprehensive-income:equity-instruments 1000.00 EUR",
        "Dr equity:retained 1000.00 EUR",
    ]


@pytest.mark.parametrize(
    ("costs", "expense", "retained"),
    [("expense", "-6.00", "1000.00"), ("capitalise", "0.00", "994.00")],
)
def test_costs_of_the_sale_of_equity(
    ledger: bl.Ledger, costs: TransactionCosts, expense: str, retained: str
) -> None:
    """They are an expense, or they lower what the sale brings: 50,994 less 50,000."""
    books = SettlementBooks(ledger, PostingRules(transaction_costs=costs))
    bought = trade(category="fvoci-equity", fees={})
    sold = attrs.evolve(
        bought,
        trade_id="S-1",
        side="sell",
        consideration=eur("51000.00"),
        fees={"commission": eur("6.00")},
    )
    books.post([bought, sold])
    view = ledger.view()
    assert sums(view, RESULT) == eur(expense)
    assert sums(view, [ACCOUNTS.retained_earnings]) == eur(retained)


@pytest.mark.parametrize("category", ["fvoci", "fvoci-equity"])
def test_a_sale_is_taken_back(books: SettlementBooks, category: Category) -> None:
    """Taken back, it leaves the position, equity and result as they were."""
    bought = trade(category=category)
    books.post([bought])
    books.mark(T, {"ACME": "50.80"})
    before = balances(books)
    pool = list(books.positions()["firm", "ACME"].pool)
    sold = trade(
        trade_id="S-1", side="sell", quantity=units(600), category=category, date=S
    )
    books.post([sold])
    books.post([TradeCancelled(trade=sold, date=S)])
    assert balances(books) == before
    assert list(books.positions()["firm", "ACME"].pool) == pool


def balances(books: SettlementBooks) -> dict[str, bl.Balance]:
    """Return what is on each account."""
    view = books.ledger.view()
    return {path: found for path in view.accounts() if (found := view.balance(path))}


def test_a_purchase_is_taken_back_with_its_change(books: SettlementBooks) -> None:
    """The change of value goes back to where it came from."""
    bought = trade(category="fvoci-equity", fees={})
    books.post([bought])
    books.mark(T, {"ACME": "50.80"})
    books.post([TradeCancelled(trade=bought, date=S)])
    view = books.ledger.view()
    assert all(not view.balance(path) for path in view.accounts())


def test_categories_are_not_mixed(books: SettlementBooks) -> None:
    """What is held as equity at FVOCI is not bought as debt at FVOCI."""
    books.post([trade(category="fvoci-equity")])
    with pytest.raises(InvalidOption) as error:
        books.post([trade(trade_id="T-2", category="fvoci")])
    assert error.value.field == "category"


def test_each_account_of_securities_has_a_category() -> None:
    """The category leads to the account, and the account back to it."""
    for category in get_args(Category):
        assert ACCOUNTS.category(ACCOUNTS.securities(category)) == category
    with pytest.raises(InvalidOption, match="account"):
        ACCOUNTS.category(ACCOUNTS.nostro)


def test_settlement_date_accounting_of_equity(books: SettlementBooks) -> None:
    """IFRS 9 B3.1.6: what is sold is still there, and its reserve, until it is paid."""
    live(books, "fvoci-equity")
    table = settlement_date_balances(books.ledger.view(), books.accounts)
    found = {row["account"]: str(row["settlement_date"]) for row in table}
    assert found["assets:securities:fvoci-equity:cost"] == "10000.00 EUR"
    assert found["assets:securities:fvoci-equity:fair-value"] == "800.00 EUR"
    assert found[ACCOUNTS.other_comprehensive_income_equity] == "-800.00 EUR"
    assert found[ACCOUNTS.retained_earnings] == "0"


def test_a_book_of_before_goes_on(ledger: bl.Ledger) -> None:
    """A book without the accounts of this category needs them for it, and only then."""
    new = {
        ACCOUNTS.securities_fvoci_equity,
        ACCOUNTS.fair_value_fvoci_equity,
        ACCOUNTS.other_comprehensive_income_equity,
        ACCOUNTS.retained_earnings,
    }
    with bl.open_ledger(":memory:", actor="clerk") as old:
        for account in ledger.view().accounts().values():
            if account.path not in new:
                old.open_account(account.path, type=account.type)
        for name in ("trade", "counterparty", "instrument", "owner", "lot"):
            old.declare_dimension(name)
        books = SettlementBooks(old)
        bought = trade()
        sold = attrs.evolve(bought, trade_id="S-1", side="sell")
        books.post([bought])
        books.mark(T, {"ACME": "50.80"})
        books.post([sold])
        proof = reconcile(old.view(), ACCOUNTS.lots, ACCOUNTS.house)
        assert not proof.total("cost difference")
        ACCOUNTS.open_in(old)
        bond = bl.Amount(1, BOND)
        books.post([trade(trade_id="T-2", quantity=bond, category="fvoci-equity")])


def in_parts(open_ledger: Any) -> list[str]:
    """Buy and value, then sell in a ledger that is opened anew."""
    with open_ledger() as ledger:
        ACCOUNTS.open_in(ledger)
        bought = trade(category="fvoci-equity")
        SettlementBooks(ledger).post([bought])
    with open_ledger() as ledger:
        SettlementBooks(ledger).mark(T, {"ACME": "50.80"})
    sold = trade(
        trade_id="S-1",
        side="sell",
        quantity=units(600),
        consideration=eur("31200.00"),
        category="fvoci-equity",
    )
    for _ in range(2):
        with open_ledger() as ledger:
            SettlementBooks(ledger).post([sold])
    with open_ledger() as ledger:
        ledger.verify()
        return [
            str(reconcile(ledger.view(), ACCOUNTS.lots, ACCOUNTS.house)),
            str(settlement_date_balances(ledger.view(), ACCOUNTS)),
        ]


def test_a_book_that_is_closed_in_between(tmp_path: Path) -> None:
    """What was valued before is taken back by a sale in another process."""
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    found = in_parts(lambda: bl.open_ledger(path, actor="clerk"))
    assert "20000.00 EUR" in found[0]
    assert "-1200.00 EUR" in found[1]


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(tmp_path: Path) -> None:
    """The server has the same books as the file."""
    store = postgresql_server.store_of(tmp_path)
    bl.open_ledger(store, actor="clerk", create=True).close()
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    assert in_parts(lambda: bl.open_ledger(store, actor="clerk")) == in_parts(
        lambda: bl.open_ledger(path, actor="clerk")
    )


steps = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "mark"]),
        st.integers(1, 500),
        st.integers(1, 10**7),
    ),
    min_size=1,
    max_size=8,
)


def walk(category: Category, plan: list[tuple[str, int, int]]) -> list[bl.Amount]:
    """Return total comprehensive income after each day of a plan, and check it."""
    found: list[bl.Amount] = []
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        ACCOUNTS.open_in(ledger)
        books, held, day = SettlementBooks(ledger), 0, T
        for number, (action, count, money) in enumerate(plan):
            if action == "mark":
                price = bl.Amount.from_minor(money, "EUR").decimal
                books.mark(day, {"ACME": price})
            elif action == "buy" or held:
                count = count if action == "buy" else min(count, held)
                held += count if action == "buy" else -count
                event = trade(
                    trade_id=f"T-{number}",
                    date=day,
                    settlement_date=day,
                    side=action,
                    quantity=units(count),
                    consideration=bl.Amount.from_minor(money, "EUR"),
                    category=category,
                )
                books.post([event, TradeSettled(obligation=event.obligation, date=day)])
            day += timedelta(days=1)
            view = ledger.view()
            pool = books.positions().get(("firm", "ACME"))
            if category != "fvtpl" and pool is not None:
                assert sums(view, OCI) == pool.pool.adjustment
            if category == "fvoci-equity":
                assert sums(view, RESULT[:2]) == eur("0.00")
            else:
                assert sums(view, [ACCOUNTS.retained_earnings]) == eur("0.00")
            everything = (*RESULT, *OCI, ACCOUNTS.retained_earnings)
            found.append(sums(view, everything))
    return found


@settings(max_examples=5)
@given(plan=steps)
def test_total_comprehensive_income_is_the_same(
    plan: list[tuple[str, int, int]],
) -> None:
    """Where a change is shown differs; how much the firm earned in all does not.

    Other comprehensive income is what the position is above its cost, and of equity
    instruments nothing ever reaches the result.
    """
    assert walk("fvtpl", plan) == walk("fvoci", plan) == walk("fvoci-equity", plan)


@pytest.mark.long
@settings(max_examples=200)
@given(plan=steps)
def test_total_comprehensive_income_long(plan: list[tuple[str, int, int]]) -> None:
    """The same, searched further."""
    assert walk("fvtpl", plan) == walk("fvoci", plan) == walk("fvoci-equity", plan)
