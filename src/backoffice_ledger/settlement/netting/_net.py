"""Netting: bilateral, multilateral around a central party, and novation to one."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NoReturn

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import CommodityConflict, InvalidOption
from backoffice_ledger.reports import Column, Row, Table
from backoffice_ledger.settlement.netting._transfer import (
    NettingSet,
    Transfer,
    check_name,
    check_transfer,
    unchecked_transfer,
)

_Totals = dict[str, int]
"""Minor units by code."""

DELIVER: Final = "deliver"
RECEIVE: Final = "receive"


class _Commodities(dict[str, bl.Commodity]):
    """The commodities of a run by code, so that sums need only the code."""

    def add(self, commodity: bl.Commodity) -> None:
        known = self.setdefault(commodity.code, commodity)
        if known.scale != commodity.scale:
            raise CommodityConflict(
                f"{commodity.code} has two scales here",
                field="amount",
                expected=f"scale {known.scale}",
                found=commodity.scale,
            )


def _refuse(transfer: object) -> NoReturn:
    check_transfer(transfer, "transfers")
    raise InvalidOption(
        field="netting_set",
        expected="one for each transfer: without it nothing may be netted",
        found=transfer,
    )


def _by_set(
    transfers: Iterable[Transfer],
) -> tuple[dict[NettingSet, list[Transfer]], _Commodities]:
    """Return the transfers of each netting set, and the commodities of all."""
    sets: dict[NettingSet, list[Transfer]] = {}
    commodities = _Commodities()
    seen = commodities.get
    current, members = None, list[Transfer]()
    for transfer in transfers:
        if type(transfer) is not Transfer or transfer.netting_set is None:
            _refuse(transfer)
        netting_set = transfer.netting_set
        if netting_set is not current:
            current, members = netting_set, sets.setdefault(netting_set, [])
        members.append(transfer)
        commodity = transfer.amount.commodity
        if seen(commodity.code) is not commodity:
            commodities.add(commodity)
        if transfer.against is not None:
            commodity = transfer.against.commodity
            if seen(commodity.code) is not commodity:
                commodities.add(commodity)
    return sets, commodities


def _sum_pairs(transfers: Iterable[Transfer]) -> dict[tuple[str, str], _Totals]:
    """Return, for every two parties, what the first is to give the second."""
    pairs: dict[tuple[str, str], _Totals] = {}
    for transfer in transfers:
        sender, receiver = transfer.sender, transfer.receiver
        if sender < receiver:
            pair, sign = (sender, receiver), 1
        else:
            pair, sign = (receiver, sender), -1
        totals = pairs.get(pair)
        if totals is None:
            totals = pairs[pair] = {}
        amount = transfer.amount
        code = amount.commodity.code
        totals[code] = totals.get(code, 0) + sign * amount.minor_units
        against = transfer.against
        if against is not None:
            code = against.commodity.code
            totals[code] = totals.get(code, 0) - sign * against.minor_units
    return pairs


def _sum_parties(transfers: Iterable[Transfer]) -> dict[str, _Totals]:
    """Return what each party is to give, all counted."""
    parties: dict[str, _Totals] = {}
    for transfer in transfers:
        gives = parties.get(transfer.sender)
        if gives is None:
            gives = parties[transfer.sender] = {}
        gets = parties.get(transfer.receiver)
        if gets is None:
            gets = parties[transfer.receiver] = {}
        amount = transfer.amount
        code, minor_units = amount.commodity.code, amount.minor_units
        gives[code] = gives.get(code, 0) + minor_units
        gets[code] = gets.get(code, 0) - minor_units
        against = transfer.against
        if against is not None:
            code, minor_units = against.commodity.code, against.minor_units
            gives[code] = gives.get(code, 0) - minor_units
            gets[code] = gets.get(code, 0) + minor_units
    return parties


def bilateral(transfers: Iterable[Transfer]) -> tuple[Transfer, ...]:
    """Net every two parties with each other.

    What is left for each netting set, pair and commodity is one transfer, free of
    payment, or none.  It is named after them, so the same transfers always give the
    same result, in whatever order they come; and to net again changes nothing.

    Raises:
        InvalidOption: not a transfer, or one without a netting set.
        CommodityConflict: one code with two scales.
    """

    def pairs(group: list[Transfer]) -> Iterator[tuple[str, str, _Totals]]:
        for (first, second), totals in sorted(_sum_pairs(group).items()):
            yield first, second, totals

    return _left(transfers, pairs)


def multilateral(transfers: Iterable[Transfer], *, center: str) -> tuple[Transfer, ...]:
    """Net every party with all others; each settles with *center* alone.

    What is left for each netting set, party and commodity is one transfer to or from
    the center, or none.  The center itself is left with nothing.

    Raises:
        InvalidOption: not a transfer, or one without a netting set.
        InvalidIdentifier: *center* is no name.
        CommodityConflict: one code with two scales.
    """
    check_name(center, "center")

    def spokes(group: list[Transfer]) -> Iterator[tuple[str, str, _Totals]]:
        parties = _sum_parties(group)
        for party in sorted(parties):
            if party != center:
                yield party, center, parties[party]

    return _left(transfers, spokes)


def _left(
    transfers: Iterable[Transfer],
    sums: Callable[[list[Transfer]], Iterable[tuple[str, str, _Totals]]],
) -> tuple[Transfer, ...]:
    """Return what is left of *sums*, which say what one is to give another."""
    from_minor, make = bl.Amount.from_minor, unchecked_transfer
    sets, commodities = _by_set(transfers)
    left: list[Transfer] = []
    for key in sorted(
        sets, key=lambda one: (one.settlement_date, one.system, one.agreement)
    ):
        name = f"net/{key.settlement_date}/{key.system}/{key.agreement}"
        for first, second, totals in sums(sets[key]):
            low, high = (first, second) if first < second else (second, first)
            prefix = f"{name}/{low}/{high}/"
            for code in sorted(totals):
                units = totals[code]
                if units > 0:
                    amount = from_minor(units, commodities[code])
                    left.append(make(prefix + code, first, second, amount, key))
                elif units:
                    amount = from_minor(-units, commodities[code])
                    left.append(make(prefix + code, second, first, amount, key))
    return tuple(left)


def novate(transfers: Iterable[Transfer], *, center: str) -> tuple[Transfer, ...]:
    """Put a central counterparty between the parties of each transfer.

    The original is discharged, and two take its place, with the same terms:
    ``<id>/deliver`` from the sender to *center*, ``<id>/receive`` from there to the
    receiver.  Both are made or neither is.  To net them bilaterally is what
    `multilateral` does.

    Raises:
        InvalidOption: not a transfer, or *center* is a party of one already.
        InvalidIdentifier: *center* is no name, or an id gets too long.
    """
    check_name(center, "center")
    return tuple(leg for transfer in transfers for leg in _legs(transfer, center))


def _legs(transfer: Transfer, center: str) -> Iterator[Transfer]:
    check_transfer(transfer, "transfers")
    if center in (transfer.sender, transfer.receiver):
        raise InvalidOption(
            field="center",
            expected=f"no party of {transfer.id}: it is novated already",
            found=center,
        )
    yield attrs.evolve(transfer, id=f"{transfer.id}/{DELIVER}", receiver=center)
    yield attrs.evolve(transfer, id=f"{transfer.id}/{RECEIVE}", sender=center)


def carry(
    transfers: Iterable[Transfer], netting_set: NettingSet
) -> tuple[Transfer, ...]:
    """Move *transfers* to another netting set, open fails to the next day for example.

    A central counterparty nets what failed together with what is new.

    Raises:
        InvalidOption: not a transfer, or no netting set.
    """
    return tuple(
        attrs.evolve(check_transfer(transfer, "transfers"), netting_set=netting_set)
        for transfer in transfers
    )


def netting_effect(before: Iterable[Transfer], after: Iterable[Transfer]) -> Table:
    """Return how many amounts move, and how much, for each commodity.

    Raises:
        InvalidOption: not a transfer.
    """
    columns = (
        Column("commodity", "Commodity"),
        Column("moves_before", "Moves before", "integer"),
        Column("amount_before", "Amount before", "amount"),
        Column("moves_after", "Moves after", "integer"),
        Column("amount_after", "Amount after", "amount"),
    )
    gross, net = _moves(before), _moves(after)
    rows = []
    for commodity in sorted({*gross, *net}, key=lambda one: one.code):
        none = (0, bl.Amount.from_minor(0, commodity))
        cells = (*gross.get(commodity, none), *net.get(commodity, none))
        rows.append(Row([commodity.code, *cells]))
    return Table("Effect of netting", columns, rows)


def _moves(transfers: Iterable[Transfer]) -> dict[bl.Commodity, tuple[int, bl.Amount]]:
    totals: dict[bl.Commodity, tuple[int, bl.Amount]] = {}
    for transfer in transfers:
        check_transfer(transfer, "transfers")
        for amount in (transfer.amount, transfer.against):
            if amount is not None:
                none = (0, bl.Amount.from_minor(0, amount.commodity))
                count, total = totals.get(amount.commodity, none)
                totals[amount.commodity] = (count + 1, total + amount)
    return totals
