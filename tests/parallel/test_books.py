"""One business in several books: all or none, and every difference has an event."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.accruals import Accruals, Deferral, Span
from backoffice_ledger.parallel import ParallelBooks
from backoffice_ledger.stores import PostgreSQLStore
from backoffice_ledger.testing import ledger_text

ACCOUNTS = {
    "assets:bank": "asset",
    "assets:software": "asset",
    "assets:prepaid": "asset",
    "equity:capital": "equity",
    "equity:retained": "equity",
    "income:fees": "income",
    "expenses:development": "expense",
    "expenses:insurance": "expense",
}


def open_books(store: Any, *names: str) -> ParallelBooks:
    """Open books with the same accounts on one store."""
    books = {
        name: bl.open_ledger(store, actor="clerk", book=name, create=True)
        for name in names
    }
    for ledger in books.values():
        for path, type_ in ACCOUNTS.items():
            ledger.open_account(path, type=type_)
    return ParallelBooks(books)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ParallelBooks]:
    """Return books by HGB and by IFRS, on every store."""
    if request.param == "memory":
        store: Any = bl.MemoryStore()
    elif request.param == "sqlite":
        store = bl.SQLiteStore(tmp_path / "books.db", create=True)
    else:
        store = PostgreSQLStore(request.getfixturevalue("database"))
    yield open_books(store, "hgb", "ifrs")
    store.close()


SAME = ledger_text(
    """
    2025-01-02 * capital / Dr assets:bank 900.00 EUR / Cr equity:capital 900.00 EUR
    2025-03-01 * fee / Dr assets:bank 50.00 EUR / Cr income:fees 50.00 EUR
    """
)
SPENT, CAPITALISED = ledger_text(
    """
    2025-04-01 * dev / Dr expenses:development 300.00 EUR / Cr assets:bank 300.00 EUR
    2025-04-01 * dev / Dr assets:software 300.00 EUR / Cr assets:bank 300.00 EUR
    """
)


def post_year(books: ParallelBooks) -> None:
    """Post what both see alike, and what only IFRS capitalises (IAS 38.57)."""
    for entry in SAME:
        books.post(entry.id, {"hgb": [entry], "ifrs": [entry]})
    books.post("development-1", {"hgb": [SPENT], "ifrs": [CAPITALISED]})


def test_an_event_goes_to_every_book(books: ParallelBooks) -> None:
    """Each book has a log of its own, and its entries name the event."""
    post_year(books)
    for ledger in books.books.values():
        assert ledger.record("dev").entry.references == ("event:development-1",)
        assert str(ledger.balance("assets:bank")) == "650.00 EUR"
        ledger.verify()
    named = books.books["ifrs"].record("dev").entry  # it has the reference already
    again = books.post("development-1", {"hgb": [SPENT], "ifrs": [named]})
    assert again["hgb"] == (books.books["hgb"].record("dev"),)


def test_all_books_or_none(books: ParallelBooks) -> None:
    """A refusal in one of them leaves the others as they were."""
    [bad] = ledger_text(
        "2025-04-01 * x / Dr assets:nowhere 1.00 EUR / Cr assets:bank 1.00 EUR"
    )
    with pytest.raises(errors.UnknownAccount):
        books.post("x", {"hgb": SAME[:1], "ifrs": [bad]})
    assert not books.books["hgb"].balance("assets:bank")


def test_the_differences_by_account(books: ParallelBooks) -> None:
    """Only what differs is shown; the differences balance."""
    post_year(books)
    assert str(books.differences(as_of=date(2025, 12, 31))) == (
        "Differences between books\n"
        "debits less credits, to 2025-12-31, in EUR\n"
        "\n"
        "Account                  HGB    IFRS  IFRS less HGB\n"
        "===================================================\n"
        "assets:software         0.00  300.00         300.00\n"
        "expenses:development  300.00    0.00        -300.00"
    )
    assert books.differences(as_of=date(2025, 3, 31)).rows() == []


def test_the_differences_by_event(books: ParallelBooks) -> None:
    """The bridge leads from one result to the other; closing changes nothing."""
    post_year(books)
    bridge = books.result_bridge("hgb", to="ifrs")
    assert [(row["event"], str(row["difference"])) for row in bridge] == [
        ("development-1", "300.00 EUR")
    ]
    totals = {name: str(bridge.total(name)) for name in ("hgb", "ifrs", "difference")}
    assert totals == {
        "hgb": "-250.00 EUR",
        "ifrs": "50.00 EUR",
        "difference": "300.00 EUR",
    }
    for name, ledger in books.books.items():
        result = ledger.view().income_statement().total("result")
        assert result == bridge.total(name)
    closing = bl.Entry(
        "closing",
        date(2025, 12, 31),
        [
            bl.debit("income:fees", "50.00 EUR"),
            bl.credit("equity:retained", "50.00 EUR"),
        ],
        kind="closing",
    )
    books.post("closing", {"ifrs": [closing]})
    assert books.result_bridge("hgb", to="ifrs").rows() == bridge.rows()


def test_a_reversal_counts_for_its_event(books: ParallelBooks) -> None:
    """What is taken back in both books makes no difference."""
    post_year(books)
    for ledger in books.books.values():
        ledger.reverse("dev", date=date(2025, 5, 1), reason="sold")
    assert books.result_bridge("hgb", to="ifrs").rows() == []
    april = (date(2025, 4, 1), date(2025, 4, 30))
    assert len(books.result_bridge("hgb", april, to="ifrs")) == 1


class Development:
    """What development costs come to."""

    version = "1"

    def __init__(self, id: str, account: str) -> None:
        self.id = id
        self._account = account

    def entries(self, event: str) -> Iterable[bl.EntryDraft]:
        """Return the costs, and a small fee under an id of its own."""
        yield bl.EntryDraft(
            date(2025, 4, 1),
            [bl.debit(self._account, event)],
            balance_to="assets:bank",
        )
        yield bl.EntryDraft(
            date(2025, 4, 1),
            [bl.debit(self._account, "1.00 EUR")],
            balance_to="assets:bank",
            id="fee",
            rule="other@7",
        )


def test_each_book_has_its_rule(books: ParallelBooks) -> None:
    """The drafts of the rules get ids from the event and say which rule made them."""
    rules = {
        "hgb": Development("spent", "expenses:development"),
        "ifrs": Development("capitalised", "assets:software"),
    }
    for _ in range(2):
        records = books.apply("dev-1", "300.00 EUR", rules)
        assert [r.id for r in records["ifrs"]] == ["dev-1:1", "fee"]
        assert [r.entry.rule for r in records["ifrs"]] == ["capitalised@1", "other@7"]
    assert str(books.books["hgb"].balance("expenses:development")) == "301.00 EUR"


def test_modules_work_in_several_books(books: ParallelBooks) -> None:
    """Whatever keeps things of its own in a book shares the transaction."""
    insurance = Deferral(
        id="insurance",
        total="360.00 EUR",
        span=Span.inclusive(date(2025, 8, 1), date(2026, 7, 31)),
        method="full-months",
        from_account="assets:prepaid",
        to_account="expenses:insurance",
    )

    def work() -> None:
        for ledger in books.books.values():
            accruals = Accruals(ledger)
            accruals.schedule(insurance)
            accruals.run(through=date(2025, 12, 31))

    books.atomically(work)
    assert books.differences().rows() == []
    for ledger in books.books.values():
        assert str(ledger.balance("expenses:insurance")) == "150.00 EUR"


def test_bad_input() -> None:
    """A clear error says what was expected."""
    store = bl.MemoryStore()
    books = open_books(store, "hgb", "ifrs")
    hgb = books.books["hgb"]
    elsewhere = open_books(bl.MemoryStore(), "tax", "other").books["tax"]
    apart = ParallelBooks({"hgb": hgb, "tax": elsewhere})
    for call, field in (
        (lambda: ParallelBooks({"hgb": hgb}), "books"),
        (lambda: ParallelBooks([hgb, elsewhere]), "books"),  # type: ignore[arg-type]
        (lambda: ParallelBooks({"hgb": hgb, "ifrs": hgb}), "books"),
        (lambda: ParallelBooks({"hgb": hgb, "ifrs": "b"}), "books.ifrs"),  # type: ignore[dict-item]
        (lambda: books.post("e", {"tax": SAME}), "entries"),
        (lambda: books.post("e", {"hgb": []}), "entries"),
        (lambda: books.apply("e", "1", {"tax": Development("a", "b")}), "rules"),
        (lambda: books.result_bridge("hgb", to="tax"), "book"),
        (lambda: apart.post("e", {"hgb": SAME}), "others"),
    ):
        with pytest.raises(errors.InvalidOption) as caught:
            call()
        assert caught.value.field == field


effects = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["hgb", "ifrs"]),
        st.sampled_from(["income:fees", "expenses:insurance", "assets:prepaid"]),
        st.integers(-1000, 1000).filter(bool),
    ),
    max_size=8,
)


@given(effects)
def test_the_bridge_adds_up(history: Any) -> None:
    """From one result to the other, and the differences by account balance."""
    books = open_books(bl.MemoryStore(), "hgb", "ifrs")
    for number, (event, book, path, minor) in enumerate(history):
        amount = bl.Amount.from_minor(minor, "EUR")
        postings = [bl.debit(path, amount), bl.credit("assets:bank", amount)]
        entry = bl.Entry(f"{event}-{number}", date(2025, 5, 1), postings)
        books.post(event, {book: [entry]})
    bridge = books.result_bridge("hgb", to="ifrs")
    steps = bl.Balance(row["difference"] for row in bridge)  # type: ignore[misc]
    assert bridge.total("hgb") + steps == bridge.total("ifrs")
    rows = books.differences().rows()
    assert not bl.Balance(row["ifrs_less_hgb"] for row in rows)  # type: ignore[misc]
