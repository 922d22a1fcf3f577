"""Spans and deferrals: what falls into which period, and how it is booked."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.accruals import (
    Accruals,
    Deferral,
    DeferralRule,
    Part,
    PartDue,
    Span,
)
from backoffice_ledger.compliance import FourEyes
from backoffice_ledger.errors import (
    ApprovalRequired,
    BoundExceeded,
    DocumentConflict,
    InexactNumber,
    InvalidAmount,
    InvalidDate,
    InvalidDocument,
    InvalidIdentifier,
    InvalidOption,
    InvalidText,
    LedgerError,
    PeriodNotOpen,
    UnknownAccount,
    UnknownJournal,
    UnknownRecord,
)
from backoffice_ledger.protocols import PostingRule
from backoffice_ledger.testing import FrozenClock

CLOCK = FrozenClock(datetime(2026, 8, 1, 12, tzinfo=UTC))
Make = Callable[..., Deferral]


def numbers(deferral: Deferral) -> list[str]:
    """Return the parts as plain numbers."""
    return [part.amount.number for part in deferral.parts()]


# --- spans ---------------------------------------------------------------------------


def test_a_span_is_built_by_either_habit() -> None:
    """The last day of a service, or the day up to which interest counts."""
    span = Span.inclusive(date(2026, 8, 1), date(2027, 7, 31))
    assert span == Span.until(date(2026, 8, 1), date(2027, 8, 1))
    assert (span.first, span.last, span.end) == (
        date(2026, 8, 1),
        date(2027, 7, 31),
        date(2027, 8, 1),
    )
    assert span.days == 365
    assert str(span) == "2026-08-01 to 2027-07-31"


def test_a_span_may_be_one_day_at_either_end_of_time() -> None:
    """The bounds of dates are within."""
    for day in (bl.BOUNDS.date_min, bl.BOUNDS.date_max):
        assert Span.inclusive(day, day).days == 1


@pytest.mark.parametrize(
    ("build", "first", "second", "error"),
    [
        (Span.inclusive, date(2026, 2, 1), date(2026, 1, 31), InvalidOption),
        (Span.until, date(2026, 2, 1), date(2026, 2, 1), InvalidOption),
        (Span.until, date(2026, 2, 1), date(2026, 1, 1), InvalidOption),
        (Span.inclusive, datetime(2026, 1, 1), date(2026, 2, 1), InvalidDate),  # noqa: DTZ001
        (Span.inclusive, date(2026, 1, 1), "2026-02-01", InvalidDate),
        (Span.until, "2026-01-01", date(2026, 2, 1), InvalidDate),
        (Span.until, date(2026, 1, 1), datetime(2026, 2, 1), InvalidDate),  # noqa: DTZ001
        (Span.inclusive, date(1899, 12, 31), date(2026, 2, 1), BoundExceeded),
        (Span.until, date(2026, 1, 1), date(2200, 1, 2), BoundExceeded),
    ],
)
def test_an_impossible_span_is_refused(
    build: Callable[[object, object], Span],
    first: object,
    second: object,
    error: type[LedgerError],
) -> None:
    """Reversed, empty, no dates, or outside of time."""
    with pytest.raises(error):
        build(first, second)


# --- published and worked examples ---------------------------------------------------


def test_insurance_paid_in_august(insurance: Make) -> None:
    """Of 360 paid on 1 August for a year, 210 are prepaid at the end of December.

    Source: rechnungswesen-verstehen.de, aktiver Rechnungsabgrenzungsposten.
    """
    year_end = date(2026, 12, 31)
    assert insurance().recognised(year_end) == bl.Amount("150.00", "EUR")
    assert insurance().remaining(year_end) == bl.Amount("210.00", "EUR")


@pytest.mark.parametrize(
    ("method", "expense", "prepaid"),
    [
        ("full-months", "300.00", "900.00"),
        ("months", "300.00", "900.00"),
        ("equal", "300.00", "900.00"),
        ("days", "302.47", "897.53"),
    ],
)
def test_a_quarter_of_a_year_by_method(
    insurance: Make, method: str, expense: str, prepaid: str
) -> None:
    """1,200.00 from October to September, at the end of December: 92 of 365 days."""
    deferral = insurance(
        total="1200.00 EUR",
        span=Span.inclusive(date(2024, 10, 1), date(2025, 9, 30)),
        method=method,
    )
    assert deferral.recognised(date(2024, 12, 31)).number == expense
    assert deferral.remaining(date(2024, 12, 31)).number == prepaid


def test_a_quarter_by_days(insurance: Make) -> None:
    """91 over April to June leave 91, 61 and 0.

    Source: tests of OCA account_cutoff_start_end_dates.
    """
    deferral = insurance(
        total="91.00 EUR",
        span=Span.inclusive(date(2023, 4, 1), date(2023, 6, 30)),
        method="days",
    )
    days = (date(2023, 1, 31), date(2023, 4, 30), date(2023, 6, 30))
    left = [deferral.remaining(day).number for day in days]
    assert left == ["91.00", "61.00", "0.00"]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # Source of the first: OCA account_move_cutoff, readme.
        ("months", ["774.19", "1000.00", "483.87"]),
        # OCA gives the odd cents to the first period; here running sums are rounded.
        ("equal", ["752.69", "752.68", "752.69"]),
        ("full-months", ["1129.03", "1129.03", "0.00"]),
        ("days", ["808.86", "943.66", "505.54"]),  # 24, 28 and 15 of 67 days
    ],
)
def test_january_the_8th_to_march_the_15th(
    insurance: Make, method: str, expected: list[str]
) -> None:
    """2,258.06 by 24/31, 28/28 and 15/31 of a month, and by the other methods."""
    span = Span.inclusive(date(2023, 1, 8), date(2023, 3, 15))
    deferral = insurance(total="2258.06 EUR", span=span, method=method)
    assert numbers(deferral) == expected


def test_a_calendar_year_by_months(insurance: Make) -> None:
    """1,200 for 2023: 800 recognised and 400 deferred at the end of August.

    Source: documentation of Odoo, deferred expenses.
    """
    span = Span.inclusive(date(2023, 1, 1), date(2023, 12, 31))
    deferral = insurance(total="1200.00 EUR", span=span, method="months")
    assert deferral.recognised(date(2023, 8, 31)).number == "800.00"
    assert deferral.remaining(date(2023, 8, 31)).number == "400.00"


@pytest.mark.parametrize(
    ("first", "last", "weights"),
    [
        (date(2026, 1, 15), date(2026, 3, 31), (1, 1, 1)),
        (date(2026, 1, 15), date(2026, 3, 30), (1, 1, 0)),
        (date(2024, 1, 31), date(2024, 2, 29), (1, 1)),
        (date(2024, 1, 31), date(2024, 2, 28), (1, 0)),
        (date(2026, 1, 5), date(2026, 1, 20), (1,)),
    ],
)
def test_full_months(
    insurance: Make, first: date, last: date, weights: tuple[int, ...]
) -> None:
    """A begun month counts whole, the last one only if it is complete."""
    deferral = insurance(span=Span.inclusive(first, last))
    assert deferral.weights() == weights
    assert deferral.remaining(last).number == "0.00"


def test_the_running_sum_is_rounded(insurance: Make) -> None:
    """1000.00 over twelve months: no plug in the last one."""
    assert numbers(insurance(total="1000.00 EUR")) == ["83.33", "83.34", "83.33"] * 4


def test_parts_know_their_days(insurance: Make) -> None:
    """Each ends with its period, the last one with the span."""
    deferral = insurance(
        total="45.00 EUR",
        span=Span.inclusive(date(2026, 1, 17), date(2026, 3, 2)),
        method="days",
    )
    assert deferral.parts() == tuple(
        Part(period, first, last, bl.Amount(number, "EUR"))
        for period, first, last, number in [
            ("2026-01", date(2026, 1, 17), date(2026, 1, 31), "15.00"),
            ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "28.00"),
            ("2026-03", date(2026, 3, 1), date(2026, 3, 2), "2.00"),
        ]
    )


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"total": "0.00 EUR"}, InvalidOption, "total"),
        ({"total": 360}, InexactNumber, "total"),
        ({"total": 360.0}, InexactNumber, "total"),
        ({"total": "360 Euro"}, LedgerError, "commodity"),
        ({"total": "360"}, InvalidAmount, "amount"),
        ({"total": bl.Amount.from_minor(10**27, "EUR")}, BoundExceeded, "total"),
        ({"span": (date(2026, 1, 1), date(2026, 2, 1))}, InvalidOption, "span"),
        ({"method": "degressive"}, InvalidOption, "method"),
        ({"method": ["days"]}, InvalidOption, "method"),
        ({"to_account": "assets:prepaid"}, InvalidOption, "to_account"),
        ({"from_account": "assets::prepaid"}, InvalidIdentifier, "account"),
        ({"id": ""}, InvalidIdentifier, "id"),
        ({"id": "x" * 250}, BoundExceeded, "id"),
        ({"journal": ""}, InvalidIdentifier, "journal"),
        ({"description": "two\nlines"}, InvalidText, "description"),
    ],
)
def test_an_impossible_deferral_is_refused(
    insurance: Make, changes: dict[str, object], error: type[LedgerError], field: str
) -> None:
    """What could not be posted later is not built."""
    with pytest.raises(error) as caught:
        insurance(**changes)
    assert caught.value.field == field


def test_recognised_wants_a_day(insurance: Make) -> None:
    """An instant is none."""
    with pytest.raises(InvalidDate):
        insurance().recognised(datetime(2026, 12, 31))  # type: ignore[arg-type]  # noqa: DTZ001


# --- the rule ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "total", "debited", "credited"),
    [
        ("assets:prepaid", "expenses:insurance", "360.00 EUR", "target", "source"),
        ("assets:prepaid", "expenses:insurance", "-360.00 EUR", "source", "target"),
        ("liabilities:unearned", "income:fees", "360.00 EUR", "source", "target"),
        ("liabilities:unearned", "income:fees", "-360.00 EUR", "target", "source"),
    ],
)
def test_the_rule_books_out_of_the_one_into_the_other(
    ledger: bl.Ledger,
    insurance: Make,
    source: str,
    target: str,
    total: str,
    debited: str,
    credited: str,
) -> None:
    """The balance sheet account shrinks, the result gets the part."""
    deferral = insurance(
        total=total,
        from_account=source,
        to_account=target,
        description="Liability insurance",
    )
    rule: PostingRule[PartDue] = DeferralRule(ledger.accounts.all())
    assert (rule.id, rule.version) == ("accruals.deferral", "1")
    DeferralRule(ledger.accounts.all()).check(deferral)
    [draft] = rule.entries(PartDue(deferral, deferral.parts()[0]))
    accounts = {"source": source, "target": target}
    assert draft.to_entry() == bl.Entry(
        "accrual-schedule/insurance-2026/v1/2026-08",
        date(2026, 8, 31),
        [
            bl.debit(accounts[debited], "30.00 EUR"),
            bl.credit(accounts[credited], "30.00 EUR"),
        ],
        description="Liability insurance",
        kind="adjusting",
        references=["accrual-schedule/insurance-2026/v1"],
        rule="accruals.deferral@1",
    )


# --- in a book -----------------------------------------------------------------------


def test_a_year_of_insurance(ledger: bl.Ledger, insurance: Make) -> None:
    """Paid, scheduled, run at year end, and run again."""
    ledger.post(
        bl.Entry(
            "invoice",
            date(2026, 8, 1),
            [
                bl.debit("assets:prepaid", "360.00 EUR"),
                bl.credit("assets:bank", "360.00 EUR"),
            ],
        )
    )
    accruals = Accruals(ledger)
    accruals.schedule(insurance())
    summary = accruals.run(through=date(2026, 12, 31))
    assert (summary.posted, summary.repeated) == (5, 0)
    assert ledger.balance("assets:prepaid")["EUR"] == bl.Amount("210.00", "EUR")
    assert ledger.balance("expenses:insurance")["EUR"] == bl.Amount("150.00", "EUR")
    summary = accruals.run(through=date(2026, 12, 31))
    assert (summary.posted, summary.repeated) == (0, 5)
    accruals.run(through=date(2199, 12, 31))
    assert not ledger.balance("assets:prepaid")
    ledger.verify()


def test_a_part_is_due_on_the_last_day_of_its_period(
    ledger: bl.Ledger, insurance: Make
) -> None:
    """A day earlier nothing is posted."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance())
    assert accruals.run(through=date(2026, 8, 30)) == bl.PostSummary()
    assert accruals.run(through=date(2026, 8, 31)).posted == 1


def test_zero_parts_are_planned_and_not_posted(
    ledger: bl.Ledger, insurance: Make
) -> None:
    """Two cents over a year make two entries."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(total="0.02 EUR"))
    assert len(accruals.plan("insurance-2026")) == 12
    assert accruals.run(through=date(2027, 7, 31)).posted == 2


def test_the_plan(ledger: bl.Ledger, insurance: Make) -> None:
    """What each period gets, what was and what remains; nothing is posted."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance())
    size = ledger.verify().records
    rows = accruals.plan("insurance-2026").rows()
    assert rows[0] == {
        "period": "2026-08",
        "date": date(2026, 8, 31),
        "amount": bl.Amount("30.00", "EUR"),
        "recognised": bl.Amount("30.00", "EUR"),
        "remaining": bl.Amount("330.00", "EUR"),
        "base": None,
        "entry": "accrual-schedule/insurance-2026/v1/2026-08",
    }
    assert rows[-1]["remaining"] == bl.Amount("0.00", "EUR")
    assert "2027-07" in str(accruals.plan("insurance-2026"))
    assert ledger.verify().records == size


def test_scheduling_again_changes_nothing(ledger: bl.Ledger, insurance: Make) -> None:
    """The same deferral is kept once; another one under its id is refused."""
    accruals = Accruals(ledger)
    deferral = insurance(description="Liability insurance")
    document = accruals.schedule(deferral)
    assert accruals.schedule(deferral) == document
    assert (document.kind, document.version) == ("accrual-schedule", 1)
    assert accruals.get("insurance-2026") == deferral
    assert accruals.all() == (deferral,)
    with pytest.raises(DocumentConflict):
        accruals.schedule(insurance(total="361.00 EUR"))


def test_any_counted_unit_can_be_deferred(ledger: bl.Ledger, insurance: Make) -> None:
    """The scale of a unit without a standard is kept too."""
    points = bl.Amount("1.250", bl.Commodity("POINTS", 3))
    accruals = Accruals(ledger)
    accruals.schedule(insurance(total=points))
    assert accruals.get("insurance-2026").total == points


def test_an_unknown_schedule(ledger: bl.Ledger) -> None:
    """It is no empty plan."""
    with pytest.raises(UnknownRecord):
        Accruals(ledger).plan("none")


@pytest.mark.parametrize(
    ("source", "target", "field"),
    [
        ("expenses:insurance", "assets:prepaid", "from_account"),
        ("equity:capital", "income:fees", "from_account"),
        ("income:fees", "liabilities:unearned", "from_account"),
        ("assets:prepaid", "income:fees", "to_account"),
        ("assets:prepaid", "assets:bank", "to_account"),
        ("assets:prepaid", "liabilities:unearned", "to_account"),
        ("liabilities:unearned", "expenses:insurance", "to_account"),
        ("liabilities:unearned", "equity:capital", "to_account"),
    ],
)
def test_accounts_that_do_not_fit_together(
    ledger: bl.Ledger, insurance: Make, source: str, target: str, field: str
) -> None:
    """Prepaid goes to expense, unearned goes to income, nothing else."""
    deferral = insurance(from_account=source, to_account=target)
    with pytest.raises(InvalidOption) as caught:
        Accruals(ledger).schedule(deferral)
    assert caught.value.field == field
    assert Accruals(ledger).all() == ()


@pytest.mark.parametrize(
    "changes", [{"from_account": "assets:none"}, {"to_account": "expenses:none"}]
)
def test_unknown_accounts_are_refused_at_once(
    ledger: bl.Ledger, insurance: Make, changes: dict[str, object]
) -> None:
    """Not only when the first part is due."""
    with pytest.raises(UnknownAccount):
        Accruals(ledger).schedule(insurance(**changes))


def test_only_deferrals_are_scheduled(ledger: bl.Ledger) -> None:
    """A mapping with the same fields is none."""
    with pytest.raises(InvalidOption):
        Accruals(ledger).schedule({"id": "insurance"})  # type: ignore[arg-type]


def test_a_closed_period_stops_the_whole_run(
    ledger: bl.Ledger, insurance: Make
) -> None:
    """Nothing is half done: parts of open periods wait too."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance())
    ledger.periods.close("2026-09")
    size = ledger.verify().records
    with pytest.raises(PeriodNotOpen):
        accruals.run(through=date(2026, 10, 31))
    assert ledger.verify().records == size


def test_a_period_closed_after_its_run_is_no_obstacle(
    ledger: bl.Ledger, insurance: Make
) -> None:
    """What was posted is left alone; the next period follows."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance())
    accruals.run(through=date(2026, 8, 31))
    ledger.periods.close("2026-08")
    summary = accruals.run(through=date(2026, 9, 30))
    assert (summary.posted, summary.repeated) == (1, 1)


def test_adjusting_periods_take_accruals(ledger: bl.Ledger, insurance: Make) -> None:
    """They are of kind adjusting."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance())
    ledger.periods.adjust("2026-08")
    assert accruals.run(through=date(2026, 8, 31)).posted == 1
    [record] = ledger.view().entries(kind="adjusting")
    assert record.entry.rule == "accruals.deferral@1"


def test_a_journal_of_their_own(ledger: bl.Ledger, insurance: Make) -> None:
    """The entries are numbered there; a journal that does not exist is refused."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance(journal="accruals"))
    with pytest.raises(UnknownJournal):
        accruals.run(through=date(2026, 8, 31))
    ledger.open_journal("accruals")
    accruals.run(through=date(2026, 9, 30))
    found = [r.journal_number for r in ledger.view().entries(journal="accruals")]
    assert found == [1, 2]


def test_a_reversed_part_stays_reversed(ledger: bl.Ledger, insurance: Make) -> None:
    """The next run does not post it again."""
    accruals = Accruals(ledger)
    accruals.schedule(insurance())
    accruals.run(through=date(2026, 8, 31))
    ledger.reverse(
        "accrual-schedule/insurance-2026/v1/2026-08",
        date=date(2026, 9, 1),
        reason="cover began in September",
    )
    accruals.run(through=date(2026, 9, 30))
    assert ledger.balance("expenses:insurance")["EUR"].number == "30.00"


def test_a_run_wants_a_day(ledger: bl.Ledger) -> None:
    """A text is none."""
    with pytest.raises(InvalidDate):
        Accruals(ledger).run(through="2026-12-31")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "document",
    [
        bl.Document("accrual-schedule", "other", {"type": "degressive"}),
        bl.Document("accrual-schedule", "other", {}),
    ],
)
def test_schedules_of_other_makes_stop_the_run(
    ledger: bl.Ledger, document: bl.Document
) -> None:
    """Skipping them would post half the truth."""
    ledger.documents.store(document)
    with pytest.raises(InvalidDocument):
        Accruals(ledger).run(through=date(2026, 12, 31))


def test_a_changed_schedule_stops_the_run(ledger: bl.Ledger, insurance: Make) -> None:
    """A second version would recognise what the first did once more."""
    accruals = Accruals(ledger)
    document = accruals.schedule(insurance())
    ledger.documents.store(document.revise(document.content))
    with pytest.raises(InvalidDocument):
        accruals.run(through=date(2026, 12, 31))


def test_a_restart_between_schedule_and_run(tmp_path: Path, insurance: Make) -> None:
    """The book knows what is planned, and what was done."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="clerk", create=True, clock=CLOCK) as ledger:
        ledger.open_account("assets:prepaid", type="asset")
        ledger.open_account("expenses:insurance", type="expense")
        Accruals(ledger).schedule(insurance(description="Liability insurance"))
    for posted, repeated in ((5, 0), (0, 5)):
        with bl.open_ledger(path, actor="clerk", clock=CLOCK) as ledger:
            summary = Accruals(ledger).run(through=date(2026, 12, 31))
            assert (summary.posted, summary.repeated) == (posted, repeated)
            ledger.verify()


def test_under_four_eyes_the_due_entries_are_proposed(insurance: Make) -> None:
    """`run` is refused whole; `due` yields what to propose."""
    with bl.open_ledger(
        ":memory:", actor="clerk", clock=CLOCK, controls=[FourEyes()]
    ) as ledger:
        ledger.open_account("assets:prepaid", type="asset")
        ledger.open_account("expenses:insurance", type="expense")
        accruals = Accruals(ledger)
        accruals.schedule(insurance())
        through = date(2026, 9, 30)
        with pytest.raises(ApprovalRequired):
            accruals.run(through=through)
        for entry in accruals.due(through=through):
            seen = ledger.propose(entry).digest
            ledger.proposals.approve(entry.id, actor="controller", seen=seen)
            ledger.proposals.post(entry.id, actor="controller")
        assert accruals.run(through=through).repeated == 2


def test_a_span_of_months() -> None:
    """From a day to the day before the same day, in whatever month that is."""
    year = Span.months(date(2026, 8, 1), 12)
    assert year == Span.inclusive(date(2026, 8, 1), date(2027, 7, 31))
    assert Span.months(date(2026, 1, 31), 1).last == date(2026, 2, 27)
    assert Span.months(date(2024, 2, 29), 12).end == date(2025, 2, 28)
    assert Span.months(date(2026, 1, 15), 3).end == date(2026, 4, 15)


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "12", None, 10**9])
def test_months_are_counted(count: Any) -> None:
    """An int from 1 on, and not for ever."""
    with pytest.raises(InvalidOption):
        Span.months(date(2026, 1, 1), count)


def test_a_span_of_months_stays_in_range() -> None:
    """Of what a ledger takes as dates."""
    with pytest.raises(BoundExceeded):
        Span.months(date(2199, 12, 1), 2)
