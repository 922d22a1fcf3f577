"""Charts as inline SVG, drawn by plain Python; colours come from the page's CSS.

Numbers become floats here and only here: to be drawn.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

TICK_STEPS = (1, 2, 2.5, 5, 10)
CHARACTER_WIDTH = 6.4
WIDE = 700


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers that cover *low* to *high* in about *count* steps."""
    raw = (high - low) / count or 1
    power = 10 ** math.floor(math.log10(raw))
    step = power * next(size for size in TICK_STEPS if size * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


@dataclass
class Chart:
    """A drawing area with a value axis; the caller says where things go across.

    Args:
        low: smallest value to show.
        high: largest value to show.
        label: what a value on the axis looks like.
        unit: what the values are measured in, written above the axis.
        about: what the whole chart shows, for those who cannot see it.
        scale: maps a value to what is drawn; a logarithm, for instance.
        marks: values to label on the axis; round ones where None.
    """

    low: float
    high: float
    about: str
    unit: str = ""
    label: Callable[[float], str] = "{:,.0f}".format
    width: int = 760
    height: int = 340
    left: int = 52
    right: int = 10
    top: int = 26
    bottom: int = 34
    marks: Sequence[float] | None = None
    scale: Callable[[float], float] = float
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draw the grid and the labels of the value axis."""
        marks = ticks(self.low, self.high) if self.marks is None else list(self.marks)
        self.low, self.high = min(self.low, marks[0]), max(self.high, marks[-1])
        end = self.width - self.right
        for mark in marks:
            y = self.y(mark)
            kind = "zero" if mark == 0 else "grid"
            self.parts.append(f'<path class="{kind}" d="M{self.left} {y:.1f}H{end}"/>')
            self.text(self.left - 8, y + 4, self.label(mark), anchor="end")
        if self.unit:
            self.text(0, 11, self.unit, anchor="start")

    def y(self, value: float) -> float:
        """Return how far down *value* lies."""
        low, high = self.scale(self.low), self.scale(self.high)
        room = self.height - self.top - self.bottom
        return self.top + room * (high - self.scale(value)) / (high - low)

    def x(self, share: float) -> float:
        """Return how far across lies *share*, from 0 at the left to 1 at the right."""
        return self.left + (self.width - self.left - self.right) * share

    def slot(self, index: int, count: int, share: float = 0.66) -> tuple[float, float]:
        """Return where bar *index* of *count* begins, and how wide it is."""
        room = self.x(1 / count) - self.x(0)
        return self.x(index / count) + room * (1 - share) / 2, room * share

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "middle", look: str = ""
    ) -> None:
        """Write *words*."""
        style = f' class="{look}"' if look else ""
        self.parts.append(
            f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def below(self, labels: Sequence[str]) -> None:
        """Write a label under each of as many slots, leaving out what has no room.

        Every second one is spare: a narrow screen leaves it out too.
        """
        room = (self.width - self.left - self.right) / len(labels)
        widest = max(map(len, labels)) * CHARACTER_WIDTH + 6
        every = math.ceil(widest / room)
        for index, words in enumerate(labels):
            if index % every == 0:
                middle = self.x((index + 0.5) / len(labels))
                look = "spare" if index // every % 2 else ""
                self.text(middle, self.height - self.bottom + 20, words, look=look)

    def box(
        self, x: float, width: float, span: tuple[float, float], look: str, about: str
    ) -> None:
        """Draw a bar over the values of *span*; *about* shows when pointed at."""
        top, foot = self.y(max(span)), self.y(min(span))
        tall = max(foot - top, 0.6)
        self.parts.append(
            f'<rect class="{look}" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}"'
            f' height="{tall:.1f}"><title>{escape(about)}</title></rect>'
        )

    def stack(
        self, x: float, width: float, values: Sequence[tuple[float, str, str]]
    ) -> None:
        """Draw bars on top of one another, negative ones below zero."""
        up = down = 0.0
        for value, look, about in values:
            if value >= 0:
                self.box(x, width, (up, up + value), look, about)
                up += value
            else:
                self.box(x, width, (down + value, down), look, about)
                down += value

    def line(self, points: Sequence[tuple[float, float]], look: str) -> None:
        """Draw a line through points given as (share across, value)."""
        self.parts.append(f'<path class="line {look}" d="{self._path(points)}"/>')

    def area(self, points: Sequence[tuple[float, float]], look: str) -> None:
        """Fill the room between a line and zero."""
        first, last = self.x(points[0][0]), self.x(points[-1][0])
        ground = self.y(max(self.low, 0))
        self.parts.append(
            f'<path class="area {look}" d="{self._path(points)}'
            f'L{last:.1f} {ground:.1f}L{first:.1f} {ground:.1f}Z"/>'
        )

    def dot(self, share: float, value: float, look: str, about: str) -> None:
        """Draw a point; *about* shows when pointed at."""
        self.parts.append(
            f'<circle class="{look}" cx="{self.x(share):.1f}" cy="{self.y(value):.1f}"'
            f' r="4"><title>{escape(about)}</title></circle>'
        )

    def _path(self, points: Sequence[tuple[float, float]]) -> str:
        places = (f"{self.x(share):.1f} {self.y(value):.1f}" for share, value in points)
        return "M" + "L".join(places)

    def svg(self) -> str:
        """Return the chart."""
        look = "plot wide" if self.width >= WIDE else "plot"
        return figure(self.width, self.height, self.about, self.parts, look)


def figure(
    width: float, height: float, about: str, parts: Sequence[str], look: str = "plot"
) -> str:
    """Return a drawing with words for those who cannot see it."""
    return (
        f'<div class="{look}"><svg viewBox="0 0 {width:.0f} {height:.0f}" role="img"'
        f' aria-label="{escape(about)}">{"".join(parts)}</svg></div>'
    )


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Return the key to the colours: pairs of look and words."""
    items = "".join(
        f'<li><i class="{look}"></i>{escape(words)}</li>' for look, words in entries
    )
    return f'<ul class="legend">{items}</ul>'


def share_bar(values: Sequence[tuple[int, str, str]]) -> str:
    """Return one bar, split by share: triples of count, look and words."""
    whole = sum(value for value, _, _ in values)
    pieces, x = [], 0.0
    for value, look, words in values:
        width = 760 * value / whole
        pieces.append(
            f'<rect class="{look}" x="{x:.2f}" y="0" width="{width:.2f}" height="26">'
            f"<title>{escape(words)}</title></rect>"
        )
        x += width
    return (
        '<svg class="share" viewBox="0 0 760 26" preserveAspectRatio="none" role="img"'
        f' aria-label="shares">{"".join(pieces)}</svg>'
    )
