"""Telling listeners what was committed: the log is the outbox.

How far a listener has come is noted in the transaction in which it is called.  So it
gets what was committed, in order, also after a crash between a commit and its delivery,
and never what was rolled back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from backoffice_ledger._engine.store import Store, Transaction
from backoffice_ledger._model.arguments import check_count, check_methods
from backoffice_ledger._model.text import check_identifier
from backoffice_ledger._stores.host import HostStore
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.protocols import Listener

BATCH_RECORDS: Final = 500
"""How many records a listener gets at once."""

T = TypeVar("T")


class Delivering(Protocol):
    """What a delivery needs to know of a session."""

    @property
    def store(self) -> Store: ...
    @property
    def book(self) -> str: ...
    @property
    def listeners(self) -> Sequence[Listener]: ...
    def retried(self, work: Callable[[], T]) -> T: ...
    def deliver_quietly(self) -> None: ...


def check_listeners(listeners: Iterable[Any]) -> tuple[Listener, ...]:
    """Return *listeners* if each can be called and has a name of its own.

    Raises:
        InvalidOption: something else, or two of one name.
        InvalidIdentifier: a name that is none.
    """
    checked: list[Listener] = []
    names: set[str] = set()
    for index, listener in enumerate(listeners):
        field = f"listeners[{index}]"
        check_methods(listener, field, "__call__")
        name = check_identifier(getattr(listener, "name", None), f"{field}.name")
        if getattr(listener, "after", None) is not None:
            check_count(listener.after, f"{field}.after")
        if name in names:
            raise InvalidOption(
                field=f"{field}.name", expected="a name of its own", found=name
            )
        names.add(name)
        checked.append(listener)
    return tuple(checked)


def register(listeners: Sequence[Listener], transaction: Transaction) -> None:
    """Note where listeners that are new to the book begin."""
    for listener in listeners:
        if transaction.listener_position(listener.name) is None:
            after = getattr(listener, "after", None)
            start = transaction.size() if after is None else after
            transaction.move_listener(listener.name, start, is_new=True)


def are_known(listeners: Sequence[Listener], transaction: Transaction) -> bool:
    """Whether the book knows all *listeners*."""
    return all(
        transaction.listener_position(listener.name) is not None
        for listener in listeners
    )


def deliver(session: Delivering) -> int:
    """Give each listener what it has not had yet; return how many records it was.

    A listener that raises keeps the others from nothing; the first error is raised
    once all had their turn.
    """
    store = session.store
    if isinstance(store, HostStore):
        store.seal(session.book)
    delivered = 0
    failures: list[Exception] = []
    for listener in session.listeners:
        try:
            while count := session.retried(partial(_batch, session, listener)):
                delivered += count
        except Exception as error:  # noqa: BLE001 - it is raised below
            failures.append(error)
    if failures:
        raise failures[0]
    return delivered


def deliver_quietly(session: Delivering) -> None:
    """Deliver after a commit, which no failure of a listener may put in doubt."""
    try:
        deliver(session)
    except Exception:
        import logging

        logging.getLogger("backoffice_ledger").exception(
            "a delivery of book %r failed; the next one tries again", session.book
        )


def _batch(session: Delivering, listener: Listener) -> int:
    """Give a listener its next records and note that, all in one transaction."""
    with _own_transaction(session) as transaction:
        register([listener], transaction)
        position = transaction.listener_position(listener.name, lock=True) or 0
        records = transaction.records(position, BATCH_RECORDS)
        if records:
            listener(tuple(records))
            transaction.move_listener(listener.name, records[-1].position)
    return len(records)


def _own_transaction(session: Delivering) -> AbstractContextManager[Transaction]:
    store = session.store
    if isinstance(store, HostStore):
        return store.own_transaction(session.book)
    return store.transaction(session.book, write=True)


@contextmanager
def announced(session: Delivering) -> Iterator[Transaction]:
    """Begin a transaction that writes; what it commits is delivered after it."""
    store = session.store
    if not isinstance(store, HostStore):
        is_outermost = not store.in_transaction
        with store.transaction(session.book, write=True) as transaction:
            yield transaction
        if is_outermost:
            deliver_quietly(session)
        return
    is_outermost = not store.is_in_command
    with store.transaction(session.book, write=True) as transaction:
        if is_outermost:
            # The host may have rolled back what was noted before.
            register(session.listeners, transaction)
        yield transaction
    if is_outermost:
        store.after_commit(session.deliver_quietly)
