"""Seeded schedules: the same again, clean for sound clients, and races are found."""

import runpy
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import (
    Busy,
    HoldNotOpen,
    InvalidOption,
    LimitBreached,
    OutcomeUnknown,
    StorageFailure,
)
from backoffice_ledger.testing import scheduler as scheduling
from backoffice_ledger.testing.scheduler import Faults, Scheduler, Stuck
from backoffice_ledger.testing.simulation import (
    Anomaly,
    Report,
    Teller,
    main,
    simulate,
)

DAY = date(2026, 1, 5)
NO_FAULTS = Faults()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all schedules, so that the first book is made once."""
    return tmp_path_factory.mktemp("schedules")


def payment(id: str, payer: str, payee: str, amount: bl.Amount | str) -> bl.Entry:
    """Return an entry that moves money between customers."""
    return bl.Entry(id, DAY, [bl.debit(payer, amount), bl.credit(payee, amount)])


class ChecksThenActs(Teller):
    """Looks what is there, and posts in a transaction of its own."""

    def pay(
        self, ledger: bl.Ledger, id: str, payer: str, payee: str, amount: str
    ) -> Any:
        """Race with everybody who has looked at the same time."""
        available = ledger.accounts.balances(payer).available["EUR"]
        if available < bl.Amount(amount.split()[0], "EUR"):
            raise LimitBreached(field="amount", found=str(available))
        return ledger.post(payment(id, payer, payee, amount))

    def pay_all(self, ledger: bl.Ledger, id: str, payer: str, payee: str) -> Any:
        """Post what was there a moment ago."""
        available = ledger.accounts.balances(payer).available["EUR"]
        if available.minor_units <= 0:
            raise LimitBreached(field="amount", found=str(available))
        return ledger.post(payment(id, payer, payee, available))

    def reserve(
        self, ledger: bl.Ledger, id: str, payer: str, payee: str, amount: str
    ) -> Any:
        """Reserve nothing: only payments are wrong here."""
        raise LimitBreached(field="amount")


class CapturesByHand(Teller):
    """Looks whether a hold is open, then posts its amount and voids it."""

    def capture(self, ledger: bl.Ledger, hold: str, id: str) -> Any:
        """Pay out twice if somebody else captures it meanwhile."""
        found = ledger.holds.get(hold)
        if found.status != "open":
            raise HoldNotOpen(field="id", found=found.status)
        ledger.post(bl.Entry(id, DAY, found.postings, references=[hold]))
        try:
            return ledger.holds.void(hold)
        except HoldNotOpen:
            return None


class GivesNewIds(Teller):
    """Repeats a call of unknown outcome under another id."""

    def pay(
        self, ledger: bl.Ledger, id: str, payer: str, payee: str, amount: str
    ) -> Any:
        """Pay twice if the first commit has happened after all."""
        try:
            return ledger.post(payment(id, payer, payee, amount))
        except OutcomeUnknown:
            return ledger.post(payment(f"{id} again", payer, payee, amount))


class SaysYes(Teller):
    """Acknowledges payments without making them."""

    def pay(
        self, ledger: bl.Ledger, id: str, payer: str, payee: str, amount: str
    ) -> Any:
        """Do nothing."""


class ReservesNothing(Teller):
    """Acknowledges reservations without making them."""

    def reserve(
        self, ledger: bl.Ledger, id: str, payer: str, payee: str, amount: str
    ) -> Any:
        """Do nothing."""


def search(folder: Path, seeds: int, **options: Any) -> str:
    """Return the first anomaly of some schedules, or nothing."""
    for seed in range(seeds):
        try:
            simulate(folder, seed, **options)
        except Anomaly as anomaly:
            return str(anomaly)
    return ""


def test_a_seed_gives_a_schedule(folder: Path) -> None:
    """The same one each time, with its faults and answers."""
    first, again = simulate(folder, 3), simulate(folder, 3)
    assert first == again
    assert first.trace != simulate(folder, 4).trace
    assert first.steps == len(first.trace) > 100


def test_sound_tellers_leave_a_sound_book(folder: Path) -> None:
    """In every schedule, though everything that can go wrong does."""
    faults: Counter[str] = Counter()
    reports: list[Report] = []
    for seed in range(100):
        report = simulate(folder, 1000 + seed)
        reports.append(report)
        faults.update(line.partition(": ")[2].split()[0] for line in report.trace)
    refused = sum((Counter(report.refused) for report in reports), Counter())
    assert {"limit-breached", "hold-not-open", "unknown-hold"} <= refused.keys()
    for fault in ("SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_IOERR_FSYNC", "dies", "clock"):
        assert faults[fault] >= 10, fault
    assert sum(report.acknowledged for report in reports) > 400
    assert sum(report.resolved for report in reports) > 10
    assert sum(report.deaths for report in reports) >= faults["dies"]


@pytest.mark.parametrize(
    ("teller", "options", "says"),
    [
        (ChecksThenActs(), {"has_limits": False, "faults": NO_FAULTS}, "is overdrawn"),
        (CapturesByHand(), {"faults": NO_FAULTS}, "was resolved 2 times"),
        (GivesNewIds(), {}, "was recorded, but refused"),
        (SaysYes(), {"faults": NO_FAULTS}, "was acknowledged and is lost"),
        (ReservesNothing(), {"faults": NO_FAULTS}, "was acknowledged and is None"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Teller) else "",
)
def test_a_wrong_teller_is_found(
    folder: Path, teller: Teller, options: dict[str, Any], says: str
) -> None:
    """By what it leaves behind, within some schedules; the seed brings it back."""
    found = search(folder, 60, teller=teller, **options)
    assert says in found
    seed = int(found.split(":")[0].removeprefix("seed "))
    with pytest.raises(Anomaly) as again:
        simulate(folder, seed, teller=teller, **options)
    assert str(again.value) == found


@pytest.mark.parametrize("teller", [ChecksThenActs(), CapturesByHand()])
def test_alone_a_racy_teller_does_no_harm(folder: Path, teller: Teller) -> None:
    """So what was found above is the race, and not the teller's arithmetic."""
    options: dict[str, Any] = {"tellers": 1, "calls": 12, "faults": NO_FAULTS}
    has_limits = not isinstance(teller, ChecksThenActs)
    assert search(folder, 10, teller=teller, has_limits=has_limits, **options) == ""


def test_a_command_searches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """It prints how fast, and the first anomaly with its seed."""
    arguments = ["--schedules", "2", "--first", "7", "--folder", str(tmp_path)]
    assert main(arguments) == 0
    assert "2 schedules without an anomaly" in capsys.readouterr().out
    monkeypatch.setattr(Teller, "pay", SaysYes.pay)
    arguments[1] = "20"
    assert main(arguments) == 1
    assert "was acknowledged and is lost" in capsys.readouterr().out


# --- the scheduler itself ------------------------------------------------------------


def test_one_client_runs_at_a_time() -> None:
    """And each of them in the end; what is no client is not scheduled."""
    scheduler = Scheduler(5)
    running: list[str] = []
    order: list[str] = []

    def work(name: str) -> Callable[[], None]:
        def live() -> None:
            for _ in range(20):
                running.append(name)
                assert running == [name]
                order.append(running.pop())
                scheduler.step("step")

        return live

    scheduler.run({name: work(name) for name in "abc"})
    scheduler.step("nobody's")
    assert Counter(order) == {"a": 20, "b": 20, "c": 20}
    assert order != sorted(order)
    assert len(scheduler.trace) == 60
    assert scheduler.intercept("SELECT 1", lambda: [(1,)]) == [(1,)]


def test_the_error_of_a_client_is_raised() -> None:
    """After the others have ended."""
    scheduler = Scheduler(1)
    ended: list[str] = []

    def fail() -> None:
        scheduler.step("before")
        raise ArithmeticError("wrong")

    def live() -> None:
        for _ in range(5):
            scheduler.step("step")
        ended.append("b")

    with pytest.raises(ArithmeticError, match="wrong"):
        scheduler.run({"a": fail, "b": live})
    assert ended == ["b"]


def test_a_client_that_waits_for_another_is_reported(monkeypatch: Any) -> None:
    """A lock that the scheduler does not know of would stop everything."""
    monkeypatch.setattr(scheduling, "WAIT_SECONDS", 0.05)
    scheduler, lock = Scheduler(2), threading.Lock()

    def live() -> None:
        scheduler.step("wants the lock")
        with lock:
            scheduler.step("holds the lock")

    with pytest.raises(Stuck, match="wants the lock"):
        scheduler.run({"a": live, "b": live})


def test_insisting_ends() -> None:
    """With what was raised last; errors that are final are raised at once."""
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise Busy if len(calls) < 3 else StorageFailure

    with pytest.raises(StorageFailure):
        Scheduler(0).insist(fail, attempts=5)
    assert len(calls) == 6
    with pytest.raises(LimitBreached):
        Scheduler(0).insist(lambda: raise_(LimitBreached()))


def raise_(error: Exception) -> None:
    """Raise an error, in an expression."""
    raise error


@pytest.mark.parametrize("chance", [-0.1, 1.1])
def test_chances_are_probabilities(chance: float) -> None:
    """Anything else is a mistake."""
    with pytest.raises(InvalidOption) as caught:
        Faults(death=chance)
    assert caught.value.field == "death"


def test_the_dead_do_not_write(tmp_path: Path) -> None:
    """A client dies before its statement or after it; the file is free again."""
    path = tmp_path / "books.db"
    bl.open_ledger(path, actor="clerk", create=True).close()
    for seed in range(20):
        scheduler = Scheduler(seed, faults=Faults(death=0.3))
        store = scheduler.store(path)
        ledger = bl.open_ledger(store, actor="clerk", clock=scheduler.clock)
        name = f"assets:a{seed}"
        scheduler.run({"a": lambda: ledger.open_account(name, type="asset")})  # noqa: B023
        store.close()
        assert scheduler.trace[-1] == "a: dies"
        with bl.open_ledger(path, actor="head") as other:
            is_written = name in other.accounts.all()
            assert not is_written or scheduler.trace[-2] == "a: COMMIT"
            other.verify()


def test_the_clock_jumps_both_ways(tmp_path: Path) -> None:
    """By up to an hour, at statements only."""
    path = tmp_path / "books.db"
    scheduler = Scheduler(1, faults=Faults(clock_jump=1.0))
    bl.SQLiteStore(path, create=True).close()
    store = scheduler.store(path)
    seen = [scheduler.clock.now()]

    def look() -> None:
        for _ in range(10):
            store.books()
            seen.append(scheduler.clock.now())

    scheduler.run({"a": look})
    store.close()
    jumps = [later - earlier for earlier, later in pairwise(seen)]
    assert min(jumps) < timedelta(0) < max(jumps)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # it is imported already
def test_it_runs_as_a_module(
    monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m`` finds the command."""
    monkeypatch.setattr(sys, "argv", ["command", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("backoffice_ledger.testing.simulation", run_name="__main__")
    assert ended.value.code == 0
    assert "backoffice_ledger.testing.simulation" in capsys.readouterr().out
