"""Translation: the published case, chains of spans, and the roll-forward."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidDate, InvalidOption, RateMissing
from backoffice_ledger.fx import LookUp, Rate, RateTable, Translation, translate

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
OPENED = date(2025, 12, 31)
AVERAGE = LookUp("average", days_back_max=365)


def usd(day: date, value: str | Fraction, kind: Any = "closing") -> Rate:
    """Return a dollar's rate in euros."""
    return Rate("USD", "EUR", day, Fraction(value), "us", kind)


RATES = RateTable(
    [
        usd(OPENED, "0.90"),
        usd(date(2026, 1, 1), "0.92", "average"),
        usd(date(2026, 6, 30), "0.93"),
        usd(date(2026, 12, 31), "0.95"),
    ]
)


def move(
    ledger: bl.Ledger, id: str, day: date, debited: str, credited: str, amount: str,
    kind: str = "normal",
) -> None:  # fmt: skip
    """Post an entry of two lines."""
    postings = [bl.debit(debited, amount), bl.credit(credited, amount)]
    ledger.post(bl.Entry(id, day, postings, kind=kind))


@pytest.fixture
def subsidiary(ledger: bl.Ledger) -> bl.Ledger:
    """Return a book in dollars: net assets 1,000, profit 300, dividend 100."""
    move(ledger, "1", date(2025, 3, 1), "assets:bank", "equity:capital", "1000.00 USD")
    move(ledger, "2", date(2026, 3, 1), "assets:bank", "income:sales", "500.00 USD")
    move(ledger, "3", date(2026, 9, 1), "expenses:fees", "liabilities:loan",
         "200.00 USD")  # fmt: skip
    move(ledger, "4", date(2026, 6, 30), "equity:capital", "assets:bank", "100.00 USD")
    return ledger


def run(ledger: bl.Ledger, **options: Any) -> Translation:
    """Translate the year."""
    arguments: dict[str, Any] = {
        "functional": "USD",
        "presentation": "EUR",
        "rates": RATES,
        "result": AVERAGE,
    }
    return translate(ledger, options.pop("dates", YEAR), **(arguments | options))


def test_the_worked_case(subsidiary: bl.Ledger) -> None:
    """Rates 0.90, 0.92, 0.93, 0.95: CTA 57; 900 + 276 - 93 + 57 = 1,140.

    CTA = 1,000 x 0.05 + 300 x 0.03 - 100 x 0.02, IAS 21, as the specification has it.
    """
    found = run(subsidiary)
    assert str(found.translation_difference) == "57.00 EUR"
    assert str(found.net_assets) == "1140.00 EUR"
    assert found.roll_forward == 57
    proof = found.proof()
    rows = [[str(row[name]) for name in ("presented", "difference")] for row in proof]
    assert rows == [
        ["900.00 EUR", "50.00 EUR"],
        ["-184.00 EUR", "-6.00 EUR"],
        ["460.00 EUR", "15.00 EUR"],
        ["-93.00 EUR", "-2.00 EUR"],
    ]
    assert str(proof.total("translation_difference")["EUR"]) == "57.00 EUR"
    assert str(proof.total("net_assets")["EUR"]) == "1140.00 EUR"
    assert str(found.income_statement().total("result")["EUR"]) == "276.00 EUR"


def test_the_balance_sheet_balances(subsidiary: bl.Ledger) -> None:
    """Net assets by account above, what explains them below."""
    sheet = run(subsidiary).balance_sheet()
    rows = [(row["item"], str(row["presented"])) for row in sheet]
    assert rows == [
        ("assets:bank", "1330.00 EUR"),
        ("liabilities:loan", "-190.00 EUR"),
        ("Opening net assets", "900.00 EUR"),
        ("Result", "276.00 EUR"),
        ("equity:capital 2026-06-30", "-93.00 EUR"),
        ("Translation difference", "57.00 EUR"),
    ]
    totals = [row for row in sheet.rows(totals=True) if row["role"] == "total"]
    assert [str(row["presented"]) for row in totals] == ["1140.00 EUR"] * 2


def test_closing_entries_make_no_difference(subsidiary: bl.Ledger) -> None:
    """The result is shown before it is moved to equity."""
    before = run(subsidiary)
    move(subsidiary, "c1", YEAR[1], "income:sales", "equity:capital", "500.00 USD",
         "closing")  # fmt: skip
    move(subsidiary, "c2", YEAR[1], "equity:capital", "expenses:fees", "200.00 USD",
         "closing")  # fmt: skip
    assert run(subsidiary) == before
    subsidiary.reverse("c2", date=YEAR[1], reason="too early")
    assert run(subsidiary) == before


def test_the_next_year_begins_where_this_one_ends(subsidiary: bl.Ledger) -> None:
    """Opening net assets stay as they were presented, in whatever spans one goes."""
    year = run(subsidiary)
    rates = RateTable([*RATES, usd(date(2027, 12, 31), "1.00")])
    following = run(
        subsidiary,
        dates=(date(2027, 1, 1), date(2027, 12, 31)),
        rates=rates,
        opening=year,
    )
    assert str(following.opening.value) == "1140"
    assert str(following.translation_difference) == "60.00 EUR"
    move(
        subsidiary, "late", date(2026, 12, 1), "assets:bank", "income:sales", "1.00 USD"
    )
    with pytest.raises(InvalidOption, match=r"net assets of 1201.00 USD"):
        run(
            subsidiary,
            dates=(date(2027, 1, 1), date(2027, 12, 31)),
            rates=rates,
            opening=year,
        )
    with pytest.raises(InvalidOption, match="that ends on 2025-12-31"):
        run(subsidiary, opening=year)


def test_the_result_by_transaction(subsidiary: bl.Ledger) -> None:
    """Without averages each entry takes the rate of its day; none may be missing."""
    with pytest.raises(RateMissing, match="2026-03-01"):
        run(subsidiary, result=None)
    rates = RateTable(
        [*RATES, usd(date(2026, 3, 1), "0.80"), usd(date(2026, 9, 1), "0.90")]
    )
    found = run(subsidiary, result=None, rates=rates)
    assert [term.value for term in found.result] == [-180, 400]


def test_a_new_book_has_nothing_to_open(ledger: bl.Ledger) -> None:
    """No rate is needed for the day before; capital comes at the rate of its day."""
    move(ledger, "1", date(2026, 6, 30), "assets:bank", "equity:capital", "100.00 USD")
    rates = RateTable([usd(date(2026, 6, 30), "0.93"), usd(YEAR[1], "0.95")])
    found = run(ledger, rates=rates)
    assert str(found.translation_difference) == "2.00 EUR"


def test_trading_accounts_stand_for_foreign_assets(
    subsidiary: bl.Ledger, make_item: Any, take_up: Any
) -> None:
    """Yen bought for dollars are net assets at their cost, not an owner's doing."""
    yen = make_item("due", "JPY")
    take_up(subsidiary, yen, "15000 JPY", "100.00 USD", date(2026, 5, 1), "yen",
            "assets:bank")  # fmt: skip
    found = run(subsidiary, trading_accounts=["equity:trading"])
    assert str(found.net_assets) == "1140.00 EUR"
    assert str(found.translation_difference) == "57.00 EUR"
    with pytest.raises(bl.errors.UnknownAccount):
        run(subsidiary, trading_accounts=["equity:none"])


def test_rounding_has_a_line_of_its_own(ledger: bl.Ledger) -> None:
    """Lines are rounded; what they do not explain together is shown."""
    rates = RateTable([usd(OPENED, "0.5"), usd(YEAR[1], "0.25"),
                       usd(YEAR[0], "0.5", "average")])  # fmt: skip
    move(ledger, "1", date(2026, 2, 1), "assets:bank", "income:sales", "0.01 USD")
    move(ledger, "2", date(2026, 2, 1), "assets:usd", "income:realised", "0.01 USD")
    proof = run(ledger, rates=rates).proof()
    rows = [(row["item"], str(row["difference"])) for row in proof]
    assert rows == [
        ("Opening net assets", "0.00 EUR"),
        ("income:realised", "0.00 EUR"),
        ("income:sales", "0.00 EUR"),
        ("Rounding", "-0.02 EUR"),
    ]


days = st.integers(1, 364).map(lambda n: date(2026, 1, 1) + timedelta(n))
moves = st.lists(
    st.tuples(
        st.sampled_from(["income:sales", "expenses:fees", "equity:capital",
                         "liabilities:loan"]),
        days,
        st.integers(-(10**7), 10**7).filter(bool),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=40)
@given(
    opening=st.integers(-(10**6), 10**7),
    moves=moves,
    values=st.lists(st.integers(1, 30_000), min_size=366, max_size=366)
    | st.integers(1, 30_000).map(lambda n: [n + k % 7 for k in range(366)]),
)
def test_the_difference_is_what_balances_and_the_roll_forward(
    fill: Any, opening: int, moves: list[tuple[str, date, int]], values: list[int]
) -> None:
    """Against a plain loop; rounded lines are off by half a cent each at most."""
    rates = RateTable(
        usd(OPENED + timedelta(n), Fraction(value, 10_000))
        for n, value in enumerate(values)
    )
    at = {rate.date: rate.value for rate in rates}
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        fill(ledger)
        plain = [("equity:capital", OPENED, opening), *moves]
        for number, (path, day, units) in enumerate(plain):
            if not units:
                continue
            amount = bl.Amount.from_minor(abs(units), "USD")
            accounts = ["assets:bank", path] if units > 0 else [path, "assets:bank"]
            move(ledger, str(number), day, *accounts, str(amount))
        found = run(ledger, rates=rates, result=None)
    own = [(day, units) for path, day, units in plain if path != "liabilities:loan"]
    closing = at[YEAR[1]]
    expected = sum((units * (closing - at[day]) for day, units in own), Fraction(0))
    assert found.roll_forward == expected / 100
    sheet = found.balance_sheet()
    top, bottom = (row["presented"] for row in sheet.rows(totals=True)
                   if row["role"] == "total")  # fmt: skip
    assert top == bottom == found.net_assets
    lines = [row["presented"] for row in sheet]
    assets = len(found.balances)
    zero = bl.Amount(0, "EUR")
    assert sum(lines[:assets], start=zero) == sum(lines[assets:], start=zero)
    count = assets + 1 + len(found.result) + len(found.movements)
    difference = Fraction(found.translation_difference.decimal) - found.roll_forward
    assert abs(difference) <= Fraction(count, 200)


@pytest.mark.parametrize(
    ("options", "error", "field"),
    [
        ({"dates": YEAR[0]}, InvalidOption, "dates"),
        ({"dates": (YEAR[1], YEAR[0])}, InvalidOption, "dates"),
        ({"dates": ("2026-01-01", YEAR[1])}, InvalidDate, "dates"),
        ({"rates": {}}, InvalidOption, "rates"),
        ({"opening": "none"}, InvalidOption, "opening"),
        ({"rounding": "nearest"}, InvalidOption, "rounding"),
        ({"rates": RateTable([usd(YEAR[1], Decimal(1).to_eng_string())])}, RateMissing,
         "rate"),
    ],
)  # fmt: skip
def test_what_is_refused(
    subsidiary: bl.Ledger, options: dict[str, Any], error: type[bl.LedgerError],
    field: str,
) -> None:  # fmt: skip
    """Bad spans, bad tables, and an opening rate that is missing."""
    with pytest.raises(error) as caught:
        run(subsidiary, **options)
    assert caught.value.field == field
