"""The two styles: equal at every period end; cut-offs, and how they are taken back."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
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
    Terms,
)
from backoffice_ledger.errors import (
    AlreadyReversed,
    InvalidDocument,
    InvalidOption,
    PeriodNotOpen,
)

ID = "insurance-2026"
YEAR = Span.months(date(2026, 1, 1), 12)
Make = Callable[..., Any]

PAIRS = {
    "deferred-expense": (Deferral, "assets:prepaid", "expenses:rent"),
    "deferred-income": (Deferral, "liabilities:unearned", "income:fees"),
    "accrued-expense": (Accrual, "liabilities:accrued", "expenses:rent"),
    "accrued-income": (Accrual, "assets:unbilled", "income:fees"),
}
CHART = {
    "assets:prepaid": "asset",
    "assets:unbilled": "asset",
    "assets:bank": "asset",
    "liabilities:unearned": "liability",
    "liabilities:accrued": "liability",
    "equity:trading": "equity",
    "expenses:rent": "expense",
    "income:fees": "income",
}


def open_book() -> bl.Ledger:
    """Return a book in memory."""
    ledger = bl.open_ledger(":memory:", actor="clerk")
    for path, type_ in CHART.items():
        ledger.open_account(path, type=type_)
    return ledger


def pay(ledger: bl.Ledger, terms: Terms, day: date, id: str = "payment") -> None:
    """Book the money of a deferral where its style has it."""
    balance = terms.style == "balance-sheet-first"
    held = terms.from_account if balance else terms.to_account
    is_expense = terms.to_account.startswith("expenses")
    sides = (bl.debit, bl.credit) if is_expense else (bl.credit, bl.debit)
    amounts = [terms.total, terms.total]
    if terms.base is not None and not balance:
        amounts[0] = terms.base
    draft = bl.EntryDraft(
        day,
        [sides[0](held, amounts[0]), sides[1]("assets:bank", amounts[1])],
        id=id,
        balance_to="equity:trading",
    )
    ledger.post(draft.to_entry())


@st.composite
def terms_of_a_kind(draw: st.DrawFn) -> Terms:
    """Draw terms of any kind, some of them in two currencies."""
    kind = draw(st.sampled_from(sorted(PAIRS)))
    type_, source, target = PAIRS[kind]
    first = draw(st.dates(date(2025, 11, 1), date(2026, 4, 30)))
    units = draw(st.integers(1, 300) | st.integers(1, 10**9))
    sign = draw(st.sampled_from([1, -1]))
    base: dict[str, object] = {}
    if draw(st.booleans()):
        base["base"] = bl.Amount.from_minor(sign * draw(st.integers(1, 10**9)), "EUR")
        base["exchange_account"] = "equity:trading"
    return type_(
        "s",
        bl.Amount.from_minor(sign * units, "USD"),
        Span.inclusive(first, first + timedelta(draw(st.integers(0, 200)))),
        draw(st.sampled_from(["days", "months", "equal", "front-loaded"])),
        source,
        target,
        residual=draw(st.sampled_from(["cumulative", "last"])),
        reversal=draw(st.sampled_from(["opposite", "same-side"])),
        **base,
    )


@settings(max_examples=25, deadline=None)
@given(terms_of_a_kind())
def test_both_styles_agree_at_every_period_end(terms: Terms) -> None:
    """All four kinds, both reversals, one currency or two; and in between nothing lies.

    A cut-off is taken back on the first day of the next period.
    """
    through = date(2026, 12, 31)
    ledgers = []
    for style in ("balance-sheet-first", "cut-off"):
        styled = attrs.evolve(terms, style=style)  # type: ignore[arg-type]
        ledger = open_book()
        if isinstance(terms, Deferral):
            pay(ledger, styled, terms.span.first)
        accruals = Accruals(ledger)
        accruals.schedule(styled)
        accruals.run(through=through)
        assert accruals.run(through=through).posted == 0
        ledger.verify()
        ledgers.append(ledger)
    for month in range(-2, 13):
        year, index = divmod(2026 * 12 + month, 12)
        end = date(year, index + 1, 1) - timedelta(1)
        first, second = (ledger.view(as_of=end) for ledger in ledgers)
        for account in CHART:
            assert first.balance(account) == second.balance(account), (end, account)
        after = ledgers[1].view(as_of=end + timedelta(1))
        assert not after.balance(terms.from_account)


def test_a_restart_between_the_steps(tmp_path: Path) -> None:
    """On SQLite: the book knows what is planned, changed, cut off and taken back."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        for account, type_ in CHART.items():
            ledger.open_account(account, type=type_)
        for style in ("balance-sheet-first", "cut-off"):
            terms = Deferral(
                style,
                "1200.00 USD",
                YEAR,
                "equal",
                "assets:prepaid",
                "expenses:rent",
                style=style,  # type: ignore[arg-type]
            )
            Accruals(ledger).schedule(terms)
    for posted, repeated in ((12, 0), (0, 12)):
        with bl.open_ledger(path, actor="clerk") as ledger:
            summary = Accruals(ledger).run(through=date(2026, 4, 30))
            assert (summary.posted, summary.repeated) == (posted, repeated)
            ledger.verify()
    with bl.open_ledger(path, actor="clerk") as ledger:
        for style in ("balance-sheet-first", "cut-off"):
            change = amendment(effective=date(2026, 5, 1), total="2000.00 USD")
            Accruals(ledger).amend(style, change)
    for posted, repeated in ((23, 12), (0, 35)):
        with bl.open_ledger(path, actor="clerk") as ledger:
            summary = Accruals(ledger).run(through=date(2026, 12, 31))
            assert (summary.posted, summary.repeated) == (posted, repeated)
            ledger.verify()


def test_the_number_of_entries(ledger: bl.Ledger, insurance: Make) -> None:
    """A hundred invoices over a year make 11 cut-offs and as many reversals."""
    accruals = Accruals(ledger)
    for index in range(100):
        accruals.schedule(
            insurance(
                id=f"i-{index}", span=YEAR, style="cut-off", booked=date(2026, 1, 9)
            )
        )
    summary = accruals.run(through=date(2027, 12, 31))
    assert summary.posted == 22
    records = list(ledger.view().entries())
    positions = sorted(record.position for record in records)
    assert summary.first_position == positions[0]
    assert summary.last_position == positions[-1]
    assert len(list(ledger.view().entries())) == 22


@pytest.mark.parametrize(
    ("reversal", "turnover"), [("opposite", "330.00"), ("same-side", "0.00")]
)
def test_both_renderings_of_the_reversal(
    ledger: bl.Ledger, insurance: Make, reversal: str, turnover: str
) -> None:
    """Swapped sides, or negative amounts that keep the turnover clean; both linked."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(span=YEAR, style="cut-off", reversal=reversal))
    accruals.run(through=date(2026, 1, 31))
    id_ = f"accrual-cut-off/general/{reversal}/2026-01/1"
    record = ledger.record(id_)
    assert [str(posting) for posting in record.entry.postings] == [
        "Dr assets:prepaid 330.00 EUR",
        "Cr expenses:insurance 330.00 EUR",
    ]
    assert record.entry.kind is bl.EntryKind.ADJUSTING
    assert record.reversed_by is not None
    back = ledger.record(record.reversed_by)
    assert (back.reverses, back.entry.date) == (id_, date(2026, 2, 1))
    assert back.phase is record.phase
    debits, credits_ = ledger.view().turnover("assets:prepaid")
    assert str(debits["EUR"].number) == turnover
    assert debits == credits_
    with pytest.raises(AlreadyReversed):
        ledger.reverse(id_, date=date(2026, 2, 2), reason="x", reversal_id="twice")


def test_a_bill_that_comes_later(ledger: bl.Ledger, insurance: Make) -> None:
    """A second cut-off of the same period covers what the first did not."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(id="a", span=YEAR, style="cut-off"))
    accruals.run(through=date(2026, 1, 31))
    accruals.schedule(insurance(id="b", span=YEAR, style="cut-off"))
    summary = accruals.run(through=date(2026, 1, 31))
    assert (summary.posted, summary.repeated) == (2, 2)
    january = ledger.view(as_of=date(2026, 1, 31))
    assert january.balance("assets:prepaid")["EUR"].number == "660.00"
    documents = ledger.documents.all("accrual-cut-off")
    assert [document.content["schedules"] for document in documents] == [
        ("a",),
        ("b",),
    ]


def test_many_schedules_make_several_cut_offs(
    ledger: bl.Ledger, insurance: Make
) -> None:
    """A document lists no more than it can hold."""
    accruals = Accruals(ledger)
    for index in range(230):
        id_ = f"{index:04}" + "x" * 210
        accruals.schedule(insurance(id=id_, span=YEAR, style="cut-off"))
    assert accruals.run(through=date(2026, 1, 31)).posted == 4
    january = ledger.view(as_of=date(2026, 1, 31))
    assert january.balance("assets:prepaid")["EUR"].number == "75900.00"


def test_a_run_that_broke_off(
    ledger: bl.Ledger, insurance: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any of its steps the next run completes it, and posts nothing twice."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(span=YEAR, style="cut-off"))

    def broken(*args: object, **named: object) -> None:
        raise OSError

    for step in ("post", "reverse"):
        with monkeypatch.context() as patch:
            patch.setattr(bl.Ledger, step, broken)
            with pytest.raises(OSError):
                accruals.run(through=date(2026, 1, 31))
    summary = accruals.run(through=date(2026, 1, 31))
    assert (summary.posted, summary.repeated) == (1, 1)
    assert not ledger.balance("assets:prepaid")
    ledger.verify()


def test_the_next_period_is_not_open(ledger: bl.Ledger, insurance: Make) -> None:
    """The reversal goes to the first open day."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(span=YEAR, style="cut-off"))
    ledger.periods.postpone("2026-02")
    accruals.run(through=date(2026, 1, 31))
    [_, back] = ledger.view().entries()
    assert back.entry.date == date(2026, 3, 1)


def test_cut_offs_of_closed_periods(ledger: bl.Ledger, insurance: Make) -> None:
    """They are refused, or left out: the next one has the whole position."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(span=YEAR, style="cut-off"))
    ledger.periods.close("2026-01")
    with pytest.raises(PeriodNotOpen):
        accruals.run(through=date(2026, 2, 28))
    summary = accruals.run(through=date(2026, 2, 28), on_closed="first-open-day")
    assert summary.posted == 2
    february = ledger.view(as_of=date(2026, 2, 28))
    assert february.balance("assets:prepaid")["EUR"].number == "300.00"


def test_a_late_bill_of_this_style(ledger: bl.Ledger, insurance: Make) -> None:
    """Cut-offs begin with the first period that is open when the bill comes."""
    ledger.periods.close("2026-02")
    accruals = Accruals(ledger)
    accruals.schedule(insurance(span=YEAR, style="cut-off"))
    assert accruals.run(through=date(2026, 3, 31)).posted == 2
    march = ledger.view(as_of=date(2026, 3, 31))
    assert march.balance("assets:prepaid")["EUR"].number == "270.00"


def test_a_forgotten_credit_note_of_this_style(
    ledger: bl.Ledger, insurance: Make
) -> None:
    """It is moved as any other entry; cut-offs are not."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(span=YEAR, style="cut-off"))
    note = CreditNote(
        id="cn-1",
        effective=date(2026, 1, 5),
        amount="36.00 EUR",
        against="deferred",
        account="assets:bank",
    )
    accruals.amend(ID, note)
    ledger.periods.close("2026-01")
    accruals.run(through=date(2026, 2, 28), on_closed="first-open-day")
    entry = ledger.record(f"accrual-schedule/{ID}/v2/credit-note").entry
    assert (entry.date, entry.economic_date) == (date(2026, 2, 1), note.effective)


def test_cut_offs_of_other_hands(ledger: bl.Ledger, insurance: Make) -> None:
    """They are never changed."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(span=YEAR, style="cut-off"))
    accruals.run(through=date(2026, 1, 31))
    [document] = ledger.documents.all("accrual-cut-off")
    ledger.documents.store(document.revise(document.content))
    with pytest.raises(InvalidDocument):
        accruals.run(through=date(2026, 1, 31))


# --- changes -------------------------------------------------------------------------


def amendment(**changes: object) -> Amendment:
    """Return an amendment from April on."""
    arguments: dict[str, object] = {
        "id": "a-1",
        "effective": date(2026, 4, 1),
        "policy": "catch-up",
        "total": "480.00 EUR",
    }
    return Amendment(**(arguments | changes))  # type: ignore[arg-type]


def test_cut_offs_catch_up_by_themselves(ledger: bl.Ledger, insurance: Make) -> None:
    """No entry is needed: the next cut-off has the new position."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(span=YEAR, style="cut-off"))
    accruals.run(through=date(2026, 3, 31))
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, amendment(effective=date(2026, 3, 31)))
    assert caught.value.field == "effective"
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, amendment(policy="restate", account="equity:capital"))
    assert caught.value.field == "policy"
    accruals.amend(ID, amendment())
    summary = accruals.run(through=date(2026, 4, 30))
    assert (summary.posted, summary.repeated) == (2, 6)
    april = ledger.view(as_of=date(2026, 4, 30))
    assert april.balance("assets:prepaid")["EUR"].number == "320.00"


def test_third_parties_are_booked_in_the_result(
    ledger: bl.Ledger, insurance: Make
) -> None:
    """A credit note and a release lower the expense; the cut-off sees to the rest."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(total="1200.00 EUR", span=YEAR, style="cut-off"))
    accruals.amend(
        ID,
        CreditNote(
            id="cn-1",
            effective=date(2026, 2, 5),
            amount="120.00 EUR",
            against="deferred",
            account="assets:bank",
        ),
    )
    accruals.amend(
        ID,
        Cancellation(
            id="c-1", effective=date(2026, 7, 1), rest="release", account="assets:bank"
        ),
    )
    accruals.run(through=date(2026, 12, 31))
    found = {
        record.id.rpartition("/")[2]: [
            str(posting) for posting in record.entry.postings
        ]
        for record in ledger.view().entries(kind="normal")
    }
    assert found == {
        "credit-note": [
            "Dr assets:bank 120.00 EUR",
            "Cr expenses:insurance 120.00 EUR",
        ],
        "cancellation": [
            "Dr assets:bank 534.55 EUR",
            "Cr expenses:insurance 534.55 EUR",
        ],
    }
    assert ledger.balance("expenses:insurance")["EUR"].number == "-654.55"


@st.composite
def histories(draw: st.DrawFn) -> list[Change]:
    """Draw what may happen to a deferral of 2026, in order, perhaps to its end."""
    days = sorted(draw(st.lists(st.dates(YEAR.first, YEAR.last), max_size=3)))
    changes: list[Change] = []
    for index, day in enumerate(days):
        common: dict[str, Any] = {"id": f"c-{index}", "effective": day}
        units = draw(st.integers(1, 90) | st.integers(1000, 9000))
        amount = bl.Amount.from_minor(units, "USD")
        what = draw(st.sampled_from(["credit", "amend", "amend", "end"]))
        if what == "credit":
            against = draw(st.sampled_from(["recognised", "deferred", "proportional"]))
            note = CreditNote(
                amount=amount, against=against, account="assets:bank", **common
            )
            changes.append(note)
        elif what == "amend":
            policy = draw(st.sampled_from(["prospective", "catch-up"]))
            total = amount + bl.Amount("1000.00", "USD")
            changes.append(Amendment(policy=policy, total=total, **common))
        else:
            rest = draw(st.sampled_from(["recognise", "release"]))
            account = "assets:bank" if rest == "release" else None
            changes.append(Cancellation(rest=rest, account=account, **common))
            break
    return changes


@settings(max_examples=25, deadline=None)
@given(
    histories(),
    st.sampled_from(["deferred-expense", "deferred-income"]),
    st.sampled_from(["days", "months", "equal", "front-loaded"]),
)
def test_both_styles_agree_whatever_happens(
    changes: list[Change], kind: str, method: Any
) -> None:
    """Amended, credited and cancelled: the same balances at every period end.

    What an amendment adds to the price is paid on its day, wherever the style has it.
    """
    _, source, target = PAIRS[kind]
    ledgers = []
    for style in ("balance-sheet-first", "cut-off"):
        terms = Deferral("s", "1000.00 USD", YEAR, method, source, target, style=style)  # type: ignore[arg-type]
        ledger = open_book()
        pay(ledger, terms, YEAR.first)
        accruals = Accruals(ledger)
        accruals.schedule(terms)
        agreed = terms.total
        for change in changes:
            accruals.amend("s", change)
            if isinstance(change, CreditNote):
                agreed -= change.amount
            if isinstance(change, Amendment) and change.total != agreed:
                assert change.total is not None
                more = attrs.evolve(terms, total=change.total - agreed)
                pay(ledger, more, change.effective, change.id)
                agreed = change.total
        accruals.run(through=date(2026, 12, 31))
        ledger.verify()
        ledgers.append(ledger)
    for month in range(1, 13):
        end = date(2026 + month // 12, month % 12 + 1, 1) - timedelta(1)
        first, second = (ledger.view(as_of=end) for ledger in ledgers)
        for account in CHART:
            assert first.balance(account) == second.balance(account), (end, account)
    assert not ledgers[0].balance(source)


@pytest.mark.parametrize("amount", ["6000.00", "6100.00", "5900.00"])
def test_both_ways_to_settle_an_accrual(amount: str) -> None:
    """Clearing it, or taking it back and booking the invoice: the same in the end.

    In between the second leaves a negative expense.
    """
    results = []
    for style in ("balance-sheet-first", "cut-off"):
        ledger = open_book()
        accruals = Accruals(ledger)
        accruals.schedule(
            Accrual(
                "rent",
                "6000.00 USD",
                Span.months(date(2026, 1, 1), 3),
                "equal",
                "liabilities:accrued",
                "expenses:rent",
                style=style,  # type: ignore[arg-type]
                reversal="same-side",
            )
        )
        accruals.amend(
            "rent",
            Settlement(
                id="inv-1",
                effective=date(2026, 4, 20),
                amount=f"{amount} USD",
                account="assets:bank",
            ),
        )
        accruals.run(through=date(2026, 12, 31))
        between = ledger.view(as_of=date(2026, 4, 10))
        after = ledger.view(as_of=date(2026, 4, 20))
        results.append(
            {
                "march": ledger.view(as_of=date(2026, 3, 31)).trial_balance().rows(),
                "between": between.balance("expenses:rent")["USD"].number,
                "after": [str(after.balance(account)) for account in sorted(CHART)],
            }
        )
    assert results[0]["march"] == results[1]["march"]
    assert results[0]["after"] == results[1]["after"]
    assert (results[0]["between"], results[1]["between"]) == ("6000.00", "0.00")


def test_income_that_is_not_invoiced_stays(ledger: bl.Ledger, allowance: Make) -> None:
    """An accrual is cut off at every period end until it is settled."""
    accruals = Accruals(ledger)
    accruals.schedule(allowance(span=Span.months(date(2026, 1, 1), 1), style="cut-off"))
    accruals.run(through=date(2026, 6, 30))
    for month in range(1, 7):
        end = date(2026, month + 1, 1) - timedelta(1)
        balance = ledger.view(as_of=end).balance("liabilities:accrued")
        assert balance["EUR"].number == "6000.00"


# --- two currencies ------------------------------------------------------------------


def test_a_prepayment_in_another_currency(ledger: bl.Ledger, insurance: Make) -> None:
    """Expense in the base currency at the rate of the payment; both sum exactly."""
    terms = insurance(
        total="1000.00 USD",
        span=Span.months(date(2026, 1, 1), 3),
        base="910.00 EUR",
        exchange_account="equity:trading",
    )
    accruals = Accruals(ledger)
    accruals.schedule(terms)
    accruals.run(through=date(2026, 3, 31))
    record = ledger.record(f"accrual-schedule/{ID}/v1/2026-01")
    assert [str(posting) for posting in record.entry.postings] == [
        "Dr expenses:insurance 303.33 EUR",
        "Cr assets:prepaid 333.33 USD",
        "Cr equity:trading 303.33 EUR",
        "Dr equity:trading 333.33 USD",
    ]
    assert str(ledger.balance("expenses:insurance")) == "910.00 EUR"
    assert str(ledger.balance("assets:prepaid")) == "-1000.00 USD"


def test_changes_in_two_currencies(ledger: bl.Ledger, insurance: Make) -> None:
    """The base goes in proportion, and nothing of it is left at the end."""
    terms = insurance(
        total="1000.00 USD",
        span=Span.months(date(2026, 1, 1), 10),
        method="equal",
        base="910.00 EUR",
        exchange_account="equity:trading",
    )
    accruals = Accruals(ledger)
    accruals.schedule(terms)
    accruals.amend(
        ID,
        CreditNote(
            id="cn-1",
            effective=date(2026, 3, 5),
            amount="150.00 USD",
            against="proportional",
            account="assets:bank",
        ),
    )
    accruals.amend(
        ID,
        amendment(policy="prospective", total="900.00 USD", base="800.00 EUR"),
    )
    accruals.run(through=date(2026, 12, 31))
    record = ledger.record(f"accrual-schedule/{ID}/v2/credit-note")
    assert [str(posting) for posting in record.entry.postings] == [
        "Dr assets:bank 150.00 USD",
        "Cr expenses:insurance 27.30 EUR",
        "Cr assets:prepaid 120.00 USD",
        "Dr equity:trading 27.30 EUR",
        "Cr equity:trading 30.00 USD",
    ]
    assert str(ledger.balance("expenses:insurance")) == "800.00 EUR"
    with pytest.raises(InvalidOption) as caught:
        accruals.amend(ID, amendment(id="a-2", total=None, base="1.00 GBP"))
    assert caught.value.field == "base"


@pytest.mark.parametrize("style", ["balance-sheet-first", "cut-off"])
def test_an_accrual_in_another_currency(
    ledger: bl.Ledger, allowance: Make, style: str
) -> None:
    """It is settled by what was accrued; a difference would need a rate of its own."""
    accruals = Accruals(ledger)
    accruals.schedule(
        allowance(
            total="1000.00 USD",
            span=Span.months(date(2026, 1, 1), 3),
            base="910.00 EUR",
            exchange_account="equity:trading",
            style=style,
        )
    )
    invoice = Settlement(
        id="inv-1",
        effective=date(2026, 4, 20),
        amount="1000.01 USD",
        account="liabilities:payable",
    )
    with pytest.raises(InvalidOption) as caught:
        accruals.amend("allowance", invoice)
    assert caught.value.field == "amount"
    accruals.amend(
        "allowance", attrs.evolve(invoice, amount=bl.Amount("1000.00", "USD"))
    )
    accruals.run(through=date(2026, 12, 31))
    assert not ledger.balance("liabilities:accrued")
    assert str(ledger.balance("expenses:insurance")) == "910.00 EUR"
    assert str(ledger.balance("liabilities:payable")) == "1000.00 USD"
