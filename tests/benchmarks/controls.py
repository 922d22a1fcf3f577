"""Measure what controls cost: a posting with five of them against one without.

    python -m tests.benchmarks.controls [--entries 300] [--rounds 5]

Single postings on SQLite, each in a transaction of its own, CPU seconds of the process.
The budget is 2.0 x.  Nothing here asserts a time: these machines are shared.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs
from tests.benchmarks.run import ACCOUNTS, Work, account, cpu, post_singly

import backoffice_ledger as bl
from backoffice_ledger.compliance import (
    Band,
    FourEyes,
    MakerChecker,
    Policy,
    Slot,
    VotingBand,
)
from backoffice_ledger.protocols import Books
from backoffice_ledger.testing.vote_machine import Roster


@attrs.frozen
class Covered:
    """The credited account must not go below a line (it reads a balance)."""

    id: str = "covered"
    version: str = "1"

    def examine(self, proposal: bl.Proposal, books: Books) -> Sequence[Any]:
        """Look at the balance of what is credited."""
        path = proposal.entry.postings[1].account
        rest = books.balance(path)["EUR"]
        if rest < bl.Amount("-999999999.00", "EUR"):
            return [bl.Deny("overdrawn")]
        return [bl.Allow()]


@attrs.frozen
class Identified:
    """The customer must be identified (it reads a document)."""

    id: str = "identified"
    version: str = "1"

    def examine(self, proposal: bl.Proposal, books: Books) -> Sequence[Any]:
        """Look at the customer's document."""
        if books.document("kyc", "customer").content["state"] != "complete":
            return [bl.Deny("kyc-pending")]
        return [bl.Allow()]


@attrs.frozen
class InTime:
    """What is booked long before today is looked at (it reads the time)."""

    id: str = "in-time"
    version: str = "1"

    def examine(self, proposal: bl.Proposal, books: Books) -> Sequence[Any]:
        """Compare the dates."""
        if (books.at.date() - proposal.entry.date).days > 36_500:
            return [bl.Deny("too-late")]
        return [bl.Allow()]


def five_controls() -> list[Any]:
    """Return five typical controls that let everything pass."""
    high = "99999999999.00 EUR"
    policy = Policy(
        version="1",
        effective_from=date(2020, 1, 1),
        bands=[VotingBand(above=high, slots=[Slot(name="vote")])],
    )
    return [
        Covered(),
        Identified(),
        InTime(),
        FourEyes([Band(above=high, approvals=1)]),
        MakerChecker(policies=[policy], authority=Roster({})),
    ]


@attrs.frozen
class Figures:
    """Microseconds of CPU for each posting."""

    without: float
    with_five: float

    def __str__(self) -> str:
        return (
            f"single posting {self.without:.0f} us, with five controls"
            f" {self.with_five:.0f} us: {self.with_five / self.without:.2f} x"
        )


def measure(entries: int, rounds: int) -> Figures:
    """Post the same entries with and without controls, in turn."""
    plain, controlled = [], []
    objects = Work.make(entries).entries()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            for controls, times in ((), plain), (five_controls(), controlled):
                path = Path(folder) / f"{number}-{len(controls)}.db"
                with bl.open_ledger(
                    path, actor="clerk", create=True, controls=controls
                ) as ledger:
                    for index in range(ACCOUNTS):
                        ledger.open_account(account(index), type="asset")
                    ledger.documents.store(
                        bl.Document("kyc", "customer", {"state": "complete"})
                    )
                    times.append(cpu(post_singly, ledger, objects))
    scale = 1e6 / entries
    return Figures(
        statistics.median(plain) * scale, statistics.median(controlled) * scale
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(measure(options.entries, options.rounds))


if __name__ == "__main__":
    main()
