"""Who writes next: a fair queue of the threads of one process for one file.

SQLite lets whoever asks at the right moment write next, and sleeps ever longer between
its attempts: under load a writer may wait a thousand times longer than most.  Here the
writers of a process line up first, whichever store they use, and only the foremost of
them competes with other processes.
"""

import os
import random
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from backoffice_ledger.errors import Busy

PAUSE_SECONDS: Final = (0.000_2, 0.001)
"""How long to sleep, at random, before asking for SQLite's lock again.

It does not grow: who has waited long must not ask more rarely than who has just come.
"""

T = TypeVar("T")


class FairQueue:
    """Lets one thread in at a time, in the order in which they came."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_taken = False

    @contextmanager
    def turn(self, deadline: float) -> Iterator[None]:
        """Wait for the turn of this thread, and hold it during the block.

        Args:
            deadline: until when to wait, on the monotonic clock.

        Raises:
            Busy: others were in front until then.
        """
        if not self._enter(deadline):
            raise Busy("other writers of this process were first")
        try:
            yield
        finally:
            self._leave()

    def _enter(self, deadline: float) -> bool:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        is_mine = False
        try:
            is_mine = mine.acquire(timeout=max(0.0, deadline - time.monotonic()))
        finally:
            if not is_mine:
                self._give_up(mine)
        return is_mine

    def _give_up(self, mine: threading.Lock) -> None:
        """Leave the line; whose turn has just come passes it on."""
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return
        self._leave()

    def _leave(self) -> None:
        """Hand over to who has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False


_queues: weakref.WeakValueDictionary[tuple[int, int], FairQueue]
_queues_guard: threading.Lock


def _forget_queues() -> None:
    """Begin without queues, as a child process must: its parent's may be taken."""
    global _queues, _queues_guard
    _queues, _queues_guard = weakref.WeakValueDictionary(), threading.Lock()


_forget_queues()
_at_fork: Callable[..., object] = getattr(os, "register_at_fork", dict)  # not Windows
_at_fork(after_in_child=_forget_queues)


def queue_of(path: Path) -> FairQueue:
    """Return the queue of this process for a file, by whatever name it is known."""
    status = path.stat()
    key = (status.st_dev, status.st_ino)
    with _queues_guard:
        queue = _queues.get(key)
        if queue is None:
            queue = _queues[key] = FairQueue()
        return queue


def insist(
    ask: Callable[[], T], is_refusal: Callable[[Exception], bool], deadline: float
) -> T:
    """Ask until it succeeds or the time is over; the last error is raised.

    Args:
        ask: what to try, at least once.
        is_refusal: tells the errors after which to try again.
        deadline: until when, on the monotonic clock.
    """
    while True:
        try:
            return ask()
        except Exception as error:
            left = deadline - time.monotonic()
            if left <= 0 or not is_refusal(error):
                raise
        time.sleep(min(left, random.uniform(*PAUSE_SECONDS)))  # noqa: S311
