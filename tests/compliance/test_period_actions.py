"""Calendars, exceptions and classes of journals can be proposed like anything else."""

from datetime import UTC, date, datetime

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.calendars import FiscalMonths, SuccessiveCalendars

UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


def entry(id: str, day: date) -> bl.Entry:
    """Return a payment into the bank."""
    postings = [bl.debit("assets:bank", "1 EUR"), bl.credit("equity:c", "1 EUR")]
    return bl.Entry(id, day, postings)


@pytest.fixture
def ledger() -> bl.Ledger:
    """Return a book with an entry."""
    ledger = bl.open_ledger(":memory:", actor="anna")
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("equity:c", type="equity")
    ledger.post(entry("first", date(2026, 1, 5)))
    return ledger


def carry_out(ledger: bl.Ledger, proposal: bl.Proposal) -> None:
    """Approve and release a proposal, as somebody else."""
    ledger.proposals.approve(proposal.id, seen=proposal.digest, actor="bert")
    ledger.proposals.release(proposal.id, actor="bert")
    ledger.verify()


def test_a_calendar_is_proposed(ledger: bl.Ledger) -> None:
    """From a day on, then as a whole; proposing the same again is the same proposal."""
    july = FiscalMonths(first_month=7)
    since = date(2026, 7, 1)
    for _ in range(2):
        proposal = ledger.proposals.propose(
            lambda book: book.periods.use(july, since=since, reason="Board"), id="c-1"
        )
    assert proposal.action == "use-calendar"
    carry_out(ledger, proposal)
    assert ledger.periods.calendar.period_of(date(2026, 7, 1)) == "FY2027-P01"
    assert isinstance(ledger.periods.calendar, SuccessiveCalendars)
    whole = ledger.proposals.propose(
        lambda book: book.periods.use(FiscalMonths(first_month=4)), id="c-2"
    )
    carry_out(ledger, whole)
    assert ledger.periods.calendar == FiscalMonths(first_month=4)


def test_an_exception_is_proposed_and_revoked(ledger: bl.Ledger) -> None:
    """Who is to post under it neither proposes nor releases it."""
    ledger.periods.close("2026-01")
    with pytest.raises(errors.NotPermitted):
        ledger.proposals.propose(
            lambda book: book.periods.allow(
                "2026-01", actors=["anna"], until=UNTIL, reason="audit", id="own"
            ),
            id="e-0",
        )
    for _ in range(2):
        proposal = ledger.proposals.propose(
            lambda book: book.periods.allow(
                "2026-01", actors=["carl"], until=UNTIL, reason="audit", id="audit"
            ),
            id="e-1",
        )
    carry_out(ledger, proposal)
    carl = bl.open_ledger(ledger._session.store, actor="carl")
    carl.post(entry("late", date(2026, 1, 6)))
    revocation = ledger.proposals.propose(
        lambda book: book.periods.revoke("audit", reason="done"), id="e-2"
    )
    carry_out(ledger, revocation)
    with pytest.raises(errors.PeriodNotOpen):
        carl.post(entry("later", date(2026, 1, 7)))


def test_a_year_is_proposed_again(ledger: bl.Ledger) -> None:
    """A proposal names what changes; the year that was asked for is the same."""
    for _ in range(2):
        proposal = ledger.proposals.propose(
            lambda book: book.periods.close("2026", reason="filed"), id="y-1"
        )
    carry_out(ledger, proposal)
    assert ledger.periods.get("2026-12").state is bl.PeriodState.CLOSED


def test_a_journal_of_a_class_is_proposed(ledger: bl.Ledger) -> None:
    """With its class, and its description."""
    proposal = ledger.proposals.propose(
        lambda book: book.open_journal(
            "sales", description="Sales", journal_class="customers"
        ),
        id="j-1",
    )
    carry_out(ledger, proposal)
    ledger.periods.close("2026-01", journal_class="customers")
    with pytest.raises(errors.PeriodNotOpen):
        postings = entry("x", date(2026, 1, 5)).postings
        ledger.post(bl.Entry("x", date(2026, 1, 5), postings, journal="sales"))


def test_what_is_many_commands_is_not_proposed(ledger: bl.Ledger) -> None:
    """Batches of documents and of entries cannot be shown and decided again."""
    columns = {
        "ids": ["a"],
        "dates": [date(2026, 1, 5)],
        "debits": ["assets:bank"],
        "credits": ["equity:c"],
        "amounts": [100],
        "commodity": "EUR",
    }
    for what in (
        lambda book: book.documents.store_many([bl.Document("note", "n", {})]),
        lambda book: book.post_columns(**columns),
        lambda book: book.post_all([entry("a", date(2026, 1, 5))]),
    ):
        with pytest.raises(errors.InvalidOption):
            ledger.proposals.propose(what, id="p")
    assert [record.id for record in ledger.view().entries()] == ["first"]
