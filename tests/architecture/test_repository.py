"""What the files of the checkout promise one another."""

import re
from importlib import metadata
from pathlib import Path

import backoffice_ledger

FOLDERS = (".ci", ".github", "docs", "examples", "src", "tests")
TEXT = {"", ".csv", ".json", ".md", ".py", ".sql", ".toml", ".txt"}
FOREIGN_PATH = re.compile(
    # a place on one machine, or a neighbour of somebody's checkout
    r"(?<![\w./:-])/(?:work|tmp|root|home|Users)/|\.\./shared"
)


def test_ci_runs_the_command_of_the_readme(project: Path) -> None:
    """The README has two commands; continuous integration runs the second."""
    readme = (project / "README.md").read_text(encoding="utf-8")
    _, test_command = re.findall(r"(?ms)^```sh\n(.*?)^```$", readme)
    script = (project / ".ci" / "run").read_text(encoding="utf-8")
    assert script.endswith(f"\n\n{test_command}")


def test_there_is_one_version() -> None:
    """The package, its metadata and thus the wheel agree."""
    assert backoffice_ledger.__version__ == metadata.version("backoffice-ledger")


def text_files(project: Path) -> list[Path]:
    """List the files that a reader sees, without asking git."""
    below = (path for folder in FOLDERS for path in (project / folder).rglob("*"))
    candidates = [*project.glob("[!.]*"), *below]
    return [path for path in candidates if path.is_file() and path.suffix in TEXT]


def test_no_file_names_a_place_that_others_lack(project: Path) -> None:
    """Paths are relative to the checkout; tests write to temporary folders."""
    files = text_files(project)
    assert files
    found = [
        f"{path.relative_to(project)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if FOREIGN_PATH.search(line)
    ]
    assert found == []
