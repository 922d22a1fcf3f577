"""A new book that begins with the balances of an old one."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date, check_instance
from backoffice_ledger.closing._checks import (
    RESULT_TYPES,
    check_declared,
    check_dimensions,
    check_equity,
)
from backoffice_ledger.closing._sums import (
    NOTHING,
    Key,
    Sums,
    balances_of,
    dimension_column,
    in_order,
    posting_of,
    rows_of,
    sums_of,
    transfers,
)
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.reports import Column, Row, Table

_COLUMNS: Final = (
    Column("account", "Account"),
    Column("commodity", "Commodity", "commodity"),
    Column("closing_balance", "Closing balance", "amount"),
    Column("opening", "Opening", "amount"),
    Column("difference", "Difference", "amount", zero="blank"),
)


def carry_forward(
    source: bl.Ledger,
    target: bl.Ledger,
    *,
    last: date,
    through: str,
    dimensions: Iterable[str] = (),
    journal: str = "general",
) -> tuple[bl.Record, ...]:
    """Post opening entries into *target*: the balances of *source* after a day.

    Within one book balances carry over by themselves.  This is for a book that begins
    anew: a year of its own where opening entries are mandatory, or the move from
    another book.  The entries are of kind opening, dated the day after *last*, and
    pass through one account (opening balance account), which
    ends at zero.  Accounts that the target does not have are opened as the source has
    them.  Memorandum accounts carry over among themselves.

    Called again it returns the same records; a source that has changed meanwhile is a
    conflict.  `compare_opening` proves the result.

    Args:
        source: the book that ends.
        target: the book that begins.
        last: the last day of the old book.
        through: an equity account of the target.
        dimensions: names whose values are carried over.
        journal: of the target.

    Raises:
        InvalidOption: the source has a result that is not closed yet, see `YearEnd`.
        AccountConflict: the target has an account with other properties.
        IdempotencyConflict: an opening with other amounts was posted before.
        Refused: the target does not take the entries.
    """
    check_instance(source, bl.Ledger, "source")
    check_instance(target, bl.Ledger, "target")
    end = check_date(last, "last")
    names = check_dimensions(dimensions)
    check_declared(source, names)
    check_equity(
        target.accounts.all(), check_instance(through, str, "through"), "through"
    )
    chart = source.accounts.all()
    balances = balances_of(source.view(as_of=end), chart.values(), names)
    for path, _ in balances:
        if chart[path].type in RESULT_TYPES:
            raise InvalidOption(
                "income and expense accounts are not closed: YearEnd(...).post()",
                field="last",
                expected="a book whose result was carried to equity",
                found=path,
            )
    day = end + timedelta(days=1)
    entries = [
        bl.Entry(
            f"opening:{day}:{number}",
            day,
            postings,
            description="Opening balances",
            kind=bl.EntryKind.OPENING,
            journal=journal,
        )
        for number, postings in enumerate(_openings(balances, chart, through, names), 1)
    ]

    def work() -> tuple[bl.Record, ...]:
        known = target.accounts.all()
        for path in {path for path, _ in balances if path not in known}:
            _open_alike(target, chart[path])
        return tuple(map(target.post, entries))

    return target.atomically(work)


def compare_opening(
    source: bl.Ledger,
    target: bl.Ledger,
    *,
    last: date,
    dimensions: Iterable[str] = (),
) -> Table:
    """Return what *source* ends with beside what *target* begins with.

    The closing balance is after the day *last*, the opening one what entries of kind
    opening put on the accounts of the target on the next day.  Amounts are debits less
    credits.  The total ``difference`` must be zero, and so must each row's.

    Args:
        source: the book that ends.
        target: the book that begins.
        last: the last day of the old book.
        dimensions: names whose values are kept apart.

    Raises:
        UnknownDimension: one of the books does not have one of them.
    """
    check_instance(source, bl.Ledger, "source")
    check_instance(target, bl.Ledger, "target")
    end = check_date(last, "last")
    names = check_dimensions(dimensions)
    for ledger in (source, target):
        check_declared(ledger, names)
    accounts = source.accounts.all().values()
    closing = balances_of(source.view(as_of=end), accounts, names)
    day = end + timedelta(days=1)
    openings = target.view().entries(dates=(day, day), kind=bl.EntryKind.OPENING)
    standing = (record for record in openings if record.reversed_by is None)
    opening = sums_of((p for r in standing for p in r.entry.postings), names)
    rows: list[Row] = []
    total = NOTHING
    for key in in_order({*closing, *opening}):
        before, after = closing.get(key, NOTHING), opening.get(key, NOTHING)
        difference = after - before
        total += difference
        rows += rows_of(key, [before, after, difference])
    return Table(
        "Opening balances",
        [_COLUMNS[0], *map(dimension_column, names), *_COLUMNS[1:]],
        rows,
        subtitle=f"closing of {end} against opening of {day}, debits less credits",
        totals={"difference": total},
    )


def _openings(
    balances: Sums, chart: bl.ChartOfAccounts, through: str, names: tuple[str, ...]
) -> Iterator[list[bl.Posting]]:
    """Yield the postings of each opening entry."""
    memorandum: list[bl.Posting] = []
    others: dict[Key, bl.Balance] = {}
    for key, balance in balances.items():
        if chart[key[0]].type is bl.AccountType.MEMORANDUM:
            memorandum += (posting_of(key, amount, names) for amount in balance)
        else:
            others[key] = -balance  # a transfer takes away what it is given
    yield from transfers(others, through, names, apart=False)
    if memorandum:  # they balance among themselves
        yield memorandum


def _open_alike(target: bl.Ledger, account: bl.Account) -> None:
    target.open_account(
        account.path,
        type=account.type,
        commodities=account.commodities,
        label=account.label,
        opened=account.opened,
        attributes=account.attributes,
        limits=account.limits.values(),
    )
