"""The command: what it prints, and when it fails."""

import runpy
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from backoffice_ledger.testing.torture import Damage, Figures, _scoreboard, _tiers
from backoffice_ledger.testing.torture._figures import heading, row, summary, timed

SOUND = Figures("kill", "at random", 7, "kills", 5, details={"in flight": 3})
LOSING = attrs.evolve(SOUND, damage=Damage(lost=2, notes=("lost: 4-0",)))
CONTROL = attrs.evolve(LOSING, is_control=True)
BLIND = attrs.evolve(SOUND, is_control=True)
IDLE = attrs.evolve(SOUND, tried=0)
SKIPPED = attrs.evolve(SOUND, tried=0, not_run="no strace")


@pytest.mark.parametrize(
    ("figures", "is_good", "verdict"),
    [
        (SOUND, True, "ok"),
        (LOSING, False, "WRONG"),
        (CONTROL, True, "fails, as it must"),
        (BLIND, False, "CONTROL DID NOT FAIL"),
        (IDLE, False, "WRONG: nothing was tried"),
        (attrs.evolve(IDLE, is_control=True), False, "WRONG: nothing was tried"),
        (SKIPPED, True, "not run: no strace"),
        (attrs.evolve(SKIPPED, is_control=True), True, "not run: no strace"),
    ],
    ids=["sound", "losing", "control", "blind", "idle", "idle-control", "no", "no-c"],
)
def test_the_verdict(figures: Figures, is_good: bool, verdict: str) -> None:
    """A control must fail, everything else must not, and nothing skipped is green."""
    assert (figures.is_as_it_must_be, figures.verdict) == (is_good, verdict)


def test_damage_adds_up() -> None:
    """Counts are added, the first few notes are kept, and any one count is damage."""
    one = Damage(1, 2, 3, 4, ("a", "b", "c"))
    assert one + one == Damage(2, 4, 6, 8, ("a", "b", "c", "a", "b"))
    assert not Damage()
    fields = ("lost", "doubled", "partial", "anomalies")
    assert all(Damage(**{name: 1}) for name in fields)


def test_the_table() -> None:
    """A line for each variant: figures, counts, and words where something is wrong."""
    names = heading().splitlines()[1].split()
    assert names[:4] == ["tool", "variant", "tried", "lost"]
    shown = " ".join(row(SOUND).splitlines()[0].split())
    assert shown == "kill at random 7 kills 0 0 0 0 0.0 5 ok"
    assert row(SOUND).splitlines()[1].strip() == "in flight 3"
    assert row(LOSING).splitlines()[-1].strip() == "! lost: 4-0"
    assert "lost: 4-0" not in row(CONTROL)
    shown = " ".join(row(attrs.evolve(SKIPPED, details={})).split())
    assert shown == "kill at random - - - - - - 5 not run: no strace"
    everything = [SOUND, LOSING, CONTROL, BLIND, SKIPPED]
    assert summary(everything) == "4 ran, 2 wrong, 1 not run"


def test_time_is_taken() -> None:
    """A run's figures say how long it took."""
    assert timed(lambda: SOUND).seconds > 0


def played(monkeypatch: pytest.MonkeyPatch, *figures: Figures) -> list[tuple[Any, ...]]:
    """Let the command run these figures instead of tools; return what it asks for."""
    asked: list[tuple[Any, ...]] = []

    def jobs(tier: _tiers.Tier, dsn: str, old: Path | None) -> list[_tiers.Job]:
        def run(found: Figures, folder: Path, seed: int) -> Figures:
            asked.append((tier, dsn, old, folder.parent, seed))
            return found

        return [
            _tiers.Job(f.tool, "", lambda folder, seed, f=f: run(f, folder, seed))
            for f in figures
        ]

    monkeypatch.setattr(_scoreboard, "jobs", jobs)
    return asked


def test_the_options_are_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tier, seed, folder, database and tools are those of the command line."""
    other = attrs.evolve(SOUND, tool="bank")
    asked = played(monkeypatch, SOUND, other)
    place, old = tmp_path / "place", tmp_path / "old.db"
    place.mkdir()
    old.touch()
    options = ["--long", "--seed", "9", "--dsn", "pg://x", "--old", str(old)]
    assert _scoreboard.main(["bank", *options, "--folder", str(place)]) == 0
    assert asked == [(_tiers.LONG, "pg://x", old, place, 9)]
    assert capsys.readouterr().out == (
        f"{heading()}\n{row(other)}\n1 ran, 0 wrong, 0 not run\n"
    )
    assert list(place.iterdir()) == []


def test_without_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast tier of all tools runs, with a new seed each time."""
    asked = played(monkeypatch, SOUND, CONTROL, SKIPPED)
    assert _scoreboard.main([]) == 0
    assert [tier for tier, *_ in asked] == [_tiers.FAST] * 3
    first = asked[0][-1]
    assert {seed for *_, seed in asked} == {first}
    assert _scoreboard.main([]) == 0
    assert asked[-1][-1] != first


@pytest.mark.parametrize(
    "figures", [LOSING, BLIND, IDLE], ids=["lost", "blind", "idle"]
)
def test_the_exit_code(monkeypatch: pytest.MonkeyPatch, figures: Figures) -> None:
    """It is 1 for damage, and for a control that was not found out."""
    played(monkeypatch, SOUND, figures, SKIPPED)
    assert _scoreboard.main([]) == 1


@pytest.mark.parametrize(
    "arguments",
    [["spoon"], ["--folder", "nowhere-at-all"], ["--old", "none.db"]],
    ids=["tool", "folder", "old"],
)
def test_a_wrong_command_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what is wrong, and runs nothing."""
    with pytest.raises(SystemExit) as caught:
        _scoreboard.main(arguments)
    assert caught.value.code == 2
    assert repr(arguments[-1]) in capsys.readouterr().err


def test_the_module_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m backoffice_ledger.testing.torture`` exits with its code."""
    played(monkeypatch, LOSING)
    monkeypatch.setattr(sys, "argv", ["torture", "kill"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("backoffice_ledger.testing.torture", run_name="__main__")
    assert caught.value.code == 1
    assert "1 ran, 1 wrong" in capsys.readouterr().out
