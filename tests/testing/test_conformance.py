"""The suite finds what is wrong with a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from backoffice_ledger import MemoryStore
from backoffice_ledger.errors import UnknownAccount
from backoffice_ledger.testing.conformance import StoreConformance, open_twins
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


def failures(fault: str, folder: Path) -> set[str]:
    """Return the names of the tests that a store with *fault* does not pass."""

    class Suite(StoreConformance):
        is_durable = False

        def make_store(self, folder: Path) -> FaultyStore:
            return FaultyStore(fault)

    failed = set()
    for name in dir(Suite):
        if (
            not name.startswith("test_")
            or name == "test_any_history_gives_the_same_answers"
        ):
            continue
        place = folder / name
        place.mkdir()
        try:
            getattr(Suite(), name)(place)
        except AssertionError:
            failed.add(name)
    return failed


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
    """By the test that is about it, and not by all."""
    found = failures(fault, tmp_path)
    assert found_by in found
    assert "test_a_retry_returns_the_first_record" not in found


def test_a_sound_store_passes(tmp_path: Path) -> None:
    """Else the suite would prove nothing."""
    assert failures("nothing", tmp_path) == set()


def test_the_machine_finds_a_fault() -> None:
    """By the answers that differ."""

    class Machine(StoreMachine):
        is_durable = False

        def make_store(self, folder: Path) -> FaultyStore:
            return FaultyStore("totals")

    once = settings(max_examples=50, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=once)


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
