"""Kind, side and presentation line: three things."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.accruals import (
    PRESENTATION,
    Accrual,
    AccrualKind,
    Accruals,
    Amendment,
    Deferral,
    Span,
    Terms,
    presentation,
)
from backoffice_ledger.errors import InvalidOption

YEAR = Span.months(date(2026, 1, 1), 12)
Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("kind", "side", "is_deferred", "balance", "result"),
    [
        ("deferred-expense", "debit", True, "asset", "expense"),
        ("deferred-income", "credit", True, "liability", "income"),
        ("accrued-expense", "credit", False, "liability", "expense"),
        ("accrued-income", "debit", False, "asset", "income"),
    ],
)
def test_the_four_kinds(
    kind: str, side: str, is_deferred: bool, balance: str, result: str
) -> None:
    """Money before the result, or after it; owed, or owned."""
    found = AccrualKind(kind)
    assert found.side is bl.Side(side)
    assert found.is_deferred is is_deferred
    assert found.balance_type is bl.AccountType(balance)
    assert found.result_type is bl.AccountType(result)


@pytest.mark.parametrize(
    ("kind", "framework", "line", "source"),
    [
        ("deferred-expense", "hgb", "prepaid-items", "HGB §250(1), §247(1)"),
        ("deferred-income", "hgb", "deferred-items", "HGB §250(2)"),
        # What is accrued is no Rechnungsabgrenzung.
        ("accrued-expense", "hgb", "other-liabilities", "HGB §268(5)"),
        ("accrued-income", "hgb", "other-assets", "HGB §268(4)"),
        ("deferred-income", "ifrs", "contract-liabilities", "IFRS 15"),
        ("accrued-income", "ifrs", "contract-assets", "IFRS 15"),
    ],
)
def test_where_a_kind_is_shown(
    kind: str, framework: Any, line: str, source: str
) -> None:
    """Each framework has lines of its own, from a rule that is named."""
    assert presentation(AccrualKind(kind), framework) == line
    [known] = [
        each
        for each in PRESENTATION
        if (each.framework, each.line) == (framework, line)
    ]
    assert (known.kind, known.source) == (AccrualKind(kind), source)


def test_one_line_is_meant_by_default() -> None:
    """Never two of a kind in one framework; names are unique in a framework."""
    defaults = [(x.framework, x.kind) for x in PRESENTATION if x.is_default]
    assert len(set(defaults)) == len(defaults)
    names = [(x.framework, x.line) for x in PRESENTATION]
    assert len(set(names)) == len(names)


def test_the_reference_shows_every_line(project: Path) -> None:
    """The table of the documentation is that of the code."""
    text = (project / "docs" / "reference" / "accruals.md").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines()]
    shown = {tuple(row[:3]) for row in rows if row[:1] in (["hgb"], ["ifrs"])}
    assert shown == {(x.framework, x.kind.value, x.line) for x in PRESENTATION}


def test_a_schedule_names_its_own_line() -> None:
    """A loan discount is a prepaid item that is shown apart."""
    kind = AccrualKind.DEFERRED_EXPENSE
    assert presentation(kind, "hgb", {"hgb": "loan-discount"}) == "loan-discount"
    assert presentation(kind, "hgb", {"ifrs": "prepayments"}) == "prepaid-items"
    [known] = [each for each in PRESENTATION if each.line == "loan-discount"]
    assert known.note == "shown separately or disclosed: HGB §268(6)"


@pytest.mark.parametrize("kind", ["deferred-expense", "accrued-expense"])
def test_a_line_that_no_rule_names(kind: str) -> None:
    """The schedule must name it."""
    with pytest.raises(InvalidOption) as caught:
        presentation(AccrualKind(kind), "ifrs")
    assert caught.value.field == "lines"


def test_unknown_frameworks_and_kinds() -> None:
    """They are refused."""
    with pytest.raises(InvalidOption):
        presentation(AccrualKind.ACCRUED_INCOME, "gaap")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption):
        presentation("accrued-income", "hgb")  # type: ignore[arg-type]


# --- in a book -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "source", "target", "field"),
    [
        (Accrual, "assets:prepaid", "expenses:insurance", "to_account"),
        (Accrual, "liabilities:accrued", "income:fees", "to_account"),
        (Accrual, "equity:capital", "income:fees", "from_account"),
        (Deferral, "liabilities:accrued", "expenses:insurance", "to_account"),
    ],
)
def test_accounts_decide_the_kind(
    accruals: Accruals, type_: type[Terms], source: str, target: str, field: str
) -> None:
    """What does not fit a deferral or an accrual is refused."""
    with pytest.raises(InvalidOption) as caught:
        accruals.schedule(type_("x", "1.00 EUR", YEAR, "equal", source, target))
    assert caught.value.field == field


def test_terms_of_no_kind(accruals: Accruals) -> None:
    """Neither a deferral nor an accrual."""
    terms = Terms(
        "x", "1.00 EUR", YEAR, "equal", "assets:prepaid", "expenses:insurance"
    )
    with pytest.raises(InvalidOption):
        accruals.schedule(terms)


def test_the_trading_account_is_looked_for(accruals: Accruals, insurance: Make) -> None:
    """It must exist, as the others."""
    terms = insurance(base="1.00 USD", exchange_account="equity:none")
    with pytest.raises(bl.errors.UnknownAccount):
        accruals.schedule(terms)


def test_positions(accruals: Accruals, insurance: Make, allowance: Make) -> None:
    """What lies on the balance sheet, with kind, side and line."""
    accruals.schedule(insurance(id="a", total="1200.00 EUR", span=YEAR))
    accruals.schedule(
        insurance(
            id="b",
            total="3000.00 EUR",
            span=Span.months(date(2026, 1, 1), 60),
            lines={"hgb": "loan-discount"},
        )
    )
    accruals.schedule(allowance(id="c"))
    accruals.schedule(
        allowance(id="d", from_account="assets:unbilled", to_account="income:fees")
    )
    accruals.schedule(
        insurance(
            id="e",
            total="1200.00 EUR",
            span=YEAR,
            from_account="liabilities:unearned",
            to_account="income:fees",
        )
    )
    # More was recognised than is owed in the end: the position turns.
    accruals.amend(
        "e",
        Amendment(
            id="less",
            effective=date(2026, 7, 1),
            policy="prospective",
            total="500.00 EUR",
        ),
    )
    accruals.schedule(insurance(id="f", span=Span.months(date(2026, 8, 1), 12)))
    accruals.schedule(
        insurance(
            id="g", span=Span.months(date(2026, 8, 1), 12), booked=date(2026, 6, 1)
        )
    )
    table = accruals.positions(date(2026, 7, 1), framework="hgb")
    found = [tuple(map(str, list(row.values()))) for row in table.rows()]
    assert found == [
        (
            "a",
            "deferred-expense",
            "debit",
            "prepaid-items",
            "assets:prepaid",
            "600.00 EUR",
        ),
        (
            "b",
            "deferred-expense",
            "debit",
            "loan-discount",
            "assets:prepaid",
            "2700.00 EUR",
        ),
        (
            "c",
            "accrued-expense",
            "credit",
            "other-liabilities",
            "liabilities:accrued",
            "3000.00 EUR",
        ),
        (
            "d",
            "accrued-income",
            "debit",
            "other-assets",
            "assets:unbilled",
            "3000.00 EUR",
        ),
        (
            "e",
            "deferred-income",
            "debit",
            "deferred-items",
            "liabilities:unearned",
            "100.00 EUR",
        ),
        (
            "g",
            "deferred-expense",
            "debit",
            "prepaid-items",
            "assets:prepaid",
            "360.00 EUR",
        ),
    ]
    with pytest.raises(InvalidOption):
        accruals.positions(date(2026, 7, 1), framework="ifrs")
