"""The tools that judge the whole project, each as one test."""

import sys
from collections.abc import Callable

import pytest

TOOLS = {
    "ruff-check": ["-m", "ruff", "check", "."],
    "ruff-format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "pyright": ["-m", "pyright", "--pythonpath", sys.executable],
    "import-contracts": [
        "-c",
        "from importlinter.cli import lint_imports_command as check; check()",
        *("--no-cache", "--no-logo"),
    ],
}


@pytest.mark.tools
@pytest.mark.parametrize("tool", TOOLS)
def test_the_tool_finds_nothing(tool: str, run_python: Callable[..., str]) -> None:
    """The rules that pyproject.toml chooses hold everywhere."""
    run_python(*TOOLS[tool], PYRIGHT_PYTHON_IGNORE_WARNINGS="1")
