"""The I/O tool notices what it looks for."""

from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import Busy, OutcomeUnknown, StorageFailure
from backoffice_ledger.testing.torture import Damage, _io
from backoffice_ledger.testing.torture._commands import COMMANDS, sample_entry
from backoffice_ledger.testing.torture._io import AT_COMMIT, FAULTS, Bench, IoPoint

BUSY, IOERR = FAULTS[0], FAULTS[2]


def test_what_is_missing_and_what_is_too_much() -> None:
    """Records are compared by type and id, each as often as it is there."""
    expected = [("entry", "a"), ("entry", "b")]
    found = [("entry", "b"), ("entry", "b"), ("vote", "c")]
    assert _io.difference(found, expected) == Damage(
        lost=1,
        doubled=2,
        notes=(
            "missing: ('entry', 'a')",
            "too much: ('entry', 'b')",
            "too much: ('vote', 'c')",
        ),
    )


@pytest.mark.parametrize(
    ("point", "after", "expected"),
    [
        (IoPoint("post", 0, False, BUSY), "retry", Busy),
        (IoPoint("post", 9, True, BUSY), "retry", Busy),
        (IoPoint("post", 9, True, IOERR), "retry", OutcomeUnknown),
        (IoPoint("post", 0, False, IOERR), "die", StorageFailure),
        (IoPoint("post", 9, True, AT_COMMIT[0]), "die", OutcomeUnknown),
        (IoPoint("post", 0, False, IOERR), "sticky", bl.errors.StoreError),
    ],
    ids=["busy", "busy-commit", "commit", "before", "after", "sticky"],
)
def test_the_error_must_say_what_it_must(
    point: IoPoint, after: Any, expected: type[bl.LedgerError]
) -> None:
    """Only a failed commit leaves the outcome open, and a busy one does not."""
    assert point.expected(after) == (expected,)


def test_a_command_that_swallows_an_error(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an anomaly, even where the book is as it should be."""

    def swallowing(ledger: bl.Ledger) -> None:
        for _ in range(3):
            try:
                ledger.post(sample_entry("new"))
            except bl.LedgerError:
                continue

    monkeypatch.setitem(COMMANDS, "post", swallowing)
    figures = _io.io_faults(place, commands=["post"], points=4, seed=1)
    assert (figures.damage.anomalies, figures.tried) == (4, 4)
    assert "None" in figures.damage.notes[0]


def test_a_command_that_is_done_in_part(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What two transactions do, a failure between them shows."""

    def half(ledger: bl.Ledger) -> None:
        ledger.post(sample_entry("a"))
        ledger.post(sample_entry("b"))

    monkeypatch.setitem(COMMANDS, "post", half)
    assert _io.io_faults(place, commands=["post"]).damage.partial > 0


def test_a_book_that_does_not_go_on(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error when all is well again is damage."""
    bench = Bench(place)
    point = next(bench.points("post"))

    def failing(ledger: bl.Ledger) -> None:
        raise Busy

    monkeypatch.setitem(COMMANDS, "post", failing)
    assert bench.try_one(point, "retry", new_id=False).partial == 1
