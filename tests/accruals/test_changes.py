"""Schedules that are changed: what follows, what is posted and what is refused."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.accruals import (
    Accrual,
    Accruals,
    Amendment,
    Cancellation,
    Change,
    CreditNote,
    Deferral,
    Settlement,
    Span,
    Usage,
)
from backoffice_ledger.errors import (
    CommodityMismatch,
    DocumentConflict,
    InvalidDocument,
    InvalidIdentifier,
    InvalidOption,
    InvalidText,
    LedgerError,
    UnknownAccount,
    UnknownRecord,
)

ID = "insurance-2026"
YEAR = Span.months(date(2026, 1, 1), 12)
NEVER = date(2199, 12, 31)
Make = Callable[..., Deferral]
MakeAccrual = Callable[..., Accrual]


@pytest.fixture
def year(accruals: Accruals, insurance: Make) -> Deferral:
    """Keep the deferral of 1,200.00 over 2026, 100.00 a month."""
    deferral = insurance(total="1200.00 EUR", span=YEAR)
    accruals.schedule(deferral)
    return deferral


def parts(accruals: Accruals, id: str = ID) -> list[tuple[str, str]]:
    """Return what is planned: the end of the entries' ids, and amounts."""
    prefix = f"accrual-schedule/{id}/"
    return [
        (str(row["entry"]).removeprefix(prefix), row["amount"].number)
        for row in accruals.plan(id).rows()
    ]


def postings(ledger: bl.Ledger, id: str) -> list[str]:
    """Return the postings of an entry as texts."""
    record = ledger.record(f"accrual-schedule/{id}")
    return [str(posting) for posting in record.entry.postings]


def amendment(**changes: object) -> Amendment:
    """Return an amendment from July on."""
    arguments: dict[str, object] = {
        "id": "a-1",
        "effective": date(2026, 7, 1),
        "policy": "prospective",
    }
    return Amendment(**(arguments | changes))  # type: ignore[arg-type]


# --- amendments ----------------------------------------------------------------------


def test_prospective(ledger: bl.Ledger, accruals: Accruals, year: Deferral) -> None:
    """The new rest goes over the remaining months; what is past stays."""
    accruals.run(through=date(2026, 6, 30))
    accruals.amend(ID, amendment(total="1500.00 EUR"))
    assert parts(accruals) == [(f"v1/2026-{m:02}", "100.00") for m in range(1, 7)] + [
        (f"v2/2026-{m:02}", "150.00") for m in range(7, 13)
    ]
    assert accruals.position(ID, date(2026, 6, 30)).number == "600.00"
    assert accruals.position(ID, date(2026, 7, 1)).number == "900.00"
    summary = accruals.run(through=NEVER)
    assert (summary.posted, summary.repeated) == (6, 6)
    assert ledger.balance("expenses:insurance")["EUR"].number == "1500.00"


def test_the_period_of_the_day_follows_the_new_terms(
    accruals: Accruals, year: Deferral
) -> None:
    """A change in mid-month counts for that month as a whole."""
    change = amendment(effective=date(2026, 7, 15), total="1500.00 EUR")
    accruals.amend(ID, change)
    assert parts(accruals)[6] == ("v2/2026-07", "150.00")


def test_catching_up(ledger: bl.Ledger, accruals: Accruals, year: Deferral) -> None:
    """All is computed anew; the difference is booked on the day of the change."""
    accruals.run(through=date(2026, 6, 30))
    accruals.amend(ID, amendment(total="1500.00 EUR", policy="catch-up", reason="Rate"))
    assert parts(accruals)[6:8] == [("v2/catch-up", "150.00"), ("v2/2026-07", "125.00")]
    accruals.run(through=NEVER)
    entry = ledger.record(f"accrual-schedule/{ID}/v2/catch-up").entry
    assert (entry.date, entry.description) == (date(2026, 7, 1), "Rate")
    assert entry.kind is bl.EntryKind.ADJUSTING
    assert entry.references == (f"accrual-schedule/{ID}/v2", "a-1")
    assert ledger.balance("expenses:insurance")["EUR"].number == "1500.00"


def test_restating(ledger: bl.Ledger, accruals: Accruals, year: Deferral) -> None:
    """The error of earlier periods goes against equity, not through the result."""
    accruals.run(through=date(2026, 6, 30))
    accruals.amend(
        ID, amendment(method="back-loaded", policy="restate", account="equity:capital")
    )
    # 1 + ... + 6 = 21 of 78 parts: 323.08 instead of 600.00
    assert parts(accruals)[6] == ("v2/restate", "-276.92")
    accruals.run(through=NEVER)
    assert postings(ledger, f"{ID}/v2/restate") == [
        "Dr assets:prepaid 276.92 EUR",
        "Cr equity:capital 276.92 EUR",
    ]
    record = ledger.record(f"accrual-schedule/{ID}/v2/restate")
    assert record.entry.kind is bl.EntryKind.RESTATEMENT
    assert ledger.balance("expenses:insurance")["EUR"].number == "1476.92"
    assert not ledger.balance("assets:prepaid")["EUR"].minor_units + 120000


def test_a_longer_span(accruals: Accruals, year: Deferral) -> None:
    """The rest is spread over more months; the span names all of them."""
    accruals.amend(ID, amendment(span=Span.months(date(2026, 1, 1), 18)))
    assert parts(accruals)[6:] == [
        (f"v2/{2026 + (m > 12)}-{(m - 1) % 12 + 1:02}", "50.00") for m in range(7, 19)
    ]


def test_shares_are_amended(accruals: Accruals, year: Deferral) -> None:
    """By name of the month; and away from them again."""
    accruals.amend(
        ID, amendment(method="given", shares={"2026-07": 1, "2026-12": Fraction(1, 2)})
    )
    assert [part for part in parts(accruals) if part[0].startswith("v2")] == [
        ("v2/2026-07", "400.00"),
        *((f"v2/2026-{m:02}", "0.00") for m in range(8, 12)),
        ("v2/2026-12", "200.00"),
    ]
    accruals.amend(ID, amendment(id="a-2", effective=date(2026, 8, 1), method="equal"))
    assert parts(accruals)[7:] == [(f"v3/2026-{m:02}", "40.00") for m in range(8, 13)]
    again = amendment(
        id="a-3", effective=date(2026, 9, 1), method="given", shares=[1] * 12
    )
    accruals.amend(ID, again)
    assert accruals.changes(ID)[-1] == again


def test_amending_after_a_credit_note(accruals: Accruals, year: Deferral) -> None:
    """What is not given stays as it was last agreed."""
    accruals.amend(ID, credit_note("120.00 EUR", "deferred"))
    accruals.amend(ID, amendment(effective=date(2026, 8, 1), method="equal"))
    rows = accruals.plan(ID).rows()
    assert sum(row["amount"].minor_units for row in rows) == 108000
    assert rows[-1]["remaining"].number == "0.00"


def test_changes_are_made_in_order(accruals: Accruals, year: Deferral) -> None:
    """An earlier day than that of the last change is refused."""
    accruals.amend(ID, amendment(total="1500.00 EUR"))
    with pytest.raises(InvalidOption, match="in order"):
        accruals.amend(
            ID, amendment(id="a-2", effective=date(2026, 6, 30), total="1.00 EUR")
        )


def test_what_is_posted_stays(accruals: Accruals, year: Deferral) -> None:
    """A change that would take back what is posted names the day."""
    accruals.run(through=date(2026, 7, 31))
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, amendment(total="1500.00 EUR"))
    assert caught.value.field == "effective"
    assert "v1/2026-07 is posted" in str(caught.value)
    accruals.amend(ID, amendment(effective=date(2026, 8, 1), total="1500.00 EUR"))


def test_no_weights_are_left(accruals: Accruals, year: Deferral) -> None:
    """A rest that cannot go anywhere is refused; where there is none, all is well."""
    late = amendment(effective=date(2027, 1, 1), total="1500.00 EUR")
    with pytest.raises(InvalidOption, match="sum to zero"):
        accruals.amend(ID, late)
    accruals.amend(ID, attrs.evolve(late, total=bl.Amount("1200.00", "EUR")))
    assert len(parts(accruals)) == 12


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({}, InvalidOption, "total"),
        ({"policy": "restate", "total": "1.00 EUR"}, InvalidOption, "account"),
        ({"account": "equity:capital", "total": "1.00 EUR"}, InvalidOption, "account"),
        ({"policy": "retrospective"}, InvalidOption, "policy"),
        ({"effective": "2026-07-01"}, LedgerError, "effective"),
        ({"span": (1, 2)}, InvalidOption, "span"),
        ({"id": ""}, InvalidIdentifier, "id"),
        ({"reason": "\u202e", "total": "1.00 EUR"}, InvalidText, "content.reason"),
        ({"total": 5}, LedgerError, "amount"),
    ],
)
def test_impossible_amendments(
    changes: dict[str, object], error: type[LedgerError], field: str
) -> None:
    """They are not built."""
    with pytest.raises(error) as caught:
        amendment(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total": "1500.00 USD"}, "total"),
        ({"base": "1500.00 USD"}, "exchange_account"),
        ({"method": "usage"}, "units"),
        ({"shares": [1]}, "shares"),
        ({"span": YEAR, "method": "given"}, "shares"),
    ],
)
def test_amendments_that_do_not_fit(
    accruals: Accruals, year: Deferral, changes: dict[str, object], field: str
) -> None:
    """They are refused, and nothing is kept."""
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, amendment(**changes))
    assert caught.value.field == field
    assert accruals.changes(ID) == ()


# --- cancellations -------------------------------------------------------------------


def cancellation(**changes: object) -> Cancellation:
    """Return a cancellation from 16 July on."""
    arguments: dict[str, object] = {
        "id": "c-1",
        "effective": date(2026, 7, 16),
        "rest": "release",
        "account": "assets:bank",
    }
    return Cancellation(**(arguments | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "july", "released"),
    [
        ("days", "49.31", "555.62"),  # 196 of 365 days are 644.38
        ("months", "48.39", "551.61"),
        ("30/360-BOND", "50.00", "550.00"),
        ("equal", "100.00", "500.00"),
    ],
)
def test_releasing_the_rest(
    ledger: bl.Ledger,
    accruals: Accruals,
    insurance: Make,
    method: str,
    july: str,
    released: str,
) -> None:
    """What is earned by then is recognised; the rest is given back."""
    accruals.schedule(insurance(total="1200.00 EUR", span=YEAR, method=method))
    accruals.amend(ID, cancellation())
    plan = parts(accruals)
    assert plan[6:] == [("v2/2026-07", july), ("v2/cancellation", "0.00")]
    accruals.run(through=NEVER)
    assert postings(ledger, f"{ID}/v2/cancellation") == [
        f"Dr assets:bank {released} EUR",
        f"Cr assets:prepaid {released} EUR",
    ]
    assert ledger.balance("assets:prepaid")["EUR"].number == "-1200.00"
    record = ledger.record(f"accrual-schedule/{ID}/v2/2026-07")
    assert record.entry.date == date(2026, 7, 15)
    assert accruals.position(ID, date(2026, 7, 16)).number == "0.00"


def test_recognising_the_rest(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """All that is left becomes expense on the day."""
    accruals.amend(ID, cancellation(rest="recognise", account=None))
    assert parts(accruals)[6:] == [("v2/cancellation", "600.00")]
    accruals.run(through=date(2026, 7, 16))
    assert ledger.balance("expenses:insurance")["EUR"].number == "1200.00"
    record = ledger.record(f"accrual-schedule/{ID}/v2/cancellation")
    assert record.entry.kind is bl.EntryKind.ADJUSTING


def test_cancelling_on_the_first_of_a_month(accruals: Accruals, year: Deferral) -> None:
    """Nothing of that month is earned."""
    accruals.amend(ID, cancellation(effective=date(2026, 7, 1)))
    assert parts(accruals)[5:] == [
        ("v1/2026-06", "100.00"),
        ("v2/cancellation", "0.00"),
    ]


def test_a_cancelled_schedule_ends(accruals: Accruals, year: Deferral) -> None:
    """No change follows."""
    accruals.amend(ID, cancellation())
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, amendment(effective=date(2026, 8, 1), total="1500.00 EUR"))
    assert caught.value.field == "change"


def test_an_accrual_stops(
    ledger: bl.Ledger, accruals: Accruals, allowance: MakeAccrual
) -> None:
    """There is no rest to give back; what was accrued can still be settled."""
    accruals.schedule(allowance(method="days"))
    accruals.amend("allowance", cancellation(account=None))
    assert len(parts(accruals, "allowance")) == 7
    total = accruals.recognised("allowance", NEVER)
    assert total.number == "3221.92"  # 196 of 365 days
    accruals.amend(
        "allowance",
        Settlement(
            id="s-1", effective=date(2026, 8, 5), amount=total, account="assets:bank"
        ),
    )
    accruals.run(through=NEVER)
    assert not ledger.balance("liabilities:accrued")


def test_an_accrual_that_never_begins(
    accruals: Accruals, allowance: MakeAccrual
) -> None:
    """Nothing is left to plan, in either style."""
    for style in ("balance-sheet-first", "cut-off"):
        accruals.schedule(allowance(id=style, style=style))
        never = cancellation(effective=date(2026, 1, 1), account=None)
        accruals.amend(style, never)
        assert parts(accruals, style) == []
    assert accruals.run(through=date(2026, 12, 31)) == bl.PostSummary()


@pytest.mark.parametrize(
    "changes",
    [
        {"account": None},
        {"rest": "recognise"},
    ],
)
def test_accounts_of_a_cancellation(
    accruals: Accruals, year: Deferral, changes: dict[str, object]
) -> None:
    """One is needed where something is given back, and only there."""
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, cancellation(**changes))
    assert caught.value.field == "account"


# --- credit notes --------------------------------------------------------------------


def credit_note(amount: str, against: Any, **changes: object) -> CreditNote:
    """Return a credit note of 10 July."""
    arguments: dict[str, object] = {
        "id": "cn-1",
        "effective": date(2026, 7, 10),
        "amount": amount,
        "against": against,
        "account": "assets:bank",
    }
    return CreditNote(**(arguments | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("against", "recognised", "deferred", "later"),
    [
        ("recognised", "240.00", "", "100.00"),
        ("deferred", "", "240.00", "60.00"),
        ("proportional", "120.00", "120.00", "80.00"),
    ],
)
def test_credit_notes(
    ledger: bl.Ledger,
    accruals: Accruals,
    year: Deferral,
    against: str,
    recognised: str,
    deferred: str,
    later: str,
) -> None:
    """They take back what was recognised, what was not, or both in proportion."""
    accruals.amend(ID, credit_note("240.00 EUR", against))
    accruals.run(through=date(2026, 7, 10))
    expected = ["Dr assets:bank 240.00 EUR"]
    if recognised:
        expected.append(f"Cr expenses:insurance {recognised} EUR")
    if deferred:
        expected.append(f"Cr assets:prepaid {deferred} EUR")
    assert postings(ledger, f"{ID}/v2/credit-note") == expected
    record = ledger.record(f"accrual-schedule/{ID}/v2/credit-note")
    assert record.entry.kind is bl.EntryKind.NORMAL
    assert [amount for key, amount in parts(accruals)[7:]] == [later] * 6
    accruals.run(through=NEVER)
    assert ledger.balance("expenses:insurance")["EUR"].number == "960.00"
    assert accruals.position(ID, NEVER).number == "0.00"


def test_a_credit_note_takes_what_there_is(accruals: Accruals, year: Deferral) -> None:
    """More than is deferred comes out of what was recognised."""
    accruals.amend(ID, credit_note("1000.00 EUR", "deferred"))
    assert parts(accruals)[6] == ("v2/credit-note", "-400.00")
    assert parts(accruals)[7:] == [(f"v2/2026-{m:02}", "0.00") for m in range(7, 13)]


@pytest.mark.parametrize(
    ("against", "recognised"),
    [("recognised", "50.00"), ("deferred", "50.00"), ("proportional", "50.00")],
)
def test_a_credit_note_where_too_much_was_recognised(
    accruals: Accruals, year: Deferral, against: str, recognised: str
) -> None:
    """600.00 were recognised of what is 500.00 now: nothing is deferred."""
    accruals.amend(ID, amendment(total="500.00 EUR"))
    accruals.amend(ID, credit_note("50.00 EUR", against))
    assert ("v3/credit-note", f"-{recognised}") in parts(accruals)
    assert accruals.recognised(ID, NEVER).number == "450.00"
    assert accruals.position(ID, NEVER).number == "0.00"


def test_all_is_credited(accruals: Accruals, insurance: Make) -> None:
    """Of a negative deferral too, and before anything was recognised."""
    accruals.schedule(insurance(total="-1200.00 EUR", span=YEAR))
    early = credit_note("-1200.00 EUR", "recognised", effective=date(2026, 1, 1))
    accruals.amend(ID, early)
    assert accruals.position(ID, date(2026, 1, 1)).number == "0.00"
    assert accruals.recognised(ID, NEVER).number == "0.00"


@pytest.mark.parametrize("amount", ["1200.01 EUR", "-1.00 EUR"])
def test_a_credit_note_within_the_total(
    accruals: Accruals, year: Deferral, amount: str
) -> None:
    """Not more than was paid, and of its sign."""
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, credit_note(amount, "recognised"))
    assert caught.value.field == "amount"


def test_impossible_credit_notes(
    accruals: Accruals, year: Deferral, allowance: MakeAccrual
) -> None:
    """Zero, another currency, an unknown order, or for what was not paid."""
    with pytest.raises(InvalidOption):
        credit_note("0.00 EUR", "recognised")
    with pytest.raises(InvalidOption):
        credit_note("1.00 EUR", "result")
    with pytest.raises(CommodityMismatch):
        accruals.amend(ID, credit_note("1.00 USD", "recognised"))
    accruals.schedule(allowance())
    with pytest.raises(InvalidOption) as caught:
        accruals.amend("allowance", credit_note("1.00 EUR", "recognised"))
    assert caught.value.field == "change"


# --- settlements ---------------------------------------------------------------------


def settlement(amount: str, **changes: object) -> Settlement:
    """Return a settlement of 20 April."""
    arguments: dict[str, object] = {
        "id": "inv-1",
        "effective": date(2026, 4, 20),
        "amount": amount,
        "account": "liabilities:payable",
    }
    return Settlement(**(arguments | changes))  # type: ignore[arg-type]


def test_an_invoice_settles_what_was_accrued(
    ledger: bl.Ledger, accruals: Accruals, allowance: MakeAccrual
) -> None:
    """The balance is cleared, the difference is expense, tax is not accrued."""
    accruals.schedule(allowance(span=Span.months(date(2026, 1, 1), 3)))
    invoice = settlement(
        "6100.00 EUR", tax="1159.00 EUR", tax_account="assets:input-tax"
    )
    accruals.amend("allowance", invoice)
    accruals.run(through=NEVER)
    assert postings(ledger, "allowance/v2/settlement") == [
        "Dr liabilities:accrued 6000.00 EUR",
        "Dr expenses:insurance 100.00 EUR",
        "Dr assets:input-tax 1159.00 EUR",
        "Cr liabilities:payable 7259.00 EUR",
    ]
    assert not ledger.balance("liabilities:accrued")


def test_an_invoice_of_less(
    ledger: bl.Ledger, accruals: Accruals, allowance: MakeAccrual
) -> None:
    """What was accrued too much lowers the expense."""
    accruals.schedule(allowance(span=Span.months(date(2026, 1, 1), 3)))
    accruals.amend("allowance", settlement("5900.00 EUR"))
    accruals.run(through=NEVER)
    assert postings(ledger, "allowance/v2/settlement") == [
        "Dr liabilities:accrued 6000.00 EUR",
        "Cr expenses:insurance 100.00 EUR",
        "Cr liabilities:payable 5900.00 EUR",
    ]


def test_accrued_income_is_invoiced(
    ledger: bl.Ledger, accruals: Accruals, allowance: MakeAccrual
) -> None:
    """The sides are swapped."""
    fees = allowance(
        id="fees",
        from_account="assets:unbilled",
        to_account="income:fees",
        span=Span.months(date(2026, 1, 1), 3),
    )
    accruals.schedule(fees)
    accruals.amend("fees", settlement("6100.00 EUR", account="assets:bank"))
    accruals.run(through=NEVER)
    assert postings(ledger, "fees/v1/2026-01") == [
        "Dr assets:unbilled 2000.00 EUR",
        "Cr income:fees 2000.00 EUR",
    ]
    assert postings(ledger, "fees/v2/settlement") == [
        "Dr assets:bank 6100.00 EUR",
        "Cr assets:unbilled 6000.00 EUR",
        "Cr income:fees 100.00 EUR",
    ]


def test_a_part_is_settled(accruals: Accruals, allowance: MakeAccrual) -> None:
    """Month by month, or whatever the invoice names; never more than there is."""
    accruals.schedule(allowance())
    accruals.amend("allowance", settlement("500.00 EUR", accrued="500.00 EUR"))
    assert accruals.position("allowance", date(2026, 4, 30)).number == "1500.00"
    for wrong in ("1000.01 EUR", "-1.00 EUR", "0.00 EUR"):
        with pytest.raises(InvalidOption) as caught:
            accruals.amend("allowance", settlement("1.00 EUR", id="2", accrued=wrong))
        assert caught.value.field == "accrued"


def test_nothing_to_settle(
    accruals: Accruals, year: Deferral, allowance: MakeAccrual
) -> None:
    """A deferral is paid already; an accrual that has not begun is not owed."""
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, settlement("1.00 EUR"))
    assert caught.value.field == "change"
    accruals.schedule(allowance(span=Span.months(date(2026, 5, 1), 3)))
    with pytest.raises(InvalidOption) as caught:
        accruals.amend("allowance", settlement("1.00 EUR"))
    assert caught.value.field == "accrued"
    with pytest.raises(InvalidOption):
        settlement("1.00 EUR", tax="0.19 EUR")
    with pytest.raises(UnknownAccount):
        accruals.amend("allowance", settlement("1.00 EUR", account="assets:none"))


# --- usage ---------------------------------------------------------------------------


def usage(period: str, units: int) -> Usage:
    """Return the report of a month."""
    return Usage(id=f"meter-{period}", period=period, units=units)


def test_usage(ledger: bl.Ledger, accruals: Accruals, insurance: Make) -> None:
    """By units as they are reported; the last period takes the rest."""
    span = Span.months(date(2026, 1, 1), 5)
    accruals.schedule(insurance(total="100.00 EUR", span=span, method="usage", units=3))
    accruals.amend(ID, usage("2026-01", 1))
    accruals.run(through=date(2026, 1, 31))
    accruals.amend(ID, usage("2026-03", 1))
    accruals.run(through=date(2026, 3, 31))
    assert parts(accruals) == [
        ("v2/2026-01", "33.33"),
        ("v1/2026-02", "0.00"),
        ("v3/2026-03", "33.34"),
        ("v1/2026-04", "0.00"),
        ("v1/2026-05", "33.33"),
    ]
    accruals.amend(ID, usage("2026-04", 7))  # more than was expected
    assert parts(accruals)[3:] == [("v4/2026-04", "33.33"), ("v1/2026-05", "0.00")]
    accruals.run(through=NEVER)
    assert ledger.balance("expenses:insurance")["EUR"].number == "100.00"


def test_usage_ends_early(accruals: Accruals, insurance: Make) -> None:
    """What was not reported is not earned."""
    accruals.schedule(insurance(span=YEAR, method="usage", units=36))
    accruals.amend(ID, usage("2026-01", 18))
    accruals.amend(ID, cancellation(effective=date(2026, 12, 10)))
    assert accruals.recognised(ID, NEVER).number == "180.00"
    assert accruals.position(ID, NEVER).number == "0.00"


@pytest.mark.parametrize("period", ["2026-01", "2026-12", "2027-01"])
def test_usage_of_other_periods(
    accruals: Accruals, insurance: Make, period: str
) -> None:
    """Each once, within the span, and not the last one."""
    accruals.schedule(insurance(span=YEAR, method="usage", units=36))
    accruals.amend(ID, usage("2026-01", 1))
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, attrs.evolve(usage(period, 1), id="again"))
    assert caught.value.field == "period"


def test_usage_is_for_usage(
    accruals: Accruals, year: Deferral, insurance: Make
) -> None:
    """And other changes are not."""
    with pytest.raises(InvalidOption):
        accruals.amend(ID, usage("2026-01", 1))
    accruals.schedule(insurance(id="metered", method="usage", units=36))
    for change in (amendment(total="1.00 EUR"), credit_note("1.00 EUR", "deferred")):
        with pytest.raises(InvalidOption) as caught:
            accruals.amend("metered", change)
        assert caught.value.field == "change"
    with pytest.raises(InvalidOption):
        usage("2026", 1)
    with pytest.raises(InvalidOption):
        usage("2026-01", 0)


# --- versions ------------------------------------------------------------------------


def test_changing_again_changes_nothing(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """A retry finds its version, also after later changes and erasure."""
    change = amendment(total="1500.00 EUR", reason="Mr Miller moved in")
    document = accruals.amend(ID, change)
    assert (document.version, accruals.amend(ID, change)) == (2, document)
    later = credit_note("10.00 EUR", "deferred", reason="Goodwill")
    accruals.amend(ID, later)
    assert accruals.amend(ID, change).version == 2
    assert accruals.changes(ID) == (change, later)
    ledger.redact(
        f"accrual-schedule/{ID}",
        field="personal.reason_2",
        basis="GDPR Art. 17(1)(a)",
        type="document",
    )
    assert accruals.amend(ID, change).version == 2
    assert accruals.changes(ID)[0].reason == ""


def test_an_id_is_of_one_change(accruals: Accruals, year: Deferral) -> None:
    """Another change under it is refused, of whatever type."""
    accruals.amend(ID, amendment(total="1500.00 EUR"))
    others: list[Change] = [
        amendment(total="1501.00 EUR"),
        credit_note("1.00 EUR", "deferred", id="a-1"),
    ]
    for change in others:
        with pytest.raises(DocumentConflict):
            accruals.amend(ID, change)


def test_only_changes_are_kept(accruals: Accruals, year: Deferral) -> None:
    """And only of schedules that there are."""
    with pytest.raises(InvalidOption):
        accruals.amend(ID, "cancel")  # type: ignore[arg-type]
    with pytest.raises(UnknownRecord):
        accruals.amend("none", cancellation())


def test_every_change_is_read_as_it_was_written(
    accruals: Accruals, allowance: MakeAccrual
) -> None:
    """Whatever its fields are."""
    changes: list[Change] = [
        amendment(
            effective=date(2026, 1, 1),
            span=Span.months(date(2026, 1, 1), 13),
            method="given",
            shares=[Fraction(1, 3)] * 13,
            total="6500.00 EUR",
        ),
        settlement(
            "500.00 EUR",
            accrued="400.00 EUR",
            tax="95.00 EUR",
            tax_account="assets:input-tax",
            reason="Invoice",
        ),
        cancellation(account=None),
    ]
    accruals.schedule(allowance(description="Housing"))
    for change in changes:
        accruals.amend("allowance", change)
    assert list(accruals.changes("allowance")) == changes
    assert accruals.get("allowance") == allowance(description="Housing")


def test_terms_are_read_as_they_were_written(
    ledger: bl.Ledger, accruals: Accruals, insurance: Make
) -> None:
    """With all that is not usual."""
    deferral = insurance(
        method="given",
        shares={"2026-08": Fraction(1, 3), "2027-07": 1},
        residual="last",
        style="cut-off",
        reversal="same-side",
        booked=date(2026, 7, 1),
        lines={"ifrs": "prepayments", "hgb": "loan-discount"},
        base="400.00 USD",
        exchange_account="equity:trading",
        description="Liability",
    )
    accruals.schedule(deferral)
    assert accruals.get(ID) == deferral
    metered = insurance(id="metered", method="usage", units=5)
    accruals.schedule(metered)
    assert accruals.get("metered") == metered
    assert accruals.all() == (deferral, metered)


def test_terms_stay_as_first_agreed(
    ledger: bl.Ledger, accruals: Accruals, insurance: Make
) -> None:
    """Scheduling the first terms again changes nothing, also after an erasure."""
    deferral = insurance(description="Mr Miller")
    accruals.schedule(deferral)
    document = accruals.amend(
        ID, amendment(effective=date(2026, 9, 1), total="400.00 EUR")
    )
    assert accruals.schedule(deferral) == document
    ledger.redact(
        f"accrual-schedule/{ID}",
        field="personal.description",
        basis="GDPR Art. 17(1)(a)",
        type="document",
    )
    assert accruals.schedule(deferral).version == 2
    with pytest.raises(DocumentConflict):
        accruals.schedule(insurance(total="400.00 EUR"))


def test_versions_of_other_hands(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """A version that no change made is none that can be run."""
    document = accruals.amend(ID, amendment(total="1500.00 EUR"))
    ledger.documents.store(document.revise(document.content))
    with pytest.raises(InvalidDocument):
        accruals.plan(ID)


def test_previewing(ledger: bl.Ledger, accruals: Accruals, year: Deferral) -> None:
    """What would follow from terms or a change, without touching the book."""
    size = ledger.verify().records
    change = amendment(total="1500.00 EUR")
    preview = accruals.plan(ID, change=change).rows()
    terms = attrs.evolve(year, id="other")
    assert len(accruals.plan(terms)) == 12
    changed = accruals.plan(terms, change=change).rows()
    assert [r["amount"] for r in changed] == [r["amount"] for r in preview]
    assert ledger.verify().records == size
    accruals.amend(ID, change)
    assert accruals.plan(ID).rows() == preview
    assert accruals.plan(ID, change=change).rows() == preview
    with pytest.raises(UnknownAccount):
        accruals.plan(attrs.evolve(year, from_account="assets:none"))


# --- properties ----------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Draw changes of a deferral of 2026, in order."""
    days = sorted(draw(st.lists(st.dates(YEAR.first, YEAR.last), max_size=4)))
    changes: list[Change] = []
    for index, day in enumerate(days):
        is_amended = draw(st.booleans())
        if is_amended:
            changes.append(
                amendment(
                    id=f"c-{index}",
                    effective=day,
                    policy=draw(st.sampled_from(["prospective", "catch-up"])),
                    total=bl.Amount.from_minor(draw(st.integers(100, 10**7)), "EUR"),
                )
            )
        else:
            amount = bl.Amount.from_minor(draw(st.integers(1, 90)), "EUR")
            against = draw(st.sampled_from(["recognised", "deferred", "proportional"]))
            changes.append(
                credit_note(str(amount), against, id=f"c-{index}", effective=day)
            )
    return changes


@settings(max_examples=40, deadline=None)
@given(histories(), st.sampled_from(["days", "equal", "front-loaded"]))
def test_whatever_happens_all_is_recognised(
    histories: list[Change], method: Any
) -> None:
    """P11, P12: at the end the result has the total, the balance sheet nothing.

    And what a version recognises by a day does not depend on when it is asked.
    """
    with bl.open_ledger(":memory:", actor="clerk") as ledger:
        for path, type_ in (
            ("assets:prepaid", "asset"),
            ("assets:bank", "asset"),
            ("expenses:rent", "expense"),
        ):
            ledger.open_account(path, type=type_)
        accruals = Accruals(ledger)
        accruals.schedule(
            Deferral(
                "d", "1000.00 EUR", YEAR, method, "assets:prepaid", "expenses:rent"
            )
        )
        total = 100000
        for change in histories:
            day = change.effective.replace(day=1)
            before = accruals.recognised("d", date.fromordinal(day.toordinal() - 1))
            accruals.run(through=date.fromordinal(day.toordinal() - 1))
            if isinstance(change, CreditNote):
                accruals.amend("d", change)
                total -= change.amount.minor_units
            elif isinstance(change, Amendment) and change.total is not None:
                accruals.amend("d", change)
                total = change.total.minor_units
            through = date.fromordinal(day.toordinal() - 1)
            assert accruals.recognised("d", through) == before
        assert accruals.recognised("d", NEVER).minor_units == total
        assert not accruals.position("d", NEVER)
        accruals.run(through=NEVER)
        assert ledger.balance("expenses:rent")["EUR"].minor_units == total
        ledger.verify()
