"""Published examples of allocation, digit for digit.

The figures and their sources are in tests/data/published_allocations.json.
"""

import json
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.accruals import (
    Accruals,
    Amendment,
    CreditNote,
    Deferral,
    Span,
    allocate,
)

DATA = json.loads(
    (Path(__file__).parents[1] / "data" / "published_allocations.json").read_text()
)
CASES = {
    case["id"]: case
    for kind in DATA.values()
    if kind is not DATA["_note"]
    for case in kind
}
Make = Callable[..., Deferral]


def span_of(case: dict[str, Any]) -> Span:
    """Return the span of a case."""
    return Span.inclusive(
        date.fromisoformat(case["start"]), date.fromisoformat(case["last_day"])
    )


def test_every_case_is_tested() -> None:
    """A case that is added to the data needs a test here."""
    assert sorted(CASES) == ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "R1"]


@pytest.mark.parametrize("residual", ["cumulative", "first"])
def test_by_months_prorated(insurance: Make, residual: str) -> None:
    """A1: 24/31, 1 and 15/31 of a month; both readings of the residual agree."""
    case = CASES["A1"]
    deferral = insurance(
        total=f"{case['total']} EUR",
        span=span_of(case),
        method="months",
        residual=residual,
    )
    assert [part.amount.number for part in deferral.parts()] == case["expected"]
    assert [part.period for part in deferral.parts()] == case["periods"]
    given = allocate(
        deferral.total, [Fraction(w) for w in case["weights"]], residual="first"
    )
    assert [amount.number for amount in given] == case["expected"]


def test_the_first_period_takes_the_residual() -> None:
    """A2: 752.68, 752.69, 752.69; the running sum would give the cent in the middle."""
    case = CASES["A2"]
    total = bl.Amount(case["total"], "EUR")
    weights = [int(weight) for weight in case["weights"]]
    found = allocate(total, weights, residual=case["residual"])
    assert [amount.number for amount in found] == case["expected"]
    assert [a.number for a in allocate(total, weights)] != case["expected"]


def test_a_calendar_year(insurance: Make) -> None:
    """A3: at the end of August 800 are recognised and 400 deferred."""
    case = CASES["A3"]
    deferral = insurance(
        total=f"{case['total']} EUR", span=span_of(case), method=case["method"]
    )
    day = date.fromisoformat(case["as_of"])
    expected = {name: bl.Amount(n, "EUR") for name, n in case["expected"].items()}
    assert deferral.recognised(day) == expected["recognised"]
    assert deferral.remaining(day) == expected["deferred"]


def test_grouped_cut_offs(ledger: bl.Ledger, insurance: Make) -> None:
    """A4: three bills; each month end what is not due is taken out, and put back."""
    case = CASES["A4"]
    accruals = Accruals(ledger)
    for index, bill in enumerate(case["bills"]):
        is_future = bill["start"] == "future"
        deferral = insurance(
            id=f"bill-{index}",
            total=f"{bill['total']} EUR",
            span=Span.months(date(2024, 1, 1), 12) if is_future else span_of(bill),
            method="months",
            style="cut-off",
            booked=date(2023, 1, 15),
        )
        accruals.schedule(deferral)
        ledger.post(
            bl.Entry(
                f"bill-{index}",
                date(2023, 1, 15),
                [
                    bl.debit("expenses:insurance", deferral.total),
                    bl.credit("assets:bank", deferral.total),
                ],
            )
        )
    accruals.run(through=date(2023, 2, 28))
    for text, expected in case["expected"].items():
        day = date.fromisoformat(text)
        view = ledger.view(as_of=day)
        shown = int(expected["expense_recognise"]) + int(expected["expense_cancel"])
        booked = bl.Amount(2400 + shown, "EUR")
        assert view.balance("expenses:insurance")["EUR"] == booked
        deferred = bl.Amount(expected["deferred"], "EUR")
        assert view.balance("assets:prepaid")["EUR"] == deferred
    assert case["auto_reversal"] == "next day"
    for day in (date(2023, 2, 1), date(2023, 3, 1)):
        assert not ledger.view(as_of=day).balance("assets:prepaid")


def test_insurance_from_august(insurance: Make) -> None:
    """A5: 210 of 360 are prepaid at the end of the year."""
    case = CASES["A5"]
    deferral = insurance(
        total=f"{case['total']} EUR", span=span_of(case), method=case["method"]
    )
    day = date.fromisoformat(case["as_of"])
    assert deferral.recognised(day).number == case["expected"]["recognised"]
    assert deferral.remaining(day).number == case["expected"]["prepaid"]


def test_a_credit_note_on_a_partly_recognised_invoice(
    ledger: bl.Ledger, insurance: Make
) -> None:
    """A6: what was recognised goes back first, the rest out of what is deferred."""
    case = CASES["A6"]
    recognised = bl.Amount(case["recognised_to_date"], "EUR")
    invoice = bl.Amount(case["invoice"], "EUR")
    accruals = Accruals(ledger)
    accruals.schedule(
        insurance(
            id="invoice",
            total=invoice,
            span=Span.months(date(2026, 1, 1), 2),
            method="given",
            shares=[recognised.minor_units, (invoice - recognised).minor_units],
            from_account="liabilities:unearned",
            to_account="income:fees",
        )
    )
    accruals.amend(
        "invoice",
        CreditNote(
            id="cn-1",
            effective=date(2026, 2, 10),
            amount=bl.Amount(case["credit_note"], "EUR"),
            against="recognised",
            account="assets:bank",
        ),
    )
    accruals.run(through=date(2026, 2, 10))
    entry = ledger.record("accrual-schedule/invoice/v2/credit-note").entry
    expected = case["expected"]
    assert sorted(map(str, entry.postings)) == [
        f"Cr assets:bank {case['credit_note']} EUR",
        f"Dr income:fees {expected['reverse_income']} EUR",
        f"Dr liabilities:unearned {expected['reverse_deferred']} EUR",
    ]
    assert accruals.position("invoice", date(2026, 2, 10)).number == "500.00"
    accruals.run(through=date(2026, 2, 28))
    assert accruals.position("invoice", date(2026, 2, 28)).number == "0.00"


def test_a_quarter_by_days(insurance: Make) -> None:
    """A7: 91 over April to June."""
    case = CASES["A7"]
    deferral = insurance(
        total=f"{case['total']} EUR", span=span_of(case), method=case["method"]
    )
    for text, number in case["expected_prepaid"].items():
        found = deferral.remaining(date.fromisoformat(text))
        assert found == bl.Amount(number, "EUR")


def test_a_contract_is_extended_half_way(ledger: bl.Ledger, insurance: Make) -> None:
    """R1: 300,000 are still to be recognised, prospectively."""
    case = CASES["R1"]
    contract = bl.Amount(case["contract"], "AUD")
    accruals = Accruals(ledger)
    accruals.schedule(
        insurance(
            total=contract,
            span=Span.months(date(2026, 1, 1), 12),
            method="equal",
        )
    )
    assert Fraction(case["progress_at_modification"]) == Fraction(6, 12)
    accruals.amend(
        "insurance-2026",
        Amendment(
            id="extension",
            effective=date(2026, 7, 1),
            policy=case["treatment"],
            total=contract + bl.Amount(case["added_price"], "AUD"),
        ),
    )
    expected = bl.Amount(case["expected_remaining_to_recognise"], "AUD")
    assert accruals.position("insurance-2026", date(2026, 7, 1)) == expected
    rows = accruals.plan("insurance-2026").rows()
    assert [row["amount"].number for row in rows[6:]] == ["50000.00"] * 6
