"""Listeners of a ledger in the application's transactions."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

import backoffice_ledger as bl
from backoffice_ledger import errors

BY_THEMSELVES = ("django", "sqlalchemy-session", "sqlalchemy-scoped")


class Ear:
    """A listener that keeps what it hears."""

    name = "ear"

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, records: Sequence[bl.Record]) -> None:
        """Take some records."""
        self.heard += [record.id for record in records if record.type == "entry"]


@pytest.fixture
def ear() -> Ear:
    """Return a listener."""
    return Ear()


def test_only_what_the_host_commits(
    request: pytest.FixtureRequest, host: Any, pay: Any, ear: Ear
) -> None:
    """Never what was rolled back; by itself where the host tells us of its commit."""
    ledger = bl.open_ledger(host.connection, actor="app", listeners=[ear])
    host.begin()
    ledger.post(pay(1))
    host.rollback()
    assert (ledger.deliver(), ear.heard) == (0, [])
    host.commit()
    host.begin()
    for number in (2, 3):
        ledger.post(pay(number))
    kind = request.node.callspec.params["host"]
    if kind.startswith("sqlalchemy") and kind.endswith("postgresql"):
        assert ledger.deliver() == 0  # on another connection
    else:
        with pytest.raises(errors.StoreError, match="open"):
            ledger.deliver()
    assert ear.heard == []
    host.commit()
    is_automatic = kind.startswith(BY_THEMSELVES)
    assert ear.heard == (["payment-2", "payment-3"] if is_automatic else [])
    delivered = ledger.deliver()
    assert (delivered == 0) is is_automatic
    assert ear.heard == ["payment-2", "payment-3"]


@pytest.mark.parametrize("kind", BY_THEMSELVES)
def test_savepoints_of_the_host(
    make: Callable[[str], Any], pay: Any, ear: Ear, kind: str
) -> None:
    """The end of a savepoint is no commit; what it took back is not told."""
    host = make(kind)
    ledger = bl.open_ledger(host.connection, actor="app", listeners=[ear])
    host.begin()
    nested = transaction.atomic if kind == "django" else host.connection.begin_nested
    with nested():
        ledger.post(pay(1))
    assert ear.heard == []
    with pytest.raises(ZeroDivisionError), nested():
        ledger.post(pay(2))
        raise ZeroDivisionError
    host.commit()
    assert ear.heard == ["payment-1"]


def test_a_listener_that_fails_after_the_commit(
    make: Callable[[str], Any],
    outside: Any,
    pay: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The host's commit does not look as if it had failed."""

    class Broken(Ear):
        def __call__(self, records: Sequence[bl.Record]) -> None:
            raise ConnectionError("the queue is down")

    for number, kind in enumerate(BY_THEMSELVES, 1):
        host = make(kind)
        ledger = bl.open_ledger(host.connection, actor="app", listeners=[Broken()])
        host.begin()
        ledger.post(pay(number))
        host.commit()
        assert "the queue is down" in caplog.text
        caplog.clear()
    assert len(outside.entries()) == len(BY_THEMSELVES)


def test_a_second_transaction_of_the_session(
    make: Callable[[str], Any], pay: Any, ear: Ear
) -> None:
    """One that only reads, or is rolled back, tells nothing; the next one does."""
    host = make("sqlalchemy-session")
    ledger = bl.open_ledger(host.connection, actor="app", listeners=[ear])
    other = bl.open_ledger(host.connection, actor="app", listeners=[ear])
    for number in (1, 2):
        ledger.post(pay(number))
        other.post(pay(number + 10))
        host.rollback()
        ledger.post(pay(number))
        other.post(pay(number + 10))
        host.commit()
    assert ear.heard == ["payment-1", "payment-11", "payment-2", "payment-12"]


def test_a_pool_with_one_connection(
    path: Path, engine_at: Any, pay: Any, ear: Ear
) -> None:
    """A session inside a larger transaction of its connection is not the commit."""
    engine = engine_at(path, recipe=True, poolclass=StaticPool)
    with engine.connect() as connection:
        outer = connection.begin()
        session = Session(connection, join_transaction_mode="create_savepoint")
        ledger = bl.open_ledger(session, actor="app", listeners=[ear])
        ledger.post(pay(1))
        session.commit()
        assert ear.heard == []
        outer.rollback()
    assert ear.heard == []
    engine.dispose()


def test_a_delivery_while_a_command_is_under_way(path: Path, pay: Any) -> None:
    """It would be part of the command."""
    connection = sqlite3.connect(path)
    ledger = bl.open_ledger(connection, actor="app", listeners=[Ear()])

    def entries() -> Iterator[bl.Entry]:
        with pytest.raises(errors.StoreError, match="open"):
            ledger.deliver()
        yield pay(1)

    ledger.post_many(entries(), atomic=True)
    connection.commit()
    assert ledger.deliver() > 0
    connection.close()


def test_two_threads_of_django(make: Callable[[str], Any], pay: Any) -> None:
    """Each has a connection of its own, and each commit is told."""
    ear = Ear()
    host = make("django")
    ledger = bl.open_ledger(host.connection, actor="app", listeners=[ear])
    host.begin()
    ledger.post(pay(1))
    waiting = set(ledger._session.store._host.waiting)
    host.commit()
    [(thread, _)] = waiting
    assert thread == threading.get_ident()
    assert ear.heard == ["payment-1"]


def test_a_delivery_that_has_to_wait(path: Path, ear: Ear, pay: Any) -> None:
    """Another writer keeps it out; nothing was told, and it may be tried again."""
    connection = sqlite3.connect(path, timeout=0.1)
    rival = sqlite3.connect(path, isolation_level=None)
    ledger = bl.open_ledger(connection, actor="app", listeners=[ear])
    ledger.post(pay(1))
    connection.commit()
    rival.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.Busy):
        ledger.deliver()
    rival.execute("ROLLBACK")
    ledger.deliver()
    assert ear.heard == ["payment-1"]
    for one in (connection, rival):
        one.close()


def test_an_error_of_the_listener_is_its_own(path: Path, pay: Any) -> None:
    """One of the host's library too, and nothing is noted."""

    class Failing(Ear):
        def __call__(self, records: Sequence[bl.Record]) -> None:
            super().__call__(records)
            raise sqlite3.IntegrityError("of the listener")

    ear = Failing()
    connection = sqlite3.connect(path)
    ledger = bl.open_ledger(connection, actor="app", listeners=[ear])
    ledger.post(pay(1))
    connection.commit()
    for _ in range(2):
        with pytest.raises(sqlite3.IntegrityError, match="of the listener"):
            ledger.deliver()
    assert ear.heard == ["payment-1", "payment-1"]
    connection.close()
