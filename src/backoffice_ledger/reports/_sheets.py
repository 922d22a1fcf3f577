"""What is shown of a table: every cell already text, the same for text and HTML.

The text of a number is split at its decimal mark, so that columns can be aligned there.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final

import attrs

from backoffice_ledger._model.amount import Amount
from backoffice_ledger._model.arguments import check_choice
from backoffice_ledger._model.balance import Balance
from backoffice_ledger.errors import InvalidOption
from backoffice_ledger.formatting import (
    Style,
    Zero,
    amount_pattern,
    check_locale,
    format_date,
    is_right_to_left,
)
from backoffice_ledger.reports._cells import Cell, Column, Role, Row

Parts = tuple[str, str]
"""The text of a cell up to its decimal mark, and from it on."""

_RULED: Final[tuple[Role, ...]] = ("subtotal", "total")


@attrs.frozen
class Options:
    """How cells become text.

    Attributes:
        locale: whose numbers and dates; None is plain decimals and ISO dates.
        style: how negative amounts are marked.
        zero: how zero amounts are shown; None leaves it to the column.
        rows_max: rows shown at most, half of them from the end; None shows all.
    """

    locale: str | None = None
    style: Style = "minus"
    zero: Zero | None = None
    rows_max: int | None = None

    def __attrs_post_init__(self) -> None:
        check_choice(self.style, Style, "style")
        if self.zero is not None:
            check_choice(self.zero, Zero, "zero")
        if self.rows_max is not None and self.rows_max < 1:
            raise InvalidOption(
                field="rows_max", expected="1 or more, or None", found=self.rows_max
            )


@attrs.frozen
class Line:
    """A row whose cells are text."""

    role: Role
    level: int
    caption: str | None
    cells: tuple[Parts, ...]
    is_ruled: bool
    """Whether a line is drawn above it: it is the first of some totals."""

    @property
    def span(self) -> int:
        """How many empty cells at the start the caption may take."""
        for index, cell in enumerate(self.cells):
            if cell != ("", ""):
                return max(index, 1)
        return len(self.cells)


@attrs.frozen
class Sheet:
    """What is shown of a table.

    Attributes:
        heading: title, and a second line where there is something to say.
        columns: those that are shown.
        head: the first lines.
        tail: the last lines, where some between are left out.
        omitted: how many are left out.
        right_to_left: whether the locale is written so.
    """

    heading: tuple[str, ...]
    columns: tuple[Column, ...]
    head: tuple[Line, ...]
    tail: tuple[Line, ...]
    omitted: int
    right_to_left: bool

    @property
    def note(self) -> str:
        """The line that stands for what is left out."""
        return f"... {self.omitted:,} rows not shown ..."


def make_sheet(
    title: str,
    subtitle: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    options: Options,
) -> Sheet:
    """Choose columns and rows and turn their cells into text."""
    locale = None if options.locale is None else check_locale(options.locale)
    options = attrs.evolve(options, locale=locale)
    code = _only_commodity(columns, rows)
    places = [
        index
        for index, column in enumerate(columns)
        if _is_shown(column, index, rows, code)
    ]
    has_codes = any(columns[index].kind == "commodity" for index in places)
    writers = [
        _writer(columns[index], options, with_code=code is None and not has_codes)
        for index in places
    ]

    def line(index: int) -> Line:
        row = rows[index]
        cells = tuple(
            ("", "") if row.cells[place] is None else write(row.cells[place])
            for place, write in zip(places, writers, strict=True)
        )
        caption = None if row.caption is None else printable(row.caption)
        above: Role = rows[index - 1].role if index else "heading"
        is_ruled = row.role in _RULED and above != row.role
        return Line(row.role, row.level, caption, cells, is_ruled)

    second = ", ".join(filter(None, [printable(subtitle), code and f"in {code}"]))
    limit = len(rows) if options.rows_max is None else options.rows_max
    head_end = (limit + 1) // 2 if limit < len(rows) else len(rows)
    tail_start = max(head_end, len(rows) - limit // 2)
    return Sheet(
        heading=tuple(filter(None, [printable(title), second])),
        columns=tuple(columns[place] for place in places),
        head=tuple(map(line, range(head_end))),
        tail=tuple(map(line, range(tail_start, len(rows)))),
        omitted=tail_start - head_end,
        right_to_left=locale is not None and is_right_to_left(locale),
    )


def _only_commodity(columns: Sequence[Column], rows: Sequence[Row]) -> str | None:
    """Return the code if all amounts of the table are of one commodity."""
    codes: set[str] = set()
    for index, column in enumerate(columns):
        if column.kind == "commodity":
            codes.update(str(row.cells[index]) for row in rows if row.cells[index])
        elif column.kind == "amount":
            amounts = (row.cells[index] for row in rows)
            codes.update(a.commodity.code for a in amounts if isinstance(a, Amount))
        if len(codes) > 1:
            return None
    return codes.pop() if codes else None


def _is_shown(
    column: Column, index: int, rows: Iterable[Row], code: str | None
) -> bool:
    if column.shown == "export" or (column.kind == "commodity" and code is not None):
        return False
    return column.shown == "always" or any(row.cells[index] for row in rows)


def _writer(
    column: Column, options: Options, *, with_code: bool
) -> Callable[[Any], Parts]:
    """Return the function that turns a cell of *column* into text."""
    locale, style = options.locale, options.style
    zero = column.zero if options.zero is None else options.zero

    def write_amount(value: Amount) -> Parts:
        show = "code" if with_code else "none"
        pattern = amount_pattern(locale, value.commodity, style, show, zero)
        return pattern.parts(value.minor_units)

    def write_balance(value: Balance) -> Parts:
        patterns = [
            amount_pattern(locale, amount.commodity, style, "code", zero)
            for amount in value
        ]
        texts = [
            "".join(pattern.parts(amount.minor_units))
            for pattern, amount in zip(patterns, value, strict=True)
        ]
        nothing = {"number": "0", "dash": "\u2013", "blank": ""}[zero]
        return ", ".join(texts) or nothing, ""

    def write_date(value: date) -> Parts:
        text = value.isoformat() if locale is None else format_date(value, locale)
        return text, ""

    def write_other(value: Cell) -> Parts:
        return printable(str(value)), ""

    if column.kind == "amount":
        return write_amount
    if column.kind == "balance":
        return write_balance
    return write_date if column.kind == "date" else write_other


def printable(text: str) -> str:
    """Return *text* without anything that could steer a terminal or reorder a line."""
    if text.isprintable():
        return text
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp"):
        return ascii(character)[1:-1]
    if character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
        return ascii(character)[1:-1]
    return character
