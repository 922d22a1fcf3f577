"""Accounts that need attention: suspense, dormant, and counterparties that are none."""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

import backoffice_ledger as bl
from backoffice_ledger.checks import check_count, check_date
from backoffice_ledger.compliance._checks import check_names
from backoffice_ledger.reports import Column, Row, Table

_SUSPENSE_COLUMNS: Final = (
    Column("account", "Account"),
    Column("open_amount", "Open", "amount"),
    Column("since", "Since", "date"),
    Column("age_days", "Days", "integer"),
    Column("alarm", "Alarm"),
)
_DORMANT_COLUMNS: Final = (
    Column("account", "Account"),
    Column("finding", "Finding"),
    Column("last_movement", "Last movement", "date"),
    Column("idle_days", "Idle days", "integer"),
    Column("balance", "Balance", "balance"),
    Column("entry", "Entry", shown="filled"),
)
_DUMMY_COLUMNS: Final = (
    Column("counterparty", "Counterparty"),
    Column("date", "Date", "date"),
    Column("entry", "Entry"),
    Column("account", "Account"),
    Column("amount", "Amount", "amount"),
)

Movement = tuple[date, str, bl.Amount]
"""Booking date, id of the entry, and what it moves, debits positive."""


def _movements(
    view: bl.LedgerView, account: str, ignored: frozenset[str]
) -> Iterator[Movement]:
    for record in view.entries(account=account):
        entry = record.entry
        if entry.journal in ignored:
            continue
        for posting in entry.postings:
            if posting.account == account:
                yield entry.date, entry.id, posting.signed


def suspense_ageing(
    ledger: bl.Ledger,
    accounts: Iterable[str],
    *,
    as_of: date,
    days_max: int = 30,
) -> Table:
    """Return what stands on suspense accounts, and since when.

    Oldest first out: what moves the other way settles the oldest items.  The age is
    that of the oldest item that is left, in calendar days.

    Args:
        ledger: the book.
        accounts: paths of the suspense accounts.
        as_of: the day; entries dated later are left out.
        days_max: the alarm is raised beyond; an assumption, as MaRisk BTO 2.2.2 names
            no days.

    Raises:
        UnknownAccount: the book does not have an account.
        InvalidDate: *as_of* is no day.
        InvalidOption: no list, or no number of days.
    """
    view = ledger.view(as_of=check_date(as_of, "as_of"))
    check_count(days_max, "days_max")
    rows = []
    for account in check_names(accounts, "accounts"):
        view.balance(account)  # it must be there
        items = _open_items(_movements(view, account, frozenset()))
        for unit in sorted(items, key=lambda unit: unit.code):
            since = items[unit][0][0]
            amount = bl.Amount.from_minor(sum(n for _, n in items[unit]), unit)
            age = (as_of - since).days
            rows.append(
                Row([account, amount, since, age, "yes" if age > days_max else ""])
            )
    return Table(
        "Suspense accounts", _SUSPENSE_COLUMNS, rows, subtitle=f"as of {as_of}"
    )


def _open_items(
    movements: Iterable[Movement],
) -> dict[bl.Commodity, deque[tuple[date, int]]]:
    """Return what is left by commodity, oldest first; amounts in minor units."""
    items: dict[bl.Commodity, deque[tuple[date, int]]] = {}
    for day, _, amount in movements:
        queue = items.setdefault(amount.commodity, deque())
        rest = amount.minor_units
        while rest and queue and (queue[0][1] > 0) is not (rest > 0):
            oldest, open_units = queue.popleft()
            left = open_units + rest
            if left and (left > 0) is (open_units > 0):
                queue.appendleft((oldest, left))
                rest = 0
            else:
                rest = left
        if rest:
            queue.append((day, rest))
    return {unit: queue for unit, queue in items.items() if queue}


def dormant_accounts(
    ledger: bl.Ledger,
    accounts: Iterable[str],
    *,
    as_of: date,
    days_min: int = 365,
    ignored_journals: Iterable[str] = (),
) -> Table:
    """Return accounts that nobody moves, and those that woke up.

    ``dormant``: a balance, and no movement for *days_min* days or more.  ``woken``: the
    last movement came after such a pause.

    Args:
        ledger: the book.
        accounts: paths of accounts or portfolios.
        as_of: the day; entries dated later are left out.
        days_min: how long a pause is; an assumption, as MaRisk BTO 2.2.2 names no days.
        ignored_journals: whose entries wake nothing, such as interest and fees.

    Raises:
        UnknownAccount: the book does not have an account.
        InvalidDate: *as_of* is no day.
        InvalidOption: no list, or no number of days.
    """
    view = ledger.view(as_of=check_date(as_of, "as_of"))
    check_count(days_min, "days_min", 1)
    ignored = frozenset(check_names(ignored_journals, "ignored_journals"))
    rows = []
    for account in check_names(accounts, "accounts"):
        balance = view.balance(account)
        before: Movement | None = None
        last: Movement | None = None
        for movement in _movements(view, account, ignored):
            if last is None or movement[0] > last[0]:
                before = last
                last = movement
        if last is not None:
            idle = (as_of - last[0]).days
            pause = 0 if before is None else (last[0] - before[0]).days
            if idle >= days_min and balance:
                rows.append(Row([account, "dormant", last[0], idle, balance, ""]))
            elif pause >= days_min:
                rows.append(Row([account, "woken", last[0], pause, balance, last[1]]))
    return Table("Dormant accounts", _DORMANT_COLUMNS, rows, subtitle=f"as of {as_of}")


def dummy_counterparties(
    ledger: bl.Ledger,
    names: Iterable[str],
    *,
    dates: tuple[date, date],
    dimension: str = "counterparty",
) -> Table:
    """Return the postings against counterparties that stand for nobody.

    Args:
        ledger: the book.
        names: such as ``DUMMY`` and ``TEST``.
        dates: first and last booking date.
        dimension: which names the counterparty.

    Raises:
        UnknownDimension: the book does not have it.
        InvalidOption, InvalidDate: no list, or no dates.
    """
    view = ledger.view()
    rows: list[Any] = []
    for name in check_names(names, "names"):
        for record in view.entries(dates=dates, dimension={dimension: name}):
            entry = record.entry
            rows += [
                Row([name, entry.date, entry.id, posting.account, posting.signed])
                for posting in entry.postings
                if posting.dimensions.get(dimension) == name
            ]
    return Table(
        "Dummy counterparties",
        _DUMMY_COLUMNS,
        rows,
        subtitle=f"from {dates[0]} to {dates[1]}",
    )
