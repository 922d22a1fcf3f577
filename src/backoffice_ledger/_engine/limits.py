"""What accounts may hold: their limits, the conditions of an entry, what is available.

Only accounts whose cells were read (`Needs.cells`) are looked at: those with limits and
those that a command asks about.  All amounts are on the account's normal side.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from backoffice_ledger._engine.commands import NO_CONDITIONS, Conditions
from backoffice_ledger._engine.contents import amount_from_text
from backoffice_ledger._engine.state import EMPTY_CELL, Cell, State
from backoffice_ledger._model.account import AccountType
from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._model.entry import Entry
from backoffice_ledger._model.limit import Limit
from backoffice_ledger._model.posting import Posting, Side
from backoffice_ledger.errors import (
    CommodityRefused,
    ConditionFailed,
    InvalidOption,
    LimitBreached,
    UnknownAccount,
)

_DEBIT: Final = Side.DEBIT  # looked up once

Moves = dict[tuple[str, Commodity], Cell]
"""What a command adds to the cells of accounts."""


def moves_of(
    posted: Iterable[Posting] = (),
    reserved: Iterable[Posting] = (),
    released: Iterable[Posting] = (),
) -> Moves:
    """Return what posting, reserving and releasing add to each cell."""
    moves: Moves = {}
    for posting in posted:
        amount = posting.amount.minor_units
        if posting.side is _DEBIT:
            _add(moves, posting, Cell(debit=amount, version=1))
        else:
            _add(moves, posting, Cell(credit=amount, version=1))
    for sign, postings in ((1, reserved), (-1, released)):
        for posting in postings:
            amount = sign * posting.amount.minor_units
            if posting.side is Side.DEBIT:
                _add(moves, posting, Cell(pending_debit=amount, version=1))
            else:
                _add(moves, posting, Cell(pending_credit=amount, version=1))
    return moves


def _add(moves: Moves, posting: Posting, change: Cell) -> None:
    key = (posting.account, posting.amount.commodity)
    moves[key] = sum_of(moves.get(key, EMPTY_CELL), change)


def sum_of(cell: Cell, change: Cell) -> Cell:
    """Return the sum of two cells."""
    return Cell(
        cell.debit + change.debit,
        cell.credit + change.credit,
        cell.pending_debit + change.pending_debit,
        cell.pending_credit + change.pending_credit,
        cell.version + change.version,
    )


def spendable(cell: Cell, *, is_debit: bool) -> int:
    """Return what is there, less what is reserved to leave."""
    if is_debit:
        return cell.debit - cell.credit - cell.pending_credit
    return cell.credit - cell.debit - cell.pending_debit


def committed(cell: Cell, *, is_debit: bool) -> int:
    """Return what is there, and what is reserved to come."""
    if is_debit:
        return cell.debit - cell.credit + cell.pending_debit
    return cell.credit - cell.debit + cell.pending_credit


def is_debit_account(state: State, path: str) -> bool:
    """Whether the account grows on the debit side.

    Raises:
        UnknownAccount: the book does not have it.
    """
    fact = state.fact("account", path)
    if fact is None:
        raise UnknownAccount(field="account", found=path)
    return AccountType.of(fact.content["type"]).normal_side is Side.DEBIT


def limits_content(limits: Mapping[str, Limit]) -> dict[str, dict[str, str]]:
    """Return the recorded form of an account's limits."""
    return {
        code: {
            name: amount.number
            for name, amount in (("minimum", limit.minimum), ("maximum", limit.maximum))
            if amount is not None
        }
        for code, limit in limits.items()
    }


def limits_from_content(content: Mapping[str, Any]) -> list[Limit]:
    """Return the limits that an account's record holds."""
    return [
        Limit(**{name: amount_from_text(text, code) for name, text in limit.items()})
        for code, limit in content.get("limits", {}).items()
    ]


def limit_of(state: State, path: str, unit: Commodity) -> tuple[int | None, int | None]:
    """Return the minimum and the maximum of an account, in minor units.

    Raises:
        CommodityRefused: the limit counts the commodity with another scale.
    """
    if path not in state.limited:
        return None, None
    limit = state.known("account", path).content["limits"].get(unit.code, {})
    return (
        _minor_units(limit.get("minimum"), unit),
        _minor_units(limit.get("maximum"), unit),
    )


def _minor_units(text: str | None, unit: Commodity) -> int | None:
    if text is None:
        return None
    amount = amount_from_text(text, unit.code)
    _check_scale(amount.commodity, unit.scale, "limits")
    return amount.minor_units


def _check_scale(unit: Commodity, scale: int, field: str) -> None:
    if unit.scale != scale:
        raise CommodityRefused(
            f"the book counts {unit.code} with another scale",
            field=field,
            expected=str(scale),
            found=unit.scale,
        )


def check_moves(
    state: State,
    moves: Moves,
    postings: Sequence[Posting],
    conditions: Conditions = NO_CONDITIONS,
) -> None:
    """Check that the accounts may take *moves*; *postings* are named in errors.

    Raises:
        CommodityRefused: a limit counts with another scale than the book.
        ConditionFailed: a condition does not hold.
        LimitBreached: an account would move beyond a limit.
    """
    if not state.cells:
        return
    _check_conditions(state, moves, conditions)
    for (path, unit), change in moves.items():
        low, high = limit_of(state, path, unit)
        if low is None and high is None:
            continue
        is_debit = is_debit_account(state, path)
        before = state.cells[path].get(unit.code, EMPTY_CELL)
        after = sum_of(before, change)
        least = spendable(after, is_debit=is_debit)
        most = committed(after, is_debit=is_debit)
        if low is not None and least < min(low, spendable(before, is_debit=is_debit)):
            raise _breach(
                path, unit, f"at least {Amount.from_minor(low, unit)}", least, postings
            )
        if high is not None and most > max(high, committed(before, is_debit=is_debit)):
            raise _breach(
                path, unit, f"at most {Amount.from_minor(high, unit)}", most, postings
            )


def _breach(
    path: str, unit: Commodity, bound: str, found: int, postings: Sequence[Posting]
) -> LimitBreached:
    index = next(
        line
        for line, posting in enumerate(postings)
        if posting.account == path and posting.amount.commodity == unit
    )
    return LimitBreached(
        f"{path} is to hold {bound}",
        field=f"postings[{index}].amount",
        expected=f"{bound} afterwards",
        found=Amount.from_minor(found, unit),
    )


def _check_conditions(state: State, moves: Moves, conditions: Conditions) -> None:
    for path, version in conditions.versions.items():
        is_debit_account(state, path)
        found = version_of(state.cells[path])
        if found != version:
            raise ConditionFailed(
                f"{path} has changed",
                field="versions",
                expected=str(version),
                found=found,
            )
    scales = {
        code: fact.content["scale"] for code, fact in state.facts["commodity"].items()
    }
    scales |= {unit.code: unit.scale for _, unit in moves}
    for path, limits in conditions.limits.items():
        is_debit = is_debit_account(state, path)
        for limit in limits.values():
            unit = limit.commodity
            _check_scale(unit, scales.get(unit.code, unit.scale), "conditions")
            before = state.cells[path].get(unit.code, EMPTY_CELL)
            after = sum_of(before, moves.get((path, unit), EMPTY_CELL))
            least = spendable(after, is_debit=is_debit)
            most = committed(after, is_debit=is_debit)
            low, high = limit.minimum, limit.maximum
            if low is not None and least < low.minor_units:
                raise _failed(path, f"at least {low}", Amount.from_minor(least, unit))
            if high is not None and most > high.minor_units:
                raise _failed(path, f"at most {high}", Amount.from_minor(most, unit))


def _failed(path: str, bound: str, found: Amount) -> ConditionFailed:
    return ConditionFailed(
        f"{path} is to hold {bound}", field="conditions", expected=bound, found=found
    )


def version_of(cells: Mapping[str, Cell]) -> int:
    """Return the version of an account: it grows with whatever touches it."""
    return sum(cell.version for cell in cells.values())


def take_moves(state: State, moves: Moves) -> None:
    """Let later decisions of the same command see *moves*."""
    for (path, unit), change in moves.items():
        cells = state.cells.get(path)
        if cells is not None:
            cells[unit.code] = sum_of(cells.get(unit.code, EMPTY_CELL), change)


def bounded_entry(state: State, entry: Entry, path: str) -> Entry:
    """Return *entry* with the amount that its posting on *path* can still move.

    Raises:
        LimitBreached: there is nothing left to move.
    """
    posting = bounded_posting(entry, path)
    unit = posting.amount.commodity
    is_debit = is_debit_account(state, path)
    cell = state.cells[path].get(unit.code, EMPTY_CELL)
    low, high = limit_of(state, path, unit)
    wanted = posting.amount.minor_units
    if (posting.side is Side.DEBIT) is not is_debit:  # it leaves
        room = spendable(cell, is_debit=is_debit) - (low or 0)
    elif high is not None:
        room = high - committed(cell, is_debit=is_debit)
    else:
        room = wanted
    if room <= 0:
        raise LimitBreached(
            f"nothing is left to move on {path}",
            field="balancing",
            expected="something available",
            found=Amount.from_minor(room, unit),
        )
    return with_amount(entry, Amount.from_minor(min(wanted, room), unit))


def bounded_posting(entry: Entry, path: str) -> Posting:
    """Return the posting of a plain entry that is on *path*.

    Raises:
        InvalidOption: the entry is not one debit and one credit, or not on *path*.
    """
    sides = {posting.side for posting in entry.postings}
    if len(entry.postings) != 2 or len(sides) != 2:
        raise InvalidOption(
            field="balancing", expected="an entry of one debit and one credit"
        )
    on_path = [posting for posting in entry.postings if posting.account == path]
    if len(on_path) != 1 or on_path[0].amount.minor_units < 0:
        raise InvalidOption(
            field="balancing",
            expected="the account of one posting of a positive amount",
            found=path,
        )
    return on_path[0]


def with_amount(entry: Entry, amount: Amount) -> Entry:
    """Return *entry* with *amount* in all of its postings."""
    postings = tuple(attrs.evolve(posting, amount=amount) for posting in entry.postings)
    return attrs.evolve(entry, postings=postings)
