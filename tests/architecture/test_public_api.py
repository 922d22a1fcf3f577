"""The public face: which names there are, what they carry, what they load."""

import inspect
import typing
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis.stateful import RuleBasedStateMachine

import backoffice_ledger

ROOT_NAMES_MAX = 35
NOT_NEEDED = (
    {"asyncio", "unittest"}
    | {"babel", "hypothesis", "tqdm"}
    | {"django", "psycopg", "sqlalchemy"}
    | {"nanoarrow", "pandas", "polars", "pyarrow"}
    | {"exchange_calendars", "holidays"}
)


def is_callable_member(item: object) -> bool:
    """Tell functions, methods and properties from plain values."""
    decorated = (classmethod, property, staticmethod)
    return inspect.isroutine(item) or isinstance(item, decorated)


def test_every_module_says_what_it_is(modules: list[ModuleType]) -> None:
    """A reader learns from the docstring whether this is the right place."""
    assert [module.__name__ for module in modules if not module.__doc__] == []


def test_the_root_shows_exactly_what_it_promises() -> None:
    """``__all__`` holds every visible name, and the door stays narrow."""
    root = backoffice_ledger
    modules = {name for name, value in vars(root).items() if inspect.ismodule(value)}
    visible = {name for name in dir(root) if not name.startswith("_")} - modules
    assert set(root.__all__) - modules - {"__version__"} == visible
    assert len(root.__all__) <= ROOT_NAMES_MAX


def test_every_public_name_is_documented(public: dict[str, object]) -> None:
    """Classes, functions, methods and properties carry a docstring."""
    members = {
        f"{name}.{attribute}": value
        for name, item in public.items()
        if inspect.isclass(item)
        for attribute, value in vars(item).items()
        if not attribute.startswith("_")
    }
    undocumented = [
        name
        for name, item in (public | members).items()
        if (inspect.isclass(item) and not item.__doc__)
        or (is_callable_member(item) and not inspect.getdoc(item))
    ]
    assert undocumented == []


def test_type_hints_can_be_read_at_run_time(public: dict[str, object]) -> None:
    """Frameworks that ask for annotations get types, not a NameError."""
    classes = [
        item
        for item in public.values()
        # Hypothesis' own machine has annotations that it alone can resolve.
        if inspect.isclass(item) and not issubclass(item, RuleBasedStateMachine)
    ]
    assert classes
    for class_ in classes:
        typing.get_type_hints(class_)
        typing.get_type_hints(class_.__init__)


def test_values_keep_their_annotations(modules: list[ModuleType]) -> None:
    """The future import would turn them into text that nobody can resolve later."""
    values = [module for module in modules if "._model" in module.__name__]
    assert values
    assert [module for module in values if hasattr(module, "annotations")] == []


def test_importing_the_root_loads_nothing_else(run_python: Callable[..., str]) -> None:
    """A program that may need a ledger later does not pay for it now."""
    script = "import sys, backoffice_ledger; print(*sys.modules)"
    loaded = run_python("-c", script).split()
    assert [name for name in loaded if name.startswith("backoffice_ledger.")] == []


def test_a_ledger_loads_nothing_optional(run_python: Callable[..., str]) -> None:
    """Who only posts entries does not pay for frames, locales, servers or tests."""
    script = (
        "import sys, backoffice_ledger as bl; bl.open_ledger(':memory:', actor='a');"
        "print(*sys.modules)"
    )
    loaded = set(run_python("-c", script).split())
    assert "backoffice_ledger.stores" in loaded
    assert loaded & NOT_NEEDED == set()


def test_the_root_has_no_other_names() -> None:
    """A misspelt name is an error, not None."""
    with pytest.raises(AttributeError, match="no attribute 'Ledgers'"):
        backoffice_ledger.Ledgers  # noqa: B018
