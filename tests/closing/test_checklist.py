"""The steps of a closing are done in order, each once, whatever happens between."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.closing import Checklist, Step

STEPS = ["accruals", "result", "close"]


class Office:
    """Counts what was done, and fails where it is told to."""

    def __init__(self, ledger: bl.Ledger) -> None:
        self.ledger = ledger
        self.done: list[str] = []
        self.fails_at: str | None = None

    def do(self, step: str) -> str | None:
        """Do a step: post an entry, then perhaps fail."""
        postings = [
            bl.debit("expenses:rent", "1.00 EUR"),
            bl.credit("assets:bank", "1.00 EUR"),
        ]
        self.ledger.post(bl.Entry(step, date(2025, 12, 31), postings))
        if step == self.fails_at:
            raise ConnectionError(step)
        self.done.append(step)
        return f"{step} posted" if step == "result" else None

    def checklist(self, *, atomic: bool = True) -> Checklist:
        """Return the steps."""
        steps = [
            Step(id_, lambda id_=id_: self.do(id_), title=id_.upper(), atomic=atomic)
            for id_ in STEPS
        ]
        return Checklist(self.ledger, "2025", steps)


@pytest.fixture
def office(ledger: bl.Ledger) -> Office:
    """Return an office."""
    return Office(ledger)


def states(checklist: Checklist) -> list[Any]:
    """Return the state of each step."""
    return [row["state"] for row in checklist.status()]


def test_all_steps_in_order(office: Office) -> None:
    """Each once; what a step returned as text is kept."""
    table = office.checklist().run()
    assert office.done == STEPS
    assert table.rows() == [
        {"step": "accruals", "title": "ACCRUALS", "state": "done", "result": None},
        {
            "step": "result",
            "title": "RESULT",
            "state": "done",
            "result": "result posted",
        },
        {"step": "close", "title": "CLOSE", "state": "done", "result": None},
    ]
    office.checklist().run()
    assert office.done == STEPS


@pytest.mark.parametrize("atomic", [True, False])
def test_it_goes_on_where_it_stopped(office: Office, atomic: bool) -> None:
    """What an atomic step had written before it failed is gone; the rest stays."""
    office.fails_at = "result"
    with pytest.raises(ConnectionError):
        office.checklist(atomic=atomic).run()
    assert states(office.checklist()) == ["done", "open", "open"]
    ids = [record.id for record in office.ledger.view().entries()]
    assert ("result" in ids) is not atomic
    office.fails_at = None
    office.checklist(atomic=atomic).run()
    assert office.done == STEPS


def test_in_another_process(tmp_path: Path) -> None:
    """The book knows what is done."""
    for number, fails_at in enumerate(["close", None]):
        with bl.open_ledger(tmp_path / "b.db", actor="clerk", create=True) as ledger:
            ledger.open_account("assets:bank", type="asset")
            ledger.open_account("expenses:rent", type="expense")
            office = Office(ledger)
            office.fails_at = fails_at
            if number:
                office.checklist().run()
                assert office.done == ["close"]
                ledger.verify()
            else:
                with pytest.raises(ConnectionError):
                    office.checklist().run()


def test_progress_is_shown(office: Office) -> None:
    """Over the steps that are left."""
    seen: list[Any] = []

    def progress(steps: Iterable[Step], total: int) -> Iterator[Step]:
        seen.append(total)
        for step in steps:
            seen.append(step.id)
            yield step

    office.fails_at = "close"
    with pytest.raises(ConnectionError):
        office.checklist().run(progress=progress)
    office.fails_at = None
    office.checklist().run(progress=progress)
    assert seen == [3, *STEPS, 1, "close"]


def test_steps_can_be_done_again(office: Office) -> None:
    """From one on, after a period was reopened."""
    checklist = office.checklist()
    checklist.undo("result")  # nothing is done yet
    checklist.run()
    checklist.undo("result")
    assert states(checklist) == ["done", "open", "open"]
    checklist.run()
    assert office.done == [*STEPS, "result", "close"]


def test_bad_input(ledger: bl.Ledger) -> None:
    """A clear error says what was expected."""
    step = Step("a", print)
    for call, error, field in (
        (lambda: Step("a", "print"), errors.InvalidOption, "work"),  # type: ignore[arg-type]
        (lambda: Checklist(ledger, "x", ["a"]), errors.InvalidOption, "steps"),  # type: ignore[list-item]
        (lambda: Checklist(ledger, "x", [step, step]), errors.InvalidOption, "steps"),
        (lambda: Checklist(ledger, "", [step]), errors.InvalidIdentifier, "id"),
        (
            lambda: Checklist(ledger, "x", [Step("ä", print)]),
            errors.InvalidIdentifier,
            "content.key",
        ),
        (
            lambda: Checklist(ledger, "x", [step]).undo("b"),
            errors.InvalidOption,
            "step",
        ),
        (lambda: Checklist("x", "x", [step]), errors.InvalidOption, "ledger"),  # type: ignore[arg-type]
    ):
        with pytest.raises(error) as caught:
            call()
        assert caught.value.field == field
