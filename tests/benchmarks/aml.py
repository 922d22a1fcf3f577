"""How many movements a second the window rules of `compliance.aml` look at.

Run: ``python -m tests.benchmarks.aml``.
"""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median

import backoffice_ledger as bl
from backoffice_ledger.compliance import aml

RULES: Sequence[aml.AmlRule] = (
    aml.LargeMovement(threshold=aml.DatedAmount.always("10000.00 EUR")),
    aml.RollingCash(threshold=aml.DatedAmount.always("10000.00 EUR")),
    aml.Structuring(
        threshold=aml.DatedAmount.always("10000.00 EUR"), window=timedelta(days=31)
    ),
    aml.Velocity(limit=40, window=timedelta(hours=1)),
    aml.PassThrough(
        share=Fraction(9, 10),
        window=timedelta(hours=24),
        minimum=bl.Amount("5000.00", "EUR"),
    ),
    aml.DormantAccount(days=180, threshold=aml.DatedAmount.always("500.00 EUR")),
    aml.Fan(counterparties=20, window=timedelta(days=7), direction="in"),
    aml.UnusualDay(commodity=bl.Commodity("EUR")),
)


def movements(count: int) -> list[aml.Movement]:
    """Return a stream of 2,000 parties, half of it cash."""
    draw = random.Random(7)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for number in range(count):
        at += timedelta(seconds=draw.randrange(1, 60))
        made.append(
            aml.Movement(
                id=str(number),
                at=at,
                party=f"P{draw.randrange(2000)}",
                direction=draw.choice(("in", "out")),
                amount=bl.Amount.from_minor(draw.randrange(1, 900_000), "EUR"),
                counterparty=f"P{draw.randrange(2000)}",
                is_cash=draw.random() < 0.5,
            )
        )
    return made


def rates(count: int, rounds: int) -> dict[str, float]:
    """Return movements per CPU second by rule, the median of some rounds."""
    stream = movements(count)
    found = {}
    for rule in RULES:
        seconds = []
        for _ in range(rounds):
            begin = time.process_time()
            for _ in aml.scan([rule], stream):
                pass
            seconds.append(time.process_time() - begin)
        found[rule.id] = count / max(median(seconds), 1e-9)
    return found


def main() -> None:
    """Print the rates."""
    for name, rate in rates(200_000, 5).items():
        print(f"{name:20} {rate:12,.0f} movements/s")


if __name__ == "__main__":
    main()
