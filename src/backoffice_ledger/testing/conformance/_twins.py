"""One book kept twice, in the store under test and in the reference."""

# ruff: noqa: B023, S101 - tests assert; commands run at once

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger._ledger.view import ReportPhase
from backoffice_ledger.errors import LedgerError
from backoffice_ledger.protocols import Clock, Control
from backoffice_ledger.stores import Store
from backoffice_ledger.testing.clocks import TickingClock
from backoffice_ledger.testing.sources import SeededSalts, SequentialIds

T = TypeVar("T")
E = TypeVar("E", bound=LedgerError)

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
PHASES: Final[tuple[ReportPhase, ...]] = ("unadjusted", "adjusted", "post-closing")


@attrs.frozen
class Outcome:
    """What came of a command: a result, or an error and what it says."""

    value: Any
    error: LedgerError | None = attrs.field(default=None, eq=False)
    says: str = ""
    found: str | None = None
    field: str | None = None


def outcome_of(command: Callable[[bl.Ledger], Any], ledger: bl.Ledger) -> Outcome:
    """Return what comes of *command*; errors of other libraries pass."""
    try:
        value = command(ledger)
    except LedgerError as error:
        return Outcome(type(error), error, str(error), error.found, error.field)
    return Outcome(value, says=_standing(value))


def _standing(value: Any) -> str:
    """Return what the equality of holds passes over: where they stand."""
    match value:
        case bl.Hold():
            return repr(value)
        case tuple():
            return " ".join(map(_standing, value))
    return ""


def refusal(error: type[E], call: Callable[[], object]) -> E:
    """Return the error that *call* raises; it must be of exactly this class."""
    try:
        result = call()
    except error as found:
        assert type(found) is error, found
        return found
    raise AssertionError(f"{error.__name__} is not raised, but returned: {result!r}")


@final
class Twins:
    """One book kept twice: what is done to one is done to the other and compared.

    Attributes:
        tested: the book in the store under test.
        oracle: the same book in a `MemoryStore`.
    """

    def __init__(self, tested: bl.Ledger, oracle: bl.Ledger) -> None:
        self.tested = tested
        self.oracle = oracle

    def do(self, command: Callable[[bl.Ledger], T]) -> T:
        """Do the same to both books; return what both return, raise what both raise."""
        found = outcome_of(command, self.tested)
        expected = outcome_of(command, self.oracle)
        assert found == expected
        if found.error is not None:
            raise found.error
        result: T = found.value
        return result

    def refuse(self, error: type[E], command: Callable[[bl.Ledger], Any]) -> E:
        """Check that both books refuse *command* alike and stay as they were."""
        before = self.snapshot()
        found = refusal(error, lambda: self.do(command))
        assert self.snapshot() == before
        return found

    def post(self, *entries: bl.Entry) -> list[bl.Record]:
        """Post entries one by one to both."""
        return [self.do(lambda ledger: ledger.post(entry)) for entry in entries]

    def snapshot(self) -> dict[str, Any]:
        """Return all that the tested book holds."""
        return snapshot(self.tested)

    def check(self) -> None:
        """Check that both books hold the same and are sound."""
        assert self.snapshot() == snapshot(self.oracle)
        assert self.tested.verify() == self.oracle.verify()


def snapshot(ledger: bl.Ledger) -> dict[str, Any]:
    """Return all that a book holds, and what it computes from that."""
    view = ledger.view()
    chart = view.accounts()
    return {
        "records": list(ledger.records()),
        "entries": list(view.entries()),
        "chart": list(chart.values()),
        "periods": view.periods(),
        "proposals": ledger.proposals.all(),
        "pending": pending(ledger, chart),
        "turnovers": {path: view.turnover(path) for path in chart},
        "balances": {path: view.balance(path, include_children=True) for path in chart},
        "trial balances": [
            view.trial_balance(phase=phase).rows(totals=True) for phase in PHASES
        ],
    }


def pending(ledger: bl.Ledger, chart: Iterable[str]) -> dict[str, Any]:
    """Return what is held, counted and found by; no clock is read."""
    with ledger._session.transaction(write=False) as transaction:
        return {
            "cells": {path: dict(transaction.current(path, 0)) for path in chart},
            "holds": dict(transaction.stored_holds()),
            "index": sorted(transaction.stored_index()),
        }


@final
class Opener:
    """Opens a book again and again, with the same sources going on."""

    def __init__(
        self,
        book: str = "main",
        controls: Sequence[Control] = (),
        clock: Clock | None = None,
    ) -> None:
        self._book = book
        self._controls = controls
        self._clock = TickingClock(START) if clock is None else clock
        self._ids = SequentialIds()
        self._salts = SeededSalts(b"twins")

    def __call__(self, store: Store) -> bl.Ledger:
        """Return the book in *store*; make it if it is not there."""
        return bl.open_ledger(
            store,
            actor="clerk",
            book=self._book,
            create=True,
            controls=self._controls,
            clock=self._clock,
            ids=self._ids,
            salts=self._salts,
        )


@contextmanager
def open_twins(
    store: Store,
    *,
    book: str = "main",
    controls: Sequence[Control] = (),
    clock: Clock | None = None,
) -> Iterator[Twins]:
    """Open a book in *store* and its twin; compare and verify both at the end.

    Clock, ids and salts are the same, so that even the leaf hashes must be equal.  A
    *clock* that is given must not move when it is read, since both read it.
    """
    oracle = bl.MemoryStore()
    try:
        twins = Twins(
            Opener(book, controls, clock)(store), Opener(book, controls, clock)(oracle)
        )
        yield twins
        twins.check()
    finally:
        store.close()
        oracle.close()


def open_chart(ledger: bl.Ledger) -> None:
    """Open the accounts, the journal and the dimensions that the tests use."""
    for path, type_ in (
        ("assets:bank", "asset"),
        ("assets:bank:giro", "asset"),
        ("assets:cash", "asset"),
        ("liabilities:loan", "liability"),
        ("equity:capital", "equity"),
        ("equity:trading", "equity"),
        ("income:fees", "income"),
        ("expenses:rent", "expense"),
        ("stock:customers", "memorandum"),
        ("stock:vault", "memorandum"),
    ):
        ledger.open_account(path, type=type_)
    ledger.open_journal("settlement", description="Trades")
    ledger.declare_dimension("cost_centre")
    ledger.declare_dimension("counterparty")


class StoreCase:
    """Base of the tests: knows how to make a store.

    Attributes:
        is_durable: whether a store can be closed and made again with what it held.
    """

    is_durable = True

    def make_store(self, folder: Path) -> Store:
        """Return a store that keeps its data in *folder*; the same one each time.

        Raises:
            NotImplementedError: this is to be overridden.
        """
        raise NotImplementedError("say how to make a store")

    @contextmanager
    def books(
        self,
        folder: Path,
        *,
        controls: Sequence[Control] = (),
        clock: Clock | None = None,
    ) -> Iterator[Twins]:
        """Open a book with a chart in a new store, and its twin."""
        store = self.make_store(folder)
        with open_twins(store, controls=controls, clock=clock) as twins:
            twins.do(open_chart)
            yield twins
