"""The machine of customers' money takes every step, and finds what is wrong."""

from pathlib import Path

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from backoffice_ledger import MemoryStore
from backoffice_ledger.testing.money_machine import MoneyMachine
from backoffice_ledger.testing.mutants import MUTANTS, Mutant, broken

FOUND = (
    "a minimum ignores what is reserved",
    "a capture forgets to release",
    "a hold can be resolved again",
)


class Machine(MoneyMachine):
    """The reference against itself."""

    is_durable = False

    def make_store(self, folder: Path) -> MemoryStore:
        """Return a new store."""
        return MemoryStore()


class Kept(Machine):
    """The reference, which is the same store when it is opened again."""

    is_durable = True

    def make_store(self, folder: Path) -> MemoryStore:
        """Return the store of the first time."""
        if not hasattr(self, "_first"):
            self._first = MemoryStore()
            self._first.close = lambda: None  # type: ignore[method-assign]
        return self._first


@pytest.mark.parametrize(
    "mutant",
    [mutant for mutant in MUTANTS if mutant.name in FOUND],
    ids=lambda mutant: mutant.name,
)
def test_the_machine_finds_a_broken_engine(mutant: Mutant) -> None:
    """By what follows from the log, though both stores run the same engine."""
    some = settings(
        max_examples=60,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        database=None,
    )
    with broken(mutant), pytest.raises(Exception):  # noqa: B017 - any failure
        run_state_machine_as_test(Machine, settings=some)


@settings(max_examples=5, phases=[Phase.generate], deadline=None)
@given(data=st.data())
def test_every_step_can_be_taken(data: st.DataObject) -> None:
    """However seldom a random history comes to it."""
    machine = Kept()
    try:
        machine.open_customers()
        for path in ("liabilities:ann", "liabilities:ben", "liabilities:cyd"):
            machine.pay_in(data, path)
        machine.holds_end_once()
        machine.limits_are_obeyed()
        for remainder in ("keep", "release", None):
            machine.reserve(data, 30)
            machine.capture(data, remainder)
        machine.pay(data)
        machine.pay_what_is_there(data)
        machine.pay_on_conditions(data)
        machine.pay_many(data, "record")
        machine.pay_many(data, "collect")
        machine.pay_too_much(data)
        assume(machine._refused and machine._captured)
        machine.pay_too_much_again(data)
        machine.capture_again(data)
        machine.reserve(data, 10)
        assume(machine._holds("open"))
        machine.interrupt(data)
        machine.void(data)
        machine.resolve_twice(data)
        machine.reserve(data, 10)
        machine.move_the_clock(60)
        machine.sweep()
        machine.resolve_twice(data)
        machine.reverse(data)
        machine.limits_are_obeyed()  # those of now; the next step makes new ones
        machine.change_limits(data, "liabilities:ann")
        machine.restart()
        machine.balances_follow_from_the_log()
        machine.limits_are_obeyed()
        machine.holds_end_once()
    finally:
        machine.teardown()


def test_without_money_nothing_is_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that finds nothing to do does nothing."""
    machine = Machine()
    try:
        monkeypatch.setattr(machine, "_holds", lambda status: [])
        monkeypatch.setattr(machine, "reserve", lambda data, minutes: None)
        machine.holds_end_once()
        before = machine._leaves()
        machine.capture(None, "keep")  # type: ignore[arg-type]
        assert machine._leaves() == before
    finally:
        monkeypatch.undo()
        machine.teardown()
