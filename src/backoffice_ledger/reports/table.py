"""Tables: what every report returns.

A table prints itself, shows itself in a notebook, and hands its rows to files and
data frames.  People see totals and headings; programs get data: iteration, ``len``,
`Table.rows` and every export hold the detail rows only, unless asked for totals too.
"""

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from typing import Any, Final, TextIO, final

import attrs

from backoffice_ledger._model.balance import Balance
from backoffice_ledger._model.text import FrozenMapping
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.formatting import Style, Zero
from backoffice_ledger.reports import _exporting as exporting
from backoffice_ledger.reports._cells import (
    ROLE_COLUMNS,
    Cell,
    Column,
    Kind,
    Role,
    Row,
    Shown,
    check_columns,
    check_rows,
)
from backoffice_ledger.reports._html import render_html
from backoffice_ledger.reports._sheets import Options, make_sheet
from backoffice_ledger.reports._text import render_text

__all__ = ["Cell", "Column", "Kind", "Role", "Row", "Shown", "Table"]

ROWS_SHOWN_MAX: Final = 60
"""Rows that ``print`` and a notebook show at most."""
TEXT_SHOWN_MAX: Final = 48
"""Width to which ``print`` cuts a text."""


def _as_columns(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(columns)


def _as_rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(rows)


def _frozen_totals(totals: Mapping[str, Balance]) -> FrozenMapping:
    return FrozenMapping(totals.items())


@final
@attrs.frozen(repr=False)
class Table:
    """A report: titled columns, rows, and the totals by name.

    >>> from backoffice_ledger._model.amount import Amount
    >>> columns = [Column("account", "Account"), Column("amount", "Amount", "amount")]
    >>> print(Table("Cash", columns, [Row(["bank", Amount("9.50", "EUR")])]))
    Cash
    in EUR
    <BLANKLINE>
    Account  Amount
    ===============
    bank       9.50

    Args:
        title: what the report is.
        columns: of each row.
        lines: the rows, headings and totals included.
        subtitle: what it is about: entity, date, phase.
        totals: balances that callers may ask for by name, see `total`.

    Raises:
        InexactNumber: a float in a cell.
        InvalidOption: rows that do not fit the columns, or column names that clash.
    """

    title: str
    columns: tuple[Column, ...] = attrs.field(converter=_as_columns)
    lines: tuple[Row, ...] = attrs.field(converter=_as_rows)
    subtitle: str = attrs.field(default="", kw_only=True)
    totals: Mapping[str, Balance] = attrs.field(
        factory=dict[str, Balance], converter=_frozen_totals, kw_only=True
    )

    def __attrs_post_init__(self) -> None:
        check_columns(self.columns)
        check_rows(self.columns, self.lines)

    def total(self, name: str) -> Balance:
        """Return a total by its name, such as ``assets`` of a balance sheet.

        Raises:
            InvalidOption: the table has no total of this name.
        """
        if name not in self.totals:
            expected = ", ".join(self.totals) or "no name: the table has no totals"
            raise InvalidOption(field="name", expected=expected, found=name)
        return self.totals[name]

    # --- rows ------------------------------------------------------------------------

    def __len__(self) -> int:
        return sum(row.role == "detail" for row in self.lines)

    def __iter__(self) -> Iterator[dict[str, Cell]]:
        return self._dicts(totals=False)

    def rows(self, *, totals: bool = False) -> list[dict[str, Cell]]:
        """Return the detail rows as dicts from column names to plain values.

        With *totals* the list also holds totals and balances carried forward, and
        each dict begins with the keys ``role`` and ``caption`` to tell them apart.
        """
        return list(self._dicts(totals=totals))

    def _selected(self, *, totals: bool) -> tuple[Row, ...]:
        if totals:
            return tuple(row for row in self.lines if row.role != "heading")
        return tuple(row for row in self.lines if row.role == "detail")

    def _dicts(self, *, totals: bool) -> Iterator[dict[str, Cell]]:
        names = [column.name for column in self.columns]
        for row in self._selected(totals=totals):
            cells = dict(zip(names, row.cells, strict=True))
            if totals:
                first = zip(ROLE_COLUMNS, (row.role, row.caption), strict=True)
                yield {**dict(first), **cells}
            else:
                yield cells

    # --- for people ------------------------------------------------------------------

    def to_text(
        self,
        *,
        locale: str | None = None,
        style: Style = "minus",
        zero: Zero | None = None,
        rows_max: int | None = None,
        text_max: int | None = None,
    ) -> str:
        """Return the table as text with aligned columns, for a fixed-width font.

        Args:
            locale: whose numbers and dates, such as ``de_DE``; without it numbers are
                plain (``-1234.50``) and dates ISO.
            style: negative amounts with a minus sign or in parentheses.
            zero: zero amounts as number, dash or blank; None as the report has it.
            rows_max: rows shown at most, half of them from the end; None shows all.
            text_max: width to which texts are cut; None shows them whole.

        Raises:
            InvalidOption: unknown locale or option.
        """
        if text_max is not None and text_max < 4:
            raise InvalidOption(
                field="text_max", expected="4 or more, or None", found=text_max
            )
        options = Options(locale, style, zero, rows_max)
        sheet = make_sheet(self.title, self.subtitle, self.columns, self.lines, options)
        return render_text(sheet, text_max)

    def to_html(
        self,
        *,
        locale: str | None = None,
        style: Style = "minus",
        zero: Zero | None = None,
        rows_max: int | None = None,
    ) -> str:
        """Return the table as an HTML ``table``; arguments as for `to_text`.

        Everything is escaped and the style is inline.
        """
        options = Options(locale, style, zero, rows_max)
        return render_html(
            make_sheet(self.title, self.subtitle, self.columns, self.lines, options)
        )

    def __str__(self) -> str:
        return self.to_text(rows_max=ROWS_SHOWN_MAX, text_max=TEXT_SHOWN_MAX)

    def _repr_html_(self) -> str:
        return self.to_html(rows_max=ROWS_SHOWN_MAX)

    def __repr__(self) -> str:
        return f"<Table {self.title!r}, {len(self)} rows>"

    # --- for programs ----------------------------------------------------------------

    def to_csv(
        self,
        target: "str | PathLike[str] | TextIO | None" = None,
        *,
        totals: bool = False,
        guard: bool = True,
    ) -> str | None:
        """Write the rows as CSV in UTF-8, or return the text without a *target*.

        Amounts are plain decimals (``-1234.50``) with the commodity in a column of its
        own: the table's commodity column, or ``<name>_commodity``.  Text is quoted,
        numbers and dates are not, None is empty.

        Args:
            target: a path (an existing file is replaced) or an open text file.
            totals: as for `rows`.
            guard: put ``'`` before a text that a spreadsheet would take for a formula
                (it begins with ``= + - @``, tab or a line break).  Turn it off where
                a program reads the file and every text must come back unchanged.
        """
        return exporting.write(
            exporting.csv_lines(self._flat(totals=totals), guard=guard), target
        )

    def to_json_lines(
        self,
        target: "str | PathLike[str] | TextIO | None" = None,
        *,
        totals: bool = False,
    ) -> str | None:
        """Write one JSON object per row, or return the text without a *target*.

        An amount is ``{"number": "10.50", "commodity": "EUR"}`` (a text: JSON numbers
        become floats in most readers), a balance a list of these, a date ISO text.
        """
        return exporting.write(exporting.json_lines(self._dicts(totals=totals)), target)

    def to_pandas(self, *, totals: bool = False) -> Any:
        """Return a pandas DataFrame with the columns of `to_csv`.

        Amounts are `decimal.Decimal` objects, never floats; integers are nullable
        ``Int64``, dates ``datetime64``, texts ``string``.

        Raises:
            MissingExtra: pandas is not installed.
            BoundExceeded: an integer needs more than 64 bits.
        """
        return exporting.to_pandas(self._flat(totals=totals))

    def to_polars(self, *, totals: bool = False) -> Any:
        """Return a Polars DataFrame with the columns of `to_csv`.

        Amounts are ``Decimal(38, scale)`` at the largest scale of their column.

        Raises:
            MissingExtra: polars is not installed.
            BoundExceeded: an amount needs more than 38 digits at that scale, or an
                integer more than 64 bits.
        """
        return exporting.to_polars(self._flat(totals=totals))

    def to_arrow(self, *, totals: bool = False) -> Any:
        """Return a pyarrow Table with the columns of `to_csv`.

        Amounts are ``decimal128(38, scale)`` at the largest scale of their column.

        Raises:
            MissingExtra: pyarrow is not installed.
            BoundExceeded: an amount needs more than 38 digits at that scale, or an
                integer more than 64 bits.
        """
        return exporting.to_arrow(self._flat(totals=totals))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export `to_arrow` by the Arrow PyCapsule protocol, as DuckDB reads it."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def _flat(self, *, totals: bool) -> "list[exporting.FlatColumn]":
        rows = self._selected(totals=totals)
        if totals:
            return exporting.flatten_with_roles(self.columns, rows)
        return exporting.flatten(self.columns, rows)
