"""Every program under examples/ runs to its end."""

from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROGRAMS = sorted(
    program
    for program in (TESTS.parent / "examples").glob("*.py")
    if not (TESTS / "examples" / f"test_{program.name}").exists()  # runs it itself
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_example(program: Path, run_python: Callable[..., str], tmp_path: Path) -> None:
    """It needs no arguments, and writes only to the folder where it starts."""
    assert run_python(program, cwd=tmp_path, timeout_seconds=300)
