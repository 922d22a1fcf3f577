"""The proof that a span begins with what the one before it ended with."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.checks import check_instance
from backoffice_ledger.closing._checks import (
    RESULT_TYPES,
    check_declared,
    check_dimensions,
    check_span,
)
from backoffice_ledger.closing._sums import (
    NOTHING,
    Key,
    Sums,
    balances_of,
    dimension_column,
    in_order,
    rows_of,
    sum_of,
    sums_of,
    total_of,
)
from backoffice_ledger.reports import Column, Row, Table

_PHASES: Final = ("normal", "adjusting", "closing")
_COLUMNS: Final = (
    Column("account", "Account"),
    Column("commodity", "Commodity", "commodity"),
    Column("opening", "Opening", "amount"),
    *(Column(phase, phase.capitalize(), "amount", zero="blank") for phase in _PHASES),
    Column("closing_balance", "Closing balance", "amount"),
    Column("difference", "Difference", "amount", zero="blank"),
)


def roll_forward(
    ledger: bl.Ledger,
    first: date,
    last: date,
    *,
    dimensions: Iterable[str] = (),
    known_at: int | None = None,
) -> Table:
    """Return how each account came from its opening to its closing balance.

    Opening and closing balances are those that the book keeps; the movements between
    them, by phase, are summed from the entries themselves.  A difference is therefore
    a balance that no replay of the entries gives.  With *dimensions* everything is
    summed from the entries, by their values.

    Amounts are debits less credits.  Memorandum accounts are left out.

    Totals by name: ``difference``, which must be zero; ``opened_result``, what income
    and expense accounts open with, a profit positive: zero where the year before was
    closed.

    Source: HGB section 252(1) no. 1, the opening balances of a year are the closing
    balances of the one before.

    Args:
        ledger: the book.
        first: first day of the span.
        last: last day of the span.
        dimensions: names whose values are kept apart.
        known_at: a position of the log; give it where others may be posting.

    Raises:
        InvalidDate: the span is reversed.
        UnknownDimension: the book does not have one of them.
    """
    check_instance(ledger, bl.Ledger, "ledger")
    begin, end = check_span(first, last)
    names = check_dimensions(dimensions)
    check_declared(ledger, names)
    before = ledger.view(as_of=begin - timedelta(days=1), known_at=known_at)
    after = ledger.view(as_of=end, known_at=known_at)
    accounts = [
        account
        for account in after.accounts().values()
        if account.type is not bl.AccountType.MEMORANDUM
    ]
    opened, closed = (balances_of(view, accounts) for view in (before, after))
    opening, closing = (
        (balances_of(view, accounts, names) for view in (before, after))
        if names
        else (opened, closed)
    )
    moved = _movements(after, (begin, end), accounts, names)
    rows: list[Row] = []
    total = total_of(closed) - total_of(closing)
    for key in in_order({*opening, *closing, *moved}):
        phases = moved.get(key, {})
        steps = [opening.get(key, NOTHING)]
        steps += (phases.get(phase, NOTHING) for phase in _PHASES)
        last_one = closing.get(key, NOTHING)
        difference = last_one - sum_of(steps)
        total += difference
        rows += rows_of(key, [*steps, last_one, difference])
    return Table(
        "Roll-forward",
        [_COLUMNS[0], *map(dimension_column, names), *_COLUMNS[1:]],
        rows,
        subtitle=f"from {begin} to {end}, debits less credits",
        totals={"difference": total, "opened_result": -_result(opened, accounts)},
    )


def _movements(
    view: bl.LedgerView,
    span: tuple[date, date],
    accounts: Iterable[bl.Account],
    names: tuple[str, ...],
) -> Mapping[Key, Mapping[str, bl.Balance]]:
    """Return what the entries of a span moved, by phase."""
    paths = {account.path for account in accounts}
    moved: dict[Key, dict[str, bl.Balance]] = {}
    for record in view.entries(dates=span):
        postings = (p for p in record.entry.postings if p.account in paths)
        for key, balance in sums_of(postings, names).items():
            phases = moved.setdefault(key, {})
            phase = record.phase.value
            phases[phase] = phases.get(phase, NOTHING) + balance
    return moved


def _result(sums: Sums, accounts: Iterable[bl.Account]) -> bl.Balance:
    """Return what income and expense accounts hold, debits positive."""
    paths = {account.path for account in accounts if account.type in RESULT_TYPES}
    return total_of({key: sums[key] for key in sums if key[0] in paths})
