"""When ``older-format`` is raised, and what it says."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import OlderFormat


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_an_older_version(
    project: Path, tmp_path: Path, raises: Any, read_only: bool
) -> None:
    """Nothing changes a file by opening it: migrating is a step of its own."""
    golden = project / "tests" / "golden" / "format_1.db"
    path = Path(shutil.copyfile(golden, tmp_path / "books.db"))
    with raises(
        OlderFormat, "older-format", field="path", expected="format 3", found="1"
    ):
        bl.open_ledger(path, actor="clerk", create=True, read_only=read_only)
    assert path.read_bytes() == golden.read_bytes()
    assert "migrate" in OlderFormat.hint
