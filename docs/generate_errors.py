"""Write docs/reference/errors.md from the classes in `backoffice_ledger.errors`.

``python docs/generate_errors.py`` writes it; ``--check`` fails if it would change.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from backoffice_ledger import errors
from backoffice_ledger.errors import PRECEDENCE, LedgerError

PAGE = Path(__file__).parent / "reference" / "errors.md"

INTRODUCTION = """\
% Made by `python docs/generate_errors.py`; change the docstrings in errors.py instead.

# `backoffice_ledger.errors`

Every error is a {py:class}`~backoffice_ledger.errors.LedgerError`. Its `code` is
stable: it is never renamed, and never given to another error. *Transient* errors may
pass: the same call, with the same ids, may succeed later.

The sections stand in the order in which the checks run
({py:data}`~backoffice_ledger.errors.PRECEDENCE`): when several things are wrong, the
first of them is reported. Those at the end have no rank: they come up where no other
check runs, when a store is opened or fails.

```{eval-rst}
.. module:: backoffice_ledger.errors

.. autoclass:: LedgerError

.. autodata:: PRECEDENCE
   :no-value:
```
"""

GROUPS = """
## The three kinds

```{eval-rst}
.. autoclass:: InvalidInput
.. autoclass:: Refused
.. autoclass:: StoreError
```
"""

WARNINGS = """
## Warnings

```{eval-rst}
.. autoclass:: LedgerWarning
.. autoclass:: LedgerDeprecationWarning
```
"""


def kinds() -> Iterator[type[LedgerError]]:
    """Yield every error that is raised, in the order of precedence, others last."""
    groups = (LedgerError, errors.InvalidInput, errors.Refused, errors.StoreError)
    yield from PRECEDENCE
    for item in vars(errors).values():
        if (
            isinstance(item, type)
            and issubclass(item, LedgerError)
            and item not in PRECEDENCE
            and item not in groups
        ):
            yield item


def section(kind: type[LedgerError]) -> str:
    """Return the section of one error."""
    lines = [
        f"\n### `{kind.code}`\n",
        "```{eval-rst}",
        f".. autoclass:: {kind.__name__}",
        "```",
    ]
    notes = []
    if kind.transient:
        notes.append("Transient: the same call may succeed later.")
    if "hint" in vars(kind):
        notes.append(f"Hint: `{kind.hint}`.")
    if notes:
        lines += ["", " ".join(notes)]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the whole page."""
    sections = "".join(section(kind) for kind in kinds())
    return f"{INTRODUCTION}{GROUPS}\n## Codes\n{sections}{WARNINGS}"


def main() -> None:
    """Write the page, or only look whether it is up to date."""
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit(f"{PAGE.name} is out of date: run python docs/generate_errors.py")


if __name__ == "__main__":
    main()
