"""What is pending: lines of holds, the cells of accounts, and what is due."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from backoffice_ledger._engine.hold_records import PendingLine
from backoffice_ledger._engine.state import Cell, HoldChange
from backoffice_ledger._model.commodity import Commodity
from backoffice_ledger._stores.sql_steps import SIDES, Query, Step

if TYPE_CHECKING:
    from backoffice_ledger._stores.sql import SqlBook


def load_cells(book: "SqlBook", paths: Iterable[str]) -> Step[None]:
    """Read what accounts hold, with the holds on them that are due.

    The facts of the holds are locked before the accounts are, as everybody does; what
    else has become due meanwhile is locked late, but before it is read: another
    command may be resolving it.
    """
    state = book.state
    wanted = sorted(paths)
    numbers: dict[int, str] = {}
    for path in wanted:
        state.cells[path] = {}
        number = yield from book.number("account", path)
        if number is not None:
            numbers[number] = path
    if not numbers:
        return
    known: set[str] = set()
    if book.is_locking:
        known = {hold for _, hold in (yield from _due(book, numbers))}
        yield from book.lock_facts("hold", known)
        yield from book.lock_facts("account", wanted)
    due = yield from _due(book, numbers)
    holds = {hold for _, hold in due}
    if book.is_locking:
        yield from book.lock_facts("hold", holds - known)
    yield from book.load_facts("hold", holds)
    for number, hold in due:
        path = numbers[number]
        state.due[path] = (*state.due.get(path, ()), hold)
    dialect = book.dialect
    term, param = dialect.among("account_no", numbers)
    # Who posts on an account without a limit locks nothing but these rows.
    lock = " ORDER BY account_no, commodity_no FOR NO KEY UPDATE"
    rows = yield Query(
        f"SELECT account_no, commodity_no, {dialect.cell} FROM bl_current"
        f" WHERE book_id = ? AND {term}{lock if book.is_locking else ''}",
        (book.book_id, param),
    )
    yield from book.know_units({row[1] for row in rows})
    for account, unit, *parts in rows:
        code = book.units[unit].code
        state.cells[numbers[account]][code] = dialect.read_cell(parts)


def _due(book: "SqlBook", numbers: Iterable[int]) -> Step[list[tuple[int, str]]]:
    """Return account and id of holds that have expired and are not resolved."""
    term, param = book.dialect.among("account_no", numbers)
    rows = yield Query(
        "SELECT DISTINCT account_no, hold, expires_at FROM bl_pending"
        f" WHERE book_id = ? AND {term} AND expires_at <= ? ORDER BY expires_at, hold",
        (book.book_id, param, book.state.now),
    )
    return [(account, hold) for account, hold, _ in rows]


def current(book: "SqlBook", path: str, at: int) -> Step[Mapping[Commodity, Cell]]:
    """Return what an account holds; holds that have expired by *at* do not count.

    That changes the version, as recording the expiry will.
    """
    dialect = book.dialect
    number = yield from book.number("account", path)
    rows = yield Query(
        f"SELECT commodity_no, {dialect.cell} FROM bl_current"
        " WHERE book_id = ? AND account_no = ?",
        (book.book_id, number),
    )
    cells: dict[int, Cell] = {unit: dialect.read_cell(parts) for unit, *parts in rows}
    expired = yield Query(
        f"SELECT commodity_no, side, {dialect.amount} FROM bl_pending"
        " WHERE book_id = ? AND account_no = ? AND expires_at <= ?",
        (book.book_id, number, at),
    )
    for unit, side, *parts in expired:
        minor_units, cell = dialect.minor_units(parts), cells[unit]
        cell = attrs.evolve(cell, version=cell.version + 1)
        if side == 0:
            pending = cell.pending_debit - minor_units
            cells[unit] = attrs.evolve(cell, pending_debit=pending)
        else:
            pending = cell.pending_credit - minor_units
            cells[unit] = attrs.evolve(cell, pending_credit=pending)
    yield from book.know_units(cells.keys())
    return {book.units[unit]: cell for unit, cell in cells.items()}


def know_lines(book: "SqlBook", change: HoldChange) -> Step[None]:
    """Read the numbers of what a hold is about; nothing else may have read them."""
    for posting in (*change.before, *change.after):
        yield from book.number("account", posting.account)
        yield from book.number("commodity", posting.amount.commodity.code)


def due_holds(book: "SqlBook", at: int, limit: int) -> Step[list[str]]:
    """Return ids of open holds that have expired by *at*, the oldest first."""
    rows = yield Query(
        "SELECT hold FROM bl_pending WHERE book_id = ? AND expires_at IS NOT NULL"
        " AND expires_at <= ? GROUP BY hold, expires_at ORDER BY expires_at, hold"
        " LIMIT ?",
        (book.book_id, at, limit),
    )
    return [hold for (hold,) in rows]


def stored_holds(book: "SqlBook") -> Step[Mapping[str, tuple[PendingLine, ...]]]:
    """Return the lines of open holds, with something else for what is not known."""
    rows = yield Query(
        "SELECT hold, line, account_no, commodity_no, side, expires_at,"
        f" {book.dialect.amount} FROM bl_pending WHERE book_id = ? ORDER BY hold, line",
        (book.book_id,),
    )
    lines: dict[str, tuple[PendingLine, ...]] = {}
    for hold, line, account, unit, side, expires_at, *parts in rows:
        kept: PendingLine = (
            line,
            book.keys.get(("account", account), f"unknown account {account}"),
            book.units.get(unit, Commodity("UNKNOWN", 0)),
            SIDES[side] if side in (0, 1) else side,
            book.dialect.minor_units(parts),
            expires_at,
        )
        lines[hold] = (*lines.get(hold, ()), kept)
    return lines
