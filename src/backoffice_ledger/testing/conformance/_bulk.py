"""Posting many entries: batches, resumption, columns."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.testing.conformance._twins import (
    StoreCase,
    open_chart,
    open_twins,
    refusal,
)

FIRST = date(2026, 1, 1)


def entry(index: int, account: str = "assets:cash") -> bl.Entry:
    """Return an entry that differs from those of other indexes."""
    amount = bl.Amount.from_minor(1 + index, "EUR")
    return bl.Entry(
        f"e{index:04}",
        FIRST + timedelta(days=index % 40),
        [bl.debit(account, amount), bl.credit("equity:capital", amount)],
        description=f"Entry {index}" if index % 3 else "",
    )


def generated(count: int) -> Iterator[bl.Entry]:
    """Yield entries one by one."""
    return (entry(index) for index in range(count))


def post_columns(ledger: bl.Ledger, count: int, **options: Any) -> bl.PostSummary:
    """Post the same entries as columns."""
    entries = list(generated(count))
    return ledger.post_columns(
        ids=[e.id for e in entries],
        dates=[e.date for e in entries],
        debits=[e.postings[0].account for e in entries],
        credits=[e.postings[1].account for e in entries],
        amounts=[e.postings[0].amount.minor_units for e in entries],
        descriptions=[e.description for e in entries],
        commodity="EUR",
        **options,
    )


class BulkTests(StoreCase):
    """Posting entries by the batch."""

    def test_many_entries_are_posted_in_batches(self, tmp_path: Path) -> None:
        """The summary counts; positions follow one another."""
        with self.books(tmp_path) as books:
            size = len(list(books.tested.records()))
            summary = books.do(
                lambda ledger: ledger.post_many(generated(25), batch_size=10)
            )
            # the commodity comes before the first entry
            assert summary == bl.PostSummary(25, 0, 3, size + 2, size + 26)

    def test_a_run_can_be_repeated(self, tmp_path: Path) -> None:
        """What the book holds already is skipped, in any cut into batches."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.post_many(generated(15), batch_size=4))
            again = books.do(
                lambda ledger: ledger.post_many(generated(20), batch_size=7)
            )
            assert (again.posted, again.repeated, again.batches) == (5, 15, 3)
            nothing = books.do(lambda ledger: ledger.post_many(list(generated(20))))
            assert (nothing.posted, nothing.first_position) == (0, None)

    def test_some_entries_are_posted_together(self, tmp_path: Path) -> None:
        """Their records come back in order; known ones are the first records."""
        entries = list(generated(6))
        with self.books(tmp_path) as books:
            first = books.do(lambda ledger: ledger.post_all(iter(entries[:4])))
            assert [record.id for record in first] == [e.id for e in entries[:4]]
            asked = [entries[5], entries[2], entries[5], entries[4]]
            again = books.do(lambda ledger: ledger.post_all(asked))
            assert again[1] == first[2]
            assert again[0] == again[2] == books.tested.record(entries[5].id)
            assert books.do(lambda ledger: ledger.post_all([])) == ()

    def test_together_is_all_or_none(self, tmp_path: Path) -> None:
        """What is refused is named, and takes the others with it."""
        entries = [*generated(3), entry(3, "assets:nowhere")]
        with self.books(tmp_path) as books:
            error = books.refuse(
                errors.UnknownAccount, lambda ledger: ledger.post_all(entries)
            )
            assert error.field == "entries[3] (id 'e0003').postings[0].account"
            books.refuse(
                errors.InvalidEntry,
                lambda ledger: ledger.post_all([entries[0], "e0001"]),  # type: ignore[list-item]
            )

    def test_a_refusal_stops_the_run_at_its_batch(self, tmp_path: Path) -> None:
        """Batches before it stay; the error names the entry; the run resumes."""
        entries = list(generated(25))
        wrong = [*entries[:17], entry(17, "assets:nowhere"), *entries[18:]]
        with self.books(tmp_path) as books:
            error = refusal(
                errors.UnknownAccount,
                lambda: books.do(lambda ledger: ledger.post_many(wrong, batch_size=10)),
            )
            assert error.field == "entries[17] (id 'e0017').postings[0].account"
            held = books.do(lambda ledger: list(ledger.view().entries()))
            assert {record.id for record in held} == {e.id for e in entries[:10]}
            rest = books.do(lambda ledger: ledger.post_many(entries, batch_size=10))
            assert (rest.posted, rest.repeated) == (15, 10)

    def test_an_atomic_run_is_all_or_nothing(self, tmp_path: Path) -> None:
        """One refusal undoes every batch, a failing source too."""
        entries = list(generated(12))
        wrong = [*entries[:11], entry(11, "assets:nowhere")]

        def failing() -> Iterator[bl.Entry]:
            yield from entries[:7]
            raise errors.InvalidOption("the file ends here")

        with self.books(tmp_path) as books:
            for error, make in (
                (errors.UnknownAccount, lambda: wrong),
                (errors.InvalidOption, failing),
            ):
                books.refuse(
                    error,
                    lambda ledger: ledger.post_many(make(), batch_size=5, atomic=True),
                )
            summary = books.do(
                lambda ledger: ledger.post_many(entries, batch_size=5, atomic=True)
            )
            assert (summary.posted, summary.batches) == (12, 3)

    def test_an_entry_may_come_twice_in_one_batch(self, tmp_path: Path) -> None:
        """The same content is one record; other content is a conflict."""
        with self.books(tmp_path) as books:
            twice = [entry(1), entry(2), entry(1)]
            summary = books.do(lambda ledger: ledger.post_many(twice))
            assert (summary.posted, summary.repeated) == (2, 1)
            conflict = [entry(5), entry(5, "assets:bank")]
            error = books.refuse(
                errors.IdempotencyConflict, lambda ledger: ledger.post_many(conflict)
            )
            assert error.field == "entries[1] (id 'e0005').postings[0].account"

    def test_progress_sees_every_entry(self, tmp_path: Path) -> None:
        """It wraps the source and is told how many there are, if that is known."""
        seen: list[Any] = []

        def progress(entries: Iterable[bl.Entry], *, total: int | None) -> Any:
            seen.append(total)
            return (seen.append(e.id) or e for e in entries)  # type: ignore[func-returns-value]

        with self.books(tmp_path) as books:
            for source in (list, iter):
                seen.clear()
                books.tested.post_many(
                    source(list(generated(5))), batch_size=2, progress=progress
                )
                ids = [e.id for e in generated(5)]
                assert seen == [5 if source is list else None, *ids]
            books.oracle.post_many(generated(5), batch_size=2)
            # the clock was read once more for each repeated batch
            books.oracle.post_many(generated(5), batch_size=2)

    def test_nothing_is_nothing(self, tmp_path: Path) -> None:
        """An empty run writes nothing."""
        with self.books(tmp_path) as books:
            before = books.snapshot()
            assert books.do(lambda ledger: ledger.post_many([])) == bl.PostSummary()
            assert books.snapshot() == before

    def test_columns_are_the_same_as_entries(self, tmp_path: Path) -> None:
        """Record for record: the same leaf hashes, numbers and balances."""
        with self.books(tmp_path) as books:
            summary = books.do(lambda ledger: post_columns(ledger, 30, batch_size=8))
            with open_twins(bl.MemoryStore()) as others:
                others.do(open_chart)
                expected = others.do(
                    lambda ledger: ledger.post_many(generated(30), batch_size=8)
                )
                assert summary == expected
                assert books.snapshot() == others.snapshot()
            again = books.do(lambda ledger: post_columns(ledger, 32, batch_size=50))
            assert (again.posted, again.repeated) == (2, 30)

    def test_columns_are_refused_like_entries(self, tmp_path: Path) -> None:
        """One refusal undoes its batch and names the entry."""
        with self.books(tmp_path) as books:
            books.do(lambda ledger: ledger.periods.close("2026-01"))
            error = books.refuse(
                errors.PeriodNotOpen, lambda ledger: post_columns(ledger, 5)
            )
            assert error.field == "entries[0] (id 'e0000').date"

    def test_columns_take_the_largest_amounts(self, tmp_path: Path) -> None:
        """Amounts beyond 64 bits, and negative ones, are kept exactly."""
        sizes = [10**27 - 1, -(10**27) + 1, 10**18, -(10**18), 1, -1]
        with self.books(tmp_path) as books:
            books.do(
                lambda ledger: ledger.post_columns(
                    ids=[f"c{size}" for size in sizes],
                    dates=[FIRST] * len(sizes),
                    debits=["assets:cash"] * len(sizes),
                    credits=["assets:bank"] * len(sizes),
                    amounts=sizes,
                    commodity="EUR",
                )
            )
            held = books.do(lambda ledger: list(ledger.view().entries()))
            found = [record.entry.postings[0].amount.minor_units for record in held]
            assert found == sizes
