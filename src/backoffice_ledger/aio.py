"""The ledger for programs on an asyncio event loop.

Every question and command of `Ledger` is here as a coroutine, with the same arguments,
results and errors.  The work is done by threads beside the loop, which goes on: one for
commands, because a file takes one writer at a time anyway, and some for questions.

A command whose ``await`` is cancelled (a time limit, a client that hangs up) is not
interrupted: once begun it runs to its end, and whether it was done is not known to the
caller.  Repeat it with the same id, as after `OutcomeUnknown`.

Inside a transaction of SQLAlchemy's ``AsyncSession`` the plain ledger is the right one:
``await session.run_sync(lambda s: bl.open_ledger(s, actor="app").post(entry))``.
"""

import asyncio
import contextvars
import os
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial, wraps
from itertools import islice
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, final

from backoffice_ledger._engine.store import Store
from backoffice_ledger._ledger.holds import Holds
from backoffice_ledger._ledger.ledger import Ledger
from backoffice_ledger._ledger.periods import Periods
from backoffice_ledger._ledger.proposals import Proposals
from backoffice_ledger._ledger.topics import Accounts, Documents
from backoffice_ledger._ledger.view import LedgerView
from backoffice_ledger._model.arguments import check_count
from backoffice_ledger._stores.host_adapters import host_of
from backoffice_ledger._stores.postgresql import POOL_SIZE, PostgreSQLStore
from backoffice_ledger.calendars import BookCalendar
from backoffice_ledger.errors import InvalidOption, LedgerClosed
from backoffice_ledger.protocols import Clock, Control, IdSource, Listener, SaltSource
from backoffice_ledger.stores import DEFAULT_BOOK
from backoffice_ledger.stores import open_ledger as open_plain_ledger

__all__ = [
    "AsyncAccounts",
    "AsyncDocuments",
    "AsyncHolds",
    "AsyncLedger",
    "AsyncPeriods",
    "AsyncProposals",
    "AsyncView",
    "Opening",
    "open_ledger",
]

READERS: Final = 4
"""How many questions of a ledger are answered at a time."""

STREAM_ITEMS: Final = 200
"""How many items of a stream are fetched at once."""

P = ParamSpec("P")
T = TypeVar("T")


class _Worker:
    """The threads that do the work; nothing of it runs on the event loop.

    Questions have threads of their own, so that they need not wait for commands.
    """

    def __init__(self, writers: int) -> None:
        self._writers = ThreadPoolExecutor(writers, "backoffice-ledger-write")
        self._readers = ThreadPoolExecutor(READERS, "backoffice-ledger-read")
        self._is_closed = False

    async def run(self, call: Callable[[], T], *, write: bool) -> T:
        """Run *call* in a thread; a cancelled wait for it does not interrupt it."""
        if self._is_closed:
            raise LedgerClosed
        executor = self._writers if write else self._readers
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(executor, context.run, call)

    async def close(self, last: Callable[[], None]) -> None:
        """Wait for what is under way, then do *last*; a second time does nothing."""
        if self._is_closed:
            return
        self._is_closed = True

        def finish() -> None:
            self._writers.shutdown()
            self._readers.shutdown()
            last()

        await asyncio.shield(asyncio.to_thread(finish))


class _Face:
    """Something of the ledger, and the threads that work with it."""

    def __init__(self, worker: _Worker, plain: Any) -> None:
        self._worker = worker
        self._plain = plain

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._plain!r}>"


def _coroutine(
    method: Callable[Concatenate[Any, P], T], *, write: bool
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    @wraps(method)
    async def call(face: _Face, /, *args: P.args, **kwargs: P.kwargs) -> T:
        work: Callable[[], T] = partial(method, face._plain, *args, **kwargs)
        return await face._worker.run(work, write=write)

    return call


def _command(
    method: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """Return *method*, which may write, as a coroutine of the face."""
    return _coroutine(method, write=True)


def _question(
    method: Callable[Concatenate[Any, P], T],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """Return *method*, which only reads, as a coroutine of the face."""
    return _coroutine(method, write=False)


def _stream(
    method: Callable[Concatenate[Any, P], Iterator[T]],
) -> Callable[Concatenate[Any, P], AsyncIterator[T]]:
    """Return *method*, which yields, as an asynchronous iterator of the face."""

    @wraps(method)
    async def generate(
        face: _Face, /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncIterator[T]:
        run = partial(face._worker.run, write=False)
        begin: Callable[[], Iterator[T]] = partial(method, face._plain, *args, **kwargs)
        items = await run(begin)
        while page := await run(lambda: list(islice(items, STREAM_ITEMS))):
            for item in page:
                yield item

    return generate


@final
class AsyncView(_Face):
    """A book as of a date, as known at a position: `LedgerView`."""

    balance: Final = _question(LedgerView.balance)
    balances_by: Final = _question(LedgerView.balances_by)
    turnover: Final = _question(LedgerView.turnover)
    accounts: Final = _question(LedgerView.accounts)
    periods: Final = _question(LedgerView.periods)
    entries: Final = _stream(LedgerView.entries)
    find: Final = _question(LedgerView.find)
    trial_balance: Final = _question(LedgerView.trial_balance)
    balance_sheet: Final = _question(LedgerView.balance_sheet)
    income_statement: Final = _question(LedgerView.income_statement)
    cash_flow: Final = _question(LedgerView.cash_flow)
    changes_in_equity: Final = _question(LedgerView.changes_in_equity)
    aging: Final = _question(LedgerView.aging)
    statement: Final = _question(LedgerView.statement)
    general_ledger: Final = _question(LedgerView.general_ledger)


@final
class AsyncAccounts(_Face):
    """The chart of accounts: ``ledger.accounts``."""

    all: Final = _question(Accounts.all)
    balances: Final = _question(Accounts.balances)
    change: Final = _command(Accounts.change)
    close: Final = _command(Accounts.close)
    reopen: Final = _command(Accounts.reopen)


@final
class AsyncPeriods(_Face):
    """The calendar, opening and closing of periods: ``ledger.periods``."""

    adjust: Final = _command(Periods.adjust)
    all: Final = _question(Periods.all)
    allow: Final = _command(Periods.allow)
    close: Final = _command(Periods.close)
    dated: Final = _question(Periods.dated)
    exceptions: Final = _question(Periods.exceptions)
    get: Final = _question(Periods.get)
    lock: Final = _command(Periods.lock)
    postpone: Final = _command(Periods.postpone)
    reopen: Final = _command(Periods.reopen)
    revoke: Final = _command(Periods.revoke)
    states: Final = _question(Periods.states)
    use: Final = _command(Periods.use)

    @property
    def calendar(self) -> Coroutine[Any, Any, BookCalendar]:
        """The calendar of the book; await it."""
        return self._worker.run(lambda: self._plain.calendar, write=False)


@final
class AsyncHolds(_Face):
    """Reservations of money: ``ledger.holds``."""

    all: Final = _question(Holds.all)
    capture: Final = _command(Holds.capture)
    get: Final = _question(Holds.get)
    reserve: Final = _command(Holds.reserve)
    sweep: Final = _command(Holds.sweep)
    void: Final = _command(Holds.void)


@final
class AsyncDocuments(_Face):
    """Versioned business objects: ``ledger.documents``."""

    all: Final = _question(Documents.all)
    find: Final = _question(Documents.find)
    get: Final = _question(Documents.get)
    get_many: Final = _question(Documents.get_many)
    history: Final = _question(Documents.history)
    store: Final = _command(Documents.store)
    store_many: Final = _command(Documents.store_many)


@final
class AsyncProposals(_Face):
    """What waits for votes: ``ledger.proposals``."""

    all: Final = _question(Proposals.all)
    approve: Final = _command(Proposals.approve)
    decisions: Final = _question(Proposals.decisions)
    get: Final = _question(Proposals.get)
    missing: Final = _question(Proposals.missing)
    override: Final = _command(Proposals.override)
    post: Final = _command(Proposals.post)
    propose: Final = _command(Proposals.propose)
    propose_reversal: Final = _command(Proposals.propose_reversal)
    reject: Final = _command(Proposals.reject)
    release: Final = _command(Proposals.release)
    revise: Final = _command(Proposals.revise)
    withdraw: Final = _command(Proposals.withdraw)


@final
class AsyncLedger(_Face):
    """A book that can be written and read from an event loop; see `Ledger`."""

    atomically: Final = _command(Ledger.atomically)
    open_account: Final = _command(Ledger.open_account)
    open_journal: Final = _command(Ledger.open_journal)
    declare_dimension: Final = _command(Ledger.declare_dimension)
    post: Final = _command(Ledger.post)
    post_all: Final = _command(Ledger.post_all)
    post_many: Final = _command(Ledger.post_many)
    post_columns: Final = _command(Ledger.post_columns)
    propose: Final = _command(Ledger.propose)
    reverse: Final = _command(Ledger.reverse)
    redact: Final = _command(Ledger.redact)
    record: Final = _question(Ledger.record)
    records: Final = _stream(Ledger.records)
    balance: Final = _question(Ledger.balance)
    verify: Final = _question(Ledger.verify)
    deliver: Final = _command(Ledger.deliver)
    backup: Final = _question(Ledger.backup)

    def view(
        self, *, as_of: date | None = None, known_at: int | None = None
    ) -> AsyncView:
        """Return the book as of a booking date, as known at a log position."""
        return AsyncView(self._worker, self._plain.view(as_of=as_of, known_at=known_at))

    @property
    def accounts(self) -> AsyncAccounts:
        """The chart of accounts: changing and closing accounts, listing them."""
        return AsyncAccounts(self._worker, self._plain.accounts)

    @property
    def periods(self) -> AsyncPeriods:
        """Opening and closing of periods."""
        return AsyncPeriods(self._worker, self._plain.periods)

    @property
    def holds(self) -> AsyncHolds:
        """Reservations of money."""
        return AsyncHolds(self._worker, self._plain.holds)

    @property
    def documents(self) -> AsyncDocuments:
        """Versioned business objects."""
        return AsyncDocuments(self._worker, self._plain.documents)

    @property
    def proposals(self) -> AsyncProposals:
        """Entries that wait for votes."""
        return AsyncProposals(self._worker, self._plain.proposals)

    async def close(self) -> None:
        """Wait for the commands that are under way, and close the book."""
        await self._worker.close(self._plain.close)

    async def __aenter__(self) -> "AsyncLedger":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


@final
class Opening:
    """A ledger that is about to be opened: await it, or enter it."""

    def __init__(self, begin: Callable[[], Coroutine[Any, Any, AsyncLedger]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, None, AsyncLedger]:
        return self._begin().__await__()

    async def __aenter__(self) -> AsyncLedger:
        self._ledger = await self._begin()
        return self._ledger

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._ledger.close()


def open_ledger(
    where: str | os.PathLike[str] | Store,
    *,
    actor: str | None = None,
    book: str = DEFAULT_BOOK,
    create: bool = False,
    read_only: bool = False,
    controls: Sequence[Control] = (),
    listeners: Sequence[Listener] = (),
    clock: Clock | None = None,
    ids: IdSource | None = None,
    salts: SaltSource | None = None,
    writers: int | None = None,
) -> Opening:
    """Open a book: ``async with aio.open_ledger(...) as ledger``, or await it.

    Args:
        where: as for `backoffice_ledger.open_ledger`, but no connection.
        actor: who acts; required unless *read_only*.
        book: which of the books in the database.
        create: make the database and the book if there are none.
        read_only: refuse to write.
        controls: examined before every posting; they run in a thread.
        listeners: told what was committed; they run in a thread.
        clock: where the time comes from.
        ids: where new ids come from.
        salts: where salts come from.
        writers: how many commands may run at a time: by default one, and some for a
            PostgreSQL database, where more than one is of use.

    Raises:
        InvalidOption: *where* is a connection, which belongs to the thread that made
            it.
    """
    if host_of(where) is not None:
        raise InvalidOption(
            "a connection is used where it was made: open_ledger, in its own thread"
            " or in run_sync",
            field="where",
        )
    work = partial(
        open_plain_ledger,
        where,
        actor=actor,
        book=book,
        create=create,
        read_only=read_only,
        controls=controls,
        listeners=listeners,
        clock=clock,
        ids=ids,
        salts=salts,
    )
    if writers is None:
        is_server = isinstance(where, PostgreSQLStore) or str(where).startswith(
            ("postgresql://", "postgres://")
        )
        writers = POOL_SIZE - READERS if is_server else 1
    count = check_count(writers, "writers", 1)

    async def begin() -> AsyncLedger:
        worker = _Worker(count)
        opened: list[Ledger] = []

        def close() -> None:
            for ledger in opened:
                ledger.close()

        try:
            await worker.run(lambda: opened.append(work()), write=True)
        except BaseException:  # nobody will have it to close it
            await worker.close(close)
            raise
        return AsyncLedger(worker, opened[0])

    return Opening(begin)
