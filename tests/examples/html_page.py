"""Reads the pages that the examples write."""

from collections import Counter
from html.parser import HTMLParser


class Page(HTMLParser):
    """Collects what a page loads, and checks that its elements are nested well."""

    VOID = frozenset({"meta", "br", "link", "img", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: Counter[str] = Counter()
        self.loaded: list[str] = []

    def handle_starttag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        """Note an element."""
        self.names[tag] += 1
        self.loaded += [value or "" for name, value in attributes if name == "src"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        """Note an empty element."""
        self.names[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop() == tag
