"""Columns are entries: the same records, byte for byte."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.compliance import FourEyes
from backoffice_ledger.errors import (
    ApprovalRequired,
    BoundExceeded,
    IdempotencyConflict,
    InexactNumber,
    InvalidEntry,
    InvalidOption,
    PeriodNotOpen,
    Unbalanced,
    UnknownAccount,
)
from backoffice_ledger.testing import FrozenClock, SeededSalts, SequentialIds

ACCOUNTS = ("assets:bank", "assets:cash", "assets:vault")
FIRST = date(2026, 1, 1)
DAYS = st.integers(0, 500).map(lambda n: FIRST + timedelta(days=n))
ROWS = st.lists(
    st.tuples(
        DAYS,
        st.sampled_from(ACCOUNTS),
        st.sampled_from(ACCOUNTS),
        st.integers(-(10**27) + 1, 10**27 - 1).filter(bool),
        st.sampled_from(["", "rent", 'a "quoted" text', "Miete für März"]),
    ),
    max_size=12,
)


def new_book(**options: Any) -> bl.Ledger:
    """Return a book whose clock, ids and salts are the same every time."""
    ledger = bl.open_ledger(
        ":memory:",
        actor="clerk",
        clock=FrozenClock(datetime(2026, 1, 1, tzinfo=UTC)),
        ids=SequentialIds("id"),
        salts=SeededSalts("columns"),
        **options,
    )
    for path in ACCOUNTS:
        ledger.open_account(path, type="asset")
    ledger.open_account("stock:shares", type="memorandum")
    return ledger


def columns(rows: list[tuple[date, str, str, int, str]]) -> dict[str, Any]:
    """Return rows as the columns of `post_columns`."""
    columns_ = zip(*rows, strict=True) if rows else [()] * 5
    days, debits, credits_, amounts, texts = columns_
    return {
        "ids": [f"e{number}" for number in range(len(rows))],
        "dates": days,
        "debits": debits,
        "credits": credits_,
        "amounts": amounts,
        "descriptions": texts,
        "commodity": "EUR",
    }


def entries(rows: list[tuple[date, str, str, int, str]]) -> list[bl.Entry]:
    """Return the same rows as entries."""
    return [
        bl.Entry(
            f"e{number}",
            day,
            [
                bl.debit(debited, bl.Amount.from_minor(amount, "EUR")),
                bl.credit(credited, bl.Amount.from_minor(amount, "EUR")),
            ],
            description=text,
        )
        for number, (day, debited, credited, amount, text) in enumerate(rows)
    ]


ROW = (FIRST, "assets:bank", "assets:cash", 5, "rent")


@given(ROWS)
def test_columns_are_entries(rows: list[tuple[date, str, str, int, str]]) -> None:
    """The same log, whether posted as columns or as objects, twice over."""
    one, other = new_book(), new_book()
    for book in (one, other):
        book.post(bl.Entry("first", FIRST, entries([ROW])[0].postings))
    first = one.post_columns(**columns(rows), batch_size=5)
    second = other.post_many(entries(rows), batch_size=5)
    assert first == second
    assert one.verify() == other.verify()
    again = one.post_columns(**columns(rows))
    assert (again.posted, again.repeated) == (0, len(rows))
    assert one.verify() == other.verify()


def test_what_needs_a_look_goes_the_ordinary_way() -> None:
    """A first commodity, dated accounts and memorandum accounts: same result."""
    one, other = new_book(), new_book()
    for book in (one, other):
        book.open_account("assets:new", type="asset", opened=FIRST)
    rows = [(FIRST, "assets:new", "assets:bank", 7, "")]
    one.post_columns(**columns(rows))
    other.post_many(entries(rows))
    assert one.verify() == other.verify()
    with pytest.raises(Unbalanced):
        mixed = columns([(FIRST, "stock:shares", "assets:bank", 7, "")])
        one.post_columns(**(mixed | {"ids": ["mixed"]}))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"amounts": [1.5]}, InexactNumber),
        ({"amounts": [True]}, InexactNumber),
        ({"amounts": ["5"]}, InexactNumber),
        ({"amounts": [0]}, InvalidEntry),
        ({"amounts": [10**27]}, BoundExceeded),
        ({"amounts": [1, 2]}, InvalidOption),
        ({"ids": "e"}, InvalidOption),
        ({"dates": [datetime(2026, 1, 1, tzinfo=UTC)]}, Exception),
        ({"debits": ["assets:none"]}, UnknownAccount),
        ({"commodity": "NOPE"}, Exception),
    ],
)
def test_bad_columns_write_nothing(change: dict[str, Any], error: type) -> None:
    """Every column is checked before the first entry is written."""
    ledger = new_book()
    before = ledger.verify()
    with pytest.raises(error) as caught:
        ledger.post_columns(**(columns([ROW]) | change))
    assert isinstance(caught.value, bl.LedgerError)
    assert ledger.verify() == before


def test_columns_obey_periods_ids_and_controls() -> None:
    """The rules of the book are those of `post_many`."""
    ledger = new_book()
    ledger.post_columns(**columns([ROW]))
    with pytest.raises(IdempotencyConflict):
        ledger.post_columns(**(columns([ROW]) | {"amounts": [6]}))
    ledger.periods.close("2026-01")
    with pytest.raises(PeriodNotOpen):
        ledger.post_columns(**(columns([ROW]) | {"ids": ["late"]}))
    guarded = new_book(controls=[FourEyes()])
    with pytest.raises(ApprovalRequired):
        guarded.post_columns(**columns([ROW]))
