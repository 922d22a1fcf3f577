"""Tellers of a small bank under the scheduler, and what must hold when they are done.

``simulate(folder, seed)`` runs a schedule: a few tellers post, reserve, capture and
void on one SQLite file, with busy databases, I/O errors before and after the commit,
tellers that die, and a clock that jumps.  Then every outcome that is unknown is
resolved by repeating the call with the same id, and the book is looked through:

- what was acknowledged is recorded, and nothing else but what was left unknown;
- no account went below its limit, at any position of the log;
- each hold was resolved once, and captured for no more than it reserved;
- the book verifies.

A teller of your own, or one that is wrong on purpose, goes in as *teller*.  For a long
search: ``python -m backoffice_ledger.testing.simulation --schedules 5000``.
"""

import argparse
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import Refused
from backoffice_ledger.testing.scheduler import Faults, Scheduler
from backoffice_ledger.testing.sources import SeededSalts, SequentialIds

__all__ = ["FAULTS", "Anomaly", "Report", "Teller", "simulate"]

DAY: Final = date(2026, 1, 5)
CUSTOMERS: Final = tuple(f"liabilities:{name}" for name in ("ann", "ben", "cyd"))
FUNDS: Final = "100.00 EUR"
ENTRY_KINDS: Final = ("pay", "pay all", "capture")
KINDS: Final = ("pay", "pay", "pay all", "reserve", "capture", "capture", "void")
SHARED: Final = tuple(f"shared-{number}" for number in range(4))
"""Holds that are there from the beginning, for all tellers to resolve."""

FAULTS: Final = Faults(
    busy=0.05,
    before=0.002,
    before_commit=0.05,
    after_commit=0.05,
    death=0.002,
    clock_jump=0.01,
)
"""Faults that let most calls succeed in the end."""


class Anomaly(AssertionError):
    """Something happened that must not; the seed brings it back."""


@final
@attrs.frozen
class Report:
    """What a schedule amounted to.

    Attributes:
        steps: statements and faults.
        trace: each of them, in order.
        acknowledged: how many calls were answered with success.
        refused: how many the book refused, by code.
        deaths: how many tellers died.
        resolved: how many outcomes were unknown and resolved by repeating the call.
    """

    steps: int
    trace: tuple[str, ...]
    acknowledged: int
    refused: dict[str, int]
    deaths: int
    resolved: int


@attrs.frozen
class _Call:
    """What a customer asks for: a kind, what it makes or changes, and how."""

    kind: str
    id: str
    make: Callable[[bl.Ledger], object]


@attrs.define
class _Minutes:
    """What the tellers were told: calls under way, and their answers."""

    pending: list[_Call] = attrs.field(factory=list)
    acknowledged: list[_Call] = attrs.field(factory=list)
    refused: Counter[str] = attrs.field(factory=Counter)


class Teller:
    """Does what customers ask for, through the public interface and nothing else.

    Override its methods to see whether the checks find what is wrong with them.
    """

    def pay(
        self, ledger: bl.Ledger, id: str, payer: str, payee: str, amount: str
    ) -> object:
        """Move money; the limit of the payer's account decides."""
        return ledger.post(_payment(id, payer, payee, amount))

    def pay_all(self, ledger: bl.Ledger, id: str, payer: str, payee: str) -> object:
        """Move all that is available."""
        entry = _payment(id, payer, payee, "1000.00 EUR")
        return ledger.post(entry, balancing=payer)

    def reserve(
        self, ledger: bl.Ledger, id: str, payer: str, payee: str, amount: str
    ) -> object:
        """Reserve money for half an hour."""
        postings = _payment(id, payer, payee, amount).postings
        hold = bl.Hold(id, postings, expires=timedelta(minutes=30))
        return ledger.holds.reserve(hold)

    def capture(self, ledger: bl.Ledger, hold: str, id: str) -> object:
        """Capture what a hold reserves."""
        return ledger.holds.capture(hold, date=DAY, entry_id=id)

    def void(self, ledger: bl.Ledger, hold: str) -> object:
        """Release what a hold reserves."""
        return ledger.holds.void(hold)


def _payment(
    id: str, payer: str, payee: str, amount: str, references: tuple[str, ...] = ()
) -> bl.Entry:
    postings = [bl.debit(payer, amount), bl.credit(payee, amount)]
    return bl.Entry(id, DAY, postings, references=references)


def _open(where: bl.SQLiteStore, scheduler: Scheduler, name: str) -> bl.Ledger:
    return bl.open_ledger(
        where,
        actor=name,
        clock=scheduler.clock,
        ids=SequentialIds(f"{name}-"),
        salts=SeededSalts(name),
    )


def make_bank(path: Path, *, has_limits: bool = True) -> None:
    """Make the file that every schedule begins with: customers, funds, shared holds."""
    limits = [bl.Limit(minimum="0.00 EUR")] if has_limits else None
    with bl.open_ledger(path, actor="head", create=True) as ledger:
        ledger.open_account("assets:bank", type="asset")
        for payer in CUSTOMERS:
            ledger.open_account(payer, type="liability", limits=limits)
            ledger.post(_payment(f"funds {payer}", "assets:bank", payer, FUNDS))
        for number, hold in enumerate(SHARED):
            payer, payee = CUSTOMERS[number % 3], CUSTOMERS[(number + 1) % 3]
            postings = _payment(hold, payer, payee, "20.00 EUR").postings
            ledger.holds.reserve(bl.Hold(hold, postings))


def simulate(
    folder: Path,
    seed: int,
    *,
    teller: Teller | None = None,
    tellers: int = 3,
    calls: int = 4,
    faults: Faults = FAULTS,
    has_limits: bool = True,
) -> Report:
    """Run one schedule and check what came of it.

    Args:
        folder: where the files go; the one that schedules begin with is kept there.
        seed: gives the schedule, the faults and the calls.
        teller: how calls are carried out.
        tellers: how many there are.
        calls: how many calls each of them makes.
        faults: how often something goes wrong.
        has_limits: whether the customers' accounts have a minimum of zero.

    Raises:
        Anomaly: something happened that must not.
    """
    template = folder / f"bank-{has_limits}.db"
    if not template.exists():
        make_bank(template, has_limits=has_limits)
    path = folder / f"bank-{seed}.db"
    shutil.copyfile(template, path)
    scheduler, minutes = Scheduler(seed, faults=faults), _Minutes()
    doer = Teller() if teller is None else teller
    stores = {f"teller-{n}": scheduler.store(path) for n in range(tellers)}

    def work(name: str) -> Callable[[], None]:
        return lambda: _serve(
            scheduler.insist(lambda: _open(stores[name], scheduler, name)),
            scheduler,
            minutes,
            doer,
            random.Random(f"{seed}/{name}"),  # noqa: S311 - a schedule, no secret
            calls,
        )

    scheduler.run({name: work(name) for name in stores})
    for store in stores.values():
        store.close()
    with bl.open_ledger(path, actor="head", clock=scheduler.clock) as ledger:
        unknown = list(minutes.pending)
        for call in unknown:
            _answer(minutes, call, lambda made: made.make(ledger))
        problems = _problems(ledger, minutes)
    if problems:
        raise Anomaly(f"seed {seed}: {'; '.join(problems)}")
    for leftover in folder.glob(f"{path.name}*"):
        leftover.unlink()
    return Report(
        len(scheduler.trace),
        tuple(scheduler.trace),
        len(minutes.acknowledged),
        dict(minutes.refused),
        sum(line.endswith(": dies") for line in scheduler.trace),
        len(unknown),
    )


def _serve(
    ledger: bl.Ledger,
    scheduler: Scheduler,
    minutes: _Minutes,
    teller: Teller,
    chance: random.Random,
    calls: int,
) -> None:
    """Make the calls of one teller, each until it is answered."""
    name = f"{chance.randrange(10**9):09}"
    own: list[str] = []
    for number in range(calls):
        call = _call(teller, chance, f"{name}-{number}", own)
        minutes.pending.append(call)
        _answer(minutes, call, lambda made: scheduler.insist(lambda: made.make(ledger)))


def _answer(minutes: _Minutes, call: _Call, make: Callable[[_Call], object]) -> None:
    """Note how a call was answered; who dies in it leaves it pending."""
    try:
        make(call)
    except Refused as error:
        minutes.refused[error.code] += 1
    else:
        minutes.acknowledged.append(call)
    minutes.pending.remove(call)


def _call(teller: Teller, chance: random.Random, id_: str, own: list[str]) -> _Call:
    """Choose what a customer asks for."""
    payer, payee = chance.sample(CUSTOMERS, 2)
    amount = f"{chance.randint(10, 90)}.00 EUR"
    hold = chance.choice([*SHARED, *own])
    kind = chance.choice(KINDS)
    if kind == "reserve":
        own.append(id_)
    makes: dict[str, Callable[[bl.Ledger], object]] = {
        "pay": lambda ledger: teller.pay(ledger, id_, payer, payee, amount),
        "pay all": lambda ledger: teller.pay_all(ledger, id_, payer, payee),
        "reserve": lambda ledger: teller.reserve(ledger, id_, payer, payee, amount),
        "capture": lambda ledger: teller.capture(ledger, hold, id_),
        "void": lambda ledger: teller.void(ledger, hold),
    }
    return _Call(kind, hold if kind == "void" else id_, makes[kind])


# --- what must hold ------------------------------------------------------------------


def _problems(ledger: bl.Ledger, minutes: _Minutes) -> list[str]:
    """Return what is wrong with a book in which nothing is left unknown."""
    ledger.verify()
    problems: list[str] = []
    records = list(ledger.records())
    entries = {record.id for record in records if record.type == "entry"}
    told = {call.id for call in minutes.acknowledged if call.kind in ENTRY_KINDS}
    told |= {f"funds {path}" for path in CUSTOMERS}
    problems += [f"{id_} was acknowledged and is lost" for id_ in told - entries]
    problems += [f"{id_} was recorded, but refused" for id_ in entries - told]
    statuses = {hold.id: hold.status for hold in ledger.holds.all()}
    problems += [
        f"hold {call.id} was acknowledged and is {statuses.get(call.id)}"
        for call in minutes.acknowledged
        if (call.kind == "reserve" and call.id not in statuses)
        or (call.kind == "void" and statuses.get(call.id) != "voided")
    ]
    return problems + _overdrawn(records) + _resolved_twice(records)


def _overdrawn(records: Sequence[bl.Record]) -> list[str]:
    """Return where a customer had less than nothing, reserved money counted as gone."""
    held: dict[str, dict[str, int]] = {}
    posted: Counter[str] = Counter()
    problems = []
    for record, following in zip(records, [*records[1:], None], strict=True):
        if record.type == "hold":
            held[record.id] = _leaving(record.content)
        elif record.type == "entry":
            for posting in record.entry.postings:
                is_debit = posting.side is bl.Side.DEBIT
                cents = posting.amount.minor_units
                posted[posting.account] += -cents if is_debit else cents
            if following is not None and following.type == "hold":
                continue  # the capture is complete with what follows
        for path in CUSTOMERS:
            pending = sum(leaving.get(path, 0) for leaving in held.values())
            if posted[path] < pending:
                problems.append(f"{path} is overdrawn at position {record.position}")
    return problems[:1]


def _leaving(content: Mapping[str, Any]) -> dict[str, int]:
    """Return what a hold reserves to leave, by account."""
    if content["status"] != "open":
        return {}
    return {
        posting["account"]: int(posting["amount"].replace(".", ""))
        for posting in content["postings"]
        if posting["side"] == "debit"
    }


def _resolved_twice(records: Sequence[bl.Record]) -> list[str]:
    """Return the holds that ended twice, or paid out more than once."""
    ends = Counter(
        record.id
        for record in records
        if record.type == "hold" and record.content["status"] != "open"
    )
    captures = Counter(
        reference
        for record in records
        if record.type == "entry"
        for reference in record.entry.references
    )
    return [
        f"hold {id_} was resolved {times} times"
        for id_, times in sorted((ends | captures).items())
        if times > 1
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run many schedules; print what they came to, or the first anomaly."""
    parser = argparse.ArgumentParser(
        prog="python -m backoffice_ledger.testing.simulation",
        description="Run tellers of a small bank in many seeded schedules.",
    )
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--folder", help="where the files go; a fast one helps")
    given = parser.parse_args(arguments)
    begin = time.perf_counter()
    totals: Counter[str] = Counter()
    with TemporaryDirectory(dir=given.folder) as folder:
        for seed in range(given.first, given.first + given.schedules):
            try:
                report = simulate(Path(folder), seed)
            except Anomaly as anomaly:
                sys.stdout.write(f"{anomaly}\n")
                return 1
            totals += Counter(
                {
                    "steps": report.steps,
                    "acknowledged": report.acknowledged,
                    "refused": sum(report.refused.values()),
                    "deaths": report.deaths,
                    "resolved": report.resolved,
                }
            )
    seconds = time.perf_counter() - begin
    counted = ", ".join(f"{count} {name}" for name, count in totals.items())
    sys.stdout.write(
        f"{given.schedules} schedules without an anomaly: {counted};"
        f" {given.schedules / seconds:.1f} schedules/s,"
        f" {totals['steps'] / seconds:.0f} steps/s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
