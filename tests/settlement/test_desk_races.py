"""Two processes at one instruction: what there is is settled once."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger import errors
from backoffice_ledger.settlement import (
    Books,
    RuleBooks,
    SettlementDesk,
    SettlementState,
    Trade,
)
from backoffice_ledger.settlement import _records as records
from backoffice_ledger.settlement.accounting import SettlementAccounts, SettlementBooks
from backoffice_ledger.settlement.netting import NettingSet
from backoffice_ledger.stores import PostgreSQLStore

Make = Callable[..., Trade]
Ready = Callable[[SettlementDesk, str], str]
Open = Callable[[str], AbstractContextManager[bl.Ledger]]
Verb = Callable[[SettlementDesk], Any]
DUE, LATER = date(2026, 10, 9), date(2026, 10, 12)
ACME = "US0378331005"


@pytest.fixture(
    params=[
        ("sqlite", SettlementBooks),
        ("postgresql", RuleBooks),
        pytest.param(("postgresql", SettlementBooks), marks=pytest.mark.long),
    ],
    ids=["sqlite", "postgresql-rules", "postgresql"],
)
def setting(request: pytest.FixtureRequest) -> tuple[str, Callable[..., Books]]:
    """Return a store, and what books events: with a look at what is open, or not."""
    found: tuple[str, Callable[..., Books]] = request.param
    return found


@pytest.fixture
def books_of(setting: tuple[str, Callable[..., Books]]) -> Callable[..., Books]:
    """Return what makes the books."""
    return setting[1]


@pytest.fixture
def open_book(
    setting: tuple[str, object], request: pytest.FixtureRequest, tmp_path: Path
) -> Open:
    """Return a function that opens one book, each time on a connection of its own."""
    if setting[0] == "sqlite":
        path = tmp_path / "books.db"
        return lambda actor: bl.open_ledger(path, actor=actor, create=True)
    address = request.getfixturevalue("database")

    @contextmanager
    def opened(actor: str) -> Iterator[bl.Ledger]:
        with (
            closing(PostgreSQLStore(address)) as store,
            bl.open_ledger(store, actor=actor, create=True) as ledger,
        ):
            yield ledger

    return opened


@pytest.fixture
def at_once(
    setting: tuple[str, Callable[..., Books]],
    open_book: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., list[object]]:
    """Return a function that does two things at once, each on its own connection.

    Who has read waits for the other one before it writes.  It waits in vain: what is
    read to be changed is locked until it is committed, on every store.
    """
    store = records.Records.store
    first = threading.local()

    def run(actor: str, verb: Verb, start: threading.Barrier) -> object:
        with open_book(actor) as ledger:
            first.barrier = start
            try:
                return verb(SettlementDesk(ledger, books=setting[1](ledger)))
            except errors.LedgerError as error:
                return error

    def waiting(self: records.Records, values: Iterable[records.Stored]) -> None:
        barrier = first.__dict__.pop("barrier", None)
        if barrier is not None:
            with suppress(threading.BrokenBarrierError):
                barrier.wait(0.2)
        store(self, values)

    def both(*verbs: Verb) -> list[object]:
        monkeypatch.setattr(records.Records, "store", waiting)
        barrier = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            waits = [
                pool.submit(run, f"clerk-{index}", verb, barrier)
                for index, verb in enumerate(verbs)
            ]
            found = [wait.result() for wait in waits]
        assert barrier.broken  # the other one could not even read meanwhile
        return found

    return both


@pytest.fixture
def book(
    open_book: Open, books_of: Callable[..., Books], make: Make, ready: Ready
) -> None:
    """Open the book with a purchase of 1 000 units whose instruction is matched."""
    with open_book("anna") as ledger:
        SettlementAccounts().open_in(ledger)
        desk = SettlementDesk(ledger, books=books_of(ledger))
        desk.capture(make(fees={}))
        ready(desk, "T-1")


def part(reference: str, units: int) -> Verb:
    """Return the report that some units are settled."""
    return lambda desk: desk.settle(
        "T-1", on=DUE, quantity=bl.Amount(units, ACME), reference=reference
    )


def settled_units(ledger: bl.Ledger) -> tuple[str, str, list[str]]:
    """Return units and money that moved, and the parts that are booked."""
    entries = [
        record.id for record in ledger.view().entries() if "/settled/" in record.id
    ]
    return (
        str(ledger.balance("stock:location:depository")),
        str(ledger.balance("assets:nostro")),
        sorted(entries),
    )


@pytest.mark.usefixtures("book")
def test_two_reports_do_not_settle_more_than_there_is(
    open_book: Open, at_once: Callable[..., list[object]]
) -> None:
    """600 and 600 of 1 000, with different references: one of them is refused."""
    found = at_once(part("P-1", 600), part("P-2", 600))
    refused = [one for one in found if isinstance(one, errors.LedgerError)]
    assert [one.code for one in refused] in (["invalid-option"], ["document-conflict"])
    with open_book("carl") as ledger:
        assert settled_units(ledger) == (
            f"-600 {ACME}",
            "-30000.00 USD",
            ["settlement/T-1/settled/1"],
        )
        assert len(SettlementDesk(ledger).instruction("T-1").parts) == 1
        assert ledger.verify()


@pytest.mark.usefixtures("book")
def test_two_reports_that_fit_are_both_settled(
    open_book: Open, at_once: Callable[..., list[object]]
) -> None:
    """400 and 500 of 1 000: each is booked once, as a part of its own."""
    found = at_once(part("P-1", 400), part("P-2", 500))
    assert not [one for one in found if isinstance(one, errors.LedgerError)]
    with open_book("carl") as ledger:
        assert settled_units(ledger) == (
            f"-900 {ACME}",
            "-45000.00 USD",
            ["settlement/T-1/settled/1", "settlement/T-1/settled/2"],
        )
        assert ledger.verify()


@pytest.mark.usefixtures("book")
def test_all_of_it_is_settled_once(
    open_book: Open, at_once: Callable[..., list[object]]
) -> None:
    """On two days, or under two references: the second one comes too late."""
    found = at_once(
        lambda desk: desk.settle("T-1", on=DUE),
        lambda desk: desk.settle("T-1", on=LATER),
    )
    [refused] = [one for one in found if isinstance(one, errors.LedgerError)]
    assert refused.code in ("transition-refused", "document-conflict")
    with open_book("carl") as ledger:
        assert settled_units(ledger)[0] == f"-1000 {ACME}"
        assert ledger.verify()


@pytest.mark.usefixtures("book")
def test_what_is_cancelled_is_not_settled(
    open_book: Open, at_once: Callable[..., list[object]]
) -> None:
    """One report says settled, the other taken off: the second one is refused."""
    found = at_once(
        lambda desk: desk.settle("T-1", on=DUE),
        lambda desk: desk.cancel_instruction("T-1", by="system"),
    )
    assert sum(isinstance(one, errors.LedgerError) for one in found) == 1
    with open_book("carl") as ledger:
        status = SettlementDesk(ledger).instruction("T-1")
        is_settled = status.settlement is SettlementState.SETTLED
        assert settled_units(ledger)[0] == (f"-1000 {ACME}" if is_settled else "0")


def test_a_trade_is_instructed_and_netted_once(
    open_book: Open,
    at_once: Callable[..., list[object]],
    books_of: Callable[..., Books],
    make: Make,
) -> None:
    """Two instructions of other ids, or two nettings: the second one is refused."""
    with open_book("anna") as ledger:
        SettlementAccounts().open_in(ledger)
        desk = SettlementDesk(ledger, books=books_of(ledger))
        desk.capture_many([make(), make(id="T-2")])
        for id_ in ("T-1", "T-2"):
            desk.enrich(id_)
            desk.confirm(id_)
            desk.match(id_)
        desk.route("T-1")

    def netted(name: str) -> Verb:
        return lambda desk: desk.net(
            ["T-2"],
            netting_id=name,
            netting_set=NettingSet(DUE, "DTC", "RULES"),
            on=DUE,
            ccp="CCP",
        )

    for verbs in (
        [lambda desk, n=name: desk.instruct("T-1", instruction=n) for name in "AB"],
        [netted("N-1"), netted("N-2")],
    ):
        found = at_once(*verbs)
        [refused] = [one for one in found if isinstance(one, errors.LedgerError)]
        assert refused.code in ("transition-refused", "document-conflict")
    with open_book("carl") as ledger:
        desk = SettlementDesk(ledger)
        assert len(desk.instructions()) == 1
        assert len(desk.trades(state="net")) == 1
        assert ledger.verify()
