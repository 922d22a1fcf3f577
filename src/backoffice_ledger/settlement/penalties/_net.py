"""Penalties of a day or a month, netted; and a statement compared with our own."""

from collections.abc import Iterable
from datetime import date
from typing import Literal, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.checks import check_date
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.settlement.netting._transfer import check_name
from backoffice_ledger.settlement.penalties._penalty import Penalty

DifferenceKind = Literal["only-ours", "only-theirs", "amount", "payee", "status"]
"""How a statement differs: what is missing, or the first thing that is not the same."""


@final
@attrs.frozen(order=False)
class BilateralNet:
    """What a party gets from a counterparty, all counted; below zero, what it pays.

    Attributes:
        system: the CSD in which the fails took place.
        counterparty: the other one.
        amount: credit above zero, debit below.
        not_computed: penalties that have no amount yet, and so are not counted.
    """

    system: str
    counterparty: str
    amount: bl.Amount
    not_computed: int


@final
@attrs.frozen(order=False)
class GlobalNet:
    """What a party gets in a system and a currency, all counted; below zero: pays.

    Attributes:
        system: the CSD in which the fails took place.
        amount: credit above zero, debit below.
        not_computed: penalties that have no amount yet, and so are not counted.
    """

    system: str
    amount: bl.Amount
    not_computed: int


def bilateral_nets(
    penalties: Iterable[Penalty], *, party: str, first: date, last: date
) -> tuple[BilateralNet, ...]:
    """Net the penalties of some days with each counterparty, for one party.

    Nothing is netted across systems and currencies.  A net of zero is kept.

    Source: ECSDA CSDR Penalties Framework 7.3 and 7.4.1.

    Args:
        penalties: of any parties and days.
        party: whose view it is.
        first: first day; for a daily report, the day.
        last: last day.

    Raises:
        InvalidOption: not a penalty, or reversed dates.
        InvalidIdentifier, InvalidDate, BoundExceeded: a name or a day that is none.
    """
    check_name(party, "party")
    check_date(first, "first")
    if check_date(last, "last") < first:
        raise InvalidOption(field="last", expected=f"{first} or later", found=last)
    totals: dict[tuple[str, str, str], list[int]] = {}
    for penalty in penalties:
        _check_penalty(penalty, "penalties")
        if first <= penalty.day <= last:
            for counterparty, sign in _views(penalty, party):
                key = (penalty.system, counterparty, penalty.currency)
                total = totals.setdefault(key, [0, 0])
                if penalty.amount is None:
                    total[1] += 1
                else:
                    total[0] += sign * penalty.amount.minor_units
    return tuple(
        BilateralNet(system, counterparty, bl.Amount.from_minor(net, currency), missing)
        for (system, counterparty, currency), (net, missing) in sorted(totals.items())
    )


def _views(penalty: Penalty, party: str) -> Iterable[tuple[str, int]]:
    """Return the counterparties of *party*, and on which side it stands."""
    if penalty.payer == party:
        yield penalty.payee, -1
    if penalty.payee == party:
        yield penalty.payer, 1


def global_nets(nets: Iterable[BilateralNet]) -> tuple[GlobalNet, ...]:
    """Sum a party's bilateral nets for each system and currency.

    Source: ECSDA CSDR Penalties Framework 7.4.2.
    """
    totals: dict[tuple[str, str], list[int]] = {}
    for net in nets:
        total = totals.setdefault((net.system, net.amount.commodity.code), [0, 0])
        total[0] += net.amount.minor_units
        total[1] += net.not_computed
    return tuple(
        GlobalNet(system, bl.Amount.from_minor(amount, currency), missing)
        for (system, currency), (amount, missing) in sorted(totals.items())
    )


@final
@attrs.frozen(order=False)
class StatementDifference:
    """A penalty on which our computation and the statement part.

    Attributes:
        kind: what is missing, or the first thing that is not the same.
        ours: our penalty, if there is one.
        theirs: the statement's, if there is one.
    """

    kind: DifferenceKind
    ours: Penalty | None
    theirs: Penalty | None


def compare_statement(
    ours: Iterable[Penalty], theirs: Iterable[Penalty]
) -> tuple[StatementDifference, ...]:
    """Compare our own penalties with those of a statement.

    They are the same penalty if instruction, kind, fail day and payer agree.

    Raises:
        InvalidOption: not a penalty, or one of the lists has a penalty twice.
    """
    own, stated = _by_key(ours, "ours"), _by_key(theirs, "theirs")
    found = []
    for key in sorted({*own, *stated}):
        one, other = own.get(key), stated.get(key)
        kind: DifferenceKind | None
        if one is None:
            kind = "only-theirs"
        elif other is None:
            kind = "only-ours"
        else:
            kind = _first_difference(one, other)
        if kind is not None:
            found.append(StatementDifference(kind, one, other))
    return tuple(found)


def _first_difference(one: Penalty, other: Penalty) -> DifferenceKind | None:
    kinds: tuple[DifferenceKind, ...] = ("status", "payee", "amount")
    for kind in kinds:
        if getattr(one, kind) != getattr(other, kind):
            return kind
    return None


def _by_key(
    penalties: Iterable[Penalty], field: str
) -> dict[tuple[str, str, date, str], Penalty]:
    found: dict[tuple[str, str, date, str], Penalty] = {}
    for penalty in penalties:
        _check_penalty(penalty, field)
        if penalty.key in found:
            raise InvalidOption(
                field=field, expected="each penalty once", found=penalty.instruction
            )
        found[penalty.key] = penalty
    return found


def _check_penalty(value: object, field: str) -> None:
    if not isinstance(value, Penalty):
        raise InvalidOption(
            field=field, expected="a Penalty", found=type(value).__name__
        )
