"""The state machine of votes holds, and finds every mutant."""

import runpy
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings

from backoffice_ledger import SQLiteStore
from backoffice_ledger.errors import ApprovalRequired, ControlDenied
from backoffice_ledger.protocols import Vote
from backoffice_ledger.testing import vote_machine, vote_mutants
from backoffice_ledger.testing.mutants import Mutant
from backoffice_ledger.testing.vote_machine import Roster, VoteMachine
from backoffice_ledger.testing.vote_mutants import (
    VOTE_MUTANTS,
    finds,
    main,
    run,
    survivors,
)

SOUND = Mutant(
    "nothing is wrong",
    vote_mutants.approvals,
    "rejections_of",
    lambda right: lambda votes: right(votes),
    ("override_and_release",),
)


class SQLiteMachine(VoteMachine):
    """The same on a file."""

    def make_store(self, folder: Path) -> SQLiteStore:
        """Return a store in the folder."""
        return SQLiteStore(folder / "books.db", create=True)

    def teardown(self) -> None:
        """Close the file as well."""
        super().teardown()
        self._store.close()


def test_votes_are_what_the_model_says() -> None:
    """On the reference, with all rules."""
    run(VoteMachine, examples=settings().max_examples // 2, steps=12)


@pytest.mark.long
def test_votes_are_what_the_model_says_on_a_file() -> None:
    """On SQLite, and more of them."""
    run(VoteMachine, examples=settings().max_examples * 6, steps=12)
    run(SQLiteMachine, examples=settings().max_examples, steps=12)


@pytest.mark.parametrize("mutant", VOTE_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found(mutant: Mutant) -> None:
    """By the rules that are named beside it."""
    assert finds(mutant)


def test_there_are_many_and_each_is_one() -> None:
    """Each has a name of its own, and rules that there are."""
    assert len(VOTE_MUTANTS) >= 12
    assert len({mutant.name for mutant in VOTE_MUTANTS}) == len(VOTE_MUTANTS)
    for mutant in VOTE_MUTANTS:
        assert hasattr(mutant.owner, mutant.attribute)
        for rule in mutant.found_by:
            assert hasattr(getattr(VoteMachine, rule), "hypothesis_stateful_rule")


def test_a_survivor_is_reported(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change that no rule finds; the command fails then."""
    monkeypatch.setattr(vote_mutants, "EXAMPLES", 5)
    monkeypatch.setattr(vote_mutants, "VOTE_MUTANTS", (SOUND, VOTE_MUTANTS[8]))
    assert survivors() == ["nothing is wrong"]
    assert main([]) == 1
    said = capsys.readouterr().out
    assert "SURVIVES  nothing is wrong" in said
    assert "1 of 2 found" in said


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # it is imported already
def test_it_runs_as_a_module(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m`` finds the command."""
    monkeypatch.setattr(sys, "argv", ["command", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("backoffice_ledger.testing.vote_mutants", run_name="__main__")
    assert ended.value.code == 0
    assert "vote_mutants" in capsys.readouterr().out


def proposed(amount: str = "2500.00 EUR") -> vote_machine._Model:
    """Return what the principle says of a loan that the clerk proposed."""
    roster = Roster(vote_machine.PEOPLE, ["robot"])
    return vote_machine._Model(roster, amount, ["clerk"], vote_machine.START)


def test_a_program_does_not_count() -> None:
    """In the model, whatever roles it has been given."""
    model, now = proposed(), vote_machine.START
    for actor in ("robot", "nobody"):
        model.take_vote(actor, "approve", actor, now)
    assert [model._counts(vote, now) for vote in model.votes] == [None, None]
    assert model.refuses_release("chief", now) is ApprovalRequired


def test_who_is_unknown_cannot_be_outranked() -> None:
    """A proposal that somebody unknown has rejected is never released, in the model."""
    model, now = proposed(), vote_machine.START
    model.take_vote("nobody", "reject", "nobody", now)
    model.take_vote("head", "approve", "head", now)
    assert model.status(now) == "escalated"
    assert model.refuses_release("chief", now) is ControlDenied


def test_a_machine_that_has_proposed_nothing() -> None:
    """It has nothing to compare, and ends."""
    machine = VoteMachine()
    machine.the_book_says_what_the_model_says()
    machine.teardown()


def test_a_mutant_makes_a_voter_of_nobody() -> None:
    """The vote counts for nothing, but it is there."""
    vote = Vote("nobody", "approve", "", vote_machine.START)
    ballot = SimpleNamespace(books=SimpleNamespace(at=vote_machine.START))
    voter = vote_mutants._roles_of_now(lambda *_: None)(ballot, vote)
    assert (voter.vote, voter.roles) == (vote, frozenset())


def test_a_roster_knows_its_people_only() -> None:
    """Every question about somebody else is an error."""
    roster = Roster({"anna": ("firm", 1, {"aml.review"})})
    at = datetime(2026, 1, 5, tzinfo=UTC)
    assert roster.duties_of("anna", at) == {"aml.review"}
    for ask in (roster.unit_of, roster.level_of, roster.kind_of):
        with pytest.raises(KeyError):
            ask("bob")
    with pytest.raises(KeyError):
        roster.roles_of("bob", at)
