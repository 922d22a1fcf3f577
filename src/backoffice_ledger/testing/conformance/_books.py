"""Stores as such: several books, nesting, undoing, coming back."""

# ruff: noqa: S101 - tests assert

from datetime import date
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._entries import full_entry
from backoffice_ledger.testing.conformance._twins import (
    StoreCase,
    open_chart,
    open_twins,
    refusal,
    snapshot,
)


class _Interruption(Exception):
    """What a host's transaction ends with."""


class BookTests(StoreCase):
    """Books in a store."""

    def test_a_store_keeps_several_books(self, tmp_path: Path) -> None:
        """Each has its own accounts, positions, numbers and root."""
        store = self.make_store(tmp_path)
        with open_twins(store, book="hgb") as hgb:
            hgb.do(open_chart)
            hgb.post(full_entry())
            ifrs = bl.open_ledger(store, actor="clerk", book="ifrs", create=True)
            assert store.books() == ("hgb", "ifrs")
            assert list(ifrs.accounts.all()) == []
            open_chart(ifrs)
            ifrs.post(full_entry(rule=None))
            assert ifrs.record("full").journal_number == 1
            assert ifrs.record("full").entry.rule is None
            assert hgb.tested.record("full").entry.rule == "rent@1"
            ifrs.verify()
            hgb.check()
            hgb.post(full_entry(id="next"))
            hgb.check()

    def test_books_have_names_of_their_own(self, tmp_path: Path) -> None:
        """A name is taken once, and what is not there is not found."""
        store = self.make_store(tmp_path)
        try:
            store.create_book("main")
            refusal(errors.BookExists, lambda: store.create_book("main"))
            refusal(
                errors.BookNotFound,
                lambda: bl.open_ledger(store, book="other", read_only=True),
            )
            assert store.books() == ("main",)
        finally:
            store.close()

    def test_an_error_undoes_the_whole_transaction(self, tmp_path: Path) -> None:
        """All that was done within it, erasures as well, and nothing before it."""
        with self.books(tmp_path) as books:
            books.post(full_entry())
            before = books.snapshot()
            for ledger in (books.tested, books.oracle):
                try:
                    with ledger._session.transaction(write=True):
                        ledger.post(full_entry(id="second"))
                        ledger.open_account("assets:new", type="asset")
                        ledger.redact("full", field="description", basis="b")
                        ledger.periods.close("2025-12")
                        ledger.reverse("full", date=date(2026, 2, 1), reason="r")
                        raise _Interruption
                except _Interruption:
                    pass
            assert books.snapshot() == before
            books.check()
            books.post(full_entry(id="third"))

    def test_a_refusal_within_a_transaction_leaves_no_trace(
        self, tmp_path: Path
    ) -> None:
        """The commands around it go on as if it had not been tried."""
        postings = [
            bl.debit("assets:bank", "1.00 CHF"),
            bl.credit("equity:capital", "1.00 CHF"),
        ]
        first = bl.Entry("first", date(2026, 1, 1), postings)
        wrong = bl.Entry("wrong", date(2026, 1, 1), postings, journal="nowhere")
        with self.books(tmp_path) as books:
            for ledger in (books.tested, books.oracle):
                with ledger._session.transaction(write=True):
                    try:
                        ledger.post_many([first, wrong])
                    except errors.UnknownJournal:
                        ledger.post(first)
            assert books.do(lambda ledger: ledger.record("first")).entry == first

    def test_a_transaction_may_hold_many_commands(self, tmp_path: Path) -> None:
        """They see one another and are committed together."""
        with self.books(tmp_path) as books:
            for ledger in (books.tested, books.oracle):
                with ledger._session.transaction(write=True):
                    ledger.open_account("assets:new", type="asset")
                    ledger.declare_dimension("desk")
                    debit = bl.debit("assets:new", "1.00 USD", dimensions={"desk": "7"})
                    ledger.post(
                        bl.Entry(
                            "e",
                            date(2026, 1, 1),
                            [debit, bl.credit("equity:capital", "1.00 USD")],
                        )
                    )
                    assert str(ledger.balance("assets:new")) == "1.00 USD"
            assert books.do(lambda ledger: ledger.record("e")).entry.id == "e"

    def test_a_book_comes_back_as_it_was(self, tmp_path: Path) -> None:
        """Closed and opened again it holds the same and goes on."""
        if not self.is_durable:
            return
        with open_twins(self.make_store(tmp_path)) as books:
            books.do(open_chart)
            books.post(full_entry(), full_entry(id="second", kind="adjusting"))
            books.do(
                lambda ledger: ledger.reverse(
                    "second", date=date(2026, 2, 1), reason="r"
                )
            )
            books.do(lambda ledger: ledger.propose(full_entry(id="third")))
            books.do(
                lambda ledger: ledger.redact("full", field="description", basis="b")
            )
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            before, root = books.snapshot(), books.tested.verify()
        with bl.open_ledger(self.make_store(tmp_path), actor="clerk") as ledger:
            assert snapshot(ledger) == before
            assert ledger.verify() == root
            ledger.post(full_entry(id="fourth", date=date(2026, 2, 1)))
            assert ledger.record("fourth").journal_number == 4
        with bl.open_ledger(self.make_store(tmp_path), read_only=True) as ledger:
            assert ledger.verify().records == root.records + 1
            refusal(
                errors.ReadOnlyBook,
                lambda: ledger.open_account("assets:x", type="asset"),
            )

    def test_a_closed_store_answers_nothing(self, tmp_path: Path) -> None:
        """Neither reads nor writes."""
        store = self.make_store(tmp_path)
        ledger = bl.open_ledger(store, actor="clerk", create=True)
        ledger.close()
        for call in (
            lambda: ledger.balance("assets:bank"),
            lambda: ledger.open_account("assets:bank", type="asset"),
            ledger.verify,
        ):
            refusal(errors.LedgerClosed, call)
