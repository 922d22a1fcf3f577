"""Late documents, closed periods, and schedules that are changed under a run."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import postgresql_server
import pytest

import backoffice_ledger as bl
from backoffice_ledger.accruals import (
    Accruals,
    Amendment,
    CreditNote,
    Deferral,
    Span,
)
from backoffice_ledger.errors import (
    DocumentConflict,
    InvalidDate,
    InvalidOption,
    PeriodNotOpen,
)

ID = "insurance-2026"
YEAR = Span.months(date(2026, 1, 1), 12)
Make = Callable[..., Deferral]


@pytest.fixture
def year(insurance: Make) -> Deferral:
    """Return the deferral of 1,200.00 over 2026, 100.00 a month."""
    return insurance(total="1200.00 EUR", span=YEAR)


def booked(ledger: bl.Ledger) -> list[tuple[str, str, str | None]]:
    """Return what was posted: end of the id, date and economic date."""
    return [
        (
            record.id.rpartition("/")[2],
            str(record.entry.date),
            record.entry.economic_date and str(record.entry.economic_date),
        )
        for record in ledger.view().entries()
    ]


# --- late documents ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "day"),
    [("first-open-period-end", "2026-03-31"), ("first-open-day", "2026-03-01")],
)
def test_a_late_document(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral, late: str, day: str
) -> None:
    """Its parts of closed periods go to the first open one and keep their dates."""
    ledger.periods.close("2026-02")
    document = accruals.schedule(year, late=late)
    assert accruals.run(through=date(2026, 3, 31)).posted == 3
    assert sorted(booked(ledger)) == [
        ("2026-01", day, "2026-01-31"),
        ("2026-02", day, "2026-02-28"),
        ("2026-03", "2026-03-31", None),
    ]
    # Whatever is closed or opened later, runs and retries find the same entries.
    ledger.periods.close("2026-03")
    assert accruals.schedule(year) == document
    assert accruals.run(through=date(2026, 3, 31)).repeated == 3
    ledger.periods.reopen("2026-02", reason="again")
    assert accruals.run(through=date(2026, 3, 31)).repeated == 3
    assert accruals.recognised(ID, date(2026, 2, 28)).number == "0.00"
    assert accruals.recognised(ID, date(2026, 3, 31)).number == "300.00"
    ledger.verify()


def test_a_late_document_may_be_rejected(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """The error names the period, and nothing is kept."""
    ledger.periods.close("2026-02")
    with pytest.raises(PeriodNotOpen, match="2026-01 is closed"):
        accruals.schedule(year, late="reject")
    assert accruals.all() == ()
    with pytest.raises(InvalidOption):
        accruals.schedule(year, late="never")  # type: ignore[arg-type]


def test_a_preview_shows_where_late_parts_go(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """The month stays that of the service, the date is that of the booking."""
    ledger.periods.close("2026-02")
    rows = accruals.plan(year).rows()
    assert [(row["period"], row["date"]) for row in rows[:3]] == [
        ("2026-01", date(2026, 3, 31)),
        ("2026-02", date(2026, 3, 31)),
        ("2026-03", date(2026, 3, 31)),
    ]


def test_a_late_change(ledger: bl.Ledger, accruals: Accruals, year: Deferral) -> None:
    """Only its own lines are moved; the earlier ones are where they were."""
    accruals.schedule(year)
    accruals.run(through=date(2026, 3, 31))
    for month in range(1, 5):
        ledger.periods.close(f"2026-{month:02}")
    note = CreditNote(
        id="cn-1",
        effective=date(2026, 4, 2),
        amount="90.00 EUR",
        against="deferred",
        account="assets:bank",
        reason="Goodwill",
    )
    accruals.amend(ID, note)
    assert accruals.changes(ID) == (note,)
    accruals.run(through=date(2026, 5, 31))
    assert booked(ledger)[-3:] == [
        ("credit-note", "2026-05-31", "2026-04-02"),
        ("2026-04", "2026-05-31", "2026-04-30"),
        ("2026-05", "2026-05-31", None),
    ]


def test_adjusting_periods_take_parts_but_no_bills(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """A credit note is no adjustment: it goes to the next period that is open."""
    accruals.schedule(year)
    ledger.periods.adjust("2026-01")
    note = CreditNote(
        id="cn-1",
        effective=date(2026, 1, 20),
        amount="90.00 EUR",
        against="deferred",
        account="assets:bank",
    )
    accruals.amend(ID, note)
    accruals.run(through=date(2026, 2, 28))
    assert booked(ledger) == [
        ("2026-01", "2026-01-31", None),
        ("credit-note", "2026-02-28", "2026-01-20"),
        ("2026-02", "2026-02-28", None),
    ]


def test_a_journal_that_is_closed(
    ledger: bl.Ledger, accruals: Accruals, insurance: Make
) -> None:
    """Its own periods count, once it is opened."""
    ledger.open_journal("accruals")
    ledger.periods.close("2026-01", journal="accruals")
    accruals.schedule(
        insurance(total="1200.00 EUR", span=YEAR, journal="accruals", id="a")
    )
    accruals.schedule(insurance(total="1200.00 EUR", span=YEAR, id="b"))
    accruals.schedule(insurance(span=YEAR, journal="none", id="c"))
    assert accruals.plan("a").rows()[0]["date"] == date(2026, 2, 28)
    assert accruals.plan("b").rows()[0]["date"] == date(2026, 1, 31)
    assert accruals.plan("c").rows()[0]["date"] == date(2026, 1, 31)


def test_no_period_is_open(
    ledger: bl.Ledger, accruals: Accruals, insurance: Make
) -> None:
    """At the end of time there is nowhere to go."""
    ledger.periods.close("2199")
    with pytest.raises(PeriodNotOpen):
        accruals.schedule(insurance(span=Span.months(date(2199, 1, 1), 3)))


# --- periods that were closed before their run ----------------------------------------


def test_a_part_that_was_forgotten(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """It is refused, or moved by a version of its own that later runs find."""
    accruals.schedule(year)
    accruals.run(through=date(2026, 1, 31))
    for month in ("2026-01", "2026-02"):
        ledger.periods.close(month)
    with pytest.raises(PeriodNotOpen):
        accruals.run(through=date(2026, 3, 31))
    summary = accruals.run(through=date(2026, 3, 31), on_closed="first-open-period-end")
    assert (summary.posted, summary.repeated) == (2, 1)
    assert sorted(booked(ledger)) == [
        ("2026-01", "2026-01-31", None),
        ("2026-02", "2026-03-31", "2026-02-28"),
        ("2026-03", "2026-03-31", None),
    ]
    ledger.periods.close("2026-03")
    ledger.periods.reopen("2026-02", reason="again")
    for on_closed in ("reject", "first-open-day"):
        again = accruals.run(through=date(2026, 3, 31), on_closed=on_closed)
        assert (again.posted, again.repeated) == (0, 3)
    assert accruals.changes(ID) == ()
    ledger.verify()


def test_a_run_takes_up_where_it_left(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """What is dated before a day is taken as posted, if that is asked for."""
    accruals.schedule(year)
    accruals.run(through=date(2026, 3, 31))
    summary = accruals.run(through=date(2026, 4, 30), since=date(2026, 4, 1))
    assert (summary.posted, summary.repeated) == (1, 0)
    with pytest.raises(InvalidDate):
        accruals.run(through=date(2026, 4, 30), since="2026-04-01")  # type: ignore[arg-type]
    with pytest.raises(InvalidOption):
        accruals.run(through=date(2026, 4, 30), on_closed="skip")  # type: ignore[arg-type]


# --- under a run ---------------------------------------------------------------------


def amended() -> Amendment:
    """Return an amendment from March on."""
    return Amendment(
        id="a-1", effective=date(2026, 3, 1), policy="prospective", total="2200.00 EUR"
    )


def test_a_schedule_changed_under_a_run(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """The run sees it before it ends, and posts nothing."""
    accruals.schedule(year)
    entries = accruals.due(through=date(2026, 4, 30))

    def with_a_change_in_between() -> object:
        yield next(entries)
        accruals.amend(ID, amended())
        yield from entries

    size = ledger.verify().records
    with pytest.raises(DocumentConflict, match="changed while they were run"):
        ledger.post_many(with_a_change_in_between(), atomic=True)  # type: ignore[arg-type]
    assert ledger.verify().records == size


@pytest.mark.usefixtures("postgresql")
def test_a_schedule_changed_by_another_process(tmp_path: Path, insurance: Make) -> None:
    """On PostgreSQL others may write while a run goes on: it sees that, too."""
    store = postgresql_server.store_of(tmp_path)
    with (
        bl.open_ledger(store, actor="clerk", create=True) as ledger,
        bl.open_ledger(store, actor="controller") as other,
    ):
        ledger.open_account("assets:prepaid", type="asset")
        ledger.open_account("expenses:insurance", type="expense")
        accruals = Accruals(ledger)
        for style in ("balance-sheet-first", "cut-off"):
            accruals.schedule(
                insurance(id=style, total="1200.00 EUR", span=YEAR, style=style)
            )
        for posted, repeated in ((6, 0), (0, 6)):
            summary = accruals.run(through=date(2026, 2, 28))
            assert (summary.posted, summary.repeated) == (posted, repeated)
        entries = accruals.due(through=date(2026, 4, 30))

        def with_a_change_in_between() -> Iterator[bl.Entry]:
            yield next(entries)
            Accruals(other).amend("balance-sheet-first", amended())
            yield from entries

        with pytest.raises(DocumentConflict, match="changed while they were run"):
            ledger.post_many(with_a_change_in_between(), atomic=True)
        summary = accruals.run(through=date(2026, 4, 30))
        assert (summary.posted, summary.repeated) == (6, 6)
        ledger.verify()


def test_entries_of_a_version_that_was_replaced(
    ledger: bl.Ledger, accruals: Accruals, year: Deferral
) -> None:
    """They would be recognised twice: the run names them until they are reversed."""
    accruals.schedule(year)
    entries = {entry.id: entry for entry in accruals.due(through=date(2026, 4, 30))}
    accruals.amend(ID, amended())
    stale = f"accrual-schedule/{ID}/v1/2026-03"
    ledger.post(entries[stale])  # as another process may that began before
    with pytest.raises(DocumentConflict, match="v1/2026-03"):
        accruals.run(through=date(2026, 4, 30))
