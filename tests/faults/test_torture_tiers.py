"""The tiers of the fault tools: nothing is wrong, every control is found out."""

from pathlib import Path

import pytest

from backoffice_ledger.testing.torture import _strace, _tiers

OLD = Path(__file__).parents[1] / "golden" / "format_1.db"
FAST = list(_tiers.jobs(_tiers.FAST, old=OLD))
LONG = list(_tiers.jobs(_tiers.LONG, old=OLD))
SEED = 2026


def run(job: _tiers.Job, place: Path) -> None:
    """Run a job, and see that it is as it must be; say so if it cannot run here."""
    figures = job.run(place, SEED)
    if figures.not_run:
        assert "PostgreSQL" in job.name or figures.not_run == _strace.why_not()
        pytest.skip(figures.verdict)
    assert figures.is_as_it_must_be, (figures, figures.damage.notes)
    assert figures.tool == job.tool
    assert figures.seconds > 0


@pytest.mark.parametrize("job", FAST, ids=lambda job: f"{job.tool} {job.name}")
def test_the_fast_tier(job: _tiers.Job, place: Path) -> None:
    """What was acknowledged is there once, and a broken variant is not taken for it."""
    run(job, place)


@pytest.mark.long
@pytest.mark.parametrize("job", LONG, ids=lambda job: f"{job.tool} {job.name}")
def test_the_long_tier(job: _tiers.Job, place: Path) -> None:
    """The same, with a thousand kills, every point and many images."""
    run(job, place)


def test_a_database_that_is_not_there(place: Path) -> None:
    """The bank asks for the database that is named, and says why it cannot run."""
    found = [
        job.run(place, SEED)
        for job in _tiers.jobs(_tiers.FAST, "nothing://nowhere")
        if "PostgreSQL" in job.name
    ]
    assert len(found) == 3
    for figures in found:
        assert "nothing://nowhere" in figures.not_run


def test_without_an_old_file(place: Path) -> None:
    """Migrations are shown as not run."""
    (job,) = [job for job in _tiers.jobs(_tiers.FAST) if job.name == "migration"]
    assert job.run(place, SEED).verdict == "not run: no --old file was given"


def test_every_tool_has_a_control() -> None:
    """A tool that finds nothing proves something only if it can find something."""
    names: dict[str, list[str]] = {job.tool: [] for job in FAST}
    for job in FAST:
        names[job.tool].append(job.name)
    controls = {
        "kill": "early=True",
        "syscalls": "early",
        "power": "lying",
        "io": "new_id",
        "bank": "SQLite outside",
    }
    assert set(names) == set(_tiers.TOOLS) == set(controls)
    for tool, control in controls.items():
        assert control in names[tool]
