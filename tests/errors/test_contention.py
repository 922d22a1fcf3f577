"""When ``contention`` is raised, and what it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger._ledger import session
from backoffice_ledger.errors import Contention


class Contended:
    """A store in which others are quicker a number of times."""

    def __init__(self, store: Any, times: int) -> None:
        self._store = store
        self.left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self, book: str, *, write: bool) -> Iterator[Any]:
        """Begin a transaction, and undo it at its end while others are quicker."""
        with self._store.transaction(book, write=write) as transaction:
            yield transaction
            if write and self.left:
                self.left -= 1
                raise Contention


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long a ledger would have slept, instead of sleeping."""
    slept: list[float] = []
    monkeypatch.setattr(session.time, "sleep", slept.append)
    return slept


def test_others_are_quicker_again_and_again(
    store: Any, entry: Any, refuses: Any, pauses: list[float]
) -> None:
    """The command is tried a bounded number of times, with growing pauses."""
    contended = Contended(store, session.ATTEMPTS + 1)
    ledger = bl.open_ledger(contended, actor="clerk")
    with refuses(ledger, Contention, "contention", transient=True):
        ledger.post(entry())
    assert len(pauses) == session.ATTEMPTS
    assert all(0 <= pause <= 0.002 * 2**n for n, pause in enumerate(pauses))
    assert contended.left == 0
    ledger.post(entry())


def test_others_are_quicker_for_a_while(
    store: Any, entry: Any, pauses: list[float]
) -> None:
    """Nobody notices: the same command is carried out once."""
    ledger = bl.open_ledger(Contended(store, 3), actor="clerk")
    record = ledger.post(entry())
    assert ledger.record(record.id) == record
    assert len(pauses) == 3
    ledger.verify()


def test_within_a_transaction_nothing_is_repeated(
    store: Any, entry: Any, refuses: Any, pauses: list[float]
) -> None:
    """Only who began it can begin it again."""
    contended = Contended(store, 1)
    ledger = bl.open_ledger(contended, actor="clerk")
    with (
        refuses(ledger, Contention, "contention", transient=True),
        store.transaction("main", write=True),
    ):
        ledger.post(entry())
    assert pauses == []
