"""Revaluation and settlement: the published case, policies, retries, refusals."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    CarryingMismatch,
    ConditionFailed,
    DocumentConflict,
    IdempotencyConflict,
    InvalidDate,
    InvalidOption,
    PeriodNotOpen,
    RateMissing,
    UnknownAccount,
)
from backoffice_ledger.fx import (
    CurrencyDesk,
    LossesOnly,
    MonetaryItem,
    ProfitAndLoss,
    Provision,
    Rate,
    RateBook,
    Settlement,
)

SOLD = date(2026, 11, 10)
CLOSING = date(2026, 12, 31)
NEXT = date(2027, 1, 1)
PAID = date(2027, 1, 20)
POLICIES = ("profit-and-loss", "one-account", "losses-only", "provision")


def amount(units: int, code: str = "EUR") -> bl.Amount:
    """Return an amount of minor units."""
    return bl.Amount.from_minor(units, code)


def gain(ledger: bl.Ledger, first: date | None = None, last: date = PAID) -> bl.Amount:
    """Return income less expenses in euros, without the sale."""
    table = ledger.view().income_statement((first, last))
    net = table.total("result")["EUR"]
    sold = ledger.view(as_of=last).balance("income:sales")["EUR"]
    return net - (sold if first is None else amount(0))


@pytest.fixture
def run(
    make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> Callable[..., tuple[bl.Amount, bl.Amount]]:
    """Return the whole life of an item: its result at the closing, and after."""

    def life(
        ledger: bl.Ledger,
        policy: str,
        *,
        name: str = "due",
        foreign: str = "10000.00 USD",
        cost: str = "9000.00 EUR",
        closing: str = "0.92",
        value: str = "9100.00 EUR",
        reverse: bool = False,
        is_short_term: bool = False,
    ) -> tuple[bl.Amount, bl.Amount]:
        item = make_item(name, is_short_term=is_short_term)
        desk = make_desk(ledger, policy, (item,))
        take_up(ledger, item, foreign, cost, SOLD)
        RateBook(ledger).store([rate(CLOSING, closing)])
        desk.revalue(CLOSING, reverse_next_day=reverse)
        at_closing = gain(ledger, last=CLOSING)
        desk.settle(
            Settlement(
                "paid",
                item,
                PAID,
                abs(bl.Amount.parse(foreign)),
                value,
                "assets:bank",
            )
        )
        for path in (item.account, item.cost_account, item.valuation_account):
            assert not ledger.balance(path), path
        return at_closing, gain(ledger)

    return life


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("policy", "at_closing"),
    [
        ("profit-and-loss", "200.00 EUR"),
        ("one-account", "200.00 EUR"),
        ("losses-only", "0.00 EUR"),
        ("provision", "0.00 EUR"),
    ],
)
def test_the_worked_case(
    ledger: bl.Ledger, run: Any, policy: str, at_closing: str, reverse: bool
) -> None:
    """USD 10,000 at 0.90, closing 0.92, paid at 0.91: the sum is +100 on every path.

    The example of IAS 21 in the specification: at the closing +200; then -100, or with
    the reversal -200 and a realised +100.
    """
    found = run(ledger, policy, reverse=reverse)
    assert tuple(map(str, found)) == (at_closing, "100.00 EUR")
    realised = ledger.view().balance("income:realised")["EUR"]
    assert str(realised) == "100.00 EUR"
    ledger.verify()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_loss_counts_at_once_under_every_policy(
    ledger: bl.Ledger, run: Any, policy: str, reverse: bool
) -> None:
    """At 0.88 the receivable has lost 200; paid at 0.91 it is +100 in all."""
    found = run(ledger, policy, closing="0.88", reverse=reverse)
    assert tuple(map(str, found)) == ("-200.00 EUR", "100.00 EUR")


def test_short_term_items_take_gains_under_prudence(
    ledger: bl.Ledger, run: Any
) -> None:
    """HGB §256a: up to a year of remaining term the limit of cost is lifted."""
    found = run(ledger, "losses-only", is_short_term=True)
    assert tuple(map(str, found)) == ("200.00 EUR", "100.00 EUR")


@pytest.mark.parametrize(
    ("policy", "closing", "at_closing"),
    [
        ("profit-and-loss", "0.92", "-200.00 EUR"),
        ("losses-only", "0.92", "-200.00 EUR"),
        ("provision", "0.92", "-200.00 EUR"),
        ("profit-and-loss", "0.88", "200.00 EUR"),
        ("losses-only", "0.88", "0.00 EUR"),
        ("provision", "0.88", "0.00 EUR"),
    ],
)
def test_a_liability_loses_where_an_asset_gains(
    ledger: bl.Ledger, run: Any, policy: str, closing: str, at_closing: str
) -> None:
    """A dearer dollar makes a debt dearer; paid at 0.91 it has cost 100 in all."""
    found = run(
        ledger,
        policy,
        name="loan",
        foreign="-10000.00 USD",
        cost="-9000.00 EUR",
        closing=closing,
    )
    assert tuple(map(str, found)) == (at_closing, "-100.00 EUR")


@settings(max_examples=40)
@given(
    policy=st.sampled_from(POLICIES),
    units=st.integers(1, 10**7),
    cost=st.integers(1, 10**7),
    closings=st.lists(
        st.tuples(st.integers(1, 30_000), st.booleans()), min_size=1, max_size=3
    ),
    first_part=st.integers(0, 100),
    values=st.tuples(st.integers(1, 10**7), st.integers(1, 10**7)),
    debt=st.booleans(),
    short=st.booleans(),
)
def test_what_came_in_less_what_it_cost_is_the_sum_of_all_differences(
    policy: str,
    units: int,
    cost: int,
    closings: list[tuple[int, bool]],
    first_part: int,
    values: tuple[int, int],
    debt: bool,
    short: bool,
    fill: Any,
    make_item: Any,
    make_desk: Any,
    take_up: Any,
) -> None:
    """Whatever the policy, the rates, reversals and part payments; nothing is left."""
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        fill(ledger)
        sign = -1 if debt else 1
        item = make_item("loan" if debt else "due", is_short_term=short)
        desk = make_desk(ledger, policy, (item,))
        take_up(
            ledger, item, str(amount(sign * units, "USD")), str(amount(sign * cost)),
            SOLD,
        )  # fmt: skip
        part = units * first_part // 100
        received = 0
        for month, (value, reverse) in enumerate(closings, 1):
            day = date(2027, month, 28)
            RateBook(ledger).store(
                [Rate("USD", "EUR", day, Decimal(value) / 10_000, "us")]
            )
            desk.revalue(day, reverse_next_day=reverse)
            assert desk.revalue(day, reverse_next_day=reverse) == ()
            if month == 1 and 0 < part < units:
                desk.settle(
                    Settlement(
                        "part",
                        item,
                        date(2027, 1, 30),
                        amount(part, "USD"),
                        amount(values[0]),
                        "assets:bank",
                    )
                )
                received += values[0]
                units -= part
        rest = Settlement(
            "rest",
            item,
            date(2027, 4, 5),
            amount(units, "USD"),
            amount(values[1]),
            "assets:bank",
        )
        desk.settle(rest)
        received += values[1]
        assert gain(ledger, last=date(2027, 12, 31)) == amount(sign * (received - cost))
        left = ("deferred-gains", "provision")
        for path in (
            item.account,
            item.cost_account,
            item.valuation_account,
            *(f"liabilities:{name}" for name in left),
            "assets:deferred-losses",
        ):
            assert not ledger.balance(path), path


def test_entry_and_document_say_how(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """The entry is of kind revaluation; its document names rates and their versions."""
    take_up(ledger, make_item("due"), "10000.00 USD", "9000.00 EUR", SOLD)
    book = RateBook(ledger)
    book.store([rate(CLOSING, "0.93")])
    book.store([rate(CLOSING, "0.92")])
    [record] = make_desk(ledger).revalue(CLOSING)
    assert list(map(str, record.entry.postings)) == [
        "Dr equity:valuation:due 200.00 EUR",
        "Cr income:unrealised 200.00 EUR",
    ]
    assert record.entry.kind is bl.EntryKind.REVALUATION
    name = "fx-revaluation/all/2026-12-31/v1"
    assert (record.entry.id, record.entry.references) == (name, (name,))
    content = ledger.documents.get("fx-revaluation", "all/2026-12-31").content
    assert content["items"] == (
        ("assets:due", "USD", "1000000", "900000", "0", "20000"),
    )
    assert content["rates"]["USD"] == {
        "documents": ("fx-rates/rates/USD/EUR/closing/2026/v2",),
        "rates": (("USD/EUR", "closing", "2026-12-31", "0.92", "our bank"),),
        "value": "0.92",
    }
    assert content["policy"]["type"] == "profit-and-loss"


def test_the_provision_of_a_loss(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """The loss is deferred, and a provision made; when it turns, all is taken back."""
    take_up(ledger, make_item("due"), "10000.00 USD", "9000.00 EUR", SOLD)
    RateBook(ledger).store([rate(CLOSING, "0.88"), rate(date(2027, 1, 31), "0.91")])
    desk = make_desk(ledger, "provision")
    assert list(map(str, desk.revalue(CLOSING)[0].entry.postings)) == [
        "Cr equity:valuation:due 200.00 EUR",
        "Dr assets:deferred-losses 200.00 EUR",
        "Cr liabilities:provision 200.00 EUR",
        "Dr expenses:provision 200.00 EUR",
    ]
    assert list(map(str, desk.revalue(date(2027, 1, 31))[0].entry.postings)) == [
        "Dr equity:valuation:due 300.00 EUR",
        "Cr liabilities:deferred-gains 100.00 EUR",
        "Cr assets:deferred-losses 200.00 EUR",
        "Dr liabilities:provision 200.00 EUR",
        "Cr income:released 200.00 EUR",
    ]


def test_a_provision_in_place_of_an_adjustment(
    ledger: bl.Ledger, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """A valuation account of type liability is the item's provision."""
    item = MonetaryItem(
        "assets:due", "USD", "equity:trading:due", "liabilities:provision"
    )
    take_up(ledger, item, "10000.00 USD", "9000.00 EUR", SOLD)
    RateBook(ledger).store([rate(CLOSING, "0.88"), rate(date(2027, 1, 31), "0.91")])
    policy = LossesOnly("income:released", "expenses:provision")
    desk = make_desk(ledger, policy, (item,))
    assert list(map(str, desk.revalue(CLOSING)[0].entry.postings)) == [
        "Cr liabilities:provision 200.00 EUR",
        "Dr expenses:provision 200.00 EUR",
    ]
    assert list(map(str, desk.revalue(date(2027, 1, 31))[0].entry.postings)) == [
        "Dr liabilities:provision 200.00 EUR",
        "Cr income:released 200.00 EUR",
    ]


def test_plan_shows_what_would_be_posted(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """A preview writes nothing; empty items are left out."""
    take_up(ledger, make_item("due"), "10000.00 USD", "9000.00 EUR", SOLD)
    take_up(ledger, make_item("loan"), "-500.00 USD", "-450.00 EUR", SOLD, "loan",
            "assets:bank")  # fmt: skip
    RateBook(ledger).store([rate(CLOSING, "0.92")])
    before = ledger.verify()
    table = make_desk(ledger).plan(CLOSING)
    assert ledger.verify() == before
    rows = [{k: str(v) for k, v in row.items()} for row in table]
    assert [row["account"] for row in rows] == ["assets:due", "liabilities:loan"]
    assert rows[1] == {
        "account": "liabilities:loan",
        "foreign": "-500.00 USD",
        "rate": "0.92",
        "rated": "USD/EUR 2026-12-31",
        "cost": "-450.00 EUR",
        "value": "-460.00 EUR",
        "before": "0.00 EUR",
        "change": "-10.00 EUR",
        "carrying": "-460.00 EUR",
    }
    assert table.total("change")["EUR"] == amount(19_000)


def test_a_corrected_rate_and_a_late_invoice_are_caught_up(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """A run posts the difference to what is carried, under the next version."""
    item = make_item("due")
    desk = make_desk(ledger)
    book = RateBook(ledger)
    take_up(ledger, item, "10000.00 USD", "9000.00 EUR", SOLD)
    book.store([rate(CLOSING, "0.92")])
    desk.revalue(CLOSING, reverse_next_day=True)
    book.store([rate(CLOSING, "0.93")])
    [second] = desk.revalue(CLOSING, reverse_next_day=True)
    assert second.entry.id.endswith("/v2")
    take_up(ledger, item, "1000.00 USD", "920.00 EUR", SOLD, "late")
    [third] = desk.revalue(CLOSING, reverse_next_day=True)
    changes = [record.entry.postings[0].amount for record in (second, third)]
    assert changes == [amount(10_000), amount(1_000)]
    assert desk.position(item, CLOSING) == (amount(1_100_000, "USD"), amount(1_023_000))
    assert desk.position(item, NEXT)[1] == amount(992_000)


def test_many_items_are_revalued_in_one_step(
    ledger: bl.Ledger, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """A hundred to an entry and its document; all of them or none."""
    types = {"assets:many": "asset", "equity:cost": "equity", "equity:added": "equity"}
    items = []
    for number in range(210):
        for path in types:
            ledger.open_account(f"{path}:{number}", type=types[path])
        item = MonetaryItem(
            f"assets:many:{number}",
            "USD",
            f"equity:cost:{number}",
            f"equity:added:{number}",
        )
        items.append(item)
        take_up(ledger, item, "100.00 USD", "90.00 EUR", SOLD, f"i-{number}")
    RateBook(ledger).store([rate(CLOSING, "0.92")])
    desk = make_desk(ledger, items=tuple(items))
    ledger.periods.postpone("2027-01")
    with pytest.raises(PeriodNotOpen):
        desk.revalue(CLOSING, reverse_next_day=True)
    records = desk.revalue(CLOSING)
    assert [len(record.entry.postings) for record in records] == [101, 101, 11]
    assert [record.entry.id[-3:] for record in records] == ["/v1", "/v2", "/v3"]
    assert desk.revalue(CLOSING) == ()
    assert ledger.balance("income:unrealised")["EUR"] == amount(42_000)


def test_only_what_is_listed_is_touched(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """A prepayment is not monetary: it keeps the rate of its day."""
    prepaid = make_item("prepaid")
    take_up(ledger, prepaid, "1000.00 USD", "900.00 EUR", SOLD, "p", "assets:bank")
    RateBook(ledger).store([rate(CLOSING, "0.92")])
    assert make_desk(ledger).revalue(CLOSING) == ()
    assert ledger.balance("equity:trading:prepaid")["EUR"] == amount(-90_000)


def test_accounts_below_count_along(
    ledger: bl.Ledger, make_desk: Any, rate: Any
) -> None:
    """One item may stand for many accounts; a payment names the one that it settles."""
    ledger.open_account("assets:customers:c-1", type="asset")
    ledger.open_account("assets:customers:c-2", type="asset")
    item = MonetaryItem(
        "assets:customers", "USD", "equity:trading:due", "equity:valuation:due"
    )
    for number in (1, 2):
        draft = bl.EntryDraft(
            SOLD,
            item.postings(
                "100.00 USD", "90.00 EUR", account=f"assets:customers:c-{number}"
            ),
            id=f"invoice-{number}",
            balance_to="income:sales",
        )
        ledger.post(draft.to_entry())
    RateBook(ledger).store([rate(CLOSING, "0.92")])
    desk = make_desk(ledger, items=(item,))
    assert desk.revalue(CLOSING)[0].entry.postings[0].amount == amount(400)
    desk.settle(
        Settlement("paid", item, PAID, "100.00 USD", "91.00 EUR", "assets:bank",
                   account="assets:customers:c-1")
    )  # fmt: skip
    assert not ledger.balance("assets:customers:c-1")
    assert desk.position(item, PAID) == (amount(10_000, "USD"), amount(9_200))


def test_a_payment_in_its_own_currency_moves_the_cost(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any
) -> None:
    """The bank account takes the dollars at the day's rate; the rest is realised."""
    due, bank = make_item("due"), make_item("usd")
    take_up(ledger, due, "10000.00 USD", "9000.00 EUR", SOLD)
    desk = make_desk(ledger)
    record = desk.settle(
        Settlement("paid", due, PAID, "10000.00 USD", "9100.00 EUR", bank,
                   description="wire")
    )  # fmt: skip
    assert list(map(str, record.entry.postings)) == [
        "Dr assets:usd 10000.00 USD",
        "Cr equity:trading:usd 10000.00 USD",
        "Dr equity:trading:usd 9100.00 EUR",
        "Cr assets:due 10000.00 USD",
        "Dr equity:trading:due 10000.00 USD",
        "Cr equity:trading:due 9000.00 EUR",
        "Cr income:realised 100.00 EUR",
    ]
    assert desk.position(bank, PAID) == (amount(1_000_000, "USD"), amount(910_000))


def test_a_settlement_is_booked_once(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any
) -> None:
    """Again is the first record; another one of the same id is a conflict."""
    due = make_item("due")
    take_up(ledger, due, "10000.00 USD", "9000.00 EUR", SOLD)
    desk = make_desk(ledger)
    paid = Settlement("paid", due, PAID, "4000.00 USD", "3640.00 EUR", "assets:bank")
    first = desk.settle(paid)
    assert desk.settle(paid) == first
    other = Settlement("paid", due, PAID, "4000.00 USD", "3641.00 EUR", "assets:bank")
    before = ledger.verify()
    with pytest.raises(DocumentConflict):
        desk.settle(other)
    with pytest.raises(IdempotencyConflict):
        desk.settle(
            Settlement("invoice", due, PAID, "1.00 USD", "1.00 EUR", "assets:bank")
        )
    assert ledger.verify() == before
    with pytest.raises(InvalidOption, match=r"at most .* 6000.00 USD") as caught:
        desk.settle(
            Settlement("more", due, PAID, "6000.01 USD", "1.00 EUR", "assets:bank")
        )
    assert caught.value.field == "amount"


def test_what_is_settled_later_is_not_settled_before(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any
) -> None:
    """A settlement that is back-dated finds what is left, not what was there."""
    due = make_item("due")
    take_up(ledger, due, "100.00 USD", "90.00 EUR", SOLD)
    desk = make_desk(ledger)
    desk.settle(Settlement("a", due, PAID, "60.00 USD", "55.00 EUR", "assets:bank"))
    with pytest.raises(InvalidOption, match=r"at most .* 40.00 USD"):
        desk.settle(Settlement("b", due, NEXT, "60.00 USD", "55.00 EUR", "assets:bank"))
    with pytest.raises(InvalidOption, match=r"at most .* 0.00 USD"):
        early = date(2026, 1, 1)
        desk.settle(Settlement("c", due, early, "1.00 USD", "1.00 EUR", "assets:bank"))
    desk.settle(Settlement("d", due, NEXT, "40.00 USD", "36.00 EUR", "assets:bank"))
    assert not ledger.balance(due.cost_account)


def test_a_settlement_is_held_to_what_it_has_read(
    ledger: bl.Ledger,
    make_item: Any,
    make_desk: Any,
    take_up: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If the item moves between reading and posting, nothing is written."""
    due = make_item("due")
    take_up(ledger, due, "10000.00 USD", "9000.00 EUR", SOLD)
    desk = make_desk(ledger)
    real = CurrencyDesk._position

    def meddling(self: CurrencyDesk, item: MonetaryItem, on: date) -> Any:
        found = real(self, item, on)
        take_up(ledger, due, "1.00 USD", "1.00 EUR", SOLD, "meanwhile")
        return found

    monkeypatch.setattr(CurrencyDesk, "_position", meddling)
    before = ledger.verify()
    with pytest.raises(ConditionFailed):
        desk.settle(
            Settlement("paid", due, PAID, "1.00 USD", "1.00 EUR", "assets:bank")
        )
    assert ledger.verify() == before


# --- refusals ------------------------------------------------------------------------


def test_a_closed_period_takes_nothing(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """Neither the entry, nor an entry whose reversal would not be taken."""
    take_up(ledger, make_item("due"), "10000.00 USD", "9000.00 EUR", SOLD)
    RateBook(ledger).store([rate(CLOSING, "0.92")])
    ledger.periods.postpone("2027-01")
    desk = make_desk(ledger)
    before = ledger.verify()
    with pytest.raises(PeriodNotOpen):
        desk.revalue(CLOSING, reverse_next_day=True)
    assert ledger.verify() == before
    ledger.periods.close("2026")
    before = ledger.verify()
    with pytest.raises(PeriodNotOpen):
        desk.revalue(CLOSING)
    assert ledger.verify() == before


def test_a_missing_rate_is_named(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """One missing rate stops the run as a whole, with the pair and the day."""
    gbp = make_item("gbp", "GBP")
    take_up(ledger, make_item("due"), "10000.00 USD", "9000.00 EUR", SOLD)
    take_up(ledger, gbp, "10.00 GBP", "11.50 EUR", SOLD, "uk")
    RateBook(ledger).store([rate(CLOSING, "0.92")])
    desk = make_desk(ledger, items=(make_item("due"), gbp))
    before = ledger.verify()
    with pytest.raises(RateMissing, match="GBP/EUR on 2026-12-31"):
        desk.revalue(CLOSING)
    assert ledger.verify() == before


def test_a_balance_moved_past_its_trading_account(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any, rate: Any
) -> None:
    """Without the other side there is no cost: nothing is valued by guess."""
    due = make_item("due")
    take_up(ledger, due, "10000.00 USD", "9000.00 EUR", SOLD)
    RateBook(ledger).store([rate(CLOSING, "0.92")])
    moved = [bl.debit("assets:usd", "5.00 USD"), bl.credit("assets:due", "5.00 USD")]
    ledger.post(bl.Entry("moved", SOLD, moved))
    with pytest.raises(CarryingMismatch) as caught:
        make_desk(ledger).revalue(CLOSING)
    assert caught.value.field == "equity:trading:due"
    assert caught.value.expected == (
        "the other side of 9995.00 USD in assets:due on 2026-12-31"
    )
    assert caught.value.found == "'of 10000.00 USD'"


def test_a_trading_account_that_carries_something_else(
    ledger: bl.Ledger, make_item: Any, make_desk: Any, take_up: Any
) -> None:
    """Pounds beside the dollars: their costs cannot be told apart."""
    pooled = MonetaryItem(
        "assets:gbp", "GBP", "equity:trading:due", "equity:valuation:gbp"
    )
    take_up(ledger, pooled, "10.00 GBP", "11.50 EUR", SOLD)
    with pytest.raises(CarryingMismatch, match="only USD and EUR"):
        make_desk(ledger).plan(CLOSING)


@pytest.mark.parametrize(
    ("items", "error", "field"),
    [
        (("assets:none", "USD", "equity:a", "equity:b"), UnknownAccount, "account"),
        (("assets:due", "USD", "equity:none", "equity:b"), UnknownAccount, "account"),
        (
            ("equity:capital", "USD", "equity:trading:due", "equity:valuation:due"),
            InvalidOption,
            "account",
        ),
        (
            ("assets:due", "USD", "income:sales", "equity:valuation:due"),
            InvalidOption,
            "cost_account",
        ),
        (
            ("assets:due", "USD", "equity:trading:due", "income:sales"),
            InvalidOption,
            "valuation_account",
        ),
        (
            ("assets:due", "EUR", "equity:trading:due", "equity:valuation:due"),
            InvalidOption,
            "commodity",
        ),
    ],
)
def test_accounts_that_do_not_fit(
    ledger: bl.Ledger, make_desk: Any, items: Any, error: type[Exception], field: str
) -> None:
    """An item needs an asset or liability, and two accounts of the balance sheet."""
    desk = make_desk(ledger, items=(MonetaryItem(*items),))
    with pytest.raises(error) as caught:
        desk.plan(CLOSING)
    assert caught.value.field == field  # type: ignore[attr-defined]


def test_items_do_not_share_accounts(
    ledger: bl.Ledger, make_item: Any, make_desk: Any
) -> None:
    """Neither cost, nor valuation, nor the balance itself is counted twice."""
    due = make_item("due")
    shared = MonetaryItem("assets:usd", "USD", due.cost_account, "equity:valuation:usd")
    with pytest.raises(InvalidOption, match="an account for each item"):
        make_desk(ledger, items=(due, shared)).plan(CLOSING)
    twice = MonetaryItem("assets", "USD", "equity:trading:usd", "equity:valuation:usd")
    with pytest.raises(InvalidOption, match="each balance in one item"):
        make_desk(ledger, items=(due, twice)).plan(CLOSING)


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (ProfitAndLoss("assets:bank", "expenses:unrealised"), "gain_account"),
        (LossesOnly("income:unrealised", "equity:capital"), "loss_account"),
        (
            Provision(
                "assets:bank",
                "assets:deferred-losses",
                "liabilities:provision",
                "expenses:provision",
                "income:released",
            ),
            "deferred_gain_account",
        ),
    ],
)
def test_accounts_of_a_policy_that_do_not_fit(
    ledger: bl.Ledger, make_desk: Any, policy: Any, field: str
) -> None:
    """Differences go where the policy can show them."""
    with pytest.raises(InvalidOption) as caught:
        make_desk(ledger, policy=policy).plan(CLOSING)
    assert caught.value.field == field


def test_what_an_item_refuses(make_item: Any) -> None:
    """One account for one purpose, and amounts of its own commodity."""
    with pytest.raises(InvalidOption, match="another account"):
        MonetaryItem("assets:due", "USD", "equity:a", "equity:a")
    for below in (("assets:due:cost", "equity:a"), ("equity:a", "assets:due")):
        with pytest.raises(InvalidOption, match="not below assets:due"):
            MonetaryItem("assets:due", "USD", *below)
    with pytest.raises(InvalidOption):
        MonetaryItem("assets:due", "USD", "a", "b", is_short_term=1)  # type: ignore[arg-type]
    due = make_item("due")
    with pytest.raises(InvalidOption, match="an amount of USD"):
        due.postings("1.00 GBP", "1.00 EUR")
    with pytest.raises(InvalidOption, match="assets:due or below"):
        due.postings("1.00 USD", "1.00 EUR", account="assets:bank")
    with pytest.raises(bl.errors.InexactNumber):
        due.postings("1.00 USD", 1)
    with pytest.raises(InvalidOption, match="three accounts"):
        Provision("l:a", "a:b", "l:a", "e:a", "i:a")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0.00 USD"}, "amount"),
        ({"value": "-1.00 EUR"}, "value"),
        ({"amount": "1.00 GBP"}, "foreign"),
        ({"to": 1}, "to"),
        ({"item": "assets:due"}, "item"),
        ({"date": "2027-01-20"}, "date"),
    ],
)
def test_what_a_settlement_refuses(
    make_item: Any, changes: dict[str, Any], field: str
) -> None:
    """Its fields are checked when it is built."""
    fields: dict[str, Any] = {
        "id": "paid",
        "item": make_item("due"),
        "date": PAID,
        "amount": "1.00 USD",
        "value": "0.91 EUR",
        "to": "assets:bank",
    }
    with pytest.raises(bl.errors.InvalidInput) as caught:
        Settlement(**(fields | changes))
    assert caught.value.field == field
    with pytest.raises(InvalidOption, match="another item"):
        Settlement(**(fields | {"to": fields["item"]}))


def test_what_a_desk_refuses(ledger: bl.Ledger, make_item: Any, make_desk: Any) -> None:
    """Options are checked when it is built, items when they are settled."""
    for options in (
        {"policy": "losses-only"},
        {"rounding": "nearest"},
        {"look_up": "closing"},
        {"rates": "ecb"},
        {"realised": "income:realised"},
        {"items": ["assets:due"]},
    ):
        with pytest.raises(InvalidOption):
            CurrencyDesk(
                ledger,
                **{
                    "functional": "EUR",
                    "items": (),
                    "policy": ProfitAndLoss("income:realised", "expenses:realised"),
                    "realised": ProfitAndLoss("income:realised", "expenses:realised"),
                    **options,
                },  # type: ignore[arg-type]
            )
    desk = make_desk(ledger, items=(make_item("due"),))
    bank = make_item("usd")
    for item, to in ((bank, "assets:bank"), (make_item("due"), bank)):
        with pytest.raises(InvalidOption, match="an item of the desk"):
            desk.settle(Settlement("x", item, PAID, "1.00 USD", "1.00 EUR", to))
    with pytest.raises(InvalidOption, match="an amount of EUR"):
        desk.settle(
            Settlement(
                "x", make_item("due"), PAID, "1.00 USD", "1.00 GBP", "assets:bank"
            )
        )
    with pytest.raises(InvalidDate):
        desk.plan("2026-12-31")
    with pytest.raises(InvalidOption):
        desk.revalue(CLOSING, reverse_next_day="yes")
