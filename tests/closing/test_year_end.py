"""The explicit closing is the virtual one, and leaves nothing open."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.closing import YearEnd, roll_forward
from backoffice_ledger.closing import _sums as sums
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import ledger_text

LAST = date(2025, 12, 31)


@pytest.fixture
def year(ledger: bl.Ledger) -> Callable[..., YearEnd]:
    """Return a function that makes the end of the year 2025."""
    return lambda **more: YearEnd(
        ledger, **({"last": LAST, "to": "equity:retained"} | more)
    )


def lines(entry: bl.Entry) -> list[str]:
    """Return the postings of an entry in the notation of the field."""
    return [str(posting) for posting in entry.postings]


def test_the_result_goes_to_equity(ledger: bl.Ledger, year: Any) -> None:
    """Income is debited, expenses are credited, the profit is credited to equity."""
    end = year()
    assert str(end.result()) == "1300.00 EUR"
    [entry] = end.plan()
    assert lines(entry) == [
        "Cr expenses:rent 1200.00 EUR",
        "Cr expenses:wages 2500.00 EUR",
        "Dr income:fees 5000.00 EUR",
        "Cr equity:retained 1300.00 EUR",
    ]
    assert (entry.kind, entry.date) == (bl.EntryKind.CLOSING, LAST)
    [record] = end.post()
    assert record.entry == entry
    assert not end.result()
    assert str(ledger.balance("equity:retained")) == "1300.00 EUR"
    assert str(ledger.balance("income:fees")) == "70.00 EUR"


def test_the_virtual_closing_is_the_same(ledger: bl.Ledger, year: Any) -> None:
    """The balance sheet shows before what equity has after; earlier phases show it."""
    view = ledger.view(as_of=LAST)
    before, virtual = view.balance_sheet(), year().result()
    assert before.total("result") == virtual
    statement = view.income_statement()
    year().post()
    after = view.balance_sheet()
    assert not after.total("result")
    assert after.total("equity") == before.total("equity")
    assert view.balance("equity:retained") == virtual
    assert view.income_statement().rows() == statement.rows()
    assert view.balance_sheet(phase="adjusted").rows() == before.rows()


def test_closing_again_changes_nothing(ledger: bl.Ledger, year: Any) -> None:
    """A late entry is closed by an entry of its own."""
    assert len(year().post()) == 1
    assert year().post() == ()
    [late] = ledger_text(
        "2025-12-30 * late / Dr expenses:rent 8.00 EUR / Cr assets:bank 8.00 EUR"
    )
    ledger.post(late)
    [record] = year().post()
    assert record.id == "closing:2025-12-31:2"
    assert lines(record.entry) == [
        "Cr expenses:rent 8.00 EUR",
        "Dr equity:retained 8.00 EUR",
    ]
    assert [r.id for r in year().records()] == [
        "closing:2025-12-31:1",
        "closing:2025-12-31:2",
    ]


def test_a_closing_can_be_taken_back(ledger: bl.Ledger, year: Any) -> None:
    """Then the result is open as before, and closes under new ids."""
    year().post()
    before = ledger.view(as_of=LAST).trial_balance(phase="adjusted").rows()
    [reversal] = year().take_back(reason="wages were missing")
    assert reversal.reverses == "closing:2025-12-31:1"
    assert year().records() == ()
    assert str(year().result()) == "1300.00 EUR"
    assert ledger.view(as_of=LAST).trial_balance(phase="adjusted").rows() == before
    [record] = year().post()
    assert record.id == "closing:2025-12-31:2"


def test_an_account_in_between(ledger: bl.Ledger, year: Any) -> None:
    """All passes through the income summary, which ends at zero."""
    [first, second] = year(through="equity:summary").post()
    assert lines(first.entry)[-1] == "Cr equity:summary 1300.00 EUR"
    assert lines(second.entry) == [
        "Dr equity:summary 1300.00 EUR",
        "Cr equity:retained 1300.00 EUR",
    ]
    assert not ledger.balance("equity:summary")


def test_a_year_without_result(empty: bl.Ledger) -> None:
    """Income and expenses that are equal empty each other."""
    for entry in ledger_text(
        "2025-03-01 * both / Dr expenses:rent 5.00 EUR / Cr income:fees 5.00 EUR"
    ):
        empty.post(entry)
    end = YearEnd(empty, last=LAST, to="equity:retained", through="equity:summary")
    assert not end.result()
    [record] = end.post()
    assert lines(record.entry) == [
        "Cr expenses:rent 5.00 EUR",
        "Dr income:fees 5.00 EUR",
    ]
    assert YearEnd(empty, last=LAST, to="equity:retained").plan() == ()


def test_cost_centres_are_kept_apart(empty: bl.Ledger) -> None:
    """Each is emptied by itself, those without a value too."""
    for number, (centre, amount) in enumerate(
        [("B7", "10.00 EUR"), ("C1", "20.00 EUR"), (None, "3.00 EUR")]
    ):
        named = {"cost_centre": centre} if centre else None
        empty.post(
            bl.Entry(
                f"rent-{number}",
                date(2025, 5, 1),
                [
                    bl.debit("expenses:rent", amount, dimensions=named),
                    bl.credit("assets:bank", amount),
                ],
            )
        )
    end = YearEnd(empty, last=LAST, to="equity:retained", dimensions=["cost_centre"])
    assert str(end.result()) == "-33.00 EUR"
    [record] = end.post()
    assert [
        (str(p), p.dimensions.get("cost_centre")) for p in record.entry.postings
    ] == [
        ("Cr expenses:rent 3.00 EUR", None),
        ("Cr expenses:rent 10.00 EUR", "B7"),
        ("Cr expenses:rent 20.00 EUR", "C1"),
        ("Dr equity:retained 3.00 EUR", None),
        ("Dr equity:retained 10.00 EUR", "B7"),
        ("Dr equity:retained 20.00 EUR", "C1"),
    ]
    assert end.post() == ()
    table = roll_forward(
        empty, date(2026, 1, 1), date(2026, 12, 31), dimensions=["cost_centre"]
    )
    assert not table.total("difference")
    assert not table.total("opened_result")
    assert {row["cost_centre"] for row in table} == {None, "B7", "C1"}


def test_more_than_one_entry_can_hold(
    ledger: bl.Ledger, year: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large charts are closed by several entries, each balanced."""
    small = attrs.evolve(bl.BOUNDS, postings=4)
    monkeypatch.setattr(sums.bl, "BOUNDS", small)
    records = year(through="equity:summary").post()
    assert [len(record.entry.postings) for record in records] == [3, 2, 2]
    assert not year().result()
    assert not ledger.balance("equity:summary")
    assert str(ledger.balance("equity:retained")) == "1300.00 EUR"


def test_a_closed_year_is_refused_as_a_whole(ledger: bl.Ledger, year: Any) -> None:
    """Nothing is written; the state adjusting lets a closing entry in."""
    ledger.periods.close("2025")
    with pytest.raises(errors.PeriodNotOpen):
        year(through="equity:summary").post()
    assert str(year().result()) == "1300.00 EUR"
    ledger.periods.adjust("2025-12", reason="closing entries")
    assert len(year(through="equity:summary").post()) == 2


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"to": "equity:nowhere"}, errors.UnknownAccount, "account"),
        ({"to": "assets:bank"}, errors.InvalidOption, "to"),
        ({"to": None}, errors.InvalidOption, "to"),
        ({"through": "income:fees"}, errors.InvalidOption, "through"),
        ({"last": "2025-12-31"}, errors.InvalidDate, "last"),
        ({"last": datetime(2025, 12, 31)}, errors.InvalidDate, "last"),  # noqa: DTZ001
        ({"dimensions": ["desk"]}, errors.UnknownDimension, "dimension"),
        ({"dimensions": "cost_centre"}, errors.InvalidOption, "dimensions"),
        ({"dimensions": 7}, errors.InvalidOption, "dimensions"),
        ({"dimensions": [7]}, errors.InvalidOption, "dimensions"),
        ({"dimensions": ["a", "a"]}, errors.InvalidOption, "dimensions"),
        ({"ledger": "books.db"}, errors.InvalidOption, "ledger"),
    ],
    ids=str,
)
def test_bad_input(
    ledger: bl.Ledger, changes: Any, error: type[errors.LedgerError], field: str
) -> None:
    """A clear error says what was expected."""
    arguments = {"ledger": ledger, "last": LAST, "to": "equity:retained"} | changes
    with pytest.raises(error) as caught:
        YearEnd(arguments.pop("ledger"), **arguments)
    assert caught.value.field == field


@pytest.fixture(params=["sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Return a function that opens the same database each time."""
    if request.param == "sqlite":
        return lambda: bl.SQLiteStore(tmp_path / "books.db", create=True)
    dsn = request.getfixturevalue("database")
    return lambda: PostgreSQLStore(dsn)


def test_it_goes_on_after_a_restart(make_store: Callable[[], Any]) -> None:
    """The book itself knows what is closed, on every database."""
    [rent] = ledger_text(
        "2025-03-01 * rent / Dr expenses:rent 5.00 EUR / Cr assets:bank 5.00 EUR"
    )
    store = make_store()
    with bl.open_ledger(store, actor="clerk", create=True) as ledger:
        for path, type_ in (
            ("assets:bank", "asset"),
            ("expenses:rent", "expense"),
            ("equity:retained", "equity"),
        ):
            ledger.open_account(path, type=type_)
        ledger.post(rent)
        [record] = YearEnd(ledger, last=LAST, to="equity:retained").post()
    store.close()
    store = make_store()
    with bl.open_ledger(store, actor="clerk") as ledger:
        end = YearEnd(ledger, last=LAST, to="equity:retained")
        assert end.post() == ()
        assert [r.entry for r in end.records()] == [record.entry]
        table = roll_forward(ledger, date(2026, 1, 1), date(2026, 12, 31))
        assert not table.total("opened_result")
        ledger.verify()
    store.close()


amounts = st.integers(1, 10**12)
accounts = st.sampled_from(["income:fees", "income:interest", "expenses:rent"])
moves = st.lists(
    st.tuples(
        accounts,
        amounts,
        st.sampled_from(["EUR", "JPY"]),
        st.booleans(),
        st.sampled_from([date(2024, 5, 1), date(2025, 7, 1), date(2026, 1, 1)]),
    ),
    max_size=12,
)


@given(moves)
def test_explicit_is_virtual_whatever_happened(history: Any) -> None:
    """What reports showed is carried, with or without an account in between."""
    ends = []
    for through in (None, "equity:summary"):
        ledger = bl.open_ledger(":memory:", actor="clerk")
        for path, type_ in (
            ("assets:bank", "asset"),
            ("income:fees", "income"),
            ("income:interest", "income"),
            ("expenses:rent", "expense"),
            ("equity:retained", "equity"),
            ("equity:summary", "equity"),
        ):
            ledger.open_account(path, type=type_)
        for number, (path, minor, unit, is_debit, day) in enumerate(history):
            amount = bl.Amount.from_minor(minor, unit)
            side, other = (bl.debit, bl.credit)[:: 1 if is_debit else -1]
            ledger.post(
                bl.Entry(
                    str(number), day, [side(path, amount), other("assets:bank", amount)]
                )
            )
        view = ledger.view(as_of=LAST)
        virtual = view.balance_sheet().total("result")
        end = YearEnd(ledger, last=LAST, to="equity:retained", through=through)
        assert end.result() == virtual
        end.post()
        assert view.balance("equity:retained") == virtual
        assert not view.balance_sheet().total("result")
        assert not ledger.balance("equity:summary")
        table = roll_forward(ledger, date(2026, 1, 1), date(2026, 12, 31))
        assert not table.total("difference")
        assert not table.total("opened_result")
        ends.append(ledger.view().trial_balance().rows())
    assert [r for r in ends[0] if r["account"] != "equity:summary"] == [
        r for r in ends[1] if r["account"] != "equity:summary"
    ]
