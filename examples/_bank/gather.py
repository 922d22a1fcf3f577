"""Read the finished book: everything that the report shows comes from here."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import backoffice_ledger as bl
from backoffice_ledger.reports import Column, Row, Table

from . import facts, mapping
from .facts import Line, Month
from .interest import implied_rates, month_end
from .mapping import Kind
from .reconcile import AccountDay, AccountDayKey
from .source import BankData, Loan

INSTALMENT_DAY = 12


def czk(balance: bl.Balance) -> int:
    """Return the koruna of a balance, in haler."""
    return balance[mapping.CURRENCY.code].minor_units


@dataclass
class Books:
    """What the entries of the book add up to, day by day."""

    closings: dict[AccountDayKey, int] = field(default_factory=dict)
    """Balance of each customer at the close of each day with an entry."""
    interest: dict[AccountDayKey, list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Interest credited to each customer on a day."""
    volumes: dict[tuple[Month, Kind], facts.Volume] = field(default_factory=dict)
    days: list[facts.DayTotals] = field(default_factory=list)
    instalments: Counter[str] = field(default_factory=Counter)
    """Instalments paid, by account of the customer."""


def read_back(ledger: bl.Ledger, bank: BankData) -> Books:
    """Add up every entry of the book; the files only say which kind each one is."""
    kinds = {f"berka-trans-{row.id}": mapping.kind_of(row) for row in bank.transactions}
    books = Books()
    customers: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    for record in ledger.view().entries():
        entry = record.entry
        for posting in entry.postings:
            amount = posting.amount.minor_units
            if posting.side is bl.Side.CREDIT:
                amount = -amount
            groups[mapping.group_of(posting.account)] += amount
            if posting.account.startswith(mapping.DEPOSITS):
                customer = posting.account.rpartition(":")[2]
                customers[customer] -= amount
                books.closings[customer, entry.date] = customers[customer]
                count_posting(books, customer, entry.date, -amount, kinds[entry.id])
        close_day(books, entry.date, groups)
    return books


def count_posting(
    books: Books, customer: str, day: date, amount: int, kind: Kind
) -> None:
    """Count one posting of a customer's account."""
    key = (day.year, day.month), kind
    old = books.volumes.get(key, facts.Volume())
    books.volumes[key] = facts.Volume(old.count + 1, old.amount + abs(amount))
    if kind is Kind.INTEREST:
        books.interest[customer, day].append(amount)
    elif kind is Kind.INSTALMENT:
        books.instalments[customer] += 1


def close_day(books: Books, day: date, groups: Counter[str]) -> None:
    """Keep the totals of *day* as they are after one more entry."""
    same_day = bool(books.days) and books.days[-1].day == day
    totals = facts.DayTotals(
        day=day,
        entries=books.days.pop().entries + 1 if same_day else 1,
        cash=groups[mapping.CASH],
        other_banks=groups[mapping.OTHER_BANKS],
        loans=groups[mapping.LOANS],
        deposits=-groups[mapping.DEPOSITS],
    )
    books.days.append(totals)


# --- statements ----------------------------------------------------------------------


def trial_balance(ledger: bl.Ledger) -> Table:
    """Return the balances at the end of 1993, before closing, by group."""
    view = ledger.view(as_of=mapping.YEAR_END)
    return by_group(ledger, view.trial_balance(phase="adjusted"))


def lines(*tables: Table) -> list[Line]:
    """Return the lines of like statements side by side, matched by their labels."""
    amounts: list[dict[str, int]] = []
    levels: dict[str, int] = {}
    for table in tables:
        column: dict[str, int] = {}
        for row in table.lines:
            label = row.caption or str(row.cells[0])
            levels[label] = 1 if row.role == "detail" else 0
            amount = row.cells[-1]
            if isinstance(amount, bl.Amount):
                column[label] = amount.minor_units
        amounts.append(column)
    return [
        Line(label, tuple(column.get(label) for column in amounts), level)
        for label, level in levels.items()
    ]


def by_group(ledger: bl.Ledger, trial_balance: Table) -> Table:
    """Return a trial balance with one row for all customers, one for all loans, ..."""
    nets: Counter[str] = Counter()
    for row in trial_balance:
        net = row["closing_debit"].minor_units - row["closing_credit"].minor_units
        nets[mapping.group_of(row["account"])] += net
    sides = {group: (max(net, 0), max(-net, 0)) for group, net in nets.items()}
    totals = (sum(column) for column in zip(*sides.values(), strict=True))

    def cells(label: str | None, amounts: Iterable[int]) -> list[Any]:
        return [label, "CZK", *map(mapping.haler, amounts)]

    chart = ledger.accounts.all()
    rows = [Row(cells(chart[group].label, side)) for group, side in sides.items()]
    return Table(
        "Trial balance by group",
        [
            Column("group", "Group"),
            Column("commodity", "Commodity", "commodity"),
            Column("debit", "Debit", "amount", zero="blank"),
            Column("credit", "Credit", "amount", zero="blank"),
        ],
        [*rows, Row(cells(None, totals), role="total", caption="Total")],
        subtitle=trial_balance.subtitle,
    )


def month_ends(ledger: bl.Ledger, last_day: date) -> Iterator[facts.MonthEnd]:
    """Yield balance sheet and result of every month end up to *last_day*."""
    opened = [
        account.opened
        for account in ledger.accounts.all().below(mapping.DEPOSITS)
        if account.path != mapping.DEPOSITS
    ]
    first = mapping.BOOKS_OPENED
    while (last := month_end((first.year, first.month))) <= last_day:
        view = ledger.view(as_of=last)
        sheet = view.balance_sheet(depth=1)
        result = view.income_statement((first, last))
        found = {row["account"]: row["amount"].minor_units for row in (*sheet, *result)}
        yield facts.MonthEnd(
            day=last,
            customers=sum(day <= last for day in opened if day is not None),
            cash=found.get(mapping.CASH, 0),
            other_banks=found.get(mapping.OTHER_BANKS, 0),
            loans=found.get(mapping.LOANS, 0),
            deposits=found.get(mapping.DEPOSITS, 0),
            deferred_fees=found.get(mapping.DEFERRED_FEES, 0),
            equity=czk(sheet.total("equity")),
            fees=found.get(mapping.STATEMENT_FEES, 0),
            penalties=found.get(mapping.PENALTY_INTEREST, 0),
            interest=found.get(mapping.DEPOSIT_INTEREST, 0),
        )
        first = last + timedelta(days=1)


def loan_state(
    ledger: bl.Ledger, loan: Loan, paid: int, today: date
) -> facts.LoanState:
    """Say where a loan stands: instalments fall due on the 12th of every month."""
    months = (today.year - loan.granted.year) * 12 + today.month - loan.granted.month
    due = months + (loan.granted.day < INSTALMENT_DAY) - (today.day < INSTALMENT_DAY)
    _, repaid = ledger.view().turnover(mapping.loan_account(loan))
    return facts.LoanState(
        id=loan.id,
        account=loan.account,
        granted=loan.granted,
        amount=loan.amount,
        repaid=czk(repaid),
        instalments_due=min(due, loan.duration_months),
        instalments_paid=paid,
    )


def gather(
    ledger: bl.Ledger,
    bank: BankData,
    books: Books,
    account_days: list[AccountDay],
    year_end: facts.YearEnd,
    proof: facts.Proof,
) -> facts.Facts:
    """Collect what the report shows."""
    view = ledger.view(as_of=mapping.YEAR_END)
    quarter = (mapping.YEAR_END + timedelta(days=1), bank.last_day)
    return facts.Facts(
        transactions=len(bank.transactions),
        days=books.days,
        month_ends=list(month_ends(ledger, bank.last_day)),
        volumes=books.volumes,
        account_days=account_days,
        rates=implied_rates(books.closings, books.interest),
        customer_balances=[
            row["closing_credit"].minor_units - row["closing_debit"].minor_units
            for row in view.trial_balance()
            if row["account"].startswith(mapping.DEPOSITS)
        ],
        loans=[
            loan_state(ledger, loan, books.instalments[loan.account], bank.last_day)
            for loan in sorted(bank.loans, key=lambda loan: loan.granted)
        ],
        trial_balance=[
            Line(
                row.caption or str(row.cells[0]),
                tuple(amount.minor_units or None for amount in row.cells[-2:]),
                level=int(row.role == "detail"),
            )
            for row in trial_balance(ledger).lines
        ],
        balance_sheet=lines(view.balance_sheet(depth=1)),
        income_statement=lines(
            view.income_statement(), ledger.view().income_statement(quarter)
        ),
        year_end=year_end,
        proof=proof,
    )
