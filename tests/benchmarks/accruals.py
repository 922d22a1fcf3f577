"""Measure planning, and one run of many schedules over a year.

    python -m tests.benchmarks.accruals [--schedules 10000] [--rounds 3]

The floor is that of `tests.benchmarks.run`: bare ``sqlite3`` writing the very rows that
the run wrote.  Nothing here asserts a time: these machines are shared.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from tests.benchmarks.run import BATCH, FIRST_DAY, Floor, Line, account, cpu, salts

import backoffice_ledger as bl
from backoffice_ledger.accruals import Accruals, Deferral, Span
from backoffice_ledger.accruals._schedule import Schedule

YEAR = Span.months(date(2026, 1, 1), 12)
PLANS = 2_000


def deferrals(count: int) -> Iterator[Deferral]:
    """Yield deferrals of a year, over ten pairs of accounts."""
    for number in range(count):
        yield Deferral(
            f"insurance-{number:06}",
            bl.Amount.from_minor(120_000 + number, "EUR"),
            YEAR,
            "full-months",
            account(number % 10),
            f"expenses:insurance-{number % 10}",
        )


def book_of(path: Path, count: int) -> bl.Ledger:
    """Return a book that keeps so many schedules."""
    ledger = bl.open_ledger(path, actor="benchmark", create=True, salts=salts())
    for number in range(10):
        ledger.open_account(account(number), type="asset")
        ledger.open_account(f"expenses:insurance-{number}", type="expense")
    accruals = Accruals(ledger)
    for deferral in deferrals(count):
        accruals.schedule(deferral)
    first = [bl.debit(account(0), "1.00 EUR"), bl.credit(account(1), "1.00 EUR")]
    ledger.post(bl.Entry("first", FIRST_DAY, first))
    return ledger


def plan(deferral: Deferral) -> None:
    """Plan again and again, as the desk does and as a user does."""
    for _ in range(PLANS):
        Schedule(deferral).plan()


def parts(deferral: Deferral) -> None:
    """Calculate the parts again and again."""
    for _ in range(PLANS):
        deferral.parts()


def run(accruals: Accruals, since: date | None = None) -> None:
    """Run the year."""
    accruals.run(through=YEAR.last, since=since)


def post(ledger: bl.Ledger, entries: list[bl.Entry]) -> None:
    """Post entries as a run does."""
    ledger.post_many(entries, atomic=True)


def measure(schedules: int, rounds: int) -> list[Line]:
    """Return the lines of the table."""
    [deferral] = deferrals(1)
    planning = [cpu(plan, deferral) for _ in range(rounds)]
    calculating = [cpu(parts, deferral) for _ in range(rounds)]
    entries = 12 * schedules
    runs, again, latest, posting, floor = [], [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            path = Path(folder, f"run-{number}.db")
            with book_of(path, schedules) as ledger:
                accruals = Accruals(ledger)
                due = list(accruals.due(through=YEAR.last))
                runs.append(cpu(run, accruals))
                again.append(cpu(run, accruals))
                latest.append(cpu(run, accruals, date(2026, 12, 1)))
            source = Floor(path, entries)
            with book_of(Path(folder, f"post-{number}.db"), 0) as ledger:
                posting.append(cpu(post, ledger, due))
            with closing(source.open(Path(folder, f"floor-{number}.db"))) as bare:
                floor.append(cpu(source.write, bare, BATCH))
    return [
        Line("plan of 12 periods", _each(planning, PLANS), None, "us", ""),
        Line("parts of 12 periods", _each(calculating, PLANS), None, "us", ""),
        _ratio("run: planned and posted", runs, floor, entries),
        _ratio("the same entries by post_many", posting, floor, entries),
        Line("run again, per entry", _each(again, entries), None, "us", ""),
        Line("run again since December", _each(latest, schedules), None, "us", ""),
    ]


def _each(seconds: list[float], count: int) -> float:
    return statistics.median(seconds) * 1e6 / count


def _ratio(what: str, ours: list[float], floor: list[float], count: int) -> Line:
    return Line(what, _each(ours, count), _each(floor, count), "us", "<= 2.0 x")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{options.schedules} schedules, medians of {options.rounds} rounds")
    for line in measure(options.schedules, options.rounds):
        print(line)


if __name__ == "__main__":
    main()
