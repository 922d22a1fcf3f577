"""Tables as text, for terminals and files read in a fixed-width font.

Rules and notes are ASCII, so that any terminal can print what its data allows.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

import attrs

from backoffice_ledger.reports._cells import Column
from backoffice_ledger.reports._sheets import Line, Sheet

GAP: Final = "  "
INDENT: Final = "  "

_LEFT_TO_RIGHT_MARK: Final = "\u200e"


def visible_width(text: str) -> int:
    """Return how many columns of a terminal *text* takes."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _shortened(text: str, width_max: int | None) -> str:
    if width_max is None or visible_width(text) <= width_max:
        return text
    widths = list(accumulate(map(_character_width, text)))
    return text[: bisect_right(widths, width_max - 3)] + "..."


def _padded(text: str, width: int, *, right: bool = False) -> str:
    spaces = " " * (width - visible_width(text))
    return spaces + text if right else text + spaces


def _isolated(text: str) -> str:
    """Keep right-to-left text from reordering the cells beside it."""
    if text.isascii() or not any(
        unicodedata.bidirectional(character) in ("R", "AL") for character in text
    ):
        return text
    return f"{_LEFT_TO_RIGHT_MARK}{text}{_LEFT_TO_RIGHT_MARK}"


def render_text(sheet: Sheet, text_max: int | None = None) -> str:
    """Return *sheet* as lines of text, cells of text cut to *text_max* columns."""
    lines = [_shaped(line, sheet.columns, text_max) for line in sheet.head + sheet.tail]
    cells, widths = _aligned(lines, sheet.columns)
    rule = [
        ("-" if column.kind in ("amount", "balance") else " ") * width
        for column, width in zip(sheet.columns, widths, strict=True)
    ]
    titles = [
        _padded(column.title, width, right=column.is_number)
        for column, width in zip(sheet.columns, widths, strict=True)
    ]
    full = "=" * (sum(widths) + len(GAP) * (len(widths) - 1))
    out = [*sheet.heading, "", GAP.join(titles), full]
    for index, (line, texts) in enumerate(zip(lines, cells, strict=True)):
        if sheet.omitted and index == len(sheet.head):
            out.append(sheet.note)
        if line.role == "heading" and not line.level and index:
            out.append("")
        if line.is_ruled:
            out.append(GAP.join(rule))
        out.append(GAP.join(_captioned(line, texts, widths)))
    if sheet.omitted and not sheet.tail:
        out.append(sheet.note)
    return "\n".join(text.rstrip(" ") for text in out)


def _shaped(line: Line, columns: Sequence[Column], text_max: int | None) -> Line:
    """Indent the first cell or the caption, and shorten texts."""
    indent = INDENT * line.level
    cells = [
        (left, right)
        if column.kind != "text"
        else (_isolated(_shortened(left, text_max)), right)
        for column, (left, right) in zip(columns, line.cells, strict=True)
    ]
    caption = line.caption
    if caption is not None:
        caption = indent + _isolated(_shortened(caption, text_max))
    elif cells and columns[0].kind == "text":
        cells[0] = (indent + cells[0][0], "")
    return attrs.evolve(line, caption=caption, cells=tuple(cells))


def _aligned(
    lines: Sequence[Line], columns: Sequence[Column]
) -> tuple[list[list[str]], list[int]]:
    """Return the cells of each line padded, and the width of each column."""
    widths: list[int] = []
    by_column: list[list[str]] = []
    for index, column in enumerate(columns):
        parts = [line.cells[index] for line in lines]
        if column.is_number:
            before = max((visible_width(left) for left, _ in parts), default=0)
            after = max((visible_width(right) for _, right in parts), default=0)
            texts = [
                _padded(left, before, right=True) + _padded(right, after)
                for left, right in parts
            ]
        else:
            texts = [left for left, _ in parts]
        content = max(map(visible_width, texts), default=0)
        widths.append(max(content, visible_width(column.title)))
        by_column.append(texts)
    if widths:
        widths[0] += _missing_for_captions(lines, widths)
    padded = [
        [_padded(text, width, right=column.is_number) for text in texts]
        for column, texts, width in zip(columns, by_column, widths, strict=True)
    ]
    return [list(texts) for texts in zip(*padded, strict=True)], widths


def _missing_for_captions(lines: Iterable[Line], widths: Sequence[int]) -> int:
    """Return by how much captions are wider than the cells that they may take."""
    missing = 0
    for line in lines:
        if line.caption is not None and line.span < len(widths):
            room = sum(widths[: line.span]) + len(GAP) * (line.span - 1)
            missing = max(missing, visible_width(line.caption) - room)
    return missing


def _captioned(
    line: Line, texts: Sequence[str], widths: Sequence[int]
) -> Sequence[str]:
    """Return the cells with the caption in place of the first ones."""
    if line.caption is None:
        return texts
    room = sum(widths[: line.span]) + len(GAP) * (line.span - 1)
    return [_padded(line.caption, room), *texts[line.span :]]
