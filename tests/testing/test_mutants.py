"""The conformance suite finds an engine that is broken on purpose."""

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from backoffice_ledger import MemoryStore, SQLiteStore
from backoffice_ledger._engine import entries, holds, limits
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.testing import mutants
from backoffice_ledger.testing.conformance import StoreConformance
from backoffice_ledger.testing.mutants import (
    MUTANTS,
    Mutant,
    broken,
    find,
    main,
    survivors,
)

SOUND = Mutant(
    "nothing is wrong",
    entries,
    "check_moves",
    lambda right: lambda *given: right(*given),
    ("test_a_minimum_is_the_least",),
)


class MemorySuite(StoreConformance):
    """The suite on the reference."""

    is_durable = False

    def make_store(self, folder: Path) -> MemoryStore:
        """Return a new store."""
        return MemoryStore()


class SQLiteSuite(StoreConformance):
    """The suite on SQLite."""

    def make_store(self, folder: Path) -> SQLiteStore:
        """Return a store on a file, made if there is none."""
        return SQLiteStore(folder / "books.db", create=True)


class WrongSuite(MemorySuite):
    """A suite that fails by itself."""

    def test_a_minimum_is_the_least(self, tmp_path: Path) -> None:
        """Fail."""
        raise AssertionError


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found(mutant: Mutant) -> None:
    """By a test that is named beside it; two stores that are alike do not hide it."""
    assert find(MemorySuite, mutant) in mutant.found_by


@pytest.mark.long
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found_on_sqlite(mutant: Mutant) -> None:
    """As on the reference."""
    assert find(SQLiteSuite, mutant) in mutant.found_by


def test_there_are_many_and_each_is_one() -> None:
    """Each has a name of its own, and changes something that is there."""
    assert len(MUTANTS) >= 20
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        assert hasattr(mutant.owner, mutant.attribute)
        assert all(hasattr(StoreConformance, name) for name in mutant.found_by)


def test_the_engine_is_whole_again() -> None:
    """Wherever the changed thing was used, after an error as well."""
    mutant = next(m for m in MUTANTS if m.attribute == "check_moves")
    right = limits.check_moves
    with pytest.raises(ArithmeticError), broken(mutant):
        assert entries.check_moves is holds.check_moves is not right
        raise ArithmeticError
    assert entries.check_moves is holds.check_moves is limits.check_moves is right
    on_a_class = next(m for m in MUTANTS if m.attribute == "accepts")
    accepts = on_a_class.owner.accepts
    with pytest.raises(ArithmeticError), broken(on_a_class):
        assert on_a_class.owner.accepts is not accepts
        raise ArithmeticError
    assert on_a_class.owner.accepts is accepts


def test_a_survivor_is_reported(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change that no test finds; the command fails then."""
    monkeypatch.setattr(mutants, "MUTANTS", (SOUND, MUTANTS[0]))
    assert survivors(MemorySuite, mutants.MUTANTS) == ["nothing is wrong"]
    assert main([f"{__name__}:{MemorySuite.__name__}"]) == 1
    said = capsys.readouterr().out
    assert "SURVIVES  nothing is wrong" in said
    assert "1 of 2 found" in said


def test_without_a_store_the_reference_is_tried(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed says what was found."""
    monkeypatch.setattr(mutants, "MUTANTS", MUTANTS[:2])
    assert main([]) == 0
    assert "2 of 2 found" in capsys.readouterr().out


def test_a_suite_that_fails_anyway_finds_nothing() -> None:
    """It would call every mutant found."""
    with pytest.raises(InvalidOption, match="test_a_minimum_is_the_least"):
        survivors(WrongSuite, [SOUND])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # it is imported already
def test_it_runs_as_a_module(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m`` finds the command."""
    monkeypatch.setattr(sys, "argv", ["command", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("backoffice_ledger.testing.mutants", run_name="__main__")
    assert ended.value.code == 0
    assert "backoffice_ledger.testing.mutants" in capsys.readouterr().out
