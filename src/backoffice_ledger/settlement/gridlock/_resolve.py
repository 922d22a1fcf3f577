"""Gridlock: which queued transfers can settle together, each queue from its front."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InexactNumber, InvalidOption
from backoffice_ledger.settlement.netting import Transfer

Positions = Mapping[str, Iterable[bl.Amount | str]]
"""What each party has, overdraft or credit included, as amounts or texts."""


@final
@attrs.frozen(order=False, eq=False)
class Resolution:
    """What can settle, and what is left.

    Attributes:
        settled: the transfers that settle together, in the order of the queue.
        queued: those that stay, in the order of the queue.
        holdings: what each party has afterwards.
    """

    settled: tuple[Transfer, ...]
    queued: tuple[Transfer, ...]
    holdings: Mapping[str, bl.Balance]

    @property
    def is_deadlocked(self) -> bool:
        """Whether transfers are queued and none of them can settle."""
        return bool(self.queued) and not self.settled


class _Accounts:
    """Parties and commodities as numbers, and what is in them."""

    def __init__(self, holdings: Positions) -> None:
        self.units: list[tuple[str, bl.Commodity]] = []
        self.balances: list[int] = []
        self._numbers: dict[str, dict[str, int]] = {}
        if not isinstance(holdings, Mapping):
            raise InvalidOption(
                field="holdings", expected="amounts by party", found=holdings
            )
        for party, amounts in holdings.items():
            self._numbers.setdefault(party, {})
            for amount in amounts:
                self._hold(party, amount)

    def _hold(self, party: str, value: bl.Amount | str) -> None:
        amount = bl.Amount.parse(value) if isinstance(value, str) else value
        if not isinstance(amount, bl.Amount):
            raise InexactNumber(
                field="holdings",
                expected="Amounts or texts such as '360.00 EUR'",
                found=type(value).__name__,
            )
        if amount.minor_units < 0:
            raise InvalidOption(
                field="holdings", expected="amounts not below zero", found=amount
            )
        self.balances[self.number(party, amount)] += amount.minor_units

    def number(self, party: str, amount: bl.Amount) -> int:
        numbers = self._numbers.get(party)
        if numbers is None:
            numbers = self._numbers[party] = {}
        commodity = amount.commodity
        number = numbers.get(commodity.code)
        if number is None:
            number = numbers[commodity.code] = len(self.units)
            self.units.append((party, commodity))
            self.balances.append(0)
        elif self.units[number][1] != commodity:
            raise InvalidOption(
                field="amount",
                expected=f"{commodity.code} with one scale",
                found=commodity.scale,
            )
        return number

    def as_balances(self) -> Mapping[str, bl.Balance]:
        amounts: dict[str, list[bl.Amount]] = {party: [] for party in self._numbers}
        for (party, commodity), left in zip(self.units, self.balances, strict=True):
            amounts[party].append(bl.Amount.from_minor(left, commodity))
        return MappingProxyType(
            {party: bl.Balance(held) for party, held in amounts.items()}
        )


def resolve(
    queue: Iterable[Transfer],
    holdings: Positions,
    *,
    priority: Callable[[Transfer], Any] | None = None,
) -> Resolution:
    """Find the largest set of queued transfers that can settle at the same time.

    Every party's queue, for each commodity that it gives, is settled from its front:
    no transfer passes an earlier one of the same sender and commodity.  Under that
    rule there is exactly one largest set, whatever the transfers are, against payment
    or not, and this is it: the union of two sets that can settle can settle too, since
    each party then gives what it gives in the larger of the two, and receives no less.
    Every party ends with nothing below zero.

    Time and memory grow with the number of transfers.  To let transfers pass others
    could settle more, but finding the best such set takes exponential time.

    Args:
        queue: transfers, the earliest first.
        holdings: what each party has, credit included; nothing where it is not named.
        priority: sorts the queue first, low before high; equal ones stay as they are.

    Raises:
        InvalidOption: not a transfer, something below zero, or one code with two
            scales.
        InexactNumber, InvalidAmount, UnknownCommodity: a holding is no amount.
    """
    items = list(queue)
    for item in items:
        if type(item) is not Transfer:
            raise InvalidOption(
                field="queue", expected="Transfers", found=type(item).__name__
            )
    if priority is not None:
        items.sort(key=priority)
    accounts = _Accounts(holdings)
    is_kept = _drop(items, accounts)
    settled = tuple(item for item, kept in zip(items, is_kept, strict=True) if kept)
    left = tuple(item for item, kept in zip(items, is_kept, strict=True) if not kept)
    return Resolution(settled, left, accounts.as_balances())


def _drop(items: list[Transfer], accounts: _Accounts) -> bytearray:
    """Settle all, then take back from the ends of queues until all is above zero."""
    sources: list[list[tuple[int, int, int]]] = []
    for item in items:
        against = item.against
        moves = [
            (
                accounts.number(item.sender, item.amount),
                accounts.number(item.receiver, item.amount),
                item.amount.minor_units,
            )
        ]
        if against is not None:
            moves.append(
                (
                    accounts.number(item.receiver, against),
                    accounts.number(item.sender, against),
                    against.minor_units,
                )
            )
        sources.append(moves)
    balances = accounts.balances
    queues: list[list[int]] = [[] for _ in balances]
    for index, moves in enumerate(sources):
        for giver, taker, minor_units in moves:
            balances[giver] -= minor_units
            balances[taker] += minor_units
            queues[giver].append(index)
    is_kept = bytearray(b"\x01") * len(items)
    short = [number for number, balance in enumerate(balances) if balance < 0]
    while short:
        number = short.pop()
        while balances[number] < 0:
            _take_back(queues[number][-1], sources, balances, queues, is_kept, short)
    return is_kept


def _take_back(
    last: int,
    sources: list[list[tuple[int, int, int]]],
    balances: list[int],
    queues: list[list[int]],
    is_kept: bytearray,
    short: list[int],
) -> None:
    """Take a transfer back, and with it all that stand behind it in its queues."""
    waiting = [last]
    while waiting:
        index = waiting.pop()
        if not is_kept[index]:
            continue
        is_kept[index] = 0
        for giver, taker, minor_units in sources[index]:
            balances[giver] += minor_units
            balances[taker] -= minor_units
            if balances[taker] < 0:
                short.append(taker)
            queue = queues[giver]
            while queue and queue[-1] >= index:
                waiting.append(queue.pop())
