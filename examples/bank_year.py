"""A year of a real bank, from its published transactions to its verified books.

Reads the anonymised data of a Czech bank (``data/berka``), opens the bank's books,
posts all 49,102 transactions, reconciles every account-day with the balances that the
bank itself reported, defers what 1993 has not yet earned, closes 1993, prints the
statements, verifies the log, and writes one self-contained HTML page.

    python examples/bank_year.py

The books are the same on every run, down to the root hash of the log: clock, ids and
salts are the example's own (``_bank/reproducible.py``).
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from _bank import mapping, report_html
from _bank.facts import Proof, YearEnd
from _bank.gather import gather, read_back, trial_balance
from _bank.mapping import YEAR_END, Kind
from _bank.progress import progress
from _bank.reconcile import AccountDay, Verdict, reconcile
from _bank.reproducible import BusinessClock, NumberedIds, SeededSalts
from _bank.source import BankData, read_bank

import backoffice_ledger as bl
from backoffice_ledger.accruals import Accruals, Deferral, Span

DATA = Path(__file__).parent / "data" / "berka"
JANUARY = (date(1994, 1, 1), date(1994, 1, 31))
MONTHLY_STATEMENTS = "POPLATEK MESICNE"


def main(arguments: list[str] | None = None) -> int:
    """Run the example."""
    options = parse(arguments)
    if not make_room(options.book, fresh=options.fresh):
        print(f"{options.book} exists; --fresh replaces it", file=sys.stderr)
        return 1
    started = time.perf_counter()
    bank = read_bank(options.data, options.limit)
    clock = BusinessClock(mapping.BOOKS_OPENED)
    with bl.open_ledger(
        options.book,
        actor="bank-year",
        create=True,
        clock=clock,
        ids=NumberedIds(),
        salts=SeededSalts(),
    ) as ledger:
        open_books(ledger, bank)
        post(ledger, bank, clock)
        books = read_back(ledger, bank)
        account_days = reconcile(bank.transactions, books.closings, bank.last_day)
        print_reconciliation(account_days)
        if bank.last_day <= YEAR_END:  # a quick look, by --limit
            verify(ledger)
            return 0
        year_end = close_year(ledger, bank)
        print_statements(ledger)
        proof = verify(ledger)
        found = gather(ledger, bank, books, account_days, year_end, proof)
    options.report.write_text(report_html.render(found), encoding="utf-8")
    seconds = time.perf_counter() - started
    print(f"{options.report} written after {seconds:.0f} s")
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--book", type=Path, default=Path("books.db"), help="where the books go")
    add("--report", type=Path, default=Path("bank_year.html"), help="the HTML page")
    add("--data", type=Path, default=DATA, help="folder of the bank's files")
    add("--fresh", action="store_true", help="replace books that exist")
    add("--limit", type=int, help="post only the first transactions, for a quick look")
    return parser.parse_args(arguments)


def make_room(book: Path, *, fresh: bool) -> bool:
    """Say whether *book* may be written; remove an old one if it has to be *fresh*."""
    if book.exists() and not fresh:
        return False
    for suffix in ("", "-wal", "-shm"):
        book.with_name(book.name + suffix).unlink(missing_ok=True)
    return True


# --- posting -------------------------------------------------------------------------


def open_books(ledger: bl.Ledger, bank: BankData) -> None:
    """Open every account of the bank."""
    accounts = list(mapping.chart(bank))
    for account in progress(accounts, what="opening accounts", total=len(accounts)):
        ledger.open_account(
            account.path,
            type=account.type,
            commodities=[mapping.CURRENCY.code],
            label=account.label,
            opened=account.opened,
        )


def post(ledger: bl.Ledger, bank: BankData, clock: BusinessClock) -> None:
    """Post all transactions and the paying-out of all loans, in batches."""
    count = len(bank.transactions) + len(bank.loans)

    def entries() -> Iterator[bl.Entry]:
        for entry in mapping.entries(bank):
            clock.move_to(entry.date)
            yield entry

    def shown(items: Iterable[Any], **_: object) -> Iterable[Any]:
        return progress(items, what="posting", total=count)

    summary = ledger.post_many(entries(), batch_size=5_000, progress=shown)
    print(f"posted {summary.posted:,} entries in {summary.batches} batches")


def print_reconciliation(account_days: list[AccountDay]) -> None:
    """Say how the books compare with what the bank itself reports."""
    counts = Counter(day.verdict for day in account_days)
    shares = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in Verdict)
    print(f"reconciled {len(account_days):,} account-days: {shares}")
    for day in account_days:
        if day.verdict is Verdict.BREAK:
            print(f"  break: {day}")


# --- the year end --------------------------------------------------------------------


def close_year(ledger: bl.Ledger, bank: BankData) -> YearEnd:
    """Defer what 1993 has not earned yet, and close 1993.

    What crosses the year end?  Not interest: the credit of 31 December pays for all of
    December (``_bank/interest.py``).  Not penalty interest: no account is overdrawn
    that night.  Not interest on loans: the published loans carry none, for all 682 of
    them instalment x duration = amount.

    But fees do.  SLUZBY is the fee for statements, and it follows from how often an
    account gets one: 14.60 CZK monthly, 30.00 weekly, 100.00 after each transaction,
    without exception in 5,445 postings.  It is charged on the last day of the month,
    and a monthly statement can be made only when that day is over.  So the 629 fees of
    14.60 CZK that were charged on 31 December 1993, 9,183.40 CZK in all, pay for work
    of January 1994.  (The weekly statements of December, and those after each
    transaction, were made in December but for the last week's: they stay in 1993.
    Within the year, months are left as charged.)
    """
    charged = [
        row.amount
        for row in bank.transactions
        if row.day == YEAR_END
        and mapping.kind_of(row) is Kind.FEE
        and bank.accounts[row.account].frequency == MONTHLY_STATEMENTS
    ]
    total = mapping.haler(sum(charged))
    deferring = bl.Entry(
        id="year-end-1993-statement-fees",
        date=YEAR_END,
        kind="adjusting",
        description="fees for the statements of December, made in January",
        postings=[
            bl.debit(mapping.STATEMENT_FEES, total),
            bl.credit(mapping.DEFERRED_FEES, total),
        ],
    )
    ledger.post(deferring)
    accruals = Accruals(ledger)
    accruals.schedule(
        Deferral(
            id="statement-fees-1993",
            total=total,
            span=Span.inclusive(*JANUARY),
            method="full-months",
            from_account=mapping.DEFERRED_FEES,
            to_account=mapping.STATEMENT_FEES,
        )
    )
    print(accruals.plan("statement-fees-1993"), end="\n\n")
    accruals.run(through=bank.last_day)
    closing = closing_entry(ledger)
    ledger.post(closing)
    ledger.periods.close("1993")
    return YearEnd(
        deferred=total.minor_units,
        statements=len(charged),
        entry_ids=[deferring.id, closing.id],
        refusal=try_late_entry(ledger),
    )


def closing_entry(ledger: bl.Ledger) -> bl.Entry:
    """Bring income and expenses of 1993 to zero; the result goes into equity."""
    view = ledger.view(as_of=YEAR_END)
    sides = {bl.AccountType.INCOME: bl.debit, bl.AccountType.EXPENSE: bl.credit}
    postings = [
        sides[account.type](account.path, view.balance(account.path)["CZK"])
        for account in ledger.accounts.all().values()
        if account.type in sides
    ]
    draft = bl.EntryDraft(
        YEAR_END,
        postings,
        kind="closing",
        description="result of 1993",
        balance_to=mapping.RETAINED_EARNINGS,
    )
    return draft.to_entry("year-end-1993-closing")


def try_late_entry(ledger: bl.Ledger) -> str:
    """Try to book something into the closed year; return the code of the refusal."""
    late = bl.Entry(
        id="too-late",
        date=YEAR_END,
        postings=[
            bl.debit(mapping.CASH, "1.00 CZK"),
            bl.credit(mapping.STATEMENT_FEES, "1.00 CZK"),
        ],
    )
    try:
        ledger.post(late, dry_run=True)
    except bl.LedgerError as refusal:
        return refusal.code
    raise AssertionError("a closed year took an entry")


def print_statements(ledger: bl.Ledger) -> None:
    """Print the statements of 1993."""
    view = ledger.view(as_of=YEAR_END)
    print(trial_balance(ledger), end="\n\n")
    print(view.balance_sheet(depth=1), end="\n\n")
    print(view.income_statement(), end="\n\n")


def verify(ledger: bl.Ledger) -> Proof:
    """Rebuild everything from the log, compare it with what is kept, and say so."""
    verification = ledger.verify()
    print(verification)
    return Proof(
        root=verification.root,
        records=verification.records,
        entries=verification.entries,
        accounts=len(ledger.accounts.all()),
    )


if __name__ == "__main__":
    sys.exit(main())
