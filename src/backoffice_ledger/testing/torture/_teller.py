"""A process of the bank: threads that transfer, and one that adds up what it sees.

Each line that it says begins with a word: ``ready``; ``done ID`` and ``refused ID`` for
a transfer; ``again CODE`` for one that is repeated; ``saw TOTAL LOWEST`` for a view.
"""

import json
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Final, Literal

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import Refused, StoreError
from backoffice_ledger.protocols import Books

Guard = Literal["limit", "control", "outside"]
Say = Callable[[str], None]

CHILD: Final = (
    "import sys;"
    "from backoffice_ledger.testing.torture import _teller;"
    "sys.exit(_teller.main(sys.argv[1:]))"
)
DAY: Final = date(2026, 3, 31)
VAULT: Final = "assets:vault"
DEPOSIT: Final = 100_00
"""What each customer has at first, in cents."""

AMOUNT_MAX: Final = 150_00
"""More than that, so that many transfers must be refused."""

ATTEMPTS_MAX: Final = 1_000
RACE_SECONDS: Final = 0.002
"""Between looking and posting, for those who look from outside."""


@attrs.frozen
class Shift:
    """What a process of the bank does.

    Attributes:
        where: a path, or the address of a database.
        book: in it.
        number: of the process.
        threads: that transfer.
        transfers: of each of them.
        customers: how few accounts they share.
        guard: what keeps balances from falling below zero: a ``limit`` of the account,
            a ``control`` inside the posting transaction, or a look from ``outside``
            before it.
        seed: of accounts and amounts.
    """

    where: str
    book: str
    number: int
    threads: int
    transfers: int
    customers: int
    guard: Guard
    seed: int


@attrs.frozen
class NoOverdraft:
    """The control that denies what would overdraw a customer."""

    id: str = "no-overdraft"
    version: str = "1"

    def examine(
        self, proposal: bl.Proposal, books: Books
    ) -> Sequence[bl.Allow | bl.Deny]:
        """Deny a transfer of more than there is."""
        for posting in proposal.entry.postings:
            taken = posting.signed.minor_units
            if posting.account == VAULT or taken <= 0:
                continue
            if books.balance(posting.account)["EUR"].minor_units < taken:
                return [bl.Deny("overdraft", f"{posting.account} has less")]
        return [bl.Allow()]


def customer(number: int) -> str:
    """Return the path of a customer's account."""
    return f"liabilities:customer-{number}"


def open_bank(
    where: str, book: str, guard: Guard, *, create: bool = False
) -> bl.Ledger:
    """Open the bank's book."""
    controls = (NoOverdraft(),) if guard == "control" else ()
    return bl.open_ledger(
        where, actor="teller", book=book, create=create, controls=controls
    )


def found_bank(ledger: bl.Ledger, customers: int, guard: Guard) -> None:
    """Open the accounts, and give each customer a deposit."""
    limits = [bl.Limit(minimum="0.00 EUR")] if guard == "limit" else []
    ledger.open_account(VAULT, type="asset")
    for number in range(customers):
        ledger.open_account(customer(number), type="liability", limits=limits)
        ledger.post(_transfer(f"deposit-{number}", VAULT, customer(number), DEPOSIT))


def work(shift: Shift, say: Say, wait: Callable[[], object]) -> None:
    """Open the book, wait for the others, and transfer."""
    with open_bank(shift.where, shift.book, shift.guard) as ledger:
        say("ready")
        wait()
        is_over = threading.Event()
        with ThreadPoolExecutor(shift.threads + 1) as pool:
            reader = pool.submit(watch, ledger, say, is_over)
            tellers = [
                pool.submit(serve, ledger, shift, thread, say)
                for thread in range(shift.threads)
            ]
            try:
                for teller in tellers:
                    teller.result()
            finally:
                is_over.set()
            reader.result()


def serve(ledger: bl.Ledger, shift: Shift, thread: int, say: Say) -> None:
    """Transfer random amounts between random customers."""
    random_ = random.Random(f"{shift.seed} {shift.number} {thread}")  # noqa: S311
    for number in range(shift.transfers):
        source, target = random_.sample(range(shift.customers), 2)
        amount = random_.randrange(1, AMOUNT_MAX)
        id_ = f"{shift.number}-{thread}-{number}"
        entry = _transfer(id_, customer(source), customer(target), amount)
        if shift.guard == "outside":
            if ledger.balance(customer(source))["EUR"].minor_units < amount:
                say(f"refused {id_}")
                continue
            time.sleep(RACE_SECONDS)
        say(f"{post(ledger, entry, say)} {id_}")


def post(ledger: bl.Ledger, entry: bl.Entry, say: Say) -> Literal["done", "refused"]:
    """Post an entry; repeat the same call while its failure may pass.

    Raises:
        StoreError: it does not pass.
    """
    attempts = 0
    while True:
        try:
            ledger.post(entry)
        except Refused:
            return "refused"
        except StoreError as error:
            attempts += 1
            if not error.transient or attempts == ATTEMPTS_MAX:
                raise
            say(f"again {error.code}")
        else:
            return "done"


def watch(ledger: bl.Ledger, say: Say, is_over: threading.Event) -> None:
    """Say what all customers together have in each view, and who has least."""
    while True:
        balances = [
            _minor(row["closing_credit"]) - _minor(row["closing_debit"])
            for row in ledger.view().trial_balance()
            if row["account"] != VAULT
        ]
        say(f"saw {sum(balances)} {min(balances)}")
        if is_over.wait(0.005):
            return


def _minor(cell: object) -> int:
    return cell.minor_units if isinstance(cell, bl.Amount) else 0


def _transfer(id_: str, source: str, target: str, cents: int) -> bl.Entry:
    amount = bl.Amount.from_minor(cents, bl.Commodity("EUR"))
    return bl.Entry(id_, DAY, [bl.debit(source, amount), bl.credit(target, amount)])


def main(arguments: list[str]) -> int:
    """Carry out a shift given as JSON, from the first line of input on."""
    (text,) = arguments
    lock = threading.Lock()

    def say(line: str) -> None:
        with lock:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    work(Shift(**json.loads(text)), say, sys.stdin.readline)
    return 0


def command(shift: Shift) -> list[str]:
    """Return the command line of a process that carries out a shift."""
    return [sys.executable, "-c", CHILD, json.dumps(attrs.asdict(shift))]
