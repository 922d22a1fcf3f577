"""The suite finds what is wrong with a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from backoffice_ledger import MemoryStore
from backoffice_ledger.errors import UnknownAccount
from backoffice_ledger.testing.conformance import StoreConformance, open_twins
from backoffice_ledger.testing.conformance._money import (
    entry,
    open_customers,
    pays,
)
from backoffice_ledger.testing.conformance._refusals import refusal_of
from backoffice_ledger.testing.conformance._twins import open_chart
from backoffice_ledger.testing.machine import StoreMachine


class FaultyTransaction:
    """A transaction of the memory store with one method that lies."""

    def __init__(self, transaction: Any, fault: str) -> None:
        self._transaction = transaction
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._transaction, name)
        return getattr(self, f"_{name}", method) if name == self._fault else method

    def _totals(self, query: Any) -> Any:
        """Forget what a view may know."""
        return self._transaction.totals(attrs.evolve(query, known_at=None))

    def _entries(self, query: Any) -> Any:
        """Forget the filter for a kind."""
        return self._transaction.entries(attrs.evolve(query, kind=None))

    def _append(self, records: Any) -> Any:
        """Swallow what an erasure erases."""
        return self._transaction.append(
            [attrs.evolve(record, erases=None) for record in records]
        )

    def _facts(self, kind: str, prefix: str = "") -> Any:
        """Find more than what was asked for."""
        return self._transaction.facts(kind, prefix[:1])


class FaultyStore:
    """A memory store with a fault."""

    def __init__(self, fault: str) -> None:
        self._store = MemoryStore()
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self, book: str, *, write: bool) -> Iterator[FaultyTransaction]:
        """Begin a transaction that lies."""
        with self._store.transaction(book, write=write) as transaction:
            yield FaultyTransaction(transaction, self._fault)


class MemorySuite(StoreConformance):
    """The suite on a memory store with a fault."""

    is_durable = False

    def __init__(self, fault: str) -> None:
        self._fault = fault

    def make_store(self, folder: Path) -> Any:
        """Return a new store."""
        return FaultyStore(self._fault)


@pytest.mark.parametrize(
    ("fault", "found_by"),
    [
        ("totals", "test_a_view_is_bounded_on_both_axes"),
        ("entries", "test_filters_select"),
        ("append", "test_a_text_is_gone_and_the_log_holds"),
        ("facts", "test_names_are_not_confused"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, fault: str, found_by: str) -> None:
    """By the test that is about it; others, and a sound store, pass."""
    with pytest.raises(AssertionError):
        getattr(MemorySuite(fault), found_by)(tmp_path)
    getattr(MemorySuite("nothing"), found_by)(tmp_path)
    MemorySuite(fault).test_a_retry_returns_the_first_record(tmp_path)


def test_the_machine_finds_a_fault() -> None:
    """By the answers that differ."""

    class Machine(StoreMachine):
        is_durable = False

        def make_store(self, folder: Path) -> FaultyStore:
            return FaultyStore("totals")

    once = settings(max_examples=50, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=once)


@settings(max_examples=10, phases=[Phase.generate], deadline=None)
@given(data=st.data())
def test_every_step_can_be_taken(data: st.DataObject) -> None:
    """However seldom a random history comes to it."""

    class Machine(StoreMachine):
        is_durable = False

        def make_store(self, folder: Path) -> MemoryStore:
            return MemoryStore()

    machine = Machine()
    try:
        machine.post(data)
        machine.the_log_only_grows()
        assume(machine._entries)
        machine.post_before_others(data)
        machine.post_again(data)
        machine.post_something_else(data)
        machine.reverse(data, "opposite", is_twice=False)
        for verb in ("approve", "reject", "post", "withdraw"):
            machine.propose(data)
            assume(machine._proposed())
            if verb in ("approve", "reject"):
                machine.vote(data, verb)
            else:
                machine.end_a_proposal(data, verb)
        machine.close(data)
        assume(machine._in_state("closed"))
        machine.reopen(data)
        machine.adjust(data)
        machine.close_for_a_journal(data)
        machine.reopen_for_a_journal("2026-06")
        machine.close(data)
        assume(machine._in_state("closed"))
        machine.lock(data)
        machine.close_account(data)
        machine.redact(data)
        machine.the_book_balances()
        machine.journals_have_no_gaps()
    finally:
        machine.teardown()


def test_what_is_not_refused_fails() -> None:
    """A test that expects a refusal says what came instead."""
    with (
        open_twins(MemoryStore()) as books,
        pytest.raises(AssertionError, match="is not raised, but returned"),
    ):
        books.refuse(UnknownAccount, lambda ledger: ledger.declare_dimension("desk"))


def test_an_author_says_how_to_make_a_store(tmp_path: Path) -> None:
    """Nothing is guessed."""
    with pytest.raises(NotImplementedError, match="how to make a store"):
        StoreConformance().make_store(tmp_path)
    with pytest.raises(NotImplementedError, match="how to make a store"):
        StoreMachine().make_store(tmp_path)


def test_an_entry_that_is_taken_is_no_refusal() -> None:
    """The helper of the tests of refusals says so."""
    with open_twins(MemoryStore()) as books:
        books.do(open_chart)
        books.do(open_customers)
        with pytest.raises(AssertionError, match="x was not refused"):
            refusal_of(books, entry("x", pays("1.00 EUR")))
