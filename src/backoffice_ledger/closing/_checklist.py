"""The steps of a closing, done one after another and resumed where they stopped."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_instance
from backoffice_ledger.errors import InvalidOption, UnknownRecord
from backoffice_ledger.protocols import Progress
from backoffice_ledger.reports import Column, Row, Table

KIND: Final = "closing-checklist"
"""Kind of the documents that say which steps are done."""

_COLUMNS: Final = (
    Column("step", "Step"),
    Column("title", "Title"),
    Column("state", "State"),
    Column("result", "Result", shown="filled"),
)


@final
@attrs.frozen
class Step:
    """A step of a closing.

    Args:
        id: unique in its checklist.
        work: a function without arguments; if it returns a text, that is kept.
        title: for people.
        atomic: whether the work and the note that it is done are one database
            transaction.  Without it the work may commit in parts, such as a large
            import, and must be safe to repeat.

    Raises:
        InvalidOption: *work* is no function.
    """

    id: str
    work: Callable[[], object]
    title: str = attrs.field(default="", kw_only=True)
    atomic: bool = attrs.field(default=True, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not callable(self.work):
            raise InvalidOption(field="work", expected="a function", found=self.work)


def _check_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return steps, each id once.

    Raises:
        InvalidOption: something else than steps, or an id twice.
    """
    items = tuple(check_instance(step, Step, "steps") for step in steps)
    ids = [step.id for step in items]
    for step_id in ids:
        if ids.count(step_id) > 1:
            raise InvalidOption(field="steps", expected="each id once", found=step_id)
    return items


@final
@attrs.frozen
class Checklist:
    """Steps that are done in order, each once; the book knows which are done.

    A step that fails leaves those before it done; the next `run` goes on with it, in
    another process or on another day as well.  Each note is a version of a document of
    kind ``closing-checklist``, with actor and time in the log.

    Args:
        ledger: the book.
        id: of the closing, such as ``2025-12``.
        steps: what is to be done; steps may be added later.

    Raises:
        InvalidOption: something else than steps, or an id twice.
    """

    _ledger: bl.Ledger
    id: str
    steps: tuple[Step, ...] = attrs.field(converter=_check_steps)

    def __attrs_post_init__(self) -> None:
        check_instance(self._ledger, bl.Ledger, "ledger")
        # The ids must be such as a document can hold.
        bl.Document(KIND, self.id, {step.id: None for step in self.steps})

    def run(self, *, progress: Progress | None = None) -> Table:
        """Do the steps that are not done yet; return `status`.

        Args:
            progress: wraps the steps that are to be done, as ``tqdm`` does.

        Raises:
            Exception: what a step raised; the steps before it are done.
        """
        done = self._done()
        steps: Iterable[Step] = [step for step in self.steps if step.id not in done]
        if progress is not None:
            steps = progress(steps, total=len(self.steps) - len(done))
        for step in steps:
            if step.atomic:
                self._ledger.atomically(partial(self._do, step))
            else:
                self._do(step)
        return self.status()

    def _do(self, step: Step) -> None:
        result = step.work()
        self._note({step.id: result if isinstance(result, str) else None})

    def undo(self, step: str) -> None:
        """Take back the note that a step and those after it are done.

        What they posted stays: reverse it first, or rely on their being repeatable.

        Raises:
            InvalidOption: there is no such step.
        """
        ids = [each.id for each in self.steps]
        if step not in ids:
            raise InvalidOption(field="step", expected=" or ".join(ids), found=step)
        kept = ids[: ids.index(step)]
        document = self._document()
        if document is not None:
            content = {k: v for k, v in document.content.items() if k in kept}
            self._ledger.documents.store(document.revise(content))

    def status(self) -> Table:
        """Return which steps are done, and what they returned."""
        done = self._done()
        rows = [
            Row(
                [
                    step.id,
                    step.title,
                    "done" if step.id in done else "open",
                    done.get(step.id),
                ]
            )
            for step in self.steps
        ]
        return Table(f"Closing {self.id}", _COLUMNS, rows)

    def _document(self) -> bl.Document | None:
        try:
            return self._ledger.documents.get(KIND, self.id)
        except UnknownRecord:
            return None

    def _done(self) -> Mapping[str, str | None]:
        document = self._document()
        return {} if document is None else document.content

    def _note(self, results: Mapping[str, str | None]) -> None:
        document = self._document()
        if document is None:
            document = bl.Document(KIND, self.id, results)
        else:
            document = document.revise({**document.content, **results})
        self._ledger.documents.store(document)
