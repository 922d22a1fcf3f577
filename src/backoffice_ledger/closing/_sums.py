"""What postings amount to, by account and by the dimensions that are kept apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import backoffice_ledger as bl
from backoffice_ledger.reports import Column, Row

Key = tuple[str, tuple[str | None, ...]]
"""An account's path, and the value (or None) of each dimension that is kept apart."""

NOTHING: Final = bl.Balance()

Sums = Mapping[Key, bl.Balance]
"""Debits less credits."""


def sums_of(postings: Iterable[bl.Posting], dimensions: Sequence[str] = ()) -> Sums:
    """Return debits less credits of *postings*; what is zero is left out."""
    totals: dict[Key, dict[bl.Commodity, int]] = {}
    for posting in postings:
        values = tuple(posting.dimensions.get(name) for name in dimensions)
        units = totals.setdefault((posting.account, values), {})
        amount = posting.signed
        units[amount.commodity] = units.get(amount.commodity, 0) + amount.minor_units
    return {
        key: bl.Balance.from_minor(units)
        for key, units in totals.items()
        if any(units.values())
    }


def in_order(keys: Iterable[Key]) -> list[Key]:
    """Return *keys* by account and then by the values of dimensions."""
    return sorted(keys, key=lambda key: (key[0], [value or "" for value in key[1]]))


def dimension_column(name: str) -> Column:
    """Return the column of a report for a dimension."""
    return Column(name, name.replace("_", " ").capitalize())


def balances_of(
    view: bl.LedgerView, accounts: Iterable[bl.Account], dimensions: Sequence[str] = ()
) -> Sums:
    """Return what *accounts* hold, debits positive; zero ones are left out.

    Without *dimensions* these are the totals that the book keeps; with them the
    entries are summed.
    """
    if dimensions:
        paths = {account.path for account in accounts}
        postings = (p for record in view.entries() for p in record.entry.postings)
        return sums_of((p for p in postings if p.account in paths), dimensions)
    balances = {(a.path, ()): _signed(a, view.balance(a.path)) for a in accounts}
    return {key: balance for key, balance in balances.items() if balance}


def _signed(account: bl.Account, balance: bl.Balance) -> bl.Balance:
    return balance if account.normal_side is bl.Side.DEBIT else -balance


def rows_of(key: Key, balances: Sequence[bl.Balance]) -> Iterator[Row]:
    """Yield a row for each commodity: the key, its code, and its amounts."""
    units = {amount.commodity for balance in balances for amount in balance}
    for unit in sorted(units, key=lambda unit: unit.code):
        yield Row([key[0], *key[1], unit.code, *(b[unit] for b in balances)])


def sum_of(balances: Iterable[bl.Balance]) -> bl.Balance:
    """Return what *balances* come to together."""
    return bl.Balance(amount for balance in balances for amount in balance)


def total_of(sums: Sums) -> bl.Balance:
    """Return what *sums* come to together."""
    return sum_of(sums.values())


def totals_at(path: str, sums: Sums, *, apart: bool = True) -> Sums:
    """Return what an account holds once it has taken all *sums*.

    The values of dimensions are kept *apart*, or left out.
    """
    totals: dict[Key, bl.Balance] = {}
    for (_, values), balance in sums.items():
        key = (path, values if apart else (None,) * len(values))
        totals[key] = totals.get(key, NOTHING) + balance
    return {key: balance for key, balance in totals.items() if balance}


def transfers(
    sums: Sums, to: str, dimensions: Sequence[str] = (), *, apart: bool = True
) -> Iterator[list[bl.Posting]]:
    """Yield postings that bring *sums* to *to*, in parts that an entry can hold.

    *to* takes the values of the dimensions, or (not *apart*) only the amounts.
    """
    part: dict[Key, bl.Balance] = {}
    room = bl.BOUNDS.postings
    for key in in_order(sums):
        needed = 2 * len(sums[key])  # each may have a counter-posting of its own
        if needed > room:
            yield _transfer(part, to, dimensions, apart=apart)
            part, room = {}, bl.BOUNDS.postings
        part[key] = sums[key]
        room -= needed
    if part:
        yield _transfer(part, to, dimensions, apart=apart)


def _transfer(
    sums: Sums, to: str, dimensions: Sequence[str], *, apart: bool
) -> list[bl.Posting]:
    negated = {key: -balance for key, balance in sums.items()}
    return [
        posting_of(key, amount, dimensions)
        for part in (negated, totals_at(to, sums, apart=apart))
        for key, balance in part.items()
        for amount in balance
    ]


def posting_of(key: Key, signed: bl.Amount, dimensions: Sequence[str]) -> bl.Posting:
    """Return the posting that adds *signed*, debits positive, to an account."""
    path, values = key
    named = {
        name: value
        for name, value in zip(dimensions, values, strict=True)
        if value is not None
    }
    side = bl.debit if signed.minor_units > 0 else bl.credit
    return side(path, abs(signed), dimensions=named or None)
