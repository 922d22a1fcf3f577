"""A book lives with its rates: real months, restarts, another store, accruals."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.accruals import Accrual, Accruals, Deferral, Span
from backoffice_ledger.fx import (
    CurrencyDesk,
    LookUp,
    Rate,
    RateBook,
    RateColumns,
    Settlement,
    read_rates,
)
from backoffice_ledger.stores import PostgreSQLStore

MONTHLY = Path(__file__).parents[1] / "data" / "fx_monthly.csv"
COLUMNS = RateColumns(
    date="Date",
    value="Exchange rate",
    pair="Country",
    pairs={
        "Euro": ("USD", "EUR"),
        "Japan": ("USD", "JPY"),
        "United Kingdom": ("USD", "GBP"),
    },
)
LOOK_UP = LookUp("average", days_back_max=30, inverse=True, through="USD")
ITEMS = (("due", "USD"), ("usd", "JPY"), ("loan", "GBP"))
HELD = (
    ("10000.00 USD", "8800.00 EUR"),
    ("5000000 JPY", "40000.00 EUR"),
    ("-2000.00 GBP", "-2300.00 EUR"),
)
Opener = Callable[[], AbstractContextManager[bl.Ledger]]


def fred() -> list[Rate]:
    """Return the rates of the three currencies since 2023."""
    with MONTHLY.open(encoding="utf-8") as file:
        rates = read_rates(file, COLUMNS, source="FRED", kind="average")
        return [rate for rate in rates if rate.date.year >= 2023]


def month_ends(first: date, count: int) -> list[date]:
    """Return the last days of so many months."""
    ends = []
    for _ in range(count):
        following = (first + timedelta(31)).replace(day=1)
        ends.append(following - timedelta(1))
        first = following
    return ends


def live(
    opener: Opener,
    fill: Any,
    make_item: Any,
    make_desk: Any,
    take_up: Any,
    policy: str,
    months: int,
) -> list[str]:
    """Lead a book through months, opened anew for each; return its balances."""
    items = tuple(make_item(name, unit) for name, unit in ITEMS)

    def desk(ledger: bl.Ledger) -> CurrencyDesk:
        found: CurrencyDesk = make_desk(ledger, policy, items, look_up=LOOK_UP)
        return found

    begun = date(2023, 4, 3)
    with opener() as ledger:
        fill(ledger)
        RateBook(ledger).store(fred())
        for item, (foreign, cost) in zip(items, HELD, strict=True):
            counter = "income:sales" if item.account == "assets:due" else "assets:bank"
            take_up(ledger, item, foreign, cost, begun, item.account, counter)
    for number, day in enumerate(month_ends(begun.replace(day=1), months)):
        with opener() as ledger:
            desk(ledger).revalue(day, reverse_next_day=bool(number % 2))
        with opener() as ledger:
            assert desk(ledger).revalue(day, reverse_next_day=bool(number % 2)) == ()
            if policy != "losses-only":
                table = RateBook(ledger).table()
                for item in items:
                    held, carried = desk(ledger).position(item, day)
                    quote = table.quote(item.commodity, "EUR", day, LOOK_UP)
                    assert carried == quote.convert(held)
    last = date(2024, 2, 1)
    with opener() as ledger:
        for item, value in zip(items, ("9000.00", "33000.00", "2350.00"), strict=True):
            held, _ = desk(ledger).position(item, last)
            paid = Settlement(
                item.commodity.code,
                item,
                last,
                abs(held),
                f"{value} EUR",
                "assets:bank",
            )
            assert desk(ledger).settle(paid) == desk(ledger).settle(paid)
        ledger.verify()
        rows = ledger.view().trial_balance()
        return [
            f"{row['account']} {row['closing_debit']} {row['closing_credit']}"
            for row in rows
            if row["closing_debit"] or row["closing_credit"]
        ]


SETTLED = [
    "assets:bank 1950.00 EUR 0.00 EUR",
    "expenses:realised 7050.00 EUR 0.00 EUR",
    "income:realised 0.00 EUR 200.00 EUR",
    "income:sales 0.00 EUR 8800.00 EUR",
]
"""9,000 - 8,800 = 200 gained; 40,000 - 33,000 and 2,350 - 2,300 lost: 7,050."""


@pytest.mark.parametrize("policy", ["profit-and-loss", "losses-only", "provision"])
def test_real_months_in_a_file(
    tmp_path: Path, fill: Any, make_item: Any, make_desk: Any, take_up: Any, policy: str
) -> None:
    """The file is closed and opened for each month; in the end only what is realised.

    Unrealised differences, deferrals and provisions sum to zero over the life.
    """
    path = tmp_path / "books.db"

    def opener() -> bl.Ledger:
        return bl.open_ledger(path, actor="clerk", create=not path.exists())

    found = live(opener, fill, make_item, make_desk, take_up, policy, 9)
    unrealised = {
        line.split()[0]: line
        for line in found
        if line.split()[0].rpartition(":")[2] in ("unrealised", "provision", "released")
    }
    assert [line for line in found if line.split()[0] not in unrealised] == SETTLED
    with opener() as ledger:
        assert (
            sum(
                amount.minor_units * (1 if path.startswith("income") else -1)
                for path in unrealised
                for amount in ledger.balance(path)
            )
            == 0
        )


def test_the_same_life_on_postgresql(
    database: str,
    tmp_path: Path,
    fill: Any,
    make_item: Any,
    make_desk: Any,
    take_up: Any,
) -> None:
    """Rates, revaluations and settlements are the same as in a file."""
    path = tmp_path / "books.db"

    def file() -> bl.Ledger:
        return bl.open_ledger(path, actor="clerk", create=not path.exists())

    made: list[bool] = []

    @contextmanager
    def server() -> Iterator[bl.Ledger]:
        with closing(PostgreSQLStore(database)) as store:
            yield bl.open_ledger(store, actor="clerk", create=not made)
            made.append(True)

    arguments = (fill, make_item, make_desk, take_up, "provision", 4)
    assert live(server, *arguments) == live(file, *arguments)


def test_foreign_schedules_beside_revaluation(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, rate: Any
) -> None:
    """A prepayment keeps its historical rate; what is accrued is revalued.

    IAS 21: non-monetary items are carried at the rate of their transaction, monetary
    ones at the closing rate.  Foreign and base parts both sum exactly.
    """
    prepaid, accrued = make_item("prepaid"), make_item("loan")
    accruals = Accruals(ledger)
    paid = bl.EntryDraft(
        date(2026, 11, 1),
        prepaid.postings("1000.00 USD", "910.00 EUR"),
        id="paid",
        balance_to="assets:bank",
    )
    ledger.post(paid.to_entry())
    common: dict[str, Any] = {
        "span": Span.months(date(2026, 11, 1), 3),
        "method": "equal",
        "to_account": "expenses:fees",
        "total": "1000.00 USD",
        "base": "910.00 EUR",
    }
    accruals.schedule(
        Deferral(
            id="hosting",
            from_account=prepaid.account,
            exchange_account=prepaid.cost_account,
            **common,
        )
    )
    accruals.schedule(
        Accrual(
            id="audit",
            from_account=accrued.account,
            exchange_account=accrued.cost_account,
            **common,
        )
    )
    rows = accruals.plan("hosting").rows()
    assert [str(row["base"]) for row in rows] == [
        "303.33 EUR",
        "303.34 EUR",
        "303.33 EUR",
    ]
    closing = date(2026, 12, 31)
    accruals.run(through=closing)
    RateBook(ledger).store([rate(closing, "0.95")])
    desk = make_desk(ledger, items=(accrued,))
    assert [str(each) for each in desk.position(accrued, closing)] == [
        "-666.67 USD",
        "-606.67 EUR",
    ]
    [record] = desk.revalue(closing)
    assert record.entry.postings[0] == bl.credit("equity:valuation:loan", "26.67 EUR")
    kept = make_desk(ledger, items=(make_item("due"),))
    assert kept.revalue(closing) == ()
    assert str(ledger.balance("equity:trading:prepaid")["EUR"]) == "-303.33 EUR"
    accruals.run(through=date(2027, 1, 31))
    assert not ledger.balance("equity:trading:prepaid")
    assert not ledger.balance("assets:prepaid")


def test_the_books_own_rates_are_the_usual_ones(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """Without another set a desk takes ``RateBook(ledger)``; what is even stays so."""
    take_up(
        ledger, make_item("due"), "100.00 USD", "92.00 EUR", date(2026, 3, 1), "even"
    )
    take_up(ledger, make_item("usd"), "100.00 USD", "90.00 EUR", date(2026, 3, 1), "up")
    RateBook(ledger).store([rate(date(2026, 3, 31), "0.92")])
    [record] = make_desk(ledger, rates=None).revalue(date(2026, 3, 31))
    assert list(map(str, record.entry.postings)) == [
        "Dr equity:valuation:usd 2.00 EUR",
        "Cr income:unrealised 2.00 EUR",
    ]


def test_ten_years_of_real_months(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any
) -> None:
    """A dollar's averages of 2016 to 2025: the changes sum to the last value less cost.

    Reversed or not makes no difference at the end.
    """
    with MONTHLY.open(encoding="utf-8") as file:
        rates = read_rates(file, COLUMNS, source="FRED", kind="average")
        years = range(2016, 2026)
        RateBook(ledger).store(rate for rate in rates if rate.date.year in years)
    due = make_item("due")
    take_up(ledger, due, "10000.00 USD", "9000.00 EUR", date(2015, 12, 1))
    desk = make_desk(ledger, items=(due,), look_up=LOOK_UP)
    changes = 0
    for number, day in enumerate(month_ends(date(2016, 1, 1), 120)):
        table = desk.plan(day)
        changes += table.total("change")["EUR"].minor_units
        is_reversed = number % 5 == 1
        desk.revalue(day, reverse_next_day=is_reversed)
        if is_reversed:
            changes -= table.total("change")["EUR"].minor_units
    last = RateBook(ledger).table().quote("USD", "EUR", date(2025, 12, 31), LOOK_UP)
    assert [rate.date for rate in last.rates] == [date(2025, 12, 1)]
    value = last.convert(bl.Amount("10000.00", "USD")).minor_units
    assert changes == value - 900_000
    assert ledger.balance("equity:valuation:due")["EUR"].minor_units == -changes


def at_once(database: str, *works: Callable[[bl.Ledger], object]) -> list[Any]:
    """Do works on ledgers of their own at the same time; return results or errors."""
    barrier = Barrier(len(works))

    def do(work: Callable[[bl.Ledger], Any]) -> Any:
        with closing(PostgreSQLStore(database)) as store:
            ledger = bl.open_ledger(store, actor="clerk")
            barrier.wait()
            try:
                return work(ledger)
            except bl.LedgerError as error:
                return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(do, works))


def test_two_desks_at_once(
    database: str, fill: Any, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """Two revaluations make one entry, of two settlements of the whole one is booked.

    Who comes second finds nothing to do, or posts the same entry and gets the first.
    """
    closing_day, item = date(2026, 12, 31), make_item("due")
    with closing(PostgreSQLStore(database)) as store:
        ledger = fill(bl.open_ledger(store, actor="clerk", create=True))
        take_up(ledger, item, "10000.00 USD", "9000.00 EUR", date(2026, 11, 10))
        RateBook(ledger).store([rate(closing_day, "0.92")])

    def revalue(ledger: bl.Ledger) -> Any:
        return make_desk(ledger).revalue(closing_day)

    def settle(id: str) -> Callable[[bl.Ledger], object]:
        day = date(2027, 1, 20)
        whole = Settlement(id, item, day, "10000.00 USD", "9100.00 EUR", "assets:bank")
        return lambda ledger: make_desk(ledger).settle(whole)

    found = at_once(database, revalue, revalue)
    assert len({record.position for records in found for record in records}) == 1
    found = at_once(database, settle("a"), settle("b"))
    assert sum(isinstance(each, bl.Record) for each in found) == 1
    with closing(PostgreSQLStore(database)) as store:
        ledger = bl.open_ledger(store, actor="clerk")
        assert len(list(ledger.view().entries(dates=(closing_day, None)))) == 2
        assert str(ledger.balance("assets:bank")) == "9100.00 EUR"
        assert str(ledger.balance("income:realised")) == "100.00 EUR"
        for path in (item.account, item.cost_account, item.valuation_account):
            assert not ledger.balance(path)
        ledger.verify()
