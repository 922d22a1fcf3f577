"""When ``invalid-text`` is raised, and what it says."""

from typing import Any

import pytest

import backoffice_ledger as bl
from backoffice_ledger.errors import InvalidText


@pytest.mark.parametrize("character", ["\n", "\x00", "\u202e", "\ud800"], ids=ascii)
def test_a_description_that_hides_something(
    ledger: bl.Ledger, entry: Any, refuses: Any, character: str
) -> None:
    """Line breaks forge log lines; overrides and lone surrogates mislead."""
    with refuses(
        ledger,
        InvalidText,
        "invalid-text",
        field="description",
        expected="printable text on one line",
        found=ascii(f"paid{character}"),
    ):
        ledger.post(entry(description=f"paid{character}"))
