"""How large a piece may grow before it must be split; ruff counts the branches."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
CLASS_METHODS_MAX = 40
LEDGER_VERBS_MAX = 25


@pytest.fixture(scope="module")
def sources(project: Path) -> dict[str, str]:
    """Return the source of every module."""
    root = project / "src"
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*.py"))
    }


def definitions(
    sources: dict[str, str], *kinds: type[ast.AST]
) -> Iterator[tuple[str, ast.AST]]:
    """Yield each definition of these kinds, with the place where it stands."""
    for name, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, kinds):
                yield f"{name}:{node.lineno} {node.name}", node


def line_count(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines, its docstring left out."""
    docstring = function.body[0] if ast.get_docstring(function) else None
    documented = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - documented


def method_names(class_: ast.ClassDef) -> set[str]:
    """Name what a class defines, an overloaded method or a property's setter once."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in class_.body if isinstance(node, functions)}


def test_modules_stay_readable(sources: dict[str, str]) -> None:
    """No module is longer than the hard budget."""
    lengths = {name: source.count("\n") for name, source in sources.items()}
    assert lengths
    assert {n: size for n, size in lengths.items() if size > MODULE_LINES_MAX} == {}


def test_functions_stay_readable(sources: dict[str, str]) -> None:
    """No function is longer than a screen."""
    functions = definitions(sources, ast.FunctionDef, ast.AsyncFunctionDef)
    lengths = {place: line_count(node) for place, node in functions}
    assert lengths
    assert {n: size for n, size in lengths.items() if size > FUNCTION_LINES_MAX} == {}


def test_classes_stay_graspable(sources: dict[str, str]) -> None:
    """No class has more methods than a reader can keep in mind."""
    classes = definitions(sources, ast.ClassDef)
    sizes = {place: len(method_names(node)) for place, node in classes}
    assert sizes
    assert {n: size for n, size in sizes.items() if size > CLASS_METHODS_MAX} == {}


def test_the_ledger_stays_small(sources: dict[str, str]) -> None:
    """The verbs of a topic live behind the ledger: `ledger.periods.close()`."""
    classes = definitions(sources, ast.ClassDef)
    (ledger,) = [node for _, node in classes if node.name == "Ledger"]
    verbs = {name for name in method_names(ledger) if not name.startswith("_")}
    assert len(verbs) <= LEDGER_VERBS_MAX, sorted(verbs)
