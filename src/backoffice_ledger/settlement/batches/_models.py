"""Cycles of many transfers, by the models of delivery against payment of the BIS."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal, final, get_args

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.gridlock import Positions, resolve
from backoffice_ledger.settlement.netting import Transfer

DvpModel = Literal["gross", "gross-net-funds", "net-net", "gross-optimised"]
"""Models 1, 2 and 3 of the BIS (1992), and model 1 with optimisation, as in T2S."""

_Book = dict[tuple[str, bl.Commodity], int]
_NOTHING: Final[Mapping[str, bl.Balance]] = MappingProxyType({})


@final
@attrs.frozen(order=False, eq=False)
class Cycle:
    """What a cycle settled, and what it left.

    Attributes:
        settled: transfers that are final.
        queued: transfers that are not.
        holdings: what each party has afterwards.
        shortfalls: money that parties owe beyond what they have, after securities moved
            and funds were netted; only model 2 can leave any, and somebody must have
            assured it.
    """

    settled: tuple[Transfer, ...]
    queued: tuple[Transfer, ...]
    holdings: Mapping[str, bl.Balance]
    shortfalls: Mapping[str, bl.Balance]


def run_cycle(
    transfers: Iterable[Transfer], holdings: Positions, *, model: DvpModel
) -> Cycle:
    """Settle a cycle of transfers.

    ``gross`` (model 1)
        one after the other, the amount and what is given against it at the same
        moment; who lacks either waits, and others go on.
    ``gross-net-funds`` (model 2)
        amounts (securities) one after the other and final through the cycle; what is
        given against them (funds) is netted at its end.
    ``net-net`` (model 3)
        both are netted at the end, if and only if nobody lacks anything; else nothing
        settles.
    ``gross-optimised``
        model 1 with optimisation: the largest set of the queue that can settle
        together; see `settlement.gridlock.resolve`.

    Source: BIS, *Delivery versus payment in securities settlement systems* (1992).

    Args:
        transfers: in the order in which they came.
        holdings: what each party has, credit included.
        model: how.

    Raises:
        InvalidOption: no such model, not a transfer, something below zero, or one code
            with two scales.
        InexactNumber, InvalidAmount, UnknownCommodity: a holding is no amount.
    """
    if not isinstance(model, str) or model not in get_args(DvpModel):
        raise InvalidOption(
            field="model", expected=", ".join(get_args(DvpModel)), found=model
        )
    queue = tuple(transfers)
    before = resolve((), holdings).holdings
    found = resolve(queue, {party: held.amounts for party, held in before.items()})
    if model == "gross-optimised":
        return Cycle(found.settled, found.queued, found.holdings, _NOTHING)
    book, parties = _to_book(before), tuple(found.holdings)
    if model == "net-net":
        return _net_net(queue, book, parties)
    settled, queued = [], []
    funds: _Book = {}
    for transfer in queue:
        needed = [(transfer.sender, transfer.amount)]
        if model == "gross" and transfer.against is not None:
            needed.append((transfer.receiver, transfer.against))
        if all(
            book.get((party, amount.commodity), 0) >= amount.minor_units
            for party, amount in needed
        ):
            _move(book, transfer.sender, transfer.receiver, transfer.amount)
            if transfer.against is not None:
                place = book if model == "gross" else funds
                _move(place, transfer.receiver, transfer.sender, transfer.against)
            settled.append(transfer)
        else:
            queued.append(transfer)
    for key, net in funds.items():
        book[key] = book.get(key, 0) + net
    return Cycle(
        tuple(settled),
        tuple(queued),
        _to_balances(book, parties, 1),
        _to_balances(book, (), -1),
    )


def _net_net(
    queue: tuple[Transfer, ...], book: _Book, parties: tuple[str, ...]
) -> Cycle:
    after = dict(book)
    for transfer in queue:
        _move(after, transfer.sender, transfer.receiver, transfer.amount)
        if transfer.against is not None:
            _move(after, transfer.receiver, transfer.sender, transfer.against)
    if min(after.values(), default=0) < 0:
        return Cycle((), queue, _to_balances(book, parties, 1), _NOTHING)
    return Cycle(queue, (), _to_balances(after, parties, 1), _NOTHING)


def _move(book: _Book, sender: str, receiver: str, amount: bl.Amount) -> None:
    gives, gets = (sender, amount.commodity), (receiver, amount.commodity)
    book[gives] = book.get(gives, 0) - amount.minor_units
    book[gets] = book.get(gets, 0) + amount.minor_units


def _to_book(holdings: Mapping[str, bl.Balance]) -> _Book:
    return {
        (party, amount.commodity): amount.minor_units
        for party, balance in holdings.items()
        for amount in balance.amounts
    }


def _to_balances(
    book: _Book, parties: tuple[str, ...], sign: int
) -> Mapping[str, bl.Balance]:
    """Return what is above zero in *book*, or, with a *sign* of -1, below."""
    found: dict[str, dict[bl.Commodity, int]] = {party: {} for party in parties}
    for (party, commodity), minor_units in book.items():
        if sign * minor_units > 0:
            found.setdefault(party, {})[commodity] = sign * minor_units
    return MappingProxyType(
        {party: bl.Balance.from_minor(totals) for party, totals in found.items()}
    )
