"""Columns and rows: what a table is made of."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, Literal, final

import attrs

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger._model.balance import Balance
from backoffice_ledger.errors import InexactNumber, InvalidOption
from backoffice_ledger.formatting import Zero

Cell = str | int | date | Amount | Balance | None
"""What a cell may hold: plain values, never a float."""
Kind = Literal["text", "integer", "date", "commodity", "amount", "balance"]
"""What a column holds; any cell may be None.

At most one column is of kind ``commodity``: it holds codes, and all amounts of a row
are then of that commodity.
"""
Shown = Literal["always", "filled", "export"]
"""Where a column is seen: always; if it holds more than blanks and zeros; or only in
exports, never in text and HTML."""
Role = Literal["detail", "heading", "balance", "subtotal", "total"]
"""What a row is.  Only ``detail`` rows are data; ``balance`` is one carried forward."""

ROLE_COLUMNS: Final = ("role", "caption")
"""Columns that exports gain where they hold other rows than details."""

_TYPES: Final[dict[Kind, type]] = {
    "text": str,
    "integer": int,
    "date": date,
    "commodity": str,
    "amount": Amount,
    "balance": Balance,
}


@final
@attrs.frozen
class Column:
    """One column of a `Table`.

    Args:
        name: the key in rows, frames and files; an identifier.
        title: what people read above it.
        kind: what it holds.
        shown: where it is seen.
        zero: how text and HTML show a zero amount unless told otherwise; ``blank``
            suits a debit column beside a credit column.

    Raises:
        InvalidOption: a name that is no identifier, or an unknown option.
    """

    name: str
    title: str
    kind: Kind = "text"
    shown: Shown = attrs.field(default="always", kw_only=True)
    zero: Zero = attrs.field(default="number", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_choice(self.kind, Kind, "kind")
        check_choice(self.shown, Shown, "shown")
        check_choice(self.zero, Zero, "zero")
        if not self.name.isidentifier() or self.name in ROLE_COLUMNS:
            raise InvalidOption(
                field="name",
                expected=f"an identifier, not {' or '.join(ROLE_COLUMNS)}",
                found=self.name,
            )

    @property
    def is_number(self) -> bool:
        """Whether its cells are aligned at the decimal mark."""
        return self.kind in ("integer", "amount", "balance")


def _as_cells(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    return tuple(cells)


@final
@attrs.frozen
class Row:
    """One row of a `Table`.

    Args:
        cells: one value for each column.
        role: what the row is; only ``detail`` rows are data.
        level: how deep it is nested, for indentation.
        caption: text that stands at the row's start in place of its first cells, such
            as "Total assets".
    """

    cells: tuple[Cell, ...] = attrs.field(converter=_as_cells)
    role: Role = attrs.field(default="detail", kw_only=True)
    level: int = attrs.field(default=0, kw_only=True)
    caption: str | None = attrs.field(default=None, kw_only=True)


def check_columns(columns: Sequence[Column]) -> None:
    """Raise `InvalidOption` unless names are unique, with at most one commodity."""
    names = [name for column in columns for name in flat_names(column, columns)]
    if len(set(names)) != len(names):
        raise InvalidOption(field="columns", expected="unique names", found=names)
    if sum(column.kind == "commodity" for column in columns) > 1:
        raise InvalidOption(field="columns", expected="at most one commodity column")


def check_rows(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Raise unless every cell is what its column holds.

    Raises:
        InexactNumber: a float.
        InvalidOption: another type, a wrong number of cells, or an amount of another
            commodity than its row's.
    """
    for index, row in enumerate(rows):
        if len(row.cells) != len(columns):
            raise InvalidOption(
                field=f"lines[{index}]",
                expected=f"{len(columns)} cells",
                found=len(row.cells),
            )
    place = commodity_index(columns)
    for position, column in enumerate(columns):
        wanted = _TYPES[column.kind]
        for index, row in enumerate(rows):
            cell = row.cells[position]
            if cell is not None and type(cell) is not wanted:
                _refuse(cell, column, index, wanted.__name__)
        if column.kind == "amount" and place is not None:
            _check_commodities(column, position, place, rows)


def _refuse(cell: object, column: Column, index: int, wanted: str) -> None:
    kind = InexactNumber if isinstance(cell, (float, bool)) else InvalidOption
    raise kind(field=f"lines[{index}].{column.name}", expected=wanted, found=repr(cell))


def _check_commodities(
    column: Column, position: int, place: int, rows: Iterable[Row]
) -> None:
    for index, row in enumerate(rows):
        cell = row.cells[position]
        if isinstance(cell, Amount) and cell.commodity.code != row.cells[place]:
            raise InvalidOption(
                field=f"lines[{index}].{column.name}",
                expected=f"an amount of {row.cells[place]}",
                found=cell,
            )


def commodity_index(columns: Iterable[Column]) -> int | None:
    """Return the place of the commodity column, if there is one."""
    for index, column in enumerate(columns):
        if column.kind == "commodity":
            return index
    return None


def flat_names(column: Column, columns: Iterable[Column]) -> tuple[str, ...]:
    """Return what *column* is called in flat exports, where an amount is two columns.

    Where the table has a commodity column, that is the second one of all amounts.
    """
    if column.kind == "amount" and commodity_index(columns) is None:
        return column.name, f"{column.name}_commodity"
    return (column.name,)
