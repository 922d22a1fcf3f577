"""Every error has its test and its section in the reference."""

import subprocess
import sys
from pathlib import Path

import pytest

from backoffice_ledger import errors

BRANCHES = (
    errors.LedgerError,
    errors.InvalidInput,
    errors.Refused,
    errors.StoreError,
)
LEAVES = [
    item
    for item in vars(errors).values()
    if isinstance(item, type)
    and issubclass(item, errors.LedgerError)
    and item not in BRANCHES
]


def test_every_error_has_a_test_of_its_own() -> None:
    """A code that nothing provokes any more is to be removed."""
    found = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    codes = {f"test_{kind.code.replace('-', '_')}" for kind in LEAVES}
    assert found == codes | {"test_catalogue", "test_precedence"}


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.code)
def test_its_test_raises_it(kind: type[errors.LedgerError]) -> None:
    """The test of a code expects the class, by name and by code."""
    path = Path(__file__).with_name(f"test_{kind.code.replace('-', '_')}.py")
    text = path.read_text(encoding="utf-8")
    assert kind.__name__ in text
    assert f'"{kind.code}"' in text or f'"{kind.code} ' in text


def test_the_reference_is_up_to_date(project: Path) -> None:
    """The page is generated from errors.py; the command is at its top."""
    subprocess.run(
        [sys.executable, project / "docs" / "generate_errors.py", "--check"],
        check=True,
    )
