"""Clients of one book in any order that a seed gives, with faults, again and again.

Each client is a thread of its own, but only one of them runs at a time.  At every
statement that a store sends to its database a random number decides who goes on, and
whether the statement fails, the client dies there, or the clock jumps.  The same seed
gives the same schedule, so that what was found once is found again:

    scheduler = Scheduler(seed=17, faults=Faults(busy=0.02, death=0.01))
    scheduler.run({"anna": lambda: pay(scheduler.store(path)), "ben": ...})

A store of the scheduler never waits for a lock (``busy_seconds=0``): it raises `Busy`,
and the client tries again when it is its turn.
"""

import random
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, final

import attrs

from backoffice_ledger._stores.sqlite import SQLiteStore
from backoffice_ledger._stores.sqlite_queue import FairQueue
from backoffice_ledger.errors import InvalidOption, LedgerError
from backoffice_ledger.testing.clocks import ManualClock
from backoffice_ledger.testing.faults import Rows, sqlite_error

__all__ = ["ClientDied", "Faults", "Scheduler", "Stuck"]

START: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
LABEL_LENGTH: Final = 40
WAIT_SECONDS: Final = 30.0
"""How long a client may run without a statement before the schedule counts as stuck."""


class ClientDied(BaseException):
    """Ends a client in the middle; it is no error that a client could handle."""


class Stuck(RuntimeError):
    """A client did not come back: it waits for something that another one holds."""


@final
@attrs.frozen
class Faults:
    """How often, between 0 and 1, something goes wrong at a statement.

    Attributes:
        busy: the database is busy, when a transaction is to begin or to be committed.
        before: an I/O error instead of a statement.
        before_commit: an I/O error instead of a commit, which did not happen.
        after_commit: an I/O error after a commit, which did happen.
        death: the client stops, before or after the statement.
        clock_jump: the clock jumps by up to an hour, forwards or backwards.

    Raises:
        InvalidOption: a number that is no probability.
    """

    busy: float = 0.0
    before: float = 0.0
    before_commit: float = 0.0
    after_commit: float = 0.0
    death: float = 0.0
    clock_jump: float = 0.0

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(Faults):
            value = getattr(self, field.name)
            if not 0 <= value <= 1:
                raise InvalidOption(
                    field=field.name, expected="a number from 0 to 1", found=value
                )


@attrs.define
class _Client:
    name: str
    baton: threading.Semaphore = attrs.field(factory=lambda: threading.Semaphore(0))
    is_dead: bool = False
    error: BaseException | None = None


@final
class Scheduler:
    """Lets clients run in the order that a seed gives.

    Attributes:
        clock: the clock of all clients; it moves only when it jumps.
        trace: what happened so far, a line for each statement and each fault.
    """

    def __init__(self, seed: int, *, faults: Faults | None = None) -> None:
        self.clock: ManualClock = ManualClock(START)
        self.trace: list[str] = []
        self._random = random.Random(seed)  # noqa: S311 - a schedule, no secret
        self._faults = Faults() if faults is None else faults
        self._ready: dict[int, _Client] = {}
        self._is_over = threading.Event()

    # --- stores ----------------------------------------------------------------------

    def store(self, path: Path) -> SQLiteStore:
        """Return a store on a file, as a process of its own would have it.

        What it does is scheduled from the call of `run` on.
        """
        store = SQLiteStore(path, busy_seconds=0, intercept=self.intercept)
        store._queue = FairQueue()
        return store

    def intercept(self, sql: str, run: Callable[[], Rows]) -> Rows:
        """Run a statement when it is its turn, or let it fail; stores call this."""
        client = self._ready.get(threading.get_ident())
        if client is None:  # before or after the schedule
            return run()
        if client.is_dead:  # nothing is sent any more; the connection is closed
            raise sqlite_error("SQLITE_IOERR")
        self._hand_over(client, sql[:LABEL_LENGTH])
        chances, draw = self._faults, self._random.random
        if draw() < chances.clock_jump:
            minutes = self._random.randint(-60, 60)
            self.clock.move(timedelta(minutes=minutes))
            self._note(client, f"clock {minutes:+} min")
        if draw() < chances.death:
            if self._random.random() < 0.5:
                run()
            client.is_dead = True
            self._note(client, "dies")
            raise ClientDied
        is_commit = sql == "COMMIT"
        if (is_commit or sql.startswith("BEGIN")) and draw() < chances.busy:
            self._fail(client, "SQLITE_BUSY")
        if draw() < (chances.before_commit if is_commit else chances.before):
            self._fail(client, "SQLITE_IOERR")
        rows = run()
        if is_commit and draw() < chances.after_commit:
            self._fail(client, "SQLITE_IOERR_FSYNC")
        return rows

    def _fail(self, client: _Client, code: str) -> None:
        self._note(client, code)
        raise sqlite_error(code)

    def _note(self, client: _Client, what: str) -> None:
        self.trace.append(f"{client.name}: {what}")

    # --- the baton -------------------------------------------------------------------

    def step(self, label: str) -> None:
        """Let others go on here, at a point of a client that is no statement."""
        client = self._ready.get(threading.get_ident())
        if client is not None and not client.is_dead:
            self._hand_over(client, label, is_waiting=True)

    def _hand_over(
        self, client: _Client, label: str, *, is_waiting: bool = False
    ) -> None:
        """Let somebody go on: this client as often as all others taken together."""
        others = [other for other in self._ready.values() if other is not client]
        if others and (is_waiting or self._random.random() < 0.5):
            chosen = self._random.choice(others)
            chosen.baton.release()
            client.baton.acquire()
        self._note(client, label)

    def run(self, clients: Mapping[str, Callable[[], object]]) -> None:
        """Run the clients until all have ended; raise the first error of one of them.

        Raises:
            Stuck: a client waits for something that another one holds.
        """
        begun = threading.Barrier(len(clients) + 1)
        made = [
            (_Client(name), threading.Event(), work) for name, work in clients.items()
        ]
        threads = [
            threading.Thread(
                target=self._live, args=(client, is_known, begun, work), daemon=True
            )
            for client, is_known, work in made
        ]
        self._is_over.clear()
        for thread, (_, is_known, _) in zip(threads, made, strict=True):
            thread.start()
            is_known.wait()  # so that they stand in the order in which they were given
        begun.wait()
        self._random.choice([client for client, _, _ in made]).baton.release()
        steps = -1
        while not self._is_over.wait(WAIT_SECONDS):
            if steps == len(self.trace):
                raise Stuck(f"after {self.trace[-1:]}")
            steps = len(self.trace)
        for thread in threads:
            thread.join()
        for client, _, _ in made:
            if client.error is not None:
                raise client.error

    def _live(
        self,
        client: _Client,
        is_known: threading.Event,
        begun: threading.Barrier,
        work: Callable[[], object],
    ) -> None:
        self._ready[threading.get_ident()] = client
        is_known.set()
        begun.wait()
        client.baton.acquire()
        try:
            work()
        except ClientDied:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by `run`
            client.error = error
        finally:
            del self._ready[threading.get_ident()]
            if self._ready:
                self._random.choice(list(self._ready.values())).baton.release()
            else:
                self._is_over.set()

    def insist(self, call: Callable[[], Any], attempts: int = 1000) -> Any:
        """Repeat *call* until it succeeds or fails for good.

        This is what clients are to do: an error that says it is `transient` leaves the
        call free to be repeated with the same ids, even if the outcome is unknown.
        """
        for _ in range(attempts):
            try:
                return call()
            except LedgerError as error:
                if not error.transient:
                    raise
                self.step(f"again after {error.code}")
        return call()
