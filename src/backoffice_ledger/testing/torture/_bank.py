"""A bank with few, hot accounts: no money is made or lost, and nobody is overdrawn."""

import os
import re
import secrets
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Final, cast

import attrs

import backoffice_ledger as bl
from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger.errors import LedgerError
from backoffice_ledger.testing.torture._figures import Damage, Figures, timed
from backoffice_ledger.testing.torture._teller import (
    DEPOSIT,
    VAULT,
    Guard,
    Shift,
    command,
    customer,
    found_bank,
    open_bank,
)

CUSTOMERS: Final = 4

GUARDS: Final[dict[Guard, str]] = {
    "limit": "limits",
    "control": "a Control that looks",
    "outside": "check outside, then post",
}

_LINE: Final = re.compile(r"(done|refused|again) (\S+)|saw (-?\d+) (-?\d+)")


@attrs.define
class Minutes:
    """What the processes of the bank have said."""

    done: set[str] = attrs.field(factory=set)
    refused: set[str] = attrs.field(factory=set)
    again: Counter[str] = attrs.field(factory=Counter)
    views: list[tuple[int, int]] = attrs.field(factory=list)

    def hear(self, lines: Iterable[str]) -> None:
        """Note lines, whichever process said them."""
        for line in lines:
            match = _LINE.fullmatch(line)
            if match is None:
                continue
            word, what, total, lowest = match.groups()
            if word is None:
                self.views.append((int(total), int(lowest)))
            elif word == "again":
                self.again[what] += 1
            else:
                (self.done if word == "done" else self.refused).add(what)


def bank(
    where: str | os.PathLike[str],
    *,
    processes: int = 2,
    threads: int = 2,
    transfers: int = 50,
    seed: int = 0,
    guard: Guard = "limit",
) -> Figures:
    """Transfer between few accounts from many threads and processes at once.

    Readers add up all customers in one view, again and again.  Afterwards the entries
    are replayed in the order of the log: what was acknowledged is there, once; what was
    refused is not; no customer was ever below zero; the total is what it was; the book
    verifies.

    Args:
        where: what `open_ledger` takes: a path, or the address of a database.  The
            book in it is new.
        processes: each with a ledger of its own.
        threads: in each process, that transfer; one more reads.
        transfers: of each thread.
        seed: of accounts and amounts; the order of events is the machine's.
        guard: what keeps balances from falling below zero: a ``limit`` of each account;
            a ``control``, which looks inside the posting transaction; or, as the broken
            variant, a look from ``outside``: check, then post.
    """
    check_choice(guard, Guard, "guard")
    book = f"bank-{guard}-{secrets.token_hex(4)}"
    shifts = [
        Shift(
            os.fspath(where), book, number, threads, transfers, CUSTOMERS, guard, seed
        )
        for number in range(processes)
    ]
    return timed(lambda: _bank(shifts))


def _bank(shifts: Sequence[Shift]) -> Figures:
    first = shifts[0]
    kind = "PostgreSQL" if "://" in first.where else "SQLite"
    figures = Figures(
        "bank",
        f"{kind}, {len(shifts)} x {first.threads}: {GUARDS[first.guard]}",
        0,
        "commits",
        first.seed,
        is_control=first.guard == "outside",
    )
    try:
        with open_bank(first.where, first.book, first.guard, create=True) as ledger:
            found_bank(ledger, first.customers, first.guard)
    except LedgerError as error:
        return attrs.evolve(figures, not_run=f"{type(error).__name__}: {error}")
    minutes = Minutes()
    damage = run(shifts, minutes)
    with open_bank(first.where, first.book, first.guard) as ledger:
        damage += audit(ledger, minutes, first.customers)
    return attrs.evolve(
        figures,
        tried=len(minutes.done),
        damage=damage,
        details={
            "refused": len(minutes.refused),
            "repeated": minutes.again.total(),
            "views": len(minutes.views),
        },
    )


def run(shifts: Sequence[Shift], minutes: Minutes) -> Damage:
    """Let all processes work at the same time; return which of them broke."""
    children = [
        subprocess.Popen(  # noqa: S603 - this Python
            command(shift),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for shift in shifts
    ]
    damage = Damage()
    with ThreadPoolExecutor(len(children)) as pool:
        for child in children:  # all are ready before the first begins
            cast(IO[str], child.stdout).readline()
        said = pool.map(lambda child: child.communicate("go\n"), children)
        for child, (out, complaint) in zip(children, said, strict=True):
            minutes.hear(out.splitlines())
            if child.returncode:
                last = complaint.strip().rpartition("\n")[2]
                damage += Damage(anomalies=1, notes=(f"a teller broke: {last}",))
    return damage


def audit(ledger: bl.Ledger, minutes: Minutes, customers: int) -> Damage:
    """Replay the log, and compare it with what was said and with what is kept."""
    names = [customer(number) for number in range(customers)]
    deposits = {f"deposit-{number}" for number in range(customers)}
    balances = Counter[str]()
    recorded = Counter[str]()
    overdrawn: list[str] = []
    for record in ledger.records():
        if record.type != "entry":
            continue
        recorded[record.id] += 1
        for posting in record.entry.postings:
            balances[posting.account] -= posting.signed.minor_units
        overdrawn += [
            f"negative value: {name} has {balances[name]} after {record.id}"
            for name in names
            if balances[name] < 0
        ]
    total = customers * DEPOSIT
    lost = sorted(minutes.done - recorded.keys())
    strange = sorted(recorded.keys() - minutes.done - deposits)
    wrong = [
        f"wrong total in a view: {seen}" for seen, _ in minutes.views if seen != total
    ]
    wrong += [
        f"negative value in a view: {least}" for _, least in minutes.views if least < 0
    ]
    wrong += [
        f"wrong balance: {name}"
        for name in (*names, VAULT)
        if abs(balances[name]) != abs(ledger.balance(name)["EUR"].minor_units)
    ]
    try:
        ledger.verify()
    except LedgerError as error:
        wrong.append(f"does not verify: {error}")
    wrong += [f"refused, and recorded: {id_}" for id_ in strange]
    found = [*overdrawn, *wrong]
    notes = [f"lost: {id_}" for id_ in lost] + found
    doubled = sum(count - 1 for count in recorded.values())
    return Damage(len(lost), doubled, 0, len(found), tuple(notes))
