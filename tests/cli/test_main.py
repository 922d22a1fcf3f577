"""The command line: what it prints, and its exit codes."""

import runpy
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import stores
from backoffice_ledger.cli import main


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a new book."""
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    return path


def test_doctor(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints what the function says; the exit code is the worst of it."""
    health = stores.doctor(path)
    code = {"ok": 0, "warning": 1, "problem": 2}
    assert main(["doctor", str(path)]) == code[health.level] < 2
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == str(path)
    assert "book main" in printed
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER bl_record_update")
    assert main(["doctor", str(path)]) == 2
    assert "bl_record_update" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "code"), [((3, 51, 2), 1), ((3, 51, 3), 0), ((4, 0, 0), 0)]
)
def test_a_warning_has_its_own_code(
    path: Path, monkeypatch: pytest.MonkeyPatch, version: Any, code: int
) -> None:
    """1 lies between all is well and something must be done."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert main(["doctor", str(path)]) == code


def test_migrate(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says where the copy is; a second time it says that nothing is to be done."""
    golden = project / "tests" / "golden" / "format_1.db"
    path = Path(shutil.copyfile(golden, tmp_path / "books.db"))
    assert main(["doctor", str(path)]) == 2
    assert "migrate" in capsys.readouterr().out
    assert main(["migrate", str(path)]) == 0
    assert "books.db.format-1.backup" in capsys.readouterr().out
    assert main(["migrate", str(path)]) == 0
    assert "already" in capsys.readouterr().out
    assert main(["doctor", str(path)]) < 2


def test_restore(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is in the way stays unless one says so."""
    copy = tmp_path / "copy.db"
    assert main(["restore", str(path), str(copy)]) == 0
    assert main(["restore", str(path), str(copy)]) == 2
    captured = capsys.readouterr()
    assert "was restored" in captured.out
    assert captured.err.startswith("[book-exists]")
    assert main(["restore", str(path), str(copy), "--replace"]) == 0
    assert "copy.db.replaced" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["doctor"], ["heal", "books.db"]])
def test_what_is_no_command(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The usage is shown, with the exit code of a failure."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m backoffice_ledger" in capsys.readouterr().err


def test_python_m(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The package is a command."""
    monkeypatch.setattr(sys, "argv", ["backoffice_ledger", "migrate", str(path)])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("backoffice_ledger", run_name="__main__")
    assert caught.value.code == 0
    assert "already" in capsys.readouterr().out
