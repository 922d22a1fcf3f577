"""Account statement and general ledger: postings with a running balance."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, final

import attrs

from backoffice_ledger._model.account import Account, AccountType, ChartOfAccounts
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.posting import Posting, Side
from backoffice_ledger.reports._cells import Column, Role, Row
from backoffice_ledger.reports._totals import (
    Totals,
    Values,
    by_code,
    sorted_accounts,
    summed,
)
from backoffice_ledger.reports.table import Table

_LEDGER_COLUMNS: Final = (
    Column("date", "Date", "date"),
    Column("value_date", "Value date", "date", shown="filled"),
    Column("position", "Position", "integer", shown="filled"),
    Column("entry", "Entry"),
    Column("description", "Description", shown="filled"),
    Column("memo", "Memo", shown="filled"),
    Column("counter_accounts", "Counter accounts", shown="filled"),
    Column("account", "Account", shown="export"),
    Column("commodity", "Commodity", "commodity"),
    Column("debit", "Debit", "amount", zero="blank"),
    Column("credit", "Credit", "amount", zero="blank"),
    Column("balance", "Balance", "amount"),
)


@final
@attrs.frozen
class StatementLine:
    """One posting with what a statement says about it.

    Attributes:
        date: booking date of its entry.
        position: of the record in the log; None while it has none.
        entry_id: of its entry.
        posting: the posting itself.
        description: of its entry.
        counter_accounts: the accounts on the other side of the entry.
    """

    date: date
    position: int | None
    entry_id: str
    posting: Posting
    description: str = ""
    counter_accounts: tuple[str, ...] = ()

    @classmethod
    def of_entry(
        cls, entry: Entry, position: int | None = None
    ) -> "tuple[StatementLine, ...]":
        """Return the lines of all postings of *entry*, in their order."""
        return tuple(
            cls(
                entry.date,
                position,
                entry.id,
                posting,
                entry.description,
                _counter_accounts(entry, posting),
            )
            for posting in entry.postings
        )


def _counter_accounts(entry: Entry, posting: Posting) -> tuple[str, ...]:
    """Return the accounts that *posting*'s commodity moves the other way."""
    unit, moved = posting.amount.commodity, posting.signed.minor_units
    return tuple(
        dict.fromkeys(
            other.account
            for other in entry.postings
            if other.amount.commodity == unit
            and other.signed.minor_units * moved < 0
            and other.account != posting.account
        )
    )


def account_statement(
    chart: ChartOfAccounts,
    path: str,
    opening: Totals,
    lines: Iterable[StatementLine],
    *,
    title: str | None = None,
    subtitle: str = "",
) -> Table:
    """Return one account's opening balance, postings with running balance, closing.

    The balance is on the account's normal side: positive is a debit balance for
    assets and expenses, a credit balance for liabilities, equity and income.  It runs
    in the total order, by date and then position.

    Totals by name: ``opening``, ``debit``, ``credit``, ``closing``.

    Args:
        chart: the accounts.
        path: the account; totals and lines of others are passed over.
        opening: totals before the span.
        lines: postings within the span, in any order.
        title: of the table; None names the account.
        subtitle: entity and span, for instance.

    Raises:
        UnknownAccount: the chart does not hold *path*.
    """
    account = chart[path]
    before = {
        unit: sums for (other, unit), sums in opening.items() if other == account.path
    }
    own = (line for line in lines if line.posting.account == account.path)
    part = _ledger_part(account, before, own)
    return Table(
        f"Account statement: {_heading(account)}" if title is None else title,
        _LEDGER_COLUMNS,
        part.rows,
        subtitle=subtitle,
        totals={
            "opening": Balance.from_minor(part.opening),
            "debit": Balance.from_minor(part.debit),
            "credit": Balance.from_minor(part.credit),
            "closing": Balance.from_minor(part.closing),
        },
    )


def general_ledger(
    chart: ChartOfAccounts,
    opening: Totals,
    lines: Iterable[StatementLine],
    *,
    title: str = "General ledger",
    subtitle: str = "",
    memorandum: bool = False,
) -> Table:
    """Return the statements of all accounts, one after the other, in path order.

    The last balance of each account is its closing balance in the trial balance.
    Accounts with neither an opening balance nor postings are left out.

    Totals by name: ``debit``, ``credit`` (turnover of all accounts).

    Args:
        chart: the accounts.
        opening: totals before the span.
        lines: postings within the span, in any order.
        title: of the table.
        subtitle: entity and span, for instance.
        memorandum: list the memorandum accounts instead of all others.

    Raises:
        UnknownAccount: a total or line of an account that the chart does not hold.
    """
    by_account: dict[str, list[StatementLine]] = {}
    for line in lines:
        by_account.setdefault(line.posting.account, []).append(line)
    before: dict[str, dict[Commodity, tuple[int, int]]] = {}
    for (path, unit), sums in opening.items():
        before.setdefault(path, {})[unit] = sums
    rows: list[Row] = []
    debit: Values = {}
    credit: Values = {}
    for account in sorted_accounts(chart, {**before, **by_account}):
        if (account.type is AccountType.MEMORANDUM) is not memorandum:
            continue
        part = _ledger_part(
            account, before.get(account.path, {}), by_account.get(account.path, ())
        )
        if part.rows:
            cells = (None,) * len(_LEDGER_COLUMNS)
            rows.append(Row(cells, role="heading", caption=_heading(account)))
            rows += part.rows
        debit, credit = summed(debit, part.debit), summed(credit, part.credit)
    totals = {
        "debit": Balance.from_minor(debit),
        "credit": Balance.from_minor(credit),
    }
    return Table(title, _LEDGER_COLUMNS, rows, subtitle=subtitle, totals=totals)


@attrs.frozen
class _LedgerPart:
    """The statement of one account."""

    rows: list[Row]
    opening: Values
    debit: Values
    credit: Values
    closing: Values


def _ledger_part(
    account: Account,
    opening: Mapping[Commodity, tuple[int, int]],
    lines: Iterable[StatementLine],
) -> _LedgerPart:
    """Return opening, lines and closing of one account, of its normal side."""
    sign = 1 if account.normal_side is Side.DEBIT else -1
    start = {unit: sign * (debit - credit) for unit, (debit, credit) in opening.items()}
    running = {unit: number for unit, number in start.items() if number}
    debit: Values = {}
    credit: Values = {}
    rows: list[Row] = []
    for line in sorted(lines, key=_line_order):
        posting = line.posting
        unit, number = posting.amount.commodity, posting.amount.minor_units
        on_debit = posting.side is Side.DEBIT
        turnover = debit if on_debit else credit
        turnover[unit] = turnover.get(unit, 0) + number
        moved = sign * (number if on_debit else -number)
        running[unit] = running.get(unit, 0) + moved
        rows.append(_line_row(line, running[unit]))
    first = [
        _carried_row("Opening balance", "balance", account, unit, (None, None, number))
        for unit, number in by_code(start)
        if unit in running
    ]
    last = [
        _carried_row(
            "Closing balance",
            "total",
            account,
            unit,
            (debit.get(unit, 0), credit.get(unit, 0), number),
        )
        for unit, number in by_code(running)
    ]
    return _LedgerPart([*first, *rows, *last], start, debit, credit, running)


def _line_order(line: StatementLine) -> tuple[date, bool, int]:
    return line.date, line.position is None, line.position or 0


def _line_row(line: StatementLine, balance: int) -> Row:
    posting = line.posting
    zero = Amount.from_minor(0, posting.amount.commodity)
    on_debit = posting.side is Side.DEBIT
    return Row(
        (
            line.date,
            posting.value_date,
            line.position,
            line.entry_id,
            line.description or None,
            posting.memo,
            ", ".join(line.counter_accounts) or None,
            posting.account,
            zero.commodity.code,
            posting.amount if on_debit else zero,
            zero if on_debit else posting.amount,
            Amount.from_minor(balance, zero.commodity),
        )
    )


def _carried_row(
    caption: str,
    role: Role,
    account: Account,
    unit: Commodity,
    numbers: tuple[int | None, int | None, int],
) -> Row:
    amounts = [None if n is None else Amount.from_minor(n, unit) for n in numbers]
    cells = (*(None,) * 7, account.path, unit.code, *amounts)
    return Row(cells, role=role, caption=caption)


def _heading(account: Account) -> str:
    return f"{account.path}  {account.label}" if account.label else account.path
