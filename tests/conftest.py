"""What every test may rely on: the Hypothesis profiles, the project, its modules.

``ci`` (the default) draws the same examples on every run; ``HYPOTHESIS_PROFILE=long``
searches further, and prints how to reproduce what it finds.
"""

import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import postgresql_server
import pytest
from hypothesis import settings

# Failures of the shipped kit read like those of our own tests.
for name in ("conformance", "machine", "money_machine", "vote_machine"):
    pytest.register_assert_rewrite(f"backoffice_ledger.testing.{name}")

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("long", max_examples=5_000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def project() -> Path:
    """Return the folder that holds pyproject.toml."""
    return PROJECT


@pytest.fixture(scope="session")
def modules() -> list[ModuleType]:
    """Return the package and every module of it."""
    package = importlib.import_module("backoffice_ledger")
    below = pkgutil.walk_packages(package.__path__, "backoffice_ledger.")
    names = [module.name for module in below if not module.name.endswith("__main__")]
    return [package, *map(importlib.import_module, names)]


@pytest.fixture(scope="session")
def public(modules: list[ModuleType]) -> dict[str, object]:
    """Return every public name of every public module, and what it stands for.

    Where a module has no ``__all__``, what it defines itself is public.
    """

    def offers(module: ModuleType, name: str, value: object) -> bool:
        if hasattr(module, "__all__"):
            return name in module.__all__
        here = getattr(value, "__module__", None) == module.__name__
        return here and not name.startswith("_")

    return {
        f"{module.__name__}.{name}": value
        for module in modules
        if "._" not in module.__name__
        for name, value in inspect.getmembers(module)
        if offers(module, name, value)
    }


@pytest.fixture(scope="session")
def run_python() -> Callable[..., str]:
    """Return a function that runs this Python; it fails if the command does."""

    def run(
        *arguments: str | Path,
        cwd: Path = PROJECT,
        timeout_seconds: int = 600,
        **environment: str,
    ) -> str:
        finished = subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_seconds,
        )
        if finished.returncode:
            pytest.fail(finished.stdout, pytrace=False)
        return finished.stdout

    return run


@pytest.fixture(scope="session")
def postgresql() -> str:
    """Return the DSN of a PostgreSQL server, or skip and say why there is none."""
    try:
        return postgresql_server.server()
    except postgresql_server.NoServer as error:
        pytest.skip(f"no PostgreSQL server: {error}")


@pytest.fixture
def database(postgresql: str) -> Iterator[str]:
    """Return the DSN of a database of one's own, with the schema and without books."""
    dsn = postgresql_server.new_database()
    yield dsn
    postgresql_server.drop_database(dsn)


@pytest.fixture(autouse=True)
def _drop_databases() -> Iterator[None]:
    """Drop the databases that stand for folders."""
    yield
    postgresql_server.drop_databases()
