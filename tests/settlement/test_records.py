"""What trades and instructions are found by, and what it costs to ask."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import attrs
import postgresql_server
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backoffice_ledger as bl
from backoffice_ledger.calendars import business_calendar
from backoffice_ledger.settlement import (
    FrontOffice,
    SettlementDesk,
    Trade,
    _life,
    _status,
)
from backoffice_ledger.settlement._index import Wanted, late_span, trade_index
from backoffice_ledger.settlement._life import TradeState, begin
from backoffice_ledger.settlement._records import Records
from backoffice_ledger.settlement.dates import CutOff, cut_off
from backoffice_ledger.stores import PostgreSQLStore, SQLiteStore

Make = Callable[..., Trade]
Ready = Callable[[SettlementDesk, str], str]
ACME, SIEMENS = "US0378331005", "DE0007236101"
DUE, LATER = date(2026, 10, 9), date(2026, 10, 12)
ON_TIME = datetime(2026, 10, 8, 20, tzinfo=UTC)
TOO_LATE = datetime(2026, 10, 9, 20, tzinfo=UTC)
NOW = datetime(2026, 10, 12, 12, tzinfo=UTC)


@pytest.fixture
def records(ledger: bl.Ledger, desk: SettlementDesk, make: Make, ready: Ready) -> Any:
    """Return the records of a book with four trades, two of them instructed."""
    desk.capture_many(
        [
            make(),
            make(id="T-2", owner="C-1", capacity="agent"),
            make(id="T-3", quantity=f"5 {SIEMENS}", settlement_date=LATER),
            make(id="T-4", counterparty="OTHER"),
        ]
    )
    ready(desk, "T-1")
    ready(desk, "T-4")
    desk.settle("T-1", on=DUE)
    return Records(ledger)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), "T-1 T-2 T-3 T-4"),
        (Wanted(is_open=True), "T-2 T-3 T-4"),
        (Wanted(state="settled"), "T-1"),
        (Wanted(state="captured", owner="firm"), "T-3"),
        (Wanted(owner="C-1"), "T-2"),
        (Wanted(instrument=SIEMENS), "T-3"),
        (Wanted(counterparty="BROKER", is_open=True), "T-2 T-3"),
        (Wanted(due=(LATER, None)), "T-3"),
        (Wanted(due=(None, DUE), is_open=True), "T-2 T-4"),
        (Wanted(traded=(LATER, LATER)), ""),
        (Wanted(traded=(date(2026, 10, 8), date(2026, 10, 8)), owner="C-1"), "T-2"),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_trades_are_found(
    records: Records, wanted: Wanted, expected: str, declared: bool
) -> None:
    """Whether their statuses declare it or were stored before that was possible."""
    if not declared:
        strip(records.ledger)
    found = records.search(wanted)
    assert " ".join(status.booking_id for status in found) == expected
    pages: list[str] = []
    while page := records.search(wanted, after=pages[-1] if pages else None, limit=1):
        pages += [status.booking_id for status in page]
    assert " ".join(pages) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), "M-1 T-1 T-4"),
        (Wanted(is_open=True), "M-1 T-4"),
        (Wanted(state="settled"), "T-1"),
        (Wanted(instrument=ACME, counterparty="OTHER"), "T-4"),
        (Wanted(due=(None, DUE), is_open=True), "M-1 T-4"),
        (Wanted(owner="C-1"), ""),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
def test_instructions_are_found(
    records: Records, order: Any, wanted: Wanted, expected: str, declared: bool
) -> None:
    """Likewise; a payment free of delivery has no instrument."""
    payment = order(id="M-1", kind="DPFOD", quantity=None, cash="9 EUR")
    SettlementDesk(records.ledger).enter(payment)
    if not declared:
        strip(records.ledger)
    found = records.search_instructions(wanted)
    assert " ".join(status.id for status in found) == expected


def strip(ledger: bl.Ledger) -> None:
    """Store all statuses as they were before they declared anything.

    The next version of each says the same, as a book of an older release would.
    """
    for kind in (_life.KIND, _status.KIND):
        for each in ledger.documents.all(kind):
            ledger.documents.store(each.revise(each.content, index={}))


def test_the_next_step_declares_what_is_missing(
    records: Records, ledger: bl.Ledger
) -> None:
    """A status of an older release is found like the others once it has moved."""
    strip(ledger)
    desk = SettlementDesk(ledger)
    desk.enrich("T-2")
    [document] = ledger.documents.find(_life.KIND, {"open": "yes", "owner": "C-1"})
    assert document.index == {
        "counterparty": "BROKER",
        "instrument": ACME,
        "open": "yes",
        "owner": "C-1",
        "settlement_date": "2026-10-09",
        "state": "enriched",
        "trade_date": "2026-10-08",
    }


def test_an_amended_trade_is_found_by_its_new_terms(
    records: Records, ledger: bl.Ledger, make: Make
) -> None:
    """The version before is closed, and keeps its own."""
    SettlementDesk(ledger).amend(
        make(id="T-3", quantity=f"7 {ACME}", version=2), on=date(2026, 10, 8)
    )
    [new] = records.search(Wanted(instrument=ACME, state="captured", owner="firm"))
    assert new.booking_id == "T-3.v2"
    [old] = records.search(Wanted(instrument=SIEMENS))
    assert (old.booking_id, old.state) == ("T-3", TradeState.CORRECTED)


# --- who was late ---------------------------------------------------------------------

AFFIRMATION = cut_off("dtc-affirmation")  # 21:00 in New York: 01:00 UTC


def affirm(desk: SettlementDesk, make: Make) -> None:
    """Affirm trades on time, too late, at an unknown time, and not at all."""
    ids = ["ON-TIME", "LATE", "UNKNOWN", "SETTLED-LATE", "GONE", "MISSING"]
    desk.capture_many([make(id=id_) for id_ in ids])
    desk.enrich_many(ids)
    desk.cancel("GONE", on=date(2026, 10, 8))
    desk.advance_many([id_ for id_ in ids if id_ != "GONE"], "confirmed")
    for id_, at in (
        ("ON-TIME", ON_TIME),
        ("LATE", TOO_LATE),
        ("SETTLED-LATE", TOO_LATE),
        ("UNKNOWN", None),
    ):
        desk.affirm(id_, at=at)
    desk.match("SETTLED-LATE")
    desk.route("SETTLED-LATE")
    desk.instruct("SETTLED-LATE")
    desk.accept("SETTLED-LATE")
    desk.report_matched({"SETTLED-LATE": "X"})
    desk.settle("SETTLED-LATE", on=DUE)


def test_whoever_was_late_is_found(desk: SettlementDesk, make: Make) -> None:
    """Also what is settled by now; and who is missing."""
    affirm(desk, make)
    rows = desk.late(AFFIRMATION, now=NOW).rows()
    assert [(row["trade"], row["minutes"]) for row in rows] == [
        ("LATE", 19 * 60),
        ("MISSING", 83 * 60),
        ("SETTLED-LATE", 19 * 60),
    ]
    before = rows
    strip(desk.ledger)
    assert desk.late(AFFIRMATION, now=NOW).rows() == before


zones = st.sampled_from(
    ["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Kiritimati", "UTC"]
)


@given(
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    zones,
    st.dates(date(1900, 1, 1), date(2199, 12, 1)),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=9)),
)
def test_nobody_who_is_late_is_overlooked(
    local_time: time, zone: str, day: date, delay: timedelta
) -> None:
    """Whatever the cut-off, the clock changes and the trade date."""
    given_cut_off = CutOff(
        "any",
        "confirmation",
        local_time=local_time,
        time_zone=zone,
        calendar=business_calendar("TARGET"),
    )
    at = given_cut_off.at(day) + delay
    status = attrs.evolve(
        begin("T", "T"),
        steps=((TradeState.CONFIRMED, {"at": at.isoformat()}),),
    )
    terms = dict.fromkeys(["owner", "instrument", "counterparty"], "x") | {
        "trade_date": day.isoformat(),
        "settlement_date": day.isoformat(),
    }
    first, last = late_span(given_cut_off)
    assert first is not None
    assert last is None
    assert first <= trade_index(status, terms)["confirmed_after"]


# --- what it costs --------------------------------------------------------------------


class Counter:
    """Counts the documents that SQLite hands out."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, sql: str, run: Callable[[], Any]) -> Any:
        """Run a statement and count what it reads of the log."""
        found = run()
        if "content" in sql and sql.startswith("SELECT"):
            self.rows += len(found)
        return found


def test_a_question_reads_what_it_returns(
    tmp_path: Path, make: Make, accounts: Callable[[bl.Ledger], None]
) -> None:
    """Sixty trades are over, three are not: nobody reads the sixty."""
    counter = Counter()
    store = SQLiteStore(tmp_path / "books.db", create=True, intercept=counter)
    with bl.open_ledger(store, actor="anna", create=True) as ledger:
        accounts(ledger)
        desk, front = SettlementDesk(ledger), FrontOffice(ledger=ledger)
        over = [make(id=f"S-{number}") for number in range(60)]
        desk.capture_many(over)
        for trade in over:
            desk.cancel(trade.id, on=trade.trade_date)
        mine = {"owner": "C-1", "capacity": "agent"}
        desk.capture_many([make(id=f"O-{number}", **mine) for number in range(3)])
    store.close()
    store = SQLiteStore(tmp_path / "books.db", intercept=counter)
    with bl.open_ledger(store, actor="anna") as ledger:
        desk, front = SettlementDesk(ledger), FrontOffice(ledger=ledger)
        for ask in (
            lambda: desk.late(AFFIRMATION, now=NOW),
            lambda: desk.ageing(DUE),
            lambda: front.trades(owner="C-1"),
            lambda: front.available(ACME, DUE, "C-1"),
            lambda: front.holdings("C-1"),
        ):
            ask()
            counter.rows = 0
            ask()
            assert counter.rows < 40
        assert len(front.trades()) == 63
    store.close()


@pytest.fixture
def dsn() -> Iterator[str]:
    """Return an empty database."""
    found = postgresql_server.new_database()
    yield found
    postgresql_server.drop_database(found)


@pytest.mark.usefixtures("postgresql")
def test_the_same_on_postgresql(
    dsn: str, make: Make, ready: Ready, accounts: Callable[[bl.Ledger], None]
) -> None:
    """Late, ageing, holdings and trades, and the book verifies."""
    store = PostgreSQLStore(dsn)
    try:
        with bl.open_ledger(store, actor="anna", create=True) as ledger:
            accounts(ledger)
            desk, front = SettlementDesk(ledger), FrontOffice(ledger=ledger)
            affirm(desk, make)
            desk.capture(make(id="MINE", owner="C-1", capacity="agent"))
            ready(desk, "MINE")
            assert [row["trade"] for row in desk.late(AFFIRMATION, now=NOW)] == [
                *("LATE", "MISSING", "SETTLED-LATE")
            ]
            assert [row["instruction"] for row in desk.ageing(LATER)] == ["MINE"]
            [row] = front.holdings("C-1").rows()
            assert (row["traded"], row["to_receive"]) == (
                bl.Amount(1000, ACME),
                bl.Amount(1000, ACME),
            )
            assert [row["trade"] for row in front.trades(owner="C-1")] == ["MINE"]
            ledger.verify()
    finally:
        store.close()
