"""Accounts and the chart that they form."""

import itertools
from datetime import date, timedelta
from typing import Any

import pytest

from backoffice_ledger._model.account import (
    Account,
    AccountType,
    ChartOfAccounts,
    ancestors,
)
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.posting import Side
from backoffice_ledger.errors import (
    BoundExceeded,
    InvalidDate,
    InvalidIdentifier,
    InvalidOption,
    InvalidText,
    LedgerError,
    UnknownAccount,
)

DAY = date(2026, 1, 31)
BANK = Account("assets:bank", "asset")
FEES = Account("income:fees", AccountType.INCOME)
CHART = ChartOfAccounts([FEES, BANK, Account("assets-old", "asset")])


def test_the_fields_of_an_account() -> None:
    """Commodities are a set of codes; what is not said has its default."""
    account = Account(
        "assets:bank:giro",
        "asset",
        commodities=["EUR", "USD", "EUR"],
        label="Girokonto Jürgen Groß",
        opened=DAY,
        closed=DAY,
        attributes={"line": "B.IV"},
    )
    assert account.path == "assets:bank:giro"
    assert account.name == "giro"
    assert account.parent == "assets:bank"
    assert account.type is AccountType.ASSET
    assert account.commodities == {"EUR", "USD"}
    assert account.label == "Girokonto Jürgen Groß"
    assert account.attributes == {"line": "B.IV"}
    top = Account("assets", "asset")
    assert (top.name, top.parent, top.label, top.commodities) == (
        "assets",
        None,
        None,
        None,
    )
    assert (top.opened, top.closed, top.attributes) == (None, None, {})


def test_an_account_looks_the_same_in_every_run() -> None:
    """A set of texts has another order in every process; what is shown has not."""
    shown = repr(Account("a", "asset", commodities=["USD", "EUR", "CHF"]))
    assert "commodities=['CHF', 'EUR', 'USD']" in shown
    assert "commodities=None" in repr(BANK)


@pytest.mark.parametrize(
    ("kind", "side"),
    [
        ("asset", Side.DEBIT),
        ("expense", Side.DEBIT),
        ("memorandum", Side.DEBIT),
        ("liability", Side.CREDIT),
        ("equity", Side.CREDIT),
        ("income", Side.CREDIT),
    ],
)
def test_normal_sides(kind: str, side: Side) -> None:
    """The side on which an account of each type grows."""
    assert AccountType.of(kind).normal_side is side
    assert Account("a", kind).normal_side is side
    assert {kind.value for kind in AccountType} == {
        *("asset", "liability", "equity", "income", "expense", "memorandum")
    }


@pytest.mark.parametrize(
    ("opened", "closed", "days"),
    [
        (None, None, [-1, 0, 1]),
        (0, None, [0, 1]),
        (None, 0, [-1, 0]),
        (0, 0, [0]),
        (1, 1, [1]),
    ],
)
def test_an_account_is_open_from_its_first_day_to_its_last(
    opened: int | None, closed: int | None, days: list[int]
) -> None:
    """Both included; no day is no bound."""
    at = {n: DAY + timedelta(days=n) for n in (-1, 0, 1)} | {None: None}
    account = Account("a", "asset", opened=at[opened], closed=at[closed])
    assert [n for n in (-1, 0, 1) if account.is_open_on(at[n])] == days


BAD_FIELDS = [
    ("path", "a::b", InvalidIdentifier),
    ("path", "c\u0430sh", InvalidIdentifier),
    ("path", None, InvalidIdentifier),
    ("path", ":".join("a" * 17), BoundExceeded),
    ("type", "assets", InvalidOption),
    ("type", None, InvalidOption),
    ("type", [], InvalidOption),
    ("type", "x" * 10**6, InvalidOption),
    ("commodities", "EUR", InvalidOption),
    ("commodities", b"EUR", InvalidOption),
    ("commodities", 7, InvalidOption),
    ("commodities", [], InvalidOption),
    ("commodities", ["A B"], InvalidIdentifier),
    ("commodities", [7], InvalidIdentifier),
    ("commodities", [f"C{n}" for n in range(65)], BoundExceeded),
    ("commodities", itertools.repeat("EUR"), BoundExceeded),
    ("label", "a\tb", InvalidText),
    ("label", 0, InvalidText),
    ("opened", "2026-01-31", InvalidDate),
    ("closed", 0, InvalidDate),
    ("closed", date(2026, 1, 30), InvalidOption),
    ("attributes", "line", InvalidIdentifier),
    ("attributes", 0, InvalidIdentifier),
]


@pytest.mark.parametrize(("field", "value", "error"), BAD_FIELDS, ids=range(23))
def test_bad_fields_are_named(field: str, value: Any, error: type[LedgerError]) -> None:
    """Nothing is converted, nothing falsy slips through."""
    fields = {"path": "a", "type": "asset", "opened": DAY} | {field: value}
    with pytest.raises(LedgerError) as caught:
        Account(**fields)
    assert type(caught.value) is error
    assert caught.value.field == field


def test_ancestors() -> None:
    """Nearest first; a path at the top has none."""
    assert list(ancestors("a:b:c")) == ["a:b", "a"]
    assert list(ancestors("a")) == []


def test_a_chart_is_a_mapping_in_path_order() -> None:
    """A parent stands right before its children, whatever sorts before a colon."""
    chart = ChartOfAccounts([Account(path, "asset") for path in ("a-b", "a:b", "a")])
    assert list(chart) == ["a", "a:b", "a-b"]
    assert [account.path for account in chart.values()] == list(chart)
    assert len(chart) == 3
    assert "a:b" in chart
    assert "a:c" not in chart
    assert repr(chart) == "<ChartOfAccounts of 3 accounts>"


def test_asking_for_an_account() -> None:
    """One that is not there is a KeyError, as in any mapping."""
    assert CHART["assets:bank"] is BANK
    assert CHART.get("assets:bank") is BANK
    assert CHART.get("assets:cash") is None
    with pytest.raises(UnknownAccount) as caught:
        CHART["assets:cash"]
    assert caught.value.field == "account"
    assert isinstance(caught.value, KeyError)


def test_charts_are_compared_by_their_accounts() -> None:
    """In any order given."""
    again = ChartOfAccounts(reversed(list(CHART.values())))
    assert again == CHART
    assert hash(again) == hash(CHART)
    assert again != ChartOfAccounts([BANK])


@pytest.mark.parametrize(
    "accounts", [[BANK, BANK], [BANK, Account("assets:bank", "expense")], ["a"], [None]]
)
def test_bad_charts_are_refused(accounts: Any) -> None:
    """A path twice, or something else than an account."""
    with pytest.raises(InvalidOption) as caught:
        ChartOfAccounts(accounts)
    assert caught.value.field == "accounts"


def test_what_lies_below() -> None:
    """A path and all under it, not what merely begins alike."""
    assert CHART.below("assets") == (BANK,)
    assert CHART.below("assets:bank") == (BANK,)
    assert CHART.below("assets:ban") == ()


def test_accounts_of_a_type() -> None:
    """By name or by value."""
    assert CHART.of_type("income") == CHART.of_type(AccountType.INCOME) == (FEES,)
    assert CHART.of_type("equity") == ()
    with pytest.raises(InvalidOption):
        CHART.of_type("assets")


def test_totals_include_all_below() -> None:
    """Every account and every node above one, in path order."""
    five, seven = Balance([Amount(5, "EUR")]), Balance([Amount(7, "JPY")])
    chart = ChartOfAccounts([Account(p, "asset") for p in ("a:b:c", "a:b", "a:d", "e")])
    totals = chart.totals({"a:b:c": five, "a:b": seven, "a:d": five})
    assert list(totals.items()) == [
        ("a", five + five + seven),
        ("a:b", five + seven),
        ("a:b:c", five),
        ("a:d", five),
        ("e", Balance()),
    ]


def test_totals_never_leave_a_balance_out() -> None:
    """A balance of an account that the chart does not know is an error."""
    with pytest.raises(UnknownAccount) as caught:
        CHART.totals({"assets": Balance(), "assets:cash": Balance()})
    assert caught.value.field == "balances"
