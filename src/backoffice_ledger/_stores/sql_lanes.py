"""Transactions of a SQL store on connections: how blocks nest, who has which.

A *lane* is a connection with what is known of the books on it and its open transaction.
A store that opens its connections itself has many; `Lanes` hands them out, one to each
thread that begins a transaction.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar

import attrs

from backoffice_ledger._stores.sql import SqlBook
from backoffice_ledger._stores.sql_steps import Rows
from backoffice_ledger.errors import (
    BookNotFound,
    Busy,
    ForkedLedger,
    InvalidInput,
    LedgerClosed,
    Refused,
    StorageFailure,
    StoreError,
)


class Connection(Protocol):
    """What a lane asks of its driver."""

    @property
    def changes(self) -> int:
        """A number that grows with whatever is written."""
        ...

    def execute(self, sql: str, params: Sequence[Any] = ()) -> Rows:
        """Run one statement and return its rows."""
        ...


class OwnConnection(Connection, Protocol):
    """What it asks besides, where the store itself commits and closes."""

    @property
    def is_poisoned(self) -> bool:
        """Whether it failed and must not be used again."""
        ...

    def commit(self) -> None:
        """Commit what was written."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


C = TypeVar("C", bound=Connection)
O = TypeVar("O", bound=OwnConnection)  # noqa: E741 - O for own
L = TypeVar("L", bound="OwnLane[Any]")


@attrs.define
class Lane(Generic[C]):
    """A connection, what is known of the books on it, and its open transaction.

    Attributes:
        driver: the connection.
        books: what is known of them, by name.
        is_writing: whether the transaction may write.
        is_doomed: whether an error after a first write was swallowed.
        is_inside: whether a block has been nested in it.
    """

    driver: C
    books: dict[str, SqlBook] = attrs.field(factory=dict)
    is_writing: bool = False
    is_doomed: bool = False
    is_inside: bool = False

    def start(self, *, write: bool) -> None:
        """Note that a transaction begins."""
        self.is_writing, self.is_doomed, self.is_inside = write, False, False

    @contextmanager
    def joined(self, *, write: bool) -> Iterator[None]:
        """Take part in the transaction that is open.

        An error after a first write dooms it, even if somebody between here and there
        swallows the error.
        """
        if write and not self.is_writing:
            raise StoreError("a read transaction cannot become a writing one")
        self.check_not_doomed()
        changes, self.is_inside = self.driver.changes, True
        try:
            yield
        except BaseException as error:
            is_refusal = isinstance(error, (InvalidInput, Refused))
            if not is_refusal or self.driver.changes != changes:
                self.is_doomed = True
            if write or not is_refusal:
                for book in self.books.values():  # what was decided is not recorded
                    book.state.forget_facts()
            raise

    def check_not_doomed(self) -> None:
        """Refuse to go on after an error that somebody has swallowed."""
        if self.is_doomed:
            raise StorageFailure("an error inside was swallowed; nothing was written")

    def names(self) -> tuple[str, ...]:
        """Return the names of the books in the database."""
        rows = self.driver.execute("SELECT name FROM bl_book ORDER BY name")
        return tuple(name for (name,) in rows)

    def book(self, name: str, make: Callable[[int], SqlBook]) -> SqlBook:
        """Return what is known of a book; *make* is given its number at first.

        Raises:
            BookNotFound: there is none of this name.
        """
        known = self.books.get(name)
        if known is None:
            rows = self.driver.execute(
                "SELECT book_id FROM bl_book WHERE name = ?", (name,)
            )
            if not rows:
                raise BookNotFound(field="book", found=name)
            known = self.books[name] = make(rows[0][0])
        return known


@attrs.define
class OwnLane(Lane[O]):
    """A lane on a connection that the store opened itself."""

    def end(self) -> None:
        """Commit."""
        if not self.is_writing:
            self.driver.execute("COMMIT")
            return
        self.check_not_doomed()
        self.driver.commit()


class Lanes(Generic[L]):
    """The lanes of a store: each open transaction has one, idle ones are kept.

    Args:
        seconds: how long to wait for a lane before `Busy`.
        size: how many there may be at once; None is any number.
        idle_max: how many idle ones are kept.
    """

    def __init__(
        self,
        *,
        seconds: float,
        size: int | None,
        idle_max: int,
    ) -> None:
        self._seconds = seconds
        self._size = size
        self._idle_max = idle_max
        self._pid = os.getpid()
        self._is_closed = False
        self._condition = threading.Condition()  # guards the two below
        self._idle: list[L] = []
        self._used = 0
        self._here = threading.local()  # the lane of this thread's transaction

    @property
    def own(self) -> L | None:
        """The lane on which this thread has a transaction open."""
        return getattr(self._here, "lane", None)

    def check_usable(self) -> None:
        """Refuse after `close`, and in a child process.

        It runs before any lock is taken: a child may have inherited it locked, by a
        thread that the child does not have.
        """
        if self._is_closed:
            raise LedgerClosed
        self.check_process()

    def check_process(self) -> None:
        """Refuse in a child process."""
        if os.getpid() != self._pid:
            raise ForkedLedger(
                field="process", expected=str(self._pid), found=os.getpid()
            )

    def keep(self, lane: L) -> None:
        """Keep a lane that nobody uses."""
        with self._condition:
            self._idle.append(lane)

    def drop_idle(self) -> None:
        """Close the connections that nobody uses."""
        with self._condition:
            dropped, self._idle = self._idle, []
        for lane in dropped:
            lane.driver.close()

    @contextmanager
    def take(self, open_lane: Callable[[], L]) -> Iterator[L]:
        """Take a lane that nobody uses; after a failure it is not used again.

        *open_lane* opens a connection where none is idle.  It is not kept: a store that
        nobody refers to any more must be gone at once, with its connections and locks.

        Raises:
            Busy: all of them were in use for too long.
            LedgerClosed: the store was closed while this thread waited.
        """
        with self._condition:
            is_free = self._condition.wait_for(
                lambda: self._size is None or self._used < self._size, self._seconds
            )
            self.check_usable()
            if not is_free:
                raise Busy(f"all {self._size} connections are in use")
            self._used += 1
            lane = self._idle.pop() if self._idle else None
        try:
            lane = lane or open_lane()
            self._here.lane = lane
            yield lane
        finally:
            self._here.lane = None
            self._give_back(lane)

    def _give_back(self, lane: L | None) -> None:
        with self._condition:
            self._used -= 1
            if lane is not None and not lane.driver.is_poisoned:
                self._idle.append(lane)
            surplus = self._idle[self._idle_max :]
            del self._idle[self._idle_max :]
            self._condition.notify()
            if self._is_closed:
                self._condition.notify_all()
        for other in surplus:
            other.driver.close()

    def close(self) -> list[L]:
        """Wait for the transactions of other threads; return what is to be closed.

        In a child process it only notes the end: the connections are the parent's.

        Raises:
            StoreError: a transaction of this thread is open.
        """
        if os.getpid() != self._pid:
            self._is_closed = True
            return []
        if self.own is not None:
            raise StoreError("close it after the transaction")
        with self._condition:
            self._is_closed = True
            self._condition.wait_for(lambda: not self._used)
            idle, self._idle = self._idle, []
        return idle
