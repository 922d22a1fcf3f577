"""Measure how long a sale looks for its lots, by the number of lots.

    python -m tests.benchmarks.lots [--lots 1000 10000 100000] [--rounds 3]

Times of a sale should hardly grow with the number of lots: it takes O(log n) for each
lot that it takes.  Nothing here asserts a time: these machines are shared.
"""

import argparse
import random
import statistics
from datetime import date, timedelta
from time import process_time

import attrs

import backoffice_ledger as bl
from backoffice_ledger.settlement.lots import LotPool, Method

SALES = 200
ACME = bl.Commodity("ACME", 0)
EUR = bl.Commodity("EUR")
METHODS: tuple[Method, ...] = ("fifo", "lifo", "hifo")


@attrs.frozen
class Line:
    """Times of one method with so many lots, in microseconds of CPU."""

    method: Method
    lots: int
    adding: float
    first_sale: float
    sale: float

    def __str__(self) -> str:
        return (
            f"{self.method:5} {self.lots:>9,} lots: add {self.adding:8.1f} us,"
            f" first sale {self.first_sale:10.0f} us, a sale {self.sale:8.1f} us"
        )


def pool_of(lots: int) -> LotPool:
    """Return a pool of lots of 100 units at various costs."""
    dice = random.Random(1)
    pool = LotPool(ACME, EUR)
    for number in range(lots):
        day = date(2020, 1, 1) + timedelta(number % 1500)
        cost = bl.Amount.from_minor(dice.randrange(10_000, 1_000_000), EUR)
        pool.add(f"L{number}", day, bl.Amount(100, ACME), cost)
    return pool


def measure_once(method: Method, lots: int, sales: int) -> Line:
    """Return the times of one round."""
    quantity = bl.Amount(150, ACME)
    start = process_time()
    pool = pool_of(lots)
    added = process_time()
    pool.take(quantity, method)
    first = process_time()
    for _ in range(sales):
        pool.take(quantity, method)
    end = process_time()
    return Line(
        method,
        lots,
        (added - start) / lots * 1e6,
        (first - added) * 1e6,
        (end - first) / sales * 1e6,
    )


def measure(lots: list[int], rounds: int, sales: int = SALES) -> list[Line]:
    """Return the medians of some rounds."""
    lines = []
    for method in METHODS:
        for count in lots:
            found = [measure_once(method, count, sales) for _ in range(rounds)]
            times = (
                statistics.median(getattr(line, name) for line in found)
                for name in ("adding", "first_sale", "sale")
            )
            lines.append(Line(method, count, *times))
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(*measure(arguments.lots, arguments.rounds), sep="\n")


if __name__ == "__main__":
    main()
