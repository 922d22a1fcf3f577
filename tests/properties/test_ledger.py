"""Random histories: SQLite does what memory does, and the book keeps its promises."""

from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from backoffice_ledger import MemoryStore, SQLiteStore
from backoffice_ledger.testing.machine import StoreMachine
from backoffice_ledger.testing.money_machine import MoneyMachine


class SQLiteMachine(StoreMachine):
    """SQLite against the reference."""

    def make_store(self, folder: Path) -> SQLiteStore:
        """Return a store on a file, made if there is none."""
        return SQLiteStore(folder / "books.db", create=True)


SQLiteMachine.TestCase.settings = settings(
    max_examples=settings().max_examples // 6, stateful_step_count=30
)
TestSQLiteAgainstMemory = pytest.mark.no_cover(SQLiteMachine.TestCase)


class SQLiteMoneyMachine(MoneyMachine):
    """Holds, limits and the clock: SQLite against the reference."""

    def make_store(self, folder: Path) -> SQLiteStore:
        """Return a store on a file, made if there is none."""
        return SQLiteStore(folder / "books.db", create=True)


SQLiteMoneyMachine.TestCase.settings = settings(
    max_examples=settings().max_examples // 8, stateful_step_count=30
)
TestSQLiteMoney = pytest.mark.no_cover(SQLiteMoneyMachine.TestCase)


class CountingMachine(MoneyMachine):
    """The reference against itself; counts what becomes of steps."""

    is_durable = False
    counts: ClassVar[Counter[str]] = Counter()

    def make_store(self, folder: Path) -> MemoryStore:
        """Return a new store."""
        return MemoryStore()

    def step(self, name: str, command: Any) -> Any:
        """Count by name and outcome."""
        found = super().step(name, command)
        self.counts[f"{name}: {'done' if found.error is None else 'refused'}"] += 1
        return found


DIRECTED = ("pay in", "pay", "pay on conditions", "reserve", "void", "change limits")


def test_most_steps_succeed() -> None:
    """A machine that is refused most of the time would try nothing."""
    CountingMachine.counts.clear()
    some = settings(
        max_examples=40, stateful_step_count=40, phases=[Phase.generate], database=None
    )
    run_state_machine_as_test(CountingMachine, settings=some)
    counts = CountingMachine.counts
    captures = [f"capture {part}" for part in ("all", "keep", "release")]
    for name in DIRECTED:
        done, refused = counts[f"{name}: done"], counts[f"{name}: refused"]
        assert done > refused or not done + refused, (name, counts)
    captured, missed = (
        sum(counts[f"{name}: {end}"] for name in captures)
        for end in ("done", "refused")
    )
    assert captured > 10, counts
    assert 2 * captured > missed, counts
    assert counts["record a refusal: refused"] > 5, counts
    assert counts["capture again: done"] > 5, counts
