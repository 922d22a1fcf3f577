"""Totals by account and commodity: what statements are made from."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from backoffice_ledger._model.account import Account, ChartOfAccounts
from backoffice_ledger._model.commodity import Commodity

Totals = Mapping[tuple[str, Commodity], tuple[int, int]]
"""Gross debits and gross credits in minor units, by account path and commodity."""

Values = dict[Commodity, int]
"""Minor units by commodity."""

V = TypeVar("V")


def by_code(values: Mapping[Commodity, V]) -> list[tuple[Commodity, V]]:
    """Return the items in the order of their codes."""
    return sorted(values.items(), key=lambda item: item[0].code)


def sorted_accounts(chart: ChartOfAccounts, paths: Iterable[str]) -> list[Account]:
    """Return the accounts in path order; every path must be in the chart."""
    accounts = {path: chart[path] for path in paths}
    return [accounts[path] for path in sorted(accounts, key=lambda p: p.split(":"))]


def sorted_keys(
    chart: ChartOfAccounts, keys: Iterable[tuple[str, Commodity]]
) -> list[tuple[Account, Commodity]]:
    """Return accounts with their commodities, in path and code order."""
    found = [(chart[path], unit) for path, unit in keys]
    return sorted(found, key=lambda key: (key[0].path.split(":"), key[1].code))


def summed(
    first: Mapping[Commodity, int], second: Mapping[Commodity, int], sign: int = 1
) -> Values:
    """Return *first* plus *sign* times *second*."""
    total = dict(first)
    for unit, number in second.items():
        total[unit] = total.get(unit, 0) + sign * number
    return total
