"""Measure dates, netting and gridlock.

    python -m tests.benchmarks.settlement [--transfers 1000000] [--rounds 3]

CPU time of one process.  The floor of netting is the same sum over tuples of plain
values, in one dictionary.  Nothing here asserts a time: these machines are shared.
"""

import argparse
import statistics
from collections.abc import Callable
from datetime import date
from random import Random

from tests.benchmarks.run import Line, cpu

import backoffice_ledger as bl
from backoffice_ledger.calendars import business_calendar
from backoffice_ledger.settlement.dates import FxPair, settlement_date
from backoffice_ledger.settlement.gridlock import resolve
from backoffice_ledger.settlement.netting import (
    NettingSet,
    Transfer,
    bilateral,
    multilateral,
)

DAY = date(2026, 3, 2)
EUR = bl.Commodity("EUR")
MEMBERS = [f"member-{number:03}" for number in range(200)]
LOOK_UPS = 10_000
Plain = tuple[str, str, str, int, int]


def trades(count: int, securities: int) -> list[Transfer]:
    """Return deliveries against payment among 200 members."""
    random, netting_set = Random(1), NettingSet(DAY, "CSD", "rules")
    units = [bl.Commodity(f"SEC{number:05}", 0) for number in range(securities)]
    found = []
    for number in range(count):
        seller, buyer = random.sample(MEMBERS, 2)
        found.append(
            Transfer(
                f"t{number}",
                seller,
                buyer,
                bl.Amount.from_minor(random.randint(1, 1000), random.choice(units)),
                against=bl.Amount.from_minor(random.randint(1, 10**6), EUR),
                netting_set=netting_set,
            )
        )
    return found


def payments(count: int) -> tuple[list[Transfer], dict[str, list[bl.Amount]]]:
    """Return payments among 50 banks, and 98 % of the liquidity that all need."""
    random, net = Random(2), dict.fromkeys(MEMBERS[:50], 0)
    found = []
    for number in range(count):
        sender, receiver = random.sample(MEMBERS[:50], 2)
        minor_units = random.randint(1, 10**6)
        net[sender] += minor_units
        net[receiver] -= minor_units
        amount = bl.Amount.from_minor(minor_units, EUR)
        found.append(Transfer(f"p{number}", sender, receiver, amount))
    held = {
        bank: [bl.Amount.from_minor(max(need, 0) * 98 // 100, EUR)]
        for bank, need in net.items()
    }
    return found, held


def plain_sums(rows: list[Plain]) -> dict[tuple[str, str], int]:
    """Sum plain values in one dictionary: what a script would do."""
    totals: dict[tuple[str, str], int] = {}
    for seller, buyer, code, units, money in rows:
        for key, change in (
            ((seller, code), units),
            ((buyer, code), -units),
            ((seller, "EUR"), -money),
            ((buyer, "EUR"), money),
        ):
            totals[key] = totals.get(key, 0) + change
    return totals


def plain(transfers: list[Transfer]) -> list[Plain]:
    """Return deliveries against payment as tuples."""
    return [
        (
            one.sender,
            one.receiver,
            one.amount.commodity.code,
            one.amount.minor_units,
            one.against.minor_units if one.against else 0,
        )
        for one in transfers
    ]


def again(ask: Callable[[], object]) -> None:
    """Ask many times."""
    for _ in range(LOOK_UPS):
        ask()


def around_center(transfers: list[Transfer]) -> None:
    """Net around a central counterparty."""
    multilateral(transfers, center="CCP")


def measure(transfers: int, rounds: int) -> list[Line]:
    """Return the lines of the table."""
    calendar, pair = business_calendar("US-FED"), FxPair("EUR", "USD")
    questions: dict[str, Callable[[], object]] = {
        "is it a business day": lambda: calendar.is_business_day(DAY),
        "add two business days": lambda: calendar.add(DAY, 2),
        "business days of a year": lambda: calendar.between(DAY, date(2027, 3, 2)),
        "settlement date": lambda: settlement_date(DAY, "US", "equities"),
        "spot date": lambda: pair.spot_date(DAY),
    }
    lines = [
        Line(
            what,
            _each([cpu(again, ask) for _ in range(rounds)], LOOK_UPS),
            None,
            "us",
            "",
        )
        for what, ask in questions.items()
    ]
    for securities, what in ((100, "dense"), (5000, "sparse")):
        work = trades(transfers, securities)
        rows = plain(work)
        floor = _each([cpu(plain_sums, rows) for _ in range(rounds)], transfers)
        netted = [cpu(around_center, work) for _ in range(rounds)]
        lines.append(
            Line(
                f"netting around a center, {what}",
                _each(netted, transfers),
                floor,
                "us",
                "",
            )
        )
        pairs = [cpu(bilateral, work) for _ in range(rounds)]
        lines.append(
            Line(f"netting of pairs, {what}", _each(pairs, transfers), floor, "us", "")
        )
    queue, held = payments(transfers)
    solved = [cpu(resolve, queue, held) for _ in range(rounds)]
    lines.append(Line("gridlock, a payment", _each(solved, transfers), None, "us", ""))
    return lines


def _each(seconds: list[float], count: int) -> float:
    return statistics.median(seconds) * 1e6 / count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transfers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{options.transfers} transfers, medians of {options.rounds} rounds")
    for line in measure(options.transfers, options.rounds):
        print(line)


if __name__ == "__main__":
    main()
