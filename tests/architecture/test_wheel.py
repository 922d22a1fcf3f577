"""What users install: the wheel, not the checkout."""

import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def wheel(
    project: Path,
    run_python: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> zipfile.ZipFile:
    """Build the wheel with the backend that is installed already."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("-q", "--no-deps", "--no-build-isolation", "--wheel-dir", folder)
    run_python("-m", "pip", "wheel", *options, project)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """The package, its type marker and its licence; no tests, no documentation."""
    names = wheel.namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"backoffice_ledger"}
    assert "backoffice_ledger/py.typed" in names
    assert any(name.endswith("/LICENSE") for name in names)


def test_every_public_name_has_a_known_type(
    wheel: zipfile.ZipFile, run_python: Callable[..., str], tmp_path: Path
) -> None:
    """A dependent's type checker knows every public symbol of the installed wheel."""
    wheel.extractall(tmp_path)
    report = run_python(
        *("-m", "pyright", "--ignoreexternal", "--verifytypes", "backoffice_ledger"),
        cwd=tmp_path,
        # Pyright asks the first python on the path where to look; an editable
        # installation stands behind PYTHONPATH there.
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        PYTHONPATH=str(tmp_path),
        PYRIGHT_PYTHON_IGNORE_WARNINGS="1",
    )
    assert f"{tmp_path / 'backoffice_ledger' / 'py.typed'}" in report
    assert "Type completeness score: 100%" in report
