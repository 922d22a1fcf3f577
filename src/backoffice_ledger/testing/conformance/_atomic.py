"""Several commands in one database transaction, in one book or in several."""

# ruff: noqa: S101 - tests assert

from contextlib import suppress
from functools import partial
from pathlib import Path

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.stores import Store
from backoffice_ledger.testing.conformance._entries import full_entry
from backoffice_ledger.testing.conformance._twins import (
    StoreCase,
    open_chart,
    refusal,
    snapshot,
)


class _Interruption(Exception):
    """What the work ends with."""


def _document(number: int) -> bl.Document:
    return bl.Document("trade", f"T-{number}", {"number": number})


def _step(ledger: bl.Ledger, number: int) -> bl.Document:
    """Do what a step of a business object does: a version of it, and its entry."""
    document = ledger.documents.store(_document(number))
    ledger.post(full_entry(id=f"entry-{number}"))
    return document


class AtomicTests(StoreCase):
    """``ledger.atomically``."""

    def test_several_commands_are_one(self, tmp_path: Path) -> None:
        """All are recorded, in order, and what the work returns is returned."""
        with self.books(tmp_path) as books:
            made = books.do(lambda ledger: ledger.atomically(lambda: _step(ledger, 1)))
            assert made == _document(1)
            ids = [record.id for record in books.tested.records()]
            assert ids[-1] == "entry-1"
            assert ids.index("trade/T-1") < ids.index("entry-1")

    def test_what_raises_leaves_nothing(self, tmp_path: Path) -> None:
        """Also if some of it was done, and also by an error of somebody else."""
        with self.books(tmp_path) as books:
            before = books.snapshot()

            def interrupted(ledger: bl.Ledger) -> None:
                _step(ledger, 1)
                raise _Interruption

            for ledger in (books.tested, books.oracle):
                with suppress(_Interruption):
                    ledger.atomically(partial(interrupted, ledger))
            assert books.snapshot() == before
            books.check()

            def refused(ledger: bl.Ledger) -> None:
                _step(ledger, 1)
                ledger.record("nobody")

            books.refuse(
                errors.UnknownRecord,
                lambda ledger: ledger.atomically(lambda: refused(ledger)),
            )

    def test_it_joins_a_larger_one(self, tmp_path: Path) -> None:
        """The outermost decides."""
        with self.books(tmp_path) as books:

            def outer(ledger: bl.Ledger) -> None:
                ledger.atomically(lambda: _step(ledger, 1))
                ledger.atomically(lambda: _step(ledger, 2))

            books.do(lambda ledger: ledger.atomically(lambda: outer(ledger)))
            assert len(books.tested.documents.all("trade")) == 2

    def test_what_was_worked_out_goes_with_its_records(self, tmp_path: Path) -> None:
        """A cache is emptied when records are taken back, by whatever error."""

        def count(ledger: bl.Ledger, number: int) -> int:
            known: int = ledger.cache().setdefault("count", 0)
            ledger.post(full_entry(id=f"entry-{number}"))
            ledger.cache()["count"] = known + 1
            return known

        def refused(ledger: bl.Ledger) -> None:
            count(ledger, 1)
            ledger.record("nobody")

        def swallowed(ledger: bl.Ledger) -> dict[object, object]:
            ledger.cache()["count"] = 7
            with suppress(errors.UnknownRecord):
                ledger.atomically(lambda: ledger.record("nobody"))
            return dict(ledger.cache())

        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.atomically(lambda: count(ledger, 1)))
            for ledger in (books.tested, books.oracle):
                with suppress(errors.UnknownRecord):
                    ledger.atomically(partial(refused, ledger))
                assert ledger.atomically(partial(count, ledger, 1)) == 0
                assert ledger.atomically(partial(swallowed, ledger)) == {}

    def test_a_cache_lasts(self, tmp_path: Path) -> None:
        """Within one transaction at least, and it is of one book."""

        def work(ledger: bl.Ledger) -> dict[object, object]:
            ledger.atomically(lambda: ledger.cache().update(seen=1))
            ledger.open_account("assets:new", type="asset")
            return dict(ledger.cache())

        with self.books(tmp_path) as books:
            for ledger in (books.tested, books.oracle):
                assert ledger.atomically(partial(work, ledger)) == {"seen": 1}

    def test_lists_show_what_is_not_committed_yet(self, tmp_path: Path) -> None:
        """As recorded, after what has its position, and page by page."""

        def work(ledger: bl.Ledger) -> list[str]:
            for number in (3, 1, 2):
                ledger.post(full_entry(id=f"entry-{number}"))
            view = ledger.view()
            found = list(view.entries())
            assert list(view.entries(limit=2)) == found[:2]
            assert list(view.entries(after=found[1])) == found[2:]
            assert list(view.entries(after=found[1], limit=1)) == found[2:3]
            return [record.id for record in found]

        with self.books(tmp_path) as books:
            ids = ["entry-0", "entry-3", "entry-1", "entry-2"]
            for ledger in (books.tested, books.oracle):
                ledger.post(full_entry(id="entry-0"))
                assert ledger.atomically(partial(work, ledger)) == ids
                assert [record.id for record in ledger.view().entries()] == ids

    def test_sums_see_what_is_not_committed_yet(self, tmp_path: Path) -> None:
        """And not what was taken back."""

        def work(ledger: bl.Ledger) -> object:
            ledger.post(full_entry(id="entry-1"))
            return ledger.view().balances_by("cost_centre")

        def taken_back(ledger: bl.Ledger) -> None:
            work(ledger)
            raise _Interruption

        with self.books(tmp_path) as books:
            found = books.do(lambda ledger: ledger.atomically(lambda: work(ledger)))
            assert found == books.tested.view().balances_by("cost_centre")
            assert found
            for ledger in (books.tested, books.oracle):
                with suppress(_Interruption):
                    ledger.atomically(partial(taken_back, ledger))
            assert books.do(lambda ledger: ledger.view().balances_by("cost_centre"))

    def test_one_event_in_parallel_books(self, tmp_path: Path) -> None:
        """All books or none, whichever of them is asked; each has its own log."""
        store = self.make_store(tmp_path)
        hgb, ifrs = _open(store, "hgb"), _open(store, "ifrs")
        try:
            for number, (one, other) in enumerate([(hgb, ifrs), (ifrs, hgb)]):

                def both(
                    one: bl.Ledger = one, other: bl.Ledger = other, number: int = number
                ) -> None:
                    _step(one, number)
                    _step(other, number)

                one.atomically(both, others=[other])
            ids = [[r.id for r in ledger.view().entries()] for ledger in (hgb, ifrs)]
            assert ids == [["entry-0", "entry-1"]] * 2

            def half() -> None:
                _step(hgb, 7)
                ifrs.post(full_entry(id="entry-7", journal="nowhere"))

            before = snapshot(hgb), snapshot(ifrs)
            refusal(errors.UnknownJournal, lambda: hgb.atomically(half, others=[ifrs]))
            assert (snapshot(hgb), snapshot(ifrs)) == before
            hgb.verify()
            ifrs.verify()
        finally:
            store.close()

    def test_other_ledgers_must_be_on_the_same_store(self, tmp_path: Path) -> None:
        """Two connections are two transactions, and are refused."""
        with self.books(tmp_path) as books:
            tested, oracle = books.tested, books.oracle
            refusal(
                errors.InvalidOption,
                lambda: tested.atomically(lambda: None, others=[oracle]),
            )
            refusal(
                errors.InvalidOption,
                lambda: tested.atomically(lambda: None, others=["ifrs"]),  # type: ignore[list-item]
            )
            refusal(
                errors.InvalidOption,
                lambda: tested.atomically("work"),  # type: ignore[arg-type]
            )


def _open(store: Store, book: str) -> bl.Ledger:
    ledger = bl.open_ledger(store, actor="clerk", book=book, create=True)
    open_chart(ledger)
    return ledger
