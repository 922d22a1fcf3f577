"""Every Python block of the documentation runs, and every docstring's example."""

import doctest
import re
from pathlib import Path
from types import ModuleType

import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

PROJECT = Path(__file__).parents[2]
SHOWN = re.compile(r"(?:`{3}[^\n]*\n)?\s*```text\n(.*?)```", re.DOTALL)
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]


@pytest.fixture(autouse=True)
def fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples may write files: `books.db` stands where a reader would find it."""
    monkeypatch.chdir(tmp_path)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").split("\n")]


@pytest.mark.no_cover  # pages run what tests try
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(PROJECT)))
def test_document(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The blocks of one page run from top to bottom and share their names.

    A block of text after one shows what it prints.
    """
    for example in Sybil(parsers=[PythonCodeBlockParser()]).parse(path).examples():
        example.evaluate()
        printed = capsys.readouterr().out
        shown = SHOWN.match(example.document.text[example.region.end :])
        if shown is not None:
            assert _lines(printed) == _lines(shown[1])


def test_docstrings(modules: list[ModuleType]) -> None:
    """Each ``>>>`` example shows what really happens."""
    results = {module.__name__: doctest.testmod(module) for module in modules}
    assert {name: result for name, result in results.items() if result.failed} == {}
