"""Answers of a ledger that no other test asks for: rare, but part of its promises."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.calendars import CalendarMonths

DAY = date(2026, 3, 31)


def rent(number: int, day: date = DAY) -> bl.Entry:
    """Return a payment of rent."""
    return bl.Entry(
        f"rent-{number}",
        day,
        [bl.debit("expenses:rent", "10.00 EUR"), bl.credit("assets:bank", "10.00 EUR")],
    )


def fill(ledger: bl.Ledger) -> None:
    """Open two accounts and pay one rent."""
    ledger.open_account("assets:bank", type="asset")
    ledger.open_account("expenses:rent", type="expense")
    ledger.post(rent(1))


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[bl.Ledger]:
    """Return a book with one entry, on each store."""
    where = ":memory:" if request.param == "memory" else tmp_path / "books.db"
    with bl.open_ledger(where, actor="clerk", create=True) as ledger:
        fill(ledger)
        yield ledger


# --- entries and records --------------------------------------------------------------


def test_progress_sees_the_batches_of_columns(ledger: bl.Ledger) -> None:
    """What shows the progress learns how many batches there will be."""
    seen: list[object] = []

    def progress(batches: Iterable[int], *, total: int | None) -> Iterator[int]:
        seen.append(total)
        for batch in batches:
            seen.append(batch)
            yield batch

    summary = ledger.post_columns(
        ids=["a", "b", "c"],
        dates=[DAY] * 3,
        debits=["expenses:rent"] * 3,
        credits=["assets:bank"] * 3,
        amounts=[100, 200, 300],
        commodity="EUR",
        batch_size=2,
        progress=progress,
    )
    assert seen == [2, 0, 2]
    assert (summary.posted, summary.repeated) == (3, 0)


def test_a_long_log_is_yielded_whole(ledger: bl.Ledger) -> None:
    """However many pages the records take, none is left out and none comes twice."""
    ledger.post_many(rent(number) for number in range(2, 1_502))
    size = ledger.verify().records
    assert size > 1_500
    positions = [record.position for record in ledger.records()]
    assert positions == list(range(1, size + 1))
    assert [r.position for r in ledger.records(after=3)] == positions[3:]


def test_only_the_record_of_an_entry_has_an_entry(ledger: bl.Ledger) -> None:
    """Asked of a record of another type, the error says which type it is."""
    by_type = {record.type: record for record in ledger.records()}
    assert by_type["entry"].entry == rent(1)
    with pytest.raises(errors.InvalidOption) as caught:
        _ = by_type["account"].entry
    assert (caught.value.field, caught.value.found) == ("record", "'account'")


def test_a_ledger_shows_the_name_of_its_book() -> None:
    """The representation tells one book from another."""
    ledger = bl.open_ledger(":memory:", actor="clerk", book="fund-7")
    assert repr(ledger) == "<Ledger 'fund-7'>"


def test_a_trial_needs_somebody_who_acts(tmp_path: Path) -> None:
    """Even what writes nothing is decided in somebody's name."""
    path = tmp_path / "books.db"
    with bl.open_ledger(path, actor="clerk", create=True) as ledger:
        fill(ledger)
    with bl.open_ledger(path, read_only=True) as reader:
        with pytest.raises(errors.InvalidOption) as caught:
            reader.post(rent(2), dry_run=True)
        assert caught.value.field == "actor"
    with bl.open_ledger(path, actor="guest", read_only=True) as reader:
        assert reader.post(rent(2), dry_run=True).actor == "guest"


# --- periods --------------------------------------------------------------------------


def test_a_period_closed_by_a_later_one_can_be_closed_itself(
    ledger: bl.Ledger,
) -> None:
    """It counts as closed already, and then has a record of its own, once."""
    ledger.periods.close("2026-02")
    assert ledger.periods.get("2026-01").state is bl.PeriodState.CLOSED
    before = ledger.verify().records
    [period] = ledger.periods.close("2026-01")
    assert period.state is bl.PeriodState.CLOSED
    assert ledger.verify().records == before + 1
    ledger.periods.close("2026-01")
    assert ledger.verify().records == before + 1


@pytest.mark.parametrize("ask", [CalendarMonths().span, CalendarMonths().expand])
def test_no_month_lies_in_the_year_0(ask: Callable[[str], object]) -> None:
    """The calendar begins with the year 1, as Python's does."""
    with pytest.raises(errors.InvalidOption) as caught:
        ask("0000-12")
    assert (caught.value.field, caught.value.found) == ("period", "'0000-12'")
    assert CalendarMonths().span("0001-12") == (date(1, 12, 1), date(1, 12, 31))


# --- views ----------------------------------------------------------------------------


def test_dates_are_given_first_one_first(ledger: bl.Ledger) -> None:
    """A span that ends before it begins is a mistake, not an empty report."""
    span = (date(2026, 3, 2), date(2026, 3, 1))
    with pytest.raises(errors.InvalidOption) as caught:
        ledger.view().trial_balance(span)
    assert (caught.value.field, caught.value.found) == ("dates", "2026-03-01")
    with pytest.raises(errors.InvalidOption):
        ledger.view().entries(dates=span)


def test_accounts_of_both_sides_have_no_common_balance(ledger: bl.Ledger) -> None:
    """Where debits raise one account and lower another, a sum would have no sign."""
    ledger.open_account("partner:claims", type="asset")
    ledger.open_account("partner:debts", type="liability")
    for ask in (ledger.view().balance, ledger.view().turnover):
        with pytest.raises(errors.InvalidOption) as caught:
            ask("partner", include_children=True)
        assert (caught.value.field, caught.value.found) == ("account", "'partner'")
    assert ledger.view().balance("partner:claims") == bl.Balance()


def test_the_general_ledger_of_the_past_stays(ledger: bl.Ledger) -> None:
    """As it was known at a record, it does not change with later records."""
    position = ledger.verify().records
    before = str(ledger.view(known_at=position).general_ledger())
    assert "rent-1" in before
    ledger.post(rent(2))
    assert str(ledger.view(known_at=position).general_ledger()) == before
    assert "rent-2" in str(ledger.view().general_ledger())
