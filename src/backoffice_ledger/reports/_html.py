"""Tables as HTML, for notebooks: one element, its style inline, everything escaped."""

import html
import re
from collections.abc import Sequence
from typing import Final

from backoffice_ledger.reports._cells import Column, Role
from backoffice_ledger.reports._sheets import Line, Parts, Sheet, printable

_FIGURE_SPACE: Final = "\u2007"
_PUNCTUATION_SPACE: Final = "\u2008"

_CELL: Final = "padding:1px 8px"
_LEFT: Final = f'style="{_CELL};text-align:start"'
_RIGHT: Final = (
    f'dir="ltr" style="{_CELL};text-align:right;white-space:nowrap;'
    'font-variant-numeric:tabular-nums"'
)
_ROW: Final[dict[Role, str]] = {
    "detail": "",
    "heading": "font-weight:bold",
    "balance": "font-style:italic",
    "subtotal": "font-weight:bold",
    "total": "font-weight:bold",
}
_RULE: Final[dict[Role, str]] = {
    "subtotal": ";border-top:1px solid",
    "total": ";border-top:2px solid",
}


def render_html(sheet: Sheet) -> str:
    """Return *sheet* as one HTML table with its style inline, everything escaped."""
    direction = ' dir="rtl"' if sheet.right_to_left else ""
    title, *more = map(_escaped, sheet.heading)
    caption = f"<strong>{title}</strong>" + "".join(f"<br>{text}" for text in more)
    titles = "".join(
        f'<th scope="col" {_align(column)}>{_escaped(column.title)}</th>'
        for column in sheet.columns
    )
    longest = [
        max((line.cells[index][1] for line in sheet.head + sheet.tail), key=len)
        if sheet.head
        else ""
        for index in range(len(sheet.columns))
    ]
    out = [
        f'<table{direction} style="border-collapse:collapse">',
        f'<caption style="text-align:start">{caption}</caption>',
        f'<thead><tr style="border-bottom:1px solid">{titles}</tr></thead>',
        "<tbody>",
        *(_html_line(line, sheet.columns, longest) for line in sheet.head),
    ]
    if sheet.omitted:
        out.append(
            f'<tr><td colspan="{len(sheet.columns)}" {_LEFT}>'
            f"<em>{_escaped(sheet.note)}</em></td></tr>"
        )
    out += [_html_line(line, sheet.columns, longest) for line in sheet.tail]
    return "\n".join([*out, "</tbody>", "</table>"])


def _html_line(line: Line, columns: Sequence[Column], longest: Sequence[str]) -> str:
    cells = [
        f"<td {_align(column)}>{_html_cell(column, parts, end)}</td>"
        for column, parts, end in zip(columns, line.cells, longest, strict=True)
    ]
    indented = f"{_LEFT[:-1]};padding-inline-start:{8 + 20 * line.level}px" + '"'
    if line.caption is not None:
        text = _escaped(line.caption)
        first = f'<td colspan="{line.span}" dir="auto" {indented}>{text}</td>'
        cells = [first, *cells[line.span :]]
    elif cells and line.level and columns[0].kind == "text":
        cells[0] = f'<td dir="auto" {indented}>{_escaped(line.cells[0][0])}</td>'
    style = _ROW[line.role] + (_RULE[line.role] if line.is_ruled else "")
    attribute = f' style="{style}"' if style else ""
    return f"<tr{attribute}>{''.join(cells)}</tr>"


def _align(column: Column) -> str:
    return _RIGHT if column.is_number else _LEFT


def _html_cell(column: Column, parts: Parts, longest: str) -> str:
    left, right = parts
    if not column.is_number:
        return f'<bdi dir="auto">{_escaped(left)}</bdi>' if left else ""
    if not left:
        return ""
    # Blanks as wide as the digits that the longest fraction has more: decimal marks
    # stand in one line, and a positive number keeps the place of the parenthesis.
    rest = longest[len(right) :]
    blanks = re.sub("[0-9]", _FIGURE_SPACE, re.sub("[^0-9]", _PUNCTUATION_SPACE, rest))
    return f"{_escaped(left + right)}{blanks}"


def _escaped(text: str) -> str:
    return html.escape(printable(text))
